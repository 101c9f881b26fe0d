/* cmd_merge.c - `grosr merge OUT IN...`: blocks of several runs of one plan into one run.
 *
 * Shards that ran on several machines, or a run that was cut in two, become one folder. A block is
 * taken as it is, byte by byte; the CSV files are then made from plan and blocks. So the result is
 * the same in whatever order and however often the runs are named. Refused: another plan; two
 * blocks of one point and process that differ; blocks of two binaries.
 *
 * `grosr merge OUT` alone makes OUT's CSV files anew.
 *
 * Next: result.h */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "folder.h"
#include "folders.h"
#include "hx.h"
#include "plan.h"
#include "result.h"
#include "store.h"
#include "sums.h"

static error_t take(int key, char *arg, struct argp_state *state)
{
  (void)arg;
  if (key == ARGP_KEY_NO_ARGS)
    argp_error(state, "name the folder to write to, and those to take blocks from");
  if (key != ARGP_KEY_ARGS)
    return ARGP_ERR_UNKNOWN;
  *(int *)state->input = state->next; /* the first of them, behind the options */
  return 0;
}

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
                      "%s and %s are of one point and process, and differ; remove "
                      "the one that is wrong",
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
      error = -ENOMEM;
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

/* The first run's plan becomes the merged one's; the others' must be the same. */
static int merge_plan(const char *from, const char *to, struct hx_why *why)
{
  int error = 0;
  char *source = hx_store_path(from, "plan.json");
  char *target = hx_store_path(to, "plan.json");
  json_t *mine = hx_plan_load(from, why);
  json_t *there = mine != NULL && access(target, F_OK) == 0 ? hx_plan_load(to, why) : NULL;
  if (mine == NULL)
    error = -EBADMSG;
  else if (there != NULL)
    error = hx_plan_matches(there, mine, to, why);
  else
    error = copy(source, target, why);
  const json_t *old = json_object_get(there, "binary_sha256");
  if (error == 0 && old != NULL && !json_equal(old, json_object_get(mine, "binary_sha256")))
    error = hx_refuse(why, -EEXIST,
                      "%s and %s were made by two binaries; runs of one build only "
                      "can be merged",
                      from, to);
  json_decref(mine);
  json_decref(there);
  free(source);
  free(target);
  return error;
}

static int merge_one(const char *from, const char *to, struct hx_why *why)
{
  char *blocks = hx_store_path(to, "blocks");
  int error = blocks != NULL ? hx_folder_make(blocks, why) : -ENOMEM;
  char *run[2] = {hx_store_path(from, "run.json"), hx_store_path(to, "run.json")};
  free(blocks);
  if (error == 0)
    error = merge_plan(from, to, why);
  if (error == 0)
    error = copy_blocks(from, to, why);
  if (error == 0 && run[0] != NULL && run[1] != NULL && access(run[0], F_OK) == 0 &&
      access(run[1], F_OK) != 0)
    error = copy(run[0], run[1], why);
  free(run[0]);
  free(run[1]);
  return error;
}

static int sum_up(const char *folder, struct hx_why *why)
{
  struct hx_result result;
  int error = hx_result_build(folder, &result, why);
  if (error < 0)
    return error;
  error = hx_result_write(&result, folder);
  error = error < 0 ? error : hx_sums_write(folder);
  if (error < 0)
    hx_refuse(why, error, "cannot write to %s: %s; free some space and merge again", folder,
              strerror(-error));
  else
    printf("%s: %zu points ok, %zu failed, %zu skipped, %zu missing, of %zu blocks\n", folder,
           result.ok, result.failed, result.skipped, result.not_reached, result.blocks);
  hx_result_fini(&result);
  return error;
}

/* All experiments of one run that is taken in. */
static int merge_run(const char *from, const char *to, struct hx_why *why)
{
  struct hx_folders folders;
  int error = hx_folders_find(from, "plan.json", &folders, why);
  for (size_t i = 0; error == 0 && i < folders.count; i++) {
    const char *slash = strrchr(folders.path[i], '/');
    char *target = hx_store_path(to, slash != NULL ? slash + 1 : folders.path[i]);
    error = target != NULL ? merge_one(folders.path[i], target, why) : -ENOMEM;
    free(target);
  }
  if (error == 0 || folders.count > 0)
    hx_folders_fini(&folders);
  return error;
}

int hx_cmd_merge(int argc, char **argv)
{
  const struct argp argp = {NULL,
                            take,
                            "OUT IN...",
                            "Takes the blocks of runs of one plan together, and makes the CSV "
                            "files of OUT from them.",
                            NULL,
                            NULL,
                            NULL};
  struct hx_folders folders;
  struct hx_why why = {{0}};
  int first = 0;
  int error = 0;
  argp_err_exit_status = HX_EXIT_USAGE;
  if (argp_parse(&argp, argc, argv, 0, NULL, &first) != 0)
    return HX_EXIT_USAGE;
  for (int i = first + 1; i < argc && error == 0; i++)
    error = merge_run(argv[i], argv[first], &why);
  if (error == 0)
    error = hx_folders_find(argv[first], "plan.json", &folders, &why);
  for (size_t i = 0; error == 0 && i < folders.count; i++)
    error = sum_up(folders.path[i], &why);
  if (error < 0) {
    fprintf(stderr, "grosr merge: %s\n", why.text);
    return HX_EXIT_USAGE;
  }
  hx_folders_fini(&folders);
  return HX_EXIT_OK;
}
