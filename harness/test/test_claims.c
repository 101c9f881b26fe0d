/* test_claims.c - the claims file against the paper's numbers, what is testable where, the command
 * `grosr claims`, and files that are wrong. What data decide is in test_ledger.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claims.h"
#include "results.h"
#include "spawn.h"

static struct hx_claims open_claims(void)
{
  struct hx_claims claims;
  struct hx_why why = {""};
  cr_assert_eq(hx_claims_open(&claims, getenv("HX_TEST_PAPER"), &why), 0, "%s", why.text);
  return claims;
}

Test(claims, every_number_of_the_paper_is_in_a_claim)
{
  struct hx_claims claims = open_claims();
  cr_assert_geq(claims.paper_row_count, 32);
  for (size_t row = 0; row < claims.paper_row_count; row++) {
    bool used = false;
    for (size_t i = 0; i < claims.count; i++)
      used = used || claims.claim[i].paper_row == (int)row;
    cr_assert(used, "row %zu of numbers.csv is in no claim", row + 2);
  }
  hx_claims_fini(&claims);
}

Test(claims, no_claim_of_the_paper_is_about_a_cpu)
{
  struct hx_claims claims = open_claims();
  for (size_t i = 0; i < claims.count; i++)
    cr_assert_eq(strcmp(claims.claim[i].class_device, "cpu") == 0, claims.claim[i].ours, "%s",
                 claims.claim[i].id);
  hx_claims_fini(&claims);
}

Test(claims, a_failed_variant_is_not_stepped_over, .timeout = 60)
{
  struct hx_claims claims = open_claims();
  struct hx_claim_results base;
  struct hx_claim_results now;
  struct hx_data data;
  struct hx_why why = {""};
  const char *folder = getenv("HX_TEST_REFERENCE");
  cr_assert_eq(hx_data_open(&data, &folder, 1, &why), 0, "%s", why.text);
  cr_assert_eq(hx_claims_judge(&claims, &data, &base), 0);
  for (size_t i = 0; i < data.point_count; i++) {
    if (strcmp(data.point[i].variant, "grosr_single") != 0 &&
        strcmp(data.point[i].variant, "pthread") != 0)
      continue;
    data.point[i].ok = false;
    data.point[i].status = "failed";
    data.point[i].reason = "sum is 1, not 2";
  }
  cr_assert_eq(hx_claims_judge(&claims, &data, &now), 0);
  for (size_t i = 0; i < now.count; i++) {
    const char *id = now.result[i].claim->id;
    enum hx_claim_verdict wanted = base.result[i].verdict;
    if (strcmp(id, "G8") == 0)
      wanted = HX_CLAIM_NOT_HELD;
    else if (strcmp(id, "G1") == 0 || strcmp(id, "G9") == 0)
      wanted = HX_CLAIM_NOT_TESTABLE;
    cr_assert_eq(now.result[i].verdict, wanted, "%s", id);
    if (wanted != base.result[i].verdict)
      cr_assert_not_null(strstr(now.result[i].reason, "sum is 1, not 2"), "%s: %s", id,
                         now.result[i].reason);
  }
  hx_claims_results_fini(&now);
  hx_claims_results_fini(&base);
  hx_data_fini(&data);
  hx_claims_fini(&claims);
}

/* ---- on another GPU, and the command ------------------------------------------------------- */

static const struct made_point launches[] = {
    {"stream_sync", "roundtrip_us", "us", "tasks=1", 8.0, 0.01, 20, NULL},
    {"grosr_host", "roundtrip_us", "us", "tasks=1,window=1", 1.0, 0.001, 20, NULL},
    {"cdp", "roundtrip_us", "us", "tasks=1,window=1", 9.0, 0.01, 3, NULL},
    {"pthread", "", "", "tasks=1,window=1", 0, 0, 0, "skipped"},
};

static void claims_say(const char *device, const char *text, const char *arguments, int code,
                       const char *part)
{
  const struct made_run made = {
      "exp1_launch_latency", device, text, "tasks,window", launches, 4, NULL};
  struct spawned run;
  char path[96];
  char words[256];
  spawn_open(&run);
  snprintf(path, sizeof(path), "%s/r", run.folder);
  results_make(path, &made);
  snprintf(words, sizeof(words), "claims r %s", arguments);
  spawn(&run, "HX_TEST_GROSR", words);
  cr_assert_eq(run.code, code, "%s: exit %d: %s", words, run.code, run.err);
  cr_assert(strstr(run.out, part) != NULL || strstr(run.err, part) != NULL, "%s: '%s%s' lacks '%s'",
            words, run.out, run.err, part);
  spawn_close(&run);
}

