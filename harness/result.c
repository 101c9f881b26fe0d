/* result.c - see result.h. Next: provenance.c */
#include "result.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "table.h"

static void put_factor_names(struct hx_csv *csv, const struct hx_plan *plan)
{
  for (size_t i = 0; i < plan->factor_count; i++)
    hx_csv_cell(csv, plan->experiment->factors[i].name);
  hx_csv_end_row(csv);
}

static void put_factor_values(struct hx_csv *csv, const struct hx_point *point)
{
  for (size_t i = 0; i < point->plan->factor_count; i++)
    hx_csv_cell(csv, point->where->value[i]);
  hx_csv_end_row(csv);
}

static int put_header(struct hx_csv *csv, const struct hx_plan *plan, const char *columns)
{
  struct hx_text_list list = {0};
  if (hx_text_split(columns, ',', &list) < 0)
    return -ENOMEM;
  for (size_t i = 0; i < list.count; i++)
    hx_csv_cell(csv, list.item[i]);
  put_factor_names(csv, plan);
  hx_text_list_fini(&list);
  return hx_csv_flush(csv);
}

static int open_file(struct hx_csv *csv, const char *folder, const char *name)
{
  char *path = NULL;
  if (asprintf(&path, "%s/%s", folder, name) < 0)
    return -ENOMEM;
  const int result = hx_csv_open(csv, path);
  free(path);
  return result;
}

int hx_result_open(struct hx_result *result, const struct hx_plan *plan, const char *device,
                   const char *folder)
{
  int error = 0;
  *result = (struct hx_result){0};
  result->plan = plan;
  result->device = device;
  error = open_file(&result->samples, folder, "samples.csv");
  if (error < 0)
    return error;
  error = open_file(&result->points, folder, "points.csv");
  if (error < 0) {
    hx_csv_close(&result->samples);
    return error;
  }
  error = put_header(&result->samples, plan, HX_SAMPLES_COLUMNS);
  if (error == 0)
    error = put_header(&result->points, plan, HX_POINTS_COLUMNS);
  if (error < 0)
    hx_result_close(result);
  return error;
}

int hx_result_close(struct hx_result *result)
{
  const int samples = hx_csv_close(&result->samples);
  const int points = hx_csv_close(&result->points);
  free(result->row);
  result->row = NULL;
  result->row_count = 0;
  return samples < 0 ? samples : points;
}

/* The five columns that both files begin with. */
static void put_identity(struct hx_csv *csv, const struct hx_point *point,
                         const struct hx_metric *metric)
{
  hx_csv_cell(csv, point->plan->experiment->name);
  hx_csv_cell(csv, point->where->variant->name);
  hx_csv_cell(csv, point->device);
  hx_csv_cell(csv, metric != NULL ? metric->name : NULL);
  hx_csv_cell(csv, metric != NULL ? metric->unit : NULL);
}

static void put_samples(struct hx_csv *csv, const struct hx_point *point, size_t metric)
{
  const struct hx_series *series = &point->series[metric];
  const size_t rows = series->count < HX_RAW_ROWS_MAX ? series->count : HX_RAW_ROWS_MAX;
  for (size_t k = 0; k < rows; k++) {
    const size_t index = k * series->count / rows;
    put_identity(csv, point, &point->plan->experiment->metrics[metric]);
    hx_csv_count(csv, index);
    hx_csv_number(csv, series->value[index]);
    put_factor_values(csv, point);
  }
}

static void put_point(struct hx_csv *csv, const struct hx_point *point,
                      const struct hx_metric *metric, const struct hx_stats *stats)
{
  const double cell[] = {stats->min, stats->p50,  stats->p90,   stats->p99,  stats->p999,
                         stats->max, stats->mean, stats->ci_lo, stats->ci_hi};
  put_identity(csv, point, metric);
  if (metric != NULL)
    hx_csv_count(csv, stats->n);
  else
    hx_csv_cell(csv, NULL);
  for (size_t i = 0; i < sizeof(cell) / sizeof(cell[0]); i++)
    hx_csv_number(csv, cell[i]);
  hx_csv_cell(csv, hx_point_verdict_text(point->verdict));
  hx_csv_cell(csv, point->reason);
  put_factor_values(csv, point);
}

