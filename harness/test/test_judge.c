/* test_judge.c - the commands compare, duel and calibrate as a user runs them: exit statuses,
 * files, refusals. Runs are made up as files, or are those of exp91_injected, which is fast and
 * knows its own slow-down. Timings of a busy machine decide nothing here but a factor of four.
 * Next: test_run.c */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "results.h"
#include "spawn.h"

static void put_file(const struct spawned *run, const char *path, const char *text)
{
  char name[256];
  snprintf(name, sizeof(name), "%s/%s", run->folder, path);
  FILE *file = fopen(name, "w");
  cr_assert_not_null(file, "%s", name);
  fputs(text, file);
  fclose(file);
}

struct made {
  const char *name;
  const char *machine;
  const char *hash;
  double centre;
  unsigned processes;
  const char *failed; /* status of a second point, or NULL */
};

/* A run folder as schema 2 has it; neither many ties nor equal medians. */
static void make_run(const struct spawned *run, const struct made *made)
{
  char path[256];
  const struct made_place place = {made->machine, made->hash, made->processes, 0.001};
  const struct made_point points[] = {{"a", "time_us", "us", "tasks=1",
                                       made->centre * (1.0 + 0.00001 * made->centre),
                                       0.0001 * made->centre, 10, NULL},
                                      {"a", "", "", "tasks=2", 0.0, 0.0, 0, made->failed}};
  const struct made_run all = {
      "exp7_made", "cpu", "Made CPU", "tasks", points, made->failed != NULL ? 2 : 1, &place};
  snprintf(path, sizeof(path), "%s/%s", run->folder, made->name);
  results_make(path, &all);
}

static void expect(struct spawned *run, const char *arguments, int code, const char *part)
{
  spawn(run, "HX_TEST_GROSR", arguments);
  cr_assert_eq(run->code, code, "%s: exit %d\n%s%s", arguments, run->code, run->out, run->err);
  cr_assert(strstr(run->out, part) != NULL || strstr(run->err, part) != NULL,
            "%s lacks '%s':\n%s%s", arguments, part, run->out, run->err);
}

Test(judge, compare_has_an_exit_status_for_each_verdict, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  make_run(&run, &(struct made){"base", "m1", "a", 100.0, 5, NULL});
  make_run(&run, &(struct made){"equal", "m1", "b", 100.1, 5, NULL});
  make_run(&run, &(struct made){"slow", "m1", "b", 120.0, 5, NULL});
  make_run(&run, &(struct made){"twin", "m1", "a", 120.0, 5, NULL});
  make_run(&run, &(struct made){"few", "m1", "b", 120.0, 2, NULL});
  make_run(&run, &(struct made){"bad", "m1", "b", 100.0, 5, "failed"});
  make_run(&run, &(struct made){"skips", "m1", "b", 100.0, 5, "skipped"});
  make_run(&run, &(struct made){"other", "m2", "b", 100.0, 5, NULL});
  expect(&run, "compare base equal", 0, "SAME      exp7_made a cpu tasks=1 time_us");
  expect(&run, "compare base slow", 1, "SLOWER");
  expect(&run, "compare slow base", 0, "FASTER");
  expect(&run, "compare base/exp7_made slow/exp7_made", 1, "SLOWER");
  expect(&run, "compare base slow --threshold 25%", 0, "smaller than the threshold");
  expect(&run, "compare base few", 2, "fewer than 5 processes");
  expect(&run, "compare base equal --threshold 0.01%", 2, "refused: the threshold is below");
  expect(&run, "compare base bad", 3, "failed in new: why, in words");
  expect(&run, "compare base skips", 0, "SAME");
  make_run(&run, &(struct made){"lost", "m1", "b", 100.0, 5, "crashed"});
  expect(&run, "compare base lost", 3, "crashed in new: why, in words");
  expect(&run, "compare base other", 3, "two machines are not compared");
  expect(&run, "compare base twin", 0, "the same binary; the +20 %");
  expect(&run, "compare base twin --ignore-hash", 1, "SLOWER");
  spawn_close(&run);
}

