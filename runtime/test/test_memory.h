/* test_memory.h - the device's memory by hand: teams that exist only as their struct gr_team, whose
 * allocations one thread makes in the order that a test wants. Next: test_memory.c. */
#pragma once

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <criterion/criterion.h>
#include <grosr/device.h>

#include "host/grosr_private.h"

#define MEMORY_TEAMS 4u

struct memory {
  struct gr_dev *dev;
  struct gr_team *team[MEMORY_TEAMS];
  struct gr_piece piece[2];
};

static struct memory *memory_now; /* being built */

static int memory_take(struct gr_backend *backend, enum gr_memory_kind kind, uint64_t bytes,
                       struct gr_piece *out)
{
  (void)backend;
  cr_assert_eq(kind, GR_MEMORY_ARENA);
  void *memory =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  cr_assert(memory != MAP_FAILED);
  *out = (struct gr_piece){memory, (uint64_t)(uintptr_t)memory, bytes};
  memory_now->piece[memory_now->piece[0].host != NULL ? 1 : 0] = *out;
  return 0;
}

static int memory_write(struct gr_backend *backend, uint64_t device, const void *from,
                        uint64_t bytes)
{
  (void)backend;
  memcpy((void *)(uintptr_t)device, from, bytes);
  return 0;
}

/* So many pages, debugged as GR_DEBUG_* say; all teams run a task of context 0. */
static inline struct memory *memory_begin_debug(uint64_t pages, uint32_t debug)
{
  struct gr_backend_ops ops = {.take = memory_take, .write = memory_write};
  struct memory *t = memory_now = calloc(1, sizeof *t);
  struct grosr *g = aligned_alloc(GR_LINE_BYTES, (sizeof *g + 127u) & ~(size_t)127u);
  memset(g, 0, sizeof *g);
  g->backend_ops = &ops;
  g->options.teams = MEMORY_TEAMS;
  g->options.memory_bytes = pages * GR_PAGE_BYTES;
  g->options.memory_debug = debug;
  cr_assert_eq(gr_heap_build(g), 0);
  t->dev = aligned_alloc(GR_LINE_BYTES, (sizeof *t->dev + 127u) & ~(size_t)127u);
  memcpy(t->dev, &g->template, sizeof *t->dev);
  free(g);
  t->dev->teams = MEMORY_TEAMS;
  for (uint32_t i = 0; i < MEMORY_TEAMS; i++) {
    t->team[i] = calloc(1, sizeof *t->team[i]);
    t->team[i]->dev = t->dev;
    t->team[i]->id = i;
    t->team[i]->task = &t->team[i]->own;
  }
  return t;
}

static inline struct memory *memory_begin(uint64_t pages)
{
  return memory_begin_debug(pages, 0);
}

/* The next task of team `i` is of this context. */
static inline struct gr_team *memory_task(struct memory *t, uint32_t i, uint32_t context)
{
  t->team[i]->own.context = (uint8_t)context;
  gr_heap_begin(t->team[i], context);
  return t->team[i];
}

static inline uint32_t memory_pages_free(const struct memory *t)
{
  uint32_t pages = 0;
  for (uint32_t i = 0; i < t->dev->memory.pages; i++) {
    pages += gr_page_is_free(&t->dev->memory, i);
  }
  return pages;
}

/* Everything goes back: all magazines, all empty blocks. All pages are free then, if all was
 * freed; and the levels of the map agree. */
static inline void memory_settle(struct memory *t)
{
  for (uint32_t i = 0; i < MEMORY_TEAMS; i++) {
    if (t->team[i]->heap.key.v != 0) {
      gr_heap_leave(t->team[i]);
    }
  }
  for (uint32_t context = 0; context < GR_CONTEXTS_MAX; context++) {
    gr_arena_reclaim(t->team[0], context);
  }
  for (uint32_t level = 1; level < GR_MAP_LEVELS; level++) {
    for (uint32_t i = 0; level != GR_MAP_WHOLE && i < t->dev->memory.words[level - 1u]; i++) {
      const bool says = t->dev->memory.map[level][i / 64u].v >> (i % 64u) & 1u;
      cr_assert_eq(says, t->dev->memory.map[level - 1u][i].v != 0);
    }
  }
}

/* All was freed: nothing is lost. */
static inline void memory_end(struct memory *t)
{
  memory_settle(t);
  cr_assert_eq(memory_pages_free(t), t->dev->memory.pages);
  for (uint32_t i = 0; i < MEMORY_TEAMS; i++) {
    free(t->team[i]);
  }
  munmap(t->piece[0].host, t->piece[0].bytes);
  munmap(t->piece[1].host, t->piece[1].bytes);
  free(t->dev);
  free(t);
}
