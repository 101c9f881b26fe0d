/* programs.h - the loads of known allocator benchmarks, written anew from their descriptions (the
 * papers, and the README of daanx/mimalloc-bench), for callers that are lanes of teams.
 *
 *   wl_cross    xmalloc-test (Lever and Boreham, 2000): every second team allocates objects and
 *               hands them on in batches, the next one frees them. A single team does both
 *   wl_larson   larson (Larson and Krishnan, 1998): random objects replaced at random; before each
 *               round the tables move on to the next team, which frees what another allocated
 *   wl_stress   mstress (Leijen): random sizes, most of them short-lived; some objects are
 *               exchanged with whoever comes by
 *   wl_scratch  cache-scratch (Berger et al., 2000): each is handed an object allocated beside the
 *               others', frees it, and then writes to small objects of its own
 *   wl_any      alloc-test (Petrov, 2018): random objects of a table, each written and read whole
 *
 * Next: phases.h. */
#pragma once

#include "workloads/alloc/worker.h"

#define WL_BATCH      64u
#define WL_BATCHES    4u
#define WL_WAIT_NS    10000000000u
#define WL_SPINS      1024u /* between two looks at the clock */
#define WL_TRANSFERS  256u
#define WL_SCRATCHES  100u /* writes to an object of wl_scratch */
#define WL_SIZE_LEAST 16u

/* From one worker to another: one writes, one reads. full[] is 1 from the writer's release to the
 * reader's. */
struct wl_ring {
  gr_au64 full[WL_BATCHES];
  uint64_t object[WL_BATCHES][WL_BATCH];
};
/* What wl_stress leaves for others. */
struct wl_transfers {
  gr_au64 object[WL_TRANSFERS];
};

/* False: the other has not come for 10 s. */
GR_DEV bool wl_await(const gr_au64 *word, uint64_t value)
{
  const uint64_t end_ns = gr_clock_ns() + WL_WAIT_NS;
  for (uint32_t spins = 1u; gr_load_acquire_gpu_u64(word) != value; spins++) {
    gr_pause();
    if (spins % WL_SPINS == 0u) {
      gr_yield();
      if (gr_clock_ns() > end_ns) {
        return false;
      }
    }
  }
  return true;
}

/* One batch into the ring, or out of it. False: the other end is gone. */
GR_DEV_HOT bool wl_batch_make(struct wl_worker *worker, struct wl_ring *ring, uint64_t batch,
                              uint64_t bytes)
{
  const uint32_t at = (uint32_t)batch % WL_BATCHES;
  if (!wl_await(&ring->full[at], 0u)) {
    return false;
  }
  for (uint32_t i = 0u; i < WL_BATCH; i++) {
    void *p = wl_alloc(worker, bytes);
    if (p == NULL) {
      worker->nulls++;
    } else {
      wl_write(p, bytes, batch * WL_BATCH + i);
    }
    ring->object[at][i] = (uint64_t)(uintptr_t)p;
  }
  gr_store_release_gpu_u64(&ring->full[at], 1u);
  return true;
}
GR_DEV_HOT bool wl_batch_end(struct wl_worker *worker, struct wl_ring *ring, uint64_t batch,
                             uint64_t bytes)
{
  const uint32_t at = (uint32_t)batch % WL_BATCHES;
  if (!wl_await(&ring->full[at], 1u)) {
    return false;
  }
  for (uint32_t i = 0u; i < WL_BATCH; i++) {
    void *p = (void *)(uintptr_t)ring->object[at][i];
    if (p != NULL) {
      worker->wrong += !wl_is_written(p, bytes, batch * WL_BATCH + i);
      wl_free(worker, p);
    }
  }
  worker->done += WL_BATCH;
  gr_store_release_gpu_u64(&ring->full[at], 0u);
  return true;
}
/* makes, ends: which of both this worker does; from and to the same ring if it is alone. */
GR_DEV_HOT void wl_cross(struct wl_worker *worker, uint64_t count, uint64_t bytes,
                         struct wl_ring *ring, bool makes, bool ends)
{
  for (uint64_t batch = 0u; batch < (count + WL_BATCH - 1u) / WL_BATCH; batch++) {
    if ((makes && !wl_batch_make(worker, ring, batch, bytes)) ||
        (ends && !wl_batch_end(worker, ring, batch, bytes))) {
      worker->wrong++;
      return;
    }
  }
}

/* ---- objects that say themselves how large they are: bytes << 32 and something ---- */
GR_DEV_HOT void *wl_make_any(struct wl_worker *worker, uint64_t bytes)
{
  void *p = wl_alloc_apart(worker, bytes);
  if (p == NULL) {
    worker->nulls++;
  } else {
    wl_write(p, bytes, bytes << 32 | (uint32_t)worker->random);
  }
  return p;
}
GR_DEV_HOT void wl_end_any(struct wl_worker *worker, void *p)
{
  if (p != NULL) {
    const uint64_t mark = *(volatile uint64_t *)p;
    worker->wrong += mark >> 32 < WL_SIZE_LEAST || *wl_last(p, mark >> 32) != ~mark;
    wl_free_apart(worker, p);
  }
}
/* 16 to bytes. */
GR_DEV uint64_t wl_size_any(uint64_t random, uint64_t bytes)
{
  return WL_SIZE_LEAST + wl_below(random, bytes - WL_SIZE_LEAST + 1u);
}

