/* data_points.c - the rows of points.csv as struct hx_data_point. See data.h. Next: data_samples.c
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "data_csv.h"

/* The columns before the factors. They are kept here for both schemas, apart from what the writer
 * has today: a reader must know what was written then. */
static const char *const columns[] = {
    NULL,
    "experiment,variant,device,metric,unit,n,min,p50,p90,p99,p999,max,mean,ci_lo,ci_hi,status,"
    "reason",
    "experiment,variant,device,metric,unit,id,processes,n,min,p50,p90,p99,p999,max,mean,ci_lo,"
    "ci_hi,ci_method,status,reason",
};

static const char *const stat_name[HX_DATA_STAT_COUNT] = {"n",    "min", "p50",  "p90",   "p99",
                                                          "p999", "max", "mean", "ci_lo", "ci_hi"};

/* The index of the first factor, or refused: the fixed columns are not there in their order. */
static int check_header(const struct hx_data_csv *csv, const char *fixed, struct hx_why *why)
{
  struct hx_text_list list = {0};
  size_t count = 0;
  bool right = true;
  if (hx_text_split(fixed, ',', &list) < 0)
    return -ENOMEM;
  for (; count < list.count && right; count++)
    right = count < csv->column_count && strcmp(csv->header[count], list.item[count]) == 0;
  if (!right)
    hx_refuse(why, -EPROTO,
              "%s: column %zu is '%s', not '%s' as run.json's schema has it; the header was "
              "edited: restore it, or run the experiment again",
              csv->path, count, count <= csv->column_count ? csv->header[count - 1] : "(none)",
              list.item[count - 1]);
  const size_t first = list.count;
  hx_text_list_fini(&list);
  return right ? (int)first : -EPROTO;
}

static int compare_factors(const void *left, const void *right)
{
  return strcmp(((const struct hx_data_factor *)left)->name,
                ((const struct hx_data_factor *)right)->name);
}

int hx_data_points_factors(struct hx_data *data, const struct hx_data_csv *csv, size_t first,
                           struct hx_data_name *name)
{
  struct hx_data_factor *factor = calloc(csv->column_count - first + 1, sizeof(*factor));
  if (factor == NULL)
    return -ENOMEM;
  name->factor_count = 0;
  for (size_t i = first; i < csv->column_count; i++) {
    if (csv->cell[i][0] != '\0')
      factor[name->factor_count++] = (struct hx_data_factor){hx_data_keep(data, csv->header[i]),
                                                             hx_data_keep(data, csv->cell[i])};
  }
  qsort(factor, name->factor_count, sizeof(*factor), compare_factors);
  name->factor = factor;
  return 0;
}

static struct hx_data_point *new_point(struct hx_data *data)
{
  if (data->point_count == data->point_capacity) {
    const size_t capacity = 2 * data->point_capacity + 64;
    struct hx_data_point *grown = realloc(data->point, capacity * sizeof(*grown));
    if (grown == NULL)
      return NULL;
    data->point = grown;
    data->point_capacity = capacity;
  }
  struct hx_data_point *point = &data->point[data->point_count++];
  *point = (struct hx_data_point){0};
  point->seconds = NAN;
  return point;
}

static int refuse_cell(const struct hx_data_csv *csv, const char *column, struct hx_why *why)
{
  const int at = hx_data_csv_column(csv, column);
  return hx_refuse(why, -EBADMSG,
                   "%s, row %zu: %s is '%.60s', which cannot be; the file was edited: restore it, "
                   "or run the experiment again",
                   csv->path, (size_t)csv->row, column, at >= 0 ? csv->cell[at] : "");
}

/* A finite number, or NAN for an empty cell; false for anything else. */
static bool parse_number(const char *cell, double *out)
{
  char *end = NULL;
  *out = NAN;
  if (cell[0] == '\0')
    return true;
  *out = strtod(cell, &end);
  return *end == '\0' && isfinite(*out) && strchr(" \t+", cell[0]) == NULL;
}

