/* graph_instance.c - loads graphs onto a device, launches and destroys the instances.
 *
 * The host finds room in the device's tables of nodes and edges (it alone deals them out, under
 * graph_lock), writes a piece into the stage, which both sides address, and runs a task of the
 * microkernel's own that copies it: no memory is written under a running microkernel but by its
 * teams. The instance itself comes last, so that a load that fails half way leaves nothing.
 *
 * Next: ../device/graph.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/graph.h"
#include "host/grosr_private.h"

#define LOCK_NS     3000000000ull
#define INDEX_MASK  0xffffu
#define STAGE_NODES (GR_STAGE_BYTES / sizeof(struct gr_node))
#define STAGE_EDGES (GR_STAGE_BYTES / sizeof(uint32_t))

/* What an instance has of the tables. */
struct gr_graph_range {
  uint32_t state; /* as in struct gr_graph, 0: free */
  uint32_t generation;
  uint32_t first_node, nodes;
  uint32_t first_edge, edges;
};

static int graph_lock(struct grosr *g)
{
  if (!gr_mutex_lock(&g->graph_lock, gr_clock_ns() + LOCK_NS)) {
    return gr_error_set(-EBUSY, "another thread loads a graph, or was stopped while it did");
  }
  if (g->graph_range == NULL) {
    g->graph_range = calloc(GR_GRAPHS_MAX, sizeof *g->graph_range);
  }
  if (g->graph_range == NULL) {
    gr_mutex_unlock(&g->graph_lock);
    return gr_error_set(-ENOMEM, "no memory for the table of graphs");
  }
  return 0;
}

/* ---- room ---- */

/* The first place from `at` on that `count` elements can have: at itself, or behind what is in the
 * way. Of nodes or, with `is_edges`, edges. */
static uint32_t place_find(const struct gr_graph_range *range, bool is_edges, uint32_t count)
{
  uint32_t at = 0;
  for (uint32_t i = 0; i < GR_GRAPHS_MAX; i++) {
    const uint32_t first = is_edges ? range[i].first_edge : range[i].first_node;
    const uint32_t size = is_edges ? range[i].edges : range[i].nodes;
    if (range[i].state != 0 && at < first + size && first < at + count) {
      at = first + size;
      i = UINT32_MAX; /* from the beginning: it grew */
    }
  }
  return at;
}

static int room_find(struct grosr *g, const struct gr_graph_range *want, uint32_t *index)
{
  struct gr_graph_range *range = g->graph_range;
  uint32_t free_one = 0;
  while (free_one < GR_GRAPHS_MAX && range[free_one].state != 0) {
    free_one++;
  }
  const uint32_t node = place_find(range, false, want->nodes);
  const uint32_t edge = place_find(range, true, want->edges);
  const uint64_t edges_all = (uint64_t)g->options.graph_nodes * GR_EDGES_PER_NODE;
  if (free_one == GR_GRAPHS_MAX || (uint64_t)node + want->nodes > g->options.graph_nodes ||
      (uint64_t)edge + want->edges > edges_all) {
    return gr_error_set(-ENOSPC,
                        "no room for a graph of %u nodes and %u edges; destroy another, or open "
                        "with more graph_nodes (%u now, with %u edges each, for %u instances)",
                        want->nodes, want->edges, g->options.graph_nodes, GR_EDGES_PER_NODE,
                        GR_GRAPHS_MAX);
  }
  range[free_one].first_node = node;
  range[free_one].nodes = want->nodes;
  range[free_one].first_edge = edge;
  range[free_one].edges = want->edges;
  *index = free_one;
  return 0;
}

/* ---- loading ---- */

static int load(struct grosr *g, uint32_t op, uint64_t to, uint64_t count, uint32_t state)
{
  const uint64_t arg[4] = {g->stage_device, to, count, state};
  int32_t result = 0;
  const int error = gr_internal_run(g, op, arg, &result);
  if (error == 0 && result == GR_E_BUSY) {
    return gr_error_set(-EBUSY, "the graph's instance runs; wait for its ticket");
  }
  return error < 0 ? error : (int)result;
}

/* Edges as they stand in the table: of every node those behind it, the end behind each sink; then
 * the roots. */
static void edges_fill(const struct grosr_graph *graph, const uint32_t *first, const uint32_t *to,
                       const struct gr_graph_range *range, uint32_t *out)
{
  for (uint32_t n = 0; n < graph->nodes; n++) {
    for (uint32_t i = first[n]; i < first[n + 1u]; i++) {
      *out++ = range->first_node + to[i];
    }
    if (graph->node[n].fan_out == 0) {
      *out++ = range->first_node + graph->nodes;
    }
  }
  for (uint32_t n = 0; n < graph->nodes; n++) {
    if (graph->node[n].fan_in == 0) {
      *out++ = range->first_node + n;
    }
  }
}

