/* policy.h - which tenant is served next: the interface, and the choice among policies.
 *
 * A policy is a file policy_NAME.h with two functions, both called by one lane:
 *
 *   uint32_t gr_policy_NAME_pick(struct gr_team *team, uint64_t eligible, uint64_t now_ns)
 *     the context to be served, one of `eligible`, which is not 0
 *   void gr_policy_NAME_charge(struct gr_team *team, const struct gr_served *served)
 *     a task has ended, whether it came from a queue, a mailbox, the ring or this team
 *
 * Teams call them at the same time: what a policy keeps in shared memory is atomic (fields of
 * struct gr_context and gr_dev, relaxed), what it keeps for a team is in struct gr_team. It may
 * look at the head of a queue (gr_head_of), it must not wait. What it names without work is counted
 * in gr_dev.mispicks, and round-robin answers in its place.
 *
 * Which policy there is, is in dev->policy: from grosr_options, or grosr_policy_set at any time.
 *
 * Next: policy_round_robin.h, policy_fifo.h, policy_weighted.h, policy_learning.h, sched.h. */
#pragma once

#include "device/context.h"

struct gr_served {
  const struct gr_task *task;
  uint64_t ns; /* that its op took */
};

#include "device/policy_fifo.h"
#include "device/policy_learning.h"
#include "device/policy_round_robin.h"
#include "device/policy_weighted.h"

/* What a policy has named, if it has work; else it is counted, and round-robin answers. */
GR_DEV uint32_t gr_policy_named(struct gr_team *team, uint32_t context, uint64_t eligible)
{
  if (context >= GR_CONTEXTS_MAX || (eligible >> context & 1u) == 0u) {
    gr_add_relaxed_gpu_u64(&team->dev->mispicks, 1u);
    context = gr_policy_round_robin_pick(team, eligible, 0u);
  }
  return context;
}

GR_DEV uint32_t gr_policy_pick(struct gr_team *team, uint64_t eligible, uint64_t now_ns)
{
  uint32_t context = GR_CONTEXTS_MAX;
  switch (gr_load_relaxed_gpu_u32(&team->dev->policy)) {
#define GR_POLICY_PICK(name)                                                                       \
  case GR_POLICY_##name:                                                                           \
    context = gr_policy_##name##_pick(team, eligible, now_ns);                                     \
    break;
    GR_POLICIES(GR_POLICY_PICK)
#undef GR_POLICY_PICK
  default:
    break;
  }
  return gr_policy_named(team, context, eligible);
}

GR_DEV void gr_policy_charge(struct gr_team *team, const struct gr_served *served)
{
  switch (gr_load_relaxed_gpu_u32(&team->dev->policy)) {
#define GR_POLICY_CHARGE(name)                                                                     \
  case GR_POLICY_##name:                                                                           \
    gr_policy_##name##_charge(team, served);                                                       \
    break;
    GR_POLICIES(GR_POLICY_CHARGE)
#undef GR_POLICY_CHARGE
  default:
    break;
  }
}
