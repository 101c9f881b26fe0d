/* merge.c - see merge.h. Next: merge_run_json.h */
#include "merge.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block.h"
#include "folder.h"
#include "folders.h"
#include "merge_run_json.h"
#include "plan.h"
#include "result.h"
#include "shard.h"
#include "store.h"
#include "sums.h"

/* Copies a file that is whole; one that is there must be the same. */
static int copy(const char *from, const char *to, struct hx_why *why)
{
  size_t bytes = 0, there_bytes = 0;
  char *text = hx_store_read(from, &bytes);
  char *there = hx_store_read(to, &there_bytes);
  int error = text == NULL ? hx_refuse(why, -EIO, "cannot read %s", from) : 0;
  if (error == 0 && there == NULL && (error = hx_store_write(to, text, bytes)) < 0)
    hx_refuse(why, error, "cannot write %s: %s; free some space and merge again", to,
              strerror(-error));
  else if (error == 0 && there != NULL && (bytes != there_bytes || memcmp(text, there, bytes) != 0))
    error = hx_refuse(why, -EEXIST,
                      "%s and %s are of one point and process, and differ: merge takes parts of "
                      "one run; compare two runs by `grosr compare`, or remove the one that is "
                      "wrong",
                      from, to);
  free(text);
  free(there);
  return error;
}

static int copy_blocks(const char *from, const char *to, struct hx_why *why)
{
  char *source = hx_store_path(from, "blocks");
  char *target = hx_store_path(to, "blocks");
  DIR *directory = source != NULL && target != NULL ? opendir(source) : NULL;
  int error = directory == NULL ? hx_refuse(why, -ENOENT, "%s has no blocks", from) : 0;
  for (struct dirent *entry; error == 0 && (entry = readdir(directory)) != NULL;) {
    const size_t length = strlen(entry->d_name);
    char *one = hx_store_path(source, entry->d_name);
    char *other = hx_store_path(target, entry->d_name);
    if (one == NULL || other == NULL)
      error = hx_refuse(why, -ENOMEM, "out of memory");
    else if (length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0)
      error = copy(one, other, why);
    free(one);
    free(other);
  }
  if (directory != NULL)
    closedir(directory);
  free(source);
  free(target);
  return error;
}

/* Of two plans that are one but for when they were made: the older, or else the one that sorts
 * first, so that the order of merging does not matter. */
static bool is_before(const char *one, const json_t *one_plan, const char *other,
                      const json_t *other_plan)
{
  const char *date = json_string_value(json_object_get(one_plan, "created_utc"));
  const char *other_date = json_string_value(json_object_get(other_plan, "created_utc"));
  const int order = date != NULL && other_date != NULL ? strcmp(date, other_date) : 0;
  return order != 0 ? order < 0 : strcmp(one, other) < 0;
}

/* The plan that stays is `to`'s. */
static int merge_plan(const char *from, const char *to, struct hx_why *why)
{
  int error = 0;
  size_t bytes = 0;
  char *source = hx_store_path(from, "plan.json");
  char *target = hx_store_path(to, "plan.json");
  char *text = source != NULL ? hx_store_read(source, &bytes) : NULL;
  char *there_text = target != NULL ? hx_store_read(target, NULL) : NULL;
  json_t *mine = hx_plan_load(from, why);
  json_t *there = mine != NULL && there_text != NULL ? hx_plan_load(to, why) : NULL;
  const json_t *old = json_object_get(there, "binary_sha256");
  if (mine == NULL || text == NULL || (there_text != NULL && there == NULL))
    error = -EBADMSG;
  else if (there != NULL)
    error = hx_plan_matches(there, mine, to, why);
  if (error == 0 && old != NULL && !json_equal(old, json_object_get(mine, "binary_sha256")))
    error = hx_refuse(why, -EEXIST,
                      "%s and %s were made by two binaries; runs of one build only "
                      "can be merged",
                      from, to);
  if (error == 0 && (there == NULL || is_before(text, mine, there_text, there)) &&
      (error = hx_store_write(target, text, bytes)) < 0)
    hx_refuse(why, error, "cannot write %s: %s; free some space and merge again", target,
              strerror(-error));
  json_decref(mine);
  json_decref(there);
  free(text);
  free(there_text);
  free(source);
  free(target);
  return error;
}

static int take_one(const char *from, const char *to, struct hx_why *why)
{
  char *blocks = hx_store_path(to, "blocks");
  int error = blocks != NULL ? hx_folder_make(blocks, why) : hx_refuse(why, -ENOMEM, "no memory");
  free(blocks);
  if (error == 0)
    error = merge_plan(from, to, why);
  if (error == 0)
    error = copy_blocks(from, to, why);
  return error == 0 ? hx_merge_run_json(from, to, why) : error;
}

