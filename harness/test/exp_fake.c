/* exp_fake.c - an experiment that does nothing but end in every way an experiment can.
 *
 * Run by the harness's own tests as exp90_fake, exp90_fake-sim and exp91_other. Its values are
 * fixed, so that the rows are known in advance. Next: test_run.c */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/hx.h"

#define MANY_SAMPLES 25000u

static int run_good(struct hx_point *point)
{
  const uint64_t tasks = hx_factor_u64(point, "tasks");
  for (unsigned i = 1; i <= 10; i++)
    hx_sample(point, "time_us", (double)(i * tasks));
  hx_note(point, "seed", "%llu", (unsigned long long)hx_seed(point));
  hx_note(point, "mode", "%s", hx_factor_text(point, "mode"));
  return 0;
}

static int run_wrong(struct hx_point *point)
{
  hx_sample(point, "time_us", 0.001); /* fast, but wrong */
  return hx_fail(point, "sum is %d, not %d: \"lost\"\na task", 3, 4);
}

static int run_error(struct hx_point *point)
{
  hx_sample(point, "time_us", 1.0);
  return -EIO;
}

static int probe_absent(struct hx_point *point)
{
  return hx_unmet(point, "no OpenCL platform; install pocl-opencl-icd");
}

static int run_silent(struct hx_point *point)
{
  (void)point;
  return 0;
}

static int run_nan(struct hx_point *point)
{
  hx_sample(point, "time_us", NAN);
  return 0;
}

static int run_stray_factor(struct hx_point *point)
{
  hx_sample(point, "time_us", (double)hx_factor_u64(point, "tasks"));
  return 0;
}

static int run_many(struct hx_point *point)
{
  static double values[MANY_SAMPLES];
  for (unsigned i = 0; i < MANY_SAMPLES; i++)
    values[i] = i;
  hx_samples(point, "time_us", values, MANY_SAMPLES);
  hx_sample(point, "rate_tasks_s", 5.0);
  return 0;
}

static int run_more(struct hx_point *point)
{
  while (hx_more(point, "time_us"))
    hx_sample(point, "time_us", 1.0);
  return 0;
}

static int run_pinned(struct hx_point *point)
{
  cpu_set_t set;
  if (hx_core_count() == 0)
    return hx_unmet(point, "hwloc sees no core");
  if (hx_pin(point, hx_core_count()) != -ERANGE)
    return hx_fail(point, "a core that is not there was bound");
  const int result = hx_pin(point, 0);
  if (result < 0)
    return hx_unmet(point, "this system does not bind threads (%d)", -result);
  sched_getaffinity(0, sizeof(set), &set);
  hx_sample(point, "time_us", CPU_COUNT(&set));
  return 0;
}

/* Waits until the signal is there, which is at once unless the harness is broken. */
static int wait_interrupted(struct hx_point *point)
{
  for (unsigned i = 0; i < 10000 && !hx_interrupted(); i++)
    usleep(1000);
  hx_sample(point, "time_us", 1.0);
  return hx_interrupted() ? 0 : hx_fail(point, "the signal did not arrive");
}

static int run_stop_self(struct hx_point *point)
{
  raise(SIGINT);
  return wait_interrupted(point);
}

static int run_stop_self_term(struct hx_point *point)
{
  raise(SIGTERM);
  return wait_interrupted(point);
}

static int run_stop_parent(struct hx_point *point)
{
  char line[256] = "";
  int grosr = 0; /* the supervisor's parent */
  snprintf(line, sizeof(line), "/proc/%d/stat", (int)getppid());
  FILE *file = fopen(line, "r");
  if (file == NULL || fgets(line, sizeof(line), file) == NULL ||
      sscanf(strrchr(line, ')'), ") %*c %d", &grosr) != 1)
    return hx_fail(point, "the supervisor's parent is not known");
  fclose(file);
  kill(grosr, SIGINT);
  return wait_interrupted(point);
}

