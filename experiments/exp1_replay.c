/* exp1_replay.c - see exp1_replay.h: graphs, the loops that time every replayer, and the check.
 *
 * An interval is: the cells cleared, one replay that warms them up again (the host has just looked
 * at each, on another core), then what is timed, then the check of all replays.
 *
 * Next: exp1_replay_cpu.c */
#include "exp1_replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <grosr/device.h>
#include <grosr/grosr.h>

#include "exp1.h"
#include "exp1_node.h"

#define WARM_REPLAYS 100u
#define WARM_NS      50000000u
#define BLOCK_ALIGN  128u

void exp1_node_call(const struct exp1_node *node)
{
  exp1_node_run((struct exp1_cell *)(uintptr_t)node->arg[0], node->arg[1], node->arg[2],
                node->arg[3]);
}

struct exp1_node exp1_node_make(const struct exp1_graph *graph, uint64_t cells, uint32_t index,
                                uint64_t how)
{
  const struct exp1_node node = {{cells, index | (uint64_t)graph->nodes << 32, graph->work_ns,
                                  exp1_node_how(graph->nodes, graph->is_fan, index, how)}};
  return node;
}

int exp1_graph_of(struct hx_point *point, struct exp1_graph *out)
{
  const uint64_t nodes = hx_factor_u64(point, "nodes");
  const uint64_t work_us = hx_factor_u64(point, "work_us");
  if (nodes < 3u || nodes > EXP1_NODES_MAX || work_us > 1000u) {
    return hx_unmet(point, "nodes must be 3 to %u, work_us at most 1000", EXP1_NODES_MAX);
  }
  out->nodes = (uint32_t)nodes;
  out->is_fan = strcmp(hx_factor_text(point, "shape"), "fan") == 0;
  out->work_ns = work_us * 1000u;
  return 0;
}

int exp1_nodes_take(struct hx_point *point, const struct exp1_graph *graph, struct exp1_nodes *out)
{
  const size_t cell_bytes = graph->nodes * sizeof(struct exp1_cell);
  const size_t node_bytes = graph->nodes * sizeof(struct exp1_node);
  const size_t bytes =
      (cell_bytes + 2u * node_bytes + BLOCK_ALIGN - 1u) / BLOCK_ALIGN * BLOCK_ALIGN;
  out->block = aligned_alloc(BLOCK_ALIGN, bytes);
  if (out->block == NULL) {
    return hx_fail(point, "no memory for %u nodes", graph->nodes);
  }
  memset(out->block, 0, bytes);
  out->cell = out->block;
  out->node[0] = (struct exp1_node *)(void *)((char *)out->block + cell_bytes);
  out->node[1] = out->node[0] + graph->nodes;
  for (uint32_t i = 0; i < 2u * graph->nodes; i++) {
    const bool is_timed = i >= graph->nodes;
    out->node[0][i] = exp1_node_make(graph, (uint64_t)(uintptr_t)out->cell, i % graph->nodes,
                                     EXP1_NODE_HERE | (is_timed ? EXP1_NODE_TIMED : 0u));
  }
  return 0;
}

/* ---- the check ---- */

static int check_runs(struct hx_point *point, const struct exp1_replayer *replayer, uint64_t runs)
{
  const struct exp1_cell *cell = replayer->cell;
  const uint64_t wanted = replayer->is_far ? 1u : runs;
  for (uint32_t i = 0; i < replayer->graph.nodes; i++) {
    if (cell[i].runs != wanted) {
      return hx_fail(point, "node %u ran %" PRIu64 " times in %" PRIu64 " replays", i, cell[i].runs,
                     wanted);
    }
    if (cell[i].late != 0u) {
      return hx_fail(point,
                     "node %u ran before a node that it is behind, in %" PRIu64 " of %" PRIu64
                     " replays",
                     i, cell[i].late, runs);
    }
  }
  return 0;
}

/* ns from the end of the last node before `index` to its start; negative: the order is wrong. */
static int64_t bubble_of(const struct exp1_replayer *replayer, uint32_t index)
{
  const struct exp1_graph *graph = &replayer->graph;
  const struct exp1_cell *cell = replayer->cell;
  uint64_t end_ns = cell[exp1_node_before(graph->is_fan, index)].end_ns;
  for (uint32_t i = 1; graph->is_fan && index == graph->nodes - 1u && i < index; i++) {
    end_ns = cell[i].end_ns > end_ns ? cell[i].end_ns : end_ns;
  }
  return (int64_t)(cell[index].begin_ns - end_ns);
}

