/* scenario_channel.h - what the scenarios of channels share: one channel, and two teams that send,
 * receive and park.
 *
 * What the words themselves must keep is watched at every store; a task that stays parked for ever
 * ends as "stuck" in the loop that waits for it.
 *
 * Next: scenario_channel.c. */
#pragma once

#include "device/microkernel.h"
#include "sim/protocol.h"
#include "sim/scenario.h"

enum { CAPABILITY = 1u << 16, OTHER = 1u << 16 | 1u }; /* handles: generation 1, index 0 and 1 */

static struct {
  struct gr_dev *dev;
  struct gr_team *team[2];
  uint64_t *message; /* a line apart, plain: each team's to send, then to receive into */
  uint32_t slots;
  uint32_t received; /* bit n: message n came */
  uint32_t ended;    /* waits that ended otherwise */
  bool is_sent, is_over;
} C;

/* Positions move by one; no more is between them than there are slots; C3. */
static inline void word_stores(const void *address, uint64_t before, uint64_t after)
{
  const struct gr_channel *channel = C.dev->channel;
  const bool is_send = address == (const void *)&channel->side[GR_CHANNEL_SEND].word;
  const uint64_t other = channel->side[is_send ? GR_CHANNEL_RECEIVE : GR_CHANNEL_SEND].word.v;
  const uint32_t moved = GR_CHANNEL_POS(after) - GR_CHANNEL_POS(before);
  const uint32_t between = is_send ? GR_CHANNEL_POS(after) - GR_CHANNEL_POS(other)
                                   : GR_CHANNEL_POS(other) - GR_CHANNEL_POS(after);
  gr_sim_expect(moved <= 1u);
  gr_sim_expect(between <= C.slots);
  gr_sim_expect(!is_send || (before & GR_CHANNEL_CLOSED) == 0u || moved == 0u);
}

static inline void begin(uint32_t shift, uint32_t single)
{
  struct gr_dev *dev = C.dev = gr_protocol_dev(2);
  struct gr_channel *channel = dev->channel;
  dev->teams = 1u; /* what is woken is queued: who is idle has its own scenarios */
  channel->shape.v = GR_CHANNEL_SHAPE(0u, 8u, shift, single);
  dev->capability[0].v = GR_CAPABILITY(1u, 0u, 0u, GR_RIGHTS);
  dev->capability[1].v = GR_CAPABILITY(1u, 0u, 0u, GR_RIGHTS);
  C.slots = 1u << shift;
  C.received = C.ended = 0u;
  C.is_sent = C.is_over = false;
  C.message = gr_sim_take("message", 4u * 128u);
  C.team[0] = gr_protocol_team(dev, 0);
  C.team[1] = gr_protocol_team(dev, 1);
  gr_sim_watch(&channel->side[0].word, 8u, word_stores);
  gr_sim_watch(&channel->side[1].word, 8u, word_stores);
  gr_sim_name(&channel->side[0].word, 8u, 0, "word to send");
  gr_sim_name(&channel->side[1].word, 8u, 0, "word to receive");
  gr_sim_name(&dev->deadline_ns, 8u, 0, "deadline");
}

/* What `team` is to send from, or receive into, the words of `node`. */
static inline struct gr_transfer *wish(uint32_t team, uint32_t node, uint32_t side,
                                       uint32_t capability)
{
  const uint64_t *at = &C.message[16u * (2u * node + side)];
  const struct gr_transfer transfer = {capability, 8u, (uint64_t)(uintptr_t)at, GR_NO_DEADLINE};
  C.team[team]->transfer = transfer;
  return &C.team[team]->transfer;
}

static inline int32_t try_send(uint32_t team, uint64_t number)
{
  wish(team, team, GR_CHANNEL_SEND, CAPABILITY);
  C.message[16u * 2u * team] = number;
  return gr_channel_try(C.team[team], GR_CHANNEL_SEND);
}

static inline void note(uint64_t number)
{
  gr_sim_expect(number < 32u && (C.received >> number & 1u) == 0u); /* C1 */
  C.received |= 1u << number;
}

static inline int32_t try_receive(uint32_t team)
{
  wish(team, team, GR_CHANNEL_RECEIVE, CAPABILITY);
  const int32_t status = gr_channel_try(C.team[team], GR_CHANNEL_RECEIVE);
  if (status >= 0) {
    note(C.message[16u * (2u * team + 1u)]);
  }
  return status;
}

static inline void send_all(uint32_t team, uint64_t first, uint64_t end)
{
  for (uint64_t i = first; i < end; i++) {
    while (try_send(team, i) != 8) {
      gr_sim_retry(i);
    }
  }
}

/* ---- parked ---- */
static inline int32_t try_park(uint32_t team, uint32_t node, uint32_t side, uint32_t capability)
{
  const struct gr_task task = {{node, side, 0, 0}, {{0}}};
  wish(team, node, side, capability);
  C.team[team]->child = task;
  return gr_channel_then(C.team[team], side);
}
/* Parks a task of this team, or has it placed. */
static inline void park(uint32_t team, uint32_t node, uint32_t side, uint32_t capability)
{
  gr_sim_expect(try_park(team, node, side, capability) == GR_OK);
}

/* Begins what was placed, until `wanted` waits have ended; true: one has, now. */
static inline bool begin_woken(uint32_t team)
{
  struct gr_team *at = C.team[team];
  if (gr_sched_pull(at, false) != GR_OK) {
    return false;
  }
  at->task = &at->own;
  if (gr_task_open(at, GR_FROM_QUEUE) != GR_TURN_RUN) {
    return false;
  }
  if (gr_channel_status(at) < 0) {
    C.ended++;
  } else if (at->task->arg[1] == GR_CHANNEL_RECEIVE) {
    note(C.message[16u * (2u * at->task->arg[0] + 1u)]);
  } else {
    C.is_sent = true;
  }
  return true;
}

static inline void work(uint32_t team, uint32_t wanted)
{
  for (uint32_t count = 0; count < wanted;) {
    if (begin_woken(team)) {
      count++;
    } else {
      gr_sim_retry(count);
    }
  }
}
