/* test_device_event_end.c - events: what ends a wait otherwise, old handles, limits, errors.
 * Next: test_device_fork.c. */
#include "test_event.h"

static void closing_wakes_everybody(struct tool *tool)
{
  enum { HOST = 50, OPS = 200 };
  uint64_t device;
  grosr_ticket tickets[HOST];
  tool_open(tool);
  uint64_t *words = tool_words(tool, WORDS, &device);
  for (uint64_t round = 1; round <= 10u; round++) {
    const uint32_t event = event_open(tool), at[2] = {event, 2};
    for (uint32_t i = 0; i < HOST; i++) {
      CHECK_EQ(tool, wait_for(tool, device, event, 1u + i % 3u, &tickets[i]), 0);
    }
    CHECK_EQ(tool, ops_wait_for(tool, device, at, OPS), 0);
    close_event(tool, event);
    for (uint32_t i = 0; i < HOST; i++) {
      CHECK_EQ(tool, tool_wait(tool, tickets[i]), -ECANCELED);
    }
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, tool_stats(tool).cancelled, round * (HOST + OPS));
    CHECK_EQ(tool, words[ARRIVED], 0);
  }
  tool_close(tool, 0);
}

static void a_killed_contexts_tasks_wait_no_more(struct tool *tool)
{
  enum { MANY = 500 };
  uint64_t device;
  grosr_ticket tickets[MANY];
  uint32_t context = 0;
  tool->options.runq_slots = 2048; /* its credit is half of that */
  tool_open(tool);
  uint64_t *words = tool_words(tool, WORDS, &device);
  const uint32_t event[2] = {event_open(tool), event_open(tool)};
  for (uint32_t round = 0; round < 3u; round++) {
    CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
    for (uint32_t i = 0; i < MANY; i++) {
      struct grosr_task task = tool_task(tool, "arrive", device, round + 1u);
      task.context = i % 5u == 0 ? 0u : context;
      CHECK_EQ(tool, grosr_submit_after(tool->g, &task, event[i % 2u], round + 1u, &tickets[i]), 0);
    }
    struct grosr_task task = tool_task(tool, "after", device, event[0]); /* its children, too */
    task.context = context;
    task.arg[2] = round + 1u;
    task.arg[3] = 40;
    const int32_t result = tool_run(tool, &task);
    CHECK_EQ(tool, result, 0);
    CHECK_EQ(tool, grosr_context_kill(tool->g, context), 0);
    for (uint32_t i = 0; i < MANY; i++) {
      if (i % 5u != 0) {
        CHECK_EQ(tool, tool_wait(tool, tickets[i]), -ECANCELED);
      }
    }
    CHECK_EQ(tool, words[ARRIVED], round * MANY / 5u); /* the others wait on */
    CHECK_EQ(tool, op_signals(tool, device, event[0], 1), 0);
    CHECK_EQ(tool, op_signals(tool, device, event[1], 1), 0);
    for (uint32_t i = 0; i < MANY; i += 5u) {
      CHECK_EQ(tool, tool_wait(tool, tickets[i]), 0);
    }
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
  }
  close_event(tool, event[0]);
  close_event(tool, event[1]);
  tool_close(tool, 0);
}

