/* test_idle.c - announce, recheck, sleep, rest, step by step: the interleavings in which a wake-up
 * could be lost (I5 to I8 of shared/dev.h). Next: test_join.c. */
#include <criterion/criterion.h>

#include "port/port.h"

/* Another team's steps, done before and after one atomic step of the team under test. */
static void (*hook)(bool after);
static uint64_t hooked_and(gr_au64 *word, uint64_t value)
{
  void (*const now)(bool after) = hook;
  if (now != NULL) {
    now(false);
  }
  const uint64_t before = gr_and_acquire_gpu_u64(word, value);
  if (now != NULL) {
    now(true);
  }
  return before;
}
#define gr_and_acquire_gpu_u64 hooked_and
#define gr_and_relaxed_gpu_u64 hooked_and
#include "test_steps.h"

/* One task of context 0 into the queue; nobody is told yet. */
static void push_quietly(struct steps *s, uint32_t done)
{
  uint32_t pos = 0;
  const struct gr_task task = steps_task(1, 0, done);
  cr_assert_eq(gr_runq_reserve(s->dev, &s->dev->runq[0], 1, &pos), GR_OK);
  gr_runq_fill(s->dev, &s->dev->runq[0], pos, &task);
}

Test(idle, push_between_announce_and_recheck_is_found)
{
  struct steps *s = steps_begin(2, false);
  cr_assert_eq(gr_turn(&s->lead[1]), GR_TURN_NOTHING); /* announces */
  cr_assert(s->lead[1].announced);
  push_quietly(s, 4);
  gr_sched_queued(s->team[0], 0, 1); /* sees the idle bit and wakes */
  cr_assert_eq(gr_turn(&s->lead[1]), GR_TURN_NOTHING);
  cr_assert_eq(gr_turn(&s->lead[1]), GR_TURN_RUN);
  cr_assert_eq(s->team[1]->task->done, 4);
  steps_end(s);
}

Test(idle, push_whose_pusher_saw_no_idle_team_is_found_by_the_recheck)
{
  struct steps *s = steps_begin(2, false);
  push_quietly(s, 4);
  gr_sched_queued(s->team[0], 0, 1); /* nobody is idle yet */
  cr_assert_eq(s->dev->mailbox[1].line.chunk[0].tag, GR_MAILBOX_EMPTY);
  gr_announce(&s->lead[1]);
  cr_assert_eq(gr_turn(&s->lead[1]), GR_TURN_RUN);
  cr_assert_eq(s->team[1]->task->done, 4);
  cr_assert_eq(s->dev->idle[0].v, 0);
  steps_end(s);
}

Test(idle, retract_that_loses_gets_the_message)
{
  struct steps *s = steps_begin(2, false);
  const struct gr_task task = steps_task(1, 0, 6);
  gr_announce(&s->lead[1]);
  push_quietly(s, 7); /* so that it wants its bit back */
  s->dev->queued.v = 1;
  cr_assert_eq(gr_sched_place(s->team[0], &task), GR_OK); /* but is claimed first */
  cr_assert_eq(s->dev->idle[0].v, 0);
  cr_assert_not(gr_retract(&s->lead[1]));
  cr_assert_not(s->lead[1].announced);
  cr_assert_eq(s->team[1]->own.done, 6);
  for (int c = 0; c < 4; c++) {
    cr_assert_eq(s->dev->mailbox[1].line.chunk[c].tag, GR_MAILBOX_EMPTY); /* I6 */
  }
  cr_assert_eq(gr_turn(&s->lead[1]), GR_TURN_RUN);
  cr_assert_eq(s->team[1]->task->done, 7);
  steps_end(s);
}

Test(idle, claim_takes_each_team_once)
{
  struct steps *s = steps_begin(4, false);
  for (uint32_t t = 1; t < 4; t++) {
    gr_announce(&s->lead[t]);
  }
  const struct gr_claim two = gr_idle_claim(s->team[0], 2);
  const struct gr_claim one = gr_idle_claim(s->team[0], 64);
  const struct gr_claim none = gr_idle_claim(s->team[0], 64);
  cr_assert_eq(two.count, 2);
  cr_assert_eq(one.count, 1);
  cr_assert_eq(none.count, 0);
  cr_assert_eq(two.bits & one.bits, 0);
  cr_assert_eq(two.bits | one.bits, 0xe);
  steps_end(s);
}

