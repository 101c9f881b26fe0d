/* event.h - an event counts; a task waits until it has counted far enough, and no team ever does.
 *
 *   word = value << 32 | generation << 16 | index + 1 of the first wait node, 0: none
 *   handle = generation << 16 | index of the event; generation 0: closed
 *
 *   park:   not far enough? put the task's node on top of the list
 *   signal: add to the value and take the whole list; place what has waited long enough, park the
 *           rest again
 *   close:  take the list and the generation; who waited is ended as cancelled
 *   sift:   a signal by 0, after a context was killed: its tasks are ended, the rest parked again
 *
 * Each is one compare-and-swap of the word. (A signal by addition would be cheaper where many meet,
 * but could count at the event that has the place next.)
 *
 * I21 Value, list and generation are one word: no park comes between a signal's value and its look
 *     at the list, no signal between a park's look at the value and its node, and nothing happens
 *     to an event by the handle of another. No wake-up is lost.
 * I22 Nodes are put on top or taken all at once, so a word that is the same again (value and top)
 *     has a list on which the compare-and-swap is right (no ABA).
 * I24 A context is killed first and its events are sifted then. Who parks looks whether its context
 *     was killed before and after: before the sift its node is on the list, after it it has seen
 *     that, by the word, and sifts itself.
 *
 * Values are compared as they wrap: a wait is for at most 2^31 - 1 more than the value.
 *
 * word          writer                        order: why
 * event.word    park, by CAS                  acqrel, after an acquire load: the node, to its
 *                                             taker; what was signalled, to a task that goes on;
 *                                             that its context was killed (I24)
 *               signal, close, by CAS         acqrel: what the signaller wrote, to who goes on;
 *                                             the nodes, and all that was signalled before
 *               open                          relaxed: the host's alone while it is closed; who
 *                                             has the handle has it from there
 * wait.*        who took it from the pool,    plain: handed over by word
 *               then who took the list
 *
 * Called by the leading warp, converged, unless it says one lane. Next: graph.h. */
#pragma once

#include "device/submit.h"

/* What becomes of a task that is to wait; or a status: it never will run. */
enum gr_park {
  GR_PARK_PARKED = 0,
  GR_PARK_READY = 1,
  GR_PARK_SIFT = 2 /* parked; but its event is to be sifted, by this team (I24) */
};

GR_DEV uint32_t gr_wait_take(struct gr_dev *dev)
{
  return gr_pool_take(&dev->wait_free, &dev->wait->next_free, sizeof(struct gr_wait));
}
GR_DEV void gr_wait_give(struct gr_dev *dev, uint32_t index)
{
  gr_pool_give(&dev->wait_free, &dev->wait->next_free, sizeof(struct gr_wait), index);
}

/* Whether an event may have this handle. */
GR_DEV bool gr_event_is_handle(uint32_t handle)
{
  return (handle & 0xffffu) < GR_EVENTS_MAX && GR_EVENT_GENERATION(handle) != 0u;
}

/* Whether who waits until the value is `wanted` has to, by a word. */
GR_DEV int32_t gr_event_look(uint64_t word, uint32_t handle, uint32_t wanted)
{
  if (GR_EVENT_GENERATION(word) != GR_EVENT_GENERATION(handle)) {
    return GR_E_NOENT;
  }
  return (int32_t)(GR_EVENT_VALUE(word) - wanted) >= 0 ? GR_PARK_READY : GR_PARK_PARKED;
}

/* One lane. Parks wait node `index`, which is filled, unless it need not wait or never will run. */
GR_DEV int32_t gr_event_park(struct gr_dev *dev, uint32_t handle, uint32_t index)
{
  gr_au64 *word = &dev->event[handle & (GR_EVENTS_MAX - 1u)].word;
  struct gr_wait *wait = &dev->wait[index];
  const uint32_t context = wait->task.context; /* the node is not ours once it is parked */
  for (;;) {
    const uint64_t seen = gr_load_acquire_gpu_u64(word);
    const int32_t status = gr_event_look(seen, handle, wait->wanted);
    if (status != GR_PARK_PARKED) {
      return status;
    }
    if (gr_end_is_asked(dev, &wait->task)) {
      return GR_E_CANCELED;
    }
    wait->next = GR_EVENT_TOP(seen);
    const uint64_t wanted = (seen & ~0xffffull) | (uint64_t)(index + 1u);
    if (gr_cas_acqrel_gpu_u64(word, seen, wanted) == seen) {
      return gr_context_is_killed(dev, context) ? GR_PARK_SIFT : GR_PARK_PARKED;
    }
  }
}

/* One lane. Adds `count` to the value, or closes the event, and takes the list. Returns the word as
 * it became, with the list that was; or that of another generation, to which nothing was done. */
