/* microkernel.h - the loop that every resident team runs until it is told to leave.
 *
 *   boot -> [ turn: decide ] -> run the op -> end the task -> [ turn ] ... -> leave
 *
 * The leading warp decides alone (a turn), spinning while there is nothing; a team barrier hands
 * the decision to all lanes, they run the op together, and another barrier hands the team back. So
 * other warps cost nothing while a team is idle, and a task costs two barriers (none on the CPU).
 *
 * A turn looks, in this order, for: a continuation this team owes (but now and then it looks at the
 * rest first, so that a long chain holds up neither a stop nor other tasks); stop; its mailbox;
 * its duties (control, ingress); the run queues. What it finds it runs; else it is idle (idle.h).
 *
 * All functions but the last belong to the leading warp, converged.
 *
 * Called by the entry that GR_IMAGE makes (image.h), once per team and launch. Bound of the loop:
 * `run`, set by the team on duty when the host's control ring says stop, or by a failed assert.
 *
 * Next: image.h, then host/api.c on the other side of the boundary. */
#pragma once

#include "device/idle.h"
#include "device/task_life.h"

typedef int32_t (*gr_dispatch)(struct gr_team *team);

GR_DEV bool gr_is_reserved(const struct gr_lead *lead)
{
  return lead->dev->reserved_ingress != 0u && lead->team->id == 0u;
}

/* `task`, in the team's memory, is to be run now. */
GR_DEV uint32_t gr_task_begin(struct gr_lead *lead, uint32_t source, const struct gr_task *task)
{
  if (gr_warp_lane() == 0u) {
    lead->team->task = task;
    lead->team->op = task->op;
    lead->team->context = task->context;
    lead->team->source = source;
    lead->team->sequence++;
    gr_heap_begin(lead->team, task->context);
  }
  gr_warp_barrier();
  if (lead->is_idle) {
    gr_idle_end(lead);
  }
  if (lead->on_duty && lead->dev->teams > 1u) {
    gr_duty_pass(lead);
  }
  if (gr_warp_lane() == 0u) {
    gr_store_relaxed_gpu_u64(&lead->dev->team[lead->team->id].done,
                             gr_pair_u64(task->done, task->generation));
  }
  gr_phase_set(lead->team, GR_PHASE_RUNNING);
  return GR_TURN_RUN;
}

/* The same, where the task may be an ordinary one, and in most cases is. */
GR_DEV void gr_turn_end(struct gr_lead *lead)
{
  struct gr_team *team = lead->team;
  const bool is_part = (team->task->flags & GR_FLAG_PART) != 0u;
  if (!is_part) {
    gr_task_end_plain(team, team->source);
  }
  const uint32_t owed = team->owed_node | team->owed_wait;
  if (team->ended != 0u && gr_graph_follow(team) && !lead->is_managed && owed == 0u &&
      team->trace == NULL) {
    return;
  }
  if (lead->is_managed || is_part || (team->ended | owed) != 0u || team->trace != NULL) {
    gr_lead_leave(lead);
    gr_task_fold(team);
    gr_lead_return(lead, team);
  }
}

/* Whether the host may have asked that team->task not start: it has, or only gr_end_is_asked knows.
 */
GR_DEV bool gr_task_is_cancelled(const struct gr_lead *lead)
{
  const struct gr_task *task = lead->team->task;
  const uint32_t kind = task->flags & GR_FLAG_DONE_MASK;
  uint32_t asked = 0u;
  if (gr_warp_lane() == 0u && gr_load_relaxed_gpu_u32(&lead->dev->cancel_live) != 0u) {
    asked = kind == GR_DONE_GRAPH;
    if (kind == GR_DONE_HOST) {
      asked = gr_load_relaxed_gpu_u32(&lead->dev->cancel[task->done]) == task->generation;
    }
  }
  return gr_lead_u32(asked) != 0u;
}

