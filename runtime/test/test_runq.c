/* test_runq.c - the run queue, step by step (I10 to I12 of runq.h). Next: test_ingress.c. */
#include <criterion/criterion.h>

#include "test_steps.h"

#define SLOTS (1u << STEPS_SHIFT)

static void push(struct steps *s, uint32_t done)
{
  const struct gr_task task = steps_task(1, 0, done);
  uint32_t pos = 0;
  cr_assert_eq(gr_runq_reserve(s->dev, &s->dev->runq[0], 1, &pos), GR_OK);
  gr_runq_fill(s->dev, &s->dev->runq[0], pos, &task);
}

static void pop(struct steps *s, uint32_t done)
{
  struct gr_task task;
  cr_assert_eq(gr_runq_pop(s->dev, &s->dev->runq[0], &task), GR_OK);
  cr_assert_eq(task.done, done);
  cr_assert_eq(task.arg[0], 1000u + done);
  cr_assert_eq(task.arg[3], ~(uint64_t)done);
}

Test(runq, empty_says_again_and_first_in_is_first_out)
{
  struct steps *s = steps_begin(1, false);
  struct gr_task task;
  cr_assert_eq(gr_runq_pop(s->dev, &s->dev->runq[0], &task), GR_E_AGAIN);
  for (uint32_t i = 0; i < 10; i++) {
    push(s, i);
  }
  for (uint32_t i = 0; i < 10; i++) {
    pop(s, i);
  }
  cr_assert_eq(gr_runq_pop(s->dev, &s->dev->runq[0], &task), GR_E_AGAIN);
  cr_assert(gr_runq_is_valid(s->dev, &s->dev->runq[0]));
  steps_end(s);
}

Test(runq, full_says_again_and_one_taken_makes_room_for_one)
{
  struct steps *s = steps_begin(1, false);
  uint32_t pos = 0;
  for (uint32_t i = 0; i < SLOTS; i++) {
    push(s, i);
  }
  cr_assert_eq(gr_runq_reserve(s->dev, &s->dev->runq[0], 1, &pos), GR_E_AGAIN);
  pop(s, 0);
  cr_assert_eq(gr_runq_reserve(s->dev, &s->dev->runq[0], 2, &pos), GR_E_AGAIN); /* all or none */
  push(s, SLOTS);
  for (uint32_t i = 1; i <= SLOTS; i++) {
    pop(s, i);
  }
  cr_assert_eq(gr_runq_reserve(s->dev, &s->dev->runq[0], SLOTS + 1u, &pos), GR_E_AGAIN);
  cr_assert_eq(gr_runq_reserve(s->dev, &s->dev->runq[0], SLOTS, &pos), GR_OK);
  steps_end(s);
}

Test(runq, positions_wrap_around)
{
  struct steps *s = steps_begin(1, false);
  steps_start_at(s, UINT32_MAX - 2u * SLOTS + 7u);
  for (uint32_t i = 0; i < 5u * SLOTS; i++) {
    push(s, i);
    push(s, i + 100000u);
    pop(s, i);
    pop(s, i + 100000u);
  }
  cr_assert_lt(s->dev->runq[0].tail.v, 10u * SLOTS); /* it did wrap */
  steps_start_at(s, UINT32_MAX - SLOTS / 2u);
  for (uint32_t i = 0; i < SLOTS; i++) {
    push(s, i);
  }
  uint32_t pos = 0;
  cr_assert_eq(gr_runq_reserve(s->dev, &s->dev->runq[0], 1, &pos), GR_E_AGAIN);
  cr_assert(gr_runq_is_valid(s->dev, &s->dev->runq[0]));
  for (uint32_t i = 0; i < SLOTS; i++) {
    pop(s, i);
  }
  steps_end(s);
}

Test(runq, reserved_but_not_full_looks_empty_and_keeps_the_order)
{
  struct steps *s = steps_begin(1, false);
  struct gr_runq *queue = &s->dev->runq[0];
  const struct gr_task first = steps_task(1, 0, 1), second = steps_task(1, 0, 2);
  struct gr_task out;
  uint32_t a = 0, b = 0;
  cr_assert_eq(gr_runq_reserve(s->dev, queue, 1, &a), GR_OK);
  cr_assert_eq(gr_runq_reserve(s->dev, queue, 1, &b), GR_OK);
  gr_runq_fill(s->dev, queue, b, &second);
  cr_assert_eq(gr_runq_pop(s->dev, queue, &out), GR_E_AGAIN); /* I12 */
  gr_runq_fill(s->dev, queue, a, &first);
  pop(s, 1);
  pop(s, 2);
  steps_end(s);
}

Test(runq, half_written_line_is_not_taken)
{
  struct steps *s = steps_begin(1, false);
  struct gr_runq *queue = &s->dev->runq[0];
  const struct gr_task task = steps_task(1, 0, 9);
  struct gr_task out;
  uint32_t pos = 0;
  cr_assert_eq(gr_runq_reserve(s->dev, queue, 1, &pos), GR_OK);
  for (uint32_t c = 4; c-- > 0;) { /* chunks may arrive in any order */
    cr_assert_eq(gr_runq_pop(s->dev, queue, &out), GR_E_AGAIN);
    struct gr_chunk chunk;
    chunk.arg = task.arg[c];
    chunk.head = task.head[c];
    chunk.tag = GR_RUNQ_FULL(pos, STEPS_SHIFT);
    gr_chunk_store_release_gpu(&gr_runq_slot(s->dev, queue, pos)->chunk[c], &chunk);
  }
  pop(s, 9);
  steps_end(s);
}

Test(runq, slot_of_an_earlier_lap_is_not_taken_again)
{
  struct steps *s = steps_begin(1, false);
  struct gr_task out;
  for (uint32_t i = 0; i < SLOTS; i++) {
    push(s, i);
    pop(s, i);
  }
  cr_assert_eq(gr_runq_pop(s->dev, &s->dev->runq[0], &out), GR_E_AGAIN);
  push(s, 5);
  pop(s, 5);
  steps_end(s);
}
