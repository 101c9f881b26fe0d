/* alloc.h - memory for ops: gr_alloc, gr_free and what is made of them.
 *
 * Any lane may call any of these, diverged or not; memory belongs to the context of the task at
 * hand, and any op of that context may free it, on any team. What was allocated stays until it is
 * freed or the arena is reset; it is not bound to the op. Every pointer is aligned to 16 bytes.
 *
 *   void *gr_alloc(team, bytes)             NULL: gr_alloc_why(team) tells
 *   void *gr_alloc_fixed(team, bytes)       bytes is a constant, up to GR_SLAB_BYTES_MAX
 *   void *gr_alloc_aligned(team, bytes, align)
 *   void *gr_calloc(team, count, bytes)     zeroed
 *   void *gr_realloc(team, p, bytes)        as realloc(3)
 *   int32_t gr_free(team, p)                GR_OK, also for NULL
 *   uint64_t gr_alloc_bytes(team, p)        that may be used of it; 0: it is not allocated
 *
 * Why not: GR_E_NOMEM (there is none; other teams' magazines may hold some slots), GR_E_DQUOT (the
 * arena's quota), GR_E_INVAL (no bytes, or an alignment that is no power of two), GR_E_AGAIN (other
 * teams are in the middle of moving memory and do not get on). Never a wait.
 *
 * Freeing what is not yours to free changes nothing, is counted and kept for the host with op,
 * context and team (grosr_memory_errors): GR_E_FAULT (from nowhere, or another context's, or from
 * before a reset), GR_E_INVAL (within an object), GR_E_STALE (free already). Two frees of one slot
 * at the same moment are both taken, and found when the slot goes back to its block.
 *
 * While memory is debugged (options.memory_debug) every call takes the way through alloc_debug.h.
 *
 * Next: alloc_debug.h, host/heap.c (the host's side), ../shared/memory.h (the protocols). */
#pragma once

#include "device/magazine.h"

/* ---- while memory is debugged: alloc_debug.h, at the end of this file ---- */
/* Slots are then never at hand, so the ways below that find none lead there, and the others do not
 * have to ask. */
GR_DEV_APART void *gr_debug_alloc(struct gr_team *team, uint64_t bytes, uint64_t align);
GR_DEV_APART int32_t gr_debug_free(struct gr_team *team, void *p);
GR_DEV_APART uint64_t gr_debug_bytes(struct gr_team *team, const void *p);
GR_DEV_APART bool gr_quarantine_flush(struct gr_team *team);

/* ---- slots ---- */
/* It is somebody's: no seal on it. */
GR_DEV void *gr_slot_open(gr_au64 *slot)
{
  if (GR_WITH_MEMORY_TAGS) {
    gr_store_relaxed_gpu_u64(&slot[1], 0u);
  }
  return slot;
}

/* The lowest of these. */
GR_DEV gr_au64 *gr_slot_first(const struct gr_team *team, uint32_t class_, uint64_t slots)
{
  return (gr_au64 *)gr_slot_address(&team->dev->memory, gr_class_bytes(class_),
                                    GR_SLOTS_GROUP(slots), gr_bits_lowest_u64(slots));
}
/* Of a team of one lane: from what was freed last, or else from a group. */
GR_DEV_APART void *gr_slot_alloc_refill(struct gr_team *team, uint32_t class_, uint64_t bytes)
{
  if (team->dev->memory.debug != 0u) {
    return gr_debug_alloc(team, bytes, 1u);
  }
  const uint64_t slots = gr_magazine_refill(team, class_, 1u);
  return slots == 0u ? NULL : gr_slot_open(gr_slot_first(team, class_, slots));
}
/* The same, and what was freed last was written to since. */
GR_DEV_APART void *gr_slot_alloc_broken(struct gr_team *team, uint32_t class_)
{
  gr_list_broken(team, class_);
  const uint64_t slots = gr_magazine_take(team, class_, 1u);
  return slots == 0u ? NULL : gr_slot_open(gr_slot_first(team, class_, slots));
}
GR_DEV_HOT void *gr_slot_alloc_one(struct gr_team *team, uint32_t class_, uint64_t bytes)
{
  const struct gr_memory *m = &team->dev->memory;
  struct gr_magazine *magazine = &team->heap.magazine[class_];
  const uint64_t list = gr_load_acquire_team_u64(&magazine->give);
  if (list != 0u) {
    uint64_t before = 0u;
    gr_au64 *slot = (gr_au64 *)(uintptr_t)list;
    if (gr_slot_is_sealed(m, slot, &before)) {
      gr_store_release_team_u64(&magazine->give, before);
      team->heap.listed[class_]--;
      return gr_slot_open(slot);
    }
    return gr_slot_alloc_broken(team, class_);
  }
  const uint64_t have = gr_load_acquire_team_u64(&magazine->take);
  if (GR_SLOTS_MASK(have) == 0u) {
    return gr_slot_alloc_refill(team, class_, bytes);
  }
  gr_store_release_team_u64(&magazine->take, have & (have - 1u));
  return gr_slot_open(gr_slot_first(team, class_, have));
}

