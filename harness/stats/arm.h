/* arm.h - the samples of one metric at one point, by the process that measured them.
 *
 * Samples of one process share its memory layout and its moment, so they say little about another
 * process: what is compared is processes, and samples only make a process's median sharper
 * (Mytkowicz et al., ASPLOS 2009). Called by compare.c, duel.c, calibrate.c and the bootstrap.
 *
 * One thread. Next: stats_random.h */
#pragma once
#ifndef HX_PRIVATE
#error "arm.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

struct hx_arm_process {
  double *values; /* in the order in which they were taken */
  size_t count;
  size_t capacity;
};

struct hx_arm {
  struct hx_arm_process *process;
  size_t process_count;
};

/* Adds a sample to that process; those below it that have none yet are made, empty. 0, -ENOMEM. */
int hx_arm_add(struct hx_arm *arm, size_t process, double value);
void hx_arm_fini(struct hx_arm *arm);

size_t hx_arm_samples(const struct hx_arm *arm);

/* The median of each process that has samples, in their order. Allocated; *count of them. */
int hx_arm_medians(const struct hx_arm *arm, double **medians, size_t *count);
