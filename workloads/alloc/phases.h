/* phases.h - memory that fills and empties, again and again, and what is left over each time.
 *
 * Halloc's phase test (Adinetz and Pleiter, 2014: tst/perf/phase-throughput), with its fractions:
 * of all places 91 % act in a phase; after the first one 95 % have an object, after the second 5 %.
 * So a few are freed while most are allocated, and the other way round. What it does not have:
 * those that are left over pass to the next team, which has to free them, and the next two phases
 * have objects of another size, which must do with what lies between them (larson's bleeding).
 *
 * Next: graph.h. */
#pragma once

#include "workloads/alloc/programs.h"

#define WL_PHASE_PLACES 4096u /* an act's probability is in these */
#define WL_PHASE_MANY   3902u /* (0.91 + 0.95 - 0.05) / (2 * 0.95) */
#define WL_PHASE_FEW    410u  /* (0.91 - 0.95 + 0.05) / (2 * 0.05) */
#define WL_PHASE_SIZES  4u

/* The objects' size, one after the other: a quarter of it, all, a sixteenth, a half. */
GR_DEV uint64_t wl_phase_size(uint64_t bytes, uint64_t which)
{
  const uint32_t shift[WL_PHASE_SIZES] = {2u, 0u, 4u, 1u};
  const uint64_t size = bytes >> shift[which % WL_PHASE_SIZES];
  return size < WL_SIZE_LEAST ? WL_SIZE_LEAST : size;
}

/* One phase of a worker: each of its places acts or does not. done: allocations. */
GR_DEV_HOT void wl_phase(struct wl_worker *worker, uint64_t objects, uint64_t bytes, bool fills)
{
  for (uint64_t i = 0u; i < objects; i++) {
    void *p = wl_object(worker, i);
    const bool is_many = fills == (p == NULL);
    if (wl_below(wl_random(worker), WL_PHASE_PLACES) >= (is_many ? WL_PHASE_MANY : WL_PHASE_FEW)) {
      continue;
    }
    if (p != NULL) {
      wl_end_any(worker, p);
      wl_keep(worker, i, NULL);
    } else {
      wl_keep(worker, i, wl_make_any(worker, bytes));
      worker->done++;
    }
  }
}