/* As it travels, but for its context; `index` is its own. */
static void node_fill(struct gr_node *out, const struct gr_graph_node *from, uint32_t index)
{
  memset(out, 0, sizeof *out);
  out->fan_in = from->fan_in;
  out->prefer = from->node.team;
  out->task.op = (uint16_t)from->node.op;
  out->task.flags = GR_DONE_GRAPH;
  out->task.done = index;
  out->task.tiles = from->node.tiles;
  memcpy(out->task.arg, from->node.arg, sizeof out->task.arg);
}

/* Whether one node is behind node `n`, that one behind no other, and to run on any team. */
static bool has_follower(const struct grosr_graph *graph, uint32_t n)
{
  const struct gr_graph_node *behind = &graph->node[graph->node[n].behind];
  return graph->node[n].fan_out == 1u && behind->fan_in == 1u && behind->node.team == 0u;
}

static int nodes_load(struct grosr *g, const struct grosr_graph *graph, uint32_t index)
{
  const struct gr_graph_range *range = &g->graph_range[index];
  struct gr_node *stage = (struct gr_node *)(void *)g->stage;
  uint32_t edge = range->first_edge, sinks = 0, staged = 0;
  int error = 0;
  for (uint32_t n = 0; error == 0 && n <= graph->nodes; n++) {
    const bool is_end = n == graph->nodes;
    node_fill(&stage[staged], is_end ? &graph->loop : &graph->node[n], range->first_node + n);
    struct gr_node *node = &stage[staged];
    node->graph = index;
    node->first_edge = edge;
    if (is_end) {
      node->fan_in = sinks;
      node->task.op = graph->has_loop ? node->task.op : (uint16_t)GR_OP_NOTHING;
    } else {
      node->edges = graph->node[n].fan_out != 0 ? graph->node[n].fan_out : 1u;
      sinks += graph->node[n].fan_out == 0 ? 1u : 0u;
      edge += node->edges;
      node->follower = has_follower(graph, n) ? range->first_node + graph->node[n].behind + 1u : 0u;
    }
    if (++staged == STAGE_NODES || is_end) {
      error = load(g, GR_OP_NODES, range->first_node + n + 1u - staged, staged, 0);
      staged = 0;
    }
  }
  return error;
}

static int edges_load(struct grosr *g, const struct grosr_graph *graph,
                      const struct gr_graph_range *range)
{
  uint32_t *first = NULL, *to = NULL;
  uint32_t *all = calloc(range->edges, sizeof *all);
  int error = all != NULL ? gr_graph_rows(graph, &first, &to)
                          : gr_error_set(-ENOMEM, "no memory for %u edges", range->edges);
  if (error == 0) {
    edges_fill(graph, first, to, range, all);
  }
  for (uint32_t done = 0; error == 0 && done < range->edges;) {
    const uint32_t left = range->edges - done;
    const uint32_t count = left < STAGE_EDGES ? left : (uint32_t)STAGE_EDGES;
    memcpy(g->stage, all + done, count * sizeof *all);
    error = load(g, GR_OP_EDGES, range->first_edge + done, count, 0);
    done += count;
  }
  free(first);
  free(to);
  free(all);
  return error;
}

/* The last step: what is staged becomes instance `index`, in state `bare` (GR_GRAPH_BARE or 0). */
static int instance_add(struct grosr *g, uint32_t index, uint32_t bare)
{
  struct gr_graph_range *range = &g->graph_range[index];
  range->generation = (range->generation + 1u) & INDEX_MASK;
  range->generation = range->generation != 0 ? range->generation : 1u;
  range->state = range->generation << 16;
  const int error = load(g, GR_OP_INSTANCE, index, 1, range->state | bare);
  range->state = error == 0 ? range->state : 0u;
  return error;
}

static int instance_load(struct grosr *g, const struct grosr_graph *graph, uint32_t index,
                         uint32_t roots)
{
  struct gr_graph_range *range = &g->graph_range[index];
  struct gr_graph *stage = (struct gr_graph *)(void *)g->stage;
  int error = nodes_load(g, graph, index);
  if (error == 0) {
    error = edges_load(g, graph, range);
  }
  if (error == 0) {
    memset(stage, 0, sizeof *stage);
    stage->first_root = range->first_edge + range->edges - roots;
    stage->roots = roots;
    stage->end = range->first_node + graph->nodes;
    stage->tasks = graph->nodes + (graph->has_loop ? 1u : 0u);
    error = instance_add(g, index, 0);
  }
  return error;
}

