/* data_run.c - the facts of run.json, and whether the files are those of sums.json. See data.h.
 * A key that is missing gives "" or NAN: what a run does not say is shown as not said, never
 * guessed. Next: data_points.c */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data.h"
#include "sha256.h"
#include "sums.h"

#define SCHEMA_LEAST 1
#define SCHEMA_MOST  2
#define PATH_BYTES   4096u

/* The text at a path of keys, the last of which is followed by NULL; "" if it is not there. */
static const char *text_at(struct hx_data *data, const json_t *json, ...)
{
  va_list keys;
  const char *key;
  va_start(keys, json);
  while ((key = va_arg(keys, const char *)) != NULL)
    json = json_object_get(json, key);
  va_end(keys);
  return hx_data_keep(data, json_string_value(json));
}

/* One look's reasons for this grade, those that are not in the text yet: a line each. */
static void join_reasons(const json_t *look, const char *wanted, char *text, size_t text_bytes)
{
  size_t i;
  json_t *reason;
  json_array_foreach(json_object_get(look, "reasons"), i, reason)
  {
    char one[512];
    const char *rule = json_string_value(json_object_get(reason, "rule"));
    const char *value = json_string_value(json_object_get(reason, "value"));
    const char *grade = json_string_value(json_object_get(reason, "grade"));
    const size_t used = strlen(text);
    if (rule == NULL || value == NULL || grade == NULL || strcmp(grade, wanted) != 0)
      continue;
    snprintf(one, sizeof(one), "%s %s: %s", grade, rule, value);
    if (strstr(text, one) == NULL)
      snprintf(text + used, text_bytes - used, "%s%s", used > 0 ? "\n" : "", one);
  }
}

static void take_machine(struct hx_data *data, struct hx_data_run *run)
{
  const json_t *machine = json_object_get(run->json, "machine");
  const char *model = text_at(data, machine, "cpu", "model", NULL);
  const char *system = text_at(data, machine, "system", NULL);
  const char *kernel = text_at(data, machine, "kernel", NULL);
  const json_t *cores = json_object_get(json_object_get(machine, "topology"), "cores");
  char text[512];
  int n = snprintf(text, sizeof(text), "%s", model);
  if (json_is_integer(cores))
    n += snprintf(text + n, sizeof(text) - (size_t)n, ", %d cores", (int)json_integer_value(cores));
  snprintf(text + n, sizeof(text) - (size_t)n, "%s%s%s%s", system[0] != '\0' ? ", " : "", system,
           kernel[0] != '\0' ? ", " : "", kernel);
  run->machine = hx_data_keep(data, text);
  run->host = text_at(data, machine, "host", NULL);
}

/* The worst grade of earlier sessions whose blocks are among ours: those of the same binary. */
static const char *sessions_grade(const json_t *json)
{
  const char *worst = "";
  size_t i;
  json_t *session;
  json_array_foreach(json_object_get(json, "sessions_before"), i, session)
  {
    const char *grade = json_string_value(json_object_get(session, "grade"));
    if (grade != NULL && strcmp(grade, worst) > 0 &&
        json_equal(json_object_get(json_object_get(session, "build"), "binary_sha256"),
                   json_object_get(json_object_get(json, "build"), "binary_sha256")))
      worst = grade;
  }
  return worst;
}

/* The grade of the environment, with its reasons before and after the run: the worst that any of
 * them gives. Of a run that was resumed run.json's own is that of the last session. */
static void take_grade(struct hx_data *data, struct hx_data_run *run)
{
  const json_t *environment = json_object_get(run->json, "environment");
  const char *session = sessions_grade(run->json);
  static const char *const grades[] = {"C", "B"}; /* the worst first */
  char text[4096] = "";
  for (size_t i = 0; i < 2; i++) {
    const size_t used = strlen(text);
    if (strcmp(session, grades[i]) == 0)
      snprintf(text + used, sizeof(text) - used, "%s%s sessions: an earlier one of this run",
               used > 0 ? "\n" : "", session);
    join_reasons(json_object_get(environment, "after"), grades[i], text, sizeof(text));
    join_reasons(json_object_get(environment, "before"), grades[i], text, sizeof(text));
  }
  const char worst[] = {text[0], '\0'};
  run->grade = text_at(data, environment, "grade", NULL);
  if (run->grade[0] != '\0' && worst[0] > run->grade[0])
    run->grade = hx_data_keep(data, worst);
  run->grade_reasons = hx_data_keep(data, text);
}

static void take_facts(struct hx_data *data, struct hx_data_run *run)
{
  const json_t *json = run->json;
  const json_t *seconds = json_object_get(json, "seconds");
  const json_t *git = json_object_get(json_object_get(json, "build"), "git");
  run->experiment = text_at(data, json, "experiment", NULL);
  run->title = text_at(data, json, "title", NULL);
  run->run_id = text_at(data, json, "run_id", NULL);
  run->tier = text_at(data, json, "tier", NULL);
  run->device = text_at(data, json, "device", "name", NULL);
  run->device_text = text_at(data, json, "device", "description", NULL);
  if (json_is_string(json_object_get(json, "device")))
    run->device = text_at(data, json, "device", NULL);
  run->binary_sha256 = text_at(data, json, "build", "binary_sha256", NULL);
  run->git_sha = text_at(data, git, "sha", NULL);
  run->git_dirty = json_is_true(json_object_get(git, "dirty"));
  run->buildtype = text_at(data, json, "build", "buildtype", NULL);
  run->start_utc = text_at(data, json, "time_start_utc", NULL);
  run->exit_reason = text_at(data, json, "exit", "reason", NULL);
  run->seconds = json_is_number(seconds) ? json_number_value(seconds) : NAN;
  take_machine(data, run);
  take_grade(data, run);
}

