/* test_device_graph.c - resident graphs: order, replay, loops, failures, cancels, many at once, and
 * more nodes ready than the queue holds. Next: test_device_cancel.c. */
#include "test_tool.h"

#include <errno.h>
#include <string.h>

#include <grosr/graph.h>

#define NODES_MAX 3000u

struct edge {
  uint32_t from, to;
};

/* `nodes` nodes of op visit, of which `bad` fails. */
static struct grosr_graph *graph_new(struct tool *tool, uint64_t device, uint32_t nodes,
                                     uint32_t bad)
{
  struct grosr_graph *graph = NULL;
  CHECK_EQ(tool, grosr_graph_new(&graph), 0);
  for (uint32_t i = 0; i < nodes; i++) {
    struct grosr_node node = {0};
    uint32_t index;
    CHECK_EQ(tool, grosr_op(tool->g, "visit", &node.op), 0);
    node.arg[0] = device;
    node.arg[1] = i;
    node.arg[2] = i == bad ? (uint64_t)-31ll : 5u;
    node.team = i % 7u == 3u ? 1u + i % tool->teams : 0u;
    CHECK_EQ(tool, grosr_graph_node(graph, &node, &index), 0);
  }
  return graph;
}

static uint32_t instance(struct tool *tool, struct grosr_graph *graph)
{
  uint32_t made = 0;
  CHECK_EQ(tool, grosr_graph_instantiate(tool->g, graph, &made), 0);
  grosr_graph_free(graph);
  return made;
}

static int32_t run(struct tool *tool, uint32_t made)
{
  grosr_ticket ticket = 0;
  CHECK_EQ(tool, grosr_graph_launch(tool->g, made, 0, &ticket), 0);
  return tool_wait(tool, ticket);
}

static void chains_and_fans(struct tool *tool)
{
  static const uint32_t sizes[] = {1, 2, 10, 300, NODES_MAX};
  uint64_t device;
  tool->options.runq_slots = 64; /* far fewer than become ready at once */
  tool->options.shared_bytes = 1u << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, NODES_MAX + 8u, &device);
  for (uint32_t s = 0; s < 5u; s++) {
    const uint32_t n = sizes[s];
    struct grosr_graph *chain = graph_new(tool, device, n, n);
    struct grosr_graph *fan = graph_new(tool, device, n, n);
    for (uint32_t i = 1; i < n; i++) {
      CHECK_EQ(tool, grosr_graph_edge(chain, i - 1u, i), 0);
      CHECK(tool, i == n - 1u || grosr_graph_edge(fan, 0, i) == 0);
      CHECK_EQ(tool, grosr_graph_edge(fan, i == n - 1u ? 0u : i, n - 1u), 0);
    }
    const uint32_t both[2] = {instance(tool, chain), instance(tool, fan)};
    for (uint32_t round = 0; round < 10u; round++) {
      words[0] = 0;
      CHECK_EQ(tool, run(tool, both[round % 2u]), 0);
      CHECK_EQ(tool, words[0], n);
      for (uint32_t i = 1; i < n && round % 2u == 0; i++) {
        CHECK_EQ(tool, words[8u + i], i + 1u);
      }
      CHECK(tool, words[8] == 1u && words[8u + n - 1u] == n);
    }
    CHECK_EQ(tool, grosr_graph_destroy(tool->g, both[0]), 0);
    CHECK_EQ(tool, grosr_graph_destroy(tool->g, both[1]), 0);
    CHECK_EQ(tool, grosr_graph_destroy(tool->g, both[1]), -ENOENT);
    CHECK_EQ(tool, run(tool, both[0]), -ENOENT);
  }
  tool_close(tool, 0);
}

static void random_orders_hold(struct tool *tool)
{
  enum { NODES = 60, EDGES = 150 };
  uint64_t device, seed = 17;
  struct edge edges[EDGES];
  tool_open(tool);
  uint64_t *words = tool_words(tool, NODES + 8u, &device);
  for (int round = 0; round < 30; round++) {
    struct grosr_graph *graph = graph_new(tool, device, NODES, NODES);
    for (int i = 0; i < EDGES; i++) {
      edges[i].from = (uint32_t)(tool_random(&seed) % (NODES - 1u));
      edges[i].to =
          edges[i].from + 1u + (uint32_t)(tool_random(&seed) % (NODES - 1u - edges[i].from));
      CHECK_EQ(tool, grosr_graph_edge(graph, edges[i].from, edges[i].to), 0);
    }
    const uint32_t made = instance(tool, graph);
    for (int replay = 0; replay < 10; replay++) {
      words[0] = 0;
      CHECK_EQ(tool, run(tool, made), 0);
      CHECK_EQ(tool, words[0], NODES);
      for (int i = 0; i < EDGES; i++) {
        CHECK(tool, words[8u + edges[i].from] < words[8u + edges[i].to]);
      }
    }
    CHECK_EQ(tool, grosr_graph_destroy(tool->g, made), 0);
  }
  tool_close(tool, 0);
}

