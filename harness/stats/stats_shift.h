/* stats_shift.h - is one sample shifted against another, and by how much.
 *
 * Mann-Whitney: U counts the pairs with fresh > base, ties for half. Without ties and with at most
 * HX_STATS_SHIFT_EXACT values on either side the two-sided p is exact, 2 min(P(U <= u), P(U >= u)),
 * from the recursion
 *   p(n, m, u) = n / (n + m) p(n - 1, m, u - m) + m / (n + m) p(n, m - 1, u)
 * (Mann and Whitney, Ann. Math. Stat. 18, 1947). Otherwise U is taken as normal with variance
 *   n m / 12 * (N + 1 - sum(t^3 - t) / (N (N - 1))),   N = n + m, t the sizes of the ties,
 * and half a unit for continuity (Hollander and Wolfe, Nonparametric Statistical Methods, 4.1).
 * All values equal: p = 1.
 *
 * Hodges and Lehmann: the shift is the median of all differences fresh - base; its interval is
 * [D(k), D(nm + 1 - k)] with the largest k for which P(U <= k - 1) <= (1 - confidence) / 2, exact
 * up to HX_STATS_SHIFT_EXACT, else k = floor(nm / 2 - z sqrt(nm (N + 1) / 12)) (Hollander and
 * Wolfe, 4.2, 4.3; Ann. Math. Stat. 34, 1963). Ties make it cover more, not less. No such k: the
 * interval does not exist (99 % needs 5 against 5). Given logarithms, exp() of the three is the
 * ratio fresh / base with its interval.
 *
 * Values taken one after the other while something drifts are not independent: U then varies
 * more, by about `inflation` = (1 + r) / (1 - r) for a correlation r from each to the next (as the
 * mean of an AR(1) series does: Priestley, Spectral Analysis and Time Series, 5.3). Given that, k
 * is taken from the normal bound with so much more variance: the interval reaches further out.
 *
 * Cost: O((n + m) * 64), stats_pairs.h; the samples are never thinned. Pure functions, any thread.
 *
 * Next: stats_signed.h */
#pragma once
#ifndef HX_PRIVATE
#error "stats_shift.h is private to harness/: include hx.h"
#endif
#include "stats_pairs.h"

#define HX_STATS_SHIFT_EXACT 30u /* values a side up to which the distribution of U is exact */

struct hx_stats_shift {
  double shift, lo, hi; /* lo, hi: NAN if there is no such interval */
};

/* All take sorted samples. Two-sided p; NAN if a side is empty. `u` may be NULL. */
double hx_stats_mann_whitney(const struct hx_stats_two *two, double *u);

struct hx_stats_shift hx_stats_hodges_lehmann(const struct hx_stats_two *two, double confidence);

/* `inflation` above 1, of the variance of U; else as the one before. */
struct hx_stats_shift hx_stats_hodges_lehmann_drifting(const struct hx_stats_two *two,
                                                       double confidence, double inflation);

/* (1 + r) / (1 - r) of values in the order of time, r pooled over the two samples, each around its
 * own mean, and corrected for the bias of short series, r + (1 + 4 r) / n (Marriott and Pope,
 * Biometrika 41, 1954). 1 if r is not above 1.645 / sqrt(n + m), or a side has fewer than 10. */
double hx_stats_drift_inflation(const struct hx_stats_two *in_order);

/* The k above; 0: none. */
size_t hx_stats_shift_rank(size_t base_count, size_t fresh_count, double confidence);
