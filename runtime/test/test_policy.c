/* test_policy.c - each policy's pick and charge, by cases that were worked out by hand; and what a
 * context's settings let through, step by step (T3 to T6 of shared/context.h and the policies).
 * Next: test_open.c. */
#include <criterion/criterion.h>

#include "test_steps.h"

#define MS 1000000ull

/* A task at the tail of a context's queue, whose note says what the case wants. */
static void put(struct steps *s, uint32_t context, uint64_t since_ns, uint64_t kind)
{
  struct gr_runq *queue = &s->dev->runq[context];
  const struct gr_task task = steps_task(1, context, context);
  uint32_t pos = 0;
  cr_assert_eq(gr_runq_reserve(s->dev, queue, 1, &pos), GR_OK);
  queue->note[pos & ((1u << STEPS_SHIFT) - 1u)].since_ns.v = since_ns;
  queue->note[pos & ((1u << STEPS_SHIFT) - 1u)].kind.v = kind;
  gr_runq_fill(s->dev, queue, pos, &task);
}

static void charge(struct steps *s, uint32_t context, uint64_t size, uint64_t ns)
{
  struct gr_task task = steps_task(1, context, 0);
  const struct gr_served served = {&task, ns};
  task.arg[0] = size;
  task.arg[3] = 0;
  gr_policy_charge(s->team[0], &served);
}

static uint32_t pick(struct steps *s, uint64_t eligible, uint64_t now_ns)
{
  return gr_policy_pick(s->team[0], eligible, now_ns);
}

Test(policy, round_robin_takes_each_in_turn_and_each_team_by_itself)
{
  struct steps *s = steps_begin(2, false);
  const uint32_t turns[] = {1, 2, 4, 63, 1, 2};
  const uint64_t eligible = 1ull << 63 | 0x16u;
  for (uint32_t i = 0; i < 6; i++) {
    cr_assert_eq(pick(s, eligible, 0), turns[i]);
  }
  cr_assert_eq(gr_policy_pick(s->team[1], eligible, 0), 1);
  cr_assert_eq(pick(s, 0x2u, 0), 1);
  cr_assert_eq(s->dev->mispicks.v, 0);
  steps_end(s);
}

Test(policy, fifo_takes_the_head_that_waits_longest)
{
  struct steps *s = steps_begin(1, false);
  s->dev->policy.v = GR_POLICY_fifo;
  put(s, 1, 30, 0);
  put(s, 2, 10, 0);
  put(s, 2, 5, 0); /* behind another: no head */
  put(s, 3, 20, 0);
  put(s, 4, 10, 0);
  cr_assert_eq(pick(s, 0x1eu, 100), 2); /* of two alike the lower number */
  cr_assert_eq(pick(s, 0x1au, 100), 4);
  cr_assert_eq(pick(s, 0x0au, 100), 3);
  cr_assert_eq(pick(s, 0x02u, 100), 1);
  steps_end(s);
}

Test(policy, weighted_gives_time_by_weight_whatever_tasks_cost)
{
  struct steps *s = steps_begin(1, false);
  uint64_t served_ns[5] = {0};
  s->dev->policy.v = GR_POLICY_weighted;
  for (uint32_t c = 1; c <= 4; c++) {
    put(s, c, 0, 0);
    s->dev->context[c].weight.v = 1u << (c - 1u); /* 1 : 2 : 4 : 8 */
  }
  for (uint64_t now_ns = 0; now_ns < 15000 * 1000;) {
    const uint32_t c = pick(s, 0x1eu, now_ns % GR_AGING_NS); /* nobody is overdue */
    const uint64_t ns = c % 2u != 0 ? 1000u : 100u;
    charge(s, c, 0, ns);
    served_ns[c] += ns;
    now_ns += ns;
  }
  for (uint32_t c = 1; c <= 4; c++) { /* to one task */
    const int64_t share = (int64_t)1000 * 1000 << (c - 1u);
    cr_assert_leq(llabs((int64_t)served_ns[c] - share), 1000, "%u: %llu", c,
                  (unsigned long long)served_ns[c]);
  }
  steps_end(s);
}

