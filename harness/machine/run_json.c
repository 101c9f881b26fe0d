/* run_json.c - see run_json.h. Next: progress.c */
#include "run_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hx_limits.h"
#include "plan.h"
#include "provenance.h"
#include "store.h"

void hx_run_json_time_text(char *text, size_t text_bytes)
{
  const time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(text, text_bytes, "%Y%m%dT%H%M%SZ", &utc);
}

static void set_time(json_t *object, const char *key)
{
  char text[32];
  hx_run_json_time_text(text, sizeof(text));
  json_object_set_new(object, key, json_string(text));
}

int hx_run_json_write(const struct hx_run_json *run)
{
  char *path = hx_store_path(run->folder, "run.json");
  const int result = path != NULL ? hx_store_json(path, run->root) : -ENOMEM;
  free(path);
  return result;
}

/* What earlier sessions of this run, which was then resumed, have said of themselves. */
static json_t *earlier_sessions(const char *folder)
{
  static const char *const keys[] = {"time_start_utc", "time_end_utc", "seconds", "process",
                                     "before",         "after",        "exit",    "build"};
  struct hx_why why;
  char *path = hx_store_path(folder, "run.json");
  json_t *old = path != NULL ? hx_store_load(path, NULL, &why) : NULL;
  json_t *sessions = json_copy(json_object_get(old, "sessions_before"));
  sessions = sessions != NULL ? sessions : json_array();
  if (old != NULL) {
    json_t *session = json_object();
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
      json_t *value = json_object_get(old, keys[i]);
      if (value != NULL)
        json_object_set(session, keys[i], value);
    }
    json_t *grade = json_object_get(json_object_get(old, "environment"), "grade");
    if (grade != NULL)
      json_object_set(session, "grade", grade);
    json_array_append_new(sessions, session);
  }
  json_decref(old);
  free(path);
  return sessions;
}

static json_t *factors_json(const struct hx_plan *plan)
{
  json_t *factors = json_object();
  for (size_t i = 0; i < plan->factor_count; i++) {
    json_t *values = json_array();
    for (size_t k = 0; k < plan->values[i].count; k++)
      json_array_append_new(values, json_string(plan->values[i].text[k]));
    json_object_set_new(factors, plan->experiment->factors[i].name, values);
  }
  return factors;
}

static json_t *metrics_json(const struct hx_plan *plan)
{
  json_t *metrics = json_object();
  for (size_t i = 0; plan->experiment->metrics[i].name != NULL; i++)
    json_object_set_new(metrics, plan->experiment->metrics[i].name,
                        json_string(plan->experiment->metrics[i].unit));
  return metrics;
}

static json_t *variants_json(const struct hx_plan *plan)
{
  json_t *variants = json_array();
  for (size_t i = 0; i < plan->variant_count; i++) {
    if (plan->chosen[i])
      json_array_append_new(variants, json_string(plan->experiment->variants[i].name));
  }
  return variants;
}

/* The machine before the first point; none of it matters in virtual time. */
static void begin_environment(struct hx_run_json *run, const struct hx_choice *choice)
{
  const struct hx_environment_setup setup = {
      "/", strncmp(choice->device, "cuda", 4) == 0 ? HX_NVML_LIBRARY : NULL,
      HX_ENVIRONMENT_LOOK_NS};
  if (hx_device_is_sim(choice->device))
    return;
  run->environment = malloc(sizeof(*run->environment));
  if (run->environment == NULL)
    return;
  hx_environment_begin(run->environment, &setup);
  json_object_set_new(run->root, "environment", hx_environment_json(run->environment));
}

/* What takes some 0.4 s; who starts many trials looks once, for them all. */
static void look_at_machine(struct hx_run_json *run, const struct hx_run_facts *facts)
{
  const char *device = facts->choice->device;
  json_object_set_new(run->root, "clock",
                      hx_device_is_sim(device)
                          ? json_pack("{s:s}", "source", "virtual time of the simulation")
                          : hx_provenance_clock());
  json_object_set_new(run->root, "topology_xml", hx_provenance_topology(facts->folder));
  begin_environment(run, facts->choice);
}

