/* compare_read.c - see compare_read.h. Next: csv_table.h */
#include "compare_read.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "csv_table.h"

#define PATH_BYTES 4096u
#define NAME_BYTES 1024u

static const char *const side_name[HX_COMPARE_WHICH_COUNT] = {"base", "new"};

static const char *text_at(const json_t *json, const char *a, const char *b, const char *c)
{
  const json_t *at = json_object_get(json, a);
  at = b != NULL ? json_object_get(at, b) : at;
  at = c != NULL ? json_object_get(at, c) : at;
  return json_is_string(at) ? json_string_value(at) : "";
}

static void read_facts(const char *folder, struct hx_compare_run *run,
                       char binary[HX_COMPARE_HASH_BYTES])
{
  char path[PATH_BYTES];
  binary[0] = '\0';
  snprintf(path, sizeof(path), "%s/run.json", folder);
  json_t *json = json_load_file(path, 0, NULL);
  snprintf(binary, HX_COMPARE_HASH_BYTES, "%s", text_at(json, "build", "binary_sha256", NULL));
  if (run->machine[0] == '\0') {
    /* Of a CPU the model says it all, and not every experiment describes it. */
    const bool is_cpu = strcmp(text_at(json, "device", "name", NULL), "cpu") == 0;
    const char *device = is_cpu ? "" : text_at(json, "device", "description", NULL);
    snprintf(run->machine, sizeof(run->machine), "%s, %s%s%s",
             text_at(json, "machine", "host", NULL), text_at(json, "machine", "cpu", "model"),
             device[0] != '\0' ? ", " : "", device);
    snprintf(run->commit, sizeof(run->commit), "%s", text_at(json, "build", "git", "sha"));
    snprintf(run->time_utc, sizeof(run->time_utc), "%s",
             text_at(json, "time_start_utc", NULL, NULL));
  }
  json_decref(json);
}

/* "experiment variant device k=v ..." of a row; the factors are the columns after `fixed`. */
static void name_of(const struct hx_csv_table *table, size_t row, size_t fixed,
                    char name[NAME_BYTES])
{
  static const char *const first[] = {"experiment", "variant", "device"};
  size_t used = 0;
  name[0] = '\0';
  for (size_t i = 0; i < 3; i++)
    used += (size_t)snprintf(name + used, NAME_BYTES - used, "%s%s", i > 0 ? " " : "",
                             hx_csv_table_cell(table, row, first[i]));
  for (size_t i = fixed; i < table->column_count && used < NAME_BYTES; i++) {
    const char *value = hx_csv_table_at(table, row, i);
    if (value[0] != '\0')
      used += (size_t)snprintf(name + used, NAME_BYTES - used, " %s=%s",
                               hx_csv_table_at(table, 0, i), value);
  }
}

static struct hx_compare_item *find_item(struct hx_compare *all, const char *name,
                                         const char *metric)
{
  for (size_t i = all->item_count; i-- > 0;) { /* rows come in groups: it is one of the last */
    if (strcmp(all->item[i].name, name) == 0 && strcmp(all->item[i].metric, metric) == 0)
      return &all->item[i];
  }
  return NULL;
}

/* One row of samples.csv. */
static int add_row(struct hx_compare *all, const struct hx_compare_source *source,
                   const struct hx_csv_table *table, size_t row, const char *binary)
{
  char name[NAME_BYTES];
  char *end = NULL;
  const char *phase = hx_csv_table_cell(table, row, "phase");
  const char *metric = hx_csv_table_cell(table, row, "metric");
  const char *text = hx_csv_table_cell(table, row, "value");
  if (phase != NULL && strcmp(phase, "warm") == 0)
    return 0;
  const double value = strtod(text, &end);
  if (*text == '\0' || *end != '\0')
    return -EINVAL;
  const char *process_text = hx_csv_table_cell(table, row, "process");
  const size_t process = process_text != NULL ? (size_t)strtoul(process_text, NULL, 10) : 0;
  name_of(table, row, (size_t)hx_csv_table_column(table, "value") + 1, name);
  struct hx_compare_item *item = find_item(all, name, metric);
  if (item == NULL)
    item = hx_compare_add(all, name, metric, hx_csv_table_cell(table, row, "unit"));
  if (item == NULL)
    return -ENOMEM;
  if (item->binary[source->which][0] == '\0')
    snprintf(item->binary[source->which], HX_COMPARE_HASH_BYTES, "%s", binary);
  return hx_arm_add(source->which == HX_COMPARE_BASE ? &item->base : &item->fresh,
                    source->process_first + process, value);
}

