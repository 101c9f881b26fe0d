/* sums.c - see sums.h. Next: run_json.c */
#include "sums.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hx_limits.h"
#include "result.h"
#include "sha256.h"
#include "store.h"

static bool ends_with(const char *text, const char *tail)
{
  const size_t bytes = strlen(text), tail_bytes = strlen(tail);
  return bytes >= tail_bytes && strcmp(text + bytes - tail_bytes, tail) == 0;
}

static void add(json_t *sums, const char *folder, const char *name)
{
  char sum[HX_SHA256_TEXT_BYTES];
  char *path = hx_store_path(folder, name);
  if (path != NULL && hx_sha256_file(path, sum) == 0)
    json_object_set_new(sums, name, json_string(sum));
  free(path);
}

/* Of what is there now. */
static json_t *sums_now(const char *folder)
{
  static const char *const names[] = {"plan.json", "run.json", "samples.csv", "points.csv",
                                      "topology.xml"};
  json_t *sums = json_object();
  char *blocks = hx_store_path(folder, "blocks");
  DIR *directory = blocks != NULL ? opendir(blocks) : NULL;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    add(sums, folder, names[i]);
  for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
    char *name = NULL;
    if (ends_with(entry->d_name, ".json") && asprintf(&name, "blocks/%s", entry->d_name) > 0)
      add(sums, folder, name);
    free(name);
  }
  if (directory != NULL)
    closedir(directory);
  free(blocks);
  return sums;
}

void hx_sums_self(const char *text, const char *name, char sum[HX_SHA256_TEXT_BYTES])
{
  char *copy = strdup(text);
  char *key = NULL;
  sum[0] = '\0';
  if (copy != NULL && asprintf(&key, "\"%s\":", name) > 0) {
    char *at = strstr(copy, key);
    char *end = at != NULL ? strchr(at, '\n') : NULL;
    while (at != NULL && at > copy && at[-1] != '\n')
      at--;
    if (at != NULL)
      memmove(at, end != NULL ? end + 1 : "", strlen(end != NULL ? end + 1 : "") + 1);
    hx_sha256_bytes(copy, strlen(copy), sum);
  }
  free(key);
  free(copy);
}

int hx_sums_write(const char *folder)
{
  static const char own[] = "sums.json";
  char sum[HX_SHA256_TEXT_BYTES];
  json_t *sums = sums_now(folder);
  char *path = hx_store_path(folder, own);
  char *text = NULL;
  for (int pass = 0; pass < 2 && sums != NULL; pass++) { /* the line is there before its value */
    json_object_set_new(sums, own, json_string(pass == 0 ? "" : sum));
    free(text);
    text = json_dumps(sums, JSON_INDENT(1) | JSON_SORT_KEYS);
    if (text != NULL && pass == 0)
      hx_sums_self(text, own, sum);
  }
  int result = path == NULL || text == NULL ? -ENOMEM : 0;
  if (result == 0)
    result = hx_store_write(path, text, strlen(text));
  free(text);
  free(path);
  json_decref(sums);
  return result;
}

json_t *hx_sums_load(const char *folder, const char *name, int *error, struct hx_why *why)
{
  char sum[HX_SHA256_TEXT_BYTES] = "";
  size_t bytes = 0;
  char *path = hx_store_path(folder, name);
  json_t *json = path != NULL ? hx_store_load(path, error, why) : NULL;
  char *text = json != NULL ? hx_store_read(path, &bytes) : NULL;
  if (text != NULL)
    hx_sums_self(text, name, sum);
  const char *own = json_string_value(json_object_get(json, name));
  if (json != NULL && (own == NULL || bytes != strlen(text) || strcmp(own, sum) != 0)) {
    *error =
        hx_refuse(why, -EBADMSG, "%s was changed: its own SHA-256 is %.16s..., it says %.16s...",
                  path, sum, own != NULL ? own : "nothing");
    json_decref(json);
    json = NULL;
  }
  free(text);
  free(path);
  return json;
}

int hx_sums_compare(const char *folder, const json_t *then, const char *where, FILE *out)
{
  int wrong = 0;
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)then, name, value)
  {
    char sum[HX_SHA256_TEXT_BYTES] = "";
    const char *wanted = json_string_value(value);
    char *path = hx_store_path(folder, name);
    if (strcmp(name, where) == 0 || wanted == NULL || path == NULL) {
      free(path);
      continue;
    }
    if (hx_sha256_file(path, sum) < 0)
      fprintf(out, "%s is gone\n", path), wrong++;
    else if (strcmp(sum, wanted) != 0)
      fprintf(out, "%s was changed: its SHA-256 is %.16s..., %s has %.16s...\n", path, sum, where,
              wanted),
          wrong++;
    free(path);
  }
  return wrong;
}

/* Names of files that sums.json does not have. */
static int find_added(const char *folder, const json_t *then, FILE *out)
{
  int wrong = 0;
  json_t *now = sums_now(folder);
  const char *name;
  json_t *sum;
  json_object_foreach(now, name, sum)
  {
    if (json_object_get(then, name) == NULL)
      fprintf(out, "%s/%s was added: sums.json does not have it\n", folder, name), wrong++;
  }
  json_decref(now);
  return wrong;
}

int hx_sums_compare_text(const char *path, const char *made, size_t made_bytes, const char *source,
                         FILE *out)
{
  size_t bytes = 0;
  char *there = hx_store_read(path, &bytes);
  size_t line = 1, at = 0;
  while (there != NULL && at < bytes && at < made_bytes && there[at] == made[at])
    line += there[at++] == '\n' ? 1 : 0;
  const bool is_same = there != NULL && at == bytes && at == made_bytes;
  if (!is_same)
    fprintf(out, "%s does not follow from %s: line %zu differs\n", path, source, line);
  free(there);
  return is_same ? 0 : 1;
}

