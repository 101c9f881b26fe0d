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

#include "device/reclaim.h"

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
GR_DEV void gr_slot_seal(const struct gr_memory *m, gr_au64 *slot, uint64_t before)
{
  gr_store_relaxed_gpu_u64(&slot[0], before);
  if (GR_WITH_MEMORY_TAGS) {
    gr_store_relaxed_gpu_u64(&slot[1], GR_SEAL(m->secret, (uint64_t)(uintptr_t)slot, before));
  }
}
/* `before`: its first word, the list below if it is on one. */
GR_DEV bool gr_slot_is_sealed(const struct gr_memory *m, const gr_au64 *slot, uint64_t *before)
{
  *before = gr_load_relaxed_gpu_u64(&slot[0]);
  return !GR_WITH_MEMORY_TAGS || gr_load_relaxed_gpu_u64(&slot[1]) ==
                                     GR_SEAL(m->secret, (uint64_t)(uintptr_t)slot, *before);
}
/* The first slot of a class's list was written to after it was freed, perhaps freed twice: what the
 * list was before is not known any more, and the rest is lost until the arena is reset. */
GR_DEV_APART void gr_list_broken(struct gr_team *team, uint32_t class_)
{
  gr_au64 *list = &team->heap.magazine[class_].give;
  gr_memory_error_note(team, GR_MEMORY_WRITTEN,
                       (const void *)(uintptr_t)gr_load_acquire_team_u64(list));
  gr_store_release_team_u64(list, 0u);
  team->heap.listed[class_] = 0u;
}

/* The last `count` slots of a class's list go back to their blocks. */
GR_DEV_APART void gr_list_shed(struct gr_team *team, uint32_t class_, uint32_t count)
{
  const struct gr_memory *m = &team->dev->memory;
  gr_au64 *give = &team->heap.magazine[class_].give;
  uint64_t slots = 0u, before = 0u, tag = 0u;
  uint32_t page = GR_PAGES_NONE;
  for (; count != 0u && gr_load_acquire_team_u64(give) != 0u; count--) {
    const uint64_t list = gr_load_acquire_team_u64(give);
    if (!gr_slot_is_sealed(m, (const gr_au64 *)(uintptr_t)list, &before)) {
      gr_list_broken(team, class_);
      break;
    }
    gr_store_release_team_u64(give, before);
    team->heap.listed[class_]--;
    const uint64_t offset = list - (uint64_t)(uintptr_t)m->base;
    if ((uint32_t)(offset >> GR_PAGE_SHIFT) != page) { /* seldom: what is freed in a row lies so */
      page = (uint32_t)(offset >> GR_PAGE_SHIFT);
      tag = gr_load_relaxed_gpu_u64(&m->page[page].tag);
    }
    const struct gr_slot at = gr_slot_at(m, offset, tag);
    const uint64_t slot = GR_SLOTS(at.group, (uint32_t)1 << at.bit);
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
}

/* ---- whose magazines ---- */
/* Any lane: magazines are emptied, and held blocks let go. What was taken from an arena that has
 * been reset since is forgotten: is_stale; then no other lane may be allocating. True: there was
 * something, perhaps. */
GR_DEV_APART bool gr_heap_trim(struct gr_team *team, bool is_stale)
{
  uint64_t active = gr_load_acquire_team_u64(&team->heap.active), seen = 0u;
  while ((seen = gr_cas_acqrel_team_u64(&team->heap.active, active, 0u)) != active) {
    active = seen;
  }
  const bool is_some = active != 0u;
  for (; active != 0u; active &= active - 1u) {
    const uint32_t class_ = gr_bits_lowest_u64(active);
    struct gr_magazine *magazine = &team->heap.magazine[class_];
    gr_au64 *held = gr_held_of(team, class_);
    if (is_stale) {
      gr_store_release_team_u64(&magazine->take, 0u);
      gr_store_release_team_u64(&magazine->give, 0u);
      team->heap.listed[gr_lanes_is_one() ? class_ : 0u] = 0u;
      gr_store_relaxed_gpu_u64(held, 0u);
      continue;
    }
    gr_slots_flush(team, &magazine->take);
    if (gr_lanes_is_one()) {
      gr_list_shed(team, class_, UINT32_MAX);
    } else {
      gr_slots_flush(team, &magazine->give);
    }
    const uint64_t had = gr_load_acquire_gpu_u64(held);
    if (had != 0u) {
      gr_block_let_go(team, held, had);
    }
  }
  return is_some;
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
    gr_store_release_gpu_u64(gr_using_of(team, team->id), 0u);
  }
}

/* ---- reset ---- */
/* One lane, while no task of the context runs but the caller's: nothing that it allocated is valid
 * any more, and all of it may be had again. In a time that does not depend on how much it was.
 * GR_E_BUSY, and nothing has changed: another team has slots of it at hand, and may just be putting
 * them into what would have become of their block; they are asked for, so try again later. */
