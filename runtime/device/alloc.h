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
 * Next: host/heap.c (the host's side), ../shared/memory.h (the protocols). */
#pragma once

#include "device/magazine.h"

/* ---- slots ---- */
/* It is somebody's: no seal on it. */
GR_DEV void *gr_slot_open(gr_au64 *slot)
{
  if (GR_WITH_MEMORY_TAGS) {
    gr_store_relaxed_gpu_u64(&slot[1], 0u);
  }
  return slot;
}

/* Of a team of one lane: from what was freed last, or else from a group. */
GR_DEV_APART void *gr_slot_alloc_refill(struct gr_team *team, uint32_t class_)
{
  const uint64_t slots = gr_magazine_refill(team, class_, 1u);
  return slots == 0u
             ? NULL
             : gr_slot_open((gr_au64 *)gr_slot_address(&team->dev->memory, gr_class_bytes(class_),
                                                       GR_SLOTS_GROUP(slots),
                                                       gr_bits_lowest_u64(slots)));
}
GR_DEV_HOT void *gr_slot_alloc_one(struct gr_team *team, uint32_t class_)
{
  const struct gr_memory *m = &team->dev->memory;
  struct gr_magazine *magazine = &team->heap.magazine[class_];
  const uint64_t list = gr_load_acquire_team_u64(&magazine->give);
  if (list != 0u) {
    uint64_t before = 0u;
    if (gr_slot_is_sealed(m, GR_LIST_OFFSET(list), &before)) {
      gr_store_release_team_u64(&magazine->give, before);
      return gr_slot_open((gr_au64 *)(void *)(m->base + GR_LIST_OFFSET(list)));
    }
    gr_store_release_team_u64(&magazine->give, gr_list_broken(team, list));
  }
  const uint64_t have = gr_load_acquire_team_u64(&magazine->take);
  if (GR_SLOTS_MASK(have) == 0u) {
    return gr_slot_alloc_refill(team, class_);
  }
  gr_store_release_team_u64(&magazine->take, have & (have - 1u));
  return gr_slot_open((gr_au64 *)gr_slot_address(m, gr_class_bytes(class_), GR_SLOTS_GROUP(have),
                                                 gr_bits_lowest_u64(have)));
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
    }
    slots = gr_peers_shuffle_u64(peers, slots, leader);
    uint32_t rank = gr_bits_count_u64(peers & (((uint32_t)1 << lane) - 1u));
    uint32_t mask = GR_SLOTS_MASK(slots);
    if (mask == 0u) {
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

/* A slot of this class. With a constant, nothing is left to compute. */
GR_DEV_HOT void *gr_slot_alloc(struct gr_team *team, uint32_t class_)
{
  return gr_lanes_is_one() ? gr_slot_alloc_one(team, class_) : gr_slot_alloc_lanes(team, class_);
}

/* A lane's slot, with those that its peers free of the same group. */
GR_DEV_HOT int32_t gr_slot_give(struct gr_team *team, const struct gr_slot *at)
{
  const uint32_t peers =
      gr_peers_u32(GR_WITH_MEMORY_AGGREGATION ? at->group : at->group * GR_GROUP_SLOTS + at->bit);
  const uint32_t bits = gr_peers_or_u32(peers, (uint32_t)1 << at->bit);
  const uint32_t leader = gr_bits_lowest_u64(peers);
  uint64_t status = GR_OK;
  if (gr_warp_lane() == leader) {
    status = (uint64_t)gr_magazine_give(team, at->class_, GR_SLOTS(at->group, bits));
    if ((peers & (peers - 1u)) != 0u && gr_bits_count_u64(bits) != gr_bits_count_u64(peers)) {
      status = (uint64_t)GR_E_STALE;
    }
  }
  return (int32_t)gr_peers_shuffle_u64(peers, status, leader);
}

/* ---- runs ---- */
GR_DEV_APART void *gr_run_alloc(struct gr_team *team, uint64_t bytes, uint32_t align_pages)
{
  struct gr_memory *m = &team->dev->memory;
  const uint64_t pages = (bytes + GR_PAGE_BYTES - 1u) >> GR_PAGE_SHIFT;
  uint32_t page = 0u;
  if (bytes > m->bytes) {
    team->heap.why = GR_E_NOMEM;
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
      team->heap.why = tries == GR_MOVES_TRIES ? GR_E_AGAIN : status;
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
GR_DEV_HOT void *gr_alloc(struct gr_team *team, uint64_t bytes)
{
  if (bytes - 1u < GR_SLAB_BYTES_MAX) {
    return gr_slot_alloc(team, gr_class_of(bytes));
  }
  if (bytes != 0u) {
    return gr_run_alloc(team, bytes, 1u);
  }
  team->heap.why = GR_E_INVAL;
  return NULL;
}

/* The same for 1 to GR_SLAB_BYTES_MAX bytes that are a constant: nothing is left to compute. */
GR_DEV_HOT void *gr_alloc_fixed(struct gr_team *team, uint32_t bytes)
{
  return gr_slot_alloc(team, gr_class_of(bytes));
}

GR_DEV int32_t gr_alloc_why(const struct gr_team *team)
{
  return team->heap.why;
}

/* Of a page with this tag, which is a block of the magazines' context. */
GR_DEV_HOT int32_t gr_slot_free(struct gr_team *team, void *p, uint64_t offset, uint64_t tag)
{
  const struct gr_memory *m = &team->dev->memory;
  const struct gr_slot at = gr_slot_at(m, offset, tag);
  if (at.error != GR_MEMORY_FINE) {
    return gr_memory_error_note(team, at.error, p);
  }
  uint64_t before = 0u;
  if (GR_WITH_MEMORY_TAGS && gr_slot_is_sealed(m, offset, &before)) {
    return gr_memory_error_note(team, GR_MEMORY_DOUBLE, p);
  }
  if (gr_lanes_is_one() && GR_WITH_MEMORY_MAGAZINES) {
    return gr_magazine_push(team, at.class_, offset);
  }
  gr_slot_seal(m, offset, 0u);
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
  if (offset < m->bytes) {
    const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[offset >> GR_PAGE_SHIFT].tag);
    if (GR_TAG_KEY(tag) == gr_heap_key(team)) {
      return gr_slot_free(team, p, offset, tag);
    }
  }
  return gr_run_free(team, p);
}

GR_DEV_HOT int32_t gr_free(struct gr_team *team, void *p)
{
  const struct gr_memory *m = &team->dev->memory;
  const uint64_t offset = (uint64_t)((unsigned char *)p - m->base);
  if (offset < m->bytes) {
    const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[offset >> GR_PAGE_SHIFT].tag);
    if (GR_TAG_KEY(tag) == gr_load_acquire_team_u64(&team->heap.key)) {
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
  const struct gr_page *page = &m->page[offset >> GR_PAGE_SHIFT];
  const uint64_t tag = gr_load_relaxed_gpu_u64(&page->tag);
  if (GR_TAG_KEY(tag) == key) {
    uint64_t before = 0u;
    const bool is_one = gr_slot_at(m, offset, tag).error == GR_MEMORY_FINE &&
                        !(GR_WITH_MEMORY_TAGS && gr_slot_is_sealed(m, offset, &before));
    return is_one ? gr_class_bytes(GR_TAG_CLASS(tag)) : 0u;
  }
  if (tag == GR_TAG(GR_PAGE_RUN, GR_KEY_OWNER(key), 0u, 0u) &&
      (offset & (GR_PAGE_BYTES - 1u)) == 0u) {
    return (uint64_t)gr_load_relaxed_gpu_u32(&page->pages) << GR_PAGE_SHIFT;
  }
  return 0u;
}

/* `align` is a power of two, up to the whole memory. */
GR_DEV_APART void *gr_alloc_aligned(struct gr_team *team, uint64_t bytes, uint64_t align)
{
  const struct gr_memory *m = &team->dev->memory;
  if (bytes == 0u || align == 0u || (align & (align - 1u)) != 0u || align > m->bytes) {
    team->heap.why = GR_E_INVAL;
    return NULL;
  }
  /* Blocks begin with a page, so a slot is aligned to what its size is a multiple of. */
  for (uint64_t size = bytes < align ? align : bytes;
       size <= GR_SLAB_BYTES_MAX && align <= GR_PAGE_BYTES; size++) {
    const uint32_t class_ = gr_class_of(size);
    size = gr_class_bytes(class_); /* all sizes up to it are of this class */
    if (size % align == 0u) {
      return gr_slot_alloc(team, class_);
    }
  }
  return gr_run_alloc(team, bytes, align > GR_PAGE_BYTES ? (uint32_t)(align >> GR_PAGE_SHIFT) : 1u);
}

GR_DEV_APART void *gr_calloc(struct gr_team *team, uint64_t count, uint64_t bytes)
{
  if (count != 0u && bytes > UINT64_MAX / count) {
    team->heap.why = GR_E_NOMEM;
    return NULL;
  }
  uint64_t *words = (uint64_t *)gr_alloc(team, count * bytes);
  for (uint64_t i = 0u; words != NULL && i < (count * bytes + 7u) / 8u; i++) {
    words[i] = 0u;
  }
  return words;
}

/* NULL and a size is gr_alloc, a pointer and no size gr_free. If there is no memory the answer is
 * NULL and p is as it was. */
GR_DEV_APART void *gr_realloc(struct gr_team *team, void *p, uint64_t bytes)
{
  const uint64_t have = p != NULL ? gr_alloc_bytes(team, p) : 0u;
  if (p != NULL && (have == 0u || bytes == 0u)) {
    gr_free(team, p); /* no object: which is an error, and noted */
    team->heap.why = have == 0u ? GR_E_FAULT : GR_OK;
    return NULL;
  }
  if (p != NULL && bytes <= have && bytes > have / 2u) {
    return p;
  }
  uint64_t *to = (uint64_t *)gr_alloc(team, bytes);
  if (to != NULL && p != NULL) {
    const uint64_t *from = (const uint64_t *)p;
    for (uint64_t i = 0u; i < ((bytes < have ? bytes : have) + 7u) / 8u; i++) {
      to[i] = from[i];
    }
    gr_free(team, p);
  }
  return to;
}
