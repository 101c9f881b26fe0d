/* sums.c - see sums.h. Next: run_json.c */
#include "sums.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

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

int hx_sums_write(const char *folder)
{
  json_t *sums = sums_now(folder);
  char *path = hx_store_path(folder, "sums.json");
  char *text = sums != NULL ? json_dumps(sums, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
  int result = path == NULL || text == NULL ? -ENOMEM : 0;
  if (result == 0)
    result = hx_store_write(path, text, strlen(text));
  free(text);
  free(path);
  json_decref(sums);
  return result;
}

/* Names that are changed, gone, or new. */
static int compare_sums(const char *folder, const json_t *then, FILE *out)
{
  int wrong = 0;
  json_t *now = sums_now(folder);
  const char *name;
  json_t *sum;
  json_object_foreach((json_t *)then, name, sum)
  {
    json_t *here = json_object_get(now, name);
    if (here == NULL)
      fprintf(out, "%s/%s is gone\n", folder, name), wrong++;
    else if (!json_equal(here, sum))
      fprintf(out, "%s/%s was changed: its SHA-256 is %.16s..., sums.json has %.16s...\n", folder,
              name, json_string_value(here), json_string_value(sum)),
          wrong++;
  }
  json_object_foreach(now, name, sum)
  {
    if (json_object_get(then, name) == NULL)
      fprintf(out, "%s/%s was added: sums.json does not have it\n", folder, name), wrong++;
  }
  json_decref(now);
  return wrong;
}

/* Says in which line `made` and the file differ. */
static int compare_text(const char *folder, const char *name, const char *made, size_t made_bytes,
                        FILE *out)
{
  char *path = hx_store_path(folder, name);
  size_t bytes = 0;
  char *there = path != NULL ? hx_store_read(path, &bytes) : NULL;
  size_t line = 1, at = 0;
  while (there != NULL && at < bytes && at < made_bytes && there[at] == made[at])
    line += there[at++] == '\n' ? 1 : 0;
  const bool is_same = there != NULL && at == bytes && at == made_bytes;
  if (!is_same)
    fprintf(out,
            "%s does not follow from the blocks: line %zu differs; `grosr merge` makes it "
            "anew\n",
            path != NULL ? path : name, line);
  free(there);
  free(path);
  return is_same ? 0 : 1;
}

int hx_sums_verify(const char *folder, FILE *out, struct hx_why *why)
{
  struct hx_result result;
  int wrong = 0;
  char *path = hx_store_path(folder, "sums.json");
  json_t *then = path != NULL ? hx_store_load(path, NULL, why) : NULL;
  free(path);
  if (then == NULL)
    return -ENOENT;
  wrong += compare_sums(folder, then, out);
  json_decref(then);
  if (hx_result_build(folder, &result, why) < 0) {
    fprintf(out, "%s\n", why->text);
    return wrong + 1;
  }
  wrong += compare_text(folder, "samples.csv", result.samples_csv, result.samples_bytes, out);
  wrong += compare_text(folder, "points.csv", result.points_csv, result.points_bytes, out);
  hx_result_fini(&result);
  return wrong;
}
