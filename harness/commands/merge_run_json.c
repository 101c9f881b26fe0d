/* merge_run_json.c - see merge_run_json.h. Next: result.h */
#include "merge_run_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hx.h"
#include "hx_limits.h"
#include "sha256.h"
#include "store.h"

#define RUN_JSON "run.json"

/* What is each run's own; the other keys follow from plan, binary and blocks. */
static const char *const own_keys[] = {
    "run_id",  "remarks", "device", "time_start_utc", "time_end_utc", "seconds",
    "machine", "process", "clock",  "topology_xml",   "slurm",        "environment",
    "before",  "after",   "exit",   "sessions_before", "reportable"};
#define OWN_KEYS (sizeof(own_keys) / sizeof(own_keys[0]))

static const char *text_of(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text != NULL ? text : "";
}

static json_t *load(const char *folder)
{
  struct hx_why why;
  char *path = hx_store_path(folder, RUN_JSON);
  json_t *json = path != NULL ? hx_store_load(path, NULL, &why) : NULL;
  free(path);
  return json;
}

static int save(const char *folder, const json_t *json)
{
  char *path = hx_store_path(folder, RUN_JSON);
  const int error = path != NULL ? hx_store_json(path, json) : -ENOMEM;
  free(path);
  return error;
}

/* An entry of the list, of a run.json that was not merged. */
static json_t *make_entry(const json_t *json)
{
  const json_t *first = json_array_get(json_object_get(json, "sessions_before"), 0);
  const json_t *begun = first != NULL ? first : json;
  json_t *begin = json_pack("[O?, O?]", json_object_get(begun, "time_start_utc"),
                            json_object_get(begun, "process"));
  char *text = json_dumps(begin, JSON_COMPACT | JSON_SORT_KEYS);
  char sum[HX_SHA256_TEXT_BYTES] = "";
  json_t *entry = json_object();
  if (text != NULL)
    hx_sha256_bytes(text, strlen(text), sum);
  json_object_set_new(entry, "run", json_string(sum));
  for (size_t i = 0; i < OWN_KEYS; i++) {
    json_t *value = json_object_get(json, own_keys[i]);
    if (value != NULL)
      json_object_set(entry, own_keys[i], value);
  }
  json_decref(begin);
  free(text);
  return entry;
}

/* By time, then by all of the text: the same order wherever they come from. What is still running
 * has no end, and so comes before the same run when it has ended. */
static int compare_entries(const void *a, const void *b)
{
  const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
  int order = strcmp(text_of(left, "time_start_utc"), text_of(right, "time_start_utc"));
  if (order == 0)
    order = strcmp(text_of(left, "time_end_utc"), text_of(right, "time_end_utc"));
  if (order == 0) {
    char *one = json_dumps(left, JSON_COMPACT | JSON_SORT_KEYS);
    char *other = json_dumps(right, JSON_COMPACT | JSON_SORT_KEYS);
    order = one != NULL && other != NULL ? strcmp(one, other) : 0;
    free(one);
    free(other);
  }
  return order;
}

/* Adds a run.json's entries; of one run, the later stays. `runs`: run to entry. */
static void collect(json_t *runs, const json_t *json)
{
  const json_t *merged = json_object_get(json, "merged");
  json_t *own =
      json_is_array(merged) ? json_incref((json_t *)merged) : json_pack("[o]", make_entry(json));
  size_t i;
  json_t *entry;
  json_array_foreach(own, i, entry)
  {
    json_t *there = json_object_get(runs, text_of(entry, "run"));
    if (there == NULL || compare_entries(&there, &entry) < 0)
      json_object_set(runs, text_of(entry, "run"), entry);
  }
  json_decref(own);
}

static json_t *sorted(json_t *runs)
{
  json_t **entry = calloc(json_object_size(runs) + 1, sizeof(json_t *));
  json_t *list = json_array();
  size_t count = 0;
  const char *key;
  json_t *value;
  if (entry == NULL)
    return list;
  json_object_foreach(runs, key, value) entry[count++] = value;
  qsort(entry, count, sizeof(json_t *), compare_entries);
  for (size_t i = 0; i < count; i++)
    json_array_append(list, entry[i]);
  free(entry);
  return list;
}

static const char *host_of(const json_t *entry)
{
  return text_of(json_object_get(entry, "machine"), "host");
}

static const char *model_of(const json_t *entry)
{
  return text_of(json_object_get(json_object_get(entry, "machine"), "cpu"), "model");
}

/* The texts of all entries that differ, in the list's order, as "a, b"; *count of them. */
static void join(const json_t *list, const char *(*of)(const json_t *), const char *between,
                 struct hx_why *out, size_t *count)
{
  size_t i;
  json_t *entry;
  size_t used = 0;
  *count = 0;
  out->text[0] = '\0';
  json_array_foreach(list, i, entry)
  {
    bool is_new = true;
    for (size_t k = 0; is_new && k < i; k++)
      is_new = strcmp(of(json_array_get(list, k)), of(entry)) != 0;
    if (is_new && used < sizeof(out->text))
      used += (size_t)snprintf(out->text + used, sizeof(out->text) - used, "%s%s",
                               (*count)++ > 0 ? between : "", of(entry));
  }
}

