/* trial.c - see trial.h. Next: cmd_duel.c */
#include "trial.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "find.h"
#include "hx.h"

#define PATH_BYTES      4096u
#define SAMPLES_DEFAULT "--samples=50"
#define SHOWN_BYTES     300u /* of what a process said before it went wrong */

static const struct argp_option options[] = {
    {"device", 'd', "DEVICE", 0, "handed on to the experiment, as the next ones", 10},
    {"variant", 'v', "NAME,...", 0, NULL, 10},
    {"factor", 'f', "NAME=VALUES", 0, NULL, 10},
    {"samples", 'n', "COUNT", 0, "samples in each process (50)", 10},
    {"tier", 'T', "TIER", 0, NULL, 10},
    {0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
  struct hx_trial_options *wish = state->input;
  const char *name = NULL;
  for (size_t i = 0; options[i].name != NULL; i++)
    name = options[i].key == key ? options[i].name : name;
  if (name == NULL || arg == NULL)
    return ARGP_ERR_UNKNOWN;
  if (wish->count == HX_TRIAL_OPTIONS_MAX)
    argp_error(state, "at most %u options for the experiment", HX_TRIAL_OPTIONS_MAX);
  else if (asprintf(&wish->option[wish->count], "--%s=%s", name, arg) < 0)
    return ENOMEM;
  else
    wish->count++;
  wish->has_samples = wish->has_samples || key == 'n';
  wish->device = key == 'd' ? arg : wish->device;
  return 0;
}

const struct argp hx_trial_argp = {options, take_option, NULL, NULL, NULL, NULL, NULL};

void hx_trial_options_fini(struct hx_trial_options *wish)
{
  for (size_t i = 0; i < wish->count; i++)
    free(wish->option[i]);
  wish->count = 0;
}

static char *find_in(const char *folder, const char *experiment, const char *device,
                     struct hx_why *why)
{
  struct hx_found found;
  if ((folder == NULL ? hx_find_all(&found, why) : hx_find_in(&found, folder, why)) < 0)
    return NULL;
  const int at = hx_find_one(&found, experiment, why);
  char *path = at < 0 ? NULL : hx_find_binary(&found, (size_t)at, device, why);
  hx_find_fini(&found);
  return path;
}

char *hx_trial_find(const char *folder, const char *experiment, const char *device,
                    struct hx_why *why)
{
  static const char *const below[] = {"/experiments", "/libexec/grosr", ""};
  if (folder == NULL && strchr(experiment, '/') != NULL) {
    if (access(experiment, X_OK) == 0)
      return strdup(experiment);
    hx_refuse(why, -ENOENT, "%s is not a program; give exp<N>, or the path of a built experiment",
              experiment);
    return NULL;
  }
  if (folder == NULL)
    return find_in(NULL, experiment, device, why);
  for (size_t i = 0; i < 3; i++) {
    char path[PATH_BYTES];
    struct stat state;
    snprintf(path, sizeof(path), "%s%s", folder, below[i]);
    if (stat(path, &state) == 0 && S_ISDIR(state.st_mode))
      return find_in(path, experiment, device, why);
  }
  hx_refuse(why, -ENOENT, "%s is not a folder; give a build folder, or one with experiments",
            folder);
  return NULL;
}

static int remove_one(const char *path, const struct stat *state, int kind, struct FTW *where)
{
  (void)state;
  (void)kind;
  (void)where;
  remove(path);
  return 0;
}

static void set_inject(const char *percent)
{
  if (percent != NULL)
    setenv("GROSR_INJECT_PERCENT", percent, 1);
  else
    unsetenv("GROSR_INJECT_PERCENT");
}

/* Runs it; the folder has its results. */
static int run_process(const struct hx_trial *trial, const char *folder, struct hx_why *why)
{
  char *argv[HX_TRIAL_OPTIONS_MAX + 5] = {(char *)trial->binary};
  char out[PATH_BYTES];
  char samples[] = SAMPLES_DEFAULT;
  char trial_option[] = "--trial";
  size_t argc = 1;
  struct hx_child child = {.path = trial->binary, .argv = argv, .output = HX_CHILD_KEEP_ALL};
  snprintf(out, sizeof(out), "--out=%s", folder);
  for (size_t i = 0; i < trial->options->count; i++)
    argv[argc++] = trial->options->option[i];
  argv[argc++] = trial_option;
  if (!trial->options->has_samples)
    argv[argc++] = samples;
  argv[argc] = out;
  set_inject(trial->inject);
  const int result = hx_child_run(&child);
  const size_t bytes = child.text != NULL ? strlen(child.text) : 0;
  int code = 0;
  if (result < 0)
    code = hx_refuse(why, result, "cannot start %s: %s; build it again", trial->binary,
                     strerror(-result));
  else if (hx_child_signal() != 0)
    code = hx_refuse(why, -EINTR, "stopped by signal %d; nothing is judged", hx_child_signal());
  else if (child.exit_code > HX_EXIT_FAILED)
    code = hx_refuse(why, -ECHILD, "%s ended with %d: %s", trial->binary, child.exit_code,
                     bytes > SHOWN_BYTES ? child.text + bytes - SHOWN_BYTES
                                         : (bytes > 0 ? child.text : "it said nothing"));
  free(child.text);
  return code;
}

struct hx_environment *hx_trial_look(const char *device)
{
  const bool is_cuda = device != NULL && strncmp(device, "cuda", 4) == 0;
  const struct hx_environment_setup setup = {"/", is_cuda ? HX_NVML_LIBRARY : NULL,
                                             HX_ENVIRONMENT_LOOK_NS};
  struct hx_environment *environment = NULL;
  if (device == NULL || strcmp(device, "sim") != 0)
    environment = malloc(sizeof(*environment));
  if (environment != NULL)
    hx_environment_begin(environment, &setup);
  return environment;
}

/* Those that were not said before already. */
static void tell_reasons(const struct hx_reasons *reasons, const struct hx_reasons *said)
{
  for (size_t i = 0; i < reasons->count; i++) {
    const struct hx_reason *reason = &reasons->reason[i];
    bool is_said = reason->grade == HX_GRADE_A;
    for (size_t k = 0; said != NULL && k < said->count; k++)
      is_said = is_said || strcmp(reason->value, said->reason[k].value) == 0;
    if (!is_said)
      fprintf(stderr, "  %s: %s\n", reason->rule, reason->value);
  }
}

void hx_trial_tell(struct hx_environment *environment)
{
  if (environment == NULL)
    return;
  hx_environment_end(environment);
  fprintf(stderr, "the machine: grade %s\n", hx_grade_text(hx_environment_grade(environment)));
  tell_reasons(&environment->before.reasons, NULL);
  tell_reasons(&environment->after.reasons, &environment->before.reasons);
  free(environment);
}

int hx_trial_run(struct hx_compare *all, const struct hx_trial *trial, struct hx_compare_run *run,
                 struct hx_why *why)
{
  const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
  char folder[PATH_BYTES - 32u];
  snprintf(folder, sizeof(folder), "%s/grosr-trial-XXXXXX", base);
  if (mkdtemp(folder) == NULL)
    return hx_refuse(why, -errno, "cannot make a folder in %s: %s; set TMPDIR to one with room",
                     base, strerror(errno));
  int result = run_process(trial, folder, why);
  if (result == 0) {
    const struct hx_compare_source source = {folder, trial->which, trial->process};
    result = hx_compare_read(all, &source, run, why);
  }
  nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  return result;
}
