/* test_image.c - the ops of the device tests, stress programs and bench_idle, in one image.
 *
 * Compiled by the C compiler for the cpu and, where the build has nvcc, for GPUs, so that the same
 * bodies run on both. Argument 0 is the address of 64-bit words in shared memory, unless an op says
 * otherwise; a word that several teams change is changed by an atomic addition. Nothing here
 * decides whether a test has passed: that is the host's part. Next: test_tool.h, then
 * test_device_lanes.c. */
#include <grosr/device.h>

#include "test_gauge.h"

#define TEST_OPS(OP)                                                                               \
  OP(count)                                                                                        \
  OP(answer) OP(arguments) OP(lanes) OP(collect) OP(chain) OP(tree) OP(nest) OP(nest_end)          \
      OP(forker) OP(child) OP(then) OP(misfork) OP(spill) OP(hold) OP(tell) OP(spin) OP(stamp)     \
          OP(journal) OP(stuck) OP(insist) OP(burst) OP(cover) OP(grid) OP(visit) OP(countdown)    \
              OP(replay) OP(build) OP(gauge) OP(transfer) OP(transferred) OP(produce) OP(consume)  \
                  OP(bounce) OP(signal) OP(arrive) OP(after) OP(divide) OP(divided) OP(many)       \
                      OP(hoard) OP(unhoard) OP(patient) OP(handle_fill) OP(handle_thin)            \
                          OP(handle_compact) OP(handle_touch) OP(handle_count) OP(handle_longest)  \
                              OP(handle_misuse) OP(handle_close)
GR_OP_IDS(TEST_OPS)

GR_DEV void add_to(uint64_t *word, uint64_t value)
{
  if (gr_lane() == 0u) {
    gr_add_relaxed_gpu_u64((gr_au64 *)word, value);
  }
}

#include "test_alloc_ops.h"
#include "test_channel_ops.h"
#include "test_event_ops.h"
#include "test_fork_ops.h"
#include "test_graph_ops.h"
#include "test_handle_ops.h"

/* words[arg 1] += 1; answers nothing of its own. */
GR_DEV int32_t count(struct gr_team *team)
{
  add_to(gr_arg_ptr(team, 0, uint64_t) + gr_arg_u64(team, 1), 1u);
  return GR_OK;
}

/* Returns argument 0. */
GR_DEV int32_t answer(struct gr_team *team)
{
  return (int32_t)(uint32_t)gr_arg_u64(team, 0);
}

GR_DEV int32_t arguments(struct gr_team *team)
{
  uint64_t *out = gr_arg_ptr(team, 0, uint64_t);
  for (uint32_t i = gr_lane(); i < GR_ARG_WORDS; i += gr_lanes()) {
    out[i] = gr_arg_u64(team, i);
  }
  return (int32_t)gr_scratch_bytes(team);
}

/* out[lane]: what the lane's right neighbour left in scratch, round by round. out[1024]: lanes. */
GR_DEV int32_t lanes(struct gr_team *team)
{
  uint64_t *out = gr_arg_ptr(team, 0, uint64_t);
  uint32_t *scratch = (uint32_t *)gr_scratch(team);
  uint64_t sum = 0u;
  for (uint32_t round = 1u; round <= 16u; round++) {
    scratch[gr_lane()] = gr_lane() * round;
    gr_team_barrier();
    sum += scratch[(gr_lane() + 1u) % gr_lanes()];
    gr_team_barrier();
  }
  out[gr_lane()] = sum;
  if (gr_lane() == 0u) {
    out[1024] = gr_lanes();
    out[1025] = gr_team_id(team);
    out[1026] = gr_teams(team);
    out[1027] = gr_incarnation(team);
    out[1028] = (uint64_t)(uintptr_t)scratch % 16u;
  }
  return GR_OK;
}

/* The value that a lane brings to a collective; the host works it out again. */
GR_DEV uint64_t lane_value(uint64_t seed, uint64_t lane)
{
  return (seed + lane + 1u) * 0x9e3779b97f4a7c15ull;
}

