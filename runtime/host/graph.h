/* graph.h - a graph as its builder keeps it; private to graph.c, graph_dot.c, graph_instance.c.
 *
 * Next: graph.c. */
#pragma once

#include <stdbool.h>

#include "host/error.h"
#include "include/grosr/graph.h"

#define GR_NODE_NAME_BYTES 32

struct gr_graph_node {
  struct grosr_node node; /* node.name is not used */
  char name[GR_NODE_NAME_BYTES];
  uint32_t fan_in, fan_out;
  uint32_t behind; /* of the nodes behind it, if any, the one named last */
};
struct gr_graph_edge {
  uint32_t from, to;
};

struct grosr_graph {
  struct gr_graph_node *node;
  struct gr_graph_edge *edge;
  uint32_t nodes, edges;
  uint32_t node_room, edge_room;
  struct gr_graph_node loop; /* if has_loop */
  bool has_loop;
};

/* Sorts the edges by their first node, so that those of node n are a run: first[n] to
 * first[n + 1] - 1 of `to`. Both are the caller's to free. */
int gr_graph_rows(const struct grosr_graph *graph, uint32_t **first, uint32_t **to);
