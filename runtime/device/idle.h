/* idle.h - announce, look again, then wait; and leave when there has long been nothing.
 *
 * An idle team sets its bit (I5), and from then on looks at its mailbox as well as at everything it
 * looked at before. How it waits is the idle mode:
 *
 *   latency   looks without pause
 *   balanced  looks for spin_ns, then sleeps until woken      (cpu: futex; cuda: short naps)
 *   quiet     the same, spin_ns much shorter
 *
 * While it is awake it will see what comes, sooner or later. It falls asleep only after it has said
 * so ("asleep", beside its bit), passed a fence (port.h, sleeper and waker) and looked at
 * everything once more (drowsy): so no task and sleeping team miss each other (I8).
 *
 * Resting: after idle_exit_ns without work the team on duty, seeing all others idle, claims them
 * all, tells the host, looks at the rings once more, and sends everybody home. The host's next
 * submit launches the microkernel again. All state is in struct gr_dev, so nothing is lost.
 *
 * Called by the leading warp, converged.
 *
 * Next: microkernel.h. */
#pragma once

#include "device/alloc_wait.h"
#include "device/channel_wait.h"
#include "device/spare.h"
#include "device/trace.h"

GR_DEV void gr_phase_set(const struct gr_team *team, uint32_t phase)
{
  if (gr_warp_lane() == 0u) {
    gr_store_relaxed_gpu_u64(&team->dev->team[team->id].now,
                             GR_NOW_WORD(team->sequence, team->op, team->context, phase));
  }
}

/* Brings the team's record up to date: on going idle, and every GR_LOOK_TURNS. */
GR_DEV_APART void gr_record_write(struct gr_team *team)
{
  struct gr_team_record *record = &team->dev->team[team->id];
  if (gr_warp_lane() == 0u) {
    gr_store_relaxed_gpu_u64(&record->turns, team->turns);
    gr_store_relaxed_gpu_u64(&record->failed, team->failed);
    gr_store_relaxed_gpu_u64(&record->cancelled, team->cancelled);
    gr_store_relaxed_gpu_u64(&record->from_mailbox, team->from_mailbox);
    gr_store_relaxed_gpu_u64(&record->from_queue, team->from_queue);
    gr_store_relaxed_gpu_u64(&record->from_ingress, team->from_ingress);
    gr_store_relaxed_gpu_u64(&record->sleeps, team->sleeps);
    gr_store_release_gpu_u64(&record->completed, team->completed);
    gr_trace_tick(team);
  }
}
GR_DEV void gr_record_publish(struct gr_lead *lead)
{
  gr_lead_leave(lead);
  gr_record_write(lead->team);
  gr_lead_return(lead, lead->team);
}

/* What is parked may have waited for long enough. */
GR_DEV void gr_deadline_look(struct gr_team *team)
{
  uint64_t due_ns = GR_NO_DEADLINE;
  if (gr_warp_lane() == 0u) {
    due_ns = gr_deadline_take(team->dev);
  }
  due_ns = gr_lead_u64(due_ns);
  if (due_ns != GR_NO_DEADLINE) {
    gr_channels_sift(team, due_ns == 0u);
    gr_memory_wake(team);
  }
}

/* Between tasks, every GR_LOOK_TURNS: what is seldom to be seen to. */
GR_DEV_APART void gr_look_about_team(struct gr_team *team)
{
  gr_record_write(team);
  gr_deadline_look(team);
  if (gr_warp_lane() == 0u && gr_heap_is_asked(team)) {
    gr_heap_leave(team);
  }
}
GR_DEV void gr_look_about(struct gr_lead *lead)
{
  gr_lead_leave(lead);
  gr_look_about_team(lead->team);
  gr_lead_return(lead, lead->team);
}

GR_DEV void gr_announce(struct gr_lead *lead)
{
  if (gr_warp_lane() == 0u) {
    gr_or_release_gpu_u64(&lead->dev->idle[lead->team->id / 64u], 1ull << lead->team->id % 64u);
  }
  lead->announced = true;
}

/* Looks into the mailbox once. True: its message is in team->own, and the mailbox is empty again.
 */
GR_DEV bool gr_mailbox_poll(struct gr_lead *lead)
{
  struct gr_line *line = &lead->dev->mailbox[lead->team->id].line;
  if (!gr_line_try_read(line, GR_MAILBOX_FULL, &lead->team->own)) {
    return false;
  }
  gr_line_clear(line, GR_MAILBOX_EMPTY); /* I6: ordered before our bit is set again, by that RMW */
  lead->announced = false;
  return true;
}

