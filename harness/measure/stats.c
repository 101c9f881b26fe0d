/* stats.c - see stats.h. Next: csv.c */
#include "stats.h"

#include <math.h>
#include <stdlib.h>

static int compare_doubles(const void *left, const void *right)
{
  const double a = *(const double *)left;
  const double b = *(const double *)right;
  return (a > b) - (a < b);
}

size_t hx_stats_median_rank(size_t count)
{
  const double n = (double)count;
  if (count > HX_STATS_EXACT_MAX)
    return (size_t)floor((n - 1.96 * sqrt(n)) / 2.0);

  /* Sum the lower tail upwards; the terms are kept as logarithms because 2^-n underflows. */
  double log_term = -n * log(2.0);
  double tail = 0.0;
  size_t rank = 0;
  for (size_t k = 0; k < count; k++) {
    tail += exp(log_term);
    if (2.0 * tail > 0.05)
      break;
    rank = k + 1; /* P(B <= rank - 1) is still small enough */
    log_term += log((double)(count - k)) - log((double)(k + 1));
  }
  return rank;
}

/* Nearest rank at `permille`, or NAN when fewer than count_min samples are there. */
static double nearest_rank(const double *sorted, size_t count, size_t permille, size_t count_min)
{
  if (count < count_min)
    return NAN;
  return sorted[(count * permille + 999u) / 1000u - 1u];
}

void hx_stats_compute(double *values, size_t count, struct hx_stats *out)
{
  long double sum = 0.0L;
  *out = (struct hx_stats){count, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
  if (count == 0)
    return;
  qsort(values, count, sizeof(*values), compare_doubles);
  for (size_t i = 0; i < count; i++)
    sum += values[i];

  const double low = values[(count - 1) / 2];
  const double high = values[count / 2];
  const size_t rank = hx_stats_median_rank(count);
  out->min = values[0];
  out->max = values[count - 1];
  out->mean = (double)(sum / (long double)count);
  out->p50 = low + (high - low) / 2.0;
  out->p90 = nearest_rank(values, count, 900, 10);
  out->p99 = nearest_rank(values, count, 990, 100);
  out->p999 = nearest_rank(values, count, 999, 1000);
  if (rank > 0) {
    out->ci_lo = values[rank - 1];
    out->ci_hi = values[count - rank];
  }
}
