/* calibrate.h - what many comparisons of a binary with itself say of this machine's noise.
 *
 * One tally for each point and metric, fed with the judged items of each round.
 *   deviation  q95(|e|) / 1.96 sqrt(P / 2), e the log shift of a round, P processes a side, q95
 *              nearest rank: what separate runs differ by, drift between them included; or the
 *              median deviation within the rounds if that is larger. Not the root mean square,
 *              which one wild round of hundreds can make ten times as large. Its freedom is taken
 *              as half the rounds (for normal e this estimate is worth 55 % of the usual one)
 *   floor      the nearest-rank 99th percentile of |e|; below 100 rounds the largest
 *   alarms     verdicts, and how often the interval did not hold 1, with Clopper-Pearson intervals
 *   predicted  mean over the rounds of the power to find the planted slow-down with the noise of
 *              that round (stats_power.h): the stated MDE is right if this is about what is found
 * With a planted slow-down e is taken around its own median.
 *
 * Called by cmd_calibrate.c. One thread. Next: cmd_calibrate.c */
#pragma once
#ifndef HX_PRIVATE
#error "calibrate.h is private to harness/: include hx.h"
#endif
#include "compare.h"

struct hx_calibrate_tally {
  char *name;
  char *metric;
  char *unit;
  size_t rounds;
  size_t count[HX_COMPARE_COUNT];
  size_t apart_slower, apart_faster; /* the interval does not hold 1 */
  double *shift;                     /* as slowness, of each round */
  double *mde;
  double *width;     /* of the interval, as a logarithm */
  double *deviation; /* within the round */
  size_t capacity;
  double power; /* sum of the predicted probabilities */
  double sides; /* processes a side; blocks if paired */
};

struct hx_calibrate {
  struct hx_calibrate_tally *tally;
  size_t tally_count;
  double planted; /* 0, or the slow-down of the new side, as 0.05 */
};

/* Adds the items of one round; those that are INVALID only count. 0 or -ENOMEM. */
int hx_calibrate_add(struct hx_calibrate *calibrate, const struct hx_compare *round);

/* Prints one line or two for each tally. */
void hx_calibrate_print(const struct hx_calibrate *calibrate, const struct hx_compare_how *how);

/* Noise as compare uses it; reorders nothing. */
struct hx_compare_noise hx_calibrate_noise(const struct hx_calibrate_tally *tally, bool paired,
                                           bool planted);
void hx_calibrate_fini(struct hx_calibrate *calibrate);