GR_DEV uint64_t gr_event_take(struct gr_dev *dev, uint32_t handle, uint32_t count, bool closes)
{
  gr_au64 *word = &dev->event[handle & (GR_EVENTS_MAX - 1u)].word;
  uint64_t seen = gr_load_relaxed_gpu_u64(word);
  while (GR_EVENT_GENERATION(seen) == GR_EVENT_GENERATION(handle)) {
    const uint64_t counted = seen + ((uint64_t)count << 32);
    const uint64_t before = gr_cas_acqrel_gpu_u64(word, seen, closes ? 0u : counted & ~0xffffull);
    if (before == seen) {
      return counted;
    }
    seen = before;
  }
  return seen;
}

/* One lane. A task that waited ends as cancelled. */
GR_DEV void gr_wait_cancel(struct gr_team *team, uint32_t index)
{
  const struct gr_whom whom = gr_whom(&team->dev->wait[index].task);
  gr_trace_end(team, &team->dev->wait[index].task, GR_E_CANCELED);
  gr_wait_give(team->dev, index);
  gr_end_count(team, GR_E_CANCELED);
  team->cancelled++;
  gr_end_tell(team, whom, GR_E_CANCELED);
}

/* One lane. `task`, which waited by node `index`, is on its way. What comes from a channel has its
 * node with it (channel_then.h). */
GR_DEV void gr_wait_placed(struct gr_dev *dev, const struct gr_task *task, uint32_t index)
{
  if ((task->flags & GR_FLAG_CHANNEL) == 0u) {
    gr_wait_give(dev, index);
  }
}

/* The task of wait node `index` goes to another team, or this one owes it. */
GR_DEV void gr_wait_place(struct gr_team *team, uint32_t index)
{
  struct gr_dev *dev = team->dev;
  gr_warp_barrier();
  if (gr_warp_lane() == 0u) {
    team->child = dev->wait[index].task;
  }
  gr_warp_barrier();
  const int32_t status = gr_sched_place(team, &team->child);
  if (gr_warp_lane() == 0u) {
    if (status == GR_OK) {
      gr_wait_placed(dev, &team->child, index);
    } else {
      dev->wait[index].next = team->owed_wait;
      team->owed_wait = index + 1u;
    }
  }
}

/* Who waits in the list of `word`, which is this team's: placed, ended, or parked again. True: to
 * be sifted. */
GR_DEV bool gr_event_wake(struct gr_team *team, uint32_t handle, uint64_t word)
{
  struct gr_dev *dev = team->dev;
  uint32_t sifts = 0u;
  for (uint32_t first = GR_EVENT_TOP(word); first != 0u;) {
    const uint32_t index = first - 1u;
    int32_t status = GR_OK;
    if (gr_warp_lane() == 0u) {
      first = dev->wait[index].next;
      status = gr_event_look(word, handle, dev->wait[index].wanted);
      status = status == GR_PARK_READY ? status : gr_event_park(dev, handle, index);
      sifts |= status == GR_PARK_SIFT ? 1u : 0u;
      if (status < 0) {
        gr_wait_cancel(team, index);
      }
    }
    first = gr_lead_u32(first);
    if (gr_lead_u32((uint32_t)status) == (uint32_t)GR_PARK_READY) {
      gr_wait_place(team, index);
    }
  }
  return gr_lead_u32(sifts) != 0u;
}

/* Adds `count` to an event's value and wakes whom that lets go on. */
GR_DEV int32_t gr_event_signal(struct gr_team *team, uint32_t handle, uint32_t count)
{
  if (!gr_event_is_handle(handle)) {
    return GR_E_NOENT;
  }
  for (bool is_first = true;; is_first = false) {
    uint64_t word = 0u;
    if (gr_warp_lane() == 0u) {
      word = gr_event_take(team->dev, handle, is_first ? count : 0u, false);
    }
    word = gr_lead_u64(word);
    if (GR_EVENT_GENERATION(word) != GR_EVENT_GENERATION(handle)) {
      return is_first ? (int32_t)GR_E_NOENT : (int32_t)GR_OK;
    }
    if (!gr_event_wake(team, handle, word)) {
      return GR_OK;
    }
  }
}

/* team->task opens (arg 1) the event that is to have handle arg 0, or closes it. */
GR_DEV int32_t gr_event_change(struct gr_team *team)
{
  struct gr_dev *dev = team->dev;
  const uint32_t handle = (uint32_t)gr_arg_u64(team, 0);
  if (gr_warp_lane() == 0u && gr_arg_u64(team, 1) != 0u) {
    gr_store_relaxed_gpu_u64(&dev->event[handle & (GR_EVENTS_MAX - 1u)].word,
                             (uint64_t)(handle & 0xffff0000u));
  } else if (gr_warp_lane() == 0u) {
    const uint64_t word = gr_event_take(dev, handle, 0u, true);
    for (uint32_t first = GR_EVENT_TOP(word); first != 0u;) {
      const uint32_t index = first - 1u;
      first = dev->wait[index].next;
      gr_wait_cancel(team, index);
    }
  }
  return GR_OK;
}

