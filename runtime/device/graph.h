/* graph.h - a resident graph: tasks that start when those before them have ended, with no host.
 *
 *   launch (a task of op GR_OP_GRAPH) -> iteration + 1, the roots are ready
 *   a node has ended: one arrival more at each node behind it; who has all of its own is ready
 *   ready: the first such node is run next on this very team, the others are placed
 *   the end node is behind all sinks. Its op, if it has one, is the predicate: more than 0, and the
 *     roots are ready again; else the run ends, and the task that launched it has its completion
 *
 * Nothing is reset between iterations: arrivals only grow, and a node is ready at fan_in *
 * iteration of them (u32 arithmetic: the counters wrap freely). A node behind one other needs no
 * counter; if it is the only one behind that, it is that node's *follower*, known beforehand, which
 * runs at once and whose descriptor is fetched while that one runs. A node that fails makes the
 * nodes that become ready after it GR_OP_SKIP: they end as cancelled without having run, by the
 * same way, and the run ends with the first failure.
 *
 * I19 An instance has one run at a time: whose launch moved its state from idle to runs.
 * I20 A node is made ready once an iteration: by whose arrival was the last; the end node's comes
 *     after all others have ended.
 *
 * word                writer                        order: why
 * graph.state         launch, by CAS; the run's     acquire, release: the run before has let go
 *                     end, by a store
 * graph.status        first failure, by CAS         relaxed: handed over by arrivals
 * graph.iteration,    who launches or loops         plain: handed over with the nodes it makes
 *  graph.task, number                               ready
 * node.arrivals       who ends a node before it     acqrel: who is last sees what all have written
 * node.next_owed      the team that owes it         plain: its own
 * the rest            loaded before any launch      plain: comes with the launch
 *
 * Called by the leading warp, converged, unless it says one lane. Next: graph_build.h. */
#pragma once

#include "device/event.h"

/* One lane. Node `index` as a task, ready to travel. */
GR_DEV void gr_node_make(const struct gr_dev *dev, uint32_t index, struct gr_task *out)
{
  const struct gr_node *node = &dev->node[index];
  const struct gr_graph *graph = &dev->graph[node->graph];
  *out = node->task;
  if (out->context != graph->task.context) { /* a store of one byte would hold up who copies on */
    out->context = graph->task.context;
  }
  if (dev->trace != NULL) {
    out->generation = graph->number;
  }
  if (gr_load_relaxed_gpu_u32(&graph->status) != 0u) {
    out->op = GR_OP_SKIP;
    out->tiles = 0u;
  }
}

/* Claims the team that a node prefers, if it is idle: true. */
GR_DEV bool gr_node_claim(struct gr_team *team, uint32_t prefer)
{
  const uint64_t bit = 1ull << prefer % 64u;
  uint64_t before = 0u;
  if (gr_warp_lane() == 0u && prefer < team->dev->at_once) {
    gr_au64 *word = &team->dev->idle[prefer / 64u];
    before = gr_load_relaxed_gpu_u64(word);
    before = (before & bit) != 0u ? gr_and_acquire_gpu_u64(word, ~bit) : 0u;
  }
  return (gr_lead_u64(before) & bit) != 0u;
}

/* Node `index` goes to another team, or this one owes it. */
GR_DEV void gr_node_place(struct gr_team *team, uint32_t index)
{
  struct gr_node *node = &team->dev->node[index];
  gr_warp_barrier();
  if (gr_warp_lane() == 0u) {
    gr_node_make(team->dev, index, &team->child);
  }
  gr_warp_barrier();
  if (node->prefer != 0u && gr_node_claim(team, node->prefer - 1u)) {
    gr_mailbox_post(team, node->prefer - 1u, &team->child);
  } else if (gr_sched_place(team, &team->child) != GR_OK && gr_warp_lane() == 0u) {
    node->next_owed = team->owed_node;
    team->owed_node = index + 1u;
  }
}

/* Node `index` has all its arrivals. */
GR_DEV void gr_node_ready(struct gr_team *team, uint32_t index)
{
  const struct gr_node *node = &team->dev->node[index];
  const bool is_ours =
      team->has_next == 0u && (node->prefer == 0u || node->prefer == team->id + 1u);
  gr_warp_barrier();                    /* all lanes have read has_next */
  if (node->task.op == GR_OP_NOTHING) { /* an end without a predicate */
    if (gr_warp_lane() == 0u) {
      team->ended = index + 1u;
      team->ended_result = GR_OK;
    }
  } else if (is_ours) {
    if (gr_warp_lane() == 0u) {
      gr_node_make(team->dev, index, &team->next);
      team->has_next = 1u;
    }
  } else {
    gr_node_place(team, index);
  }
  gr_warp_barrier();
}

