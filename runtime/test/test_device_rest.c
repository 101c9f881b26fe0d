/* test_device_rest.c - idle modes, idle-exit and return, drain at close.
 *
 * Tasks come in pairs some random time apart, around the times at which teams fall asleep or
 * leave, so that they meet them on their way. Next: stress_tasks.c. */
#include "test_tool.h"
#include "port/port.h"

#include <errno.h>
#include <string.h>

static void paced(struct tool *tool, int rounds, uint64_t nap_ns_max)
{
  uint64_t device, random = 0x2545f4914f6cdd1dull;
  uint64_t *words = tool_words(tool, 8, &device);
  const struct grosr_task task = tool_task(tool, "count", device, 0);
  for (int round = 1; round <= rounds; round++) {
    const grosr_ticket first = tool_submit(tool, &task);
    const grosr_ticket second = tool_submit(tool, &task);
    if (!CHECK_EQ(tool, tool_wait(tool, first), 0) || !CHECK_EQ(tool, tool_wait(tool, second), 0)) {
      return;
    }
    CHECK_EQ(tool, words[0], 2 * round);
    tool_nap_ns(tool_random(&random) % nap_ns_max);
  }
}

static void every_idle_mode_wakes(struct tool *tool)
{
  for (int mode = GROSR_IDLE_LATENCY; mode <= GROSR_IDLE_QUIET; mode++) {
    tool->options.idle_mode = (enum grosr_idle_mode)mode;
    tool_open(tool);
    paced(tool, 200, 400000);
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    const uint64_t sleeps = tool_stats(tool).sleeps;
    CHECK(tool, tool->is_cuda || (sleeps != 0u) == (mode != GROSR_IDLE_LATENCY));
    tool_close(tool, 0);
  }
}

static void it_leaves_and_returns_under_traffic(struct tool *tool)
{
  for (int mode = GROSR_IDLE_LATENCY; mode <= GROSR_IDLE_QUIET; mode++) {
    tool->options.idle_mode = (enum grosr_idle_mode)mode;
    tool->options.idle_exit_ns = 60000;
    tool_open(tool);
    const uint32_t before = grosr_incarnation(tool->g);
    paced(tool, 100, 500000);
    const struct grosr_stats stats = tool_stats(tool);
    CHECK(tool, stats.launches > 5u);
    CHECK_EQ(tool, grosr_incarnation(tool->g) - before + 1u, stats.launches);
    tool_close(tool, 0);
    printf("     idle mode %d: %llu launches\n", mode, (unsigned long long)stats.launches);
  }
}

static void op_sees_the_launch_that_runs_it(struct tool *tool)
{
  uint64_t device;
  tool->options.idle_exit_ns = 1000000;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  const struct grosr_task task = tool_task(tool, "stamp", device, 0);
  for (uint64_t round = 1; round <= 8; round++) {
    const uint32_t before = grosr_incarnation(tool->g);
    CHECK_EQ(tool, tool_run(tool, &task), 0);
    CHECK(tool, words[1] >= before && words[1] <= grosr_incarnation(tool->g));
    CHECK(tool, grosr_incarnation(tool->g) <= before + 1u); /* one submit, at most one launch */
    CHECK_EQ(tool, words[2], round);
    tool_nap_ns(8000000);
  }
  uint32_t context;
  CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0); /* control brings it back as well */
  CHECK_EQ(tool, tool_run(tool, &task), 0);
  tool_nap_ns(8000000);
  CHECK(tool, tool_stats(tool).launches >= 2u); /* of 9: a busy machine is slow to rest */
  tool_close(tool, 0);                          /* at rest */
}

static void close_lets_all_end(struct tool *tool)
{
  static uint64_t effect; /* lives longer than shared memory; the cpu's ops reach it */
  uint64_t device;
  tool_open(tool);
  (void)tool_words(tool, 8, &device);
  effect = 0;
  const struct grosr_task task =
      tool_task(tool, "spin", tool->is_cuda ? device : (uint64_t)(uintptr_t)&effect, 2000);
  for (int i = 0; i < 500; i++) {
    (void)tool_submit(tool, &task);
  }
  struct grosr *g = tool->g;
  tool->g = NULL;
  CHECK_EQ(tool, grosr_close(g), 500);
  CHECK(tool, tool->is_cuda || effect == 500u);
}

static void control_messages_do_not_wait_for_sleepers(struct tool *tool)
{
  uint32_t context;
  tool->options.idle_mode = GROSR_IDLE_QUIET;
  for (int round = 0; round < 5; round++) {
    tool_open(tool);
    for (int i = 0; i < 20; i++) {
      CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
    }
    const uint64_t since_ns = tool_now_ns();
    tool_close(tool, 0); /* its stop stands behind 20 messages */
    CHECK(tool, tool_now_ns() - since_ns < 500000000u);
  }
}

/* Who takes a task from the ring lets a sleeping team have the ring: a later task does not wait for
 * the end of an earlier, long one, nor for the 100 ms after which a sleeper looks for itself. */
static void task_does_not_wait_behind_a_long_one(struct tool *tool)
{
  uint64_t device;
  unsigned late = 0;
  if (tool->workers < 2u) {
    return;
  }
  tool->options.idle_mode = GROSR_IDLE_QUIET;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  const struct grosr_task hold = tool_task(tool, "hold", device, TOOL_WAIT_NS);
  const struct grosr_task task = tool_task(tool, "count", device, 2);
  for (uint64_t round = 1; round <= 10; round++) {
    gr_store_release_sys_u64((gr_au64 *)&words[0], 0u);
    const grosr_ticket first = tool_submit(tool, &hold);
    CHECK_EQ(tool, grosr_wait_signal(tool->g, words + 1, round, TOOL_WAIT_NS), 0);
    const uint64_t since_ns = tool_now_ns();
    CHECK_EQ(tool, tool_run(tool, &task), 0);
    late += tool_now_ns() - since_ns > 40000000u;
    gr_store_release_sys_u64((gr_au64 *)&words[0], 1u);
    CHECK_EQ(tool, tool_wait(tool, first), 0);
    tool_nap_ns(3000000);
  }
  CHECK(tool, late <= 3u); /* a busy machine is late now and then; a lost wake-up nearly always */
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"every_idle_mode_wakes", every_idle_mode_wakes},
      {"it_leaves_and_returns_under_traffic", it_leaves_and_returns_under_traffic},
      {"op_sees_the_launch_that_runs_it", op_sees_the_launch_that_runs_it},
      {"close_lets_all_end", close_lets_all_end},
      {"control_messages_do_not_wait_for_sleepers", control_messages_do_not_wait_for_sleepers},
      {"task_does_not_wait_behind_a_long_one", task_does_not_wait_behind_a_long_one},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