int hx_run_json_open(struct hx_run_json *run, const struct hx_run_facts *facts)
{
  const struct hx_experiment *experiment = facts->plan->experiment;
  const struct hx_choice *choice = facts->choice;
  json_t *remarks = json_array();
  if (choice->auto_sentence[0] != '\0')
    json_array_append_new(remarks, json_sprintf("no cuda: %s", choice->auto_sentence));
  *run = (struct hx_run_json){0};
  run->start_ns = hx_now_ns();
  run->folder = strdup(facts->folder);
  run->root = json_pack(
      "{s:i, s:s, s:s, s:s, s:o, s:s, s:{s:s, s:s}, s:I, s:o, s:o, s:o, s:i, s:i, s:s}", "schema",
      HX_SCHEMA, "run_id", facts->run_id, "experiment", experiment->name, "title",
      experiment->title, "remarks", remarks, "tier", facts->args->tier, "device", "name",
      choice->device, "description", choice->sentence, "seed", (json_int_t)facts->args->seed,
      "factors", factors_json(facts->plan), "metrics", metrics_json(facts->plan), "variants",
      variants_json(facts->plan), "points_planned", (int)facts->plan->point_count, "processes",
      (int)facts->processes, "statistics", HX_STATS_METHOD);
  if (run->root == NULL || run->folder == NULL) {
    hx_run_json_drop(run);
    return -ENOMEM;
  }
  set_time(run->root, "time_start_utc");
  json_object_set_new(run->root, "build", hx_provenance_build());
  json_object_set_new(run->root, "machine", hx_provenance_machine());
  json_object_set_new(run->root, "process", hx_provenance_process(facts->argc, facts->argv));
  json_object_set_new(run->root, "slurm", hx_provenance_slurm());
  if (!facts->args->is_trial)
    look_at_machine(run, facts);
  json_object_set_new(run->root, "before", hx_provenance_load());
  json_object_set_new(run->root, "exit", json_pack("{s:n, s:s}", "code", "reason", "running"));
  json_object_set_new(run->root, "points", json_array());
  json_object_set_new(run->root, "sessions_before", earlier_sessions(facts->folder));
  return 0;
}

void hx_run_json_look(struct hx_run_json *run)
{
  if (run->environment == NULL)
    return;
  hx_environment_end(run->environment);
  json_object_set_new(run->root, "environment", hx_environment_json(run->environment));
}

void hx_run_json_review(struct hx_run_json *run, const struct hx_refusals *refusals)
{
  json_object_set_new(run->root, "reportable", hx_reportable_json(refusals));
}

bool hx_run_json_is_reportable(const char *folder)
{
  struct hx_why why;
  char *path = hx_store_path(folder, "run.json");
  json_t *root = path != NULL ? hx_store_load(path, NULL, &why) : NULL;
  const bool is =
      json_is_true(json_object_get(json_object_get(root, "reportable"), "reportable"));
  json_decref(root);
  free(path);
  return is;
}

void hx_run_json_end(struct hx_run_json *run, const struct hx_result *result, int exit_code,
                     const char *reason)
{
  json_t *root = run->root;
  set_time(root, "time_end_utc");
  json_object_set_new(root, "seconds", json_real((double)(hx_now_ns() - run->start_ns) * 1e-9));
  json_object_set_new(root, "after", hx_provenance_load());
  json_object_set_new(root, "exit", json_pack("{s:i, s:s}", "code", exit_code, "reason", reason));
  json_object_set_new(root, "point_counts",
                      json_pack("{s:I, s:I, s:I, s:I}", "ok", (json_int_t)result->ok, "failed",
                                (json_int_t)result->failed, "skipped", (json_int_t)result->skipped,
                                "not_reached", (json_int_t)result->not_reached));
  json_object_set_new(root, "files",
                      json_pack("{s:I, s:I}", "blocks", (json_int_t)result->blocks,
                                "values_per_metric_and_block_max", (json_int_t)HX_RAW_ROWS_MAX));
  if (result->points != NULL)
    json_object_set(root, "points", result->points);
}

void hx_run_json_drop(struct hx_run_json *run)
{
  json_decref(run->root);
  free(run->environment);
  free(run->folder);
  *run = (struct hx_run_json){0};
}
