/* cmd_run.c - `grosr run EXP...`: experiments, each as a process of its own, one after the other.
 *
 * Options are those of the experiments (args.h) and are handed on as given; --device sim starts the
 * experiment's other binary, <name>-sim. When several experiments are named, each is first asked to
 * check its options (--dry-run), so that a wrong one is refused before anything is run. Exit
 * status: enum hx_exit in hx.h; of several experiments the gravest.
 *
 * Next: find.c */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "child.h"
#include "cmd.h"
#include "find.h"
#include "folder.h"
#include "hx.h"

#define CHILD_ARGS_MAX 96u

/* The argument list of a child; strings that were made here are in `made`. */
struct child_args {
  char *argv[CHILD_ARGS_MAX];
  size_t argc;
  char *made[CHILD_ARGS_MAX];
  size_t made_count;
};

static void add(struct child_args *list, const char *option, const char *value)
{
  char *text = NULL;
  if (value == NULL || list->argc + 1 >= CHILD_ARGS_MAX)
    return;
  if (asprintf(&text, "%s%s%s", option, value[0] != '\0' ? "=" : "", value) < 0)
    return;
  list->made[list->made_count++] = text;
  list->argv[list->argc++] = text;
}

static void make_child_args(struct child_args *list, const struct hx_args *args, bool dry_run)
{
  add(list, "--device", args->device);
  add(list, "--tier", args->tier);
  add(list, "--variant", args->variant);
  for (size_t i = 0; i < args->factor_count; i++)
    add(list, "--factor", args->factor[i]);
  add(list, "--seed", args->seed_text);
  add(list, "--samples", args->count_text);
  add(list, "--processes", args->processes_text);
  add(list, "--points", args->points);
  add(list, "--point-timeout", args->timeout_text);
  add(list, "--order", args->in_table_order ? "table" : NULL);
  add(list, "--retry", args->retry ? "" : NULL);
  add(list, "--reportable", args->reportable ? "" : NULL);
  for (size_t i = 0; i < args->waiver_count; i++)
    add(list, "--waive", args->waiver[i]);
  add(list, "--out", args->out);
  add(list, "--run-id", args->run_id);
  if (dry_run)
    add(list, "--dry-run", "");
}

static void add_budget(struct child_args *list, uint64_t budget_ns)
{
  char text[32];
  if (budget_ns == 0)
    return;
  snprintf(text, sizeof(text), "%" PRIu64,
           budget_ns / 1000000000u > 0 ? budget_ns / 1000000000u : 1);
  add(list, "--budget", text);
}

/* Runs one experiment; its exit code, or HX_EXIT_HARNESS if it crashed or did not start. */
static int run_one(const struct hx_found *found, size_t index, const char *device,
                   struct child_args *list, enum hx_child_output output)
{
  struct hx_child child = {0};
  struct hx_why why;
  int code = HX_EXIT_HARNESS;
  char *path = hx_find_binary(found, index, device, &why);
  if (path == NULL) {
    fprintf(stderr, "grosr: %s\n", why.text);
    return HX_EXIT_USAGE;
  }
  list->argv[0] = path;
  list->argv[list->argc] = NULL;
  child.path = path;
  child.argv = list->argv;
  child.output = output;
  const int result = hx_child_run(&child);
  if (result < 0)
    fprintf(stderr, "grosr: cannot start %s: %s\n", found->name[index], strerror(-result));
  else if (child.end_signal != 0 && child.end_signal != hx_child_signal())
    fprintf(stderr, "grosr: %s was ended by signal %d (%s); the points it had finished are kept\n",
            found->name[index], child.end_signal, strsignal(child.end_signal));
  else
    code = child.exit_code == 127 ? HX_EXIT_HARNESS : child.exit_code;
  free(path);
  return code;
}

static int run_step(const struct hx_found *found, const struct hx_args *args, size_t index,
                    uint64_t budget_ns)
{
  struct child_args list = {.argc = 1};
  const bool check = budget_ns == UINT64_MAX;
  make_child_args(&list, args, check || args->dry_run);
  if (!check)
    add_budget(&list, budget_ns);
  const int code =
      run_one(found, index, args->device, &list, check ? HX_CHILD_HIDE : HX_CHILD_SHOW);
  for (size_t i = 0; i < list.made_count; i++)
    free(list.made[i]);
  return code;
}

/* Names to indexes; "all" is every one; a name given twice counts once. */
static int choose(const struct hx_found *found, const struct hx_args *args, bool *chosen)
{
  struct hx_why why;
  size_t count = 0;
  for (size_t i = 0; i < args->experiment_count; i++) {
    const bool all = strcmp(args->experiment[i], "all") == 0;
    const int at = all ? 0 : hx_find_one(found, args->experiment[i], &why);
    if (at < 0) {
      fprintf(stderr, "grosr: %s\n", why.text);
      return at;
    }
    for (size_t k = 0; k < found->count; k++)
      chosen[k] = chosen[k] || all || k == (size_t)at;
  }
  for (size_t k = 0; k < found->count; k++)
    count += chosen[k];
  return (int)count;
}

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
    const int checked = chosen[i] ? run_step(found, args, i, UINT64_MAX) : HX_EXIT_OK;
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
    const int one = run_step(found, args, i, share_ns);
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
  struct hx_args args = {0};
  struct hx_found found;
  struct hx_why why;
  char run_id[HX_RUN_ID_BYTES];
  char out[HX_RUN_ID_BYTES + 16];
  int code = HX_EXIT_USAGE;
  args.takes_experiments = true;
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
  const int count = chosen == NULL ? -ENOMEM : choose(&found, &args, chosen);
  if (count > 0)
    code = run_chosen(&found, &args, chosen, (size_t)count);
  free(chosen);
  hx_find_fini(&found);
  return code;
}
