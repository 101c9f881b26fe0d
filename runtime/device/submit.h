/* submit.h - what an op may start, and whom it may tell.
 *
 * Called by ops; functions ending in _team by the whole team, converged. All return the same value
 * to all lanes. No team ever waits for a task: what is to happen afterwards is a continuation.
 *
 *   struct gr_task child = gr_task_make(team, GR_ID(scale));
 *   child.arg[0] = ...;
 *   gr_submit_team(team, &child)                 runs some time, in the parent's context
 *   gr_fork_team(team, children, n, &then)       `then` runs when this op and all children are
 *                                                done, and completes the ticket in its stead
 *
 * Next: ingress.h, microkernel.h. */
#pragma once

#include "device/collective.h"
#include "device/end.h"
#include "device/trace.h"

/* Any lane. A task of the parent's context, all arguments 0. */
GR_DEV struct gr_task gr_task_make(const struct gr_team *team, uint32_t op)
{
  struct gr_task task;
  for (uint32_t i = 0u; i < 4u; i++) {
    task.arg[i] = 0u;
    task.head[i] = 0u;
  }
  task.head[0] = GR_TASK_HEAD(op & 0xffffu, team->task->context, GR_DONE_NONE);
  return task;
}

/* One lane. Counts tasks before any of them can run, so that completed never overtakes submitted:
 * who reads `completed` of all teams first and finds the sums equal knows that all is done. */
GR_DEV void gr_submit_count(struct gr_team *team, uint64_t count)
{
  team->submitted += count;
  gr_store_relaxed_gpu_u64(&team->dev->team[team->id].submitted, team->submitted);
}

/* Any lane. Whether an op may submit it. */
GR_DEV bool gr_task_is_valid(const struct gr_team *team, const struct gr_task *task)
{
  return (task->op < team->dev->ops || (uint32_t)task->op - GR_OP_LAUNCH <= 1u) &&
         task->tiles <= GR_TILES_MAX;
}

/* Submits a task that nobody waits for. GR_E_AGAIN: the queue is full, try later or do the work
 * here; GR_E_INVAL: no such op, or too many tiles. `task` is copied; any memory that all lanes see
 * alike. */
GR_DEV int32_t gr_submit_team(struct gr_team *team, const struct gr_task *task)
{
  int32_t status = GR_OK;
  gr_team_barrier(); /* what all lanes wrote so far goes out with the task */
  if (gr_lane() < gr_warp_lanes()) {
    struct gr_task *child = &team->child;
    if (gr_warp_lane() == 0u) {
      *child = *task;
      child->head[0] = GR_TASK_HEAD(task->op, team->task->context, GR_DONE_NONE);
      if (gr_task_is_valid(team, child)) {
        gr_submit_count(team, 1u);
        gr_trace_submit(team, child, 0u);
      }
    }
    gr_warp_barrier();
    status = gr_task_is_valid(team, child) ? gr_sched_place(team, child) : (int32_t)GR_E_INVAL;
    if (status == GR_E_AGAIN && gr_warp_lane() == 0u) {
      gr_submit_count(team, ~0ull); /* minus one: it never was */
    }
  }
  return (int32_t)gr_team_broadcast_u64(team, (uint64_t)(int64_t)status);
}

/* One lane. Takes a join for this op's children and hands it the op's completion. */
GR_DEV int32_t gr_fork_begin(struct gr_team *team, uint32_t count, const struct gr_task *then)
{
  struct gr_dev *dev = team->dev;
  if (count == 0u || count > GR_FORK_MAX || team->fork != 0u || team->task->tiles > 1u ||
      !gr_task_is_valid(team, then)) {
    return GR_E_INVAL;
  }
  const uint32_t taken = gr_join_take(dev);
  if (taken == 0u) {
    return GR_E_NOMEM;
  }
  struct gr_join *join = &dev->join[taken - 1u];
  join->then = *then;
  join->then.head[0] =
      GR_TASK_HEAD(then->op, team->task->context, team->task->flags & ~GR_FLAG_CREDIT);
  join->then.done = team->task->done;
  join->then.generation = team->task->generation;
  gr_store_relaxed_gpu_u32(&join->status, 0u);
  gr_store_relaxed_gpu_u32(&join->pending, count + 1u); /* goes out with the first child */
  team->fork = taken;
  return GR_OK;
}

/* Leading warp. Child i of the fork, ready to travel, in team->child. */
GR_DEV const struct gr_task *gr_fork_child(struct gr_team *team, const struct gr_task *children,
                                           uint32_t i)
{
  gr_warp_barrier();
  if (gr_warp_lane() == 0u) {
    team->child = children[i];
    team->child.head[0] = GR_TASK_HEAD(children[i].op, team->task->context, GR_DONE_JOIN);
    team->child.done = team->fork - 1u;
  }
  gr_warp_barrier();
  return &team->child;
}