static int take_statistics(struct hx_data *data, const struct hx_data_csv *csv,
                           struct hx_data_point *point, struct hx_why *why)
{
  double value[HX_DATA_STAT_COUNT];
  const int first = hx_data_csv_column(csv, "n");
  for (int i = 0; i < HX_DATA_STAT_COUNT; i++) {
    const char *cell = csv->cell[first + i];
    const bool right = parse_number(cell, &value[i]) && (point->ok || cell[0] == '\0' || i == 0);
    if (!right)
      return refuse_cell(csv, stat_name[i], why);
    point->cell[i] = hx_data_keep(data, cell);
  }
  const double n = isnan(value[HX_DATA_N]) ? 0.0 : value[HX_DATA_N];
  if (n < 0.0 || n != floor(n) || n > 1e15 || (point->ok && n < 1.0))
    return refuse_cell(csv, "n", why);
  point->stats = (struct hx_stats){(size_t)n,           value[HX_DATA_MIN],  value[HX_DATA_P50],
                                   value[HX_DATA_P90],  value[HX_DATA_P99],  value[HX_DATA_P999],
                                   value[HX_DATA_MAX],  value[HX_DATA_MEAN], value[HX_DATA_CI_LO],
                                   value[HX_DATA_CI_HI]};
  return 0;
}

static const char *cell_of(struct hx_data *data, const struct hx_data_csv *csv, const char *name)
{
  const int at = hx_data_csv_column(csv, name);
  return at < 0 ? "" : hx_data_keep(data, csv->cell[at]);
}

/* One row. The factors begin in column `first`. */
static int take_row(struct hx_data *data, const struct hx_data_run *run,
                    const struct hx_data_csv *csv, size_t first, struct hx_why *why)
{
  static const char *const known[] = {"ok", "failed", "skipped", "timeout", "crashed"};
  struct hx_data_point *point = new_point(data);
  struct hx_data_name name;
  bool status_known = false;
  if (point == NULL)
    return -ENOMEM;
  point->run = run;
  point->experiment = cell_of(data, csv, "experiment");
  point->variant = cell_of(data, csv, "variant");
  point->device = cell_of(data, csv, "device");
  point->metric = cell_of(data, csv, "metric");
  point->unit = cell_of(data, csv, "unit");
  point->status = cell_of(data, csv, "status");
  point->reason = cell_of(data, csv, "reason");
  point->ci_method = cell_of(data, csv, "ci_method");
  point->processes = run->schema == 1 ? 1 : (unsigned)atoi(cell_of(data, csv, "processes"));
  point->ok = strcmp(point->status, "ok") == 0;
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
    status_known = status_known || strcmp(point->status, known[i]) == 0;
  if (!status_known)
    return refuse_cell(csv, "status", why);
  if (strcmp(point->experiment, run->experiment) != 0)
    return refuse_cell(csv, "experiment", why);
  if ((point->metric[0] != '\0') != point->ok)
    return refuse_cell(csv, "metric", why);
  name = (struct hx_data_name){point->experiment, point->variant, point->device, NULL, 0};
  if (hx_data_points_factors(data, csv, first, &name) < 0 || hx_data_id(&name, point->id) < 0)
    return -ENOMEM;
  point->factor = name.factor;
  point->factor_count = name.factor_count;
  if (run->schema > 1 && strcmp(point->id, cell_of(data, csv, "id")) != 0)
    return refuse_cell(csv, "id", why);
  return take_statistics(data, csv, point, why);
}

int hx_data_points_read(struct hx_data *data, const struct hx_data_run *run, struct hx_why *why)
{
  char path[4096];
  struct hx_data_csv csv;
  int result = 0;
  int row = 0;
  snprintf(path, sizeof(path), "%s/points.csv", run->folder);
  if (hx_data_csv_open(&csv, path, why) < 0)
    return -EBADMSG;
  ((struct hx_data_run *)run)->points_path = hx_data_keep(data, path);
  const int first = check_header(&csv, columns[run->schema], why);
  result = first < 0 ? first : 0;
  while (result == 0 && (row = hx_data_csv_next(&csv, why)) > 0)
    result = take_row(data, run, &csv, (size_t)first, why);
  hx_data_csv_close(&csv);
  return row < 0 ? row : result;
}
