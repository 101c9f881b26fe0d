/* test_data.c - reading results: a kept run of schema 1 (data/schema1), made runs of schema 2, and
 * every way in which a folder may be wrong; a refusal must say what to do. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data.h"
#include "data_csv.h"
#include "nearest.h"
#include "results.h"
#include "spawn.h"

static const struct made_point points[] = {
    {"a", "time_us", "us", "tasks=1,window=4", 2.0, 0.1, 10, NULL},
    {"a", "rate_s", "1/s", "tasks=1,window=4", 100.0, -1.0, 7, NULL},
    {"b", "time_us", "us", "tasks=1", 5.0, 0.5, 1, NULL},
    {"c", "", "", "tasks=1", 0.0, 0.0, 0, "crashed"},
};
static const struct made_run made = {"exp7_made",    "cpu",  "Made CPU, 2 cores",
                                     "tasks,window", points, 4, NULL};

static char *make(char folder[64])
{
  strcpy(folder, "/tmp/hx-data-XXXXXX");
  cr_assert_not_null(mkdtemp(folder));
  results_make(folder, &made);
  return folder;
}

static void drop(const char *folder)
{
  char command[128];
  snprintf(command, sizeof(command), "rm -r %s", folder);
  cr_assert_eq(system(command), 0);
}

static int open_one(struct hx_data *data, const char *folder, struct hx_why *why)
{
  return hx_data_open(data, &folder, 1, why);
}

/* The folder must be refused, with these words in the sentence. */
static void refused(const char *folder, const char *what, const char *remedy)
{
  struct hx_data data;
  struct hx_why why;
  cr_assert_lt(open_one(&data, folder, &why), 0, "taken, though: %s", what);
  cr_assert_not_null(strstr(why.text, what), "'%s' lacks '%s'", why.text, what);
  cr_assert_not_null(strstr(why.text, remedy), "'%s' lacks '%s'", why.text, remedy);
  cr_assert_eq(data.point_count, 0);
}

/* After one edit that sums.json does not know of is made known to it. */
static void refused_after(const char *path, const char *old, const char *new, const char *what)
{
  char folder[64];
  make(folder);
  results_edit(folder, path, old, new);
  refused(folder, path, "grosr merge"); /* first its SHA-256 is wrong */
  results_sum(folder, "exp7_made");
  refused(folder, what, "again");
  drop(folder);
}

Test(data, a_run_of_schema_1_is_read_and_its_statistics_follow_from_the_samples)
{
  struct hx_data data;
  struct hx_why why = {""};
  size_t checked = 0;
  cr_assert_eq(open_one(&data, getenv("HX_TEST_SCHEMA1"), &why), 0, "%s", why.text);
  cr_assert_eq(data.run_count, 1);
  cr_assert_eq(data.point_count, 12);
  HX_DATA_EACH(&data, point)
  checked += point->checked && point->ci_checked;
  cr_assert_eq(checked, 12);
  cr_assert(data.run[0]->samples_known);
  cr_assert_str_eq(data.run[0]->device_text, "AMD EPYC, 2 cores usable");
  cr_assert_str_eq(data.run[0]->git_sha, "fc15d9bc4df712d078a5ff29d5131885bb7e86d7");
  cr_assert_str_eq(data.run[0]->grade, "");
  const struct hx_data_point *first = &data.point[0];
  cr_assert_str_eq(first->variant, "grosr_many");
  cr_assert_float_eq(first->stats.p50, 39497590.64697053, 0.0);
  cr_assert_eq(first->group_count, 1);
  cr_assert_eq(first->group[0].count, 2000);
  cr_assert_float_eq(first->seconds, 0.067364335, 0.0);
  cr_assert_eq(hx_data_find(&data, first->id, "throughput_tasks_s"), first);
  cr_assert_null(hx_data_find(&data, first->id, "roundtrip_us"));
  cr_assert_eq(hx_data_check_one_machine(&data, &why), 0, "%s", why.text);
  hx_data_fini(&data);
}

