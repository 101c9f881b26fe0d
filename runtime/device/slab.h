/* slab.h - blocks of slots of one size: where a slot is, and how groups of them change hands.
 *
 * A team takes slots by the group, from the block of the class that it holds; what it gives back
 * goes straight into free[] of the block it came from, held by whomever. So one atomic moves up to
 * 32 slots, each slot can be used again at once, and a team that stops keeps a group or two.
 *
 * Next: arena.h. */
#pragma once

#include "device/deadline.h"
#include "device/pages.h"

/* ---- size classes ---- */
/* Of 1 to GR_SLAB_BYTES_MAX bytes. With a constant, a constant; else without a branch, which sizes
 * in no order would mispredict. */
GR_DEV uint32_t gr_class_of(uint64_t bytes)
{
  const uint32_t power = gr_bits_highest_u64((bytes - 1u) | 128u);
  return (power - 7u) * 8u + (uint32_t)((bytes - 1u) >> (power - 3u)); /* 16: 0; 129: 8; 257: 16 */
}
/* The bytes of a class's slots. */
GR_DEV uint32_t gr_class_bytes(uint32_t class_)
{
  return class_ < 8u ? (class_ + 1u) * 16u : (9u + class_ % 8u) << (class_ / 8u + 3u);
}

/* ---- where things are ---- */
GR_DEV struct gr_arena *gr_arena_of(struct gr_memory *m, uint64_t owner)
{
  return &m->arena[GR_OWNER_CONTEXT(owner)];
}
GR_DEV gr_au64 *gr_held_of(struct gr_team *team, uint32_t class_)
{
  return &team->dev->memory.held[team->id * GR_CLASSES + class_];
}
/* heap.key of a team, for the others and the host. */
GR_DEV gr_au64 *gr_using_of(struct gr_team *team, uint32_t other)
{
  return &team->dev->memory.held[team->dev->teams * GR_CLASSES + other];
}
GR_DEV uint32_t gr_block_slots(const struct gr_page *block)
{
  return GR_EXTENT_SLOTS(gr_load_relaxed_gpu_u32(&block->pages));
}
/* All slots of group `group` of a block of so many. */
GR_DEV uint32_t gr_group_all(uint32_t slots, uint32_t group)
{
  const uint32_t here = slots - group * GR_GROUP_SLOTS;
  return here >= GR_GROUP_SLOTS ? UINT32_MAX : ((uint32_t)1 << here) - 1u;
}
GR_DEV uint32_t gr_groups_of(uint32_t slots)
{
  return (slots + GR_GROUP_SLOTS - 1u) / GR_GROUP_SLOTS;
}

/* Where a pointer into a block points. */
struct gr_slot {
  uint32_t class_;
  uint32_t group;
  uint32_t bit;
  uint32_t error; /* enum gr_memory_error: the rest is nothing then */
};
/* `tag` is that of the page with `offset`, and a block's. Dividing by the slot's size is
 * multiplying by its reciprocal; what is left of the product below 2^32 is less than the reciprocal
 * if and only if nothing is left over (Lemire, Kaser and Kurz, 2019: exact for 32 bits). */
GR_DEV_HOT struct gr_slot gr_slot_at(const struct gr_memory *m, uint64_t offset, uint64_t tag)
{
  struct gr_slot at;
  at.class_ = GR_TAG_CLASS(tag);
  const struct gr_page *page = &m->page[offset >> GR_PAGE_SHIFT];
  const uint32_t reciprocal = gr_load_relaxed_gpu_u32(&page->reciprocal);
  const uint32_t in_block = ((uint32_t)offset & (GR_PAGE_BYTES - 1u)) | GR_TAG_OFFSET(tag);
  const uint64_t product = (uint64_t)in_block * reciprocal;
  const uint32_t slot = (uint32_t)(product >> 32);
  at.group = (uint32_t)((offset - in_block) >> GR_GROUP_SHIFT) + slot / GR_GROUP_SLOTS;
  at.bit = slot % GR_GROUP_SLOTS;
  at.error = (uint32_t)product < reciprocal && slot < gr_block_slots(page) ? GR_MEMORY_FINE
                                                                           : GR_MEMORY_INTERIOR;
  return at;
}
/* Slot `bit` of a group whose slots have `bytes` bytes. */
GR_DEV void *gr_slot_address(const struct gr_memory *m, uint32_t bytes, uint32_t group,
                             uint32_t bit)
{
  const uint64_t block = (uint64_t)(group & ~(GR_GROUPS - 1u)) << GR_GROUP_SHIFT;
  const uint32_t first = (group & (GR_GROUPS - 1u)) * GR_GROUP_SLOTS * bytes;
  return m->base + block + first + bit * bytes; /* the bit is what is known last */
}

