/* scenario_channel.c - protocols of channels, for every schedule to be tried: send against receive,
 * and park against both (device/channel.h, channel_wait.h: C1, C4, C5).
 *
 * Next: scenario_channel_end.c. */
#include "sim/scenario_channel.h"

/* ---- send against receive ---- */
static void *send_three(void *argument)
{
  send_all(1u, 1u, 4u);
  return argument;
}

static void stream(uint32_t shift, uint32_t single)
{
  begin(shift, single);
  const uint32_t id = gr_protocol_spawn("sender", send_three, NULL);
  for (uint32_t i = 1; i <= 3u; i++) {
    while (try_receive(0) != 8) {
      gr_sim_retry(i);
    }
    gr_sim_expect(C.received == (2u << i) - 2u); /* in order */
  }
  gr_sim_join(id);
}

void gr_scenario_channel(void *argument)
{
  (void)argument;
  stream(0u, 3u);
}
void gr_scenario_channel_wide(void *argument)
{
  (void)argument;
  stream(1u, 0u);
}

/* Two senders, of which one receives, too. */
static void *send_two(void *argument)
{
  send_all(1u, 4u, 6u);
  return argument;
}
void gr_scenario_channel_two(void *argument)
{
  (void)argument;
  begin(0u, 0u);
  const uint32_t id = gr_protocol_spawn("sender", send_two, NULL);
  bool is_sent = false;
  for (uint64_t count = 0; count < 3u;) {
    is_sent = is_sent || try_send(0u, 3u) == 8;
    if (try_receive(0) == 8) {
      count++;
    } else {
      gr_sim_retry(count << 1 | (is_sent ? 1u : 0u));
    }
  }
  gr_sim_join(id);
  gr_sim_expect(C.received == 0x38u);
}

/* ---- parked ---- */
/* A message comes while its receiver parks: C4, C6. */
static void *send_number_one(void *argument)
{
  gr_sim_expect(try_send(1u, 1u) == 8);
  return argument;
}
void gr_scenario_channel_park(void *argument)
{
  (void)argument;
  begin(0u, 0u);
  const uint32_t id = gr_protocol_spawn("sender", send_number_one, NULL);
  park(0u, 0u, GR_CHANNEL_RECEIVE, CAPABILITY);
  work(0u, 1u);
  gr_sim_join(id);
  gr_sim_expect(C.received == 2u && C.dev->wait_free.v != 0u);
}

/* Room comes while a sender parks. */
static void *receive_one(void *argument)
{
  gr_sim_expect(try_receive(1u) == 8);
  return argument;
}
void gr_scenario_channel_room(void *argument)
{
  (void)argument;
  begin(0u, 0u);
  gr_sim_expect(try_send(0u, 1u) == 8);
  C.message[0] = 2u;
  const uint32_t id = gr_protocol_spawn("receiver", receive_one, NULL);
  park(0u, 0u, GR_CHANNEL_SEND, CAPABILITY);
  work(0u, 1u);
  gr_sim_join(id);
  gr_sim_expect(C.is_sent && try_receive(1u) == 8 && C.received == 6u);
}

/* Two receivers are parked; two messages come, the second perhaps before the first: C5, C7. */
void gr_scenario_channel_pass(void *argument)
{
  (void)argument;
  begin(1u, 0u);
  park(0u, 0u, GR_CHANNEL_RECEIVE, CAPABILITY);
  park(0u, 1u, GR_CHANNEL_RECEIVE, CAPABILITY);
  const uint32_t id = gr_protocol_spawn("sender", send_number_one, NULL);
  gr_sim_expect(try_send(0u, 2u) == 8);
  work(0u, 2u);
  gr_sim_join(id);
  gr_sim_expect(C.received == 6u);
}

/* The same, and one is parked again by another team meanwhile, at the top of the list: C7. */
static void *work_one(void *argument)
{
  work(1u, 1u);
  return argument;
}
void gr_scenario_channel_list(void *argument)
{
  (void)argument;
  begin(1u, 0u);
  park(0u, 0u, GR_CHANNEL_RECEIVE, CAPABILITY);
  park(0u, 1u, GR_CHANNEL_RECEIVE, CAPABILITY);
  const uint32_t id = gr_protocol_spawn("worker", work_one, NULL);
  gr_sim_expect(try_send(0u, 2u) == 8 && try_send(0u, 1u) == 8);
  work(0u, 1u);
  gr_sim_join(id);
  gr_sim_expect(C.received == 6u);
}
