/* stats.h - order statistics of one metric at one point.
 *
 * p50 is the usual median: for even n the mean of the middle two. p90, p99 and p99.9 are nearest-
 * rank: the smallest sample with at least that share of the samples at or below it, so always a
 * value that was measured; they stay missing below 10, 100 and 1000 samples, where they would be
 * the maximum under another name.
 * The interval is the 95 % confidence interval of the median from order statistics. For independent
 * samples the number of them below the true median is binomial(n, 1/2), whatever their
 * distribution, so with the largest l for which
 *   2 * P(B <= l - 1) <= 0.05,   B ~ binomial(n, 1/2)
 * [x(l), x(n+1-l)] covers the median with at least 95 % (Hahn and Meeker, Statistical Intervals,
 * 5.2; David and Nagaraja, Order Statistics, 7.1). It needs n >= 6. Above HX_STATS_EXACT_MAX the
 * normal bound l = floor((n - 1.96 sqrt(n)) / 2) is used (Le Boudec, Performance Evaluation, 2.2).
 * It does not know of drift or of dependence between samples: look at samples.csv for that.
 *
 * Called by result.c after a point. Missing values are NAN here and empty in the CSV.
 *
 * Next: csv.h */
#pragma once
#ifndef HX_PRIVATE
#error "stats.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

#define HX_STATS_EXACT_MAX 10000u /* samples up to which the binomial sum is taken exactly */
#define HX_STATS_METHOD                                                                            \
  "p50: mean of the middle order statistics; p90, p99, p999: nearest rank, empty below 10, 100, "  \
  "1000 samples; ci_lo, ci_hi: 95 % interval of the median, from binomial order statistics, or "   \
  "by the hierarchical bootstrap over processes (2000 rounds) where 5 of them have samples"

struct hx_stats {
  size_t n;
  double min, p50, p90, p99, p999, max, mean;
  double ci_lo, ci_hi;
};

/* Sorts `values` in place. They must be finite. n = 0 gives all missing. */
void hx_stats_compute(double *values, size_t count, struct hx_stats *out);

/* The l above, 1-based; 0 if there is no such interval. */
size_t hx_stats_median_rank(size_t count);
