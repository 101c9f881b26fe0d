/* memory_walk.h - is the memory that ops allocate whole? By a walk over all its tables.
 *
 * For tests, while nobody allocates or frees: on the cpu when every team sleeps (its magazines are
 * empty then), in a unit test at any moment between two calls. Every page has to be free by map[0]
 * or map[3], or part of one run or of one block; every slot of a block has to be free by a bit of
 * free[], virgin, or *out*: with an op, or in a magazine. So live + free + cached = capacity is
 *
 *   pages_free + pages_blocks + pages_runs = pages            exactly, or memory_is_whole is false
 *   slots_out = objects that ops have + slots in magazines    for the caller to compare
 *
 * and what is said twice has to be said alike: the levels of the map, groups and free[], a block's
 * state and the stack or team that has it, an arena's count and its pages, M7's count and 0.
 *
 * Next: stress_memory.c. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "device/arena.h"

struct memory_sums {
  uint64_t pages_free, pages_blocks, pages_runs;
  uint64_t pages_stale; /* of blocks and runs: their arena has been reset */
  uint64_t blocks, runs;
  uint64_t slots, slots_free, slots_virgin, slots_out; /* without stale blocks */
  uint64_t out[GR_CONTEXTS_MAX], run[GR_CONTEXTS_MAX]; /* slots out and pages of runs, without
                                                           * stale ones */
  uint64_t pages[GR_CONTEXTS_MAX];                     /* without stale ones */
  uint64_t blocks_held, blocks_listed;
};

struct memory_walk {
  const struct gr_memory *m;
  uint32_t teams;
  struct memory_sums *sums;
  unsigned char *seen; /* per page: it was met on a stack, or in held[] */
  bool says;           /* what is wrong */
  bool is_whole;
};

static inline void memory_walk_wrong(struct memory_walk *w, const char *what, uint64_t at,
                                     uint64_t is)
{
  w->is_whole = false;
  if (w->says) {
    printf("memory is not whole: %s (at %llu: 0x%llx)\n", what, (unsigned long long)at,
           (unsigned long long)is);
  }
}

static inline void memory_walk_level(struct memory_walk *w, uint32_t level, uint64_t bits)
{
  const struct gr_memory *m = w->m;
  for (uint32_t i = 0; i < m->words[level]; i++) {
    const uint64_t word = gr_load_acquire_gpu_u64(&m->map[level][i]);
    if (bits - i * 64u < 64u && word >> (bits - i * 64u) != 0u) {
      memory_walk_wrong(w, "bits beyond the last", i, word);
    }
    for (uint32_t bit = 0; level != 0 && bit < 64u && i * 64u + bit < bits; bit++) {
      const uint32_t under = level == GR_MAP_WHOLE ? 0u : level - 1u;
      const uint64_t below = gr_load_acquire_gpu_u64(&m->map[under][i * 64u + bit]);
      const bool says = (word >> bit & 1u) != 0u;
      if (level == GR_MAP_WHOLE && says && below != 0u) {
        memory_walk_wrong(w, "pages are free twice (M1)", i * 64u + bit, below);
      } else if (level != GR_MAP_WHOLE && !says && below != 0u) { /* one too many is only a look */
        memory_walk_wrong(w, "a level of the map does not say what is below (M6)", i * 64u + bit,
                          below);
      }
    }
  }
}

static inline void memory_walk_maps(struct memory_walk *w)
{
  const uint32_t *words = w->m->words;
  const uint64_t bits[GR_MAP_LEVELS] = {w->m->pages, words[0], words[1], words[0], words[3]};
  for (uint32_t level = 0; level < GR_MAP_LEVELS; level++) {
    memory_walk_level(w, level, bits[level]);
  }
}

