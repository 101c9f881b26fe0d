/* ops.c - a user's own image: one op, which adds up a part of an array.
 *
 * Built by grosr-image for the CPU and, where there is nvcc, for GPUs; see Makefile. An op is run
 * by a whole team: lane i of n takes elements i, i + n, i + 2n ... Next: main.c. */
#include <grosr/device.h>

/* Arguments: numbers, how many, where the sum goes. */
GR_DEV int32_t sum(struct gr_team *team)
{
  const uint32_t *numbers = gr_arg_ptr(team, 0, const uint32_t);
  const uint64_t count = gr_arg_u64(team, 1);
  uint64_t mine = 0;
  for (uint64_t i = gr_lane(); i < count; i += gr_lanes()) {
    mine += numbers[i];
  }
  const uint64_t all = gr_team_sum_u64(team, mine);
  if (gr_lane() == 0u) {
    *gr_arg_ptr(team, 2, uint64_t) = all;
  }
  return GR_OK;
}

#define EXAMPLE_OPS(OP) OP(sum)
GR_IMAGE(example, EXAMPLE_OPS)
