/* cmd_merge.c - `grosr merge OUT IN...`: blocks of several runs of one plan into one run.
 *
 * Shards that ran on several machines, or a run that was cut in two, become one folder, the same in
 * whatever order they are named (merge.h). What is missing is said, with the command that measures
 * only that. `grosr merge OUT` alone takes in OUT/shards, if there are such (slurm.h), and makes
 * OUT's files anew.
 *
 * Exit status: 0 merged, even if points are missing; 2 refused.
 *
 * Next: merge.h */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "folders.h"
#include "hx.h"
#include "merge.h"

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

static int sum_up(const char *folder, struct hx_why *why)
{
  struct hx_merged merged;
  const int error = hx_merge_sum_up(folder, &merged, why);
  if (error == 0)
    printf("%s: %zu points ok, %zu failed, %zu skipped, %zu missing, of %zu blocks\n", folder,
           merged.ok, merged.failed, merged.skipped, merged.missing, merged.blocks);
  if (error == 0 && merged.missing > 0 && merged.remedy[0] != '\0')
    printf("%s: to measure only what is missing:\n%s\n", folder, merged.remedy);
  hx_merged_fini(&merged);
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
  if (first + 1 == argc)
    error = hx_merge_take_shards(argv[first], &why);
  for (int i = first + 1; i < argc && error == 0; i++)
    error = hx_merge_take(argv[i], argv[first], &why);
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
