/* exp3_image.c - the ops of exp3, compiled once for each way of allocating: EXP3_IMAGE is the
 * image's name, EXP3_CALLS how (exp3_calls.h). What they do is in workloads/alloc; each is entered
 * by all teams of the point at once, and takes what exp3.h tells.
 *
 * Next: exp3_device.c */
#include "exp3_turn.h"
#include "workloads/alloc/graph.h"
#include "workloads/alloc/pairs.h"
#include "workloads/alloc/space.h"

#define EXP3_OPS(OP)                                                                               \
  OP(prepare) OP(look) OP(ticks) OP(pairs) OP(pairs_inline) OP(batch) OP(waste) OP(write_all) OP(churn_begin) OP(churn) OP(churn_end)   \
  OP(cross) OP(larson_begin) OP(larson) OP(larson_end) OP(stress) OP(stress_end) OP(scratch_begin) \
  OP(scratch) OP(scratch_end) OP(any) OP(any_end) OP(graph) OP(graph_end) OP(space_fill)           \
  OP(space_thin) OP(space_drain)

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
      bump->bytes = job->bump_bytes;
      /* An object that begins just before the end has room. */
      bump->base = (unsigned char *)gr_run_alloc(team, job->bump_bytes + job->bytes, 1u);
      if (bump->base == NULL) {
        at = 0u;
      }
    }
    job->state = at;
  }
  return gr_team_broadcast_u64(team, at) != 0u ? GR_OK : GR_E_NOMEM;
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
      const uint64_t word = gr_load_relaxed_gpu_u64(&m->map[0][page >> 6]);
      row = (word >> (page & 63u) & 1u) != 0u ? row + 1u : 0u;
      all += row != 0u;
      most = row > most ? row : most;
    }
    turn.record->pages =
        GR_USE_PAGES(gr_load_relaxed_gpu_u64(&m->arena[team->task->context].use));
    turn.record->pages_free = all;
    for (uint32_t i = 0u; i < EXP3_KEPT_BITS / 64u; i++) {
      turn.record->pages_seen +=
          gr_bits_count_u64(gr_load_relaxed_gpu_u64(&turn.state->seen[i]));
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
EXP3_OP(larson_begin, wl_larson_begin(&turn.worker, turn.job.objects, turn.job.bytes))
EXP3_OP(larson_end, wl_larson_end(&turn.worker, turn.job.objects))
EXP3_OP(stress, wl_stress(&turn.worker, &turn.state->transfers, turn.job.count, turn.job.objects,
                          turn.job.bytes))
EXP3_OP(any, wl_any(&turn.worker, turn.job.count, turn.job.objects, turn.job.bytes))
EXP3_OP(any_end, wl_any_drop(&turn.worker, turn.job.objects))
EXP3_OP(scratch, wl_scratch(&turn.worker, turn.job.count, turn.job.bytes))
EXP3_OP(graph, wl_graph(&turn.worker, turn.job.round, turn.job.count, turn.job.objects,
                        turn.job.more))
EXP3_OP(graph_end, wl_graph_end(&turn.worker, turn.job.objects))
EXP3_OP(space_fill, wl_space_fill(&turn.worker, turn.job.count, turn.job.bytes, turn.state->seen,
                                  EXP3_KEPT_BITS))
EXP3_OP(space_thin, wl_space_thin(&turn.worker, turn.state->kept, EXP3_KEPT_BITS, turn.job.more))
EXP3_OP(space_drain, wl_space_drain(&turn.worker, turn.job.bytes, turn.job.more))

/* The slab as ops call it, whatever the image: the loop of wl_pairs, with the calls inlined. */
GR_DEV int32_t pairs_inline(struct gr_team *team)
{
  struct exp3_turn turn;
  if (!exp3_begin(team, &turn)) {
    return GR_E_TIMEOUT;
  }
  struct wl_worker *worker = &turn.worker;
  const uint64_t bytes = turn.job.bytes;
  for (uint64_t i = 0u; i < turn.job.count && EXP3_CALLS == EXP3_POINTER; i++) {
    void *p = gr_alloc(team, bytes);
    if (p == NULL) {
      worker->nulls++;
      continue;
    }
    *(volatile uint64_t *)p = i;
    worker->wrong += *(volatile uint64_t *)p != i;
    gr_free(team, p);
  }
  worker->done += EXP3_CALLS == EXP3_POINTER ? turn.job.count : 0u;
  return exp3_end(team, &turn);
}

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

/* What objects of random sizes have beyond what was asked for. */
GR_DEV int32_t waste(struct gr_team *team)
{
  struct exp3_turn turn;
  exp3_open(team, &turn, 0u);
  struct wl_worker *worker = &turn.worker;
  uint64_t wanted = 0u, granted = 0u;
  wl_take(worker, turn.job.count, turn.job.bytes, true, true);
  for (uint64_t i = 0u; i < turn.job.count; i++) {
    if (wl_object(worker, i) != NULL) {
      wanted += wl_size(turn.job.bytes, true, i);
      granted += exp3_usable(&worker->how, wl_object(worker, i));
    }
  }
  wl_drop(worker, turn.job.count, true);
  wanted = gr_team_sum_u64(team, wanted);
  granted = gr_team_sum_u64(team, granted);
  if (gr_lane() == 0u) {
    turn.record->wanted = wanted;
    turn.record->granted = granted;
  }
  return exp3_answer(team, &turn);
}

/* Objects of random sizes, allocated; then the time of `more` passes of writing. */
GR_DEV int32_t write_all(struct gr_team *team)
{
  struct exp3_turn turn;
  exp3_open(team, &turn, 0u);
  struct wl_worker *worker = &turn.worker;
  const uint64_t count = exp3_is_active(&turn) ? turn.job.count : 0u, bytes = turn.job.bytes;
  wl_take(worker, count, bytes, true, true);
  if (!exp3_meet(team, &turn)) {
    return GR_E_TIMEOUT;
  }
  if (gr_lane() == 0u) {
    turn.record->begin_ns = gr_clock_ns();
  }
  wl_write_all(worker, count, bytes, true, turn.job.more);
  gr_team_barrier();
  if (gr_lane() == 0u) {
    turn.record->end_ns = gr_clock_ns();
  }
  wl_look_again(worker, count, bytes, true);
  wl_drop(worker, count, true);
  worker->done *= turn.job.more;
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
  struct wl_ring *ring =
      exp3_rings(turn.state) + turn.worker.number - (is_even ? 0u : gr_lanes());
  wl_cross(&turn.worker, turn.job.count, turn.job.bytes, ring, is_even, !is_even || is_alone);
  return exp3_end(team, &turn);
}

/* The tables have moved on by one team for each round: what is in them, another allocated. */
GR_DEV int32_t larson(struct gr_team *team)
{
  struct exp3_turn turn;
  exp3_open(team, &turn, 0u);
  if (!exp3_meet(team, &turn)) {
    return GR_E_TIMEOUT;
  }
  exp3_open(team, &turn, turn.job.round);
  if (gr_lane() == 0u) {
    turn.record->begin_ns = gr_clock_ns();
    turn.record->begin_ticks = gr_clock_ticks();
  }
  wl_larson(&turn.worker, turn.job.count, turn.job.objects, turn.job.bytes);
  return exp3_end(team, &turn);
}

/* The tables are emptied by larson_end; this is what nobody has. */
GR_DEV int32_t stress_end(struct gr_team *team)
{
  struct exp3_turn turn;
  exp3_open(team, &turn, 0u);
  if (turn.worker.number == 0u) {
    wl_stress_end(&turn.worker, &turn.state->transfers);
  }
  return exp3_answer(team, &turn);
}

/* The first worker allocates for all. */
GR_DEV int32_t scratch_begin(struct gr_team *team)
{
  struct exp3_turn turn;
  exp3_open(team, &turn, 0u);
  for (uint64_t i = 0u; i < turn.worker.all && turn.worker.number == 0u; i++) {
    void *p = wl_alloc(&turn.worker, turn.job.bytes);
    uint64_t *table = exp3_table(turn.state, &turn.job, i / gr_lanes());
    table[i % gr_lanes()] = (uint64_t)(uintptr_t)p;
    turn.worker.nulls += p == NULL;
  }
  return exp3_answer(team, &turn);
}
GR_DEV int32_t scratch_end(struct gr_team *team)
{
  struct exp3_turn turn;
  exp3_open(team, &turn, 0u);
  void *p = wl_object(&turn.worker, 0u);
  wl_keep(&turn.worker, 0u, NULL);
  if (p != NULL) {
    wl_free(&turn.worker, p);
  }
  return exp3_answer(team, &turn);
}

#define EXP3_MAKE(name) GR_IMAGE(name, EXP3_OPS)
EXP3_MAKE(EXP3_IMAGE)