static uint32_t loop_new(struct tool *tool, uint64_t device, uint32_t nodes)
{
  struct grosr_graph *graph = graph_new(tool, device, nodes, nodes);
  struct grosr_node predicate = {0};
  for (uint32_t i = 1; i < nodes; i++) {
    CHECK_EQ(tool, grosr_graph_edge(graph, (i - 1u) / 2u, i), 0); /* a tree */
  }
  CHECK_EQ(tool, grosr_op(tool->g, "countdown", &predicate.op), 0);
  predicate.arg[0] = device;
  CHECK_EQ(tool, grosr_graph_loop(graph, &predicate), 0);
  return instance(tool, graph);
}

static void loops_end_by_their_predicate(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 64, &device);
  const uint32_t made = loop_new(tool, device, 13);
  for (int round = 0; round < 5; round++) {
    words[0] = 0;
    words[1] = 499;
    CHECK_EQ(tool, run(tool, made), 0);
    CHECK_EQ(tool, words[0], 500 * 13);
  }
  words[1] = (uint64_t)-9ll;
  CHECK_EQ(tool, run(tool, made), -9); /* the predicate fails */
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, tool_stats(tool).submitted, 14 * (5 * 500 + 1));
  tool_close(tool, 0);
}

/* A loop that would go on for ever is cancelled; others are served meanwhile. */
static void a_cancel_ends_a_loop(struct tool *tool)
{
  uint64_t device, other;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 64, &device);
  (void)tool_words(tool, 64, &other);
  const uint32_t made = loop_new(tool, device, 3);
  const struct grosr_task quick = tool_task(tool, "count", other, 0);
  grosr_ticket ticket = 0, second = 0;
  for (int round = 0; round < 3; round++) {
    words[1] = 2000000000u;
    CHECK_EQ(tool, grosr_graph_launch(tool->g, made, 0, &ticket), 0);
    CHECK_EQ(tool, tool_run(tool, &quick), 0);
    CHECK_EQ(tool, grosr_graph_launch(tool->g, made, 0, &second), 0);
    CHECK_EQ(tool, tool_wait(tool, second), -EBUSY);
    CHECK_EQ(tool, grosr_graph_destroy(tool->g, made), -EBUSY);
    CHECK_EQ(tool, grosr_cancel(tool->g, ticket), 0);
    CHECK_EQ(tool, tool_wait(tool, ticket), -ECANCELED);
  }
  words[1] = 0;
  CHECK_EQ(tool, run(tool, made), 0);
  tool_close(tool, 0);
}

static void a_failure_ends_the_run(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 64, &device);
  struct grosr_graph *graph = graph_new(tool, device, 20, 4);
  for (uint32_t i = 1; i < 20u; i++) {
    CHECK_EQ(tool, grosr_graph_edge(graph, i - 1u, i), 0);
  }
  const uint32_t made = instance(tool, graph);
  for (uint64_t round = 1; round <= 20; round++) {
    CHECK_EQ(tool, run(tool, made), -31);
    CHECK_EQ(tool, words[0], round * 5u); /* nodes 0 to 4 */
  }
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, tool_stats(tool).failed, 20 * (16 + 1));
  tool_close(tool, 0);
}

static void ops_launch_graphs(struct tool *tool)
{
  uint64_t device[4];
  uint64_t *words[4];
  struct grosr_task task;
  tool_open(tool);
  for (int i = 0; i < 4; i++) {
    words[i] = tool_words(tool, 64, &device[i]);
  }
  task = tool_task(tool, "replay", device[0], 0);
  for (int i = 1; i < 4; i++) {
    task.arg[i] = loop_new(tool, device[i], 9);
  }
  for (uint64_t round = 1; round <= 20; round++) {
    words[1][1] = words[2][1] = words[3][1] = 3;
    CHECK_EQ(tool, tool_run(tool, &task), 77);
    CHECK(tool, words[1][0] == round * 36u && words[2][0] == round * 36u);
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, words[3][0], round * 36u);
  }
  tool_close(tool, 0);
}

