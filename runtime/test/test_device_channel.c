/* test_device_channel.c - channels: what is sent is received once and in order, between ops and the
 * host; tasks that wait, deadlines, closing. Next: test_device_capability.c. */
#include "test_channel.h"

#include <errno.h>
#include <string.h>

/* ---- many messages, with back-pressure by continuation ---- */
struct stream {
  uint32_t producers, consumers;
  uint32_t slots;
  uint64_t messages; /* of each producer */
};

static void stream(struct tool *tool, const struct stream *s)
{
  const struct grosr_channel_options options = {
      .message_bytes = 16,
      .slots = s->slots,
      .producers = s->producers == 1u ? GROSR_CHANNEL_ONE : GROSR_CHANNEL_MANY,
      .consumers = s->consumers == 1u ? GROSR_CHANNEL_ONE : GROSR_CHANNEL_MANY};
  uint64_t device;
  uint32_t capability = 0;
  uint64_t *words = tool_words(tool, 512, &device);
  memset(words, 0, 512 * sizeof *words);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &options, &capability), 0);
  for (uint64_t i = 0; i < s->consumers; i++) {
    struct grosr_task task = tool_task(tool, "consume", device, i << 32 | capability);
    CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
  }
  for (uint64_t i = 0; i < s->producers; i++) {
    struct grosr_task task = tool_task(tool, "produce", device, i << 32 | capability);
    task.arg[2] = s->messages;
    CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
  }
  const uint64_t all = s->producers * s->messages;
  if (grosr_wait_signal(tool->g, &words[CHANNEL_COUNT], all, 3 * TOOL_WAIT_NS) < 0) {
    CHECK_EQ(tool, words[CHANNEL_COUNT], all);
    tool_black_box(tool->g);
  }
  CHECK_EQ(tool, grosr_channel_close(tool->g, capability), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, words[CHANNEL_COUNT], all); /* none twice */
  CHECK_EQ(tool, words[CHANNEL_SUM], s->producers * (s->messages * (s->messages + 1u) / 2u));
  CHECK_EQ(tool, words[CHANNEL_WRONG], 0);
  CHECK_EQ(tool, words[CHANNEL_PIPES], s->consumers);
  CHECK_EQ(tool, grosr_channel_revoke(tool->g, capability), 0);
}

static void streams(struct tool *tool)
{
  static const struct stream all[] = {{1, 1, 1, 3000},  {1, 1, 256, 20000}, {3, 1, 4, 5000},
                                      {1, 3, 16, 10000}, {4, 4, 2, 2000},    {8, 8, 64, 5000}};
  tool->options.shared_bytes = 1u << 20;
  tool_open(tool);
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    stream(tool, &all[i]);
  }
  tool_close(tool, 0);
}

static void a_million_messages(struct tool *tool)
{
  const struct stream s = {4, 3, 64, 250000};
  tool_open(tool);
  stream(tool, &s);
  tool_close(tool, 0);
}

/* ---- the host ---- */
static void host_sends_and_receives(struct tool *tool)
{
  const struct grosr_channel_options options = {.message_bytes = 100, .slots = 4};
  char text[128] = "", got[128];
  uint32_t c = 0;
  tool_open(tool);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &options, &c), 0);
  for (uint32_t round = 0; round < 50u; round++) {
    for (uint32_t i = 0; i < 4u; i++) {
      memset(text, (int)(round + i), sizeof text);
      CHECK_EQ(tool, grosr_channel_send(tool->g, c, text, 25u * i, 0), 0);
    }
    CHECK_EQ(tool, grosr_channel_send(tool->g, c, text, 1, 0), -EAGAIN);
    CHECK(tool, strstr(grosr_last_error(), "full") != NULL);
    for (uint32_t i = 0; i < 4u; i++) {
      memset(got, 0, sizeof got);
      CHECK_EQ(tool, grosr_channel_receive(tool->g, c, got, sizeof got, 0), 25 * (int64_t)i);
      CHECK(tool, i == 0 || (got[0] == (char)(round + i) && got[25u * i - 1u] == got[0]));
      CHECK_EQ(tool, got[25u * i], 0);
    }
    CHECK_EQ(tool, grosr_channel_receive(tool->g, c, got, sizeof got, 0), -EAGAIN);
  }
  CHECK_EQ(tool, grosr_channel_send(tool->g, c, text, 101, 0), -EMSGSIZE);
  CHECK(tool, strstr(grosr_last_error(), "at most 100") != NULL);
  CHECK_EQ(tool, grosr_channel_receive(tool->g, c, got, 99, 0), -EMSGSIZE);
  CHECK_EQ(tool, grosr_channel_send(tool->g, c, NULL, 1, 0), -EINVAL);
  CHECK_EQ(tool, grosr_channel_receive(tool->g, c, NULL, 100, 0), -EINVAL);
  tool_close(tool, 0);
}

