/* test_device_memory.c - lanes that allocate and free, diverged or not, and what must not be done.
 *
 * On the cpu a team is one lane, and what is tested is one lane's path; on cuda with 32, 64 and 256
 * lanes all of the lanes' part. Next: test_memory.h (step by step, by hand). */
#include "test_tool.h"

#include <errno.h>
#include <string.h>

#include "host/grosr_private.h"
#include "memory_walk.h"
#include "test_memory_choices.h"

#define AREA  1152u /* words of a task: some, and one for each lane */
#define TASKS 12u

/* What the device knows of its memory, copied. */
static void memory_read(struct tool *tool, struct gr_memory *m)
{
  struct grosr *g = tool->g;
  const uint64_t at = (uint64_t)(uintptr_t)g->dev + offsetof(struct gr_dev, memory);
  CHECK_EQ(tool, g->backend_ops->read(g->backend, at, m, sizeof *m), 0);
}

/* Everything was freed: nothing is missing when all teams have given back what lay at their hands.
 * On the cpu the tables are walked, too. */
static void nothing_is_lost(struct tool *tool, uint64_t *words, uint64_t device)
{
  const struct grosr_task task = tool_task(tool, "whole", device, 0);
  const uint64_t end_ns = tool_now_ns() + TOOL_WAIT_NS;
  struct memory_sums sums;
  int32_t status = tool_run(tool, &task);
  while (status == -ENOMEM && tool_now_ns() < end_ns) { /* they have been asked */
    tool_nap_ns(1000000);
    status = tool_run(tool, &task);
  }
  CHECK_EQ(tool, status, 0);
  memset(words, 0, 8 * sizeof *words);
  if (!tool->is_cuda) {
    bool is_whole = memory_is_whole(&tool->g->dev->memory, tool->teams, &sums, false);
    while (!(is_whole && sums.slots_out == 0) && tool_now_ns() < end_ns) {
      tool_nap_ns(1000000);
      is_whole = memory_is_whole(&tool->g->dev->memory, tool->teams, &sums, false);
    }
    CHECK(tool, is_whole || memory_is_whole(&tool->g->dev->memory, tool->teams, &sums, true));
    CHECK_EQ(tool, sums.slots_out, 0);
    CHECK_EQ(tool, sums.runs, 0);
  }
}

static void all_is_right(struct tool *tool, const uint64_t *words, uint64_t right_min)
{
  CHECK_EQ(tool, words[1], 0);
  CHECK(tool, words[0] >= right_min);
}

static void no_errors(struct tool *tool)
{
  struct gr_memory m;
  memory_read(tool, &m);
  CHECK_EQ(tool, m.errors.v, 0);
}

/* Every choice of lanes, sizes and who frees, on several teams at once. */
static void lanes_allocate_however_they_come(struct tool *tool)
{
  uint64_t device, random = 4711;
  tool->options.memory_bytes = tool->is_cuda ? 256u << 20 : 16u << 20; /* all lanes have some */
  tool_open(tool);
  uint64_t *words = tool_words(tool, TASKS * AREA, &device);
  for (uint32_t choice = 0; choice < LANES_CHOICES * SIZES_KINDS * FREES_LATER; choice++) {
    const uint32_t lanes = choice % LANES_CHOICES, sizes = choice / LANES_CHOICES % SIZES_KINDS;
    const uint32_t frees = choice / (LANES_CHOICES * SIZES_KINDS);
    memset(words, 0, TASKS * AREA * sizeof *words);
    for (uint32_t i = 0; i < TASKS; i++) {
      struct grosr_task task = tool_task(tool, "each", device + i * AREA * 8u, 3);
      task.arg[2] = 8u + tool_random(&random) % 600u;
      task.arg[3] = lanes | sizes << 8 | frees << 16;
      CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
    }
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    for (uint32_t i = 0; i < TASKS; i++) {
      all_is_right(tool, words + i * AREA, lanes == LANES_SOME ? 0 : 3);
    }
  }
  nothing_is_lost(tool, words, device);
  no_errors(tool);
  tool_close(tool, 0);
}

