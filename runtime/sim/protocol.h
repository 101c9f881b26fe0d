/* protocol.h - small devices made by hand, for scenario_protocol.c and scenario_boundary.c.
 *
 * Next: scenario_protocol.c. */
#pragma once

#include <stddef.h>

#include "device/team.h"
#include "sim/sim.h"

/* Queues of two slots, two joins, one tile record, one
 * event and two waits, a ring of two lines, `teams` teams. Named for
 * reports. */
static inline struct gr_dev *gr_protocol_dev(uint32_t teams)
{
  struct gr_dev *dev = gr_sim_take("dev", offsetof(struct gr_dev, runq) + sizeof(struct gr_runq));
  dev->abi = GR_ABI_VERSION;
  dev->teams = dev->at_once = teams;
  dev->ops = 1u;
  dev->runq_shift = 1u;
  dev->ingress_shift = 1u;
  dev->join_slots = 2u;
  dev->crowded =
      1u; /* who waits for another team yields, which ends the exploration of that wait */
  dev->runq[0].slot = gr_sim_take("runq slot", 2u * sizeof(struct gr_line));
  dev->mailbox = gr_sim_take("mailbox", teams * sizeof *dev->mailbox);
  dev->team = gr_sim_take("record", teams * sizeof *dev->team);
  dev->runq[0].note = gr_sim_take("note", 2u * sizeof(struct gr_note));
  dev->context = gr_sim_take("context", sizeof *dev->context);
  dev->context[0].weight.v = 1u;
  dev->context[0].quota.v = UINT32_MAX;
  dev->cost = gr_sim_take("cost", GR_OPS_MAX * GR_SIZE_CLASSES * sizeof *dev->cost);
  dev->credit = 1u;
  dev->open.v = 1u;
  dev->join = gr_sim_take("join", 2u * sizeof *dev->join);
  dev->cancel = gr_sim_take("cancel", 64u);
  dev->completion = gr_sim_take("completion", 64u);
  dev->ingress = gr_sim_take("ingress", 2u * sizeof(struct gr_line));
  dev->boundary = gr_sim_take("boundary", sizeof *dev->boundary);
  dev->join[0].next_free.v = 2u;
  dev->join_free.v = 1u;
  dev->tiles = gr_sim_take("tiles", sizeof *dev->tiles);
  dev->tiles_free.v = 1u;
  dev->event = gr_sim_take("event", sizeof *dev->event);
  dev->wait = gr_sim_take("wait", 2u * sizeof *dev->wait);
  dev->wait[0].next_free.v = 2u;
  dev->wait_free.v = 1u;
  dev->channel = gr_sim_take("channel", sizeof *dev->channel);
  dev->channels = 1u;
  dev->capability = gr_sim_take("capability", 2u * sizeof *dev->capability);
  dev->channel_memory = gr_sim_take("messages", 2u * GR_CHANNEL_UNIT);
  dev->deadline_ns.v = UINT64_MAX;
  dev->graph = gr_sim_take("graph", sizeof *dev->graph);
  dev->node = gr_sim_take("node", 5u * sizeof *dev->node);
  dev->edge = gr_sim_take("edge", 16u * sizeof *dev->edge);
  gr_sim_name(dev->idle, sizeof dev->idle, sizeof dev->idle[0], "idle");
  gr_sim_name(&dev->queued, sizeof dev->queued, 0, "queued");
  gr_sim_name(&dev->duty, sizeof dev->duty, 0, "duty");
  gr_sim_name(&dev->run, sizeof dev->run, 0, "run");
  gr_sim_name(&dev->tiles_free, sizeof dev->tiles_free, 0, "tiles_free");
  gr_sim_name(&dev->join_free, sizeof dev->join_free, 0, "join_free");
  gr_sim_name(&dev->runq[0].head, sizeof dev->runq[0].head, 0, "runq head");
  gr_sim_name(&dev->runq[0].tail, sizeof dev->runq[0].tail, 0, "runq tail");
  return dev;
}

static inline struct gr_team *gr_protocol_team(struct gr_dev *dev, uint32_t id)
{
  struct gr_team *team = gr_sim_take("team", sizeof *team);
  team->dev = dev;
  team->id = id;
  team->incarnation = 1u;
  team->task = &team->own;
  return team;
}

static inline uint32_t gr_protocol_spawn(const char *name, void *(*main)(void *), void *argument)
{
  uint32_t id = 0;
  gr_sim_expect(gr_sim_spawn(name, main, argument, &id) == 0);
  return id;
}