Test(policy, weighted_does_not_let_a_tenant_save_up)
{
  struct steps *s = steps_begin(1, false);
  s->dev->policy.v = GR_POLICY_weighted;
  put(s, 1, 0, 0);
  put(s, 2, 0, 0);
  for (uint32_t i = 0; i < 100; i++) { /* 2 has no work */
    cr_assert_eq(pick(s, 0x2u, 0), 1);
    charge(s, 1, 0, 1000);
  }
  uint32_t lead = 0;
  for (uint32_t i = 0; i < 10; i++) {
    const uint32_t c = pick(s, 0x6u, 0);
    charge(s, c, 0, 1000);
    lead += c == 2u ? 1u : 0u;
  }
  cr_assert(lead >= 5 && lead <= 6, "%u of 10", lead);
  steps_end(s);
}

/* What was found: aging by context let every one of 60 low tenants go before a high one each time
 * that it had waited for a while, which with many of them one always had. */
Test(policy, weighted_lets_a_low_priority_go_first_once_in_its_time)
{
  struct steps *s = steps_begin(1, false);
  s->dev->policy.v = GR_POLICY_weighted;
  s->dev->context[1].priority.v = 0;
  put(s, 1, 0, 0);
  for (uint32_t c = 2; c < 62; c++) {
    s->dev->context[c].priority.v = 2;
    put(s, c, c, 0);
  }
  const uint64_t all = (1ull << 62) - 2u;
  cr_assert_eq(pick(s, all, 0), 1);
  cr_assert_eq(pick(s, all, 2u * GR_AGING_NS), 1);
  cr_assert_eq(pick(s, all, 2u * GR_AGING_NS + 3u), 2); /* the oldest head is of 2 ns */
  charge(s, 2, 0, 1000);
  cr_assert_eq(pick(s, all, 2u * GR_AGING_NS + 100u), 1);
  cr_assert_eq(pick(s, all, 4u * GR_AGING_NS + 3u), 1);
  cr_assert_eq(pick(s, all, 4u * GR_AGING_NS + 4u), 3); /* and within it by virtual time */
  cr_assert_eq(pick(s, all & ~0x2ull, 4u * GR_AGING_NS + 5u), 3);
  steps_end(s);
}

Test(policy, learning_knows_what_ops_cost_by_size)
{
  struct steps *s = steps_begin(1, false);
  s->dev->policy.v = GR_POLICY_learning;
  const gr_au64 *cost = gr_cost_of(s->dev, 1, 5);
  charge(s, 1, 1024, 800);
  cr_assert_eq(cost->v, GR_COST_WORD(800, 800));
  charge(s, 1, 1024, 800); /* no deviation: an eighth less of it */
  cr_assert_eq(cost->v, GR_COST_WORD(800, 700));
  charge(s, 1, 2047, 1600); /* the same size class: 800 more, an eighth of which counts */
  cr_assert_eq(cost->v, GR_COST_WORD(900, 712));
  charge(s, 1, 4096, UINT64_MAX);
  cr_assert_eq(cost->v, GR_COST_WORD(900, 712));
  cr_assert_eq(gr_cost_of(s->dev, 1, 6)->v, ~0ull);
  steps_end(s);
}

static void cost_set(struct steps *s, uint32_t size, uint64_t mean_ns, uint64_t deviation_ns)
{
  gr_cost_of(s->dev, 1, size)->v = GR_COST_WORD(mean_ns, deviation_ns);
}

Test(policy, learning_takes_the_shortest_and_what_it_does_not_know)
{
  struct steps *s = steps_begin(1, false);
  s->dev->policy.v = GR_POLICY_learning;
  cost_set(s, 1, 500, 100);
  cost_set(s, 2, 900, 700); /* may be less than 500 */
  cost_set(s, 3, 300, 0);
  for (uint32_t c = 1; c <= 4; c++) {
    put(s, c, 0, GR_NOTE_KIND(1, c));
  }
  cr_assert_eq(pick(s, 0x1eu, 0), 4); /* never seen */
  cr_assert_eq(pick(s, 0x0eu, 0), 2);
  cr_assert_eq(pick(s, 0x0au, 0), 3);
  cr_assert_eq(pick(s, 0x02u, 0), 1);
  steps_end(s);
}

