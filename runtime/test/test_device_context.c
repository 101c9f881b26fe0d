/* test_device_context.c - tenants: open and close, served in turn, none starved by another's flood.
 * Next: test_device_rest.c. */
#include "test_tool.h"
#include "port/port.h"

#include <errno.h>

#define EACH  30
#define FLOOD 3000

static void all_contexts_open_and_close(struct tool *tool)
{
  uint64_t device;
  uint32_t context[63], one_more = 4711;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 128, &device);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 63; i++) {
      CHECK_EQ(tool, grosr_context_open(tool->g, &context[i]), 0);
      struct grosr_task task = tool_task(tool, "count", device, context[i]);
      task.context = context[i];
      CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
    }
    CHECK_EQ(tool, grosr_context_open(tool->g, &one_more), -EAGAIN);
    CHECK_EQ(tool, one_more, 4711);
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    for (int i = 0; i < 63; i++) {
      CHECK_EQ(tool, words[context[i]], round + 1);
      CHECK_EQ(tool, grosr_context_close(tool->g, context[i]), 0);
      CHECK_EQ(tool, grosr_context_close(tool->g, context[i]), -EINVAL);
    }
    struct grosr_task task = tool_task(tool, "count", device, 0);
    task.context = context[0];
    CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), -EINVAL);
  }
  CHECK_EQ(tool, grosr_context_close(tool->g, 0), -EINVAL);
  tool_close(tool, 0);
}

/* Two tenants, and the device has been told of them. */
static void two_open(struct tool *tool, uint32_t *a, uint32_t *b)
{
  CHECK_EQ(tool, grosr_context_open(tool->g, a), 0);
  CHECK_EQ(tool, grosr_context_open(tool->g, b), 0);
  tool_nap_ns(20000000);
}

static void tenants_are_served_in_turn(struct tool *tool)
{
  uint64_t device, holds;
  uint32_t a, b;
  if (tool->workers != 1u) {
    return; /* several teams run tasks in an order that says nothing */
  }
  tool_open(tool);
  uint64_t *words = tool_words(tool, 128, &device);
  uint64_t *gate = tool_words(tool, 16, &holds);
  two_open(tool, &a, &b);
  struct grosr_task hold = tool_task(tool, "hold", holds, TOOL_WAIT_NS);
  CHECK_EQ(tool, grosr_submit(tool->g, &hold, NULL), 0);
  CHECK_EQ(tool, grosr_wait_signal(tool->g, gate + 1, 1, TOOL_WAIT_NS), 0);
  struct grosr_task task = tool_task(tool, "journal", device, 0);
  for (int i = 0; i < 2 * EACH; i++) {
    task.context = i < EACH ? a : b;
    CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
  }
  tool_nap_ns(20000000);
  gr_store_release_sys_u64((gr_au64 *)&gate[0], 1u);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, words[0], 2 * EACH);
  int lead = 0;
  for (int i = 1; i <= 2 * EACH; i++) {
    lead += words[i] == a ? 1 : -1;
    CHECK(tool, lead >= -2 && lead <= 2);
  }
  tool_close(tool, 0);
}

/* How many of the flood's tasks were done when the other tenant's ten were. */
static uint64_t flood_once(struct tool *tool)
{
  uint64_t device;
  uint32_t a, b;
  grosr_ticket tickets[10];
  struct grosr_task tasks[100];
  tool_open(tool);
  uint64_t *words = tool_words(tool, 32, &device);
  two_open(tool, &a, &b);
  for (int i = 0; i < 100; i++) {
    tasks[i] = tool_task(tool, "spin", device, 20000);
    tasks[i].context = a;
  }
  for (int i = 0; i < FLOOD / 100; i++) {
    CHECK_EQ(tool, grosr_submit_many(tool->g, tasks, 100, TOOL_WAIT_NS, NULL), 100);
  }
  for (int i = 0; i < 10; i++) {
    tasks[i].context = b;
    tasks[i].arg[0] += 16u * sizeof(uint64_t);
  }
  CHECK_EQ(tool, grosr_submit_many(tool->g, tasks, 10, TOOL_WAIT_NS, tickets), 10);
  CHECK_EQ(tool, grosr_wait_many(tool->g, tickets, 10, TOOL_WAIT_NS, NULL), 10);
  const uint64_t done = gr_load_acquire_sys_u64((const gr_au64 *)&words[0]);
  CHECK_EQ(tool, words[16], 10);
  tool_close(tool, 0);
  return done;
}

/* Once is enough: this thread may be kept from its core until the flood is over, but a flood that
 * starves does so every time. */
static void flood_does_not_starve_another(struct tool *tool)
{
  uint64_t done = FLOOD;
  for (int tries = 0; tries < 20 && done >= FLOOD; tries++) {
    done = flood_once(tool);
  }
  CHECK(tool, done < FLOOD);
  printf("     the other was served after %llu of %d\n", (unsigned long long)done, FLOOD);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"all_contexts_open_and_close", all_contexts_open_and_close},
      {"tenants_are_served_in_turn", tenants_are_served_in_turn},
      {"flood_does_not_starve_another", flood_does_not_starve_another},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
