/* stats_dist.h - the distributions that the tests and intervals of stats_*.h need.
 *
 * Normal: the lower tail by erfc(); the quantile by bisection of it, which is slow and exact to the
 * last bits. Student t and the binomial go through the regularised incomplete beta function
 * I_x(a, b), by the continued fraction DLMF 8.17.22 (modified Lentz), on the side of the mean where
 * it converges fast:
 *   P(|T| > t) = I_{v / (v + t^2)}(v / 2, 1 / 2)                            DLMF 8.17, 26.7.1 (A&S)
 * The interval of a share k / n is that of Clopper and Pearson (Biometrika 26, 1934): the p for
 * which P(B >= k) and P(B <= k) are (1 - confidence) / 2; it covers at least what it says.
 *
 * Golden vectors: test/stats_golden.h, made with scipy. Pure functions, any thread.
 *
 * Next: stats_order.h */
#pragma once
#ifndef HX_PRIVATE
#error "stats_dist.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

double hx_stats_normal_cdf(double z);
double hx_stats_normal_quantile(double p); /* 0 < p < 1, else NAN */

double hx_stats_beta_cdf(double x, double a, double b); /* I_x(a, b); a, b > 0 */

double hx_stats_t_two_sided(double t, double freedom); /* P(|T| > |t|); freedom may be broken */
double hx_stats_t_quantile(double p, double freedom);  /* 0 < p < 1, else NAN */

struct hx_stats_interval {
  double lo, hi;
};

/* Of the share hits / trials. No trials: 0 to 1. */
struct hx_stats_interval hx_stats_share_interval(size_t hits, size_t trials, double confidence);
