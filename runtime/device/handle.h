/* handle.h - objects that are known by a handle, and may be moved together while nobody looks.
 *
 *   struct gr_handles *t = gr_handles_open(team, 1000);   a table, in the context's arena
 *   uint64_t h = gr_handle_alloc(team, t, 200);           0: gr_alloc_why(team) tells
 *   uint64_t *p = gr_handle_pin(t, h);                    it stays where it is until ...
 *   gr_handle_unpin(t, h);
 *   gr_handles_compact_team(team, t, 64)                  a slice of the compactor
 *   gr_handle_free(team, t, h);
 *   gr_handles_close(team, t);
 *
 * The compactor is an op of the user's, of the same context, that calls gr_handles_compact_team for
 * a slice of the table and submits itself again: a daemon (test_handle_ops.h has one). It moves
 * what is not pinned to free slots further down, so that blocks at the end of memory become empty,
 * and runs to where there is room further down. Any lane may call the others, on any team, at any
 * time, but for close.
 *
 *   word = generation << 49 | moving << 48 | pins, or team that moves << 36 | offset / 16
 *
 * H1  While there are pins the offset does not change. Who moves an object says so in its word; who
 *     pins or frees it meanwhile takes that back, and the mover finds its word changed and forgets
 *     its copy. As a team moves one object at a time, the word is not the same again by chance.
 * H2  A generation is that of one object; what is done by an old handle meets nobody else's.
 *
 * word        writer                   order: why
 * entry.word  any lane, by CAS         pin: acquire, move and free: acqrel, unpin: release: the
 *                                      contents
 * free, next_free  any lane            as in pool.h
 *
 * Next: compact.h. */
#pragma once

#include "device/alloc_team.h"
#include "device/pool.h"

struct gr_handle_entry {
  gr_au64 word;
  gr_au32 next_free;
  uint32_t padding;
};
struct gr_handles {
  gr_au64 free;
  uint32_t slots;
  /* The compactor's, of which there is one a table: what it is at. */
  uint32_t class_;       /* objects of this size class, GR_CLASSES: runs */
  uint32_t next;         /* entry to be looked at */
  uint32_t page;         /* blocks of the class below it have nothing free */
  uint64_t moved;        /* objects, in all */
  uint64_t moved_before; /* this round */
};

#define GR_HANDLE_PIN              ((uint64_t)1 << 36)
#define GR_HANDLE_MOVING           ((uint64_t)1 << 48)
#define GR_HANDLE_PINS_MAX         0xfffu
#define GR_HANDLE_PINS(word)       ((uint32_t)((word) >> 36) & GR_HANDLE_PINS_MAX)
#define GR_HANDLE_GENERATION(word) ((uint32_t)((word) >> 49))
#define GR_HANDLE_OFFSET(word)     (((word) & (GR_HANDLE_PIN - 1u)) << 4)
#define GR_HANDLE_WORD(generation, offset)                                                         \
  ((uint64_t)((generation)&0x7fffu) << 49 | ((offset) >> 4 & (GR_HANDLE_PIN - 1u)))
#define GR_HANDLE_FREE          (~(uint64_t)0) /* the offset of an entry without an object */
#define GR_HANDLE_IS_FREE(word) (((word) & (GR_HANDLE_PIN - 1u)) == GR_HANDLE_PIN - 1u)
static_assert(GR_TEAMS_MAX <= GR_HANDLE_PINS_MAX, "a team's number fits beside an offset");

GR_DEV struct gr_handle_entry *gr_handle_entries(struct gr_handles *t)
{
  return (struct gr_handle_entry *)(void *)(t + 1);
}
/* Its entry, if there is one of this number. */
GR_DEV struct gr_handle_entry *gr_handle_entry_of(struct gr_handles *t, uint64_t handle)
{
  const uint32_t index = (uint32_t)handle - 1u;
  return index < t->slots ? &gr_handle_entries(t)[index] : NULL;
}
GR_DEV bool gr_handle_is_of(uint64_t handle, uint64_t word)
{
  return GR_HANDLE_GENERATION(word) == (uint32_t)(handle >> 32) && !GR_HANDLE_IS_FREE(word);
}

/* ---- tables and objects: any lane ---- */
/* A table for `slots` objects (up to 2^31 - 1). NULL: gr_alloc_why. */
GR_DEV_APART struct gr_handles *gr_handles_open(struct gr_team *team, uint32_t slots)
{
  if (slots == 0u || slots > INT32_MAX) {
    team->heap.why = GR_E_INVAL;
    return NULL;
  }
  struct gr_handles *t = (struct gr_handles *)gr_alloc(
      team, sizeof(struct gr_handles) + (uint64_t)slots * sizeof(struct gr_handle_entry));
  if (t == NULL) {
    return NULL;
  }
  gr_store_relaxed_gpu_u64(&t->free, 1u);
  t->slots = slots;
  t->class_ = t->next = t->page = 0u;
  t->moved = t->moved_before = 0u;
  for (uint32_t i = 0u; i < slots; i++) {
    struct gr_handle_entry *entry = &gr_handle_entries(t)[i];
    gr_store_relaxed_gpu_u64(&entry->word, GR_HANDLE_WORD(1u, GR_HANDLE_FREE));
    gr_store_relaxed_gpu_u32(&entry->next_free, i + 1u < slots ? i + 2u : 0u);
  }
  return t;
}

