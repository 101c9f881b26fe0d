/* cmd_doctor.c - `grosr doctor`: what is wrong with this machine for measuring, and what to do.
 *
 *   grosr doctor [--json] [--seconds N]
 *
 * Looks for some time at the machine (environment.h), who else uses it (crowd.h), and what is
 * installed (needs.h); says the grade now, the commands that would better it with those that undo
 * them, and the grade after. It changes nothing by itself, ever: the commands are for a person.
 * Exit status: 0 grade A, 1 something is to be said, 2 refused.
 *
 * Next: environment.h */
#include "cmd.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crowd.h"
#include "environment.h"
#include "hx.h"
#include "needs.h"
#include "text.h"

#define CROWD_SHOWN 3u
#define SECONDS_MAX 60u
#define SCHEMA      1

enum { KEY_JSON = 256, KEY_SECONDS, KEY_ROOT, KEY_NVML };

struct doctor {
  const char *root;
  const char *nvml;
  uint64_t seconds;
  bool json;
  struct hx_environment environment;
  struct hx_gpus gpus;
  struct hx_crowd crowd;
  struct hx_need need[HX_NEEDS_MAX];
  size_t need_count;
};

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "print everything that was seen, as JSON", 0},
    {"seconds", KEY_SECONDS, "N", 0, "how long to look at the load (default 1)", 0},
    {"root", KEY_ROOT, "DIR", OPTION_HIDDEN, "where proc/ and sys/ are, for tests", 0},
    {"nvml", KEY_NVML, "FILE", OPTION_HIDDEN, "another NVML library, for tests", 0},
    {NULL, 0, NULL, 0, NULL, 0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
  struct doctor *doctor = state->input;
  switch (key) {
  case KEY_JSON:
    doctor->json = true;
    break;
  case KEY_SECONDS:
    if (hx_text_parse_u64(arg, &doctor->seconds) < 0 || doctor->seconds == 0 ||
        doctor->seconds > SECONDS_MAX)
      argp_error(state, "--seconds %s is not a whole number from 1 to %u", arg, SECONDS_MAX);
    break;
  case KEY_ROOT:
    doctor->root = arg;
    break;
  case KEY_NVML:
    doctor->nvml = arg;
    break;
  case ARGP_KEY_ARG:
    argp_error(state, "%s is too much; doctor takes only --json and --seconds", arg);
    break;
  default:
    return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

static void look(struct doctor *doctor)
{
  const struct hx_environment_setup setup = {doctor->root, NULL, doctor->seconds * 1000000000u};
  struct hx_reasons *reasons = &doctor->environment.before.reasons;
  struct hx_crowd before;
  hx_gpus_look(&doctor->gpus, doctor->nvml);
  doctor->need_count = hx_needs_look(doctor->need, doctor->root, getenv("PATH"));
  hx_crowd_scan(&before, doctor->root);
  hx_environment_begin(&doctor->environment, &setup);
  hx_crowd_scan(&doctor->crowd, doctor->root);
  hx_crowd_differ(&before, &doctor->crowd);
  hx_crowd_fini(&before);
  if (doctor->gpus.count > 0) /* a machine without one is not worse for it */
    hx_judge_gpus(&doctor->gpus, HX_SPAN_BEFORE, reasons);
}

/* Of all that our CPUs could do in the time we looked. */
static double percent(const struct doctor *doctor, uint64_t ticks)
{
  const double all = (double)doctor->seconds * (double)sysconf(_SC_CLK_TCK) *
                     (double)doctor->environment.before.look.cpu_count;
  return all > 0.0 ? 100.0 * (double)ticks / all : 0.0;
}

static void print_reason(const struct hx_reason *reason)
{
  printf("%s  %-10s %s (rule: %s)\n", hx_grade_text(reason->grade), reason->rule, reason->value,
         reason->limit);
  printf("   %-10s %s\n", reason->undo[0] != '\0' ? "  do" : "  advice", reason->remedy);
  if (reason->undo[0] != '\0')
    printf("   %-10s %s\n", "  undo", reason->undo);
}

static void print_crowd(const struct doctor *doctor)
{
  bool is_first = true;
  for (size_t i = 0; i < doctor->crowd.count && i < CROWD_SHOWN; i++) {
    const struct hx_crowd_one *one = &doctor->crowd.one[i];
    if (percent(doctor, one->ticks) < 1.0)
      break;
    printf("%s%s (pid %u) %.0f %%", is_first ? "busiest: " : ", ", one->name, one->pid,
           percent(doctor, one->ticks));
    is_first = false;
  }
  if (!is_first)
    printf(" of our CPUs\n");
}

static void print_needs(const struct doctor *doctor)
{
  printf("here:    ");
  for (size_t i = 0, column = 9; i < doctor->need_count; i++) {
    const struct hx_need *need = &doctor->need[i];
    char text[64];
    if (!need->is_there)
      continue;
    /* Where a program lies is in the JSON; a version or a limit is short enough for a line. */
    snprintf(text, sizeof(text), "%s%s%.20s  ", need->name,
             need->value[0] != '\0' && need->value[0] != '/' ? " " : "",
             need->value[0] != '/' ? need->value : "");
    column += strlen(text);
    if (column > 98) {
      printf("\n         ");
      column = 9 + strlen(text);
    }
    printf("%s", text);
  }
  printf("\n");
  for (size_t i = 0; i < doctor->need_count; i++) {
    const struct hx_need *need = &doctor->need[i];
    if (!need->is_there)
      printf("missing: %s%s%s%s, for %s: %s\n", need->name, need->value[0] != '\0' ? " (" : "",
             need->value, need->value[0] != '\0' ? ")" : "", need->what_for, need->remedy);
  }
}

static void print_text(const struct doctor *doctor)
{
  const struct hx_reasons *reasons = &doctor->environment.before.reasons;
  const struct hx_look *look = &doctor->environment.before.look;
  const enum hx_grade now = hx_reasons_grade(reasons);
  const enum hx_grade mended = hx_reasons_grade_mended(reasons);
  printf("grade %s now", hx_grade_text(now));
  if (mended != now)
    printf(", %s after the commands below", hx_grade_text(mended));
  else if (now != HX_GRADE_A)
    printf(", and no command on this machine betters it");
  printf(" (A reportable, B usable, C smoke only); CPUs %s, looked for %u s\n", look->cpus,
         (unsigned)doctor->seconds);
  for (int grade = HX_GRADE_C; grade >= HX_GRADE_A; grade--) { /* the gravest first */
    for (size_t i = 0; i < reasons->count; i++) {
      if ((int)reasons->reason[i].grade == grade)
        print_reason(&reasons->reason[i]);
    }
  }
  print_crowd(doctor);
  for (size_t i = 0; i < doctor->gpus.count; i++)
    printf("gpu %zu:   %s, driver %s\n", i, doctor->gpus.gpu[i].name, doctor->gpus.driver);
  print_needs(doctor);
  printf("Nothing was changed.\n");
}

static json_t *crowd_json(const struct doctor *doctor)
{
  json_t *array = json_array();
  for (size_t i = 0; i < doctor->crowd.count && i < CROWD_SHOWN; i++) {
    const struct hx_crowd_one *one = &doctor->crowd.one[i];
    if (one->ticks > 0)
      json_array_append_new(array,
                            json_pack("{s:s, s:i, s:f}", "name", one->name, "pid", (int)one->pid,
                                      "percent", percent(doctor, one->ticks)));
  }
  return array;
}

static json_t *needs_json(const struct doctor *doctor)
{
  json_t *array = json_array();
  for (size_t i = 0; i < doctor->need_count; i++) {
    const struct hx_need *need = &doctor->need[i];
    json_array_append_new(array, json_pack("{s:s, s:b, s:b, s:s, s:s, s:s}", "name", need->name,
                                           "is_there", (int)need->is_there, "is_optional",
                                           (int)need->is_optional, "value", need->value, "what_for",
                                           need->what_for, "remedy", need->remedy));
  }
  return array;
}

static void print_json(const struct doctor *doctor)
{
  const struct hx_reasons *reasons = &doctor->environment.before.reasons;
  json_t *object = json_pack(
      "{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:i}", "schema", SCHEMA, "grade",
      hx_grade_text(hx_reasons_grade(reasons)), "grade_after",
      hx_grade_text(hx_reasons_grade_mended(reasons)), "reasons", hx_reasons_json(reasons), "facts",
      hx_look_json(&doctor->environment.before.look), "nvml", hx_gpus_json(&doctor->gpus),
      "busiest", crowd_json(doctor), "needs", needs_json(doctor), "seconds", (int)doctor->seconds);
  json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
  printf("\n");
  json_decref(object);
}

int hx_cmd_doctor(int argc, char **argv)
{
  static const char doc[] =
      "Says what is wrong with this machine for measuring, what would change it, and how to undo "
      "that. Changes nothing."
      "\vExit status: 0 grade A, 1 something is to be said, 2 refused.";
  const struct argp argp = {options, take_option, NULL, doc, NULL, NULL, NULL};
  struct doctor *doctor = calloc(1, sizeof(*doctor));
  if (doctor == NULL) {
    fprintf(stderr, "grosr: out of memory; free some and run doctor again\n");
    return HX_EXIT_HARNESS;
  }
  doctor->root = "/";
  doctor->nvml = HX_NVML_LIBRARY;
  doctor->seconds = 1;
  argp_err_exit_status = HX_EXIT_USAGE;
  if (argp_parse(&argp, argc, argv, 0, NULL, doctor) != 0) {
    free(doctor);
    return HX_EXIT_USAGE;
  }
  look(doctor);
  if (doctor->json)
    print_json(doctor);
  else
    print_text(doctor);
  const enum hx_grade grade = hx_reasons_grade(&doctor->environment.before.reasons);
  hx_crowd_fini(&doctor->crowd);
  free(doctor);
  return grade == HX_GRADE_A ? HX_EXIT_OK : HX_EXIT_FAILED;
}
