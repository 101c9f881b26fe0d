/* end.h - a task has ended: who is told.
 *
 *   GR_DONE_NONE   nobody
 *   GR_DONE_HOST   its completion word, in host memory (I4)
 *   GR_DONE_JOIN   the join that it is a child of; the last child of one that failed ends the
 *                  continuation unrun, of which somebody is to be told in turn
 *   GR_DONE_GRAPH  team->ended: the leading warp goes on from there (graph.h)
 *
 * A loop and not a recursion, bounded by the nesting. Called by one lane, on every path on which a
 * task ends: run, refused, cancelled, failed with its join, its tiles done.
 *
 * Next: submit.h (who forks), tiles.h, microkernel.h (gr_task_end). */
#pragma once

#include "device/join.h"

/* One lane: writes the host-visible completion of a task (I4). */
GR_DEV void gr_completion_write(struct gr_dev *dev, struct gr_whom whom, int32_t result)
{
  gr_store_release_sys_u64(&dev->completion[whom.done],
                           GR_COMPLETION_WORD(whom.generation, result));
}

/* One lane. Counts one task that has ended, in any way. */
GR_DEV void gr_end_count(struct gr_team *team, int32_t result)
{
  team->completed++;
  team->failed += result < 0 ? 1u : 0u;
}

/* One lane. A join's child ended with `result`; then whom that join was to tell, if it failed. */
GR_DEV_HOT void gr_end_tell_join(struct gr_team *team, struct gr_whom whom, int32_t result)
{
  while (whom.kind == GR_DONE_JOIN) {
    if (!gr_join_finish(team, whom.done, &result, &whom)) {
      return;
    }
    gr_end_count(team, result);
  }
  if (whom.kind == GR_DONE_HOST) {
    gr_completion_write(team->dev, whom, result);
  } else if (whom.kind == GR_DONE_GRAPH) {
    team->ended = whom.done + 1u;
    team->ended_result = result;
  }
}

/* One lane. A task that tells `whom` ended with `result`. The host's come first, for they are what
 * somebody waits for. */
GR_DEV void gr_end_tell(struct gr_team *team, struct gr_whom whom, int32_t result)
{
  if (whom.kind == GR_DONE_HOST) {
    gr_completion_write(team->dev, whom, result);
  } else if (whom.kind != GR_DONE_NONE) {
    gr_end_tell_join(team, whom, result);
  }
}

/* Any lane. The task that the host knows: of a part of a tiled task that task, of a node of a graph
 * the one that launched it. */
GR_DEV const struct gr_task *gr_end_root(const struct gr_dev *dev, const struct gr_task *task)
{
  for (;;) {
    if ((task->flags & GR_FLAG_PART) != 0u) {
      task = &dev->tiles[task->done].task;
    } else if ((task->flags & GR_FLAG_DONE_MASK) == GR_DONE_GRAPH) {
      task = &dev->graph[dev->node[task->done].graph].task;
    } else {
      return task;
    }
  }
}

/* One lane. Whether the host has asked that this task not go on, or has killed its context (T4).
 * `task` is being run or about to be, by this team. */
GR_DEV bool gr_end_is_asked(const struct gr_dev *dev, const struct gr_task *task)
{
  if (gr_context_is_killed(dev, task->context)) {
    return true;
  }
  if (gr_load_relaxed_gpu_u32(&dev->cancel_live) == 0u) {
    return false;
  }
  task = gr_end_root(dev, task);
  return (task->flags & GR_FLAG_DONE_MASK) == GR_DONE_HOST &&
         gr_load_relaxed_gpu_u32(&dev->cancel[task->done]) == task->generation;
}
