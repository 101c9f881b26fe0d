/* claims_file.c - reads claims.json and numbers.csv, see claims.h. Everything that a claim names is
 * checked here, so that a typing error in the file is a refusal and not a claim that never holds.
 * Next: claims.c */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "claims.h"
#include "data_csv.h"
#include "nearest.h"

#define PAPER_ROWS_MAX 1000u
#define PATH_BYTES     4096u

static const char *const kind_name[HX_CLAIM_KIND_COUNT] = {"value", "ratio",     "order",
                                                           "trend", "crossover", "works"};

const char *hx_claim_kind_text(enum hx_claim_kind kind)
{
  return kind_name[kind];
}

static const char *text_of(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text != NULL ? text : "";
}

static double number_of(const json_t *object, const char *key)
{
  const json_t *number = json_object_get(object, key);
  return json_is_number(number) ? json_number_value(number) : NAN;
}

/* The first key of an object that is not in the list, or NULL. */
static const char *unknown_key(json_t *object, const char *known)
{
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value)
  {
    if (!hx_text_lists(known, key))
      return key;
  }
  return NULL;
}

static int refuse_key(const struct hx_claim *claim, const char *key, const char *known,
                      struct hx_why *why)
{
  struct hx_text_list list = {0};
  char near[128] = "";
  if (hx_text_split(known, ',', &list) == 0)
    hx_nearest(key, (const char *const *)list.item, list.count, near, sizeof(near));
  hx_text_list_fini(&list);
  return hx_refuse(why, -EINVAL, "claims.json, %s: there is no '%s'; %s%s%schoose from %s",
                   claim->id, key, near[0] != '\0' ? "the nearest is " : "", near,
                   near[0] != '\0' ? "; " : "", known);
}

static int refuse(const struct hx_claim *claim, const char *what, struct hx_why *why)
{
  return hx_refuse(why, -EINVAL,
                   "claims.json, claim %s: %s; results/paper/README.md explains the "
                   "keys",
                   claim->id, what);
}

static int take_select(const struct hx_claim *claim, json_t *json, struct hx_claim_select *out,
                       struct hx_why *why)
{
  static const char known[] = "variant,metric,factors,pick,by";
  const char *key = unknown_key(json, known);
  const char *name;
  json_t *value;
  if (key != NULL)
    return refuse_key(claim, key, known, why);
  *out = (struct hx_claim_select){text_of(json, "variant"), text_of(json, "metric"),
                                  json_object_get(json, "factors"), text_of(json, "pick"),
                                  text_of(json, "by")};
  if (out->pick[0] != '\0' && !hx_text_lists("max,min", out->pick))
    return refuse_key(claim, out->pick, "max,min", why);
  if (claim->kind != HX_CLAIM_WORKS && (out->variant[0] == '\0' || out->metric[0] == '\0'))
    return refuse(claim, "a and b need variant and metric", why);
  json_object_foreach((json_t *)out->factors, name, value)
  {
    if (!json_is_string(value))
      return refuse(claim, "a factor's value must be text, as in \"tasks\": \"1\"", why);
  }
  const bool sweep = claim->kind == HX_CLAIM_TREND || claim->kind == HX_CLAIM_CROSSOVER;
  if (sweep != (out->by[0] != '\0'))
    return refuse(claim, "trend and crossover, and only they, need 'by'", why);
  return 0;
}

/* Does the row of numbers.csv have all the values that the claim gives? */
static bool row_matches(const struct hx_data_csv *csv, const struct hx_claim *claim, json_t *wanted)
{
  const char *key;
  json_t *value;
  const int experiment = hx_data_csv_column(csv, "experiment");
  if (experiment < 0 || strcmp(csv->cell[experiment], claim->experiment) != 0)
    return false;
  json_object_foreach(wanted, key, value)
  {
    const int column = hx_data_csv_column(csv, key);
    const char *text = json_string_value(value);
    if (column < 0 || text == NULL || strcmp(csv->cell[column], text) != 0)
      return false;
  }
  return true;
}

static const char *cell(const struct hx_data_csv *csv, const char *column)
{
  const int at = hx_data_csv_column(csv, column);
  return at < 0 ? "" : csv->cell[at];
}

