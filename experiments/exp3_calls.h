/* exp3_calls.h - how the callers of an image of exp3 allocate: EXP3_CALLS says which of these.
 *
 * One image for each, so that what is measured has no choice in it. A call's time goes into a
 * histogram if the job wants it; whether it does is a branch that all have. Next: exp3_turn.h */
#pragma once

#include <stdlib.h>

#include <grosr/device.h>

#include "exp3.h"

#define EXP3_POINTER 1 /* cpu: through struct exp3_calls */
#define EXP3_SLAB    2 /* gr_alloc, gr_free: inlined, as in any op */
#define EXP3_BITMAP  3 /* the page bitmap alone: whole pages, however small the object */
#define EXP3_MALLOC  4 /* malloc, free as the compiler has them: cuda: the device's heap */
#define EXP3_BUMP    5 /* an addition; nothing is freed and all is used again: the bound */
#define EXP3_OTHER   6 /* another project's, by the adapter that the build was pointed at */

#ifdef EXP3_OTHER_PATH
#include EXP3_OTHER_PATH
#endif
#if !defined EXP3_OTHER_PATH || defined EXP3_OTHER_CUDA_ONLY
#include "exp3_other_example.h"
#endif

/* Of a team. EXP3_OTHER: all have the same memory. */
struct exp3_bump {
  gr_au64 next; /* counts up; modulo bytes it is where */
  uint64_t bytes;
  unsigned char *base;
};

/* How a caller allocates; all of it is constant in a load. */
struct exp3_how {
  struct gr_team *team;
  gr_au32 *ticks; /* histograms, of alloc and of free; NULL: calls are not timed */
  void *(*alloc)(uint64_t, void *);
  void (*release)(void *, void *);
  uint64_t (*usable)(void *, void *);
  void *self;
  struct exp3_bump *bump;
};

#define WL_WORKER_FIELDS struct exp3_how how;
#include "workloads/alloc/worker.h"

GR_DEV_HOT void *exp3_bump_alloc(struct exp3_bump *bump, uint64_t bytes)
{
  const uint64_t at = gr_add_relaxed_gpu_u64(&bump->next, (bytes + 15u) & ~(uint64_t)15u);
  return bump->base + at % bump->bytes;
}

GR_DEV_HOT void *exp3_alloc(const struct exp3_how *how, uint64_t bytes)
{
  switch (EXP3_CALLS) {
  case EXP3_POINTER:
    return how->alloc(bytes, how->self);
  case EXP3_SLAB:
    return gr_alloc(how->team, bytes);
  case EXP3_BITMAP:
    return gr_run_alloc(how->team, bytes, 1u);
  case EXP3_MALLOC:
    return malloc(bytes);
  case EXP3_OTHER:
    return exp3_other_alloc(how->bump->base, bytes);
  default:
    return exp3_bump_alloc(how->bump, bytes);
  }
}
/* What may not be freed is noted by the allocator, and looked for at the end (exp3_turn.h). */
GR_DEV_HOT void exp3_free(const struct exp3_how *how, void *p)
{
  switch (EXP3_CALLS) {
  case EXP3_POINTER:
    how->release(p, how->self);
    break;
  case EXP3_SLAB:
    gr_free(how->team, p);
    break;
  case EXP3_BITMAP:
    gr_run_free(how->team, p);
    break;
  case EXP3_MALLOC:
    free(p);
    break;
  case EXP3_OTHER:
    exp3_other_free(how->bump->base, p);
    break;
  default:
    break;
  }
}

/* The bytes that an object has; 0: not known. */
GR_DEV uint64_t exp3_usable(const struct exp3_how *how, void *p)
{
  if (EXP3_CALLS == EXP3_POINTER) {
    return how->usable != NULL ? how->usable(p, how->self) : 0u;
  }
  return EXP3_CALLS == EXP3_SLAB || EXP3_CALLS == EXP3_BITMAP ? gr_alloc_bytes(how->team, p) : 0u;
}

GR_DEV uint32_t exp3_bucket(uint64_t ticks)
{
  if (ticks < 8u) {
    return (uint32_t)ticks;
  }
  const uint32_t power = gr_bits_highest_u64(ticks);
  return (power - 2u) * 8u + ((uint32_t)(ticks >> (power - 3u)) & 7u);
}

/* The same, timed if that is wanted. */
GR_DEV_HOT void *exp3_alloc_timed(const struct exp3_how *how, uint64_t bytes)
{
  const uint64_t begin = how->ticks != NULL ? gr_clock_ticks() : 0u;
  void *p = exp3_alloc(how, bytes);
  if (how->ticks != NULL) {
    gr_add_relaxed_gpu_u32(&how->ticks[exp3_bucket(gr_clock_ticks() - begin)], 1u);
  }
  return p;
}
GR_DEV_HOT void exp3_free_timed(const struct exp3_how *how, void *p)
{
  const uint64_t begin = how->ticks != NULL ? gr_clock_ticks() : 0u;
  exp3_free(how, p);
  if (how->ticks != NULL) {
    gr_au32 *frees = how->ticks + EXP3_BUCKETS;
    gr_add_relaxed_gpu_u32(&frees[exp3_bucket(gr_clock_ticks() - begin)], 1u);
  }
}
GR_DEV_APART void *exp3_alloc_called(struct gr_team *team, struct exp3_bump *bump, gr_au32 *ticks,
                                     uint64_t bytes)
{
  const struct exp3_how how = {team, ticks, NULL, NULL, NULL, NULL, bump};
  return exp3_alloc_timed(&how, bytes);
}
GR_DEV_APART void exp3_free_called(struct gr_team *team, struct exp3_bump *bump, gr_au32 *ticks,
                                   void *p)
{
  const struct exp3_how how = {team, ticks, NULL, NULL, NULL, NULL, bump};
  exp3_free_timed(&how, p);
}

/* ---- what the loads call ---- */
GR_DEV_HOT void *wl_alloc(const struct wl_worker *worker, uint64_t bytes)
{
  return exp3_alloc_timed(&worker->how, bytes);
}
GR_DEV_HOT void wl_free(const struct wl_worker *worker, void *p)
{
  exp3_free_timed(&worker->how, p);
}
/* A call through a pointer is one already. */
GR_DEV_HOT void *wl_alloc_apart(const struct wl_worker *worker, uint64_t bytes)
{
  const struct exp3_how *how = &worker->how;
  return EXP3_CALLS == EXP3_POINTER ? exp3_alloc_timed(how, bytes)
                                    : exp3_alloc_called(how->team, how->bump, how->ticks, bytes);
}
GR_DEV_HOT void wl_free_apart(const struct wl_worker *worker, void *p)
{
  const struct exp3_how *how = &worker->how;
  if (EXP3_CALLS == EXP3_POINTER) {
    exp3_free_timed(how, p);
  } else {
    exp3_free_called(how->team, how->bump, how->ticks, p);
  }
}
