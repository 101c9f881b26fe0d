/* claims.c - judges every claim on every folder that can test it; texts for people. See claims.h.
 * Next: claims_kinds.c */
#include "claims.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *hx_claim_verdict_text(enum hx_claim_verdict verdict)
{
  static const char *const text[HX_CLAIM_VERDICT_COUNT] = {"HELD", "NOT HELD", "NOT TESTABLE HERE"};
  return text[verdict];
}

static bool device_is(const char *device, const char *kind)
{
  const size_t bytes = strcspn(device, ":");
  return strlen(kind) == bytes && strncmp(device, kind, bytes) == 0;
}

/* Is every name of the class in the device's description? */
static bool is_of_class(const struct hx_claim *claim, const struct hx_data_run *run)
{
  size_t i;
  json_t *name;
  bool all = true;
  json_array_foreach(claim->class_names, i, name) all =
      all && json_is_string(name) && strcasestr(run->device_text, json_string_value(name));
  return all;
}

/* The run of this root that the claim is about; *other: one of the experiment on another device. */
static const struct hx_data_run *run_for(const struct hx_data *data, size_t root,
                                         const struct hx_claim *claim,
                                         const struct hx_data_run **other)
{
  *other = NULL;
  for (size_t i = 0; i < data->run_count; i++) {
    const struct hx_data_run *run = data->run[i];
    if (run->root_index != root || strcmp(run->experiment, claim->experiment) != 0)
      continue;
    if (device_is(run->device, claim->class_device))
      return run;
    *other = run;
  }
  return NULL;
}

static void begin(struct hx_claim_result *result, const struct hx_claim *claim)
{
  *result = (struct hx_claim_result){0};
  result->claim = claim;
  result->root = "";
  result->verdict = HX_CLAIM_NOT_TESTABLE;
  result->effect = result->lo = result->hi = result->seconds = NAN;
  result->unit = "";
}

/* True if this root can say anything of the claim. */
static bool judge(const struct hx_data *data, size_t root, const struct hx_claim *claim,
                  struct hx_claim_result *result)
{
  const struct hx_data_run *other = NULL;
  const struct hx_data_run *run = run_for(data, root, claim, &other);
  begin(result, claim);
  if (run == NULL && other != NULL)
    snprintf(result->reason, sizeof(result->reason),
             "the results of %s are of device %s (%s), and the claim is about %s",
             claim->experiment, other->device, other->device_text, claim->class_what);
  else if (run == NULL)
    snprintf(result->reason, sizeof(result->reason), "there are no results of %s here; it needs %s",
             claim->experiment, claim->class_what);
  if (run == NULL)
    return false;
  const struct hx_claim_scope scope = {data, run->root, claim->class_device};
  result->root = run->root;
  hx_claim_decide(&scope, result);
  if (!is_of_class(claim, run) && result->verdict != HX_CLAIM_NOT_TESTABLE) {
    result->verdict = HX_CLAIM_NOT_TESTABLE;
    snprintf(result->reason, sizeof(result->reason),
             "measured on %s, shown and not judged: the number is about %s", run->device_text,
             claim->class_what);
  }
  return result->measured || result->verdict != HX_CLAIM_NOT_TESTABLE;
}

int hx_claims_judge(const struct hx_claims *claims, const struct hx_data *data,
                    struct hx_claim_results *results)
{
  size_t root_count = 0;
  for (size_t i = 0; i < data->run_count; i++) {
    if (data->run[i]->root_index >= root_count)
      root_count = data->run[i]->root_index + 1;
  }
  *results = (struct hx_claim_results){0};
  results->result = calloc(claims->count * (root_count + 1) + 1, sizeof(*results->result));
  if (results->result == NULL)
    return -ENOMEM;
  for (size_t i = 0; i < claims->count; i++) {
    const size_t first = results->count;
    struct hx_claim_result silent; /* why the first root that has the experiment says nothing */
    begin(&silent, &claims->claim[i]);
    snprintf(silent.reason, sizeof(silent.reason), "no results were given");
    for (size_t root = 0; root < root_count; root++) {
      struct hx_claim_result *one = &results->result[results->count];
      if (judge(data, root, &claims->claim[i], one))
        results->count++;
      else if (root == 0 || (silent.root[0] == '\0' && one->root[0] != '\0'))
        silent = *one;
    }
    if (results->count == first)
      results->result[results->count++] = silent;
  }
  for (size_t i = 0; i < results->count; i++)
    results->tally[results->result[i].verdict]++;
  return 0;
}

void hx_claims_results_fini(struct hx_claim_results *results)
{
  free(results->result);
  *results = (struct hx_claim_results){0};
}

/* Four digits; millions as "6.656 M". */
static void number_text(double value, char *text, size_t text_bytes)
{
  const double size = fabs(value);
  if (size >= 1e9)
    snprintf(text, text_bytes, "%.4g G", value / 1e9);
  else if (size >= 1e6)
    snprintf(text, text_bytes, "%.4g M", value / 1e6);
  else
    snprintf(text, text_bytes, size >= 1000.0 ? "%.0f" : "%.4g", value);
}

static const char *unit_text(const char *unit)
{
  return strcmp(unit, "us") == 0 ? "µs" : unit;
}

void hx_claim_paper_text(const struct hx_claim *claim, char *text, size_t text_bytes)
{
  const struct hx_claim_paper *paper = &claim->paper;
  char low[32];
  char high[32];
  number_text(paper->value, low, sizeof(low));
  number_text(paper->value_hi, high, sizeof(high));
  if (claim->paper_row < 0)
    snprintf(text, text_bytes, "%s", claim->says[0] != '\0' ? claim->says : "—");
  else if (isnan(paper->value_hi))
    snprintf(text, text_bytes, "%s %s", low, paper->unit);
  else
    snprintf(text, text_bytes, "%s–%s %s", low, high, paper->unit);
}

void hx_claim_effect_text(const struct hx_claim_result *result, char *text, size_t text_bytes)
{
  char effect[32];
  char low[32];
  char high[32];
  number_text(result->effect, effect, sizeof(effect));
  number_text(result->lo, low, sizeof(low));
  number_text(result->hi, high, sizeof(high));
  if (!result->measured || isnan(result->effect))
    snprintf(text, text_bytes, "—");
  else if (result->claim->kind == HX_CLAIM_WORKS)
    snprintf(text, text_bytes, "%.4g %% of the points", 100.0 * result->effect);
  else if (result->claim->kind == HX_CLAIM_CROSSOVER)
    snprintf(text, text_bytes, "%s = %s [%s, %s]", result->unit, effect, low, high);
  else if (isnan(result->lo))
    snprintf(text, text_bytes, "%s %s", effect, unit_text(result->unit));
  else
    snprintf(text, text_bytes, "%s [%s, %s]%s%s", effect, low, high,
             result->unit[0] != '\0' ? " " : "", unit_text(result->unit));
}

void hx_claim_count_text(const struct hx_claim_result *result, char *text, size_t text_bytes)
{
  if (result->n_most == 0)
    snprintf(text, text_bytes, "—");
  else if (result->n_least == result->n_most)
    snprintf(text, text_bytes, "%zu", result->n_least);
  else
    snprintf(text, text_bytes, "%zu–%zu", result->n_least, result->n_most);
}
