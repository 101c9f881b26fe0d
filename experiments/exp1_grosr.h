/* exp1_grosr.h - an open runtime for one point of exp1, and what it must show when it is closed.
 *
 * Called by exp1_grosr.c (tasks from the host) and exp1_grosr_device.c (tasks from ops), on the
 * measuring thread. Next: exp1_grosr.c */
#pragma once

#include <grosr/grosr.h>

#include "exp1.h"

struct exp1_grosr {
  struct grosr *g;
  struct hx_point *point;
  uint32_t incarnation;
  uint64_t *words; /* the shared memory, where the host finds it */
  uint64_t device; /* ... and the ops */
};

struct exp1_grosr_want {
  uint64_t words;         /* of 64 bits, in shared memory */
  uint32_t scratch_bytes; /* these: 0 is the runtime's default */
  uint32_t teams;
  uint32_t graph_nodes;
  bool sleeps; /* idle teams, and a host that waits long, leave their cores to others */
};

/* Opens the point's device with the exp1 image. 0 or negative; the point has its reason. */
int exp1_grosr_open(struct exp1_grosr *run, struct hx_point *point,
                    const struct exp1_grosr_want *want);

/* Closes it and fails the point unless the microkernel never left, every task ended once, and none
 * failed. `result` is what the measuring gave; returned if it is negative. */
int exp1_grosr_close(struct exp1_grosr *run, int result);

/* Fails the point with the library's sentence. */
int exp1_grosr_fail(struct exp1_grosr *run, const char *what);
