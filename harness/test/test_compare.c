/* test_compare.c - verdicts from made-up processes: each verdict, the way from one to the next, and
 * what only many seeded rounds show (false alarms under ugly noise, detection, pairing).
 * Next: test_judge.c */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "stats_random.h"

static const struct hx_compare_how usual = {.threshold = 0.05};

/* `processes` of 20 samples: 100 * exp(shift + between * noise of the process + 1 % each). */
static void fill(struct hx_arm *arm, size_t processes, double shift, double between,
                 struct hx_stats_random *random)
{
  for (size_t i = 0; i < processes; i++) {
    const double centre = shift + between * hx_stats_random_normal(random);
    for (size_t k = 0; k < 20; k++)
      cr_assert_eq(hx_arm_add(arm, i, 100.0 * exp(centre + 0.01 * hx_stats_random_normal(random))),
                   0);
  }
}

struct made {
  size_t base_count, fresh_count;
  double shift, between;
  const char *unit;
};

static void make(struct hx_compare *all, const struct made *made, uint64_t seed)
{
  struct hx_stats_random random;
  struct hx_compare_item *item = hx_compare_add(all, "exp v cpu n=1", "time_us", made->unit);
  cr_assert_not_null(item);
  hx_stats_random_init(&random, seed);
  fill(&item->base, made->base_count, 0.0, made->between, &random);
  fill(&item->fresh, made->fresh_count, made->shift, made->between, &random);
}

static enum hx_compare_verdict verdict_of(const struct made *made, const struct hx_compare_how *how,
                                          struct hx_compare_found *found)
{
  struct hx_compare all = {0};
  make(&all, made, 11);
  cr_assert_eq(hx_compare_judge(&all, how), 0);
  const enum hx_compare_verdict verdict = all.item[0].found.verdict;
  if (found != NULL)
    *found = all.item[0].found;
  hx_compare_fini(&all);
  return verdict;
}

Test(compare, twenty_percent_is_slower_and_its_mirror_faster)
{
  struct hx_compare_found found;
  const struct made slower = {5, 5, log(1.2), 0.01, "us"};
  cr_assert_eq(verdict_of(&slower, &usual, &found), HX_COMPARE_SLOWER);
  cr_assert(found.lo > 1.1 && found.hi < 1.3 && found.lo < found.ratio && found.ratio < found.hi);
  cr_assert(found.q <= 0.05 && found.mde < 0.05 && found.mde > 0.01);
  cr_assert(found.processes[0] == 5 && found.samples[1] == 100);
  const struct made faster = {5, 5, -log(1.2), 0.01, "us"};
  cr_assert_eq(verdict_of(&faster, &usual, NULL), HX_COMPARE_FASTER);
  const struct made rate = {5, 5, log(1.2), 0.01, "tasks/s"};
  cr_assert_eq(verdict_of(&rate, &usual, NULL), HX_COMPARE_FASTER);
  const struct made rate_down = {5, 5, -log(1.2), 0.01, "tasks/s"};
  cr_assert_eq(verdict_of(&rate_down, &usual, NULL), HX_COMPARE_SLOWER);
}

Test(compare, same_is_earned)
{
  struct hx_compare_found found;
  const struct made quiet = {5, 5, 0.0, 0.005, "us"};
  cr_assert_eq(verdict_of(&quiet, &usual, &found), HX_COMPARE_SAME);
  const struct made noisy = {5, 5, 0.0, 0.1, "us"};
  cr_assert_eq(verdict_of(&noisy, &usual, &found), HX_COMPARE_AMBIGUOUS);
  cr_assert_not_null(strstr(found.reason, "below the effect that can be found here"));
  const struct made small = {5, 5, log(1.02), 0.002, "us"};
  cr_assert_eq(verdict_of(&small, &usual, &found), HX_COMPARE_SAME);
  cr_assert_not_null(strstr(found.reason, "smaller than the threshold"));
}

