/* reclaim.h - pages out of what lies about, for who found none: empty blocks on the stacks of the
 * arenas or in a team's hand, and what reset arenas had.
 *
 * Next: magazine.h. */
#pragma once

#include "device/hold.h"

/* Whether an empty block is on this stack: by a walk that takes nothing, so that who finds nothing
 * disturbs nobody. It may be wrong while blocks move (M7). */
GR_DEV bool gr_blocks_has_empty(struct gr_memory *m, gr_au64 *top)
{
  uint32_t link = (uint32_t)gr_load_acquire_gpu_u64(top);
  for (uint32_t left = m->pages; link != 0u && left != 0u; left--) {
    if (gr_block_is_empty(m, link - 1u)) {
      return true;
    }
    link = gr_load_acquire_gpu_u32(&m->page[link - 1u].next);
  }
  return false;
}

/* Empty blocks on the stacks of a context are pages again; the others of a stack that has one move
 * to the next, one at a time. True: there were some. */
GR_DEV bool gr_arena_reclaim(struct gr_team *team, uint32_t context)
{
  struct gr_memory *m = &team->dev->memory;
  struct gr_arena *arena = &m->arena[context];
  bool is_some = false;
  for (uint32_t at = 0u; at < GR_CLASSES * GR_SHARDS; at++) {
    const uint32_t shard = at % GR_SHARDS;
    gr_au64 *top = &arena->top[at / GR_SHARDS][shard];
    uint32_t left = gr_blocks_has_empty(m, top) ? m->pages : 0u;
    for (; left != 0u; left--) {
      const uint32_t page = gr_blocks_pop(m, top);
      if (page == GR_PAGES_NONE) {
        break;
      }
      if (gr_block_retire(team, page)) {
        is_some = true;
      } else {
        gr_block_push(m, shard + 1u, page);
      }
      gr_moves_end(m, true);
    }
  }
  return is_some;
}

/* Empty blocks that teams hold, of this owner or of all, are on stacks then. */
GR_DEV void gr_held_reclaim(struct gr_team *team, uint64_t owner, bool for_all)
{
  struct gr_memory *m = &team->dev->memory;
  for (uint32_t i = 0u; i < team->dev->teams * GR_CLASSES; i++) {
    const uint64_t held = gr_load_acquire_gpu_u64(&m->held[i]);
    if (held == 0u) {
      continue;
    }
    const uint32_t page = GR_HELD_PAGE(held);
    const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[page].tag);
    const uint64_t word = gr_load_acquire_gpu_u64(&m->page[page].word);
    if (GR_BLOCK_GENERATION(word) == GR_HELD_GENERATION(held) &&
        GR_BLOCK_STATE(word) == (uint32_t)GR_BLOCK_HELD &&
        (for_all || GR_TAG_OWNER(tag) == owner) && gr_block_is_empty(m, page)) {
      gr_block_let_go(team, &m->held[i], held);
    }
  }
}

/* What reset arenas had and is on no stack: runs, and blocks that were full or held. True: some. */
GR_DEV bool gr_stale_sweep(struct gr_team *team)
{
  struct gr_memory *m = &team->dev->memory;
  bool is_some = false;
  for (uint32_t page = 0u; page < m->pages && gr_load_relaxed_gpu_u32(&m->stale) != 0u; page++) {
    const uint64_t word = gr_load_acquire_gpu_u64(&m->page[page].word); /* as in gr_block_retire */
    const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[page].tag);
    const uint32_t kind = GR_TAG_KIND(tag), state = GR_BLOCK_STATE(word);
    if (kind == GR_PAGE_NONE || !gr_tag_is_stale(m, tag)) {
      continue;
    }
    if (kind == GR_PAGE_RUN) {
      const uint32_t pages = gr_load_relaxed_gpu_u32(&m->page[page].pages);
      if (gr_cas_relaxed_gpu_u64(&m->page[page].tag, tag, 0u) == tag) {
        gr_arena_uncharge(m, GR_TAG_OWNER(tag), pages);
        gr_pages_release(m, page, pages);
        is_some = true;
      }
    } else if (GR_TAG_OFFSET(tag) == 0u &&
               (state == (uint32_t)GR_BLOCK_FULL || state == (uint32_t)GR_BLOCK_HELD)) {
      is_some = gr_block_end(team, page, word, tag) || is_some;
    }
  }
  return is_some;
}

/* Makes pages out of what lies about: the own context's first, then, for all, others'. */
GR_DEV bool gr_memory_reclaim(struct gr_team *team, uint64_t owner, bool for_all)
{
  struct gr_memory *m = &team->dev->memory;
  gr_held_reclaim(team, owner, for_all);
  bool is_some = gr_arena_reclaim(team, GR_OWNER_CONTEXT(owner));
  uint64_t users = for_all && !is_some ? gr_load_relaxed_gpu_u64(&m->users) : 0u;
  for (; users != 0u; users &= users - 1u) {
    const uint32_t context = gr_bits_lowest_u64(users);
    is_some = (context != GR_OWNER_CONTEXT(owner) && gr_arena_reclaim(team, context)) || is_some;
  }
  return (for_all && gr_load_relaxed_gpu_u32(&m->stale) != 0u && gr_stale_sweep(team)) || is_some;
}
