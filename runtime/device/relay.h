/* relay.h - an op asks the host: to open, read, write, ... (shared/relay.h has the picture).
 *
 *   struct gr_call call = gr_call_make(team, GR_CALL_READ);
 *   call.handle = handle; call.address = ...; call.bytes = 4096u; call.offset = 0u;
 *
 *   no lane waits:  gr_call_then_team(team, &call, &then)   `then` runs with the result, for which
 *                                                           see gr_call_result, and completes the
 *                                                           op's ticket in its stead
 *   a lane waits:   gr_call(team, &call)                    the result; of many lanes at once, each
 *                                                           with a call of its own
 *   later:          gr_call_post, then gr_call_poll or gr_call_wait
 *
 * Results are those of Linux: bytes, a handle, 0, or a negative errno number. GR_E_AGAIN: the
 * context has GR_CALLS_MAX calls out; GR_E_ACCES: it was granted none (grosr_relay_grant).
 * Lanes that post together take their records and places by one atomic operation each.
 *
 * Next: microkernel.h. */
#pragma once

#include "device/submit.h"
#include "shared/relay.h"

/* A call that was posted: sequence << 32 | record. Never 0. */
#define GR_TICKET(record, sequence) ((uint64_t)(sequence) << 32 | (uint64_t)(record))

/* Any lane. */
GR_DEV struct gr_call gr_call_make(const struct gr_team *team, uint32_t kind)
{
  struct gr_call call = {0u, 0u, 0u, 0u, (uint16_t)kind, team->task->context, 0u, 0u, 0u, 0u};
  return call;
}

/* ---- records and places ---- */
/* One lane for `count` (1 to 32) lanes: up to so many records of one word, which is *word; a bit
 * each. 0: all are out. */
GR_DEV uint64_t gr_records_take(struct gr_relay_ring *ring, uint32_t count, uint32_t *word)
{
  for (uint32_t i = 0u; i < GR_CALLS_MAX / 64u; i++) {
    uint64_t have = gr_load_relaxed_gpu_u64(&ring->free[i]);
    while (have != 0u) {
      uint64_t left = have;
      for (uint32_t k = 0u; k < count && left != 0u; k++) {
        left &= left - 1u;
      }
      const uint64_t seen = gr_cas_acquire_gpu_u64(&ring->free[i], have, left);
      if (seen == have) {
        *word = i;
        return have & ~left;
      }
      have = seen;
    }
  }
  return 0u;
}

GR_DEV void gr_record_give(struct gr_relay_ring *ring, uint32_t record)
{
  gr_or_release_gpu_u64(&ring->free[record / 64u], (uint64_t)1 << (record % 64u));
}

/* The record of the lane that is the `rank`-th of those that took `mask` of `word`. */
GR_DEV uint32_t gr_record_of(uint64_t mask, uint32_t word, uint32_t rank)
{
  for (; rank != 0u; rank--) {
    mask &= mask - 1u;
  }
  return word * 64u + gr_bits_lowest_u64(mask);
}

/* One lane. Fills the place that it has reserved. */
GR_DEV void gr_call_write(struct gr_relay_wire *wire, uint32_t pos, const struct gr_call *call)
{
  struct gr_line *line = &wire->line[pos & (GR_CALLS_MAX - 1u)];
  const uint64_t arg[4] = {call->address, call->offset, call->bytes, call->mode};
  const uint32_t head[4] = {GR_TASK_HEAD(call->kind, call->context, call->flags), call->handle,
                            call->record, call->sequence};
  for (uint32_t c = 0u; c < 4u; c++) {
    struct gr_chunk chunk;
    chunk.arg = arg[c];
    chunk.head = head[c];
    chunk.tag = GR_LAP_TAG(pos, GR_CALLS_SHIFT);
    gr_chunk_store_release_sys(&line->chunk[c], &chunk);
  }
}

/* The mediator may be asleep; only where a team can wake it. */
GR_DEV void gr_mediator_wake(struct gr_relay *relay)
{
  gr_fence_waker();
  gr_wake(&relay->asleep);
}