int hx_merge_take(const char *from, const char *to, struct hx_why *why)
{
  struct hx_folders folders;
  int error = hx_folders_find(from, "plan.json", &folders, why);
  if (error < 0)
    return error;
  for (size_t i = 0; error == 0 && i < folders.count; i++) {
    const char *slash = strrchr(folders.path[i], '/');
    char *target = hx_store_path(to, slash != NULL ? slash + 1 : folders.path[i]);
    error = target != NULL ? take_one(folders.path[i], target, why)
                           : hx_refuse(why, -ENOMEM, "out of memory");
    free(target);
  }
  hx_folders_fini(&folders);
  return error;
}

/* A shard that was killed before it wrote its plan has nothing to take. */
static int take_shard(const char *shard, const char *to, struct hx_why *why)
{
  struct hx_folders folders;
  struct hx_why nothing;
  if (hx_folders_find(shard, "plan.json", &folders, &nothing) < 0)
    return 0;
  hx_folders_fini(&folders);
  return hx_merge_take(shard, to, why);
}

int hx_merge_take_shards(const char *to, struct hx_why *why)
{
  char *path = hx_store_path(to, HX_MERGE_SHARDS);
  DIR *directory = path != NULL ? opendir(path) : NULL;
  int error = 0;
  for (struct dirent *entry;
       directory != NULL && error == 0 && (entry = readdir(directory)) != NULL;) {
    char *shard = entry->d_name[0] != '.' ? hx_store_path(path, entry->d_name) : NULL;
    if (shard != NULL)
      error = take_shard(shard, to, why);
    free(shard);
  }
  if (directory != NULL)
    closedir(directory);
  free(path);
  return error;
}

bool hx_merge_is_whole(const struct hx_shards *shards, const char *folder, size_t index)
{
  bool is_whole = true;
  for (unsigned process = 0; is_whole && process < (unsigned)shards->processes; process++) {
    char *path = hx_block_path(folder, hx_shards_id(shards, index), process);
    is_whole = path != NULL && access(path, F_OK) == 0;
    free(path);
  }
  return is_whole;
}

/* What is missing, and the command that measures it. */
static int find_missing(const json_t *plan, const char *folder, struct hx_merged *merged,
                        struct hx_why *why)
{
  struct hx_shards shards;
  size_t bytes = 0;
  if (hx_shards_open(&shards, plan, 0.0, why) < 0) /* made by an older grosr */
    return (merged->remedy = strdup("")) != NULL ? 0 : -ENOMEM;
  merged->missing = 0;
  FILE *out = open_memstream(&merged->remedy, &bytes);
  if (out == NULL)
    return -ENOMEM;
  for (size_t i = 0; i < json_array_size(shards.points); i++) {
    if (hx_merge_is_whole(&shards, folder, i))
      continue;
    if (merged->missing == 0) {
      fprintf(out, "grosr run %s", shards.experiment);
      hx_shards_write_options(out, &shards, " ", "");
    }
    fprintf(out, "%s%s", merged->missing++ == 0 ? " --points=" : ",", hx_shards_id(&shards, i));
  }
  const char *slash = strrchr(folder, '/');
  if (merged->missing > 0)
    fprintf(out, " --out=%.*s", slash != NULL ? (int)(slash - folder) : 1,
            slash != NULL ? folder : ".");
  return fclose(out) == 0 ? 0 : -ENOMEM;
}

int hx_merge_sum_up(const char *folder, struct hx_merged *merged, struct hx_why *why)
{
  struct hx_result result;
  *merged = (struct hx_merged){0};
  int error = hx_result_build(folder, &result, why);
  if (error < 0)
    return error;
  merged->ok = result.ok;
  merged->failed = result.failed;
  merged->skipped = result.skipped;
  merged->missing = result.not_reached;
  merged->blocks = result.blocks;
  error = find_missing(result.plan, folder, merged, why);
  if (error == 0)
    error = hx_result_write(&result, folder);
  if (error == 0)
    error = hx_merge_run_json_close(folder, &result, merged->missing);
  if (error == 0)
    error = hx_sums_write(folder);
  if (error < 0)
    hx_refuse(why, error, "cannot write to %s: %s; free some space and merge again", folder,
              strerror(-error));
  hx_result_fini(&result);
  return error;
}

void hx_merged_fini(struct hx_merged *merged)
{
  free(merged->remedy);
  *merged = (struct hx_merged){0};
}
