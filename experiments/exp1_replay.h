/* exp1_replay.h - replays of one graph of dependent nodes: what the variants replay_* share.
 *
 * A *replayer* is one way of running all nodes of a graph (exp1_cell.h), each after those before
 * it, again and again. The loops of exp1_replay.c time every replayer alike and check every replay.
 *
 *   chain   each node is behind the one before it
 *   fan     one node, then all but two side by side, then one behind them all
 *
 *   node_us     a replay, from its start on the host until it was seen done, divided by its nodes;
 *               the mean of as many replays as fill an interval (hx_batch)
 *   bubble_us   from the end of a node to the start of the one behind it: in a chain the mean over
 *               all links, in a fan that of the last node. Replays of their own, whose nodes read
 *               the clock twice; one read is part of a bubble.
 *
 * Next: exp1_replay.c (the loops), exp1_replay_cpu.c (the floors). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "exp1_cell.h"

#define EXP1_NODES_MAX 10000u

struct hx_point;

/* What this point asks for. */
struct exp1_graph {
  uint32_t nodes;
  bool is_fan;
  uint64_t work_ns;
};

struct exp1_replayer {
  struct exp1_graph graph;
  /* The whole graph, `times` times, one after the other; its nodes timed or not. 0 or negative. */
  int (*replay)(void *state, bool timed, uint64_t times);
  void *state;
  struct exp1_cell *cell; /* one of each node, where the host reads them */
  /* Brings the cells to `cell`; sets the originals to 0. NULL: they are the same memory. Never
   * timed. */
  int (*fetch)(void *state);
  int (*clear)(void *state);
  bool is_far; /* nodes run without EXP1_NODE_HERE */
};

/* Node `index` as its op, kernel or task has it. `cells` is their address for who runs it. */
struct exp1_node exp1_node_make(const struct exp1_graph *graph, uint64_t cells, uint32_t index,
                                uint64_t how);

/* This point's graph; negative, and the point has its reason. */
int exp1_graph_of(struct hx_point *point, struct exp1_graph *out);

/* All nodes twice over, plain and timed, for a replayer on this machine's threads; `cells` is
 * allocated with them, in `block`, to be freed. */
struct exp1_nodes {
  void *block;
  struct exp1_cell *cell;
  struct exp1_node *node[2]; /* [timed] */
};
int exp1_nodes_take(struct hx_point *point, const struct exp1_graph *graph, struct exp1_nodes *out);

/* Runs one node: the same function for all of them, so that none has it inlined. */
void exp1_node_call(const struct exp1_node *node);

/* Both metrics. 0 or negative; the point has its reason. */
int exp1_replay_measure(struct hx_point *point, const struct exp1_replayer *replayer);