static int check_sum(const struct hx_data_run *run, const char *name, const char *wanted,
                     struct hx_why *why)
{
  char path[PATH_BYTES];
  char hash[HX_SHA256_TEXT_BYTES] = "";
  snprintf(path, sizeof(path), "%s/%s", run->folder, name);
  const int result = hx_sha256_file(path, hash);
  if (result < 0)
    return hx_refuse(why, result,
                     "%s is in sums.json and cannot be read (%s); restore it, or rebuild the "
                     "folder with `grosr merge`",
                     path, strerror(-result));
  if (strcmp(hash, wanted) != 0)
    return hx_refuse(why, -EBADMSG,
                     "%s was changed after it was written: its SHA-256 is not that of sums.json; "
                     "restore it, or rebuild the folder with `grosr merge`",
                     path);
  return 0;
}

/* sums.json: "name": "hex". `wanted`: it must be there. */
static int check_sums(const struct hx_data_run *run, bool wanted, struct hx_why *why)
{
  char path[PATH_BYTES];
  json_error_t error;
  const char *name;
  json_t *sum;
  size_t checked = 0;
  int result = 0;
  snprintf(path, sizeof(path), "%s/sums.json", run->folder);
  if (access(path, F_OK) < 0 && !wanted)
    return 0;
  json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
  if (json == NULL)
    return hx_refuse(why, -EBADMSG,
                     "%s is missing or no JSON (%.80s), so no file here can be trusted; rebuild "
                     "it with `grosr merge`",
                     path, error.text);
  if (json_object_get(json, "sums.json") != NULL) { /* its own */
    json_decref(json);
    json = hx_sums_load(run->folder, "sums.json", &result, why);
    if (json == NULL)
      return result;
    json_object_del(json, "sums.json");
  }
  json_object_foreach(json, name, sum)
  {
    const char *hex = json_string_value(sum);
    if (result == 0 && hex != NULL && strlen(hex) == HX_SHA256_TEXT_BYTES - 1) {
      result = check_sum(run, name, hex, why);
      checked++;
    }
  }
  json_decref(json);
  if (result == 0 && checked == 0)
    return hx_refuse(why, -EBADMSG, "%s names no file; rebuild it with `grosr merge`", path);
  return result;
}

int hx_data_run_read(struct hx_data *data, struct hx_data_run *run, struct hx_why *why)
{
  char path[PATH_BYTES];
  json_error_t error;
  if (check_sums(run, false, why) < 0) /* first: what was changed is not worth reading */
    return -EBADMSG;
  snprintf(path, sizeof(path), "%s/run.json", run->folder);
  run->json = json_load_file(path, 0, &error);
  if (run->json == NULL)
    return hx_refuse(why, -EBADMSG,
                     "%s is missing or no JSON (line %d: %.80s); without it nothing is known of "
                     "where the numbers come from: restore it, or run the experiment again",
                     path, error.line, error.text);
  const json_t *schema = json_object_get(run->json, "schema");
  run->schema = (int)json_integer_value(schema);
  if (!json_is_integer(schema) || run->schema < SCHEMA_LEAST || run->schema > SCHEMA_MOST)
    return hx_refuse(why, -EPROTO,
                     "%s has schema %d; this grosr reads %d to %d: read it with the grosr that "
                     "wrote it, or run the experiment again",
                     path, run->schema, SCHEMA_LEAST, SCHEMA_MOST);
  take_facts(data, run);
  const char *slash = strrchr(run->folder, '/');
  if (run->experiment[0] == '\0' && !data->out_of_memory)
    return hx_refuse(why, -EBADMSG, "%s names no experiment; restore it, or run %s again", path,
                     slash != NULL ? slash + 1 : run->folder);
  if (run->schema < 2)
    return 0;
  snprintf(path, sizeof(path), "%s/plan.json", run->folder);
  run->has_blocks = access(path, F_OK) == 0;
  return check_sums(run, true, why);
}

/* The id of an entry of run.json's points: its own, or made from its variant and factors. */
static void id_of_entry(const struct hx_data_run *run, const json_t *entry,
                        char id[HX_DATA_ID_BYTES])
{
  struct hx_data_factor factor[64];
  struct hx_data_name name = {run->experiment, "", run->device, factor, 0};
  const char *given = json_string_value(json_object_get(entry, "id"));
  const char *key;
  json_t *value;
  id[0] = '\0';
  if (given != NULL) {
    snprintf(id, HX_DATA_ID_BYTES, "%s", given);
    return;
  }
  name.variant = json_string_value(json_object_get(entry, "variant"));
  json_object_foreach(json_object_get(entry, "factors"), key, value)
  {
    size_t at = name.factor_count;
    if (!json_is_string(value) || at == sizeof(factor) / sizeof(factor[0]))
      return;
    for (; at > 0 && strcmp(factor[at - 1].name, key) > 0; at--)
      factor[at] = factor[at - 1];
    factor[at] = (struct hx_data_factor){key, json_string_value(value)};
    name.factor_count++;
  }
  if (name.variant != NULL)
    hx_data_id(&name, id);
}

void hx_data_run_seconds(struct hx_data *data, const struct hx_data_run *run, size_t first)
{
  size_t i;
  json_t *entry;
  json_array_foreach(json_object_get(run->json, "points"), i, entry)
  {
    const json_t *seconds = json_object_get(entry, "seconds");
    char id[HX_DATA_ID_BYTES];
    if (!json_is_number(seconds))
      continue;
    id_of_entry(run, entry, id);
    for (size_t k = first; k < data->point_count; k++) {
      if (strcmp(data->point[k].id, id) == 0)
        data->point[k].seconds = json_number_value(seconds);
    }
  }
}
