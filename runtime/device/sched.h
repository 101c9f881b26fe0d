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

/* Teams claimed from one word of the idle bitmap: bit i of bits is team 64 * word + i. Their
 * mailboxes are the claimer's to write, once each (I5). */
struct gr_claim {
  uint64_t bits;
  uint32_t word;
  uint32_t count;
};

/* Claims up to `count` (at most 64) idle teams by one atomic. What it sees of the bitmap may be old
 * unless a fence came before. */
GR_DEV struct gr_claim gr_idle_claim(struct gr_team *team, uint32_t count)
{
  struct gr_dev *dev = team->dev;
  const uint32_t words = (dev->teams + 63u) / 64u;
  const uint32_t first = team->id / 64u; /* neighbours first; spreads the claimers over words */
  struct gr_claim claim = {0u, 0u, 0u};
  if (gr_warp_lane() == 0u) {
    for (uint32_t i = 0u; i < words && claim.bits == 0u; i++) {
      claim.word = first + i < words ? first + i : first + i - words;
      gr_au64 *word = &dev->idle[claim.word];
      uint64_t idle = gr_load_relaxed_gpu_u64(word);
      uint64_t want = 0u;
      for (uint32_t n = 0u; n < count && idle != 0u; n++) {
        want |= idle & (~idle + 1u);
        idle &= idle - 1u;
      }
      if (want != 0u) { /* acquires: their mailboxes are empty (I6) */
        claim.bits = want & gr_and_acquire_gpu_u64(word, ~want);
        i -= claim.bits == 0u ? 1u : 0u; /* others were faster: the word again */
      }
    }
  }
  claim.bits = gr_lead_u64(claim.bits);
  claim.word = gr_lead_u32(claim.word);
  claim.count = gr_bits_count_u64(claim.bits);
  return claim;
}

/* The next claimed team, taken off the claim. */
GR_DEV uint32_t gr_claim_next(struct gr_claim *claim)
{
  const uint32_t bit = gr_bits_lowest_u64(claim->bits);
  claim->bits &= claim->bits - 1u;
  return 64u * claim->word + bit;
}

/* Writes a claimed team's mailbox and wakes the team if it sleeps. */
GR_DEV void gr_mailbox_post(struct gr_team *team, uint32_t to, const struct gr_task *task)
{
  struct gr_mailbox *mailbox = &team->dev->mailbox[to];
  gr_line_write(&mailbox->line, task, GR_MAILBOX_FULL);
  gr_warp_barrier(); /* every lane's chunk is before the look at `asleep` */
  gr_fence_waker();
  if (gr_warp_lane() == 0u) {
    gr_wake(&mailbox->asleep);
  }
}

/* The same message to every claimed team. */
GR_DEV void gr_mailbox_post_message(struct gr_team *team, struct gr_claim claim, uint32_t message)
{
  if (gr_warp_lane() == 0u) {
    team->message.op = (uint16_t)message; /* in chunk 0, which is lane 0's to write (line.h) */
  }
  while (claim.bits != 0u) {
    gr_mailbox_post(team, gr_claim_next(&claim), &team->message);
  }
}

/* Wakes up to `count` idle teams to look at what lane 0 has stored before: `queued`, the duty,
 * `run` (I8). Returns how many. */
GR_DEV uint32_t gr_sched_rouse(struct gr_team *team, uint32_t count)
{
  if (team->dev->teams == 1u) {
    return 0u;
  }
  gr_fence_waker();
  const struct gr_claim claim = gr_idle_claim(team, count);
  gr_mailbox_post_message(team, claim, GR_MSG_WAKE);
  return claim.count;
}

/* After filling queue slots of `context`: says so, and wakes up to `count` (at most 64) teams that
 * had gone idle meanwhile (I8). */
GR_DEV void gr_sched_queued(struct gr_team *team, uint32_t context, uint32_t count)
{
  gr_warp_barrier(); /* every lane's chunk is before the bit: who clears it sees them (I7) */
  if (gr_warp_lane() == 0u) {
    gr_or_release_gpu_u64(&team->dev->queued, 1ull << context);
  }
  gr_sched_rouse(team, count);
}

/* Gives one task to an idle team or to its context's queue. GR_E_AGAIN: the queue is full. */
GR_DEV int32_t gr_sched_place(struct gr_team *team, const struct gr_task *task)
{
  struct gr_runq *queue = &team->dev->runq[task->context];
  if (team->dev->teams > 1u) {
    struct gr_claim claim = gr_idle_claim(team, 1u);
    if (claim.count != 0u) {
      gr_mailbox_post(team, gr_claim_next(&claim), task);
      return GR_OK;
    }
  }
  uint32_t pos = 0u;
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
  uint64_t queued = gr_lead_u64(gr_load_relaxed_gpu_u64(&dev->queued)); /* a hint: pop decides */
  while (queued != 0u) {
    const uint64_t ahead = queued & ~((1ull << lead->policy) - 1u);
    const uint32_t context = gr_bits_lowest_u64(ahead != 0u ? ahead : queued);
    const uint64_t bit = 1ull << context;
    int32_t status = gr_runq_pop(dev, &dev->runq[context], &lead->team->own);
    if (status != GR_OK) {
      if (gr_warp_lane() == 0u) {
        gr_and_acquire_gpu_u64(&dev->queued, ~bit);
      }
      status = gr_runq_pop(dev, &dev->runq[context], &lead->team->own);
      if (status != GR_E_AGAIN) { /* there may be more (I7); who saw no bit may be idle (I8) */
        gr_sched_queued(lead->team, context, 1u);
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