/* One arrival at each of the `count` nodes named from edge `first` on. */
GR_DEV void gr_graph_release(struct gr_team *team, uint32_t first, uint32_t count,
                             uint32_t iteration)
{
  struct gr_dev *dev = team->dev;
  for (uint32_t base = 0u; base < count; base += gr_warp_lanes()) {
    const uint32_t i = base + gr_warp_lane();
    uint32_t index = 0u;
    bool is_ready = false;
    if (i < count) {
      index = dev->edge[first + i];
      struct gr_node *node = &dev->node[index];
      const uint32_t fan_in = node->fan_in; /* after our last arrival the node may be another's */
      is_ready = fan_in <= 1u ||
                 gr_add_acqrel_gpu_u32(&node->arrivals, 1u) + 1u == fan_in * iteration; /* I20 */
    }
    for (uint64_t ready = gr_warp_ballot(is_ready); ready != 0u; ready &= ready - 1u) {
      gr_node_ready(team, gr_warp_shuffle_u32(index, gr_bits_lowest_u64(ready)));
    }
  }
}

/* The next iteration: its tasks are counted before any of them can run. */
GR_DEV void gr_graph_start(struct gr_team *team, struct gr_graph *graph)
{
  if (gr_warp_lane() == 0u) {
    graph->iteration++;
    gr_submit_count(team, graph->tasks);
  }
  gr_warp_barrier();
  gr_graph_release(team, graph->first_root, graph->roots, graph->iteration);
}

/* The end node has ended with `result`. */
GR_DEV void gr_graph_end(struct gr_team *team, struct gr_graph *graph, int32_t result)
{
  const int32_t status = (int32_t)gr_lead_u32(gr_load_relaxed_gpu_u32(&graph->status));
  if (status == GR_OK && result > 0) {
    gr_graph_start(team, graph);
    return;
  }
  if (gr_warp_lane() == 0u) {
    const struct gr_whom whom = gr_whom(&graph->task);
    gr_end_count(team, status);
    gr_store_release_gpu_u32(&graph->state, gr_load_own_u32(&graph->state) & ~GR_GRAPH_RUNS);
    gr_end_tell(team, whom, status);
  }
  gr_warp_barrier();
}

/* Node team->ended - 1 has ended, with team->ended_result. */
GR_DEV void gr_graph_advance(struct gr_team *team)
{
  struct gr_dev *dev = team->dev;
  const uint32_t index = team->ended - 1u;
  const int32_t result = team->ended_result;
  const struct gr_node *node = &dev->node[index];
  struct gr_graph *graph = &dev->graph[node->graph];
  gr_warp_barrier(); /* all lanes have read it */
  if (gr_warp_lane() == 0u) {
    team->ended = 0u;
    if (result < 0) {
      gr_cas_relaxed_gpu_u32(&graph->status, 0u, (uint32_t)result);
    }
  }
  gr_warp_barrier();
  if (index == graph->end) {
    gr_graph_end(team, graph, result);
  } else {
    gr_graph_release(team, node->first_edge, node->edges, graph->iteration);
  }
}

/* The same for most nodes of a chain, whose follower is next on this team. False: it is not so. */
GR_DEV bool gr_graph_follow(struct gr_team *team)
{
  const struct gr_dev *dev = team->dev;
  const uint32_t follower = dev->node[team->ended - 1u].follower;
  if (follower == 0u || team->ended_result < 0) {
    return false;
  }
  gr_warp_barrier(); /* all lanes have read it */
  if (gr_warp_lane() == 0u) {
    team->ended = 0u;
    gr_node_make(dev, follower - 1u, &team->next);
    team->has_next = 1u;
    const uint32_t behind = dev->node[follower - 1u].follower;
    if (behind != 0u) { /* to be made when the follower has run: on its way meanwhile */
      gr_prefetch(&dev->node[behind - 1u]);
    }
  }
  gr_warp_barrier();
  return true;
}

