/* test_point.c - what one point of each kind leaves in points.csv. Next: test_run.c */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spawn.h"

#define HEADER                                                                                     \
  "experiment,variant,device,metric,unit,id,processes,n,min,p50,p90,p99,p999,max,mean,ci_lo,"      \
  "ci_hi,ci_method,status,reason,tasks,mode\n"

/* Points' ids, 16 hex digits between commas, become "ID". */
static void hide_ids(char *text)
{
  for (char *at = text; (at = strchr(at, ',')) != NULL; at++) {
    if (strspn(at + 1, "0123456789abcdef") == 16 && at[17] == ',') {
      memcpy(at + 1, "ID", 2);
      memmove(at + 3, at + 17, strlen(at + 17) + 1);
    }
  }
}

/* Runs one variant; points.csv must be the header and `rows`. */
static void expect_rows(const char *variant, int code, const char *rows)
{
  struct spawned run;
  char arguments[128];
  char wanted[1024];
  spawn_open(&run);
  snprintf(arguments, sizeof(arguments), "--device cpu --order table --out r --variant %s",
           variant);
  spawn(&run, "HX_TEST_FAKE", arguments);
  cr_assert_eq(run.code, code, "%s: exit %d: %s", variant, run.code, run.err);
  char *points = spawn_read(&run, "r/exp90_fake/points.csv");
  snprintf(wanted, sizeof(wanted), "%s%s", HEADER, rows);
  cr_assert_not_null(points);
  hide_ids(points);
  cr_assert_str_eq(points, wanted);
  free(points);
  spawn_close(&run);
}

Test(point, a_good_one_is_summarised, .timeout = 60)
{
  expect_rows("good", 0,
              "exp90_fake,good,cpu,time_us,us,ID,1,10,1,5.5,9,,,10,5.5,2,9,order,ok,,1,spin\n"
              "exp90_fake,good,cpu,time_us,us,ID,1,10,1000,5500,9000,,,10000,5500,2000,9000,order,"
              "ok,,1000,spin\n");
}

Test(point, a_wrong_result_is_a_failed_point_and_not_a_fast_one, .timeout = 60)
{
  expect_rows(
      "wrong", 1,
      "exp90_fake,wrong,cpu,,,ID,,,,,,,,,,,,,failed,\"sum is 3, not 4: \"\"lost\"\" a task\",,"
      "\n");
}

Test(point, an_error_is_named, .timeout = 60)
{
  expect_rows("error", 1,
              "exp90_fake,error,cpu,,,ID,,,,,,,,,,,,,failed,run: Input/output error,,\n");
}

Test(point, an_unmet_requirement_is_a_row_and_no_failure, .timeout = 60)
{
  expect_rows("absent", 0,
              "exp90_fake,absent,cpu,,,ID,,,,,,,,,,,,,skipped,no OpenCL platform; install "
              "pocl-opencl-icd,,\n");
}

Test(point, no_sample_is_a_failure, .timeout = 60)
{
  expect_rows("silent", 1,
              "exp90_fake,silent,cpu,,,ID,,,,,,,,,,,,,failed,run: no sample was recorded,,\n");
}

Test(point, nan_is_a_failure_and_never_a_cell, .timeout = 60)
{
  expect_rows(
      "nan", 1,
      "exp90_fake,nan,cpu,,,ID,,,,,,,,,,,,,failed,sample 0 of time_us is not a finite number,,"
      "\n");
}

Test(point, a_factor_that_does_not_matter_may_not_be_read, .timeout = 60)
{
  expect_rows(
      "stray_factor", 1,
      "exp90_fake,stray_factor,cpu,,,ID,,,,,,,,,,,,,failed,\"bug in the experiment: variant "
      "stray_factor asks for factor tasks, which it does not list\",,\n");
}

Test(point, a_failed_point_costs_only_itself, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --variant wrong,good,absent");
  cr_assert_eq(run.code, 1);
  char *points = spawn_read(&run, "r/exp90_fake/points.csv");
  char *samples = spawn_read(&run, "r/exp90_fake/samples.csv");
  cr_assert_eq(spawn_count(points, ",ok,"), 2);
  cr_assert_eq(spawn_count(points, ",failed,"), 1);
  cr_assert_eq(spawn_count(points, ",skipped,"), 1);
  cr_assert_eq(spawn_count(samples, "\n"), 1 + 2 * 10);
  cr_assert_null(strstr(samples, "wrong"), "samples of a failed point were kept");
  cr_assert_eq(spawn_count(run.err, "failed: sum is 3"), 1);
  free(points);
  free(samples);
  spawn_close(&run);
}

Test(point, raw_rows_are_thinned_evenly_above_the_limit, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --variant many");
  cr_assert_eq(run.code, 0);
  char *samples = spawn_read(&run, "r/exp90_fake/samples.csv");
  char *points = spawn_read(&run, "r/exp90_fake/points.csv");
  cr_assert_eq(spawn_count(samples, "\n"), 1 + 20000 + 1);
  cr_assert_eq(spawn_count(samples, ",measure,24998,24998,"), 1);
  hide_ids(points);
  cr_assert_eq(spawn_count(points, ",us,ID,1,20000,0,"), 1, "the summary is of what is kept");
  cr_assert_eq(spawn_count(points, "\n"), 3, "one row for each metric that has samples");
  free(samples);
  free(points);
  spawn_close(&run);
}

Test(point, as_many_samples_as_asked_for, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --variant more --samples 3");
  char *points = spawn_read(&run, "r/exp90_fake/points.csv");
  hide_ids(points);
  cr_assert_eq(spawn_count(points, ",us,ID,1,3,1,1,,,,1,1,,,,ok,"), 1, "%s", points);
  free(points);
  spawn_close(&run);
}

Test(point, tails_stay_empty_until_there_are_samples_for_them, .timeout = 60)
{
  static const struct {
    unsigned samples;
    const char *cells; /* processes to max */
  } cases[] = {{9, "1,9,1,1,,,,1"},       {10, "1,10,1,1,1,,,1"},    {99, "1,99,1,1,1,,,1"},
               {100, "1,100,1,1,1,1,,1"}, {999, "1,999,1,1,1,1,,1"}, {1000, "1,1000,1,1,1,1,1,1"}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct spawned run;
    char text[128];
    spawn_open(&run);
    snprintf(text, sizeof(text), "--device cpu --out r --variant more --samples %u",
             cases[i].samples);
    spawn(&run, "HX_TEST_FAKE", text);
    char *points = spawn_read(&run, "r/exp90_fake/points.csv");
    hide_ids(points);
    snprintf(text, sizeof(text), ",us,ID,%s,", cases[i].cells);
    cr_assert_eq(spawn_count(points, text), 1, "%u samples: %s", cases[i].samples, points);
    free(points);
    spawn_close(&run);
  }
}

Test(point, a_pinned_thread_has_one_cpu, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --variant pinned");
  cr_assert_eq(run.code, 0);
  char *points = spawn_read(&run, "r/exp90_fake/points.csv");
  char *json = spawn_read(&run, "r/exp90_fake/run.json");
  if (spawn_count(points, ",skipped,") == 0) {
    hide_ids(points);
    cr_assert_eq(spawn_count(points, ",us,ID,1,1,1,1,"), 1, "%s", points);
    cr_assert_eq(spawn_count(json, "\"pin.0\": \"cpu "), 1);
  }
  free(points);
  free(json);
  spawn_close(&run);
}
