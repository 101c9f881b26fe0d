/* graph.c - builds and validates graphs (grosr/graph.h); touches no device.
 *
 * Next: graph_dot.c (drawing one), graph_instance.c (loading one). */
#include "host/graph.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/image.h"
#include "shared/limits.h"

int grosr_graph_new(struct grosr_graph **out)
{
  if (out == NULL) {
    return gr_error_set(-EINVAL, "grosr_graph_new: a null pointer");
  }
  struct grosr_graph *graph = calloc(1, sizeof *graph);
  if (graph == NULL) {
    return gr_error_set(-ENOMEM, "no memory for a graph");
  }
  *out = graph;
  return 0;
}

void grosr_graph_free(struct grosr_graph *graph)
{
  if (graph != NULL) {
    free(graph->node);
    free(graph->edge);
    free(graph);
  }
}

/* Room for one element more. */
static int room_make(void **array, uint32_t count, uint32_t *room, size_t bytes)
{
  if (count < *room) {
    return 0;
  }
  const uint32_t wanted = *room != 0 ? 2u * *room : 16u;
  void *larger = wanted > *room ? realloc(*array, wanted * bytes) : NULL;
  if (larger == NULL) {
    return gr_error_set(-ENOMEM, "no memory for a graph of more than %u nodes or edges", *room);
  }
  *array = larger;
  *room = wanted;
  return 0;
}

static void node_fill(struct gr_graph_node *to, const struct grosr_node *from, uint32_t index)
{
  memset(to, 0, sizeof *to);
  to->node = *from;
  to->node.name = NULL;
  if (from->name != NULL) {
    snprintf(to->name, sizeof to->name, "%s", from->name);
  } else {
    snprintf(to->name, sizeof to->name, "%u", index);
  }
}

int grosr_graph_node(struct grosr_graph *graph, const struct grosr_node *node, uint32_t *index)
{
  if (graph == NULL || node == NULL) {
    return gr_error_set(-EINVAL, "grosr_graph_node: a null pointer");
  }
  const int error =
      room_make((void **)&graph->node, graph->nodes, &graph->node_room, sizeof *graph->node);
  if (error < 0) {
    return error;
  }
  node_fill(&graph->node[graph->nodes], node, graph->nodes);
  if (index != NULL) {
    *index = graph->nodes;
  }
  graph->nodes++;
  return 0;
}

int grosr_graph_edge(struct grosr_graph *graph, uint32_t from, uint32_t to)
{
  if (graph == NULL || from >= graph->nodes || to >= graph->nodes || from == to) {
    return gr_error_set(-EINVAL,
                        "an edge from node %u to node %u: use two different nodes of the %u that "
                        "grosr_graph_node gave",
                        from, to, graph != NULL ? graph->nodes : 0u);
  }
  const int error =
      room_make((void **)&graph->edge, graph->edges, &graph->edge_room, sizeof *graph->edge);
  if (error == 0) {
    graph->edge[graph->edges].from = from;
    graph->edge[graph->edges++].to = to;
    graph->node[from].fan_out++;
  graph->node[from].behind = to;
    graph->node[to].fan_in++;
  }
  return error;
}

int grosr_graph_loop(struct grosr_graph *graph, const struct grosr_node *predicate)
{
  if (graph == NULL) {
    return gr_error_set(-EINVAL, "grosr_graph_loop: a null pointer");
  }
  graph->has_loop = predicate != NULL;
  if (predicate != NULL) {
    node_fill(&graph->loop, predicate, graph->nodes);
  }
  return 0;
}

int gr_graph_rows(const struct grosr_graph *graph, uint32_t **first, uint32_t **to)
{
  uint32_t *row = calloc(graph->nodes + 2u, sizeof *row);
  uint32_t *column = calloc(graph->edges + 1u, sizeof *column);
  if (row == NULL || column == NULL) {
    free(row);
    free(column);
    return gr_error_set(-ENOMEM, "no memory to sort %u edges", graph->edges);
  }
  for (uint32_t i = 0; i < graph->edges; i++) {
    row[graph->edge[i].from + 2u]++;
  }
  for (uint32_t i = 2; i < graph->nodes + 2u; i++) {
    row[i] += row[i - 1u];
  }
  for (uint32_t i = 0; i < graph->edges; i++) { /* moves row[n + 1] from its begin to its end */
    column[row[graph->edge[i].from + 1u]++] = graph->edge[i].to;
  }
  *first = row;
  *to = column;
  return 0;
}