/* An object of `bytes`. 0: gr_alloc_why; GR_E_NOMEM also if the table is full. */
GR_DEV_APART uint64_t gr_handle_alloc(struct gr_team *team, struct gr_handles *t, uint64_t bytes)
{
  struct gr_handle_entry *entries = gr_handle_entries(t);
  void *p = gr_alloc(team, bytes);
  if (p == NULL) {
    return 0u;
  }
  const uint32_t taken = gr_pool_take(&t->free, &entries->next_free, sizeof *entries);
  if (taken == 0u) {
    gr_free(team, p);
    team->heap.why = GR_E_NOMEM;
    return 0u;
  }
  struct gr_handle_entry *entry = &entries[taken - 1u];
  const uint64_t offset = (uint64_t)((unsigned char *)p - team->dev->memory.base);
  const uint32_t generation = GR_HANDLE_GENERATION(gr_load_relaxed_gpu_u64(&entry->word));
  gr_store_release_gpu_u64(&entry->word, GR_HANDLE_WORD(generation, offset));
  return (uint64_t)generation << 32 | taken;
}

/* Where the object is, until it is unpinned as often. NULL: no such object, or it has 4095 pins. */
GR_DEV void *gr_handle_pin(struct gr_team *team, struct gr_handles *t, uint64_t handle)
{
  struct gr_handle_entry *entry = gr_handle_entry_of(t, handle);
  uint64_t word = entry != NULL ? gr_load_relaxed_gpu_u64(&entry->word) : 0u;
  while (entry != NULL && gr_handle_is_of(handle, word)) {
    const uint64_t still = GR_HANDLE_WORD(GR_HANDLE_GENERATION(word), GR_HANDLE_OFFSET(word));
    const bool moves = (word & GR_HANDLE_MOVING) != 0u;
    if (!moves && GR_HANDLE_PINS(word) == GR_HANDLE_PINS_MAX) {
      break;
    }
    const uint64_t seen =
        gr_cas_acquire_gpu_u64(&entry->word, word, (moves ? still : word) + GR_HANDLE_PIN);
    if (seen == word) {
      return team->dev->memory.base + GR_HANDLE_OFFSET(word);
    }
    word = seen;
  }
  return NULL;
}

/* GR_E_STALE: no such object, or it has no pin. */
GR_DEV int32_t gr_handle_unpin(struct gr_handles *t, uint64_t handle)
{
  struct gr_handle_entry *entry = gr_handle_entry_of(t, handle);
  uint64_t word = entry != NULL ? gr_load_relaxed_gpu_u64(&entry->word) : 0u;
  while (entry != NULL && gr_handle_is_of(handle, word) && (word & GR_HANDLE_MOVING) == 0u &&
         GR_HANDLE_PINS(word) != 0u) {
    const uint64_t seen = gr_cas_release_gpu_u64(&entry->word, word, word - GR_HANDLE_PIN);
    if (seen == word) {
      return GR_OK;
    }
    word = seen;
  }
  return GR_E_STALE;
}

/* GR_E_STALE: no such object; GR_E_BUSY: it is pinned. */
GR_DEV_APART int32_t gr_handle_free(struct gr_team *team, struct gr_handles *t, uint64_t handle)
{
  struct gr_handle_entry *entries = gr_handle_entries(t);
  struct gr_handle_entry *entry = gr_handle_entry_of(t, handle);
  uint64_t word = entry != NULL ? gr_load_relaxed_gpu_u64(&entry->word) : 0u;
  for (;;) {
    if (entry == NULL || !gr_handle_is_of(handle, word)) {
      return GR_E_STALE;
    }
    if ((word & GR_HANDLE_MOVING) == 0u && GR_HANDLE_PINS(word) != 0u) {
      return GR_E_BUSY;
    }
    const uint64_t none = GR_HANDLE_WORD(GR_HANDLE_GENERATION(word) + 1u, GR_HANDLE_FREE);
    const uint64_t seen = gr_cas_acqrel_gpu_u64(&entry->word, word, none);
    if (seen == word) {
      break;
    }
    word = seen;
  }
  gr_pool_give(&t->free, &entries->next_free, sizeof *entries, (uint32_t)handle - 1u);
  return gr_free(team, team->dev->memory.base + GR_HANDLE_OFFSET(word));
}

/* All its objects are freed, pinned or not. Nobody else may be using the table. */
GR_DEV_APART int32_t gr_handles_close(struct gr_team *team, struct gr_handles *t)
{
  for (uint32_t i = 0u; i < t->slots; i++) {
    const uint64_t word = gr_load_acquire_gpu_u64(&gr_handle_entries(t)[i].word);
    if (!GR_HANDLE_IS_FREE(word)) {
      gr_free(team, team->dev->memory.base + GR_HANDLE_OFFSET(word));
    }
  }
  return gr_free(team, t);
}
