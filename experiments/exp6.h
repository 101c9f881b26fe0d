/* exp6.h - what the op of exp6 and its host share. Next: exp6_image.c */
#pragma once

#include <stdint.h>

/* Of one task, written by its op: when it ran, on the clock of ops, and how often. */
struct exp6_record {
  uint64_t start_ns;
  uint64_t end_ns;
  uint64_t runs;
  uint64_t reserved;
};
