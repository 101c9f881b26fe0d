/* result.c - see result.h. The table that is printed: result_print.c. Next: run_json.c */
#include "result.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "csv.h"
#include "interval.h"
#include "store.h"
#include "table.h"

struct maker {
  struct hx_result *result;
  const char *folder;
  struct hx_csv samples, points;
  size_t row_capacity;
  json_t **block; /* of the point at hand, one per process; NULL: not there */
  size_t processes;
};

static const char *text_of(const json_t *object, const char *key)
{
  return json_string_value(json_object_get(object, key));
}

static void put_header(struct hx_csv *csv, const json_t *plan, const char *columns)
{
  struct hx_text_list list = {0};
  size_t i;
  json_t *factor;
  if (hx_text_split(columns, ',', &list) < 0)
    return;
  for (size_t k = 0; k < list.count; k++)
    hx_csv_cell(csv, list.item[k]);
  json_array_foreach(json_object_get(plan, "factors"), i, factor)
      hx_csv_cell(csv, json_string_value(factor));
  hx_csv_end_row(csv);
  hx_text_list_fini(&list);
}

/* The six columns that both files begin with. */
static void put_identity(struct hx_csv *csv, const json_t *plan, const json_t *point,
                         const json_t *metric)
{
  hx_csv_cell(csv, text_of(plan, "experiment"));
  hx_csv_cell(csv, text_of(point, "variant"));
  hx_csv_cell(csv, text_of(plan, "device"));
  hx_csv_cell(csv, text_of(metric, "name"));
  hx_csv_cell(csv, text_of(metric, "unit"));
  hx_csv_cell(csv, text_of(point, "id"));
}

static void put_factors(struct hx_csv *csv, const json_t *plan, const json_t *point)
{
  size_t i;
  json_t *factor;
  const json_t *values = json_object_get(point, "factors");
  json_array_foreach(json_object_get(plan, "factors"), i, factor)
      hx_csv_cell(csv, text_of(values, json_string_value(factor)));
  hx_csv_end_row(csv);
}

static void put_samples(struct maker *maker, const json_t *point, const json_t *metric,
                        size_t process, const char *phase)
{
  const bool is_warm = strcmp(phase, "warm") == 0;
  const json_t *plan = maker->result->plan;
  const json_t *series =
      json_object_get(json_object_get(maker->block[process], "metrics"), text_of(metric, "name"));
  const json_t *values = json_object_get(series, is_warm ? "warm" : "values");
  const size_t rows = json_array_size(values);
  const size_t taken =
      is_warm ? rows : (size_t)json_integer_value(json_object_get(series, "taken"));
  for (size_t k = 0; k < rows; k++) {
    put_identity(&maker->samples, plan, point, metric);
    hx_csv_count(&maker->samples, process);
    hx_csv_cell(&maker->samples, phase);
    hx_csv_count(&maker->samples, k * taken / rows);
    hx_csv_number(&maker->samples, json_number_value(json_array_get(values, k)));
    put_factors(&maker->samples, plan, point);
  }
}

/* All processes' values of a metric, one after the other; the arm's processes, those that have
 * some, point into it. Both are to be freed. */
static double *pool(const struct maker *maker, const char *name, struct hx_arm *arm)
{
  double *value = NULL;
  *arm = (struct hx_arm){.process = calloc(maker->processes + 1, sizeof(*arm->process))};
  for (int pass = 0; pass < 2 && arm->process != NULL; pass++) {
    size_t at = 0;
    for (size_t p = 0; p < maker->processes; p++) {
      const json_t *series = json_object_get(json_object_get(maker->block[p], "metrics"), name);
      const json_t *values = json_object_get(series, "values");
      const size_t count = json_array_size(values);
      for (size_t k = 0; pass == 1 && k < count; k++)
        value[at + k] = json_number_value(json_array_get(values, k));
      if (pass == 1 && count > 0)
        arm->process[arm->process_count++] = (struct hx_arm_process){value + at, count, count};
      at += count;
    }
    if (pass == 0 && (value = malloc((at + 1) * sizeof(*value))) == NULL)
      break;
  }
  return value;
}

