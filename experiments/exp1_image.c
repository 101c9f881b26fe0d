/* exp1_image.c - the ops of exp1: the body, and the chains that submit it from the device.
 *
 * body, body_timed   one task, submitted by the host or by spawn and back
 * body_busy          the same task after some work, submitted by spawn
 * hop                start latency: reads the clock first, notes how long ago its parent submitted
 *                    it, does the body, submits the next hop
 * back               round trip: the continuation of a fork of one body; notes how long ago that
 * fork was submitted, forks the next spawn              throughput: forks a window of bodies and
 * itself as what comes after; a wide one through strips, so that many teams create the bodies and
 * scratch stays small
 *
 * split              a task of the tree of exp1_fork.c; split_end, split_last: what comes after
 * node, node_again   the nodes of exp1_replay_grosr.c, and the predicate that wants so many replays
 *
 * Called by the microkernel; exp1_chain.h says what is in the arguments. Next: exp1_grosr.c */
#include <grosr/device.h>

#include "exp1_body.h"
#include "exp1_chain.h"
#include "exp1_node.h"

#define EXP1_OPS(OP)                                                                               \
  OP(body) OP(body_timed) OP(body_busy) OP(hop) OP(back) OP(spawn) OP(strip) OP(strip_end)         \
  OP(node) OP(node_again) OP(split) OP(split_end) OP(split_last)
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

GR_DEV int32_t body_busy(struct gr_team *team)
{
  uint64_t *out = gr_arg_ptr(team, 0, uint64_t);
  const uint64_t i = gr_arg_u64(team, 1);
  const uint64_t begin_ns = gr_clock_ns();
  while (gr_clock_ns() - begin_ns < gr_arg_u64(team, 2)) {
  }
  if (gr_lane() == 0u) {
    EXP1_BODY(out, EXP1_A(i), EXP1_B(i), gr_arg_u64(team, 3));
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
  const uint64_t link = EXP1_LOW(gr_arg_u64(team, 1));
  if (gr_lane() == 0u && link > 0u) { /* before the next one, which may be the last, can end */
    uint64_t *out = gr_arg_ptr(team, 0, uint64_t) + EXP1_RECORD_OUT + 2u * (link - 1u);
    out[0] = now_ns - gr_arg_u64(team, 3);
    EXP1_BODY(out + 1, EXP1_A(link - 1u), EXP1_B(link - 1u), gr_arg_u64(team, 2));
  }
  if (link == EXP1_HIGH(gr_arg_u64(team, 1))) {
    gr_signal_team(team, gr_arg_ptr(team, 0, uint64_t) + EXP1_RECORD_SIGNAL, gr_arg_u64(team, 2));
    return GR_OK;
  }
  struct gr_task next = gr_task_make(team, GR_ID(hop));
  next.arg[0] = gr_arg_u64(team, 0);
  next.arg[1] = EXP1_PACK(link + 1u, EXP1_HIGH(gr_arg_u64(team, 1)));
  next.arg[2] = gr_arg_u64(team, 2);
  next.arg[3] = gr_clock_ns();
  return gr_submit_team(team, &next);
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
  const uint64_t work_ns = EXP1_HIGH(gr_arg_u64(team, 3));
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  for (uint32_t i = gr_lane(); i < count; i += gr_lanes()) {
    children[i] = body_of(team, out + first + i, first + i, gr_arg_u64(team, 2));
    if (work_ns != 0u) {
      children[i].op = GR_ID(body_busy);
      children[i].arg[1] = first + i;
      children[i].arg[2] = work_ns;
    }
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
    children[i].arg[3] = EXP1_PACK(0, EXP1_HIGH(gr_arg_u64(team, 3)));
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
  const uint64_t window = EXP1_LOW(gr_arg_u64(team, 3));
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
  then.arg[3] = gr_arg_u64(team, 3);
  return gr_fork_team(
      team, (struct gr_task *)gr_scratch(team),
      (uint32_t)(is_wide ? (last - first + EXP1_STRIP - 1u) / EXP1_STRIP : last - first), &then);
}

GR_DEV int32_t split_end(struct gr_team *team)
{
  (void)team;
  return GR_OK;
}

/* The body of leaves first ... last - 1. */
GR_DEV void leaves(struct gr_team *team, uint32_t first, uint32_t last)
{
  uint64_t *out = gr_arg_ptr(team, 0, uint64_t) + EXP1_RECORD_OUT;
  for (uint64_t i = first + gr_lane(); i < last; i += gr_lanes()) {
    EXP1_BODY(out + i, EXP1_A(i), EXP1_B(i), gr_arg_u64(team, 2));
  }
}

/* The clock, into a word of the record. */
GR_DEV void stamp(struct gr_team *team, uint32_t word)
{
  if (gr_lane() == 0u) {
    gr_arg_ptr(team, 0, uint64_t)[word] = gr_clock_ns();
  }
}

GR_DEV int32_t split(struct gr_team *team)
{
  const uint32_t first = (uint32_t)EXP1_LOW(gr_arg_u64(team, 1));
  const uint32_t last = (uint32_t)EXP1_HIGH(gr_arg_u64(team, 1));
  const uint32_t count = last - first; /* times a fan, it is still one of 32 bits */
  const uint32_t wanted = (uint32_t)EXP1_LOW(gr_arg_u64(team, 3));
  const uint32_t fan = wanted < count ? wanted : count;
  const bool is_root = EXP1_HIGH(gr_arg_u64(team, 3)) != 0u;
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  int32_t status = GR_E_AGAIN;
  if (is_root) {
    stamp(team, EXP1_RECORD_BEGIN);
  }
  for (uint32_t i = gr_lane(); i < fan && count > 1u; i += gr_lanes()) {
    children[i] = gr_task_make(team, GR_ID(split));
    children[i].arg[0] = gr_arg_u64(team, 0);
    children[i].arg[1] = EXP1_PACK(first + count * i / fan, first + count * (i + 1u) / fan);
    children[i].arg[2] = gr_arg_u64(team, 2);
    children[i].arg[3] = wanted;
  }
  if (count > 1u) {
    struct gr_task then = gr_task_make(team, is_root ? GR_ID(split_last) : GR_ID(split_end));
    then.arg[0] = gr_arg_u64(team, 0);
    status = gr_fork_team(team, children, fan, &then);
  }
  if (status != GR_E_AGAIN && status != GR_E_NOMEM) {
    return status;
  }
  leaves(team, first, last); /* the only one, or there was no room: this op does the work */
  if (gr_lane() == 0u && count > 1u) {
    gr_add_relaxed_gpu_u64((gr_au64 *)(gr_arg_ptr(team, 0, uint64_t) + EXP1_RECORD_ALONE), count);
  }
  if (is_root) {
    stamp(team, EXP1_RECORD_END);
  }
  return GR_OK;
}

GR_DEV int32_t split_last(struct gr_team *team)
{
  stamp(team, EXP1_RECORD_END);
  return GR_OK;
}

GR_DEV int32_t node(struct gr_team *team)
{
  if (gr_lane() == 0u) {
    exp1_node_run(gr_arg_ptr(team, 0, struct exp1_cell), gr_arg_u64(team, 1), gr_arg_u64(team, 2),
                  gr_arg_u64(team, 3));
  }
  return GR_OK;
}

GR_DEV int32_t node_again(struct gr_team *team)
{
  uint64_t *left = gr_arg_ptr(team, 0, uint64_t);
  uint64_t now = 0u;
  if (gr_lane() == 0u) {
    now = --*left;
  }
  return now != 0u ? 1 : 0; /* lane 0's counts */
}

GR_IMAGE(exp1, EXP1_OPS)