/* Together with the lanes that happen to ask for the same. */
GR_DEV_HOT void *gr_slot_alloc_lanes(struct gr_team *team, uint32_t class_)
{
  for (;;) {
    const uint32_t lane = gr_warp_lane();
    const uint32_t peers =
        gr_peers_u32(GR_WITH_MEMORY_AGGREGATION ? class_ : class_ * gr_warp_lanes() + lane);
    const uint32_t leader = gr_bits_lowest_u64(peers);
    uint64_t slots = 0u;
    if (lane == leader) {
      slots = gr_magazine_take(team, class_, gr_bits_count_u64(peers));
      if (GR_SLOTS_MASK(slots) == 0u) { /* all of them are told why */
        slots = (uint64_t)(uint32_t)gr_alloc_why(team) << 32;
      }
    }
    slots = gr_peers_shuffle_u64(peers, slots, leader);
    uint32_t rank = gr_bits_count_u64(peers & (((uint32_t)1 << lane) - 1u));
    uint32_t mask = GR_SLOTS_MASK(slots);
    if (mask == 0u) {
      gr_heap_say(team, (int32_t)(slots >> 32));
      return NULL;
    }
    for (; rank != 0u && mask != 0u; rank--) {
      mask &= mask - 1u;
    }
    if (mask != 0u) {
      return gr_slot_open((gr_au64 *)gr_slot_address(&team->dev->memory, gr_class_bytes(class_),
                                                     GR_SLOTS_GROUP(slots),
                                                     gr_bits_lowest_u64(mask)));
    }
  }
}

/* A slot of this class, for `bytes`. With a constant, nothing is left to compute. */
GR_DEV_HOT void *gr_slot_alloc_for(struct gr_team *team, uint32_t class_, uint64_t bytes)
{
  if (gr_lanes_is_one()) {
    return gr_slot_alloc_one(team, class_, bytes);
  }
  return team->dev->memory.debug != 0u ? gr_debug_alloc(team, bytes, 1u)
                                       : gr_slot_alloc_lanes(team, class_);
}
GR_DEV_HOT void *gr_slot_alloc(struct gr_team *team, uint32_t class_)
{
  return gr_slot_alloc_for(team, class_, gr_class_bytes(class_));
}

/* Some of the peers free the same slot: whether a lower one frees this lane's. */
GR_DEV_APART bool gr_slot_is_lower(uint32_t peers, uint32_t bit)
{
  bool is_lower = false;
  for (uint32_t rest = peers; rest != 0u; rest &= rest - 1u) {
    const uint32_t lane = gr_bits_lowest_u64(rest);
    const uint64_t its = gr_peers_shuffle_u64(peers, bit, lane);
    is_lower = is_lower || (lane < gr_warp_lane() && its == bit);
  }
  return is_lower;
}
/* A lane's slot, with those that its peers free of the same group. */
GR_DEV_HOT int32_t gr_slot_give(struct gr_team *team, const struct gr_slot *at)
{
  const uint32_t peers =
      gr_peers_u32(GR_WITH_MEMORY_AGGREGATION ? at->group : at->group * GR_GROUP_SLOTS + at->bit);
  const uint32_t bits = gr_peers_or_u32(peers, (uint32_t)1 << at->bit);
  const uint32_t leader = gr_bits_lowest_u64(peers);
  uint64_t twice = 0u;
  if (gr_warp_lane() == leader) {
    twice = gr_magazine_give(team, at->class_, GR_SLOTS(at->group, bits));
  }
  twice = gr_peers_shuffle_u64(peers, twice, leader) >> at->bit & 1u;
  if (gr_bits_count_u64(bits) != gr_bits_count_u64(peers)) {
    twice |= gr_slot_is_lower(peers, at->bit) ? 1u : 0u;
  }
  return twice == 0u ? GR_OK : GR_E_STALE;
}

