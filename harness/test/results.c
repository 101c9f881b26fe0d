/* results.c - see results.h. Next: test_data.c */
#include "results.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "csv.h"
#include "data.h"
#include "sha256.h"
#include "stats.h"

static FILE *open_in(const char *folder, const char *experiment, const char *name)
{
  char path[4096];
  snprintf(path, sizeof(path), "%s/%s/%s", folder, experiment, name);
  FILE *file = fopen(path, "w");
  cr_assert_not_null(file, "cannot write %s", path);
  return file;
}

/* The value of "k" in "k=v,k2=v2", or "". */
static const char *value_of(const char *factors, const char *name, char *text, size_t text_bytes)
{
  const size_t bytes = strlen(name);
  text[0] = '\0';
  for (const char *at = factors; at != NULL && *at != '\0'; at = strchr(at, ',')) {
    at += *at == ',';
    if (strncmp(at, name, bytes) == 0 && at[bytes] == '=')
      snprintf(text, text_bytes, "%.*s", (int)strcspn(at + bytes + 1, ","), at + bytes + 1);
  }
  return text;
}

/* ",v,v" in the order of the columns. */
static void put_factors(FILE *file, const struct made_run *run, const char *factors)
{
  struct hx_text_list list = {0};
  char text[64];
  hx_text_split(run->columns, ',', &list);
  for (size_t i = 0; i < list.count; i++)
    fprintf(file, ",%s", value_of(factors, list.item[i], text, sizeof(text)));
  fputc('\n', file);
  hx_text_list_fini(&list);
}

static int by_name(const void *left, const void *right)
{
  return strcmp(((const struct hx_data_factor *)left)->name,
                ((const struct hx_data_factor *)right)->name);
}

static void id_of(const struct made_run *run, const struct made_point *point,
                  char id[HX_DATA_ID_BYTES])
{
  struct hx_data_factor factor[8];
  struct hx_data_name name = {run->experiment, point->variant, run->device, factor, 0};
  struct hx_text_list list = {0};
  hx_text_split(point->factors, ',', &list);
  for (; name.factor_count < list.count; name.factor_count++) {
    char *equals = strchr(list.item[name.factor_count], '=');
    *equals = '\0';
    factor[name.factor_count] = (struct hx_data_factor){list.item[name.factor_count], equals + 1};
  }
  qsort(factor, list.count, sizeof(factor[0]), by_name);
  hx_data_id(&name, id);
  hx_text_list_fini(&list);
}

static const struct made_place *place_of(const struct made_run *run)
{
  static const struct made_place usual = {"made", "00", 1, 0.0};
  return run->place != NULL ? run->place : &usual;
}

static void put_samples(FILE *file, const struct made_run *run, const struct made_point *point)
{
  char id[HX_DATA_ID_BYTES];
  char number[HX_NUMBER_BYTES];
  id_of(run, point, id);
  for (unsigned p = 0; p < place_of(run)->processes; p++) {
    const double scale = 1.0 + p * place_of(run)->drift;
    for (size_t i = 0; i <= point->count && point->count > 0; i++) { /* the first is warm-up */
      hx_csv_format(scale *
                        (i == 0 ? 9 * point->value : point->value + (double)(i - 1) * point->step),
                    number);
      fprintf(file, "%s,%s,%s,%s,%s,%s,%u,%s,%zu,%s", run->experiment, point->variant, run->device,
              point->metric, point->unit, id, p, i == 0 ? "warm" : "measure", i == 0 ? 0 : i - 1,
              number);
      put_factors(file, run, point->factors);
    }
  }
}

static void put_point(FILE *file, const struct made_run *run, const struct made_point *point)
{
  double values[4096];
  struct hx_stats stats;
  char id[HX_DATA_ID_BYTES];
  id_of(run, point, id);
  const struct made_place *place = place_of(run);
  const size_t count = point->count * place->processes;
  cr_assert_leq(count, sizeof(values) / sizeof(values[0]));
  for (size_t i = 0; i < count; i++) {
    const size_t p = i / point->count;
    char number[HX_NUMBER_BYTES]; /* as the file has it, and nobody can know it better */
    hx_csv_format((1.0 + (double)p * place->drift) *
                      (point->value + (double)(i % point->count) * point->step),
                  number);
    values[i] = strtod(number, NULL);
  }
  hx_stats_compute(values, count, &stats);
  const double cell[] = {stats.min, stats.p50,  stats.p90,   stats.p99,  stats.p999,
                         stats.max, stats.mean, stats.ci_lo, stats.ci_hi};
  const bool ok = point->status == NULL;
  fprintf(file, "%s,%s,%s,%s,%s,%s,%u,%zu", run->experiment, point->variant, run->device,
          ok ? point->metric : "", ok ? point->unit : "", id, place->processes, ok ? count : 0);
  for (size_t i = 0; i < sizeof(cell) / sizeof(cell[0]); i++) {
    char number[HX_NUMBER_BYTES] = "";
    if (ok)
      hx_csv_format(cell[i], number);
    fprintf(file, ",%s", number);
  }
  fprintf(file, ",order statistics,%s,%s", ok ? "ok" : point->status,
          ok ? "" : "\"why, in words\"");
  put_factors(file, run, point->factors);
}

