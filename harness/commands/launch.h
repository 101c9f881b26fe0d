/* launch.h - an experiment with the options of `grosr run`, as a child process.
 *
 * Options are handed on as they were given (args.h), so that an experiment understands what grosr
 * has understood. --device sim starts the experiment's other binary, <name>-sim.
 *
 * Called by cmd_run.c, cmd_plan.c and slurm.c; main thread, one child at a time.
 * Next: child.h */
#pragma once
#ifndef HX_PRIVATE
#error "launch.h is private to harness/: include hx.h"
#endif
#include <jansson.h>
#include <stdbool.h>

#include "args.h"
#include "find.h"

enum hx_launch_kind {
  HX_LAUNCH_RUN = 0, /* as asked; what it prints is shown */
  HX_LAUNCH_CHECK,   /* --dry-run, and what it prints is dropped: only the options are checked */
  HX_LAUNCH_KIND_COUNT
};

/* Names to flags, one for each of found->name; "all" is every one, and a name given twice counts
 * once. How many are chosen, or negative errno and a sentence. */
int hx_launch_choose(const struct hx_found *found, const struct hx_args *args, bool *chosen,
                     struct hx_why *why);

/* Runs one experiment to its end; its exit code, or HX_EXIT_HARNESS if it crashed or did not start,
 * which is then said on stderr. budget_ns: its share of --budget; 0: none. */
int hx_launch(const struct hx_found *found, size_t index, const struct hx_args *args,
              enum hx_launch_kind kind, uint64_t budget_ns);

/* The plan.json that this experiment would write for these options (--print-plan; the device is
 * taken at its name and not looked for, unless it is auto). NULL: it was refused, which it has said
 * on stderr, and *code is the exit code. */
json_t *hx_launch_plan(const struct hx_found *found, size_t index, const struct hx_args *args,
                       int *code);
