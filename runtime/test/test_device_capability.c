/* test_device_capability.c - capabilities for channels: granted, narrowed, revoked, foreign, stale;
 * what is parked by them; the end of a channel; bad input. Next: test_device_cancel.c. */
#include "test_channel.h"

#include <errno.h>
#include <string.h>

static const struct grosr_channel_options OPTIONS = {.message_bytes = 8, .slots = 2};

/* The op's result, run in `context`. */
static int32_t run(struct tool *tool, uint64_t device, uint32_t context, uint32_t capability,
                   uint64_t what)
{
  struct grosr_task task = wish(tool, device, 4, capability, what);
  task.context = context;
  return tool_run(tool, &task);
}

static void granted_narrowed_revoked(struct tool *tool)
{
  uint64_t device, number = 1;
  uint32_t tenant = 0, other = 0, root = 0, theirs = 0, fewer = 0, again = 0, made = 77;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  CHECK_EQ(tool, grosr_context_open(tool->g, &tenant), 0);
  CHECK_EQ(tool, grosr_context_open(tool->g, &other), 0);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &OPTIONS, &root), 0);
  CHECK_EQ(tool,
           grosr_channel_grant(tool->g, root, tenant,
                               GROSR_CHANNEL_SEND | GROSR_CHANNEL_RECEIVE | GROSR_CHANNEL_GRANT,
                               &theirs),
           0);
  /* In its context, and in no other. */
  CHECK_EQ(tool, run(tool, device, tenant, theirs, TRY_SEND), 8);
  CHECK_EQ(tool, run(tool, device, tenant, theirs, TRY_RECEIVE), 8);
  CHECK_EQ(tool, run(tool, device, tenant, theirs, TRY_RECEIVE), -EAGAIN);
  CHECK_EQ(tool, run(tool, device, other, theirs, TRY_SEND), -EACCES);
  CHECK_EQ(tool, run(tool, device, 0, theirs, TRY_SEND), -EACCES);
  CHECK_EQ(tool, run(tool, device, tenant, root, SEND_THEN), -EACCES);
  /* No more rights than it has, no granting without the right to. */
  CHECK_EQ(tool, run(tool, device, tenant, theirs, CLOSE), -EACCES);
  CHECK_EQ(tool, grosr_channel_close(tool->g, theirs), -EACCES);
  CHECK(tool, strstr(grosr_last_error(), "narrowed") != NULL);
  CHECK_EQ(tool, grosr_channel_narrow(tool->g, theirs, GROSR_CHANNEL_ALL, &made), -EACCES);
  CHECK_EQ(tool, grosr_channel_narrow(tool->g, theirs, GROSR_CHANNEL_SEND, &fewer), 0);
  CHECK_EQ(tool, grosr_channel_grant(tool->g, fewer, other, GROSR_CHANNEL_SEND, &made), -EACCES);
  CHECK_EQ(tool, made, 77);
  CHECK_EQ(tool, grosr_channel_grant(tool->g, theirs, other, GROSR_CHANNEL_SEND, &again), 0);
  CHECK_EQ(tool, run(tool, device, tenant, fewer, TRY_SEND), 8);
  CHECK_EQ(tool, run(tool, device, tenant, fewer, TRY_RECEIVE), -EACCES);
  CHECK_EQ(tool, run(tool, device, other, again, TRY_SEND), 8);
  CHECK_EQ(tool, run(tool, device, other, again, TRY_SEND), -EAGAIN);
  CHECK_EQ(tool, grosr_channel_receive(tool->g, fewer, &number, 8, 0), -EACCES);
  /* Those that were made from it go with it, and it alone. */
  CHECK_EQ(tool, grosr_channel_revoke(tool->g, theirs), 0);
  CHECK_EQ(tool, run(tool, device, tenant, theirs, TRY_RECEIVE), -ESTALE);
  CHECK_EQ(tool, run(tool, device, tenant, fewer, TRY_SEND), -ESTALE);
  CHECK_EQ(tool, run(tool, device, other, again, TRY_SEND), -ESTALE);
  CHECK_EQ(tool, grosr_channel_send(tool->g, again, &number, 8, 0), -ESTALE);
  CHECK(tool, strstr(grosr_last_error(), "revoked") != NULL);
  CHECK_EQ(tool, grosr_channel_revoke(tool->g, again), -ESTALE);
  CHECK_EQ(tool, grosr_channel_receive(tool->g, root, &number, 8, 0), 8);
  /* One of the same place is another. */
  CHECK_EQ(tool, grosr_channel_grant(tool->g, root, tenant, GROSR_CHANNEL_SEND, &made), 0);
  CHECK(tool, made != theirs && made != fewer && made != again);
  CHECK_EQ(tool, run(tool, device, tenant, theirs, TRY_SEND), -ESTALE);
  CHECK_EQ(tool, run(tool, device, tenant, 0, TRY_SEND), -ESTALE);
  CHECK_EQ(tool, run(tool, device, tenant, UINT32_MAX, TRY_SEND), -ESTALE);
  CHECK_EQ(tool, words[6], 0); /* no continuation has run */
  tool_close(tool, 0);
}

