/* args.c - see args.h. Next: table.c */
#include "args.h"

#include <argp.h>
#include <string.h>

#include "hx.h"
#include "hx_limits.h"
#include "text.h"

enum {
  KEY_TIER = 256,
  KEY_OUT,
  KEY_SEED,
  KEY_SAMPLES,
  KEY_BUDGET,
  KEY_DRY,
  KEY_ID,
  KEY_DESCRIBE,
  KEY_PROCESSES,
  KEY_TIMEOUT,
  KEY_POINTS,
  KEY_ORDER,
  KEY_RETRY,
  KEY_REPORTABLE,
  KEY_WAIVE,
  KEY_WORKER,
  KEY_TRIAL,
  KEY_PRINT_PLAN
};

static const struct argp_option options[] = {
    {"device", 'd', "DEVICE", 0, "auto (default), cpu, cuda, cuda:N or sim (simulated)", 0},
    {"tier", KEY_TIER, "TIER", 0,
     "smoke (default): minutes on a laptop; ae: the claims, five processes each, below two hours; "
     "paper: the full sweep",
     0},
    {"factor", 'f', "K=V:V,...", 0, "these values instead of the tier's, e.g. tasks=1:1e3", 0},
    {"variant", 'v', "NAME,...", 0, "only these variants", 0},
    {"out", KEY_OUT, "DIR", 0, "results go to DIR/<experiment>/ (default results/runs/<id>)", 0},
    {"seed", KEY_SEED, "N", 0, "seed of all inputs, and of a simulation (default 1)", 0},
    {"samples", KEY_SAMPLES, "N", 0, "samples wanted of each metric, instead of the tier's", 0},
    {"budget", KEY_BUDGET, "TIME", 0, "share this time among the points: 90s, 8m, 2h", 0},
    {"processes", KEY_PROCESSES, "N", 0, "measure each point in N processes (smoke: 1, else 5)", 0},
    {"points", KEY_POINTS, "ID,...", 0, "only these points of the plan (grosr plan shows them)", 0},
    {"retry", KEY_RETRY, NULL, 0, "measure failed points of an earlier run again", 0},
    {"point-timeout", KEY_TIMEOUT, "TIME", 0, "a point that takes longer is ended by force", 0},
    {"order", KEY_ORDER, "ORDER", 0, "random (default, by --seed) or table", 0},
    {"reportable", KEY_REPORTABLE, NULL, 0,
     "refuse to begin, or end with 1, if a careful reviewer would refuse the results", 0},
    {"waive", KEY_WAIVE, "RULE=WHY", 0, "that rule does not matter here; kept with the results", 0},
    {"dry-run", KEY_DRY, NULL, 0, "check everything, print the points, run nothing", 0},
    {"run-id", KEY_ID, "ID", OPTION_HIDDEN, "run id shared by several experiments", 0},
    {"worker", KEY_WORKER, "IN,OUT", OPTION_HIDDEN, "measure what the supervisor asks for", 0},
    {"trial", KEY_TRIAL, NULL, OPTION_HIDDEN, "no look at the machine: grosr has looked", 0},
    {"print-plan", KEY_PRINT_PLAN, NULL, OPTION_HIDDEN, "print plan.json, run nothing", 0},
    {"describe", KEY_DESCRIBE, NULL, OPTION_HIDDEN, "print the experiment's table as JSON", 0},
    {NULL, 0, NULL, 0, NULL, 0}};

static void take_positional(struct hx_args *args, char *arg, struct argp_state *state)
{
  if (!args->takes_experiments)
    argp_error(state, "%s is not an option; an experiment takes options only", arg);
  else if (args->experiment_count == HX_ARGS_EXPERIMENTS_MAX)
    argp_error(state, "more than %u experiments named; run them in parts", HX_ARGS_EXPERIMENTS_MAX);
  else
    args->experiment[args->experiment_count++] = arg;
}

static void take_factor(struct hx_args *args, char *arg, struct argp_state *state)
{
  if (args->factor_count == HX_ARGS_FACTORS_MAX)
    argp_error(state, "--factor given more than %u times; write k=v,k2=v in one",
               HX_ARGS_FACTORS_MAX);
  else
    args->factor[args->factor_count++] = arg;
}

static void take_waiver(struct hx_args *args, char *arg, struct argp_state *state)
{
  if (args->waiver_count == HX_ARGS_WAIVERS_MAX)
    argp_error(state, "--waive given more than %u times", HX_ARGS_WAIVERS_MAX);
  else
    args->waiver[args->waiver_count++] = arg;
}

