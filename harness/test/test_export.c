/* test_export.c - exported plans against the files in test/export, and what is refused. That
 * ReFrame lists those files' tests, and that JUBE's is XML, are tests of their own in meson.build,
 * where these programs are there. Next: export.h */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"

static json_t *plan;
static struct hx_why why;

static char *path_of(const char *name)
{
  char *path = NULL;
  cr_assert_not_null(getenv("HX_TEST_EXPORT"), "run this test through meson");
  cr_assert_geq(asprintf(&path, "%s/%s", getenv("HX_TEST_EXPORT"), name), 0);
  return path;
}

static void load_plan(void)
{
  char *path = path_of("plan.json");
  plan = json_load_file(path, 0, NULL);
  cr_assert_not_null(plan, "%s", path);
  free(path);
}

static void drop_plan(void)
{
  json_decref(plan);
}

TestSuite(export, .init = load_plan, .fini = drop_plan);

static void expect_file(const char *kind, const char *name)
{
  char *path = path_of(name);
  char wanted[16384] = "";
  char *text = hx_export(plan, kind, &why);
  cr_assert_not_null(text, "%s", why.text);
  FILE *file = fopen(path, "r");
  cr_assert_not_null(file, "%s", path);
  wanted[fread(wanted, 1, sizeof(wanted) - 1, file)] = '\0';
  fclose(file);
  cr_assert_str_eq(text, wanted, "differs from %s:\n%s", path, text);
  free(text);
  free(path);
}

Test(export, reframe_is_the_golden_file)
{
  expect_file("reframe", "plan.py");
}

Test(export, jube_is_the_golden_file)
{
  expect_file("jube", "plan.xml");
}

static void expect_refusal(const char *kind, const char *part)
{
  cr_assert_null(hx_export(plan, kind, &why));
  cr_assert_not_null(strstr(why.text, part), "%s", why.text);
}

Test(export, another_kind_or_schema_is_refused_with_what_to_do)
{
  expect_refusal("slurm", "is not known; choose reframe or jube");
  expect_refusal("juba", "the nearest is jube");
  json_object_set_new(plan, "schema", json_integer(1));
  expect_refusal("jube", "no plan of schema 2");
  json_object_del(plan, "schema");
  expect_refusal("jube", "make it again");
}

Test(export, what_would_not_be_safe_in_a_command_is_refused)
{
  static const char *const bad[] = {"", "a b", "x;rm", "$(x)", "a'b", "<a>", "--out", "a\nb"};
  static const char *const key[] = {"experiment", "run_id", "tier", "device"};
  for (size_t k = 0; k < 4; k++) {
    json_t *keep = json_incref(json_object_get(plan, key[k]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
      json_object_set_new(plan, key[k], json_string(bad[i]));
      expect_refusal("reframe", key[k]);
    }
    json_object_set_new(plan, key[k], keep);
  }
}

Test(export, options_that_are_missing_or_not_safe_are_refused)
{
  json_t *options = json_object_get(plan, "options");
  json_array_set_new(options, 0, json_string("--device=cuda:0;rm"));
  expect_refusal("reframe", "option 0 of this plan has other than");
  json_array_set_new(options, 0, json_string("rm"));
  expect_refusal("reframe", "option 0 of this plan has other than");
  json_object_del(plan, "options");
  expect_refusal("jube", "does not say by which options it was made");
}

Test(export, points_that_are_no_points_are_refused)
{
  json_t *point = json_array_get(json_object_get(plan, "points"), 1);
  json_object_set_new(point, "id", json_string("00000000000000A2"));
  expect_refusal("reframe", "point 1 of this plan has no id of 16 hex digits");
  json_object_set_new(point, "id", json_string("00000000000000a2"));
  json_object_set_new(point, "seconds_max", json_real(-1.0));
  expect_refusal("reframe", "has no seconds_max");
  json_array_clear(json_object_get(plan, "points"));
  expect_refusal("reframe", "this plan has no points");
}
