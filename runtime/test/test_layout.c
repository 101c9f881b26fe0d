/* test_layout.c - sizes that both sides of the boundary count on, and error numbers.
 *
 * Names of status.h are negative errno values written out by hand. Next: test_runq.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stddef.h>

#include "test_steps.h"

Test(layout, status_values_are_errno_values)
{
  cr_assert_eq(GR_E_NOENT, -ENOENT);
  cr_assert_eq(GR_E_AGAIN, -EAGAIN);
  cr_assert_eq(GR_E_NOMEM, -ENOMEM);
  cr_assert_eq(GR_E_INVAL, -EINVAL);
  cr_assert_eq(GR_E_BUSY, -EBUSY);
  cr_assert_eq(GR_E_TIMEOUT, -ETIMEDOUT);
  cr_assert_eq(GR_E_CANCELED, -ECANCELED);
}

Test(layout, sizes_and_lines)
{
  cr_assert_eq(sizeof(struct gr_task), 48);
  cr_assert_eq(sizeof(struct gr_chunk), 16);
  cr_assert_eq(sizeof(struct gr_line), 64);
  cr_assert_eq(sizeof(struct gr_mailbox), GR_LINE_BYTES);
  cr_assert_eq(sizeof(struct gr_team_record) % GR_LINE_BYTES, 0);
  cr_assert_eq(sizeof(struct gr_team_record) % 8u, 0); /* read by words */
  cr_assert_eq(sizeof(struct gr_runq) % GR_LINE_BYTES, 0);
  cr_assert_eq(offsetof(struct gr_boundary, control) % GR_LINE_BYTES, 0);
  cr_assert_eq(offsetof(struct gr_dev, queued) % GR_LINE_BYTES, 0);
  cr_assert_eq(offsetof(struct gr_dev, duty) % GR_LINE_BYTES, 0);
  cr_assert_neq(offsetof(struct gr_boundary, ready) / GR_LINE_BYTES,
                offsetof(struct gr_boundary, ingress_head) / GR_LINE_BYTES);
  cr_assert_eq(sizeof(struct gr_team) % 16u, 0); /* scratch follows it */
  cr_assert_eq(GROSR_ARG_WORDS, GR_ARG_WORDS);
  cr_assert_eq(sizeof(((struct grosr_task *)NULL)->arg), GR_ARGS_BYTES);
  cr_assert_eq(GROSR_IDLE_LATENCY, GR_IDLE_LATENCY);
  cr_assert_eq(GROSR_IDLE_BALANCED, GR_IDLE_BALANCED);
  cr_assert_eq(GROSR_IDLE_QUIET, GR_IDLE_QUIET);
}

Test(layout, words_pack_and_unpack)
{
  const uint64_t now = GR_NOW_WORD(0xfedcba98u, 0xabcdu, 63u, GR_PHASE_ASLEEP);
  cr_assert_eq(GR_NOW_SEQUENCE(now), 0xfedcba98u);
  cr_assert_eq(GR_NOW_OP(now), 0xabcdu);
  cr_assert_eq(GR_NOW_CONTEXT(now), 63u);
  cr_assert_eq(GR_NOW_PHASE(now), GR_PHASE_ASLEEP);
  const uint64_t word = GR_COMPLETION_WORD(0x7fffffffu, -5);
  cr_assert_eq(GR_COMPLETION_GENERATION(word), 0x7fffffffu);
  cr_assert_eq(GR_COMPLETION_RESULT(word), -5);
}

Test(layout, tags_of_one_lap_differ_from_the_next)
{
  const uint32_t shifts[] = {6, 10, 16};
  const uint32_t positions[] = {0, 1, 63, 65535, UINT32_MAX - 65536u, UINT32_MAX};
  for (size_t s = 0; s < 3; s++) {
    const uint32_t slots = 1u << shifts[s];
    for (size_t p = 0; p < 6; p++) {
      const uint32_t pos = positions[p];
      cr_assert_neq(GR_LAP_TAG(pos, shifts[s]), 0u); /* I3: not that of fresh memory */
      cr_assert_neq(GR_LAP_TAG(pos, shifts[s]), GR_LAP_TAG(pos - slots, shifts[s]));
      cr_assert_neq(GR_RUNQ_FREE(pos + slots, shifts[s]), GR_RUNQ_FREE(pos, shifts[s]));
      cr_assert_neq(GR_RUNQ_FREE(pos + slots, shifts[s]), GR_RUNQ_FULL(pos, shifts[s]));
      cr_assert_neq(GR_RUNQ_FULL(pos, shifts[s]), GR_RUNQ_FREE(pos, shifts[s]));
    }
  }
}