/* A message came: a task to run, or a word from another team. */
GR_DEV uint32_t gr_turn_message(struct gr_lead *lead)
{
  if (lead->team->own.op == GR_MSG_EXIT) {
    return GR_TURN_LEAVE;
  }
  if (lead->team->own.op == GR_MSG_WAKE) {
    gr_idle_end(lead);
    return GR_TURN_NOTHING;
  }
  return gr_task_begin(lead, GR_FROM_MAILBOX, &lead->team->own);
}

/* Several tenants, or settings of one: what has come goes into their queues, and the policy says
 * what is next. */
GR_DEV_APART bool gr_tenants_pull(struct gr_team *team)
{
  struct gr_lead lead = team->lead;
  gr_warp_barrier(); /* all lanes have read it */
  if (lead.staged != 0u) {
    gr_ingress_sort(&lead);
    lead.staged = 0u;
  }
  gr_lead_leave(&lead);
  return gr_sched_pull(team, true) == GR_OK;
}
GR_DEV uint32_t gr_turn_tenants(struct gr_lead *lead)
{
  struct gr_team *team = lead->team;
  gr_lead_leave(lead);
  const bool is_found = gr_tenants_pull(team);
  gr_lead_return(lead, team);
  if (is_found) {
    return gr_task_begin(lead, GR_FROM_QUEUE, &team->own);
  }
  gr_idle_end(lead);
  return GR_TURN_NOTHING;
}

/* There is work in a queue or in the ring, and our idle bit is not set: take some. */
GR_DEV uint32_t gr_turn_work(struct gr_lead *lead, bool is_queued)
{
  if (lead->staged != 0u && gr_is_reserved(lead)) {
    gr_idle_end(lead);
    if (gr_ingress_place(lead) == 0u && gr_is_crowded(lead->dev)) {
      gr_yield(); /* every queue is full: who could empty one may need this core */
    }
    return GR_TURN_NOTHING;
  }
  if (lead->is_managed) {
    return gr_turn_tenants(lead);
  }
  /* Queue and ring take turns, so that neither starves the other. (Not by a number that other turns
   * count, too: what runs in rounds may meet it at the same place for ever.) */
  lead->ring_first = !lead->ring_first;
  if (lead->staged != 0u && lead->ring_first) {
    gr_ingress_advance(lead, 1u);
    return gr_task_begin(lead, GR_FROM_INGRESS, &lead->team->stage[0]);
  }
  if (is_queued && gr_sched_pull(lead->team, false) == GR_OK) {
    return gr_task_begin(lead, GR_FROM_QUEUE, &lead->team->own);
  }
  if (lead->staged != 0u) {
    gr_ingress_advance(lead, 1u);
    return gr_task_begin(lead, GR_FROM_INGRESS, &lead->team->stage[0]);
  }
  gr_idle_end(lead); /* our bit was taken back: before we sleep, all of I8 is to be said anew */
  return GR_TURN_NOTHING;
}

/* The continuation that this team owes becomes its task. */
GR_DEV uint32_t gr_turn_next(struct gr_lead *lead)
{
  struct gr_team *team = lead->team;
  gr_warp_barrier(); /* all lanes have read has_next */
  if (gr_warp_lane() == 0u) {
    team->own = team->next;
    team->has_next = 0u;
  }
  return gr_task_begin(lead, GR_FROM_SELF, &lead->team->own);
}

/* It has run continuations for GR_LOOK_TURNS turns: what waits in the queues goes first, once. */
GR_DEV_APART bool gr_next_place(struct gr_team *team)
{
  const int32_t status = gr_sched_place(team, &team->next);
  if (status == GR_OK && gr_warp_lane() == 0u) {
    team->has_next = 0u;
  }
  gr_warp_barrier();
  gr_task_settle(team); /* it may owe another in its place */
  return status == GR_OK && team->has_next == 0u;
}
GR_DEV uint32_t gr_turn_aside(struct gr_lead *lead)
{
  struct gr_team *team = lead->team;
  gr_lead_leave(lead);
  const bool is_placed = gr_next_place(team);
  gr_lead_return(lead, team);
  if (is_placed && gr_is_spare(lead)) {
    gr_spare_look(lead);
  }
  return is_placed ? (uint32_t)GR_TURN_NOTHING : gr_turn_next(lead);
}

