/* test_table.c - a wrong table is named as such. Next: test_stats.c */
#include <criterion/criterion.h>
#include <string.h>

#include "table.h"

static int nothing(struct hx_point *point)
{
  (void)point;
  return 0;
}

static const struct hx_metric good_metrics[] = {{"time_us", "us"}, {0}};
static const struct hx_factor good_factors[] = {{"tasks", "1", NULL, NULL}, {0}};
static const struct hx_variant good_variants[] = {{"a", "cpu", NULL, nothing, "tasks"}, {0}};

static void expect(const struct hx_metric *metrics, const struct hx_factor *factors,
                   const struct hx_variant *variants, const char *part)
{
  const struct hx_experiment experiment = {"exp9_x", "x", metrics, factors, variants, NULL, NULL};
  struct hx_why why = {{0}};
  const int result = hx_table_check(&experiment, &why);
  cr_assert_eq(result == 0, part == NULL, "%s", why.text);
  if (part != NULL)
    cr_assert_not_null(strstr(why.text, part), "'%s' lacks '%s'", why.text, part);
}

Test(table, a_good_one_passes_with_and_without_factors)
{
  static const struct hx_variant plain[] = {{"a", "any", NULL, nothing, NULL}, {0}};
  expect(good_metrics, good_factors, good_variants, NULL);
  expect(good_metrics, NULL, plain, NULL);
}

Test(table, a_factor_may_not_be_named_like_a_fixed_column)
{
  static const struct hx_factor n[] = {{"n", "1", NULL, NULL}, {0}};
  static const struct hx_factor index[] = {{"index", "1", NULL, NULL}, {0}};
  static const struct hx_factor twice[] = {{"k", "1", NULL, NULL}, {"k", "1", NULL, NULL}, {0}};
  static const struct hx_variant plain[] = {{"a", "any", NULL, nothing, NULL}, {0}};
  expect(good_metrics, n, plain, "fixed CSV column");
  expect(good_metrics, index, plain, "fixed CSV column");
  expect(good_metrics, twice, plain, "twice");
}

Test(table, metrics_and_variants_must_be_whole)
{
  static const struct hx_metric no_unit[] = {{"time_us", NULL}, {0}};
  static const struct hx_metric none[] = {{0}};
  static const struct hx_variant no_run[] = {{"a", "cpu", NULL, NULL, NULL}, {0}};
  static const struct hx_variant odd_device[] = {{"a", "tpu", NULL, nothing, NULL}, {0}};
  static const struct hx_variant stray[] = {{"a", "cpu", NULL, nothing, "tasks,depth"}, {0}};
  static const struct hx_variant spaced[] = {{"a b", "cpu", NULL, nothing, NULL}, {0}};
  expect(no_unit, good_factors, good_variants, "unit");
  expect(none, good_factors, good_variants, "no metric");
  expect(good_metrics, good_factors, no_run, "run()");
  expect(good_metrics, good_factors, odd_device, "cpu, cuda, sim or any");
  expect(good_metrics, good_factors, stray, "depth");
  expect(good_metrics, good_factors, spaced, "malformed");
}

Test(table, devices_are_compared_without_their_number)
{
  static const struct hx_variant cuda = {"a", "cuda", NULL, nothing, NULL};
  static const struct hx_variant any = {"a", "any", NULL, nothing, NULL};
  cr_assert(hx_table_accepts(&cuda, "cuda:3"));
  cr_assert_not(hx_table_accepts(&cuda, "cpu"));
  cr_assert(hx_table_accepts(&any, "cpu"));
  cr_assert(hx_table_accepts(&any, "sim"));
  cr_assert_not(hx_table_accepts(&cuda, "sim"));
}
