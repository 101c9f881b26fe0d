/* data_samples.c - the rows of samples.csv, given to their points; statistics computed again and
 * compared. See data.h. Rows of one point stand together, so the point of the row before is tried
 * first; its key is the row's cells other than index and value. Next: claims.h */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "csv.h"
#include "data.h"
#include "data_csv.h"
#include "interval.h"

#define SCHEMA_1_ROWS_MAX 10000 /* of a metric in samples.csv, whatever the writer has today */

static const char *const columns[] = {
    NULL,
    "experiment,variant,device,metric,unit,index,value",
    "experiment,variant,device,metric,unit,id,process,phase,index,value",
};

struct reader {
  struct hx_data *data;
  const struct hx_data_run *run;
  struct hx_data_csv csv;
  size_t first_point;
  size_t first_factor;
  int metric, id, process, phase, index, value; /* columns; -1: none */
  char *key;                                    /* of the row before */
  size_t key_bytes;
  struct hx_data_point *point; /* of the row before */
};

static int refuse_row(const struct reader *reader, const char *what, struct hx_why *why)
{
  return hx_refuse(why, -EBADMSG,
                   "%s, row %zu: %s; the file was edited: restore it, or run the experiment again",
                   reader->csv.path, (size_t)reader->csv.row, what);
}

static struct hx_data_point *point_of(const struct reader *reader, const char *id,
                                      const char *metric)
{
  for (size_t i = reader->first_point; i < reader->data->point_count; i++) {
    struct hx_data_point *point = &reader->data->point[i];
    if (strcmp(point->id, id) == 0 && strcmp(point->metric, metric) == 0)
      return point;
  }
  return NULL;
}

/* Do all cells but index and value equal those of the row before? Remembers them. */
static bool same_as_before(struct reader *reader)
{
  const struct hx_data_csv *csv = &reader->csv;
  size_t at = 0;
  bool same = reader->point != NULL;
  if (reader->key_bytes < csv->text_bytes) {
    char *key = realloc(reader->key, csv->text_bytes);
    if (key == NULL) {
      reader->data->out_of_memory = true;
      return same;
    }
    reader->key = key;
    reader->key_bytes = csv->text_bytes;
    same = false;
  }
  for (size_t i = 0; i < csv->column_count; i++) {
    const size_t bytes = strlen(csv->cell[i]) + 1;
    if ((int)i == reader->index || (int)i == reader->value)
      continue;
    same = same && strcmp(reader->key + at, csv->cell[i]) == 0;
    memcpy(reader->key + at, csv->cell[i], bytes);
    at += bytes;
  }
  return same;
}

static int find_point(struct reader *reader, struct hx_why *why)
{
  struct hx_data_csv *csv = &reader->csv;
  struct hx_data_name name = {csv->cell[0], csv->cell[1], csv->cell[2], NULL, 0};
  char id[HX_DATA_ID_BYTES];
  if (same_as_before(reader))
    return 0;
  if (hx_data_points_factors(reader->data, csv, reader->first_factor, &name) < 0)
    return -ENOMEM;
  const int result = hx_data_id(&name, id);
  free((void *)name.factor);
  if (result < 0)
    return result;
  if (reader->id >= 0 && strcmp(id, csv->cell[reader->id]) != 0)
    return refuse_row(reader, "the id is not that of its variant and factors", why);
  reader->point = point_of(reader, id, csv->cell[reader->metric]);
  if (reader->point == NULL || !reader->point->ok)
    return refuse_row(reader, "it belongs to no point of points.csv that is ok", why);
  return 0;
}

static struct hx_data_group *group_of(struct hx_data_point *point, unsigned process, bool warm)
{
  for (size_t i = 0; i < point->group_count; i++) {
    if (point->group[i].process == process && point->group[i].warm == warm)
      return &point->group[i];
  }
  struct hx_data_group *grown = realloc(point->group, (point->group_count + 1) * sizeof(*grown));
  if (grown == NULL)
    return NULL;
  point->group = grown;
  grown[point->group_count] = (struct hx_data_group){0};
  grown[point->group_count].process = process;
  grown[point->group_count].warm = warm;
  grown[point->group_count].index_last = -1.0;
  return &grown[point->group_count++];
}

