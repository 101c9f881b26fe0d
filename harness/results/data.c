/* data.c - see data.h: which folders, ids, and finding a point. Next: data_run.c */
#include "data.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nearest.h"
#include "sha256.h"
#include "sums.h"

const char *hx_data_keep(struct hx_data *data, const char *text)
{
  if (text == NULL || text[0] == '\0')
    return "";
  if (data->text_count == data->text_capacity) {
    const size_t capacity = 2 * data->text_capacity + 256;
    char **grown = realloc(data->text, capacity * sizeof(*grown));
    if (grown == NULL) {
      data->out_of_memory = true;
      return "";
    }
    data->text = grown;
    data->text_capacity = capacity;
  }
  char *copy = strdup(text);
  if (copy == NULL) {
    data->out_of_memory = true;
    return "";
  }
  data->text[data->text_count++] = copy;
  return copy;
}

int hx_data_id(const struct hx_data_name *name, char id[HX_DATA_ID_BYTES])
{
  char hash[HX_SHA256_TEXT_BYTES];
  char *text = NULL;
  size_t bytes = 0;
  FILE *stream = open_memstream(&text, &bytes);
  if (stream == NULL)
    return -ENOMEM;
  fprintf(stream, "grosr point 2\n%s\n%s\n%s\n", name->experiment, name->variant, name->device);
  for (size_t i = 0; i < name->factor_count; i++)
    fprintf(stream, "%s=%s\n", name->factor[i].name, name->factor[i].value);
  if (fclose(stream) != 0) {
    free(text);
    return -ENOMEM;
  }
  hx_sha256_bytes(text, bytes, hash);
  snprintf(id, HX_DATA_ID_BYTES, "%.16s", hash);
  free(text);
  return 0;
}

/* Does the folder hold a run of one experiment? */
static bool holds_run(const char *folder)
{
  static const char *const name[] = {"run.json", "points.csv"};
  char path[4096];
  bool found = false;
  for (size_t i = 0; i < 2; i++) {
    snprintf(path, sizeof(path), "%s/%s", folder, name[i]);
    found = found || access(path, F_OK) == 0;
  }
  return found;
}

static int add_run(struct hx_data *data, const char *folder, const char *root, size_t root_index)
{
  if (data->run_count == data->run_capacity) {
    const size_t capacity = 2 * data->run_capacity + 8;
    struct hx_data_run **grown = realloc(data->run, capacity * sizeof(struct hx_data_run *));
    if (grown == NULL)
      return -ENOMEM;
    data->run = grown;
    data->run_capacity = capacity;
  }
  struct hx_data_run *run = calloc(1, sizeof(*run));
  if (run == NULL)
    return -ENOMEM;
  data->run[data->run_count++] = run;
  run->folder = hx_data_keep(data, folder);
  run->root = hx_data_keep(data, root);
  run->root_index = root_index;
  return 0;
}

/* The folder's name without slashes at its end; what a user meant by `results/runs/x/`. */
static void trim(const char *folder, char *text, size_t text_bytes)
{
  snprintf(text, text_bytes, "%s", folder);
  for (size_t n = strlen(text); n > 1 && text[n - 1] == '/'; n--)
    text[n - 1] = '\0';
}

static int refuse_folder(const char *folder, struct hx_why *why)
{
  char parent[4096];
  char near[256];
  trim(folder, parent, sizeof(parent));
  char *slash = strrchr(parent, '/');
  const char *name = slash != NULL ? slash + 1 : folder;
  if (slash != NULL)
    *slash = '\0';
  hx_nearest_files(name, slash != NULL ? parent : ".", near, sizeof(near));
  return hx_refuse(why, -ENOENT, "there is no folder %s%s%s; give one that `grosr run --out` made",
                   folder, near[0] != '\0' ? "; near it there is " : "", near);
}

static int add_folder(struct hx_data *data, const char *given, size_t index, struct hx_why *why)
{
  char folder[4096];
  char path[4096 + 512];
  struct dirent **entry = NULL;
  struct stat status;
  int result = 0;
  size_t found = data->run_count;
  trim(given, folder, sizeof(folder));
  if (stat(folder, &status) < 0 || !S_ISDIR(status.st_mode))
    return refuse_folder(given, why);
  if (holds_run(folder))
    return add_run(data, folder, folder, index);
  const int count = scandir(folder, &entry, NULL, alphasort);
  if (count < 0)
    return hx_refuse(why, -errno, "cannot read %s: %s", folder, strerror(errno));
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
    if (result == 0 && entry[i]->d_name[0] != '.' && holds_run(path))
      result = add_run(data, path, folder, index);
    free(entry[i]);
  }
  free(entry);
  if (result == 0 && data->run_count == found)
    return hx_refuse(why, -ENOENT,
                     "%s holds no results (no <experiment>/points.csv in it); give a folder that "
                     "`grosr run --out` made, or run `grosr run EXP --out %s`",
                     folder, folder);
  return result;
}

static int compare_ids(const void *left, const void *right)
{
  const struct hx_data_point *a = *(const struct hx_data_point *const *)left;
  const struct hx_data_point *b = *(const struct hx_data_point *const *)right;
  int order = strcmp(a->id, b->id);
  if (order == 0)
    order = strcmp(a->metric, b->metric);
  return order != 0 ? order : (a > b) - (a < b);
}

