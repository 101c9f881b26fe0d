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

#include "device/ingress.h"

GR_DEV void gr_phase_set(struct gr_lead *lead, uint32_t phase)
{
  if (gr_warp_lane() == 0u) {
    gr_store_relaxed_gpu_u64(&lead->dev->team[lead->team->id].now,
                             GR_NOW_WORD(lead->sequence, lead->op, lead->context, phase));
  }
}

/* Brings the team's record up to date: on going idle, and every GR_LOOK_TURNS. */
GR_DEV void gr_record_publish(struct gr_lead *lead)
{
  struct gr_team_record *record = &lead->dev->team[lead->team->id];
  if (gr_warp_lane() == 0u) {
    gr_store_relaxed_gpu_u64(&record->turns, lead->turns);
    gr_store_relaxed_gpu_u64(&record->failed, lead->team->failed);
    gr_store_relaxed_gpu_u64(&record->cancelled, lead->team->cancelled);
    gr_store_relaxed_gpu_u64(&record->from_mailbox, lead->team->from_mailbox);
    gr_store_relaxed_gpu_u64(&record->from_queue, lead->team->from_queue);
    gr_store_relaxed_gpu_u64(&record->from_ingress, lead->team->from_ingress);
    gr_store_relaxed_gpu_u64(&record->sleeps, lead->sleeps);
    gr_store_release_gpu_u64(&record->completed, lead->team->completed);
  }
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
    if (lead->dev->crowded != 0u) {
      gr_yield(); /* the claimer may be waiting for this core */
    }
  }
  return false;
}

/* Wide awake again: something was found. */
GR_DEV void gr_idle_end(struct gr_lead *lead)
{
  lead->idle_since_ns = 0u;
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
  if (leave) {
    if (gr_warp_lane() == 0u) {
      gr_store_relaxed_sys_u32(&dev->boundary->resting, lead->team->incarnation);
      gr_fence_seqcst_sys();
    }
    lead->control_next_ns = 0u;
    gr_control_step(lead);
    leave =
        gr_ingress_peek(lead) == 0u && gr_lead_u32(gr_load_relaxed_gpu_u32(&dev->run)) == GR_RUN_GO;
    if (!leave && gr_warp_lane() == 0u) {
      gr_store_relaxed_sys_u32(&dev->boundary->resting, 0u);
    }
  }
  gr_rest_post(lead->team, leave ? (uint32_t)GR_MSG_EXIT : (uint32_t)GR_MSG_WAKE);
  lead->idle_since_ns = 0u;
  return leave ? GR_TURN_LEAVE : GR_TURN_NOTHING;
}

/* The last look with "asleep" set found nothing. */
GR_DEV void gr_idle_sleep(struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  uint64_t limit_ns = GR_SLEEP_NS_MAX;
  if (lead->on_duty && dev->idle_exit_ns != 0u && dev->idle_exit_ns < limit_ns) {
    limit_ns = dev->idle_exit_ns;
  }
  gr_phase_set(lead, GR_PHASE_ASLEEP);
  if (gr_warp_lane() == 0u) {
    gr_sleep(&dev->mailbox[lead->team->id].asleep, limit_ns);
  }
  lead->drowsy = false;
  lead->sleeps++;
  lead->looks = GR_LOOK_TURNS; /* the next turn looks at control and the clock */
  gr_phase_set(lead, GR_PHASE_IDLE);
}

/* One idle turn: nothing was found. */
GR_DEV uint32_t gr_idle(struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  if (dev->teams > 1u && !lead->announced &&
      !(dev->reserved_ingress != 0u && lead->team->id == 0u)) {
    gr_announce(lead); /* and look again before waiting: the next turn does */
    return GR_TURN_NOTHING;
  }
  if (lead->idle_since_ns == 0u) {
    lead->idle_since_ns = gr_lead_u64(gr_clock_ns());
    if (lead->on_duty) {
      gr_ingress_publish(lead);
    }
    gr_phase_set(lead, GR_PHASE_IDLE);
    gr_record_publish(lead);
    return GR_TURN_NOTHING;
  }
  if (lead->drowsy) {
    gr_idle_sleep(lead);
    return GR_TURN_NOTHING;
  }
  if (dev->crowded != 0u) {
    gr_yield();
  }
  if (lead->looks < GR_LOOK_TURNS) {
    return GR_TURN_NOTHING;
  }
  lead->looks = 0u;
  gr_record_publish(lead);
  const uint64_t idle_ns = gr_lead_u64(gr_clock_ns()) - lead->idle_since_ns;
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
