/* exp1_graph_image.c - a kernel that launches graphs from the device, for the variant device_graph.
 *
 * An image of its own, with -rdc and cudadevrt; host side in exp1_cuda_graph.c. graph_relay is the
 * only node of a graph; each run of it launches `window` child graphs to fire and forget and then
 * its own graph as tail launch, which runs when all children are done. graph_body is the only node
 * of each child.
 *
 * word of the record     writer                   order
 * next, submit_ns, ...   graph_relay, lane 0      the next run starts after this one and its
 * children started_ns             graph_body of child 0    the same
 *
 * Next: exp1_cuda_graph.c */
#include "port/port.h"
#include "port/port_cuda_launch.h"

#include "exp1_body.h"
#include "exp1_cuda_record.h"

GR_KERNEL graph_body(struct exp1_record *record, uint64_t *out, uint64_t i, uint64_t c)
{
  const uint64_t now_ns = gr_clock_ns();
  if (gr_lane() == 0u) {
    EXP1_BODY(out + i, EXP1_A(i), EXP1_B(i), c);
    if (i == 0u) {
      record->started_ns = now_ns;
    }
  }
}

GR_KERNEL graph_relay(struct exp1_record *record)
{
  const uint64_t now_ns = gr_clock_ns();
  if (gr_lane() != 0u) {
    return;
  }
  const uint64_t round = record->next;
  if (round == 0u) {
    record->begin_ns = now_ns;
  } else if (round <= EXP1_LINKS_MAX) {
    record->trip_ns[round - 1u] = now_ns - record->submit_ns;
    record->start_ns[round - 1u] = record->started_ns - record->submit_ns;
  }
  if (round == record->rounds || record->error != 0u) {
    record->end_ns = now_ns;
    return;
  }
  int32_t error = 0;
  record->next = round + 1u;
  record->submit_ns = gr_clock_ns();
  for (uint64_t k = 0u; k < record->window && error == 0; k++) {
    error = gr_graph_fire(record->exec[k]);
  }
  const int32_t tail_error = gr_graph_tail_self();
  if (error != 0 || tail_error != 0) {
    record->error = (uint64_t)(uint32_t)(error != 0 ? error : tail_error);
  }
}