/* What was found: a team that cleared the context's bit, then found tasks after all, set the bit
 * again but woke nobody; a team that had looked in between slept on beside a full queue. */
static struct steps *between;
static void two_are_pushed_and_another_looks(bool cleared)
{
  struct steps *s = between;
  if (!cleared) { /* the first pop has found nothing; team 1 pushes, nobody is idle */
    push_quietly(s, 1);
    push_quietly(s, 2);
    gr_sched_queued(s->team[1], 0, 2);
    return;
  }
  hook = NULL;
  cr_assert_eq(gr_turn(&s->lead[2]), GR_TURN_NOTHING); /* team 2 takes the duty, announces ... */
  cr_assert_eq(gr_turn(&s->lead[2]), GR_TURN_NOTHING); /* ... rechecks, and finds nothing */
}

Test(idle, bit_that_is_set_again_wakes_who_saw_it_clear)
{
  struct steps *s = between = steps_begin(3, false);
  s->dev->queued.v = 1; /* left over: the queue is empty */
  hook = two_are_pushed_and_another_looks;
  cr_assert_eq(gr_sched_pull(s->team[0], false), GR_OK);
  cr_assert_eq(s->team[0]->own.done, 1);
  cr_assert_eq(s->dev->queued.v, 1);
  cr_assert_eq(s->dev->mailbox[2].line.chunk[0].tag, GR_MAILBOX_FULL); /* woken for the other */
  cr_assert_eq(gr_turn(&s->lead[2]), GR_TURN_NOTHING);
  cr_assert_eq(gr_turn(&s->lead[2]), GR_TURN_RUN);
  cr_assert_eq(s->team[2]->task->done, 2);
  steps_end(s);
}

Test(idle, drowsy_team_looks_once_more)
{
  struct steps *s = steps_begin(1, false);
  uint32_t pos = 0;
  const struct gr_task task = steps_task(1, 0, 3);
  cr_assert(steps_until_drowsy(s, 0, 100000));
  cr_assert_eq(s->dev->mailbox[0].asleep.v, 1);
  steps_submit(s, &pos, &task);
  cr_assert_eq(gr_turn(&s->lead[0]), GR_TURN_RUN);
  cr_assert_eq(s->dev->mailbox[0].asleep.v, 0);
  cr_assert_not(s->lead[0].drowsy);
  steps_end(s);
}

Test(idle, waker_that_comes_before_the_sleep_ends_it, .timeout = 5)
{
  struct steps *s = steps_begin(1, false);
  cr_assert(steps_until_drowsy(s, 0, 100000));
  gr_wake(&s->dev->mailbox[0].asleep);
  const uint64_t since_ns = gr_clock_ns();
  gr_idle_sleep(&s->lead[0]);
  cr_assert_lt(gr_clock_ns() - since_ns, GR_SLEEP_NS_MAX / 2u);
  cr_assert_eq(s->lead[0].looks, GR_LOOK_TURNS); /* the next turn looks at everything */
  steps_end(s);
}

/* Two teams, both idle for longer than idle_exit_ns; team 0 on duty, one turn before it rests. */
static struct steps *nearly_resting(void)
{
  struct steps *s = steps_begin(2, false);
  s->dev->idle_mode = GR_IDLE_LATENCY;
  s->dev->idle_exit_ns = 1;
  for (int i = 0; i < 3; i++) {
    cr_assert_eq(gr_turn(&s->lead[0]), GR_TURN_NOTHING);
    cr_assert_eq(gr_turn(&s->lead[1]), GR_TURN_NOTHING);
  }
  cr_assert(s->lead[0].on_duty && s->lead[0].announced && s->lead[1].announced);
  s->lead[0].looks = GR_LOOK_TURNS;
  return s;
}

