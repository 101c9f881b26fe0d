/* context.h - what teams do with a context (shared/context.h): may it be served, what waits in it.
 *
 * All of it is called by one lane. Nothing here waits; masks have a bit per context.
 *
 * A context that is not to be served (paused, or at its quota) keeps its bit of `queued`, and teams
 * fall asleep beside it. Who changes that rouses: the team on duty after new settings, and the team
 * that ends one of its tasks (account.h), each after its store or add and before a waker's fence,
 * while who sleeps looks here after a sleeper's fence (I8).
 *
 * Next: policy.h (which of those that may be served is). */
#pragma once

#include "device/runq.h"

/* Of the contexts `queued`, those that may be served now. */
GR_DEV_APART uint64_t gr_context_ready(const struct gr_dev *dev, uint64_t queued)
{
  uint64_t asked = queued & gr_load_relaxed_gpu_u64(&dev->restricted);
  for (; asked != 0u; asked &= asked - 1u) {
    const struct gr_context *context = &dev->context[gr_bits_lowest_u64(asked)];
    const uint32_t state = gr_load_relaxed_gpu_u32(&context->state);
    const bool is_killed = (state & GR_CONTEXT_KILLED) != 0u; /* its tasks only end, T4 */
    if (!is_killed &&
        ((state & GR_CONTEXT_PAUSED) != 0u ||
         gr_load_relaxed_gpu_u32(&context->running) >= gr_load_relaxed_gpu_u32(&context->quota))) {
      queued &= ~(asked & (~asked + 1u));
    }
  }
  return queued;
}

GR_DEV bool gr_context_is_restricted(const struct gr_dev *dev, uint32_t context)
{
  return (gr_load_relaxed_gpu_u64(&dev->restricted) >> context & 1u) != 0u;
}

GR_DEV bool gr_context_is_killed(const struct gr_dev *dev, uint32_t context)
{
  return gr_context_is_restricted(dev, context) &&
         (gr_load_relaxed_gpu_u32(&dev->context[context].state) & GR_CONTEXT_KILLED) != 0u;
}

/* Counts a task of a restricted context as running, if that is within its quota (T3). Who gets
 * true owes gr_quota_give. */
GR_DEV bool gr_quota_take(struct gr_dev *dev, uint32_t context)
{
  struct gr_context *c = &dev->context[context];
  const bool is_killed = gr_context_is_killed(dev, context);
  uint32_t running = gr_load_relaxed_gpu_u32(&c->running);
  for (uint32_t tries = 0u; tries < GR_CAS_TRIES_MAX; tries++) {
    if (!is_killed && running >= gr_load_relaxed_gpu_u32(&c->quota)) {
      return false;
    }
    const uint32_t seen = gr_cas_relaxed_gpu_u32(&c->running, running, running + 1u);
    if (seen == running) {
      return true;
    }
    running = seen;
  }
  return false;
}

GR_DEV void gr_quota_give(struct gr_dev *dev, uint32_t context)
{
  gr_add_relaxed_gpu_u32(&dev->context[context].running, 0xffffffffu);
}

/* How many slots of its queue a task may find taken and still go in: all of them for one with
 * credit, less the credit for others (T2). */
GR_DEV uint32_t gr_context_room(const struct gr_dev *dev, const struct gr_task *task)
{
  const uint32_t slots = 1u << dev->runq_shift;
  if ((task->flags & GR_FLAG_CREDIT) != 0u || gr_load_relaxed_gpu_u32(&dev->managed) == 0u) {
    return slots;
  }
  return slots - dev->credit;
}

/* ---- notes: what waits at the head of a queue ---- */

/* A task's size: the greatest of its arguments that is no address, in powers of four. */
GR_DEV uint32_t gr_size_class(const struct gr_task *task)
{
  uint64_t most = task->head[3];
  for (uint32_t i = 0u; i < GR_ARG_WORDS; i++) {
    if (task->arg[i] >> 32 == 0u && task->arg[i] > most) {
      most = task->arg[i];
    }
  }
  uint32_t size = 0u;
  for (; most > 1u && size < GR_SIZE_CLASSES - 1u; most >>= 2) {
    size++;
  }
  return size;
}

GR_DEV void gr_note_write(struct gr_dev *dev, struct gr_runq *queue, uint32_t pos,
                          const struct gr_task *task)
{
  struct gr_note *note = &queue->note[pos & ((1u << dev->runq_shift) - 1u)];
  gr_store_relaxed_gpu_u64(&note->since_ns, gr_clock_ns());
  gr_store_relaxed_gpu_u64(&note->kind, GR_NOTE_KIND(task->op, gr_size_class(task)));
}

/* The note of the task at the head of a context's queue. */
struct gr_head {
  uint64_t since_ns;
  uint32_t op;
  uint32_t size;
};
GR_DEV struct gr_head gr_head_of(const struct gr_dev *dev, uint32_t context)
{
  const struct gr_runq *queue = &dev->runq[context];
  const uint32_t pos = gr_load_relaxed_gpu_u32(&queue->head);
  const struct gr_note *note = &queue->note[pos & ((1u << dev->runq_shift) - 1u)];
  const uint64_t kind = gr_load_relaxed_gpu_u64(&note->kind);
  struct gr_head head;
  head.since_ns = gr_load_relaxed_gpu_u64(&note->since_ns);
  head.op = (uint32_t)(kind >> 16) & 0xffffu;
  head.size = (uint32_t)kind & 0xffffu;
  return head;
}
