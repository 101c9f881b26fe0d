/* test_device_fork.c - forks and continuations: nesting, failures, a full queue, no join left, and
 * trees of any depth, or a million leaves, in the memory there is. Next: test_device_cancel.c. */
#include "test_tool.h"

#include <errno.h>

static void continuation_inherits_the_ticket(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  struct grosr_task task = tool_task(tool, "forker", device, 10);
  for (uint64_t round = 1; round <= 200; round++) {
    CHECK_EQ(tool, tool_run(tool, &task), 77);
    CHECK_EQ(tool, words[0], round * 10u);
    CHECK_EQ(tool, words[1], round);
    CHECK_EQ(tool, words[2], round * 10u); /* it saw all children done */
  }
  tool_close(tool, 0);
}

static void failures_reach_the_ticket(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  struct grosr_task task = tool_task(tool, "forker", device, 5);
  task.arg[3] = (uint64_t)-31ll; /* a child fails */
  CHECK_EQ(tool, tool_run(tool, &task), -31);
  task.arg[3] = 0;
  task.arg[2] = (uint64_t)-32ll; /* the parent fails after it forked */
  CHECK_EQ(tool, tool_run(tool, &task), -32);
  task.arg[3] = (uint64_t)-33ll; /* both: the first is told */
  const int32_t both = tool_run(tool, &task);
  CHECK(tool, both == -32 || both == -33);
  CHECK_EQ(tool, words[0], 15);
  CHECK_EQ(tool, words[1], 0); /* no continuation ran */
  task.arg[2] = 9;
  task.arg[3] = 8; /* positive results are no failures */
  CHECK_EQ(tool, tool_run(tool, &task), 77);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, tool_stats(tool).submitted, 4 * 6);
  CHECK_EQ(tool, tool_stats(tool).failed, 1 + 1 + 1 + 1 + 2 + 1);
  tool_close(tool, 0);
}

static void nesting_of_fifty(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  struct grosr_task task = tool_task(tool, "nest", device, 50);
  task.arg[3] = 1;
  for (uint64_t round = 1; round <= 20; round++) {
    CHECK_EQ(tool, tool_run(tool, &task), 1050);
    CHECK_EQ(tool, words[0], round * 51u);
    CHECK_EQ(tool, words[1], round * 50u);
  }
  task.arg[2] = (uint64_t)-44ll; /* the innermost fails: through fifty joins to the ticket */
  CHECK_EQ(tool, tool_run(tool, &task), -44);
  CHECK_EQ(tool, words[1], 1000);
  task.arg[1] = 7;
  task.arg[2] = 0;
  task.arg[3] = 3; /* broad: 3^7 leaves */
  words[0] = words[1] = 0;
  CHECK_EQ(tool, tool_run(tool, &task), 1007);
  CHECK_EQ(tool, words[0], 3280);
  CHECK_EQ(tool, words[1], 1093);
  tool_close(tool, 0);
}

static void refused_forks_leave_nothing_behind(struct tool *tool)
{
  static const int64_t wanted[8] = {-EINVAL, -EINVAL, -EINVAL, -EINVAL,
                                    -EAGAIN, -EINVAL, 0,       -EINVAL};
  uint64_t device;
  tool->options.runq_slots = 64;
  tool->options.join_slots = 16;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  const struct grosr_task task = tool_task(tool, "misfork", device, 200);
  for (uint64_t round = 1; round <= 60; round++) { /* more often than there are joins */
    CHECK_EQ(tool, tool_run(tool, &task), 77);
    for (int i = 0; i < 8; i++) {
      CHECK_EQ(tool, words[8 + i], wanted[i]);
    }
    CHECK_EQ(tool, words[0], 2u * round);
    CHECK_EQ(tool, words[1], round);
  }
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, tool_stats(tool).submitted, 60 * 3);
  CHECK_EQ(tool, tool_stats(tool).failed, 0);
  tool_close(tool, 0);
}

static void no_join_left_is_told(struct tool *tool)
{
  uint64_t device;
  tool->options.join_slots = 16;
  tool_open(tool);
  (void)tool_words(tool, 16, &device);
  struct grosr_task deep = tool_task(tool, "nest", device, 40);
  deep.arg[3] = 1;
  struct grosr_task flat = tool_task(tool, "nest", device, 16);
  flat.arg[3] = 1;
  for (int round = 0; round < 30; round++) {
    CHECK_EQ(tool, tool_run(tool, &deep), -ENOMEM);
    CHECK_EQ(tool, tool_run(tool, &flat), 1016); /* all 16 are free again */
  }
  tool_close(tool, 0);
}

/* Once all that was reserved has been touched; a task for each of 1e6 leaves would be 48 MB. */
#define GROWTH_MAX (24u << 20)

/* Each level has a join, so what bounds the depth is join_slots; no team waits, so one will do. */
static void a_depth_of_ten_thousand(struct tool *tool)
{
  enum { DEPTH = 10000 };
  uint64_t device;
  tool->options.join_slots = 16384;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  struct grosr_task task = tool_task(tool, "nest", device, DEPTH);
  task.arg[3] = 1;
  for (uint64_t round = 1; round <= 5; round++) {
    CHECK_EQ(tool, tool_run(tool, &task), 1000 + DEPTH);
    CHECK_EQ(tool, words[0], round * (DEPTH + 1u));
    CHECK_EQ(tool, words[1], round * DEPTH);
  }
  tool_close(tool, 0);
}

/* What bounds the breadth are runq_slots (GR_E_AGAIN) and join_slots (GR_E_NOMEM). */
static void a_million_leaves(struct tool *tool, uint32_t runq_slots, uint32_t join_slots)
{
  enum { LEAVES = 1000000 };
  static const uint64_t fans[] = {2, 7, 64};
  uint64_t device;
  tool->options.runq_slots = runq_slots;
  tool->options.join_slots = join_slots;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  struct grosr_task task = tool_task(tool, "divide", device, LEAVES);
  uint64_t before = 0;
  for (int i = 0; i < 6; i++) {
    words[0] = words[1] = words[2] = 0;
    task.arg[2] = fans[i % 3];
    const uint64_t submitted = tool_stats(tool).submitted;
    CHECK_EQ(tool, tool_run(tool, &task), 0);
    CHECK_EQ(tool, words[0], LEAVES);
    CHECK(tool, words[2] != 0u && words[2] <= LEAVES); /* there was not room for all */
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK(tool, tool_stats(tool).submitted - submitted >= 2u * words[1]);
    before = i < 3 ? tool_resident_bytes() : before;
  }
  CHECK_EQ(tool, tool_stats(tool).failed, 0);
  CHECK(tool, tool_resident_bytes() < before + GROWTH_MAX);
  tool_close(tool, 0);
}

static void a_million_leaves_fill_the_queue(struct tool *tool)
{
  a_million_leaves(tool, 4096, 65536);
}

static void a_million_leaves_take_all_joins(struct tool *tool)
{
  a_million_leaves(tool, 64, 16);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"continuation_inherits_the_ticket", continuation_inherits_the_ticket},
      {"failures_reach_the_ticket", failures_reach_the_ticket},
      {"nesting_of_fifty", nesting_of_fifty},
      {"refused_forks_leave_nothing_behind", refused_forks_leave_nothing_behind},
      {"no_join_left_is_told", no_join_left_is_told},
      {"a_depth_of_ten_thousand", a_depth_of_ten_thousand},
      {"a_million_leaves_fill_the_queue", a_million_leaves_fill_the_queue},
      {"a_million_leaves_take_all_joins", a_million_leaves_take_all_joins},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