GR_DEV bool gr_relay_is_granted(const struct gr_dev *dev, uint32_t context)
{
  return dev->relay != NULL &&
         (gr_load_relaxed_gpu_u64(&dev->relay->granted) >> context & 1u) != 0u;
}

/* One lane: record `record` is its own now, place `pos` too. Returns the ticket. */
GR_DEV uint64_t gr_call_send(struct gr_team *team, struct gr_call call, uint32_t record,
                             uint32_t pos)
{
  struct gr_relay *relay = team->dev->relay;
  struct gr_called *called = &relay->ring[call.context].record[record];
  const uint32_t sequence = called->sequence + 1u != 0u ? called->sequence + 1u : 1u;
  called->sequence = sequence;
  call.record = record;
  call.sequence = sequence;
  gr_call_write(&relay->wire[call.context], pos, &call);
  return GR_TICKET(record, sequence);
}

/* ---- for ops: a lane has a call ---- */

/* Any lane, also of a diverged warp: lanes that happen to be here share two atomic operations. The
 * ticket, or 0 and why: GR_E_AGAIN, GR_E_ACCES. */
GR_DEV_APART uint64_t gr_call_post(struct gr_team *team, const struct gr_call *call, int32_t *why)
{
  struct gr_relay *relay = team->dev->relay;
  const uint32_t context = team->task->context, lane = gr_warp_lane();
  *why = gr_relay_is_granted(team->dev, context) ? GR_OK : GR_E_ACCES;
  if (*why != GR_OK) {
    return 0u;
  }
  struct gr_relay_ring *ring = &relay->ring[context];
  const uint32_t peers = gr_peers_u32(0u), leader = gr_bits_lowest_u64(peers);
  uint64_t taken = 0u, where = 0u; /* pos << 32 | word */
  if (lane == leader) {
    uint32_t word = 0u;
    taken = gr_records_take(ring, gr_bits_count_u64(peers), &word);
    if (taken != 0u) {
      where = (uint64_t)gr_add_relaxed_gpu_u32(&ring->tail, gr_bits_count_u64(taken)) << 32 | word;
    }
  }
  taken = gr_peers_shuffle_u64(peers, taken, leader);
  where = gr_peers_shuffle_u64(peers, where, leader);
  const uint32_t rank = gr_bits_count_u64(peers & (((uint32_t)1 << lane) - 1u));
  uint64_t ticket = 0u;
  if (rank < gr_bits_count_u64(taken)) {
    struct gr_call mine = *call;
    mine.context = (uint8_t)context;
    mine.flags = 0u;
    ticket = gr_call_send(team, mine, gr_record_of(taken, (uint32_t)where, rank),
                          (uint32_t)(where >> 32) + rank);
  }
  gr_peers_or_u32(peers, 0u); /* all have filled their places */
  if (lane == leader && taken != 0u) {
    gr_mediator_wake(relay);
  }
  *why = ticket != 0u ? GR_OK : GR_E_AGAIN;
  return ticket;
}

/* The lane that posted it. True: *result is the answer, and the ticket is over. */
GR_DEV bool gr_call_poll(struct gr_team *team, uint64_t ticket, int64_t *result)
{
  struct gr_relay *relay = team->dev->relay;
  const uint32_t context = team->task->context, record = (uint32_t)ticket;
  struct gr_chunk answer;
  if (!gr_chunk_try_load_acquire_sys(&relay->wire[context].answer[record],
                                     (uint32_t)(ticket >> 32), &answer)) {
    return false;
  }
  *result = (int64_t)answer.arg;
  gr_record_give(&relay->ring[context], record);
  return true;
}

/* The same, until it has been answered; by R3 it is, unless the device is told to stop. */
GR_DEV_APART int64_t gr_call_wait(struct gr_team *team, uint64_t ticket)
{
  int64_t result = GR_E_CANCELED;
  for (uint32_t spins = 1u; !gr_call_poll(team, ticket, &result); spins++) {
    gr_pause();
    if (spins % GR_CALL_SPINS == 0u) {
      if (gr_load_relaxed_gpu_u32(&team->dev->run) != GR_RUN_GO) {
        break;
      }
      gr_yield();
    }
  }
  return result;
}

