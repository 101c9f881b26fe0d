/* test_sweep.c - factor expansion: order, relevance, numbers, refusals. Next: test_table.c */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sweep.h"

static int nothing(struct hx_point *point)
{
  (void)point;
  return 0;
}

static const struct hx_metric metrics[] = {{"time_us", "us"}, {0}};
static const struct hx_factor factors[] = {{"tasks", "1,1e3", "1,1e3,1e6", "1,10"},
                                           {"window", "1,16", NULL, NULL},
                                           {"mode", "spin", "spin,sleep", NULL},
                                           {0}};
static const struct hx_variant variants[] = {{"a", "cpu", NULL, nothing, "tasks"},
                                             {"b", "any", NULL, nothing, "tasks,window"},
                                             {"c", "cpu", NULL, nothing, ""},
                                             {"g", "cuda", NULL, nothing, NULL},
                                             {0}};
static const struct hx_experiment experiment = {"exp9_x", "x",  metrics, factors,
                                                variants, NULL, NULL};

static int plan_for(const char *device, const char *tier, const char *variant, const char *factor,
                    struct hx_plan *plan, struct hx_why *why)
{
  const char *list[1] = {factor};
  const struct hx_sweep_wish wish = {device, tier, variant, list, factor != NULL};
  return hx_sweep_plan(&experiment, &wish, plan, why);
}

static void expect_point(const struct hx_plan *plan, size_t index, const char *wanted)
{
  char factors_text[128];
  char text[160];
  hx_sweep_point_text(plan, &plan->point[index], factors_text, sizeof(factors_text));
  snprintf(text, sizeof(text), "%s %s", plan->point[index].variant->name, factors_text);
  cr_assert_str_eq(text, wanted, "point %zu is '%s', not '%s'", index, text, wanted);
}

Test(sweep, variants_take_turns_and_the_last_factor_runs_fastest)
{
  struct hx_plan plan;
  struct hx_why why;
  cr_assert_eq(plan_for("cpu", "smoke", NULL, NULL, &plan, &why), 0);
  cr_assert_eq(plan.point_count, 7);
  expect_point(&plan, 0, "a tasks=1");
  expect_point(&plan, 1, "b tasks=1 window=1");
  expect_point(&plan, 2, "c ");
  expect_point(&plan, 3, "a tasks=1000");
  expect_point(&plan, 4, "b tasks=1 window=16");
  expect_point(&plan, 5, "b tasks=1000 window=1");
  expect_point(&plan, 6, "b tasks=1000 window=16");
  hx_sweep_fini(&plan);
}

Test(sweep, only_variants_of_the_device_and_all_factors_by_default)
{
  struct hx_plan plan;
  struct hx_why why;
  cr_assert_eq(plan_for("cuda:1", "paper", "g", NULL, &plan, &why), 0);
  cr_assert_eq(plan.point_count, 3 * 2 * 2);
  expect_point(&plan, 11, "g tasks=1000000 window=16 mode=sleep");
  hx_sweep_fini(&plan);
}

Test(sweep, device_sim_has_values_of_its_own_in_every_tier)
{
  struct hx_plan plan;
  struct hx_why why;
  for (unsigned i = 0; i < 2; i++) {
    cr_assert_eq(plan_for("sim", i == 0 ? "smoke" : "paper", NULL, NULL, &plan, &why), 0);
    cr_assert_eq(plan.point_count, 2 * 2);
    expect_point(&plan, 3, "b tasks=10 window=16"); /* window has none: as smoke */
    hx_sweep_fini(&plan);
  }
}

Test(sweep, given_values_replace_those_of_the_tier)
{
  struct hx_plan plan;
  struct hx_why why;
  cr_assert_eq(plan_for("cpu", "smoke", "b", "tasks=5:2e1,window=3", &plan, &why), 0, "%s",
               why.text);
  cr_assert_eq(plan.point_count, 2);
  expect_point(&plan, 0, "b tasks=5 window=3");
  expect_point(&plan, 1, "b tasks=20 window=3");
  hx_sweep_fini(&plan);
  /* A value of the other tier is known too. */
  cr_assert_eq(plan_for("cuda:0", "smoke", "g", "mode=sleep", &plan, &why), 0);
  hx_sweep_fini(&plan);
}

static void expect_refused(const char *device, const char *variant, const char *factor,
                           const char *part)
{
  struct hx_plan plan;
  struct hx_why why;
  cr_assert_lt(plan_for(device, "smoke", variant, factor, &plan, &why), 0);
  cr_assert_not_null(strstr(why.text, part), "'%s' lacks '%s'", why.text, part);
  cr_assert_null(plan.point);
}

Test(sweep, each_refusal_says_what_there_is_instead)
{
  expect_refused("cpu", NULL, "depth=1", "tasks, window, mode");
  expect_refused("cpu", NULL, "tasks", "write tasks=v1:v2");
  expect_refused("cpu", NULL, "tasks=", "empty value");
  expect_refused("cpu", NULL, "tasks=1::2", "empty value");
  expect_refused("cpu", NULL, "tasks=ten", "whole numbers");
  expect_refused("cpu", NULL, "tasks=-1", "whole numbers");
  expect_refused("cpu", NULL, "tasks=1e3:1000", "twice");
  expect_refused("cpu", NULL, "tasks=1,tasks=2", "twice");
  expect_refused("cpu", NULL, ",", "empty part");
  expect_refused("cpu", NULL, "", "empty part");
  expect_refused("cuda:0", "g", "mode=doze", "spin,sleep");
  expect_refused("cpu", "a", "window=1", "none of the variants chosen");
  expect_refused("cpu", "d", NULL, "it has a, b, c, g");
  expect_refused("cpu", "g", NULL, "--device cuda");
  expect_refused("cpu", "a,,b", NULL, "empty name");
}

Test(sweep, an_explosion_is_refused)
{
  static char list[12000];
  struct hx_plan plan;
  struct hx_why why;
  const char *wishes[2];
  char windows[12000];
  strcpy(list, "tasks=1");
  strcpy(windows, "window=1");
  for (unsigned i = 2; i < 400; i++) {
    snprintf(list + strlen(list), 16, ":%u", i);
    snprintf(windows + strlen(windows), 16, ":%u", i);
  }
  wishes[0] = list;
  wishes[1] = windows;
  const struct hx_sweep_wish wish = {"cpu", "smoke", "b", wishes, 2};
  cr_assert_eq(hx_sweep_plan(&experiment, &wish, &plan, &why), -E2BIG);
}