static bool parse_finite(const char *cell, double *out)
{
  char *end = NULL;
  *out = strtod(cell, &end);
  return end != cell && *end == '\0' && isfinite(*out);
}

static int take_row(struct reader *reader, struct hx_why *why)
{
  char **cell = reader->csv.cell;
  double value = 0.0;
  double index = 0.0;
  double process = 0.0;
  bool warm = false;
  const int result = find_point(reader, why);
  if (result < 0)
    return result;
  if (!parse_finite(cell[reader->value], &value))
    return refuse_row(reader, "the value is no finite number", why);
  if (!parse_finite(cell[reader->index], &index))
    return refuse_row(reader, "the index is no number", why);
  if (reader->process >= 0 && (!parse_finite(cell[reader->process], &process) || process < 0.0 ||
                               process > 1e6 || process != floor(process)))
    return refuse_row(reader, "the process is no number", why);
  if (reader->phase >= 0) {
    warm = strcmp(cell[reader->phase], "warm") == 0;
    if (!warm && strcmp(cell[reader->phase], "measure") != 0)
      return refuse_row(reader, "the phase is neither warm nor measure", why);
  }
  struct hx_data_group *group = group_of(reader->point, (unsigned)process, warm);
  if (group == NULL)
    return -ENOMEM;
  if (index <= group->index_last)
    return refuse_row(reader, "the index does not grow: rows are doubled or out of order", why);
  group->index_last = index;
  if (group->count == group->capacity) {
    const size_t capacity = 2 * group->capacity + 64;
    double *grown = realloc(group->value, capacity * sizeof(*grown));
    if (grown == NULL)
      return -ENOMEM;
    group->value = grown;
    group->capacity = capacity;
  }
  group->value[group->count++] = value;
  return 0;
}

static int compare_groups(const void *left, const void *right)
{
  const struct hx_data_group *a = left;
  const struct hx_data_group *b = right;
  if (a->process != b->process)
    return a->process < b->process ? -1 : 1;
  return (int)b->warm - (int)a->warm;
}

static int refuse_statistic(const struct hx_data_point *point, const char *name,
                            const char *computed, const char *written, struct hx_why *why)
{
  return hx_refuse(why, -EBADMSG,
                   "%s does not follow from the samples beside it: %s of %s %s (point %s) is "
                   "'%s', and the samples give '%s'; one of the files was edited: restore it, or "
                   "run the experiment again",
                   point->run->points_path, name, point->variant, point->metric, point->id, written,
                   computed);
}

/* Computes an interval over processes again. 1; 0: by another method, or too few processes. */
static int interval_again(const struct hx_data_point *point, double ci[2])
{
  struct hx_arm arm = {0};
  if (strcmp(point->ci_method, HX_INTERVAL_BOOTSTRAP) != 0)
    return 0;
  arm.process = calloc(point->group_count + 1, sizeof(*arm.process));
  if (arm.process == NULL)
    return -ENOMEM;
  for (size_t i = 0; i < point->group_count; i++) {
    const struct hx_data_group *group = &point->group[i];
    if (!group->warm)
      arm.process[arm.process_count++] =
          (struct hx_arm_process){group->value, group->count, group->count};
  }
  const int result = hx_interval_over_processes(&arm, point->id, point->metric, ci);
  free(arm.process);
  return result;
}

