/* space.h - the loads that ask what an allocator makes of its memory.
 *
 *   wl_space_fill   allocates until there is nothing left, or so many: the survey's test 8
 *   wl_space_thin   frees all but one object in every `stretch` bytes of addresses: for an
 *                   allocator that keeps blocks of one size, no such stretch is empty then
 *   wl_space_drain  frees all
 *
 * Objects are a list, each worker its own: word 0 is the object before, word 1 its mark, so no
 * table is needed, however many they are; they have 16 bytes or more. Next:
 * ../../experiments/exp3.h
 */
#pragma once

#include "workloads/alloc/worker.h"

#define WL_PAGE 4096u

/* Pages that hold, or ever held, a part of an object: a bit each, `bits` of them (a power of two).
 */
GR_DEV void wl_space_see(gr_au64 *seen, uint64_t bits, uint64_t first, uint64_t bytes)
{
  for (uint64_t page = first / WL_PAGE; page <= (first + bytes - 1u) / WL_PAGE; page++) {
    const uint64_t at = page & (bits - 1u), bit = (uint64_t)1 << (at & 63u);
    if ((gr_load_relaxed_gpu_u64(&seen[at >> 6]) & bit) == 0u) {
      gr_or_relaxed_gpu_u64(&seen[at >> 6], bit);
    }
  }
}

/* Adds up to `count` objects to the list that ends in slot 0. */
GR_DEV_HOT void wl_space_fill(struct wl_worker *worker, uint64_t count, uint64_t bytes,
                              gr_au64 *seen, uint64_t bits)
{
  for (uint64_t i = 0u; i < count; i++) {
    volatile uint64_t *object = (volatile uint64_t *)wl_alloc_apart(worker, bytes);
    if (object == NULL) {
      worker->nulls++;
      return;
    }
    object[0] = *wl_slot(worker, 0u);
    object[1] = object[0] ^ bytes ^ (uint64_t)(uintptr_t)object;
    wl_keep(worker, 0u, (void *)(uintptr_t)object);
    wl_space_see(seen, bits, (uint64_t)(uintptr_t)object, bytes);
    worker->done++;
  }
}

/* The object's size, from its mark; the object before it. */
GR_DEV uint64_t wl_space_bytes(const volatile uint64_t *object)
{
  return object[1] ^ object[0] ^ (uint64_t)(uintptr_t)object;
}

/* kept: a bit for each stretch, `bits` of them (a power of two), of addresses that many stretches
 * long; clear before. The worker's objects that are freed are counted. */
GR_DEV_HOT void wl_space_thin(struct wl_worker *worker, gr_au64 *kept, uint64_t bits,
                              uint64_t stretch)
{
  uint64_t next = *wl_slot(worker, 0u);
  wl_keep(worker, 0u, NULL);
  while (next != 0u) {
    volatile uint64_t *object = (volatile uint64_t *)(uintptr_t)next;
    const uint64_t at = next / stretch & (bits - 1u), bit = (uint64_t)1 << (at & 63u);
    next = object[0];
    if ((gr_or_acqrel_gpu_u64(&kept[at >> 6], bit) & bit) == 0u) {
      const uint64_t bytes = wl_space_bytes(object);
      object[0] = *wl_slot(worker, 0u);
      object[1] = object[0] ^ bytes ^ (uint64_t)(uintptr_t)object;
      wl_keep(worker, 0u, (void *)(uintptr_t)object);
    } else {
      wl_free_apart(worker, (void *)(uintptr_t)object);
      worker->done++;
    }
  }
}

/* least: no object is smaller; most: nor larger. */
GR_DEV_HOT void wl_space_drain(struct wl_worker *worker, uint64_t least, uint64_t most)
{
  uint64_t next = *wl_slot(worker, 0u);
  wl_keep(worker, 0u, NULL);
  while (next != 0u) {
    volatile uint64_t *object = (volatile uint64_t *)(uintptr_t)next;
    const uint64_t bytes = wl_space_bytes(object);
    if (bytes < least || bytes > most) {
      worker->wrong++;
      return;
    }
    next = object[0];
    wl_free_apart(worker, (void *)(uintptr_t)object);
    worker->done++;
  }
}
