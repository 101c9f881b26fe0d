/* launch.c - see launch.h. Next: child.c */
#include "launch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "hx.h"

#define CHILD_ARGS_MAX 96u

/* The argument list of a child; strings that were made here are in `made`. */
struct child_args {
  char *argv[CHILD_ARGS_MAX];
  size_t argc;
  char *made[CHILD_ARGS_MAX];
  size_t made_count;
};

static void add(struct child_args *list, const char *option, const char *value)
{
  char *text = NULL;
  if (value == NULL || list->argc + 1 >= CHILD_ARGS_MAX)
    return;
  if (asprintf(&text, "%s%s%s", option, value[0] != '\0' ? "=" : "", value) < 0)
    return;
  list->made[list->made_count++] = text;
  list->argv[list->argc++] = text;
}

static void add_all(struct child_args *list, const struct hx_args *args)
{
  add(list, "--device", args->device);
  add(list, "--tier", args->tier);
  add(list, "--variant", args->variant);
  for (size_t i = 0; i < args->factor_count; i++)
    add(list, "--factor", args->factor[i]);
  add(list, "--seed", args->seed_text);
  add(list, "--samples", args->count_text);
  add(list, "--processes", args->processes_text);
  add(list, "--points", args->points);
  add(list, "--point-timeout", args->timeout_text);
  add(list, "--order", args->in_table_order ? "table" : NULL);
  add(list, "--retry", args->retry ? "" : NULL);
  add(list, "--reportable", args->reportable ? "" : NULL);
  for (size_t i = 0; i < args->waiver_count; i++)
    add(list, "--waive", args->waiver[i]);
  add(list, "--out", args->out);
  add(list, "--run-id", args->run_id);
}

static void add_budget(struct child_args *list, uint64_t budget_ns)
{
  char text[32];
  if (budget_ns == 0)
    return;
  snprintf(text, sizeof(text), "%" PRIu64,
           budget_ns / 1000000000u > 0 ? budget_ns / 1000000000u : 1);
  add(list, "--budget", text);
}

/* Runs it; its exit code. Releases the list. */
static int run_child(const struct hx_found *found, size_t index, const char *device,
                     struct child_args *list, struct hx_child *child)
{
  struct hx_why why;
  int code = HX_EXIT_HARNESS;
  char *path = hx_find_binary(found, index, device, &why);
  if (path == NULL) {
    fprintf(stderr, "grosr: %s\n", why.text);
    code = HX_EXIT_USAGE;
  } else {
    list->argv[0] = path;
    list->argv[list->argc] = NULL;
    child->path = path;
    child->argv = list->argv;
    const int result = hx_child_run(child);
    if (result < 0)
      fprintf(stderr, "grosr: cannot start %s: %s\n", found->name[index], strerror(-result));
    else if (child->end_signal != 0 && child->end_signal != hx_child_signal())
      fprintf(stderr,
              "grosr: %s was ended by signal %d (%s); the points it had finished are kept\n",
              found->name[index], child->end_signal, strsignal(child->end_signal));
    else
      code = child->exit_code == 127 ? HX_EXIT_HARNESS : child->exit_code;
  }
  free(path);
  for (size_t i = 0; i < list->made_count; i++)
    free(list->made[i]);
  return code;
}

int hx_launch(const struct hx_found *found, size_t index, const struct hx_args *args,
              enum hx_launch_kind kind, uint64_t budget_ns)
{
  const bool is_check = kind == HX_LAUNCH_CHECK;
  struct child_args list = {.argc = 1};
  struct hx_child child = {.output = is_check ? HX_CHILD_HIDE : HX_CHILD_SHOW};
  add_all(&list, args);
  if (is_check || args->dry_run)
    add(&list, "--dry-run", "");
  add_budget(&list, budget_ns);
  return run_child(found, index, args->device, &list, &child);
}

json_t *hx_launch_plan(const struct hx_found *found, size_t index, const struct hx_args *args,
                       int *code)
{
  struct child_args list = {.argc = 1};
  struct hx_child child = {.output = HX_CHILD_KEEP};
  json_t *plan = NULL;
  add_all(&list, args);
  add(&list, "--print-plan", "");
  *code = run_child(found, index, args->device, &list, &child);
  if (*code == HX_EXIT_OK && child.text != NULL)
    plan = json_loads(child.text, JSON_REJECT_DUPLICATES, NULL);
  if (*code == HX_EXIT_OK && plan == NULL) {
    fprintf(stderr, "grosr: %s printed no plan; build it and grosr from the same sources\n",
            found->name[index]);
    *code = HX_EXIT_HARNESS;
  }
  free(child.text);
  return plan;
}

int hx_launch_choose(const struct hx_found *found, const struct hx_args *args, bool *chosen,
                     struct hx_why *why)
{
  int count = 0;
  for (size_t i = 0; i < args->experiment_count; i++) {
    const bool all = strcmp(args->experiment[i], "all") == 0;
    const int at = all ? 0 : hx_find_one(found, args->experiment[i], why);
    if (at < 0)
      return at;
    for (size_t k = 0; k < found->count; k++)
      chosen[k] = chosen[k] || all || k == (size_t)at;
  }
  for (size_t k = 0; k < found->count; k++)
    count += chosen[k];
  return count;
}
