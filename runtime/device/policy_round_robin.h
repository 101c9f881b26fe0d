/* policy_round_robin.h - every context in turn, whatever its tasks cost: the default.
 *
 * Each team goes round by itself, from behind the context that it served last. Next: policy.h. */
#pragma once

GR_DEV uint32_t gr_policy_round_robin_pick(struct gr_team *team, uint64_t eligible, uint64_t now_ns)
{
  const uint64_t ahead = eligible & ~((1ull << team->turn_context) - 1u);
  const uint32_t context = gr_bits_lowest_u64(ahead != 0u ? ahead : eligible);
  (void)now_ns;
  team->turn_context = (context + 1u) % GR_CONTEXTS_MAX;
  return context;
}

GR_DEV void gr_policy_round_robin_charge(struct gr_team *team, const struct gr_served *served)
{
  (void)team;
  (void)served;
}
