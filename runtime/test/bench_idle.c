/* bench_idle.c - what idling costs, and what it costs to be woken from it (a Meson benchmark).
 *
 * For quiet, balanced and latency mode: the share of one core that the whole process uses while a
 * device is open and has nothing to do (getrusage over some seconds); then, each time after the
 * teams have fallen asleep, the time from grosr_submit to the first instruction of the op, by one
 * clock (CLOCK_MONOTONIC is the cpu device's clock). Last the floor: a bare thread asleep in
 * futex(2), woken the same way: what the system itself takes, tail and all. Prints; decides nothing
 * but whether it could measure.
 *
 *   usage: bench_idle [seconds of idling] [wake-ups]
 *
 * Next: ../../harness/hx.h, the instrument for everything that is claimed. */
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test_tool.h"

#define SAMPLES_MAX     10000u
#define ASLEEP_AFTER_NS 3000000u /* longer than any mode spins */
#define GOAL_NS         200000u  /* a task should start within this, from quiet */

/* The floor's sleeper: 1 asks it to note the time, 2 to end. */
static _Atomic uint32_t bell;
static _Atomic uint64_t woken_ns;

static int by_value(const void *a, const void *b)
{
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static double cpu_seconds(void)
{
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double idle_share(uint64_t seconds)
{
  tool_nap_ns(100000000); /* asleep before the clock starts */
  const double before = cpu_seconds();
  const uint64_t since_ns = tool_now_ns();
  tool_nap_ns(seconds * 1000000000u);
  return (cpu_seconds() - before) / (1e-9 * (double)(tool_now_ns() - since_ns));
}

static void latencies(struct tool *tool, uint64_t *samples, uint32_t count)
{
  uint64_t device;
  uint64_t *words = tool_words(tool, 8, &device);
  const struct grosr_task task = tool_task(tool, "stamp", device, 0);
  for (uint32_t i = 0; i < count; i++) {
    tool_nap_ns(ASLEEP_AFTER_NS);
    grosr_ticket ticket = 0;
    const uint64_t since_ns = tool_now_ns();
    CHECK_EQ(tool, grosr_submit(tool->g, &task, &ticket), 0);
    CHECK_EQ(tool, tool_wait(tool, ticket), 0);
    samples[i] = words[0] - since_ns;
  }
}

static void *sleep_on_bell(void *unused)
{
  uint32_t rung;
  while ((rung = atomic_load(&bell)) != 2u) {
    if (rung == 0u) {
      syscall(SYS_futex, &bell, FUTEX_WAIT_PRIVATE, 0u, NULL, NULL, 0);
    } else {
      atomic_store(&bell, 0u);
      atomic_store(&woken_ns, tool_now_ns());
    }
  }
  return unused;
}

static void ring(uint32_t value)
{
  atomic_store(&bell, value);
  syscall(SYS_futex, &bell, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* False: no thread to be had. */
static bool floor_latencies(uint64_t *samples, uint32_t count)
{
  pthread_t sleeper;
  if (pthread_create(&sleeper, NULL, sleep_on_bell, NULL) != 0) {
    return false;
  }
  for (uint32_t i = 0; i < count; i++) {
    tool_nap_ns(ASLEEP_AFTER_NS);
    atomic_store(&woken_ns, 0u);
    const uint64_t since_ns = tool_now_ns();
    ring(1u);
    while (atomic_load(&woken_ns) == 0u) {
    }
    samples[i] = atomic_load(&woken_ns) - since_ns;
  }
  ring(2u);
  pthread_join(sleeper, NULL);
  return true;
}

static void print_latencies(uint64_t *samples, uint32_t count)
{
  uint32_t late = 0;
  qsort(samples, count, sizeof *samples, by_value);
  while (late < count && samples[count - 1u - late] > GOAL_NS) {
    late++;
  }
  printf("n=%u: p50 %.1f us, p99 %.1f us, max %.1f us; %u later than %u us\n", count,
         1e-3 * (double)samples[count / 2u], 1e-3 * (double)samples[count * 99u / 100u],
         1e-3 * (double)samples[count - 1u], late, GOAL_NS / 1000u);
  fflush(stdout);
}

int main(int argc, char **argv)
{
  static const char *const names[] = {"latency", "balanced", "quiet"};
  static uint64_t samples[SAMPLES_MAX];
  const uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 3u;
  uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 500u;
  unsigned failures = 0;
  count = count == 0u ? 1u : count < SAMPLES_MAX ? count : SAMPLES_MAX;
  for (int mode = GROSR_IDLE_QUIET; mode >= GROSR_IDLE_LATENCY; mode--) {
    struct tool tool;
    memset(&tool, 0, sizeof tool);
    tool.name = "bench_idle";
    grosr_options_init(&tool.options);
    tool.options.device = "cpu";
    tool.options.image = &grosr_image_test;
    tool.options.teams = 1;
    tool.options.idle_mode = (enum grosr_idle_mode)mode;
    tool_open(&tool);
    const double share = idle_share(seconds);
    latencies(&tool, samples, count);
    printf("%-8s idle: %.3f %% of a core over %llu s; submit -> op starts, ", names[mode],
           100.0 * share, (unsigned long long)seconds);
    print_latencies(samples, count);
    tool_close(&tool, 0);
    failures += tool.failures;
  }
  if (!floor_latencies(samples, count)) {
    return 1;
  }
  printf("floor    a bare futex: wake -> awake, ");
  print_latencies(samples, count);
  return failures != 0 ? 1 : 0;
}
