/* sched.h - from "there is a task" to "a team runs it": push when idle, pull when loaded.
 *
 *   gr_sched_place(task)                          gr_sched_pull()
 *     an idle team? claim its bit,                  a bit of `queued`? pop that context's queue,
 *       write its mailbox -------> it runs            the one that the policy picks
 *     none? queue of the context,                   queue empty? clear the bit, pop once more (I7)
 *       set `queued`, look for idle
 *       teams again, wake one (I8)
 *
 * Called by the leading warp, converged. Nothing here waits for another team: a full queue is
 * GR_E_AGAIN. The invariants I5 to I8 are in shared/dev.h.
 *
 * Next: join.h (tasks that wait for tasks), ingress.h (tasks from the host). */
#pragma once

#include "device/policy.h"

/* Teams claimed from one word of the idle bitmap: bit i of bits is team 64 * word + i. Their
 * mailboxes are the claimer's to write, once each (I5). */
struct gr_claim {
  uint64_t bits;
  uint32_t word;
  uint32_t count;
};

/* The teams of a word of the bitmap that have a core each: only they are given anything. */
GR_DEV uint64_t gr_idle_able(const struct gr_dev *dev, uint32_t word)
{
  const uint32_t first = 64u * word;
  const uint32_t able = dev->at_once > first ? dev->at_once - first : 0u;
  return able >= 64u ? ~0ull : (1ull << able) - 1u;
}

/* One lane. Claims up to `count` teams of a word of the bitmap without looking at it: asks every
 * team's record, and takes the bit of each that says it is idle. */
