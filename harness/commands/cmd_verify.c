/* cmd_verify.c - `grosr verify DIR...`: reads every byte of a run again, makes from the raw blocks
 * what follows from them, and says what is not as it was written: the CSV files (sums.h), the
 * figures and the claims that were kept (chain.h). DIR is a run's folder, or that of one of its
 * experiments.
 *
 * Exit status: 0 all follows; 1 something was changed, is gone or was added; 2 no such folder.
 *
 * Next: chain.h */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "chain.h"
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

/* Each experiment of a run, then what was made of them. How many things are wrong, or -1. */
static int verify(const char *run)
{
  struct hx_folders folders;
  struct hx_why why;
  size_t figures = 0;
  size_t claims = 0;
  int wrong = 0;
  if (hx_folders_find(run, "plan.json", &folders, &why) < 0) {
    fprintf(stderr, "grosr verify: %s\n", why.text);
    return -1;
  }
  for (size_t i = 0; i < folders.count; i++) {
    const int here = hx_sums_verify(folders.path[i], stdout, &why);
    if (here < 0)
      printf("%s\n", why.text);
    else if (here == 0)
      printf("%s: everything follows from its blocks\n", folders.path[i]);
    wrong += here < 0 ? 1 : here;
  }
  hx_folders_fini(&folders);
  const int drawn = hx_chain_figures(run, stdout, &figures);
  const int judged = hx_chain_claims(run, stdout, &claims);
  if (figures > 0 && drawn == 0)
    printf("%s/figures: the data of %zu figures follows from the points\n", run, figures);
  if (claims > 0 && judged == 0)
    printf("%s/claims.json: %zu verdicts follow from the samples\n", run, claims);
  return wrong + drawn + judged;
}

int hx_cmd_verify(int argc, char **argv)
{
  const struct argp argp = {
      NULL,
      take,
      "DIR...",
      "Checks a run against its raw data: every file by its SHA-256, and what "
      "follows from plan and blocks by making it again: the CSV files, the "
      "figures of plots/plot, the claims of `grosr claims --save`.",
      NULL,
      NULL,
      NULL};
  int first = 0;
  int code = HX_EXIT_OK;
  argp_err_exit_status = HX_EXIT_USAGE;
  if (argp_parse(&argp, argc, argv, 0, NULL, &first) != 0)
    return HX_EXIT_USAGE;
  for (int i = first; i < argc; i++) {
    const int wrong = verify(argv[i]);
    if (wrong < 0)
      return HX_EXIT_USAGE;
    code = wrong == 0 ? code : HX_EXIT_FAILED;
  }
  return code;
}
