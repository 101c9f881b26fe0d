/* policy_weighted.h - strict priorities with aging; within one, time by weight.
 *
 * Each context has a virtual time, vtime_ns: the time it was served, divided by its weight. Of the
 * contexts of the highest priority that have work, the one with the least goes next (start-time
 * fair queueing, Goyal et al. 1996): over time each gets time in proportion to its weight, however
 * long its tasks are. A context that had no work for a while must not claim what it left: on being
 * picked it is brought up to virtual_ns of its priority, the vtime of who was picked last.
 *
 * T6  Aging: if for p * GR_AGING_NS the contexts of priority p > 0 had work and none of them was
 *     picked, one of them goes before all others, once; of several such priorities, the one that
 *     waits longest. So no priority starves, within one no context does, and a high one is held up
 *     by at most one task of each lower priority in that time. (Not of each lower context: with
 *     many of them, one or another would always be due.)
 *
 * Several teams may pick the same context before either charges it: its share is then ahead by one
 * task a team, and comes back. A lost update of virtual_ns or class_ns (the last writer wins) moves
 * it back by the same.
 *
 * Next: policy.h. */
#pragma once

#define GR_VTIME_UNIT GR_WEIGHT_MAX /* so that a nanosecond never becomes 0 */

GR_DEV uint32_t gr_weighted_priority(const struct gr_dev *dev, uint32_t context)
{
  return gr_load_relaxed_gpu_u32(&dev->context[context].priority) % GR_PRIORITIES;
}

/* For how long the context's priority has waited beyond its patience, as far as the task at this
 * head tells; 0: it has not. */
GR_DEV uint64_t gr_weighted_overdue_ns(const struct gr_dev *dev, uint32_t context,
                                       uint32_t priority, uint64_t now_ns)
{
  const uint64_t last_ns = gr_load_relaxed_gpu_u64(&dev->class_ns[priority]);
  uint64_t since_ns = gr_head_of(dev, context).since_ns;
  since_ns = last_ns > since_ns ? last_ns : since_ns;
  const uint64_t due_ns = since_ns + priority * (uint64_t)GR_AGING_NS;
  return now_ns > due_ns ? now_ns - due_ns : 0u;
}

/* The priority that is served next: the highest, unless another is overdue (T6). */
GR_DEV uint32_t gr_weighted_class(const struct gr_dev *dev, uint64_t eligible, uint64_t now_ns)
{
  uint32_t best = GR_PRIORITIES;
  uint64_t best_overdue_ns = 0u;
  for (; eligible != 0u; eligible &= eligible - 1u) {
    const uint32_t context = gr_bits_lowest_u64(eligible);
    const uint32_t priority = gr_weighted_priority(dev, context);
    const uint64_t overdue_ns =
        priority != 0u ? gr_weighted_overdue_ns(dev, context, priority, now_ns) : 0u;
    if (overdue_ns > best_overdue_ns || (best_overdue_ns == 0u && priority < best)) {
      best = priority;
      best_overdue_ns = overdue_ns;
    }
  }
  return best;
}

/* What was left while there was no work is gone. */
GR_DEV void gr_weighted_catch_up(struct gr_dev *dev, uint32_t context, uint32_t priority)
{
  gr_au64 *vtime = &dev->context[context].vtime_ns;
  const uint64_t mine_ns = gr_load_relaxed_gpu_u64(vtime);
  const uint64_t all_ns = gr_load_relaxed_gpu_u64(&dev->virtual_ns[priority]);
  if (mine_ns < all_ns) {
    gr_cas_relaxed_gpu_u64(vtime, mine_ns, all_ns); /* if it fails, another team has charged it */
  } else if (mine_ns > all_ns) {
    gr_store_relaxed_gpu_u64(&dev->virtual_ns[priority], mine_ns);
  }
}

GR_DEV uint32_t gr_policy_weighted_pick(struct gr_team *team, uint64_t eligible, uint64_t now_ns)
{
  struct gr_dev *dev = team->dev;
  const uint32_t priority = gr_weighted_class(dev, eligible, now_ns);
  uint32_t best = gr_bits_lowest_u64(eligible); /* if its priority was changed just now */
  uint64_t best_ns = UINT64_MAX;
  for (; eligible != 0u; eligible &= eligible - 1u) {
    const uint32_t context = gr_bits_lowest_u64(eligible);
    const uint64_t vtime_ns = gr_load_relaxed_gpu_u64(&dev->context[context].vtime_ns);
    if (vtime_ns < best_ns && gr_weighted_priority(dev, context) == priority) {
      best = context;
      best_ns = vtime_ns;
    }
  }
  gr_weighted_catch_up(dev, best, priority);
  gr_store_relaxed_gpu_u64(&dev->class_ns[priority], now_ns);
  return best;
}

GR_DEV void gr_policy_weighted_charge(struct gr_team *team, const struct gr_served *served)
{
  struct gr_context *context = &team->dev->context[served->task->context];
  const uint32_t weight = gr_load_relaxed_gpu_u32(&context->weight);
  gr_add_relaxed_gpu_u64(&context->vtime_ns,
                         served->ns * GR_VTIME_UNIT / (weight != 0u ? weight : 1u));
}
