/* exp1_image.c - the ops of exp1: the body, and the chains that submit it from the device.
 *
 * body, body_timed   one task, submitted by the host or by spawn and back
 * hop                start latency: reads the clock first, notes how long ago its parent submitted
 *                    it, submits the next hop
 * back               round trip: the continuation of a fork of one body; notes how long ago that
 * fork was submitted, forks the next spawn              throughput: forks a window of bodies and
 * itself as what comes after; a wide one through strips, so that many teams create the bodies and
 * scratch stays small
 *
 * Called by the microkernel; exp1_chain.h says what is in the arguments. Next: exp1_grosr.c */
#include <grosr/device.h>

#include "exp1_body.h"
#include "exp1_chain.h"

#define EXP1_OPS(OP) OP(body) OP(body_timed) OP(hop) OP(back) OP(spawn) OP(strip) OP(strip_end)
GR_OP_IDS(EXP1_OPS)

GR_DEV int32_t body(struct gr_team *team)
{
  uint64_t *out = gr_arg_ptr(team, 0, uint64_t);
  if (gr_lane() == 0u) {
    EXP1_BODY(out, gr_arg_u64(team, 1), gr_arg_u64(team, 2), gr_arg_u64(team, 3));
  }
  return GR_OK;
}

GR_DEV int32_t body_timed(struct gr_team *team)
{
  uint64_t *out = gr_arg_ptr(team, 0, uint64_t);
  if (gr_lane() == 0u) {
    EXP1_BODY_TIMED(out, gr_arg_u64(team, 1), gr_arg_u64(team, 2), gr_arg_u64(team, 3),
                    gr_clock_ns);
  }
  return GR_OK;
}

/* A body that computes link or task i, its result to `out`. */
GR_DEV struct gr_task body_of(const struct gr_team *team, uint64_t *out, uint64_t i, uint64_t salt)
{
  struct gr_task task = gr_task_make(team, GR_ID(body));
  task.arg[0] = (uint64_t)(uintptr_t)out;
  task.arg[1] = EXP1_A(i);
  task.arg[2] = EXP1_B(i);
  task.arg[3] = salt;
  return task;
}

GR_DEV int32_t hop(struct gr_team *team)
{
  const uint64_t now_ns = gr_clock_ns();
  uint64_t *record = gr_arg_ptr(team, 0, uint64_t);
  const uint64_t link = EXP1_LOW(gr_arg_u64(team, 1));
  const uint64_t links = EXP1_HIGH(gr_arg_u64(team, 1));
  if (link < links) {
    struct gr_task next = gr_task_make(team, GR_ID(hop));
    next.arg[0] = gr_arg_u64(team, 0);
    next.arg[1] = EXP1_PACK(link + 1u, links);
    next.arg[2] = gr_arg_u64(team, 2);
    next.arg[3] = gr_clock_ns();
    const int32_t status = gr_submit_team(team, &next);
    if (status < 0) {
      return status;
    }
  }
  if (gr_lane() == 0u && link > 0u) {
    uint64_t *out = record + EXP1_RECORD_OUT + 2u * (link - 1u);
    out[0] = now_ns - gr_arg_u64(team, 3);
    EXP1_BODY(out + 1, EXP1_A(link - 1u), EXP1_B(link - 1u), gr_arg_u64(team, 2));
  }
  if (link == links) {
    gr_signal_team(team, record + EXP1_RECORD_SIGNAL, gr_arg_u64(team, 2));
  }
  return GR_OK;
}

