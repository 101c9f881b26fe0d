/* stats_signed.h - the shift of paired differences from 0: Wilcoxon's signed ranks.
 *
 * T adds the ranks of |d| over the positive d; zeros are left out, ties get their mean rank.
 * Without ties and with at most HX_STATS_SIGNED_EXACT values p is exact: each rank is in T or not
 * with 1/2. Otherwise T is taken as normal with variance
 *   n (n + 1) (2 n + 1) / 24 - sum(t^3 - t) / 48
 * and half a unit for continuity (Hollander and Wolfe, 3.1).
 * The shift is the median of the Walsh means (d[i] + d[j]) / 2, i <= j, with the interval
 * [W(k), W(M + 1 - k)], M = n (n + 1) / 2 and the largest k with P(T <= k - 1) <=
 * (1 - confidence) / 2, exact up to HX_STATS_SIGNED_EXACT, else by the normal bound (3.2, 3.3).
 * 99 % needs 8 differences. It rests on the differences being symmetric, which a coin that says
 * which arm goes first makes true when there is nothing to find.
 *
 * Pure functions, any thread; the p takes memory for a copy. Next: stats_fdr.h */
#pragma once
#ifndef HX_PRIVATE
#error "stats_signed.h is private to harness/: include hx.h"
#endif
#include "stats_shift.h"

#define HX_STATS_SIGNED_EXACT 60u

/* Two-sided p; 1 if all are zero; NAN for none, or no memory. `t` may be NULL. */
double hx_stats_signed_rank(const double *values, size_t count, double *t);

/* Sorted already. */
struct hx_stats_shift hx_stats_signed_shift(const double *sorted, size_t count, double confidence);

/* The k above; 0: none. */
size_t hx_stats_signed_shift_rank(size_t count, double confidence);