static void take_paper(struct hx_claim *claim, const struct hx_data_csv *csv)
{
  struct hx_claim_paper *paper = &claim->paper;
  const char *unit = cell(csv, "unit");
  paper->value = strtod(cell(csv, "value"), NULL);
  paper->value_hi = cell(csv, "value_hi")[0] != '\0' ? strtod(cell(csv, "value_hi"), NULL) : NAN;
  if (strcmp(unit, "x") == 0)
    unit = "×";
  else if (strcmp(unit, "percent") == 0)
    unit = "%";
  snprintf(paper->unit, sizeof(paper->unit), "%s", strcmp(unit, "us") == 0 ? "µs" : unit);
  snprintf(paper->hardware, sizeof(paper->hardware), "%s", cell(csv, "hardware"));
  snprintf(paper->note, sizeof(paper->note), "%s", cell(csv, "note"));
}

/* Finds the one row of numbers.csv that the claim means. */
static int find_paper(struct hx_claims *claims, const char *path, struct hx_claim *claim,
                      json_t *wanted, struct hx_why *why)
{
  struct hx_data_csv csv;
  size_t found = 0;
  int row = 0;
  if (hx_data_csv_open(&csv, path, why) < 0)
    return -EBADMSG;
  size_t i = 0;
  for (; (row = hx_data_csv_next(&csv, why)) > 0; i++) {
    if (wanted == NULL || !row_matches(&csv, claim, wanted))
      continue;
    if (found++ == 0)
      take_paper(claim, &csv);
    claim->paper_row = (int)i;
  }
  claims->paper_row_count = i;
  hx_data_csv_close(&csv);
  if (row < 0)
    return row;
  if (wanted != NULL && found != 1)
    return refuse(claim,
                  found == 0 ? "no row of numbers.csv is as 'paper' says"
                             : "several rows of numbers.csv are as 'paper' says",
                  why);
  return 0;
}

/* Bounds, absolute or in multiples of the paper's number. */
static int take_bounds(struct hx_claim *claim, json_t *holds, struct hx_why *why)
{
  static const char known[] = "least,most,least_of_paper,most_of_paper";
  const char *key = unknown_key(holds, known);
  const double paper_hi = isnan(claim->paper.value_hi) ? claim->paper.value : claim->paper.value_hi;
  if (key != NULL)
    return refuse_key(claim, key, known, why);
  claim->least = number_of(holds, "least");
  claim->most = number_of(holds, "most");
  if (isnan(claim->least))
    claim->least = number_of(holds, "least_of_paper") * claim->paper.value;
  if (isnan(claim->most))
    claim->most = number_of(holds, "most_of_paper") * paper_hi;
  const bool fixed = claim->kind == HX_CLAIM_ORDER || claim->kind == HX_CLAIM_WORKS;
  if (fixed != (isnan(claim->least) && isnan(claim->most)))
    return refuse(claim, fixed ? "order and works have no bounds" : "'holds' gives no bound", why);
  return 0;
}

static int take_class(struct hx_claim *claim, json_t *classes, struct hx_why *why)
{
  const json_t *class = json_object_get(classes, claim->hardware);
  if (class == NULL)
    return refuse(claim, "its hardware is none of the classes", why);
  claim->class_what = text_of(class, "what");
  claim->class_device = text_of(class, "device");
  claim->class_names = json_object_get(class, "names");
  if (!hx_text_lists("cpu,cuda", claim->class_device))
    return refuse(claim, "its class needs device cpu or cuda", why);
  return 0;
}

