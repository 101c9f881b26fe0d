/* line.h - the leading warp reads and writes a task as a line of four tagged chunks (task.h).
 *
 * Called by the leading warp, converged: lane c carries chunk c, so that one load instruction of
 * the warp fetches the whole task; a warp of fewer lanes takes turns. `out` and `task` are memory
 * that the whole warp sees (struct gr_team).
 *
 * Next: runq.h (lines in a queue). */
#pragma once

#include "device/team.h"

/* Between these two, lead is in the team's memory and not in registers: about what is seldom done
 * and not inlined, which then needs no stack. All lanes' copies are equal, so lane 0's will do. */
GR_DEV void gr_lead_leave(const struct gr_lead *lead)
{
  if (gr_warp_lane() == 0u) {
    lead->team->lead = *lead;
  }
  gr_warp_barrier();
}
GR_DEV void gr_lead_return(struct gr_lead *lead, struct gr_team *team)
{
  *lead = team->lead;
  gr_warp_barrier(); /* all lanes have read it: the next gr_lead_leave may come at once */
}

/* True: `src` held a task with this tag, now in `out`. False: `out` is garbage. */
GR_DEV bool gr_line_try_read(const struct gr_line *src, uint32_t tag, struct gr_task *out)
{
  bool all = true;
  gr_warp_barrier(); /* all lanes have read what `out` held before */
  for (uint32_t c = gr_warp_lane(); c < 4u; c += gr_warp_lanes()) {
    struct gr_chunk chunk;
    all = gr_chunk_try_load_acquire_gpu(&src->chunk[c], tag, &chunk) && all;
    out->arg[c] = chunk.arg;
    out->head[c] = chunk.head;
  }
  const bool whole = gr_warp_ballot(!all) == 0u;
  gr_warp_barrier(); /* out is written by four lanes and read by all */
  return whole;
}

/* Publishes a task, and everything the team wrote before, to any team. */
GR_DEV void gr_line_write(struct gr_line *dst, const struct gr_task *task, uint32_t tag)
{
  for (uint32_t c = gr_warp_lane(); c < 4u; c += gr_warp_lanes()) {
    struct gr_chunk chunk;
    chunk.arg = task->arg[c];
    chunk.head = task->head[c];
    chunk.tag = tag;
    gr_chunk_store_release_gpu(&dst->chunk[c], &chunk);
  }
}

/* Marks a line as free. Ordered for others by the caller's next release or atomic. */
GR_DEV void gr_line_clear(struct gr_line *dst, uint32_t tag)
{
  struct gr_chunk chunk;
  chunk.arg = 0u;
  chunk.head = 0u;
  chunk.tag = tag;
  for (uint32_t c = gr_warp_lane(); c < 4u; c += gr_warp_lanes()) {
    gr_chunk_store_relaxed_gpu(&dst->chunk[c], &chunk);
  }
}

/* Lane 0's value, to the whole warp: scalars are worked out by one lane. */
GR_DEV uint32_t gr_lead_u32(uint32_t value)
{
  return gr_warp_shuffle_u32(value, 0u);
}
GR_DEV uint64_t gr_lead_u64(uint64_t value)
{
  return gr_warp_shuffle_u64(value, 0u);
}