/* T5: each task takes what is expected; the dear ones are passed over, but for no longer than their
 * bound and one task of each other context, and what that costs the shortest is a small part. */
Test(policy, learning_starves_nobody)
{
  struct steps *s = steps_begin(1, false);
  uint64_t last_ns[5] = {0}, now_ns = 0, shortest = 0;
  s->dev->policy.v = GR_POLICY_learning;
  for (uint32_t c = 1; c <= 4; c++) {
    cost_set(s, c, 100u * c, 0);
    put(s, c, 0, GR_NOTE_KIND(1, c));
  }
  s->dev->open.v = 0x1fu;
  while (now_ns < 1000000u) {
    const uint32_t picked = pick(s, 0x1eu, now_ns);
    last_ns[picked] = now_ns;
    now_ns += 100u * picked;
    shortest += picked == 1u ? 100u : 0u;
    for (uint32_t c = 1; c <= 4; c++) {
      const uint64_t waited_ns = now_ns - last_ns[c];
      cr_assert_leq(waited_ns, 5u * GR_STARVE_ROUNDS * 100u * c + 1000u, "context %u", c);
    }
  }
  cr_assert(last_ns[4] < now_ns - 400u); /* and otherwise the shortest */
  cr_assert_geq(shortest, now_ns - now_ns / GR_STARVE_ROUNDS);
  steps_end(s);
}

/* What was just picked waits anew; the one that waits longest of those overdue goes first. */
Test(policy, learning_takes_the_longest_overdue)
{
  struct steps *s = steps_begin(1, false);
  s->dev->policy.v = GR_POLICY_learning;
  s->dev->open.v = 0xfu;
  for (uint32_t c = 1; c <= 3; c++) {
    cost_set(s, c, 100u * c, 0);
    put(s, c, 1000u * (4u - c), GR_NOTE_KIND(1, c));
  }
  const uint64_t bound_ns = GR_STARVE_ROUNDS * 4u * 300u;
  cr_assert_eq(pick(s, 0xcu, 1000u + bound_ns), 2); /* 3 is not yet, 2 is since long */
  cr_assert_eq(pick(s, 0xcu, 1001u + bound_ns), 3);
  cr_assert_eq(pick(s, 0xcu, 1001u + bound_ns), 2); /* none is: both were picked just now */
  cr_assert_eq(pick(s, 0xeu, 1001u + bound_ns), 1);
  steps_end(s);
}

Test(policy, one_that_names_a_context_without_work_is_counted_and_answered)
{
  struct steps *s = steps_begin(1, false);
  cr_assert_eq(gr_policy_named(s->team[0], 3, 0x8u), 3);
  cr_assert_eq(s->dev->mispicks.v, 0);
  cr_assert_eq(gr_policy_named(s->team[0], 3, 0x6u), 1);
  cr_assert_eq(gr_policy_named(s->team[0], 64, 0x6u), 2);
  cr_assert_eq(gr_policy_named(s->team[0], UINT32_MAX, 0x6u), 1);
  cr_assert_eq(s->dev->mispicks.v, 3);
  s->dev->policy.v = 77; /* no policy at all */
  cr_assert_eq(pick(s, 0x6u, 0), 2);
  charge(s, 1, 0, 1000);
  cr_assert_eq(s->dev->mispicks.v, 4);
  steps_end(s);
}

Test(policy, a_size_is_the_greatest_argument_that_is_no_address)
{
  struct gr_task task = steps_task(1, 0, 0);
  task.arg[0] = 1ull << 40;
  task.arg[3] = 0;
  cr_assert_eq(gr_size_class(&task), 0);
  task.arg[1] = 3;
  cr_assert_eq(gr_size_class(&task), 1);
  task.arg[2] = 16;
  cr_assert_eq(gr_size_class(&task), 2);
  task.tiles = 64;
  cr_assert_eq(gr_size_class(&task), 3);
  task.arg[1] = 0xffffffffu;
  cr_assert_eq(gr_size_class(&task), GR_SIZE_CLASSES - 1u);
}

