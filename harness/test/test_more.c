/* test_more.c - when a point has enough: by count, by time, by verdict. Time is set, not waited
 * for. Next: test_run.c */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "point.h"

#define HOUR_NS 3600000000000u

static int nothing(struct hx_point *point)
{
  (void)point;
  return 0;
}

static const struct hx_metric metrics[] = {{"time_us", "us"}, {0}};
static const struct hx_variant variants[] = {{"a", "cpu", NULL, nothing, ""}, {0}};
static const struct hx_experiment experiment = {"exp9_x", "x", metrics, NULL, variants, NULL, NULL};
static struct hx_plan plan;

/* A point that may take an hour and has been running for that many. */
static void open_point(struct hx_point *point, uint64_t hours_used)
{
  const struct hx_sweep_wish wish = {"cpu", "smoke", NULL, NULL, 0};
  struct hx_why why;
  cr_assert_eq(hx_sweep_plan(&experiment, &wish, &plan, &why), 0);
  const struct hx_point_setup setup = {&plan, 0, 0, "cpu", "smoke", 1, HOUR_NS, 10};
  cr_assert_eq(hx_point_init(point, &setup), 0);
  point->start_ns = hx_now_ns() - hours_used * HOUR_NS;
}

static void close_point(struct hx_point *point)
{
  hx_point_fini(point);
  hx_sweep_fini(&plan);
}

static size_t samples_taken(uint64_t hours_used)
{
  struct hx_point point;
  open_point(&point, hours_used);
  while (hx_more(&point, "time_us"))
    hx_sample(&point, "time_us", 1.0);
  const size_t count = point.series[0].count;
  close_point(&point);
  return count;
}

Test(more, the_goal_where_there_is_time)
{
  cr_assert_eq(samples_taken(0), 10);
}

Test(more, six_for_an_interval_when_time_is_over_and_one_in_any_case)
{
  cr_assert_eq(samples_taken(1), 6);
  cr_assert_eq(samples_taken(3), 6);
  cr_assert_eq(samples_taken(5), 1);
}

/* Values from 1 - spread to 1 + spread, evenly: half the interval is 1.96 spread / sqrt(n)
 * of it, and 0.2 % is narrow. */
static size_t taken_of_spread(double spread, const char **stopped)
{
  struct hx_point point;
  open_point(&point, 0);
  point.sample_goal = 4000;
  while (hx_more(&point, "time_us"))
    hx_sample(&point, "time_us",
              1.0 + spread * ((double)(point.series[0].count * 7919u % 1000u) / 500.0 - 1.0));
  const size_t count = point.series[0].count;
  *stopped = point.series[0].stopped;
  close_point(&point);
  return count;
}

Test(more, a_narrow_interval_ends_it_at_half_the_goal_and_a_wide_one_does_not)
{
  const char *stopped = NULL;
  cr_assert_eq(taken_of_spread(0.0, &stopped), 2000);
  cr_assert_str_eq(stopped, "width");
  cr_assert_eq(taken_of_spread(0.04, &stopped), 2000);
  cr_assert_str_eq(stopped, "width");
  cr_assert_eq(taken_of_spread(0.054, &stopped), 3125); /* the looks: 2000, 2500, 3125, 3907 */
  cr_assert_str_eq(stopped, "width");
  cr_assert_eq(taken_of_spread(0.5, &stopped), 4000);
  cr_assert_str_eq(stopped, "goal");
}

Test(more, none_after_a_failure)
{
  struct hx_point point;
  open_point(&point, 0);
  cr_assert(hx_more(&point, "time_us"));
  cr_assert_lt(hx_unmet(&point, "first"), 0);
  cr_assert_lt(hx_fail(&point, "second"), 0);
  cr_assert_lt(hx_fail(&point, "third"), 0);
  cr_assert_not(hx_more(&point, "time_us"));
  cr_assert_eq(point.verdict, HX_POINT_FAILED, "a failure wins over a skip");
  cr_assert_str_eq(point.reason, "second");
  close_point(&point);
}

Test(more, time_left_ends_at_nothing)
{
  struct hx_point point;
  open_point(&point, 2);
  cr_assert_eq(hx_time_left_ns(&point), 0);
  close_point(&point);
}

Test(more, a_metric_that_is_not_there_fails_the_point)
{
  struct hx_point point;
  open_point(&point, 0);
  hx_sample(&point, "speed", 1.0);
  cr_assert_eq(point.verdict, HX_POINT_FAILED);
  cr_assert_not(hx_more(&point, "speed"));
  close_point(&point);
}

Test(more, the_last_note_for_a_key_stays)
{
  struct hx_point point;
  open_point(&point, 0);
  hx_note(&point, "teams", "%d", 1);
  hx_note(&point, "teams", "%d\n%s", 2, "x");
  cr_assert_eq(point.note_count, 1);
  cr_assert_str_eq(point.note[0].value, "2 x");
  for (unsigned i = 0; i < 2 * HX_NOTES_MAX; i++) {
    char key[16];
    snprintf(key, sizeof(key), "k%u", i);
    hx_note(&point, key, "v");
  }
  cr_assert_eq(point.note_count, HX_NOTES_MAX);
  close_point(&point);
}
