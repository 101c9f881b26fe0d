/* microkernel.h - the loop that every resident team runs until it is told to leave.
 *
 *   boot -> [ turn: decide ] -> run the op -> end the task -> [ turn ] ... -> leave
 *
 * The leading warp decides alone (a turn), spinning while there is nothing; a team barrier hands
 * the decision to all lanes, they run the op together, and another barrier hands the team back. So
 * other warps cost nothing while a team is idle, and a task costs two barriers (none on the CPU).
 *
 * A turn looks, in this order, for: a continuation this team owes; stop; its mailbox, if announced;
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
#include "device/submit.h"

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
  }
  gr_warp_barrier();
  lead->source = source;
  lead->op = task->op;
  lead->context = task->context;
  lead->sequence++;
  if (lead->idle_since_ns != 0u) {
    gr_idle_end(lead);
  }
  if (lead->on_duty && lead->dev->teams > 1u) {
    gr_duty_pass(lead);
  }
  if (gr_warp_lane() == 0u) {
    gr_store_relaxed_gpu_u64(&lead->dev->team[lead->team->id].done,
                             ((uint64_t)task->generation << 32) | task->done);
  }
  gr_phase_set(lead, GR_PHASE_RUNNING);
  return GR_TURN_RUN;
}

/* Gives team->task its one completion, with team->result, on every path. */
GR_DEV void gr_task_end(struct gr_team *team, uint32_t source)
{
  if (gr_warp_lane() == 0u) {
    const struct gr_task *task = team->task;
    const int32_t result = team->result;
    const uint32_t kind = task->flags & GR_FLAG_DONE_MASK;
    if (team->fork != 0u) { /* the fork's continuation answers in our stead */
      const uint32_t join = team->fork - 1u;
      team->fork = 0u;
      gr_join_finish(team, join, result);
    } else if (kind == GR_DONE_HOST) {
      gr_completion_write(team->dev, task, result);
    } else if (kind == GR_DONE_JOIN) {
      gr_join_finish(team, task->done, result);
    }
    team->completed++;
    team->failed += result < 0 ? 1u : 0u;
    team->from_mailbox += source == GR_FROM_MAILBOX ? 1u : 0u;
    team->from_queue += source == GR_FROM_QUEUE ? 1u : 0u;
    team->from_ingress += source == GR_FROM_INGRESS ? 1u : 0u;
  }
  gr_warp_barrier();
}

/* Ends team->task without running it. */
GR_DEV void gr_task_refuse(struct gr_lead *lead, int32_t result)
{
  if (gr_warp_lane() == 0u) {
    lead->team->result = result;
    lead->team->cancelled += result == GR_E_CANCELED ? 1u : 0u;
  }
  gr_task_end(lead->team, lead->source);
}