/* The statistics of the row's metric over all processes. */
static int compute(const struct maker *maker, struct hx_result_row *row)
{
  double ci[2];
  struct hx_arm arm;
  double *value = pool(maker, row->metric, &arm);
  int result = value == NULL ? -ENOMEM : 0;
  if (result == 0)
    result = hx_interval_over_processes(&arm, text_of(row->point, "id"), row->metric, ci);
  if (result >= 0) {
    hx_stats_compute(value, hx_arm_samples(&arm), &row->stats);
    row->ci_method = isfinite(row->stats.ci_lo) ? HX_INTERVAL_ORDER : NULL;
    row->processes = arm.process_count;
  }
  if (result > 0) {
    row->stats.ci_lo = ci[0];
    row->stats.ci_hi = ci[1];
    row->ci_method = HX_INTERVAL_BOOTSTRAP;
  }
  free(arm.process);
  free(value);
  return result < 0 ? result : 0;
}

static int keep_row(struct maker *maker, const struct hx_result_row *row)
{
  struct hx_result *result = maker->result;
  if (result->rows == maker->row_capacity) {
    const size_t capacity = 2 * maker->row_capacity + 64;
    struct hx_result_row *rows = realloc(result->row, capacity * sizeof(*rows));
    if (rows == NULL)
      return -ENOMEM;
    result->row = rows;
    maker->row_capacity = capacity;
  }
  result->row[result->rows++] = *row;
  return 0;
}

static int put_point(struct maker *maker, const struct hx_result_row *row, const json_t *metric,
                     const char *reason)
{
  const struct hx_stats *stats = &row->stats;
  struct hx_csv *csv = &maker->points;
  const double cell[] = {stats->min, stats->p50,  stats->p90,   stats->p99,  stats->p999,
                         stats->max, stats->mean, stats->ci_lo, stats->ci_hi};
  put_identity(csv, maker->result->plan, row->point, metric);
  if (metric != NULL) {
    hx_csv_count(csv, row->processes);
    hx_csv_count(csv, stats->n);
  } else {
    hx_csv_cell(csv, NULL);
    hx_csv_cell(csv, NULL);
  }
  for (size_t i = 0; i < sizeof(cell) / sizeof(cell[0]); i++)
    hx_csv_number(csv, cell[i]);
  hx_csv_cell(csv, row->ci_method);
  hx_csv_cell(csv, row->status);
  hx_csv_cell(csv, reason);
  put_factors(csv, maker->result->plan, row->point);
  return keep_row(maker, row);
}

/* The worst that became of the point in any process. NULL: it was not reached. */
static const char *status_of(const struct maker *maker, const char **reason)
{
  static const char *const worst[] = {"crashed", "timeout", "failed", "ok", "skipped"};
  for (size_t w = 0; w < sizeof(worst) / sizeof(worst[0]); w++) {
    for (size_t p = 0; p < maker->processes; p++) {
      const char *status = text_of(maker->block[p], "status");
      if (status != NULL && strcmp(status, worst[w]) == 0) {
        *reason = text_of(maker->block[p], "reason");
        return worst[w];
      }
    }
  }
  return NULL;
}

/* The rows of one point, whose blocks are at hand. */
static int make_point(struct maker *maker, const json_t *point)
{
  struct hx_result *result = maker->result;
  const char *reason = NULL;
  const char *status = status_of(maker, &reason);
  struct hx_result_row row = {.point = point, .status = status};
  const bool is_ok = status != NULL && strcmp(status, "ok") == 0;
  size_t i;
  json_t *metric;
  int error = 0;
  if (status == NULL) {
    result->not_reached++;
    return 0;
  }
  result->ok += is_ok ? 1 : 0;
  result->skipped += strcmp(status, "skipped") == 0 ? 1 : 0;
  result->failed += !is_ok && strcmp(status, "skipped") != 0 ? 1 : 0;
  hx_stats_compute(NULL, 0, &row.stats);
  if (!is_ok)
    return put_point(maker, &row, NULL, reason);
  json_array_foreach(json_object_get(result->plan, "metrics"), i, metric)
  {
    row.metric = text_of(metric, "name");
    error = compute(maker, &row);
    if (error < 0)
      return error;
    if (row.stats.n == 0)
      continue;
    for (size_t p = 0; p < maker->processes; p++) {
      put_samples(maker, point, metric, p, "warm");
      put_samples(maker, point, metric, p, "measure");
    }
    error = put_point(maker, &row, metric, reason);
    if (error < 0)
      return error;
  }
  return 0;
}

