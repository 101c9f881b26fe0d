/* cmd_verify.c - `grosr verify DIR...`: reads every byte of a run again and says what is not as it
 * was written (sums.h). DIR is a run's folder, or that of one of its experiments.
 *
 * Exit status: 0 all follows; 1 something was changed, is gone or was added; 2 no such folder.
 *
 * Next: sums.h */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "folders.h"
#include "hx.h"
#include "sums.h"

static error_t take(int key, char *arg, struct argp_state *state)
{
  (void)arg;
  if (key == ARGP_KEY_NO_ARGS)
    argp_error(state, "name the folder of a run, as results/runs/...");
  if (key != ARGP_KEY_ARGS)
    return ARGP_ERR_UNKNOWN;
  *(int *)state->input = state->next; /* the first of them, behind the options */
  return 0;
}

int hx_cmd_verify(int argc, char **argv)
{
  const struct argp argp = {NULL,
                            take,
                            "DIR...",
                            "Checks a run against its raw data: every file by its SHA-256, and the "
                            "CSV files by making them again from plan and blocks.",
                            NULL,
                            NULL,
                            NULL};
  int first = 0;
  int code = HX_EXIT_OK;
  argp_err_exit_status = HX_EXIT_USAGE;
  if (argp_parse(&argp, argc, argv, 0, NULL, &first) != 0)
    return HX_EXIT_USAGE;
  for (int i = first; i < argc; i++) {
    struct hx_folders folders;
    struct hx_why why;
    if (hx_folders_find(argv[i], "plan.json", &folders, &why) < 0) {
      fprintf(stderr, "grosr verify: %s\n", why.text);
      return HX_EXIT_USAGE;
    }
    for (size_t k = 0; k < folders.count; k++) {
      const int wrong = hx_sums_verify(folders.path[k], stdout, &why);
      if (wrong < 0)
        printf("%s\n", why.text);
      else if (wrong == 0)
        printf("%s: everything follows from its blocks\n", folders.path[k]);
      code = wrong == 0 ? code : HX_EXIT_FAILED;
    }
    hx_folders_fini(&folders);
  }
  return code;
}
