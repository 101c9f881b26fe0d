/* compact.h - the compactor: objects known by handles move down, until memory above them is empty.
 *
 * It goes through the table once for each size class, and once for runs, a slice at a time. A slot
 * moves to a free slot of its class in the lowest block that has one, if that lies before it; a run
 * to the first place where there is room for it, the same. Copying is the whole team's; all else is
 * done by one lane. While it copies others may pin the object and write to it: what was copied then
 * is thrown away (H1), so that reading it is harmless, though nothing orders it.
 *
 * What lies in a team's magazine is neither free nor to be moved: each round begins by asking all
 * teams to give it back, and they do so when they next begin a task. So a round that comes later
 * may find more.
 *
 * Next: host/heap.c. */
#pragma once

#include "device/handle.h"

/* What is being moved; offsets. `bytes` 0: nothing is. */
struct gr_move {
  uint64_t from, to, bytes;
};

/* One lane. Some free slots of this class in the lowest block that has any, and that begins before
 * `end`. 0: there are none. */
GR_DEV uint64_t gr_slots_lowest(struct gr_team *team, struct gr_handles *t, uint64_t owner,
                                uint32_t end)
{
  struct gr_memory *m = &team->dev->memory;
  for (; t->page < end; t->page++) {
    const struct gr_page *block = &m->page[t->page];
    const uint64_t word = gr_load_acquire_gpu_u64(&block->word); /* before the tag: as in retire */
    const uint64_t tag = gr_load_relaxed_gpu_u64(&block->tag);
    if (tag == GR_TAG(GR_PAGE_BLOCK, owner, t->class_, 0u) &&
        GR_BLOCK_STATE(word) != (uint32_t)GR_BLOCK_NONE) {
      const uint64_t slots = gr_group_take(m, t->page, GR_BLOCK_GENERATION(word));
      if (slots != 0u) {
        return slots;
      }
    }
  }
  return 0u;
}

/* One lane. A place for the object with this tag at `from`, further down; or none: 0 bytes. */
GR_DEV struct gr_move gr_move_find(struct gr_team *team, struct gr_handles *t, uint64_t *slots,
                                   uint64_t from)
{
  struct gr_memory *m = &team->dev->memory;
  const uint64_t tag = gr_load_relaxed_gpu_u64(&m->page[from >> GR_PAGE_SHIFT].tag);
  const uint64_t owner = GR_TAG_OWNER(tag);
  struct gr_move move = {from, 0u, 0u};
  if (GR_TAG_KIND(tag) == (uint32_t)GR_PAGE_RUN && t->class_ == GR_CLASSES) {
    const uint64_t bytes = gr_alloc_bytes(team, m->base + from);
    gr_store_relaxed_gpu_u32(&team->heap.hint, 0u);
    unsigned char *p = (unsigned char *)gr_run_alloc(team, bytes, 1u);
    move.to = (uint64_t)(p - m->base);
    if (p != NULL && move.to < from) {
      move.bytes = bytes;
    } else if (p != NULL) {
      gr_free(team, p);
    }
  } else if (GR_TAG_KIND(tag) == (uint32_t)GR_PAGE_BLOCK && GR_TAG_CLASS(tag) == t->class_) {
    const uint64_t block = from - (from & (GR_PAGE_BYTES - 1u)) - GR_TAG_OFFSET(tag);
    if (GR_SLOTS_MASK(*slots) == 0u) {
      *slots = gr_slots_lowest(team, t, owner, (uint32_t)(block >> GR_PAGE_SHIFT));
    }
    const uint32_t bytes = gr_class_bytes(t->class_);
    if (GR_SLOTS_MASK(*slots) != 0u) {
      gr_au64 *slot =
          (gr_au64 *)gr_slot_address(m, bytes, GR_SLOTS_GROUP(*slots), gr_bits_lowest_u64(*slots));
      move.to = (uint64_t)((unsigned char *)slot - m->base);
      if (move.to < from) {
        gr_slot_open(slot);
        *slots &= *slots - 1u;
        move.bytes = bytes;
      }
    }
  }
  return move;
}