/* ---- runs ---- */
GR_DEV_APART void *gr_run_alloc(struct gr_team *team, uint64_t bytes, uint32_t align_pages)
{
  struct gr_memory *m = &team->dev->memory;
  const uint64_t pages = (bytes + GR_PAGE_BYTES - 1u) >> GR_PAGE_SHIFT;
  uint32_t page = 0u;
  if (bytes > m->bytes) {
    gr_heap_say(team, GR_E_NOMEM);
    return NULL;
  }
  const uint64_t owner = GR_KEY_OWNER(gr_heap_key(team));
  int32_t status = gr_pages_take(team, owner, (uint32_t)pages, align_pages, &page);
  for (uint32_t tries = 0u; status != GR_OK;) {
    const uint64_t moves = gr_load_acquire_gpu_u64(&m->moves);
    const bool is_worth =
        gr_heap_trim(team, false) || gr_memory_reclaim(team, owner, status != GR_E_DQUOT);
    status = gr_pages_take(team, owner, (uint32_t)pages, align_pages, &page);
    if (status == GR_OK || is_worth) {
      continue;
    }
    if (tries == GR_MOVES_TRIES || gr_moves_is_final(m, moves)) {
      gr_add_relaxed_gpu_u32(&m->pressure, 1u);
      gr_heap_say(team, tries == GR_MOVES_TRIES ? (int32_t)GR_E_AGAIN : status);
      return NULL;
    }
    gr_moves_wait(tries++);
  }
  gr_store_relaxed_gpu_u64(&m->page[page].tag, GR_TAG(GR_PAGE_RUN, owner, 0u, 0u));
  gr_moves_end(m, true);
  return m->base + ((uint64_t)page << GR_PAGE_SHIFT);
}

/* What is no slot of the magazines' context: a run, or not to be freed. */
GR_DEV_APART int32_t gr_run_free(struct gr_team *team, void *p)
{
  struct gr_memory *m = &team->dev->memory;
  const uint64_t offset = (uint64_t)((unsigned char *)p - m->base);
  const uint64_t owner = GR_KEY_OWNER(gr_heap_key(team));
  const uint64_t run = GR_TAG(GR_PAGE_RUN, owner, 0u, 0u);
  gr_au64 *tag = &m->page[offset < m->bytes ? offset >> GR_PAGE_SHIFT : 0u].tag;
  if (offset >= m->bytes || gr_load_relaxed_gpu_u64(tag) != run) {
    return gr_memory_error_note(team, GR_MEMORY_FOREIGN, p);
  }
  if ((offset & (GR_PAGE_BYTES - 1u)) != 0u) {
    return gr_memory_error_note(team, GR_MEMORY_INTERIOR, p);
  }
  const uint32_t page = (uint32_t)(offset >> GR_PAGE_SHIFT);
  const uint32_t pages = gr_load_relaxed_gpu_u32(&m->page[page].pages);
  if (gr_cas_relaxed_gpu_u64(tag, run, 0u) != run) {
    return gr_memory_error_note(team, GR_MEMORY_DOUBLE, p);
  }
  gr_arena_uncharge(m, owner, pages);
  gr_pages_release(m, page, pages);
  gr_memory_tell(team);
  return GR_OK;
}

/* ---- what ops call ---- */
GR_DEV_ONCE void *gr_alloc(struct gr_team *team, uint64_t bytes)
{
  if (bytes - 1u < GR_SLAB_BYTES_MAX) {
    return gr_slot_alloc_for(team, gr_class_of(bytes), bytes);
  }
  if (bytes != 0u) {
    return team->dev->memory.debug != 0u ? gr_debug_alloc(team, bytes, 1u)
                                         : gr_run_alloc(team, bytes, 1u);
  }
  gr_heap_say(team, GR_E_INVAL);
  return NULL;
}

