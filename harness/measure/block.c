/* block.c - see block.h. Next: result.c */
#include "block.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "run_json.h"
#include "store.h"

char *hx_block_path(const char *folder, const char *id, unsigned process)
{
  char *path = NULL;
  return asprintf(&path, "%s/blocks/%s-%u.json", folder, id, process) < 0 ? NULL : path;
}

/* The block without what was measured. */
static json_t *block_begin(const struct hx_block_place *place, const struct hx_plan *plan)
{
  const struct hx_plan_point *where = &plan->point[place->index];
  char id[HX_ID_BYTES];
  char time[32];
  json_t *factors = json_object();
  for (size_t i = 0; i < plan->factor_count; i++) {
    if (where->value[i] != NULL)
      json_object_set_new(factors, plan->experiment->factors[i].name, json_string(where->value[i]));
  }
  hx_plan_id(plan, where, place->device, id);
  hx_run_json_time_text(time, sizeof(time));
  return json_pack("{s:i, s:s, s:i, s:s, s:s, s:s, s:o, s:s, s:s, s:i}", "schema", HX_SCHEMA, "id",
                   id, "process", (int)place->process, "experiment", plan->experiment->name,
                   "variant", where->variant->name, "device", place->device, "factors", factors,
                   "binary_sha256", place->binary_sha256, "end_utc", time, "pid", (int)getpid());
}

static int block_end(const struct hx_block_place *place, json_t *block)
{
  const char *id = json_string_value(json_object_get(block, "id"));
  char *path = id != NULL ? hx_block_path(place->folder, id, place->process) : NULL;
  const int result = path != NULL ? hx_store_json(path, block) : -ENOMEM;
  free(path);
  json_decref(block);
  return result;
}

static json_t *values_json(const double *value, size_t count)
{
  json_t *array = json_array();
  const size_t rows = count < HX_RAW_ROWS_MAX ? count : HX_RAW_ROWS_MAX;
  for (size_t k = 0; k < rows; k++)
    json_array_append_new(array, json_real(value[k * count / rows]));
  return array;
}

static json_t *metrics_json(const struct hx_point *point)
{
  const struct hx_metric *metrics = point->plan->experiment->metrics;
  json_t *object = json_object();
  for (size_t i = 0; i < point->metric_count; i++) {
    const struct hx_series *series = &point->series[i];
    if (series->count == 0)
      continue;
    json_object_set_new(object, metrics[i].name,
                        json_pack("{s:s, s:I, s:s, s:o, s:o}", "unit", metrics[i].unit, "taken",
                                  (json_int_t)series->count, "stopped",
                                  series->stopped ? series->stopped : "run", "warm",
                                  values_json(series->warm, series->warm_count), "values",
                                  values_json(series->value, series->count)));
  }
  return object;
}

int hx_block_write(const struct hx_block_place *place, const struct hx_point *point)
{
  json_t *block = block_begin(place, point->plan);
  json_t *notes = json_object();
  for (size_t i = 0; i < point->note_count; i++)
    json_object_set_new(notes, point->note[i].key, json_string(point->note[i].value));
  json_object_set_new(block, "status", json_string(hx_point_verdict_text(point->verdict)));
  json_object_set_new(block, "reason", json_string(point->reason));
  json_object_set_new(block, "seconds",
                      json_real((double)(point->end_ns - point->start_ns) * 1e-9));
  json_object_set_new(block, "seconds_max", json_real((double)point->limit_ns * 1e-9));
  json_object_set_new(block, "notes", notes);
  json_object_set_new(block, "metrics",
                      point->verdict == HX_POINT_OK ? metrics_json(point) : json_object());
  return block_end(place, block);
}

int hx_block_write_lost(const struct hx_block_place *place, const struct hx_plan *plan,
                        const char *status, const char *reason, double seconds)
{
  json_t *block = block_begin(place, plan);
  json_object_set_new(block, "status", json_string(status));
  json_object_set_new(block, "reason", json_string(reason));
  json_object_set_new(block, "seconds", json_real(seconds));
  json_object_set_new(block, "notes", json_object());
  json_object_set_new(block, "metrics", json_object());
  return block_end(place, block);
}

bool hx_block_is_done(const struct hx_block_place *place, const struct hx_plan *plan, bool retry)
{
  char id[HX_ID_BYTES];
  struct hx_why why;
  hx_plan_id(plan, &plan->point[place->index], place->device, id);
  char *path = hx_block_path(place->folder, id, place->process);
  json_t *block = path != NULL ? hx_store_load(path, NULL, &why) : NULL;
  const char *binary = json_string_value(json_object_get(block, "binary_sha256"));
  const char *status = json_string_value(json_object_get(block, "status"));
  const bool is_done =
      block != NULL && json_integer_value(json_object_get(block, "schema")) == HX_SCHEMA &&
      binary != NULL && strcmp(binary, place->binary_sha256) == 0 && status != NULL &&
      (!retry || strcmp(status, "ok") == 0 || strcmp(status, "skipped") == 0);
  json_decref(block);
  free(path);
  return is_done;
}
