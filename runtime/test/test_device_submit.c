/* test_device_submit.c - ops that submit tasks: chains, trees, a queue that is full.
 * Next: test_device_fork.c. */
#include "test_tool.h"

static void chain_of_ten_thousand(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  const struct grosr_task task = tool_task(tool, "chain", device, 9999);
  CHECK_EQ(tool, tool_run(tool, &task), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, words[0], 10000);
  CHECK_EQ(tool, tool_stats(tool).submitted, 9999);
  tool_close(tool, 0);
}

static void trees_lose_no_node(struct tool *tool)
{
  uint64_t device;
  tool->options.runq_slots = 65536;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  struct grosr_task task = tool_task(tool, "tree", device, 10);
  task.arg[2] = 2;
  for (uint64_t round = 1; round <= 4; round++) {
    CHECK_EQ(tool, tool_run(tool, &task), 0);
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, words[0], round * 2047u);
  }
  tool_close(tool, 0);
}

static void full_queue_says_again_and_keeps_what_it_took(struct tool *tool)
{
  uint64_t device, taken = 0;
  tool->options.runq_slots = 64;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  const struct grosr_task task = tool_task(tool, "spill", device, 5000);
  for (int round = 0; round < 30; round++) {
    const int32_t many = tool_run(tool, &task);
    CHECK(tool, many >= 64 && many <= 5000);
    CHECK(tool, tool->teams != 1u || many == 64);
    taken += (uint64_t)many;
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, words[0], taken);
  }
  CHECK_EQ(tool, tool_stats(tool).submitted, taken);
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"chain_of_ten_thousand", chain_of_ten_thousand},
      {"trees_lose_no_node", trees_lose_no_node},
      {"full_queue_says_again_and_keeps_what_it_took",
       full_queue_says_again_and_keeps_what_it_took},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
