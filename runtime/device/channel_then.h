/* channel_then.h - a task that starts when its message was sent, or has come: no team waits for it.
 *
 *   gr_channel_then    fills a wait node; the task is parked (channel_wait.h), or placed at once
 *   it is woken        its node goes with it: GR_FLAG_CHANNEL, `tiles` = index + 1
 *   gr_channel_resume  where it starts: sends or receives; not possible? it is parked again. Else,
 *                      or if its wait has ended, its node is given back, argument 3 says what came
 *                      of it, and it is run as any task
 *
 * So a message is copied once, from where the sender has it into the slot, or from the slot to
 * where the receiver runs; what is parked is 88 bytes, whatever the message. The host's transfers
 * are tasks of the microkernel's own, parked in the same way.
 *
 * Called by the leading warp, converged, unless it says one lane. Next: task_life.h. */
#pragma once

#include "device/channel_wait.h"

/* Fills a wait node for team->child, which will have its kind of completion, and parks it until
 * team->transfer was carried out, or has it look for itself. GR_E_NOMEM: too many wait. Else why it
 * never could; nothing is parked then. */
GR_DEV_APART int32_t gr_channel_then(struct gr_team *team, uint32_t side)
{
  const struct gr_transfer *transfer = &team->transfer;
  struct gr_dev *dev = team->dev;
  struct gr_use use = {transfer->capability, team->child.context, side, transfer->bytes, 0u, 0u};
  uint32_t taken = 0u;
  int32_t status = GR_OK;
  if (gr_warp_lane() == 0u) {
    status = gr_capability_check(dev, &use, 1u << side);
    if (status == GR_OK) {
      const gr_au64 *word = &dev->channel[use.channel].side[side].word;
      status = gr_channel_look(dev, &use, gr_load_acquire_gpu_u64(word));
    }
    if (status == GR_OK || status == GR_E_AGAIN) {
      taken = gr_wait_take(dev);
      status = taken != 0u ? GR_OK : (int32_t)GR_E_NOMEM;
    }
    if (taken != 0u) {
      struct gr_wait *wait = &dev->wait[taken - 1u];
      const uint64_t now = gr_clock_ns();
      wait->capability = transfer->capability;
      wait->channel = use.channel << 1 | side;
      wait->bytes = transfer->bytes;
      wait->address = transfer->address;
      wait->deadline_ns =
          transfer->timeout_ns < GR_NO_DEADLINE - now ? now + transfer->timeout_ns : GR_NO_DEADLINE;
      wait->task = team->child;
      wait->task.flags = (uint8_t)((team->child.flags & GR_FLAG_DONE_MASK) | GR_FLAG_CHANNEL);
      wait->task.tiles = taken;
    }
  }
  taken = gr_lead_u32(taken);
  if (taken != 0u && !gr_channel_wait(team, taken - 1u)) {
    gr_wait_place(team, taken - 1u);
  }
  return (int32_t)gr_lead_u32((uint32_t)status);
}

/* The wait of team->task is over: its node is free, and the next may have something to do (C5). */
GR_DEV_APART void gr_channel_leave(struct gr_team *team)
{
  struct gr_dev *dev = team->dev;
  uint32_t next = 0u, channel = 0u, side = 0u;
  if (gr_warp_lane() == 0u) {
    const struct gr_wait *wait = &dev->wait[team->task->tiles - 1u];
    side = wait->channel & 1u;
    channel = wait->channel >> 1;
    gr_wait_give(dev, team->task->tiles - 1u);
    const struct gr_channel *at = &dev->channel[channel];
    const uint64_t shape = gr_load_relaxed_gpu_u64(&at->shape);
    const uint32_t pos = GR_CHANNEL_POS(gr_load_relaxed_gpu_u64(&at->side[side].word));
    if (GR_CHANNEL_TOP(gr_load_relaxed_gpu_u64(&at->side[side ^ 1u].word)) != 0u) {
      next = gr_load_relaxed_gpu_u32(&gr_channel_slot_at(dev, shape, pos)->tag) ==
             gr_channel_tag(shape, pos, side);
    }
  }
  if (gr_lead_u32(next) != 0u) {
    gr_channel_wake(team, gr_lead_u32(channel), gr_lead_u32(side) ^ 1u);
  }
  gr_warp_barrier();
}

/* team->task comes from a channel. False: it is parked again. True: it is an ordinary task now, and
 * knows what came of it by argument 3. */
GR_DEV_APART bool gr_channel_resume(struct gr_team *team)
{
  const uint32_t index = team->task->tiles - 1u;
  const struct gr_wait *wait = &team->dev->wait[index];
  const uint64_t deadline_ns = wait->deadline_ns;
  const uint32_t side = wait->channel & 1u;
  const struct gr_transfer transfer = {wait->capability, wait->bytes, wait->address, 0u};
  gr_channel_wish(team, &transfer);
  int32_t status = gr_channel_try(team, side);
  while (status == GR_E_AGAIN) {
    uint32_t ends = 0u;
    if (gr_warp_lane() == 0u) {
      ends = deadline_ns != GR_NO_DEADLINE && gr_clock_ns() >= deadline_ns ? 1u : 0u;
      ends |= gr_context_is_killed(team->dev, team->task->context) ? 2u : 0u;
    }
    ends = gr_lead_u32(ends);
    if (ends != 0u) {
      status = ends == 1u ? (int32_t)GR_E_TIMEOUT : (int32_t)GR_E_CANCELED;
    } else if (gr_channel_wait(team, index)) {
      return false;
    } else {
      status = gr_channel_try(team, side);
    }
  }
  gr_channel_leave(team);
  if (gr_warp_lane() == 0u) {
    team->own = *team->task;
    team->own.flags = team->own.flags & GR_FLAG_DONE_MASK;
    team->own.tiles = 0u;
    team->own.arg[3] = (uint64_t)(int64_t)status;
    team->task = &team->own;
  }
  gr_warp_barrier();
  return true;
}

