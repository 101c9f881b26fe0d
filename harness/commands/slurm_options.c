/* slurm_options.c - the options of slurm.h. Next: slurm.c */
#include <string.h>

#include "nearest.h"
#include "slurm.h"
#include "text.h"

#define MINUTES_MAX 10000u /* a week */
#define SHARDS_MAX  100000u

enum {
  KEY_EXECUTOR = 512,
  KEY_OPTION,
  KEY_SHARDS,
  KEY_MINUTES,
  KEY_THROTTLE,
  KEY_WAIT,
  KEY_NO_WAIT
};

static const struct argp_option options[] = {
    {"executor", KEY_EXECUTOR, "WHERE", 0, "local (default), or slurm: submit job arrays", 0},
    {"slurm-option", KEY_OPTION, "OPTION", 0,
     "a line of the job, as \"--partition=x\"; may be given often, and overrides what is there "
     "(--nodes=1 --ntasks=1 --exclusive --time=...)",
     0},
    {"shards", KEY_SHARDS, "N", 0, "cut each plan into N jobs", 0},
    {"shard-minutes", KEY_MINUTES, "M", 0, "cut it into jobs of at most M minutes (default 20)", 0},
    {"throttle", KEY_THROTTLE, "K", 0, "at most K jobs of an array run at a time", 0},
    {"wait", KEY_WAIT, NULL, 0, "wait for the jobs, then merge (default)", 0},
    {"no-wait", KEY_NO_WAIT, NULL, 0, "only submit; a job of its own merges at the end", 0},
    {NULL, 0, NULL, 0, NULL, 0}};

static void take_executor(struct hx_slurm *slurm, const char *arg, struct argp_state *state)
{
  static const char *const known[] = {"local", "slurm"};
  char nearest[64];
  slurm->is_chosen = strcmp(arg, "slurm") == 0;
  if (slurm->is_chosen || strcmp(arg, "local") == 0)
    return;
  hx_nearest(arg, known, 2, nearest, sizeof(nearest));
  argp_error(state, "there is no executor %s%s%s; choose local or slurm", arg,
             nearest[0] != '\0' ? ", the nearest is " : "", nearest);
}

static void take_line(struct hx_slurm *slurm, const char *arg, struct argp_state *state)
{
  if (arg[0] != '-' || strpbrk(arg, "\r\n") != NULL)
    argp_error(state,
               "--slurm-option %s is no option of sbatch; write for example "
               "--slurm-option=--partition=x",
               arg);
  else if (slurm->option_count == HX_SLURM_OPTIONS_MAX)
    argp_error(state, "--slurm-option given more than %u times", HX_SLURM_OPTIONS_MAX);
  else
    slurm->option[slurm->option_count++] = arg;
}

static uint64_t take_count(const char *arg, uint64_t most, const char *name,
                           struct argp_state *state)
{
  uint64_t value = 0;
  if (hx_text_parse_u64(arg, &value) < 0 || value == 0 || value > most)
    argp_error(state, "--%s %s is not a whole number from 1 to %llu", name, arg,
               (unsigned long long)most);
  return value;
}

static error_t take(int key, char *arg, struct argp_state *state)
{
  struct hx_slurm *slurm = state->input;
  switch (key) {
  case KEY_EXECUTOR:
    take_executor(slurm, arg, state);
    return 0;
  case KEY_OPTION:
    take_line(slurm, arg, state);
    slurm->stray = "slurm-option";
    return 0;
  case KEY_SHARDS:
    slurm->shards = take_count(arg, SHARDS_MAX, "shards", state);
    slurm->stray = "shards";
    break;
  case KEY_MINUTES:
    slurm->shard_minutes = take_count(arg, MINUTES_MAX, "shard-minutes", state);
    slurm->stray = "shard-minutes";
    break;
  case KEY_THROTTLE:
    slurm->throttle = take_count(arg, SHARDS_MAX, "throttle", state);
    slurm->stray = "throttle";
    return 0;
  case KEY_WAIT:
  case KEY_NO_WAIT:
    slurm->waits = key == KEY_WAIT;
    slurm->stray = key == KEY_WAIT ? "wait" : "no-wait";
    return 0;
  case ARGP_KEY_END:
    if (slurm->stray != NULL && !slurm->is_chosen)
      argp_error(state, "--%s is for --executor slurm only; add that, or leave it out",
                 slurm->stray);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
  if (slurm->shards > 0 && slurm->shard_minutes > 0)
    argp_error(state, "--shards and --shard-minutes say the same thing; give one of them");
  return 0;
}

const struct argp hx_slurm_argp = {options, take, NULL, NULL, NULL, NULL, NULL};

void hx_slurm_init(struct hx_slurm *slurm)
{
  *slurm = (struct hx_slurm){.waits = true};
}
