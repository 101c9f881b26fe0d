/* exp8_image.c - the ops of exp8, compiled once for each part of the scheduler that is left out:
 * EXP8_IMAGE is the image's name, GR_WITH_... what is off (shared/ablation.h).
 *
 * add         out[0] = a + b * c, all four in the task
 * add_far     the same, all four in memory; the task has their address
 * work        as add, and takes EXP8_WORK_NS; work_far as add_far
 * burst       forks EXP8_CHILDREN times add or add_far, then itself, so many rounds
 * tile        out[i] = i * b for each of its tiles; it fails if it gets several where it must not
 *
 *   argument  burst                             tile
 *   0         results                           results
 *   1         rounds left                       b
 *   2         c                                 -
 *   3         the children's far arguments, 0   -
 *
 * Next: exp8_ablation.c */
#include <grosr/device.h>

#include "exp8.h"

#define EXP8_OPS(OP) OP(add) OP(add_far) OP(work) OP(work_far) OP(burst) OP(tile)
GR_OP_IDS(EXP8_OPS)

GR_DEV int32_t add(struct gr_team *team)
{
  if (gr_lane() == 0u) {
    EXP8_ADD(gr_arg_ptr(team, 0, uint64_t), gr_arg_u64(team, 1), gr_arg_u64(team, 2),
             gr_arg_u64(team, 3));
  }
  return GR_OK;
}

GR_DEV int32_t add_far(struct gr_team *team)
{
  const uint64_t *arg = gr_arg_ptr(team, 0, uint64_t);
  if (gr_lane() == 0u) {
    EXP8_ADD((uint64_t *)(uintptr_t)arg[0], arg[1], arg[2], arg[3]);
  }
  return GR_OK;
}

GR_DEV void take_time(void)
{
  const uint64_t end_ns = gr_clock_ns() + EXP8_WORK_NS;
  while (gr_clock_ns() < end_ns) {
    gr_pause();
  }
}

GR_DEV int32_t work(struct gr_team *team)
{
  take_time();
  return add(team);
}

GR_DEV int32_t work_far(struct gr_team *team)
{
  take_time();
  return add_far(team);
}

GR_DEV void burst_child(struct gr_team *team, uint32_t i, struct gr_task *child)
{
  uint64_t *far = gr_arg_ptr(team, 3, uint64_t);
  uint64_t arg[4] = {gr_arg_u64(team, 0) + i * sizeof(uint64_t), i, EXP8_FACTOR,
                     gr_arg_u64(team, 2) + gr_arg_u64(team, 1)};
  *child = gr_task_make(team, far != 0 ? GR_ID(add_far) : GR_ID(add));
  for (uint32_t k = 0u; k < 4u; k++) {
    if (far != 0) {
      far[4u * i + k] = arg[k];
    } else {
      child->arg[k] = arg[k];
    }
  }
  if (far != 0) {
    child->arg[0] = (uint64_t)(uintptr_t)(far + 4u * i);
  }
}

GR_DEV int32_t burst(struct gr_team *team)
{
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  if (gr_arg_u64(team, 1) == 0u) {
    return GR_OK;
  }
  for (uint32_t i = gr_lane(); i < EXP8_CHILDREN; i += gr_lanes()) {
    burst_child(team, i, &children[i]);
  }
  struct gr_task then = gr_task_make(team, GR_ID(burst));
  for (uint32_t k = 0u; k < 4u; k++) {
    then.arg[k] = gr_arg_u64(team, k);
  }
  then.arg[1]--;
  return gr_fork_team(team, children, EXP8_CHILDREN, &then);
}

GR_DEV int32_t tile(struct gr_team *team)
{
  uint64_t *out = gr_arg_ptr(team, 0, uint64_t);
  if (!GR_WITH_TILE_BATCH && gr_tile_end(team) - gr_tile_first(team) != 1u) {
    return GR_E_INVAL;
  }
  for (uint32_t i = gr_tile_first(team) + gr_lane(); i < gr_tile_end(team); i += gr_lanes()) {
    out[i] = i * gr_arg_u64(team, 1);
  }
  return GR_OK;
}

#define EXP8_MAKE(name) GR_IMAGE(name, EXP8_OPS)
EXP8_MAKE(EXP8_IMAGE)
