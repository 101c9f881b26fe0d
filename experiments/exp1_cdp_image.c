/* exp1_cdp_image.c - kernels that launch kernels (CUDA Dynamic Parallelism), for the variant cdp.
 *
 * An image of its own, because -rdc and cudadevrt slow what is linked with them. Host side in
 * exp1_cuda_cdp.c. A chain is at most EXP1_DEPTH_MAX launches deep; the host starts the next one.
 *
 *   cdp_hop    start: a fire-and-forget child notes how long ago its parent launched it
 *   cdp_back   round trip: launches a body to fire and forget, then itself as tail launch, which
 * runs when the body is done and notes how long ago it was launched cdp_spawn  throughput: the same
 * with a window of bodies, launched by as many lanes
 *
 * Next: exp1_cuda_cdp.c */
#include "port/port.h"
#include "port/port_cuda_launch.h"

#include "exp1_body.h"
#include "exp1_cuda_record.h"

GR_DEV void note_error(struct exp1_record *record)
{
  const int32_t error = gr_cdp_error();
  if (error != 0) {
    record->error = (uint64_t)(uint32_t)error;
  }
}

GR_KERNEL cdp_body(uint64_t *out, uint64_t a, uint64_t b, uint64_t c)
{
  if (gr_lane() == 0u) {
    EXP1_BODY(out, a, b, c);
  }
}

GR_KERNEL cdp_hop(struct exp1_record *record, uint64_t *out, uint32_t link, uint64_t parent_ns)
{
  const uint64_t now_ns = gr_clock_ns();
  if (gr_lane() != 0u) {
    return;
  }
  if (link < EXP1_DEPTH_MAX) {
    GR_CDP_FIRE(cdp_hop, 1, 32, record, out, link + 1u, gr_clock_ns());
    note_error(record);
  }
  if (link > 0u) {
    record->start_ns[link - 1u] = now_ns - parent_ns;
    EXP1_BODY(out + link - 1u, EXP1_A((uint64_t)link - 1u), EXP1_B((uint64_t)link - 1u),
              record->rounds);
  }
}

GR_KERNEL cdp_back(struct exp1_record *record, uint64_t *out, uint32_t link, uint64_t submit_ns)
{
  const uint64_t now_ns = gr_clock_ns();
  if (gr_lane() != 0u) {
    return;
  }
  if (link > 0u) {
    record->trip_ns[link - 1u] = now_ns - submit_ns;
  }
  if (link < EXP1_DEPTH_MAX) {
    const uint64_t next_ns = gr_clock_ns();
    GR_CDP_FIRE(cdp_body, 1, 32, out + link, EXP1_A((uint64_t)link), EXP1_B((uint64_t)link),
                record->rounds);
    note_error(record);
    GR_CDP_TAIL(cdp_back, 1, 32, record, out, link + 1u, next_ns);
    note_error(record);
  }
}

/* record->next: the first task of this round, written by the round before or by the host. */
GR_KERNEL cdp_spawn(struct exp1_record *record, uint64_t *out, uint64_t tasks, uint32_t depth)
{
  const uint64_t first = record->next;
  const uint64_t left = tasks - first;
  const uint64_t count = left < record->window ? left : record->window;
  if (gr_lane() == 0u && first == 0u && depth == 0u) {
    record->begin_ns = gr_clock_ns();
  }
  if (count == 0u || depth == EXP1_DEPTH_MAX) {
    if (gr_lane() == 0u && count == 0u && record->end_ns == 0u) {
      record->end_ns = gr_clock_ns();
    }
    return;
  }
  for (uint64_t i = first + gr_lane(); i < first + count; i += gr_lanes()) {
    GR_CDP_FIRE(cdp_body, 1, 32, out + i, EXP1_A(i), EXP1_B(i), record->rounds);
    note_error(record);
  }
  gr_team_barrier(); /* every lane has read record->next and launched */
  if (gr_lane() == 0u) {
    record->next = first + count;
    GR_CDP_TAIL(cdp_spawn, 1, gr_lanes(), record, out, tasks, depth + 1u);
    note_error(record);
  }
}
