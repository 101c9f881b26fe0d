/* worker.h - one caller of an allocator, as the loads of workloads/alloc see it: a lane of a team
 * that takes part in a load, with a table of its own for what it has allocated.
 *
 * Whoever includes the loads defines before them how this caller allocates and frees,
 *
 *   void *wl_alloc(const struct wl_worker *, uint64_t bytes)     NULL: there is none
 *   void wl_free(const struct wl_worker *, void *p)
 *
 * and the same with names that end in _apart, which may be functions that are called: loads that do
 * more than to allocate use these, so that an image does not have the allocator in it fifty times.
 * What these need of struct wl_worker are WL_WORKER_FIELDS. Objects are written when they
 * are allocated and looked at before they are freed: the first word, and the last one of objects
 * with room for two. What is not as it was written is counted in `wrong`, what was not to be had in
 * `nulls`; both are part of a load's answer. Device code: C that gcc and nvcc accept.
 *
 * Next: pairs.h, programs.h, graph.h. */
#pragma once

#include "port/port.h"

struct wl_worker {
  uint64_t number; /* of all that take part, 0 to all - 1 */
  uint64_t all;
  uint64_t *slot; /* object i's address: slot[i * stride] */
  uint64_t stride;
  uint64_t slots;
  uint64_t random;
  uint64_t done;  /* objects allocated, or what the load counts */
  uint64_t wrong; /* objects that are not as they were written */
  uint64_t nulls; /* allocations that failed */
  uint64_t low;   /* addresses of objects, as wl_look saw them */
  uint64_t high;
  WL_WORKER_FIELDS
};

GR_DEV uint64_t *wl_slot(const struct wl_worker *worker, uint64_t i)
{
  return &worker->slot[i * worker->stride];
}
GR_DEV void *wl_object(const struct wl_worker *worker, uint64_t i)
{
  return (void *)(uintptr_t)*wl_slot(worker, i);
}
GR_DEV void wl_keep(const struct wl_worker *worker, uint64_t i, void *p)
{
  *wl_slot(worker, i) = (uint64_t)(uintptr_t)p;
}

/* xorshift64* (Vigna, 2016). */
GR_DEV uint64_t wl_random(struct wl_worker *worker)
{
  worker->random ^= worker->random >> 12;
  worker->random ^= worker->random << 25;
  worker->random ^= worker->random >> 27;
  return worker->random * 0x2545f4914f6cdd1dull;
}
/* 0 to below - 1, of a random number's upper half. */
GR_DEV uint64_t wl_below(uint64_t random, uint64_t below)
{
  return ((random >> 32) * below) >> 32;
}
/* A number that depends on i alone: what has to be known again when an object is freed. */
GR_DEV uint64_t wl_hash(uint64_t i)
{
  i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9ull;
  i = (i ^ i >> 27) * 0x94d049bb133111ebull;
  return i ^ i >> 31;
}

/* An object's last word, of those that have two. */
GR_DEV volatile uint64_t *wl_last(void *p, uint64_t bytes)
{
  return (volatile uint64_t *)p + (bytes / sizeof(uint64_t) - 1u);
}
GR_DEV void wl_write(void *p, uint64_t bytes, uint64_t mark)
{
  if (bytes >= 16u) {
    *(volatile uint64_t *)p = mark;
    *wl_last(p, bytes) = ~mark;
  } else {
    *(volatile uint32_t *)p = (uint32_t)mark;
  }
}
GR_DEV bool wl_is_written(void *p, uint64_t bytes, uint64_t mark)
{
  if (bytes >= 16u) {
    return *(volatile uint64_t *)p == mark && *wl_last(p, bytes) == ~mark;
  }
  return *(volatile uint32_t *)p == (uint32_t)mark;
}
/* What worker and number of an object say together. */
GR_DEV uint64_t wl_mark(const struct wl_worker *worker, uint64_t i)
{
  return (worker->number + 1u) << 40 ^ i;
}

/* Every word of an object: none of another object's is among them. */
GR_DEV void wl_fill(void *p, uint64_t bytes, uint64_t mark)
{
  volatile uint32_t *word = (volatile uint32_t *)p;
  for (uint64_t i = 0u; i < bytes / sizeof(uint32_t); i++) {
    word[i] = (uint32_t)mark;
  }
}
GR_DEV bool wl_is_filled(void *p, uint64_t bytes, uint64_t mark)
{
  const volatile uint32_t *word = (const volatile uint32_t *)p;
  for (uint64_t i = 0u; i < bytes / sizeof(uint32_t); i++) {
    if (word[i] != (uint32_t)mark) {
      return false;
    }
  }
  return true;
}