/* Ops and the host on one channel, the host's waits ended by an op and an op's by the host. */
static void host_and_ops(struct tool *tool)
{
  const struct grosr_channel_options options = {.message_bytes = 8, .slots = 1};
  uint64_t device, number = 7, got = 0;
  uint32_t c = 0;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &options, &c), 0);
  const struct grosr_task receive = wish(tool, device, 4, c, RECEIVE_THEN);
  CHECK_EQ(tool, tool_run(tool, &receive), 0);
  CHECK_EQ(tool, words[6], 0);
  CHECK_EQ(tool, grosr_channel_send(tool->g, c, &number, 8, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_wait_signal(tool->g, &words[6], 1, TOOL_WAIT_NS), 0);
  CHECK(tool, words[4] == 8u && words[5] == 7u);
  words[0] = 9u; /* two sends for one slot: the second waits for the host */
  const struct grosr_task send = wish(tool, device, 8, c, SEND_THEN);
  CHECK_EQ(tool, tool_run(tool, &send), 0);
  CHECK_EQ(tool, grosr_wait_signal(tool->g, &words[10], 1, TOOL_WAIT_NS), 0);
  const struct grosr_task second = wish(tool, device, 12, c, SEND_THEN);
  CHECK_EQ(tool, tool_run(tool, &second), 0);
  for (uint32_t i = 0; i < 2u; i++) {
    CHECK_EQ(tool, grosr_channel_receive(tool->g, c, &got, 8, TOOL_WAIT_NS), 8);
    CHECK_EQ(tool, got, 9);
  }
  CHECK_EQ(tool, grosr_wait_signal(tool->g, &words[14], 1, TOOL_WAIT_NS), 0);
  CHECK(tool, words[8] == 8u && words[12] == 8u);
  tool_close(tool, 0);
}

/* ---- deadlines ---- */
static void deadlines(struct tool *tool)
{
  const struct grosr_channel_options options = {.message_bytes = 8, .slots = 1};
  uint64_t device, number = 1;
  uint32_t c = 0;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &options, &c), 0);
  uint64_t since_ns = tool_now_ns();
  CHECK_EQ(tool, grosr_channel_receive(tool->g, c, &number, 8, 5000000u), -ETIMEDOUT);
  CHECK(tool, tool_now_ns() - since_ns >= 5000000u);
  tool_nap_ns(5000000u); /* whoever slept, sleeps */
  since_ns = tool_now_ns();
  struct grosr_task receive = wish(tool, device, 4, c, RECEIVE_THEN);
  receive.arg[3] = 10000000u;
  CHECK_EQ(tool, tool_run(tool, &receive), 0);
  struct grosr_task later = wish(tool, device, 8, c, RECEIVE_THEN);
  later.arg[3] = 20000000u;
  CHECK_EQ(tool, tool_run(tool, &later), 0);
  CHECK_EQ(tool, grosr_wait_signal(tool->g, &words[6], 1, TOOL_WAIT_NS), 0);
  CHECK(tool, tool_now_ns() - since_ns >= 10000000u);
  CHECK_EQ(tool, grosr_wait_signal(tool->g, &words[10], 1, TOOL_WAIT_NS), 0);
  CHECK(tool, tool_now_ns() - since_ns >= 20000000u);
  CHECK_EQ(tool, words[4], -ETIMEDOUT);
  CHECK_EQ(tool, words[8], -ETIMEDOUT);
  CHECK_EQ(tool, grosr_channel_send(tool->g, c, &number, 8, 0), 0);
  CHECK_EQ(tool, grosr_channel_send(tool->g, c, &number, 8, 3000000u), -ETIMEDOUT);
  CHECK(tool, strstr(grosr_last_error(), "nothing was sent") != NULL);
  struct grosr_task send = wish(tool, device, 12, c, SEND_THEN);
  send.arg[3] = 3000000u;
  CHECK_EQ(tool, tool_run(tool, &send), 0);
  CHECK_EQ(tool, grosr_wait_signal(tool->g, &words[14], 1, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, words[12], -ETIMEDOUT);
  CHECK_EQ(tool, grosr_channel_receive(tool->g, c, &number, 8, 0), 8); /* that one alone */
  CHECK_EQ(tool, grosr_channel_receive(tool->g, c, &number, 8, 0), -EAGAIN);
  tool_close(tool, 0);
}