Test(data, a_run_of_schema_1_without_samples_is_read_and_not_checked)
{
  struct hx_data data;
  struct hx_why why = {""};
  size_t checked = 0;
  char folder[64] = "/tmp/hx-data-XXXXXX";
  char command[512];
  cr_assert_not_null(mkdtemp(folder));
  snprintf(command, sizeof(command), "cp -r %s/. %s && rm %s/exp0_runtime_loop/samples.csv.gz",
           getenv("HX_TEST_SCHEMA1"), folder, folder);
  cr_assert_eq(system(command), 0);
  cr_assert_eq(open_one(&data, folder, &why), 0, "%s", why.text);
  HX_DATA_EACH(&data, point)
  checked += point->checked || point->ci_checked;
  cr_assert(checked == 0 && data.point_count == 12 && !data.run[0]->samples_known);
  hx_data_fini(&data);
  drop(folder);
}

Test(data, a_run_of_schema_2_has_its_samples_by_process_and_phase)
{
  struct hx_data data;
  struct hx_why why = {""};
  double *values = NULL;
  char folder[64];
  make(folder);
  cr_assert_eq(open_one(&data, folder, &why), 0, "%s", why.text);
  cr_assert_eq(data.point_count, 4);
  const struct hx_data_point *point = &data.point[0];
  cr_assert(point->ok && point->checked && point->ci_checked);
  cr_assert_eq(point->group_count, 2);
  cr_assert(point->group[0].warm && !point->group[1].warm);
  cr_assert_float_eq(point->group[0].value[0], 18.0, 0.0);
  cr_assert_eq(hx_data_values(point, &values), 10);
  cr_assert_float_eq(values[1], 2.1, 0.0);
  free(values);
  cr_assert_str_eq(hx_data_factor(point, "window"), "4");
  cr_assert_null(hx_data_factor(&data.point[2], "window"));
  cr_assert(isnan(data.point[2].stats.ci_lo));
  cr_assert_str_eq(data.point[3].status, "crashed");
  cr_assert_str_eq(data.point[3].reason, "why, in words");
  cr_assert_str_eq(data.run[0]->grade, "B");
  cr_assert_str_eq(data.run[0]->grade_reasons, "B made: for a test");
  cr_assert_float_eq(data.point[1].seconds, 0.5, 0.0);
  hx_data_fini(&data);
  strcat(folder, "/exp7_made/"); /* the experiment's folder itself will do */
  cr_assert_eq(open_one(&data, folder, &why), 0, "%s", why.text);
  hx_data_fini(&data);
  *strrchr(folder, '/') = '\0';
  *strrchr(folder, '/') = '\0';
  drop(folder);
}

Test(data, an_id_is_the_hash_of_the_sorted_lines)
{
  /* printf 'grosr point 2\nexp7_made\na\ncpu\ntasks=1\nwindow=4\n' | sha256sum */
  const struct hx_data_factor factor[] = {{"tasks", "1"}, {"window", "4"}};
  const struct hx_data_name name = {"exp7_made", "a", "cpu", factor, 2};
  char id[HX_DATA_ID_BYTES];
  cr_assert_eq(hx_data_id(&name, id), 0);
  cr_assert_str_eq(id, "107be98a1e45f98b");
}

Test(data, two_folders_give_the_point_twice_and_two_machines_are_noticed)
{
  struct hx_data data;
  struct hx_why why = {""};
  char a[64];
  char b[64];
  const char *both[] = {make(a), make(b)};
  cr_assert_eq(hx_data_open(&data, both, 2, &why), 0, "%s", why.text);
  const struct hx_data_point *point = hx_data_find(&data, data.point[0].id, "time_us");
  cr_assert_eq(point, &data.point[0]);
  cr_assert_eq(hx_data_find_next(&data, point), &data.point[4]);
  cr_assert_null(hx_data_find_next(&data, &data.point[4]));
  cr_assert_eq(point->run->root_index, 0);
  cr_assert_eq(data.point[4].run->root_index, 1);
  cr_assert_eq(hx_data_check_one_machine(&data, &why), 0);
  hx_data_fini(&data);
  results_edit(b, "exp7_made/run.json", "\"host\": \"made\"", "\"host\": \"other\"");
  results_sum(b, "exp7_made");
  cr_assert_eq(hx_data_open(&data, both, 2, &why), 0, "%s", why.text);
  cr_assert_lt(hx_data_check_one_machine(&data, &why), 0);
  cr_assert_not_null(strstr(why.text, "give runs of one machine"), "%s", why.text);
  hx_data_fini(&data);
  drop(a);
  drop(b);
}

