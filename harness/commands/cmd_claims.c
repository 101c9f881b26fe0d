/* cmd_claims.c - `grosr claims [RUN...]`: what the results say of every claim, as a table for
 * people or as JSON. See claims.h. Next: report.h */
#include "cmd.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "hx.h"
#include "nearest.h"
#include "store.h"

#define REFERENCE "results/reference/cpu-2core" /* what is judged when no run is given */

enum { KEY_JSON = 1000, KEY_CLAIMS, KEY_ONLY, KEY_SAVE };

struct wishes {
  const char **run;
  size_t run_count;
  const char *folder; /* of claims.json */
  const char *only;   /* comma list of ids */
  bool json;
  bool save;
};

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "print JSON instead of the table", 0},
    {"claims", KEY_CLAIMS, "DIR", 0, "where claims.json and numbers.csv are", 0},
    {"save", KEY_SAVE, NULL, 0, "keep the verdicts as RUN/claims.json, for `grosr verify`", 0},
    {"only", KEY_ONLY, "ID,...", 0, "these claims only", 0},
    {0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
  struct wishes *wishes = state->input;
  switch (key) {
  case KEY_JSON:
    wishes->json = true;
    return 0;
  case KEY_CLAIMS:
    wishes->folder = arg;
    return 0;
  case KEY_SAVE:
    wishes->save = true;
    return 0;
  case KEY_ONLY:
    wishes->only = arg;
    return 0;
  case ARGP_KEY_ARG:
    wishes->run[wishes->run_count++] = arg;
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

/* Drops the claims that --only does not name. */
static int keep_only(struct hx_claims *claims, const char *only, struct hx_why *why)
{
  struct hx_text_list list = {0};
  size_t kept = 0;
  if (hx_text_split(only, ',', &list) < 0)
    return hx_refuse(why, -EINVAL, "--only=%s: give ids, separated by commas", only);
  for (size_t i = 0; i < list.count; i++) {
    const char **id = calloc(claims->count + 1, sizeof(*id));
    char near[256] = "";
    bool known = false;
    for (size_t k = 0; id != NULL && k < claims->count; k++) {
      id[k] = claims->claim[k].id;
      known = known || strcmp(id[k], list.item[i]) == 0;
    }
    if (id != NULL && !known)
      hx_nearest(list.item[i], id, claims->count, near, sizeof(near));
    free(id);
    if (!known) {
      hx_refuse(why, -ENOENT, "there is no claim %s; the nearest: %s; `grosr claims` lists all",
                list.item[i], near[0] != '\0' ? near : "none");
      hx_text_list_fini(&list);
      return -ENOENT;
    }
  }
  hx_text_list_fini(&list);
  for (size_t i = 0; i < claims->count; i++) {
    if (hx_text_lists(only, claims->claim[i].id))
      claims->claim[kept++] = claims->claim[i];
  }
  claims->count = kept;
  return 0;
}

static void print_one(const struct hx_claim_result *result)
{
  const struct hx_claim *claim = result->claim;
  char paper[256];
  char effect[128];
  char count[64];
  hx_claim_paper_text(claim, paper, sizeof(paper));
  hx_claim_effect_text(result, effect, sizeof(effect));
  hx_claim_count_text(result, count, sizeof(count));
  printf("%-17s %-6s %s%s\n", hx_claim_verdict_text(result->verdict), claim->id, claim->title,
         claim->ours ? " (ours, not of the paper)" : "");
  printf("%24s paper %s · here %s", "", claim->ours ? "—" : paper, effect);
  if (result->measured) {
    printf(" · n %s", count);
    if (!isnan(result->seconds))
      printf(" · %.3g s", result->seconds);
  }
  printf("\n");
  if (result->reason[0] != '\0')
    printf("%24s %s\n", "", result->reason);
}

static void print_table(const struct hx_data *data, const struct hx_claim_results *results)
{
  for (size_t i = 0; i < data->run_count; i++) {
    const struct hx_data_run *run = data->run[i];
    printf("%s: device %s (%s), tier %s, grade %s%s\n", run->folder, run->device,
           run->device_text, run->tier, run->grade[0] != '\0' ? run->grade : "not given",
           run->has_blocks ? "" : "; no raw blocks, so its samples cannot be verified");
  }
  printf("\n");
  for (size_t i = 0; i < results->count; i++)
    print_one(&results->result[i]);
  printf("\n%zu held, %zu not held, %zu not testable here\n", results->tally[HX_CLAIM_HELD],
         results->tally[HX_CLAIM_NOT_HELD], results->tally[HX_CLAIM_NOT_TESTABLE]);
}

static int print_json(const struct hx_claim_results *results)
{
  json_t *json = hx_claims_json(results, NULL);
  const int result = json == NULL ? -1 : json_dumpf(json, stdout, JSON_INDENT(1));
  printf("\n");
  json_decref(json);
  return result;
}

/* RUN/claims.json. 0, or negative errno after a sentence. */
static int save(const struct wishes *wishes, const struct hx_data *data,
                const struct hx_claim_results *results)
{
  char *text = hx_claims_kept_text(results, data, wishes->folder);
  char *path = hx_store_path(data->run[0]->root, "claims.json");
  int result = text == NULL || path == NULL ? -ENOMEM : 0;
  if (result == 0)
    result = hx_store_write(path, text, strlen(text));
  if (result < 0)
    fprintf(stderr, "grosr: cannot write %s: %s; make room there, then judge again\n",
            path != NULL ? path : "claims.json", strerror(-result));
  else if (!wishes->json)
    printf("%s is kept; `grosr verify` judges it again\n", path);
  free(text);
  free(path);
  return result;
}

static int judge_and_print(const struct wishes *wishes, struct hx_claims *claims,
                           struct hx_data *data)
{
  struct hx_claim_results results;
  if (hx_claims_judge(claims, data, &results) < 0) {
    fprintf(stderr, "grosr: out of memory\n");
    return HX_EXIT_HARNESS;
  }
  int code = results.tally[HX_CLAIM_NOT_HELD] > 0 ? HX_EXIT_FAILED : HX_EXIT_OK;
  if (!wishes->json)
    print_table(data, &results);
  else if (print_json(&results) < 0)
    code = HX_EXIT_HARNESS;
  if (wishes->save && save(wishes, data, &results) < 0)
    code = HX_EXIT_HARNESS;
  hx_claims_results_fini(&results);
  return code;
}

int hx_cmd_claims(int argc, char **argv)
{
  static const char doc[] =
      "Says of every claim whether the results hold it: HELD, NOT HELD, or NOT TESTABLE HERE."
      "\vRUN is a folder that `grosr run --out` made; default " REFERENCE ". Exit status: 0 every "
      "claim that can be tested is held, 1 some is not, 2 refused, 4 the harness failed.";
  const struct argp argp = {options, take_option, "[RUN...]", doc, NULL, NULL, NULL};
  struct wishes wishes = {.run = calloc((size_t)argc + 1, sizeof(char *))};
  struct hx_claims claims = {0};
  struct hx_data data = {0};
  struct hx_why why = {""};
  char folder[4096];
  int code = HX_EXIT_USAGE;
  int result = wishes.run == NULL ? -ENOMEM : 0;
  if (result == 0 && argp_parse(&argp, argc, argv, 0, NULL, &wishes) != 0)
    goto out;
  if (result == 0 && wishes.run_count == 0)
    wishes.run[wishes.run_count++] = REFERENCE;
  if (result == 0 && wishes.save && (wishes.run_count != 1 || wishes.only != NULL))
    result = hx_refuse(&why, -EINVAL,
                       "--save keeps all claims with the one run that they are "
                       "judged on: give one RUN, and no --only");
  if (result == 0 && wishes.folder == NULL) {
    result = hx_claims_find(folder, sizeof(folder), &why);
    wishes.folder = folder;
  }
  if (result == 0)
    result = hx_claims_open(&claims, wishes.folder, &why);
  if (result == 0 && wishes.only != NULL)
    result = keep_only(&claims, wishes.only, &why);
  if (result == 0)
    result = hx_data_open(&data, wishes.run, wishes.run_count, &why);
  if (result == 0)
    code = judge_and_print(&wishes, &claims, &data);
  else
    fprintf(stderr, "grosr: %s\n", why.text[0] != '\0' ? why.text : "out of memory");
out:
  hx_data_fini(&data);
  hx_claims_fini(&claims);
  free(wishes.run);
  return code;
}
