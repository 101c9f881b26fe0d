/* cmd_calibrate.c - `grosr calibrate EXP`: the same binary as both arms, again and again.
 *
 * Each round is a whole comparison: --processes of base, then as many of new, as two runs one after
 * the other would be; with --paired the blocks of `grosr duel`. The binary's hash is not looked at.
 * Printed: noise floor, MDE and false alarms of each point; written: calibration.json.
 * --inject PERCENT sets GROSR_INJECT_PERCENT for new, and 0 for base, which exp91_injected and exp1
 * heed: the rates are then those of detection, and no file is written.
 *
 * Exit status: 0, 4, or 130 and 143 after a signal. Called by main.c. Next: exp91_injected.c */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"
#include "calibrate.h"
#include "calibration.h"
#include "child.h"
#include "cmd.h"
#include "stats_random.h"

#define ROUNDS_MAX    1000000u
#define PROCESSES_MIN 5u
#define BLOCKS_MIN    8u

enum {
  KEY_ROUNDS = 1,
  KEY_PROCESSES,
  KEY_PAIRED,
  KEY_INJECT,
  KEY_OUTPUT,
  KEY_SEED,
  KEY_CALIBRATION
};

struct wish {
  const char *experiment;
  const char *inject;
  const char *output;
  const char *calibration; /* to see what it is worth; NULL: none */
  double planted;
  uint64_t rounds;
  uint64_t processes; /* or blocks; 0: the fewest */
  uint64_t seed;
  bool paired;
  struct hx_compare_how how;
  struct hx_trial_options options;
};

static const struct argp_option options[] = {
    {"rounds", KEY_ROUNDS, "COUNT", 0, "comparisons (20)", 0},
    {"processes", KEY_PROCESSES, "COUNT", 0, "a side (5); with --paired, blocks (8)", 0},
    {"paired", KEY_PAIRED, NULL, 0, "in paired blocks, as grosr duel", 0},
    {"threshold", 't', "PERCENT", 0, "changes below this do not matter (5%)", 0},
    {"inject", KEY_INJECT, "PERCENT", 0, "slow the new side down (exp1, exp91)", 0},
    {"calibration", KEY_CALIBRATION, "FILE", 0, "judge with this earlier one, writing none", 0},
    {"output", KEY_OUTPUT, "FILE", 0, "calibration.json", 0},
    {"seed", KEY_SEED, "SEED", 0, "of the order in blocks (1)", 0},
    {0}};

static void take_count(const char *name, const char *arg, uint64_t *out, struct argp_state *state)
{
  if (hx_text_parse_u64(arg, out) < 0 || *out == 0 || *out > ROUNDS_MAX)
    argp_error(state, "--%s=%s: give a whole number from 1 to %u", name, arg, ROUNDS_MAX);
}

