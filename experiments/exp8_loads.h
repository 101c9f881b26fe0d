/* exp8_loads.h - one side of a comparison of exp8: a runtime, and the load it is given.
 *
 * Called on the measuring thread. Next: exp8_loads.c */
#pragma once

#include <stdbool.h>

#include <grosr/grosr.h>

#include "exp_device.h"

struct exp8_side {
  /* Set by the caller. */
  struct hx_point *point;
  bool one_by_one; /* the host submits and waits for single tasks */
  bool far_args;   /* tasks carry the address of their arguments */
  /* By exp8_open. */
  struct grosr *g;
  uint32_t add, burst, tile;
  uint64_t *out, *far;             /* as the host sees them */
  uint64_t out_device, far_device; /* ... and the ops */
  uint64_t salt;
};

/* Opens the runtime that this point asks for. 0 or negative, as grosr_open. */
int exp8_open(struct hx_point *point, const struct grosr_image *image, struct exp8_side *side);

/* One interval of the point's load, checked; *each_ns is the time of a task or tile. 0 or negative,
 * with the point's reason if its work was wrong. */
int exp8_run(struct exp8_side *side, double *each_ns);
