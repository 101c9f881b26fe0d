/* exp1_cell.h - a node of the graphs of exp1_replay.c, the same in every variant: what it is told,
 * and what it notes.
 *
 * A node counts its runs, sees that a node before it has run as often, and works for some time. So
 * an order that its edges forbid, a node left out and one run twice are all found, in every replay:
 * see exp1_replay_check(). The line of a node before is read because a real node would read it.
 *
 *   argument  meaning                    value
 *   0         the nodes' cells
 *   1         which node, of how many    index | nodes << 32
 *   2         work, ns
 *   3         how                        EXP1_NODE_* | index of a node before it << 32
 *
 * word of a cell    writer                   order
 * runs, late, ...   its node                 the graph's edges; after a replay the host's wait
 *
 * Next: exp1_node.h (what a node does). */
#pragma once

#include <stdint.h>

struct exp1_cell {
  uint64_t runs;
  uint64_t late;     /* times that the node before it had not run as often */
  uint64_t begin_ns; /* of the last timed run */
  uint64_t end_ns;
  uint64_t unused[4]; /* to a line: two nodes share none */
};

/* The cells lie in this device's own memory. Without it a node reads none: behind PCIe that would
 * take longer than the node. */
#define EXP1_NODE_HERE  1u
#define EXP1_NODE_TIMED 2u
#define EXP1_NODE_SINK  4u /* of a fan: looks at EXP1_NODE_LOOKS of the nodes before it */
#define EXP1_NODE_LOOKS 16u
#define EXP1_NODE_STEP  2654435761u /* between the nodes that are looked at; odd */

struct exp1_node {
  uint64_t arg[4];
};