static error_t take_end(struct wish *wish, struct argp_state *state)
{
  const uint64_t least = wish->paired ? BLOCKS_MIN : PROCESSES_MIN;
  if (wish->experiment == NULL)
    argp_error(state, "name an experiment, as exp1, or the path of a built one");
  if (wish->processes == 0)
    wish->processes = least;
  if (wish->processes < least)
    argp_error(state,
               "--processes=%" PRIu64 ": %" PRIu64 " are the fewest that have a 99 %% "
               "interval",
               wish->processes, least);
  wish->how.block_pairs = wish->paired ? 2 : 0;
  return 0;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
  struct wish *wish = state->input;
  switch (key) {
  case KEY_ROUNDS:
    take_count("rounds", arg, &wish->rounds, state);
    break;
  case KEY_PROCESSES:
    take_count("processes", arg, &wish->processes, state);
    break;
  case KEY_SEED:
    take_count("seed", arg, &wish->seed, state);
    break;
  case KEY_PAIRED:
    wish->paired = true;
    break;
  case 't':
    if (hx_cmd_percent(arg, &wish->how.threshold) < 0)
      argp_error(state, "--threshold=%s: give percent above 0 and up to 1000, as 5%%", arg);
    break;
  case KEY_INJECT:
    if (hx_cmd_percent(arg, &wish->planted) < 0)
      argp_error(state, "--inject=%s: give percent above 0 and up to 1000, as 5", arg);
    wish->inject = arg;
    break;
  case KEY_CALIBRATION:
    wish->calibration = arg;
    break;
  case KEY_OUTPUT:
    wish->output = arg;
    break;
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &wish->options;
    break;
  case ARGP_KEY_ARG:
    if (wish->experiment != NULL)
      argp_error(state, "%s is too much: one experiment at a time", arg);
    wish->experiment = arg;
    break;
  case ARGP_KEY_END:
    return take_end(wish, state);
  default:
    return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

/* The arm and process of the i-th process of a round. */
static struct hx_trial trial_of(const struct wish *wish, const char *binary, size_t i, size_t first)
{
  struct hx_trial trial = {binary, &wish->options, NULL, HX_COMPARE_BASE, 0};
  size_t arm = i / wish->processes;
  trial.process = i % wish->processes;
  if (wish->paired) { /* A B B A, or B A A B */
    arm = i % 4 == 0 || i % 4 == 3 ? first : 1 - first;
    trial.process = i / 2;
  }
  trial.which = arm == 0 ? HX_COMPARE_BASE : HX_COMPARE_NEW;
  trial.inject = wish->inject != NULL && arm == 0 ? "0" : wish->inject;
  return trial;
}

static int run_round(const struct wish *wish, const char *binary, struct hx_stats_random *random,
                     struct hx_compare *all, struct hx_compare_run run[2], struct hx_why *why)
{
  const size_t count = (size_t)wish->processes * (wish->paired ? 4 : 2);
  size_t first = 0;
  for (size_t i = 0; i < count; i++) {
    if (i % 4 == 0)
      first = hx_stats_random_below(random, 2);
    const struct hx_trial trial = trial_of(wish, binary, i, first);
    const int result = hx_trial_run(all, &trial, &run[trial.which], why);
    if (result < 0)
      return result;
  }
  hx_compare_read_end(all, false);
  if (wish->calibration != NULL &&
      hx_calibration_apply(all, run[0].machine, wish->calibration, why) < 0)
    return -EINVAL;
  return hx_compare_judge(all, &wish->how) < 0 ? hx_refuse(why, -ENOMEM, "out of memory") : 0;
}

static int write_file(const struct wish *wish, const struct hx_calibrate *tallies,
                      const char *machine, struct hx_why *why)
{
  struct hx_calibration out = {machine, wish->experiment,    wish->how.threshold, wish->paired,
                               NULL,    tallies->tally_count};
  out.entry = calloc(tallies->tally_count + 1, sizeof(*out.entry));
  if (out.entry == NULL)
    return hx_refuse(why, -ENOMEM, "out of memory for %s", wish->output);
  for (size_t i = 0; i < tallies->tally_count; i++) {
    const struct hx_calibrate_tally *tally = &tallies->tally[i];
    out.entry[i] =
        (struct hx_calibration_entry){.name = tally->name,
                                      .metric = tally->metric,
                                      .rounds = tally->rounds,
                                      .noise = hx_calibrate_noise(tally, wish->paired, false)};
    memcpy(out.entry[i].count, tally->count, sizeof(tally->count));
  }
  const int result = hx_calibration_write(&out, wish->output, why);
  free(out.entry);
  if (result == 0)
    printf("written: %s; use it by `grosr compare --calibration %s`\n", wish->output, wish->output);
  return result;
}

static int calibrate(const struct wish *wish, const char *binary, struct hx_why *why)
{
  struct hx_calibrate tallies = {.planted = wish->planted};
  struct hx_stats_random random;
  struct hx_compare_run run[2] = {0};
  int result = 0;
  hx_stats_random_init(&random, wish->seed);
  for (uint64_t round = 0; round < wish->rounds && result == 0; round++) {
    struct hx_compare all = {0};
    result = run_round(wish, binary, &random, &all, run, why);
    if (result == 0 && hx_calibrate_add(&tallies, &all) < 0)
      result = hx_refuse(why, -ENOMEM, "out of memory for %" PRIu64 " rounds", wish->rounds);
    hx_compare_fini(&all);
    if ((round + 1) % 10 == 0)
      fprintf(stderr, "round %" PRIu64 " of %" PRIu64 "\n", round + 1, wish->rounds);
  }
  if (result == 0) {
    printf("%" PRIu64 " rounds of %" PRIu64 " %s against as many, threshold %.3g %%, %s\n",
           wish->rounds, wish->processes, wish->paired ? "paired blocks" : "processes",
           100.0 * wish->how.threshold, run[0].machine);
    if (wish->inject != NULL)
      printf("new is slowed down by %s %%\n", wish->inject);
    hx_calibrate_print(&tallies, &wish->how);
  }
  if (result == 0 && wish->inject == NULL && wish->calibration == NULL)
    result = write_file(wish, &tallies, run[0].machine, why);
  hx_calibrate_fini(&tallies);
  return result;
}

int hx_cmd_calibrate(int argc, char **argv)
{
  static const char doc[] =
      "Compares an experiment with itself, round after round: the noise floor "
      "of this machine, what can be found, and how often it alarms falsely.";
  const struct argp_child children[] = {{&hx_trial_argp, 0, "Of the experiment:", 1}, {0}};
  const struct argp argp = {options, take_option, "EXP", doc, children, NULL, NULL};
  struct wish wish = {.how = {.threshold = 0.05, .ignore_hash = true},
                      .rounds = 20,
                      .seed = 1,
                      .output = "calibration.json"};
  struct hx_why why;
  argp_err_exit_status = HX_COMPARE_EXIT_HARNESS;
  if (argp_parse(&argp, argc, argv, 0, NULL, &wish) != 0)
    return HX_COMPARE_EXIT_HARNESS;
  char *binary = hx_trial_find(NULL, wish.experiment, wish.options.device, &why);
  struct hx_environment *machine = binary == NULL ? NULL : hx_trial_look(wish.options.device);
  const int result = binary == NULL ? -ENOENT : calibrate(&wish, binary, &why);
  hx_trial_tell(machine);
  if (result < 0)
    fprintf(stderr, "grosr: %s\n", why.text);
  free(binary);
  hx_trial_options_fini(&wish.options);
  if (hx_child_signal() != 0)
    return 128 + hx_child_signal();
  return result < 0 ? HX_COMPARE_EXIT_HARNESS : 0;
}
