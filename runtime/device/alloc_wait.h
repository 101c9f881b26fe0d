/* alloc_wait.h - an op that finds no memory goes on when there may be some, and no team waits.
 *
 *   void *p = gr_alloc_or_wait_team(team, bytes, &then, &status);
 *   if (p == NULL) return status;             GR_OK: `then` runs later, and tries again
 *
 * Who waits is a continuation: `then` takes over the op's completion, as in a fork (submit.h) whose
 * one child is parked at the memory's own event (shared/limits.h). The event is signalled by who
 * sees to deadlines (deadline.h): soon after a block or run was given back, for that brings the
 * deadline forward, and every GR_MEMORY_WAIT_NS in any case; so no free has to be ordered with a
 * wait, and none is missed for longer than that. All that wait are woken, and try again.
 *
 * Next: handle.h. */
#pragma once

#include "device/alloc.h"
#include "device/event.h"

/* One lane. The op's continuation runs after the next wake-up. `epoch`: the event's value before
 * the last look for memory. An enum gr_park, or a status: gr_memory_unpark then. */
GR_DEV int32_t gr_memory_park(struct gr_team *team, uint32_t epoch, const struct gr_task *then)
{
  struct gr_dev *dev = team->dev;
  int32_t status = gr_fork_begin(team, 1u, then);
  if (status != GR_OK) {
    return status;
  }
  for (uint32_t i = 0u; i < 4u; i++) {
    team->child.arg[i] = 0u;
    team->child.head[i] = 0u;
  }
  team->child.head[0] = GR_TASK_HEAD(GR_OP_WOKEN, team->task->context, GR_DONE_JOIN);
  team->child.done = team->fork - 1u;
  gr_submit_count(team, 2u);
  gr_trace_submit(team, &team->child, 0u);
  status = gr_event_wait(team, GR_MEMORY_EVENT, epoch + 1u, &team->child);
  if (status >= 0) {
    gr_deadline_say(dev, gr_clock_ns() + GR_MEMORY_WAIT_NS);
  }
  return status;
}
/* Leading warp. It could not be parked, or not be placed: as if nobody had asked. */
GR_DEV void gr_memory_unpark(struct gr_team *team)
{
  if (gr_warp_lane() == 0u && team->fork != 0u) {
    gr_submit_count(team, ~(uint64_t)1u); /* minus two: they never were */
    gr_join_give(team->dev, team->fork - 1u);
    team->fork = 0u;
  }
}

/* Leading warp, from time to time, when a deadline has passed. */
GR_DEV void gr_memory_wake(struct gr_team *team)
{
  struct gr_memory *m = &team->dev->memory;
  uint32_t waiters = 0u;
  if (gr_warp_lane() == 0u) {
    waiters = gr_load_relaxed_gpu_u32(&m->waiters);
    if (waiters != 0u) {
      gr_store_relaxed_gpu_u32(&m->waiters, 0u);
    }
  }
  if (gr_lead_u32(waiters) != 0u) {
    gr_event_signal(team, GR_MEMORY_EVENT, 1u);
  }
}

/* Whole team, converged: one object for all. NULL: if `status` is GR_OK, `then` will run when it is
 * worth another try, and completes the task in this op's stead, which should return GR_OK now; else
 * it is why there is none and cannot be waited for: GR_E_INVAL (no size, or more than all memory,
 * or a second fork), GR_E_NOMEM (no join is free, or too many wait), GR_E_AGAIN (the queue is
 * full), GR_E_CANCELED. */
GR_DEV_APART void *gr_alloc_or_wait_team(struct gr_team *team, uint64_t bytes,
                                         const struct gr_task *then, int32_t *status)
{
  struct gr_memory *m = &team->dev->memory;
  void *p = NULL;
  int32_t parked = GR_E_INVAL;
  const bool had_forked = team->fork != 0u;
  gr_team_barrier();
  if (gr_lane() < gr_warp_lanes()) {
    if (gr_warp_lane() == 0u && bytes - 1u < m->bytes) {
      p = gr_alloc(team, bytes);
      if (p == NULL) {
        gr_add_relaxed_gpu_u32(&m->waiters, 1u);
        const uint64_t word =
            gr_load_acquire_gpu_u64(&team->dev->event[GR_MEMORY_EVENT & 0xffffu].word);
        p = gr_alloc(team, bytes);
        parked = p == NULL ? gr_memory_park(team, GR_EVENT_VALUE(word), then) : (int32_t)GR_OK;
      } else {
        parked = GR_OK;
      }
    }
    gr_warp_barrier();
    parked = (int32_t)gr_lead_u32((uint32_t)parked);
    if (parked == GR_PARK_READY) {
      parked = gr_sched_place(team, &team->child);
    } else if (parked == GR_PARK_SIFT) {
      gr_event_signal(team, GR_MEMORY_EVENT, 0u);
      parked = GR_OK;
    }
    if (parked < 0 && !had_forked) {
      gr_memory_unpark(team);
    }
  }
  *status = (int32_t)gr_team_broadcast_u64(team, (uint64_t)(int64_t)parked);
  return (void *)(uintptr_t)gr_team_broadcast_u64(team, (uint64_t)(uintptr_t)p);
}
