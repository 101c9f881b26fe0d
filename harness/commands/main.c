/* main.c - the command `grosr`: finds the command that was asked for and hands the rest to it.
 *
 * Next: cmd.h */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "hx.h"
#include "hx_build.h"
#include "nearest.h"

const char *argp_program_version = "grosr " HX_BUILD_VERSION;

static const struct command {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *arguments;
  const char *what;
} commands[] = {
    {"list", hx_cmd_list, "", "the experiments, their variants and factors"},
    {"plan", hx_cmd_plan, "EXP... [OPTION]", "every point that run would measure, and how long"},
    {"run", hx_cmd_run, "EXP... [OPTION]", "run experiments (EXP: 1, exp1, the full name, or all)"},
    {"compare", hx_cmd_compare, "BASE NEW", "two runs: faster, slower, the same?"},
    {"duel", hx_cmd_duel, "A B EXP", "two builds in paired blocks on this machine"},
    {"calibrate", hx_cmd_calibrate, "EXP", "this machine's noise: the same against the same"},
    {"claims", hx_cmd_claims, "[RUN...]", "what the results say of every number of the paper"},
    {"report", hx_cmd_report, "[RUN...]", "one HTML file of what ran, figures and claims"},
    {"doctor", hx_cmd_doctor, "[--json]", "what is wrong here for measuring; changes nothing"},
    {"merge", hx_cmd_merge, "OUT IN...", "the blocks of several runs of one plan into one"},
    {"verify", hx_cmd_verify, "DIR...", "does all follow from the raw data, byte by byte?"},
    {"trace", hx_cmd_trace, "EXP | FILE...", "what teams did and when, for a trace viewer"},
    {"top", hx_cmd_top, "[PID]", "what a running program's device does, live"},
    {"sim", hx_cmd_sim, "[OPTION]", "run the runtime under a seeded scheduler, with faults"}};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* The list of commands, before the rest of --help. */
static char *help_filter(int key, const char *text, void *input)
{
  (void)input;
  char *made = NULL;
  size_t bytes = 0;
  FILE *out = key == ARGP_KEY_HELP_PRE_DOC ? open_memstream(&made, &bytes) : NULL;
  if (out == NULL)
    return (char *)(size_t)text;
  fputs(text, out);
  for (size_t i = 0; i < COMMANDS; i++) {
    char usage[64];
    snprintf(usage, sizeof(usage), "%s %s", commands[i].name, commands[i].arguments);
    fprintf(out, "\n  %-22s %s", usage, commands[i].what);
  }
  fclose(out);
  return made;
}

static error_t take_command(int key, char *arg, struct argp_state *state)
{
  int *at = state->input;
  (void)arg;
  if (key == ARGP_KEY_ARG) {
    *at = state->next - 1;
    state->next = state->argc; /* the rest is the command's own */
    return 0;
  }
  if (key == ARGP_KEY_NO_ARGS)
    argp_error(state, "say what to do: list, plan, run EXP, ...");
  return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

int main(int argc, char **argv)
{
  static const char doc[] =
      "Measures GROSR. COMMAND is one of:"
      "\v`grosr COMMAND --help` shows a command's options. Exit status of run: 0 all points ok or "
      "skipped, 1 some point failed, 2 refused before anything was run, 4 the harness could not go "
      "on, 130 or 143 stopped by a signal (finished points are kept).";
  const struct argp argp = {NULL, take_command, "COMMAND [...]", doc, NULL, help_filter, NULL};
  const char *names[COMMANDS];
  char nearest[128];
  int at = 0;
  argp_err_exit_status = HX_EXIT_USAGE;
  if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &at) != 0 || at == 0)
    return HX_EXIT_USAGE;
  for (size_t i = 0; i < COMMANDS; i++) {
    char *name = NULL;
    names[i] = commands[i].name;
    if (strcmp(argv[at], commands[i].name) != 0)
      continue;
    if (asprintf(&name, "grosr %s", commands[i].name) < 0)
      return HX_EXIT_HARNESS;
    if (commands[i].run != hx_cmd_sim)
      argv[at] = name;
    const int code = commands[i].run(argc - at, argv + at);
    free(name);
    return code;
  }
  hx_nearest(argv[at], names, COMMANDS, nearest, sizeof(nearest));
  fprintf(stderr, "grosr: there is no command %s%s%s; `grosr --help` lists them\n", argv[at],
          nearest[0] != '\0' ? "; the nearest is " : "", nearest);
  return HX_EXIT_USAGE;
}
