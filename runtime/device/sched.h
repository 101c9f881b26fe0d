/* sched.h - from "there is a task" to "a team runs it": push when idle, pull when loaded.
 *
 *   gr_sched_place(task)                          gr_sched_pull()
 *     an idle team? claim its bit,                  a bit of `queued`? pop that context's queue,
 *       write its mailbox -------> it runs            round-robin over contexts
 *     none? queue of the context,                   queue empty? clear the bit, pop once more (I7)
 *       set `queued`, look for idle
 *       teams again, wake one (I8)
 *
 * Called by the leading warp, converged. Nothing here waits for another team: a full queue is
 * GR_E_AGAIN. The invariants I5 to I8 are in shared/dev.h.
 *
 * Next: join.h (tasks that wait for tasks), ingress.h (tasks from the host). */
#pragma once

#include "device/runq.h"

/* Claims up to `count` (at most 64) idle teams of one word of the bitmap by one atomic. Returns how
 * many; bit i of *bits is team 64 * *word + i. Their mailboxes are the caller's to write, once
 * (I5). */
GR_DEV uint32_t gr_idle_claim(struct gr_team *team, uint32_t count, uint32_t *word, uint64_t *bits)
{
  struct gr_dev *dev = team->dev;
  const uint32_t words = (dev->teams + 63u) / 64u;
  const uint32_t first = team->id / 64u; /* neighbours first; spreads the claimers over words */
  uint64_t mine = 0u;
  uint32_t found = 0u;
  if (gr_warp_lane() == 0u) {
    for (uint32_t i = 0u; i < words && mine == 0u; i++) {
      found = first + i < words ? first + i : first + i - words;
      uint64_t idle = gr_load_seqcst_gpu_u64(&dev->idle[found]);
      while (idle != 0u && mine == 0u) {
        uint64_t want = 0u;
        for (uint32_t n = 0u; n < count && idle != 0u; n++) {
          want |= idle & (~idle + 1u);
          idle &= idle - 1u;
        }
        mine = want & gr_and_seqcst_gpu_u64(&dev->idle[found], ~want);
      }
    }
  }
  *bits = gr_lead_u64(mine);
  *word = gr_lead_u32(found);
  return gr_bits_count_u64(*bits);
}

/* Writes a claimed team's mailbox and wakes the team if it sleeps. */
GR_DEV void gr_mailbox_post(struct gr_team *team, uint32_t to, const struct gr_task *task)
{
  struct gr_mailbox *mailbox = &team->dev->mailbox[to];
  gr_line_write(&mailbox->line, task, GR_MAILBOX_FULL);
  gr_fence_waker();
  if (gr_warp_lane() == 0u) {
    gr_wake(&mailbox->asleep);
  }
}

/* The same message to every claimed team. */
GR_DEV void gr_mailbox_post_message(struct gr_team *team, uint32_t word, uint64_t bits,
                                    uint32_t message)
{
  struct gr_task *task = &team->message;
  if (gr_warp_lane() == 0u) {
    task->op = (uint16_t)message;
  }
  gr_warp_barrier();
  while (bits != 0u) {
    gr_mailbox_post(team, 64u * word + gr_bits_lowest_u64(bits), task);
    bits &= bits - 1u;
  }
}

/* Wakes one idle team, if there is one, to look at the queues. */
GR_DEV void gr_sched_rouse(struct gr_team *team)
{
  uint32_t word;
  uint64_t bits;
  if (gr_idle_claim(team, 1u, &word, &bits) != 0u) {
    gr_mailbox_post_message(team, word, bits, GR_MSG_WAKE);
  }
}

/* After filling queue slots of `context`: says so, and wakes up to `count` teams that had gone idle
 * meanwhile (I8). */
GR_DEV void gr_sched_queued(struct gr_team *team, uint32_t context, uint32_t count)
{
  uint32_t word;
  uint64_t bits;
  if (gr_warp_lane() == 0u) {
    gr_or_seqcst_gpu_u64(&team->dev->queued, 1ull << context);
  }
  gr_warp_barrier();
  if (team->dev->teams > 1u && gr_idle_claim(team, count < 64u ? count : 64u, &word, &bits) != 0u) {
    gr_mailbox_post_message(team, word, bits, GR_MSG_WAKE);
  }
}

/* Gives one task to an idle team or to its context's queue. GR_E_AGAIN: the queue is full. */
GR_DEV int32_t gr_sched_place(struct gr_team *team, const struct gr_task *task)
{
  struct gr_runq *queue = &team->dev->runq[task->context];
  uint32_t word, pos = 0u;
  uint64_t bits;
  if (team->dev->teams > 1u && gr_idle_claim(team, 1u, &word, &bits) != 0u) {
    gr_mailbox_post(team, 64u * word + gr_bits_lowest_u64(bits), task);
    return GR_OK;
  }
  int32_t status = GR_OK;
  if (gr_warp_lane() == 0u) {
    status = gr_runq_reserve(team->dev, queue, 1u, &pos);
  }
  status = (int32_t)gr_lead_u32((uint32_t)status);
  if (status == GR_OK) {
    gr_runq_fill(team->dev, queue, gr_lead_u32(pos), task);
    gr_sched_queued(team, task->context, 1u);
  }
  return status;
}

/* Takes the next ready task into team->own. GR_E_AGAIN: there is none. The policy is round-robin
 * over contexts: the search starts behind the one that was served last. */
GR_DEV int32_t gr_sched_pull(struct gr_lead *lead)
{
  struct gr_dev *dev = lead->dev;
  uint64_t queued = gr_lead_u64(gr_load_seqcst_gpu_u64(&dev->queued));
  while (queued != 0u) {
    const uint64_t ahead = queued & ~((1ull << lead->policy) - 1u);
    const uint32_t context = gr_bits_lowest_u64(ahead != 0u ? ahead : queued);
    const uint64_t bit = 1ull << context;
    int32_t status = gr_runq_pop(dev, &dev->runq[context], &lead->team->own);
    if (status != GR_OK) {
      if (gr_warp_lane() == 0u) {
        gr_and_seqcst_gpu_u64(&dev->queued, ~bit);
      }
      gr_warp_barrier();
      status = gr_runq_pop(dev, &dev->runq[context], &lead->team->own);
      if (status == GR_OK && gr_warp_lane() == 0u) {
        gr_or_seqcst_gpu_u64(&dev->queued, bit); /* I7: there may be more */
      }
    }
    if (status == GR_OK) {
      lead->policy = (context + 1u) % GR_CONTEXTS_MAX;
      return GR_OK;
    }
    queued &= ~bit;
  }
  return GR_E_AGAIN;
}
