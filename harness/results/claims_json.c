/* claims_json.c - the judged claims as JSON, to print or to keep beside a run with the sums of what
 * they follow from. See claims.h. Next: cmd_claims.c */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "sha256.h"

#define PATH_BYTES 4096u

static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *json_of(const struct hx_claim_result *result, const char *run)
{
  const struct hx_claim *claim = result->claim;
  json_t *points = json_array();
  for (size_t i = 0; i < result->point_count; i++)
    json_array_append_new(points, json_pack("{s:s, s:s, s:s}", "id", result->point[i]->id, "metric",
                                            result->point[i]->metric, "variant",
                                            result->point[i]->variant));
  return json_pack(
      "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, "
      "s:o, s:s, s:o, s:I, s:I, s:o, s:s, s:o}",
      "id", claim->id, "title", claim->title, "section", claim->section, "experiment",
      claim->experiment, "figure", claim->figure, "hardware", claim->hardware, "kind",
      hx_claim_kind_text(claim->kind), "tolerance", claim->tolerance, "ours", (int)claim->ours,
      "verdict", hx_claim_verdict_text(result->verdict), "reason", result->reason, "least",
      number(claim->least), "most", number(claim->most), "effect", number(result->effect), "unit",
      result->unit, "lo", number(result->lo), "hi", number(result->hi), "paper",
      number(claim->paper.value), "paper_hi", number(claim->paper.value_hi), "paper_unit",
      claim->paper.unit, "seconds", number(result->seconds), "n_least", (json_int_t)result->n_least,
      "n_most", (json_int_t)result->n_most, "points", points, "run",
      run != NULL && result->root[0] != '\0' ? run : result->root, "paper_says",
      json_string(claim->says));
}

json_t *hx_claims_json(const struct hx_claim_results *results, const char *run)
{
  json_t *list = json_array();
  for (size_t i = 0; i < results->count; i++)
    json_array_append_new(list, json_of(&results->result[i], run));
  return json_pack("{s:i, s:i, s:i, s:i, s:o}", "schema", 1, "held",
                   (int)results->tally[HX_CLAIM_HELD], "not_held",
                   (int)results->tally[HX_CLAIM_NOT_HELD], "not_testable",
                   (int)results->tally[HX_CLAIM_NOT_TESTABLE], "claims", list);
}

/* "SHOWN/NAME": its sum, if it is there. */
static void add_sum(json_t *sums, const char *folder, const char *shown, const char *name)
{
  char path[PATH_BYTES];
  char key[PATH_BYTES];
  char sum[HX_SHA256_TEXT_BYTES];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  snprintf(key, sizeof(key), "%s%s%s", shown, shown[0] != '\0' ? "/" : "", name);
  if (hx_sha256_file(path, sum) == 0)
    json_object_set_new(sums, key, json_string(sum));
}

char *hx_claims_kept_text(const struct hx_claim_results *results, const struct hx_data *data,
                          const char *claims_folder)
{
  static const char *const name[] = {"plan.json", "run.json", "points.csv", "samples.csv",
                                     "samples.csv.gz"};
  json_t *sums = json_object();
  for (size_t i = 0; i < data->run_count; i++) {
    const struct hx_data_run *run = data->run[i];
    const char *below = run->folder + strlen(run->root);
    for (size_t k = 0; k < sizeof(name) / sizeof(name[0]); k++)
      add_sum(sums, run->folder, below[0] == '/' ? below + 1 : below, name[k]);
  }
  add_sum(sums, claims_folder, "results/paper", "claims.json");
  add_sum(sums, claims_folder, "results/paper", "numbers.csv");
  json_t *json = hx_claims_json(results, ".");
  json_object_set_new(json, "from", sums);
  char *text = json_dumps(json, JSON_INDENT(1));
  json_decref(json);
  return text;
}
