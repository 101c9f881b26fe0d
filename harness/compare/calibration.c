/* calibration.c - see calibration.h. Next: cmd_compare.c */
#include "calibration.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static json_t *entry_json(const struct hx_calibration_entry *entry)
{
  json_t *verdicts = json_object();
  for (size_t i = 0; i < HX_COMPARE_COUNT; i++)
    json_object_set_new(verdicts, hx_compare_name((enum hx_compare_verdict)i),
                        json_integer((json_int_t)entry->count[i]));
  return json_pack("{s:s, s:s, s:I, s:f, s:f, s:f, s:f, s:o}", "point", entry->name, "metric",
                   entry->metric, "rounds", (json_int_t)entry->rounds, "deviation_log",
                   entry->noise.deviation, "freedom", entry->noise.freedom, "floor_log",
                   entry->noise.floor, "floor_processes", entry->noise.floor_processes, "verdicts",
                   verdicts);
}

int hx_calibration_write(const struct hx_calibration *calibration, const char *path,
                         struct hx_why *why)
{
  char whole[4096];
  json_t *entries = json_array();
  for (size_t i = 0; i < calibration->entry_count; i++)
    json_array_append_new(entries, entry_json(&calibration->entry[i]));
  json_t *json =
      json_pack("{s:i, s:s, s:s, s:f, s:b, s:o}", "schema", HX_CALIBRATION_SCHEMA, "machine",
                calibration->machine, "experiment", calibration->experiment, "threshold",
                calibration->threshold, "paired", calibration->paired, "points", entries);
  snprintf(whole, sizeof(whole), "%s.part", path);
  int result = json == NULL ? -ENOMEM : 0;
  if (result == 0 && (json_dump_file(json, whole, JSON_INDENT(1)) < 0 || rename(whole, path) < 0)) {
    unlink(whole);
    result = -EIO;
  }
  json_decref(json);
  return result == 0 ? 0 : hx_refuse(why, result, "cannot write %s; choose another --output", path);
}

static double number_at(const json_t *entry, const char *key)
{
  const double value = json_number_value(json_object_get(entry, key));
  return isfinite(value) ? value : 0.0;
}

static bool is_entry_of(const json_t *entry, const struct hx_compare_item *item)
{
  const char *name = json_string_value(json_object_get(entry, "point"));
  const char *metric = json_string_value(json_object_get(entry, "metric"));
  return name != NULL && metric != NULL && strcmp(name, item->name) == 0 &&
         strcmp(metric, item->metric) == 0;
}

static int apply(struct hx_compare *all, const json_t *entries)
{
  int known = 0;
  for (size_t i = 0; i < all->item_count; i++) {
    struct hx_compare_item *item = &all->item[i];
    size_t k = 0;
    json_t *entry = NULL;
    json_array_foreach(entries, k, entry)
    {
      if (!is_entry_of(entry, item))
        continue;
      item->noise = (struct hx_compare_noise){
          number_at(entry, "deviation_log"), fmax(1.0, number_at(entry, "freedom")),
          number_at(entry, "floor_log"), fmax(1.0, number_at(entry, "floor_processes"))};
      known++;
      break;
    }
  }
  return known;
}

int hx_calibration_apply(struct hx_compare *all, const char *machine, const char *path,
                         struct hx_why *why)
{
  json_error_t error;
  int result = 0;
  json_t *json = json_load_file(path, 0, &error);
  if (json == NULL)
    return hx_refuse(why, -EINVAL, "cannot read %s: %s; make it by `grosr calibrate EXP`", path,
                     error.text);
  const char *of = json_string_value(json_object_get(json, "machine"));
  if (json_integer_value(json_object_get(json, "schema")) != HX_CALIBRATION_SCHEMA)
    result =
        hx_refuse(why, -EINVAL, "%s is of another schema; make it anew by `grosr calibrate`", path);
  else if (of == NULL || strcmp(of, machine) != 0)
    result = hx_refuse(why, -EINVAL,
                       "%s is of another machine (%s), and noise is the machine's own: run `grosr "
                       "calibrate` on this one (%s)",
                       path, of != NULL ? of : "not said", machine);
  else
    result = apply(all, json_object_get(json, "points"));
  json_decref(json);
  return result;
}
