/* magazine.h - slots at a team's hand: handed out and taken back without another team's seeing it.
 *
 * For each class two words. `take` is a group of slots, a bit each: what is handed out when nothing
 * has been freed. `give` is what was freed, and is handed out first:
 *
 *   one lane (cpu)       a list through the slots, last in, first out; when it is long, a part of
 *                        it goes back to the blocks, a group at a time
 *   lanes that share it  a group of slots, as take: when a third group's slot is freed, it goes
 *                        back to its block. Lanes may diverge, so each change is a CAS of the
 *                        team's scope; those that come together are served by one of them
 *
 * So a pair of alloc and free touches the team's own memory only, and frees in a row cost one
 * atomic for up to 32 slots. What lies here is given back when the team sleeps, begins another
 * context's task, or begins any after somebody found no memory (`pressure`).
 *
 * Next: alloc.h. */
#pragma once

#include "device/hold.h"

/* ---- words ---- */
/* What is left of slots, of which there are some, without the `count` (1 or more) lowest. */
GR_DEV uint64_t gr_slots_after(uint64_t slots, uint32_t count)
{
  do {
    slots &= slots - 1u;
  } while (--count != 0u && GR_SLOTS_MASK(slots) != 0u);
  return slots;
}

/* What the word's slots are taken out of; they go back to their block. The word becomes 0 also if
 * it has no slots left: what is freed would join its group, and nobody would know of it. */
GR_DEV void gr_slots_flush(struct gr_team *team, gr_au64 *slots)
{
  uint64_t have = gr_load_acquire_team_u64(slots);
  while (have != 0u) {
    const uint64_t seen = gr_cas_acqrel_team_u64(slots, have, 0u);
    if (seen == have) {
      if (GR_SLOTS_MASK(have) != 0u) {
        gr_group_give(team, have);
      }
      return;
    }
    have = seen;
  }
}

/* Adds the slots to this word, if it has others of their group. False: it has not. `twice`: those
 * that it had already. */
GR_DEV bool gr_slots_add(gr_au64 *to, uint64_t slots, uint32_t *twice)
{
  uint64_t have = gr_load_acquire_team_u64(to);
  while ((have ^ slots) >> 32 == 0u) {
    const uint64_t seen = gr_cas_acqrel_team_u64(to, have, have | slots);
    if (seen == have) {
      *twice = GR_SLOTS_MASK(have & slots);
      return true;
    }
    have = seen;
  }
  return false;
}

/* ---- the list of a team of one lane ---- */
/* The slot is free; its first word becomes `before`, the list that it is put on. */
GR_DEV void gr_slot_seal(const struct gr_memory *m, uint64_t offset, uint64_t before)
{
  gr_au64 *slot = (gr_au64 *)(void *)(m->base + offset);
  gr_store_relaxed_gpu_u64(&slot[0], before);
  if (GR_WITH_MEMORY_TAGS) {
    gr_store_relaxed_gpu_u64(&slot[1], GR_SEAL(m->secret, offset, before));
  }
}
/* `before`: its first word, the list below if it is on one. */
GR_DEV bool gr_slot_is_sealed(const struct gr_memory *m, uint64_t offset, uint64_t *before)
{
  const gr_au64 *slot = (const gr_au64 *)(const void *)(m->base + offset);
  *before = gr_load_relaxed_gpu_u64(&slot[0]);
  return !GR_WITH_MEMORY_TAGS ||
         gr_load_relaxed_gpu_u64(&slot[1]) == GR_SEAL(m->secret, offset, *before);
}
/* The first slot of a list was written to after it was freed, perhaps freed twice: what the list
 * was before is not known any more, and the rest is lost until the arena is reset. */
GR_DEV_APART uint64_t gr_list_broken(struct gr_team *team, uint64_t list)
{
  gr_memory_error_note(team, GR_MEMORY_WRITTEN, team->dev->memory.base + GR_LIST_OFFSET(list));
  return 0u;
}

/* The first `count` slots of the list go back to their blocks. Returns what is left. */
GR_DEV_APART uint64_t gr_list_shed(struct gr_team *team, uint64_t list, uint32_t count)
{
  const struct gr_memory *m = &team->dev->memory;
  uint64_t slots = 0u, before = 0u, tag = 0u;
  uint32_t page = GR_PAGES_NONE;
  for (; list != 0u && count != 0u; count--) {
    const uint64_t offset = GR_LIST_OFFSET(list);
    if (!gr_slot_is_sealed(m, offset, &before)) {
      list = gr_list_broken(team, list);
      break;
    }
    if ((uint32_t)(offset >> GR_PAGE_SHIFT) != page) { /* seldom: what is freed in a row lies so */
      page = (uint32_t)(offset >> GR_PAGE_SHIFT);
      tag = gr_load_relaxed_gpu_u64(&m->page[page].tag);
    }
    const struct gr_slot at = gr_slot_at(m, offset, tag);
    const uint64_t slot = GR_SLOTS(at.group, (uint32_t)1 << at.bit);
    list = before;
    if ((slots ^ slot) >> 32 == 0u) {
      slots |= slot;
      continue;
    }
    if (slots != 0u) {
      gr_group_give(team, slots);
    }
    slots = slot;
  }
  if (slots != 0u) {
    gr_group_give(team, slots);
  }
  return list;
}