/* The same for 1 to GR_SLAB_BYTES_MAX bytes that are a constant: nothing is left to compute. */
GR_DEV_HOT void *gr_alloc_fixed(struct gr_team *team, uint32_t bytes)
{
  return gr_slot_alloc_for(team, gr_class_of(bytes), bytes);
}

/* Of a page with this tag, which is a block of the magazines' context. */
GR_DEV_HOT int32_t gr_slot_free(struct gr_team *team, void *p, uint64_t offset, uint64_t tag)
{
  const struct gr_memory *m = &team->dev->memory;
  const struct gr_slot at = gr_slot_at(m, offset, tag);
  if (at.error != GR_MEMORY_FINE) {
    return gr_memory_error_note(team, at.error, p);
  }
  gr_au64 *slot = (gr_au64 *)(void *)(m->base + offset);
  uint64_t before = 0u;
  if (GR_WITH_MEMORY_TAGS && gr_slot_is_sealed(m, slot, &before)) {
    return gr_memory_error_note(team, GR_MEMORY_DOUBLE, p);
  }
  if (gr_lanes_is_one() && GR_WITH_MEMORY_MAGAZINES) {
    return gr_magazine_push(team, at.class_, slot);
  }
  gr_slot_seal(m, slot, 0u);
  return gr_slot_give(team, &at) == GR_OK ? GR_OK : gr_memory_error_note(team, GR_MEMORY_DOUBLE, p);
}

/* The task's first look at its magazines, runs, NULL, and what may not be freed. */
GR_DEV_APART int32_t gr_free_other(struct gr_team *team, void *p)
{
  const struct gr_memory *m = &team->dev->memory;
  const uint64_t offset = (uint64_t)((unsigned char *)p - m->base);
  if (p == NULL) {
    return GR_OK;
  }
  if (m->debug != 0u) {
    return gr_debug_free(team, p);
  }
  if (offset < m->bytes) {
    const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[offset >> GR_PAGE_SHIFT].tag);
    if (GR_TAG_KEY(tag) == gr_heap_key(team)) {
      return gr_slot_free(team, p, offset, tag);
    }
  }
  return gr_run_free(team, p);
}

GR_DEV_ONCE int32_t gr_free(struct gr_team *team, void *p)
{
  const struct gr_memory *m = &team->dev->memory;
  const uint64_t offset = (uint64_t)((unsigned char *)p - m->base);
  if (offset < m->free_bytes) {
    const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[offset >> GR_PAGE_SHIFT].tag);
    if (tag != 0u && GR_TAG_KEY(tag) == gr_load_acquire_team_u64(&team->heap.key)) {
      return gr_slot_free(team, p, offset, tag);
    }
  }
  return gr_free_other(team, p);
}

/* The bytes of the object that begins at p; 0: none of this context's does. */
GR_DEV_APART uint64_t gr_alloc_bytes(struct gr_team *team, const void *p)
{
  const struct gr_memory *m = &team->dev->memory;
  const uint64_t offset = (uint64_t)((const unsigned char *)p - m->base);
  const uint64_t key = gr_heap_key(team);
  if (p == NULL || offset >= m->bytes) {
    return 0u;
  }
  if (m->debug != 0u) {
    return gr_debug_bytes(team, p);
  }
  const struct gr_page *page = &m->page[offset >> GR_PAGE_SHIFT];
  const uint64_t tag = gr_load_relaxed_gpu_u64(&page->tag);
  if (GR_TAG_KEY(tag) == key) {
    uint64_t before = 0u;
    const bool is_one = gr_slot_at(m, offset, tag).error == GR_MEMORY_FINE &&
                        !(GR_WITH_MEMORY_TAGS && gr_slot_is_sealed(m, (const gr_au64 *)p, &before));
    return is_one ? gr_class_bytes(GR_TAG_CLASS(tag)) : 0u;
  }
  if (tag == GR_TAG(GR_PAGE_RUN, GR_KEY_OWNER(key), 0u, 0u) &&
      (offset & (GR_PAGE_BYTES - 1u)) == 0u) {
    return (uint64_t)gr_load_relaxed_gpu_u32(&page->pages) << GR_PAGE_SHIFT;
  }
  return 0u;
}

#include "device/realloc.h"

#include "device/alloc_debug.h"
