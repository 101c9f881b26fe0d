/* test_device_event.c - events: a signal wakes who waits for it, many at once, values wrap.
 * Next: test_device_event_end.c. */
#include "test_event.h"

static void a_task_waits_for_its_value(struct tool *tool)
{
  uint64_t device;
  grosr_ticket ticket[5];
  tool_open(tool);
  uint64_t *words = tool_words(tool, WORDS, &device);
  const uint32_t event = event_open(tool);
  for (uint32_t i = 0; i < 5u; i++) { /* each waits for another value */
    CHECK_EQ(tool, wait_for(tool, device, event, i, &ticket[i]), 0);
  }
  for (uint32_t i = 0; i < 5u; i++) {
    CHECK_EQ(tool, tool_wait(tool, ticket[i]), 0);
    CHECK_EQ(tool, words[ARRIVED], i + 1u);
    CHECK_EQ(tool, value_of(tool, event), i);
    words[SIGNALLED]++;
    CHECK_EQ(tool, grosr_event_signal(tool->g, event, 1), 0);
    while (value_of(tool, event) == i) {
    }
  }
  CHECK_EQ(tool, wait_for(tool, device, event, 5, &ticket[0]), 0); /* it is already there */
  CHECK_EQ(tool, tool_wait(tool, ticket[0]), 0);
  CHECK_EQ(tool, wait_for(tool, device, event, 2, &ticket[0]), 0);
  CHECK_EQ(tool, tool_wait(tool, ticket[0]), 0);
  CHECK_EQ(tool, wait_for(tool, device, event, 15, NULL), 0); /* nobody waits for its ticket */
  CHECK_EQ(tool, op_signals(tool, device, event, 10), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK(tool, words[ARRIVED] == 8u && words[EARLY] == 0u);
  close_event(tool, event);
  tool_close(tool, 0);
}

static void ops_wait_and_signal(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, WORDS, &device);
  const uint32_t event = event_open(tool);
  uint64_t arrived = 0;
  for (uint32_t round = 0; round < 50u; round++) {
    const uint32_t next[2] = {event, 3u * round + 3u}, past[2] = {event, 3u * round};
    CHECK_EQ(tool, ops_wait_for(tool, device, next, 7), 0);
    CHECK_EQ(tool, ops_wait_for(tool, device, past, 2), 0); /* these need not wait */
    CHECK_EQ(tool, op_signals(tool, device, event, 1), 0);
    CHECK_EQ(tool, op_signals(tool, device, event, 1), 0);
    CHECK(tool, words[ARRIVED] <= arrived + 2u);
    CHECK_EQ(tool, op_signals(tool, device, event, 1), 0);
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    arrived += 9u;
    CHECK_EQ(tool, words[ARRIVED], arrived);
  }
  CHECK_EQ(tool, words[EARLY], 0);
  close_event(tool, event);
  tool_close(tool, 0);
}

/* All are taken in one exchange; and there is no room in the queue for most of them. */
static void one_signal_wakes_many(struct tool *tool)
{
  enum { HOST = 300, OPS = 1700 };
  uint64_t device;
  grosr_ticket tickets[HOST];
  tool->options.runq_slots = 64;
  tool_open(tool);
  uint64_t *words = tool_words(tool, WORDS, &device);
  const uint32_t event = event_open(tool);
  for (uint32_t round = 1; round <= 5u; round++) {
    const uint32_t at[2] = {event, round};
    for (uint32_t i = 0; i < HOST; i++) {
      CHECK_EQ(tool, wait_for(tool, device, event, round, &tickets[i]), 0);
    }
    CHECK_EQ(tool, ops_wait_for(tool, device, at, OPS), 0);
    CHECK_EQ(tool, words[ARRIVED], (round - 1u) * (HOST + OPS));
    if (round % 2u == 0) {
      CHECK_EQ(tool, op_signals(tool, device, event, 1), 0);
    } else {
      words[SIGNALLED]++;
      CHECK_EQ(tool, grosr_event_signal(tool->g, event, 1), 0);
    }
    for (uint32_t i = 0; i < HOST; i++) {
      CHECK_EQ(tool, tool_wait(tool, tickets[i]), 0);
    }
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK(tool, words[ARRIVED] == round * (HOST + OPS) && words[EARLY] == 0u);
  }
  close_event(tool, event);
  tool_close(tool, 0);
}

