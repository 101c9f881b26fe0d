/* run_json.c - see run_json.h. Next: progress.c */
#include "run_json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "provenance.h"

#define SCHEMA 1 /* counts up when a key changes its meaning */

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

/* Whole or not at all: temporary name, fsync, rename. */
static int write_file(const struct hx_run_json *run)
{
  char *path = NULL;
  char *temporary = NULL;
  int fd = -1;
  int result = -ENOMEM;
  if (asprintf(&path, "%s/run.json", run->folder) < 0) {
    path = NULL;
    goto out;
  }
  if (asprintf(&temporary, "%s.new", path) < 0) {
    temporary = NULL;
    goto out;
  }
  fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    result = -errno;
    goto out;
  }
  result = 0;
  if (json_dumpfd(run->root, fd, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) < 0 ||
      write(fd, "\n", 1) != 1 || fsync(fd) < 0)
    result = errno > 0 ? -errno : -EIO;
  if (close(fd) < 0 && result == 0)
    result = -errno;
  if (result == 0 && rename(temporary, path) < 0)
    result = -errno;
  if (result < 0)
    unlink(temporary);
out:
  free(temporary);
  free(path);
  return result;
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

static void end_environment(struct hx_run_json *run)
{
  if (run->environment == NULL)
    return;
  hx_environment_end(run->environment);
  json_object_set_new(run->root, "environment", hx_environment_json(run->environment));
}

int hx_run_json_open(struct hx_run_json *run, const struct hx_run_facts *facts)
{
  const struct hx_experiment *experiment = facts->plan->experiment;
  const struct hx_choice *choice = facts->choice;
  json_t *remarks = json_array();
  if (facts->not_reportable[0] != '\0')
    json_array_append_new(remarks, json_sprintf("not reportable: %s", facts->not_reportable));
  if (choice->auto_sentence[0] != '\0')
    json_array_append_new(remarks, json_sprintf("no cuda: %s", choice->auto_sentence));
  *run = (struct hx_run_json){0};
  run->start_ns = hx_now_ns();
  run->folder = strdup(facts->folder);
  run->root =
      json_pack("{s:i, s:s, s:s, s:s, s:o, s:s, s:{s:s, s:s}, s:I, s:o, s:o, s:o, s:i, s:s}",
                "schema", SCHEMA, "run_id", facts->run_id, "experiment", experiment->name, "title",
                experiment->title, "remarks", remarks, "tier", facts->args->tier, "device", "name",
                choice->device, "description", choice->sentence, "seed",
                (json_int_t)facts->args->seed, "factors", factors_json(facts->plan), "metrics",
                metrics_json(facts->plan), "variants", variants_json(facts->plan), "points_planned",
                (int)facts->plan->point_count, "statistics", HX_STATS_METHOD);
  if (run->root == NULL || run->folder == NULL) {
    json_decref(run->root);
    free(run->folder);
    return -ENOMEM;
  }
  set_time(run->root, "time_start_utc");
  json_object_set_new(run->root, "build", hx_provenance_build());
  json_object_set_new(run->root, "machine", hx_provenance_machine());
  json_object_set_new(run->root, "process", hx_provenance_process(facts->argc, facts->argv));
  json_object_set_new(run->root, "clock",
                      hx_device_is_sim(choice->device)
                          ? json_pack("{s:s}", "source", "virtual time of the simulation")
                          : hx_provenance_clock());
  json_object_set_new(run->root, "topology_xml", hx_provenance_topology(facts->folder));
  json_object_set_new(run->root, "slurm", hx_provenance_slurm());
  begin_environment(run, choice);
  json_object_set_new(run->root, "before", hx_provenance_load());
  json_object_set_new(run->root, "exit", json_pack("{s:n, s:s}", "code", "reason", "running"));
  json_object_set_new(run->root, "points", json_array());
  const int result = write_file(run);
  if (result < 0) {
    json_decref(run->root);
    free(run->environment);
    free(run->folder);
  }
  return result;
}

static json_t *samples_json(const struct hx_point *point, bool written)
{
  json_t *samples = json_object();
  for (size_t i = 0; i < point->metric_count; i++) {
    const size_t taken = point->series[i].count;
    const size_t rows = taken < HX_RAW_ROWS_MAX ? taken : HX_RAW_ROWS_MAX;
    if (taken > 0)
      json_object_set_new(samples, point->plan->experiment->metrics[i].name,
                          json_pack("{s:I, s:I}", "taken", (json_int_t)taken, "in_samples_csv",
                                    (json_int_t)(written ? rows : 0)));
  }
  return samples;
}

void hx_run_json_add(struct hx_run_json *run, size_t index, const struct hx_point *point,
                     bool interrupted)
{
  const char *status = interrupted ? "interrupted" : hx_point_verdict_text(point->verdict);
  json_t *factors = json_object();
  json_t *notes = json_object();
  for (size_t i = 0; i < point->plan->factor_count; i++) {
    if (point->where->value[i] != NULL)
      json_object_set_new(factors, point->plan->experiment->factors[i].name,
                          json_string(point->where->value[i]));
  }
  for (size_t i = 0; i < point->note_count; i++)
    json_object_set_new(notes, point->note[i].key, json_string(point->note[i].value));
  json_t *object = json_pack(
      "{s:I, s:s, s:o, s:s, s:s, s:f, s:f, s:o, s:o}", "index", (json_int_t)index, "variant",
      point->where->variant->name, "factors", factors, "status", status, "reason", point->reason,
      "seconds", (double)(point->end_ns - point->start_ns) * 1e-9, "seconds_wanted_max",
      (double)point->limit_ns * 1e-9, "samples",
      samples_json(point, !interrupted && point->verdict == HX_POINT_OK), "notes", notes);
  json_array_append_new(json_object_get(run->root, "points"), object);
  run->dropped += interrupted;
  run->ok += !interrupted && point->verdict == HX_POINT_OK;
  run->failed += !interrupted && point->verdict == HX_POINT_FAILED;
  run->skipped += !interrupted && point->verdict == HX_POINT_SKIPPED;
}

int hx_run_json_close(struct hx_run_json *run, const struct hx_result *result, int exit_code,
                      const char *reason)
{
  json_t *root = run->root;
  const size_t planned = (size_t)json_integer_value(json_object_get(root, "points_planned"));
  const size_t reached = run->ok + run->failed + run->skipped + run->dropped;
  set_time(root, "time_end_utc");
  json_object_set_new(root, "seconds", json_real((double)(hx_now_ns() - run->start_ns) * 1e-9));
  json_object_set_new(root, "after", hx_provenance_load());
  end_environment(run);
  json_object_set_new(root, "exit", json_pack("{s:i, s:s}", "code", exit_code, "reason", reason));
  json_object_set_new(root, "point_counts",
                      json_pack("{s:I, s:I, s:I, s:I, s:I}", "ok", (json_int_t)run->ok, "failed",
                                (json_int_t)run->failed, "skipped", (json_int_t)run->skipped,
                                "interrupted", (json_int_t)run->dropped, "not_reached",
                                (json_int_t)(planned - reached)));
  json_object_set_new(root, "files",
                      json_pack("{s:I, s:I, s:I}", "samples_csv_rows",
                                (json_int_t)result->samples.row_count, "points_csv_rows",
                                (json_int_t)result->points.row_count, "raw_rows_per_metric_max",
                                (json_int_t)HX_RAW_ROWS_MAX));
  const int written = write_file(run);
  json_decref(root);
  free(run->environment);
  free(run->folder);
  *run = (struct hx_run_json){0};
  return written;
}