/* An op that fails keeps what it has allocated, and any other may free it, on any team. */
static void others_free_what_a_failed_op_left(struct tool *tool)
{
  uint64_t device;
  tool->options.memory_bytes = tool->is_cuda ? 256u << 20 : 16u << 20; /* all lanes have some */
  tool_open(tool);
  uint64_t *words = tool_words(tool, TASKS * AREA, &device);
  for (uint32_t round = 0; round < 2 * SIZES_KINDS; round++) {
    grosr_ticket ticket[TASKS];
    for (uint32_t i = 0; i < TASKS; i++) {
      struct grosr_task task = tool_task(tool, "each", device + i * AREA * 8u, 1);
      task.arg[2] = 40u * (i + 1u);
      task.arg[3] = i % LANES_CHOICES | round % SIZES_KINDS << 8 | FREES_LATER << 16;
      ticket[i] = tool_submit(tool, &task);
    }
    for (uint32_t i = 0; i < TASKS; i++) {
      CHECK_EQ(tool, tool_wait(tool, ticket[i]), -5);
    }
    for (uint32_t i = 0; i < TASKS; i++) {
      const struct grosr_task task = tool_task(tool, "release", device + i * AREA * 8u, i * 7u);
      CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
    }
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  }
  for (uint32_t i = 0; i < TASKS; i++) {
    all_is_right(tool, words + i * AREA, 1);
  }
  nothing_is_lost(tool, words, device);
  no_errors(tool);
  tool_close(tool, 0);
}

static void objects_grow_shrink_and_are_aligned(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, AREA, &device);
  for (uint32_t i = 0; i < 2 * tool->teams; i++) {
    const struct grosr_task task = tool_task(tool, "reshape", device, 0);
    CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
  }
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  all_is_right(tool, words, 2ull * tool->teams * tool->lanes * 40u);
  nothing_is_lost(tool, words, device);
  no_errors(tool);
  tool_close(tool, 0);
}

/* Report `number` is of this error, by op `op` of context 0. */
static void report_is(struct tool *tool, const struct gr_memory *m, uint32_t number, uint32_t error,
                      uint32_t op)
{
  const uint64_t what = m->report[number].what.v;
  CHECK_EQ(tool, what & 0xffu, error);
  CHECK_EQ(tool, what >> 8 & 0xffu, 0);
  CHECK(tool, (what >> 16 & 0xffffu) < tool->teams);
  CHECK_EQ(tool, what >> 32, op);
}

static void what_may_not_be_done_is_answered_and_named(struct tool *tool)
{
  static const int32_t wanted[20] = {0,       -EFAULT, -EFAULT, -EINVAL, -EINVAL, -EINVAL, -EFAULT,
                                     0,       -ESTALE, 0,       -EFAULT, -EINVAL, -ENOMEM, -ENOMEM,
                                     -EINVAL, -EINVAL, -EINVAL, -ENOMEM, -EFAULT, 0};
  /* The last two: a run that is free is nobody's; what gr_realloc is given is free. */
  static const uint32_t errors[] = {GR_MEMORY_FOREIGN,  GR_MEMORY_FOREIGN,  GR_MEMORY_INTERIOR,
                                    GR_MEMORY_INTERIOR, GR_MEMORY_INTERIOR, GR_MEMORY_FOREIGN,
                                    GR_MEMORY_DOUBLE,   GR_MEMORY_FOREIGN,  GR_MEMORY_DOUBLE};
  const uint32_t count = sizeof errors / sizeof errors[0];
  uint64_t device;
  uint32_t other;
  struct gr_memory m;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 2 * AREA, &device);
  CHECK_EQ(tool, grosr_context_open(tool->g, &other), 0);
  struct grosr_task task = tool_task(tool, "each", device + AREA * 8u, 1);
  task.context = other;
  task.arg[2] = 64;
  task.arg[3] = FREES_LATER << 16;
  CHECK_EQ(tool, tool_run(tool, &task), -5);
  for (uint32_t lane = 0; lane < 3; lane++) {
    task = tool_task(tool, "misuse", device, lane * 13u);
    task.arg[2] = words[AREA + 64u];
    CHECK_EQ(tool, tool_run(tool, &task), 0);
    CHECK_EQ(tool, words[2], 20);
    for (uint32_t i = 0; i < 20; i++) {
      CHECK_EQ(tool, (int64_t)words[8 + i], wanted[i]);
    }
    memory_read(tool, &m);
    CHECK_EQ(tool, m.errors.v, (lane + 1u) * count);
    for (uint32_t i = 0; i < count; i++) {
      report_is(tool, &m, lane * count + i, errors[i], task.op);
    }
    CHECK_EQ(tool, m.report[lane * count + 1u].offset.v,
             words[AREA + 64u] - (uint64_t)(uintptr_t)m.base);
  }
  task = tool_task(tool, "release", device + AREA * 8u, 0);
  task.context = other;
  CHECK_EQ(tool, tool_run(tool, &task), 0);
  all_is_right(tool, words + AREA, tool->lanes);
  nothing_is_lost(tool, words, device);
  tool_close(tool, 0);
}

