/* exp1_node.h - what a node of a graph does, and what it is told: see exp1_cell.h. By one lane,
 * after port.h.
 *
 * Compiled by the C compiler and by nvcc. Next: exp1_replay.h. */
#pragma once

#include "exp1_cell.h"

GR_DEV void exp1_node_look(struct exp1_cell *cell, uint64_t index, uint64_t before)
{
  cell[index].late += cell[before].runs != cell[index].runs ? 1u : 0u;
}

GR_DEV void exp1_node_run(struct exp1_cell *cell, uint64_t place, uint64_t work_ns, uint64_t how)
{
  const uint64_t index = (uint32_t)place, nodes = place >> 32;
  const bool is_timed = (how & EXP1_NODE_TIMED) != 0u;
  const uint64_t begin_ns = is_timed || work_ns != 0u ? gr_clock_ns() : 0u;
  if ((how & EXP1_NODE_HERE) != 0u) {
    cell[index].runs++;
    exp1_node_look(cell, index, how >> 32);
    for (uint64_t k = 0u; k < EXP1_NODE_LOOKS && (how & EXP1_NODE_SINK) != 0u && nodes > 2u; k++) {
      const uint64_t any = (cell[index].runs * EXP1_NODE_LOOKS + k) * EXP1_NODE_STEP;
      exp1_node_look(cell, index, 1u + any % (nodes - 2u));
    }
  } else {
    cell[index].runs = 1u;
  }
  while (work_ns != 0u && gr_clock_ns() - begin_ns < work_ns) {
  }
  if (is_timed) {
    cell[index].begin_ns = begin_ns;
    cell[index].end_ns = gr_clock_ns();
  }
}

/* A node before it; the first is before itself, which is always in order. */
GR_DEV uint64_t exp1_node_before(bool is_fan, uint64_t index)
{
  return is_fan || index == 0u ? 0u : index - 1u;
}

/* Its last argument. */
GR_DEV uint64_t exp1_node_how(uint64_t nodes, bool is_fan, uint64_t index, uint64_t how)
{
  const bool is_sink = is_fan && index == nodes - 1u;
  return how | (is_sink ? EXP1_NODE_SINK : 0u) | exp1_node_before(is_fan, index) << 32;
}
