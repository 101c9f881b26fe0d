/* test_graph_ops.h - the ops of test_image.c that are nodes of graphs, or launch or build one.
 *
 * Included by test_image.c, after its list of ops. Next: test_device_graph.c. */
#pragma once

#include <grosr/device.h>

/* words[8 + argument 1]: which visit it is, as counted in words[0]. Argument 2 is the result. */
GR_DEV int32_t visit(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  if (gr_lane() == 0u) {
    words[8u + gr_arg_u64(team, 1)] = gr_add_relaxed_gpu_u64((gr_au64 *)words, 1u) + 1u;
  }
  return (int32_t)(uint32_t)gr_arg_u64(team, 2);
}

/* Returns words[1], one less each time. */
GR_DEV int32_t countdown(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  uint64_t left = words[1];
  gr_team_barrier();
  if (gr_lane() == 0u) {
    words[1] = left - 1u;
  }
  return (int32_t)(uint32_t)left;
}

/* Runs graphs 1 and 2, by its arguments, as children, then `then`; launches that of argument 3. */
GR_DEV int32_t replay(struct gr_team *team)
{
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  if (gr_lane() == 0u) {
    children[0] = gr_graph_task(team, (uint32_t)gr_arg_u64(team, 1));
    children[1] = gr_graph_task(team, (uint32_t)gr_arg_u64(team, 2));
  }
  struct gr_task next = gr_task_make(team, GR_ID(then));
  next.arg[0] = gr_arg_u64(team, 0);
  const int32_t status = gr_fork_team(team, children, 2u, &next);
  return status < 0 ? status : gr_graph_launch_team(team, (uint32_t)gr_arg_u64(team, 3));
}

/* Builds instance argument 1 of nodes `visit`, argument 2 of them (at most 8), in one of the shapes
 * of test_device_graph.c, argument 3; shape 4 and above are wrong. */
GR_DEV int32_t build(struct gr_team *team)
{
  const uint32_t nodes = (uint32_t)gr_arg_u64(team, 2), shape = (uint32_t)gr_arg_u64(team, 3);
  struct gr_task *node = (struct gr_task *)gr_scratch(team);
  uint32_t *edge = (uint32_t *)(node + 9u);
  for (uint32_t i = gr_lane(); i <= nodes; i += gr_lanes()) {
    node[i] = gr_task_make(team, i < nodes ? GR_ID(visit) : GR_ID(countdown));
    node[i].arg[0] = gr_arg_u64(team, 0);
    node[i].arg[1] = i;
    node[i].op = shape == 6u && i == 1u ? 999u : node[i].op;
  }
  for (uint32_t i = gr_lane(); i + 1u < nodes; i += gr_lanes()) {
    edge[2u * i] = shape == 1u ? 0u : i;          /* a chain, or a star */
    edge[2u * i + 1u] = shape == 5u && i == 2u ? nodes : i + 1u;
    edge[2u * i + 1u] = shape == 4u && i == 2u ? 0u : edge[2u * i + 1u];
  }
  const uint32_t edges = shape == 3u || nodes == 0u ? 0u : nodes - 1u;
  const struct gr_graph_plan plan = {node, edge, nodes, edges, shape == 2u ? node + nodes : NULL};
  return gr_graph_build_team(team, (uint32_t)gr_arg_u64(team, 1), &plan);
}