static void ops_build_graphs(struct tool *tool)
{
  enum { CHAIN = 0, STAR = 1, LOOP = 2, LOOSE = 3, CYCLE = 4, ASTRAY = 5, NO_OP = 6 };
  uint64_t device;
  uint32_t made = 0;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 64, &device);
  CHECK_EQ(tool, grosr_graph_reserve(tool->g, 8, 7, &made), 0);
  CHECK_EQ(tool, run(tool, made), -ENOENT); /* nothing is built yet */
  struct grosr_task task = tool_task(tool, "build", device, made);
  for (int round = 0; round < 5; round++) {
    for (uint64_t nodes = 1; nodes <= 8u; nodes++) {
      for (uint64_t shape = CHAIN; shape <= LOOSE; shape++) {
        task.arg[2] = nodes;
        task.arg[3] = shape;
        CHECK_EQ(tool, tool_run(tool, &task), 0);
        for (uint64_t replay = 1; replay <= 3u; replay++) {
          words[0] = 0;
          words[1] = 4;
          CHECK_EQ(tool, run(tool, made), 0);
          CHECK_EQ(tool, words[0], shape == LOOP ? 5u * nodes : nodes);
          for (uint64_t i = 1; i < nodes && shape == CHAIN; i++) {
            CHECK_EQ(tool, words[8u + i], i + 1u);
          }
          CHECK(tool, shape != STAR || words[8] == 1u);
        }
      }
    }
  }
  task.arg[3] = CHAIN;
  task.arg[2] = 0;
  CHECK_EQ(tool, tool_run(tool, &task), -EINVAL);
  task.arg[2] = 9;
  CHECK_EQ(tool, tool_run(tool, &task), -ENOMEM);
  task.arg[2] = 8;
  for (task.arg[3] = ASTRAY; task.arg[3] <= NO_OP; task.arg[3]++) {
    CHECK_EQ(tool, tool_run(tool, &task), -EINVAL);
    CHECK_EQ(tool, run(tool, made), 0); /* it is as before */
  }
  task.arg[3] = CYCLE;
  CHECK_EQ(tool, tool_run(tool, &task), -EINVAL);
  CHECK_EQ(tool, run(tool, made), -ENOENT);
  task.arg[3] = STAR;
  CHECK_EQ(tool, tool_run(tool, &task), 0);
  CHECK_EQ(tool, run(tool, made), 0);
  task.arg[1] = made + 0x10000u;
  CHECK_EQ(tool, tool_run(tool, &task), -ENOENT);
  CHECK_EQ(tool, grosr_graph_destroy(tool->g, made), 0);
  task.arg[1] = made;
  CHECK_EQ(tool, tool_run(tool, &task), -ENOENT);
  CHECK_EQ(tool, grosr_graph_reserve(tool->g, 0, 7, &made), -EINVAL);
  CHECK_EQ(tool, grosr_graph_reserve(tool->g, 1000000, 0, &made), -ENOSPC);
  tool_close(tool, 0);
}

/* Many instances at once, in several contexts, and more than there is room for. */
static void many_instances(struct tool *tool)
{
  enum { MANY = 256 };
  uint64_t device;
  uint32_t made[MANY], context[3] = {0}, none;
  grosr_ticket tickets[MANY];
  tool->options.graph_nodes = MANY * 11u;
  tool->options.shared_bytes = 1u << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, MANY * 64u, &device);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context[1]), 0);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context[2]), 0);
  for (uint32_t i = 0; i < MANY; i++) {
    made[i] = loop_new(tool, device + i * 512u, 10);
  }
  struct grosr_graph *more = graph_new(tool, device, 1, 1);
  CHECK_EQ(tool, grosr_graph_instantiate(tool->g, more, &none), -ENOSPC);
  grosr_graph_free(more);
  for (uint64_t round = 1; round <= 3; round++) {
    for (uint32_t i = 0; i < MANY; i++) {
      words[i * 64u + 1u] = i % 5u;
      while (grosr_graph_launch(tool->g, made[i], context[i % 3u], &tickets[i]) == -EAGAIN) {
      }
    }
    for (uint32_t i = 0; i < MANY; i++) {
      CHECK_EQ(tool, tool_wait(tool, tickets[i]), 0);
      CHECK_EQ(tool, words[i * 64u], round * 10u * (i % 5u + 1u));
    }
  }
  CHECK_EQ(tool, grosr_graph_launch(tool->g, made[0], 9, NULL), -EINVAL);
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"chains_and_fans", chains_and_fans},
      {"random_orders_hold", random_orders_hold},
      {"loops_end_by_their_predicate", loops_end_by_their_predicate},
      {"a_cancel_ends_a_loop", a_cancel_ends_a_loop},
      {"a_failure_ends_the_run", a_failure_ends_the_run},
      {"ops_launch_graphs", ops_launch_graphs},
      {"many_instances", many_instances},
      {"ops_build_graphs", ops_build_graphs},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