/* By all lanes at once: each second free is found, and takes nothing from anybody. */
static void all_lanes_free_twice(struct tool *tool)
{
  uint64_t device;
  struct gr_memory m;
  tool_open(tool);
  uint64_t *words = tool_words(tool, AREA, &device);
  for (uint64_t bytes = 16; bytes <= 8192; bytes *= 8) {
    const struct grosr_task task = tool_task(tool, "misuse_all", device, bytes);
    CHECK_EQ(tool, tool_run(tool, &task), 0);
  }
  all_is_right(tool, words, 4u * 4u * tool->lanes);
  memory_read(tool, &m);
  CHECK_EQ(tool, m.errors.v, 2u * 4u * tool->lanes);
  nothing_is_lost(tool, words, device);
  tool_close(tool, 0);
}

/* All lanes take all there is; others free it; and there is as much again. */
static void all_of_it_can_be_had_and_again(struct tool *tool)
{
  static const uint64_t sizes[] = {16, 112, 1000, 8192, 8193, 50000};
  uint64_t device;
  tool->options.memory_bytes = 2u << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, AREA, &device);
  for (uint32_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    for (uint32_t round = 0; round < 3; round++) {
      const struct grosr_task devour = tool_task(tool, "devour", device, sizes[i]);
      const int32_t got = tool_run(tool, &devour);
      const struct grosr_task disgorge = tool_task(tool, "disgorge", device, round * 5u);
      CHECK_EQ(tool, tool_run(tool, &disgorge), got);
      all_is_right(tool, words, 0);
      nothing_is_lost(tool, words, device); /* all teams give back what lies at hand */
      const uint64_t page = GR_PAGE_BYTES, bytes = sizes[i];
      const uint64_t takes = bytes <= GR_SLAB_BYTES_MAX ? bytes : (bytes + page - 1u) / page * page;
      CHECK(tool, (uint64_t)got * takes >= (2u << 20) / 10u * 8u);
    }
  }
  no_errors(tool);
  tool_close(tool, 0);
}

/* What one context wrote and gave back, another gets as zeroes. */
static void another_contexts_data_is_not_seen(struct tool *tool)
{
  uint64_t device;
  uint32_t context[3] = {0, 0, 0};
  tool->options.memory_bytes = 1u << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, AREA, &device);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context[1]), 0);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context[2]), 0);
  for (uint32_t round = 0; round < 9; round++) {
    struct grosr_task task = tool_task(tool, "whole", device, 0x5a5a5a5a5a5a5a5aull);
    task.context = context[round % 3u];
    int32_t status = tool_run(tool, &task);
    for (const uint64_t end_ns = tool_now_ns() + TOOL_WAIT_NS;
         status == -ENOMEM && tool_now_ns() < end_ns; status = tool_run(tool, &task)) {
      tool_nap_ns(1000000);
    }
    CHECK_EQ(tool, status, 0);
    CHECK_EQ(tool, words[0], (1u << 20) / 8u);
    CHECK_EQ(tool, words[1], 0);
  }
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"lanes_allocate_however_they_come", lanes_allocate_however_they_come},
      {"others_free_what_a_failed_op_left", others_free_what_a_failed_op_left},
      {"objects_grow_shrink_and_are_aligned", objects_grow_shrink_and_are_aligned},
      {"what_may_not_be_done_is_answered_and_named", what_may_not_be_done_is_answered_and_named},
      {"all_lanes_free_twice", all_lanes_free_twice},
      {"all_of_it_can_be_had_and_again", all_of_it_can_be_had_and_again},
      {"another_contexts_data_is_not_seen", another_contexts_data_is_not_seen},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
