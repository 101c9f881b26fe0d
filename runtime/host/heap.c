/* heap.c - the memory that ops allocate (shared/memory.h): reserved and laid out before boot, and
 * what the host asks about it afterwards.
 *
 *   pages | records | arenas | held | quarantine | map[0] to [4]
 *
 * The pages are a piece of their own, which is not touched here: 8 GiB are reserved as quickly as
 * 8 MiB. Called by memory_map.c, once. Next: ../device/alloc.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "host/grosr_private.h"
#include "device/slab.h"

/* Of a block, at most one part in so many is lost at its end. */
#define TAIL_SHARE 64u
#define SLOTS_MIN  8u
/* One slot that stays keeps its whole block; of sizes near a page and above, that is several. */
#define LARGE_BYTES      2048u
#define SLOTS_MIN_LARGE  4u
#define LARGER_BYTES     4096u
#define SLOTS_MIN_LARGER 2u
/* In a magazine of one lane: slots, bytes, and one part in so many of all memory. */
#define LIST_MIN   4u
#define LIST_MAX   4096u
#define LIST_BYTES (1u << 20)
#define LIST_SHARE 256u

static uint64_t lines(uint64_t bytes)
{
  return (bytes + GR_LINE_BYTES - 1u) & ~(uint64_t)(GR_LINE_BYTES - 1);
}

void gr_class_fill(struct gr_class *class_, uint32_t number)
{
  const uint32_t bytes = gr_class_bytes(number);
  const uint32_t least = bytes > LARGER_BYTES  ? SLOTS_MIN_LARGER
                         : bytes > LARGE_BYTES ? SLOTS_MIN_LARGE
                                               : SLOTS_MIN;
  uint32_t pages = 1;
  for (;; pages++) {
    const uint32_t all = pages * GR_PAGE_BYTES, slots = all / bytes;
    if (pages == GR_BLOCK_PAGES || (slots >= least && (all - slots * bytes) * TAIL_SHARE <= all)) {
      break;
    }
  }
  class_->bytes = bytes;
  class_->reciprocal = (uint32_t)((1ull << 32) / bytes + ((1ull << 32) % bytes != 0 ? 1u : 0u));
  class_->pages = pages;
  class_->slots = pages * GR_PAGE_BYTES / bytes;
}

/* `share` is a team's part of all memory. */
static uint32_t list_max(uint32_t slot_bytes, uint64_t share)
{
  const uint64_t bytes = share / LIST_SHARE < LIST_BYTES ? share / LIST_SHARE : LIST_BYTES;
  const uint64_t count = bytes / slot_bytes;
  return count < LIST_MIN ? LIST_MIN : count > LIST_MAX ? LIST_MAX : (uint32_t)count;
}

/* The first so many bits. */
static void map_fill(uint64_t *map, uint64_t bits)
{
  for (uint64_t at = 0; at < bits; at += 64u) {
    map[at / 64u] = bits - at >= 64u ? UINT64_MAX : (1ull << (bits - at)) - 1u;
  }
}

/* All pages are free: whole words of them, and what is left at the end. */
static void maps_fill(const struct gr_memory *m, uint64_t *const map[GR_MAP_LEVELS])
{
  const uint32_t whole = m->pages / 64u, rest = m->pages % 64u;
  map_fill(map[GR_MAP_WHOLE], whole);
  map_fill(map[GR_MAP_WHOLE + 1u], (whole + 63u) / 64u);
  if (rest != 0) {
    map[0][whole] = (1ull << rest) - 1u;
    map[1][whole / 64u] = 1ull << (whole % 64u);
    map[2][whole / 4096u] = 1ull << (whole / 64u % 64u);
  }
}

struct layout {
  uint64_t records, map[GR_MAP_LEVELS], arenas, held, quarantine, end;
};

