/* cmd_compare.c - `grosr compare BASE NEW`: two runs, one verdict for each point and metric.
 *
 *   compare_read.h  folders to arms          compare.h  verdicts
 *   calibration.h   the machine's own noise  compare_print.h  table, JUnit, Otava
 * Exit status: enum hx_compare_exit. A wrong option is a harness error (4), because 2 says
 * something else here. Called by main.c. Next: cmd_duel.c */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibration.h"
#include "cmd.h"
#include "compare_print.h"
#include "compare_read.h"

#define THRESHOLD_DEFAULT 0.05
#define THRESHOLD_MAX     10.0

enum { KEY_JUNIT = 1, KEY_OTAVA, KEY_CALIBRATION, KEY_COMMON, KEY_IGNORE_HASH, KEY_QUIET };

struct wish {
  const char *folder[2];
  const char *junit;
  const char *otava;
  const char *calibration;
  bool common;
  bool quiet;
  size_t folder_count;
  struct hx_compare_how how;
};

static const struct argp_option options[] = {
    {"threshold", 't', "PERCENT", 0, "changes below this do not matter (5%)", 0},
    {"calibration", KEY_CALIBRATION, "FILE", 0, "noise measured by `grosr calibrate`", 0},
    {"junit", KEY_JUNIT, "FILE", 0, "write JUnit XML", 0},
    {"otava", KEY_OTAVA, "FILE", 0, "add to a history in the CSV of Apache Otava", 0},
    {"common", KEY_COMMON, NULL, 0, "leave out points that only one side has", 0},
    {"ignore-hash", KEY_IGNORE_HASH, NULL, 0, "judge the same binary as if it were two", 0},
    {"quiet", KEY_QUIET, NULL, 0, "do not show what is SAME", 0},
    {0}};

int hx_cmd_percent(const char *text, double *out)
{
  char *end = NULL;
  const double value = strtod(text, &end);
  if (end == text || (strcmp(end, "") != 0 && strcmp(end, "%") != 0) || !isfinite(value) ||
      !(value > 0.0) || value > 100.0 * THRESHOLD_MAX)
    return -EINVAL;
  *out = value / 100.0;
  return 0;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
  struct wish *wish = state->input;
  switch (key) {
  case 't':
    if (hx_cmd_percent(arg, &wish->how.threshold) < 0)
      argp_error(state, "--threshold=%s: give percent above 0 and up to 1000, as 5%%", arg);
    break;
  case KEY_JUNIT:
    wish->junit = arg;
    break;
  case KEY_OTAVA:
    wish->otava = arg;
    break;
  case KEY_CALIBRATION:
    wish->calibration = arg;
    break;
  case KEY_COMMON:
    wish->common = true;
    break;
  case KEY_IGNORE_HASH:
    wish->how.ignore_hash = true;
    break;
  case KEY_QUIET:
    wish->quiet = true;
    break;
  case ARGP_KEY_ARG:
    if (wish->folder_count == 2)
      argp_error(state, "%s is one folder too many: give BASE and NEW", arg);
    else
      wish->folder[wish->folder_count++] = arg;
    break;
  case ARGP_KEY_END:
    if (wish->folder_count < 2)
      argp_error(state, "give two run folders: BASE and NEW, as results/runs/<run id>");
    break;
  default:
    return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

static int read_both(const struct wish *wish, struct hx_compare *all, struct hx_compare_run run[2],
                     struct hx_why *why)
{
  for (size_t i = 0; i < 2; i++) {
    const struct hx_compare_source source = {wish->folder[i], (enum hx_compare_which)i, 0};
    if (i > 0)
      memcpy(run[i].machine, run[0].machine, sizeof(run[i].machine));
    const int result = hx_compare_read(all, &source, &run[i], why);
    if (result < 0)
      return result;
  }
  return 0;
}

static int judge(const struct wish *wish, struct hx_compare *all, struct hx_compare_run run[2],
                 struct hx_why *why)
{
  const size_t alone = hx_compare_read_end(all, wish->common);
  int result = 0;
  if (all->item_count == 0)
    return hx_refuse(why, -ENOENT,
                     "%s and %s have no point in common; run both with the same "
                     "experiment, variants and factors",
                     wish->folder[0], wish->folder[1]);
  if (wish->calibration != NULL)
    result = hx_calibration_apply(all, run[HX_COMPARE_NEW].machine, wish->calibration, why);
  if (result < 0)
    return result;
  if (wish->calibration != NULL)
    printf("calibrated: %d of %zu\n", result, all->item_count);
  result = hx_compare_judge(all, &wish->how);
  if (result < 0)
    return hx_refuse(why, result, "out of memory for the comparison");
  hx_compare_beside(run);
  hx_compare_print(all, &wish->how, wish->quiet);
  if (alone > 0 && wish->common)
    printf("left out: %zu that only one side has\n", alone);
  if (wish->junit != NULL)
    result = hx_compare_junit(all, wish->junit, why);
  if (result == 0 && wish->otava != NULL)
    result = hx_compare_otava(all, run, wish->otava, why);
  return result;
}

int hx_cmd_compare(int argc, char **argv)
{
  static const char doc[] =
      "Compares two runs: FASTER, SLOWER, SAME, AMBIGUOUS or INVALID for each point and metric."
      "\vExit status: 0 same or faster, 1 slower, 2 ambiguous, 3 invalid, 4 harness error.";
  const struct argp argp = {options, take_option, "BASE NEW", doc, NULL, NULL, NULL};
  struct wish wish = {.how = {.threshold = THRESHOLD_DEFAULT}};
  struct hx_compare all = {0};
  struct hx_compare_run run[2] = {0};
  struct hx_why why;
  int code = HX_COMPARE_EXIT_HARNESS;
  argp_err_exit_status = HX_COMPARE_EXIT_HARNESS;
  if (argp_parse(&argp, argc, argv, 0, NULL, &wish) != 0)
    return HX_COMPARE_EXIT_HARNESS;
  int result = read_both(&wish, &all, run, &why);
  if (result == -EXDEV)
    code = HX_COMPARE_EXIT_INVALID;
  if (result == 0)
    result = judge(&wish, &all, run, &why);
  if (result < 0)
    fprintf(stderr, "grosr: %s\n", why.text);
  else
    code = (int)hx_compare_exit_of(&all);
  hx_compare_fini(&all);
  return code;
}
