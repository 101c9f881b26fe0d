/* exp6_image.c - the op of exp6: takes as long as it is told to, and notes when.
 *
 *   argument  work
 *   0         its record (exp6.h)
 *   1         ns; the only argument that is no address: the learning policy's size
 *
 * Next: exp6_fairness.c */
#include <grosr/device.h>

#include "exp6.h"

#define EXP6_OPS(OP) OP(work)

GR_DEV int32_t work(struct gr_team *team)
{
  struct exp6_record *record = gr_arg_ptr(team, 0, struct exp6_record);
  const uint64_t start_ns = gr_clock_ns();
  uint64_t now_ns = start_ns;
  while (now_ns - start_ns < gr_arg_u64(team, 1)) {
    now_ns = gr_clock_ns();
  }
  if (gr_lane() == 0u) {
    record->start_ns = start_ns;
    record->end_ns = now_ns;
    record->runs++;
  }
  return GR_OK;
}

GR_IMAGE(exp6, EXP6_OPS)
