/* test_slurm.c - `grosr run --executor slurm`, `grosr merge` and `grosr plan --export`, with an
 * sbatch that runs the scripts here (fake_slurm/). A real Slurm: ci/slurm.
 *
 * exp90_fake's values are fixed, so what shards give must be what a local run gives, byte by byte.
 * Next: ../commands/slurm.h */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spawn.h"

#define RUN       "run 90 --device cpu --variant good --factor tasks=1:2:3 "
#define EXECUTOR  "--executor slurm --shards 3 "
#define FOLDER    "/exp90_fake"
#define TIMEOUT_S 60

static struct spawned run;

static void open_folder(void)
{
  char path[4096];
  cr_assert_not_null(getenv("HX_TEST_SLURM"), "run this test through meson");
  snprintf(path, sizeof(path), "%s:%s", getenv("HX_TEST_SLURM"), getenv("PATH"));
  setenv("PATH", path, 1);
  unsetenv("FAKE_SBATCH");
  unsetenv("FAKE_CUDA");
  spawn_open(&run);
}

static void close_folder(void)
{
  spawn_close(&run);
}

TestSuite(slurm, .init = open_folder, .fini = close_folder, .timeout = TIMEOUT_S);

/* Runs grosr; its exit code, and a part of what it says on stderr. */
static void expect(const char *arguments, int code, const char *said)
{
  spawn(&run, "HX_TEST_GROSR", arguments);
  cr_assert_eq(run.code, code, "%s: exit %d: %s%s", arguments, run.code, run.out, run.err);
  cr_assert_not_null(strstr(run.err, said), "%s: '%s' lacks '%s'", arguments, run.err, said);
}

static void expect_same(const char *one, const char *other, const char *file)
{
  char path[2][128];
  snprintf(path[0], sizeof(path[0]), "%s%s/%s", one, FOLDER, file);
  snprintf(path[1], sizeof(path[1]), "%s%s/%s", other, FOLDER, file);
  char *text = spawn_read(&run, path[0]);
  char *other_text = spawn_read(&run, path[1]);
  cr_assert_not_null(text, "%s", path[0]);
  cr_assert_not_null(other_text, "%s", path[1]);
  cr_assert_str_eq(text, other_text, "%s and %s differ", path[0], path[1]);
  free(text);
  free(other_text);
}

static void expect_file(const char *path, const char *part)
{
  char *text = spawn_read(&run, path);
  cr_assert_not_null(text, "%s is not there", path);
  cr_assert_not_null(strstr(text, part), "%s lacks '%s': %s", path, part, text);
  free(text);
}

Test(slurm, shards_give_what_a_local_run_gives)
{
  expect(RUN "--out local", 0, "");
  expect(RUN EXECUTOR "--throttle=2 --slurm-option=--partition=x --out r", 0, "");
  expect_same("local", "r", "samples.csv");
  expect_same("local", "r", "points.csv");
  expect_file("r/slurm/exp90_fake.sbatch", "--array=0,1,2%2\n");
  expect_file("r/slurm/exp90_fake.sbatch", "--exclusive\n");
  expect_file("r/slurm/exp90_fake.sbatch", "\n#SBATCH --partition=x\n");
  expect_file("sbatch.calls", "--parsable --wait --dependency=afterany:1 ");
  expect("verify r", 0, "");
  expect(RUN EXECUTOR "--out r", 0, ""); /* nothing to do */
  cr_assert_not_null(strstr(run.out, ": 0 of "), "%s", run.out);
  char *calls = spawn_read(&run, "sbatch.calls");
  cr_assert_eq(spawn_count(calls, "\n"), 2, "%s", calls);
  free(calls);
}

Test(slurm, shards_merge_to_the_same_bytes_in_any_order_and_any_number_of_times)
{
  static const char *const orders[] = {"s/0 s/1 s/2", "s/2 s/1 s/0", "s/1 s/2 s/1 s/0", "s/0 s/2"};
  static const char *const files[] = {"plan.json", "samples.csv", "points.csv", "run.json",
                                      "sums.json"};
  char arguments[128];
  expect(RUN EXECUTOR "--out r", 0, "");
  cr_assert_eq(chdir(run.folder), 0);
  cr_assert_eq(rename("r/shards", "s"), 0);
  for (size_t i = 0; i < 4; i++) {
    snprintf(arguments, sizeof(arguments), "merge m%zu %s", i, orders[i]);
    expect(arguments, 0, "");
  }
  cr_assert_not_null(strstr(run.out, "to measure only what is missing:\ngrosr run exp90_fake "),
                     "%s", run.out);
  expect("merge m3 s/1", 0, "");
  expect("merge m3 m0", 0, ""); /* what was merged, once more */
  for (size_t i = 0; i < 15; i++) {
    snprintf(arguments, sizeof(arguments), "m%zu", i % 3 + 1);
    expect_same("m0", arguments, files[i / 3]);
  }
  expect_same("r", "m0", "run.json");
}

Test(slurm, what_merge_says_of_missing_points_measures_them)
{
  expect(RUN "--out local", 0, "");
  setenv("FAKE_SBATCH", "lose", 1);
  expect(RUN EXECUTOR "--out r", 4, "points are missing");
  expect("merge r", 0, "");
  const char *command = strstr(run.out, "\ngrosr run ");
  cr_assert_not_null(command, "%s", run.out);
  char *arguments = strdup(command + strlen("\ngrosr "));
  arguments[strcspn(arguments, "\n")] = '\0';
  expect(arguments, 0, "");
  expect_same("local", "r", "points.csv");
  free(arguments);
}