static int sort_by_id(struct hx_data *data, struct hx_why *why)
{
  data->by_id = calloc(data->point_count + 1, sizeof(*data->by_id));
  if (data->by_id == NULL)
    return -ENOMEM;
  for (size_t i = 0; i < data->point_count; i++)
    data->by_id[i] = &data->point[i];
  qsort(data->by_id, data->point_count, sizeof(*data->by_id), compare_ids);
  for (size_t i = 1; i < data->point_count; i++) {
    const struct hx_data_point *a = data->by_id[i - 1];
    const struct hx_data_point *b = data->by_id[i];
    if (a->run == b->run && strcmp(a->id, b->id) == 0 && strcmp(a->metric, b->metric) == 0)
      return hx_refuse(why, -EEXIST,
                       "%s has the point %s (%s, %s) twice; the file was edited: restore it, or "
                       "run the experiment again",
                       a->run->points_path, a->id, a->variant, a->metric);
  }
  return 0;
}

static int read_runs(struct hx_data *data, struct hx_why *why)
{
  int result = 0;
  for (size_t i = 0; i < data->run_count && result == 0; i++) {
    const size_t first = data->point_count;
    result = hx_data_run_read(data, data->run[i], why);
    if (result == 0)
      result = hx_data_points_read(data, data->run[i], why);
    if (result == 0)
      result = hx_data_samples_read(data, data->run[i], first, why);
    if (result == 0)
      hx_data_run_seconds(data, data->run[i], first);
    if (result == 0 && data->run[i]->has_blocks)
      result = hx_sums_follow(data->run[i]->folder, why);
  }
  return result == 0 ? sort_by_id(data, why) : result;
}

int hx_data_open(struct hx_data *data, const char *const *folder, size_t count, struct hx_why *why)
{
  int result = 0;
  *data = (struct hx_data){0};
  why->text[0] = '\0';
  for (size_t i = 0; i < count && result == 0; i++)
    result = add_folder(data, folder[i], i, why);
  if (result == 0)
    result = read_runs(data, why);
  if (result == 0 && data->out_of_memory)
    result = -ENOMEM;
  if (result == -ENOMEM && why->text[0] == '\0')
    hx_refuse(why, -ENOMEM, "out of memory while reading results; give fewer runs at once");
  if (result < 0)
    hx_data_fini(data);
  return result;
}

void hx_data_fini(struct hx_data *data)
{
  for (size_t i = 0; i < data->point_count; i++) {
    for (size_t k = 0; k < data->point[i].group_count; k++)
      free(data->point[i].group[k].value);
    free(data->point[i].group);
    free((void *)data->point[i].factor);
  }
  for (size_t i = 0; i < data->run_count; i++) {
    json_decref(data->run[i]->json);
    free(data->run[i]);
  }
  for (size_t i = 0; i < data->text_count; i++)
    free(data->text[i]);
  free(data->text);
  free(data->run);
  free(data->point);
  free(data->by_id);
  *data = (struct hx_data){0};
}

const struct hx_data_point *hx_data_find(const struct hx_data *data, const char *id,
                                         const char *metric)
{
  size_t low = 0;
  size_t high = data->point_count;
  while (low < high) { /* the first that is not before (id, metric) */
    const size_t middle = low + (high - low) / 2;
    const int order = strcmp(data->by_id[middle]->id, id);
    if (order < 0 || (order == 0 && strcmp(data->by_id[middle]->metric, metric) < 0))
      low = middle + 1;
    else
      high = middle;
  }
  if (low == data->point_count || strcmp(data->by_id[low]->id, id) != 0 ||
      strcmp(data->by_id[low]->metric, metric) != 0)
    return NULL;
  return data->by_id[low];
}

const struct hx_data_point *hx_data_find_next(const struct hx_data *data,
                                              const struct hx_data_point *point)
{
  for (const struct hx_data_point *at = point + 1; at < data->point + data->point_count; at++) {
    if (strcmp(at->id, point->id) == 0 && strcmp(at->metric, point->metric) == 0)
      return at;
  }
  return NULL;
}

const char *hx_data_factor(const struct hx_data_point *point, const char *name)
{
  for (size_t i = 0; i < point->factor_count; i++) {
    if (strcmp(point->factor[i].name, name) == 0)
      return point->factor[i].value;
  }
  return NULL;
}

long hx_data_values(const struct hx_data_point *point, double **out)
{
  size_t count = 0;
  for (size_t i = 0; i < point->group_count; i++)
    count += point->group[i].warm ? 0 : point->group[i].count;
  double *values = calloc(count + 1, sizeof(*values));
  if (values == NULL)
    return -ENOMEM;
  count = 0;
  for (size_t i = 0; i < point->group_count; i++) {
    if (point->group[i].warm || point->group[i].count == 0)
      continue;
    memcpy(values + count, point->group[i].value, point->group[i].count * sizeof(*values));
    count += point->group[i].count;
  }
  *out = values;
  return (long)count;
}

int hx_data_check_one_machine(const struct hx_data *data, struct hx_why *why)
{
  for (size_t i = 1; i < data->run_count; i++) {
    const struct hx_data_run *a = data->run[0];
    const struct hx_data_run *b = data->run[i];
    const bool same_device =
        strcmp(a->device, b->device) != 0 || strcmp(a->device_text, b->device_text) == 0;
    if (strcmp(a->host, b->host) != 0 || strcmp(a->machine, b->machine) != 0 || !same_device)
      return hx_refuse(why, -EXDEV,
                       "two machines: %s ran on %s (%s, %s) and %s on %s (%s, %s); give runs of "
                       "one machine",
                       a->folder, a->host, a->machine, a->device_text, b->folder, b->host,
                       b->machine, b->device_text);
  }
  return 0;
}