static void put_json(const char *folder, const struct made_run *run)
{
  json_t *points = json_array();
  for (size_t i = 0; i < run->point_count; i++) {
    char id[HX_DATA_ID_BYTES];
    id_of(run, &run->point[i], id);
    json_array_append_new(points, json_pack("{s:s, s:f}", "id", id, "seconds", 0.5));
  }
  json_t *json = json_pack(
      "{s:i, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:{s:s}}, s:{s:s, s:{s:s, s:b}}, "
      "s:{s:s, s:{s:[{s:s, s:s, s:s}]}}, s:s, s:o}",
      "schema", 2, "run_id", "20261123T000000Z-made", "experiment", run->experiment, "title",
      "a made run", "tier", "smoke", "device", "name", run->device, "description", run->device_text,
      "machine", "host", place_of(run)->host, "cpu", "model", "Made CPU", "build", "binary_sha256",
      place_of(run)->binary, "git", "sha", "0123456789abcdef", "dirty", 0, "environment", "grade",
      "B", "before", "reasons", "rule", "made", "grade", "B", "value", "for a test",
      "time_start_utc", "20261123T013429Z", "points", points);
  FILE *file = open_in(folder, run->experiment, "run.json");
  json_dumpf(json, file, JSON_INDENT(2));
  fclose(file);
  json_decref(json);
}

void results_make(const char *folder, const struct made_run *run)
{
  char path[4096];
  mkdir(folder, 0777);
  snprintf(path, sizeof(path), "%s/%s", folder, run->experiment);
  mkdir(path, 0777);
  FILE *samples = open_in(folder, run->experiment, "samples.csv");
  FILE *points = open_in(folder, run->experiment, "points.csv");
  const char *comma = run->columns[0] != '\0' ? "," : "";
  fprintf(samples, "experiment,variant,device,metric,unit,id,process,phase,index,value%s%s\n",
          comma, run->columns);
  fprintf(points,
          "experiment,variant,device,metric,unit,id,processes,n,min,p50,p90,p99,p999,max,mean,"
          "ci_lo,ci_hi,ci_method,status,reason%s%s\n",
          comma, run->columns);
  for (size_t i = 0; i < run->point_count; i++) {
    if (run->point[i].status == NULL)
      put_samples(samples, run, &run->point[i]);
    put_point(points, run, &run->point[i]);
  }
  fclose(samples);
  fclose(points);
  put_json(folder, run);
  results_sum(folder, run->experiment);
}

void results_sum(const char *folder, const char *experiment)
{
  static const char *const name[] = {"samples.csv", "points.csv", "run.json"};
  json_t *files = json_object();
  for (size_t i = 0; i < 3; i++) {
    char path[4096];
    char hash[HX_SHA256_TEXT_BYTES];
    snprintf(path, sizeof(path), "%s/%s/%s", folder, experiment, name[i]);
    if (hx_sha256_file(path, hash) == 0)
      json_object_set_new(files, name[i], json_string(hash));
  }
  FILE *file = open_in(folder, experiment, "sums.json");
  json_dumpf(files, file, JSON_INDENT(1));
  fclose(file);
  json_decref(files);
}

char *results_read(const char *folder, const char *path)
{
  char full[4096];
  char *text = NULL;
  size_t bytes = 0;
  snprintf(full, sizeof(full), "%s/%s", folder, path);
  FILE *file = fopen(full, "r");
  cr_assert_not_null(file, "cannot read %s", full);
  const ssize_t got = getdelim(&text, &bytes, '\0', file);
  fclose(file);
  cr_assert_geq(got, 0);
  return text;
}

void results_write(const char *folder, const char *path, const char *text)
{
  char full[4096];
  snprintf(full, sizeof(full), "%s/%s", folder, path);
  FILE *file = fopen(full, "w");
  cr_assert_not_null(file, "cannot write %s", full);
  fputs(text, file);
  fclose(file);
}

void results_edit(const char *folder, const char *path, const char *old, const char *new)
{
  char *text = results_read(folder, path);
  char *edited = NULL;
  char *at = strstr(text, old);
  cr_assert_not_null(at, "%s has no '%s'", path, old);
  cr_assert_geq(asprintf(&edited, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old)), 0);
  results_write(folder, path, edited);
  free(edited);
  free(text);
}
