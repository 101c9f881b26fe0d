/* test_refuse.c - bad input: one sentence with the remedy, status 2, nothing made. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "spawn.h"

static void expect_refused(const char *arguments, const char *part)
{
  struct spawned run;
  struct stat state;
  char path[128];
  unsetenv("FAKE_CUDA");
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", arguments);
  cr_assert_eq(run.code, 2, "%s: exit %d: %s", arguments, run.code, run.err);
  cr_assert_not_null(strstr(run.err, part), "%s: '%s' lacks '%s'", arguments, run.err, part);
  snprintf(path, sizeof(path), "%s/r", run.folder);
  cr_assert_lt(stat(path, &state), 0, "%s made a folder", arguments);
  spawn_close(&run);
}

Test(refuse, wrong_options, .timeout = 60)
{
  expect_refused("--out r --tier huge", "choose smoke, ae or paper");
  expect_refused("--out r --seed x", "whole number");
  expect_refused("--out r --samples 0", "from 1 to 1e8");
  expect_refused("--out r --budget soon", "90s, 8m or 2h");
  expect_refused("--out r stray", "takes options only");
  expect_refused("--out r --nonsense", "unrecognized option");
}

Test(refuse, wrong_devices, .timeout = 60)
{
  expect_refused("--out r --device tpu", "auto, cpu, cuda, cuda:N or sim");
  expect_refused("--out r --device cuda:x", "auto, cpu, cuda, cuda:N or sim");
  expect_refused("--out r --device cudax", "auto, cpu, cuda, cuda:N or sim");
  expect_refused("--out r --device cuda", "install one or add --device cpu");
  expect_refused("--out r --device cpu --variant on_gpu", "--device cuda");
}

Test(refuse, wrong_variants_and_factors, .timeout = 60)
{
  expect_refused("--out r --device cpu --variant best", "has no variant best; it has good, wrong");
  expect_refused("--out r --device cpu --factor depth=1",
                 "has no factor depth; it has tasks, mode");
  expect_refused("--out r --device cpu --variant god", "the nearest: good");
  expect_refused("--out r --device cpu --factor task=1", "the nearest: tasks");
  expect_refused("--out r --device cpu --points 0123456789abcdef",
                 "no point of this plan has the id 0123456789abcdef");
  expect_refused("--out r --device cpu --factor tasks=few", "whole numbers");
  expect_refused("--out r --device cpu --factor mode=doze", "choose from spin,sleep");
}

Test(refuse, folders_that_cannot_be_written, .timeout = 60)
{
  expect_refused("--device cpu --variant good --out stdout.txt/r", "choose another --out");
  expect_refused("--device cpu --variant good --out /proc/nothing/r", "choose another --out");
}

Test(refuse, a_folder_with_results_is_not_mixed_with_others, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --variant good --out r");
  cr_assert_eq(run.code, 0);
  char *before = spawn_read(&run, "r/exp90_fake/points.csv");
  static const char *const others[] = {"--seed 2", "--samples 7", "--factor tasks=3",
                                       "--processes 2", "--tier ae"};
  for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
    char arguments[128];
    snprintf(arguments, sizeof(arguments), "--device cpu --variant good --out r %s", others[i]);
    spawn(&run, "HX_TEST_FAKE", arguments);
    cr_assert_eq(run.code, 2, "%s", others[i]);
    cr_assert_not_null(strstr(run.err, "already holds results of another plan"), "%s", run.err);
  }
  char *after = spawn_read(&run, "r/exp90_fake/points.csv");
  cr_assert_str_eq(before, after);
  free(before);
  free(after);
  spawn_close(&run);
}
