/* addmul_ops.h - ops of the paper's runtime loop: add and mul, on two numbers or on two vectors.
 *
 *   argument  scalar     vector
 *   0         address of the result, in shared memory
 *   1, 2      a, b       addresses of a[] and b[]
 *   3         0          elements
 *
 * Result: word 0 is the launch of the microkernel that ran the task, then one word for each element
 * (one for scalars). Numbers are 64-bit and wrap. That word 0 is the same in every result proves
 * that the microkernel never left in between.
 *
 * Included by an image, which lists the ops by name: OP(add) OP(mul). Next: addmul.h (the
 * reference). */
#pragma once

#include <grosr/device.h>

/* Whole team. Whether to multiply is known at compile time in each op. */
GR_DEV int32_t wl_addmul_run(struct gr_team *team, bool mul)
{
  uint64_t *out = gr_arg_ptr(team, 0, uint64_t);
  const uint64_t elements = gr_arg_u64(team, 3);
  if (gr_lane() == 0u) {
    out[0] = gr_incarnation(team);
  }
  if (elements == 0u) {
    const uint64_t a = gr_arg_u64(team, 1);
    const uint64_t b = gr_arg_u64(team, 2);
    if (gr_lane() == 0u) {
      out[1] = mul ? a * b : a + b;
    }
    return GR_OK;
  }
  const uint64_t *a = gr_arg_ptr(team, 1, uint64_t);
  const uint64_t *b = gr_arg_ptr(team, 2, uint64_t);
  for (uint64_t i = gr_lane(); i < elements; i += gr_lanes()) {
    out[1u + i] = mul ? a[i] * b[i] : a[i] + b[i];
  }
  return GR_OK;
}

GR_DEV int32_t add(struct gr_team *team)
{
  return wl_addmul_run(team, false);
}

GR_DEV int32_t mul(struct gr_team *team)
{
  return wl_addmul_run(team, true);
}
