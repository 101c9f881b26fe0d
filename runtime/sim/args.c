/* args.c - see args.h. Next: main.c */
#include "sim/args.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sim/trace.h"

enum {
  KEY_RUNS = 256,
  KEY_SEED,
  KEY_BUDGET,
  KEY_SCENARIO,
  KEY_SHRINK,
  KEY_SEEDS,
  KEY_REPLAY,
  KEY_SAVE,
  KEY_LIST,
  KEY_EXPLORE
};

static const struct argp_option options[] = {
    {"runs", KEY_RUNS, "N", 0, "N runs of each scenario, seeds from --seed on (default 1)", 0},
    {"seed", KEY_SEED, "S", 0, "the first seed (default: drawn, and printed)", 0},
    {"budget", KEY_BUDGET, "TIME", 0, "explore, then run fresh seeds for so long: 60s, 5m, 2h", 0},
    {"scenario", KEY_SCENARIO, "NAME,...", 0, "only these (see --list)", 0},
    {"shrink", KEY_SHRINK, NULL, 0, "leave out of a failed run what it does not need", 0},
    {"explore", KEY_EXPLORE, NULL, 0, "only every schedule of the protocols", 0},
    {"seeds", KEY_SEEDS, "FILE", 0, "first the runs listed there: lines of \"scenario seed\"", 0},
    {"save", KEY_SAVE, "FILE", 0, "write a failed run to FILE, for --replay", 0},
    {"replay", KEY_REPLAY, "FILE", 0, "repeat the run of FILE, made by this build", 0},
    {"list", KEY_LIST, NULL, 0, "the scenarios", 0},
    {NULL, 0, NULL, 0, NULL, 0}};

static uint64_t number(const char *text, const char *option, struct argp_state *state)
{
  char *end;
  const uint64_t value = strtoull(text, &end, 0);
  if (end == text || *end != '\0' || text[0] == '-') {
    argp_error(state, "--%s %s is not a whole number", option, text);
  }
  return value;
}

static double duration(const char *text, struct argp_state *state)
{
  char *end;
  const double value = strtod(text, &end);
  const double unit = strcmp(end, "s") == 0   ? 1
                      : strcmp(end, "m") == 0 ? 60
                      : strcmp(end, "h") == 0 ? 3600
                                              : 0;
  if (end == text || unit == 0 || !(value > 0)) {
    argp_error(state, "--budget %s is not a time; write for example 60s, 5m or 2h", text);
  }
  return value * unit;
}

/* A flat switch over argp's keys. */
static error_t take_option(int key, char *arg, struct argp_state *state)
{
  struct gr_sim_args *args = state->input;
  switch (key) {
  case KEY_RUNS:
    args->runs = number(arg, "runs", state);
    return 0;
  case KEY_SEED:
    args->seed = number(arg, "seed", state);
    args->has_seed = true;
    return 0;
  case KEY_BUDGET:
    args->budget_s = duration(arg, state);
    return 0;
  case KEY_SCENARIO:
    args->scenarios = arg;
    return 0;
  case KEY_SHRINK:
    args->shrinks = true;
    return 0;
  case KEY_EXPLORE:
    args->explores = true;
    return 0;
  case KEY_SEEDS:
    args->seeds = arg;
    return 0;
  case KEY_SAVE:
    args->save = arg;
    return 0;
  case KEY_REPLAY:
    args->replay = arg;
    return 0;
  case KEY_LIST:
    args->lists = true;
    return 0;
  case ARGP_KEY_ARG:
    argp_error(state, "%s is not an option; name scenarios with --scenario", arg);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

bool gr_sim_args_parse(struct gr_sim_args *args, int argc, char **argv)
{
  static const struct argp argp = {options,
                                   take_option,
                                   NULL,
                                   "Runs the runtime under a seeded scheduler, with faults and "
                                   "weak memory.",
                                   NULL,
                                   NULL,
                                   NULL};
  argp_err_exit_status = 2;
  argp_parse(&argp, argc, argv, 0, NULL, args);
  for (const char *at = args->scenarios; at != NULL && *at != '\0';) {
    char name[64];
    const size_t bytes = strcspn(at, ",");
    snprintf(name, sizeof name, "%.*s", (int)bytes, at);
    if (gr_scenario_find(name) == NULL) {
      fprintf(stderr, "grosr sim: there is no scenario %s; see grosr sim --list\n", name);
      return false;
    }
    at += bytes + (at[bytes] == ',' ? 1u : 0u);
  }
  if (!args->has_seed &&
      getrandom(&args->seed, sizeof args->seed, 0) == (ssize_t)sizeof args->seed) {
    args->seed >>= 16; /* short enough to be typed */
  }
  return true;
}