/* out[lane * 8 + i]: what the lane got from collective i. */
GR_DEV int32_t collect(struct gr_team *team)
{
  uint64_t *out = gr_arg_ptr(team, 0, uint64_t) + (uint64_t)gr_lane() * 8u;
  const uint64_t mine = lane_value(gr_arg_u64(team, 1), gr_lane());
  out[0] = gr_team_sum_u64(team, mine);
  out[1] = gr_team_min_u64(team, mine);
  out[2] = gr_team_max_u64(team, mine);
  out[3] = gr_team_scan_u64(team, mine);
  out[4] = gr_team_broadcast_u64(team, mine);
  out[5] = gr_team_sum_u64(team, 1u); /* the team's memory is free to be used again */
  return GR_OK;
}

/* words[0] += 1 after argument 2 steps of arithmetic, and the same again as a new task, argument 1
 * times. */
GR_DEV int32_t chain(struct gr_team *team)
{
  uint64_t value = team->id + 1u;
  for (uint64_t i = 0u; i < gr_arg_u64(team, 2); i++) {
    value = value * value + 1u;
  }
  if (gr_lane() == 0u) {
    *(uint64_t *)gr_scratch(team) = value;
  }
  add_to(gr_arg_ptr(team, 0, uint64_t), 1u);
  if (gr_arg_u64(team, 1) == 0u) {
    return GR_OK;
  }
  struct gr_task next = gr_task_make(team, GR_ID(chain));
  next.arg[0] = gr_arg_u64(team, 0);
  next.arg[1] = gr_arg_u64(team, 1) - 1u;
  next.arg[2] = gr_arg_u64(team, 2);
  return gr_submit_team(team, &next);
}

/* words[0] += 1 for every node of a tree of depth argument 1, argument 2 branches. */
GR_DEV int32_t tree(struct gr_team *team)
{
  add_to(gr_arg_ptr(team, 0, uint64_t), 1u);
  int32_t status = GR_OK;
  struct gr_task next = gr_task_make(team, GR_ID(tree));
  next.arg[0] = gr_arg_u64(team, 0);
  next.arg[1] = gr_arg_u64(team, 1) - 1u;
  next.arg[2] = gr_arg_u64(team, 2);
  for (uint64_t i = 0u; gr_arg_u64(team, 1) != 0u && status == GR_OK && i < gr_arg_u64(team, 2);
       i++) {
    status = gr_submit_team(team, &next);
  }
  return status;
}

/* Forks argument 3 children of its own kind, one less deep, and nest_end. words[0]: nodes entered.
 * Depth 0 returns argument 2. */
GR_DEV int32_t nest(struct gr_team *team)
{
  add_to(gr_arg_ptr(team, 0, uint64_t), 1u);
  if (gr_arg_u64(team, 1) == 0u) {
    return (int32_t)(uint32_t)gr_arg_u64(team, 2);
  }
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  const uint32_t fan = (uint32_t)gr_arg_u64(team, 3);
  for (uint32_t i = gr_lane(); i < fan; i += gr_lanes()) {
    children[i] = gr_task_make(team, GR_ID(nest));
    children[i].arg[0] = gr_arg_u64(team, 0);
    children[i].arg[1] = gr_arg_u64(team, 1) - 1u;
    children[i].arg[2] = gr_arg_u64(team, 2);
    children[i].arg[3] = gr_arg_u64(team, 3);
  }
  struct gr_task then = gr_task_make(team, GR_ID(nest_end));
  then.arg[0] = gr_arg_u64(team, 0);
  then.arg[1] = gr_arg_u64(team, 1);
  return gr_fork_team(team, children, fan, &then);
}

/* words[1]: continuations run. Returns 1000 and the depth. */
GR_DEV int32_t nest_end(struct gr_team *team)
{
  add_to(gr_arg_ptr(team, 0, uint64_t) + 1, 1u);
  return 1000 + (int32_t)gr_arg_u64(team, 1);
}

/* Forks argument 1 children, the last of which returns argument 3, then itself returns argument 2.
 * */
