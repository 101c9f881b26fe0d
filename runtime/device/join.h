/* join.h - a fork's memory: counts down its children, keeps the continuation and the first failure.
 *
 *   fork: take a join, pending = children + 1 (the parent itself)
 *   each child, and the parent when it returns: gr_join_finish
 *   the last one: runs the continuation, or, if anybody failed, ends it with that failure
 *
 * I13 A taken join has pending >= 1, and ends once: by the one team whose subtraction reached 0.
 * I14 join_free counts its pops in the high word, so a compare-and-swap that saw an older list
 * fails even when the same join is on top again.
 *
 * word         writer                      order: why
 * join_free    taker, giver, by CAS        acquire, release: the join is handed over by it
 * next_free    the giver, before the CAS   atomic: a taker that loses the race may read it late
 * pending      taker; then subtraction     acqrel: the last one sees what all the others wrote
 * status       first failure, by CAS       relaxed: handed over by pending
 * then         taker, before any child     plain: handed over by pending
 *
 * Next: submit.h (who forks). */
#pragma once

#include "device/sched.h"

/* One lane. A join's index + 1, or 0: all are taken. */
GR_DEV uint32_t gr_join_take(struct gr_dev *dev)
{
  uint64_t top = gr_load_acquire_gpu_u64(&dev->join_free);
  for (uint32_t tries = 0u; tries < GR_CAS_TRIES_MAX && (uint32_t)top != 0u; tries++) {
    const struct gr_join *join = &dev->join[(uint32_t)top - 1u];
    const uint64_t next = gr_load_relaxed_gpu_u32(&join->next_free);
    const uint64_t wanted = (((top >> 32) + 1u) << 32) | next;
    const uint64_t seen = gr_cas_acquire_gpu_u64(&dev->join_free, top, wanted);
    if (seen == top) {
      return (uint32_t)top;
    }
    top = seen;
  }
  return 0u;
}

/* One lane. The loop ends: every failed try is another team's success, and a team gives back at
 * most one join per task, so it is bounded by GR_TEAMS_MAX; losing a join for good is not an
 * answer. */
GR_DEV void gr_join_give(struct gr_dev *dev, uint32_t index)
{
  uint64_t top = gr_load_relaxed_gpu_u64(&dev->join_free);
  for (;;) {
    gr_store_relaxed_gpu_u32(&dev->join[index].next_free, (uint32_t)top);
    const uint64_t wanted = (top & 0xffffffff00000000ull) | (uint64_t)(index + 1u);
    const uint64_t seen = gr_cas_release_gpu_u64(&dev->join_free, top, wanted);
    if (seen == top) {
      return;
    }
    top = seen;
  }
}

/* One lane: writes the host-visible completion of a task (I4). */
GR_DEV void gr_completion_write(struct gr_dev *dev, const struct gr_task *task, int32_t result)
{
  gr_store_release_sys_u64(&dev->completion[task->done],
                           GR_COMPLETION_WORD(task->generation, result));
}

/* One lane. One of the join's tasks ended with `result`. If it was the last and nobody failed, the
 * continuation becomes team->next. If somebody failed, the continuation ends unrun with that
 * failure, which may end the join it belongs to in turn: a loop, not a recursion, bounded by the
 * nesting. */
GR_DEV void gr_join_finish(struct gr_team *team, uint32_t index, int32_t result)
{
  struct gr_dev *dev = team->dev;
  for (;;) {
    struct gr_join *join = &dev->join[index];
    if (result < 0) {
      gr_cas_relaxed_gpu_u32(&join->status, 0u, (uint32_t)result);
    }
    const uint32_t before = gr_add_acqrel_gpu_u32(&join->pending, 0xffffffffu);
    gr_assert_file(team, GR_FILE_JOIN, before >= 1u, index); /* I13 */
    if (before != 1u) {
      return;
    }
    const struct gr_task then = join->then;
    result = (int32_t)gr_load_relaxed_gpu_u32(&join->status);
    gr_join_give(dev, index);
    if (result == GR_OK) {
      gr_assert_file(team, GR_FILE_JOIN, !team->has_next, index);
      team->next = then;
      team->has_next = true;
      return;
    }
    team->completed++;
    team->failed++;
    const uint32_t kind = then.flags & GR_FLAG_DONE_MASK;
    if (kind == GR_DONE_HOST) {
      gr_completion_write(dev, &then, result);
    }
    if (kind != GR_DONE_JOIN) {
      return;
    }
    index = then.done;
  }
}
