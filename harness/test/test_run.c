/* test_run.c - a whole run of an experiment: run.json, signals, devices. Next: test_refuse.c */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spawn.h"

static json_t *read_run_json(const struct spawned *run)
{
  char *text = spawn_read(run, "r/exp90_fake/run.json");
  cr_assert_not_null(text);
  json_t *root = json_loads(text, 0, NULL);
  cr_assert_not_null(root, "run.json is not JSON: %s", text);
  free(text);
  return root;
}

static json_int_t count_of(const json_t *root, const char *key)
{
  return json_integer_value(json_object_get(json_object_get(root, "point_counts"), key));
}

static void expect_exit(const json_t *root, int code, const char *reason)
{
  const json_t *end = json_object_get(root, "exit");
  cr_assert_eq(json_integer_value(json_object_get(end, "code")), code);
  cr_assert_str_eq(json_string_value(json_object_get(end, "reason")), reason);
}

Test(run, run_json_tells_how_and_where, .timeout = 60)
{
  static const char *const keys[] = {"run_id",  "time_start_utc", "time_end_utc", "build",
                                     "machine", "process",        "before",       "after",
                                     "device",  "seed",           "tier",         "clock",
                                     "factors", "seconds",        "statistics",   "files"};
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --order table --out r --variant good,absent --seed 5");
  cr_assert_eq(run.code, 0, "%s", run.err);
  json_t *root = read_run_json(&run);
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
    cr_assert_not_null(json_object_get(root, keys[i]), "%s", keys[i]);
  expect_exit(root, 0, "finished");
  cr_assert_eq(count_of(root, "ok"), 2);
  cr_assert_eq(count_of(root, "skipped"), 1);
  cr_assert_eq(json_integer_value(json_object_get(root, "seed")), 5);
  const json_t *device = json_object_get(root, "device");
  cr_assert_str_eq(json_string_value(json_object_get(device, "description")),
                   "this CPU, cores known"); /* the probe may ask for them */
  const json_t *point = json_array_get(json_object_get(root, "points"), 0);
  const json_t *notes = json_object_get(point, "notes");
  cr_assert_str_eq(json_string_value(json_object_get(notes, "mode")), "spin");
  json_decref(root);
  spawn_close(&run);
}

Test(run, the_same_seed_gives_the_same_inputs_and_another_does_not, .timeout = 60)
{
  char *seen[3];
  static const char *const arguments[3] = {
      "--device cpu --out r --variant good --factor tasks=1 --seed 5",
      "--device cpu --out r --order table --variant good,silent --factor tasks=1 --seed 5",
      "--device cpu --out r --variant good --factor tasks=1 --seed 6"};
  for (size_t i = 0; i < 3; i++) {
    struct spawned run;
    spawn_open(&run);
    spawn(&run, "HX_TEST_FAKE", arguments[i]);
    json_t *root = read_run_json(&run);
    const json_t *point = json_array_get(json_object_get(root, "points"), 0);
    const json_t *notes = json_object_get(point, "notes");
    seen[i] = strdup(json_string_value(json_object_get(notes, "seed")));
    json_decref(root);
    spawn_close(&run);
  }
  cr_assert_str_eq(seen[0], seen[1]);
  cr_assert_str_neq(seen[0], seen[2]);
  for (size_t i = 0; i < 3; i++)
    free(seen[i]);
}

/* The order is good, stop, good: the first is kept, the second dropped, the third not reached. */
static void expect_stopped(const char *arguments, int code, const char *reason)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", arguments);
  cr_assert_eq(run.code, code, "exit %d: %s", run.code, run.err);
  char *points = spawn_read(&run, "r/exp90_fake/points.csv");
  cr_assert_eq(spawn_count(points, "\n"), 2, "%s", points);
  cr_assert_eq(spawn_count(points, "exp90_fake,good,"), 1);
  cr_assert_not_null(strstr(run.err, "1 of 3 points are kept in r/exp90_fake"), "%s", run.err);
  json_t *root = read_run_json(&run);
  expect_exit(root, code, reason);
  cr_assert_eq(count_of(root, "ok"), 1);
  cr_assert_eq(count_of(root, "not_reached"), 2);
  json_decref(root);
  free(points);
  spawn_close(&run);
}

Test(run, sigint_keeps_finished_points_and_says_130, .timeout = 60)
{
  expect_stopped("--device cpu --order table --out r --variant good,stop_self", 130,
                 "stopped by Interrupt");
}

Test(run, sigterm_keeps_finished_points_and_says_143, .timeout = 60)
{
  expect_stopped("--device cpu --order table --out r --variant good,stop_self_term", 143,
                 "stopped by Terminated");
}

