/* compare_read.c - see compare_read.h. Next: compare_print.h */
#include "compare_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"

#define NAME_BYTES 1024u

static const char *const side_name[HX_COMPARE_WHICH_COUNT] = {"base", "new"};

/* Those facts that may differ between two runs that are compared. */
static void take_ways(const struct hx_data_run *from, struct hx_compare_run *run)
{
  const json_t *build = json_object_get(from->json, "build");
  const char *level = json_string_value(json_object_get(build, "optimization"));
  const char *sanitize = json_string_value(json_object_get(build, "sanitize"));
  run->is_bare = run->is_bare || !from->has_blocks;
  if (strcmp(from->grade, run->grade) > 0) {
    snprintf(run->grade, sizeof(run->grade), "%s", from->grade);
    snprintf(run->reason, sizeof(run->reason), "%.*s", (int)strcspn(from->grade_reasons, "\n"),
             from->grade_reasons);
  }
  if (run->tier[0] != '\0')
    return;
  snprintf(run->tier, sizeof(run->tier), "%s", from->tier);
  snprintf(run->seed, sizeof(run->seed), "%lld",
           (long long)json_integer_value(json_object_get(from->json, "seed")));
  if (from->buildtype[0] != '\0')
    snprintf(run->build, sizeof(run->build), "%s, optimization %s, sanitize %s", from->buildtype,
             level != NULL ? level : "?", sanitize != NULL ? sanitize : "?");
}

/* Takes the facts of one experiment's run, or refuses it: it is of another machine than those
 * before it. Of a CPU the model says it all, and not every experiment describes it. */
static int take_facts(const struct hx_data_run *from, struct hx_compare_run *run,
                      struct hx_why *why)
{
  char machine[HX_COMPARE_FACT_BYTES];
  const char *device = strcmp(from->device, "cpu") == 0 ? "" : from->device_text;
  const json_t *cpu = json_object_get(json_object_get(from->json, "machine"), "cpu");
  const char *model = json_string_value(json_object_get(cpu, "model"));
  snprintf(machine, sizeof(machine), "%s, %s", from->host, model != NULL ? model : "");
  if (run->machine[0] == '\0')
    snprintf(run->machine, sizeof(run->machine), "%s", machine);
  if (run->time_utc[0] == '\0') {
    snprintf(run->commit, sizeof(run->commit), "%s", from->git_sha);
    snprintf(run->time_utc, sizeof(run->time_utc), "%s", from->start_utc);
  }
  const size_t bytes = strlen(machine);
  const char *known = run->machine + bytes; /* the device, or nothing yet */
  const bool same = strncmp(run->machine, machine, bytes) == 0 &&
                    (known[0] == '\0' || strncmp(known, ", ", 2) == 0);
  if (!same || (known[0] != '\0' && device[0] != '\0' && strcmp(known + 2, device) != 0))
    return hx_refuse(why, -EXDEV,
                     "%s is of %s%s%s, and what it stands beside of %s: runs of two machines are "
                     "not compared; run both on one, or use `grosr duel`",
                     from->folder, machine, device[0] != '\0' ? ", " : "", device, run->machine);
  if (known[0] == '\0' && device[0] != '\0')
    snprintf(run->machine + bytes, sizeof(run->machine) - bytes, ", %s", device);
  take_ways(from, run);
  return 0;
}

/* "experiment variant device k=v ..." */
static void name_of(const struct hx_data_point *point, char name[NAME_BYTES])
{
  int used =
      snprintf(name, NAME_BYTES, "%s %s %s", point->experiment, point->variant, point->device);
  for (size_t i = 0; i < point->factor_count && used < (int)NAME_BYTES; i++)
    used += snprintf(name + used, NAME_BYTES - (size_t)used, " %s=%s", point->factor[i].name,
                     point->factor[i].value);
}

static struct hx_compare_item *find_item(struct hx_compare *all, const char *name,
                                         const char *metric)
{
  for (size_t i = all->item_count; i-- > 0;) {
    if (strcmp(all->item[i].name, name) == 0 && strcmp(all->item[i].metric, metric) == 0)
      return &all->item[i];
  }
  return NULL;
}

/* The samples of one metric of a point that is ok. */
static int add_samples(struct hx_compare *all, const struct hx_compare_source *source,
                       const struct hx_data_point *point)
{
  char name[NAME_BYTES];
  int result = 0;
  name_of(point, name);
  struct hx_compare_item *item = find_item(all, name, point->metric);
  if (item == NULL)
    item = hx_compare_add(all, name, point->metric, point->unit);
  if (item == NULL)
    return -ENOMEM;
  if (item->binary[source->which][0] == '\0')
    snprintf(item->binary[source->which], HX_COMPARE_HASH_BYTES, "%s", point->run->binary_sha256);
  struct hx_arm *arm = source->which == HX_COMPARE_BASE ? &item->base : &item->fresh;
  for (size_t i = 0; i < point->group_count; i++) {
    const struct hx_data_group *group = &point->group[i];
    for (size_t k = 0; k < group->count && !group->warm && result == 0; k++)
      result = hx_arm_add(arm, source->process_first + group->process, group->value[k]);
  }
  return result;
}

/* Every item of a point that was not ok gets the reason; one item without a metric if none has. */
static int add_trouble(struct hx_compare *all, const struct hx_compare_source *source,
                       const struct hx_data_point *point)
{
  char name[NAME_BYTES];
  bool found = false;
  name_of(point, name);
  for (size_t i = 0; i <= all->item_count; i++) {
    if (i == all->item_count && (found || strcmp(point->status, "skipped") == 0))
      break;
    if (i == all->item_count && hx_compare_add(all, name, "", "") == NULL)
      return -ENOMEM;
    struct hx_compare_item *item = &all->item[i];
    if (strcmp(item->name, name) != 0)
      continue;
    found = true;
    snprintf(item->trouble, sizeof(item->trouble), "%s in %s: %s", point->status,
             side_name[source->which], point->reason);
  }
  return 0;
}

int hx_compare_read(struct hx_compare *all, const struct hx_compare_source *source,
                    struct hx_compare_run *run, struct hx_why *why)
{
  struct hx_data data;
  int result = hx_data_open(&data, &source->path, 1, why);
  if (result < 0)
    return result;
  for (size_t i = 0; i < data.run_count && result == 0; i++) {
    result = take_facts(data.run[i], run, why);
    if (result == 0 && !data.run[i]->samples_known)
      result = hx_refuse(why, -ENOENT,
                         "%s holds no samples.csv, and points alone are not compared; run it again",
                         data.run[i]->folder);
  }
  for (size_t i = 0; i < data.point_count && result == 0; i++) {
    const struct hx_data_point *point = &data.point[i];
    result = point->ok ? add_samples(all, source, point) : 0;
  }
  for (size_t i = 0; i < data.point_count && result == 0; i++) { /* then all items are there */
    const struct hx_data_point *point = &data.point[i];
    result = point->ok ? 0 : add_trouble(all, source, point);
  }
  if (result == -ENOMEM)
    hx_refuse(why, result, "out of memory for the samples of %s", source->path);
  hx_data_fini(&data);
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