/* What all teams can see, loaded at once so that on a GPU the trips to L2 overlap with the
 * mailbox's. An old value costs one more turn; in the drowsy turn the fence before it sees to it
 * that none is older than the last look for our idle bit (I8). */
struct gr_view {
  uint64_t queued;
  uint32_t run;
  uint32_t managed;
};
GR_DEV struct gr_view gr_view_take(const struct gr_dev *dev)
{
  struct gr_view view;
  view.queued = gr_load_relaxed_gpu_u64(&dev->queued);
  view.run = gr_load_relaxed_gpu_u32(&dev->run);
  view.managed = gr_load_relaxed_gpu_u32(&dev->managed);
  return view;
}

/* Is there a context with work that may be served? */
GR_DEV bool gr_view_has_work(struct gr_lead *lead, const struct gr_view *view)
{
  uint64_t ready = view->queued;
  if (lead->is_managed && ready != 0u && gr_warp_lane() == 0u) {
    ready = gr_context_ready(lead->dev, ready);
  }
  return gr_lead_u64(ready) != 0u;
}

/* One look at everything. */
GR_DEV uint32_t gr_turn(struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  if (gr_warp_lane() == 0u) {
    lead->team->turns++;
  }
  lead->looks++;
  if (lead->team->has_next != 0u && lead->looks < GR_LOOK_TURNS) {
    return gr_turn_next(lead);
  }
  const struct gr_view view = gr_view_take(dev);
  lead->is_managed = gr_warp_ballot(view.managed != 0u) != 0u;
  if (lead->announced && gr_mailbox_poll(lead)) {
    return gr_turn_message(lead);
  }
  if (gr_warp_ballot(view.run != GR_RUN_GO) != 0u) {
    return GR_TURN_LEAVE;
  }
  if (!lead->on_duty && dev->reserved_ingress == 0u && gr_duty_try_take(lead) && lead->drowsy) {
    gr_idle_end(lead); /* "asleep" was said without the duty: the host would not look for us here */
  }
  if (lead->on_duty && (lead->looks >= GR_LOOK_TURNS || lead->drowsy)) {
    if (lead->is_managed) {
      gr_credit_publish(dev);
    }
    if (gr_control_step(lead)) {
      return GR_TURN_LEAVE; /* `view` is older than this */
    }
  }
  if (lead->looks >= GR_LOOK_TURNS && !lead->is_idle) {
    lead->looks = 0u;
    gr_look_about(lead);
    if (gr_is_spare(lead) && lead->team->has_next == 0u) {
      gr_spare_look(lead);
    }
  }
  if (lead->team->has_next != 0u) {
    return gr_turn_aside(lead);
  }
  const bool is_in = lead->on_duty && gr_ingress_peek(lead) != 0u;
  const bool is_queued = !gr_is_reserved(lead) && gr_view_has_work(lead, &view);
  if (!is_in && !is_queued) {
    const uint32_t verdict = gr_idle(lead);
    return verdict == GR_TURN_MESSAGE ? gr_turn_message(lead) : verdict;
  }
  if (lead->announced && !gr_retract(lead)) {
    return gr_turn_message(lead);
  }
  return gr_turn_work(lead, is_queued);
}

/* team->task has come: whether it is to be run. */
GR_DEV uint32_t gr_task_admit(struct gr_lead *lead)
{
  struct gr_team *team = lead->team;
  const struct gr_task *task = team->task;
  const bool is_cancelled = team->source != GR_FROM_MAILBOX && gr_task_is_cancelled(lead);
  if (!is_cancelled && !lead->is_managed && task->op < lead->dev->ops && task->tiles <= 1u &&
      task->flags <= GR_FLAG_DONE_MASK && team->trace == NULL) {
    return GR_TURN_RUN;
  }
  gr_lead_leave(lead);
  const uint32_t verdict = gr_task_unfold(team);
  gr_lead_return(lead, team);
  return verdict;
}

