/* point.h - the inside of a point: what hx.h hands to an experiment as an opaque handle.
 *
 *   field            writer                              reader
 *   series[]         measuring thread (hx_sample)        block.c after run(), same thread
 *   verdict, reason  any thread, under `lock`            block.c after run()
 *   note[]           any thread, under `lock`            block.c after run()
 *   the rest         worker.c before run()               any thread
 *
 * Called by worker.c: init, run, fini for each point in turn.
 * Promised: samples, notes and reasons that an experiment gives never fail visibly; a full or
 * impossible one fails the point instead, with a reason.
 *
 * Next: pin.h */
#pragma once
#ifndef HX_PRIVATE
#error "point.h is private to harness/: include hx.h"
#endif
#include <pthread.h>

#include "hx.h"
#include "hx_limits.h"
#include "sweep.h"

enum hx_verdict { HX_POINT_OK = 0, HX_POINT_FAILED, HX_POINT_SKIPPED, HX_VERDICT_COUNT };

struct hx_series {
  double *value;
  size_t count;
  size_t capacity;
  double *warm; /* the first HX_WARM_MAX */
  size_t warm_count;
  size_t looked;       /* samples at the last look at the interval */
  const char *stopped; /* why hx_more() said no: "goal", "width", "time"; NULL: it did not */
};

struct hx_note {
  char *key;
  char *value;
};

struct hx_point {
  const struct hx_plan *plan;
  const struct hx_plan_point *where;
  const char *device;
  const char *tier;
  uint64_t seed;
  unsigned process;
  uint64_t start_ns;
  uint64_t limit_ns;
  uint64_t end_ns; /* set by hx_point_run() */
  size_t sample_goal;
  size_t metric_count;
  struct hx_series *series; /* one per metric of the table */
  pthread_mutex_t lock;
  enum hx_verdict verdict;
  char reason[HX_REASON_BYTES];
  struct hx_note *note;
  size_t note_count;
};

struct hx_point_setup {
  const struct hx_plan *plan;
  size_t index; /* into plan->point */
  unsigned process;
  const char *device;
  const char *tier;
  uint64_t seed; /* of the run */
  uint64_t limit_ns;
  size_t sample_goal;
};

/* 0 or -ENOMEM; then there is nothing to release. */
int hx_point_init(struct hx_point *point, const struct hx_point_setup *setup);
void hx_point_fini(struct hx_point *point);

/* probe() and run(), and the verdict over what they returned and recorded. */
void hx_point_run(struct hx_point *point);

const char *hx_point_verdict_text(enum hx_verdict verdict); /* "ok", "failed", "skipped" */