/* Waits and signals of many tasks at once, at four events; each is woken, and none too early. */
static void waits_meet_signals(struct tool *tool)
{
  enum { ROUNDS = 4000, BATCH = 200 }; /* of a batch there is room for all that wait */
  uint64_t device[4], seed = 23, waited[4] = {0}, signalled[4] = {0};
  uint64_t *words[4];
  uint32_t event[4];
  tool->options.completion_slots = 64;
  tool_open(tool);
  for (uint32_t i = 0; i < 4u; i++) {
    words[i] = tool_words(tool, WORDS, &device[i]);
    event[i] = event_open(tool);
  }
  for (uint32_t i = 0; i < ROUNDS; i++) {
    uint32_t e = (uint32_t)tool_random(&seed) % 4u;
    const bool signals = tool_random(&seed) % 2u == 0;
    struct grosr_task task = tool_task(tool, signals ? "signal" : "after", device[e], event[e]);
    task.arg[2] = signals ? 1u + tool_random(&seed) % 3u : signalled[e] + tool_random(&seed) % 8u;
    task.arg[3] = 1u + tool_random(&seed) % 4u;
    signalled[e] += signals ? task.arg[2] : 0u;
    waited[e] += signals ? 0u : task.arg[3];
    CHECK_EQ(tool, grosr_submit_many(tool->g, &task, 1, TOOL_WAIT_NS, NULL), 1);
    for (e = 0; e < 4u && i % BATCH == BATCH - 1u; e++) {
      signalled[e] += 8u;
      CHECK_EQ(tool, op_signals(tool, device[e], event[e], 8), 0);
    }
    if (i % BATCH == BATCH - 1u) {
      CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    }
  }
  for (uint32_t i = 0; i < 4u; i++) {
    CHECK(tool, words[i][ARRIVED] == waited[i] && words[i][EARLY] == 0u);
    CHECK_EQ(tool, value_of(tool, event[i]), signalled[i]);
    close_event(tool, event[i]);
  }
  tool_close(tool, 0);
}

static void values_wrap(struct tool *tool)
{
  uint64_t device;
  grosr_ticket near, far;
  tool_open(tool);
  uint64_t *words = tool_words(tool, WORDS, &device);
  const uint32_t event = event_open(tool);
  CHECK_EQ(tool, wait_for(tool, device, event, 0x7fffffffu, &near), 0);
  CHECK_EQ(tool, op_signals(tool, device, event, 0x7ffffffeu), 0);
  CHECK(tool, !is_done(tool, near));
  CHECK_EQ(tool, op_signals(tool, device, event, 1), 0);
  CHECK_EQ(tool, tool_wait(tool, near), 0);
  CHECK_EQ(tool, op_signals(tool, device, event, 0x7fffffffu), 0);
  CHECK_EQ(tool, value_of(tool, event), 0xfffffffeu);
  words[SIGNALLED] = 0; /* from here on modulo 2^32, as the value */
  CHECK_EQ(tool, wait_for(tool, device, event, 0xffffffffu, &near), 0);
  CHECK_EQ(tool, wait_for(tool, device, event, 3, &far), 0); /* around the corner */
  words[SIGNALLED] = 0xffffffffu;
  CHECK_EQ(tool, grosr_event_signal(tool->g, event, 1), 0);
  CHECK_EQ(tool, tool_wait(tool, near), 0);
  CHECK(tool, !is_done(tool, far));
  CHECK_EQ(tool, op_signals(tool, device, event, 4), 0);
  CHECK_EQ(tool, tool_wait(tool, far), 0);
  CHECK_EQ(tool, value_of(tool, event), 3);
  CHECK(tool, words[ARRIVED] == 3u && words[EARLY] == 0u);
  close_event(tool, event);
  tool_close(tool, 0);
}

/* What waits is kept while the microkernel is away. */
static void waits_outlast_a_rest(struct tool *tool)
{
  uint64_t device;
  grosr_ticket ticket;
  tool->options.idle_exit_ns = 1000000;
  tool_open(tool);
  uint64_t *words = tool_words(tool, WORDS, &device);
  const uint32_t event = event_open(tool);
  for (uint32_t round = 1; round <= 5u; round++) {
    CHECK_EQ(tool, wait_for(tool, device, event, round, &ticket), 0);
    tool_nap_ns(4000000);
    CHECK(tool, !is_done(tool, ticket));
    CHECK_EQ(tool, op_signals(tool, device, event, 1), 0);
    CHECK_EQ(tool, tool_wait(tool, ticket), 0);
  }
  CHECK(tool, words[ARRIVED] == 5u && words[EARLY] == 0u);
  close_event(tool, event);
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"a_task_waits_for_its_value", a_task_waits_for_its_value},
      {"ops_wait_and_signal", ops_wait_and_signal},
      {"one_signal_wakes_many", one_signal_wakes_many},
      {"waits_meet_signals", waits_meet_signals},
      {"values_wrap", values_wrap},
      {"waits_outlast_a_rest", waits_outlast_a_rest},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
