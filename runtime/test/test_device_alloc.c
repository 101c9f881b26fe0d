/* test_device_alloc.c - many objects at once, and ops that wait for memory. Next:
 * test_device_memory.c. */
#include "test_tool.h"

#include <errno.h>

#include "port/port.h"

/* A word that ops may be adding to. */
static uint64_t word(uint64_t *words, int i)
{
  return gr_load_acquire_sys_u64((gr_au64 *)&words[i]);
}

static void many_equal_objects_at_once(struct tool *tool)
{
  uint64_t device, right = 0;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  for (uint64_t bytes = 8; bytes <= 20000; bytes = bytes * 3u / 2u + 8u) {
    for (uint64_t count = 1; count <= 1000; count = count * 3u + 1u) {
      struct grosr_task task = tool_task(tool, "many", device, bytes);
      task.arg[2] = count;
      CHECK_EQ(tool, tool_run(tool, &task), 0);
      CHECK_EQ(tool, words[0], right += count);
    }
  }
  tool_close(tool, 0);
}

static void many_unequal_objects_at_once(struct tool *tool)
{
  uint64_t device, right = 0;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  for (uint64_t count = 1; count <= 1000; count = count * 2u + 1u) {
    struct grosr_task task = tool_task(tool, "many", device, 0);
    task.arg[2] = count;
    CHECK_EQ(tool, tool_run(tool, &task), 0);
    CHECK_EQ(tool, words[0], right += count);
  }
  tool_close(tool, 0);
}

static void all_or_none(struct tool *tool)
{
  uint64_t device;
  tool->options.memory_bytes = 1 << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  for (uint64_t bytes = 64; bytes <= 16384; bytes *= 4) {
    struct grosr_task task = tool_task(tool, "many", device, bytes);
    task.arg[2] = (1u << 20) / bytes; /* and the table */
    words[0] = 0;
    CHECK_EQ(tool, tool_run(tool, &task), -ENOMEM);
    CHECK_EQ(tool, words[0], 0); /* nothing is left in it */
    task.arg[2] /= 2u;
    CHECK_EQ(tool, tool_run(tool, &task), 0); /* nor in the memory */
    CHECK_EQ(tool, words[0], task.arg[2]);
  }
  tool_close(tool, 0);
}

static void who_waits_for_memory_gets_it(struct tool *tool)
{
  enum { PATIENT = 16 };
  grosr_ticket ticket[PATIENT];
  uint64_t device;
  tool->options.memory_bytes = 1 << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  struct grosr_task task = tool_task(tool, "patient", device, 100);
  CHECK_EQ(tool, tool_run(tool, &task), 5); /* there is some: no wait */
  CHECK_EQ(tool, words[2], 0);
  for (int round = 0; round < 5; round++) {
    words[2] = words[3] = 0;
    task = tool_task(tool, "hoard", device, 0);
    CHECK(tool, tool_run(tool, &task) > 10);
    for (uint64_t i = 0; i < PATIENT; i++) {
      task = tool_task(tool, "patient", device, 16u << i % 12u);
      ticket[i] = tool_submit(tool, &task);
    }
    for (int i = 0; i < 20000 && word(words, 2) < PATIENT; i++) {
      tool_nap_ns(1000000);
    }
    CHECK(tool, word(words, 2) >= PATIENT);
    CHECK_EQ(tool, word(words, 3), 0);
    task = tool_task(tool, "unhoard", device, round % 2 == 0 ? 1u << 20 : 400u);
    CHECK_EQ(tool, tool_run(tool, &task), 0);
    if (round % 2 != 0) { /* the rest a little later */
      tool_nap_ns(2000000);
      task.arg[1] = 1u << 20;
      CHECK_EQ(tool, tool_run(tool, &task), 0);
    }
    for (uint64_t i = 0; i < PATIENT; i++) {
      CHECK_EQ(tool, tool_wait(tool, ticket[i]), 5);
    }
    CHECK_EQ(tool, word(words, 3), PATIENT);
  }
  tool_close(tool, 0);
}

static void what_can_never_be_had_is_not_waited_for(struct tool *tool)
{
  uint64_t device;
  tool->options.memory_bytes = 1 << 20;
  tool_open(tool);
  tool_words(tool, 8, &device);
  struct grosr_task task = tool_task(tool, "patient", device, (1u << 20) + 1u);
  CHECK_EQ(tool, tool_run(tool, &task), -EINVAL);
  task.arg[1] = 0;
  CHECK_EQ(tool, tool_run(tool, &task), -EINVAL);
  tool_close(tool, 0);
}

static void who_waits_ends_with_its_context(struct tool *tool)
{
  uint64_t device;
  tool->options.memory_bytes = 1 << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  uint32_t context;
  CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
  struct grosr_task task = tool_task(tool, "hoard", device, 0);
  CHECK(tool, tool_run(tool, &task) > 10);
  task = tool_task(tool, "patient", device, 100);
  task.context = context;
  const grosr_ticket ticket = tool_submit(tool, &task);
  while (word(words, 2) == 0) {
    tool_nap_ns(100000);
  }
  CHECK_EQ(tool, grosr_context_kill(tool->g, context), 0);
  CHECK_EQ(tool, tool_wait(tool, ticket), -ECANCELED);
  task = tool_task(tool, "unhoard", device, 1u << 20);
  CHECK_EQ(tool, tool_run(tool, &task), 0);
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  const struct tool_case cases[] = {
      {"many equal objects at once", many_equal_objects_at_once},
      {"many unequal objects at once", many_unequal_objects_at_once},
      {"all or none", all_or_none},
      {"who waits for memory gets it", who_waits_for_memory_gets_it},
      {"what can never be had is not waited for", what_can_never_be_had_is_not_waited_for},
      {"who waits ends with its context", who_waits_ends_with_its_context},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