GR_DEV int32_t forker(struct gr_team *team)
{
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  const uint32_t many = (uint32_t)gr_arg_u64(team, 1);
  for (uint32_t i = gr_lane(); i < many; i += gr_lanes()) {
    children[i] = gr_task_make(team, GR_ID(child));
    children[i].arg[0] = gr_arg_u64(team, 0);
    children[i].arg[1] = i + 1u == many ? gr_arg_u64(team, 3) : 0u;
  }
  struct gr_task next = gr_task_make(team, GR_ID(then));
  next.arg[0] = gr_arg_u64(team, 0);
  next.arg[1] = many;
  const int32_t status = gr_fork_team(team, children, many, &next);
  return status < 0 ? status : (int32_t)(uint32_t)gr_arg_u64(team, 2);
}

GR_DEV int32_t child(struct gr_team *team)
{
  add_to(gr_arg_ptr(team, 0, uint64_t), 1u);
  return (int32_t)(uint32_t)gr_arg_u64(team, 1);
}

/* words[1] += 1; words[2]: how many children it saw done. Returns 77. */
GR_DEV int32_t then(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  const uint64_t seen = gr_load_relaxed_gpu_u64((gr_au64 *)words);
  add_to(words + 1, 1u);
  if (gr_lane() == 0u) {
    gr_store_relaxed_gpu_u64((gr_au64 *)&words[2], seen);
  }
  return 77;
}

/* Every refusal of gr_fork_team and gr_submit_team, in words[8] on; then a fork that is right, and
 * a second one. Argument 1: children of a fork too large for the queue. */
GR_DEV int32_t misfork(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  const uint32_t many = (uint32_t)gr_arg_u64(team, 1);
  int32_t got[8];
  for (uint32_t i = gr_lane(); i < many; i += gr_lanes()) {
    children[i] = gr_task_make(team, GR_ID(child));
    children[i].arg[0] = gr_arg_u64(team, 0);
  }
  struct gr_task next = gr_task_make(team, GR_ID(then));
  next.arg[0] = gr_arg_u64(team, 0);
  struct gr_task bad = gr_task_make(team, GR_OPS_MAX);
  got[0] = gr_fork_team(team, children, 0u, &next);
  got[1] = gr_fork_team(team, children, GR_FORK_MAX + 1u, &next);
  got[2] = gr_fork_team(team, children, 1u, &bad);
  got[3] = gr_fork_team(team, &bad, 1u, &next);
  got[4] = gr_fork_team(team, children, many, &next);
  got[5] = gr_submit_team(team, &bad);
  got[6] = gr_fork_team(team, children, 2u, &next);
  got[7] = gr_fork_team(team, children, 2u, &next);
  for (uint32_t i = 0u; gr_lane() == 0u && i < 8u; i++) {
    words[8u + i] = (uint64_t)(int64_t)got[i];
  }
  return GR_OK;
}

/* Submits tasks of `count` until the queue is full, at most argument 1; returns how many. */
GR_DEV int32_t spill(struct gr_team *team)
{
  int32_t many = 0;
  struct gr_task next = gr_task_make(team, GR_ID(count));
  next.arg[0] = gr_arg_u64(team, 0);
  while (many < (int32_t)gr_arg_u64(team, 1) && gr_submit_team(team, &next) == GR_OK) {
    many++;
  }
  return many;
}

/* words[1] += 1, then waits until words[0] is not 0, for at most argument 1 ns. With argument 2 it
 * looks whether it was cancelled. */
GR_DEV int32_t hold(struct gr_team *team)
{
  gr_au64 *word = gr_arg_ptr(team, 0, gr_au64);
  const uint64_t end_ns = gr_clock_ns() + gr_arg_u64(team, 1);
  uint64_t go = 0u;
  add_to((uint64_t *)word + 1, 1u);
  while (go == 0u) {
    if (gr_lane() == 0u) {
      go = gr_load_acquire_sys_u64(word) != 0u || gr_clock_ns() > end_ns;
    }
    go = gr_team_broadcast_u64(team, go);
    if (go == 0u && gr_arg_u64(team, 2) != 0u && gr_cancelled_team(team)) {
      return GR_E_CANCELED;
    }
    gr_yield();
  }
  return GR_OK;
}

GR_DEV int32_t tell(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  words[8u + gr_lane()] = gr_arg_u64(team, 1) + gr_lane();
  gr_signal_team(team, words, gr_arg_u64(team, 1));
  return GR_OK;
}

