/* sim_image.c - the ops of the scenarios: they check, too, and fail the run where they stand.
 *
 * Argument 0 is the address of 64-bit words, argument 1 the task's own word, which no other task
 * has: it is written plainly, so that a task that is run twice, or whose completion is seen before
 * what it wrote, is a wrong value or a race. Next: scenario.h. */
#include <grosr/device.h>

#define SIM_OPS(OP)                                                                                \
  OP(mark)                                                                                         \
  OP(fails) OP(slow) OP(spawn) OP(fork) OP(then) OP(lanes) OP(tell) OP(stuck) OP(breaks) OP(cover) \
      OP(gauge) OP(nap) OP(hand) OP(drop) OP(asks) OP(asked)
GR_OP_IDS(SIM_OPS)

/* The task's word goes from 0 to 1: it is run for the first time. */
GR_DEV void mark_once(struct gr_team *team)
{
  uint64_t *word = gr_arg_ptr(team, 0, uint64_t) + gr_arg_u64(team, 1);
  if (gr_lane() == 0u) {
    if (*word != 0u) {
      gr_sim_fail("task %llu is run twice", (unsigned long long)gr_arg_u64(team, 1));
    }
    *word = 1u;
  }
}

GR_DEV int32_t mark(struct gr_team *team)
{
  mark_once(team);
  return GR_OK;
}

GR_DEV int32_t fails(struct gr_team *team)
{
  mark_once(team);
  return -(int32_t)gr_arg_u64(team, 2);
}

GR_DEV int32_t slow(struct gr_team *team)
{
  for (uint64_t i = 0u; i < gr_arg_u64(team, 2); i++) {
    gr_pause();
    if (gr_cancelled_team(team)) {
      break;
    }
  }
  mark_once(team);
  return GR_OK;
}

/* Submits argument 2 tasks, whose words follow its own; its result is how many were taken. */
GR_DEV int32_t spawn(struct gr_team *team)
{
  int32_t taken = 0;
  mark_once(team);
  struct gr_task *child = (struct gr_task *)gr_scratch(team); /* which all lanes see */
  for (uint64_t i = 1u; i <= gr_arg_u64(team, 2); i++) {
    if (gr_lane() == gr_lanes() - 1u) {
      *child = gr_task_make(team, GR_ID(mark));
      child->arg[0] = gr_arg_u64(team, 0);
      child->arg[1] = gr_arg_u64(team, 1) + i;
    }
    const int32_t status = gr_submit_team(team, child);
    if (status != GR_OK) {
      break;
    }
    taken++;
  }
  return taken;
}

/* Forks argument 2 children, of op argument 3, whose words follow its own, and `then`. */
GR_DEV int32_t fork(struct gr_team *team)
{
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  const uint32_t count = (uint32_t)gr_arg_u64(team, 2);
  mark_once(team);
  for (uint32_t i = gr_lane(); i < count; i += gr_lanes()) {
    children[i] = gr_task_make(team, (uint32_t)gr_arg_u64(team, 3));
    children[i].arg[0] = gr_arg_u64(team, 0);
    children[i].arg[1] = gr_arg_u64(team, 1) + 1u + i;
    children[i].arg[2] = 7u;
  }
  struct gr_task next = gr_task_make(team, GR_ID(then));
  next.arg[0] = gr_arg_u64(team, 0);
  next.arg[1] = gr_arg_u64(team, 1) + 1u + count;
  next.arg[2] = count;
  return gr_fork_team(team, children, count, &next);
}

/* All children are done, and what they wrote can be read plainly. */
GR_DEV int32_t then(struct gr_team *team)
{
  const uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  for (uint64_t i = 1u; gr_lane() == 0u && i <= gr_arg_u64(team, 2); i++) {
    gr_sim_expect(words[gr_arg_u64(team, 1) - i] == 1u);
  }
  mark_once(team);
  return 77;
}

/* Every collective, and scratch handed round by barriers. */
GR_DEV int32_t lanes(struct gr_team *team)
{
  uint32_t *scratch = (uint32_t *)gr_scratch(team);
  const uint64_t n = gr_lanes(), me = gr_lane();
  gr_sim_expect(gr_team_sum_u64(team, me + 1u) == n * (n + 1u) / 2u);
  gr_sim_expect(gr_team_max_u64(team, me) == n - 1u);
  gr_sim_expect(gr_team_min_u64(team, me + 5u) == 5u);
  gr_sim_expect(gr_team_scan_u64(team, 2u) == 2u * me);
  gr_sim_expect(gr_team_broadcast_u64(team, me + 9u) == 9u);
  for (uint32_t round = 0u; round < 2u; round++) {
    scratch[me] = (uint32_t)me + round;
    gr_team_barrier();
    gr_sim_expect(scratch[(me + 1u) % n] == (me + 1u) % n + round);
    gr_team_barrier();
  }
  mark_once(team);
  return (int32_t)n;
}

/* Signals argument 2 to the word of argument 3; what the last lane wrote goes with it, too. */
GR_DEV int32_t tell(struct gr_team *team)
{
  mark_once(team);
  if (gr_lane() == gr_lanes() - 1u) {
    gr_arg_ptr(team, 0, uint64_t)[gr_arg_u64(team, 1) + 1u] = 1u;
  }
  gr_signal_team(team, gr_arg_ptr(team, 3, uint64_t), gr_arg_u64(team, 2));
  return GR_OK;
}

/* Never returns, until the word of argument 2 is set. */
GR_DEV int32_t stuck(struct gr_team *team)
{
  while (gr_load_relaxed_gpu_u64(gr_arg_ptr(team, 2, gr_au64)) == 0u) {
    gr_pause();
  }
  return GR_OK;
}

