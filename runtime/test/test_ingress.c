/* test_ingress.c - rings from host to device and the duty, step by step (I1 to I4, I9).
 * Next: test_idle.c. */
#include <criterion/criterion.h>

#include "test_steps.h"

#define SLOTS (1u << STEPS_SHIFT)

/* The team's turns until it runs a task; that task's completion slot. */
static uint32_t run_next(struct steps *s, uint32_t t)
{
  for (uint32_t turns = 0; turns < 300; turns++) {
    const uint32_t verdict = gr_turn(&s->lead[t]);
    cr_assert_neq(verdict, GR_TURN_LEAVE);
    if (verdict == GR_TURN_RUN) {
      const uint32_t done = s->team[t]->task->done;
      s->team[t]->result = 7;
      gr_task_end(s->team[t], s->team[t]->source);
      return done;
    }
  }
  return UINT32_MAX;
}

Test(ingress, tasks_come_in_order_and_complete_once)
{
  struct steps *s = steps_begin(1, false);
  uint32_t pos = 0;
  for (uint32_t i = 0; i < 10; i++) {
    const struct gr_task task = steps_task(1, 0, i);
    steps_submit(s, &pos, &task);
  }
  for (uint32_t i = 0; i < 10; i++) {
    cr_assert_eq(run_next(s, 0), i);
    cr_assert_eq(s->dev->completion[i].v, GR_COMPLETION_WORD(1, 7));
  }
  cr_assert_eq(run_next(s, 0), UINT32_MAX);
  cr_assert_eq(s->dev->boundary->ingress_head.v, 10); /* told when it went idle */
  cr_assert_eq(s->team[0]->from_ingress, 10);
  steps_end(s);
}

Test(ingress, ring_wraps_around)
{
  struct steps *s = steps_begin(1, false);
  uint32_t pos = UINT32_MAX - SLOTS - 5u;
  steps_start_at(s, pos);
  for (uint32_t i = 0; i < 4u * SLOTS; i++) {
    const struct gr_task task = steps_task(1, 0, i % SLOTS);
    steps_submit(s, &pos, &task);
    cr_assert_eq(run_next(s, 0), i % SLOTS);
    cr_assert_leq(pos - s->dev->boundary->ingress_head.v, SLOTS); /* I1 */
  }
  cr_assert_eq(run_next(s, 0), UINT32_MAX); /* I3: nothing of an old lap */
  cr_assert_eq(s->dev->boundary->ingress_head.v, pos);
  steps_end(s);
}

Test(ingress, half_written_line_is_not_taken)
{
  struct steps *s = steps_begin(1, false);
  const struct gr_task task = steps_task(1, 0, 3);
  for (uint32_t c = 4; c-- > 0;) {
    cr_assert_eq(gr_ring_peek(s->team[0], s->dev->ingress, STEPS_SHIFT, 0), 0);
    struct gr_chunk chunk;
    chunk.arg = task.arg[c];
    chunk.head = task.head[c];
    chunk.tag = GR_LAP_TAG(0, STEPS_SHIFT);
    gr_chunk_store_release_sys(&s->dev->ingress[0].chunk[c], &chunk);
  }
  cr_assert_eq(gr_ring_peek(s->team[0], s->dev->ingress, STEPS_SHIFT, 0), 1);
  cr_assert_eq(s->team[0]->stage[0].done, 3);
  cr_assert_eq(s->team[0]->stage[0].arg[3], ~3ull);
  steps_end(s);
}

Test(ingress, unknown_and_cancelled_tasks_are_answered)
{
  struct steps *s = steps_begin(1, false);
  uint32_t pos = 0, control = 0;
  struct gr_task task = steps_task(s->dev->ops, 0, 0);
  steps_control(s, &control, GR_CTL_CANCEL, 1, 1);
  steps_control(s, &control, GR_CTL_CANCEL, 2, 99); /* of another generation */
  cr_assert(steps_until_drowsy(s, 0, 100000));
  steps_submit(s, &pos, &task);
  task = steps_task(GR_MSG_EXIT, 0, 3);
  steps_submit(s, &pos, &task);
  for (uint32_t i = 1; i <= 2; i++) {
    task = steps_task(1, 0, i);
    steps_submit(s, &pos, &task);
  }
  gr_decide(&s->lead[0]); /* answers what it need not run */
  cr_assert_eq(s->team[0]->task->done, 2);
  cr_assert_eq(s->dev->completion[0].v, GR_COMPLETION_WORD(1, GR_E_NOENT));
  cr_assert_eq(s->dev->completion[3].v, GR_COMPLETION_WORD(1, GR_E_NOENT));
  cr_assert_eq(s->dev->completion[1].v, GR_COMPLETION_WORD(1, GR_E_CANCELED));
  cr_assert_eq(s->dev->completion[2].v, 0);
  cr_assert_eq(s->team[0]->completed, 3);
  cr_assert_eq(s->team[0]->failed, 3);
  cr_assert_eq(s->team[0]->cancelled, 1);
  steps_end(s);
}

/* What was found: a team that looks at one control message and then sleeps leaves the others until
 * its sleep is over. */