/* One lane. The next entry, if its object is to be moved: its word says so then. */
GR_DEV struct gr_move gr_move_begin(struct gr_team *team, struct gr_handles *t, uint64_t *slots,
                                    struct gr_handle_entry *entry)
{
  struct gr_move move = {0u, 0u, 0u};
  const uint64_t word = gr_load_acquire_gpu_u64(&entry->word);
  if (GR_HANDLE_IS_FREE(word) || (word & GR_HANDLE_MOVING) != 0u || GR_HANDLE_PINS(word) != 0u) {
    return move;
  }
  const uint64_t mark = GR_HANDLE_MOVING | (uint64_t)team->id * GR_HANDLE_PIN;
  if (gr_cas_acqrel_gpu_u64(&entry->word, word, word | mark) != word) {
    return move;
  }
  move = gr_move_find(team, t, slots, GR_HANDLE_OFFSET(word));
  if (move.bytes == 0u) {
    gr_cas_acqrel_gpu_u64(&entry->word, word | mark, word);
  }
  return move;
}

/* One lane. It is where it is to be, unless somebody has pinned or freed it meanwhile. */
GR_DEV uint32_t gr_move_end(struct gr_team *team, struct gr_handle_entry *entry,
                            const struct gr_move *move)
{
  unsigned char *base = team->dev->memory.base;
  uint64_t word = gr_load_relaxed_gpu_u64(&entry->word);
  const uint32_t generation = GR_HANDLE_GENERATION(word);
  const uint64_t mine = GR_HANDLE_WORD(generation, move->from) | GR_HANDLE_MOVING |
                        (uint64_t)team->id * GR_HANDLE_PIN;
  if (word == mine &&
      gr_cas_acqrel_gpu_u64(&entry->word, mine, GR_HANDLE_WORD(generation, move->to)) == mine) {
    gr_free(team, base + move->from);
    return 1u;
  }
  gr_free(team, base + move->to);
  return 0u;
}

/* Whole team, converged: looks at `count` entries. How many objects it moved; GR_E_NOENT: it has
 * been through all classes and moved nothing. One team at a time may compact a table. While memory
 * is debugged nothing moves: an object's guard is sealed with its place. */
GR_DEV_APART int32_t gr_handles_compact_team(struct gr_team *team, struct gr_handles *t,
                                             uint32_t count)
{
  struct gr_memory *m = &team->dev->memory;
  uint64_t slots = 0u;
  uint32_t moved = 0u;
  if (m->debug != 0u) {
    return GR_E_NOENT;
  }
  if (gr_lane() == 0u && t->class_ == 0u && t->next == 0u) { /* a round begins */
    gr_heap_trim(team, false);
    gr_add_relaxed_gpu_u32(&m->pressure, 1u);
  }
  for (uint32_t i = 0u; i < count; i++) {
    struct gr_move move = {0u, 0u, 0u};
    struct gr_handle_entry *entry = NULL;
    if (gr_lane() == 0u && t->next < t->slots) {
      entry = &gr_handle_entries(t)[t->next++];
      move = gr_move_begin(team, t, &slots, entry);
    }
    move.bytes = gr_team_broadcast_u64(team, move.bytes);
    if (move.bytes == 0u) {
      continue;
    }
    gr_au64 *from = (gr_au64 *)(void *)(m->base + gr_team_broadcast_u64(team, move.from));
    gr_au64 *to = (gr_au64 *)(void *)(m->base + gr_team_broadcast_u64(team, move.to));
    for (uint64_t at = gr_lane(); at < move.bytes / 8u; at += gr_lanes()) {
      gr_store_relaxed_gpu_u64(&to[at], gr_load_relaxed_gpu_u64(&from[at]));
    }
    gr_team_barrier();
    if (gr_lane() == 0u) {
      moved += gr_move_end(team, entry, &move);
    }
  }
  bool is_over = false;
  if (gr_lane() == 0u) {
    if (GR_SLOTS_MASK(slots) != 0u) {
      gr_group_give(team, slots);
    }
    t->moved += moved;
    if (t->next == t->slots) {
      t->next = t->page = 0u;
      t->class_ = (t->class_ + 1u) % (GR_CLASSES + 1u);
      if (t->class_ == 0u) {
        is_over = t->moved == t->moved_before;
        t->moved_before = t->moved;
      }
    }
  }
  is_over = gr_team_broadcast_u64(team, is_over ? 1u : 0u) != 0u;
  const int32_t all = (int32_t)gr_team_broadcast_u64(team, moved);
  return is_over ? (int32_t)GR_E_NOENT : all;
}
