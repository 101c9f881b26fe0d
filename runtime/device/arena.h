/* arena.h - what a context has: pages are charged to it, made blocks of, and given back.
 *
 * A block whose slots are all free stays a block until somebody needs pages: then empty blocks are
 * sought on the stacks of the arenas and retired. After a reset all that the arena had is *stale*:
 * its blocks and runs are given back by whoever needs pages, or pops them from a stack.
 *
 * Next: hold.h. */
#pragma once

#include "device/slab.h"

GR_DEV uint32_t gr_arena_generation(const struct gr_memory *m, uint32_t context)
{
  return GR_USE_GENERATION(gr_load_acquire_gpu_u64(&m->arena[context].use));
}
/* What a block or page with this tag was part of has been reset. */
GR_DEV bool gr_tag_is_stale(const struct gr_memory *m, uint64_t tag)
{
  const uint64_t owner = GR_TAG_OWNER(tag);
  return GR_TAG_KIND(tag) != GR_PAGE_NONE &&
         gr_arena_generation(m, GR_OWNER_CONTEXT(owner)) != GR_OWNER_GENERATION(owner);
}

/* ---- quota ---- */
GR_DEV bool gr_arena_has_room(const struct gr_arena *arena, uint32_t pages)
{
  const uint64_t quota = gr_load_relaxed_gpu_u64(&arena->quota);
  return GR_USE_PAGES(gr_load_relaxed_gpu_u64(&arena->use)) + (uint64_t)pages <= quota;
}
/* Counts `pages` more of this owner's. False: that is above the quota. */
GR_DEV bool gr_arena_charge(struct gr_memory *m, uint64_t owner, uint32_t pages)
{
  struct gr_arena *arena = gr_arena_of(m, owner);
  uint64_t use = gr_load_relaxed_gpu_u64(&arena->use);
  while (GR_USE_PAGES(use) + (uint64_t)pages <= gr_load_relaxed_gpu_u64(&arena->quota)) {
    const uint64_t seen = gr_cas_relaxed_gpu_u64(&arena->use, use, use + pages);
    if (seen == use) {
      return true;
    }
    use = seen;
  }
  return false;
}
/* They are no longer its; those of before a reset are counted as stale. */
GR_DEV void gr_arena_uncharge(struct gr_memory *m, uint64_t owner, uint32_t pages)
{
  struct gr_arena *arena = gr_arena_of(m, owner);
  uint64_t use = gr_load_relaxed_gpu_u64(&arena->use);
  while (GR_USE_GENERATION(use) == GR_OWNER_GENERATION(owner)) {
    const uint64_t seen = gr_cas_relaxed_gpu_u64(&arena->use, use, use - pages);
    if (seen == use) {
      return;
    }
    use = seen;
  }
  gr_add_relaxed_gpu_u32(&m->stale, 0u - pages);
}

/* ---- pages ---- */
/* Pages with data of another context, or of who had this one's number before, are cleared before
 * this one gets them. */
GR_DEV_APART void gr_pages_hand_over(struct gr_memory *m, uint64_t owner, uint32_t first,
                                     uint32_t count)
{
  const uint32_t context = GR_OWNER_CONTEXT(owner);
  const uint64_t bit = (uint64_t)1 << context;
  uint64_t users = gr_load_relaxed_gpu_u64(&m->users);
  if ((users & bit) == 0u) {
    users = gr_or_relaxed_gpu_u64(&m->users, bit) | bit;
  }
  const uint32_t tenants = gr_load_relaxed_gpu_u32(&m->arena[context].tenants);
  const uint32_t user = context == m->first_user && tenants == 0u ? 0u : GR_USER(tenants, context);
  if (user == 0u && users == bit) {
    return; /* nobody else ever had any */
  }
  for (uint32_t i = first; i < first + count; i++) {
    if (gr_load_relaxed_gpu_u32(&m->page[i].user) != user) {
      uint64_t *word = (uint64_t *)(void *)(m->base + ((uint64_t)i << GR_PAGE_SHIFT));
      for (uint32_t at = 0u; at < GR_PAGE_BYTES / 8u; at++) {
        word[at] = 0u;
      }
      gr_store_relaxed_gpu_u32(&m->page[i].user, user);
    }
  }
}

/* A run of `pages` for `owner`, charged, clean and on its way; its tags are the caller's to write.
 * GR_E_DQUOT or GR_E_NOMEM: not even for a moment. */
