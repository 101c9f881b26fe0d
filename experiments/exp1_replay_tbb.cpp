/* exp1_replay_tbb.cpp - replay_tbb: a flow graph of oneTBB, built once, started for each replay.
 *
 * The only C++ of the suite, built where oneTBB is (-Dtbb); exp1_replay_no_tbb.c stands for it
 * elsewhere. A thread per core, in an arena of their own; the library decides who runs where.
 *
 * Next: exp1_replay_grosr.c */
#include <errno.h>
#include <stdlib.h>

#include <deque>
#include <exception>

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/version.h>

extern "C" {
#include "exp1_replay.h"
#include "harness/hx.h"
int exp1_probe_replay_tbb(struct hx_point *point);
int exp1_run_replay_tbb(struct hx_point *point);
}

namespace flow = oneapi::tbb::flow;
using Node = flow::continue_node<flow::continue_msg>;

namespace
{

struct Flow {
  flow::graph graph;
  std::deque<Node> node; /* never moved */
};

struct Both {
  oneapi::tbb::task_arena arena;
  Flow flow[2]; /* [timed] */
  explicit Both(int threads) : arena(threads)
  {
  }
};

void build(Flow &flow, const struct exp1_graph &shape, const struct exp1_node *node)
{
  const uint32_t sink = shape.nodes - 1u;
  for (uint32_t i = 0; i < shape.nodes; i++) {
    const struct exp1_node *mine = &node[i];
    flow.node.emplace_back(flow.graph, [mine](const flow::continue_msg &message) {
      exp1_node_call(mine);
      return message;
    });
  }
  for (uint32_t i = 1; i <= sink; i++) {
    if (!shape.is_fan) {
      flow::make_edge(flow.node[i - 1u], flow.node[i]);
    } else if (i < sink) {
      flow::make_edge(flow.node[0], flow.node[i]);
      flow::make_edge(flow.node[i], flow.node[sink]);
    }
  }
}

extern "C" int tbb_replay(void *state, bool timed, uint64_t times)
{
  auto *both = static_cast<Both *>(state);
  both->arena.execute([&] {
    Flow &flow = both->flow[timed];
    for (uint64_t n = 0; n < times; n++) {
      flow.node[0].try_put(flow::continue_msg());
      flow.graph.wait_for_all();
    }
  });
  return 0;
}

} // namespace

extern "C" int exp1_probe_replay_tbb(struct hx_point *)
{
  return 0;
}

extern "C" int exp1_run_replay_tbb(struct hx_point *point)
{
  struct exp1_replayer replayer = {};
  struct exp1_nodes nodes = {};
  int result = exp1_graph_of(point, &replayer.graph);
  if (result == 0) {
    result = exp1_nodes_take(point, &replayer.graph, &nodes);
  }
  if (result < 0) {
    return result;
  }
  try {
    const int threads = static_cast<int>(hx_core_count());
    oneapi::tbb::global_control limit(oneapi::tbb::global_control::max_allowed_parallelism,
                                      static_cast<size_t>(threads));
    Both both(threads);
    build(both.flow[0], replayer.graph, nodes.node[0]);
    build(both.flow[1], replayer.graph, nodes.node[1]);
    replayer.replay = tbb_replay;
    replayer.state = &both;
    replayer.cell = nodes.cell;
    hx_note(point, "tbb", "%d threads, oneTBB %d.%d", threads, TBB_VERSION_MAJOR,
            TBB_VERSION_MINOR);
    result = exp1_replay_measure(point, &replayer);
  } catch (const std::exception &problem) {
    result = hx_fail(point, "oneTBB: %s", problem.what());
  }
  free(nodes.block);
  return result;
}
