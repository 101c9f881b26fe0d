/* account.h - what a task costs its tenant: counted when it begins and when it ends.
 *
 *   gr_account_begin   every task, also one that is refused: its credit goes back (T1), the clock
 *   gr_account_end     its time is charged, its place in the quota is free (T3)
 *
 * A continuation that a team runs at once is a task of its own; of a part of a tiled task every
 * batch is charged. Only while the policy has something to decide (dev->managed) are they called,
 * the first also for a task that carries credit from then.
 *
 * The host's credit comes back by way of the team on duty, which alone writes to the host: it tells
 * what has left at every look, before it falls asleep, and when it gives the duty up. A host that
 * finds no credit wakes it (host/submit.c), so what left after its last look is told, too.
 *
 * Called by the leading warp, converged.
 *
 * Next: ingress.h. */
#pragma once

#include "device/sched.h"

GR_DEV void gr_account_begin(struct gr_team *team)
{
  if (gr_warp_lane() != 0u) {
    return;
  }
  if ((team->task->flags & GR_FLAG_CREDIT) != 0u) {
    gr_add_relaxed_gpu_u32(&team->dev->context[team->task->context].left, 1u);
  }
  if (team->lead.is_managed && team->source != GR_FROM_QUEUE) {
    team->began_ns = gr_clock_ns(); /* from a queue: the pull has looked at the clock */
  }
}

/* One lane. The op of team->task has run. */
GR_DEV void gr_account_charge(struct gr_team *team)
{
  const uint32_t context = team->task->context;
  const uint64_t now_ns = gr_clock_ns();
  struct gr_served served;
  served.task = team->task;
  served.ns = now_ns > team->began_ns ? now_ns - team->began_ns : 1u;
  team->began_ns = now_ns;
  gr_add_relaxed_gpu_u64(&team->dev->context[context].served,
                         team->part == GR_PART_GOES_ON ? 0u : 1u);
  gr_add_relaxed_gpu_u64(&team->dev->context[context].served_ns, served.ns);
  gr_policy_charge(team, &served);
  if (context == team->slice_context) {
    team->slice_left_ns = team->slice_left_ns > served.ns ? team->slice_left_ns - served.ns : 0u;
  }
}

/* team->task has ended, or a batch of it; `is_served`: its op has run. If its context's quota has
 * room by that, who slept beside the context's queue is to look. */
GR_DEV void gr_account_end(struct gr_team *team, bool is_served)
{
  uint32_t rouses = 0u;
  if (gr_warp_lane() == 0u) {
    if (is_served) {
      gr_account_charge(team);
    }
    if (team->holds_quota != 0u && team->part != GR_PART_GOES_ON) {
      team->holds_quota = 0u;
      gr_quota_give(team->dev, team->context);
      gr_fence_waker(); /* who sleeps beside a queue that is seen empty here has seen the room */
      rouses = (uint32_t)(gr_load_relaxed_gpu_u64(&team->dev->queued) >> team->context) & 1u;
    }
  }
  if (gr_lead_u32(rouses) != 0u) {
    gr_sched_rouse(team, 1u);
  }
}

/* On duty. Tells the host what has left. */
GR_DEV_APART void gr_credit_publish(struct gr_dev *dev)
{
  if (gr_warp_lane() != 0u) {
    return;
  }
  uint64_t open = gr_load_relaxed_gpu_u64(&dev->open);
  for (; open != 0u; open &= open - 1u) {
    const uint32_t index = gr_bits_lowest_u64(open);
    struct gr_context *context = &dev->context[index];
    const uint32_t left = gr_load_relaxed_gpu_u32(&context->left);
    if (left != gr_load_relaxed_gpu_u32(&context->told)) {
      gr_store_relaxed_gpu_u32(&context->told, left);
      gr_store_relaxed_sys_u32(&dev->boundary->left[index], left);
    }
  }
}