/* An assert that fails, with the same number wherever it is told. */
GR_DEV int32_t breaks(struct gr_team *team)
{
  if (gr_lane() == 0u) {
    gr_assert_file(team, GR_FILE_OP, false, 1000u + team->id);
  }
  gr_team_barrier();
  return GR_OK;
}

/* A tile's word, behind the task's own, goes from 0 to 1. Tile argument 2 fails. */
GR_DEV int32_t cover(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t) + gr_arg_u64(team, 1);
  gr_sim_expect(gr_tile_first(team) < gr_tile_end(team) && gr_tile_end(team) <= gr_tiles(team));
  for (uint32_t i = gr_tile_first(team) + gr_lane(); i < gr_tile_end(team); i += gr_lanes()) {
    gr_sim_expect(words[i] == 0u);
    words[i] = 1u;
  }
  gr_team_barrier();
  const uint64_t bad = gr_arg_u64(team, 2);
  return gr_tile_first(team) <= bad && bad < gr_tile_end(team) ? -7 : GR_OK;
}

/* T3: of the tasks that count in the word of argument 2, no more run at once than argument 3 says
 * in its upper half. */
GR_DEV int32_t gauge(struct gr_team *team)
{
  gr_au64 *running = gr_arg_ptr(team, 0, gr_au64) + gr_arg_u64(team, 2);
  const uint64_t quota = gr_arg_u64(team, 3) >> 32;
  const uint64_t now = gr_add_relaxed_gpu_u64(running, 1u) + 1u;
  gr_sim_expect(quota == 0u || now <= quota);
  for (uint64_t i = 0u; i < (gr_arg_u64(team, 3) & 0xffffffffu) && !gr_cancelled_team(team); i++) {
    gr_pause();
  }
  mark_once(team);
  gr_add_relaxed_gpu_u64(running, ~0ull);
  return GR_OK;
}

GR_DEV int32_t nap(struct gr_team *team)
{
  gr_nap(gr_arg_u64(team, 2));
  mark_once(team);
  return GR_OK;
}

/* Each lane allocates argument 2 bytes and frees them; one object goes on to a child, whose task
 * drops it, on whatever team. Its result is how many lanes got something. */
GR_DEV int32_t hand(struct gr_team *team)
{
  struct gr_task *child = (struct gr_task *)gr_scratch(team);
  const uint64_t bytes = gr_arg_u64(team, 2);
  uint64_t *p = (uint64_t *)gr_alloc(team, bytes);
  const uint64_t got = p != NULL ? 1u : 0u;
  mark_once(team);
  if (p != NULL) {
    p[0] = p[bytes / 8u - 1u] = (uint64_t)(uintptr_t)p + bytes;
  }
  if (gr_lane() == 0u) {
    *child = gr_task_make(team, GR_ID(drop));
    child->arg[0] = gr_arg_u64(team, 0);
    child->arg[1] = gr_arg_u64(team, 1) + 1u;
    child->arg[2] = bytes;
    child->arg[3] = (uint64_t)(uintptr_t)p;
  }
  const bool is_sent = gr_submit_team(team, child) == GR_OK;
  if (p != NULL && !(is_sent && gr_lane() == 0u)) {
    gr_sim_expect(p[0] == (uint64_t)(uintptr_t)p + bytes && gr_free(team, p) == GR_OK);
  }
  return (int32_t)gr_team_sum_u64(team, got);
}
GR_DEV int32_t drop(struct gr_team *team)
{
  uint64_t *p = gr_arg_ptr(team, 3, uint64_t);
  mark_once(team);
  if (p != NULL && gr_lane() == 0u) {
    const uint64_t bytes = gr_arg_u64(team, 2);
    gr_sim_expect(p[0] == (uint64_t)(uintptr_t)p + bytes && p[bytes / 8u - 1u] == p[0]);
    gr_sim_expect(gr_free(team, p) == GR_OK);
  }
  return GR_OK;
}

/* Of calls to the host: what each lane asks for next, and what it has to be answered. */
GR_DEV int64_t ask_one(struct gr_team *team, uint64_t i)
{
  const bool is_granted = gr_relay_is_granted(team->dev, team->task->context);
  const bool is_null = (gr_lane() + i) % 2u == 0u;
  const uint32_t kind = is_null ? (uint32_t)GR_CALL_NULL : (uint32_t)GR_CALL_SYNC;
  const struct gr_call call = gr_call_make(team, kind);
  const int64_t result = gr_call(team, &call);
  gr_sim_expect(result == (!is_granted ? GR_E_ACCES : kind == GR_CALL_NULL ? 0 : -1));
  return result;
}

/* Each lane asks argument 2 times and waits; a call more, and `asked` goes on, if there is room. */
GR_DEV int32_t asks(struct gr_team *team)
{
  mark_once(team);
  for (uint64_t i = gr_lane() % 2u; i < gr_arg_u64(team, 2); i++) {
    ask_one(team, i);
  }
  const struct gr_call call = gr_call_make(team, GR_CALL_SYNC);
  struct gr_task then = gr_task_make(team, GR_ID(asked));
  then.arg[0] = gr_arg_u64(team, 0);
  then.arg[1] = gr_arg_u64(team, 1) + 1u;
  const int32_t status = gr_call_then_team(team, &call, &then);
  gr_sim_expect(status == GR_OK || status == GR_E_AGAIN || status == GR_E_ACCES ||
                status == GR_E_NOMEM);
  return GR_OK;
}
GR_DEV int32_t asked(struct gr_team *team)
{
  gr_sim_expect(gr_call_result(team) == -1);
  mark_once(team);
  return GR_OK;
}

GR_IMAGE(sim, SIM_OPS)