/* Groups, free[] and bump of a block; and its state, as far as it can be told from them. */
static inline void memory_walk_slots(struct memory_walk *w, uint32_t page, bool is_stale)
{
  const struct gr_page *block = &w->m->page[page];
  const uint64_t word = gr_load_acquire_gpu_u64(&block->word);
  const uint32_t slots = gr_block_slots(block), groups = gr_groups_of(slots);
  const uint32_t bump = GR_BLOCK_BUMP(word), state = GR_BLOCK_STATE(word);
  const uint64_t tag = gr_load_relaxed_gpu_u64(&block->tag);
  uint32_t are_free = 0, virgin = 0;
  if (bump > groups || groups > GR_GROUPS) {
    memory_walk_wrong(w, "a block's bump is beyond its end", page, word);
    return;
  }
  for (uint32_t g = 0; g < GR_GROUPS; g++) {
    const uint32_t bits = gr_load_acquire_gpu_u32(&block->free[g]);
    const uint32_t all = g < groups ? gr_group_all(slots, g) : 0u;
    if ((bits & ~(g < bump ? all : 0u)) != 0u) {
      memory_walk_wrong(w, "a slot is free that is virgin or none", page, (uint64_t)g << 32 | bits);
    }
    if ((GR_BLOCK_GROUPS(word) >> g & 1u) != (bits != 0u)) {
      memory_walk_wrong(w, "groups and free[] do not agree (M3)", page, (uint64_t)g << 32 | bits);
    }
    are_free += gr_bits_count_u64(bits);
    virgin += g >= bump ? gr_bits_count_u64(all) : 0u;
  }
  if (GR_BLOCK_GROUPS(word) >> GR_GROUPS != 0u || state == (uint32_t)GR_BLOCK_NONE ||
      state >= (uint32_t)GR_BLOCK_STATES ||
      (state == (uint32_t)GR_BLOCK_FULL && (are_free != 0 || virgin != 0))) {
    memory_walk_wrong(w, "a block's state is not what it has (M4)", page, word);
  }
  w->sums->blocks_listed += state == (uint32_t)GR_BLOCK_LISTED;
  w->sums->blocks_held += state == (uint32_t)GR_BLOCK_HELD && !is_stale;
  if (!is_stale) {
    w->sums->slots += slots;
    w->sums->slots_free += are_free;
    w->sums->slots_virgin += virgin;
    w->sums->slots_out += slots - are_free - virgin;
    w->sums->out[GR_OWNER_CONTEXT(GR_TAG_OWNER(tag))] += slots - are_free - virgin;
  }
}

/* A block or run that begins with this page. Returns its length. */
static inline uint32_t memory_walk_piece(struct memory_walk *w, uint32_t page, uint64_t tag)
{
  const struct gr_memory *m = w->m;
  const bool is_block = GR_TAG_KIND(tag) == (uint32_t)GR_PAGE_BLOCK;
  const uint32_t context = GR_OWNER_CONTEXT(GR_TAG_OWNER(tag));
  const uint32_t extent = gr_load_relaxed_gpu_u32(&m->page[page].pages);
  const uint32_t count = is_block ? GR_EXTENT_PAGES(extent) : extent;
  if (count == 0u || count > m->pages - page || context >= GR_CONTEXTS_MAX ||
      (is_block && (GR_TAG_OFFSET(tag) != 0u || GR_TAG_CLASS(tag) >= GR_CLASSES ||
                    count > GR_BLOCK_PAGES || GR_EXTENT_SLOTS(extent) == 0u))) {
    memory_walk_wrong(w, "a block or run is none", page, tag);
    return 1;
  }
  for (uint32_t i = 0; i < count; i++) {
    const struct gr_page *at = &m->page[page + i];
    const uint64_t is = gr_load_relaxed_gpu_u64(&at->tag);
    const uint64_t wanted = is_block ? tag | (uint64_t)i << GR_PAGE_SHIFT : i == 0 ? tag : 0u;
    if (gr_page_is_free(m, page + i)) {
      memory_walk_wrong(w, "a page is free and part of something (M1)", page + i, tag);
    }
    if (is != wanted || (is_block && gr_load_relaxed_gpu_u32(&at->pages) != extent)) {
      memory_walk_wrong(w, "a page is not what its first page says", page + i, is);
    }
  }
  const bool is_stale = gr_tag_is_stale(m, tag);
  w->sums->pages_stale += is_stale ? count : 0u;
  w->sums->pages[context] += is_stale ? 0u : count;
  if (is_block) {
    const struct gr_class *class_ = &m->class_[GR_TAG_CLASS(tag)];
    if (GR_EXTENT_SLOTS(extent) != (count << GR_PAGE_SHIFT) / class_->bytes ||
        gr_load_relaxed_gpu_u32(&m->page[page].reciprocal) != class_->reciprocal) {
      memory_walk_wrong(w, "a block is not as its class is", page, extent);
    }
    w->sums->blocks++;
    w->sums->pages_blocks += count;
    memory_walk_slots(w, page, is_stale);
  } else {
    w->sums->runs++;
    w->sums->pages_runs += count;
    w->sums->run[context] += is_stale ? 0u : count;
  }
  return count;
}

static inline void memory_walk_pages(struct memory_walk *w)
{
  for (uint32_t page = 0; page < w->m->pages;) {
    const uint64_t tag = gr_load_relaxed_gpu_u64(&w->m->page[page].tag);
    if (GR_TAG_KIND(tag) == (uint32_t)GR_PAGE_BLOCK || GR_TAG_KIND(tag) == (uint32_t)GR_PAGE_RUN) {
      page += memory_walk_piece(w, page, tag);
      continue;
    }
    if (tag != 0u || !gr_page_is_free(w->m, page)) {
      memory_walk_wrong(w, "a page is not free and part of nothing (M1)", page, tag);
    }
    w->sums->pages_free++;
    page++;
  }
}

