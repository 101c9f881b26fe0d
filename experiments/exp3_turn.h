/* exp3_turn.h - what every op of exp3 does before and after its load: it meets the other teams that
 * take part, makes its workers, and adds up what they found.
 *
 * Next: exp3_image.c */
#pragma once

#include "exp3_calls.h"
#include "workloads/alloc/programs.h"

/* Allocated and cleared by op `prepare`: this, a ring for each worker, a bump for each team, the
 * tables. */
struct exp3_state {
  gr_au64 arrived __attribute__((aligned(GR_LINE_BYTES))); /* at all meetings, all together */
  gr_au32 ticks[2u * EXP3_BUCKETS];
  struct wl_transfers transfers;
  gr_au64 kept[EXP3_KEPT_BITS / 64u]; /* space.h */
  gr_au64 seen[EXP3_KEPT_BITS / 64u];
};

struct exp3_turn {
  struct exp3_job job;
  struct exp3_record *record;
  struct exp3_state *state;
  uint64_t index; /* of the teams that take part */
  struct wl_worker worker;
};

GR_DEV uint64_t exp3_workers(const struct exp3_job *job)
{
  return job->teams * gr_lanes();
}
GR_DEV struct wl_ring *exp3_rings(struct exp3_state *state)
{
  return (struct wl_ring *)(state + 1);
}
GR_DEV struct exp3_bump *exp3_bumps(struct exp3_state *state, const struct exp3_job *job)
{
  return (struct exp3_bump *)(exp3_rings(state) + exp3_workers(job));
}
GR_DEV uint64_t *exp3_table(struct exp3_state *state, const struct exp3_job *job, uint64_t index)
{
  uint64_t *first = (uint64_t *)(exp3_bumps(state, job) + job->teams);
  return first + index * gr_lanes() * job->slots;
}
GR_DEV uint64_t exp3_state_bytes(const struct exp3_job *job)
{
  return sizeof(struct exp3_state) + job->teams * sizeof(struct exp3_bump) +
         exp3_workers(job) * (sizeof(struct wl_ring) + job->slots * sizeof(uint64_t));
}

/* Whole team, converged: waits until all have come as often as this one. False: they did not for
 * 10 s. */
GR_DEV bool exp3_meet(struct gr_team *team, struct exp3_turn *turn)
{
  uint64_t is_here = 1u;
  gr_team_barrier();
  if (gr_lane() == 0u) {
    const uint64_t mine = gr_add_acqrel_gpu_u64(&turn->state->arrived, 1u);
    const uint64_t all = (mine / turn->job.teams + 1u) * turn->job.teams;
    const uint64_t end_ns = gr_clock_ns() + WL_WAIT_NS;
    for (uint32_t spins = 1u; gr_load_acquire_gpu_u64(&turn->state->arrived) < all; spins++) {
      gr_pause();
      if (spins % WL_SPINS == 0u) {
        gr_yield();
        if (gr_clock_ns() > end_ns) {
          is_here = 0u;
          break;
        }
      }
    }
  }
  return gr_team_broadcast_u64(team, is_here) != 0u;
}

/* Lanes from `active` on have nothing to do, but come along. */
GR_DEV bool exp3_is_active(const struct exp3_turn *turn)
{
  return turn->job.active == 0u || gr_lane() < turn->job.active;
}

/* The worker's table is that of another team from now on, further by so many. */
GR_DEV void exp3_move(struct exp3_turn *turn, uint64_t moved)
{
  const uint64_t index = (turn->index + moved) % turn->job.teams;
  turn->worker.slot = exp3_table(turn->state, &turn->job, index) + gr_lane();
}

/* The turn without a meeting. moved: as exp3_move. */
GR_DEV_HOT void exp3_open(struct gr_team *team, struct exp3_turn *turn, uint64_t moved)
{
  turn->job = *gr_arg_ptr(team, 0, struct exp3_job);
  turn->index = gr_arg_u64(team, 1);
  turn->record = gr_arg_ptr(team, 2, struct exp3_record) + turn->index;
  turn->state = (struct exp3_state *)(uintptr_t)turn->job.state;
  struct wl_worker *worker = &turn->worker;
  worker->number = turn->index * gr_lanes() + gr_lane();
  worker->all = exp3_workers(&turn->job);
  exp3_move(turn, moved);
  worker->stride = gr_lanes();
  worker->slots = turn->job.slots;
  worker->random = wl_hash(turn->job.seed + worker->number + (turn->job.round << 20)) | 1u;
  worker->done = worker->wrong = worker->nulls = worker->high = 0u;
  worker->low = UINT64_MAX;
  struct exp3_how *how = &worker->how;
  how->team = team;
  how->ticks = turn->job.is_timed != 0u ? turn->state->ticks : NULL;
  how->bump = exp3_bumps(turn->state, &turn->job) + turn->index;
  how->self = team;
  how->alloc = NULL;
  how->release = NULL;
  how->usable = NULL;
  if (EXP3_CALLS == EXP3_POINTER && turn->job.calls != 0u) {
    const struct exp3_calls *calls = (const struct exp3_calls *)(uintptr_t)turn->job.calls;
    how->alloc = calls->alloc;
    how->release = calls->release;
    how->usable = calls->usable;
    if (calls->self != NULL) {
      how->self = calls->self + turn->index * calls->stride;
    }
  }
}

/* Whole team. The turn, and all are here: time is running. */
GR_DEV_HOT bool exp3_begin(struct gr_team *team, struct exp3_turn *turn)
{
  exp3_open(team, turn, 0u);
  if (!exp3_meet(team, turn)) {
    return false;
  }
  if (gr_lane() == 0u) {
    turn->record->begin_ns = gr_clock_ns();
    turn->record->begin_ticks = gr_clock_ticks();
  }
  return true;
}

/* Whole team. Time is over; lane 0 says how it went. The task fails if something was wrong. */
GR_DEV int32_t exp3_answer(struct gr_team *team, struct exp3_turn *turn)
{
  const struct wl_worker *worker = &turn->worker;
  const uint64_t done = gr_team_sum_u64(team, worker->done);
  const uint64_t wrong = gr_team_sum_u64(team, worker->wrong);
  const uint64_t nulls = gr_team_sum_u64(team, worker->nulls);
  const uint64_t low = gr_team_min_u64(team, worker->low);
  const uint64_t high = gr_team_max_u64(team, worker->high);
  if (gr_lane() == 0u) {
    struct exp3_record *record = turn->record;
    record->end_ticks = gr_clock_ticks();
    record->done = done;
    record->wrong = wrong;
    record->nulls = nulls;
    record->low = low;
    record->high = high;
    record->errors = gr_load_relaxed_gpu_u32(&team->dev->memory.errors);
  }
  return GR_OK;
}
GR_DEV_HOT int32_t exp3_end(struct gr_team *team, struct exp3_turn *turn)
{
  gr_team_barrier();
  if (gr_lane() == 0u) {
    turn->record->end_ns = gr_clock_ns();
  }
  return exp3_answer(team, turn);
}
