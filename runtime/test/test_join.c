/* test_join.c - joins, step by step (I13, I14 of join.h). Next: test_open.c. */
#include <criterion/criterion.h>

#include "test_steps.h"

Test(join, every_join_is_taken_once_and_comes_back)
{
  struct steps *s = steps_begin(1, false);
  bool seen[5] = {false};
  for (int i = 0; i < 4; i++) {
    const uint32_t taken = gr_join_take(s->dev);
    cr_assert(taken >= 1 && taken <= 4 && !seen[taken]);
    seen[taken] = true;
  }
  cr_assert_eq(gr_join_take(s->dev), 0);
  gr_join_give(s->dev, 2);
  cr_assert_eq(gr_join_take(s->dev), 3);
  cr_assert_eq(gr_join_take(s->dev), 0);
  steps_end(s);
}

Test(join, list_counts_its_pops)
{
  struct steps *s = steps_begin(1, false);
  const uint64_t before = s->dev->join_free.v;
  const uint32_t taken = gr_join_take(s->dev);
  gr_join_give(s->dev, taken - 1u);
  cr_assert_eq((uint32_t)s->dev->join_free.v, (uint32_t)before); /* the same one is on top */
  cr_assert_neq(s->dev->join_free.v, before);                    /* yet a late CAS fails: I14 */
  steps_end(s);
}

/* A task as an op sees it, running on team 0, and its fork of `count` children. */
static int32_t fork_now(struct steps *s, uint32_t count)
{
  static struct gr_task parent;
  struct gr_task children[GR_FORK_MAX];
  parent = steps_task(1, 3, 5);
  s->team[0]->task = &parent;
  for (uint32_t i = 0; i < count; i++) {
    children[i] = gr_task_make(s->team[0], 2);
  }
  struct gr_task then = gr_task_make(s->team[0], 4);
  return gr_fork_team(s->team[0], children, count, &then);
}

/* Pulls a child on team t and ends it with `result`. */
static void child_end(struct steps *s, uint32_t t, int32_t result)
{
  cr_assert_eq(gr_sched_pull(s->team[t], false), GR_OK);
  s->team[t]->task = &s->team[t]->own;
  cr_assert_eq(s->team[t]->task->context, 3);
  s->team[t]->result = result;
  gr_task_end(s->team[t], GR_FROM_QUEUE);
}

Test(join, last_one_gets_the_continuation_with_the_ticket)
{
  struct steps *s = steps_begin(2, false);
  cr_assert_eq(fork_now(s, 3), GR_OK);
  cr_assert_eq(s->dev->team[0].submitted.v, 4);
  s->team[0]->result = 1;
  child_end(s, 1, 0);
  gr_task_end(s->team[0], GR_FROM_QUEUE); /* the parent: no completion of its own */
  cr_assert_eq(s->dev->completion[5].v, 0);
  child_end(s, 1, 0);
  cr_assert_not(s->team[1]->has_next);
  child_end(s, 1, 0);
  cr_assert(s->team[1]->has_next);
  cr_assert_not(s->team[0]->has_next);
  cr_assert_eq(s->team[1]->next.op, 4);
  cr_assert_eq(s->team[1]->next.done, 5);
  cr_assert_eq(s->team[1]->next.generation, 1);
  cr_assert_eq(s->team[1]->next.context, 3);
  cr_assert_eq(gr_turn(&s->lead[1]), GR_TURN_RUN);
  s->team[1]->result = 42;
  gr_task_end(s->team[1], s->team[1]->source);
  cr_assert_eq(s->dev->completion[5].v, GR_COMPLETION_WORD(1, 42));
  cr_assert_eq((uint32_t)s->dev->join_free.v, 1);
  steps_end(s);
}

Test(join, first_failure_wins_and_the_continuation_does_not_run)
{
  struct steps *s = steps_begin(2, false);
  cr_assert_eq(fork_now(s, 3), GR_OK);
  child_end(s, 1, -7);
  child_end(s, 1, -8);
  child_end(s, 1, 0);
  s->team[0]->result = -9;
  gr_task_end(s->team[0], GR_FROM_QUEUE);
  cr_assert_not(s->team[0]->has_next);
  cr_assert_eq(s->dev->completion[5].v, GR_COMPLETION_WORD(1, -7));
  cr_assert_eq(s->team[0]->completed + s->team[1]->completed, 5); /* 3, parent, continuation */
  steps_end(s);
}

Test(join, refused_fork_leaves_nothing_behind)
{
  struct steps *s = steps_begin(2, false);
  for (int i = 0; i < 10; i++) { /* more often than there are joins */
    cr_assert_eq(fork_now(s, 65), GR_E_AGAIN);
    cr_assert_eq(s->team[0]->fork, 0);
    cr_assert_eq(s->dev->runq[3].tail.v, 0);
    cr_assert_eq(s->dev->queued.v, 0);
    cr_assert_eq(s->dev->team[0].submitted.v, 0);
  }
  gr_announce(&s->lead[1]); /* now one child goes to a mailbox, 64 to the queue */
  cr_assert_eq(fork_now(s, 65), GR_OK);
  cr_assert_eq(s->dev->runq[3].tail.v, 64);
  cr_assert(gr_mailbox_poll(&s->lead[1]));
  cr_assert_eq(s->team[1]->own.op, 2);
  steps_end(s);
}

Test(join, claimed_teams_get_a_message_when_the_fork_fails)
{
  struct steps *s = steps_begin(2, false);
  gr_announce(&s->lead[1]);
  cr_assert_eq(fork_now(s, 66), GR_E_AGAIN);
  cr_assert_not(gr_retract(&s->lead[1])); /* it was claimed; it must not wait for ever (I5) */
  cr_assert_eq(s->team[1]->own.op, GR_MSG_WAKE);
  steps_end(s);
}