/* ---- settings, by turns ---- */

/* Turns of team t, at most 300, until it is to run a task: that task's slot. */
static uint32_t begin_next(struct steps *s, uint32_t t)
{
  for (uint32_t turns = 0; turns < 300; turns++) {
    const uint32_t verdict = gr_turn(&s->lead[t]);
    cr_assert_neq(verdict, GR_TURN_LEAVE);
    if (verdict == GR_TURN_RUN && gr_task_admit(&s->lead[t]) == GR_TURN_RUN) {
      return s->team[t]->task->done;
    }
  }
  return UINT32_MAX;
}

static void end_it(struct steps *s, uint32_t t)
{
  s->team[t]->result = 7;
  gr_turn_end(&s->lead[t]);
}

static void submit(struct steps *s, uint32_t *pos, uint32_t context, uint32_t done)
{
  const struct gr_task task = steps_task(1, context, done);
  steps_submit(s, pos, &task);
}

Test(policy, paused_waits_resumed_runs_killed_ends)
{
  struct steps *s = steps_begin(1, false);
  uint32_t pos = 0;
  steps_context(s, 3, GR_CONTEXT_PAUSED, UINT32_MAX);
  submit(s, &pos, 3, 1);
  submit(s, &pos, 4, 2);
  submit(s, &pos, 3, 3);
  cr_assert_eq(begin_next(s, 0), 2);
  end_it(s, 0);
  cr_assert_eq(begin_next(s, 0), UINT32_MAX);
  steps_context(s, 3, 0, UINT32_MAX);
  cr_assert_eq(begin_next(s, 0), 1);
  cr_assert_not(gr_cancelled_team(s->team[0]));
  steps_context(s, 3, GR_CONTEXT_KILLED, 1);
  cr_assert(gr_cancelled_team(s->team[0]));
  end_it(s, 0);
  cr_assert_eq(begin_next(s, 0), UINT32_MAX);
  cr_assert_eq(s->dev->completion[1].v, GR_COMPLETION_WORD(1, 7));
  cr_assert_eq(s->dev->completion[3].v, GR_COMPLETION_WORD(1, GR_E_CANCELED));
  cr_assert_eq(s->dev->context[3].running.v, 0);
  cr_assert_eq(s->dev->context[3].served.v, 1);
  steps_end(s);
}

Test(policy, a_quota_counts_what_runs)
{
  struct steps *s = steps_begin(3, false);
  uint32_t pos = 0;
  steps_context(s, 3, 0, 2);
  for (uint32_t i = 0; i < 4; i++) {
    submit(s, &pos, 3, i);
  }
  cr_assert_eq(begin_next(s, 0), 0);
  cr_assert_eq(begin_next(s, 1), 1);
  cr_assert_eq(begin_next(s, 2), UINT32_MAX);
  cr_assert_eq(s->dev->context[3].running.v, 2);
  end_it(s, 0);
  cr_assert_eq(begin_next(s, 2), 2);
  steps_context(s, 3, 0, 1); /* less than what runs: until they have ended */
  end_it(s, 2);
  cr_assert_eq(begin_next(s, 2), UINT32_MAX);
  end_it(s, 1);
  cr_assert_eq(begin_next(s, 2), 3);
  end_it(s, 2);
  cr_assert_eq(s->dev->context[3].running.v, 0);
  steps_end(s);
}

/* A slice: a team stays with a context until it has had so much time. */
Test(policy, a_slice_keeps_a_team)
{
  struct steps *s = steps_begin(1, false);
  uint32_t pos = 0;
  steps_context(s, 1, 0, UINT32_MAX);
  s->dev->context[1].slice_ns.v = 1000 * MS;
  for (uint32_t i = 0; i < 6; i++) {
    submit(s, &pos, 1u + i % 2u, i);
  }
  const uint32_t order[] = {0, 2, 4, 1, 3, 5}; /* all of context 1, then of 2 */
  for (uint32_t i = 0; i < 6; i++) {
    cr_assert_eq(begin_next(s, 0), order[i]);
    end_it(s, 0);
  }
  steps_end(s);
}