Test(run, a_point_that_crashes_or_hangs_is_a_row_and_the_next_is_run, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE",
        "--device cpu --order table --out r --variant good,crash,hang --point-timeout 1s");
  cr_assert_eq(run.code, 1, "%s", run.err);
  char *points = spawn_read(&run, "r/exp90_fake/points.csv");
  cr_assert_eq(spawn_count(points, ",ok,"), 2, "%s", points);
  cr_assert_eq(spawn_count(points, ",crashed,ended by signal 9"), 1, "%s", points);
  cr_assert_eq(spawn_count(points, ",timeout,no answer after 1 s"), 1, "%s", points);
  free(points);
  spawn_close(&run);
}

static char *read_points(const struct spawned *run)
{
  char *points = spawn_read(run, "r/exp90_fake/points.csv");
  cr_assert_not_null(points);
  return points;
}

Test(run, the_same_command_again_changes_nothing, .timeout = 60)
{
  static const char *const arguments = "--device cpu --out r --variant good,absent --processes 2";
  static const char *const files[] = {"plan.json", "run.json", "points.csv", "samples.csv",
                                      "sums.json"};
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", arguments);
  cr_assert_eq(run.code, 0, "%s", run.err);
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
    char path[64];
    snprintf(path, sizeof(path), "r/exp90_fake/%s", files[i]);
    char *before = spawn_read(&run, path);
    spawn(&run, "HX_TEST_FAKE", arguments);
    cr_assert_eq(run.code, 0, "%s", run.err);
    char *after = spawn_read(&run, path);
    cr_assert_str_eq(before, after, "%s", files[i]);
    free(before);
    free(after);
  }
  spawn_close(&run);
}

/* A byte behind the ELF file makes it another binary that does the same. */
Test(run, another_build_makes_every_block_anew_and_the_plan_names_it, .timeout = 60)
{
  struct spawned run;
  char command[512];
  char copy[96];
  const char *fake = getenv("HX_TEST_FAKE");
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --variant good");
  cr_assert_eq(run.code, 0, "%s", run.err);
  char *before = spawn_read(&run, "r/exp90_fake/plan.json");
  snprintf(copy, sizeof(copy), "%s/exp90_fake", run.folder);
  snprintf(command, sizeof(command), "cp '%s' '%s' && echo >>'%s'", fake, copy, copy);
  cr_assert_eq(system(command), 0);
  setenv("HX_TEST_FAKE", copy, 1);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --variant good");
  cr_assert_eq(run.code, 0, "%s", run.err);
  char *after = spawn_read(&run, "r/exp90_fake/plan.json");
  cr_assert_str_neq(before, after);
  spawn(&run, "HX_TEST_GROSR", "verify r");
  cr_assert_eq(run.code, 0, "%s%s", run.out, run.err);
  snprintf(command, sizeof(command),
           "cd '%s/r/exp90_fake' && cp sums.json s && sed -i 2s/[0-9]/x/2 s "
           "&& cp s sums.json && rm s",
           run.folder);
  cr_assert_eq(system(command), 0);
  spawn(&run, "HX_TEST_GROSR", "compare r r");
  cr_assert_eq(run.code, 4);
  cr_assert_not_null(strstr(run.err, "sums.json was changed"), "%s", run.err);
  snprintf(command, sizeof(command),
           "cd '%s/r/exp90_fake' && sed -i 's/\"binary_sha256\": \".*\"/"
           "\"binary_sha256\": \"00\"/' plan.json",
           run.folder);
  cr_assert_eq(system(command), 0);
  spawn(&run, "HX_TEST_GROSR", "merge r"); /* makes the sums fit */
  spawn(&run, "HX_TEST_GROSR", "verify r");
  cr_assert_eq(run.code, 1);
  cr_assert_not_null(strstr(run.out, "another binary than plan.json"), "%s", run.out);
  free(before);
  free(after);
  spawn_close(&run);
}

/* Blocks of another time are not of this run: the clock was set, or they were put there. */
Test(run, a_block_that_ended_outside_of_the_run_is_named, .timeout = 60)
{
  static const char *const edit[] = {"s/time_end_utc\": \"20../time_end_utc\": \"2001/' run.json",
                                     "s/created_utc\": \"20/created_utc\": \"21/' plan.json"};
  static const char *const says[] = {"and the run ended at 2001", "and the plan was made at 21"};
  for (size_t i = 0; i < 2; i++) {
    struct spawned run;
    char command[256];
    spawn_open(&run);
    spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --variant good --factor tasks=1");
    spawn(&run, "HX_TEST_GROSR", "verify r");
    cr_assert_eq(run.code, 0, "%s%s", run.out, run.err);
    snprintf(command, sizeof(command), "cd '%s/r/exp90_fake' && sed -i '%s", run.folder, edit[i]);
    cr_assert_eq(system(command), 0);
    spawn(&run, "HX_TEST_GROSR", "verify r");
    cr_assert_eq(run.code, 1);
    cr_assert_not_null(strstr(run.out, says[i]), "%s", run.out);
    spawn_close(&run);
  }
}

