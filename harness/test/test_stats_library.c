/* test_stats_library.c - the statistics on golden vectors of scipy (stats_golden.h), and the things
 * that only a simulation can show: that intervals cover, that the stated minimum detectable effect
 * is the one that is found, that four million pairs take no time.
 *
 * Every simulation is seeded: it passes or fails the same everywhere. Next: stats_golden.h */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "interval.h"
#include "stats.h"
#include "stats_bootstrap.h"
#include "stats_fdr.h"
#include "stats_golden.h"
#include "stats_order.h"
#include "stats_power.h"
#include "stats_random.h"
#include "stats_signed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void expect_near(double got, double wanted, double tolerance, const char *what, size_t row)
{
  if (isnan(wanted))
    cr_assert(isnan(got), "%s, row %zu: %.17g, not missing", what, row, got);
  else
    cr_assert(fabs(got - wanted) <= tolerance * fmax(fabs(wanted), 1e-300),
              "%s, row %zu: %.17g, not %.17g", what, row, got, wanted);
}

Test(stats_library, distributions_are_those_of_scipy)
{
  for (size_t i = 0; i < COUNT(golden_normal); i++) {
    if (golden_normal[i].p == 0.5)
      cr_assert(fabs(hx_stats_normal_quantile(0.5)) < 1e-15);
    else
      expect_near(hx_stats_normal_quantile(golden_normal[i].p), golden_normal[i].z, 1e-9, "z", i);
  }
  for (size_t i = 0; i < COUNT(golden_t); i++) {
    expect_near(hx_stats_t_quantile(0.995, golden_t[i].freedom), golden_t[i].quantile_995, 1e-9,
                "t quantile", i);
    expect_near(hx_stats_t_two_sided(-golden_t[i].at, golden_t[i].freedom), golden_t[i].two_sided,
                1e-9, "t p", i);
  }
  for (size_t i = 0; i < COUNT(golden_share); i++) {
    const struct hx_stats_interval interval = hx_stats_share_interval(
        golden_share[i].hits, golden_share[i].trials, golden_share[i].confidence);
    cr_assert(fabs(interval.lo - golden_share[i].lo) < 1e-9, "row %zu: %.17g", i, interval.lo);
    cr_assert(fabs(interval.hi - golden_share[i].hi) < 1e-9, "row %zu: %.17g", i, interval.hi);
  }
}

Test(stats_library, quantile_ranks_are_those_of_scipy)
{
  for (size_t i = 0; i < COUNT(golden_ranks); i++) {
    const struct hx_stats_ranks ranks =
        hx_stats_quantile_ranks(golden_ranks[i].n, golden_ranks[i].q, 0.95);
    cr_assert(ranks.lower == golden_ranks[i].lower && ranks.upper == golden_ranks[i].upper,
              "n %zu q %g: %zu %zu, not %zu %zu", golden_ranks[i].n, golden_ranks[i].q, ranks.lower,
              ranks.upper, golden_ranks[i].lower, golden_ranks[i].upper);
  }
  for (size_t n = 0; n < 400; n++) /* the old special case is the same */
    cr_assert_eq(hx_stats_quantile_ranks(n, 0.5, 0.95).lower, hx_stats_median_rank(n), "n %zu", n);
  const double five[] = {1, 2, 3, 4, 5};
  cr_assert(isnan(hx_stats_quantile_interval(five, 5, 0.5, 0.95).lo));
  cr_assert(isnan(hx_stats_sorted_median(five, 0)));
}

Test(stats_library, shifts_are_those_of_scipy)
{
  for (size_t i = 0; i < COUNT(golden_shift); i++) {
    double base[40];
    double fresh[40];
    double u = -1.0;
    for (size_t k = 0; k < 40; k++) {
      base[k] = golden_shift[i].base[k];
      fresh[k] = golden_shift[i].fresh[k];
    }
    hx_stats_sort(base, golden_shift[i].n);
    hx_stats_sort(fresh, golden_shift[i].m);
    const struct hx_stats_two two = {base, golden_shift[i].n, fresh, golden_shift[i].m};
    expect_near(hx_stats_mann_whitney(&two, &u), golden_shift[i].p, 1e-9, "p", i);
    expect_near(u, golden_shift[i].u, 0.0, "u", i);
    const struct hx_stats_shift shift = hx_stats_hodges_lehmann(&two, 0.95);
    cr_assert_eq(hx_stats_shift_rank(two.base_count, two.fresh_count, 0.95), golden_shift[i].rank,
                 "row %zu", i);
    expect_near(shift.shift, golden_shift[i].shift, 1e-12, "shift", i);
    expect_near(shift.lo, golden_shift[i].lo, 1e-12, "lo", i);
    expect_near(shift.hi, golden_shift[i].hi, 1e-12, "hi", i);
  }
}

