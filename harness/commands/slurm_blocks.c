/* slurm_blocks.c - see slurm_blocks.h. Next: block.h */
#include "slurm_blocks.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "merge.h"
#include "store.h"

static int drop_one(const char *path, struct hx_why *why)
{
  struct hx_why none;
  json_t *block = hx_store_load(path, NULL, &none);
  const char *status = json_string_value(json_object_get(block, "status"));
  const bool is_good =
      status != NULL && (strcmp(status, "ok") == 0 || strcmp(status, "skipped") == 0);
  json_decref(block);
  if (is_good || unlink(path) == 0)
    return 0;
  return hx_refuse(why, -errno, "cannot remove %s: %s; --retry needs to", path, strerror(errno));
}

/* The blocks of one run's folder, OUT or a shard. */
static int drop_in(const char *run, const char *experiment, struct hx_why *why)
{
  char *path = NULL;
  if (asprintf(&path, "%s/%s/blocks", run, experiment) < 0)
    return hx_refuse(why, -ENOMEM, "out of memory");
  DIR *directory = opendir(path);
  int error = 0;
  for (struct dirent *entry;
       directory != NULL && error == 0 && (entry = readdir(directory)) != NULL;) {
    const size_t length = strlen(entry->d_name);
    char *block = length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0
                      ? hx_store_path(path, entry->d_name)
                      : NULL;
    if (block != NULL)
      error = drop_one(block, why);
    free(block);
  }
  if (directory != NULL)
    closedir(directory);
  free(path);
  return error;
}

int hx_slurm_drop_failed(const char *out, const char *experiment, struct hx_why *why)
{
  char *shards = hx_store_path(out, HX_MERGE_SHARDS);
  DIR *directory = shards != NULL ? opendir(shards) : NULL;
  int error = drop_in(out, experiment, why);
  for (struct dirent *entry;
       directory != NULL && error == 0 && (entry = readdir(directory)) != NULL;) {
    char *shard = entry->d_name[0] != '.' ? hx_store_path(shards, entry->d_name) : NULL;
    if (shard != NULL)
      error = drop_in(shard, experiment, why);
    free(shard);
  }
  if (directory != NULL)
    closedir(directory);
  free(shards);
  return error;
}