/* Whether the host has asked that team->task not start. */
GR_DEV bool gr_task_is_cancelled(const struct gr_lead *lead)
{
  const struct gr_task *task = lead->team->task;
  uint32_t asked = 0u;
  if (gr_warp_lane() == 0u && gr_load_relaxed_gpu_u32(&lead->dev->cancel_live) != 0u &&
      (task->flags & GR_FLAG_DONE_MASK) == GR_DONE_HOST) {
    asked = gr_load_relaxed_gpu_u32(&lead->dev->cancel[task->done]) == task->generation;
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

/* There is work in a queue or in the ring, and our idle bit is not set: take some. */
GR_DEV uint32_t gr_turn_work(struct gr_lead *lead)
{
  if (lead->staged != 0u && gr_is_reserved(lead)) {
    gr_idle_end(lead);
    if (gr_ingress_place(lead) == 0u && lead->dev->crowded != 0u) {
      gr_yield(); /* every queue is full: who could empty one may need this core */
    }
    return GR_TURN_NOTHING;
  }
  if (lead->staged != 0u && gr_lead_u32(gr_load_relaxed_gpu_u32(&lead->dev->contexts_open)) > 1u) {
    gr_ingress_sort(lead);
  }
  /* Queue and ring take turns, so that neither starves the other. */
  if (lead->staged != 0u && (lead->sequence & 1u) == 0u) {
    gr_ingress_advance(lead, 1u);
    return gr_task_begin(lead, GR_FROM_INGRESS, &lead->team->stage[0]);
  }
  if (gr_sched_pull(lead) == GR_OK) {
    return gr_task_begin(lead, GR_FROM_QUEUE, &lead->team->own);
  }
  if (lead->staged != 0u) {
    gr_ingress_advance(lead, 1u);
    return gr_task_begin(lead, GR_FROM_INGRESS, &lead->team->stage[0]);
  }
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

/* What all teams can see, loaded at once so that on a GPU the trips to L2 overlap with the
 * mailbox's. An old value costs one more turn; in the drowsy turn the fence before it sees to it
 * that none is older than the last look for our idle bit (I8). */
struct gr_view {
  uint64_t queued;
  uint32_t run;
};
GR_DEV struct gr_view gr_view_take(const struct gr_dev *dev)
{
  struct gr_view view;
  view.queued = gr_load_relaxed_gpu_u64(&dev->queued);
  view.run = gr_load_relaxed_gpu_u32(&dev->run);
  return view;
}

/* One look at everything. */
GR_DEV uint32_t gr_turn(struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  lead->turns++;
  lead->looks++;
  if (lead->team->has_next != 0u) {
    return gr_turn_next(lead);
  }
  const struct gr_view view = gr_view_take(dev);
  if (lead->announced && gr_mailbox_poll(lead)) {
    return gr_turn_message(lead);
  }
  if (gr_warp_ballot(view.run != GR_RUN_GO) != 0u) {
    return GR_TURN_LEAVE;
  }
  if (!lead->on_duty && dev->reserved_ingress == 0u && gr_duty_try_take(lead) && lead->drowsy) {
    gr_idle_end(lead); /* "asleep" was said without the duty: the host would not look for us here */
  }
  if (lead->on_duty && (lead->looks >= GR_LOOK_TURNS || lead->drowsy) && gr_control_step(lead)) {
    return GR_TURN_LEAVE; /* `view` is older than this */
  }
  if (lead->looks >= GR_LOOK_TURNS && lead->idle_since_ns == 0u) {
    lead->looks = 0u;
    gr_record_publish(lead);
  }
  const bool is_in = lead->on_duty && gr_ingress_peek(lead) != 0u;
  const bool is_queued = !gr_is_reserved(lead) && gr_lead_u64(view.queued) != 0u;
  if (!is_in && !is_queued) {
    const uint32_t verdict = gr_idle(lead);
    return verdict == GR_TURN_MESSAGE ? gr_turn_message(lead) : verdict;
  }
  if (lead->announced && !gr_retract(lead)) {
    return gr_turn_message(lead);
  }
  return gr_turn_work(lead);
}

/* Decides what the team does next; spins while there is nothing. */
GR_DEV void gr_decide(struct gr_lead *lead)
{
  uint32_t verdict;
  do {
    verdict = gr_turn(lead);
    if (verdict != GR_TURN_RUN) {
      continue;
    }
    if (lead->team->task->op >= lead->dev->ops) {
      gr_task_refuse(lead, GR_E_NOENT);
      verdict = GR_TURN_NOTHING;
    } else if (lead->source != GR_FROM_MAILBOX && gr_task_is_cancelled(lead)) {
      gr_task_refuse(lead, GR_E_CANCELED);
      verdict = GR_TURN_NOTHING;
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
  lead->sleeps = gr_load_own_u64(&record->sleeps);
  lead->turns = gr_load_own_u64(&record->turns);
  if (gr_is_reserved(lead)) {
    gr_duty_try_take(lead);
    gr_assert_file(team, GR_FILE_MICROKERNEL, lead->on_duty, team->id);
  }
  gr_phase_set(lead, GR_PHASE_LOOKING);
  if (gr_warp_lane() == 0u) {
    team->task = &team->own;
    team->completed = gr_load_own_u64(&record->completed);
    team->submitted = gr_load_own_u64(&record->submitted);
    team->failed = gr_load_own_u64(&record->failed);
    team->cancelled = gr_load_own_u64(&record->cancelled);
    team->from_mailbox = gr_load_own_u64(&record->from_mailbox);
    team->from_queue = gr_load_own_u64(&record->from_queue);
    team->from_ingress = gr_load_own_u64(&record->from_ingress);
    gr_store_relaxed_gpu_u64(&record->incarnation, team->incarnation);
    const uint32_t booted = gr_add_relaxed_gpu_u32(&dev->booted, 1u) + 1u;
    if (booted % dev->teams == 0u) { /* the last of this launch */
      gr_store_relaxed_sys_u32(&dev->boundary->ready, team->incarnation);
    }
  }
}

GR_DEV void gr_depart(struct gr_lead *lead)
{
  if (lead->on_duty) {
    gr_duty_give(lead);
  }
  gr_phase_set(lead, GR_PHASE_AWAY);
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
      gr_task_end(team, lead.source);
    }
  }
  if (is_leading) {
    gr_depart(&lead);
  }
}