/* In what two runs differ besides the binary is said, and what cannot be known of them. */
Test(judge, compare_says_what_else_differs, .timeout = 60)
{
  struct spawned run;
  char folder[128];
  spawn_open(&run);
  make_run(&run, &(struct made){"base", "m1", "a", 100.0, 2, NULL});
  make_run(&run, &(struct made){"few", "m1", "b", 120.0, 2, NULL});
  expect(&run, "compare base few", 2, "note: base has no raw blocks");
  cr_assert_null(strstr(run.out, "in base, "), "%s", run.out);
  cr_assert_null(strstr(run.out, "nan"), "%s", run.out);
  snprintf(folder, sizeof(folder), "%s/few", run.folder);
  results_edit(folder, "exp7_made/run.json", "\"smoke\"", "\"ae\"");
  results_edit(folder, "exp7_made/run.json", "\"grade\": \"B\"", "\"grade\": \"C\"");
  results_edit(folder, "exp7_made/run.json", "\"build\": {",
               "\"seed\": 7, \"build\": {\"buildtype\": \"debug\",");
  results_sum(folder, "exp7_made");
  expect(&run, "compare base few", 2, "note: tier: smoke in base, ae in new");
  cr_assert_not_null(strstr(run.out, "note: seed: 0 in base, 7 in new"), "%s", run.out);
  cr_assert_not_null(strstr(run.out, "note: grade: B in base, C in new"), "%s", run.out);
  cr_assert_not_null(strstr(run.out, "note: new is of grade C"), "%s", run.out);
  cr_assert_not_null(strstr(run.out, "note: build: not given in base, debug, opt"), "%s", run.out);
  spawn_close(&run);
}

Test(judge, compare_writes_junit_and_otava, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  make_run(&run, &(struct made){"base", "m1", "a", 100.0, 5, NULL});
  make_run(&run, &(struct made){"bad", "m1", "b", 120.0, 5, "failed"});
  make_run(&run, &(struct made){"slow", "m1", "b", 120.0, 5, NULL});
  expect(&run, "compare base bad --junit j.xml", 3, "SLOWER");
  char *junit = spawn_read(&run, "j.xml");
  cr_assert_not_null(strstr(junit, "tests=\"2\" failures=\"1\" errors=\"1\""), "%s", junit);
  cr_assert_not_null(strstr(junit, "failed in new: why, in words"), "%s", junit);
  free(junit);
  if (access("/usr/bin/xmllint", X_OK) == 0) {
    setenv("HX_TEST_XMLLINT", "/usr/bin/xmllint", 1);
    spawn(&run, "HX_TEST_XMLLINT", "--noout j.xml");
    cr_assert_eq(run.code, 0, "%s", run.err);
  }
  expect(&run, "compare base slow --otava h.csv", 1, "SLOWER");
  expect(&run, "compare base bad --otava h.csv", 3, "SLOWER"); /* what failed has no column */
  char *history = spawn_read(&run, "h.csv");
  cr_assert_eq(spawn_count(history, "\n"), 4, "%s", history);
  cr_assert_eq(strncmp(history, "time,commit,exp7_made.a.cpu.tasks=1.time_us\n", 44), 0, "%s",
               history);
  cr_assert_eq(spawn_count(history, "2026-11-23T01:34:29Z,0123456789abcdef,12"), 2, "%s", history);
  free(history);
  put_file(&run, "h.csv", "time,commit,other\n");
  expect(&run, "compare base slow --otava h.csv", 4, "choose another --otava");
  spawn_close(&run);
}