/* Takes our bit back. False: somebody claimed us first, and its message is now in team->own. */
GR_DEV bool gr_retract(struct gr_lead *lead)
{
  const uint64_t bit = 1ull << lead->team->id % 64u;
  uint64_t before = 0u;
  if (gr_warp_lane() == 0u) {
    before = gr_and_relaxed_gpu_u64(&lead->dev->idle[lead->team->id / 64u], ~bit);
  }
  if ((gr_lead_u64(before) & bit) != 0u) {
    lead->announced = false;
    return true;
  }
  const uint64_t deadline_ns = gr_lead_u64(gr_clock_ns()) + GR_CLAIM_NS_MAX;
  while (!gr_mailbox_poll(lead)) {
    const bool is_over = gr_lead_u64(gr_clock_ns()) > deadline_ns;
    gr_assert_file(lead->team, GR_FILE_SCHED, !is_over, lead->team->id); /* it never wrote (I5) */
    if (gr_is_crowded(lead->dev)) {
      gr_yield(); /* the claimer may be waiting for this core */
    }
  }
  return false;
}

/* Wide awake again: something was found. */
GR_DEV void gr_idle_end(struct gr_lead *lead)
{
  lead->is_idle = false;
  if (lead->drowsy) {
    lead->drowsy = false;
    if (gr_warp_lane() == 0u) {
      gr_store_relaxed_gpu_u32(&lead->dev->mailbox[lead->team->id].asleep, 0u);
    }
  }
}

/* On duty, idle for idle_exit_ns: does every other team seem idle, too? A hint. */
GR_DEV bool gr_rest_is_quiet(const struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  uint32_t idle = 0u;
  for (uint32_t word = 0u; word < (dev->teams + 63u) / 64u; word++) {
    idle += gr_bits_count_u64(gr_load_relaxed_gpu_u64(&dev->idle[word]));
  }
  idle += lead->announced ? 0u : 1u;
  return gr_lead_u32(idle) == dev->teams;
}

/* Sends the claimed teams (bits in team->slot) a message. */
GR_DEV void gr_rest_post(struct gr_team *team, uint32_t message)
{
  for (uint32_t word = 0u; word < (team->dev->teams + 63u) / 64u; word++) {
    const struct gr_claim claim = {team->slot[word], word, 0u};
    gr_mailbox_post_message(team, claim, message);
  }
}
static_assert(GR_TEAM_WORDS <= GR_WARPS_MAX, "gr_rest keeps the claimed bits in team->slot");

/* Tries to send the microkernel home. All other teams are claimed first: with them waiting for our
 * message and nothing queued (looked at only now: a team may have queued a task just before it went
 * idle), no task exists and none can appear but through the rings. Then `resting` is published, and
 * after a fence the rings are looked at once more; the host, after writing a slot and a fence,
 * looks at `resting`: one of the two sees the other. */
GR_DEV uint32_t gr_rest(struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  if (!gr_rest_is_quiet(lead)) {
    return GR_TURN_NOTHING;
  }
  if (lead->announced && !gr_retract(lead)) {
    return GR_TURN_MESSAGE;
  }
  uint32_t claimed = 1u; /* ourselves */
  for (uint32_t word = 0u; word < (dev->teams + 63u) / 64u; word++) {
    uint64_t mine = 0u;
    if (gr_warp_lane() == 0u) {
      mine = gr_and_acquire_gpu_u64(&dev->idle[word], 0u);
    }
    mine = gr_lead_u64(mine);
    if (gr_warp_lane() == 0u) {
      lead->team->slot[word] = mine;
    }
    claimed += gr_bits_count_u64(mine);
  }
  gr_warp_barrier();
  gr_ingress_publish(lead);
  bool leave =
      claimed == dev->teams && gr_lead_u64(gr_load_relaxed_gpu_u64(&dev->queued)) == 0u;
  leave = leave && gr_lead_u64(gr_load_relaxed_gpu_u64(&dev->deadline_ns)) == GR_NO_DEADLINE;
  leave = leave && !gr_launched_is_out(dev); /* K4 */
  if (leave) {
    if (gr_warp_lane() == 0u) {
      gr_store_relaxed_sys_u32(&dev->boundary->resting, lead->team->incarnation);
      gr_fence_seqcst_sys();
    }
    gr_control_soon(lead->team);
    gr_control_step(lead);
    leave =
        gr_ingress_peek(lead) == 0u && gr_lead_u32(gr_load_relaxed_gpu_u32(&dev->run)) == GR_RUN_GO;
    if (!leave && gr_warp_lane() == 0u) {
      gr_store_relaxed_sys_u32(&dev->boundary->resting, 0u);
    }
  }
  gr_rest_post(lead->team, leave ? (uint32_t)GR_MSG_EXIT : (uint32_t)GR_MSG_WAKE);
  lead->is_idle = false;
  return leave ? GR_TURN_LEAVE : GR_TURN_NOTHING;
}