GR_DEV_APART int32_t gr_arena_reset(struct gr_team *team, uint32_t context)
{
  struct gr_memory *m = &team->dev->memory;
  struct gr_arena *arena = &m->arena[context];
  for (uint32_t other = 0u; other < team->dev->teams; other++) {
    const uint64_t key = gr_load_acquire_gpu_u64(gr_using_of(team, other));
    if (other != team->id && key != 0u && GR_OWNER_CONTEXT(GR_KEY_OWNER(key)) == context) {
      gr_add_relaxed_gpu_u32(&m->pressure, 1u);
      return GR_E_BUSY;
    }
  }
  uint64_t use = gr_load_relaxed_gpu_u64(&arena->use);
  for (;;) {
    const uint64_t seen =
        gr_cas_release_gpu_u64(&arena->use, use, GR_USE(GR_USE_GENERATION(use) + 1u, 0u));
    if (seen == use) {
      break;
    }
    use = seen; /* somebody retires an empty block of it */
  }
  gr_add_relaxed_gpu_u32(&m->stale, GR_USE_PAGES(use));
  gr_add_relaxed_gpu_u32(&m->resets, 1u);
  if (GR_OWNER_CONTEXT(GR_KEY_OWNER(gr_load_acquire_team_u64(&team->heap.key))) == context) {
    gr_heap_leave(team); /* the caller's op may go on */
  }
  return GR_OK;
}

/* ---- between tasks ---- */
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
    if (gr_load_relaxed_gpu_u32(&team->heap.hint) == 0u) { /* not all at one word of the map */
      gr_store_relaxed_gpu_u32(&team->heap.hint, team->id * GR_HINT_PAGES % m->pages);
    }
    key = GR_KEY(GR_OWNER(gr_arena_generation(m, context), context), GR_PAGE_BLOCK);
    gr_store_relaxed_gpu_u64(gr_using_of(team, team->id), key);
    gr_store_release_team_u64(&team->heap.key, key);
  }
  return key;
}

/* ---- out of a magazine ---- */
/* Some slots of one group, of a block. 0: none. Part of gr_magazine_refill, as is what it calls: on
 * a GPU each call within a call keeps registers, and 18 more would be too many for every image. */
GR_DEV uint64_t gr_slots_find(struct gr_team *team, uint64_t owner, uint32_t class_)
{
  struct gr_memory *m = &team->dev->memory;
  int32_t why = GR_OK;
  for (uint32_t tries = 0u; tries < GR_MOVES_TRIES;) {
    const uint64_t moves = gr_load_acquire_gpu_u64(&m->moves);
    const uint64_t slots = gr_slots_search(team, owner, class_, &why);
    if (slots != 0u) {
      return slots;
    }
    if (gr_heap_trim(team, false) || gr_memory_reclaim(team, owner, why != GR_E_DQUOT)) {
      continue; /* there is less of it each time */
    }
    if (gr_moves_is_final(m, moves)) {
      break;
    }
    gr_moves_wait(tries++);
    why = GR_E_AGAIN;
  }
  gr_add_relaxed_gpu_u32(&m->pressure, 1u);
  gr_heap_say(team, why);
  return 0u;
}

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
  const uint64_t rest = gr_slots_after(slots, count);
  const uint64_t have = gr_load_acquire_team_u64(&magazine->take);
  if ((!GR_WITH_MEMORY_MAGAZINES || GR_SLOTS_MASK(have) != 0u ||
       gr_cas_acqrel_team_u64(&magazine->take, have, rest) != have) &&
      GR_SLOTS_MASK(rest) != 0u) {
    gr_group_give(team, rest); /* another lane has refilled it meanwhile */
  }
  gr_heap_activate(team, class_);
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
  if (!GR_WITH_MEMORY_MAGAZINES) {
    gr_group_give(team, slots);
    return 0u;
  }
  uint32_t twice = 0u;
  return gr_slots_add(&magazine->take, slots, &twice) ||
                 gr_slots_add(&magazine->give, slots, &twice)
             ? twice
             : gr_magazine_exchange(team, class_, slots);
}

/* The list has become too long. */
GR_DEV_APART int32_t gr_magazine_shed(struct gr_team *team, uint32_t class_)
{
  const uint32_t half = team->heap.listed[class_] / 2u;
  gr_list_shed(team, class_, half < GR_SHED_MAX ? half : GR_SHED_MAX);
  return GR_OK;
}
/* One lane. The slot is free, and first on the list. */
GR_DEV_HOT int32_t gr_magazine_push(struct gr_team *team, uint32_t class_, gr_au64 *slot)
{
  const struct gr_memory *m = &team->dev->memory;
  gr_au64 *give = &team->heap.magazine[class_].give;
  const uint64_t list = gr_load_acquire_team_u64(give);
  gr_slot_seal(m, slot, list);
  gr_store_release_team_u64(give, (uint64_t)(uintptr_t)slot);
  if (list == 0u) {
    gr_heap_activate(team, class_);
  }
  return team->heap.listed[class_]++ >= m->list_max[class_] ? gr_magazine_shed(team, class_)
                                                            : (int32_t)GR_OK;
}
