/* memory_stats.c - what the device's memory is used for, and what was done wrong with it: read from
 * its tables (grosr_memory_stats, grosr_memory_errors).
 *
 * The tables change while they are read, so sums are a moment's blur; each record by itself is read
 * word by word. Nothing is asked of the device. Next: memory_live.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/grosr_private.h"
#include "device/slab.h"
#include "include/grosr/memory.h"
#include "shared/memory_op.h"

#define RECORDS 1024u /* read at once */
#define WORDS   4096u

static_assert((int)GROSR_MEMORY_FOREIGN == GR_MEMORY_FOREIGN &&
                  (int)GROSR_MEMORY_INTERIOR == GR_MEMORY_INTERIOR &&
                  (int)GROSR_MEMORY_DOUBLE == GR_MEMORY_DOUBLE &&
                  (int)GROSR_MEMORY_WRITTEN == GR_MEMORY_WRITTEN &&
                  (int)GROSR_MEMORY_OVERRUN == GR_MEMORY_OVERRUN && GR_MEMORY_ERRORS == 6,
              "memory.h has the errors of shared/memory.h");
static_assert(sizeof(struct gr_page) % 8u == 0 && sizeof(struct gr_memory) % 8u == 0,
              "device memory is read in words");

static int device_read(struct grosr *g, const void *at, void *to, uint64_t bytes)
{
  return g->backend_ops->read(g->backend, (uint64_t)(uintptr_t)at, to, bytes);
}

int gr_memory_walk(struct grosr *g, int (*look)(void *argument, uint32_t page, const void *record),
                   void *argument)
{
  const struct gr_memory *m = &g->template.memory;
  struct gr_page *records = aligned_alloc(64, RECORDS * sizeof *records);
  int error = records != NULL ? 0 : gr_error_set(-ENOMEM, "no memory to read page records");
  for (uint32_t first = 0; error == 0 && first < m->pages; first += RECORDS) {
    const uint32_t here = m->pages - first < RECORDS ? m->pages - first : RECORDS;
    error = device_read(g, &m->page[first], records, here * sizeof *records);
    for (uint32_t i = 0; error == 0 && i < here; i++) {
      const uint64_t tag = records[i].tag.v;
      if (GR_TAG_KIND(tag) != GR_PAGE_NONE && GR_TAG_OFFSET(tag) == 0) {
        error = look(argument, first + i, &records[i]);
      }
    }
  }
  free(records);
  return error;
}

/* ---- statistics ---- */

struct sum {
  struct grosr_memory_stats stats;
  uint32_t context; /* GROSR_AUTO: of all */
  uint32_t generation[GR_CONTEXTS_MAX];
};

static int arenas_read(struct grosr *g, struct sum *sum)
{
  struct gr_arena arena;
  int error = 0;
  for (uint32_t i = 0; error == 0 && i < GR_CONTEXTS_MAX; i++) {
    error = device_read(g, &g->template.memory.arena[i], &arena, offsetof(struct gr_arena, top));
    if (error == 0) {
      sum->generation[i] = GR_USE_GENERATION(arena.use.v);
      if (i == sum->context || sum->context == GROSR_AUTO) {
        sum->stats.pages += GR_USE_PAGES(arena.use.v);
        sum->stats.quota_pages = i == sum->context ? arena.quota.v : UINT64_MAX;
      }
    }
  }
  return error;
}

static int page_count(void *argument, uint32_t page, const void *record)
{
  struct sum *sum = argument;
  const struct gr_page *r = record;
  const uint64_t owner = GR_TAG_OWNER(r->tag.v);
  const uint32_t context = GR_OWNER_CONTEXT(owner);
  (void)page;
  if ((sum->context != GROSR_AUTO && sum->context != context) || context >= GR_CONTEXTS_MAX ||
      sum->generation[context] != GR_OWNER_GENERATION(owner)) {
    return 0;
  }
  if (GR_TAG_KIND(r->tag.v) == GR_PAGE_RUN) {
    sum->stats.runs++;
    sum->stats.run_pages += r->pages.v;
    sum->stats.live_bytes += (uint64_t)r->pages.v << GR_PAGE_SHIFT;
    return 0;
  }
  const uint32_t slots = GR_EXTENT_SLOTS(r->pages.v), bump = GR_BLOCK_BUMP(r->word.v);
  uint32_t live = bump * GR_GROUP_SLOTS < slots ? bump * GR_GROUP_SLOTS : slots;
  for (uint32_t i = 0; i < GR_GROUPS; i++) {
    live -= gr_bits_count_u64(r->free[i].v);
  }
  live = live <= slots ? live : 0; /* it changed while we read */
  sum->stats.blocks++;
  sum->stats.slots += slots;
  sum->stats.live_slots += live;
  sum->stats.live_bytes += (uint64_t)live * gr_class_bytes(GR_TAG_CLASS(r->tag.v));
  return 0;
}

