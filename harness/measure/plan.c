/* plan.c - see plan.h. Next: block.c */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provenance.h"
#include "run_json.h"
#include "sha256.h"
#include "store.h"
#include "table.h"

static int by_text(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void hx_plan_id(const struct hx_plan *plan, const struct hx_plan_point *where, const char *device,
                char id[HX_ID_BYTES])
{
  char sum[HX_SHA256_TEXT_BYTES];
  char *line[HX_ARGS_FACTORS_MAX + 1u];
  size_t lines = 0;
  char *text = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&text, &bytes);
  id[0] = '\0';
  if (out == NULL)
    return;
  for (size_t i = 0; i < plan->factor_count && lines < HX_ARGS_FACTORS_MAX; i++) {
    if (where->value[i] != NULL &&
        asprintf(&line[lines], "%s=%s", plan->experiment->factors[i].name, where->value[i]) > 0)
      lines++;
  }
  qsort(line, lines, sizeof(line[0]), by_text);
  fprintf(out, "grosr point %d\n%s\n%s\n%s\n", HX_SCHEMA, plan->experiment->name,
          where->variant->name, device);
  for (size_t i = 0; i < lines; i++) {
    fprintf(out, "%s\n", line[i]);
    free(line[i]);
  }
  if (fclose(out) == 0) {
    hx_sha256_bytes(text, bytes, sum);
    snprintf(id, HX_ID_BYTES, "%.16s", sum);
  }
  free(text);
}

static json_t *points_json(const struct hx_plan_facts *facts)
{
  const struct hx_plan *plan = facts->plan;
  json_t *points = json_array();
  for (size_t i = 0; i < plan->point_count; i++) {
    const struct hx_plan_point *where = &plan->point[i];
    char id[HX_ID_BYTES];
    json_t *factors = json_object();
    for (size_t k = 0; k < plan->factor_count; k++) {
      if (where->value[k] != NULL)
        json_object_set_new(factors, plan->experiment->factors[k].name,
                            json_string(where->value[k]));
    }
    hx_plan_id(plan, where, facts->device, id);
    json_array_append_new(points, json_pack("{s:s, s:s, s:o, s:f}", "id", id, "variant",
                                            where->variant->name, "factors", factors, "seconds_max",
                                            facts->seconds_max));
  }
  return points;
}

static void add_option(json_t *options, const char *name, const char *value)
{
  if (value != NULL)
    json_array_append_new(options, json_sprintf("--%s=%s", name, value));
}

/* What `grosr run` is to be told to make this plan, with all that was left to it decided. */
static json_t *options_json(const struct hx_plan_facts *facts)
{
  const struct hx_args *args = facts->args;
  json_t *options = json_array();
  add_option(options, "device", facts->device);
  add_option(options, "tier", args->tier);
  add_option(options, "variant", args->variant);
  for (size_t i = 0; i < args->factor_count; i++)
    add_option(options, "factor", args->factor[i]);
  json_array_append_new(options, json_sprintf("--seed=%llu", (unsigned long long)args->seed));
  json_array_append_new(options,
                        json_sprintf("--samples=%llu", (unsigned long long)facts->samples));
  json_array_append_new(options, json_sprintf("--processes=%u", facts->processes));
  add_option(options, "order", args->in_table_order ? "table" : NULL);
  return options;
}