static int compare_csv(const char *folder, const char *name, const char *made, size_t made_bytes,
                       FILE *out)
{
  char *path = hx_store_path(folder, name);
  const int wrong = path == NULL
                        ? 1
                        : hx_sums_compare_text(path, made, made_bytes,
                                               "the blocks (`grosr merge` makes it anew)", out);
  free(path);
  return wrong;
}

/* run.json, the plan and each block name one binary. */
static int compare_binaries(const char *folder, const struct hx_result *result, FILE *out)
{
  int wrong = 0;
  const json_t *planned = json_object_get(result->plan, "binary_sha256");
  char *path = hx_store_path(folder, "run.json");
  json_t *run = path != NULL ? json_load_file(path, 0, NULL) : NULL;
  if (!json_equal(json_object_get(json_object_get(run, "build"), "binary_sha256"), planned))
    fprintf(out, "%s/run.json names another binary than plan.json\n", folder), wrong++;
  if (result->foreign > 0)
    fprintf(out,
            "%s: %zu blocks, as %s, were made by another binary than plan.json names; run the same "
            "command again with one build\n",
            folder, result->foreign, result->foreign_id),
        wrong++;
  json_decref(run);
  free(path);
  return wrong;
}

/* Seconds since 1970 of "20261123T115839Z"; -1: it is none. */
static time_t time_of(const json_t *object, const char *key)
{
  struct tm tm = {0};
  const char *text = json_string_value(json_object_get(object, key));
  const char *end = text != NULL ? strptime(text, "%Y%m%dT%H%M%SZ", &tm) : NULL;
  return end != NULL && *end == '\0' ? timegm(&tm) : -1;
}

/* Every block was measured between the making of the plan and the end of the run. That of another
 * run was not, and that of a run whose clock was set back seems not to be. Parts that were merged
 * have clocks and plans of their own. */
static int compare_times(const char *folder, const struct hx_result *result, FILE *out)
{
  int wrong = 0;
  size_t i;
  json_t *point;
  char *path = hx_store_path(folder, "run.json");
  json_t *run = path != NULL ? json_load_file(path, 0, NULL) : NULL;
  const time_t begin = time_of(result->plan, "created_utc"), end = time_of(run, "time_end_utc");
  json_array_foreach(result->points, i, point)
  {
    const time_t at = time_of(point, "end_utc");
    const bool is_early = begin >= 0 && at + HX_CLOCK_STEP_MAX_S < begin;
    const bool is_late = end >= 0 && at > end + HX_CLOCK_STEP_MAX_S;
    if (at < 0 || wrong > 0 || json_object_get(run, "merged") != NULL || (!is_early && !is_late))
      continue;
    fprintf(out, "%s/blocks/%s-%d.json ended at %s, %s at %s: it is of another run, or the clock "
                 "was set in between; run again into a new folder\n",
            folder, json_string_value(json_object_get(point, "id")),
            (int)json_integer_value(json_object_get(point, "process")),
            json_string_value(json_object_get(point, "end_utc")),
            is_early ? "and the plan was made" : "and the run ended",
            json_string_value(is_early ? json_object_get(result->plan, "created_utc")
                                       : json_object_get(run, "time_end_utc")));
    wrong++;
  }
  json_decref(run);
  free(path);
  return wrong;
}

int hx_sums_verify(const char *folder, FILE *out, struct hx_why *why)
{
  struct hx_result result;
  int wrong = 0;
  int error = -ENOMEM;
  json_t *then = hx_sums_load(folder, "sums.json", &error, why);
  if (then == NULL && error == -ENOENT)
    return hx_refuse(why, error,
                     "%s has no sums.json: the run has not ended, or it was removed; run the same "
                     "command again, or `grosr merge` the folder",
                     folder);
  if (then == NULL)
    fprintf(out, "%s\n", why->text), wrong++;
  else
    wrong += hx_sums_compare(folder, then, "sums.json", out) + find_added(folder, then, out);
  json_decref(then);
  if (hx_result_build(folder, &result, why) < 0) {
    fprintf(out, "%s\n", why->text);
    return wrong + 1;
  }
  wrong += compare_csv(folder, "samples.csv", result.samples_csv, result.samples_bytes, out);
  wrong += compare_csv(folder, "points.csv", result.points_csv, result.points_bytes, out);
  wrong += compare_binaries(folder, &result, out) + compare_times(folder, &result, out);
  hx_result_fini(&result);
  return wrong;
}

int hx_sums_follow(const char *folder, struct hx_why *why)
{
  struct hx_result result;
  char *text = NULL;
  size_t bytes = 0;
  int error = hx_result_build(folder, &result, why);
  if (error < 0)
    return error;
  FILE *out = open_memstream(&text, &bytes);
  if (out == NULL)
    error = hx_refuse(why, -ENOMEM, "out of memory while checking %s", folder);
  else if (compare_csv(folder, "samples.csv", result.samples_csv, result.samples_bytes, out) +
               compare_csv(folder, "points.csv", result.points_csv, result.points_bytes, out) +
               compare_binaries(folder, &result, out) >
           0)
    error = -EBADMSG;
  if (out != NULL)
    fclose(out);
  if (error == -EBADMSG)
    hx_refuse(why, error, "%.*s; it was edited: restore it, or run the experiment again",
              (int)strcspn(text, "\n"), text);
  free(text);
  hx_result_fini(&result);
  return error;
}