/* The last look with "asleep" set found nothing. */
GR_DEV_APART void gr_idle_wait(struct gr_team *team)
{
  struct gr_dev *dev = team->dev;
  uint64_t limit_ns = GR_SLEEP_NS_MAX;
  if (team->lead.on_duty && dev->idle_exit_ns != 0u && dev->idle_exit_ns < limit_ns) {
    limit_ns = dev->idle_exit_ns;
  }
  if (team->id >= dev->at_once) {
    limit_ns = GR_SPARE_NAP_NS_MAX; /* on duty, and nobody counts on it for more */
  }
  gr_phase_set(team, GR_PHASE_ASLEEP);
  if (gr_warp_lane() == 0u) {
    limit_ns = gr_deadline_limit(dev, limit_ns);
    gr_heap_leave(team); /* who sleeps keeps no memory from others */
    gr_trace_sleep(team, GR_TRACE_WAIT);
    gr_sleep(&dev->mailbox[team->id].asleep, limit_ns);
    team->sleeps++;
    gr_trace_sleep(team, GR_TRACE_END);
  }
  gr_phase_set(team, GR_PHASE_IDLE);
}
GR_DEV void gr_idle_sleep(struct gr_lead *lead)
{
  gr_lead_leave(lead);
  gr_idle_wait(lead->team);
  gr_lead_return(lead, lead->team);
  lead->drowsy = false;
  lead->looks = GR_LOOK_TURNS; /* the next turn looks at control and the clock */
}

/* One idle turn: nothing was found. */
GR_DEV uint32_t gr_idle(struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  if (lead->on_duty && gr_launched_is_due(dev)) { /* while drowsy: the last look (K3) */
    gr_launched_collect(lead->team);
    if (gr_is_crowded(dev)) {
      gr_yield(); /* what found no room waits for who needs this core */
    }
    return GR_TURN_NOTHING;
  }
  if (dev->teams > 1u && !lead->announced &&
      !(dev->reserved_ingress != 0u && lead->team->id == 0u)) {
    gr_announce(lead); /* and look again before waiting: the next turn does */
    return GR_TURN_NOTHING;
  }
  if (!lead->is_idle) {
    lead->is_idle = true;
    if (gr_warp_lane() == 0u) {
      lead->team->idle_since_ns = gr_clock_ns();
    }
    if (lead->on_duty) {
      gr_ingress_publish(lead);
    }
    gr_phase_set(lead->team, GR_PHASE_IDLE);
    gr_record_publish(lead);
    return GR_TURN_NOTHING;
  }
  if (lead->drowsy) {
    gr_idle_sleep(lead);
    return GR_TURN_NOTHING;
  }
  if (gr_is_spare(lead) && gr_spare_idle(lead)) {
    return GR_TURN_NOTHING;
  }
  if (gr_is_crowded(dev)) {
    gr_yield();
  }
  if (lead->looks < GR_LOOK_TURNS) {
    return GR_TURN_NOTHING;
  }
  lead->looks = 0u;
  gr_look_about(lead);
  const uint64_t idle_ns = gr_lead_u64(gr_clock_ns() - lead->team->idle_since_ns);
  if (lead->on_duty && dev->idle_exit_ns != 0u && idle_ns >= dev->idle_exit_ns) {
    return gr_rest(lead);
  }
  if (dev->idle_mode != GR_IDLE_LATENCY && idle_ns >= dev->spin_ns) {
    lead->drowsy = true;
    if (gr_warp_lane() == 0u) {
      gr_store_relaxed_gpu_u32(&dev->mailbox[lead->team->id].asleep, 1u);
      gr_fence_sleeper();
    }
  }
  return GR_TURN_NOTHING;
}
