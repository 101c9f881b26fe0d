/* alloc_team.h - many objects at once, for the whole team.
 *
 *   void **object = ...;                        memory that all lanes see
 *   gr_alloc_many_team(team, 48, n, object)     n objects of 48 bytes
 *   gr_alloc_each_team(team, bytes, n, object)  object i of bytes[i] bytes
 *   gr_free_many_team(team, n, object)
 *
 * Called by the whole team, converged; all lanes get the same answer, and see all of object[] when
 * they have it. All or none: if there is no memory for one, the others are free again, object[] is
 * all NULL, and the answer is why (alloc.h). Each object is one as any other: freed alone, by
 * whomever, or together with others.
 *
 * Equal objects come by the group: one atomic for up to 32, lying beside each other in memory as
 * they do in object[].
 *
 * Next: handle.h. */
#pragma once

#include "device/alloc.h"
#include "device/collective.h"

/* Warp, converged: objects `first` to `end` - 1 are slots of this class. How many it got. */
GR_DEV uint64_t gr_slots_deal(struct gr_team *team, uint32_t class_, uint64_t first, uint64_t end,
                              void **object)
{
  struct gr_memory *m = &team->dev->memory;
  uint64_t at = first;
  while (at < end) {
    uint64_t slots = 0u;
    if (gr_warp_lane() == 0u) {
      const uint64_t left = end - at;
      slots =
          gr_magazine_take(team, class_, left < GR_GROUP_SLOTS ? (uint32_t)left : GR_GROUP_SLOTS);
    }
    slots = gr_warp_shuffle_u64(slots, 0u);
    uint32_t mask = GR_SLOTS_MASK(slots);
    if (mask == 0u) {
      break;
    }
    const uint32_t got = gr_bits_count_u64(mask);
    for (uint32_t i = 0u; i < got; i++, mask &= mask - 1u) {
      if (i % gr_warp_lanes() == gr_warp_lane()) {
        object[at + i] = gr_slot_open((gr_au64 *)gr_slot_address(
            m, gr_class_bytes(class_), GR_SLOTS_GROUP(slots), gr_bits_lowest_u64(mask)));
      }
    }
    at += got;
  }
  return at - first;
}

/* object[] is filled, or not quite: then nothing is left of it. */
GR_DEV int32_t gr_alloc_settle_team(struct gr_team *team, uint64_t missing, uint64_t count,
                                    void **object)
{
  const bool is_short = gr_team_sum_u64(team, missing) != 0u;
  int32_t why = missing != 0u ? team->heap.why : (int32_t)GR_OK;
  why = -(int32_t)gr_team_max_u64(team, (uint64_t)-why);
  gr_team_barrier(); /* all of object[] is seen by all */
  for (uint64_t i = gr_lane(); i < count && is_short; i += gr_lanes()) {
    gr_free(team, object[i]);
    object[i] = NULL;
  }
  if (is_short) {
    gr_team_barrier();
  }
  return why;
}

GR_DEV_APART int32_t gr_alloc_each_team(struct gr_team *team, const uint64_t *bytes, uint64_t count,
                                        void **object)
{
  uint64_t missing = 0u;
  for (uint64_t i = gr_lane(); i < count; i += gr_lanes()) {
    object[i] = gr_alloc(team, bytes[i]);
    missing += object[i] == NULL ? 1u : 0u;
  }
  return gr_alloc_settle_team(team, missing, count, object);
}

GR_DEV_APART int32_t gr_alloc_many_team(struct gr_team *team, uint64_t bytes, uint64_t count,
                                        void **object)
{
  uint64_t missing = 0u;
  if (bytes - 1u >= GR_SLAB_BYTES_MAX) {
    for (uint64_t i = gr_lane(); i < count; i += gr_lanes()) {
      object[i] = gr_alloc(team, bytes);
      missing += object[i] == NULL ? 1u : 0u;
    }
    return gr_alloc_settle_team(team, missing, count, object);
  }
  const uint32_t warps = gr_lanes() / gr_warp_lanes(), warp = gr_lane() / gr_warp_lanes();
  const uint64_t share = (count + warps - 1u) / warps;
  const uint64_t first = share * warp < count ? share * warp : count;
  const uint64_t end = share < count - first ? first + share : count;
  const uint64_t got = gr_slots_deal(team, gr_class_of(bytes), first, end, object);
  for (uint64_t i = first + got + gr_warp_lane(); i < end; i += gr_warp_lanes()) {
    object[i] = NULL;
    missing++;
  }
  return gr_alloc_settle_team(team, missing, count, object);
}

/* GR_OK, or what freeing one of them was answered (the least). NULL may be among them. */
GR_DEV_APART int32_t gr_free_many_team(struct gr_team *team, uint64_t count, void *const *object)
{
  uint64_t worst = 0u;
  gr_team_barrier(); /* nobody reads them any more */
  for (uint64_t i = gr_lane(); i < count; i += gr_lanes()) {
    const uint64_t status = (uint64_t)-gr_free(team, object[i]);
    worst = status > worst ? status : worst;
  }
  return -(int32_t)gr_team_max_u64(team, worst);
}
