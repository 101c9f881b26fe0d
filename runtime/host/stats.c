/* stats.c - the teams' records, summed up (grosr_stats) and described (grosr_info).
 *
 * Records are written by their teams without a lock; sums are therefore a moment's blur, exact when
 * the device is idle. Next: black_box.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/grosr_private.h"

struct gr_team_record *gr_records_alloc(const struct grosr *g)
{
  struct gr_team_record *records = aligned_alloc(GR_LINE_BYTES, g->options.teams * sizeof *records);
  if (records == NULL) {
    gr_error_set(-ENOMEM, "no memory for %u team records", g->options.teams);
  } else {
    memset(records, 0, g->options.teams * sizeof *records);
  }
  return records;
}

int gr_records_read(struct grosr *g, struct gr_team_record *records)
{
  return g->backend_ops->read(g->backend, (uint64_t)(uintptr_t)g->template.team, records,
                              g->options.teams * sizeof *records);
}

static uint64_t unwaited_count(const struct grosr *g)
{
  uint64_t count = 0;
  for (uint32_t slot = 0; slot < g->options.completion_slots; slot++) {
    const uint32_t state = gr_load_relaxed_gpu_u32(&g->slot_state[slot]);
    const uint64_t word = gr_load_relaxed_sys_u64(&g->completion[slot]);
    count += (state & 1u) != 0u && GR_COMPLETION_GENERATION(word) == state >> 1 ? 1u : 0u;
  }
  return count;
}

uint32_t gr_word_read(struct grosr *g, const gr_au32 *word)
{
  const uint64_t address = (uint64_t)(uintptr_t)word;
  uint64_t both = 0;
  g->backend_ops->read(g->backend, address & ~7ull, &both, sizeof both);
  return (uint32_t)(both >> (address % 8u * 8u));
}

int grosr_stats(struct grosr *g, struct grosr_stats *stats)
{
  if (g == NULL || stats == NULL) {
    return gr_error_set(-EINVAL, "grosr_stats: a null pointer");
  }
  struct gr_team_record *records = gr_records_alloc(g);
  if (records == NULL) {
    return -ENOMEM;
  }
  uint64_t mispicks = 0;
  int error = g->backend_ops->read(g->backend, (uint64_t)(uintptr_t)&g->dev->mispicks, &mispicks,
                                   sizeof mispicks);
  error = error == 0 ? gr_records_read(g, records) : error;
  if (error == 0) {
    struct grosr_stats sum = {0};
    for (uint32_t i = 0; i < g->options.teams; i++) {
      sum.submitted += records[i].submitted.v;
      sum.completed += records[i].completed.v;
      sum.failed += records[i].failed.v;
      sum.cancelled += records[i].cancelled.v;
      sum.from_mailbox += records[i].from_mailbox.v;
      sum.from_queue += records[i].from_queue.v;
      sum.from_ingress += records[i].from_ingress.v;
      sum.sleeps += records[i].sleeps.v;
      sum.heartbeats += records[i].turns.v;
    }
    sum.accepted = gr_load_relaxed_gpu_u64(&g->accepted);
    sum.launches = gr_load_relaxed_gpu_u32(&g->launches);
    sum.mispicks = mispicks;
    sum.unwaited = unwaited_count(g);
    *stats = sum;
  }
  free(records);
  return error;
}

uint32_t grosr_incarnation(const struct grosr *g)
{
  return g != NULL ? gr_load_relaxed_gpu_u32(&g->incarnation) : 0u;
}

int grosr_info(const struct grosr *g, struct grosr_info *info)
{
  if (g == NULL || info == NULL) {
    return gr_error_set(-EINVAL, "grosr_info: a null pointer");
  }
  info->device = g->facts.name;
  info->description = g->facts.description;
  info->placement = gr_topology_report(g->topology);
  info->teams = g->options.teams;
  info->lanes = g->options.lanes;
  info->reserved_ingress = g->reserved_ingress;
  info->memory_bytes = g->memory_bytes;
  return 0;
}