/* ---- validation ---- */

static int node_check(const struct gr_graph_node *node, const struct grosr_image *image)
{
  if (node->node.op >= image->op_count) {
    return gr_error_set(-EINVAL,
                        "node '%s': op %u is not in image '%s', which has %u; grosr_op finds an "
                        "op by name",
                        node->name, node->node.op, image->name, image->op_count);
  }
  if (node->node.tiles > GR_TILES_MAX) {
    return gr_error_set(-EINVAL, "node '%s': %u tiles; at most %u", node->name, node->node.tiles,
                        GR_TILES_MAX);
  }
  if (node->fan_in > GR_FAN_IN_MAX) {
    return gr_error_set(-EINVAL, "node '%s' comes after %u others; at most %u: put nodes between",
                        node->name, node->fan_in, GR_FAN_IN_MAX);
  }
  return 0;
}

/* Names a cycle: every node with left[n] != 0 has a node before it of which the same is true; going
 * back, one comes round. */
static int cycle_tell(const struct grosr_graph *graph, const uint32_t *left)
{
  char names[320] = "";
  uint32_t at = 0, steps = 0;
  uint32_t *before = calloc(graph->nodes, sizeof *before);
  if (before == NULL) {
    return gr_error_set(-EINVAL, "the graph has a cycle");
  }
  for (uint32_t i = 0; i < graph->edges; i++) {
    if (left[graph->edge[i].from] != 0 && left[graph->edge[i].to] != 0) {
      before[graph->edge[i].to] = graph->edge[i].from;
    }
  }
  while (left[at] == 0) {
    at++;
  }
  for (; steps < graph->nodes; steps++) { /* into the cycle */
    at = before[at];
  }
  const uint32_t start = at;
  size_t used = (size_t)snprintf(names, sizeof names, "%s", graph->node[start].name);
  do {
    at = before[at];
    char longer[sizeof names];
    const int length = snprintf(longer, sizeof longer, "%s -> %s", graph->node[at].name, names);
    if (length < 0 || (size_t)length >= sizeof names - 8u) {
      memmove(names + 7, names, used < sizeof names - 8u ? used + 1u : sizeof names - 8u);
      memcpy(names, "... -> ", 7);
      break;
    }
    memcpy(names, longer, (size_t)length + 1u);
    used = (size_t)length;
  } while (at != start);
  free(before);
  return gr_error_set(-EINVAL, "the graph has a cycle: %s; leave out one of these edges", names);
}

/* Takes away nodes that nothing comes before, until none is left (Kahn). */
static int cycle_check(const struct grosr_graph *graph)
{
  uint32_t *first = NULL, *to = NULL, done = 0, count = 0;
  uint32_t *left = calloc(graph->nodes, sizeof *left);
  uint32_t *ready = calloc(graph->nodes, sizeof *ready);
  int error = left != NULL && ready != NULL
                  ? gr_graph_rows(graph, &first, &to)
                  : gr_error_set(-ENOMEM, "no memory to check %u nodes", graph->nodes);
  for (uint32_t i = 0; error == 0 && i < graph->nodes; i++) {
    left[i] = graph->node[i].fan_in;
    if (left[i] == 0) {
      ready[count++] = i;
    }
  }
  for (; error == 0 && done < count; done++) {
    for (uint32_t i = first[ready[done]]; i < first[ready[done] + 1u]; i++) {
      if (--left[to[i]] == 0) {
        ready[count++] = to[i];
      }
    }
  }
  if (error == 0 && count < graph->nodes) {
    error = cycle_tell(graph, left);
  }
  free(left);
  free(ready);
  free(first);
  free(to);
  return error;
}

int grosr_graph_validate(const struct grosr_graph *graph, const struct grosr_image *image)
{
  if (graph == NULL || image == NULL) {
    return gr_error_set(-EINVAL, "grosr_graph_validate: a null pointer");
  }
  if (graph->nodes == 0) {
    return gr_error_set(-EINVAL, "the graph is empty; add a node");
  }
  int error = 0;
  for (uint32_t i = 0; error == 0 && i < graph->nodes; i++) {
    error = node_check(&graph->node[i], image);
  }
  if (error == 0 && graph->has_loop) {
    error = node_check(&graph->loop, image);
  }
  return error == 0 ? cycle_check(graph) : error;
}
