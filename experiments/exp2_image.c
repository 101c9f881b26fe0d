/* exp2_image.c - the op of exp2: lanes that keep so many calls out, and look at every answer.
 *
 * Argument 0 is a struct exp2_job, of `opens` argument 1 the bytes of a name. A lane has window /
 * lanes of its team's calls, one at least; it posts that many, then waits for each in turn.
 *
 * Next: exp2_syscall_batching.c */
#include <grosr/device.h>

#include "exp2.h"

#define EXP2_OPS(OP) OP(opens) OP(calls)
GR_OP_IDS(EXP2_OPS)

/* The file whose name is the first buffer's `bytes` bytes: its handle. */
GR_DEV int32_t opens(struct gr_team *team)
{
  struct exp2_job *job = gr_arg_ptr(team, 0, struct exp2_job);
  struct gr_call ask = gr_call_make(team, GR_CALL_OPEN);
  int64_t handle = 0;
  ask.address = job->address;
  ask.bytes = gr_arg_u64(team, 1);
  if (gr_lane() == 0u) {
    handle = gr_call(team, &ask);
    job->handle = (uint64_t)handle;
  }
  return (int32_t)handle;
}

struct exp2_lane {
  const struct exp2_job *job;
  uint64_t *ticket; /* of this lane's calls that are out */
  uint64_t first;   /* which of the team's buffers are its own */
  uint64_t out;
  uint64_t wrong;
};

GR_DEV uint64_t exp2_offset(const struct exp2_job *job, uint64_t call)
{
  return call * job->bytes % job->span;
}

/* Posts call number `call` as the lane's k-th that is out. False: all records are out. Who waited
 * for one here, with answers of its own untaken, could wait for ever: others do the same. */
GR_DEV bool exp2_post(struct gr_team *team, struct exp2_lane *lane, uint64_t call, uint64_t k)
{
  const struct exp2_job *job = lane->job;
  struct gr_call ask = gr_call_make(team, (uint32_t)job->kind);
  int32_t why = GR_OK;
  ask.handle = (uint32_t)job->handle;
  ask.bytes = job->bytes;
  ask.offset = exp2_offset(job, call);
  ask.address = job->address + (lane->first + k) * job->bytes;
  lane->ticket[k] = gr_call_post(team, &ask, &why);
  lane->wrong += why == GR_E_ACCES;
  return why != GR_E_AGAIN;
}

GR_DEV void exp2_look(struct gr_team *team, struct exp2_lane *lane, uint64_t call, uint64_t k)
{
  const struct exp2_job *job = lane->job;
  if (lane->ticket[k] == 0u) {
    return;
  }
  const int64_t result = gr_call_wait(team, lane->ticket[k]);
  const bool is_read = job->kind == (uint64_t)GR_CALL_READ;
  lane->wrong += result != (is_read ? (int64_t)job->bytes : 0);
  if (is_read) {
    const uint64_t *word =
        (const uint64_t *)(uintptr_t)(job->address + (lane->first + k) * job->bytes);
    const uint64_t offset = exp2_offset(job, call), last = job->bytes / 8u - 1u;
    lane->wrong += word[0] != EXP2_WORD(offset) || word[last] != EXP2_WORD(offset + 8u * last);
  }
}

GR_DEV int32_t calls(struct gr_team *team)
{
  struct exp2_job *job = gr_arg_ptr(team, 0, struct exp2_job);
  struct exp2_lane lane;
  const uint64_t share = job->window / gr_lanes();
  lane.job = job;
  lane.out = share != 0u ? share : 1u;
  lane.first = gr_lane() * lane.out;
  lane.ticket = (uint64_t *)gr_scratch(team) + lane.first;
  lane.wrong = 0u;
  const bool has_part = lane.first < job->window;
  gr_team_barrier();
  if (gr_lane() == 0u) {
    job->begin_ns = gr_clock_ns();
  }
  for (uint64_t call = 0u; has_part && call < job->count;) {
    uint64_t posted = 0u;
    while (posted < lane.out && call + posted < job->count &&
           exp2_post(team, &lane, call + posted, posted)) {
      posted++;
    }
    for (uint64_t k = 0u; k < posted; k++) {
      exp2_look(team, &lane, call + k, k);
    }
    call += posted;
    if (posted == 0u) {
      gr_yield();
    }
  }
  gr_team_barrier();
  const uint64_t wrong = gr_team_sum_u64(team, lane.wrong);
  if (gr_lane() == 0u) {
    job->end_ns = gr_clock_ns();
    job->wrong = wrong;
  }
  return GR_OK;
}

GR_IMAGE(exp2, EXP2_OPS)