/* One lane. Parks `task` at event `handle` until its value is `wanted`: an enum gr_park, and then
 * it will run; GR_E_NOENT: no such event; GR_E_CANCELED: it is not to run any more; GR_E_NOMEM: too
 * many wait. */
GR_DEV int32_t gr_event_wait(struct gr_team *team, uint32_t handle, uint32_t wanted,
                             const struct gr_task *task)
{
  struct gr_dev *dev = team->dev;
  if (!gr_event_is_handle(handle)) {
    return GR_E_NOENT;
  }
  const gr_au64 *word = &dev->event[handle & (GR_EVENTS_MAX - 1u)].word;
  int32_t status = gr_event_look(gr_load_acquire_gpu_u64(word), handle, wanted);
  if (status != GR_PARK_PARKED) {
    return status;
  }
  const uint32_t taken = gr_wait_take(dev);
  if (taken == 0u) {
    return GR_E_NOMEM;
  }
  dev->wait[taken - 1u].task = *task;
  dev->wait[taken - 1u].wanted = wanted;
  const uint64_t ticks = gr_trace_ticks(team); /* once it is parked it may run at once */
  status = gr_event_park(dev, handle, taken - 1u);
  if (status == GR_PARK_PARKED || status == GR_PARK_SIFT) {
    gr_trace_park(team, task, ticks);
  } else {
    gr_wait_give(dev, taken - 1u);
  }
  return status;
}

/* team->task came with GR_FLAG_AFTER: it becomes an ordinary one. GR_PARK_READY: it is to run now;
 * GR_OK: it is parked, and no more at hand. */
GR_DEV int32_t gr_after_begin(struct gr_team *team)
{
  const uint32_t handle = team->task->tiles;
  int32_t status = 0;
  gr_warp_barrier(); /* all lanes have read it */
  if (gr_warp_lane() == 0u) {
    const struct gr_task task = *team->task;
    team->own = task;
    team->own.flags = task.flags & GR_FLAG_DONE_MASK;
    team->own.tiles = 0u;
    team->task = &team->own;
    status = gr_event_wait(team, handle, (uint32_t)task.arg[3], &team->own);
    status = status == GR_E_NOENT ? (int32_t)GR_E_CANCELED : status; /* closed since the host saw */
  }
  status = (int32_t)gr_lead_u32((uint32_t)status);
  if (status == GR_PARK_SIFT) {
    gr_event_signal(team, handle, 0u);
    status = GR_OK;
  }
  gr_warp_barrier();
  return status;
}

/* ---- for ops ---- */

/* Adds `count` (at most 2^31 - 1) to the value of `event` (grosr_event_open), after all that the
 * team wrote. Tasks that waited for it are placed. GR_E_NOENT: no such event; GR_E_INVAL: count. */
GR_DEV int32_t gr_event_signal_team(struct gr_team *team, uint32_t event, uint32_t count)
{
  int32_t status = GR_E_INVAL;
  gr_team_barrier();
  if (gr_lane() < gr_warp_lanes() && count <= GR_EVENT_COUNT_MAX) {
    status = gr_event_signal(team, event, count);
  }
  return (int32_t)gr_team_broadcast_u64(team, (uint64_t)(int64_t)status);
}

/* As gr_submit_team, but `task` starts when the value of `event` is at least `value`; it ends as
 * cancelled if the event is closed first. GR_E_NOENT: no such event; GR_E_NOMEM: too many wait;
 * GR_E_CANCELED: the context was killed. */
GR_DEV int32_t gr_submit_after_team(struct gr_team *team, uint32_t event, uint32_t value,
                                    const struct gr_task *task)
{
  int32_t status = GR_E_INVAL;
  gr_team_barrier();
  if (gr_lane() < gr_warp_lanes()) {
    if (gr_warp_lane() == 0u && gr_task_is_valid(team, task)) {
      team->child = *task;
      team->child.head[0] = GR_TASK_HEAD(task->op, team->task->context, GR_DONE_NONE);
      gr_submit_count(team, 1u);
      gr_trace_submit(team, &team->child, 0u);
      status = gr_event_wait(team, event, value, &team->child);
    }
    gr_warp_barrier();
    status = (int32_t)gr_lead_u32((uint32_t)status);
    if (status == GR_PARK_READY) {
      status = gr_sched_place(team, &team->child);
    } else if (status == GR_PARK_SIFT) {
      gr_event_signal(team, event, 0u);
      status = GR_OK;
    }
    if (status < 0 && status != GR_E_INVAL && gr_warp_lane() == 0u) {
      gr_submit_count(team, ~0ull); /* minus one: it never was */
    }
  }
  return (int32_t)gr_team_broadcast_u64(team, (uint64_t)(int64_t)status);
}
