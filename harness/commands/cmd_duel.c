/* cmd_duel.c - `grosr duel A B EXP`: two builds against each other on this machine, side by side.
 *
 * Each process of the experiment is short. They are run in blocks of four, A B B A or B A A B as a
 * seeded coin says, so what the machine does over minutes hits both alike, and what it does evenly
 * over a block cancels. The ratio of a block is the mean of its two pairs; the coin makes the
 * ratios symmetric around 1 when A and B are equal, which is all that the interval rests on
 * (compare.h, stats_signed.h). Duet benchmarking (Bulej et al., ICPE 2020) is the model.
 *
 * Exit status: enum hx_compare_exit, 130 or 143 after a signal. Called by main.c.
 * Next: cmd_calibrate.c */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"
#include "child.h"
#include "cmd.h"
#include "compare_print.h"
#include "hx.h"
#include "sha256.h"
#include "stats_random.h"

#define BLOCKS_DEFAULT 10u
#define BLOCKS_MAX     10000u
#define PAIRS_EACH     2u

enum { KEY_JUNIT = 1, KEY_OTAVA, KEY_BLOCKS, KEY_SEED, KEY_IGNORE_HASH, KEY_QUIET };

struct wish {
  const char *text[3]; /* A, B, EXP */
  size_t text_count;
  const char *junit;
  const char *otava;
  uint64_t blocks;
  uint64_t seed;
  bool quiet;
  struct hx_compare_how how;
  struct hx_trial_options options;
};

static const struct argp_option options[] = {
    {"threshold", 't', "PERCENT", 0, "changes below this do not matter (5%)", 0},
    {"blocks", KEY_BLOCKS, "COUNT", 0, "blocks of four processes (10; 8 are the fewest)", 0},
    {"seed", KEY_SEED, "SEED", 0, "of the order (1)", 0},
    {"junit", KEY_JUNIT, "FILE", 0, "write JUnit XML", 0},
    {"otava", KEY_OTAVA, "FILE", 0, "add to a history in the CSV of Apache Otava", 0},
    {"ignore-hash", KEY_IGNORE_HASH, NULL, 0, "run and judge even if both are one binary", 0},
    {"quiet", KEY_QUIET, NULL, 0, "do not show what is SAME", 0},
    {0}};

