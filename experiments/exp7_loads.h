/* exp7_loads.h - the foreground of exp7, and the tasks beside it.
 *
 * The *foreground* is some chunks, one after the other: each a task of EXP7_PARTS tiles in context
 * 0, or a kernel of as many blocks. The *tasks* are small, are due at random times at a mean rate,
 * and belong to a context of their own, whose priority is the highest. A task's latency counts from
 * when it is due until the host has seen it done.
 *
 * On a GPU the arrays are memory that host and device share, so `stream` is bound by the link
 * between them, not by the GPU's own memory.
 *
 * Called on the measuring thread. Next: exp7_loads.c */
#pragma once

#include <stdbool.h>

#include <grosr/launch.h>

#include "exp_device.h"

#define EXP7_JOBS_MAX 65536u /* tasks of one interval */

struct exp7_job {
  uint64_t due_ns;
  uint64_t latency_ns;
  grosr_ticket ticket;
};

struct exp7 {
  struct hx_point *point;
  struct grosr *g;
  bool is_kernel; /* the foreground */
  bool is_stream;
  uint32_t chunks; /* of an interval */
  uint32_t foreground, service;
  uint32_t context; /* of the tasks */
  uint64_t turns;   /* argument 1 of the foreground */
  uint64_t salt;
  uint64_t random;
  double rate_s;
  double *array;
  uint64_t array_device;
  uint64_t *out; /* a word for each task */
  uint64_t out_device;
  struct exp7_job *job;
  size_t sent, seen; /* in this interval */
};

/* Opens the runtime for this point. 0, or negative with the point's reason. exp7_close is to follow
 * in any case. */
int exp7_open(struct hx_point *point, enum grosr_policy policy, bool is_kernel, struct exp7 *exp);
int exp7_close(struct exp7 *exp);

/* An interval: the foreground with tasks beside it, or without; or only tasks, for so many ns. What
 * was done is checked. *took_ns is how long the foreground took. 0, or negative with the point's
 * reason. */
int exp7_foreground(struct exp7 *exp, bool has_tasks, uint64_t *took_ns);
int exp7_tasks(struct exp7 *exp, uint64_t for_ns);

/* Of the last interval's tasks' latencies, ns; part is 0 to 1. There is always one task. */
double exp7_latency_ns(struct exp7 *exp, double part);
