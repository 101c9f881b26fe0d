/* stats_shift.c - see stats_shift.h. Next: stats_signed.c */
#include "stats_shift.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "stats_dist.h"

#define EXACT     HX_STATS_SHIFT_EXACT
#define U_COUNT   (EXACT * EXACT + 1u)
#define ROW_COUNT (EXACT + 1u)
#define DRIFT_MIN 10u  /* values a side below which a correlation says nothing */
#define DRIFT_MAX 0.98 /* a correlation nearer to 1 is not told from 1 by such short series */

/* P(U = u) for n against m values into `term`, which has n * m + 1 entries. */
static void u_distribution(size_t n, size_t m, double *term)
{
  double row[ROW_COUNT][U_COUNT]; /* row[j] is p(i, j, .) while i grows; 220 KiB of stack */
  memset(row, 0, sizeof(row));
  for (size_t j = 0; j <= m; j++)
    row[j][0] = 1.0; /* i = 0: no pair */
  for (size_t i = 1; i <= n; i++) {
    for (size_t j = 1; j <= m; j++) {
      const double of_first = (double)i / (double)(i + j);
      for (size_t u = i * j + 1; u-- > 0;) {
        const double first = u >= j ? row[j][u - j] : 0.0; /* still that of i - 1 */
        row[j][u] = of_first * first + (1.0 - of_first) * row[j - 1][u];
      }
    }
  }
  memcpy(term, row[m], (n * m + 1) * sizeof(*term));
}

struct pooled {
  double twice_u; /* whole, with ties */
  double tie_sum; /* of t^3 - t */
};

/* Merges the two sorted samples, one run of equal values at a time. */
static struct pooled pool(const struct hx_stats_two *two)
{
  struct pooled pooled = {0.0, 0.0};
  size_t i = 0;
  size_t j = 0;
  while (i < two->base_count || j < two->fresh_count) {
    const bool from_base =
        j == two->fresh_count || (i < two->base_count && two->base[i] <= two->fresh[j]);
    const double value = from_base ? two->base[i] : two->fresh[j];
    const size_t below = i;
    const size_t j_before = j;
    while (i < two->base_count && two->base[i] == value)
      i++;
    while (j < two->fresh_count && two->fresh[j] == value)
      j++;
    const double ties = (double)(i - below + (j - j_before));
    pooled.twice_u += (double)(j - j_before) * (double)(below + i);
    pooled.tie_sum += ties * ties * ties - ties;
  }
  return pooled;
}

static double exact_p(size_t n, size_t m, double u)
{
  double term[U_COUNT];
  double tail = 0.0;
  const double mirrored = (double)(n * m) - u;
  const size_t smaller = (size_t)(u < mirrored ? u : mirrored);
  u_distribution(n, m, term);
  for (size_t k = 0; k <= smaller; k++)
    tail += term[k];
  return fmin(1.0, 2.0 * tail);
}

double hx_stats_mann_whitney(const struct hx_stats_two *two, double *u)
{
  const double n = (double)two->base_count;
  const double m = (double)two->fresh_count;
  if (two->base_count == 0 || two->fresh_count == 0)
    return NAN;
  const struct pooled pooled = pool(two);
  const double value = pooled.twice_u / 2.0;
  if (u != NULL)
    *u = value;
  if (pooled.tie_sum == 0.0 && two->base_count <= EXACT && two->fresh_count <= EXACT)
    return exact_p(two->base_count, two->fresh_count, value);
  const double total = n + m;
  const double variance = n * m / 12.0 * (total + 1.0 - pooled.tie_sum / (total * (total - 1.0)));
  if (!(variance > 0.0))
    return 1.0;
  const double away = fmax(0.0, fabs(value - n * m / 2.0) - 0.5);
  return fmin(1.0, 2.0 * hx_stats_normal_cdf(-away / sqrt(variance)));
}

/* Hollander and Wolfe's normal bound. */
static size_t normal_rank(double n, double m, double confidence, double inflation)
{
  const double z = hx_stats_normal_quantile(1.0 - (1.0 - confidence) / 2.0);
  const double deviation = sqrt(inflation * n * m * (n + m + 1.0) / 12.0);
  return (size_t)fmax(0.0, floor(n * m / 2.0 - z * deviation));
}

size_t hx_stats_shift_rank(size_t base_count, size_t fresh_count, double confidence)
{
  const double tail = (1.0 - confidence) / 2.0;
  if (base_count == 0 || fresh_count == 0)
    return 0;
  if (base_count > EXACT || fresh_count > EXACT)
    return normal_rank((double)base_count, (double)fresh_count, confidence, 1.0);
  double term[U_COUNT];
  double below = 0.0;
  size_t rank = 0;
  u_distribution(base_count, fresh_count, term);
  while (rank < base_count * fresh_count) {
    below += term[rank];
    if (below > tail)
      break;
    rank++;
  }
  return rank;
}

struct hx_stats_shift hx_stats_hodges_lehmann_drifting(const struct hx_stats_two *two,
                                                       double confidence, double inflation)
{
  struct hx_stats_shift shift = {NAN, NAN, NAN};
  const size_t pairs = two->base_count * two->fresh_count;
  if (pairs == 0)
    return shift;
  const double low = hx_stats_pairs_difference(two, (pairs + 1) / 2);
  const double high = pairs % 2 == 0 ? hx_stats_pairs_difference(two, pairs / 2 + 1) : low;
  shift.shift = low + (high - low) / 2.0;
  size_t rank = hx_stats_shift_rank(two->base_count, two->fresh_count, confidence);
  if (inflation > 1.0)
    rank = normal_rank((double)two->base_count, (double)two->fresh_count, confidence, inflation);
  if (rank > 0) {
    shift.lo = hx_stats_pairs_difference(two, rank);
    shift.hi = hx_stats_pairs_difference(two, pairs + 1 - rank);
  }
  return shift;
}

struct hx_stats_shift hx_stats_hodges_lehmann(const struct hx_stats_two *two, double confidence)
{
  return hx_stats_hodges_lehmann_drifting(two, confidence, 1.0);
}

/* Adds the squares and the products of neighbours around the mean. */
static void add_neighbours(const double *values, size_t count, double *squares, double *products)
{
  double mean = 0.0;
  for (size_t i = 0; i < count; i++)
    mean += values[i] / (double)count;
  for (size_t i = 0; i < count; i++) {
    *squares += (values[i] - mean) * (values[i] - mean);
    if (i > 0)
      *products += (values[i] - mean) * (values[i - 1] - mean);
  }
}

double hx_stats_drift_inflation(const struct hx_stats_two *in_order)
{
  const size_t n = in_order->base_count;
  const size_t m = in_order->fresh_count;
  double squares = 0.0;
  double products = 0.0;
  if (n < DRIFT_MIN || m < DRIFT_MIN)
    return 1.0;
  add_neighbours(in_order->base, n, &squares, &products);
  add_neighbours(in_order->fresh, m, &squares, &products);
  const double r = squares > 0.0 ? products / squares : 0.0;
  if (!(r > 1.645 / sqrt((double)(n + m))))
    return 1.0;
  const double corrected = fmin(DRIFT_MAX, r + (1.0 + 4.0 * r) / ((double)(n + m) / 2.0));
  return (1.0 + corrected) / (1.0 - corrected);
}