Test(stats_library, shifts_need_enough_values)
{
  cr_assert_eq(hx_stats_shift_rank(4, 4, 0.99), 0);
  cr_assert_eq(hx_stats_shift_rank(5, 5, 0.99), 1);
  cr_assert_eq(hx_stats_shift_rank(0, 5, 0.99), 0);
  cr_assert_eq(hx_stats_signed_shift_rank(7, 0.99), 0);
  cr_assert_eq(hx_stats_signed_shift_rank(8, 0.99), 1);
  const struct hx_stats_two none = {NULL, 0, NULL, 0};
  cr_assert(isnan(hx_stats_mann_whitney(&none, NULL)));
  cr_assert(isnan(hx_stats_hodges_lehmann(&none, 0.95).shift));
  /* Where the exact distribution ends, the normal one goes on. */
  const size_t exact = hx_stats_shift_rank(30, 30, 0.95);
  const size_t bound = hx_stats_shift_rank(31, 30, 0.95);
  cr_assert(bound >= exact && bound <= exact + 20, "%zu, then %zu", exact, bound);
  const size_t signed_exact = hx_stats_signed_shift_rank(60, 0.95);
  const size_t signed_bound = hx_stats_signed_shift_rank(61, 0.95);
  cr_assert(signed_bound >= signed_exact && signed_bound <= signed_exact + 30, "%zu, then %zu",
            signed_exact, signed_bound);
}

Test(stats_library, signed_ranks_are_those_of_scipy)
{
  for (size_t i = 0; i < COUNT(golden_signed); i++) {
    double values[40];
    double t = -1.0;
    const size_t n = golden_signed[i].n;
    expect_near(hx_stats_signed_rank(golden_signed[i].values, n, &t), golden_signed[i].p, 1e-9, "p",
                i);
    expect_near(t, golden_signed[i].t, 0.0, "t", i);
    for (size_t k = 0; k < n; k++)
      values[k] = golden_signed[i].values[k];
    hx_stats_sort(values, n);
    const struct hx_stats_shift shift = hx_stats_signed_shift(values, n, 0.95);
    cr_assert_eq(hx_stats_signed_shift_rank(n, 0.95), golden_signed[i].rank, "row %zu", i);
    cr_assert(fabs(shift.shift - golden_signed[i].shift) < 1e-12, "row %zu", i);
    cr_assert(fabs(shift.lo - golden_signed[i].lo) < 1e-12, "row %zu: %g", i, shift.lo);
    cr_assert(fabs(shift.hi - golden_signed[i].hi) < 1e-12, "row %zu: %g", i, shift.hi);
  }
  const double zeros[3] = {0};
  cr_assert_eq(hx_stats_signed_rank(zeros, 3, NULL), 1.0);
  cr_assert(isnan(hx_stats_signed_rank(zeros, 0, NULL)));
}

Test(stats_library, q_values_are_those_of_scipy)
{
  double q[COUNT(golden_p) + 1];
  double p[COUNT(golden_p) + 1] = {NAN};
  cr_assert_eq(hx_stats_fdr(golden_p, COUNT(golden_p), q), 0);
  for (size_t i = 0; i < COUNT(golden_p); i++)
    expect_near(q[i], golden_q[i], 1e-12, "q", i);
  for (size_t i = 0; i < COUNT(golden_p); i++)
    p[i + 1] = golden_p[i];
  cr_assert_eq(hx_stats_fdr(p, COUNT(p), q), 0);
  cr_assert(isnan(q[0]));
  expect_near(q[1], golden_q[0], 1e-12, "a p that was not asked counts", 1);
}

static void fill_arm(struct hx_arm *arm, const double golden[6][20])
{
  for (size_t i = 0; i < 6; i++) {
    for (size_t k = 0; k < 20; k++)
      cr_assert_eq(hx_arm_add(arm, i, golden[i][k]), 0);
  }
}

Test(stats_library, the_bootstrap_converges_to_numpys)
{
  struct hx_arm base = {0};
  struct hx_arm fresh = {0};
  struct hx_arm empty = {0};
  struct hx_stats_shift out = {0};
  struct hx_stats_shift again = {0};
  const struct hx_stats_bootstrap how = {100000, 0.95, 7};
  fill_arm(&base, golden_arm[0]);
  fill_arm(&fresh, golden_arm[1]);
  cr_assert_eq(hx_stats_bootstrap_ratio(&base, &fresh, &how, &out), 0);
  expect_near(out.shift, golden_bootstrap[0], 1e-12, "ratio", 0);
  expect_near(out.lo, golden_bootstrap[1], 0.002, "lo", 0);
  expect_near(out.hi, golden_bootstrap[2], 0.002, "hi", 0);
  cr_assert_eq(hx_stats_bootstrap_ratio(&base, &fresh, &how, &again), 0);
  cr_assert(out.lo == again.lo && out.hi == again.hi, "one seed, two results");
  cr_assert_lt(hx_stats_bootstrap_ratio(&base, &empty, &how, &out), 0);
  hx_arm_fini(&base);
  hx_arm_fini(&fresh);
}