/* A block that a stack or a team has: of this state and class, and met for the first time. */
static inline bool memory_walk_meet(struct memory_walk *w, uint32_t page, uint32_t state,
                                    uint32_t class_)
{
  const uint64_t word = gr_load_acquire_gpu_u64(&w->m->page[page < w->m->pages ? page : 0u].word);
  const uint64_t tag = gr_load_relaxed_gpu_u64(&w->m->page[page < w->m->pages ? page : 0u].tag);
  if (page >= w->m->pages || w->seen[page] != 0 || GR_BLOCK_STATE(word) != state ||
      GR_TAG_KIND(tag) != (uint32_t)GR_PAGE_BLOCK || GR_TAG_CLASS(tag) != class_) {
    memory_walk_wrong(w, "on a stack or held, and not so, or twice (M4)", page, word);
    return false;
  }
  w->seen[page] = 1;
  return true;
}

static inline void memory_walk_stacks(struct memory_walk *w)
{
  uint64_t listed = 0, held = 0;
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX * GR_CLASSES * GR_SHARDS; i++) {
    const uint32_t context = i / (GR_CLASSES * GR_SHARDS), class_ = i / GR_SHARDS % GR_CLASSES;
    uint32_t link =
        (uint32_t)gr_load_acquire_gpu_u64(&w->m->arena[context].top[class_][i % GR_SHARDS]);
    while (link != 0u && memory_walk_meet(w, link - 1u, GR_BLOCK_LISTED, class_)) {
      const uint64_t tag = gr_load_relaxed_gpu_u64(&w->m->page[link - 1u].tag);
      if (GR_OWNER_CONTEXT(GR_TAG_OWNER(tag)) != context) {
        memory_walk_wrong(w, "on another context's stack", link - 1u, tag);
      }
      link = gr_load_relaxed_gpu_u32(&w->m->page[link - 1u].next);
      listed++;
    }
  }
  for (uint32_t i = 0; i < w->teams * GR_CLASSES; i++) {
    const uint64_t has = gr_load_acquire_gpu_u64(&w->m->held[i]);
    if (has != 0u && memory_walk_meet(w, GR_HELD_PAGE(has), GR_BLOCK_HELD, i % GR_CLASSES)) {
      const uint64_t word = gr_load_acquire_gpu_u64(&w->m->page[GR_HELD_PAGE(has)].word);
      if (GR_BLOCK_GENERATION(word) != GR_HELD_GENERATION(has)) {
        memory_walk_wrong(w, "held, but it is another block by now", GR_HELD_PAGE(has), word);
      }
      held++;
    }
  }
  if (listed != w->sums->blocks_listed || held != w->sums->blocks_held) {
    memory_walk_wrong(w, "blocks are listed or held by nobody (M4)", w->sums->blocks_listed,
                      w->sums->blocks_held);
  }
}

/* Fills `sums`, which may be looked at in any case. `says`: each thing that is wrong is printed. */
static inline bool memory_is_whole(const struct gr_memory *m, uint32_t teams,
                                   struct memory_sums *sums, bool says)
{
  struct memory_walk w = {m, teams, sums, calloc(1, m->pages), says, true};
  *sums = (struct memory_sums){0};
  if (w.seen == NULL) {
    memory_walk_wrong(&w, "no memory for the walk", 0, m->pages);
    return false;
  }
  const uint64_t moves = gr_load_acquire_gpu_u64(&m->moves);
  if ((uint32_t)moves != 0u) {
    memory_walk_wrong(&w, "something is on its way (M7)", 0, moves);
  }
  memory_walk_maps(&w);
  memory_walk_pages(&w);
  memory_walk_stacks(&w);
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    const uint64_t use = gr_load_relaxed_gpu_u64(&m->arena[i].use);
    if (GR_USE_PAGES(use) != sums->pages[i]) {
      memory_walk_wrong(&w, "a context is not charged what it has", i, use);
    }
  }
  if (gr_load_relaxed_gpu_u32(&m->stale) != sums->pages_stale) {
    memory_walk_wrong(&w, "pages of reset arenas are not counted right", sums->pages_stale,
                      gr_load_relaxed_gpu_u32(&m->stale));
  }
  if (sums->pages_free + sums->pages_blocks + sums->pages_runs != m->pages) {
    memory_walk_wrong(&w, "free and used pages are not all pages", sums->pages_free, m->pages);
  }
  free(w.seen);
  return w.is_whole;
}
