/* stats_bootstrap.h - the interval of a median, and of a ratio of two, when samples come in
 * processes.
 *
 * One round draws as many processes as there are, with replacement, and from each as many samples
 * as it has, with replacement (the two-stage bootstrap: Davison and Hinkley, Bootstrap Methods,
 * 3.8). The median of all that was drawn is the round's result; for two arms that of fresh divided
 * by that of base. The interval is that of the percentiles of the results. With few processes it is
 * too narrow, by about sqrt((P - 1) / P) and by normal where t would be right, so its ends are
 * moved outwards (Hesterberg, Am. Stat. 69, 2015, "expanded percentile"): the percentile taken is
 *   Phi(-sqrt(P / (P - 1)) t(1 - tail, P - 1)),   P the smaller number of processes.
 * Five processes have 126 different draws, so far ends are coarse: stats_shift.h is what verdicts
 * rest on. One process a side gives the interval within this process only, not expanded, which says
 * nothing of the next process.
 *
 * At most HX_STATS_BOOTSTRAP_EACH samples are drawn from a process; drawing fewer than there are
 * makes the interval wider, not narrower. One seed, one result. Pure, any thread; takes memory.
 *
 * Next: stats_power.h */
#pragma once
#ifndef HX_PRIVATE
#error "stats_bootstrap.h is private to harness/: include hx.h"
#endif
#include "arm.h"
#include "stats_shift.h"
#include <stdint.h>

#define HX_STATS_BOOTSTRAP_EACH 1000u

struct hx_stats_bootstrap {
  size_t rounds;
  double confidence;
  uint64_t seed;
};

/* `shift` is the ratio of the medians of all samples. 0, -EINVAL (an arm without samples, or a
 * median that is 0: its ratio is not finite), -ENOMEM. */
int hx_stats_bootstrap_ratio(const struct hx_arm *base, const struct hx_arm *fresh,
                             const struct hx_stats_bootstrap *how, struct hx_stats_shift *out);

/* `shift` is the median of all samples, lo and hi are in its unit. 0, or as above. */
int hx_stats_bootstrap_median(const struct hx_arm *arm, const struct hx_stats_bootstrap *how,
                              struct hx_stats_shift *out);