/* What run.json says of a block: all but what was measured. */
static void note_block(struct maker *maker, const json_t *block)
{
  static const char *const keys[] = {"id",     "process", "variant", "factors", "status",
                                     "reason", "seconds", "end_utc", "notes"};
  json_t *object = json_object();
  json_t *taken = json_object();
  const char *name;
  json_t *series;
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
    json_t *value = json_object_get(block, keys[i]);
    if (value != NULL)
      json_object_set(object, keys[i], value);
  }
  json_object_foreach(json_object_get(block, "metrics"), name, series) json_object_set_new(
      taken, name,
      json_pack("{s:O, s:I, s:O}", "taken", json_object_get(series, "taken"), "kept",
                (json_int_t)json_array_size(json_object_get(series, "values")), "stopped",
                json_object_get(series, "stopped")));
  json_object_set_new(object, "samples", taken);
  json_array_append_new(maker->result->points, object);
}

static int load_blocks(struct maker *maker, const json_t *point, struct hx_why *why)
{
  const char *id = text_of(point, "id");
  for (size_t p = 0; p < maker->processes; p++) {
    int error = 0;
    char *path = hx_block_path(maker->folder, id, (unsigned)p);
    maker->block[p] = path != NULL ? hx_store_load(path, &error, why) : NULL;
    if (maker->block[p] == NULL && error != -ENOENT) {
      free(path);
      return error != 0 ? error : -ENOMEM;
    }
    const char *own = text_of(maker->block[p], "id");
    const bool is_wrong = maker->block[p] != NULL && (own == NULL || strcmp(own, id) != 0);
    if (is_wrong)
      hx_refuse(why, -EBADMSG, "%s is not of the point that its name says; remove it and run again",
                path);
    free(path);
    if (is_wrong)
      return -EBADMSG;
    if (maker->block[p] != NULL) {
      maker->result->blocks++;
      if (!json_equal(json_object_get(maker->block[p], "binary_sha256"),
                      json_object_get(maker->result->plan, "binary_sha256")) &&
          maker->result->foreign++ == 0)
        snprintf(maker->result->foreign_id, sizeof(maker->result->foreign_id), "%s", id);
      note_block(maker, maker->block[p]);
    }
  }
  return 0;
}

static int make_all(struct maker *maker, struct hx_why *why)
{
  size_t i;
  json_t *point;
  int error = 0;
  put_header(&maker->samples, maker->result->plan, HX_SAMPLES_COLUMNS);
  put_header(&maker->points, maker->result->plan, HX_POINTS_COLUMNS);
  json_array_foreach(json_object_get(maker->result->plan, "points"), i, point)
  {
    error = load_blocks(maker, point, why);
    if (error == 0 && (error = make_point(maker, point)) < 0)
      hx_refuse(why, error, "out of memory for the rows of %s", maker->folder);
    for (size_t p = 0; p < maker->processes; p++) {
      json_decref(maker->block[p]);
      maker->block[p] = NULL;
    }
    if (error < 0)
      return error;
  }
  return 0;
}

int hx_result_build(const char *folder, struct hx_result *result, struct hx_why *why)
{
  struct maker maker = {.result = result, .folder = folder};
  *result = (struct hx_result){0};
  result->plan = hx_plan_load(folder, why);
  if (result->plan == NULL)
    return -EBADMSG;
  result->points = json_array();
  maker.processes = (size_t)json_integer_value(json_object_get(result->plan, "processes"));
  maker.block = calloc(maker.processes + 1, sizeof(*maker.block));
  int error =
      maker.block == NULL ? hx_refuse(why, -ENOMEM, "out of memory") : make_all(&maker, why);
  free(maker.block);
  const int first = hx_csv_take(&maker.samples, &result->samples_csv, &result->samples_bytes);
  const int second = hx_csv_take(&maker.points, &result->points_csv, &result->points_bytes);
  if (error == 0 && (first < 0 || second < 0))
    error = hx_refuse(why, -ENOMEM, "out of memory for the rows of %s", folder);
  if (error < 0)
    hx_result_fini(result);
  return error;
}

void hx_result_fini(struct hx_result *result)
{
  json_decref(result->plan);
  json_decref(result->points);
  free(result->samples_csv);
  free(result->points_csv);
  free(result->row);
  *result = (struct hx_result){0};
}

int hx_result_write(const struct hx_result *result, const char *folder)
{
  char *samples = hx_store_path(folder, "samples.csv");
  char *points = hx_store_path(folder, "points.csv");
  int error = samples == NULL || points == NULL ? -ENOMEM : 0;
  if (error == 0)
    error = hx_store_write(samples, result->samples_csv, result->samples_bytes);
  if (error == 0)
    error = hx_store_write(points, result->points_csv, result->points_bytes);
  free(samples);
  free(points);
  return error;
}