GR_DEV uint64_t gr_idle_ask(struct gr_dev *dev, uint32_t word, uint32_t count)
{
  uint64_t bits = 0u;
  for (uint32_t team = 64u * word; team < 64u * word + 64u && team < dev->at_once; team++) {
    const uint64_t bit = 1ull << team % 64u;
    const uint32_t phase = GR_NOW_PHASE(gr_load_relaxed_gpu_u64(&dev->team[team].now));
    if (count != 0u && (phase == GR_PHASE_IDLE || phase == GR_PHASE_ASLEEP) &&
        (gr_and_acquire_gpu_u64(&dev->idle[word], ~bit) & bit) != 0u) {
      bits |= bit;
      count--;
    }
  }
  return bits;
}

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
      uint64_t idle = GR_WITH_IDLE_BITMAP ? gr_load_relaxed_gpu_u64(word) : 0u;
      idle &= gr_idle_able(dev, claim.word);
      uint64_t want = 0u;
      for (uint32_t n = 0u; n < count && idle != 0u; n++) {
        want |= idle & (~idle + 1u);
        idle &= idle - 1u;
      }
      if (want != 0u) { /* acquires: their mailboxes are empty (I6) */
        claim.bits = want & gr_and_acquire_gpu_u64(word, ~want);
        i -= claim.bits == 0u ? 1u : 0u; /* others were faster: the word again */
      }
      if (!GR_WITH_IDLE_BITMAP) {
        claim.bits = gr_idle_ask(dev, claim.word, count);
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

/* Reserves `count` slots for tasks like `task` in its context's queue, as many as T2 leaves. */
GR_DEV int32_t gr_sched_reserve(struct gr_team *team, const struct gr_task *task, uint32_t count,
                                uint32_t *pos)
{
  struct gr_places places = {count, 0u, 0u};
  int32_t status = GR_OK;
  if (gr_warp_lane() == 0u) {
    places.room = gr_context_room(team->dev, task);
    status = gr_runq_reserve_within(team->dev, &team->dev->runq[task->context], &places);
  }
  *pos = gr_lead_u32(places.pos);
  return (int32_t)gr_lead_u32((uint32_t)status);
}

/* Fills a slot that was so reserved. gr_sched_queued is to follow. */
GR_DEV void gr_sched_fill(struct gr_team *team, uint32_t pos, const struct gr_task *task)
{
  struct gr_runq *queue = &team->dev->runq[task->context];
  if (gr_warp_lane() == 0u && gr_load_relaxed_gpu_u32(&team->dev->managed) != 0u) {
    gr_note_write(team->dev, queue, pos, task);
  }
  gr_runq_fill(team->dev, queue, pos, task);
}

/* Whether tasks of this context may go past its queue to an idle team. */
GR_DEV bool gr_sched_may_push(struct gr_team *team, uint32_t context)
{
  return GR_WITH_MAILBOX && team->dev->teams > 1u &&
         gr_warp_ballot(gr_context_is_restricted(team->dev, context)) == 0u;
}

/* Gives one task to an idle team or to its context's queue. GR_E_AGAIN: the queue is full. */
GR_DEV int32_t gr_sched_place(struct gr_team *team, const struct gr_task *task)
{
  if (gr_sched_may_push(team, task->context)) {
    struct gr_claim claim = gr_idle_claim(team, 1u);
    if (claim.count != 0u) {
      gr_mailbox_post(team, gr_claim_next(&claim), task);
      return GR_OK;
    }
  }
  uint32_t pos = 0u;
  const int32_t status = gr_sched_reserve(team, task, 1u, &pos);
  if (status == GR_OK) {
    gr_sched_fill(team, pos, task);
    gr_sched_queued(team, task->context, 1u);
  }
  return status;
}

/* One lane. The context to be served next, of those in `ready`. */
GR_DEV uint32_t gr_sched_pick(struct gr_team *team, bool is_managed, uint64_t ready)
{
  if (!is_managed) {
    return gr_policy_round_robin_pick(team, ready, 0u);
  }
  team->began_ns = gr_clock_ns();
  if (team->slice_left_ns == 0u || (ready >> team->slice_context & 1u) == 0u) {
    team->slice_context = gr_policy_pick(team, ready, team->began_ns);
    const struct gr_context *context = &team->dev->context[team->slice_context];
    team->slice_left_ns = gr_load_relaxed_gpu_u64(&context->slice_ns);
  }
  return team->slice_context;
}

/* One lane. Picks a context whose next task is within its quota, and takes it off *ready; 64: there
 * is none. */
GR_DEV uint32_t gr_sched_choose(struct gr_team *team, bool is_managed, uint64_t *ready)
{
  while (*ready != 0u) {
    const uint32_t context = gr_sched_pick(team, is_managed, *ready);
    *ready &= ~(1ull << context);
    if (!is_managed || !gr_context_is_restricted(team->dev, context)) {
      return context;
    }
    if (gr_quota_take(team->dev, context)) {
      team->holds_quota = 1u;
      return context;
    }
  }
  return GR_CONTEXTS_MAX;
}

/* One lane. A task was taken off this context's queue: for how long was it there? */
GR_DEV void gr_sched_waited(struct gr_team *team, uint32_t context, uint64_t since_ns)
{
  if (since_ns < team->began_ns) {
    gr_add_relaxed_gpu_u64(&team->dev->context[context].wait_ns, team->began_ns - since_ns);
  }
}

/* Takes the oldest task of `context` into team->own. */
GR_DEV int32_t gr_sched_take(struct gr_team *team, uint32_t context)
{
  struct gr_dev *dev = team->dev;
  int32_t status = gr_runq_pop(dev, &dev->runq[context], &team->own);
  if (status != GR_OK) {
    if (gr_warp_lane() == 0u) {
      gr_and_acquire_gpu_u64(&dev->queued, ~(1ull << context));
    }
    status = gr_runq_pop(dev, &dev->runq[context], &team->own);
    if (status != GR_E_AGAIN) { /* there may be more (I7); who saw no bit may be idle (I8) */
      gr_sched_queued(team, context, 1u);
    }
  }
  return status;
}

/* Takes the next ready task into team->own. GR_E_AGAIN: there is none. `is_managed` is a constant
 * where this is called, so that who manages nothing has none of it. */
GR_DEV int32_t gr_sched_pull(struct gr_team *team, bool is_managed)
{
  struct gr_dev *dev = team->dev;
  uint64_t ready = gr_load_relaxed_gpu_u64(&dev->queued); /* a hint: pop decides */
  if (is_managed && gr_warp_lane() == 0u) {
    ready = gr_context_ready(dev, ready);
  }
  for (;;) {
    uint32_t context = GR_CONTEXTS_MAX;
    if (gr_warp_lane() == 0u) {
      context = gr_sched_choose(team, is_managed, &ready);
    }
    context = gr_lead_u32(context);
    if (context == GR_CONTEXTS_MAX) {
      return GR_E_AGAIN;
    }
    uint64_t since_ns = UINT64_MAX;
    if (is_managed && gr_warp_lane() == 0u) {
      since_ns = gr_head_of(dev, context).since_ns;
    }
    const int32_t status = gr_sched_take(team, context);
    if (gr_warp_lane() == 0u) {
      if (status == GR_OK) {
        gr_sched_waited(team, context, since_ns);
      } else if (team->holds_quota != 0u) {
        team->holds_quota = 0u;
        gr_quota_give(dev, context);
      }
    }
    if (status == GR_OK) {
      return GR_OK;
    }
  }
}
