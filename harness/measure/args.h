/* args.h - the command line that `grosr run` and every experiment binary share.
 *
 * Called by hx_main.c and main.c at start. One parser for both, so that `grosr run` accepts exactly
 * what the experiments do; it hands the options on as they were written.
 * A wrong option ends the process with one sentence and status 2 (HX_EXIT_USAGE), as argp does.
 * Not decided here: whether a device, variant or factor exists; only the experiment knows.
 *
 * Next: table.h */
#pragma once
#ifndef HX_PRIVATE
#error "args.h is private to harness/: include hx.h"
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct argp;

#define HX_ARGS_FACTORS_MAX     16u /* --factor given that often */
#define HX_ARGS_WAIVERS_MAX     32u /* --waive given that often */
#define HX_ARGS_EXPERIMENTS_MAX 64u /* experiments named in one `grosr run` */

struct hx_args {
  const char *device; /* as given; NULL is auto */
  const char *tier;   /* "smoke", "ae" or "paper" */
  const char *variant;
  const char *factor[HX_ARGS_FACTORS_MAX];
  size_t factor_count;
  const char *out;        /* NULL: results/runs/<run id> */
  const char *run_id;     /* NULL: made from time and host */
  const char *seed_text;  /* NULL: not given */
  const char *count_text; /* of --samples; NULL: not given */
  uint64_t seed;
  uint64_t samples; /* 0: the tier decides */
  uint64_t budget_ns;
  uint64_t processes; /* 0: the tier decides */
  const char *processes_text;
  uint64_t point_timeout_ns; /* 0: a multiple of the point's time */
  const char *timeout_text;
  const char *points;  /* ids, comma list; NULL: all */
  const char *worker;  /* "IN,OUT": this process is one (run.h); NULL: it is not */
  const char *waiver[HX_ARGS_WAIVERS_MAX]; /* "RULE=TEXT" as given */
  size_t waiver_count;
  bool reportable;     /* refuse what a reviewer would (review.h) */
  bool in_table_order; /* not shuffled */
  bool retry;          /* failed blocks once more */
  bool dry_run;
  bool is_trial; /* one of many short runs of a command that looks at the machine itself */
  bool print_plan; /* print plan.json, run nothing */
  bool describe;
  bool takes_experiments; /* set by `grosr run`: names are allowed after the options */
  const char *experiment[HX_ARGS_EXPERIMENTS_MAX];
  size_t experiment_count;
  const struct argp *more; /* set by a command that has options of its own, with what they go to */
  void *more_input;
};

/* Fills `args`, which the caller has zeroed but for takes_experiments and more. `doc` opens
 * --help. */
int hx_args_parse(struct hx_args *args, const char *doc, int argc, char **argv);
