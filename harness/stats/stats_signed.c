/* stats_signed.c - see stats_signed.h. Next: stats_fdr.c */
#include "stats_signed.h"

#include <math.h>
#include <stdlib.h>

#include "stats_dist.h"

#define EXACT   HX_STATS_SIGNED_EXACT
#define T_COUNT (EXACT * (EXACT + 1u) / 2u + 1u)

/* P(T = t) for n values into `term`, which has n (n + 1) / 2 + 1 entries. */
static void t_distribution(size_t n, double *term)
{
  size_t top = 0;
  term[0] = 1.0;
  for (size_t rank = 1; rank <= n; rank++) {
    for (size_t t = top + 1; t <= top + rank; t++)
      term[t] = 0.0;
    top += rank;
    for (size_t t = top + 1; t-- > 0;)
      term[t] = 0.5 * (term[t] + (t >= rank ? term[t - rank] : 0.0));
  }
}

static int compare_sizes(const void *left, const void *right)
{
  const double a = fabs(*(const double *)left);
  const double b = fabs(*(const double *)right);
  return (a > b) - (a < b);
}

static double normal_p(double t, double n, double tie_sum)
{
  const double variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - tie_sum / 48.0;
  const double away = fmax(0.0, fabs(t - n * (n + 1.0) / 4.0) - 0.5);
  return variance > 0.0 ? fmin(1.0, 2.0 * hx_stats_normal_cdf(-away / sqrt(variance))) : 1.0;
}

static double exact_p(double t, size_t count)
{
  double term[T_COUNT];
  double tail = 0.0;
  const double mirrored = (double)(count * (count + 1) / 2) - t;
  const size_t smaller = (size_t)fmin(t, mirrored);
  t_distribution(count, term);
  for (size_t k = 0; k <= smaller; k++)
    tail += term[k];
  return fmin(1.0, 2.0 * tail);
}

double hx_stats_signed_rank(const double *values, size_t count, double *t)
{
  double sum = 0.0;
  double tie_sum = 0.0;
  size_t kept = 0;
  if (count == 0)
    return NAN;
  double *sorted = malloc(count * sizeof(*sorted));
  if (sorted == NULL)
    return NAN;
  for (size_t i = 0; i < count; i++) {
    if (values[i] != 0.0)
      sorted[kept++] = values[i];
  }
  qsort(sorted, kept, sizeof(*sorted), compare_sizes);
  for (size_t i = 0; i < kept;) {
    size_t end = i;
    size_t positive = 0;
    for (; end < kept && fabs(sorted[end]) == fabs(sorted[i]); end++)
      positive += sorted[end] > 0.0;
    const double ties = (double)(end - i);
    sum += (double)positive * (double)(i + 1 + end) / 2.0; /* the mean of the ranks i + 1 .. end */
    tie_sum += ties * ties * ties - ties;
    i = end;
  }
  free(sorted);
  if (t != NULL)
    *t = sum;
  if (kept == 0)
    return 1.0;
  return tie_sum == 0.0 && kept <= EXACT ? exact_p(sum, kept)
                                         : normal_p(sum, (double)kept, tie_sum);
}

size_t hx_stats_signed_shift_rank(size_t count, double confidence)
{
  const double tail = (1.0 - confidence) / 2.0;
  const double n = (double)count;
  if (count > EXACT) {
    const double deviation = sqrt(n * (n + 1.0) * (2.0 * n + 1.0) / 24.0);
    const double z = hx_stats_normal_quantile(1.0 - tail);
    return (size_t)fmax(0.0, floor(n * (n + 1.0) / 4.0 - z * deviation));
  }
  double term[T_COUNT];
  double below = 0.0;
  size_t rank = 0;
  t_distribution(count, term);
  while (rank < count * (count + 1) / 2) {
    below += term[rank];
    if (below > tail)
      break;
    rank++;
  }
  return rank;
}

struct hx_stats_shift hx_stats_signed_shift(const double *sorted, size_t count, double confidence)
{
  struct hx_stats_shift shift = {NAN, NAN, NAN};
  const size_t means = count * (count + 1) / 2;
  if (count == 0)
    return shift;
  const double low = hx_stats_pairs_mean(sorted, count, (means + 1) / 2);
  const double high = means % 2 == 0 ? hx_stats_pairs_mean(sorted, count, means / 2 + 1) : low;
  shift.shift = low + (high - low) / 2.0;
  const size_t rank = hx_stats_signed_shift_rank(count, confidence);
  if (rank > 0) {
    shift.lo = hx_stats_pairs_mean(sorted, count, rank);
    shift.hi = hx_stats_pairs_mean(sorted, count, means + 1 - rank);
  }
  return shift;
}
