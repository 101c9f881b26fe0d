/* exp3_image.c - all ops of exp3, compiled once for each way of allocating that has all loads:
 * EXP3_IMAGE is the image's name, EXP3_CALLS how (exp3_calls.h).
 *
 * Next: exp3_image_short.c */
#include "exp3_ops.h"
#include "workloads/alloc/graph.h"
#include "workloads/alloc/phases.h"
#include "workloads/alloc/space.h"

#define EXP3_OPS(OP)                                                                               \
  EXP3_OPS_SHORT(OP)                                                                               \
  OP(pairs_inline) OP(phases)                                                                      \
  OP(waste) OP(write_all) OP(larson_begin) OP(larson) OP(larson_end) OP(stress) OP(stress_end)     \
      OP(scratch_begin) OP(scratch) OP(scratch_end) OP(any) OP(any_end) OP(graph) OP(graph_end)    \
          OP(space_fill) OP(space_thin) OP(space_drain)

EXP3_OP(larson_begin, wl_larson_begin(&turn.worker, turn.job.objects, turn.job.bytes))
EXP3_OP(larson_end, wl_larson_end(&turn.worker, turn.job.objects))
EXP3_OP(stress, wl_stress(&turn.worker, &turn.state->transfers, turn.job.count, turn.job.objects,
                          turn.job.bytes))
EXP3_OP(any, wl_any(&turn.worker, turn.job.count, turn.job.objects, turn.job.bytes))
EXP3_OP(any_end, wl_any_drop(&turn.worker, turn.job.objects))
EXP3_OP(scratch, wl_scratch(&turn.worker, turn.job.count, turn.job.bytes))
EXP3_OP(graph,
        wl_graph(&turn.worker, turn.job.round, turn.job.count, turn.job.objects, turn.job.more))
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

/* All sizes, both phases of each; before each size the tables move on as larson's do, with what was
 * left in them. */
GR_DEV int32_t phases(struct gr_team *team)
{
  struct exp3_turn turn;
  if (!exp3_begin(team, &turn)) {
    return GR_E_TIMEOUT;
  }
  for (uint64_t phase = 0u; phase < 2u * WL_PHASE_SIZES; phase++) {
    exp3_move(&turn, turn.job.round * WL_PHASE_SIZES + phase / 2u);
    wl_phase(&turn.worker, turn.job.objects, wl_phase_size(turn.job.bytes, phase / 2u),
             phase % 2u == 0u);
    if (!exp3_meet(team, &turn)) {
      return GR_E_TIMEOUT;
    }
  }
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