/* team->task, of op GR_OP_SEND or GR_OP_RECEIVE, sends or receives for the host. True: it has, or
 * cannot, as *status says. False: it is parked. */
GR_DEV bool gr_channel_host(struct gr_team *team, int32_t *status)
{
  const uint32_t side = team->task->op == GR_OP_SEND ? (uint32_t)GR_CHANNEL_SEND
                                                     : (uint32_t)GR_CHANNEL_RECEIVE;
  const struct gr_transfer transfer = {(uint32_t)gr_arg_u64(team, 0), (uint32_t)gr_arg_u64(team, 2),
                                       gr_arg_u64(team, 1), gr_arg_u64(team, 3)};
  gr_channel_wish(team, &transfer);
  *status = gr_channel_try(team, side);
  if (*status != GR_E_AGAIN || transfer.timeout_ns == 0u) {
    return true;
  }
  if (gr_warp_lane() == 0u) {
    team->child = *team->task;
  }
  gr_warp_barrier();
  *status = gr_channel_then(team, side);
  return *status != GR_OK;
}

/* ---- for ops ---- */

/* The whole team. */
GR_DEV int32_t gr_channel_then_team(struct gr_team *team, const struct gr_transfer *transfer,
                                    uint32_t side, const struct gr_task *task)
{
  int32_t status = GR_OK;
  gr_team_barrier();
  if (gr_lane() < gr_warp_lanes()) {
    if (gr_warp_lane() == 0u) {
      team->child = *task;
      team->child.context = team->task->context;
      team->child.flags = GR_DONE_NONE;
      const bool is_good =
          task->op < team->dev->ops && task->tiles <= 1u &&
          (side == GR_CHANNEL_SEND || transfer->address != 0u ||
           transfer->bytes <= team->dev->scratch_bytes);
      status = is_good ? GR_OK : (int32_t)GR_E_INVAL;
      gr_submit_count(team, is_good ? 1u : 0u);
    }
    gr_warp_barrier();
    if (gr_lead_u32((uint32_t)status) == GR_OK) {
      gr_channel_wish(team, transfer);
      status = gr_channel_then(team, side);
      if (status < 0 && gr_warp_lane() == 0u) {
        gr_submit_count(team, ~0ull); /* minus one: it never was */
      }
    }
  }
  return (int32_t)gr_team_broadcast_u64(team, (uint64_t)(int64_t)status);
}

/* Submits `task`, in this op's context, to start once the message has been sent, or cannot be any
 * more: gr_channel_status then tells the bytes sent, GR_E_PIPE, GR_E_STALE, GR_E_TIMEOUT. The
 * message stays as it is until then, where every team finds it (not in scratch). What is sent
 * meanwhile by others, or by this op, may be before it. `task` has three arguments and no tiles.
 * Answers as gr_channel_try_send_team if it never could, GR_E_NOMEM: too many wait, GR_E_INVAL: not
 * such a task; it is not submitted then. */
GR_DEV int32_t gr_channel_send_then_team(struct gr_team *team, const struct gr_transfer *transfer,
                                         const struct gr_task *task)
{
  return gr_channel_then_team(team, transfer, GR_CHANNEL_SEND, task);
}

/* The same, to start with a message: at transfer->address or, if that is 0, in its team's scratch,
 * transfer->bytes of room for the channel's longest message in either. */
GR_DEV int32_t gr_channel_receive_then_team(struct gr_team *team,
                                            const struct gr_transfer *transfer,
                                            const struct gr_task *task)
{
  return gr_channel_then_team(team, transfer, GR_CHANNEL_RECEIVE, task);
}

/* In a task that was so submitted: the bytes sent or received, or why not. */
GR_DEV int32_t gr_channel_status(const struct gr_team *team)
{
  return (int32_t)(uint32_t)gr_arg_u64(team, 3);
}

/* Closes the channel: nothing is sent any more, what was sent can be received. GR_E_STALE,
 * GR_E_ACCES: the capability does not allow it. */
GR_DEV int32_t gr_channel_close_team(struct gr_team *team, uint32_t capability)
{
  int32_t status = GR_OK;
  gr_team_barrier();
  if (gr_lane() < gr_warp_lanes()) {
    struct gr_use use = {capability, team->task->context, GR_CHANNEL_SEND, 0u, 0u, 0u};
    if (gr_warp_lane() == 0u) {
      status = gr_capability_check(team->dev, &use, GR_RIGHT_CLOSE);
      if (status == GR_OK) {
        gr_or_release_gpu_u64(&team->dev->channel[use.channel].side[GR_CHANNEL_SEND].word,
                              GR_CHANNEL_CLOSED);
      }
    }
    status = (int32_t)gr_lead_u32((uint32_t)status);
    use.channel = gr_lead_u32(use.channel);
    if (status == GR_OK) {
      gr_channel_sift(team, use.channel);
    }
  }
  return (int32_t)gr_team_broadcast_u64(team, (uint64_t)(int64_t)status);
}