/* Free pages, and how many of them are in a row. */
static int map_count(struct grosr *g, struct grosr_memory_stats *stats)
{
  const struct gr_memory *m = &g->template.memory;
  uint64_t *words = malloc((WORDS + WORDS / 64u) * sizeof *words), *whole = words + WORDS;
  uint64_t row = 0;
  int error = words != NULL ? 0 : gr_error_set(-ENOMEM, "no memory to read the map of pages");
  for (uint32_t first = 0; error == 0 && first < m->words[0]; first += WORDS) {
    const uint32_t here = m->words[0] - first < WORDS ? m->words[0] - first : WORDS;
    error = device_read(g, &m->map[0][first], words, here * sizeof *words);
    error = error < 0 ? error
                      : device_read(g, &m->map[GR_MAP_WHOLE][first / 64u], whole,
                                    (here + 63u) / 64u * sizeof *whole);
    for (uint32_t bit = 0; error == 0 && bit < here * 64u; bit++) {
      const uint64_t is_free =
          (words[bit / 64u] >> (bit % 64u) | whole[bit / 4096u] >> (bit / 64u % 64u)) & 1u;
      row = is_free != 0 ? row + 1u : 0u;
      stats->free_pages += is_free;
      stats->largest_pages = row > stats->largest_pages ? row : stats->largest_pages;
    }
  }
  free(words);
  return error;
}

int grosr_memory_stats(struct grosr *g, uint32_t context, struct grosr_memory_stats *stats)
{
  struct gr_memory now;
  struct sum sum;
  memset(&sum, 0, sizeof sum);
  sum.context = context;
  int error = stats == NULL ? gr_error_set(-EINVAL, "grosr_memory_stats: a null pointer")
                            : gr_memory_check(g, context == GROSR_AUTO ? 0 : context);
  error = error < 0 ? error : device_read(g, &g->dev->memory, &now, sizeof now);
  error = error < 0 ? error : arenas_read(g, &sum);
  error = error < 0 ? error : map_count(g, &sum.stats);
  error = error < 0 ? error : gr_memory_walk(g, page_count, &sum);
  if (error == 0) {
    sum.stats.capacity_bytes = now.bytes;
    sum.stats.page_bytes = GR_PAGE_BYTES;
    sum.stats.reserve_ns = g->heap_ns;
    sum.stats.stale_pages = now.stale.v;
    sum.stats.errors = now.errors.v;
    sum.stats.pressure = now.pressure.v;
    sum.stats.resets = now.resets.v;
    *stats = sum.stats;
  }
  return error;
}

/* ---- errors ---- */

const char *gr_memory_op_name(const struct grosr *g, uint32_t op)
{
  return op < g->image->op_count ? g->image->op_names[op] : op == GROSR_AUTO ? "an op" : "the host";
}

static void error_fill(const struct grosr *g, const struct gr_memory_report *report,
                       struct grosr_memory_error *e)
{
  static const char *const said[GR_MEMORY_ERRORS] = {
      "did nothing wrong with",
      "freed what is not its arena's as it is now:",
      "freed what is inside of an object, or where none begins:",
      "freed again what is free:",
      "found that something was written after its free to",
      "found that something was written past the end of"};
  const uint64_t what = report->what.v, offset = report->offset.v;
  const uint32_t fault = (uint32_t)what & 0xffu;
  e->fault = (enum grosr_memory_fault)(fault < GR_MEMORY_ERRORS ? fault : 0u);
  e->op = (uint32_t)(what >> 32);
  e->team = (uint32_t)(what >> 16) & 0xffffu;
  e->context = (uint32_t)(what >> 8) & 0xffu;
  e->name = gr_memory_op_name(g, e->op);
  e->address = offset < g->template.memory.bytes
                   ? (uint64_t)(uintptr_t)g->template.memory.base + offset
                   : offset;
  snprintf(e->sentence, sizeof e->sentence, "%s in context %u, on team %u, %s %#llx", e->name,
           e->context, e->team, said[e->fault], (unsigned long long)e->address);
}

int64_t grosr_memory_errors(struct grosr *g, struct grosr_memory_error *errors, size_t most)
{
  struct gr_memory now;
  int error = errors == NULL && most != 0
                  ? gr_error_set(-EINVAL, "grosr_memory_errors: a null pointer")
                  : gr_memory_check(g, 0);
  error = error < 0 ? error : device_read(g, &g->dev->memory, &now, sizeof now);
  if (error < 0) {
    return error;
  }
  const uint32_t kept = now.errors.v < GR_MEMORY_REPORTS ? now.errors.v : GR_MEMORY_REPORTS;
  for (uint32_t i = 0; i < kept && i < most; i++) {
    error_fill(g, &now.report[i], &errors[i]);
  }
  return now.errors.v;
}