/* Computes the statistics again. The samples of a point that schema 1 thinned say nothing. */
static int check_statistics(struct hx_data_point *point, struct hx_why *why)
{
  static const char *const name[HX_DATA_STAT_COUNT] = {"n",    "min", "p50",  "p90",   "p99",
                                                       "p999", "max", "mean", "ci_lo", "ci_hi"};
  struct hx_stats stats;
  double *values = NULL;
  const long count = hx_data_values(point, &values);
  if (count < 0)
    return -ENOMEM;
  if (point->run->schema == 1 && count == SCHEMA_1_ROWS_MAX && point->stats.n > (size_t)count) {
    free(values);
    return 0;
  }
  hx_stats_compute(values, (size_t)count, &stats);
  free(values);
  double ci[2];
  const int over = interval_again(point, ci);
  if (over < 0)
    return over;
  if (over > 0) {
    stats.ci_lo = ci[0];
    stats.ci_hi = ci[1];
  }
  const double again[HX_DATA_STAT_COUNT] = {(double)stats.n, stats.min,  stats.p50, stats.p90,
                                            stats.p99,       stats.p999, stats.max, stats.mean,
                                            stats.ci_lo,     stats.ci_hi};
  const bool ci_known = over > 0 || point->ci_method[0] == '\0' ||
                        strstr(point->ci_method, HX_INTERVAL_ORDER) != NULL;
  for (int i = 0; i < (ci_known ? HX_DATA_STAT_COUNT : HX_DATA_CI_LO); i++) {
    char text[HX_NUMBER_BYTES];
    hx_csv_format(again[i], text);
    if (strcmp(text, point->cell[i]) != 0)
      return refuse_statistic(point, name[i], text, point->cell[i], why);
  }
  point->checked = true;
  point->ci_checked = ci_known;
  return 0;
}

static int read_rows(struct reader *reader, struct hx_why *why)
{
  const char *fixed = columns[reader->run->schema];
  struct hx_text_list list = {0};
  int result = 0;
  if (hx_text_split(fixed, ',', &list) < 0)
    return -ENOMEM;
  for (size_t i = 0; i < list.count && result == 0; i++) {
    if (i >= reader->csv.column_count || strcmp(reader->csv.header[i], list.item[i]) != 0)
      result = refuse_row(reader, "the header is not that of run.json's schema", why);
  }
  reader->first_factor = list.count;
  hx_text_list_fini(&list);
  reader->metric = hx_data_csv_column(&reader->csv, "metric");
  reader->id = hx_data_csv_column(&reader->csv, "id");
  reader->process = hx_data_csv_column(&reader->csv, "process");
  reader->phase = hx_data_csv_column(&reader->csv, "phase");
  reader->index = hx_data_csv_column(&reader->csv, "index");
  reader->value = hx_data_csv_column(&reader->csv, "value");
  int row = 0;
  while (result == 0 && (row = hx_data_csv_next(&reader->csv, why)) > 0)
    result = take_row(reader, why);
  return row < 0 ? row : result;
}

int hx_data_samples_read(struct hx_data *data, struct hx_data_run *run, size_t first,
                         struct hx_why *why)
{
  static const char *const names[] = {"samples.csv", "samples.csv.gz"};
  struct reader reader = {.data = data, .run = run, .first_point = first};
  char path[4096] = "";
  int result = 0;
  run->samples_path = "";
  for (size_t i = 0; i < 2 && !run->samples_known; i++) {
    snprintf(path, sizeof(path), "%s/%s", run->folder, names[i]);
    run->samples_known = access(path, F_OK) == 0;
  }
  if (!run->samples_known)
    return 0;
  run->samples_path = hx_data_keep(data, path);
  if (hx_data_csv_open(&reader.csv, path, why) < 0)
    return -EBADMSG;
  result = read_rows(&reader, why);
  hx_data_csv_close(&reader.csv);
  free(reader.key);
  for (size_t i = first; i < data->point_count && result == 0; i++) {
    struct hx_data_point *point = &data->point[i];
    if (point->group_count > 0)
      qsort(point->group, point->group_count, sizeof(*point->group), compare_groups);
    if (point->ok)
      result = check_statistics(point, why);
  }
  return result;
}
