/* stats_order.c - see stats_order.h. Next: stats_shift.c */
#include "stats_order.h"

#include <math.h>
#include <stdlib.h>

static int compare_doubles(const void *left, const void *right)
{
  const double a = *(const double *)left;
  const double b = *(const double *)right;
  return (a > b) - (a < b);
}

void hx_stats_sort(double *values, size_t count)
{
  if (count > 1)
    qsort(values, count, sizeof(*values), compare_doubles);
}

double hx_stats_select(double *values, size_t count, size_t at)
{
  const ptrdiff_t k = (ptrdiff_t)at;
  ptrdiff_t lo = 0;
  ptrdiff_t hi = (ptrdiff_t)count - 1;
  while (lo < hi) {
    const double pivot = values[k];
    ptrdiff_t i = lo;
    ptrdiff_t j = hi;
    while (i <= j) {
      while (values[i] < pivot)
        i++;
      while (values[j] > pivot)
        j--;
      if (i > j)
        break;
      const double swapped = values[i];
      values[i++] = values[j];
      values[j--] = swapped;
    }
    if (j < k)
      lo = i;
    if (k < i)
      hi = j;
  }
  return values[k];
}

double hx_stats_sorted_median(const double *sorted, size_t count)
{
  if (count == 0)
    return NAN;
  const double low = sorted[(count - 1) / 2];
  return low + (sorted[count / 2] - low) / 2.0;
}

double hx_stats_median(double *values, size_t count)
{
  hx_stats_sort(values, count);
  return hx_stats_sorted_median(values, count);
}

/* The largest k with P(B <= k - 1) <= tail for B ~ binomial(n, q); the terms are added from the
 * small end, as logarithms because the first ones underflow. */
static size_t lower_rank(size_t count, double q, double tail)
{
  double log_term = (double)count * log1p(-q);
  double below = 0.0;
  for (size_t k = 0; k < count; k++) {
    below += exp(log_term);
    if (below > tail)
      return k;
    log_term += log((double)(count - k)) - log((double)(k + 1)) + log(q) - log1p(-q);
  }
  return count;
}

struct hx_stats_ranks hx_stats_quantile_ranks(size_t count, double q, double confidence)
{
  const struct hx_stats_ranks none = {0, 0};
  const double tail = (1.0 - confidence) / 2.0;
  if (count == 0 || !(q > 0.0 && q < 1.0) || !(confidence > 0.0 && confidence < 1.0))
    return none;
  /* P(B >= u) = P(n - B <= n - u) with n - B ~ binomial(n, 1 - q): the same search from the top. */
  const size_t lower = lower_rank(count, q, tail);
  const size_t from_top = lower_rank(count, 1.0 - q, tail);
  if (lower == 0 || from_top == 0)
    return none;
  return (struct hx_stats_ranks){lower, count - from_top + 1};
}

struct hx_stats_interval hx_stats_quantile_interval(const double *sorted, size_t count, double q,
                                                    double confidence)
{
  const struct hx_stats_ranks ranks = hx_stats_quantile_ranks(count, q, confidence);
  if (ranks.lower == 0)
    return (struct hx_stats_interval){NAN, NAN};
  return (struct hx_stats_interval){sorted[ranks.lower - 1], sorted[ranks.upper - 1]};
}