/* ---- whose magazines ---- */
GR_DEV void gr_heap_activate(struct gr_team *team, uint32_t class_)
{
  const uint64_t bit = (uint64_t)1 << class_;
  uint64_t seen = gr_load_acquire_team_u64(&team->heap.active);
  while ((seen & bit) == 0u) {
    const uint64_t before = gr_cas_acqrel_team_u64(&team->heap.active, seen, seen | bit);
    seen = before == seen ? seen | bit : before;
  }
}

/* Any one lane, while no other allocates: magazines are emptied, and held blocks let go. What was
 * taken from an arena that has been reset since is forgotten: is_stale. */
GR_DEV_APART void gr_heap_trim(struct gr_team *team, bool is_stale)
{
  uint64_t active = gr_load_acquire_team_u64(&team->heap.active);
  gr_store_release_team_u64(&team->heap.active, 0u);
  for (; active != 0u; active &= active - 1u) {
    const uint32_t class_ = gr_bits_lowest_u64(active);
    struct gr_magazine *magazine = &team->heap.magazine[class_];
    gr_au64 *held = gr_held_of(team, class_);
    if (is_stale) {
      gr_store_release_team_u64(&magazine->take, 0u);
      gr_store_release_team_u64(&magazine->give, 0u);
      gr_store_relaxed_gpu_u64(held, 0u);
      continue;
    }
    gr_slots_flush(team, &magazine->take);
    if (gr_lanes_is_one()) {
      gr_list_shed(team, gr_load_acquire_team_u64(&magazine->give), UINT32_MAX);
      gr_store_release_team_u64(&magazine->give, 0u);
    } else {
      gr_slots_flush(team, &magazine->give);
    }
    const uint64_t had = gr_load_acquire_gpu_u64(held);
    if (had != 0u) {
      gr_block_let_go(team, class_, had);
    }
  }
}

/* Leading warp's lane 0, between tasks. */
GR_DEV_APART void gr_heap_leave(struct gr_team *team)
{
  const uint64_t key = gr_load_acquire_team_u64(&team->heap.key);
  if (key != 0u) {
    const uint64_t owner = GR_KEY_OWNER(key);
    gr_heap_trim(team, gr_arena_generation(&team->dev->memory, GR_OWNER_CONTEXT(owner)) !=
                           GR_OWNER_GENERATION(owner));
    gr_store_release_team_u64(&team->heap.key, 0u);
  }
}
/* Since the magazines were filled an arena was reset, or somebody found no memory. */
GR_DEV bool gr_heap_is_asked(const struct gr_team *team)
{
  return gr_load_acquire_team_u64(&team->heap.key) != 0u &&
         (gr_load_relaxed_gpu_u32(&team->dev->memory.resets) !=
              gr_load_relaxed_gpu_u32(&team->heap.resets) ||
          gr_load_relaxed_gpu_u32(&team->dev->memory.pressure) !=
              gr_load_relaxed_gpu_u32(&team->heap.pressure));
}
/* The same, before a task begins: magazines that are not its context's, or that are asked for, are
 * emptied. */
GR_DEV void gr_heap_begin(struct gr_team *team, uint32_t context)
{
  const uint64_t key = gr_load_acquire_team_u64(&team->heap.key);
  if (key != 0u && (GR_OWNER_CONTEXT(GR_KEY_OWNER(key)) != context || gr_heap_is_asked(team))) {
    gr_heap_leave(team);
  }
}

/* Whose arena the task at hand allocates from: GR_KEY(owner, BLOCK). Any lane; all find the same.
 */
GR_DEV uint64_t gr_heap_key(struct gr_team *team)
{
  uint64_t key = gr_load_acquire_team_u64(&team->heap.key);
  if (key == 0u) {
    struct gr_memory *m = &team->dev->memory;
    const uint32_t context = team->task->context;
    gr_store_relaxed_gpu_u32(&team->heap.resets, gr_load_relaxed_gpu_u32(&m->resets));
    gr_store_relaxed_gpu_u32(&team->heap.pressure, gr_load_relaxed_gpu_u32(&m->pressure));
    key = GR_KEY(GR_OWNER(gr_arena_generation(m, context), context), GR_PAGE_BLOCK);
    gr_store_release_team_u64(&team->heap.key, key);
  }
  return key;
}