Test(judge, bad_input_is_refused_with_the_remedy, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  make_run(&run, &(struct made){"base", "m1", "a", 100.0, 5, NULL});
  make_run(&run, &(struct made){"cut", "m1", "b", 100.0, 5, NULL});
  expect(&run, "compare base", 4, "give two run folders");
  expect(&run, "compare base base base", 4, "one folder too many");
  expect(&run, "compare base none", 4, "there is no folder none");
  expect(&run, "compare base . --threshold 0", 4, "give percent above 0");
  expect(&run, "compare base cut --calibration none.json", 4, "make it by `grosr calibrate EXP`");
  put_file(&run, "c.json", "{\"schema\": 1, \"machine\": \"elsewhere\", \"points\": []}");
  expect(&run, "compare base cut --calibration c.json", 4, "is of another machine");
  put_file(&run, "c.json", "{\"schema\": 7}");
  expect(&run, "compare base cut --calibration c.json", 4, "another schema");
  spawn_close(&run);
}

/* `sums`: does who changed it make the sums fit, too? */
static void refused_after(const char *file, const char *old, const char *new, bool sums,
                          const char *part)
{
  struct spawned run;
  char path[128];
  spawn_open(&run);
  make_run(&run, &(struct made){"base", "m1", "a", 100.0, 5, NULL});
  make_run(&run, &(struct made){"bad", "m1", "b", 120.0, 5, NULL});
  snprintf(path, sizeof(path), "%s/bad", run.folder);
  results_edit(path, file, old, new);
  if (sums)
    results_sum(path, "exp7_made");
  expect(&run, "compare base bad", 4, part);
  expect(&run, "compare bad base", 4, part);
  cr_assert_eq(spawn_count(run.out, "FASTER"), 0);
  spawn_close(&run);
}

Test(judge, runs_that_were_edited_or_cut_off_are_not_compared, .timeout = 60)
{
  refused_after("exp7_made/samples.csv", ",measure,3,", ",measure,3,1", false, "was changed after");
  refused_after("exp7_made/samples.csv", ",measure,3,", ",measure,3,1", true,
                "does not follow from the samples");
  refused_after("exp7_made/points.csv", "ok", "ok ", true, "status is 'ok '");
  refused_after("exp7_made/run.json", "\"schema\": 2", "\"schema\": 3", true, "has schema 3");
  refused_after("exp7_made/samples.csv", "variant,", "", true, "again");
}

Test(judge, a_run_that_was_cut_off_is_not_compared, .timeout = 60)
{
  struct spawned run;
  char path[128];
  spawn_open(&run);
  make_run(&run, &(struct made){"base", "m1", "a", 100.0, 5, NULL});
  make_run(&run, &(struct made){"cut", "m1", "b", 100.0, 5, NULL});
  snprintf(path, sizeof(path), "%s/cut", run.folder);
  char *samples = results_read(path, "exp7_made/samples.csv");
  samples[strlen(samples) - 7] = '\0';
  results_write(path, "exp7_made/samples.csv", samples);
  free(samples);
  expect(&run, "compare base cut", 4, "was changed after");
  results_sum(path, "exp7_made");
  expect(&run, "compare base cut", 4, "cut off");
  results_write(path, "exp7_made/samples.csv", "");
  results_sum(path, "exp7_made");
  expect(&run, "compare base cut", 4, "is empty");
  snprintf(path, sizeof(path), "%s/cut/exp7_made/samples.csv", run.folder);
  unlink(path);
  snprintf(path, sizeof(path), "%s/cut", run.folder);
  results_sum(path, "exp7_made");
  expect(&run, "compare base cut", 4, "points alone are not compared");
  spawn_close(&run);
}

Test(judge, points_that_one_side_has_alone, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  make_run(&run, &(struct made){"base", "m1", "a", 100.0, 5, NULL});
  const struct made_place place = {"m1", "b", 5, 0.001};
  const struct made_point points[] = {{"a", "time_us", "us", "tasks=1", 100.2, 0.01, 10, NULL},
                                      {"b", "time_us", "us", "tasks=1", 5.0, 0.01, 10, NULL}};
  const struct made_run more = {"exp7_made", "cpu", "Made CPU", "tasks", points, 2, &place};
  char path[128];
  snprintf(path, sizeof(path), "%s/more", run.folder);
  results_make(path, &more);
  expect(&run, "compare more base", 3, "only in base: run both");
  expect(&run, "compare more base --common", 0, "left out: 1 that only one side has");
  spawn_close(&run);
}

