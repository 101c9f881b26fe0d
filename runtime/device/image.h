/* image.h - GR_IMAGE: a list of ops becomes an image.
 *
 *   #define EXAMPLE_OPS(OP) OP(scale) OP(sum)
 *   GR_OP_IDS(EXAMPLE_OPS)             optional, before the ops: GR_ID(scale) for ops that submit
 *   ... the ops ...
 *   GR_IMAGE(example, EXAMPLE_OPS)     last line of the file
 *
 * The same line makes, on the C compiler, `const struct grosr_image grosr_image_example` with the
 * CPU entry, and under nvcc the kernel `grosr_kernel_example`. The op's id is its place in the
 * list.
 *
 * Next: host/api.c (grosr_open takes the image). */
#pragma once

#include "device/memory_op.h"
#include "device/microkernel.h"

#define GR_ID(op)       gr_op_id_##op
#define GR_OP_ID(op)    gr_op_id_##op,
#define GR_OP_IDS(LIST) enum { LIST(GR_OP_ID) gr_op_ids_end };

/* What is no op of the image: the host's request, or nothing that there is. */
GR_DEV int32_t gr_dispatch_own(struct gr_team *team)
{
  if (team->task->op != GR_OP_MEMORY) {
    return GR_E_NOENT;
  }
  return gr_lane() < gr_warp_lanes() ? gr_memory_serve(team) : (int32_t)GR_OK;
}

#define GR_OP_CASE(op)                                                                             \
  case place_##op:                                                                                 \
    return op(team);
#define GR_OP_PLACE(op) place_##op,
#define GR_OP_NAME(op)  #op,

#define GR_IMAGE(name, LIST)                                                                       \
  GR_DEV int32_t gr_dispatch_##name(struct gr_team *team)                                          \
  {                                                                                                \
    enum { LIST(GR_OP_PLACE) place_count_ };                                                       \
    switch (team->task->op) {                                                                      \
      LIST(GR_OP_CASE)                                                                             \
    default:                                                                                       \
      return gr_dispatch_own(team);                                                                \
    }                                                                                              \
  }                                                                                                \
  GR_ENTRY(name, gr_dispatch_##name, LIST)