Test(claims, another_gpu_is_judged_by_ratios_and_shown_by_values, .timeout = 60)
{
  static const char h200[] = "NVIDIA H200, driver for CUDA 13.0";
  claims_say("cuda:0", h200, "--only P1.3a", 0, "shown and not judged");
  claims_say("cuda:0", h200, "--only P1.3a", 0, "here 1.01 [1.005, 1.014] µs");
  claims_say("cuda:0", h200, "--only P1.4a", 1, "NOT HELD");
  claims_say("cuda:0", h200, "--only P1.4a", 1, "contradicted: the whole interval is below 15.52");
  claims_say("cuda:0", h200, "--only P1.6a", 0, "HELD              P1.6a");
  claims_say("cuda:0", "NVIDIA A100-PCIE-40GB, driver", "--only P1.3a", 0, "HELD  ");
  claims_say("cuda:0", "NVIDIA A100-PCIE-40GB, driver", "--only P1.2a", 0,
             "too few for an interval");
}

/* ---- the arithmetic of each kind ----------------------------------------------------------- */

static const char kinds_json[] =
    "{'schema': 1, 'classes': {'cpu': {'what': 'a CPU', 'device': 'cpu'}}, 'claims': ["
    "{'id': 'T', 'title': 't', 'experiment': 'exp7_made', 'hardware': 'cpu', 'ours': true,"
    " 'tolerance': 'none', 'kind': 'trend', 'a': {'variant': 'up', 'metric': 'y', 'by': 'x'},"
    " 'holds': {'least': 1.9, 'most': 2.1}},"
    "{'id': 'C', 'title': 't', 'experiment': 'exp7_made', 'hardware': 'cpu', 'ours': true,"
    " 'tolerance': 'none', 'kind': 'crossover', 'a': {'variant': 'up', 'metric': 'y', 'by': 'x'},"
    " 'b': {'variant': 'flat', 'metric': 'y', 'by': 'x'}, 'holds': {'least': 4}},"
    "{'id': 'R', 'title': 't', 'experiment': 'exp7_made', 'hardware': 'cpu', 'ours': true,"
    " 'tolerance': 'none', 'kind': 'ratio', 'a': {'variant': 'up', 'metric': 'y', 'pick': 'max'},"
    " 'b': {'variant': 'flat', 'metric': 'y', 'pick': 'min'}, 'holds': {'most': 1}}]}";

static const struct made_point kinds_points[] = {
    {"up", "y", "u", "x=1", 1.0, 0.001, 20, NULL},
    {"up", "y", "u", "x=4", 16.0, 0.016, 20, NULL},
    {"up", "y", "u", "x=16", 256.0, 0.256, 20, NULL},
    {"flat", "y", "u", "x=1", 9.0, 0.01, 20, NULL},
    {"flat", "y", "u", "x=4", 9.0, 0.01, 20, NULL},
    {"flat", "y", "u", "x=16", 9.0, 0.01, 20, NULL},
};

/* Trend: over three equal steps the middle has no weight. Medians of 20 samples v, v + s, … are
 * v + 9.5 s, with the interval [v + 5 s, v + 14 s] (ranks 6 and 15). */
