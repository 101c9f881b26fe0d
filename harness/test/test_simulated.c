/* test_simulated.c - --device sim: which binary, which values, what its rows and files say. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "spawn.h"

static void expect(const char *arguments, int code, const char *out_part, const char *err_part)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_GROSR", arguments);
  cr_assert_eq(run.code, code, "%s: exit %d: %s", arguments, run.code, run.err);
  cr_assert_not_null(strstr(run.out, out_part), "%s: '%s' lacks '%s'", arguments, run.out,
                     out_part);
  cr_assert_not_null(strstr(run.err, err_part), "%s: '%s' lacks '%s'", arguments, run.err,
                     err_part);
  spawn_close(&run);
}

static json_t *read_run_json(const struct spawned *run)
{
  char *text = spawn_read(run, "r/exp90_fake/run.json");
  json_t *root = text != NULL ? json_loads(text, 0, NULL) : NULL;
  cr_assert_not_null(root, "no run.json, or not JSON");
  free(text);
  return root;
}

static const char *text_at(const json_t *root, const char *object, const char *key)
{
  return json_string_value(json_object_get(json_object_get(root, object), key));
}

Test(simulated, the_other_binary_runs_and_its_rows_say_sim, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_GROSR", "run 90 --device sim --variant good,virtual --seed 7 --out r");
  cr_assert_eq(run.code, 0, "%s", run.err);
  cr_assert_not_null(strstr(run.out, "exp90_fake on sim (device sim: its times are virtual"));
  cr_assert_not_null(strstr(run.err, "not reportable (simulated"));
  char *points = spawn_read(&run, "r/exp90_fake/points.csv");
  cr_assert_eq(spawn_count(points, "\nexp90_fake,"), 3, "two values of tasks, and none: %s",
               points);
  cr_assert_eq(spawn_count(points, ",sim,"), 3, "%s", points);
  cr_assert_not_null(strstr(points, ",10,spin"), "not the values for sim: %s", points);
  cr_assert_not_null(strstr(points, ",1,50,7001,"), "%s", points);
  json_t *root = read_run_json(&run);
  cr_assert_str_eq(text_at(root, "device", "name"), "sim");
  cr_assert_str_eq(text_at(root, "device", "description"), "simulated, seed 7");
  cr_assert_str_eq(text_at(root, "clock", "source"), "virtual time of the simulation");
  json_decref(root);
  free(points);
  spawn_close(&run);
}

Test(simulated, it_is_no_experiment_of_its_own_and_never_chosen_unasked, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_GROSR", "list");
  cr_assert_eq(spawn_count(run.out, "A fake experiment"), 2, "%s", run.out);
  cr_assert_eq(spawn_count(run.out, "(sim: 1,10)"), 2, "%s", run.out);
  spawn(&run, "HX_TEST_GROSR", "run 90 --variant good --out r");
  cr_assert_not_null(strstr(run.out, "exp90_fake on cpu\n"), "%s", run.out);
  spawn_close(&run);
  expect("run exp90_fake-sim", 2, "", "there is no experiment exp90_fake-sim");
}

Test(simulated, a_build_without_it_says_so_before_anything_is_run, .timeout = 60)
{
  expect("run 91 --device sim --out r", 2, "", "a build with ThreadSanitizer has no simulator");
  expect("run all --device sim --variant good --out r", 2, "", "exp91_other-sim");
}

Test(simulated, refusals, .timeout = 60)
{
  struct spawned run;
  expect("run 90 --device sim --tier paper --out r", 2, "", "--tier paper is refused: device sim");
  expect("run 90 --device sim:1 --out r", 2, "", "choose auto, cpu, cuda, cuda:N or sim");
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device sim --out r");
  cr_assert_eq(run.code, 2);
  cr_assert_not_null(strstr(run.err, "`grosr run exp90_fake --device sim` starts that"));
  spawn(&run, "HX_TEST_FAKE_SIM", "--device cpu --out r");
  cr_assert_eq(run.code, 2);
  cr_assert_not_null(strstr(run.err, "knows only device sim; exp90_fake knows cpu"));
  spawn(&run, "HX_TEST_FAKE_SIM", "--variant good --dry-run --out r");
  cr_assert_not_null(strstr(run.out, "exp90_fake sim good tasks=10"), "%s", run.out);
  spawn_close(&run);
}

Test(simulated, a_violation_is_said_everywhere_and_what_came_before_is_kept, .timeout = 60)
{
  struct spawned run;
  const char *what = "the simulation went wrong (seed 9): two owners of one task";
  spawn_open(&run);
  spawn(&run, "HX_TEST_GROSR", "run 90 --device sim --variant good,violated --seed 9 --out r");
  cr_assert_eq(run.code, 1, "exit %d: %s", run.code, run.err);
  cr_assert_not_null(strstr(run.err, what), "%s", run.err);
  cr_assert_not_null(strstr(run.err, "3 of 3 points are kept"), "%s", run.err);
  char *points = spawn_read(&run, "r/exp90_fake/points.csv");
  cr_assert_eq(spawn_count(points, ",ok,"), 2, "%s", points);
  cr_assert_eq(spawn_count(points, ",failed,the simulation went wrong"), 1, "%s", points);
  json_t *root = read_run_json(&run);
  cr_assert_str_eq(text_at(root, "exit", "reason"), "some point failed");
  cr_assert_eq(json_integer_value(json_object_get(json_object_get(root, "exit"), "code")), 1);
  cr_assert_eq(json_array_size(json_object_get(root, "points")), 3);
  json_decref(root);
  free(points);
  spawn_close(&run);
}