json_t *hx_plan_json(const struct hx_plan_facts *facts)
{
  const struct hx_experiment *experiment = facts->plan->experiment;
  char time[32];
  json_t *factors = json_array();
  json_t *metrics = json_array();
  json_t *variants = json_array();
  json_t *build = hx_provenance_build();
  for (size_t i = 0; i < facts->plan->factor_count; i++)
    json_array_append_new(factors, json_string(experiment->factors[i].name));
  for (size_t i = 0; experiment->metrics[i].name != NULL; i++)
    json_array_append_new(metrics, json_pack("{s:s, s:s}", "name", experiment->metrics[i].name,
                                             "unit", experiment->metrics[i].unit));
  for (size_t i = 0; experiment->variants[i].name != NULL; i++) {
    if (facts->plan->chosen[i])
      json_array_append_new(variants, json_string(experiment->variants[i].name));
  }
  hx_run_json_time_text(time, sizeof(time));
  json_t *root =
      json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:I, s:s, s:O?, s:o, s:o, s:o, s:o, "
                "s:o}",
                "schema", HX_SCHEMA, "experiment", experiment->name, "title", experiment->title,
                "run_id", facts->run_id, "tier", facts->args->tier, "device", facts->device, "seed",
                (json_int_t)facts->args->seed, "processes", (int)facts->processes, "samples",
                (json_int_t)facts->samples, "created_utc", time, "binary_sha256",
                json_object_get(build, "binary_sha256"), "options", options_json(facts), "factors",
                factors, "metrics", metrics, "variants", variants, "points", points_json(facts));
  json_decref(build);
  return root;
}

/* The ids in any order, as an object. */
static json_t *id_set(const json_t *plan)
{
  json_t *set = json_object();
  size_t i;
  json_t *point;
  json_array_foreach(json_object_get(plan, "points"), i, point)
      json_object_set_new(set, json_string_value(json_object_get(point, "id")), json_true());
  return set;
}

int hx_plan_matches(const json_t *there, const json_t *mine, const char *folder, struct hx_why *why)
{
  static const char *const keys[] = {"schema", "experiment", "device", "tier",
                                     "seed",   "processes",  "samples"};
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
    const json_t *old = json_object_get(there, keys[i]);
    const json_t *new = json_object_get(mine, keys[i]);
    if (!json_equal(old, new)) {
      char *was = json_dumps(old, JSON_ENCODE_ANY);
      char *is = json_dumps(new, JSON_ENCODE_ANY);
      hx_refuse(why, -EEXIST,
                "%s already holds results of another plan: its %s is %s, not %s; "
                "choose another --out or remove it",
                folder, keys[i], was != NULL ? was : "missing", is != NULL ? is : "missing");
      free(was);
      free(is);
      return -EEXIST;
    }
  }
  json_t *old = id_set(there);
  json_t *new = id_set(mine);
  const bool is_same = json_equal(old, new) == 1;
  const size_t points[2] = {json_object_size(old), json_object_size(new)};
  json_decref(old);
  json_decref(new);
  return is_same ? 0
                 : hx_refuse(why, -EEXIST,
                             "%s already holds results of another plan: other points (%zu there, "
                             "%zu wanted); choose another --out or remove it",
                             folder, points[0], points[1]);
}

json_t *hx_plan_load(const char *folder, struct hx_why *why)
{
  char *path = hx_store_path(folder, "plan.json");
  json_t *plan = path != NULL ? hx_store_load(path, NULL, why) : NULL;
  free(path);
  if (plan == NULL)
    return NULL;
  const json_int_t schema = json_integer_value(json_object_get(plan, "schema"));
  if (schema == HX_SCHEMA && json_is_array(json_object_get(plan, "points")))
    return plan;
  hx_refuse(why, -EPROTO,
            "%s/plan.json has schema %lld, this grosr reads %d; use the grosr that "
            "made it, or run again",
            folder, (long long)schema, HX_SCHEMA);
  json_decref(plan);
  return NULL;
}

int hx_plan_check_points(const json_t *plan, const char *wanted, struct hx_why *why)
{
  struct hx_text_list list = {0};
  json_t *ids = id_set(plan);
  int result = hx_text_split(wanted, ',', &list);
  if (result < 0 || list.count == 0)
    result = hx_refuse(why, -EINVAL, "--points '%s' has an empty id; write a,b", wanted);
  for (size_t i = 0; i < list.count && result == 0; i++) {
    if (json_object_get(ids, list.item[i]) == NULL)
      result = hx_refuse(why, -ENOENT,
                         "no point of this plan has the id %s; `grosr plan` with the same options "
                         "prints all %zu",
                         list.item[i], json_object_size(ids));
  }
  hx_text_list_fini(&list);
  json_decref(ids);
  return result;
}

bool hx_plan_wants(const struct hx_args *args, const char *id)
{
  return args->points == NULL || hx_text_lists(args->points, id);
}
