/* cmd_plan.c - `grosr plan EXP...`: every point that `grosr run` with the same arguments would
 * measure, in its order, with its id and how long it may take; nothing is run and nothing made.
 *
 * It is `grosr run --dry-run` under a name of its own: the experiments themselves expand their
 * tables (describe.c). With --export the plan becomes a file for a site's own harness (export.h),
 * for which the device is taken at its name, and need not be here.
 *
 * Next: cmd_run.c */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "export.h"
#include "find.h"
#include "folder.h"
#include "hx.h"
#include "launch.h"
#include "store.h"

struct wish {
  const char *kind;   /* of --export; NULL: print the points */
  const char *output; /* a file; NULL: stdout */
};

enum { KEY_EXPORT = 512, KEY_OUTPUT };

static const struct argp_option options[] = {
    {"export", KEY_EXPORT, "KIND", 0, "a file for another harness: reframe or jube", 0},
    {"output", KEY_OUTPUT, "FILE", 0, "where --export goes, instead of stdout", 0},
    {NULL, 0, NULL, 0, NULL, 0}};

static error_t take(int key, char *arg, struct argp_state *state)
{
  struct wish *wish = state->input;
  if (key == KEY_EXPORT)
    wish->kind = arg;
  else if (key == KEY_OUTPUT)
    wish->output = arg;
  else if (key == ARGP_KEY_END && wish->output != NULL && wish->kind == NULL)
    argp_error(state, "--output is for --export; add --export reframe or --export jube");
  else if (key != ARGP_KEY_END)
    return ARGP_ERR_UNKNOWN;
  return 0;
}

static int print_points(int argc, char **argv)
{
  static char dry_run[] = "--dry-run";
  char **more = calloc((size_t)argc + 2, sizeof(*more));
  if (more == NULL)
    return HX_EXIT_HARNESS;
  memcpy(more, argv, (size_t)argc * sizeof(*more));
  more[argc] = dry_run;
  const int code = hx_cmd_run(argc + 1, more);
  free(more);
  return code;
}

static int write_text(const char *text, const char *path, struct hx_why *why)
{
  const int error = path != NULL ? hx_store_write(path, text, strlen(text))
                                 : -(fputs(text, stdout) == EOF || fflush(stdout) == EOF);
  return error < 0 ? hx_refuse(why, error, "cannot write the plan to %s; choose another --output",
                               path != NULL ? path : "the standard output")
                   : 0;
}

static int export_one(const struct hx_found *found, size_t index, const struct hx_args *args,
                      const struct wish *wish)
{
  struct hx_why why;
  int code = HX_EXIT_OK;
  json_t *plan = hx_launch_plan(found, index, args, &code);
  if (plan == NULL)
    return code;
  char *text = hx_export(plan, wish->kind, &why);
  if (text == NULL || write_text(text, wish->output, &why) < 0) {
    fprintf(stderr, "grosr: %s\n", why.text);
    code = HX_EXIT_USAGE;
  }
  free(text);
  json_decref(plan);
  return code;
}

static int export(struct hx_args *args, const struct wish *wish)
{
  struct hx_found found;
  struct hx_why why;
  char run_id[HX_RUN_ID_BYTES];
  size_t index = 0;
  if (hx_find_all(&found, &why) < 0) {
    fprintf(stderr, "grosr: %s\n", why.text);
    return HX_EXIT_USAGE;
  }
  if (args->run_id == NULL) {
    hx_folder_run_id(run_id);
    args->run_id = run_id;
  }
  int code = HX_EXIT_USAGE;
  bool *chosen = calloc(found.count, sizeof(*chosen));
  const int count = chosen != NULL ? hx_launch_choose(&found, args, chosen, &why) : 0;
  while (chosen != NULL && index < found.count && !chosen[index])
    index++;
  if (count < 0)
    fprintf(stderr, "grosr: %s\n", why.text);
  else if (count != 1)
    fprintf(stderr, "grosr: --export makes a file of one experiment; name just one of them\n");
  else
    code = export_one(&found, index, args, wish);
  free(chosen);
  hx_find_fini(&found);
  return code;
}

int hx_cmd_plan(int argc, char **argv)
{
  static const char doc[] =
      "Prints every point that `grosr run` with the same options would measure, and how long it "
      "may take; nothing is run.";
  static const struct argp argp = {options, take, NULL, NULL, NULL, NULL, NULL};
  struct wish wish = {0};
  struct hx_args args = {.takes_experiments = true, .more = &argp, .more_input = &wish};
  if (hx_args_parse(&args, doc, argc, argv) < 0)
    return HX_EXIT_USAGE;
  return wish.kind != NULL ? export(&args, &wish) : print_points(argc, argv);
}