/* Who is parked by a capability that is revoked is woken and told; the others stay. */
static void parked_and_revoked(struct tool *tool)
{
  uint64_t device, number = 3;
  uint32_t root = 0, first = 0, second = 0;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 32, &device);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &OPTIONS, &root), 0);
  CHECK_EQ(tool, grosr_channel_narrow(tool->g, root, GROSR_CHANNEL_RECEIVE, &first), 0);
  CHECK_EQ(tool, grosr_channel_narrow(tool->g, first, GROSR_CHANNEL_RECEIVE, &second), 0);
  const uint32_t by[3] = {first, root, second};
  for (uint32_t i = 0; i < 3u; i++) {
    const struct grosr_task task = wish(tool, device, 4u + 4u * i, by[i], RECEIVE_THEN);
    CHECK_EQ(tool, tool_run(tool, &task), 0);
  }
  CHECK_EQ(tool, grosr_channel_revoke(tool->g, first), 0);
  CHECK_EQ(tool, grosr_wait_signal(tool->g, &words[6], 1, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_wait_signal(tool->g, &words[14], 1, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, words[4], -ESTALE);
  CHECK_EQ(tool, words[12], -ESTALE);
  CHECK_EQ(tool, words[10], 0);
  CHECK_EQ(tool, grosr_channel_send(tool->g, root, &number, 8, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_wait_signal(tool->g, &words[10], 1, TOOL_WAIT_NS), 0);
  CHECK(tool, words[8] == 8u && words[9] == 3u);
  tool_close(tool, 0);
}

/* A tenant's end is that of what it has parked, and of its capabilities. */
static void tenant_ends(struct tool *tool)
{
  uint64_t device, number = 3;
  uint32_t tenant = 0, root = 0, theirs = 0;
  tool_open(tool);
  (void)tool_words(tool, 16, &device);
  CHECK_EQ(tool, grosr_context_open(tool->g, &tenant), 0);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &OPTIONS, &root), 0);
  CHECK_EQ(tool, grosr_channel_grant(tool->g, root, tenant, GROSR_CHANNEL_RECEIVE, &theirs), 0);
  struct grosr_task task = wish(tool, device, 4, theirs, RECEIVE_THEN);
  task.context = tenant;
  for (uint32_t i = 0; i < 20u; i++) {
    CHECK_EQ(tool, tool_run(tool, &task), 0);
  }
  CHECK_EQ(tool, grosr_context_close(tool->g, tenant), -EBUSY);
  CHECK_EQ(tool, grosr_context_kill(tool->g, tenant), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_context_close(tool->g, tenant), 0);
  CHECK_EQ(tool, grosr_channel_revoke(tool->g, theirs), -ESTALE);
  CHECK_EQ(tool, grosr_channel_send(tool->g, root, &number, 8, 0), 0);
  CHECK_EQ(tool, grosr_channel_receive(tool->g, root, &number, 8, 0), 8);
  tool_close(tool, 0);
}

/* A channel's place and memory are used again, whatever was left in them; old names stay old. */
static void places_are_used_again(struct tool *tool)
{
  uint32_t c[300] = {0}, old = 0;
  uint64_t number = 0, got = 0;
  tool->options.channel_bytes = 32768;
  tool_open(tool);
  for (uint32_t round = 0; round < 200u; round++) {
    const struct grosr_channel_options options = {.message_bytes = 8u + round % 50u * 8u,
                                                  .slots = 1u << round % 7u};
    uint32_t made = 0;
    CHECK_EQ(tool, grosr_channel_open(tool->g, &options, &made), 0);
    CHECK(tool, made != old);
    for (number = 0; number < options.slots; number++) {
      CHECK_EQ(tool, grosr_channel_send(tool->g, made, &number, 8, 0), 0);
    }
    CHECK_EQ(tool, grosr_channel_send(tool->g, made, &number, 8, 0), -EAGAIN);
    unsigned char buffer[512];
    for (uint64_t i = 0; i < options.slots / 2u; i++) { /* the rest goes with the channel */
      CHECK_EQ(tool, grosr_channel_receive(tool->g, made, buffer, sizeof buffer, 0), 8);
      memcpy(&got, buffer, 8);
      CHECK_EQ(tool, got, i);
    }
    CHECK_EQ(tool, grosr_channel_revoke(tool->g, made), 0);
    CHECK_EQ(tool, grosr_channel_send(tool->g, made, &number, 8, 0), -ESTALE);
    old = made;
  }
  const struct grosr_channel_options options = {.message_bytes = 48, .slots = 1};
  for (uint32_t i = 0; i < 256u; i++) {
    CHECK_EQ(tool, grosr_channel_open(tool->g, &options, &c[i]), 0);
  }
  CHECK_EQ(tool, grosr_channel_open(tool->g, &options, &old), -ENOSPC);
  CHECK(tool, strstr(grosr_last_error(), "channel_bytes") != NULL);
  CHECK_EQ(tool, grosr_channel_revoke(tool->g, c[100]), 0);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &options, &old), 0);
  tool_close(tool, 0);
}