static int keep_row(struct hx_result *result, const struct hx_result_row *row)
{
  if (result->row_count == result->row_capacity) {
    const size_t capacity = 2 * result->row_capacity + 64;
    struct hx_result_row *rows = realloc(result->row, capacity * sizeof(*rows));
    if (rows == NULL)
      return -ENOMEM;
    result->row = rows;
    result->row_capacity = capacity;
  }
  result->row[result->row_count++] = *row;
  return 0;
}

int hx_result_add(struct hx_result *result, size_t index, struct hx_point *point)
{
  const struct hx_metric *metrics = point->plan->experiment->metrics;
  struct hx_result_row row = {index, 0, point->verdict, {0}};
  const bool ok = point->verdict == HX_POINT_OK;
  int error = 0;
  for (size_t i = 0; ok && i < point->metric_count; i++)
    put_samples(&result->samples, point, i);
  error = hx_csv_flush(&result->samples);
  if (error < 0)
    return error;

  hx_stats_compute(NULL, 0, &row.stats);
  if (!ok) {
    put_point(&result->points, point, NULL, &row.stats);
    error = keep_row(result, &row);
  }
  for (size_t i = 0; ok && error == 0 && i < point->metric_count; i++) {
    struct hx_series *series = &point->series[i];
    if (series->count == 0)
      continue;
    row.metric = i;
    hx_stats_compute(series->value, series->count, &row.stats);
    put_point(&result->points, point, &metrics[i], &row.stats);
    error = keep_row(result, &row);
  }
  return error < 0 ? error : hx_csv_flush(&result->points);
}

static void print_number(double value)
{
  if (isfinite(value))
    printf(" %11.5g", value);
  else
    printf(" %11s", "-");
}

static void print_row(const struct hx_result *result, const struct hx_result_row *row)
{
  const struct hx_plan_point *point = &result->plan->point[row->point];
  char factors[96];
  hx_sweep_point_text(result->plan, point, factors, sizeof(factors));
  printf("  %-18s %-28s %7zu", point->variant->name, factors, row->stats.n);
  print_number(row->stats.p50);
  print_number(row->stats.ci_lo);
  print_number(row->stats.ci_hi);
  print_number(row->stats.p99);
  printf("\n");
}

/* The rows of one metric, variant by variant in the order of the table. */
static void print_metric(const struct hx_result *result, size_t metric)
{
  const struct hx_experiment *experiment = result->plan->experiment;
  bool titled = false;
  for (size_t v = 0; v < result->plan->variant_count; v++) {
    for (size_t i = 0; i < result->row_count; i++) {
      const struct hx_result_row *row = &result->row[i];
      if (row->verdict != HX_POINT_OK || row->metric != metric ||
          result->plan->point[row->point].variant != &experiment->variants[v])
        continue;
      if (!titled)
        printf("  %-18s %-28s %7s %11s %11s %11s %11s   %s\n", "variant", "factors", "n", "p50",
               "ci_lo", "ci_hi", "p99", experiment->metrics[metric].name);
      titled = true;
      print_row(result, row);
    }
  }
}

void hx_result_print(const struct hx_result *result)
{
  const struct hx_metric *metrics = result->plan->experiment->metrics;
  printf("%s on %s%s\n", result->plan->experiment->name, result->device,
         hx_device_is_sim(result->device) ? " (" HX_SIM_REMARK ")" : "");
  for (size_t metric = 0; metrics[metric].name != NULL; metric++)
    print_metric(result, metric);
  for (size_t i = 0; i < result->row_count; i++) {
    const struct hx_plan_point *point = &result->plan->point[result->row[i].point];
    char factors[96];
    if (result->row[i].verdict == HX_POINT_OK)
      continue;
    hx_sweep_point_text(result->plan, point, factors, sizeof(factors));
    printf("  %-18s %-28s %s\n", point->variant->name, factors,
           hx_point_verdict_text(result->row[i].verdict));
  }
  fflush(stdout);
}
