/* cmd_trace.c - `grosr trace`: what teams and host threads did and when, for a trace viewer.
 *
 *   grosr trace EXP [OPTION of run...]    runs an experiment; choose one small point
 *   grosr trace -- PROGRAM [ARG...]       runs any program that uses libgrosr
 *   grosr trace FILE...                   files that libgrosr wrote (grosr/trace.h)
 *
 * A run has GROSR_TRACE in its environment, by which every device that it opens keeps its last
 * events and writes them when it is closed. Written: trace.json, beside run.json for an experiment,
 * where `grosr report` finds it. Exit status: that of the run; 2 refused, 4 nothing could be
 * written.
 *
 * Next: trace_json.h */
#include "cmd.h"

#include <argp.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "child.h"
#include "find.h"
#include "folder.h"
#include "hx.h"
#include "store.h"
#include "trace_json.h"

#define OPENS_DEFAULT 4u
#define OPENS_MAX     64u

struct wish {
  const char *output; /* NULL: trace.json */
  uint64_t events;    /* 0: the library decides */
  uint64_t opens;
  char **what; /* what is left of the command line */
  int what_count;
  bool is_program;
};

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "where to write (trace.json)", 0},
    {"events", 'n', "COUNT", 0, "of each team and host track, the last ones, a power of two", 0},
    {"opens", 'm', "COUNT", 0, "of a program that opens many devices, the last (4)", 0},
    {0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
  struct wish *wish = state->input;
  switch (key) {
  case 'o':
    wish->output = arg;
    break;
  case 'n':
    if (hx_text_parse_u64(arg, &wish->events) < 0 || wish->events < 64 || wish->events > 1048576 ||
        (wish->events & (wish->events - 1)) != 0)
      argp_error(state, "--events=%s: give a power of two from 64 to 1048576", arg);
    break;
  case 'm':
    if (hx_text_parse_u64(arg, &wish->opens) < 0 || wish->opens == 0 || wish->opens > OPENS_MAX)
      argp_error(state, "--opens=%s: give a whole number from 1 to %u", arg, OPENS_MAX);
    break;
  case ARGP_KEY_ARG:
    wish->is_program = state->quoted != 0 && state->quoted == state->next - 1;
    wish->what = state->argv + state->next - 1; /* all that follows is its own */
    wish->what_count = state->argc - state->next + 1;
    state->next = state->argc;
    break;
  case ARGP_KEY_NO_ARGS:
    argp_error(state, "say what: EXP, -- PROGRAM, or files of events");
    break;
  default:
    return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

/* ---- converting ---- */

/* The files' events as JSON at `output`. 0, or negative errno and a sentence. */
static int convert(char *const *path, size_t count, const char *output, struct hx_why *why)
{
  struct hx_trace trace[OPENS_MAX] = {0};
  struct hx_trace_sums sums = {0};
  int result = 0;
  FILE *out = NULL;
  for (size_t i = 0; i < count && result == 0; i++)
    result = hx_trace_read(&trace[i], path[i], why);
  if (result == 0) {
    out = fopen(output, "w");
    if (out == NULL)
      result = hx_refuse(why, -EIO, "cannot write %s: %s; give another by --output", output,
                         strerror(errno));
  }
  if (result == 0 && hx_trace_json(trace, count, out, &sums) < 0)
    result = hx_refuse(why, -EIO, "%s is not whole: %s; make room there", output, strerror(errno));
  if (out != NULL && fclose(out) != 0 && result == 0)
    result = hx_refuse(why, -EIO, "%s is not whole: %s; make room there", output, strerror(errno));
  for (size_t i = 0; i < count; i++)
    hx_trace_fini(&trace[i]);
  if (result == 0)
    printf("%s: %zu events, %zu tasks, %zu followed; %zu events were overwritten before they were "
           "read\nopen it in ui.perfetto.dev\n",
           output, sums.events, sums.tasks, sums.flows, sums.lost);
  return result;
}

static int convert_given(const struct wish *wish, struct hx_why *why)
{
  if ((size_t)wish->what_count > OPENS_MAX)
    return hx_refuse(why, -E2BIG, "%d files are too many for one timeline; give %u or fewer",
                     wish->what_count, OPENS_MAX);
  return convert(wish->what, (size_t)wish->what_count,
                 wish->output != NULL ? wish->output : "trace.json", why);
}

/* ---- running ---- */

static int by_age(const void *left, const void *right)
{
  const char *a = *(char *const *)left, *b = *(char *const *)right;
  struct hx_trace_age {
    unsigned pid, number;
  } x = {0, 0}, y = {0, 0};
  const char *at = strstr(a, "/events."), *bt = strstr(b, "/events.");
  if (at != NULL && bt != NULL) {
    sscanf(at, "/events.%u.%u", &x.pid, &x.number);
    sscanf(bt, "/events.%u.%u", &y.pid, &y.number);
  }
  if (x.pid != y.pid)
    return x.pid < y.pid ? -1 : 1;
  return (x.number > y.number) - (x.number < y.number);
}

/* What a run has left in `folder`, the last `opens` of it, then the folder is removed. */
static int convert_left(const struct wish *wish, const char *folder, const char *output,
                        struct hx_why *why)
{
  char pattern[128];
  glob_t found = {0};
  int result;
  snprintf(pattern, sizeof(pattern), "%s/events.*", folder);
  if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0 || found.gl_pathc == 0) {
    result = hx_refuse(why, -ENODATA,
                       "there is nothing to show: the program closed no device that keeps events; "
                       "it is to use this libgrosr, and call grosr_close");
  } else {
    qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv), by_age);
    const size_t skip = found.gl_pathc > wish->opens ? found.gl_pathc - wish->opens : 0;
    if (skip > 0)
      printf("%zu devices were opened; these are the last %zu, --opens has more\n", found.gl_pathc,
             found.gl_pathc - skip);
    result = convert(found.gl_pathv + skip, found.gl_pathc - skip, output, why);
  }
  for (size_t i = 0; i < found.gl_pathc; i++)
    unlink(found.gl_pathv[i]);
  globfree(&found);
  return result;
}