GR_DEV int32_t gr_pages_take(struct gr_team *team, uint64_t owner, uint32_t pages, uint32_t align,
                             uint32_t *first)
{
  struct gr_memory *m = &team->dev->memory;
  if (!gr_arena_has_room(gr_arena_of(m, owner), pages)) {
    return GR_E_DQUOT;
  }
  *first = gr_pages_claim(m, pages, align, gr_load_relaxed_gpu_u32(&team->heap.hint));
  if (*first == GR_PAGES_NONE) {
    return GR_E_NOMEM;
  }
  if (!gr_arena_charge(m, owner, pages)) { /* somebody was faster */
    gr_pages_release(m, *first, pages);
    gr_moves_end(m, true);
    return GR_E_DQUOT;
  }
  gr_store_relaxed_gpu_u32(&team->heap.hint, *first);
  gr_store_release_gpu_u32(&m->page[*first].pages, pages); /* M7, as in gr_block_retire */
  gr_pages_hand_over(m, owner, *first, pages);
  return GR_OK;
}

/* ---- blocks ---- */
/* Its slots are free, instead of virgin. */
GR_DEV void gr_block_fill(struct gr_page *block)
{
  const uint32_t slots = gr_block_slots(block), groups = gr_groups_of(slots);
  const uint64_t word = gr_load_relaxed_gpu_u64(&block->word);
  for (uint32_t group = 0u; group < groups; group++) {
    gr_store_relaxed_gpu_u32(&block->free[group], gr_group_all(slots, group));
  }
  gr_store_relaxed_gpu_u64(&block->word,
                           GR_BLOCK_WORD(GR_BLOCK_GENERATION(word), GR_BLOCK_STATE(word), groups,
                                         gr_bits_run(0u, groups)));
}

/* A block with all its slots virgin, held by the caller and on its way. If there is no room for one
 * of the usual length, a shorter one. */
GR_DEV int32_t gr_block_new(struct gr_team *team, uint64_t owner, uint32_t class_, uint64_t *held)
{
  struct gr_memory *m = &team->dev->memory;
  uint32_t page = GR_PAGES_NONE;
  const uint32_t bytes = m->class_[class_].bytes;
  uint32_t pages = m->class_[class_].pages;
  int32_t status = gr_pages_take(team, owner, pages, 1u, &page);
  while (status != GR_OK && pages << GR_PAGE_SHIFT >= 2u * bytes && pages > 1u) {
    pages = (pages + 1u) / 2u;
    status = gr_pages_take(team, owner, pages, 1u, &page);
  }
  if (status != GR_OK) {
    return status;
  }
  const uint32_t extent = GR_EXTENT((pages << GR_PAGE_SHIFT) / bytes, pages);
  gr_store_release_gpu_u32(&m->page[page].pages, extent);
  for (uint32_t i = 0u; i < pages; i++) {
    if (i != 0u) {
      gr_store_relaxed_gpu_u32(&m->page[page + i].pages, extent);
    }
    gr_store_relaxed_gpu_u32(&m->page[page + i].reciprocal, m->class_[class_].reciprocal);
    gr_store_relaxed_gpu_u64(&m->page[page + i].tag, GR_TAG(GR_PAGE_BLOCK, owner, class_, i));
  }
  if (!GR_WITH_MEMORY_BUMP) {
    gr_block_fill(&m->page[page]);
  }
  *held = GR_HELD(page, GR_BLOCK_GENERATION(gr_block_become(&m->page[page], GR_BLOCK_HELD)));
  return GR_OK;
}

/* All slots of the block seem to be free; or its arena has been reset. */
GR_DEV bool gr_block_is_empty(struct gr_memory *m, uint32_t page)
{
  struct gr_page *block = &m->page[page];
  const uint64_t word = gr_load_acquire_gpu_u64(&block->word); /* first, as in gr_block_retire */
  if (GR_BLOCK_STATE(word) == (uint32_t)GR_BLOCK_NONE) {
    return false; /* it has been retired */
  }
  if (gr_tag_is_stale(m, gr_load_relaxed_gpu_u64(&block->tag))) {
    return true;
  }
  const uint32_t slots = gr_block_slots(block);
  const uint32_t bump = GR_BLOCK_BUMP(word);
  bool is_free = GR_BLOCK_GROUPS(word) == (uint32_t)gr_bits_run(0u, bump);
  for (uint32_t group = 0u; group < bump && is_free; group++) {
    is_free = gr_load_acquire_gpu_u32(&block->free[group]) == gr_group_all(slots, group);
  }
  return is_free;
}

/* Takes what is free of a block that seems to be empty, to make sure: if it has the word that the
 * caller saw. True: that is all of it, and nobody else knows a slot of it (M5). False: what
 * there was has been given back. */
