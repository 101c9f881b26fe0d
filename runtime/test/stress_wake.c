/* stress_wake.c - hunts for lost wake-ups: messages that meet teams just as they fall asleep or
 * leave.
 *
 * Ping-pong of single tasks with random pauses around the times at which a team goes from spinning
 * to drowsy to asleep, and from idle to rest; sometimes two tasks, a fork or a control message at
 * once, so that several teams are on their way. A sleeping team looks for itself every 100 ms
 * (limits.h, GR_SLEEP_NS_MAX), which would hide a lost wake-up: so an answer that takes longer
 * than LATE_NS is counted as late, and more than LATE_MAX of a thousand fail; a few are the busy
 * machine's. No answer at all within 20 s fails at once.
 *
 *   usage: stress_wake [--seconds N] [--seed N]
 *
 * Mutants (2 cores, x86-64, gcc 12; 2 s each under load), by whom they are noticed:
 *   idle.h    asleep without the drowsy look       here (late answers), test_idle
 *   ingress.h duty passed on without a look        test_device_rest
 *   ingress.h one control message a look           test_device_rest, test_ingress
 *   idle.h    rest without looking at the rings    here, stress_tasks, test_device_rest
 *   idle.h    no fence when drowsy, none at rest   none: the window is some ns wide
 *   sched.h   no waker's fence                     none: on x86 it only holds the compiler
 * Next: bench_idle.c. */
#include <stdlib.h>
#include <string.h>

#include "test_tool.h"

#define LATE_NS  40000000u
#define LATE_MAX 3u /* of 1000 */
#define ROUNDS   1000

/* How long a spin lasts in each idle mode (limits.h). */
static const uint64_t spin_ns[] = {2000, 100000, 5000};

static void pause_some(uint64_t *random, const struct grosr_options *options)
{
  const uint64_t spin = spin_ns[options->idle_mode];
  const uint64_t leave = options->idle_exit_ns;
  const uint64_t center = leave != 0u && tool_random(random) % 2u == 0u ? leave : spin;
  const uint64_t ns = tool_random(random) % (2u * center) + tool_random(random) % 2000u;
  const uint64_t end_ns = tool_now_ns() + ns;
  if (ns > 60000u) {
    tool_nap_ns(ns - 50000u); /* leaves its core to the teams */
  }
  while (tool_now_ns() < end_ns) {
  }
}

/* One message to the device and its answer. Returns whether it was right. */
static bool ping(struct tool *tool, const struct grosr_task *tasks, uint64_t kind)
{
  grosr_ticket tickets[4] = {0};
  uint32_t context;
  const size_t count = kind % 4u + 1u;
  if (kind / 4u % 16u == 0u) {
    CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
    for (size_t i = 0; i < count; i++) {
      tickets[i] = tool_submit(tool, &tasks[i]);
    }
    return CHECK_EQ(tool, grosr_wait_many(tool->g, tickets, count, TOOL_WAIT_NS, NULL), count) &&
           CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0) &&
           CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
  }
  const struct grosr_task *first = kind / 4u % 4u == 0u ? &tasks[4] : tasks;
  const size_t many = first == tasks ? count : 1u;
  for (size_t i = 0; i < many; i++) {
    tickets[i] = tool_submit(tool, &first[i]);
  }
  return CHECK_EQ(tool, grosr_wait_many(tool->g, tickets, many, TOOL_WAIT_NS, NULL), many);
}

static unsigned run(struct tool *tool, uint64_t *random)
{
  struct grosr_task tasks[5];
  uint64_t device, longest = 0;
  unsigned late = 0;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  for (int i = 0; i < 4; i++) {
    tasks[i] = tool_task(tool, "count", device, 0);
  }
  tasks[4] = tool_task(tool, "burst", device, 1);
  tasks[4].arg[2] = 6;
  for (int round = 0; round < ROUNDS && tool->failures == 0; round++) {
    pause_some(random, &tool->options);
    const uint64_t since_ns = tool_now_ns();
    (void)ping(tool, tasks, tool_random(random));
    const uint64_t took_ns = tool_now_ns() - since_ns;
    longest = took_ns > longest ? took_ns : longest;
    late += took_ns > LATE_NS;
  }
  CHECK(tool, late <= LATE_MAX * ROUNDS / 1000u);
  CHECK(tool, words[0] <= 4u * ROUNDS && words[1] == words[2] && words[1] == words[7]);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  const struct grosr_stats stats = tool_stats(tool);
  tool_close(tool, 0);
  printf("%s %u teams, ingress %u, idle %d, exit %llu us: longest answer %llu us, %u late, %llu "
         "sleeps, %llu launches\n",
         tool->failures ? "FAILED" : "ok", tool->options.teams, tool->options.ingress_team,
         (int)tool->options.idle_mode, (unsigned long long)tool->options.idle_exit_ns / 1000u,
         (unsigned long long)longest / 1000u, late, (unsigned long long)stats.sleeps,
         (unsigned long long)stats.launches);
  fflush(stdout);
  return tool->failures;
}

int main(int argc, char **argv)
{
  uint64_t seconds = 10, seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--seconds") == 0) {
      seconds = strtoull(argv[i + 1], NULL, 10);
    } else if (strcmp(argv[i], "--seed") == 0) {
      seed = strtoull(argv[i + 1], NULL, 10);
    }
  }
  const uint64_t end_ns = tool_now_ns() + seconds * 1000000000u;
  uint64_t random = seed * 0x9e3779b97f4a7c15ull + 1u;
  unsigned failures = 0;
  while (tool_now_ns() < end_ns && failures == 0) {
    struct tool tool;
    memset(&tool, 0, sizeof tool);
    tool.name = "stress_wake";
    grosr_options_init(&tool.options);
    tool.options.device = "cpu";
    tool.options.image = &grosr_image_test;
    tool.options.teams = tool.teams = 1u + (uint32_t)(tool_random(&random) % 4u);
    tool.options.ingress_team = tool.teams > 1u ? 1u + (uint32_t)(tool_random(&random) % 2u) : 2u;
    tool.options.idle_mode = (enum grosr_idle_mode)(tool_random(&random) % 3u);
    tool.options.idle_exit_ns =
        tool_random(&random) % 3u == 0u ? 10000u << tool_random(&random) % 6u : 0u;
    tool.options.op_ns_max = TOOL_WAIT_NS;
    failures += run(&tool, &random);
  }
  return failures != 0 ? 1 : 0;
}