static int run_program(const struct wish *wish, int *code, struct hx_why *why)
{
  char *path = wish->what[0];
  struct hx_child child = {.path = path, .argv = wish->what};
  if (strchr(path, '/') == NULL || access(path, X_OK) < 0)
    return hx_refuse(why, -ENOENT, "cannot run %s; give its path, as ./%s", path, path);
  const int result = hx_child_run(&child);
  *code = child.exit_code;
  return result < 0 ? hx_refuse(why, result, "cannot run %s: %s", path, strerror(-result)) : 0;
}

/* `grosr run` with the same options, and --out if it was not given. *folder: of the experiment. */
static int run_experiment(const struct wish *wish, int *code, char **folder, struct hx_why *why)
{
  struct hx_args args = {.takes_experiments = true};
  struct hx_found found;
  char run_id[HX_RUN_ID_BYTES];
  char out[HX_RUN_ID_BYTES + 24];
  char **argv = calloc((size_t)wish->what_count + 4, sizeof(*argv));
  int argc = 0;
  if (argv == NULL)
    return hx_refuse(why, -ENOMEM, "out of memory");
  argv[argc++] = (char *)(size_t) "grosr trace";
  for (int i = 0; i < wish->what_count; i++)
    argv[argc++] = wish->what[i];
  int result = hx_args_parse(&args, "", argc, argv);
  if (result < 0 || args.experiment_count != 1) {
    free(argv);
    return hx_refuse(why, -EINVAL,
                     "give one experiment, then options of `grosr run`, as exp1 "
                     "--variant grosr_host --factor tasks=1000");
  }
  if (args.out == NULL) {
    hx_folder_run_id(run_id);
    snprintf(out, sizeof(out), "--out=results/runs/%s", run_id);
    argv[argc++] = out;
    args.out = out + strlen("--out=");
  }
  result = hx_find_all(&found, why);
  const int index = result < 0 ? result : hx_find_one(&found, args.experiment[0], why);
  if (index >= 0) {
    *folder = hx_folder_path(args.out, NULL, found.name[index]);
    *code = hx_cmd_run(argc, argv);
  }
  if (result == 0)
    hx_find_fini(&found);
  free(argv);
  return index < 0 ? index : 0;
}

static int run_and_convert(const struct wish *wish, int *code, struct hx_why *why)
{
  char folder[] = "/tmp/grosr-trace-XXXXXX";
  char name[64];
  char events[24];
  char *results = NULL;
  if (mkdtemp(folder) == NULL)
    return hx_refuse(why, -EIO, "cannot make a folder in /tmp: %s", strerror(errno));
  snprintf(name, sizeof(name), "%s/events", folder);
  snprintf(events, sizeof(events), "%llu", (unsigned long long)wish->events);
  setenv("GROSR_TRACE", name, 1);
  if (wish->events != 0)
    setenv("GROSR_TRACE_EVENTS", events, 1);
  int result =
      wish->is_program ? run_program(wish, code, why) : run_experiment(wish, code, &results, why);
  char *output =
      results != NULL && wish->output == NULL ? hx_store_path(results, "trace.json") : NULL;
  if (result == 0)
    result = convert_left(wish, folder,
                          output != NULL         ? output
                          : wish->output != NULL ? wish->output
                                                 : "trace.json",
                          why);
  rmdir(folder);
  free(results);
  free(output);
  return result;
}

int hx_cmd_trace(int argc, char **argv)
{
  static const char doc[] =
      "A timeline of teams and host threads, for ui.perfetto.dev: of a run, or of files of events."
      "\vEXP is run as by `grosr run` with the options that follow it; its times are those of a "
      "traced run. A ring keeps the last events of a device; choose one small point.";
  const struct argp argp = {
      options, take_option, "EXP [OPTION...]\n-- PROGRAM [ARG...]\nFILE...", doc, NULL, NULL, NULL};
  struct wish wish = {.opens = OPENS_DEFAULT};
  struct hx_why why = {"out of memory"};
  int code = 0;
  if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &wish) != 0)
    return HX_EXIT_USAGE;
  const bool is_file = !wish.is_program && strpbrk(wish.what[0], "./") != NULL;
  const int result = is_file ? convert_given(&wish, &why) : run_and_convert(&wish, &code, &why);
  if (result < 0)
    fprintf(stderr, "grosr: %s\n", why.text);
  if (hx_child_signal() != 0)
    return 128 + hx_child_signal();
  if (code != 0)
    return code;
  return result == 0 ? HX_EXIT_OK : result == -EIO ? HX_EXIT_HARNESS : HX_EXIT_USAGE;
}
