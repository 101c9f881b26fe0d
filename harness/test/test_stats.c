/* test_stats.c - statistics on golden vectors. The ranks are those of R's qbinom(0.025, n, 0.5),
 * which is the same l (stats.h); coverage is checked again here from Pascal's triangle. */
#include <criterion/criterion.h>
#include <math.h>

#include "stats.h"

static struct hx_stats of_first(size_t count)
{
  static double values[1000];
  struct hx_stats stats;
  for (size_t i = 0; i < count; i++) /* 1..count, out of order: 7919 is prime to every count */
    values[i] = (double)(i * 7919 % count + 1);
  hx_stats_compute(values, count, &stats);
  return stats;
}

Test(stats, ranks_of_the_median_interval_are_those_of_r)
{
  static const size_t golden[][2] = {{0, 0},   {1, 0},    {5, 0},    {6, 1},     {7, 1},
                                     {8, 1},   {9, 2},    {10, 2},   {20, 6},    {30, 10},
                                     {50, 18}, {100, 40}, {200, 86}, {1000, 469}};
  for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++)
    cr_assert_eq(hx_stats_median_rank(golden[i][0]), golden[i][1], "n = %zu: %zu", golden[i][0],
                 hx_stats_median_rank(golden[i][0]));
}

Test(stats, the_interval_covers_95_percent_and_no_narrower_one_does)
{
  long double row[301] = {1.0L}; /* P(B = k) for n, from that for n - 1 */
  for (size_t n = 1; n <= 300; n++) {
    long double below = 0.0L;
    const size_t rank = hx_stats_median_rank(n);
    for (size_t k = n; k > 0; k--)
      row[k] = (row[k] + row[k - 1]) / 2.0L;
    row[0] /= 2.0L;
    for (size_t k = 0; k < rank; k++)
      below += row[k];
    cr_assert_leq(2.0L * below, 0.05L, "n = %zu", n);
    cr_assert_gt(2.0L * (below + row[rank]), 0.05L, "n = %zu", n);
  }
}

Test(stats, the_bound_for_large_n_joins_the_exact_rank)
{
  const size_t exact = hx_stats_median_rank(HX_STATS_EXACT_MAX);
  const size_t bound = hx_stats_median_rank(HX_STATS_EXACT_MAX + 1);
  cr_assert_leq(bound, exact + 1);
  cr_assert_geq(bound + 1, exact);
}

Test(stats, ten_values)
{
  const struct hx_stats stats = of_first(10);
  cr_assert_eq(stats.n, 10);
  cr_assert_float_eq(stats.min, 1.0, 0.0);
  cr_assert_float_eq(stats.p50, 5.5, 0.0);
  cr_assert_float_eq(stats.p90, 9.0, 0.0);
  cr_assert(isnan(stats.p99));
  cr_assert(isnan(stats.p999));
  cr_assert_float_eq(stats.max, 10.0, 0.0);
  cr_assert_float_eq(stats.mean, 5.5, 0.0);
  cr_assert_float_eq(stats.ci_lo, 2.0, 0.0);
  cr_assert_float_eq(stats.ci_hi, 9.0, 0.0);
}

Test(stats, percentiles_appear_with_enough_samples_and_not_one_before)
{
  cr_assert(isnan(of_first(9).p90));
  cr_assert(isnan(of_first(99).p99));
  cr_assert_float_eq(of_first(100).p99, 99.0, 0.0);
  cr_assert(isnan(of_first(999).p999));
  cr_assert_float_eq(of_first(1000).p999, 999.0, 0.0);
  cr_assert_float_eq(of_first(1000).p99, 990.0, 0.0);
  cr_assert_float_eq(of_first(11).p90, 10.0, 0.0);
}

Test(stats, one_value_and_none)
{
  const struct hx_stats one = of_first(1);
  cr_assert_float_eq(one.p50, 1.0, 0.0);
  cr_assert_float_eq(one.max, 1.0, 0.0);
  cr_assert(isnan(one.ci_lo) && isnan(one.ci_hi));
  const struct hx_stats none = of_first(0);
  cr_assert_eq(none.n, 0);
  cr_assert(isnan(none.p50) && isnan(none.mean));
}

Test(stats, an_odd_count_has_its_middle_value)
{
  double values[] = {3.0, 1.0, 1e300};
  struct hx_stats stats;
  hx_stats_compute(values, 3, &stats);
  cr_assert_float_eq(stats.p50, 3.0, 0.0);
  double huge[] = {1.7e308, 1.7e308};
  hx_stats_compute(huge, 2, &stats);
  cr_assert_float_eq(stats.p50, 1.7e308, 0.0);
  cr_assert(isfinite(stats.mean));
}
