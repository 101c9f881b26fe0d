/* test_grosr.c - the command: list, names of experiments, several at once, signals. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "spawn.h"

static void expect(const char *arguments, int code, const char *out_part, const char *err_part)
{
  struct spawned run;
  unsetenv("FAKE_CUDA");
  spawn_open(&run);
  spawn(&run, "HX_TEST_GROSR", arguments);
  cr_assert_eq(run.code, code, "%s: exit %d: %s", arguments, run.code, run.err);
  cr_assert_not_null(strstr(run.out, out_part), "%s: '%s' lacks '%s'", arguments, run.out,
                     out_part);
  cr_assert_not_null(strstr(run.err, err_part), "%s: '%s' lacks '%s'", arguments, run.err,
                     err_part);
  spawn_close(&run);
}

Test(grosr, list_shows_what_there_is, .timeout = 60)
{
  expect("list", 0, "exp90_fake: A fake experiment", "");
  expect("list", 0, "  any      good\n", "");
  expect("list", 0, "  cuda     on_gpu\n", "");
  expect("list", 0, "  factor   tasks: 1,1e3 (paper: 1,1e3,1e6) (sim: 1,10)\n", "");
}

Test(grosr, wrong_commands, .timeout = 60)
{
  expect("", 2, "", "say what to do");
  expect("dance", 2, "", "there is no command dance; the nearest is trace; `grosr --help`");
  expect("run", 2, "", "name an experiment");
  expect("run 7", 2, "", "there is exp90_fake, exp91_other");
  expect("run exp9", 2, "", "there is no experiment exp9");
  expect("run 90 --tier huge", 2, "", "choose smoke, ae or paper");
  expect("run 90 --device cuda --out r", 2, "", "add --device cpu");
  expect("--help", 0, "run EXP...", "");
  expect("run --help", 0, "--factor", "");
}

Test(grosr, three_names_for_one_experiment, .timeout = 60)
{
  expect("run 90 --device cpu --variant good --out r", 0, "results in r/exp90_fake", "");
  expect("run exp90 --device cpu --variant good --out r", 0, "results in r/exp90_fake", "");
  expect("run exp90_fake --device cpu --variant good --out r", 0, "results in r/exp90_fake", "");
}

Test(grosr, default_folder_is_named_by_the_run, .timeout = 60)
{
  expect("run 90 --device cpu --variant good", 0, "results in results/runs/2", "");
}

Test(grosr, all_runs_all_into_one_folder, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_GROSR", "run all --device cpu --variant good,error --out r --budget 1m");
  cr_assert_eq(run.code, 1, "%s", run.err);
  char *first = spawn_read(&run, "r/exp90_fake/points.csv");
  char *second = spawn_read(&run, "r/exp91_other/points.csv");
  cr_assert_eq(spawn_count(first, ",ok,"), 2);
  cr_assert_eq(spawn_count(second, ",ok,"), 2);
  free(first);
  free(second);
  spawn_close(&run);
}

Test(grosr, of_several_none_runs_if_one_is_refused, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_GROSR", "run 91 --device cpu --variant good --out r");
  cr_assert_eq(run.code, 0);
  spawn(&run, "HX_TEST_GROSR", "run 90 91 --device cpu --variant good --seed 2 --out r");
  cr_assert_eq(run.code, 2);
  cr_assert_not_null(strstr(run.err, "already holds results"));
  cr_assert_null(spawn_read(&run, "r/exp90_fake/points.csv"));
  spawn_close(&run);
}

Test(grosr, sigint_to_grosr_reaches_the_experiment_and_nothing_more_is_run, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_GROSR",
        "run all --device cpu --order table --variant good,stop_parent --out r");
  cr_assert_eq(run.code, 130, "exit %d: %s", run.code, run.err);
  char *first = spawn_read(&run, "r/exp90_fake/points.csv");
  cr_assert_eq(spawn_count(first, "exp90_fake,good,"), 1);
  cr_assert_null(spawn_read(&run, "r/exp91_other/points.csv"), "the next experiment was run");
  free(first);
  spawn_close(&run);
}

Test(grosr, a_crash_costs_one_point, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_GROSR", "run all --device cpu --variant good,crash --out r");
  cr_assert_eq(run.code, 1, "%s", run.err);
  cr_assert_eq(spawn_count(run.err, "crash: crashed: ended by signal 9"), 2, "%s", run.err);
  char *points = spawn_read(&run, "r/exp91_other/points.csv");
  cr_assert_eq(spawn_count(points, ",ok,"), 2, "%s", points);
  cr_assert_eq(spawn_count(points, ",crashed,"), 1, "%s", points);
  free(points);
  spawn_close(&run);
}
