/* stats_order.h - medians and the interval of any quantile from order statistics.
 *
 * For independent samples the number of them at or below the true q-quantile is B ~ binomial(n, q),
 * whatever their distribution. With tail = (1 - confidence) / 2,
 *   lower = the largest l with P(B <= l - 1) <= tail
 *   upper = the smallest u with P(B >= u) <= tail
 * the interval [x(lower), x(upper)], counted from 1, covers the quantile with at least
 * `confidence` (Hahn and Meeker, Statistical Intervals, 5.2; David and Nagaraja, Order Statistics,
 * 7.1). One of the two may not exist: then n is too small for this quantile, and there is no
 * interval. For 95 % of the median that is below 6 samples, of p99 below 473.
 * stats.h has the special case q = 1/2, 95 %.
 *
 * Pure functions, any thread. Next: stats_shift.h */
#pragma once
#ifndef HX_PRIVATE
#error "stats_order.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

#include "stats_dist.h"

void hx_stats_sort(double *values, size_t count);

/* The at-th smallest, counted from 0 (Wirth, Algorithms + Data Structures, 2.3.4). Reorders: none
 * before `at` is greater then, none behind it smaller. Linear in `count` on average. */
double hx_stats_select(double *values, size_t count, size_t at);

/* The mean of the two middle values for an even count; NAN for none. Sorted already. */
double hx_stats_sorted_median(const double *sorted, size_t count);

/* Sorts in place. */
double hx_stats_median(double *values, size_t count);

struct hx_stats_ranks {
  size_t lower, upper; /* counted from 1; both 0: there is no such interval */
};

struct hx_stats_ranks hx_stats_quantile_ranks(size_t count, double q, double confidence);

/* NAN, NAN if there is none. Sorted already. */
struct hx_stats_interval hx_stats_quantile_interval(const double *sorted, size_t count, double q,
                                                    double confidence);
