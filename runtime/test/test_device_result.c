/* test_device_result.c - results, errors, ops that are unknown, signals, the black box, the counts.
 *
 * "Exactly one completion on every path" for tasks that come from the host. An op that the host's
 * check would refuse is sent past it by a copied image that claims more ops than the device knows;
 * this looks into struct grosr, as nothing outside the runtime may. Next: test_device_submit.c. */
#include "test_tool.h"

#include <errno.h>
#include <string.h>

#include "host/grosr_private.h"

static void results_come_back(struct tool *tool)
{
  static const int32_t values[] = {0, 1, -1, -5, INT32_MAX, INT32_MIN + 1, -ECANCELED, 4096};
  struct grosr_task tasks[64];
  grosr_ticket tickets[64];
  int32_t results[64];
  tool_open(tool);
  for (int i = 0; i < 64; i++) {
    tasks[i] = tool_task(tool, "answer", (uint64_t)(int64_t)values[i % 8], 0);
  }
  for (int round = 0; round < 50; round++) {
    CHECK_EQ(tool, grosr_submit_many(tool->g, tasks, 64, TOOL_WAIT_NS, tickets), 64);
    CHECK_EQ(tool, grosr_wait_many(tool->g, tickets, 64, TOOL_WAIT_NS, results), 64);
    for (int i = 0; i < 64; i++) {
      CHECK_EQ(tool, results[i], values[i % 8]);
    }
  }
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  const struct grosr_stats stats = tool_stats(tool);
  CHECK_EQ(tool, stats.accepted, 3200);
  CHECK_EQ(tool, stats.failed, 50 * 8 * 4);
  CHECK_EQ(tool, stats.cancelled, 0);
  tool_close(tool, 0);
}

static void unknown_op_past_the_host_is_answered(struct tool *tool)
{
  tool_open(tool);
  struct grosr_image boastful = *tool->g->image;
  const struct grosr_image *honest = tool->g->image;
  struct grosr_task task = tool_task(tool, "answer", 7, 0);
  task.op = honest->op_count;
  CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), -EINVAL);
  boastful.op_count += 5u;
  tool->g->image = &boastful;
  for (int i = 0; i < 20; i++) {
    task.op = honest->op_count + (uint32_t)i % 5u;
    CHECK_EQ(tool, tool_run(tool, &task), -ENOENT);
  }
  tool->g->image = honest;
  task.op = 1;
  CHECK_EQ(tool, tool_run(tool, &task), 7);
  tool_close(tool, 0);
}

static void signal_is_seen_with_what_came_before(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8u + 1024u, &device);
  for (uint64_t value = 1; value <= 300; value++) {
    const struct grosr_task task = tool_task(tool, "tell", device, value);
    CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
    CHECK_EQ(tool, grosr_wait_signal(tool->g, words, value, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, words[8], value);
    CHECK_EQ(tool, words[8 + tool->lanes - 1u], value + tool->lanes - 1u);
  }
  CHECK_EQ(tool, grosr_wait_signal(tool->g, words, 301, 1000000), -ETIMEDOUT);
  CHECK_EQ(tool, grosr_wait_signal(tool->g, words, 300, 0), 0);
  tool_close(tool, 0);
}

static void black_box_names_what_ran(struct tool *tool)
{
  char text[8192], small[16];
  tool_open(tool);
  const struct grosr_task task = tool_task(tool, "answer", (uint64_t)-9ll, 0);
  CHECK_EQ(tool, tool_run(tool, &task), -9);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  const int length = grosr_black_box(tool->g, text, sizeof text);
  CHECK_EQ(tool, strlen(text), length);
  CHECK(tool, strstr(text, "last ran 'answer'") != NULL);
  CHECK(tool, strstr(text, "1 failed") != NULL);
  CHECK(tool, strstr(text, "fault") == NULL);
  CHECK(tool, grosr_black_box(tool->g, small, sizeof small) >= 16);
  CHECK_EQ(tool, strlen(small), 15);
  CHECK(tool, grosr_black_box(tool->g, NULL, 0) >= 16);
  tool_close(tool, 0);
}

static void tasks_without_tickets_are_counted(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  struct grosr_task tasks[100];
  for (int i = 0; i < 100; i++) {
    tasks[i] = tool_task(tool, "count", device, 0);
  }
  for (int round = 0; round < 50; round++) {
    CHECK_EQ(tool, grosr_submit_many(tool->g, tasks, 100, TOOL_WAIT_NS, NULL), 100);
  }
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, words[0], 5000);
  CHECK_EQ(tool, tool_stats(tool).completed, 5000);
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"results_come_back", results_come_back},
      {"unknown_op_past_the_host_is_answered", unknown_op_past_the_host_is_answered},
      {"signal_is_seen_with_what_came_before", signal_is_seen_with_what_came_before},
      {"black_box_names_what_ran", black_box_names_what_ran},
      {"tasks_without_tickets_are_counted", tasks_without_tickets_are_counted},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
