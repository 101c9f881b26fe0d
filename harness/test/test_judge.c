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

/* A run folder as schema 2 has it. */
static void make_run(const struct spawned *run, const struct made *made)
{
  char path[256];
  char *text = NULL;
  size_t bytes = 0;
  snprintf(path, sizeof(path), "%s/%s", run->folder, made->name);
  mkdir(path, 0777);
  snprintf(path, sizeof(path), "%s/%s/exp7_made", run->folder, made->name);
  mkdir(path, 0777);
  FILE *file = open_memstream(&text, &bytes);
  fputs("experiment,variant,device,metric,unit,id,process,phase,index,value,tasks\n", file);
  for (unsigned p = 0; p < made->processes; p++) {
    fprintf(file, "exp7_made,a,cpu,time_us,us,00ff,%u,warm,0,999999,1\n", p);
    for (unsigned i = 0; i < 10; i++) /* neither many ties nor equal medians */
      fprintf(file, "exp7_made,a,cpu,time_us,us,00ff,%u,measure,%u,%.9g,1\n", p, i + 1,
              made->centre * (1.0 + 0.001 * p + 0.0001 * i + 0.00001 * made->centre));
  }
  fclose(file);
  snprintf(path, sizeof(path), "%s/exp7_made/samples.csv", made->name);
  put_file(run, path, text);
  free(text);
  file = open_memstream(&text, &bytes);
  fputs("experiment,variant,device,metric,unit,n,status,reason,tasks\n", file);
  fputs("exp7_made,a,cpu,time_us,us,50,ok,,1\n", file);
  if (made->failed != NULL)
    fprintf(file, "exp7_made,a,cpu,,,0,%s,\"lost, \"\"a\"\" <task>\",2\n", made->failed);
  fclose(file);
  snprintf(path, sizeof(path), "%s/exp7_made/points.csv", made->name);
  put_file(run, path, text);
  free(text);
  file = open_memstream(&text, &bytes);
  fprintf(file,
          "{\"time_start_utc\": \"20261123T013429Z\", \"machine\": {\"host\": \"%s\"},"
          " \"build\": {\"binary_sha256\": \"%s\", \"git\": {\"sha\": \"c0ffee\"}}}\n",
          made->machine, made->hash);
  fclose(file);
  snprintf(path, sizeof(path), "%s/exp7_made/run.json", made->name);
  put_file(run, path, text);
  free(text);
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
  expect(&run, "compare base bad", 3, "failed in new: lost, \"a\" <task>");
  expect(&run, "compare base skips", 0, "SAME");
  expect(&run, "compare base other", 3, "two machines are not compared");
  expect(&run, "compare base twin", 0, "the same binary; the +20 %");
  expect(&run, "compare base twin --ignore-hash", 1, "SLOWER");
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
  cr_assert_not_null(strstr(junit, "&quot;a&quot; &lt;task&gt;"), "%s", junit);
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
  cr_assert_eq(spawn_count(history, "2026-11-23T01:34:29Z,c0ffee,12"), 2, "%s", history);
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
  expect(&run, "compare base none", 4, "give the folder of a run");
  expect(&run, "compare base . --threshold 0", 4, "give percent above 0");
  expect(&run, "compare base cut --calibration none.json", 4, "make it by `grosr calibrate EXP`");
  put_file(&run, "c.json", "{\"schema\": 1, \"machine\": \"elsewhere\", \"points\": []}");
  expect(&run, "compare base cut --calibration c.json", 4, "is of another machine");
  put_file(&run, "c.json", "{\"schema\": 7}");
  expect(&run, "compare base cut --calibration c.json", 4, "another schema");
  put_file(&run, "cut/exp7_made/samples.csv",
           "experiment,variant,device,metric,unit,value\nexp7_made,a,cpu,time_us,us,1\nexp7_ma");
  expect(&run, "compare base cut", 4, "cut short: its last row has no end");
  put_file(&run, "cut/exp7_made/samples.csv",
           "experiment,variant,device,metric,unit,value\nexp7_made,a,cpu,time_us\n");
  expect(&run, "compare base cut", 4, "row 2 has 4 cells, not 6");
  put_file(&run, "cut/exp7_made/samples.csv",
           "experiment,variant,device,metric,unit,value\nexp7_made,a,cpu,time_us,us,fast\n");
  expect(&run, "compare base cut", 4, "row 2: the value is no number");
  put_file(&run, "cut/exp7_made/samples.csv", "experiment,time\nexp7_made,1\n");
  expect(&run, "compare base cut", 4, "has no column variant");
  put_file(&run, "cut/exp7_made/samples.csv", "");
  expect(&run, "compare base cut", 4, "is cut short");
  spawn_close(&run);
}

Test(judge, points_that_one_side_has_alone, .timeout = 60)
{
  struct spawned run;
  spawn_open(&run);
  make_run(&run, &(struct made){"base", "m1", "a", 100.0, 5, NULL});
  make_run(&run, &(struct made){"less", "m1", "b", 100.1, 5, NULL});
  char *samples = spawn_read(&run, "base/exp7_made/samples.csv");
  char *more = NULL;
  cr_assert(asprintf(&more, "%sexp7_made,b,cpu,time_us,us,00fe,0,measure,0,5,1\n", samples) > 0);
  put_file(&run, "base/exp7_made/samples.csv", more);
  free(samples);
  free(more);
  expect(&run, "compare base less", 3, "only in base: run both");
  expect(&run, "compare base less --common", 0, "left out: 1 that only one side has");
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
  expect(&run, text, 0, "SLOWER (found)                   4 of 4");
  snprintf(text, sizeof(text), "calibrate %s --variant none", injected);
  expect(&run, text, 4, "has no variant none");
  expect(&run, "calibrate exp99", 4, "there is no experiment exp99");
  expect(&run, "calibrate ./nothing", 4, "is not a program");
  expect(&run, "duel x y exp1", 4, "x is not a folder");
  expect(&run, "duel . . exp1 --blocks 3", 4, "fewer have no 99 % interval");
  expect(&run, "compere a b", 2, "there is no command compere");
  spawn_close(&run);
}
