/* trace.h - a team notes what it does in its ring of events (shared/trace.h).
 *
 *   gr_submit_team, gr_fork_team -> SUBMIT      gr_decide -> START or STEAL
 *   the op has returned, or was refused -> END  asleep -> WAIT, awake -> END
 *   the task is parked until an event -> WAIT   now and then: the queues' lengths -> TICK
 *
 * Without a trace (grosr_options.trace_events 0), or while it is stopped, team->trace is null: one
 * load of the team's own memory at each of these places, beside words that are loaded there anyway.
 * Otherwise tasks take the way of those that are seldom (task_life.h), which is called and not
 * inlined. That it goes on again a team sees every GR_LOOK_TURNS turns; that it stops, at once.
 *
 * Called by one lane, the leading warp's lane 0, unless it says warp. Next: end.h. */
#pragma once

#include "device/line.h"

GR_DEV bool gr_trace_is_on(const struct gr_team *team)
{
  return team->trace != NULL && gr_load_relaxed_gpu_u32(&team->dev->tracing) != 0u;
}

/* Looks whether there is a trace, and whether it goes on: without one, team->trace is null. */
GR_DEV void gr_trace_look_on(struct gr_team *team)
{
  const struct gr_dev *dev = team->dev;
  const bool is_on = dev->trace != NULL && gr_load_relaxed_gpu_u32(&dev->tracing) != 0u;
  team->trace = is_on ? dev->trace + ((uint64_t)team->id << dev->trace_shift) : NULL;
}

/* What happened at `ticks`; `what` is a GR_TRACE_WHAT of lap 0. */
GR_DEV_APART void gr_trace_put_at(struct gr_team *team, uint64_t ticks, uint64_t what)
{
  const uint32_t shift = team->dev->trace_shift;
  const uint64_t at = team->traced;
  team->traced = at + 1u;
  gr_trace_write(&team->trace[GR_TRACE_PLACE(at, shift)], GR_TRACE_LAP(at, shift), ticks, what);
  gr_store_relaxed_gpu_u64(&team->dev->team[team->id].traced, at + 1u);
}
GR_DEV void gr_trace_put(struct gr_team *team, uint64_t what)
{
  gr_trace_put_at(team, gr_clock_ticks(), what);
}

/* The number by which the events of `task` find each other; 0: it has none. */
GR_DEV uint32_t gr_trace_number(const struct gr_dev *dev, const struct gr_task *task)
{
  return (task->flags & GR_FLAG_DONE_MASK) == GR_DONE_HOST
             ? GR_TRACE_TICKET(dev->completion_slots, task->done, task->generation)
             : task->generation;
}

/* `task`, the `back`th last that this team's ops have submitted, is about to be placed. Its
 * generation says its number from now on. If there is no room for it, the next one, which may be
 * the same, tried again, has the same number. */
GR_DEV void gr_trace_submit(struct gr_team *team, struct gr_task *task, uint32_t back)
{
  task->generation = 0u;
  if (gr_trace_is_on(team)) {
    task->generation = GR_TRACE_CHILD((team->submitted - back) * team->dev->teams + team->id);
    gr_trace_put(team,
                 GR_TRACE_WHAT(task->generation, task->context, task->op, GR_TRACE_SUBMIT, 0u));
  }
}

/* team->task begins. */
GR_DEV void gr_trace_start(struct gr_team *team, uint32_t source)
{
  if (gr_trace_is_on(team)) {
    const struct gr_task *task = team->task;
    const uint32_t kind = source == GR_FROM_QUEUE ? GR_TRACE_STEAL : GR_TRACE_START;
    gr_trace_put(
        team, GR_TRACE_WHAT(gr_trace_number(team->dev, task), task->context, task->op, kind, 0u));
  }
}

/* `task` was parked at `ticks` (or 0, without a trace): no team waits for what it waits for. */
GR_DEV void gr_trace_park(struct gr_team *team, const struct gr_task *task, uint64_t ticks)
{
  if (gr_trace_is_on(team)) {
    const uint32_t number = gr_trace_number(team->dev, task);
    gr_trace_put_at(team, ticks, GR_TRACE_WHAT(number, task->context, task->op, GR_TRACE_WAIT, 0u));
  }
}
GR_DEV uint64_t gr_trace_ticks(const struct gr_team *team)
{
  return team->trace != NULL ? gr_clock_ticks() : 0u;
}

/* `task` has returned `result`, or was refused with it. Who waits for it has been told already if
 * it has run: noting it costs the task no time. */
GR_DEV void gr_trace_end(struct gr_team *team, const struct gr_task *task, int32_t result)
{
  if (gr_trace_is_on(team)) {
    const uint32_t error = result >= 0 ? 0u : result > -255 ? (uint32_t)-result : 255u;
    gr_trace_put(team, GR_TRACE_WHAT(gr_trace_number(team->dev, task), task->context, error,
                                     GR_TRACE_END, 0u));
  }
}

/* The team falls asleep (WAIT), or is awake again (END). */
GR_DEV void gr_trace_sleep(struct gr_team *team, uint32_t kind)
{
  if (gr_trace_is_on(team)) {
    gr_trace_put(team, GR_TRACE_WHAT(0u, 0u, 0u, kind, 0u));
  }
}

/* Notes how many tasks are in the queues of the contexts that have any, or had the last time. */
GR_DEV void gr_trace_depths(struct gr_team *team)
{
  const uint64_t queued = gr_load_relaxed_gpu_u64(&team->dev->queued);
  const uint64_t ticked = gr_load_relaxed_gpu_u64(&team->dev->ticked);
  for (uint64_t left = queued | ticked; left != 0u; left &= left - 1u) {
    const uint32_t context = gr_bits_lowest_u64(left);
    const struct gr_runq *queue = &team->dev->runq[context];
    const uint32_t head = gr_load_relaxed_gpu_u32(&queue->head);
    const uint32_t depth = gr_load_relaxed_gpu_u32(&queue->tail) - head;
    gr_trace_put(team,
                 GR_TRACE_WHAT((int32_t)depth > 0 ? depth : 0u, context, 0u, GR_TRACE_TICK, 0u));
  }
  gr_store_relaxed_gpu_u64(&team->dev->ticked, queued);
}

/* Every GR_LOOK_TURNS turns. The same, if no team has for long enough. */
GR_DEV void gr_trace_tick(struct gr_team *team)
{
  gr_trace_look_on(team);
  if (gr_trace_is_on(team)) {
    gr_au64 *word = &team->dev->ticked_ns;
    const uint64_t now_ns = gr_clock_ns();
    const uint64_t seen_ns = gr_load_relaxed_gpu_u64(word);
    if ((int64_t)(now_ns - seen_ns) >= (int64_t)GR_TRACE_TICK_NS &&
        gr_cas_relaxed_gpu_u64(word, seen_ns, now_ns) == seen_ns) {
      gr_trace_depths(team);
    }
  }
}