static void bad_input(struct tool *tool)
{
  static const struct grosr_channel_options bad[] = {
      {.message_bytes = 0, .slots = 4},    {.message_bytes = 4097, .slots = 4},
      {.message_bytes = 8, .slots = 0},    {.message_bytes = 8, .slots = 3},
      {.message_bytes = 8, .slots = 131072}, {.message_bytes = 8, .slots = 4, .context = 5},
      {.message_bytes = 8, .slots = 4, .producers = (enum grosr_channel_users)2}};
  uint64_t device;
  uint32_t c = 9, d = 9;
  tool->options.channel_bytes = 100;
  CHECK_EQ(tool, grosr_open(&tool->options, &tool->g), -EINVAL);
  CHECK(tool, strstr(grosr_last_error(), "channel_bytes is 100") != NULL);
  tool->options.channel_bytes = 4096;
  tool_open(tool);
  (void)tool_words(tool, 16, &device);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    CHECK_EQ(tool, grosr_channel_open(tool->g, &bad[i], &c), -EINVAL);
    CHECK(tool, strstr(grosr_last_error(), "use") != NULL || i == 6u);
  }
  const struct grosr_channel_options large = {.message_bytes = 4096, .slots = 4};
  CHECK_EQ(tool, grosr_channel_open(tool->g, &large, &c), -ENOSPC);
  CHECK_EQ(tool, c, 9);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &OPTIONS, NULL), -EINVAL);
  CHECK_EQ(tool, grosr_channel_open(NULL, &OPTIONS, &c), -EINVAL);
  CHECK_EQ(tool, grosr_channel_revoke(NULL, 1), -EINVAL);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &OPTIONS, &c), 0);
  CHECK_EQ(tool, grosr_channel_grant(tool->g, c, 7, GROSR_CHANNEL_SEND, &d), -EINVAL);
  CHECK_EQ(tool, grosr_channel_grant(tool->g, c, GROSR_AUTO, GROSR_CHANNEL_SEND, &d), -EINVAL);
  CHECK_EQ(tool, grosr_channel_narrow(tool->g, c, 0, &d), -EINVAL);
  CHECK_EQ(tool, grosr_channel_narrow(tool->g, c, 16, &d), -EINVAL);
  CHECK_EQ(tool, d, 9);
  /* An op's: too long, too little room, more than scratch has, a continuation of tiles. */
  struct grosr_task task = wish(tool, device, 4, c, TRY_SEND);
  task.arg[2] = 9u;
  CHECK_EQ(tool, tool_run(tool, &task), -EMSGSIZE);
  task.arg[2] = (uint64_t)TRY_RECEIVE << 24 | 7u;
  CHECK_EQ(tool, tool_run(tool, &task), -EMSGSIZE);
  task.arg[2] = (uint64_t)SEND_THEN << 24 | 9u;
  CHECK_EQ(tool, tool_run(tool, &task), -EMSGSIZE);
  task.arg[2] = (uint64_t)RECEIVE_THEN << 24 | 7u;
  CHECK_EQ(tool, tool_run(tool, &task), -EMSGSIZE);
  task.arg[2] = (uint64_t)RECEIVE_THEN << 24 | 70000u;
  CHECK_EQ(tool, tool_run(tool, &task), -EINVAL);
  CHECK_EQ(tool, run(tool, device, 0, c, TRY_RECEIVE), -EAGAIN); /* nothing has happened */
  tool_close(tool, 0);
}

/* Every capability there is; then one is free again. */
static void all_capabilities(struct tool *tool)
{
  uint32_t c = 0, made = 0, last = 0, count = 0;
  tool_open(tool);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &OPTIONS, &c), 0);
  while (count < 2000u &&
         grosr_channel_narrow(tool->g, count != 0 ? last : c, GROSR_CHANNEL_SEND, &made) == 0) {
    last = made; /* a chain: each from the one before */
    count++;
  }
  CHECK_EQ(tool, count, 1023);
  CHECK(tool, strstr(grosr_last_error(), "revoke one") != NULL);
  CHECK_EQ(tool, grosr_channel_revoke(tool->g, c), 0);
  CHECK_EQ(tool, grosr_channel_revoke(tool->g, last), -ESTALE);
  CHECK_EQ(tool, grosr_channel_open(tool->g, &OPTIONS, &c), 0);
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"granted_narrowed_revoked", granted_narrowed_revoked},
      {"parked_and_revoked", parked_and_revoked},
      {"tenant_ends", tenant_ends},
      {"places_are_used_again", places_are_used_again},
      {"bad_input", bad_input},
      {"all_capabilities", all_capabilities},
      {NULL, NULL}};
  return tool_main(argc, argv, cases);
}