GR_DEV bool gr_block_seize(struct gr_team *team, uint32_t page, uint64_t word)
{
  struct gr_page *block = &team->dev->memory.page[page];
  const uint32_t slots = gr_block_slots(block), groups = gr_groups_of(slots);
  const uint32_t bump = GR_BLOCK_BUMP(word);
  const uint64_t none = GR_BLOCK_WORD(GR_BLOCK_GENERATION(word), GR_BLOCK_STATE(word), groups, 0u);
  if (GR_BLOCK_GROUPS(word) != (uint32_t)gr_bits_run(0u, bump) ||
      gr_cas_acqrel_gpu_u64(&block->word, word, none) != word) {
    return false;
  }
  uint32_t full = 0u, mask = UINT32_MAX; /* M7: who sees one of them gone, and an old word */
  for (; full < bump; full++) {
    mask = gr_exchange_acqrel_gpu_u32(&block->free[full], 0u);
    if (mask != gr_group_all(slots, full)) {
      break;
    }
  }
  if (full == bump) {
    return true;
  }
  for (uint32_t group = 0u; group < groups; group++) {
    uint32_t have = group < full || group >= bump ? gr_group_all(slots, group) : mask;
    if (group > full && group < bump) {
      have = gr_exchange_acqrel_gpu_u32(&block->free[group], 0u);
    }
    if (have != 0u) {
      gr_group_give(team, GR_SLOTS(page * GR_GROUPS + group, have));
    }
  }
  return false;
}

/* Gives the pages of a block back that had this word and tag, in this order, and that nobody has a
 * slot of, or that is stale. */
GR_DEV bool gr_block_end(struct gr_team *team, uint32_t page, uint64_t word, uint64_t tag)
{
  struct gr_memory *m = &team->dev->memory;
  struct gr_page *block = &m->page[page];
  const uint32_t pages = GR_EXTENT_PAGES(gr_load_relaxed_gpu_u32(&block->pages));
  /* Its state may still change, as its holder lets it go, and a stale one's stack has it then; its
   * generation only if it is stale and another is here, too. */
  const uint32_t generation = GR_BLOCK_GENERATION(word), state = GR_BLOCK_STATE(word);
  const uint64_t retired = GR_BLOCK_WORD(generation + 1u, GR_BLOCK_NONE, 0u, 0u);
  for (;;) {
    const uint64_t seen = gr_cas_acqrel_gpu_u64(&block->word, word, retired);
    if (seen == word) {
      break;
    }
    word = seen;
    if (GR_BLOCK_GENERATION(word) != generation ||
        (GR_BLOCK_STATE(word) != state && GR_BLOCK_STATE(word) == (uint32_t)GR_BLOCK_LISTED)) {
      return false;
    }
  }
  for (uint32_t group = 0u; group < GR_GROUPS; group++) {
    gr_store_release_gpu_u32(&block->free[group], 0u); /* M7: who sees this and an old word */
  }
  gr_store_release_gpu_u64(&block->tag, 0u);
  for (uint32_t i = 1u; i < pages; i++) {
    gr_store_relaxed_gpu_u64(&block[i].tag, 0u);
  }
  gr_arena_uncharge(m, GR_TAG_OWNER(tag), pages);
  gr_pages_release(m, page, pages);
  return true;
}

/* The same, of a block that the caller has popped, if it is empty. */
GR_DEV bool gr_block_retire(struct gr_team *team, uint32_t page)
{
  struct gr_memory *m = &team->dev->memory;
  /* The word first: what follows is of this block, or the word is not the same any more. */
  const uint64_t word = gr_load_acquire_gpu_u64(&m->page[page].word);
  const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[page].tag);
  if (GR_BLOCK_STATE(word) != (uint32_t)GR_BLOCK_LISTED ||
      (!gr_tag_is_stale(m, tag) &&
       (!gr_block_is_empty(m, page) || !gr_block_seize(team, page, word)))) {
    return false;
  }
  return gr_block_end(team, page, word, tag);
}

/* A block with something free, from the arena's stacks, or a new one: held by the caller, on its
 * way. */
GR_DEV int32_t gr_block_find(struct gr_team *team, uint64_t owner, uint32_t class_, uint64_t *held)
{
  struct gr_memory *m = &team->dev->memory;
  for (uint32_t i = 0u; i < GR_SHARDS; i++) {
    gr_au64 *top = &gr_arena_of(m, owner)->top[class_][(team->id + i) % GR_SHARDS];
    for (uint32_t page = gr_blocks_pop(m, top); page != GR_PAGES_NONE;
         page = gr_blocks_pop(m, top)) {
      if (GR_TAG_OWNER(gr_load_relaxed_gpu_u64(&m->page[page].tag)) == owner) {
        const uint64_t word = gr_block_become(&m->page[page], GR_BLOCK_HELD);
        *held = GR_HELD(page, GR_BLOCK_GENERATION(word)); /* it may be retired from here on */
        return GR_OK;
      }
      gr_block_retire(team, page); /* it is stale */
      gr_moves_end(m, true);
    }
  }
  return gr_block_new(team, owner, class_, held);
}