/* Begun on a loaded machine, killed, ended in quiet: run.json has the last session's grade. */
Test(data, the_grade_is_the_worst_of_all_sessions)
{
  struct hx_data data;
  struct hx_why why = {""};
  char folder[64];
  make(folder);
  results_edit(folder, "exp7_made/run.json", "\"schema\": 2,",
               "\"schema\": 2, \"sessions_before\": [{\"grade\": \"C\"}],");
  results_sum(folder, "exp7_made");
  cr_assert_eq(open_one(&data, folder, &why), 0, "%s", why.text);
  cr_assert_str_eq(data.run[0]->grade, "B"); /* of another binary: none of its blocks are ours */
  hx_data_fini(&data);
  char *text = results_read(folder, "exp7_made/run.json");
  char session[256];
  snprintf(session, sizeof(session), "{\"build\": {\"binary_sha256\": \"%.*s\"}, \"grade\"",
           (int)strcspn(strstr(text, "binary_sha256") + 17, "\""),
           strstr(text, "binary_sha256") + 17);
  free(text);
  results_edit(folder, "exp7_made/run.json", "{\"grade\"", session);
  results_sum(folder, "exp7_made");
  cr_assert_eq(open_one(&data, folder, &why), 0, "%s", why.text);
  cr_assert_str_eq(data.run[0]->grade, "C");
  cr_assert_not_null(strstr(data.run[0]->grade_reasons, "C sessions: "));
  hx_data_fini(&data);
  results_edit(folder, "exp7_made/run.json", "\"grade\": \"B\"", "\"grade\": \"A\"");
  results_edit(folder, "exp7_made/run.json", session, "{\"grade\"");
  results_sum(folder, "exp7_made");
  cr_assert_eq(open_one(&data, folder, &why), 0, "%s", why.text);
  cr_assert_str_eq(data.run[0]->grade, "B"); /* what its reasons say */
  hx_data_fini(&data);
  drop(folder);
}

Test(data, edited_rows_are_refused_by_name)
{
  refused_after("exp7_made/points.csv", ",2.45,", ",2.25,", "p50 of a time_us");
  refused_after("exp7_made/points.csv", ",1,10,", ",1,11,", "n of a time_us");
  refused_after("exp7_made/points.csv", ",1,10,", ",1,ten,", "n is 'ten'");
  refused_after("exp7_made/points.csv", ",crashed,", ",fine,", "status is 'fine'");
  refused_after("exp7_made/points.csv", "\nexp7_made,b,", "\nexp7_made,d,", "id is");
  refused_after("exp7_made/points.csv", "experiment,variant", "variant,experiment", "column 1");
  refused_after("exp7_made/samples.csv", ",measure,3,2.3,", ",measure,3,2.4,",
                "does not follow from the samples");
  refused_after("exp7_made/samples.csv", ",measure,3,2.3,", ",measure,3,nan,", "no finite");
  refused_after("exp7_made/samples.csv", ",measure,3,2.3,", ",measure,2,2.3,", "does not grow");
  refused_after("exp7_made/samples.csv", ",warm,", ",cold,", "neither warm nor measure");
  refused_after("exp7_made/samples.csv", "exp7_made,b,", "exp7_made,x,", "the id is not");
  refused_after("exp7_made/run.json", "\"schema\": 2", "\"schema\": 3", "reads 1 to 2");
  refused_after("exp7_made/run.json", "{", "[", "no JSON");
}

