/* channel_wait.h - tasks that wait at a channel: parked, woken, and what ends a wait.
 *
 *   park:  look at the slot and at all that ends a wait; nothing? put the node on top of the list
 *          in the word of the other side, by CAS of what was loaded before the look
 *   wake:  who gives a slot takes one node off that list (channel.h); its task is placed, and does
 *          its send or receive when it starts: by then it may have to park again
 *   sift:  count an event, take the whole list, park each again: those that now need not, look.
 *          After a revocation, a close, a killed context, a deadline
 *
 * C6 A node is put on a list only if nothing has changed that word since it was loaded, and the
 *    look came in between. What ends a wait is written first and counted as an event then. So who
 *    parks has seen it, or its node is on the list that is sifted. No wake-up is lost.
 * C7 Each taking of a node (one, or all) counts as an event: a CAS that saw an older list fails,
 *    even when the same node is on top again (no ABA).
 *
 * word           writer                      order: why
 * side[].word    park, by CAS                release: the node, to who takes it
 *                take one or all, by CAS     acquire: the nodes
 *                sift, by addition           release: what ends waits, C6
 *                close, by or                relaxed would do (C3), and is counted by the sift
 * wait[].next_free  who parks it             relaxed: handed over by the word; C7
 * wait.*         who took it from the pool; who took it off a list      plain: handed over
 * capability[]   the host's task             relaxed: C2, C6
 *
 * The last parked is the first woken. Called by the leading warp, converged, unless it says one
 * lane. Next: channel_then.h. */
#pragma once

#include "device/channel.h"

/* One lane. Parks wait node `index`, which is filled. False: its task has to look for itself. */
GR_DEV bool gr_channel_park(struct gr_dev *dev, uint32_t index)
{
  struct gr_wait *wait = &dev->wait[index];
  struct gr_use use = {wait->capability, wait->task.context, wait->channel & 1u, wait->bytes, 0u,
                       0u};
  struct gr_channel *channel = &dev->channel[wait->channel >> 1];
  gr_au64 *list = &channel->side[use.side ^ 1u].word;
  gr_au64 *word = &channel->side[use.side].word;
  for (;;) {
    const uint64_t seen = gr_load_acquire_gpu_u64(list);
    const uint64_t here = gr_load_relaxed_gpu_u64(word);
    if (gr_channel_look(dev, &use, here) != GR_E_AGAIN ||
        gr_context_is_killed(dev, use.context) ||
        (wait->deadline_ns != GR_NO_DEADLINE && gr_clock_ns() >= wait->deadline_ns)) {
      return false;
    }
    if (gr_cas_relaxed_gpu_u64(word, here, here) != here) { /* it was an older position */
      continue;
    }
    gr_store_relaxed_gpu_u32(&wait->next_free, GR_CHANNEL_TOP(seen));
    const uint64_t wanted = (seen & ~0x7fffull) | (uint64_t)(index + 1u);
    if (gr_cas_release_gpu_u64(list, seen, wanted) == seen) {
      return true;
    }
  }
}

/* The same, and says its deadline. */
GR_DEV bool gr_channel_wait(struct gr_team *team, uint32_t index)
{
  uint32_t is_parked = 0u, is_earlier = 0u;
  if (gr_warp_lane() == 0u) {
    const uint64_t deadline_ns = team->dev->wait[index].deadline_ns; /* not ours once parked */
    is_parked = gr_channel_park(team->dev, index) ? 1u : 0u;
    is_earlier = is_parked != 0u && gr_deadline_say(team->dev, deadline_ns) ? 1u : 0u;
  }
  if (gr_lead_u32(is_earlier) != 0u) {
    gr_sched_rouse(team, 1u); /* it goes to sleep again, until then */
  }
  return gr_lead_u32(is_parked) != 0u;
}

/* One lane. Counts an event and takes all that is parked at a word: the first one's index + 1. */
GR_DEV uint32_t gr_channel_pop_all(gr_au64 *word)
{
  gr_add_release_gpu_u64(word, GR_CHANNEL_EVENT);
  uint64_t seen = gr_load_relaxed_gpu_u64(word);
  while (GR_CHANNEL_TOP(seen) != 0u) {
    const uint64_t before =
        gr_cas_acquire_gpu_u64(word, seen, (seen & ~0x7fffull) + GR_CHANNEL_EVENT);
    if (before == seen) {
      break;
    }
    seen = before;
  }
  return GR_CHANNEL_TOP(seen);
}

/* All that is parked at a channel and need not be is woken. */
GR_DEV void gr_channel_sift(struct gr_team *team, uint32_t channel)
{
  struct gr_dev *dev = team->dev;
  for (uint32_t side = 0u; side < 2u; side++) {
    uint32_t first = 0u;
    if (gr_warp_lane() == 0u) {
      first = gr_channel_pop_all(&dev->channel[channel].side[side].word);
    }
    first = gr_lead_u32(first);
    while (first != 0u) {
      const uint32_t index = first - 1u;
      if (gr_warp_lane() == 0u) {
        first = gr_load_relaxed_gpu_u32(&dev->wait[index].next_free);
      }
      first = gr_lead_u32(first);
      if (!gr_channel_wait(team, index)) {
        gr_wait_place(team, index);
      }
    }
  }
}

/* A deadline has passed, or a context was killed: looks through all that is parked. Who is about to
 * park says its deadline after; a kill it must see by the event (C6), so then `is_all`. What finds
 * no room in its queue is looked at again in GR_SLICE_NS: an idle team owes nothing. */
