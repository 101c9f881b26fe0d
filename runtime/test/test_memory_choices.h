/* test_memory_choices.h - what argument 3 of the op `each` says: on both sides.
 * Next: test_memory_ops.h. */
#pragma once

/* Which lanes: argument 3, bits 0-7. */
enum lane_choice {
  LANES_ALL = 0,
  LANES_ODD = 1,
  LANES_FIRST = 2,     /* one of each warp */
  LANES_NOT_FIRST = 3, /* 31 of each */
  LANES_SOME = 4,      /* another pattern in each round */
  LANES_CHOICES = 5
};
/* Which bytes: bits 8-15. */
enum lane_sizes {
  SIZES_EQUAL = 0,   /* argument 2 */
  SIZES_TWO = 1,     /* two sizes by turns */
  SIZES_CLASSES = 2, /* another class for each lane */
  SIZES_RANDOM = 3,
  SIZES_RUNS = 4,
  SIZES_KINDS = 5
};
/* Who frees: bits 16-23. */
enum lane_frees {
  FREES_OWN = 0,
  FREES_NEXT = 1,   /* what the lane beside it has */
  FREES_ACROSS = 2, /* what a lane of another warp has, if there is one */
  FREES_LATER = 3,  /* op `release`, on any team */
  FREES_KINDS = 4
};
