/* launch.h - tasks that launch kernels: a team's side of it (shared/kernel.h has the picture).
 *
 *   struct gr_task task = gr_launch_task(team, kernel, GR_LAUNCH_FIRE, blocks, 0);
 *   task.arg[0] = ...;                                         arguments 0 to 2 are the kernel's
 *   gr_submit_team(team, &task)   or   gr_fork_team(team, &task, 1, &then)
 *
 * The task ends when the kernel has: with 0, or the first failure of its blocks. GR_E_NOENT: no
 * such kernel; GR_E_INVAL: no such mode, a grid or a block that is empty or too large; GR_E_AGAIN:
 * GR_LAUNCHES_MAX are out. A task that is cancelled, or whose context is killed, is not launched if
 * it has not been yet; a kernel that runs may look (gr_grid_is_cancelled), and its task ends as
 * cancelled.
 *
 * Called by the leading warp, converged, unless it says any or one lane. Next: launcher.h. */
#pragma once

#include "device/pool.h"
#include "device/sched.h"

/* One lane. Puts record `index` on top of a list (K2). */
GR_DEV void gr_launched_put(struct gr_launcher *launcher, gr_au64 *list, uint32_t index)
{
  for (;;) {
    const uint64_t top = gr_load_relaxed_gpu_u64(list);
    launcher->launched[index].next = (uint32_t)top;
    if (gr_cas_release_gpu_u64(list, top, (uint64_t)index + 1u) == top) {
      return;
    }
  }
}

/* One lane. Takes all records of a list: index + 1 of the one that was put there last, 0: none. */
GR_DEV uint32_t gr_launched_take(gr_au64 *list)
{
  uint64_t top = gr_load_relaxed_gpu_u64(list);
  while (top != 0u) {
    const uint64_t seen = gr_cas_acquire_gpu_u64(list, top, 0u);
    if (seen == top) {
      return (uint32_t)top;
    }
    top = seen;
  }
  return 0u;
}

/* One lane. Whether a launch may be tried: GR_OK, or why not. */
GR_DEV int32_t gr_launch_check(const struct gr_launcher *launcher, uint64_t word)
{
  const uint32_t kernel = GR_LAUNCH_KERNEL_OF(word), block = GR_LAUNCH_BLOCK_OF(word);
  if (launcher == NULL || kernel >= launcher->kernels) {
    return GR_E_NOENT;
  }
  if (GR_LAUNCH_MODE_OF(word) >= GR_LAUNCH_MODES || GR_LAUNCH_GRID_OF(word) == 0u ||
      GR_LAUNCH_GRID_OF(word) > GR_LAUNCH_GRID_MAX || block > launcher->threads[kernel] ||
      block % 32u != 0u || (block != 0u && GR_LAUNCH_MODE_OF(word) >= GR_LAUNCH_GRAPH)) {
    return GR_E_INVAL;
  }
  return GR_OK;
}

/* One lane. Keeps team->task in a record and asks the launcher for its kernel. */
GR_DEV int32_t gr_launch_ask(struct gr_dev *dev, const struct gr_task *task)
{
  struct gr_launcher *launcher = dev->launcher;
  const int32_t status = gr_launch_check(launcher, task->arg[3]);
  if (status != GR_OK) {
    return status;
  }
  const uint32_t taken =
      gr_pool_take(&launcher->free, &launcher->launched->next_free, sizeof(struct gr_launched));
  if (taken == 0u) {
    return GR_E_AGAIN;
  }
  launcher->launched[taken - 1u].tries = 0u;
  struct gr_task *kept = &launcher->launched[taken - 1u].task;
  *kept = *task;
  kept->op = GR_OP_LAUNCHED;
  kept->flags = task->flags & GR_FLAG_DONE_MASK; /* its credit has been counted */
  gr_add_relaxed_gpu_u32(&launcher->out, 1u);
  gr_launched_put(launcher, &launcher->asked[GR_LAUNCHER_OF(GR_LAUNCH_MODE_OF(task->arg[3]))],
                  taken - 1u);
  gr_fence_waker();
  gr_wake(&launcher->asleep);
  return GR_OK;
}

/* team->task launches a kernel. GR_OK: it is parked, and no more at hand. */
GR_DEV int32_t gr_launch_begin(struct gr_team *team)
{
  int32_t status = GR_OK;
  if (gr_warp_lane() == 0u) {
    status = gr_launch_ask(team->dev, team->task);
  }
  return (int32_t)gr_lead_u32((uint32_t)status);
}

/* Whether a kernel has ended whose task is to go on. */
GR_DEV bool gr_launched_is_due(const struct gr_dev *dev)
{
  uint64_t due = 0u;
  if (dev->launcher == NULL) {
    return false;
  }
  if (gr_warp_lane() == 0u) {
    due = gr_load_relaxed_gpu_u64(&dev->launcher->ended) | dev->launcher->due;
  }
  return gr_lead_u64(due) != 0u;
}

GR_DEV bool gr_launched_is_out(const struct gr_dev *dev)
{
  return dev->launcher != NULL && gr_lead_u32(gr_load_relaxed_gpu_u32(&dev->launcher->out)) != 0u;
}

/* The task of record `index`, whose kernel has ended, goes on; or it is due, for want of room. */
GR_DEV void gr_launched_place(struct gr_team *team, uint32_t index)
{
  struct gr_launcher *launcher = team->dev->launcher;
  gr_warp_barrier();
  if (gr_warp_lane() == 0u) {
    team->child = launcher->launched[index].task;
  }
  gr_warp_barrier();
  const int32_t status = gr_sched_place(team, &team->child);
  if (gr_warp_lane() == 0u) {
    if (status == GR_OK) {
      gr_pool_give(&launcher->free, &launcher->launched->next_free, sizeof(struct gr_launched),
                   index);
      gr_add_relaxed_gpu_u32(&launcher->out, ~0u);
    } else {
      launcher->launched[index].next = launcher->due;
      launcher->due = index + 1u;
    }
  }
}

/* On duty. Places the tasks of all kernels that have ended. */
GR_DEV_APART void gr_launched_collect(struct gr_team *team)
{
  struct gr_launcher *launcher = team->dev->launcher;
  uint32_t due = 0u, ended = 0u;
  if (gr_warp_lane() == 0u) {
    due = launcher->due;
    launcher->due = 0u;
    ended = gr_launched_take(&launcher->ended);
  }
  due = gr_lead_u32(due);
  ended = gr_lead_u32(ended);
  while ((due | ended) != 0u) {
    const uint32_t index = (due != 0u ? due : ended) - 1u;
    uint32_t behind = 0u;
    if (gr_warp_lane() == 0u) {
      behind = launcher->launched[index].next;
    }
    behind = gr_lead_u32(behind);
    ended = due != 0u ? ended : behind;
    due = due != 0u ? behind : 0u;
    gr_launched_place(team, index);
  }
  gr_warp_barrier();
}

/* ---- for ops ---- */

/* Any lane. A task that launches `kernel` with `grid` blocks of `block` lanes (0: as many as it was
 * made for; so in the modes of graphs), to be submitted or forked. */
GR_DEV struct gr_task gr_launch_task(const struct gr_team *team, uint32_t kernel, uint32_t mode,
                                     uint32_t grid, uint32_t block)
{
  struct gr_task task;
  for (uint32_t i = 0u; i < 4u; i++) {
    task.arg[i] = 0u;
    task.head[i] = 0u;
  }
  task.op = GR_OP_LAUNCH;
  task.context = team->task->context;
  task.arg[3] = GR_LAUNCH_WORD(kernel, mode, grid, block);
  return task;
}