static void a_cancel_is_seen_at_the_next_signal(struct tool *tool)
{
  uint64_t device;
  grosr_ticket ticket, other;
  tool_open(tool);
  uint64_t *words = tool_words(tool, WORDS, &device);
  const uint32_t event = event_open(tool);
  CHECK_EQ(tool, wait_for(tool, device, event, 9, &ticket), 0);
  CHECK_EQ(tool, wait_for(tool, device, event, 9, &other), 0);
  CHECK_EQ(tool, op_signals(tool, device, event, 1), 0); /* both are parked by now, or will be */
  CHECK_EQ(tool, grosr_cancel(tool->g, ticket), 0);
  int32_t result = 0;
  while (grosr_wait(tool->g, ticket, 0, &result) ==
         -ETIMEDOUT) { /* once a team has read the cancel */
    CHECK_EQ(tool, op_signals(tool, device, event, 0), 0);
  }
  CHECK_EQ(tool, result, -ECANCELED);
  CHECK(tool, !is_done(tool, other));
  const uint32_t at[2] = {event, 9};
  CHECK_EQ(tool, ops_wait_for(tool, device, at, 1), 0);
  CHECK_EQ(tool, op_signals(tool, device, event, 8), 0);
  CHECK_EQ(tool, tool_wait(tool, other), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK(tool, words[ARRIVED] == 2u && words[EARLY] == 0u);
  close_event(tool, event);
  tool_close(tool, 0);
}

/* ---- handles ---- */
static void check_stale(struct tool *tool, uint64_t device, uint32_t event)
{
  uint32_t value = 77;
  const uint32_t at[2] = {event, 0};
  check_sentence(tool, grosr_event_close(tool->g, event), -ENOENT, "use one from grosr_event");
  check_sentence(tool, grosr_event_signal(tool->g, event, 1), -ENOENT, "no such event");
  check_sentence(tool, grosr_event_value(tool->g, event, &value), -ENOENT, "no such event");
  check_sentence(tool, wait_for(tool, device, event, 0, NULL), -ENOENT, "no such event");
  CHECK_EQ(tool, value, 77);
  CHECK_EQ(tool, op_signals(tool, device, event, 1), -ENOENT);
  CHECK_EQ(tool, ops_wait_for(tool, device, at, 1), -ENOENT);
}

static void old_handles_are_refused(struct tool *tool)
{
  uint64_t device;
  grosr_ticket ticket;
  tool_open(tool);
  uint64_t *words = tool_words(tool, WORDS, &device);
  const uint32_t old = event_open(tool);
  CHECK_EQ(tool, op_signals(tool, device, old, 100), 0);
  close_event(tool, old);
  check_stale(tool, device, old);
  const uint32_t event = event_open(tool); /* in the same place, from 0 on */
  CHECK(tool, event != old && (event & 0xffffu) == (old & 0xffffu));
  CHECK_EQ(tool, value_of(tool, event), 0);
  words[SIGNALLED] = 0;
  CHECK_EQ(tool, wait_for(tool, device, event, 1, &ticket), 0);
  check_stale(tool, device, old);
  CHECK_EQ(tool, value_of(tool, event), 0);
  CHECK(tool, !is_done(tool, ticket));
  CHECK_EQ(tool, op_signals(tool, device, event, 1), 0);
  CHECK_EQ(tool, tool_wait(tool, ticket), 0);
  CHECK_EQ(tool, words[EARLY], 0);
  close_event(tool, event);
  check_stale(tool, device, 0);                /* never was one */
  check_stale(tool, device, 1u << 16 | 0x100); /* beyond the last */
  check_stale(tool, device, 0xffff);
  tool_close(tool, 0);
}

/* ---- limits and errors ---- */
static void all_events_are_open(struct tool *tool)
{
  uint32_t event[EVENTS], more = 0;
  tool_open(tool);
  for (uint32_t i = 0; i < EVENTS; i++) {
    event[i] = event_open(tool);
    CHECK_EQ(tool, value_of(tool, event[i]), 0);
  }
  check_sentence(tool, grosr_event_open(tool->g, &more), -EAGAIN, "all 255 events are open; close");
  close_event(tool, event[100]);
  more = event_open(tool);
  CHECK_EQ(tool, more & 0xffffu, event[100] & 0xffffu);
  event[100] = more;
  for (uint32_t i = 0; i < EVENTS; i++) {
    close_event(tool, event[i]);
  }
  tool_close(tool, 0);
}

static void too_many_wait(struct tool *tool)
{
  uint64_t device;
  grosr_ticket ticket;
  tool_open(tool);
  uint64_t *words = tool_words(tool, WORDS, &device);
  for (uint64_t round = 1; round <= 2u; round++) { /* all nodes come back */
    const uint32_t event = event_open(tool), at[2] = {event, 1};
    words[SIGNALLED] = words[ARRIVED] = 0;
    CHECK_EQ(tool, ops_wait_for(tool, device, at, WAITS), 0);
    CHECK_EQ(tool, ops_wait_for(tool, device, at, 1), -ENOMEM);
    CHECK_EQ(tool, wait_for(tool, device, event, 1, &ticket), 0);
    CHECK_EQ(tool, tool_wait(tool, ticket), -ENOMEM);
    CHECK_EQ(tool, wait_for(tool, device, event, 0, &ticket), 0); /* it need not wait */
    CHECK_EQ(tool, tool_wait(tool, ticket), 0);
    if (round == 1u) {
      CHECK_EQ(tool, op_signals(tool, device, event, 1), 0);
    }
    close_event(tool, event);
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, words[ARRIVED], round == 1u ? WAITS + 1u : 1u);
  }
  tool_close(tool, 0);
}

static void errors_have_sentences(struct tool *tool)
{
  uint64_t device;
  uint32_t value;
  tool_open(tool);
  (void)tool_words(tool, WORDS, &device);
  struct grosr_task task = tool_task(tool, "arrive", device, 0);
  struct grosr *g = tool->g;
  const uint32_t event = event_open(tool), at[2] = {event, 1};
  check_sentence(tool, grosr_event_open(g, NULL), -EINVAL, "null pointer");
  check_sentence(tool, grosr_event_open(NULL, &value), -EINVAL, "null pointer");
  check_sentence(tool, grosr_event_value(g, event, NULL), -EINVAL, "null pointer");
  check_sentence(tool, grosr_event_close(NULL, event), -ENOENT, "no such event");
  check_sentence(tool, grosr_event_signal(g, event, 0x80000000u), -EINVAL, "at most 2147483647");
  CHECK_EQ(tool, op_signals(tool, device, event, 0x80000000u), -EINVAL);
  check_sentence(tool, grosr_submit_after(g, NULL, event, 1, NULL), -EINVAL, "null pointer");
  task.arg[3] = 1;
  check_sentence(tool, grosr_submit_after(g, &task, event, 1, NULL), -EINVAL, "set arg[3] to 0");
  task.arg[3] = 0;
  task.tiles = 2;
  check_sentence(tool, grosr_submit_after(g, &task, event, 1, NULL), -EINVAL, "one tile");
  task.tiles = 0;
  task.context = 9;
  check_sentence(tool, grosr_submit_after(g, &task, event, 1, NULL), -EINVAL, "context 9");
  task.context = 0;
  task.op = 10000;
  check_sentence(tool, grosr_submit_after(g, &task, event, 1, NULL), -EINVAL, "op 10000");
  CHECK_EQ(tool, ops_wait_for(tool, device, at, 0), -EINVAL); /* no such op */
  CHECK_EQ(tool, value_of(tool, event), 0);
  close_event(tool, event);
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"closing_wakes_everybody", closing_wakes_everybody},
      {"a_killed_contexts_tasks_wait_no_more", a_killed_contexts_tasks_wait_no_more},
      {"a_cancel_is_seen_at_the_next_signal", a_cancel_is_seen_at_the_next_signal},
      {"old_handles_are_refused", old_handles_are_refused},
      {"all_events_are_open", all_events_are_open},
      {"too_many_wait", too_many_wait},
      {"errors_have_sentences", errors_have_sentences},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
