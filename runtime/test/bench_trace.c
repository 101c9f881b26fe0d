/* bench_trace.c - what a trace costs: off, there but stopped, and on (a Meson benchmark).
 *
 * Three loads on one team of the cpu device, of tasks of so many steps of arithmetic:
 *
 *   chain    each task submits the next; the process's processor time while the host sleeps. Three
 *            events a task, all by the team
 *   submit   tasks from grosr_submit_many; the host thread's processor time in it. One event a task
 *   through  the same tasks, wall time until all are done: only on a machine that does nothing else
 *
 * The three settings take turns in each round, in an order that rotates; printed are the medians of
 * the time a task, and the median, first and third quartile of the rounds' ratios to off. Decides
 * nothing but whether it could measure.
 *
 *   usage: bench_trace [rounds] [tasks of no length a round]
 *
 * Next: ../../harness/hx.h, the instrument for everything that is claimed. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <grosr/trace.h>

#include "test_tool.h"

#define ROUNDS_MAX 200u
#define BATCH      256u

enum setting { OFF = 0, STOPPED = 1, ON = 2, SETTINGS = 3 };
enum load { CHAIN = 0, SUBMIT = 1, THROUGH = 2 };

static int by_value(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double cpu_ns(clockid_t whose)
{
  struct timespec now;
  clock_gettime(whose, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

/* ns a task, of the host thread while it submits, or of everything. */
static double host_ns(struct tool *tool, uint64_t device, uint64_t steps, uint64_t count,
                      bool is_submit)
{
  struct grosr_task tasks[BATCH];
  double used_ns = 0.0;
  for (uint32_t i = 0; i < BATCH; i++) {
    tasks[i] = tool_task(tool, "chain", device, 0);
    tasks[i].arg[2] = steps;
  }
  const uint64_t since_ns = tool_now_ns();
  for (uint64_t left = count; left != 0;) {
    const size_t most = left < BATCH ? (size_t)left : BATCH;
    const double before_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
    const int64_t done = grosr_submit_many(tool->g, tasks, most, TOOL_WAIT_NS, NULL);
    used_ns += cpu_ns(CLOCK_THREAD_CPUTIME_ID) - before_ns;
    if (!CHECK(tool, done > 0)) {
      return 0.0;
    }
    left -= (uint64_t)done;
    if (is_submit) { /* so that there is room at once */
      CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    }
  }
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  return (is_submit ? used_ns : (double)(tool_now_ns() - since_ns)) / (double)count;
}

/* The same, of the team's thread; the host sleeps. */
static double chain_ns(struct tool *tool, uint64_t device, uint64_t steps, uint64_t count)
{
  struct grosr_task task = tool_task(tool, "chain", device, count - 1u);
  uint64_t *words = (uint64_t *)(uintptr_t)device; /* of the cpu: the same memory */
  task.arg[2] = steps;
  words[0] = 0;
  const double before_ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
  CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
  for (int naps = 0; naps < 10000 && *(volatile uint64_t *)words < count; naps++) {
    tool_nap_ns(1000000);
  }
  const double used_ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - before_ns;
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  return used_ns / (double)count;
}

/* One setting of one round. */
static double measure(enum setting setting, enum load load, uint64_t steps, uint64_t count,
                      unsigned *failures)
{
  struct tool tool;
  uint64_t device;
  memset(&tool, 0, sizeof tool);
  tool.name = "bench_trace";
  grosr_options_init(&tool.options);
  tool.options.device = "cpu";
  tool.options.image = &grosr_image_test;
  tool.options.teams = 1;
  tool.options.idle_mode = GROSR_IDLE_BALANCED;
  tool.options.trace_events = setting == OFF ? 0 : 16384;
  tool_open(&tool);
  if (setting == STOPPED) {
    CHECK_EQ(&tool, grosr_trace_stop(tool.g), 0);
  }
  tool_words(&tool, 8, &device);
  double ns = 0.0;
  for (int turn = 0; turn < 2; turn++) { /* the first warms up */
    const uint64_t tasks = turn == 0 ? count / 4u + 1u : count;
    ns = load == CHAIN ? chain_ns(&tool, device, steps, tasks)
                       : host_ns(&tool, device, steps, tasks, load == SUBMIT);
  }
  tool_close(&tool, 0);
  *failures += tool.failures;
  return ns;
}

static double median(double *values, uint32_t count, uint32_t quarter)
{
  qsort(values, count, sizeof *values, by_value);
  return values[(count - 1u) * quarter / 4u];
}

static unsigned compare(enum load load, uint64_t steps, uint32_t rounds, uint64_t count)
{
  static const char *const name[] = {"chain", "submit", "through"};
  static double ns[SETTINGS][ROUNDS_MAX], ratio[SETTINGS][ROUNDS_MAX];
  unsigned failures = 0;
  for (uint32_t round = 0; round < rounds; round++) {
    for (uint32_t i = 0; i < SETTINGS; i++) {
      const enum setting setting = (enum setting)((i + round) % SETTINGS);
      ns[setting][round] = measure(setting, load, steps, count, &failures);
    }
    for (uint32_t i = 0; i < SETTINGS; i++) {
      ratio[i][round] = ns[i][round] / ns[OFF][round];
    }
  }
  printf("%-7s %5llu steps: off %8.1f ns a task", name[load], (unsigned long long)steps,
         median(ns[OFF], rounds, 2u));
  for (uint32_t i = STOPPED; i < SETTINGS; i++) {
    printf("; %s %8.1f, x %.3f (%.3f to %.3f)", i == ON ? "on" : "stopped",
           median(ns[i], rounds, 2u), median(ratio[i], rounds, 2u), median(ratio[i], rounds, 1u),
           median(ratio[i], rounds, 3u));
  }
  printf("; n=%u\n", rounds);
  fflush(stdout);
  return failures;
}

int main(int argc, char **argv)
{
  const uint64_t steps[] = {0, 100, 300, 1000, 10000};
  uint32_t rounds = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 21u;
  uint64_t tasks = argc > 2 ? strtoull(argv[2], NULL, 10) : 200000u;
  unsigned failures = 0;
  rounds = rounds == 0u ? 1u : rounds < ROUNDS_MAX ? rounds : ROUNDS_MAX;
  tasks = tasks < 1000u ? 1000u : tasks;
  for (size_t i = 0; i < 5; i++) {
    failures += compare(CHAIN, steps[i], rounds, tasks * 100u / (100u + steps[i]) + 1u);
  }
  failures += compare(SUBMIT, 0, rounds, tasks);
  for (size_t i = 0; i < 5; i += 3) {
    failures += compare(THROUGH, steps[i], rounds, tasks * 100u / (100u + steps[i]) + 1u);
  }
  return failures != 0 ? 1 : 0;
}
