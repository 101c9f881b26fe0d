/* pairs.h - the loads that ask for the rate of an allocator alone.
 *
 *   wl_pairs   allocate, write, look, free, again and again: one object is live at a time
 *   wl_take    allocate many, wl_drop frees them in the same order: the survey's tests 3 and 6, and
 *              with sizes 4 to `bytes` at random its tests 5 and 9 (Winter et al., PPoPP 2021,
 *              "Are Dynamic Memory Managers on GPUs Slow? A Survey and Benchmarks")
 *   wl_write_all  every int of every object, through the pointers that were returned: its test 10
 *   wl_churn   with all these live: free one at random and allocate another, again and again
 *
 * Next: programs.h. */
#pragma once

#include "workloads/alloc/worker.h"

/* Sizes: `bytes`, or 4 to `bytes` in steps of 4, at random by the object's number. */
GR_DEV uint64_t wl_size(uint64_t bytes, bool is_mixed, uint64_t i)
{
  return is_mixed ? 4u * (1u + wl_below(wl_hash(i + 1u), bytes / 4u)) : bytes;
}

/* touches: the first word is written and looked at; without, only what the allocator does. */
GR_DEV_HOT void wl_pairs(struct wl_worker *worker, uint64_t count, uint64_t bytes, bool touches)
{
  for (uint64_t i = 0u; i < count; i++) {
    void *p = wl_alloc(worker, bytes);
    if (p == NULL) {
      worker->nulls++;
      continue;
    }
    if (touches) {
      *(volatile uint64_t *)p = i;
      worker->wrong += *(volatile uint64_t *)p != i;
    }
    wl_free(worker, p);
  }
  worker->done += count;
}

/* is_apart: not for its own sake; a constant. */
GR_DEV_HOT void wl_take(struct wl_worker *worker, uint64_t count, uint64_t bytes, bool is_mixed,
                        bool is_apart)
{
  for (uint64_t i = 0u; i < count; i++) {
    const uint64_t size = wl_size(bytes, is_mixed, i);
    void *p = is_apart ? wl_alloc_apart(worker, size) : wl_alloc(worker, size);
    worker->nulls += p == NULL;
    wl_keep(worker, i, p);
  }
  worker->done += count;
}

GR_DEV_HOT void wl_drop(struct wl_worker *worker, uint64_t count, bool is_apart)
{
  for (uint64_t i = 0u; i < count; i++) {
    void *p = wl_object(worker, i);
    if (p != NULL && is_apart) {
      wl_free_apart(worker, p);
    } else if (p != NULL) {
      wl_free(worker, p);
    }
  }
}

/* Not timed, between the two: every object has its own bytes. How far they are apart is noted. */
GR_DEV void wl_look(struct wl_worker *worker, uint64_t count, uint64_t bytes, bool is_mixed)
{
  for (uint64_t i = 0u; i < count; i++) {
    void *p = wl_object(worker, i);
    if (p != NULL) {
      const uint64_t at = (uint64_t)(uintptr_t)p, size = wl_size(bytes, is_mixed, i);
      wl_fill(p, size, wl_mark(worker, i));
      worker->low = at < worker->low ? at : worker->low;
      worker->high = at + size > worker->high ? at + size : worker->high;
    }
  }
}
GR_DEV void wl_look_again(struct wl_worker *worker, uint64_t count, uint64_t bytes, bool is_mixed)
{
  for (uint64_t i = 0u; i < count; i++) {
    void *p = wl_object(worker, i);
    if (p != NULL && !wl_is_filled(p, wl_size(bytes, is_mixed, i), wl_mark(worker, i))) {
      worker->wrong++;
    }
  }
}

/* So many passes over all objects, an int at a time. */
GR_DEV void wl_write_all(struct wl_worker *worker, uint64_t count, uint64_t bytes, bool is_mixed,
                         uint64_t passes)
{
  for (uint64_t pass = 0u; pass < passes; pass++) {
    for (uint64_t i = 0u; i < count; i++) {
      void *p = wl_object(worker, i);
      if (p != NULL) {
        wl_fill(p, wl_size(bytes, is_mixed, i), wl_mark(worker, i));
      }
    }
  }
}

/* All slots have an object, written with its number. */
GR_DEV_HOT void wl_churn_begin(struct wl_worker *worker, uint64_t objects, uint64_t bytes)
{
  for (uint64_t i = 0u; i < objects; i++) {
    void *p = wl_alloc_apart(worker, bytes);
    if (p == NULL) {
      worker->nulls++;
    } else {
      wl_write(p, bytes, wl_mark(worker, i));
    }
    wl_keep(worker, i, p);
  }
}
GR_DEV_HOT void wl_churn(struct wl_worker *worker, uint64_t count, uint64_t objects, uint64_t bytes)
{
  for (uint64_t i = 0u; i < count; i++) {
    const uint64_t at = wl_below(wl_random(worker), objects);
    void *p = wl_object(worker, at);
    if (p != NULL) {
      worker->wrong += !wl_is_written(p, bytes, wl_mark(worker, at));
      wl_free(worker, p);
    }
    p = wl_alloc(worker, bytes);
    if (p == NULL) {
      worker->nulls++;
    } else {
      wl_write(p, bytes, wl_mark(worker, at));
    }
    wl_keep(worker, at, p);
  }
  worker->done += count;
}
GR_DEV_HOT void wl_churn_end(struct wl_worker *worker, uint64_t objects, uint64_t bytes)
{
  for (uint64_t i = 0u; i < objects; i++) {
    void *p = wl_object(worker, i);
    if (p != NULL) {
      worker->wrong += !wl_is_written(p, bytes, wl_mark(worker, i));
      wl_free_apart(worker, p);
    }
    wl_keep(worker, i, NULL);
  }
}
