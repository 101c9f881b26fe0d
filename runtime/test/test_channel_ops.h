/* test_channel_ops.h - the ops of test_image.c that use channels, for test_device_channel.c and
 * bench_channel.c. Argument 0 is the address of 64-bit words in shared memory, the low half of
 * argument 1 a capability; argument 3 is for what came of waiting. Next: test_device_channel.c. */
#pragma once

/* What the others need to know of words: messages received, the sum of them, order broken. */
enum { CHANNEL_COUNT = 0, CHANNEL_SUM = 1, CHANNEL_WRONG = 2, CHANNEL_PIPES = 3,
       CHANNEL_SENDERS = 8, CHANNEL_SENDER_WORDS = 8, CHANNEL_ORDER = 128 };

/* words[argument 1 >> 32]: what came of it; the one behind: the message, if it was received; the
 * one behind that: how often. */
GR_DEV int32_t transferred(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t) + (gr_arg_u64(team, 1) >> 32);
  if (gr_lane() == 0u) {
    words[1] = *(const uint64_t *)gr_scratch(team);
    words[0] = (uint64_t)(int64_t)gr_channel_status(team);
    /* One at a time comes to these words; the host reads the others when it has seen this one. */
    gr_au64 *const times = (gr_au64 *)&words[2];
    gr_store_release_sys_u64(times, gr_load_relaxed_sys_u64(times) + 1u);
  }
  return GR_OK;
}

/* By bits 24 to 31 of argument 2: tries to send (0) or receive (1) its low 24 bits of bytes at
 * words, in the continuation `transferred` (2, 3) within argument 3 ns, or closes (4). */
GR_DEV int32_t transfer(struct gr_team *team)
{
  const uint32_t capability = (uint32_t)gr_arg_u64(team, 1);
  const uint32_t what = (uint32_t)gr_arg_u64(team, 2) >> 24;
  const uint32_t bytes = (uint32_t)gr_arg_u64(team, 2) & 0xffffffu;
  void *words = gr_arg_ptr(team, 0, void);
  const struct gr_transfer wish = {capability, bytes, what == 2u ? gr_arg_u64(team, 0) : 0u,
                                   gr_arg_u64(team, 3)};
  struct gr_task next = gr_task_make(team, GR_ID(transferred));
  next.arg[0] = gr_arg_u64(team, 0);
  next.arg[1] = gr_arg_u64(team, 1);
  switch (what) {
  case 0:
    return gr_channel_try_send_team(team, capability, words, bytes);
  case 1:
    return gr_channel_try_receive_team(team, capability, words, bytes);
  case 2:
    return gr_channel_send_then_team(team, &wish, &next);
  case 3:
    return gr_channel_receive_then_team(team, &wish, &next);
  default:
    return gr_channel_close_team(team, capability);
  }
}

/* Sends messages {sender, number} for number = 0 to argument 2 - 1; the sender is argument 1 >> 32.
 * Where there is no room, it goes on from there when there is. */
GR_DEV int32_t produce(struct gr_team *team)
{
  const uint64_t sender = gr_arg_u64(team, 1) >> 32;
  uint64_t *mine = gr_arg_ptr(team, 0, uint64_t) + CHANNEL_SENDERS + CHANNEL_SENDER_WORDS * sender;
  const uint32_t capability = (uint32_t)gr_arg_u64(team, 1);
  int32_t status = gr_channel_status(team);
  uint64_t number = mine[0];
  while (status >= 0 && number < gr_arg_u64(team, 2)) {
    gr_team_barrier();
    if (gr_lane() == 0u) {
      mine[2] = sender;
      mine[3] = number;
      mine[0] = number + 1u;
    }
    number++;
    status = gr_channel_try_send_team(team, capability, &mine[2], 16u);
    if (status == GR_E_AGAIN) {
      const struct gr_transfer wish = {capability, 16u, (uint64_t)(uintptr_t)&mine[2],
                                       GR_NO_DEADLINE};
      struct gr_task next = *team->task;
      next.arg[3] = 0u;
      status = gr_channel_send_then_team(team, &wish, &next);
      break;
    }
  }
  if (status == GR_E_PIPE) {
    add_to(gr_arg_ptr(team, 0, uint64_t) + CHANNEL_PIPES, 1u);
  }
  return status < 0 ? status : GR_OK;
}

