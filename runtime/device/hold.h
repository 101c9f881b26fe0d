/* hold.h - the block that a team takes its slots from, for each class, and the search for another.
 *
 * A team that holds a block (held[]) is not the only one that takes from it: who finds nothing
 * elsewhere takes from other teams', so a team that stops keeps no free slots from anybody.
 *
 * Next: reclaim.h. */
#pragma once

#include "device/arena.h"

/* A block that was held, and that the caller took out of held[]: it is for all again, listed, or
 * waits for a free. On its way until then. True: it is listed. */
GR_DEV bool gr_block_drop(struct gr_team *team, uint64_t held)
{
  struct gr_memory *m = &team->dev->memory;
  struct gr_page *block = &m->page[GR_HELD_PAGE(held)];
  const uint32_t groups = gr_groups_of(gr_block_slots(block));
  uint64_t word = gr_load_relaxed_gpu_u64(&block->word);
  while (GR_BLOCK_GENERATION(word) == GR_HELD_GENERATION(held) &&
         GR_BLOCK_STATE(word) == (uint32_t)GR_BLOCK_HELD) {
    const bool has_some = GR_BLOCK_GROUPS(word) != 0u || GR_BLOCK_BUMP(word) < groups;
    const uint32_t state = has_some ? GR_BLOCK_LISTED : GR_BLOCK_FULL;
    const uint64_t seen = gr_cas_acqrel_gpu_u64(
        &block->word, word, (word & ~((uint64_t)0xffu << 40)) | (uint64_t)state << 40);
    if (seen == word) {
      if (has_some) {
        gr_block_push(m, team->id, GR_HELD_PAGE(held));
      }
      return has_some;
    }
    word = seen;
  }
  return false;
}
/* `of`, one of held[], does not hold this block any more: its team's lanes, or who needs pages and
 * found the block empty. */
GR_DEV void gr_block_let_go(struct gr_team *team, gr_au64 *of, uint64_t held)
{
  struct gr_memory *m = &team->dev->memory;
  bool has_moved = false;
  gr_moves_begin(m);
  if (gr_cas_acqrel_gpu_u64(of, held, 0u) == held) {
    has_moved = gr_block_drop(team, held);
  }
  gr_moves_end(m, has_moved);
}

/* After something was put into held[] or a magazine's word of this class: gr_heap_trim takes the
 * bit first and looks at the words then. Always a CAS: either it is before that of the trim, which
 * then sees what was put, or the bit is set again. */
GR_DEV void gr_heap_activate(struct gr_team *team, uint32_t class_)
{
  const uint64_t bit = (uint64_t)1 << class_;
  uint64_t active = gr_load_acquire_team_u64(&team->heap.active), seen = 0u;
  while ((seen = gr_cas_acqrel_team_u64(&team->heap.active, active, active | bit)) != active) {
    active = seen;
  }
}

/* Slots of a block that another team holds: there is nothing else. */
GR_DEV uint64_t gr_slots_from_others(struct gr_team *team, uint64_t owner, uint32_t class_)
{
  struct gr_memory *m = &team->dev->memory;
  uint64_t slots = 0u;
  for (uint32_t other = 0u; other < team->dev->teams && slots == 0u; other++) {
    const uint64_t held = gr_load_acquire_gpu_u64(&m->held[other * GR_CLASSES + class_]);
    if (held != 0u) {
      const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[GR_HELD_PAGE(held)].tag);
      if (GR_TAG_OWNER(tag) == owner && GR_TAG_CLASS(tag) == class_) {
        slots = gr_group_take(m, GR_HELD_PAGE(held), GR_HELD_GENERATION(held));
      }
    }
  }
  return slots;
}

/* The team holds a block again. GR_OK: or its other lanes have seen to it. */
GR_DEV int32_t gr_block_hold(struct gr_team *team, uint64_t owner, uint32_t class_)
{
  struct gr_memory *m = &team->dev->memory;
  uint64_t held = 0u;
  const int32_t status = gr_block_find(team, owner, class_, &held);
  if (status == GR_OK) {
    if (gr_cas_acqrel_gpu_u64(gr_held_of(team, class_), 0u, held) != 0u) {
      gr_block_drop(team, held);
    }
    gr_heap_activate(team, class_);
    gr_moves_end(m, true);
  }
  return status;
}

/* One search. Some slots of one group; 0: none, and `why`. */
GR_DEV uint64_t gr_slots_search(struct gr_team *team, uint64_t owner, uint32_t class_, int32_t *why)
{
  struct gr_memory *m = &team->dev->memory;
  gr_au64 *held = gr_held_of(team, class_);
  *why = GR_OK;
  while (*why == GR_OK) {
    const uint64_t have = gr_load_acquire_gpu_u64(held);
    if (have != 0u) {
      const uint64_t slots = gr_group_take(m, GR_HELD_PAGE(have), GR_HELD_GENERATION(have));
      if (slots != 0u) {
        return slots;
      }
      gr_block_let_go(team, held, have);
    }
    *why = gr_block_hold(team, owner, class_);
  }
  return gr_slots_from_others(team, owner, class_);
}
