/* channel.h - a bounded channel of messages: send and receive, by whoever has a capability for it.
 *
 *   take:  look at the word of one's side, at the capability, at the slot's tag; then move the
 *          position by CAS of the whole word
 *   copy the message in, or out
 *   give:  hand the slot to the other side by its tag, count an event in the word of one's own
 *          side, and wake one of those whom that addition shows to be parked
 *
 * Nothing here waits: a slot that is taken and not yet given looks full, or empty. Positions are
 * taken in order, so messages are received in the order in which their positions were taken to
 * send.
 *
 * C1 A slot is its sender's while its tag is FREE of the position, its receiver's while it is FULL;
 *    who has taken the position owns it until giving it. So each message is received once.
 * C2 A position is taken only if, since the word was loaded, nothing has changed it; and the
 *    capability was looked at in between. Who revokes changes the word after the capability: so no
 *    position is taken by a capability once its revocation has gone through (channel_wait.h).
 * C3 The bit "closed" is in the word whose CAS takes a position to send: none is taken after it,
 *    and who finds the channel empty at that last position is told that nothing comes any more.
 * C4 What is given is counted, in the word that parks those who wait for it, after its tag. So who
 *    looks at the slot and parks has seen it, or is seen.
 * C5 Whoever was woken and has taken something, or has ended without, looks whether there is more,
 *    and wakes the next if so: one may be woken too early, when what was given is not the first.
 *
 * word          writer                        order: why
 * side[].word   who takes, by CAS             acquire, also where it fails: C2 for the next try
 *               who gives, by addition        release: its tag, C4
 *               who parks, wakes, revokes, closes   channel_wait.h
 * slot.tag      who gives                     release, acquire: the message, or that it was read
 * slot.bytes, and what follows   C1        plain: handed over by the tag
 * shape         GR_CHANNEL_OPEN               relaxed: comes with the word, or the CAS fails
 * capability[]  GR_CHANNEL_GIVE, REVOKE       relaxed: C2
 *
 * The positions go on from one use of a channel's place to the next, so whoever comes late with a
 * word of an earlier use fails. Derived from D. Vyukov's bounded MPMC queue (1024cores.net).
 *
 * Called by the leading warp, converged, unless it says one lane. Next: channel_wait.h. */
#pragma once

#include "device/deadline.h"
#include "device/event.h"

/* One side of a channel, as somebody uses it. */
struct gr_use {
  uint32_t capability;
  uint32_t context;
  uint32_t side;
  uint32_t bytes;
  uint32_t channel;
  uint32_t pos; /* as taken */
};

/* ---- one lane ---- */

GR_DEV struct gr_channel_slot *gr_channel_slot_at(const struct gr_dev *dev, uint64_t shape,
                                                  uint32_t pos)
{
  const uint32_t mask = (1u << ((uint32_t)(shape >> 8) & 0xffu)) - 1u;
  const uint64_t stride = GR_MESSAGE_STRIDE((uint32_t)(shape >> 16) & 0xffffu);
  return (struct gr_channel_slot *)(void *)(dev->channel_memory + (shape >> 32) * GR_CHANNEL_UNIT +
                                       (uint64_t)(pos & mask) * stride);
}

/* The tag with which the slot of `pos` is that side's to take. */
GR_DEV uint32_t gr_channel_tag(uint64_t shape, uint32_t pos, uint32_t side)
{
  return (pos >> ((uint32_t)(shape >> 8) & 0xffu)) * 2u + side;
}

/* Whether `context` may use that side; finds the channel. */
GR_DEV int32_t gr_capability_check(const struct gr_dev *dev, struct gr_use *use, uint32_t right)
{
  const uint32_t index = use->capability & 0xffffu;
  const uint64_t word =
      index < GR_CAPABILITIES_MAX ? gr_load_relaxed_gpu_u64(&dev->capability[index]) : 0u;
  if (word == 0u || GR_CAPABILITY_GENERATION(word) != use->capability >> 16) {
    return GR_E_STALE;
  }
  if (GR_CAPABILITY_CONTEXT(word) != use->context || (GR_CAPABILITY_RIGHTS(word) & right) == 0u) {
    return GR_E_ACCES;
  }
  use->channel = GR_CAPABILITY_CHANNEL(word);
  return GR_OK;
}

/* GR_OK: the position in `seen`, a word of that side, can be taken. GR_E_AGAIN: not yet, if nobody
 * has changed the word meanwhile. Else why it never can. */
