/* join.h - a fork's memory: counts down its children, keeps the continuation and the first failure.
 *
 *   fork: take a join, pending = children + 1 (the parent itself)
 *   each child, and the parent when it returns: gr_join_finish
 *   the last one: runs the continuation, or, if anybody failed, ends it with that failure
 *
 * I13 A taken join has pending >= 1, and ends once: by the one team whose subtraction reached 0.
 *
 * word         writer                      order: why
 * pending      taker; then subtraction     acqrel: the last one sees what all the others wrote
 * status       first failure, by CAS       relaxed: handed over by pending
 * then         taker, before any child     plain: handed over by pending
 * next_free    pool.h
 *
 * Next: end.h (who is told that a task has ended). */
#pragma once

#include "device/pool.h"
#include "device/sched.h"

/* Whom a task tells of its end; a copy, which stays in registers. */
struct gr_whom {
  uint32_t kind; /* enum gr_done */
  uint32_t done;
  uint32_t generation;
};
GR_DEV struct gr_whom gr_whom(const struct gr_task *task)
{
  const struct gr_whom whom = {task->flags & GR_FLAG_DONE_MASK, task->done, task->generation};
  return whom;
}

/* One lane. A join's index + 1, or 0: all are taken. */
GR_DEV uint32_t gr_join_take(struct gr_dev *dev)
{
  return gr_pool_take(&dev->join_free, &dev->join->next_free, sizeof(struct gr_join));
}
GR_DEV void gr_join_give(struct gr_dev *dev, uint32_t index)
{
  gr_pool_give(&dev->join_free, &dev->join->next_free, sizeof(struct gr_join), index);
}

/* One lane. One of the join's tasks ended with *result. If it was the last and nobody failed, the
 * continuation becomes team->next. True: it was the last, and somebody failed; the continuation
 * ends without having run, with the failure in *result, and *whom is to be told. */
GR_DEV_HOT bool gr_join_finish(struct gr_team *team, uint32_t index, int32_t *result,
                           struct gr_whom *whom)
{
  struct gr_dev *dev = team->dev;
  struct gr_join *join = &dev->join[index];
  if (*result < 0) {
    gr_cas_relaxed_gpu_u32(&join->status, 0u, (uint32_t)*result);
  }
  const uint32_t before = gr_add_acqrel_gpu_u32(&join->pending, 0xffffffffu);
  gr_assert_file(team, GR_FILE_JOIN, before >= 1u, index); /* I13 */
  if (before != 1u) {
    return false;
  }
  const struct gr_task then = join->then;
  *result = (int32_t)gr_load_relaxed_gpu_u32(&join->status);
  gr_join_give(dev, index);
  if (*result != GR_OK) {
    *whom = gr_whom(&then);
    return true;
  }
  gr_assert_file(team, GR_FILE_JOIN, !team->has_next, index);
  team->next = then;
  team->has_next = 1u;
  return false;
}
