/* runq.h - the run queue of a context: bounded, any team pushes, any team pops, first in first out.
 *
 *        head (next to take)         tail (next to fill)
 *          v                           v
 *   [free][full][full][full][reserved][free][free]        pos counts for ever, slot = pos & mask
 *
 * The tag of a slot says whose it is (two per lap; lap(pos) = pos >> shift):
 *   GR_RUNQ_FREE(pos) = 2 lap      the producer that reserves pos may fill it
 *   GR_RUNQ_FULL(pos) = 2 lap + 1  the consumer that takes pos may copy it out
 * I10 A producer reserves positions by moving tail, after it has seen their slots free for its lap;
 *     nobody but a reserver fills a slot, so what it saw stays true while tail has not moved.
 * I11 A consumer copies a full slot, then takes it by moving head: if head had moved in between,
 * the copy is thrown away. Whoever moved head frees the slot, for the next lap. I12 No step waits
 * for another team: a reserved slot that is not yet full looks like an empty queue.
 * I15 "Full" and "empty" are answered only after a CAS has confirmed the counter: a load may be
 * older than the slot that it led to, and a task behind it would be left without its bit (I7).
 *
 * word     writer                  order: why
 * tail     producers, by CAS       relaxed: a number; slots hand themselves over
 * head     consumers, by CAS       relaxed: the same; a copy whose tags matched is older (I11)
 * slot[]   its owner, by tag       chunk release/acquire: payload comes with its tag
 *
 * Breaks if: a slot is written by anyone who did not reserve it. Derived from D. Vyukov's bounded
 * MPMC queue (1024cores.net), with the sequence word moved into the payload's chunks.
 *
 * Next: sched.h. */
#pragma once

#include "device/fault.h"
#include "device/line.h"

#define GR_RUNQ_FREE(pos, shift) (((uint32_t)(pos) >> (shift)) * 2u)
#define GR_RUNQ_FULL(pos, shift) (GR_RUNQ_FREE(pos, shift) + 1u)

GR_DEV struct gr_line *gr_runq_slot(const struct gr_dev *dev, const struct gr_runq *queue,
                                    uint32_t pos)
{
  return &queue->slot[pos & ((1u << dev->runq_shift) - 1u)];
}

/* One lane. True if slots pos ... pos + count - 1 may be filled in their lap. */
GR_DEV bool gr_runq_is_free(const struct gr_dev *dev, const struct gr_runq *queue, uint32_t pos,
                            uint32_t count)
{
  for (uint32_t i = 0u; i < count; i++) {
    struct gr_chunk ignored;
    if (!gr_chunk_try_load_acquire_gpu(&gr_runq_slot(dev, queue, pos + i)->chunk[0],
                                       GR_RUNQ_FREE(pos + i, dev->runq_shift), &ignored)) {
      return false;
    }
  }
  return true;
}

/* Slots of a queue: `count` from `pos` on, and how many may be taken with them. */
struct gr_places {
  uint32_t count;
  uint32_t room;
  uint32_t pos;
};

/* One lane. Whether, with tail at `end`, at most `room` slots are taken. An old head makes that
 * less likely; one younger than the tail that `end` is made from says anything, and the CAS
 * fails. */
GR_DEV bool gr_runq_has_room(const struct gr_dev *dev, const struct gr_runq *queue, uint32_t end,
                             uint32_t room)
{
  return room >= 1u << dev->runq_shift || end - gr_load_relaxed_gpu_u32(&queue->head) <= room;
}

/* One lane. Reserves places->count slots from places->pos on, all or none (I10). GR_E_AGAIN: not so
 * many are free within its room. */
GR_DEV int32_t gr_runq_reserve_within(const struct gr_dev *dev, struct gr_runq *queue,
                                      struct gr_places *places)
{
  const uint32_t count = places->count;
  uint32_t tail = gr_load_relaxed_gpu_u32(&queue->tail);
  for (uint32_t tries = 0u; tries < GR_CAS_TRIES_MAX; tries++) {
    const bool is_free = gr_runq_has_room(dev, queue, tail + count, places->room) &&
                         gr_runq_is_free(dev, queue, tail, count);
    const uint32_t seen = gr_cas_relaxed_gpu_u32(&queue->tail, tail, is_free ? tail + count : tail);
    if (seen == tail) {
      places->pos = tail;
      return is_free ? GR_OK : GR_E_AGAIN;
    }
    tail = seen;
  }
  return GR_E_AGAIN;
}

/* The same, with all of the queue for room. */
GR_DEV int32_t gr_runq_reserve(const struct gr_dev *dev, struct gr_runq *queue, uint32_t count,
                               uint32_t *pos)
{
  struct gr_places places = {count, 1u << dev->runq_shift, 0u};
  const int32_t status = gr_runq_reserve_within(dev, queue, &places);
  *pos = places.pos;
  return status;
}

/* Leading warp. Fills a reserved slot. */
GR_DEV void gr_runq_fill(const struct gr_dev *dev, struct gr_runq *queue, uint32_t pos,
                         const struct gr_task *task)
{
  gr_line_write(gr_runq_slot(dev, queue, pos), task, GR_RUNQ_FULL(pos, dev->runq_shift));
}

/* Leading warp. GR_OK: the oldest task is in `out`. GR_E_AGAIN: empty, or the oldest is being
 * filled. */
GR_DEV int32_t gr_runq_pop(const struct gr_dev *dev, struct gr_runq *queue, struct gr_task *out)
{
  const uint32_t slots = 1u << dev->runq_shift;
  uint32_t head = gr_lead_u32(gr_load_relaxed_gpu_u32(&queue->head));
  for (uint32_t tries = 0u; tries < GR_CAS_TRIES_MAX; tries++) {
    struct gr_line *slot = gr_runq_slot(dev, queue, head);
    const bool is_full = gr_line_try_read(slot, GR_RUNQ_FULL(head, dev->runq_shift), out);
    uint32_t seen = 0u;
    if (gr_warp_lane() == 0u) {
      seen = gr_cas_relaxed_gpu_u32(&queue->head, head, is_full ? head + 1u : head);
    }
    seen = gr_lead_u32(seen);
    if (seen == head && is_full) {
      if (gr_warp_lane() == 0u) { /* frees it: chunk 0 alone carries the free tag */
        struct gr_chunk chunk;
        chunk.arg = 0u;
        chunk.head = 0u;
        chunk.tag = GR_RUNQ_FREE(head + slots, dev->runq_shift);
        gr_chunk_store_release_gpu(&slot->chunk[0], &chunk);
      }
      return GR_OK;
    }
    if (seen == head) {
      return GR_E_AGAIN;
    }
    head = seen;
  }
  return GR_E_TIMEOUT;
}

/* What must hold when nobody is in the queue; for tests. */
GR_DEV bool gr_runq_is_valid(const struct gr_dev *dev, const struct gr_runq *queue)
{
  const uint32_t head = gr_load_relaxed_gpu_u32(&queue->head);
  const uint32_t tail = gr_load_relaxed_gpu_u32(&queue->tail);
  return tail - head <= (1u << dev->runq_shift);
}