Test(idle, rest_sends_all_home_and_keeps_the_positions)
{
  struct steps *s = nearly_resting();
  cr_assert_eq(gr_turn(&s->lead[0]), GR_TURN_LEAVE);
  cr_assert_eq(s->dev->boundary->resting.v, 1);
  cr_assert_eq(gr_turn(&s->lead[1]), GR_TURN_LEAVE);
  gr_depart(&s->lead[0]);
  gr_depart(&s->lead[1]);
  cr_assert_eq(s->dev->duty.v, 0);
  cr_assert_eq(s->dev->idle[0].v, 0);
  cr_assert_eq(s->dev->mailbox[1].line.chunk[0].tag, GR_MAILBOX_EMPTY);
  cr_assert_eq(s->dev->run.v, GR_RUN_GO);
  steps_end(s);
}

Test(idle, rest_is_taken_back_when_the_host_was_faster)
{
  struct steps *s = nearly_resting();
  uint32_t pos = 0;
  const struct gr_task task = steps_task(1, 0, 9);
  steps_submit(s, &pos, &task);
  s->lead[0].looks = 0;
  cr_assert_eq(gr_rest(&s->lead[0]), GR_TURN_NOTHING);
  cr_assert_eq(s->dev->boundary->resting.v, 0);
  cr_assert_eq(gr_turn(&s->lead[1]), GR_TURN_NOTHING); /* woken, not sent home */
  cr_assert_eq(gr_turn(&s->lead[0]), GR_TURN_RUN);
  cr_assert_eq(s->team[0]->task->done, 9);
  steps_end(s);
}

Test(idle, no_rest_while_another_runs)
{
  struct steps *s = nearly_resting();
  cr_assert(gr_retract(&s->lead[1])); /* as if it had found a task */
  cr_assert_eq(gr_rest(&s->lead[0]), GR_TURN_NOTHING);
  cr_assert_eq(s->dev->boundary->resting.v, 0);
  cr_assert(s->lead[0].announced);
  steps_end(s);
}

/* What was found: the message of a team that claimed the one about to rest was thrown away. */
static void team_0_is_claimed(bool after)
{
  if (!after) {
    const struct gr_task task = steps_task(1, 0, 8);
    hook = NULL;
    struct gr_claim claim = gr_idle_claim(between->team[1], 1);
    cr_assert_eq(claim.bits, 1);
    gr_mailbox_post(between->team[1], gr_claim_next(&claim), &task);
  }
}

Test(idle, team_claimed_while_it_goes_to_rest_runs_the_task)
{
  struct steps *s = between = nearly_resting();
  hook = team_0_is_claimed; /* after gr_rest has found all idle, before it retracts */
  cr_assert_eq(gr_turn(&s->lead[0]), GR_TURN_RUN);
  cr_assert_eq(s->team[0]->task->done, 8);
  cr_assert_eq(s->dev->boundary->resting.v, 0);
  steps_end(s);
}

Test(idle, stop_wakes_everybody)
{
  struct steps *s = steps_begin(3, false);
  uint32_t control = 0;
  for (int i = 0; i < 3; i++) {
    for (uint32_t t = 0; t < 3; t++) {
      cr_assert_eq(gr_turn(&s->lead[t]), GR_TURN_NOTHING);
    }
  }
  steps_control(s, &control, GR_CTL_STOP, 0, 0);
  gr_control_step(&s->lead[0]);
  cr_assert_eq(s->dev->idle[0].v, 0);
  for (uint32_t t = 1; t < 3; t++) {
    cr_assert_eq(s->dev->mailbox[t].line.chunk[0].tag, GR_MAILBOX_FULL);
    uint32_t verdict = gr_turn(&s->lead[t]);
    verdict = verdict == GR_TURN_NOTHING ? gr_turn(&s->lead[t]) : verdict;
    cr_assert_eq(verdict, GR_TURN_LEAVE);
  }
  steps_end(s);
}