/* words[0] += 1 after argument 1 ns. */
GR_DEV int32_t spin(struct gr_team *team)
{
  const uint64_t end_ns = gr_clock_ns() + gr_arg_u64(team, 1);
  while (gr_clock_ns() < end_ns) {
    gr_pause();
  }
  add_to(gr_arg_ptr(team, 0, uint64_t), 1u);
  return GR_OK;
}

/* When it began, and in which launch. */
GR_DEV int32_t stamp(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  if (gr_lane() == 0u) {
    words[0] = gr_clock_ns();
    words[1] = gr_incarnation(team);
    words[2] += 1u;
  }
  return GR_OK;
}

/* Takes the next line of the journal (words[0]) and signs it with its context. */
GR_DEV int32_t journal(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  if (gr_lane() == 0u) {
    const uint64_t line = gr_add_relaxed_gpu_u64((gr_au64 *)words, 1u);
    words[1u + line] = team->task->context;
  }
  return GR_OK;
}

/* Never returns while words[0] is 0. */
GR_DEV int32_t stuck(struct gr_team *team)
{
  while (gr_load_acquire_sys_u64(gr_arg_ptr(team, 0, gr_au64)) == 0u) {
    gr_pause();
  }
  return GR_OK;
}

GR_DEV int32_t insist(struct gr_team *team)
{
  gr_assert(team, gr_arg_u64(team, 0) != 0u);
  return GR_OK;
}

/* words[argument 1] += 1, by itself or, with argument 2, as that many forked children of one each.
 * */
GR_DEV int32_t burst(struct gr_team *team)
{
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  const uint32_t many = (uint32_t)gr_arg_u64(team, 2);
  for (uint32_t i = gr_lane(); i < many; i += gr_lanes()) {
    children[i] = gr_task_make(team, GR_ID(count));
    children[i].arg[0] = gr_arg_u64(team, 0);
    children[i].arg[1] = gr_arg_u64(team, 1) + 1u + i;
  }
  struct gr_task next = gr_task_make(team, GR_ID(count));
  next.arg[0] = gr_arg_u64(team, 0);
  next.arg[1] = gr_arg_u64(team, 1);
  return gr_fork_team(team, children, many, &next);
}

/* words[2 + tile] += 1 for each of its tiles; words[0]: calls. Tile argument 1 answers argument 2;
 * a tile takes argument 3 ns. */
GR_DEV int32_t cover(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  const uint64_t end_ns = gr_clock_ns() + gr_arg_u64(team, 3);
  const uint32_t first = gr_tile_first(team), end = gr_tile_end(team);
  add_to(words, 1u);
  for (uint32_t tile = first + gr_lane(); tile < end; tile += gr_lanes()) {
    gr_add_relaxed_gpu_u64((gr_au64 *)&words[2u + tile], 1u);
  }
  while (gr_arg_u64(team, 3) != 0u &&
         gr_clock_ns() < end_ns + (end - first - 1u) * gr_arg_u64(team, 3)) {
    gr_pause();
  }
  const uint64_t bad = gr_arg_u64(team, 1);
  return bad >= first && bad < end ? (int32_t)(uint32_t)gr_arg_u64(team, 2) : GR_OK;
}

/* Submits `cover` of argument 1 tiles, and forks another with `then`; of several tiles, it tries to
 * fork. */
GR_DEV int32_t grid(struct gr_team *team)
{
  struct gr_task next = gr_task_make(team, GR_ID(then));
  struct gr_task child = gr_task_make(team, GR_ID(cover));
  next.arg[0] = gr_arg_u64(team, 0);
  child.arg[0] = gr_arg_u64(team, 0);
  child.arg[1] = ~0ull;
  child.tiles = (uint32_t)gr_arg_u64(team, 1);
  if (gr_tiles(team) > 1u) {
    return gr_fork_team(team, &child, 1u, &next);
  }
  const int32_t status = gr_submit_team(team, &child);
  return status < 0 ? status : gr_fork_team(team, &child, 1u, &next);
}

GR_IMAGE(test, TEST_OPS)
