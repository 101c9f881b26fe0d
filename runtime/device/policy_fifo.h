/* policy_fifo.h - first come, first served, over all contexts: the head that waits longest.
 *
 * "First" is by the clock of who queued it: on a GPU as fine as globaltimer is. Next: policy.h. */
#pragma once

GR_DEV uint32_t gr_policy_fifo_pick(struct gr_team *team, uint64_t eligible, uint64_t now_ns)
{
  uint32_t best = GR_CONTEXTS_MAX;
  uint64_t best_ns = 0u;
  (void)now_ns;
  for (; eligible != 0u; eligible &= eligible - 1u) {
    const uint32_t context = gr_bits_lowest_u64(eligible);
    const uint64_t since_ns = gr_head_of(team->dev, context).since_ns;
    if (best == GR_CONTEXTS_MAX || since_ns < best_ns) {
      best = context;
      best_ns = since_ns;
    }
  }
  return best;
}

GR_DEV void gr_policy_fifo_charge(struct gr_team *team, const struct gr_served *served)
{
  (void)team;
  (void)served;
}
