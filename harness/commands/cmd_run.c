/* cmd_run.c - `grosr run EXP...`: experiments, each as a process of its own, one after the other.
 *
 * Options are those of the experiments (args.h) and are handed on as given (launch.h). When several
 * experiments are named, each is first asked to check its options (--dry-run), so that a wrong one
 * is refused before anything is run. With --executor slurm all goes to slurm.h instead. Exit
 * status: enum hx_exit in hx.h; of several experiments the gravest.
 *
 * Next: launch.h */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "child.h"
#include "cmd.h"
#include "find.h"
#include "folder.h"
#include "hx.h"
#include "launch.h"
#include "slurm.h"

/* 4 is graver than 1, and both than 0; a signal or a refusal ends the loop anyway. */
static int graver(int left, int right)
{
  return left > right ? left : right;
}

static int run_chosen(const struct hx_found *found, struct hx_args *args, const bool *chosen,
                      size_t count)
{
  const uint64_t start_ns = hx_now_ns();
  int code = HX_EXIT_OK;
  size_t to_come = count;
  for (size_t i = 0; i < found->count && count > 1; i++) {
    const int checked = chosen[i] ? hx_launch(found, i, args, HX_LAUNCH_CHECK, 0) : HX_EXIT_OK;
    if (checked != HX_EXIT_OK)
      return checked;
  }
  for (size_t i = 0; i < found->count; i++) {
    uint64_t share_ns = 0;
    if (!chosen[i])
      continue;
    if (args->budget_ns > 0) {
      const uint64_t used_ns = hx_now_ns() - start_ns;
      share_ns = used_ns < args->budget_ns ? (args->budget_ns - used_ns) / to_come : 1;
      share_ns = share_ns > 0 ? share_ns : 1;
    }
    const int one = hx_launch(found, i, args, HX_LAUNCH_RUN, share_ns);
    code = graver(code, one);
    to_come--;
    if (hx_child_signal() != 0 || one >= 128)
      return one;
    if (one == HX_EXIT_USAGE)
      return one;
  }
  return code;
}

int hx_cmd_run(int argc, char **argv)
{
  static const char doc[] =
      "Runs experiments and writes samples.csv, points.csv and run.json for each."
      "\vEXP is a number, exp<N>, a full name, or all; `grosr list` shows them.";
  struct hx_slurm slurm;
  struct hx_args args = {.takes_experiments = true, .more = &hx_slurm_argp, .more_input = &slurm};
  struct hx_found found;
  struct hx_why why;
  char run_id[HX_RUN_ID_BYTES];
  char out[HX_RUN_ID_BYTES + 16];
  int code = HX_EXIT_USAGE;
  hx_slurm_init(&slurm);
  if (hx_args_parse(&args, doc, argc, argv) < 0)
    return HX_EXIT_USAGE;
  if (args.experiment_count == 0) {
    fprintf(stderr, "grosr: name an experiment to run, or all; `grosr list` shows them\n");
    return HX_EXIT_USAGE;
  }
  if (hx_find_all(&found, &why) < 0) {
    fprintf(stderr, "grosr: %s\n", why.text);
    return HX_EXIT_USAGE;
  }
  if (args.run_id == NULL) {
    hx_folder_run_id(run_id);
    args.run_id = run_id;
  }
  if (args.out == NULL) {
    snprintf(out, sizeof(out), "results/runs/%s", args.run_id);
    args.out = out;
  }
  bool *chosen = calloc(found.count, sizeof(*chosen));
  const int count = chosen == NULL ? -ENOMEM : hx_launch_choose(&found, &args, chosen, &why);
  if (chosen != NULL && count < 0)
    fprintf(stderr, "grosr: %s\n", why.text);
  else if (count > 0 && slurm.is_chosen)
    code = hx_slurm_run(&slurm, &found, &args, chosen);
  else if (count > 0)
    code = run_chosen(&found, &args, chosen, (size_t)count);
  free(chosen);
  hx_find_fini(&found);
  return code;
}