GR_DEV_HOT void wl_larson_begin(struct wl_worker *worker, uint64_t objects, uint64_t bytes)
{
  for (uint64_t i = 0u; i < objects; i++) {
    wl_keep(worker, i, wl_make_any(worker, wl_size_any(wl_random(worker), bytes)));
  }
}
GR_DEV_HOT void wl_larson(struct wl_worker *worker, uint64_t count, uint64_t objects,
                          uint64_t bytes)
{
  for (uint64_t i = 0u; i < count; i++) {
    const uint64_t random = wl_random(worker), at = wl_below(random, objects);
    wl_end_any(worker, wl_object(worker, at));
    wl_keep(worker, at, wl_make_any(worker, wl_size_any(random << 32, bytes)));
  }
  worker->done += count;
}
GR_DEV_HOT void wl_larson_end(struct wl_worker *worker, uint64_t objects)
{
  for (uint64_t i = 0u; i < objects; i++) {
    wl_end_any(worker, wl_object(worker, i));
    wl_keep(worker, i, NULL);
  }
}

/* Sizes: each power of two half as often as the one before, so many small ones and a few large. */
GR_DEV uint64_t wl_size_steep(uint64_t random, uint64_t bytes)
{
  uint64_t most = 32u;
  for (uint32_t bit = 0u; bit < 20u && (random >> bit & 1u) != 0u && 2u * most <= bytes; bit++) {
    most *= 2u;
  }
  return wl_size_any(random, most);
}
/* The objects of the table live until another takes their place; one in four that die are left for
 * others, and what others left dies instead. */
GR_DEV_HOT void wl_stress(struct wl_worker *worker, struct wl_transfers *transfers, uint64_t count,
                          uint64_t objects, uint64_t bytes)
{
  for (uint64_t i = 0u; i < count; i++) {
    const uint64_t random = wl_random(worker), at = wl_below(random, objects);
    void *p = wl_object(worker, at);
    if (p != NULL && (random & 3u) == 0u) {
      gr_au64 *place = &transfers->object[(random >> 2) % WL_TRANSFERS];
      const uint64_t left = gr_load_acquire_gpu_u64(place);
      if (gr_cas_acqrel_gpu_u64(place, left, (uint64_t)(uintptr_t)p) == left) {
        p = (void *)(uintptr_t)left;
      }
    }
    wl_end_any(worker, p);
    wl_keep(worker, at, wl_make_any(worker, wl_size_steep(random >> 12, bytes)));
  }
  worker->done += count;
}
/* One worker, the others are done. */
GR_DEV_HOT void wl_stress_end(struct wl_worker *worker, struct wl_transfers *transfers)
{
  for (uint32_t i = 0u; i < WL_TRANSFERS; i++) {
    wl_end_any(worker, (void *)(uintptr_t)gr_load_acquire_gpu_u64(&transfers->object[i]));
    gr_store_release_gpu_u64(&transfers->object[i], 0u);
  }
}

/* Slot 0 has the object that was allocated beside the others'. */
GR_DEV_HOT void wl_scratch(struct wl_worker *worker, uint64_t count, uint64_t bytes)
{
  void *p = wl_object(worker, 0u);
  for (uint64_t i = 0u; i < count; i++) {
    if (p != NULL) {
      wl_free_apart(worker, p);
    }
    p = wl_alloc_apart(worker, bytes);
    worker->nulls += p == NULL;
    for (uint64_t k = 0u; p != NULL && k < WL_SCRATCHES; k++) {
      volatile uint64_t *word = (volatile uint64_t *)p;
      *word = k == 0u ? worker->number : *word + 1u;
    }
    worker->wrong += p != NULL && *(volatile uint64_t *)p != worker->number + WL_SCRATCHES - 1u;
  }
  wl_keep(worker, 0u, p);
  worker->done += count;
}

GR_DEV_HOT void wl_any_end(struct wl_worker *worker, void *p)
{
  if (p != NULL) {
    const uint64_t mark = *(volatile uint64_t *)p;
    volatile uint64_t *word = (volatile uint64_t *)p;
    uint64_t sum = 0u;
    for (uint64_t i = 0u; i < (mark >> 32) / sizeof(uint64_t); i++) {
      sum += word[i] ^ mark;
    }
    worker->wrong += sum != 0u || mark >> 32 < WL_SIZE_LEAST;
    wl_free_apart(worker, p);
  }
}
GR_DEV_HOT void wl_any(struct wl_worker *worker, uint64_t count, uint64_t objects, uint64_t bytes)
{
  for (uint64_t i = 0u; i < count; i++) {
    const uint64_t random = wl_random(worker), at = wl_below(random, objects);
    const uint64_t size = wl_size_any(random << 32, bytes), mark = size << 32 | (uint32_t)i;
    wl_any_end(worker, wl_object(worker, at));
    void *p = wl_alloc_apart(worker, size);
    worker->nulls += p == NULL;
    for (uint64_t k = 0u; p != NULL && k < size / sizeof(uint64_t); k++) {
      ((volatile uint64_t *)p)[k] = mark;
    }
    wl_keep(worker, at, p);
  }
  worker->done += count;
}
GR_DEV_HOT void wl_any_drop(struct wl_worker *worker, uint64_t objects)
{
  for (uint64_t i = 0u; i < objects; i++) {
    wl_any_end(worker, wl_object(worker, i));
    wl_keep(worker, i, NULL);
  }
}