/* Posts and waits; while all records are out, for one of these. */
GR_DEV int64_t gr_call(struct gr_team *team, const struct gr_call *call)
{
  int32_t why = GR_OK;
  uint64_t ticket = gr_call_post(team, call, &why);
  while (ticket == 0u && why == GR_E_AGAIN &&
         gr_load_relaxed_gpu_u32(&team->dev->run) == GR_RUN_GO) {
    gr_pause();
    gr_yield();
    ticket = gr_call_post(team, call, &why);
  }
  return ticket != 0u ? gr_call_wait(team, ticket) : (int64_t)why;
}

/* ---- for ops: nobody waits ---- */

/* Leading warp's lane 0. The call goes out, and its answer ends the one child of team's fork. */
GR_DEV int32_t gr_call_park(struct gr_team *team, const struct gr_call *call)
{
  struct gr_dev *dev = team->dev;
  struct gr_relay_ring *ring = &dev->relay->ring[team->task->context];
  uint32_t word = 0u;
  const uint64_t taken = gr_records_take(ring, 1u, &word);
  if (taken == 0u) {
    return GR_E_AGAIN;
  }
  const uint32_t record = gr_record_of(taken, word, 0u);
  struct gr_call mine = *call;
  mine.context = team->task->context;
  mine.flags = GR_CALL_CONTINUED;
  struct gr_task *child = &ring->record[record].task;
  for (uint32_t i = 0u; i < 4u; i++) {
    child->arg[i] = 0u;
    child->head[i] = 0u;
  }
  child->head[0] = GR_TASK_HEAD(GR_OP_WOKEN, team->task->context, GR_DONE_JOIN);
  child->done = team->fork - 1u;
  gr_submit_count(team, 2u); /* it, and the continuation */
  gr_call_send(team, mine, record, gr_add_relaxed_gpu_u32(&ring->tail, 1u));
  gr_mediator_wake(dev->relay);
  return GR_OK;
}

/* Whole team, converged. `then` runs when this op has returned and the call was answered, in this
 * op's stead, as after gr_fork_team; its argument 3 is gr_call_result's. What the call names stays
 * as it is until then. Answers GR_E_AGAIN, GR_E_ACCES, and as gr_fork_team: nothing was asked. */
GR_DEV_APART int32_t gr_call_then_team(struct gr_team *team, const struct gr_call *call,
                                       const struct gr_task *then)
{
  int32_t status = GR_OK;
  gr_team_barrier();
  if (gr_lane() == 0u) {
    status = gr_relay_is_granted(team->dev, team->task->context) ? gr_fork_begin(team, 1u, then)
                                                                 : (int32_t)GR_E_ACCES;
    if (status == GR_OK) {
      status = gr_call_park(team, call);
      if (status != GR_OK) {
        gr_join_give(team->dev, team->fork - 1u);
        team->fork = 0u;
      }
    }
  }
  return (int32_t)gr_team_broadcast_u64(team, (uint64_t)(int64_t)status);
}

/* In the task that is such a `then`. */
GR_DEV int64_t gr_call_result(const struct gr_team *team)
{
  return (int64_t)gr_arg_u64(team, 3);
}

/* Leading warp. team->task is GR_OP_CALLED, the mediator's answer to a call that is continued: it
 * becomes the child that the call stands for, which has ended. */
GR_DEV_APART void gr_call_resume(struct gr_team *team)
{
  struct gr_dev *dev = team->dev;
  gr_warp_barrier(); /* all lanes have read its op */
  if (gr_warp_lane() == 0u) {
    const uint32_t context = team->task->context, record = (uint32_t)gr_arg_u64(team, 0);
    const uint64_t result = gr_arg_u64(team, 1);
    struct gr_relay_ring *ring = &dev->relay->ring[context];
    const struct gr_called *called = &ring->record[record & (GR_CALLS_MAX - 1u)];
    team->own = called->task; /* team->task may be there */
    dev->join[team->own.done].then.arg[3] = result;
    gr_record_give(ring, record);
    gr_end_count(team, GR_OK); /* the message */
    team->task = &team->own;
  }
  gr_warp_barrier();
}
