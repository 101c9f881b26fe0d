/* stats_dist.c - see stats_dist.h. Next: stats_order.c */
#include "stats_dist.h"

#include <math.h>

#define BISECTIONS    200 /* halvings of an interval of doubles; it stops by itself long before */
#define LENTZ_STEPS   10000
#define LENTZ_TINY    1e-300
#define LENTZ_EPSILON 1e-16

double hx_stats_normal_cdf(double z)
{
  return 0.5 * erfc(-z / sqrt(2.0));
}

double hx_stats_normal_quantile(double p)
{
  if (!(p > 0.0 && p < 1.0))
    return NAN;
  if (p > 0.5) /* the upper tail loses digits in 1 - p, the lower does not */
    return -hx_stats_normal_quantile(1.0 - p);
  double lo = -40.0;
  double hi = 0.0;
  for (int i = 0; i < BISECTIONS; i++) {
    const double middle = lo + (hi - lo) / 2.0;
    if (middle <= lo || middle >= hi)
      break;
    if (hx_stats_normal_cdf(middle) < p)
      lo = middle;
    else
      hi = middle;
  }
  return hi;
}

/* Avoids a division by zero, as Lentz's method asks for. */
static double not_zero(double value)
{
  return fabs(value) < LENTZ_TINY ? LENTZ_TINY : value;
}

/* The continued fraction of DLMF 8.17.22, for x below (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
  double c = 1.0;
  double d = 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0));
  double value = d;
  for (int m = 1; m <= LENTZ_STEPS; m++) {
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    d = 1.0 / not_zero(1.0 + even * d);
    c = not_zero(1.0 + even / c);
    value *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    d = 1.0 / not_zero(1.0 + odd * d);
    c = not_zero(1.0 + odd / c);
    value *= c * d;
    if (fabs(c * d - 1.0) < LENTZ_EPSILON)
      break;
  }
  return value;
}

double hx_stats_beta_cdf(double x, double a, double b)
{
  if (!(x > 0.0))
    return 0.0;
  if (x >= 1.0)
    return 1.0;
  const double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
  if (x < (a + 1.0) / (a + b + 2.0))
    return front * beta_fraction(x, a, b) / a;
  return 1.0 - front * beta_fraction(1.0 - x, b, a) / b;
}

double hx_stats_t_two_sided(double t, double freedom)
{
  if (isnan(t) || !(freedom > 0.0))
    return NAN;
  if (isinf(t))
    return 0.0;
  return hx_stats_beta_cdf(freedom / (freedom + t * t), freedom / 2.0, 0.5);
}

double hx_stats_t_quantile(double p, double freedom)
{
  if (!(p > 0.0 && p < 1.0) || !(freedom > 0.0))
    return NAN;
  if (p < 0.5)
    return -hx_stats_t_quantile(1.0 - p, freedom);
  const double tails = 2.0 * (1.0 - p);
  double lo = 0.0;
  double hi = 1.0;
  while (hx_stats_t_two_sided(hi, freedom) > tails && hi < 1e300)
    hi *= 2.0;
  for (int i = 0; i < BISECTIONS; i++) {
    const double middle = lo + (hi - lo) / 2.0;
    if (middle <= lo || middle >= hi)
      break;
    if (hx_stats_t_two_sided(middle, freedom) > tails)
      lo = middle;
    else
      hi = middle;
  }
  return hi;
}

/* The x with I_x(a, b) = p. */
static double beta_quantile(double p, double a, double b)
{
  double lo = 0.0;
  double hi = 1.0;
  for (int i = 0; i < BISECTIONS; i++) {
    const double middle = lo + (hi - lo) / 2.0;
    if (middle <= lo || middle >= hi)
      break;
    if (hx_stats_beta_cdf(middle, a, b) < p)
      lo = middle;
    else
      hi = middle;
  }
  return hi;
}

struct hx_stats_interval hx_stats_share_interval(size_t hits, size_t trials, double confidence)
{
  struct hx_stats_interval interval = {0.0, 1.0};
  const double tail = (1.0 - confidence) / 2.0;
  const double k = (double)hits;
  const double n = (double)trials;
  if (hits > 0 && hits <= trials)
    interval.lo = beta_quantile(tail, k, n - k + 1.0);
  if (hits < trials)
    interval.hi = beta_quantile(1.0 - tail, k + 1.0, n - k);
  return interval;
}
