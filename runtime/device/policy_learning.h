/* policy_learning.h - shortest expected task first, with costs learned while it runs.
 *
 * For each op and size class (gr_size_class) dev->cost holds what a task took: a mean and a mean
 * deviation, both moved by an eighth of the difference at each task. What is expected of a head is
 * the mean less the deviation: a kind that varies, or was never seen, is tried early, so that it
 * becomes known. Of the heads that may be served the shortest goes first: of all orders that one
 * has the least mean time to completion.
 *
 * T5  No context starves: each pick counts in dev->picks; a context that has had a head for
 *     GR_STARVE_ROUNDS picks for each open context, and was in none of them, goes before all
 *     others, the longest first. So it waits for at most that many picks, and one more for each
 *     other context and team.
 *
 * word        writer                           order
 * cost[]      who ends such a task, by a CAS   relaxed: mean_ns << 32 | deviation_ns; a lost update
 *             that is not repeated             is one task less in the mean
 * picks       who picks, by add                relaxed
 * last_pick   who picks                        relaxed: two at once leave the one or the other
 *
 * Next: policy.h. */
#pragma once

#define GR_COST_WORD(mean_ns, deviation_ns) (((uint64_t)(mean_ns) << 32) | (uint64_t)(deviation_ns))
#define GR_COST_SHIFT                       3u /* one part in eight */

GR_DEV gr_au64 *gr_cost_of(const struct gr_dev *dev, uint32_t op, uint32_t size)
{
  return &dev->cost[op % GR_OPS_MAX * GR_SIZE_CLASSES + size % GR_SIZE_CLASSES];
}

GR_DEV uint64_t gr_cost_expected_ns(const struct gr_dev *dev, const struct gr_head *head)
{
  const uint64_t cost = gr_load_relaxed_gpu_u64(gr_cost_of(dev, head->op, head->size));
  const uint64_t mean_ns = cost >> 32, deviation_ns = cost & 0xffffffffu;
  return mean_ns > deviation_ns ? mean_ns - deviation_ns : 0u;
}

/* `value` moved an eighth of the way to `sample`. */
GR_DEV uint64_t gr_cost_move(uint64_t value, uint64_t sample)
{
  return sample >= value ? value + ((sample - value) >> GR_COST_SHIFT)
                         : value - ((value - sample) >> GR_COST_SHIFT);
}

/* The picks of T5. */
GR_DEV uint32_t gr_starve_picks(const struct gr_dev *dev)
{
  return GR_STARVE_ROUNDS * gr_bits_count_u64(gr_load_relaxed_gpu_u64(&dev->open));
}

GR_DEV uint32_t gr_policy_learning_pick(struct gr_team *team, uint64_t eligible, uint64_t now_ns)
{
  struct gr_dev *dev = team->dev;
  const uint32_t picks = gr_add_relaxed_gpu_u32(&dev->picks, 1u) + 1u;
  const uint32_t bound = gr_starve_picks(dev);
  uint32_t best = GR_CONTEXTS_MAX, best_passed = 0u;
  uint64_t best_ns = 0u;
  (void)now_ns;
  for (; eligible != 0u; eligible &= eligible - 1u) {
    const uint32_t context = gr_bits_lowest_u64(eligible);
    const struct gr_head head = gr_head_of(dev, context);
    const uint32_t last = gr_load_relaxed_gpu_u32(&dev->context[context].last_pick);
    uint32_t passed = picks - (picks - last < picks - head.picks ? last : head.picks);
    passed = passed >= bound ? passed : 0u; /* T5 */
    const uint64_t expected_ns = gr_cost_expected_ns(dev, &head);
    if (best == GR_CONTEXTS_MAX || passed > best_passed ||
        (passed == best_passed && expected_ns < best_ns)) {
      best = context;
      best_passed = passed;
      best_ns = expected_ns;
    }
  }
  gr_store_relaxed_gpu_u32(&dev->context[best].last_pick, picks);
  return best;
}

GR_DEV void gr_policy_learning_charge(struct gr_team *team, const struct gr_served *served)
{
  gr_au64 *word = gr_cost_of(team->dev, served->task->op, gr_size_class(served->task));
  const uint64_t cost = gr_load_relaxed_gpu_u64(word);
  const uint64_t ns = served->ns < 0xffffffffu ? served->ns : 0xffffffffu;
  uint64_t mean_ns = cost >> 32, deviation_ns = cost & 0xffffffffu;
  if (cost == 0u) {
    mean_ns = deviation_ns = ns; /* the first: it may be anything */
  } else {
    deviation_ns = gr_cost_move(deviation_ns, ns > mean_ns ? ns - mean_ns : mean_ns - ns);
    mean_ns = gr_cost_move(mean_ns, ns);
  }
  gr_cas_relaxed_gpu_u64(word, cost, GR_COST_WORD(mean_ns, deviation_ns));
}
