/* interval.h - the 95 % interval of a median that points.csv states, over processes where it can.
 *
 * Order statistics (stats.h) take all samples as independent, but those of one process share its
 * memory layout and its moment. Where a metric has samples from HX_INTERVAL_PROCESSES processes or
 * more, the interval is that of the hierarchical bootstrap over processes (stats_bootstrap.h), and
 * ci_method says so. Its random draws follow from the point's id and the metric alone: who has the
 * samples can compute the same interval, to the last digit.
 *
 * Called by result.c, which writes points.csv, and by data_samples.c, which checks it; any thread.
 * About 0.1 s where there are thousands of samples.
 *
 * Next: result.h */
#pragma once
#ifndef HX_PRIVATE
#error "interval.h is private to harness/: include hx.h"
#endif
#include "arm.h"

/* The values of column ci_method. */
#define HX_INTERVAL_ORDER     "order"
#define HX_INTERVAL_BOOTSTRAP "bootstrap"

#define HX_INTERVAL_PROCESSES 5u    /* fewer have too few different draws: 35 of four processes */
#define HX_INTERVAL_ROUNDS    2000u /* with 5 processes one is left out at each end */

/* Puts the interval into ci[0] and ci[1]. 1; 0 if the arm has too few processes with samples (ci is
 * untouched, order statistics are what there is); -ENOMEM. */
int hx_interval_over_processes(const struct hx_arm *arm, const char *id, const char *metric,
                               double ci[2]);