/* Receives until the channel is closed; the receiver is argument 1 >> 32, of argument 2 senders.
 * Counts, sums, and looks whether numbers of each sender rise. */
GR_DEV int32_t consume(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  uint64_t *order = words + CHANNEL_ORDER + 16u * (gr_arg_u64(team, 1) >> 32);
  const uint64_t *message = (const uint64_t *)gr_scratch(team);
  const uint32_t capability = (uint32_t)gr_arg_u64(team, 1);
  int32_t status = gr_channel_status(team);
  uint64_t count = 0u, sum = 0u, wrong = 0u;
  for (uint32_t i = 0u; i < 64u && status >= 0; i++) {
    if (status == 16 && gr_lane() == 0u) { /* order[]: the least number that may come */
      wrong += message[0] >= 16u || message[1] < order[message[0]] ? 1u : 0u;
      order[message[0] & 15u] = message[1] + 1u;
      sum += message[1] + 1u;
      count++;
    }
    status = gr_channel_try_receive_team(team, capability, gr_scratch(team), 16u);
  }
  if (gr_lane() == 0u) {
    const uint64_t last = status == 16 ? 1u : 0u; /* at hand yet */
    wrong += last != 0u && message[1] < order[message[0] & 15u] ? 1u : 0u;
    order[message[0] & 15u] = last != 0u ? message[1] + 1u : order[message[0] & 15u];
    gr_add_relaxed_gpu_u64((gr_au64 *)&words[CHANNEL_SUM], sum + (last ? message[1] + 1u : 0u));
    gr_add_relaxed_gpu_u64((gr_au64 *)&words[CHANNEL_WRONG], wrong);
    gr_add_release_gpu_u64((gr_au64 *)&words[CHANNEL_COUNT], count + last);
  }
  gr_team_barrier();
  if (status >= 0 || status == GR_E_AGAIN) {
    const struct gr_transfer wish = {capability, 16u, 0u, GR_NO_DEADLINE};
    struct gr_task next = *team->task;
    next.arg[3] = 0u;
    status = gr_channel_receive_then_team(team, &wish, &next);
  }
  if (status == GR_E_PIPE) { /* also where it was closed since the last try */
    add_to(&words[CHANNEL_PIPES], 1u);
    return GR_OK;
  }
  return status;
}

/* Sends on to the capability of argument 2 what it has received by that of argument 1, less one;
 * ends at 0, which it stores to words[0]. Each hop is a continuation. */
GR_DEV int32_t bounce(struct gr_team *team)
{
  uint64_t *message = (uint64_t *)gr_scratch(team);
  const uint64_t left = gr_channel_status(team) == 8 ? message[0] : 0u;
  const struct gr_transfer wish = {(uint32_t)gr_arg_u64(team, 1), 8u, 0u, GR_NO_DEADLINE};
  struct gr_task next = *team->task;
  next.arg[3] = 0u;
  if (gr_channel_status(team) < 0) {
    return gr_channel_status(team);
  }
  if (gr_channel_status(team) == 8) {
    gr_team_barrier();
    if (gr_lane() == 0u) {
      message[0] = left - 1u;
    }
    if (left == 0u) {
      if (gr_lane() == 0u) {
        gr_store_release_sys_u64(gr_arg_ptr(team, 0, gr_au64), 1u);
      }
      return GR_OK;
    }
    const int32_t status =
        gr_channel_try_send_team(team, (uint32_t)gr_arg_u64(team, 2), message, 8u);
    if (status < 0) {
      return status;
    }
  }
  return gr_channel_receive_then_team(team, &wish, &next);
}