Test(ingress, one_look_carries_out_every_control_message)
{
  struct steps *s = steps_begin(1, false);
  uint32_t control = UINT32_MAX - 3u; /* wraps around */
  s->dev->control_pos = control;
  cr_assert(steps_until_drowsy(s, 0, 100000));
  s->lead[0].control_pos = control;
  for (uint32_t i = 0; i < 10; i++) {
    steps_control(s, &control, GR_CTL_POLICY, i, 0);
  }
  steps_control(s, &control, GR_CTL_STOP, 0, 0);
  gr_control_step(&s->lead[0]);
  cr_assert_eq(s->dev->boundary->control_head.v, control);
  cr_assert_eq(s->dev->policy.v, 9);
  cr_assert_eq(gr_turn(&s->lead[0]), GR_TURN_LEAVE);
  steps_end(s);
}

/* What was found: a team that looked into the ring, then pulled from a queue and gave the duty up,
 * still had the ring's task staged and ran it as well. */
Test(ingress, task_seen_before_the_duty_was_given_is_run_once)
{
  struct steps *s = steps_begin(2, false);
  struct gr_lead *a = &s->lead[0], *b = &s->lead[1];
  uint32_t pos = 0, place = 0;
  s->dev->idle_mode = GR_IDLE_LATENCY;
  for (uint32_t i = 0; i < 2; i++) { /* two in the queue, one in the ring */
    const struct gr_task queued = steps_task(1, 0, 10 + i);
    cr_assert_eq(gr_runq_reserve(s->dev, &s->dev->runq[0], 1, &place), GR_OK);
    gr_runq_fill(s->dev, &s->dev->runq[0], place, &queued);
  }
  gr_sched_queued(s->team[0], 0, 2);
  const struct gr_task task = steps_task(1, 0, 20);
  steps_submit(s, &pos, &task);
  a->ring_first = true; /* it was: the queue's turn */
  cr_assert_eq(gr_turn(a), GR_TURN_RUN);
  cr_assert_eq(s->team[0]->task->done, 10);
  cr_assert_not(a->on_duty);
  cr_assert_eq(a->staged, 0);
  b->ring_first = false; /* the ring's turn */
  cr_assert_eq(gr_turn(b), GR_TURN_RUN);
  cr_assert_eq(s->team[1]->task->done, 20);
  gr_task_end(s->team[0], a->team->source);
  cr_assert_eq(run_next(s, 0), 11);
  cr_assert_eq(run_next(s, 0), UINT32_MAX);
  steps_end(s);
}

Test(ingress, duty_is_one_teams_and_takes_its_positions_along)
{
  struct steps *s = steps_begin(3, false);
  s->dev->ingress_pos = 17;
  s->dev->control_pos = 5;
  cr_assert(gr_duty_try_take(&s->lead[1]));
  cr_assert_not(gr_duty_try_take(&s->lead[0])); /* I9 */
  cr_assert_eq(s->dev->duty.v, 2);
  cr_assert_eq(s->lead[1].ingress_pos, 17);
  gr_ingress_advance(&s->lead[1], 3);
  cr_assert_eq(s->dev->boundary->ingress_head.v, 0); /* not told for every task */
  gr_duty_give(&s->lead[1]);
  cr_assert_eq(s->dev->boundary->ingress_head.v, 20);
  cr_assert(gr_duty_try_take(&s->lead[2]));
  cr_assert_eq(s->lead[2].ingress_pos, 20);
  cr_assert_eq(s->lead[2].control_pos, 5);
  steps_end(s);
}

Test(ingress, reserved_team_places_and_never_runs)
{
  struct steps *s = steps_begin(2, true);
  uint32_t pos = 0;
  cr_assert(s->lead[0].on_duty);
  for (uint32_t i = 0; i < SLOTS; i++) {
    const struct gr_task task = steps_task(1, 0, i);
    steps_submit(s, &pos, &task);
  }
  cr_assert_eq(gr_turn(&s->lead[1]), GR_TURN_NOTHING); /* announces */
  for (uint32_t i = 0; i < 200; i++) {
    cr_assert_eq(gr_turn(&s->lead[0]), GR_TURN_NOTHING);
  }
  cr_assert_eq(s->dev->mailbox[1].line.chunk[0].tag, GR_MAILBOX_FULL);
  cr_assert_eq(s->dev->runq[0].tail.v, SLOTS - 1u);
  cr_assert_eq(s->lead[0].ingress_pos, SLOTS);
  for (uint32_t i = 0; i < SLOTS; i++) {
    cr_assert_eq(run_next(s, 1), i);
  }
  cr_assert_eq(s->team[1]->from_mailbox, 1);
  cr_assert_eq(s->team[1]->from_queue, SLOTS - 1u);
  steps_end(s);
}

Test(ingress, full_queue_leaves_the_rest_in_the_ring)
{
  struct steps *s = steps_begin(2, true);
  uint32_t pos = 0;
  for (uint32_t round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < SLOTS - 8u; i++) {
      const struct gr_task task = steps_task(1, 0, i);
      steps_submit(s, &pos, &task);
    }
    for (uint32_t i = 0; i < 200; i++) {
      cr_assert_eq(gr_turn(&s->lead[0]), GR_TURN_NOTHING);
    }
  }
  cr_assert_eq(s->lead[0].ingress_pos, SLOTS);
  for (uint32_t i = 0; i < 2u * (SLOTS - 8u); i++) {
    cr_assert_eq(run_next(s, 1), i % (SLOTS - 8u));
    cr_assert_neq(gr_turn(&s->lead[0]), GR_TURN_RUN);
  }
  steps_end(s);
}