/* ---- errors ---- */
/* Why an allocation answers NULL: of lanes that fail at once, one's reason is kept. */
GR_DEV void gr_heap_say(struct gr_team *team, int32_t why)
{
  gr_store_relaxed_gpu_u32(&team->heap.why, (uint32_t)why);
}
/* Why the last allocation that answered NULL did. */
GR_DEV int32_t gr_alloc_why(const struct gr_team *team)
{
  return (int32_t)gr_load_relaxed_gpu_u32(&team->heap.why);
}
GR_DEV_APART int32_t gr_memory_error_note(struct gr_team *team, uint32_t error, const void *p)
{
  struct gr_memory *m = &team->dev->memory;
  const uint32_t number = gr_add_relaxed_gpu_u32(&m->errors, 1u);
  if (number < GR_MEMORY_REPORTS) {
    struct gr_memory_report *report = &m->report[number];
    const uint64_t offset = (uint64_t)((const unsigned char *)p - m->base);
    gr_store_relaxed_gpu_u64(&report->offset, offset < m->bytes ? offset : (uint64_t)(uintptr_t)p);
    gr_store_release_gpu_u64(&report->what, (uint64_t)team->task->op << 32 |
                                                (uint64_t)team->id << 16 |
                                                (uint64_t)team->task->context << 8 | error);
  }
  return error == GR_MEMORY_INTERIOR                               ? GR_E_INVAL
         : error == GR_MEMORY_DOUBLE || error == GR_MEMORY_WRITTEN ? GR_E_STALE
                                                                   : GR_E_FAULT;
}

/* Some memory came free: who waits for it is woken soon (alloc_wait.h). */
GR_DEV void gr_memory_tell(struct gr_team *team)
{
  if (gr_load_relaxed_gpu_u32(&team->dev->memory.waiters) != 0u) {
    gr_deadline_say(team->dev, 1u); /* long past */
  }
}

/* ---- stacks of blocks ---- */
GR_DEV void gr_blocks_push(struct gr_memory *m, gr_au64 *top, uint32_t page)
{
  uint64_t seen = gr_load_relaxed_gpu_u64(top);
  for (;;) {
    gr_store_release_gpu_u32(&m->page[page].next, (uint32_t)seen); /* M7: who walks the old stack */
    const uint64_t desired = ((seen >> 32) + 1u) << 32 | (page + 1u);
    const uint64_t before = gr_cas_release_gpu_u64(top, seen, desired);
    if (before == seen) {
      return;
    }
    seen = before;
  }
}

/* A block's first page, and it is on its way; or GR_PAGES_NONE. The record below may be another's
 * by now; then the count has changed, and so has nothing here. */
GR_DEV uint32_t gr_blocks_pop(struct gr_memory *m, gr_au64 *top)
{
  uint64_t seen = gr_load_acquire_gpu_u64(top);
  if ((uint32_t)seen == 0u) {
    return GR_PAGES_NONE;
  }
  gr_moves_begin(m);
  while ((uint32_t)seen != 0u) {
    const uint32_t page = (uint32_t)seen - 1u;
    const uint32_t next = gr_load_relaxed_gpu_u32(&m->page[page].next);
    const uint64_t before = gr_cas_acqrel_gpu_u64(top, seen, ((seen >> 32) + 1u) << 32 | next);
    if (before == seen) {
      return page;
    }
    seen = gr_load_acquire_gpu_u64(top);
  }
  gr_moves_end(m, false);
  return GR_PAGES_NONE;
}

/* The block's state becomes `state`, whatever its groups do meanwhile: who has popped it, or is to
 * push it. Returns its word. */
GR_DEV uint64_t gr_block_become(struct gr_page *page, uint32_t state)
{
  uint64_t word = gr_load_relaxed_gpu_u64(&page->word);
  for (;;) {
    const uint64_t desired = (word & ~((uint64_t)0xffu << 40)) | (uint64_t)state << 40;
    const uint64_t before = gr_cas_acqrel_gpu_u64(&page->word, word, desired);
    if (before == word) {
      return desired;
    }
    word = before;
  }
}

