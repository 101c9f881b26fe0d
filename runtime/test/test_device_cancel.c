/* test_device_cancel.c - a cancelled task ends once, cancelled or done, never neither.
 *
 * When a cancel reaches a busy device is not promised (limits.h, GR_LOOK_TURNS), so only a device
 * with a reserved ingress team must have cancelled all that waited. Next: test_device_context.c. */
#include "test_tool.h"
#include "port/port.h"

#include <errno.h>

#define WAITING 40

/* Occupies every worker until words[0] is set. */
static void hold_all(struct tool *tool, uint64_t *words, uint64_t device, grosr_ticket *tickets)
{
  struct grosr_task hold = tool_task(tool, "hold", device, TOOL_WAIT_NS);
  for (uint32_t i = 0; i < tool->workers; i++) {
    tickets[i] = tool_submit(tool, &hold);
  }
  CHECK_EQ(tool, grosr_wait_signal(tool->g, words + 1, tool->workers, TOOL_WAIT_NS), 0);
}

static void waiting_tasks_are_cancelled_once(struct tool *tool)
{
  uint64_t device, ran = 0, cancelled = 0;
  grosr_ticket holds[8], tickets[WAITING];
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  hold_all(tool, words, device, holds);
  const struct grosr_task task = tool_task(tool, "count", device, 2);
  for (int i = 0; i < WAITING; i++) {
    tickets[i] = tool_submit(tool, &task);
  }
  for (int i = 0; i < WAITING; i++) {
    CHECK_EQ(tool, grosr_cancel(tool->g, tickets[i]), 0);
  }
  tool_nap_ns(20000000); /* a reserved ingress team reads them meanwhile */
  gr_store_release_sys_u64((gr_au64 *)&words[0], 1u);
  for (int i = 0; i < WAITING; i++) {
    const int32_t result = tool_wait(tool, tickets[i]);
    CHECK(tool, result == 0 || result == -ECANCELED);
    ran += result == 0;
    cancelled += result == -ECANCELED;
    int32_t again;
    CHECK_EQ(tool, grosr_wait(tool->g, tickets[i], 0, &again), -ESTALE);
    CHECK_EQ(tool, grosr_cancel(tool->g, tickets[i]), -ESTALE);
  }
  for (uint32_t i = 0; i < tool->workers; i++) {
    CHECK_EQ(tool, tool_wait(tool, holds[i]), 0);
  }
  CHECK_EQ(tool, words[2], ran);
  CHECK(tool, tool->workers == tool->teams || cancelled == WAITING);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, tool_stats(tool).cancelled, cancelled);
  tool_close(tool, 0);
}

static void running_op_may_look(struct tool *tool)
{
  uint64_t device;
  if (tool->teams < 2u) {
    return; /* nobody is there to read the control ring */
  }
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  struct grosr_task task = tool_task(tool, "hold", device, TOOL_WAIT_NS);
  task.arg[2] = 1;
  for (uint64_t round = 1; round <= 20; round++) {
    const grosr_ticket ticket = tool_submit(tool, &task);
    CHECK_EQ(tool, grosr_wait_signal(tool->g, words + 1, round, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, grosr_cancel(tool->g, ticket), 0);
    CHECK_EQ(tool, tool_wait(tool, ticket), -ECANCELED);
  }
  tool_close(tool, 0);
}

static void old_cancel_does_not_hit_a_later_task(struct tool *tool)
{
  uint64_t device;
  tool->options.completion_slots = 64; /* so that slots come round at once */
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  const struct grosr_task task = tool_task(tool, "count", device, 2);
  uint64_t ran = 0;
  for (int round = 0; round < 300; round++) {
    const grosr_ticket ticket = tool_submit(tool, &task);
    const int error = grosr_cancel(tool->g, ticket);
    CHECK(tool, error == 0 || error == -ESTALE);
    const int32_t result = tool_wait(tool, ticket);
    CHECK(tool, result == 0 || result == -ECANCELED);
    ran += result == 0;
    for (int i = 0; i < 3; i++) {
      CHECK_EQ(tool, tool_run(tool, &task), 0); /* never cancelled */
    }
  }
  CHECK_EQ(tool, words[2], ran + 900u);
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"waiting_tasks_are_cancelled_once", waiting_tasks_are_cancelled_once},
      {"running_op_may_look", running_op_may_look},
      {"old_cancel_does_not_hit_a_later_task", old_cancel_does_not_hit_a_later_task},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