static int run_hang(struct hx_point *point)
{
  hx_sample(point, "time_us", 1.0);
  while (pause() < 0) {
  }
  return 0;
}

static int run_crash(struct hx_point *point)
{
  (void)point;
  return kill(getpid(), SIGKILL);
}

/* As the simulator does: a run for each point, and a violation ends the process. */
static uint64_t simulated_seed;
static unsigned simulated_steps;
static const char *violated = "";

static void begin(uint64_t seed)
{
  simulated_seed = seed;
  simulated_steps = 0;
}

static const char *violation(void)
{
  return violated;
}

/* Also says whether each point had a run of its own. */
static int run_virtual(struct hx_point *point)
{
  while (hx_more(point, "time_us"))
    hx_sample(point, "time_us", (double)(simulated_seed * 1000 + ++simulated_steps));
  return 0;
}

static int run_violated(struct hx_point *point)
{
  hx_sample(point, "time_us", 1.0);
  violated = "two owners of one task";
  exit(HX_EXIT_FAILED);
}

static int probe_device(const char *device, char *sentence, size_t sentence_bytes)
{
  if (strcmp(device, "sim") == 0)
    snprintf(sentence, sentence_bytes, "simulated, seed %u", (unsigned)simulated_seed);
  else if (strcmp(device, "cpu") == 0)
    snprintf(sentence, sentence_bytes, "this CPU, cores %s",
             hx_core_count() > 0 ? "known" : "unknown");
  else if (getenv("FAKE_CUDA") != NULL && strcmp(device, "cuda:0") == 0)
    snprintf(sentence, sentence_bytes, "a fake GPU");
  else {
    snprintf(sentence, sentence_bytes, "no CUDA driver here; install one or add --device cpu");
    return -ENODEV;
  }
  return 0;
}

static const struct hx_metric metrics[] = {{"time_us", "us"}, {"rate_tasks_s", "tasks/s"}, {0}};

static const struct hx_factor factors[] = {
    {"tasks", "1,1e3", "1,1e3,1e6", "1,10"}, {"mode", "spin", "spin,sleep", NULL}, {0}};

static const struct hx_variant variants[] = {
    {"good", "any", NULL, run_good, NULL},
    {"wrong", "cpu", NULL, run_wrong, ""},
    {"error", "cpu", NULL, run_error, ""},
    {"absent", "cpu", probe_absent, run_good, ""},
    {"silent", "cpu", NULL, run_silent, ""},
    {"nan", "cpu", NULL, run_nan, ""},
    {"stray_factor", "cpu", NULL, run_stray_factor, ""},
    {"many", "cpu", NULL, run_many, ""},
    {"more", "cpu", NULL, run_more, ""},
    {"pinned", "cpu", NULL, run_pinned, ""},
    {"stop_self", "cpu", NULL, run_stop_self, ""},
    {"stop_self_term", "cpu", NULL, run_stop_self_term, ""},
    {"stop_parent", "cpu", NULL, run_stop_parent, ""},
    {"crash", "cpu", NULL, run_crash, ""},
    {"hang", "cpu", NULL, run_hang, ""},
    {"on_gpu", "cuda", NULL, run_more, ""},
    {"virtual", "sim", NULL, run_virtual, ""},
    {"violated", "sim", NULL, run_violated, ""},
    {0}};

int main(int argc, char **argv)
{
  static const struct hx_simulator simulator = {begin, violation};
  const size_t bytes = strlen(argv[0]);
  const bool is_sim = bytes > 4 && strcmp(argv[0] + bytes - 4, "-sim") == 0;
  const struct hx_experiment experiment = {FAKE_NAME,
                                           "A fake experiment for the harness's own tests",
                                           metrics,
                                           factors,
                                           variants,
                                           probe_device,
                                           is_sim ? &simulator : NULL};
  return hx_main(argc, argv, &experiment);
}