/* One point at a time, then all: as if it had run through. */
Test(run, what_is_missing_is_run_and_nothing_else, .timeout = 60)
{
  struct spawned run;
  char arguments[128];
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --variant good,many --dry-run");
  cr_assert_eq(run.code, 0);
  const char *at = strstr(run.out, "good tasks=1000 mode=spin ");
  cr_assert_not_null(at, "%s", run.out);
  snprintf(arguments, sizeof(arguments), "--device cpu --out r --variant good,many --points %.16s",
           at + strlen("good tasks=1000 mode=spin "));
  spawn(&run, "HX_TEST_FAKE", arguments);
  cr_assert_eq(run.code, 0, "%s", run.err);
  char *one = read_points(&run);
  cr_assert_eq(spawn_count(one, ",ok,"), 1, "%s", one);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --variant good,many");
  cr_assert_not_null(strstr(run.err, "2 blocks are missing"), "%s", run.err);
  char *all = read_points(&run);
  cr_assert_eq(spawn_count(all, ",ok,"), 4, "%s", all);
  free(one);
  free(all);
  spawn_close(&run);
}

Test(run, auto_falls_back_to_cpu_and_says_why, .timeout = 60)
{
  struct spawned run;
  unsetenv("FAKE_CUDA");
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--out r --variant good");
  cr_assert_eq(run.code, 0);
  cr_assert_not_null(strstr(run.err, "auto chose cpu: no CUDA driver here"), "%s", run.err);
  spawn_close(&run);
}

Test(run, auto_takes_cuda_where_it_is_and_variants_follow, .timeout = 60)
{
  struct spawned run;
  setenv("FAKE_CUDA", "1", 1);
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--out r --samples 2 --factor tasks=1,mode=spin");
  cr_assert_eq(run.code, 0);
  char *points = spawn_read(&run, "r/exp90_fake/points.csv");
  cr_assert_eq(spawn_count(points, "exp90_fake,good,cuda:0,"), 1);
  cr_assert_eq(spawn_count(points, "exp90_fake,on_gpu,cuda:0,"), 1);
  cr_assert_eq(spawn_count(points, "\n"), 3);
  json_t *root = read_run_json(&run);
  const json_t *device = json_object_get(root, "device");
  cr_assert_str_eq(json_string_value(json_object_get(device, "description")), "a fake GPU");
  json_decref(root);
  free(points);
  spawn_close(&run);
}

Test(run, dry_run_prints_the_points_and_makes_nothing, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --dry-run --out r --variant good");
  cr_assert_eq(run.code, 0);
  cr_assert_not_null(strstr(run.out, "exp90_fake cpu good tasks=1000 mode=spin "), "%s", run.out);
  cr_assert_null(spawn_read(&run, "r/exp90_fake/points.csv"));
  spawn_close(&run);
}

static bool refuses(const json_t *root, const char *rule)
{
  const json_t *refusal = NULL;
  size_t i = 0;
  json_array_foreach(json_object_get(json_object_get(root, "reportable"), "refusals"), i, refusal) {
    if (strcmp(json_string_value(json_object_get(refusal, "rule")), rule) == 0)
      return true;
  }
  return false;
}

Test(run, reportable_refuses_before_anything_is_made, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --variant good --reportable");
  cr_assert_eq(run.code, 2, "%s", run.err);
  cr_assert_not_null(strstr(run.err, "--reportable is refused:\n"), "%s", run.err);
  cr_assert_not_null(strstr(run.err, "plan: only a part of the plan was run (--variant)\n"));
  cr_assert_null(spawn_read(&run, "r/exp90_fake/plan.json"));
  spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --waive governor");
  cr_assert_eq(run.code, 2, "%s", run.err);
  cr_assert_not_null(strstr(run.err, "--waive governor names no rule"), "%s", run.err);
  spawn_close(&run);
}

Test(run, what_a_reviewer_would_refuse_is_kept, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--device cpu --out r --variant good,absent,wrong");
  json_t *root = read_run_json(&run);
  cr_assert(json_is_false(json_object_get(json_object_get(root, "reportable"), "reportable")));
  cr_assert(refuses(root, "plan"));
  cr_assert(refuses(root, "checks"));
  cr_assert(refuses(root, "skipped"));
  cr_assert_not(refuses(root, "missing"));
  cr_assert_not_null(strstr(run.err, "not reportable ("));
  json_decref(root);
  spawn_close(&run);
}