Test(data, files_that_were_cut_off_are_refused)
{
  static const char *const name[] = {"exp7_made/points.csv", "exp7_made/samples.csv"};
  for (size_t i = 0; i < 2; i++) {
    char folder[64];
    char *text = results_read(make(folder), name[i]);
    const size_t bytes = strlen(text);
    for (size_t cut = 1; cut < 60; cut++) { /* at each byte of the last row: all noticed */
      text[bytes - cut] = '\0';
      results_write(folder, name[i], text);
      results_sum(folder, "exp7_made");
      refused(folder, "exp7_made", "again");
    }
    free(text);
    drop(folder);
  }
}

Test(data, missing_things_are_refused)
{
  char folder[64];
  char path[128];
  make(folder);
  snprintf(path, sizeof(path), "%s/exp7_made/sums.json", folder);
  unlink(path);
  refused(folder, "sums.json is missing", "grosr merge");
  results_write(folder, "exp7_made/sums.json", "{}\n");
  refused(folder, "names no file", "grosr merge");
  results_sum(folder, "exp7_made");
  snprintf(path, sizeof(path), "%s/exp7_made/points.csv", folder);
  unlink(path);
  refused(folder, "points.csv", "grosr merge");
  drop(folder);
  refused(folder, "there is no folder", "`grosr run --out`");
  refused("/tmp/hx-data-/", "there is no folder", "give one that");
  refused("/usr/include", "holds no results", "`grosr run");
}

static int read_text(const char *text, struct hx_data_csv *csv, struct hx_why *why)
{
  char path[64];
  snprintf(path, sizeof(path), "/tmp/hx-data-%ld.csv", (long)getpid());
  results_write("", path, text);
  int result = hx_data_csv_open(csv, path, why);
  unlink(path);
  while (result >= 0 && (result = hx_data_csv_next(csv, why)) > 0 && csv->row < 3)
    continue;
  return result;
}

Test(data, csv_is_rfc_4180)
{
  struct hx_data_csv csv;
  struct hx_why why = {""};
  cr_assert_eq(read_text("a,b\r\n\"x,\"\"y\"\"\r\nz\",\n,last\n", &csv, &why), 1, "%s", why.text);
  cr_assert_str_eq(csv.cell[0], "");
  cr_assert_str_eq(csv.cell[1], "last");
  hx_data_csv_close(&csv);
  cr_assert_eq(read_text("a,b\n\"x,\"\"y\"\"\r\nz\",\n", &csv, &why), 0, "%s", why.text);
  cr_assert_str_eq(csv.header[1], "b");
  cr_assert_eq(hx_data_csv_column(&csv, "b"), 1);
  cr_assert_eq(hx_data_csv_column(&csv, "c"), -1);
  hx_data_csv_close(&csv);
  static const char *const bad[] = {"a,b\n1\n",      "a,b\n1,2,3\n", "a,b\n1,2",   "a,b\n\"1,2\n",
                                    "a,b\n1\"2,3\n", "a\n\"1\"2\n",  "a,b\n1,2\r", "a\n1\r2\n"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    cr_assert_lt(read_text(bad[i], &csv, &why), 0, "taken: %s", bad[i]);
    cr_assert_not_null(strstr(why.text, "again"), "%s", why.text);
    if (csv.path != NULL)
      hx_data_csv_close(&csv);
  }
  cr_assert_lt(read_text("", &csv, &why), 0);
  cr_assert_not_null(strstr(why.text, "is empty"), "%s", why.text);
}

Test(data, names_that_are_near)
{
  static const char *const name[] = {"exp0_runtime_loop", "exp1_launch_latency", "claims"};
  char text[128];
  hx_nearest("exp1_lanch_latency", name, 3, text, sizeof(text));
  cr_assert_str_eq(text, "exp1_launch_latency");
  hx_nearest("claim", name, 3, text, sizeof(text));
  cr_assert_str_eq(text, "claims");
  hx_nearest("zzz", name, 3, text, sizeof(text));
  cr_assert_str_eq(text, "");
}