Test(slurm, a_lost_shard_is_submitted_alone)
{
  expect(RUN "--out local", 0, "");
  setenv("FAKE_SBATCH", "lose", 1);
  expect(RUN EXECUTOR "--out r", 4, "The same command again submits only these");
  expect_file("r" FOLDER "/run.json", "points are missing");
  unsetenv("FAKE_SBATCH");
  expect(RUN EXECUTOR "--out r", 0, "");
  expect_file("r/slurm/exp90_fake.sbatch", "--array=0\n");
  expect_same("local", "r", "points.csv");
  expect("verify r", 0, "");
}

Test(slurm, failed_points_are_kept_and_measured_again_with_retry)
{
  expect("run 90 --device cpu --variant good,error --executor slurm --shards 2 --out r", 1, "");
  expect("run 90 --device cpu --variant good,error --executor slurm --out r", 1, "");
  cr_assert_not_null(strstr(run.out, ": 0 of "), "%s", run.out);
  expect("run 90 --device cpu --variant good,error --executor slurm --retry --out r", 1, "");
  cr_assert_null(strstr(run.out, ": 0 of "), "%s", run.out);
  expect("verify r", 0, "");
}

Test(slurm, refusals_before_anything_is_submitted)
{
  expect("run 90 --executor slurm --out r", 2, "needs --device");
  expect("run 90 --executor slurm --device auto --out r", 2, "needs --device");
  expect(RUN "--executor slurm --budget 1m --out r", 2, "leave it out");
  expect(RUN "--executor slrm --out r", 2, "the nearest is slurm");
  expect(RUN "--throttle 2 --out r", 2, "--throttle is for --executor slurm only");
  expect(RUN "--executor slurm --throttle 0 --out r", 2, "whole number from 1 to");
  expect(RUN EXECUTOR "--shard-minutes 9 --out r", 2, "give one of them");
  expect(RUN "--executor slurm --slurm-option partition --out r", 2, "is no option of sbatch");
  expect(RUN "--executor slurm --out r%a", 2, "use another folder");
  expect(RUN "--executor slurm --tier none --out r", 2, "there is no tier none");
  cr_assert_null(spawn_read(&run, "sbatch.calls"), "something was submitted");
  cr_assert_null(spawn_read(&run, "r" FOLDER "/plan.json"), "something was written");
}

Test(slurm, without_sbatch_it_says_where_there_is_one)
{
  setenv("PATH", "/nowhere", 1);
  expect(RUN "--executor slurm --out r", 2, "there is no sbatch on this machine's PATH; go to");
}

Test(slurm, a_refused_submission_says_why_and_leaves_a_run_to_go_on_with)
{
  setenv("FAKE_SBATCH", "refuse", 1);
  expect(RUN EXECUTOR "--out r", 2, "Invalid account");
  setenv("FAKE_SBATCH", "silent", 1);
  expect(RUN EXECUTOR "--out r", 2, "sbatch did not take");
  unsetenv("FAKE_SBATCH");
  expect(RUN EXECUTOR "--out r", 0, "");
}

Test(slurm, other_plans_lengths_and_a_job_on_its_way_are_refused)
{
  setenv("FAKE_SBATCH", "hold", 1);
  expect(RUN EXECUTOR "--no-wait --out r", 0, "");
  expect(RUN EXECUTOR "--out r", 2, "job 1 of this run is still waiting or running");
  unsetenv("FAKE_SBATCH");
  expect(RUN "--executor slurm --shards 2 --out r", 2, "was cut into shards of");
  expect(RUN "--executor slurm --seed 2 --out r", 2, "its seed is 1, not 2");
  expect(RUN "--executor slurm --out r", 0, ""); /* the length is kept */
  expect_file("r/slurm/exp90_fake.sbatch", "--array=0,1,2\n");
}

Test(slurm, several_experiments_are_an_array_each_and_one_merge)
{
  expect("run all --device cpu --variant good --executor slurm --out r", 0, "");
  expect_file("sbatch.calls", "--dependency=afterany:1:2 ");
  expect_file("r/exp91_other/run.json", "\"reason\": \"finished\"");
  expect("verify r", 0, "");
}

Test(slurm, a_dry_run_shows_the_script_and_writes_nothing)
{
  expect(RUN EXECUTOR "--dry-run --out r", 0, "");
  cr_assert_not_null(strstr(run.out, "\n#SBATCH --array=0,1,2\n"), "%s", run.out);
  cr_assert_null(spawn_read(&run, "sbatch.calls"), "something was submitted");
  cr_assert_null(spawn_read(&run, "r" FOLDER "/plan.json"), "something was written");
}

Test(slurm, a_plan_is_exported_for_a_device_that_is_not_here)
{
  expect("plan 90 --device cuda:1 --export jube --output plan.xml", 0, "");
  expect_file("plan.xml", " --device=cuda:1 --tier=smoke ");
  expect("plan 90 --device cpu --factor tasks=7 --export reframe", 0, "");
  cr_assert_not_null(strstr(run.out, "'--factor=tasks=7',"), "%s", run.out);
  expect("plan 90 --device cpu --export reframed", 2, "the nearest is reframe");
  expect("plan 90 --device cpu --output plan.xml", 2, "--output is for --export");
  expect("plan all --device cpu --export jube", 2, "name just one");
}