int grosr_graph_instantiate(struct grosr *g, const struct grosr_graph *graph, uint32_t *instance)
{
  if (g == NULL || graph == NULL || instance == NULL) {
    return gr_error_set(-EINVAL, "grosr_graph_instantiate: a null pointer");
  }
  int error = grosr_graph_validate(graph, g->image);
  if (error < 0) {
    return error;
  }
  struct gr_graph_range want = {0};
  uint32_t index = 0, roots = 0;
  want.nodes = graph->nodes + 1u;
  want.edges = graph->edges;
  for (uint32_t n = 0; n < graph->nodes; n++) {
    roots += graph->node[n].fan_in == 0 ? 1u : 0u;
    want.edges += graph->node[n].fan_out == 0 ? 1u : 0u;
  }
  want.edges += roots;
  error = graph_lock(g);
  if (error < 0) {
    return error;
  }
  error = room_find(g, &want, &index);
  if (error == 0) {
    error = instance_load(g, graph, index, roots);
  }
  if (error == 0) {
    *instance = g->graph_range[index].state | index;
  }
  gr_mutex_unlock(&g->graph_lock);
  return error;
}

int grosr_graph_reserve(struct grosr *g, uint32_t nodes, uint32_t edges, uint32_t *instance)
{
  if (g == NULL || instance == NULL) {
    return gr_error_set(-EINVAL, "grosr_graph_reserve: a null pointer");
  }
  if (nodes == 0 || nodes > GR_GRAPH_NODES_MAX || edges > GR_GRAPH_NODES_MAX * GR_EDGES_PER_NODE) {
    return gr_error_set(-EINVAL, "room for %u nodes and %u edges; ask for 1 to %u nodes", nodes,
                        edges, GR_GRAPH_NODES_MAX);
  }
  /* One node is the end; each may be a root, and a sink. */
  const struct gr_graph_range want = {.nodes = nodes + 1u, .edges = edges + 2u * nodes};
  uint32_t index = 0;
  int error = graph_lock(g);
  if (error < 0) {
    return error;
  }
  error = room_find(g, &want, &index);
  if (error == 0) {
    struct gr_graph *stage = (struct gr_graph *)(void *)g->stage;
    memset(stage, 0, sizeof *stage);
    stage->first_node = g->graph_range[index].first_node;
    stage->node_room = want.nodes;
    stage->first_edge = g->graph_range[index].first_edge;
    stage->edge_room = edges;
    error = instance_add(g, index, GR_GRAPH_BARE);
  }
  if (error == 0) {
    *instance = g->graph_range[index].state | index;
  }
  gr_mutex_unlock(&g->graph_lock);
  return error;
}

int grosr_graph_launch(struct grosr *g, uint32_t instance, uint32_t context, grosr_ticket *ticket)
{
  if (g == NULL) {
    return gr_error_set(-EINVAL, "grosr_graph_launch: the device is a null pointer");
  }
  if (context >= GR_CONTEXTS_MAX || (gr_load_relaxed_gpu_u64(&g->contexts) >> context & 1u) == 0u) {
    return gr_error_set(-EINVAL, "context %u is not open; use 0 or one from grosr_context_open",
                        context);
  }
  struct grosr_task task = {0};
  task.op = GR_OP_GRAPH;
  task.context = context;
  task.arg[0] = instance;
  return gr_internal_submit(g, &task, 0, ticket);
}

int grosr_graph_destroy(struct grosr *g, uint32_t instance)
{
  const uint32_t index = instance & INDEX_MASK;
  if (g == NULL) {
    return gr_error_set(-EINVAL, "grosr_graph_destroy: the device is a null pointer");
  }
  int error = graph_lock(g);
  if (error < 0) {
    return error;
  }
  struct gr_graph_range *range = g->graph_range;
  if (index >= GR_GRAPHS_MAX || range[index].state == 0 ||
      (range[index].state | index) != instance) {
    error = gr_error_set(-ENOENT, "no such instance of a graph, or it was destroyed already");
  } else {
    error = load(g, GR_OP_INSTANCE, index, 1, 0);
    range[index].state = error == 0 ? 0u : range[index].state;
  }
  gr_mutex_unlock(&g->graph_lock);
  return error;
}