static void take_number(struct hx_args *args, int key, char *arg, struct argp_state *state)
{
  if (key == KEY_BUDGET) {
    if (hx_text_parse_duration_ns(arg, &args->budget_ns) < 0 || args->budget_ns == 0)
      argp_error(state, "--budget %s is not a time; write for example 90s, 8m or 2h", arg);
  } else if (key == KEY_TIMEOUT) {
    args->timeout_text = arg;
    if (hx_text_parse_duration_ns(arg, &args->point_timeout_ns) < 0 || args->point_timeout_ns == 0)
      argp_error(state, "--point-timeout %s is not a time; write for example 90s or 8m", arg);
  } else if (key == KEY_PROCESSES) {
    args->processes_text = arg;
    if (hx_text_parse_u64(arg, &args->processes) < 0 || args->processes == 0 ||
        args->processes > HX_PROCESSES_MAX)
      argp_error(state, "--processes %s is not a whole number from 1 to %u", arg, HX_PROCESSES_MAX);
  } else if (key == KEY_SEED) {
    args->seed_text = arg;
    if (hx_text_parse_u64(arg, &args->seed) < 0)
      argp_error(state, "--seed %s is not a whole number below 2^64", arg);
  } else {
    args->count_text = arg;
    if (hx_text_parse_u64(arg, &args->samples) < 0 || args->samples == 0 ||
        args->samples > 100000000u)
      argp_error(state, "--samples %s is not a whole number from 1 to 1e8", arg);
  }
}

/* The option that is only given or not, or NULL. */
static bool *flag_of(struct hx_args *args, int key)
{
  switch (key) {
  case KEY_RETRY:
    return &args->retry;
  case KEY_REPORTABLE:
    return &args->reportable;
  case KEY_DRY:
    return &args->dry_run;
  case KEY_PRINT_PLAN:
    return &args->print_plan;
  case KEY_TRIAL:
    return &args->is_trial;
  case KEY_DESCRIBE:
    return &args->describe;
  default:
    return NULL;
  }
}

/* A flat switch over argp's keys. */
static error_t take_option(int key, char *arg, struct argp_state *state)
{
  struct hx_args *args = state->input;
  bool *flag = flag_of(args, key);
  if (flag != NULL) {
    *flag = true;
    return 0;
  }
  switch (key) {
  case 'd':
    args->device = arg;
    break;
  case KEY_TIER:
    args->tier = arg;
    if (strcmp(arg, "smoke") != 0 && strcmp(arg, "ae") != 0 && strcmp(arg, "paper") != 0)
      argp_error(state, "there is no tier %s; choose smoke, ae or paper", arg);
    break;
  case 'f':
    take_factor(args, arg, state);
    break;
  case 'v':
    args->variant = arg;
    break;
  case KEY_OUT:
    args->out = arg;
    if (arg[0] == '\0')
      argp_error(state, "--out needs a folder name");
    break;
  case KEY_SEED:
  case KEY_SAMPLES:
  case KEY_BUDGET:
  case KEY_PROCESSES:
  case KEY_TIMEOUT:
    take_number(args, key, arg, state);
    break;
  case KEY_POINTS:
    args->points = arg;
    break;
  case KEY_WAIVE:
    take_waiver(args, arg, state);
    break;
  case KEY_WORKER:
    args->worker = arg;
    break;
  case KEY_ORDER:
    args->in_table_order = strcmp(arg, "table") == 0;
    if (!args->in_table_order && strcmp(arg, "random") != 0)
      argp_error(state, "there is no order %s; choose random or table", arg);
    break;
  case KEY_ID:
    args->run_id = arg;
    break;
  case ARGP_KEY_INIT:
    if (args->more != NULL)
      state->child_inputs[0] = args->more_input;
    break;
  case ARGP_KEY_ARG:
    take_positional(args, arg, state);
    break;
  default:
    return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

int hx_args_parse(struct hx_args *args, const char *doc, int argc, char **argv)
{
  const struct argp_child more[] = {{args->more, 0, NULL, 0}, {NULL, 0, NULL, 0}};
  const struct argp argp = {options,
                            take_option,
                            args->takes_experiments ? "EXP..." : NULL,
                            doc,
                            args->more != NULL ? more : NULL,
                            NULL,
                            NULL};
  args->tier = "smoke";
  args->seed = 1;
  argp_err_exit_status = HX_EXIT_USAGE;
  return -(int)argp_parse(&argp, argc, argv, 0, NULL, args);
}