/* More than one host is said; more than one kind of machine is another machine. */
static void put_machines(json_t *root, const json_t *list)
{
  struct hx_why hosts, models;
  size_t host_count = 0, model_count = 0;
  join(list, host_of, ", ", &hosts, &host_count);
  join(list, model_of, " + ", &models, &model_count);
  if (host_count > 1) {
    json_t *remarks = json_deep_copy(json_object_get(root, "remarks"));
    json_array_append_new(remarks,
                          json_sprintf("measured on %zu hosts: %s", host_count, hosts.text));
    json_object_set_new(root, "remarks", remarks);
  }
  if (model_count > 1) {
    json_t *machine = json_deep_copy(json_object_get(root, "machine"));
    json_object_set_new(json_object_get(machine, "cpu"), "model", json_string(models.text));
    json_object_set_new(root, "machine", machine);
  }
}

/* The whole file but for what follows from blocks. `common`: a run.json of the same plan. */
static json_t *make(const json_t *common, json_t *list)
{
  json_t *root = json_copy((json_t *)common);
  const json_t *first = json_array_get(list, 0);
  const char *last = "";
  double seconds = 0.0;
  size_t i;
  json_t *entry;
  for (size_t k = 0; k < OWN_KEYS; k++) { /* at the end, in this order, whatever there was */
    json_t *value = json_object_get(first, own_keys[k]);
    json_object_del(root, own_keys[k]);
    if (value != NULL)
      json_object_set(root, own_keys[k], value);
  }
  json_array_foreach(list, i, entry)
  {
    json_t *environment = json_object_get(entry, "environment");
    const char *end = text_of(entry, "time_end_utc");
    if (strcmp(text_of(environment, "grade"),
               text_of(json_object_get(root, "environment"), "grade")) > 0)
      json_object_set(root, "environment", environment);
    last = strcmp(end, last) > 0 ? end : last;
    seconds += json_number_value(json_object_get(entry, "seconds"));
  }
  json_object_set_new(root, "time_end_utc", json_string(last));
  json_object_set_new(root, "seconds", json_real(seconds));
  put_machines(root, list);
  json_object_set_new(root, "reportable",
                      json_pack("{s:b, s:[{s:s, s:s, s:s, s:b}]}", "reportable", 0, "refusals",
                                "rule", "merged", "what", "the run was measured in parts", "remedy",
                                "see merged[].reportable, or run it whole on one machine",
                                "can_be_waived", 0));
  json_object_del(root, "merged");
  json_object_set(root, "merged", list);
  return root;
}

/* topology.xml is that of the first run. */
static int copy_topology(const char *from, const char *to, const json_t *root)
{
  const char *wanted = text_of(json_object_get(root, "topology_xml"), "sha256");
  char sum[HX_SHA256_TEXT_BYTES] = "";
  size_t bytes = 0;
  int error = 0;
  char *source = hx_store_path(from, "topology.xml");
  char *target = hx_store_path(to, "topology.xml");
  if (source != NULL && target != NULL && hx_sha256_file(source, sum) == 0 &&
      strcmp(sum, wanted) == 0) {
    char *text = hx_store_read(source, &bytes);
    error = text != NULL ? hx_store_write(target, text, bytes) : -EIO;
    free(text);
  }
  free(source);
  free(target);
  return error;
}

int hx_merge_run_json(const char *from, const char *to, struct hx_why *why)
{
  json_t *mine = load(from);
  json_t *there = load(to);
  json_t *runs = json_object();
  int error = 0;
  if (mine != NULL) {
    collect(runs, mine);
    if (there != NULL)
      collect(runs, there);
    json_t *list = sorted(runs);
    json_t *root = make(mine, list);
    error = copy_topology(from, to, root);
    error = error < 0 ? error : save(to, root);
    if (error < 0)
      hx_refuse(why, error, "cannot write %s/" RUN_JSON ": %s; free some space and merge again", to,
                strerror(-error));
    json_decref(root);
    json_decref(list);
  }
  json_decref(runs);
  json_decref(mine);
  json_decref(there);
  return error;
}

int hx_merge_run_json_close(const char *folder, const struct hx_result *result, size_t missing)
{
  static const char *const derived[] = {"exit", "point_counts", "files", "points"};
  json_t *root = load(folder);
  char reason[64] = "finished";
  int code = HX_EXIT_OK;
  int error = 0;
  if (result->failed > 0) {
    code = HX_EXIT_FAILED;
    snprintf(reason, sizeof(reason), "some point failed");
  }
  if (missing > 0) {
    code = HX_EXIT_HARNESS;
    snprintf(reason, sizeof(reason), "%zu points are missing", missing);
  }
  if (json_is_array(json_object_get(root, "merged"))) {
    for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++)
      json_object_del(root, derived[i]); /* set again below: at the end, in this order */
    json_object_set_new(root, "exit", json_pack("{s:i, s:s}", "code", code, "reason", reason));
    json_object_set_new(root, "point_counts",
                        json_pack("{s:I, s:I, s:I, s:I}", "ok", (json_int_t)result->ok, "failed",
                                  (json_int_t)result->failed, "skipped",
                                  (json_int_t)result->skipped, "not_reached",
                                  (json_int_t)result->not_reached));
    json_object_set_new(root, "files",
                        json_pack("{s:I, s:I}", "blocks", (json_int_t)result->blocks,
                                  "values_per_metric_and_block_max", (json_int_t)HX_RAW_ROWS_MAX));
    json_object_set(root, "points", result->points);
    error = save(folder, root);
  }
  json_decref(root);
  return error;
}