GR_DEV int32_t gr_channel_look(const struct gr_dev *dev, struct gr_use *use, uint64_t seen)
{
  const int32_t status = gr_capability_check(dev, use, 1u << use->side);
  if (status != GR_OK) {
    return status;
  }
  const struct gr_channel *channel = &dev->channel[use->channel];
  const uint64_t shape = gr_load_relaxed_gpu_u64(&channel->shape);
  const uint32_t most = (uint32_t)(shape >> 16) & 0xffffu;
  if (use->side == GR_CHANNEL_SEND ? use->bytes > most : use->bytes < most) {
    return GR_E_MSGSIZE;
  }
  if (use->side == GR_CHANNEL_SEND && (seen & GR_CHANNEL_CLOSED) != 0u) {
    return GR_E_PIPE;
  }
  use->pos = GR_CHANNEL_POS(seen);
  if (gr_load_acquire_gpu_u32(&gr_channel_slot_at(dev, shape, use->pos)->tag) ==
      gr_channel_tag(shape, use->pos, use->side)) {
    return GR_OK;
  }
  if (use->side == GR_CHANNEL_RECEIVE) {
    const uint64_t tail = gr_load_relaxed_gpu_u64(&channel->side[GR_CHANNEL_SEND].word);
    if ((tail & GR_CHANNEL_CLOSED) != 0u && GR_CHANNEL_POS(tail) == use->pos) {
      return GR_E_PIPE; /* C3 */
    }
  }
  return GR_E_AGAIN;
}

/* Takes the next position of a side: use->pos. "Full" and "empty" are answered only after a CAS has
 * confirmed the position, as in runq.h (I15). GR_E_BUSY: another is faster on a side for one. */
GR_DEV int32_t gr_channel_take(const struct gr_dev *dev, struct gr_use *use)
{
  int32_t status = gr_capability_check(dev, use, 1u << use->side);
  if (status != GR_OK) {
    return status;
  }
  struct gr_channel *channel = &dev->channel[use->channel];
  gr_au64 *word = &channel->side[use->side].word;
  uint64_t seen = gr_load_acquire_gpu_u64(word);
  for (uint32_t tries = 0u; tries < GR_CAS_TRIES_MAX; tries++) {
    status = gr_channel_look(dev, use, seen);
    if (status != GR_OK && status != GR_E_AGAIN) {
      return status;
    }
    const uint64_t moved = (seen & ~GR_CHANNEL_POS_MASK) |
                           ((seen + (1ull << 16)) & GR_CHANNEL_POS_MASK);
    const uint64_t before = gr_cas_acquire_gpu_u64(word, seen, status == GR_OK ? moved : seen);
    if (before == seen) {
      return status;
    }
    if (GR_CHANNEL_POS(before) != GR_CHANNEL_POS(seen) &&
        (gr_load_relaxed_gpu_u64(&channel->shape) >> use->side & 1u) != 0u) {
      return GR_E_BUSY;
    }
    seen = before;
  }
  return GR_E_AGAIN;
}

/* Gives the slot of use->pos to the other side. True: somebody is parked who waits for that. */
GR_DEV bool gr_channel_give(const struct gr_dev *dev, const struct gr_use *use)
{
  struct gr_channel *channel = &dev->channel[use->channel];
  const uint64_t shape = gr_load_relaxed_gpu_u64(&channel->shape);
  const uint32_t slots = 1u << ((uint32_t)(shape >> 8) & 0xffu);
  const uint32_t tag = use->side == GR_CHANNEL_SEND
                           ? gr_channel_tag(shape, use->pos, GR_CHANNEL_RECEIVE)
                           : gr_channel_tag(shape, use->pos + slots, GR_CHANNEL_SEND);
  gr_store_release_gpu_u32(&gr_channel_slot_at(dev, shape, use->pos)->tag, tag);
  return GR_CHANNEL_TOP(
             gr_add_release_gpu_u64(&channel->side[use->side].word, GR_CHANNEL_EVENT)) != 0u;
}

/* Takes the first wait node parked at a word: its index + 1, or 0. Counts as an event, so that a
 * list whose top is the same again is another list. */
GR_DEV uint32_t gr_channel_pop(struct gr_dev *dev, gr_au64 *word)
{
  uint64_t seen = gr_load_acquire_gpu_u64(word);
  while (GR_CHANNEL_TOP(seen) != 0u) {
    const uint32_t top = GR_CHANNEL_TOP(seen);
    const uint32_t next = gr_load_relaxed_gpu_u32(&dev->wait[top - 1u].next_free);
    const uint64_t wanted = ((seen & ~0x7fffull) | (uint64_t)next) + GR_CHANNEL_EVENT;
    const uint64_t before = gr_cas_acquire_gpu_u64(word, seen, wanted);
    if (before == seen) {
      return top;
    }
    seen = before;
  }
  return 0u;
}

/* ---- leading warp ---- */

/* Wakes one of those who are parked for what is given on that side. */
GR_DEV void gr_channel_wake(struct gr_team *team, uint32_t channel, uint32_t side)
{
  uint32_t woken = 0u;
  if (gr_warp_lane() == 0u) {
    woken = gr_channel_pop(team->dev, &team->dev->channel[channel].side[side].word);
  }
  woken = gr_lead_u32(woken);
  if (woken != 0u) {
    gr_wait_place(team, woken - 1u);
  }
}

