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

/* The k above; 0: none. */
size_t hx_stats_shift_rank(size_t base_count, size_t fresh_count, double confidence);