GR_DEV_APART void gr_channels_sift(struct gr_team *team, bool is_all)
{
  struct gr_dev *dev = team->dev;
  const uint32_t owed = team->owed_wait;
  gr_warp_barrier(); /* all lanes have read it */
  if (gr_warp_lane() == 0u) {
    team->owed_wait = 0u;
  }
  for (uint32_t i = 0u; i < dev->channels; i++) {
    uint64_t parked = 0u;
    if (gr_warp_lane() == 0u) {
      const struct gr_channel *channel = &dev->channel[i];
      parked = GR_CHANNEL_TOP(gr_load_relaxed_gpu_u64(&channel->side[0].word) |
                              gr_load_relaxed_gpu_u64(&channel->side[1].word));
    }
    if (is_all || gr_lead_u64(parked) != 0u) {
      gr_channel_sift(team, i);
    }
  }
  if (gr_warp_lane() == 0u) {
    for (uint32_t first = team->owed_wait; first != 0u;) {
      struct gr_wait *wait = &dev->wait[first - 1u];
      const uint32_t index = first - 1u;
      gr_au64 *list = &dev->channel[wait->channel >> 1].side[(wait->channel & 1u) ^ 1u].word;
      first = wait->next;
      uint64_t seen = gr_load_relaxed_gpu_u64(list), before = seen;
      do {
        seen = before;
        gr_store_relaxed_gpu_u32(&wait->next_free, GR_CHANNEL_TOP(seen));
        before = gr_cas_release_gpu_u64(list, seen, (seen & ~0x7fffull) | (uint64_t)(index + 1u));
      } while (before != seen);
      gr_deadline_say(dev, gr_clock_ns() + GR_SLICE_NS);
    }
    team->owed_wait = owed;
  }
  gr_warp_barrier();
}

/* One lane. Whether nobody is inside a closed channel: all that was taken was given. */
GR_DEV bool gr_channel_is_left(const struct gr_dev *dev, const struct gr_channel *channel)
{
  const uint64_t shape = gr_load_relaxed_gpu_u64(&channel->shape);
  const uint32_t tail = GR_CHANNEL_POS(gr_load_relaxed_gpu_u64(&channel->side[0].word));
  const uint32_t head = GR_CHANNEL_POS(gr_load_relaxed_gpu_u64(&channel->side[1].word));
  const uint32_t slots = 1u << ((uint32_t)(shape >> 8) & 0xffu);
  for (uint32_t i = 0u; i < slots; i++) {
    const uint32_t pos = head + i;
    const uint32_t side = i < tail - head ? (uint32_t)GR_CHANNEL_RECEIVE
                                          : (uint32_t)GR_CHANNEL_SEND;
    if (gr_load_acquire_gpu_u32(&gr_channel_slot_at(dev, shape, pos)->tag) !=
        gr_channel_tag(shape, pos, side)) {
      return false;
    }
  }
  return true;
}

/* One lane. A channel begins, at the position at which the one before it in its place ended. */
GR_DEV void gr_channel_open(struct gr_dev *dev, uint32_t index, uint64_t shape)
{
  struct gr_channel *channel = &dev->channel[index];
  const uint32_t slots = 1u << ((uint32_t)(shape >> 8) & 0xffu);
  uint64_t seen = gr_load_relaxed_gpu_u64(&channel->side[GR_CHANNEL_SEND].word);
  const uint64_t pos = seen & GR_CHANNEL_POS_MASK;
  for (uint32_t i = 0u; i < slots; i++) {
    const uint32_t at = GR_CHANNEL_POS(pos) + i;
    gr_store_relaxed_gpu_u32(&gr_channel_slot_at(dev, shape, at)->tag,
                             gr_channel_tag(shape, at, GR_CHANNEL_SEND));
  }
  gr_store_relaxed_gpu_u64(&channel->shape, shape);
  for (uint32_t side = 0u; side < 2u; side++) {
    gr_au64 *word = &channel->side[side].word;
    uint64_t before = gr_load_relaxed_gpu_u64(word);
    do { /* who is late with an event of the one before may still count it */
      seen = before;
      before = gr_cas_release_gpu_u64(
          word, seen, ((seen + GR_CHANNEL_EVENT) & GR_CHANNEL_EVENT_MASK) | pos);
    } while (before != seen);
  }
}

/* team->task is of op GR_OP_CHANNEL. */
GR_DEV int32_t gr_channel_change(struct gr_team *team)
{
  struct gr_dev *dev = team->dev;
  const uint32_t what = (uint32_t)gr_arg_u64(team, 0), index = (uint32_t)gr_arg_u64(team, 1);
  const uint64_t value = gr_arg_u64(team, 2);
  int32_t status = GR_OK;
  if (gr_warp_lane() == 0u) {
    if (what == GR_CHANNEL_OPEN) {
      gr_channel_open(dev, index, value);
    } else if (what == GR_CHANNEL_GIVE) {
      gr_store_relaxed_gpu_u64(&dev->capability[index], value);
    } else if (what == GR_CHANNEL_REVOKE) {
      gr_store_relaxed_gpu_u64(&dev->capability[index], 0u);
    } else if (what == GR_CHANNEL_CLOSE) {
      gr_or_release_gpu_u64(&dev->channel[index].side[GR_CHANNEL_SEND].word, GR_CHANNEL_CLOSED);
    } else {
      status = gr_channel_is_left(dev, &dev->channel[index]) ? GR_OK : (int32_t)GR_E_BUSY;
    }
  }
  if (what == GR_CHANNEL_REVOKE || what == GR_CHANNEL_CLOSE) {
    gr_channel_sift(team, what == GR_CHANNEL_REVOKE ? (uint32_t)value : index);
  }
  return (int32_t)gr_lead_u32((uint32_t)status);
}