static int read_samples(struct hx_compare *all, const struct hx_compare_source *source,
                        const char *folder, const char *binary, struct hx_why *why)
{
  static const char *const needed[] = {"experiment", "variant", "device",
                                       "metric",     "unit",    "value"};
  struct hx_csv_table table;
  char path[PATH_BYTES];
  snprintf(path, sizeof(path), "%s/samples.csv", folder);
  int result = hx_csv_table_read(&table, path, why);
  if (result < 0)
    return result;
  for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]) && result == 0; i++) {
    if (hx_csv_table_column(&table, needed[i]) < 0)
      result = hx_refuse(why, -EINVAL,
                         "%s has no column %s, so it is of another schema: read it with the grosr "
                         "that wrote it, or run it again",
                         path, needed[i]);
  }
  for (size_t row = 1; row < table.row_count && result == 0; row++) {
    result = add_row(all, source, &table, row, binary);
    if (result == -EINVAL)
      hx_refuse(why, result, "%s, row %zu: the value is no number: the file was edited; run again",
                path, row + 1);
    else if (result < 0)
      hx_refuse(why, result, "out of memory for the samples of %s", path);
  }
  hx_csv_table_fini(&table);
  return result;
}

/* Every item of a point that was not ok gets the reason; one item without a metric if none has. */
static int add_trouble(struct hx_compare *all, const struct hx_compare_source *source,
                       const struct hx_csv_table *table, size_t row)
{
  char name[NAME_BYTES];
  const char *status = hx_csv_table_cell(table, row, "status");
  const int last = hx_csv_table_column(table, "reason");
  bool found = false;
  if (status == NULL || last < 0 || strcmp(status, "ok") == 0)
    return 0;
  name_of(table, row, (size_t)last + 1, name);
  for (size_t i = 0; i <= all->item_count; i++) {
    if (i == all->item_count && (found || strcmp(status, "skipped") == 0))
      break;
    if (i == all->item_count && hx_compare_add(all, name, "", "") == NULL)
      return -ENOMEM;
    struct hx_compare_item *item = &all->item[i];
    if (strcmp(item->name, name) != 0)
      continue;
    found = true;
    snprintf(item->trouble, sizeof(item->trouble), "%s in %s: %s", status, side_name[source->which],
             hx_csv_table_cell(table, row, "reason"));
  }
  return 0;
}

static int read_points(struct hx_compare *all, const struct hx_compare_source *source,
                       const char *folder, struct hx_why *why)
{
  struct hx_csv_table table;
  char path[PATH_BYTES];
  snprintf(path, sizeof(path), "%s/points.csv", folder);
  int result = hx_csv_table_read(&table, path, why);
  if (result < 0)
    return result;
  for (size_t row = 1; row < table.row_count && result == 0; row++) {
    result = add_trouble(all, source, &table, row);
    if (result < 0)
      hx_refuse(why, result, "out of memory for the points of %s", path);
  }
  hx_csv_table_fini(&table);
  return result;
}

static bool has_samples(const char *folder)
{
  char path[PATH_BYTES];
  snprintf(path, sizeof(path), "%s/samples.csv", folder);
  return access(path, F_OK) == 0;
}

static int read_one(struct hx_compare *all, const struct hx_compare_source *source,
                    const char *folder, struct hx_compare_run *run, struct hx_why *why)
{
  char binary[HX_COMPARE_HASH_BYTES];
  read_facts(folder, run, binary);
  const int result = read_samples(all, source, folder, binary, why);
  return result < 0 ? result : read_points(all, source, folder, why);
}

int hx_compare_read(struct hx_compare *all, const struct hx_compare_source *source,
                    struct hx_compare_run *run, struct hx_why *why)
{
  struct dirent **entry = NULL;
  size_t read = 0;
  int result = 0;
  if (has_samples(source->path))
    return read_one(all, source, source->path, run, why);
  const int count = scandir(source->path, &entry, NULL, alphasort);
  if (count < 0)
    return hx_refuse(why, -errno,
                     "cannot read the folder %s: %s; give the folder of a run, as "
                     "results/runs/<run id>",
                     source->path, strerror(errno));
  for (int i = 0; i < count; i++) {
    char folder[PATH_BYTES - 64u];
    snprintf(folder, sizeof(folder), "%s/%s", source->path, entry[i]->d_name);
    if (result == 0 && entry[i]->d_name[0] != '.' && has_samples(folder)) {
      result = read_one(all, source, folder, run, why);
      read++;
    }
    free(entry[i]);
  }
  free(entry);
  if (result == 0 && read == 0)
    return hx_refuse(why, -ENOENT,
                     "%s holds no samples.csv, nor does a folder in it; give the "
                     "folder of a run, as results/runs/<run id>",
                     source->path);
  return result;
}

size_t hx_compare_read_end(struct hx_compare *all, bool common)
{
  size_t alone = 0;
  size_t kept = 0;
  for (size_t i = 0; i < all->item_count; i++) {
    struct hx_compare_item item = all->item[i];
    const bool in_base = hx_arm_samples(&item.base) > 0;
    const bool in_new = hx_arm_samples(&item.fresh) > 0;
    if ((in_base && in_new) || item.trouble[0] != '\0') {
      all->item[kept++] = item;
      continue;
    }
    alone++;
    if (common) {
      hx_compare_item_fini(&item);
      continue;
    }
    snprintf(item.trouble, sizeof(item.trouble),
             "only in %s: run both with the same variants and factors, or add --common",
             side_name[in_new]);
    all->item[kept++] = item;
  }
  all->item_count = kept;
  return alone;
}
