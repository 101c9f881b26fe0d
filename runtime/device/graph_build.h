/* graph_build.h - an op gives an instance, for which the host has reserved room, its nodes and
 * edges; and may do so again when it does not run.
 *
 *   const struct gr_graph_plan plan = {nodes, edges, count, pairs, NULL};
 *   gr_graph_build_team(team, instance, &plan)     then gr_graph_launch_team, as often as wanted
 *
 * I23 Who builds has the instance as a run has it (I19): its state says that it runs. Its tables
 *     are written before the state says that it is idle, by a release.
 *
 * Nodes are checked and written by all lanes of the leading warp, edges sorted and looked through
 * for cycles (Kahn) by one, in time proportional to nodes and edges. Two words of each node that a
 * run does not use meanwhile serve as scratch: next_owed (edges placed, then arrivals wanting) and
 * follower (the list of nodes that nothing comes before any more).
 *
 * Called by the leading warp, converged, unless it says one lane. Next: microkernel.h. */
#pragma once

#include "device/graph.h"

/* In memory that all lanes see alike. */
struct gr_graph_plan {
  const struct gr_task *node; /* op, tiles and arguments are used */
  const uint32_t *edge;       /* pairs: the second starts after the first has ended */
  uint32_t nodes, edges;
  const struct gr_task *again; /* the predicate of a loop (grosr_graph_loop), or NULL */
};

/* Whether its nodes and edges make sense, each for itself. */
GR_DEV bool gr_plan_is_valid(const struct gr_team *team, const struct gr_graph_plan *plan)
{
  bool is_valid = plan->nodes != 0u;
  for (uint32_t i = gr_warp_lane(); i < plan->nodes; i += gr_warp_lanes()) {
    is_valid = is_valid && plan->node[i].op < team->dev->ops && plan->node[i].tiles <= GR_TILES_MAX;
  }
  for (uint32_t i = gr_warp_lane(); i < plan->edges; i += gr_warp_lanes()) {
    const uint32_t from = plan->edge[2u * i], to = plan->edge[2u * i + 1u];
    is_valid = is_valid && from < plan->nodes && to < plan->nodes && from != to;
  }
  if (plan->again != NULL) {
    is_valid = is_valid && plan->again->op < team->dev->ops && plan->again->tiles <= GR_TILES_MAX;
  }
  return gr_warp_ballot(!is_valid) == 0u;
}

/* Every lane its share: the nodes, with no edges as yet; the one behind the last is the end. */
GR_DEV void gr_build_nodes(struct gr_dev *dev, uint32_t index, const struct gr_graph_plan *plan)
{
  const uint32_t first = dev->graph[index].first_node;
  for (uint32_t i = gr_warp_lane(); i <= plan->nodes; i += gr_warp_lanes()) {
    struct gr_node *node = &dev->node[first + i];
    const struct gr_task *from = i < plan->nodes ? &plan->node[i] : plan->again;
    gr_store_relaxed_gpu_u32(&node->arrivals, 0u);
    node->fan_in = node->edges = node->next_owed = node->follower = node->prefer = 0u;
    node->graph = index;
    node->task.op = GR_OP_NOTHING;
    if (from != NULL) {
      node->task = *from;
    }
    node->task.flags = GR_DONE_GRAPH;
    node->task.done = first + i;
    node->task.generation = 0u;
  }
}

/* One lane. Sorts the edges by their first node, the end behind each sink, the roots last. */
GR_DEV void gr_build_edges(struct gr_dev *dev, struct gr_graph *graph,
                           const struct gr_graph_plan *plan)
{
  struct gr_node *node = &dev->node[graph->first_node];
  uint32_t at = graph->first_edge;
  for (uint32_t i = 0u; i < plan->edges; i++) {
    node[plan->edge[2u * i]].edges++;
    node[plan->edge[2u * i + 1u]].fan_in++;
  }
  for (uint32_t n = 0u; n < plan->nodes; n++) {
    node[n].first_edge = at;
    if (node[n].edges == 0u) {
      dev->edge[at++] = graph->first_node + plan->nodes;
      node[plan->nodes].fan_in++;
    }
    at += node[n].edges;
  }
  for (uint32_t i = 0u; i < plan->edges; i++) {
    struct gr_node *from = &node[plan->edge[2u * i]];
    dev->edge[from->first_edge + from->next_owed++] =
        graph->first_node + plan->edge[2u * i + 1u];
  }
  graph->first_root = at;
  for (uint32_t n = 0u; n < plan->nodes; n++) {
    node[n].edges = node[n].edges != 0u ? node[n].edges : 1u;
    node[n].next_owed = node[n].fan_in;
    if (node[n].fan_in == 0u) {
      dev->edge[at++] = graph->first_node + n;
    }
  }
  graph->roots = at - graph->first_root;
  graph->end = graph->first_node + plan->nodes;
  graph->tasks = plan->nodes + (plan->again != NULL ? 1u : 0u);
  graph->iteration = 0u;
}

/* One lane. Takes away nodes that nothing comes before until none is left; false: a cycle is. Or a
 * node comes after too many others. */