/* The fake's samples of a point are 1 ... 10 times `tasks`, the same in every process. */
Test(data, an_interval_over_five_processes_is_computed_again_by_who_reads_it, .timeout = 60)
{
  struct hx_data data;
  struct hx_why why = {""};
  struct spawned run;
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--variant good --factor tasks=1 --processes 4 --out four");
  spawn(&run, "HX_TEST_FAKE", "--variant good --factor tasks=1 --processes 5 --out five");
  char *text = results_read(run.folder, "four/exp90_fake/points.csv");
  cr_assert(spawn_count(text, ",order,") > 0 && spawn_count(text, ",bootstrap,") == 0);
  free(text);
  text = results_read(run.folder, "five/exp90_fake/points.csv");
  cr_assert(spawn_count(text, ",bootstrap,") > 0 && spawn_count(text, ",order,") == 0);
  char *end = strstr(text, ",bootstrap,"); /* "lo,hi,bootstrap,": another hi */
  char edited[64];
  char whole[64];
  snprintf(whole, sizeof(whole), "%.*s", 16, end - 5);
  snprintf(edited, sizeof(edited), "%.*s9%s", 5, end - 5, ",bootstrap,");
  free(text);
  char folder[128];
  snprintf(folder, sizeof(folder), "%s/five", run.folder);
  cr_assert_eq(open_one(&data, folder, &why), 0, "%s", why.text);
  cr_assert(data.point[0].ci_checked && data.point[0].processes == 5);
  cr_assert_str_eq(data.point[0].ci_method, "bootstrap");
  hx_data_fini(&data);
  results_edit(folder, "exp90_fake/points.csv", whole, edited);
  results_sum(folder, "exp90_fake");
  refused(folder, "ci_hi of good time_us", "again");
  spawn(&run, "HX_TEST_GROSR", "verify five");
  cr_assert_eq(run.code, 1);
  cr_assert_not_null(strstr(run.out, "points.csv"), "%s", run.out);
  spawn_close(&run);
}

/* Every file is whole and sums.json knows all: only the blocks say that a value was another one. */
Test(data, samples_that_do_not_follow_from_the_blocks_are_refused_by_who_reads_them, .timeout = 60)
{
  static const char *const readers[] = {"claims r", "compare r r", "report r --out r.html"};
  struct hx_data data;
  struct hx_why why = {""};
  struct spawned run;
  char folder[128];
  char block[128];
  spawn_open(&run);
  spawn(&run, "HX_TEST_FAKE", "--variant good --factor tasks=1 --out r");
  snprintf(folder, sizeof(folder), "%s/r", run.folder);
  cr_assert_eq(open_one(&data, folder, &why), 0, "%s", why.text);
  cr_assert(data.run[0]->has_blocks);
  snprintf(block, sizeof(block), "exp90_fake/blocks/%s-0.json", data.point[0].id);
  hx_data_fini(&data);
  results_edit(folder, block, "10.0", "10.5");
  results_sum(folder, "exp90_fake");
  refused(folder, "does not follow from the blocks", "again");
  for (size_t i = 0; i < 3; i++) {
    spawn(&run, "HX_TEST_GROSR", readers[i]);
    cr_assert_not_null(strstr(run.err, "does not follow from the blocks"), "%s", run.err);
    cr_assert(run.code == 2 || run.code == 4, "%s: %d", readers[i], run.code);
  }
  spawn_close(&run);
}

Test(data, the_kept_reference_follows_from_its_blocks, .timeout = 240)
{
  struct spawned run;
  char words[512];
  spawn_open(&run);
  snprintf(words, sizeof(words), "verify %s", getenv("HX_TEST_REFERENCE"));
  spawn(&run, "HX_TEST_GROSR", words);
  cr_assert_eq(run.code, 0, "%s%s", run.out, run.err);
  cr_assert_eq(spawn_count(run.out, "everything follows from its blocks"), 4, "%s", run.out);
  cr_assert_not_null(strstr(run.out, "verdicts follow from the samples"), "%s", run.out);
  spawn_close(&run);
}