/* Decides what the team does next; spins while there is nothing. */
GR_DEV void gr_decide(struct gr_lead *lead)
{
  if (lead->team->part == GR_PART_GOES_ON) { /* the next batch of the same part */
    if (gr_warp_lane() == 0u) {
      lead->team->sequence++;
    }
    gr_phase_set(lead->team, GR_PHASE_RUNNING); /* the watchdog's limit is for one batch */
    return;
  }
  uint32_t verdict;
  do {
    verdict = gr_turn(lead);
    if (verdict == GR_TURN_RUN) {
      verdict = gr_task_admit(lead);
    }
  } while (verdict == GR_TURN_NOTHING);
  if (gr_warp_lane() == 0u) {
    lead->team->verdict = verdict;
  }
}

/* Takes up the counts of earlier launches, and reports in. */
GR_DEV void gr_boot(struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  struct gr_team *team = lead->team;
  struct gr_team_record *record = &dev->team[team->id];
  if (dev->abi != GR_ABI_VERSION) {
    gr_fault(team, GR_FAULT_ABI, ((uint32_t)GR_FILE_MICROKERNEL << 16) | __LINE__, dev->abi);
  }
  if (gr_is_reserved(lead)) {
    gr_duty_try_take(lead);
    gr_assert_file(team, GR_FILE_MICROKERNEL, lead->on_duty, team->id);
  }
  gr_phase_set(lead->team, GR_PHASE_LOOKING);
  gr_spare_count(lead, 1u);
  if (gr_warp_lane() == 0u) {
    team->task = &team->own;
    team->completed = gr_load_own_u64(&record->completed);
    team->submitted = gr_load_own_u64(&record->submitted);
    team->failed = gr_load_own_u64(&record->failed);
    team->cancelled = gr_load_own_u64(&record->cancelled);
    team->from_mailbox = gr_load_own_u64(&record->from_mailbox);
    team->from_queue = gr_load_own_u64(&record->from_queue);
    team->from_ingress = gr_load_own_u64(&record->from_ingress);
    team->sleeps = gr_load_own_u64(&record->sleeps);
    team->turns = gr_load_own_u64(&record->turns);
    team->traced = gr_load_own_u64(&record->traced);
    gr_trace_look_on(team);
    gr_store_relaxed_gpu_u64(&record->incarnation, team->incarnation);
    const uint32_t booted = gr_add_relaxed_gpu_u32(&dev->booted, 1u) + 1u;
    if (booted % dev->teams == 0u) { /* the last of this launch */
      gr_store_relaxed_sys_u32(&dev->boundary->ready, team->incarnation);
    }
  }
}

GR_DEV void gr_depart(struct gr_lead *lead)
{
  gr_spare_count(lead, 0xffffffffu);
  if (lead->on_duty) {
    gr_duty_give(lead);
  }
  if (gr_warp_lane() == 0u) {
    gr_heap_leave(lead->team);
  }
  gr_phase_set(lead->team, GR_PHASE_AWAY);
  gr_record_publish(lead);
}

/* The whole team. `team` is zeroed but for dev, id and incarnation. */
GR_DEV void gr_microkernel_main(struct gr_team *team, gr_dispatch dispatch)
{
  const bool is_leading = gr_lane() < gr_warp_lanes();
  struct gr_lead lead = {0};
  lead.team = team;
  lead.dev = team->dev;
  if (is_leading) {
    gr_boot(&lead);
  }
  for (;;) {
    if (is_leading) {
      gr_decide(&lead);
    }
    gr_team_barrier();
    if (team->verdict == GR_TURN_LEAVE) {
      break;
    }
    const int32_t result = dispatch(team);
    if (gr_lane() == 0u) {
      team->result = result;
    }
    gr_team_barrier();
    if (is_leading) {
      gr_turn_end(&lead);
    }
  }
  if (is_leading) {
    gr_depart(&lead);
  }
}