GR_DEV bool gr_build_check(struct gr_dev *dev, const struct gr_graph *graph)
{
  struct gr_node *node = dev->node;
  const uint32_t nodes = graph->end - graph->first_node;
  uint32_t first = 0u, gone = 0u;
  bool is_small = true;
  for (uint32_t i = 0u; i < graph->roots; i++) {
    const uint32_t root = dev->edge[graph->first_root + i];
    node[root].follower = first;
    first = root + 1u;
  }
  while (first != 0u) {
    const struct gr_node *here = &node[first - 1u];
    first = here->follower;
    gone++;
    for (uint32_t i = 0u; i < here->edges; i++) {
      const uint32_t to = dev->edge[here->first_edge + i];
      if (to != graph->end && --node[to].next_owed == 0u) {
        node[to].follower = first;
        first = to + 1u;
        is_small = is_small && node[to].fan_in <= GR_FAN_IN_MAX;
      }
    }
  }
  return gone == nodes && is_small;
}

/* Every lane its share: a node with one node behind it, which waits for no other, names it. */
GR_DEV void gr_build_followers(struct gr_dev *dev, const struct gr_graph *graph)
{
  for (uint32_t n = graph->first_node + gr_warp_lane(); n < graph->end; n += gr_warp_lanes()) {
    struct gr_node *node = &dev->node[n];
    const uint32_t behind = dev->edge[node->first_edge];
    const bool is_alone =
        node->edges == 1u && behind != graph->end && dev->node[behind].fan_in == 1u;
    node->follower = is_alone ? behind + 1u : 0u;
  }
}

/* Instance `index` is ours. GR_OK, or what is wrong; false in `kept`: its old graph is gone. */
GR_DEV int32_t gr_build_all(struct gr_team *team, uint32_t index, const struct gr_graph_plan *plan,
                            bool *kept)
{
  struct gr_dev *dev = team->dev;
  struct gr_graph *graph = &dev->graph[index];
  *kept = true;
  if (plan->nodes >= graph->node_room || plan->edges > graph->edge_room) {
    return GR_E_NOMEM;
  }
  if (!gr_plan_is_valid(team, plan)) {
    return GR_E_INVAL;
  }
  *kept = false;
  gr_build_nodes(dev, index, plan);
  gr_warp_barrier();
  uint32_t is_good = 0u;
  if (gr_warp_lane() == 0u) {
    gr_build_edges(dev, graph, plan);
    is_good = gr_build_check(dev, graph) ? 1u : 0u;
  }
  is_good = gr_lead_u32(is_good);
  gr_warp_barrier();
  gr_build_followers(dev, graph);
  gr_warp_barrier();
  return is_good != 0u ? GR_OK : GR_E_INVAL;
}

/* Takes the instance as a run does, builds, gives it back. */
GR_DEV_APART int32_t gr_graph_build(struct gr_team *team, uint32_t handle,
                                    const struct gr_graph_plan *plan)
{
  const uint32_t index = handle & 0xffffu, idle = handle & ~0xffffu;
  gr_au32 *state = &team->dev->graph[index < GR_GRAPHS_MAX ? index : 0u].state;
  uint32_t before = 0u, got = 0u;
  if (gr_warp_lane() == 0u && index < GR_GRAPHS_MAX && idle != 0u) {
    before = gr_load_relaxed_gpu_u32(state);
    if ((before & ~GR_GRAPH_BARE) == idle) {
      got = gr_cas_acquire_gpu_u32(state, before, before | GR_GRAPH_RUNS) == before ? 1u : 0u;
    }
  }
  before = gr_lead_u32(before);
  if (gr_lead_u32(got) == 0u) {
    return (before & ~(GR_GRAPH_BARE | GR_GRAPH_RUNS)) == idle && idle != 0u ? GR_E_BUSY
                                                                            : GR_E_NOENT;
  }
  bool kept = true;
  const int32_t status = gr_build_all(team, index, plan, &kept);
  if (gr_warp_lane() == 0u) {
    const uint32_t after = status == GR_OK ? idle : kept ? before : idle | GR_GRAPH_BARE;
    gr_store_release_gpu_u32(state, after);
  }
  return status;
}

/* ---- for ops ---- */

/* Builds instance `graph` (grosr_graph_reserve) by `plan`, in place of what it was; nothing keeps
 * pointing to the plan. To be called seldom: edges are sorted by one lane.
 *   GR_E_NOENT  no such instance            GR_E_BUSY  it runs, or is being built
 *   GR_E_NOMEM  more nodes or edges than were reserved; it is as before
 *   GR_E_INVAL  no nodes, an op that the image lacks, too many tiles, an edge to a node that is
 *               not there or to itself: it is as before; a cycle, or a node after more than
 *               GR_FAN_IN_MAX others: it can no more be launched until it is built again */
GR_DEV int32_t gr_graph_build_team(struct gr_team *team, uint32_t graph,
                                   const struct gr_graph_plan *plan)
{
  int32_t status = GR_OK;
  gr_team_barrier(); /* all lanes have written their part of the plan */
  if (gr_lane() < gr_warp_lanes()) {
    status = gr_graph_build(team, graph, plan);
  }
  return (int32_t)gr_team_broadcast_u64(team, (uint64_t)(int64_t)status);
}
