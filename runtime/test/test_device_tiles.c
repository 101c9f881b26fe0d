/* test_device_tiles.c - tasks of many tiles: each tile once, one completion, failures, cancels, a
 * yield now and then. Next: test_device_cancel.c. */
#include "test_tool.h"

#include <errno.h>
#include <string.h>

#define TILES 5000u

static struct grosr_task cover(struct tool *tool, uint64_t device, uint32_t tiles)
{
  struct grosr_task task = tool_task(tool, "cover", device, UINT64_MAX);
  task.tiles = tiles;
  return task;
}

/* How many of the words of `tiles` tiles are not `wanted`. */
static uint32_t others(const uint64_t *words, uint32_t tiles, uint64_t wanted)
{
  uint32_t count = 0;
  for (uint32_t i = 0; i < tiles; i++) {
    count += words[2u + i] != wanted ? 1u : 0u;
  }
  return count;
}

static void every_tile_once(struct tool *tool)
{
  static const uint32_t sizes[] = {0, 1, 2, 3, 17, 1000, TILES};
  uint64_t device;
  tool->options.shared_bytes = 1u << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, TILES + 2u, &device);
  for (uint32_t i = 0; i < 7u; i++) {
    const struct grosr_task task = cover(tool, device, sizes[i]);
    for (uint64_t round = 1; round <= 20; round++) {
      CHECK_EQ(tool, tool_run(tool, &task), 0);
      CHECK_EQ(tool, others(words, sizes[i] != 0 ? sizes[i] : 1u, round), 0);
    }
    memset(words, 0, (TILES + 2u) * sizeof *words);
  }
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0); /* counted after a ticket is told */
  CHECK_EQ(tool, tool_stats(tool).completed, 7 * 20);
  tool_close(tool, 0);
}

/* More tiled tasks at once than there are records, and than the queue holds parts. */
static void many_at_once(struct tool *tool)
{
  enum { MANY = 1500 };
  static grosr_ticket tickets[MANY];
  uint64_t device;
  tool->options.runq_slots = 64;
  tool->options.ingress_slots = 2048;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 102, &device);
  const struct grosr_task task = cover(tool, device, 100);
  for (uint32_t i = 0; i < MANY; i++) {
    CHECK_EQ(tool, grosr_submit_many(tool->g, &task, 1, TOOL_WAIT_NS, &tickets[i]), 1);
  }
  for (uint32_t i = 0; i < MANY; i++) {
    CHECK_EQ(tool, tool_wait(tool, tickets[i]), 0);
  }
  CHECK_EQ(tool, others(words, 100, MANY), 0);
  tool_close(tool, 0);
}

static void first_failure_stops_the_rest(struct tool *tool)
{
  uint64_t device;
  tool->options.shared_bytes = 1u << 24;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 1000002, &device);
  struct grosr_task task = cover(tool, device, 1000000);
  task.arg[1] = 3;
  task.arg[2] = (uint64_t)-31ll;
  for (uint64_t round = 1; round <= 10; round++) {
    memset(words, 0, 1000002u * sizeof *words);
    CHECK_EQ(tool, tool_run(tool, &task), -31);
    CHECK_EQ(tool, words[2], 1);
    CHECK_EQ(tool, words[2 + 999999], 0); /* it was not begun */
  }
  task.arg[1] = UINT64_MAX;
  memset(words, 0, 1000002u * sizeof *words);
  CHECK_EQ(tool, tool_run(tool, &task), 0); /* records are whole again */
  CHECK_EQ(tool, others(words, 1000000, 1), 0);
  tool_close(tool, 0);
}

static void a_cancel_stops_it(struct tool *tool)
{
  uint64_t device;
  tool->options.shared_bytes = 1u << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 100002, &device);
  struct grosr_task task = cover(tool, device, 100000);
  task.arg[3] = 1000000; /* 100 s in all */
  const grosr_ticket ticket = tool_submit(tool, &task);
  tool_nap_ns(20000000);
  CHECK_EQ(tool, grosr_cancel(tool->g, ticket), 0);
  CHECK_EQ(tool, tool_wait(tool, ticket), -ECANCELED);
  CHECK(tool, others(words, 100000, 0) < 100000u);
  CHECK_EQ(tool, words[2 + 99999], 0);
  tool_close(tool, 0);
}

/* A long tiled task lets others have the team, also the only one. */
static void others_are_served_meanwhile(struct tool *tool)
{
  uint64_t device, other;
  tool->options.shared_bytes = 1u << 20;
  tool_open(tool);
  (void)tool_words(tool, 100002, &device);
  uint64_t *words = tool_words(tool, 8, &other);
  struct grosr_task task = cover(tool, device, 100000);
  task.arg[3] = 1000000;
  const grosr_ticket ticket = tool_submit(tool, &task);
  const struct grosr_task quick = tool_task(tool, "count", other, 0);
  for (uint64_t round = 1; round <= 5; round++) {
    CHECK_EQ(tool, tool_run(tool, &quick), 0);
    CHECK_EQ(tool, words[0], round);
  }
  CHECK_EQ(tool, grosr_cancel(tool->g, ticket), 0);
  CHECK_EQ(tool, tool_wait(tool, ticket), -ECANCELED);
  tool_close(tool, 0);
}

static void ops_make_tiled_tasks(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 502, &device);
  struct grosr_task task = tool_task(tool, "grid", device, 500);
  CHECK_EQ(tool, tool_run(tool, &task), 77);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  words[2] -= words[2] == 2u ? 0u : words[2] - 2u; /* `then` writes it: what words[0] was */
  CHECK_EQ(tool, others(words + 1, 499, 2), 0);
  task.tiles = 4; /* a fork from within a tile */
  CHECK_EQ(tool, tool_run(tool, &task), -EINVAL);
  task.tiles = 0x80000001u;
  grosr_ticket ticket;
  CHECK_EQ(tool, grosr_submit(tool->g, &task, &ticket), -EINVAL);
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"every_tile_once", every_tile_once},
      {"many_at_once", many_at_once},
      {"first_failure_stops_the_rest", first_failure_stops_the_rest},
      {"a_cancel_stops_it", a_cancel_stops_it},
      {"others_are_served_meanwhile", others_are_served_meanwhile},
      {"ops_make_tiled_tasks", ops_make_tiled_tasks},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
