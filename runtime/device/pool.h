/* pool.h - free lists: joins, tile records and wait nodes are taken from one and given back to it.
 *
 *   *free: pops << 32 | index + 1 of the first free element, 0 at the end of the list
 *   next of an element, while it is free: index + 1 of the one behind it
 *
 * I14 The head counts its pops, so a compare-and-swap that saw an older list fails even when the
 *     same element is on top again.
 *
 * word   writer                       order: why
 * *free  taker, giver, by CAS         acquire, release: the element is handed over by it
 * next   the giver, before the CAS    atomic: a taker that loses the race may read it late
 *
 * Called by one lane. An element's `next` lies at the same offset in each; `first` is that of
 * element 0, `bytes` the size of an element. Next: join.h (the oldest user). */
#pragma once

#include "shared/dev.h"

GR_DEV gr_au32 *gr_pool_next(gr_au32 *first, uint32_t bytes, uint32_t index)
{
  return (gr_au32 *)(void *)((unsigned char *)first + (uint64_t)index * bytes);
}

/* An element's index + 1, or 0: all are taken. */
GR_DEV uint32_t gr_pool_take(gr_au64 *free, gr_au32 *first, uint32_t bytes)
{
  uint64_t top = gr_load_acquire_gpu_u64(free);
  for (uint32_t tries = 0u; tries < GR_CAS_TRIES_MAX && (uint32_t)top != 0u; tries++) {
    const uint64_t next = gr_load_relaxed_gpu_u32(gr_pool_next(first, bytes, (uint32_t)top - 1u));
    const uint64_t wanted = (((top >> 32) + 1u) << 32) | next;
    const uint64_t seen = gr_cas_acquire_gpu_u64(free, top, wanted);
    if (seen == top) {
      return (uint32_t)top;
    }
    top = seen;
  }
  return 0u;
}

/* The loop ends: every failed try is another team's success, and a team gives back a bounded number
 * of elements per task; losing one for good is not an answer. */
GR_DEV void gr_pool_give(gr_au64 *free, gr_au32 *first, uint32_t bytes, uint32_t index)
{
  uint64_t top = gr_load_relaxed_gpu_u64(free);
  for (;;) {
    gr_store_relaxed_gpu_u32(gr_pool_next(first, bytes, index), (uint32_t)top);
    const uint64_t wanted = (top & 0xffffffff00000000ull) | (uint64_t)(index + 1u);
    const uint64_t seen = gr_cas_release_gpu_u64(free, top, wanted);
    if (seen == top) {
      return;
    }
    top = seen;
  }
}
