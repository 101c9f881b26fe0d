/* exp_pipeline.h - keeps a window of tasks in flight from one host thread; used by exp0 and exp1.
 *
 *   tickets:  [chunk][chunk][chunk][chunk]      ring of the window; positions count for ever
 *              ^waited              ^sent
 *
 * Tasks go out in chunks of a quarter of the window, built in one small array that stays in the
 * first-level cache; when the next chunk would not fit into the window, the oldest is waited for.
 * Called on the measuring thread, inside the interval that is timed: nothing is allocated.
 *
 * Next: exp_pipeline.c */
#pragma once

#include <grosr/grosr.h>

#define EXP_WINDOW_MAX                                                                             \
  1024u /* tasks in flight: the ingress ring's default, and exp1's greatest window */
#define EXP_CHUNK_MAX (EXP_WINDOW_MAX / 4u)

struct exp_pipeline {
  struct grosr *g;
  uint64_t window; /* 1 to EXP_WINDOW_MAX */
  uint64_t wait_ns;
  /* Fills tasks first ... first + count - 1; each keeps op and context of its last use. */
  void (*fill)(void *state, uint64_t first, uint64_t count, struct grosr_task *task);
  /* They are done, none failed. NULL: nothing to do. 0 or negative, which ends the run. */
  int (*seen)(void *state, uint64_t first, uint64_t count);
  void *state;
  struct grosr_task task[EXP_CHUNK_MAX];
  grosr_ticket ticket[EXP_WINDOW_MAX];
  int32_t result[EXP_CHUNK_MAX];
};

/* Runs tasks 0 ... tasks - 1. 0, or the first failure: the library's, a task's, or of seen(). */
int exp_pipeline_run(struct exp_pipeline *pipeline, uint64_t tasks);