Test(compare, a_threshold_below_what_can_be_found_is_refused_unless_all_is_beyond)
{
  const struct hx_compare_how tight = {.threshold = 0.001};
  struct hx_compare_found found;
  const struct made equal = {5, 5, 0.0, 0.01, "us"};
  cr_assert_eq(verdict_of(&equal, &tight, &found), HX_COMPARE_AMBIGUOUS);
  cr_assert_not_null(strstr(found.reason, "raise --threshold"));
  const struct made far = {5, 5, log(1.2), 0.01, "us"};
  cr_assert_eq(verdict_of(&far, &tight, &found), HX_COMPARE_SLOWER);
}

Test(compare, few_processes_need_a_calibration)
{
  struct hx_compare_found found;
  const struct made few = {1, 1, log(1.5), 0.01, "us"};
  cr_assert_eq(verdict_of(&few, &usual, &found), HX_COMPARE_AMBIGUOUS);
  cr_assert_not_null(strstr(found.reason, "--processes 5"));
  cr_assert(isnan(found.lo) && isnan(found.q) && isnan(found.mde));
  struct hx_compare all = {0};
  make(&all, &few, 11);
  all.item[0].noise = (struct hx_compare_noise){0.01, 100.0, 0.02, 5.0};
  cr_assert_eq(hx_compare_judge(&all, &usual), 0);
  cr_assert_eq(all.item[0].found.verdict, HX_COMPARE_SLOWER, "%s", all.item[0].found.reason);
  all.item[0].noise.deviation = 0.5;
  cr_assert_eq(hx_compare_judge(&all, &usual), 0);
  cr_assert_eq(all.item[0].found.verdict, HX_COMPARE_AMBIGUOUS);
  hx_compare_fini(&all);
}

Test(compare, a_calibrated_floor_holds_back_what_the_same_binary_showed_too)
{
  struct hx_compare all = {0};
  const struct made made = {5, 5, log(1.1), 0.005, "us"};
  make(&all, &made, 11);
  cr_assert_eq(hx_compare_judge(&all, &usual), 0);
  cr_assert_eq(all.item[0].found.verdict, HX_COMPARE_SLOWER);
  all.item[0].noise = (struct hx_compare_noise){0.005, 100.0, log(1.2), 5.0};
  cr_assert_eq(hx_compare_judge(&all, &usual), 0);
  cr_assert_eq(all.item[0].found.verdict, HX_COMPARE_AMBIGUOUS);
  cr_assert_not_null(strstr(all.item[0].found.reason, "the same binary against itself"));
  hx_compare_fini(&all);
}

Test(compare, the_same_binary_is_same_by_its_hash)
{
  struct hx_compare all = {0};
  struct hx_compare_how how = usual;
  const struct made made = {5, 5, log(1.2), 0.01, "us"};
  make(&all, &made, 11);
  strcpy(all.item[0].binary[0], "abc");
  strcpy(all.item[0].binary[1], "abc");
  cr_assert_eq(hx_compare_judge(&all, &how), 0);
  cr_assert_eq(all.item[0].found.verdict, HX_COMPARE_SAME);
  cr_assert_not_null(strstr(all.item[0].found.reason, "is noise, and would have been"));
  cr_assert_eq(hx_compare_exit_of(&all), HX_COMPARE_EXIT_OK);
  how.ignore_hash = true;
  cr_assert_eq(hx_compare_judge(&all, &how), 0);
  cr_assert_eq(all.item[0].found.verdict, HX_COMPARE_SLOWER);
  cr_assert_eq(hx_compare_exit_of(&all), HX_COMPARE_EXIT_SLOWER);
  strcpy(all.item[0].binary[1], "abd");
  how.ignore_hash = false;
  cr_assert_eq(hx_compare_judge(&all, &how), 0);
  cr_assert_eq(all.item[0].found.verdict, HX_COMPARE_SLOWER);
  hx_compare_fini(&all);
}