/* ---- out of a magazine ---- */
/* `take` is empty: up to `count` slots, and the rest of their group into it. 0: there are none. */
GR_DEV_APART uint64_t gr_magazine_refill(struct gr_team *team, uint32_t class_, uint32_t count)
{
  struct gr_magazine *magazine = &team->heap.magazine[class_];
  uint64_t slots = gr_lanes_is_one() ? 0u : gr_load_acquire_team_u64(&magazine->give);
  if (GR_SLOTS_MASK(slots) == 0u || gr_cas_acqrel_team_u64(&magazine->give, slots, 0u) != slots) {
    slots = gr_slots_find(team, GR_KEY_OWNER(gr_heap_key(team)), class_);
    if (slots == 0u) {
      return 0u;
    }
  }
  gr_heap_activate(team, class_);
  const uint64_t rest = gr_slots_after(slots, count);
  const uint64_t have = gr_load_acquire_team_u64(&magazine->take);
  if ((GR_SLOTS_MASK(have) != 0u || gr_cas_acqrel_team_u64(&magazine->take, have, rest) != have) &&
      GR_SLOTS_MASK(rest) != 0u) {
    gr_group_give(team, rest); /* another lane has refilled it meanwhile */
  }
  return slots & ~(uint64_t)GR_SLOTS_MASK(rest);
}

/* One lane for `count`: a group and up to so many of its slots. 0: none. */
GR_DEV uint64_t gr_magazine_take(struct gr_team *team, uint32_t class_, uint32_t count)
{
  gr_au64 *take = &team->heap.magazine[class_].take;
  uint64_t have = gr_load_acquire_team_u64(take);
  while (GR_SLOTS_MASK(have) != 0u) {
    const uint64_t left = gr_slots_after(have, count);
    const uint64_t seen = gr_cas_acqrel_team_u64(take, have, left);
    if (seen == have) {
      return have & ~(uint64_t)GR_SLOTS_MASK(left);
    }
    have = seen;
  }
  return gr_magazine_refill(team, class_, count);
}

/* ---- back ---- */
/* Of a group that is in neither word: what is in `give` goes back to its block. */
GR_DEV_APART uint32_t gr_magazine_exchange(struct gr_team *team, uint32_t class_, uint64_t slots)
{
  gr_au64 *give = &team->heap.magazine[class_].give;
  for (;;) {
    uint32_t twice = 0u;
    const uint64_t have = gr_load_acquire_team_u64(give);
    if (gr_slots_add(give, slots, &twice)) { /* another lane may have been here */
      return twice;
    }
    if (gr_cas_acqrel_team_u64(give, have, slots) == have) {
      gr_heap_activate(team, class_);
      if (GR_SLOTS_MASK(have) != 0u) {
        gr_group_give(team, have);
      }
      return 0u;
    }
  }
}

/* One lane for all that freed slots of this group. Returns those that are free already. */
GR_DEV uint32_t gr_magazine_give(struct gr_team *team, uint32_t class_, uint64_t slots)
{
  struct gr_magazine *magazine = &team->heap.magazine[class_];
  uint32_t twice = 0u;
  return gr_slots_add(&magazine->take, slots, &twice) ||
                 gr_slots_add(&magazine->give, slots, &twice)
             ? twice
             : gr_magazine_exchange(team, class_, slots);
}

/* The list has become too long. */
GR_DEV_APART int32_t gr_magazine_shed(struct gr_team *team, uint32_t class_)
{
  gr_au64 *give = &team->heap.magazine[class_].give;
  const uint64_t list = gr_load_acquire_team_u64(give);
  const uint32_t half = GR_LIST_COUNT(list) / 2u;
  gr_store_release_team_u64(give,
                            gr_list_shed(team, list, half < GR_SHED_MAX ? half : GR_SHED_MAX));
  return GR_OK;
}
/* One lane. The slot is free, and first on the list. */
GR_DEV_HOT int32_t gr_magazine_push(struct gr_team *team, uint32_t class_, uint64_t offset)
{
  const struct gr_memory *m = &team->dev->memory;
  gr_au64 *give = &team->heap.magazine[class_].give;
  const uint64_t list = gr_load_acquire_team_u64(give);
  gr_slot_seal(m, offset, list);
  gr_store_release_team_u64(give, ((list + GR_LIST_ONE) & ~(GR_LIST_ONE - 1u)) | offset);
  if (list == 0u) {
    gr_heap_activate(team, class_);
  }
  return list >= m->list_end[class_] ? gr_magazine_shed(team, class_) : GR_OK;
}