GR_DEV void gr_channel_copy(void *to, const void *from, uint32_t bytes)
{
  const uint32_t lanes = gr_warp_lanes();
  if ((((uintptr_t)to | (uintptr_t)from | bytes) & 7u) == 0u) {
    for (uint32_t i = gr_warp_lane(); i < bytes / 8u; i += lanes) {
      ((uint64_t *)to)[i] = ((const uint64_t *)from)[i];
    }
  } else {
    for (uint32_t i = gr_warp_lane(); i < bytes; i += lanes) {
      ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
    }
  }
}

/* Lane 0 says what is to be sent or received: in the team, for the address of a local would cost
 * every microkernel a stack. */
GR_DEV void gr_channel_wish(struct gr_team *team, const struct gr_transfer *transfer)
{
  if (gr_warp_lane() == 0u) {
    team->transfer = *transfer;
  }
  gr_warp_barrier();
}

/* Carries team->transfer out now, or says why not: GR_E_AGAIN, full or empty. Returns the message's
 * bytes. */
GR_DEV_APART int32_t gr_channel_try(struct gr_team *team, uint32_t side)
{
  const struct gr_transfer *transfer = &team->transfer;
  struct gr_use use = {transfer->capability, team->task->context, side, transfer->bytes, 0u, 0u};
  int32_t status = GR_OK;
  if (gr_warp_lane() == 0u) {
    status = gr_channel_take(team->dev, &use);
  }
  status = (int32_t)gr_lead_u32((uint32_t)status);
  if (status != GR_OK) {
    return status;
  }
  use.pos = gr_lead_u32(use.pos);
  use.channel = gr_lead_u32(use.channel);
  gr_warp_barrier(); /* what lane 0 has acquired, all may read */
  const uint64_t shape = gr_load_relaxed_gpu_u64(&team->dev->channel[use.channel].shape);
  struct gr_channel_slot *message = gr_channel_slot_at(team->dev, shape, use.pos);
  void *mine = transfer->address != 0u ? (void *)(uintptr_t)transfer->address : gr_scratch(team);
  uint32_t bytes = transfer->bytes;
  if (side == GR_CHANNEL_SEND) {
    if (gr_warp_lane() == 0u) {
      message->bytes = bytes;
    }
    gr_channel_copy(message + 1, mine, bytes);
  } else {
    bytes = message->bytes;
    gr_channel_copy(mine, message + 1, bytes);
  }
  gr_warp_barrier(); /* all lanes have copied */
  uint32_t waits = 0u;
  if (gr_warp_lane() == 0u) {
    waits = gr_channel_give(team->dev, &use) ? 1u : 0u;
  }
  if (gr_lead_u32(waits) != 0u) {
    gr_channel_wake(team, use.channel, side);
  }
  return (int32_t)bytes;
}

/* ---- for ops ---- */

/* The whole team. */
GR_DEV int32_t gr_channel_try_team(struct gr_team *team, const struct gr_transfer *transfer,
                                   uint32_t side)
{
  int32_t status = GR_OK;
  gr_team_barrier(); /* what all lanes wrote is in the message */
  if (gr_lane() < gr_warp_lanes()) {
    gr_channel_wish(team, transfer);
    status = gr_channel_try(team, side);
  }
  return (int32_t)gr_team_broadcast_u64(team, (uint64_t)(int64_t)status);
}

/* Sends `bytes` of memory that all lanes see alike; returns how many. GR_E_AGAIN: the channel is
 * full; GR_E_PIPE: it was closed; GR_E_MSGSIZE: too long for it; GR_E_STALE: the capability was
 * revoked, or never was; GR_E_ACCES: it has no right to send, or is another context's; GR_E_BUSY:
 * the channel is for one sender, and another sends. Nothing has happened then. */
GR_DEV int32_t gr_channel_try_send_team(struct gr_team *team, uint32_t capability,
                                        const void *message, uint32_t bytes)
{
  const struct gr_transfer transfer = {capability, bytes, (uint64_t)(uintptr_t)message, 0u};
  return gr_channel_try_team(team, &transfer, GR_CHANNEL_SEND);
}

/* Receives into `bytes` of memory, room for the channel's longest message (else GR_E_MSGSIZE);
 * returns the message's own. GR_E_AGAIN: the channel is empty; GR_E_PIPE: it is, and was closed. */
GR_DEV int32_t gr_channel_try_receive_team(struct gr_team *team, uint32_t capability, void *buffer,
                                           uint32_t bytes)
{
  const struct gr_transfer transfer = {capability, bytes, (uint64_t)(uintptr_t)buffer, 0u};
  return gr_channel_try_team(team, &transfer, GR_CHANNEL_RECEIVE);
}
