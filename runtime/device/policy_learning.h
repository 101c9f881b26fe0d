/* policy_learning.h - shortest expected task first, with costs learned while it runs.
 *
 * For each op and size class (gr_size_class) dev->cost holds what a task took: a mean and a mean
 * deviation, both moved by an eighth of the difference at each task. What is expected of a head is
 * the mean less the deviation: a kind that varies, or was never seen, is tried early, so that it
 * becomes known. Of the heads that may be served the shortest goes first: of all orders that one
 * has the least mean time to completion.
 *
 * T5  No context starves: a head is *overdue* when it has waited for GR_STARVE_ROUNDS times what it
 *     is expected to take, for each open context; it waits since it was put there, or since its
 *     context was picked, whichever is later. Overdue heads go before all others, the longest
 *     waiting first: so it waits for that time, and for one more pick of each other context and
 *     team. The time is in proportion to the cost, so that what is dear takes from what is short
 *     at most one part in GR_STARVE_ROUNDS, however great the difference.
 *
 * word          writer                         order
 * cost[]        who ends such a task, by a     relaxed: mean_ns << 32 | deviation_ns; a lost update
 *               CAS that is not repeated       is one task less in the mean
 * last_pick_ns  who picks                      relaxed: two at once leave the one or the other
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

/* How long a context's head has waited, if that is overdue (T5); else 0. */
GR_DEV uint64_t gr_overdue_ns(const struct gr_dev *dev, uint32_t context,
                              const struct gr_head *head, uint64_t now_ns)
{
  const uint32_t open = gr_bits_count_u64(gr_load_relaxed_gpu_u64(&dev->open));
  const uint64_t last_ns = gr_load_relaxed_gpu_u64(&dev->context[context].last_pick_ns);
  const uint64_t since_ns = last_ns > head->since_ns ? last_ns : head->since_ns;
  const uint64_t waited_ns = now_ns > since_ns ? now_ns - since_ns : 0u;
  const uint64_t bound_ns = GR_STARVE_ROUNDS * open * gr_cost_expected_ns(dev, head);
  return waited_ns > bound_ns ? waited_ns : 0u;
}

GR_DEV uint32_t gr_policy_learning_pick(struct gr_team *team, uint64_t eligible, uint64_t now_ns)
{
  struct gr_dev *dev = team->dev;
  uint32_t best = GR_CONTEXTS_MAX;
  uint64_t best_overdue_ns = 0u, best_ns = 0u;
  for (; eligible != 0u; eligible &= eligible - 1u) {
    const uint32_t context = gr_bits_lowest_u64(eligible);
    const struct gr_head head = gr_head_of(dev, context);
    const uint64_t overdue_ns = gr_overdue_ns(dev, context, &head, now_ns);
    const uint64_t expected_ns = gr_cost_expected_ns(dev, &head);
    if (best == GR_CONTEXTS_MAX || overdue_ns > best_overdue_ns ||
        (overdue_ns == best_overdue_ns && expected_ns < best_ns)) {
      best = context;
      best_overdue_ns = overdue_ns;
      best_ns = expected_ns;
    }
  }
  gr_store_relaxed_gpu_u64(&dev->context[best].last_pick_ns, now_ns);
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