Test(compare, what_cannot_be_compared_is_invalid)
{
  struct hx_compare all = {0};
  const struct made good = {5, 5, log(1.2), 0.01, "us"};
  make(&all, &good, 11);
  struct hx_compare_item *zero = hx_compare_add(&all, "exp v cpu n=2", "time_us", "us");
  cr_assert_not_null(zero);
  for (size_t i = 0; i < 5; i++) {
    cr_assert_eq(hx_arm_add(&zero->base, i, 0.0), 0);
    cr_assert_eq(hx_arm_add(&zero->fresh, i, 1.0), 0);
  }
  struct hx_compare_item *empty = hx_compare_add(&all, "exp v cpu n=3", "time_us", "us");
  cr_assert_not_null(empty);
  cr_assert_eq(hx_arm_add(&empty->base, 0, 1.0), 0);
  cr_assert_eq(hx_compare_judge(&all, &usual), 0);
  cr_assert_eq(all.item[1].found.verdict, HX_COMPARE_INVALID);
  cr_assert_not_null(strstr(all.item[1].found.reason, "not above 0"));
  cr_assert_eq(all.item[2].found.verdict, HX_COMPARE_INVALID);
  cr_assert_not_null(strstr(all.item[2].found.reason, "no samples in new"));
  cr_assert(isnan(all.item[1].found.q));
  cr_assert_eq(all.item[0].found.verdict, HX_COMPARE_SLOWER); /* others are judged all the same */
  cr_assert_eq(hx_compare_exit_of(&all), HX_COMPARE_EXIT_INVALID);
  hx_compare_fini(&all);
}

Test(compare, a_unit_that_says_nothing_has_no_direction)
{
  struct hx_compare_found found;
  const struct made made = {5, 5, log(1.2), 0.01, "widgets"};
  cr_assert_eq(verdict_of(&made, &usual, &found), HX_COMPARE_AMBIGUOUS);
  cr_assert_not_null(strstr(found.reason, "widgets"));
  cr_assert_eq(hx_compare_direction("GiB/s"), 1);
  cr_assert_eq(hx_compare_direction("MHz"), 1);
  cr_assert_eq(hx_compare_direction("ns"), -1);
  cr_assert_eq(hx_compare_direction(""), 0);
  cr_assert_eq(hx_compare_direction("/s"), 0);
}

/* A clock of 10 ns: half the processes of one side show 140, the other half 150. */
Test(compare, one_step_of_the_clock_is_no_difference)
{
  struct hx_compare all = {0};
  struct hx_compare_item *item = hx_compare_add(&all, "exp v cpu", "time_us", "us");
  cr_assert_not_null(item);
  for (size_t i = 0; i < 5; i++) {
    for (size_t k = 0; k < 20; k++) {
      cr_assert_eq(hx_arm_add(&item->base, i, 0.14), 0);
      cr_assert_eq(hx_arm_add(&item->fresh, i, 0.15), 0);
    }
  }
  cr_assert_eq(hx_compare_judge(&all, &usual), 0);
  cr_assert_eq(item->found.verdict, HX_COMPARE_AMBIGUOUS, "%s", item->found.reason);
  cr_assert(item->found.mde > 0.06);
  hx_compare_fini(&all);
}

/* Ugly noise: some processes are 30 % slower, all wander. */
static double ugly(struct hx_stats_random *random)
{
  const double spike = hx_stats_random_share(random) < 0.15 ? log(1.3) : 0.0;
  const double wide = hx_stats_random_normal(random) / (0.05 + hx_stats_random_share(random));
  return spike + 0.005 * wide;
}