static struct layout layout_of(const struct gr_memory *m, uint32_t teams)
{
  struct layout at;
  at.records = 0;
  at.end = lines((uint64_t)m->pages * sizeof(struct gr_page));
  at.arenas = at.end;
  at.end += lines(GR_CONTEXTS_MAX * sizeof(struct gr_arena));
  at.held = at.end;
  at.end += lines((uint64_t)teams * (GR_CLASSES + 1u) * sizeof(gr_au64));
  at.quarantine = at.end;
  if ((m->debug & GR_DEBUG_QUARANTINE) != 0u) {
    at.end += GR_CONTEXTS_MAX * GR_QUARANTINE_SLOTS * sizeof(gr_au64);
  }
  for (uint32_t level = 0; level < GR_MAP_LEVELS; level++) {
    at.map[level] = at.end;
    at.end += lines(m->words[level] * sizeof(gr_au64));
  }
  return at;
}

/* What is not 0 in the beginning: the arenas' quotas, and the maps. One write, as each is a call of
 * the driver. */
static int heap_write(struct grosr *g, uint64_t device, const struct layout *at)
{
  const struct gr_memory *m = &g->template.memory;
  unsigned char *tables = calloc(1, at->end - at->arenas);
  if (tables == NULL) {
    return gr_error_set(-ENOMEM, "no memory for the map of %u pages; lower memory_bytes", m->pages);
  }
  struct gr_arena *arena = (struct gr_arena *)(void *)tables;
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    arena[i].quota.v = UINT64_MAX;
  }
  uint64_t *map[GR_MAP_LEVELS];
  for (uint32_t level = 0; level < GR_MAP_LEVELS; level++) {
    map[level] = (uint64_t *)(void *)(tables + (at->map[level] - at->arenas));
  }
  maps_fill(m, map);
  const int error =
      g->backend_ops->write(g->backend, device + at->arenas, tables, at->end - at->arenas);
  free(tables);
  return error;
}

int gr_heap_build(struct grosr *g)
{
  struct gr_memory *m = &g->template.memory;
  struct gr_piece pages, tables;
  const uint64_t bytes = g->options.memory_bytes;
  m->bytes = bytes;
  m->debug = g->options.memory_debug;
  m->free_bytes = m->debug == 0u ? bytes : 0u;
  m->pages = (uint32_t)(bytes >> GR_PAGE_SHIFT);
  for (uint32_t level = 0; level < GR_MAP_LEVELS; level++) {
    const uint32_t below = level == 0              ? m->pages
                           : level == GR_MAP_WHOLE ? m->words[0]
                                                   : m->words[level - 1u];
    m->words[level] = below / 64u + (below % 64u != 0);
  }
  for (uint32_t i = 0; i < GR_CLASSES; i++) {
    gr_class_fill(&m->class_[i], i);
    m->list_max[i] = list_max(m->class_[i].bytes, bytes / g->options.teams);
  }
#if defined(GR_PORT_SIM)
  m->secret = 0x9e3779b97f4a7c15ull; /* a seed is a whole run */
#else
  if (getrandom(&m->secret, sizeof m->secret, GRND_NONBLOCK) != (ssize_t)sizeof m->secret) {
    m->secret = (uint64_t)(uintptr_t)g * 0x9e3779b97f4a7c15ull;
  }
#endif
  const struct layout at = layout_of(m, g->options.teams);
  int error = g->backend_ops->take(g->backend, GR_MEMORY_ARENA, bytes, &pages);
  if (error == 0) {
    error = g->backend_ops->take(g->backend, GR_MEMORY_ARENA, at.end, &tables);
  }
  if (error < 0) {
    return error;
  }
  g->memory_bytes += bytes + at.end;
  g->memory_host = pages.host;
  m->base = (unsigned char *)(uintptr_t)pages.device;
  m->page = (struct gr_page *)(uintptr_t)(tables.device + at.records);
  m->arena = (struct gr_arena *)(uintptr_t)(tables.device + at.arenas);
  m->held = (gr_au64 *)(uintptr_t)(tables.device + at.held);
  m->quarantine = (m->debug & GR_DEBUG_QUARANTINE) != 0u
                      ? (gr_au64 *)(uintptr_t)(tables.device + at.quarantine)
                      : NULL;
  for (uint32_t level = 0; level < GR_MAP_LEVELS; level++) {
    m->map[level] = (gr_au64 *)(uintptr_t)(tables.device + at.map[level]);
  }
  return heap_write(g, tables.device, &at);
}