static int take_claim(struct hx_claims *claims, const char *numbers, json_t *json,
                      struct hx_why *why)
{
  static const char known[] = "id,title,section,experiment,figure,hardware,kind,ours,a,b,paper,"
                              "says,holds,scale,tolerance";
  struct hx_claim *claim = &claims->claim[claims->count++];
  const char *kind = text_of(json, "kind");
  int result = 0;
  *claim = (struct hx_claim){.id = text_of(json, "id"),
                             .title = text_of(json, "title"),
                             .section = text_of(json, "section"),
                             .experiment = text_of(json, "experiment"),
                             .figure = text_of(json, "figure"),
                             .tolerance = text_of(json, "tolerance"),
                             .says = text_of(json, "says"),
                             .hardware = text_of(json, "hardware"),
                             .ours = json_is_true(json_object_get(json, "ours")),
                             .kind = HX_CLAIM_KIND_COUNT,
                             .paper = {.value = NAN, .value_hi = NAN},
                             .paper_row = -1};
  for (int i = 0; i < HX_CLAIM_KIND_COUNT; i++)
    claim->kind = strcmp(kind, kind_name[i]) == 0 ? (enum hx_claim_kind)i : claim->kind;
  if (unknown_key(json, known) != NULL)
    return refuse_key(claim, unknown_key(json, known), known, why);
  if (claim->kind == HX_CLAIM_KIND_COUNT)
    return refuse_key(claim, kind, "value,ratio,order,trend,crossover,works", why);
  if (claim->id[0] == '\0' || claim->title[0] == '\0' || claim->experiment[0] == '\0' ||
      claim->tolerance[0] == '\0')
    return refuse(claim, "id, title, experiment and tolerance are needed", why);
  for (size_t i = 0; i + 1 < claims->count; i++) {
    if (strcmp(claims->claim[i].id, claim->id) == 0)
      return refuse(claim, "the id is there twice", why);
  }
  claim->scale = isnan(number_of(json, "scale")) ? 1.0 : number_of(json, "scale");
  result = take_class(claim, json_object_get(claims->json, "classes"), why);
  if (result == 0)
    result = take_select(claim, json_object_get(json, "a"), &claim->a, why);
  const bool two = claim->kind == HX_CLAIM_RATIO || claim->kind == HX_CLAIM_ORDER ||
                   claim->kind == HX_CLAIM_CROSSOVER;
  if (result == 0 && two != json_is_object(json_object_get(json, "b")))
    return refuse(claim, two ? "this kind needs b" : "this kind has no b", why);
  if (result == 0 && two)
    result = take_select(claim, json_object_get(json, "b"), &claim->b, why);
  if (result == 0)
    result = find_paper(claims, numbers, claim, json_object_get(json, "paper"), why);
  if (result == 0 && !claim->ours && claim->paper_row < 0 && claim->says[0] == '\0')
    return refuse(claim, "a claim of the paper needs 'paper' or 'says'", why);
  return result == 0 ? take_bounds(claim, json_object_get(json, "holds"), why) : result;
}

int hx_claims_open(struct hx_claims *claims, const char *folder, struct hx_why *why)
{
  char path[PATH_BYTES];
  json_error_t error;
  size_t i;
  json_t *json;
  int result = 0;
  *claims = (struct hx_claims){0};
  snprintf(path, sizeof(path), "%s/claims.json", folder);
  claims->json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
  if (claims->json == NULL)
    return hx_refuse(why, -EBADMSG,
                     "%s, line %d: %.100s; restore it from git, or give another "
                     "folder by --claims",
                     path, error.line, error.text);
  if (json_integer_value(json_object_get(claims->json, "schema")) != 1)
    result = hx_refuse(why, -EPROTO, "%s is not of schema 1; use the grosr it belongs to", path);
  json_t *list = json_object_get(claims->json, "claims");
  claims->claim = calloc(json_array_size(list) + 1, sizeof(*claims->claim));
  if (claims->claim == NULL)
    result = -ENOMEM;
  if (result == 0 && json_array_size(list) == 0)
    result = hx_refuse(why, -EINVAL, "%s has no claims; restore it from git", path);
  snprintf(path, sizeof(path), "%s/numbers.csv", folder);
  json_array_foreach(list, i, json)
  {
    if (result == 0)
      result = take_claim(claims, path, json, why);
  }
  if (result < 0)
    hx_claims_fini(claims);
  return result;
}

void hx_claims_fini(struct hx_claims *claims)
{
  json_decref(claims->json);
  free(claims->claim);
  *claims = (struct hx_claims){0};
}

int hx_claims_find(char *folder, size_t folder_bytes, struct hx_why *why)
{
  if (!hx_beside("results/paper/claims.json", folder, folder_bytes))
    return hx_refuse(why, -ENOENT,
                     "there is no claims.json near this program or in results/paper; say by "
                     "--claims in which folder it and numbers.csv are");
  *strrchr(folder, '/') = '\0';
  return 0;
}
