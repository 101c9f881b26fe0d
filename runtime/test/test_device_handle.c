/* test_device_handle.c - objects by handle, and the compactor. Next: test_device_memory.c. */
#include "test_tool.h"

#include <errno.h>

static int32_t run(struct tool *tool, const char *op, uint64_t device, uint64_t arg1, uint64_t arg2)
{
  struct grosr_task task = tool_task(tool, op, device, arg1);
  task.arg[2] = arg2;
  return tool_run(tool, &task);
}

static void compact(struct tool *tool, uint64_t *words, uint64_t device)
{
  words[5] = 0;
  CHECK_EQ(tool, run(tool, "handle_compact", device, 0, 0), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, words[5], 1);
}

/* The longest run that there is: `wanted` pages, once the other teams have given back what lies at
 * their hands; they do so some time after somebody has found no memory. */
static bool longest_is(struct tool *tool, uint64_t device, int32_t wanted)
{
  for (int i = 0; i < 2000; i++) {
    if (run(tool, "handle_longest", device, 0, 0) >= wanted) {
      return true;
    }
    tool_nap_ns(1000000);
  }
  return false;
}

/* The compactor comes again: what other teams had at hand, it finds later. */
static bool compacted_to(struct tool *tool, uint64_t *words, uint64_t device, int32_t wanted)
{
  for (int i = 0; i < 2000; i++) {
    compact(tool, words, device);
    if (run(tool, "handle_longest", device, 0, 0) >= wanted) {
      return true;
    }
    tool_nap_ns(1000000);
  }
  return false;
}

static void what_is_left_moves_together(struct tool *tool)
{
  uint64_t device;
  tool->options.memory_bytes = 4 << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  for (uint64_t step = 0; step <= 1000; step += 250) { /* all of 16 bytes; sizes of all kinds */
    const uint64_t count = step == 0 ? 40000 : 2200;
    const uint64_t left = (count + 15) / 16;
    CHECK_EQ(tool, run(tool, "handle_fill", device, step, count), (int64_t)count);
    CHECK_EQ(tool, run(tool, "handle_thin", device, 16, 0), 0);
    const int32_t before = run(tool, "handle_longest", device, 0, 0);
    CHECK(tool, compacted_to(tool, words, device, before + 80));
    CHECK_EQ(tool, run(tool, "handle_count", device, 0, 0), (int64_t)left);
    CHECK_EQ(tool, run(tool, "handle_close", device, 0, 0), 0);
    CHECK(tool, longest_is(tool, device, 1024));
  }
  tool_close(tool, 0);
}

static void who_looks_meanwhile_sees_nothing_of_it(struct tool *tool)
{
  enum { TOUCHES = 6, TIMES = 20 };
  grosr_ticket ticket[TOUCHES];
  uint64_t device;
  tool->options.memory_bytes = 16 << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  for (int round = 0; round < 5; round++) {
    words[3] = 0;
    CHECK_EQ(tool, run(tool, "handle_fill", device, 77, 2000), 2000);
    CHECK_EQ(tool, run(tool, "handle_thin", device, 4, 0), 0);
    CHECK_EQ(tool, run(tool, "handle_compact", device, 0, 0), 0);
    for (int i = 0; i < TOUCHES; i++) {
      struct grosr_task task = tool_task(tool, "handle_touch", device, TIMES);
      ticket[i] = tool_submit(tool, &task);
    }
    for (int i = 0; i < TOUCHES; i++) {
      CHECK_EQ(tool, tool_wait(tool, ticket[i]), 0);
    }
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, words[3], TOUCHES * TIMES * 500);
    CHECK_EQ(tool, run(tool, "handle_count", device, TOUCHES * TIMES, 0), 500);
    CHECK_EQ(tool, run(tool, "handle_close", device, 0, 0), 0);
  }
  tool_close(tool, 0);
}

static void misuse_is_answered(struct tool *tool)
{
  tool_open(tool);
  CHECK_EQ(tool, run(tool, "handle_close", 0, 1, 0), 9);
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  const struct tool_case cases[] = {
      {"what is left moves together", what_is_left_moves_together},
      {"who looks meanwhile sees nothing of it", who_looks_meanwhile_sees_nothing_of_it},
      {"misuse is answered", misuse_is_answered},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