Test(stats_library, medians_by_process_skip_those_without_samples)
{
  struct hx_arm arm = {0};
  double *medians = NULL;
  size_t count = 0;
  cr_assert_eq(hx_arm_add(&arm, 2, 5.0), 0);
  cr_assert_eq(hx_arm_add(&arm, 0, 1.0), 0);
  cr_assert_eq(hx_arm_add(&arm, 0, 2.0), 0);
  cr_assert_eq(hx_arm_medians(&arm, &medians, &count), 0);
  cr_assert_eq(count, 2);
  cr_assert(medians[0] == 1.5 && medians[1] == 5.0);
  cr_assert_eq(hx_arm_samples(&arm), 3);
  free(medians);
  hx_arm_fini(&arm);
}

static uint64_t cpu_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

Test(stats_library, two_thousand_against_two_thousand_is_exact_and_fast, .timeout = 60)
{
  enum { N = 2000 };
  static double base[N];
  static double fresh[N];
  struct hx_stats_random random;
  hx_stats_random_init(&random, 1);
  for (size_t i = 0; i < N; i++) {
    base[i] = hx_stats_random_normal(&random);
    fresh[i] = hx_stats_random_normal(&random) + 0.1;
  }
  hx_stats_sort(base, N);
  hx_stats_sort(fresh, N);
  const struct hx_stats_two two = {base, N, fresh, N};
  const uint64_t start_ns = cpu_ns();
  const struct hx_stats_shift shift = hx_stats_hodges_lehmann(&two, 0.99);
  const double p = hx_stats_mann_whitney(&two, NULL);
  cr_assert_lt(cpu_ns() - start_ns, 500000000u); /* 2 ms, without a sanitizer */
  cr_assert(shift.lo < 0.1 && 0.1 < shift.hi && shift.hi - shift.lo < 0.2);
  cr_assert(p < 0.05);
  double *all = malloc((size_t)N * N * sizeof(*all));
  cr_assert_not_null(all);
  for (size_t i = 0; i < N; i++) {
    for (size_t j = 0; j < N; j++)
      all[i * N + j] = fresh[j] - base[i];
  }
  cr_assert_eq(hx_stats_median(all, (size_t)N * N), shift.shift);
  cr_assert_eq(all[hx_stats_shift_rank(N, N, 0.99) - 1], shift.lo);
  free(all);
}

/* How often 0 is outside the interval for normal values that are shifted by that much. */
static double found_share(size_t n, size_t m, double shift, uint64_t seed)
{
  enum { ROUNDS = 4000 };
  double base[32];
  double fresh[32];
  size_t found = 0;
  struct hx_stats_random random;
  hx_stats_random_init(&random, seed);
  for (size_t round = 0; round < ROUNDS; round++) {
    struct hx_stats_shift got;
    for (size_t i = 0; i < n; i++)
      base[i] = hx_stats_random_normal(&random) + (m == 0 ? shift : 0.0);
    for (size_t i = 0; i < m; i++)
      fresh[i] = hx_stats_random_normal(&random) + shift;
    hx_stats_sort(base, n);
    hx_stats_sort(fresh, m);
    const struct hx_stats_two two = {base, n, fresh, m};
    got = m == 0 ? hx_stats_signed_shift(base, n, 0.99) : hx_stats_hodges_lehmann(&two, 0.99);
    found += got.lo > 0.0;
  }
  return (double)found / ROUNDS;
}

Test(stats_library, the_minimum_detectable_effect_is_what_is_found, .timeout = 120)
{
  static const size_t sides[][2] = {{5, 5},   {5, 10}, {10, 10}, {20, 20},
                                    {25, 30}, {8, 0},  {20, 0},  {30, 0}};
  static struct hx_stats_power power;
  for (size_t i = 0; i < COUNT(sides); i++) {
    hx_stats_power_init(&power, sides[i][0], sides[i][1], 0.99);
    const double mde = hx_stats_power_shift(&power, 0.8);
    const double found = found_share(sides[i][0], sides[i][1], mde, 99 + i);
    cr_assert(found > 0.77 && found < 0.83, "%zu against %zu: %.3f s is found %.3f of the time",
              sides[i][0], sides[i][1], mde, found);
    const double half = found_share(sides[i][0], sides[i][1], mde / 2.0, 199 + i);
    cr_assert(fabs(half - hx_stats_power_of(&power, mde / 2.0)) < 0.03, "%zu against %zu",
              sides[i][0], sides[i][1]);
    const double false_alarms = found_share(sides[i][0], sides[i][1], 0.0, 299 + i);
    cr_assert(false_alarms <= 0.009, "%zu against %zu: %g", sides[i][0], sides[i][1], false_alarms);
  }
  hx_stats_power_init(&power, 4, 4, 0.99);
  cr_assert(isinf(hx_stats_power_shift(&power, 0.8)));
  cr_assert_eq(hx_stats_power_of(&power, 100.0), 0.0);
}