static size_t count_rounds(size_t block_pairs, size_t processes, double shift, size_t verdict)
{
  enum { ROUNDS = 4000 };
  struct hx_stats_random random;
  const struct hx_compare_how how = {.threshold = 0.01, .block_pairs = block_pairs};
  size_t count = 0;
  hx_stats_random_init(&random, 77);
  for (size_t round = 0; round < ROUNDS; round++) {
    struct hx_compare all = {0};
    struct hx_compare_item *item = hx_compare_add(&all, "exp", "t", "us");
    cr_assert_not_null(item);
    for (size_t i = 0; i < processes; i++) {
      const double drift = block_pairs > 0 ? 0.3 * hx_stats_random_normal(&random) : 0.0;
      hx_arm_add(&item->base, i, exp(drift + ugly(&random)));
      hx_arm_add(&item->fresh, i, exp(drift + shift + ugly(&random)));
    }
    cr_assert_eq(hx_compare_judge(&all, &how), 0);
    count += item->found.verdict == verdict;
    hx_compare_fini(&all);
  }
  return count;
}

Test(compare, equal_things_are_slower_less_than_once_in_a_hundred, .timeout = 120)
{
  cr_assert_leq(count_rounds(0, 5, 0.0, HX_COMPARE_SLOWER), 30);
  cr_assert_leq(count_rounds(0, 10, 0.0, HX_COMPARE_SLOWER), 30);
  cr_assert_leq(count_rounds(2, 20, 0.0, HX_COMPARE_SLOWER), 30);
  cr_assert_leq(count_rounds(2, 20, 0.0, HX_COMPARE_FASTER), 30);
}

/* Machine drift of 30 % between pairs, which separate runs would drown in. */
Test(compare, pairs_see_through_drift, .timeout = 60)
{
  cr_assert_geq(count_rounds(2, 60, log(1.5), HX_COMPARE_SLOWER), 3800);
}

Test(compare, many_points_cost_a_single_one_its_alarm)
{
  struct hx_compare all = {0};
  struct hx_stats_random random;
  size_t slower = 0;
  hx_stats_random_init(&random, 5);
  for (size_t i = 0; i < 200; i++) {
    struct hx_compare_item *item = hx_compare_add(&all, "exp", "t", "us");
    cr_assert_not_null(item);
    fill(&item->base, 5, 0.0, 0.01, &random);
    fill(&item->fresh, 5, i == 0 ? log(1.2) : 0.0, 0.01, &random);
  }
  const struct hx_compare_how tight = {.threshold = 0.01};
  cr_assert_eq(hx_compare_judge(&all, &tight), 0);
  for (size_t i = 1; i < 200; i++)
    slower += all.item[i].found.verdict == HX_COMPARE_SLOWER;
  cr_assert_leq(slower, 1);
  cr_assert_eq(all.item[0].found.verdict, HX_COMPARE_SLOWER, "%s", all.item[0].found.reason);
  hx_compare_fini(&all);
}

/* A machine that wanders while the runs go on, one after the other: 60 processes are few. */
Test(compare, drift_within_runs_does_not_make_equal_things_slower, .timeout = 60)
{
  enum { ROUNDS = 1000 };
  struct hx_stats_random random;
  const struct hx_compare_how tight = {.threshold = 0.01};
  size_t apart = 0;
  size_t slower = 0;
  hx_stats_random_init(&random, 13);
  for (size_t round = 0; round < ROUNDS; round++) {
    struct hx_compare all = {0};
    struct hx_compare_item *item = hx_compare_add(&all, "exp", "t", "us");
    double wander = 0.05 * hx_stats_random_normal(&random) / sqrt(1.0 - 0.64);
    for (size_t i = 0; i < 120; i++) { /* AR(1) with 0.8: the variance of U is 9 times as large */
      wander = 0.8 * wander + 0.05 * hx_stats_random_normal(&random);
      hx_arm_add(i < 60 ? &item->base : &item->fresh, i % 60, exp(wander));
    }
    cr_assert_eq(hx_compare_judge(&all, &tight), 0);
    apart += item->found.lo > 1.0 || item->found.hi < 1.0;
    slower += item->found.verdict == HX_COMPARE_SLOWER;
    hx_compare_fini(&all);
  }
  cr_assert_leq(apart, 30, "%zu of %d", apart, ROUNDS);
  cr_assert_leq(slower, 15, "%zu of %d", slower, ROUNDS);
}