/* The mean bubble, ns; negative: a node was too early, and the point has its reason. */
static double mean_bubble(struct hx_point *point, const struct exp1_replayer *replayer)
{
  const uint32_t nodes = replayer->graph.nodes;
  double sum_ns = 0;
  for (uint32_t i = 1; i < nodes; i++) {
    const int64_t ns = bubble_of(replayer, i);
    if (ns < 0) {
      hx_fail(point, "node %u began %" PRId64 " ns before a node that it is behind had ended", i,
              -ns);
      return -1.0;
    }
    sum_ns += !replayer->graph.is_fan || i == nodes - 1u ? (double)ns : 0.0;
  }
  return replayer->graph.is_fan ? sum_ns : sum_ns / (double)(nodes - 1u);
}

/* ---- the loops ---- */

/* ns of `times` replays, checked; 0: the point has its reason. */
static uint64_t time_replays(struct hx_point *point, const struct exp1_replayer *replayer,
                             bool timed, uint64_t times)
{
  int result = 0;
  if (replayer->clear != NULL) {
    result = replayer->clear(replayer->state);
  } else {
    memset(replayer->cell, 0, replayer->graph.nodes * sizeof(*replayer->cell));
  }
  if (result == 0) {
    result = replayer->replay(replayer->state, timed, 1u);
  }
  const uint64_t begin_ns = exp_now_ns();
  if (result == 0) {
    result = replayer->replay(replayer->state, timed, times);
  }
  const uint64_t end_ns = exp_now_ns();
  if (result == 0 && replayer->fetch != NULL) {
    result = replayer->fetch(replayer->state);
  }
  if (result < 0) {
    hx_fail(point, "replay: %s. %s", strerror(-result), grosr_last_error());
    return 0;
  }
  if (check_runs(point, replayer, times + 1u) < 0) {
    return 0;
  }
  return end_ns > begin_ns ? end_ns - begin_ns : 1u;
}

/* ns of a replay, of the least disturbed one of some; 0: the point has its reason. */
static uint64_t warm_up(struct hx_point *point, const struct exp1_replayer *replayer)
{
  const uint64_t until_ns = exp_now_ns() + WARM_NS;
  uint64_t least_ns = UINT64_MAX;
  for (uint64_t i = 0; i < exp_warm_up(WARM_REPLAYS) && (i < 2u || exp_now_ns() < until_ns); i++) {
    const uint64_t ns = time_replays(point, replayer, false, 1u);
    if (ns == 0u) {
      return 0;
    }
    hx_warm(point, "node_us", (double)ns / 1e3 / (double)replayer->graph.nodes);
    least_ns = ns < least_ns ? ns : least_ns;
  }
  return least_ns;
}

int exp1_replay_measure(struct hx_point *point, const struct exp1_replayer *replayer)
{
  const uint32_t nodes = replayer->graph.nodes;
  const uint64_t least_ns = warm_up(point, replayer);
  if (least_ns == 0u) {
    return -EBADMSG;
  }
  if (exp1_is_too_long(point, nodes, (double)least_ns / (double)nodes)) {
    return -ENOTSUP;
  }
  const bool is_sim = strcmp(hx_device(point), "sim") == 0; /* virtual time has no step */
  const uint64_t times = is_sim ? 1u : hx_batch(point, (double)least_ns);
  hx_note(point, "replays_per_interval", "%" PRIu64, times);
  while (hx_more(point, "node_us")) {
    const uint64_t ns = time_replays(point, replayer, false, times);
    if (ns == 0u) {
      return -EBADMSG;
    }
    hx_sample(point, "node_us", (double)ns / 1e3 / (double)times / (double)nodes);
  }
  while (hx_more(point, "bubble_us")) {
    double bubble_ns = -1.0;
    if (time_replays(point, replayer, true, 1u) == 0u ||
        (bubble_ns = mean_bubble(point, replayer)) < 0.0) {
      return -EBADMSG;
    }
    hx_sample(point, "bubble_us", bubble_ns / 1e3);
  }
  return 0;
}