Test(stats_library, the_bootstrap_of_a_median_is_that_of_a_ratio_to_one)
{
  struct hx_arm ones = {0};
  struct hx_arm arm = {0};
  struct hx_arm empty = {0};
  struct hx_stats_shift ratio = {0};
  struct hx_stats_shift median = {0};
  struct hx_stats_shift again = {0};
  const struct hx_stats_bootstrap how = {100000, 0.95, 7};
  fill_arm(&arm, golden_arm[1]);
  for (size_t i = 0; i < 6; i++)
    cr_assert_eq(hx_arm_add(&ones, i, 1.0), 0);
  cr_assert_eq(hx_stats_bootstrap_ratio(&ones, &arm, &how, &ratio), 0);
  cr_assert_eq(hx_stats_bootstrap_median(&arm, &how, &median), 0);
  cr_assert_eq(median.shift, ratio.shift);
  expect_near(median.lo / ratio.lo, 1.0, 0.002, "lo", 0);
  expect_near(median.hi / ratio.hi, 1.0, 0.002, "hi", 0);
  cr_assert_eq(hx_stats_bootstrap_median(&arm, &how, &again), 0);
  cr_assert(median.lo == again.lo && median.hi == again.hi, "one seed, two results");
  cr_assert_lt(hx_stats_bootstrap_median(&empty, &how, &again), 0);
  hx_arm_fini(&ones);
  hx_arm_fini(&arm);
}

/* Processes that differ by more than their samples do, as layouts make them. */
Test(stats_library, the_interval_over_processes_covers_where_that_of_all_samples_does_not)
{
  enum { TRIALS = 200, PROCESSES = 5, SAMPLES = 20 };
  struct hx_stats_random random;
  size_t covered = 0;
  size_t covered_by_order = 0;
  hx_stats_random_init(&random, 20261123);
  for (size_t trial = 0; trial < TRIALS; trial++) {
    struct hx_arm arm = {0};
    struct hx_stats pooled;
    double all[PROCESSES * SAMPLES];
    double ci[2];
    char id[17];
    for (size_t i = 0; i < PROCESSES; i++) {
      const double level = 100.0 + 3.0 * hx_stats_random_normal(&random);
      for (size_t k = 0; k < SAMPLES; k++) {
        all[i * SAMPLES + k] = level + hx_stats_random_normal(&random);
        cr_assert_eq(hx_arm_add(&arm, i, all[i * SAMPLES + k]), 0);
      }
    }
    snprintf(id, sizeof(id), "%016zx", trial);
    cr_assert_eq(hx_interval_over_processes(&arm, id, "time_us", ci), 1);
    covered += ci[0] <= 100.0 && 100.0 <= ci[1];
    hx_stats_compute(all, COUNT(all), &pooled);
    covered_by_order += pooled.ci_lo <= 100.0 && 100.0 <= pooled.ci_hi;
    arm.process[4].count = 0; /* four are too few */
    cr_assert_eq(hx_interval_over_processes(&arm, id, "time_us", ci), 0);
    hx_arm_fini(&arm);
  }
  cr_log_info("covered %zu and %zu of %d", covered, covered_by_order, TRIALS);
  cr_assert_geq(covered, TRIALS * 90 / 100);
  cr_assert_lt(covered_by_order, TRIALS * 70 / 100);
}

Test(stats_library, the_selected_value_is_that_of_the_sorted_ones)
{
  struct hx_stats_random random;
  hx_stats_random_init(&random, 5);
  for (size_t count = 1; count < 60; count++) {
    for (size_t at = 0; at < count; at++) {
      double values[60];
      double sorted[60];
      for (size_t i = 0; i < count; i++)
        sorted[i] = values[i] = (double)hx_stats_random_below(&random, 20); /* many are equal */
      hx_stats_sort(sorted, count);
      cr_assert_eq(hx_stats_select(values, count, at), sorted[at], "%zu of %zu", at, count);
      for (size_t i = 0; i < count; i++)
        cr_assert(i < at ? values[i] <= values[at] : values[i] >= values[at]);
    }
  }
}
