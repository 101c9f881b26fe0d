/* exp3_device.h - a runtime on which exp3 runs its ops: opened for one point, asked again and
 * again, every time by all its teams at once.
 *
 * Called on the measuring thread. Functions return 0 or negative, with the point's reason. Next:
 * exp3_device.c */
#pragma once

#include <grosr/grosr.h>

#include "exp3.h"
#include "exp_device.h"

/* How a variant allocates. */
struct exp3_way {
  const struct grosr_image *image;
  const struct exp3_calls *calls; /* of image exp3_pointer; else NULL */
  uint32_t bytes_least;           /* that an object takes: 1, or a page */
  int has_memory;                 /* it gets memory that `prepare` allocates: bump, other */
  int is_fleeting;                /* objects do not last: nothing may stay live for long */
  uint64_t live_most;             /* bytes that may be live; 0: as many as there are */
};

struct exp3 {
  struct hx_point *point;
  struct grosr *g;
  uint32_t teams;
  uint32_t lanes;
  struct exp3_job *job;
  struct exp3_record *record;
  uint64_t *ticks; /* histograms, 2 * EXP3_BUCKETS */
  uint64_t job_device, record_device, ticks_device;
  uint64_t capacity; /* bytes of pages that are left once all is prepared */
  uint32_t round;
};

/* What an interval was, all teams together. */
struct exp3_result {
  double alloc_s, free_s; /* from the first that began to the last that ended */
  double cpu_s;           /* of this process */
  double tick_ns;
  uint64_t done, nulls;
  uint64_t low, high;
  uint64_t pages, pages_free, pages_row, pages_seen; /* `look` */
  uint64_t wanted, granted;                          /* `waste` */
};

struct exp3_size {
  uint64_t memory_bytes; /* for objects */
  uint64_t slots;        /* of all tables together */
  uint64_t bytes_most;   /* of an object */
};

static inline uint32_t exp3_workers_of(const struct exp3 *exp)
{
  return exp->teams * exp->lanes;
}
int exp3_is_on(const struct hx_point *point, const char *device);
/* As many lanes as a team has there. */
uint32_t exp3_lanes_on(const struct hx_point *point);

int exp3_device_open(struct exp3 *exp, struct hx_point *point, const struct exp3_way *way,
                     uint32_t teams, const struct exp3_size *size);
int exp3_device_close(struct exp3 *exp, int result);
/* Allocate in this way from now on: image exp3_pointer only. */
void exp3_device_use(struct exp3 *exp, const struct exp3_calls *calls);

/* The op, by every team (one: by the first alone); nulls are not wrong. */
int exp3_device_run(struct exp3 *exp, const char *op, struct exp3_result *out);
int exp3_device_run_one(struct exp3 *exp, const char *op, struct exp3_result *out);