GR_DEV int32_t back(struct gr_team *team)
{
  const uint64_t now_ns = gr_clock_ns();
  uint64_t *record = gr_arg_ptr(team, 0, uint64_t);
  uint64_t *out = record + EXP1_RECORD_OUT;
  const uint64_t link = EXP1_LOW(gr_arg_u64(team, 1));
  const uint64_t links = EXP1_HIGH(gr_arg_u64(team, 1));
  if (gr_lane() == 0u && link > 0u) {
    out[2u * (link - 1u)] = now_ns - gr_arg_u64(team, 3);
  }
  if (link == links) {
    return GR_OK;
  }
  struct gr_task *child =
      (struct gr_task *)gr_scratch(team); /* a local one would be a stack frame */
  if (gr_lane() == 0u) {
    *child = body_of(team, out + 2u * link + 1u, link, gr_arg_u64(team, 2));
  }
  struct gr_task then = gr_task_make(team, GR_ID(back));
  then.arg[0] = gr_arg_u64(team, 0);
  then.arg[1] = EXP1_PACK(link + 1u, links);
  then.arg[2] = gr_arg_u64(team, 2);
  then.arg[3] = gr_clock_ns();
  return gr_fork_team(team, child, 1u, &then);
}

/* Lanes of the team fill `count` bodies from task `first` on; the caller's fork has the barrier. */
GR_DEV void fill_bodies(struct gr_team *team, uint64_t first, uint32_t count)
{
  uint64_t *out = gr_arg_ptr(team, 0, uint64_t) + EXP1_RECORD_OUT;
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  for (uint32_t i = gr_lane(); i < count; i += gr_lanes()) {
    children[i] = body_of(team, out + first + i, first + i, gr_arg_u64(team, 2));
  }
}

GR_DEV void fill_strips(struct gr_team *team, uint64_t first, uint64_t last)
{
  const uint32_t count = (uint32_t)((last - first + EXP1_STRIP - 1u) / EXP1_STRIP);
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  for (uint32_t i = gr_lane(); i < count; i += gr_lanes()) {
    const uint64_t at = first + (uint64_t)i * EXP1_STRIP;
    children[i] = gr_task_make(team, GR_ID(strip));
    children[i].arg[0] = gr_arg_u64(team, 0);
    children[i].arg[1] = EXP1_PACK(at, last - at < EXP1_STRIP ? last - at : EXP1_STRIP);
    children[i].arg[2] = gr_arg_u64(team, 2);
  }
}

GR_DEV int32_t strip_end(struct gr_team *team)
{
  (void)team;
  return GR_OK;
}

GR_DEV int32_t strip(struct gr_team *team)
{
  const uint32_t count = (uint32_t)EXP1_HIGH(gr_arg_u64(team, 1));
  const struct gr_task then = gr_task_make(team, GR_ID(strip_end));
  fill_bodies(team, EXP1_LOW(gr_arg_u64(team, 1)), count);
  return gr_fork_team(team, (struct gr_task *)gr_scratch(team), count, &then);
}

GR_DEV int32_t spawn(struct gr_team *team)
{
  uint64_t *record = gr_arg_ptr(team, 0, uint64_t);
  const uint64_t first = EXP1_LOW(gr_arg_u64(team, 1));
  const uint64_t tasks = EXP1_HIGH(gr_arg_u64(team, 1));
  const uint64_t window = gr_arg_u64(team, 3);
  const uint64_t last = tasks - first < window ? tasks : first + window;
  const bool is_wide = last - first > EXP1_STRIP;
  if (gr_lane() == 0u && (first == 0u || first == tasks)) {
    record[first == 0u ? EXP1_RECORD_BEGIN : EXP1_RECORD_END] = gr_clock_ns();
  }
  if (first == tasks) {
    return GR_OK;
  }
  if (gr_scratch_bytes(team) < EXP1_SCRATCH_BYTES) {
    return GR_E_INVAL;
  }
  if (is_wide) {
    fill_strips(team, first, last);
  } else {
    fill_bodies(team, first, (uint32_t)(last - first));
  }
  struct gr_task then = gr_task_make(team, GR_ID(spawn));
  then.arg[0] = gr_arg_u64(team, 0);
  then.arg[1] = EXP1_PACK(last, tasks);
  then.arg[2] = gr_arg_u64(team, 2);
  then.arg[3] = window;
  return gr_fork_team(
      team, (struct gr_task *)gr_scratch(team),
      (uint32_t)(is_wide ? (last - first + EXP1_STRIP - 1u) / EXP1_STRIP : last - first), &then);
}

GR_IMAGE(exp1, EXP1_OPS)