/* Onto a stack: who made it LISTED. */
GR_DEV void gr_block_push(struct gr_memory *m, uint32_t shard, uint32_t page)
{
  const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[page].tag);
  gr_blocks_push(m, &gr_arena_of(m, GR_TAG_OWNER(tag))->top[GR_TAG_CLASS(tag)][shard % GR_SHARDS],
                 page);
}

/* ---- groups ---- */
/* Free slots of one group of the block, which is still of this generation; they are the caller's
 * then. 0: it has none. Groups that have been used come first: they are in a cache, and pages stay
 * together. */
GR_DEV uint64_t gr_group_take(struct gr_memory *m, uint32_t page, uint32_t generation)
{
  struct gr_page *block = &m->page[page];
  const uint32_t slots = gr_block_slots(block);
  uint64_t word = gr_load_relaxed_gpu_u64(&block->word);
  while (GR_BLOCK_GENERATION(word) == generation) {
    const uint32_t groups = GR_BLOCK_GROUPS(word), bump = GR_BLOCK_BUMP(word);
    if (groups == 0u && bump >= gr_groups_of(slots)) {
      return 0u;
    }
    const uint32_t group = groups != 0u ? gr_bits_lowest_u64(groups) : bump;
    const uint64_t desired =
        groups != 0u ? word & ~((uint64_t)1 << group) : word + ((uint64_t)1 << 32);
    const uint64_t before = gr_cas_acqrel_gpu_u64(&block->word, word, desired);
    if (before == word) {
      const uint32_t mask = groups != 0u ? gr_exchange_acquire_gpu_u32(&block->free[group], 0u)
                                         : gr_group_all(slots, group);
      if (mask != 0u) {
        return GR_SLOTS(page * GR_GROUPS + group, mask);
      }
      word = gr_load_relaxed_gpu_u64(&block->word);
    } else {
      word = before;
    }
  }
  return 0u;
}

/* The caller's slots are free. If some of them were already, that is noted. */
GR_DEV_APART void gr_group_give(struct gr_team *team, uint64_t slots)
{
  struct gr_memory *m = &team->dev->memory;
  const uint32_t page = GR_SLOTS_GROUP(slots) / GR_GROUPS;
  const uint32_t group = GR_SLOTS_GROUP(slots) % GR_GROUPS;
  struct gr_page *block = &m->page[page];
  /* As long as we have slots of it, the block is what it is. */
  uint64_t word = gr_load_relaxed_gpu_u64(&block->word);
  const uint32_t bytes = m->class_[GR_TAG_CLASS(gr_load_relaxed_gpu_u64(&block->tag))].bytes;
  const uint32_t generation = GR_BLOCK_GENERATION(word);
  const uint32_t before = gr_or_release_gpu_u32(&block->free[group], GR_SLOTS_MASK(slots));
  const uint32_t twice = before & GR_SLOTS_MASK(slots);
  bool is_move = false, is_listed = false;
  while (before == 0u && GR_BLOCK_GENERATION(word) == generation) { /* M3: ours to say so */
    const bool is_full = GR_BLOCK_STATE(word) == (uint32_t)GR_BLOCK_FULL;
    uint64_t desired = word | (uint64_t)1 << group;
    if (is_full) { /* M4: and to list it */
      desired = (desired & ~((uint64_t)0xffu << 40)) | (uint64_t)GR_BLOCK_LISTED << 40;
      if (!is_move) { /* M7: it has something before the stack has it */
        gr_moves_begin(m);
        is_move = true;
      }
    }
    const uint64_t seen = gr_cas_acqrel_gpu_u64(&block->word, word, desired);
    if (seen == word) {
      if (is_full) {
        gr_block_push(m, team->id, page);
      }
      is_listed = is_full;
      break;
    }
    word = seen;
  }
  if (is_move) {
    gr_moves_end(m, is_listed);
  }
  gr_memory_tell(team);
  if (twice != 0u) {
    gr_memory_error_note(
        team, GR_MEMORY_DOUBLE,
        gr_slot_address(m, bytes, GR_SLOTS_GROUP(slots), gr_bits_lowest_u64(twice)));
  }
}