Test(claims, the_arithmetic_of_trend_crossover_and_ratio, .timeout = 60)
{
  const struct made_run made = {"exp7_made", "cpu", "Made CPU", "x", kinds_points, 6, NULL};
  struct hx_claims claims;
  struct hx_claim_results results;
  struct hx_data data;
  struct hx_why why = {""};
  struct spawned run;
  char text[sizeof(kinds_json)];
  char path[96];
  const char *folder = path;
  spawn_open(&run);
  for (size_t i = 0; i < sizeof(text); i++)
    text[i] = kinds_json[i] == '\'' ? '"' : kinds_json[i];
  results_write(run.folder, "claims.json", text);
  results_write(run.folder, "numbers.csv", "experiment,value\n");
  snprintf(path, sizeof(path), "%s/r", run.folder);
  results_make(path, &made);
  cr_assert_eq(hx_claims_open(&claims, run.folder, &why), 0, "%s", why.text);
  cr_assert_eq(hx_data_open(&data, &folder, 1, &why), 0, "%s", why.text);
  cr_assert_eq(hx_claims_judge(&claims, &data, &results), 0);
  const struct hx_claim_result *trend = &results.result[0];
  cr_assert_float_eq(trend->effect, 2.0, 1e-9);
  cr_assert_float_eq(trend->lo, log(257.28 / 1.014) / log(16.0), 1e-9);
  cr_assert_float_eq(trend->hi, log(259.584 / 1.005) / log(16.0), 1e-9);
  cr_assert_eq(trend->verdict, HX_CLAIM_HELD);
  cr_assert_float_eq(trend->seconds, 1.5, 1e-9);
  const struct hx_claim_result *cross = &results.result[1];
  cr_assert_float_eq(cross->lo, 1.0, 0.0);
  cr_assert_float_eq(cross->hi, 4.0, 0.0);
  cr_assert_float_eq(cross->effect, 2.0, 1e-12);
  cr_assert_eq(cross->verdict, HX_CLAIM_NOT_HELD); /* not surely at 4 or above */
  cr_assert_not_null(strstr(cross->reason, "not shown"), "%s", cross->reason);
  const struct hx_claim_result *ratio = &results.result[2];
  cr_assert_float_eq(ratio->effect, 258.432 / 9.095, 1e-9);
  cr_assert_float_eq(ratio->lo, 257.28 / 9.14, 1e-9);
  cr_assert_float_eq(ratio->hi, 259.584 / 9.05, 1e-9);
  cr_assert_not_null(strstr(ratio->reason, "contradicted"), "%s", ratio->reason);
  hx_claims_results_fini(&results);
  hx_data_fini(&data);
  hx_claims_fini(&claims);
  spawn_close(&run);
}

Test(claims, a_cpu_is_not_a_gpu_and_sim_is_nothing, .timeout = 60)
{
  claims_say("cpu", "Made CPU", "--only P1.4a", 0, "are of device cpu (Made CPU)");
  claims_say("sim", "simulated", "--only G1", 0, "are of device sim");
  claims_say("cpu", "Made CPU", "--only G1", 0, "the point is skipped, why, in words");
  claims_say("cpu", "Made CPU", "--only G3", 0, "there is no point openmp_task roundtrip_us");
  claims_say("cpu", "Made CPU", "--json --only P1.4a", 0, "\"verdict\": \"NOT TESTABLE HERE\"");
}

Test(claims, wrong_wishes_are_refused_with_the_nearest, .timeout = 60)
{
  claims_say("cpu", "Made CPU", "--only G11", 2, "the nearest: ");
  claims_say("cpu", "Made CPU", "--claims nowhere", 2, "--claims");
  claims_say("cpu", "Made CPU", "rr", 2, "near it there is r");
  claims_say("cpu", "Made CPU", "--jsn", 2, "--jsn");
}

static void file_refused(const char *old, const char *new, const char *part)
{
  struct hx_claims claims;
  struct hx_why why = {""};
  struct spawned run;
  spawn_open(&run);
  char *json = results_read(getenv("HX_TEST_PAPER"), "claims.json");
  char *csv = results_read(getenv("HX_TEST_PAPER"), "numbers.csv");
  results_write(run.folder, "claims.json", json);
  results_write(run.folder, "numbers.csv", csv);
  free(json);
  free(csv);
  results_edit(run.folder, "claims.json", old, new);
  cr_assert_lt(hx_claims_open(&claims, run.folder, &why), 0, "taken with %s", new);
  cr_assert_not_null(strstr(why.text, part), "'%s' lacks '%s'", why.text, part);
  spawn_close(&run);
}

Test(claims, a_wrong_claims_file_is_refused, .timeout = 60)
{
  file_refused("\"kind\": \"value\"", "\"kind\": \"valeu\"", "the nearest is value");
  file_refused("\"series\": \"CPU launch\"", "\"series\": \"GPU launch\"", "no row of numbers.csv");
  file_refused("\"id\": \"P1.2a\"", "\"id\": \"P1.1a\"", "there twice");
  file_refused("\"most_of_paper\": 1.2", "\"most_of_papr\": 1.2", "the nearest is");
  file_refused("\"hardware\": \"a100-40gb\"", "\"hardware\": \"b200\"", "none of the classes");
  file_refused("\"tolerance\": \"20 %", "\"tolerence\": \"20 %", "the nearest is tolerance");
  file_refused("\"schema\": 1", "\"schema\": 2", "not of schema 1");
  file_refused("\"tasks\": \"1\"", "\"tasks\": 1", "must be text");
  file_refused("{", "[", "line ");
}