/* ---- closing ---- */
static void close_wakes_everybody(struct tool *tool)
{
  enum { MANY = 100 };
  const struct grosr_channel_options options = {.message_bytes = 8, .slots = 2};
  uint64_t device, got = 0;
  uint32_t c = 0, d = 0;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8u * MANY + 8u, &device);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &options, &c), 0);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &options, &d), 0);
  words[0] = 5u;
  for (uint32_t i = 0; i < MANY; i++) { /* c: two are sent, the others wait; d: all wait */
    const struct grosr_task send = wish(tool, device, 8u + 8u * i, c, SEND_THEN);
    const struct grosr_task receive = wish(tool, device, 12u + 8u * i, d, RECEIVE_THEN);
    CHECK_EQ(tool, tool_run(tool, &send), 0);
    CHECK_EQ(tool, tool_run(tool, &receive), 0);
  }
  CHECK_EQ(tool, grosr_channel_close(tool->g, c), 0);
  const struct grosr_task by_op = wish(tool, device, 0, d, CLOSE);
  CHECK_EQ(tool, tool_run(tool, &by_op), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  uint32_t sent = 0;
  for (uint32_t i = 0; i < MANY; i++) {
    const uint64_t *s = words + 8u + 8u * i, *r = words + 12u + 8u * i;
    CHECK(tool, s[2] == 1u && r[2] == 1u && (int64_t)r[0] == -EPIPE);
    CHECK(tool, s[0] == 8u || (int64_t)s[0] == -EPIPE);
    sent += s[0] == 8u ? 1u : 0u;
  }
  CHECK_EQ(tool, sent, 2);
  CHECK_EQ(tool, grosr_channel_send(tool->g, c, &got, 8, TOOL_WAIT_NS), -EPIPE);
  for (uint32_t i = 0; i < 2u; i++) { /* what was sent is still there */
    CHECK_EQ(tool, grosr_channel_receive(tool->g, c, &got, 8, 0), 8);
    CHECK_EQ(tool, got, 5);
  }
  CHECK_EQ(tool, grosr_channel_receive(tool->g, c, &got, 8, TOOL_WAIT_NS), -EPIPE);
  CHECK(tool, strstr(grosr_last_error(), "closed") != NULL);
  CHECK_EQ(tool, grosr_channel_close(tool->g, c), 0);
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {{"streams", streams},
                                           {"a_million_messages", a_million_messages},
                                           {"host_sends_and_receives", host_sends_and_receives},
                                           {"host_and_ops", host_and_ops},
                                           {"deadlines", deadlines},
                                           {"close_wakes_everybody", close_wakes_everybody},
                                           {NULL, NULL}};
  return tool_main(argc, argv, cases);
}