static void take_text(struct wish *wish, char *arg, struct argp_state *state)
{
  if (wish->text_count == 3)
    argp_error(state, "%s is too much: give A, B and one experiment", arg);
  else
    wish->text[wish->text_count++] = arg;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
  struct wish *wish = state->input;
  switch (key) {
  case 't':
    if (hx_cmd_percent(arg, &wish->how.threshold) < 0)
      argp_error(state, "--threshold=%s: give percent above 0 and up to 1000, as 5%%", arg);
    break;
  case KEY_BLOCKS:
    if (hx_text_parse_u64(arg, &wish->blocks) < 0 || wish->blocks < 8 || wish->blocks > BLOCKS_MAX)
      argp_error(state, "--blocks=%s: give 8 to %u; fewer have no 99 %% interval", arg, BLOCKS_MAX);
    break;
  case KEY_SEED:
    if (hx_text_parse_u64(arg, &wish->seed) < 0)
      argp_error(state, "--seed=%s: give a whole number", arg);
    break;
  case KEY_JUNIT:
    wish->junit = arg;
    break;
  case KEY_OTAVA:
    wish->otava = arg;
    break;
  case KEY_IGNORE_HASH:
    wish->how.ignore_hash = true;
    break;
  case KEY_QUIET:
    wish->quiet = true;
    break;
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &wish->options;
    break;
  case ARGP_KEY_ARG:
    take_text(wish, arg, state);
    break;
  case ARGP_KEY_END:
    if (wish->text_count < 3)
      argp_error(state, "give two build folders and an experiment, as `grosr duel old new exp1`");
    break;
  default:
    return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

static int run_blocks(const struct wish *wish, char *const binary[2], struct hx_compare *all,
                      struct hx_compare_run run[2], struct hx_why *why)
{
  struct hx_stats_random random;
  hx_stats_random_init(&random, wish->seed);
  for (size_t block = 0; block < wish->blocks; block++) {
    const size_t first = hx_stats_random_below(&random, 2);
    for (size_t i = 0; i < 2 * PAIRS_EACH; i++) {
      const size_t arm = i == 0 || i == 3 ? first : 1 - first;
      const struct hx_trial one = {binary[arm], &wish->options, NULL, (enum hx_compare_which)arm,
                                   block * PAIRS_EACH + i / 2};
      const int result = hx_trial_run(all, &one, &run[arm], why);
      if (result < 0)
        return result;
    }
    fprintf(stderr, "block %zu of %" PRIu64 "\n", block + 1, wish->blocks);
  }
  return 0;
}

/* Equal bytes are SAME before anything runs: 1; else 0. */
static int is_same_binary(char *const binary[2])
{
  char hash[2][HX_SHA256_TEXT_BYTES];
  return hx_sha256_file(binary[0], hash[0]) == 0 && hx_sha256_file(binary[1], hash[1]) == 0 &&
         strcmp(hash[0], hash[1]) == 0;
}

static int duel(const struct wish *wish, char *const binary[2], struct hx_compare *all,
                struct hx_why *why)
{
  struct hx_compare_run run[2] = {0};
  struct hx_environment *machine = hx_trial_look(wish->options.device);
  int result = run_blocks(wish, binary, all, run, why);
  hx_trial_tell(machine);
  if (result < 0)
    return result;
  hx_compare_read_end(all, false);
  if (all->item_count == 0)
    return hx_refuse(why, -ENOENT,
                     "no point was measured: every one was skipped; see `grosr list`");
  result = hx_compare_judge(all, &wish->how);
  if (result < 0)
    return hx_refuse(why, result, "out of memory for the comparison");
  hx_compare_print(all, &wish->how, wish->quiet);
  if (wish->junit != NULL)
    result = hx_compare_junit(all, wish->junit, why);
  if (result == 0 && wish->otava != NULL)
    result = hx_compare_otava(all, run, wish->otava, why);
  return result;
}

int hx_cmd_duel(int argc, char **argv)
{
  static const char doc[] =
      "Runs the experiment of two builds in randomised paired blocks on this machine and compares."
      "\vA and B are build folders, bundles, or folders with the experiments. Exit status: 0 same "
      "or faster, 1 slower, 2 ambiguous, 3 invalid, 4 harness error.";
  const struct argp_child children[] = {{&hx_trial_argp, 0, "Of the experiment:", 1}, {0}};
  const struct argp argp = {options, take_option, "A B EXP", doc, children, NULL, NULL};
  struct wish wish = {
      .how = {.threshold = 0.05, .block_pairs = PAIRS_EACH}, .blocks = BLOCKS_DEFAULT, .seed = 1};
  struct hx_compare all = {0};
  struct hx_why why;
  char *binary[2] = {NULL, NULL};
  int code = HX_COMPARE_EXIT_HARNESS;
  int result = 0;
  argp_err_exit_status = HX_COMPARE_EXIT_HARNESS;
  if (argp_parse(&argp, argc, argv, 0, NULL, &wish) != 0)
    return HX_COMPARE_EXIT_HARNESS;
  for (size_t i = 0; i < 2 && result == 0; i++) {
    binary[i] = hx_trial_find(wish.text[i], wish.text[2], wish.options.device, &why);
    result = binary[i] == NULL ? -ENOENT : 0;
  }
  if (result == 0 && !wish.how.ignore_hash && is_same_binary(binary)) {
    printf("SAME      %s and %s are the same bytes; nothing was run (--ignore-hash runs them)\n",
           binary[0], binary[1]);
    code = HX_COMPARE_EXIT_OK;
  } else if (result == 0) {
    result = duel(&wish, binary, &all, &why);
    code = result == 0 ? (int)hx_compare_exit_of(&all) : code;
  }
  if (result < 0)
    fprintf(stderr, "grosr: %s\n", why.text);
  if (hx_child_signal() != 0)
    code = 128 + hx_child_signal();
  free(binary[0]);
  free(binary[1]);
  hx_trial_options_fini(&wish.options);
  hx_compare_fini(&all);
  return code;
}