/* Leading warp. The same, once it is certain that it will be placed: one of `count`. */
GR_DEV const struct gr_task *gr_fork_send(struct gr_team *team, const struct gr_task *children,
                                          uint32_t i, uint32_t count)
{
  gr_fork_child(team, children, i);
  if (gr_warp_lane() == 0u) {
    gr_trace_submit(team, &team->child, count - i);
  }
  gr_warp_barrier();
  return &team->child;
}

/* Leading warp. Idle teams get a child each, the queue gets the rest, all or none. */
GR_DEV int32_t gr_fork_place(struct gr_team *team, const struct gr_task *children, uint32_t count)
{
  const uint32_t context = team->task->context;
  struct gr_claim claim = {0u, 0u, 0u};
  uint32_t pos = 0u;
  if (gr_sched_may_push(team, context)) {
    claim = gr_idle_claim(team, count < 64u ? count : 64u);
  }
  const uint32_t pushed = claim.count;
  int32_t status = GR_OK;
  if (pushed < count) {
    status = gr_sched_reserve(team, gr_fork_child(team, children, pushed), count - pushed, &pos);
  }
  if (status != GR_OK) {
    gr_mailbox_post_message(team, claim, GR_MSG_WAKE); /* claimed teams expect a message */
    return status;
  }
  if (gr_warp_lane() == 0u) {
    gr_submit_count(team, count + 1u);
  }
  for (uint32_t i = 0u; i < pushed; i++) {
    gr_mailbox_post(team, gr_claim_next(&claim), gr_fork_send(team, children, i, count));
  }
  for (uint32_t i = pushed; i < count; i++) {
    gr_sched_fill(team, pos + i - pushed, gr_fork_send(team, children, i, count));
  }
  if (pushed < count) {
    gr_sched_queued(team, context, count - pushed < 64u ? count - pushed : 64u);
  }
  return GR_OK;
}

/* Submits `count` (1 to GR_FORK_MAX; more than runq_slots may never find room) children, all or
 * none, and `then`, which runs once this op and every child have ended. `then` takes over what this
 * op was to signal; if this op or a child fails, `then` does not run and the first failure is
 * signalled instead. At most one fork per op, and none by a task of several tiles.
 * `children` lie in memory that all lanes see alike (gr_scratch, or the same local values).
 *   GR_E_AGAIN: the queue is full; GR_E_NOMEM: no join is free; GR_E_INVAL: count, op, or second
 * fork. After a failure nothing was submitted and the op goes on as if it had not asked. */
GR_DEV int32_t gr_fork_team(struct gr_team *team, const struct gr_task *children, uint32_t count,
                            const struct gr_task *then)
{
  int32_t status = GR_OK;
  gr_team_barrier();
  if (gr_lane() < gr_warp_lanes()) {
    if (gr_warp_lane() == 0u) {
      status = gr_fork_begin(team, count, then);
      for (uint32_t i = 0u; i < count && status == GR_OK; i++) {
        if (!gr_task_is_valid(team, &children[i])) {
          gr_join_give(team->dev, team->fork - 1u);
          team->fork = 0u;
          status = GR_E_INVAL;
        }
      }
    }
    status = (int32_t)gr_lead_u32((uint32_t)status);
    if (status == GR_OK) {
      status = gr_fork_place(team, children, count);
      if (status != GR_OK && gr_warp_lane() == 0u) {
        gr_join_give(team->dev, team->fork - 1u);
        team->fork = 0u;
      }
    }
  }
  return (int32_t)gr_team_broadcast_u64(team, (uint64_t)(int64_t)status);
}

/* Stores `value` to a 64-bit word in shared memory (grosr_shared_take), after everything that the
 * team wrote. One op at a time may signal a word; values must not fall (grosr_wait_signal). */
GR_DEV void gr_signal_team(struct gr_team *team, uint64_t *word, uint64_t value)
{
  (void)team;
  gr_team_barrier();
  if (gr_lane() == 0u) {
    gr_store_release_sys_u64((gr_au64 *)word, value);
  }
}

/* Whether the host has asked to cancel this task, or the tiled one that it is a part of, or has
 * killed its context: a long op may look now and then and return GR_E_CANCELED. */
GR_DEV bool gr_cancelled_team(struct gr_team *team)
{
  uint64_t asked = 0u;
  if (gr_lane() == 0u) {
    asked = gr_end_is_asked(team->dev, team->task) ? 1u : 0u;
  }
  return gr_team_broadcast_u64(team, asked) != 0u;
}