/* Two experiments in one folder, each of its own machine. */
Test(judge, a_folder_of_two_machines_is_not_compared, .timeout = 60)
{
  struct spawned run;
  char path[128];
  const struct made_place here = {"m1", "a", 5, 0.001}, there = {"m2", "a", 5, 0.001};
  const struct made_point points[] = {{"a", "time_us", "us", "", 100.2, 0.01, 10, NULL}};
  const struct made_run one = {"exp7_made", "cpu", "Made CPU", "", points, 1, &here};
  const struct made_run two = {"exp8_made", "cpu", "Made CPU", "", points, 1, &there};
  spawn_open(&run);
  snprintf(path, sizeof(path), "%s/mixed", run.folder);
  results_make(path, &one);
  expect(&run, "compare mixed mixed", 0, "the same binary");
  results_make(path, &two);
  expect(&run, "compare mixed mixed", 3, "two machines are not compared");
  spawn_close(&run);
}

Test(judge, duel_and_calibrate_run_the_whole_path, .timeout = 120)
{
  struct spawned run;
  char text[512];
  char script[512]; /* a build that is four times as slow */
  const char *injected = getenv("HX_TEST_INJECTED");
  cr_assert_not_null(injected);
  const int folder_bytes = (int)(strrchr(injected, '/') - injected);
  spawn_open(&run);
  snprintf(text, sizeof(text), "duel %.*s %.*s 91 --variant steady", folder_bytes, injected,
           folder_bytes, injected);
  expect(&run, text, 0, "are the same bytes; nothing was run");
  snprintf(text, sizeof(text),
           "duel %.*s %.*s 91 --variant steady --samples 5 --blocks 8 --ignore-hash -t 1000%%",
           folder_bytes, injected, folder_bytes, injected);
  expect(&run, text, 0, "16, 16 paired processes");
  snprintf(text, sizeof(text), "%s/slow", run.folder);
  cr_assert_eq(mkdir(text, 0777), 0);
  snprintf(script, sizeof(script), "#!/bin/sh\nGROSR_INJECT_PERCENT=300 exec %s \"$@\"\n",
           injected);
  put_file(&run, "slow/exp91_injected", script);
  snprintf(text, sizeof(text), "%s/slow/exp91_injected", run.folder);
  cr_assert_eq(chmod(text, 0777), 0);
  snprintf(text, sizeof(text),
           "duel %.*s slow 91 --variant injected --samples 5 --blocks 8 --ignore-hash -t 20%%",
           folder_bytes, injected);
  expect(&run, text, 1, "SLOWER    exp91_injected injected cpu");
  snprintf(text, sizeof(text), "calibrate %s --variant injected --samples 5 --rounds 2", injected);
  expect(&run, text, 0, "written: calibration.json");
  snprintf(text, sizeof(text),
           "calibrate %s --variant injected --samples 5 --rounds 4 --inject 300 -t 20%%", injected);
  expect(&run, text, 0, "FASTER (wrong)                   0 of 4");
  snprintf(text, sizeof(text), "calibrate %s --variant none", injected);
  expect(&run, text, 4, "has no variant none");
  expect(&run, "calibrate exp99", 4, "there is no experiment exp99");
  expect(&run, "calibrate ./nothing", 4, "is not a program");
  expect(&run, "duel x y exp1", 4, "x is not a folder");
  expect(&run, "duel . . exp1 --blocks 3", 4, "fewer have no 99 % interval");
  expect(&run, "compere a b", 2, "there is no command compere");
  spawn_close(&run);
}