/* team->task launches instance arg 0 (I19). */
GR_DEV int32_t gr_graph_launch(struct gr_team *team)
{
  struct gr_dev *dev = team->dev;
  const uint32_t index = (uint32_t)gr_arg_u64(team, 0) & 0xffffu;
  const uint32_t idle = (uint32_t)gr_arg_u64(team, 0) & ~0xffffu;
  int32_t status = index < GR_GRAPHS_MAX && idle != 0u ? GR_OK : GR_E_NOENT;
  struct gr_graph *graph = &dev->graph[status == GR_OK ? index : 0u];
  if (status == GR_OK && gr_warp_lane() == 0u) {
    const uint32_t seen = gr_cas_acquire_gpu_u32(&graph->state, idle, idle | GR_GRAPH_RUNS);
    if (seen == idle) {
      gr_store_relaxed_gpu_u32(&graph->status, 0u);
      graph->task = *team->task;
      graph->number = gr_trace_number(dev, team->task);
    } else {
      status = seen == (idle | GR_GRAPH_RUNS) ? GR_E_BUSY : GR_E_NOENT;
    }
  }
  status = (int32_t)gr_lead_u32((uint32_t)status);
  if (status == GR_OK) {
    gr_graph_start(team, graph);
  }
  return status;
}

/* One lane. Node `index` of what the host has staged is loaded. */
GR_DEV void gr_node_load(struct gr_node *node, const struct gr_node *from)
{
  gr_store_relaxed_gpu_u32(&node->arrivals, 0u);
  node->fan_in = from->fan_in;
  node->first_edge = from->first_edge;
  node->edges = from->edges;
  node->graph = from->graph;
  node->prefer = from->prefer;
  node->follower = from->follower;
  node->task = from->task;
}

/* team->task loads arg 2 pieces from arg 0 on to index arg 1 on: nodes, edges; or one instance, to
 * be launched from now on or, with state 0, no more. */
GR_DEV int32_t gr_graph_load(struct gr_team *team)
{
  struct gr_dev *dev = team->dev;
  const uint32_t op = team->task->op;
  const uint64_t to = gr_arg_u64(team, 1), count = gr_arg_u64(team, 2);
  for (uint64_t i = gr_warp_lane(); i < count && op == GR_OP_NODES; i += gr_warp_lanes()) {
    gr_node_load(&dev->node[to + i], gr_arg_ptr(team, 0, struct gr_node) + i);
  }
  for (uint64_t i = gr_warp_lane(); i < count && op == GR_OP_EDGES; i += gr_warp_lanes()) {
    dev->edge[to + i] = gr_arg_ptr(team, 0, uint32_t)[i];
  }
  uint32_t is_running = 0u;
  if (op == GR_OP_INSTANCE && gr_warp_lane() == 0u) {
    struct gr_graph *graph = &dev->graph[to];
    const struct gr_graph *from = gr_arg_ptr(team, 0, struct gr_graph);
    const uint32_t state = gr_load_relaxed_gpu_u32(&graph->state);
    is_running =
        (state & GR_GRAPH_RUNS) != 0u || gr_cas_acquire_gpu_u32(&graph->state, state, 0u) != state;
    if (is_running == 0u) {
      graph->iteration = 0u;
      graph->first_root = from->first_root;
      graph->roots = from->roots;
      graph->end = from->end;
      graph->tasks = from->tasks;
      graph->first_node = from->first_node;
      graph->node_room = from->node_room;
      graph->first_edge = from->first_edge;
      graph->edge_room = from->edge_room;
      gr_store_release_gpu_u32(&graph->state, (uint32_t)gr_arg_u64(team, 3));
    }
  }
  gr_warp_barrier();
  return gr_lead_u32(is_running) != 0u ? GR_E_BUSY : GR_OK;
}

/* ---- for ops ---- */

/* Any lane. A task that runs instance `graph` (grosr_graph_instantiate), to be submitted or forked:
 * it ends when the run does, with 0, the first failure, or GR_E_BUSY if the instance runs already.
 */
GR_DEV struct gr_task gr_graph_task(const struct gr_team *team, uint32_t graph)
{
  struct gr_task task = gr_task_make(team, GR_OP_GRAPH);
  task.arg[0] = graph;
  return task;
}

/* Launches instance `graph`; nobody waits for it. As gr_submit_team. */
GR_DEV int32_t gr_graph_launch_team(struct gr_team *team, uint32_t graph)
{
  const struct gr_task task = gr_graph_task(team, graph);
  return gr_submit_team(team, &task);
}
