/* exp3_ops.h - the ops of exp3 that every image of it has: setting up, looking, and the loads that
 * ask for rates alone.
 *
 * Included by exp3_image.c and exp3_image_short.c, which list them. Each is entered by all teams of
 * the point at once, unless it says otherwise, and takes what exp3.h tells; what the loads do is in
 * workloads/alloc. Next: exp3_image.c */
#pragma once

#include "exp3_turn.h"
#include "workloads/alloc/pairs.h"

#define EXP3_OPS_SHORT(OP)                                                                         \
  OP(prepare)                                                                                      \
  OP(look) OP(ticks) OP(pairs) OP(batch) OP(churn_begin) OP(churn) OP(churn_end) OP(cross)

/* One team, before all others. The state, cleared, and where it is. */
GR_DEV int32_t prepare(struct gr_team *team)
{
  struct exp3_job *job = gr_arg_ptr(team, 0, struct exp3_job);
  const uint64_t bytes = exp3_state_bytes(job);
  uint64_t at = 0u;
  if (gr_lane() == 0u) {
    at = (uint64_t)(uintptr_t)gr_run_alloc(team, bytes, 1u);
  }
  at = gr_team_broadcast_u64(team, at);
  if (at == 0u) {
    return gr_alloc_why(team);
  }
  struct exp3_state *state = (struct exp3_state *)(uintptr_t)at;
  for (uint64_t i = gr_lane(); i < bytes / sizeof(uint64_t); i += gr_lanes()) {
    ((uint64_t *)(void *)state)[i] = 0u;
  }
  gr_team_barrier();
  if (gr_lane() == 0u) {
    for (uint64_t i = 0u; i < job->teams && job->bump_bytes != 0u; i++) {
      struct exp3_bump *bump = exp3_bumps(state, job) + i;
      /* An object that begins just before the end has room. */
      const bool is_one = EXP3_CALLS == EXP3_OTHER;
      bump->bytes = is_one ? job->teams * job->bump_bytes : job->bump_bytes;
      bump->base = is_one && i != 0u
                       ? exp3_bumps(state, job)->base
                       : (unsigned char *)gr_run_alloc(team, bump->bytes + job->bytes, 1u);
      if (bump->base == NULL) {
        at = 0u;
      }
    }
    job->state = at;
  }
  if (gr_team_broadcast_u64(team, at) == 0u) {
    return GR_E_NOMEM;
  }
  const struct exp3_bump *bump = exp3_bumps(state, job);
  return EXP3_CALLS == EXP3_OTHER && !exp3_other_begin(team, bump->base, bump->bytes) ? GR_E_INVAL
                                                                                      : GR_OK;
}

/* One team, nobody else is at work: what the allocator has. */
GR_DEV int32_t look(struct gr_team *team)
{
  const struct gr_memory *m = &team->dev->memory;
  struct exp3_turn turn;
  exp3_open(team, &turn, 0u);
  if (gr_lane() == 0u) {
    uint64_t all = 0u, row = 0u, most = 0u;
    for (uint32_t page = 0u; page < m->pages; page++) {
      row = gr_page_is_free(m, page) ? row + 1u : 0u;
      all += row != 0u;
      most = row > most ? row : most;
    }
    turn.record->pages = GR_USE_PAGES(gr_load_relaxed_gpu_u64(&m->arena[team->task->context].use));
    turn.record->pages_free = all;
    for (uint32_t i = 0u; i < EXP3_KEPT_BITS / 64u; i++) {
      turn.record->pages_seen += gr_bits_count_u64(gr_load_relaxed_gpu_u64(&turn.state->seen[i]));
    }
    turn.record->pages_row = most;
  }
  return exp3_answer(team, &turn);
}

/* One team: the histograms go to argument 3, in the shared memory, and begin anew. */
GR_DEV int32_t ticks(struct gr_team *team)
{
  struct exp3_turn turn;
  uint64_t *to = gr_arg_ptr(team, 3, uint64_t);
  exp3_open(team, &turn, 0u);
  for (uint32_t i = gr_lane(); i < 2u * EXP3_BUCKETS; i += gr_lanes()) {
    to[i] = gr_load_relaxed_gpu_u32(&turn.state->ticks[i]);
    gr_store_relaxed_gpu_u32(&turn.state->ticks[i], 0u);
  }
  return exp3_answer(team, &turn);
}

/* An op that is one load. */
#define EXP3_OP(name, load)                                                                        \
  GR_DEV int32_t name(struct gr_team *team)                                                        \
  {                                                                                                \
    struct exp3_turn turn;                                                                         \
    if (!exp3_begin(team, &turn)) {                                                                \
      return GR_E_TIMEOUT;                                                                         \
    }                                                                                              \
    if (exp3_is_active(&turn)) {                                                                   \
      load;                                                                                        \
    }                                                                                              \
    return exp3_end(team, &turn);                                                                  \
  }
EXP3_OP(pairs, wl_pairs(&turn.worker, turn.job.count, turn.job.bytes, turn.job.more != 0u))
EXP3_OP(churn_begin, wl_churn_begin(&turn.worker, turn.job.objects, turn.job.bytes))
EXP3_OP(churn, wl_churn(&turn.worker, turn.job.count, turn.job.objects, turn.job.bytes))
EXP3_OP(churn_end, wl_churn_end(&turn.worker, turn.job.objects, turn.job.bytes))

/* more: sizes at random. Allocating and freeing are timed apart, what is between is not. */
GR_DEV int32_t batch(struct gr_team *team)
{
  struct exp3_turn turn;
  const bool is_here = exp3_begin(team, &turn);
  struct wl_worker *worker = &turn.worker;
  const uint64_t count = exp3_is_active(&turn) ? turn.job.count : 0u, bytes = turn.job.bytes;
  const bool is_mixed = turn.job.more != 0u;
  if (!is_here) {
    return GR_E_TIMEOUT;
  }
  wl_take(worker, count, bytes, is_mixed, false);
  gr_team_barrier();
  if (gr_lane() == 0u) {
    turn.record->end_ns = gr_clock_ns();
  }
  if (!exp3_meet(team, &turn)) {
    return GR_E_TIMEOUT;
  }
  wl_look(worker, count, bytes, is_mixed);
  if (!exp3_meet(team, &turn)) { /* all are written before any is read */
    return GR_E_TIMEOUT;
  }
  wl_look_again(worker, count, bytes, is_mixed);
  if (!exp3_meet(team, &turn)) {
    return GR_E_TIMEOUT;
  }
  if (gr_lane() == 0u) {
    turn.record->begin_2_ns = gr_clock_ns();
  }
  wl_drop(worker, count, false);
  gr_team_barrier();
  if (gr_lane() == 0u) {
    turn.record->end_2_ns = gr_clock_ns();
  }
  return exp3_answer(team, &turn);
}

/* Every second team makes, and the one after it ends; the last of an odd number does both. */
GR_DEV int32_t cross(struct gr_team *team)
{
  struct exp3_turn turn;
  if (!exp3_begin(team, &turn)) {
    return GR_E_TIMEOUT;
  }
  const bool is_alone = turn.index + 1u == turn.job.teams && turn.job.teams % 2u == 1u;
  const bool is_even = turn.index % 2u == 0u;
  struct wl_ring *ring = exp3_rings(turn.state) + turn.worker.number - (is_even ? 0u : gr_lanes());
  wl_cross(&turn.worker, turn.job.count, turn.job.bytes, ring, is_even, !is_even || is_alone);
  return exp3_end(team, &turn);
}
