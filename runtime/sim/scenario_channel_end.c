/* scenario_channel_end.c - protocols of channels, for every schedule to be tried: what ends a wait,
 * or what it waits for. Park against close, kill and a deadline, revoke against use, a place used
 * again (device/channel.h, channel_wait.h, deadline.h: C2, C3, C6, C7, D1).
 *
 * Next: scenario_event.c. */
#include "sim/scenario_channel.h"

/* ---- what ends a wait ---- */
static void change(struct gr_team *team, uint64_t what, uint64_t index, uint64_t value)
{
  const struct gr_task task = {{what, index, value, 0}, {{0}}};
  team->own = task;
  team->task = &team->own;
  gr_sim_expect(gr_channel_change(team) == GR_OK);
}

static void *close_it(void *argument)
{
  change(C.team[1], GR_CHANNEL_CLOSE, 0u, 0u);
  return argument;
}
void gr_scenario_channel_close(void *argument)
{
  (void)argument;
  begin(0u, 0u);
  const uint32_t id = gr_protocol_spawn("closer", close_it, NULL);
  const int32_t status = try_park(0u, 0u, GR_CHANNEL_RECEIVE, CAPABILITY);
  if (status == GR_OK) {
    work(0u, 1u);
    gr_sim_expect(C.ended == 1u && gr_channel_status(C.team[0]) == GR_E_PIPE);
  } else {
    gr_sim_expect(status == GR_E_PIPE);
  }
  gr_sim_join(id);
}

/* What was sent is received, by who receives until there is nothing more: C3. */
static void *send_if_open(void *argument)
{
  const int32_t status = try_send(1u, 1u);
  gr_sim_expect(status == 8 || status == GR_E_PIPE);
  C.is_sent = status == 8;
  return argument;
}
void gr_scenario_channel_drain(void *argument)
{
  (void)argument;
  int32_t status = GR_E_AGAIN;
  begin(1u, 0u);
  const uint32_t id = gr_protocol_spawn("sender", send_if_open, NULL);
  change(C.team[0], GR_CHANNEL_CLOSE, 0u, 0u);
  while (status != GR_E_PIPE) {
    status = try_receive(0u);
    if (status == GR_E_AGAIN) {
      gr_sim_retry(C.received);
    }
  }
  gr_sim_join(id);
  gr_sim_expect((C.received != 0u) == C.is_sent);
}

/* Parked by a capability that is revoked: told, while the other stays. */
static void *revoke_it(void *argument)
{
  change(C.team[1], GR_CHANNEL_REVOKE, 0u, 0u);
  return argument;
}
void gr_scenario_channel_revoke(void *argument)
{
  (void)argument;
  begin(0u, 0u);
  park(0u, 1u, GR_CHANNEL_RECEIVE, OTHER);
  const uint32_t id = gr_protocol_spawn("revoker", revoke_it, NULL);
  const int32_t status = try_park(0u, 0u, GR_CHANNEL_RECEIVE, CAPABILITY);
  if (status == GR_OK) {
    work(0u, 1u);
    gr_sim_expect(gr_channel_status(C.team[0]) == GR_E_STALE);
  } else {
    gr_sim_expect(status == GR_E_STALE);
  }
  gr_sim_join(id);
  const uint64_t word = C.dev->channel->side[GR_CHANNEL_SEND].word.v;
  gr_sim_expect(GR_CHANNEL_TOP(word) != 0u);
}

/* Once revocation has gone through nothing is taken by it; then the channel's place is used again
 * for a wider one, in which nothing of the old is found: C2. */
static void *end_and_open(void *argument)
{
  struct gr_team *team = C.team[1];
  change(team, GR_CHANNEL_CLOSE, 0u, 0u);
  change(team, GR_CHANNEL_REVOKE, 0u, 0u);
  while (!gr_channel_is_left(C.dev, C.dev->channel)) {
    gr_sim_retry(0);
  }
  C.is_over = true;
  change(team, GR_CHANNEL_OPEN, 0u, GR_CHANNEL_SHAPE(0u, 40u, 1u, 0u));
  return argument;
}
static void again_stores(const void *address, uint64_t before, uint64_t after)
{
  (void)address;
  gr_sim_expect(!C.is_over || GR_CHANNEL_POS(after) == GR_CHANNEL_POS(before));
}
void gr_scenario_channel_again(void *argument)
{
  (void)argument;
  begin(0u, 0u);
  C.slots = 2u;
  gr_sim_watch(&C.dev->channel->side[GR_CHANNEL_SEND].word, 8u, again_stores);
  const uint32_t id = gr_protocol_spawn("host", end_and_open, NULL);
  const int32_t status = try_send(0u, 1u);
  gr_sim_expect(status == 8 || status == GR_E_PIPE || status == GR_E_STALE);
  gr_sim_join(id);
  wish(0u, 0u, GR_CHANNEL_RECEIVE, OTHER)->bytes = 40u;
  gr_sim_expect(gr_channel_try(C.team[0], GR_CHANNEL_RECEIVE) == GR_E_AGAIN);
}

/* ---- deadlines: D1 ---- */
/* A killed context's task is woken, by whoever looks at the deadline that the killer said. */
static void *kill_it(void *argument)
{
  struct gr_lead lead = {0};
  struct gr_task message = {{0}, {{0}}};
  lead.team = C.team[1];
  lead.dev = C.dev;
  message.op = GR_CTL_CONTEXT;
  message.arg[0] = GR_CONTEXT_WORD(0u, 0u, GR_CONTEXT_KILLED, 1u);
  message.arg[1] = 1ull << 32 | 1u;
  message.arg[3] = 1u;
  gr_control_carry_out(&lead, &message);
  gr_deadline_look(lead.team);
  return argument;
}
void gr_scenario_channel_kill(void *argument)
{
  (void)argument;
  begin(0u, 0u);
  const uint32_t id = gr_protocol_spawn("killer", kill_it, NULL);
  park(0u, 0u, GR_CHANNEL_RECEIVE, CAPABILITY);
  gr_sim_join(id);
  gr_sim_expect(gr_sched_pull(C.team[0], true) == GR_OK);
  gr_sim_expect(GR_CHANNEL_TOP(C.dev->channel->side[GR_CHANNEL_SEND].word.v) == 0u);
}

/* Who parks says its deadline, while another looks through what is parked for an earlier one: in
 * the end the word says the deadline of what is parked. */
static void *look(void *argument)
{
  struct gr_lead lead = {0};
  lead.team = C.team[1];
  lead.dev = C.dev;
  gr_deadline_look(lead.team);
  return argument;
}
void gr_scenario_channel_deadline(void *argument)
{
  (void)argument;
  begin(0u, 0u);
  C.dev->deadline_ns.v = 0u; /* now */
  const uint32_t id = gr_protocol_spawn("timer", look, NULL);
  const struct gr_task task = {{0u, GR_CHANNEL_RECEIVE, 0, 0}, {{0}}};
  wish(0u, 0u, GR_CHANNEL_RECEIVE, CAPABILITY)->timeout_ns = 1000000000000ull;
  C.team[0]->child = task;
  gr_sim_expect(gr_channel_then(C.team[0], GR_CHANNEL_RECEIVE) == GR_OK);
  gr_sim_join(id);
  gr_sim_expect(GR_CHANNEL_TOP(C.dev->channel->side[GR_CHANNEL_SEND].word.v) != 0u);
  gr_sim_expect(gr_load_acquire_gpu_u64(&C.dev->deadline_ns) == C.dev->wait[0].deadline_ns);
}
