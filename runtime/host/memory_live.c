/* memory_live.c - what is live, by the op that allocated it (grosr_memory_live), and what is when
 * a context or the device is closed.
 *
 * While memory is debugged each object has a trailer (shared/memory_op.h): blocks and the ends of
 * runs are read, and who has the seal of a live object is one. Without, it is known only how many
 * slots were handed out. Called by memory.c, context.c and api.c, through memory.c. Next:
 * ../device/alloc_debug.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/grosr_private.h"
#include "device/alloc_debug.h"
#include "include/grosr/memory.h"
#include "shared/memory_op.h"

struct list {
  struct grosr *g;
  uint32_t context; /* GROSR_AUTO: of all */
  uint32_t generation[GR_CONTEXTS_MAX];
  uint64_t *bytes; /* of a block, or of a run's end */
  size_t count, room;
  struct grosr_memory_live *live;
};

/* ---- sums ---- */

/* An object or more of this op's. */
static int add(struct list *list, uint32_t context, uint32_t op, const uint64_t *count_bytes_over)
{
  const bool is_traced = (list->g->options.memory_debug & GR_DEBUG_TRACE) != 0;
  size_t i = 0;
  op = is_traced ? op : GROSR_AUTO;
  while (i < list->count && (list->live[i].context != context || list->live[i].op != op)) {
    i++;
  }
  if (i == list->room) {
    const size_t room = list->room * 2u + 16u;
    struct grosr_memory_live *more = realloc(list->live, room * sizeof *more);
    if (more == NULL) {
      return gr_error_set(-ENOMEM, "no memory for the list of what is live");
    }
    list->live = more;
    list->room = room;
  }
  struct grosr_memory_live *live = &list->live[i];
  if (i == list->count) {
    const struct grosr_memory_live none = {
        .context = context, .op = op, .name = gr_memory_op_name(list->g, op)};
    *live = none;
    list->count++;
  }
  live->count += count_bytes_over[0];
  live->bytes += count_bytes_over[1];
  live->overrun += count_bytes_over[2];
  return 0;
}

static int by_bytes(const void *a, const void *b)
{
  const struct grosr_memory_live *one = a, *two = b;
  return one->bytes < two->bytes ? 1 : one->bytes > two->bytes ? -1 : 0;
}

/* ---- what a block or run has ---- */

/* The end of an object, as it was read. */
struct end {
  const unsigned char *at; /* behind the trailer */
  uint64_t offset, place;  /* of the object */
  uint64_t bytes;          /* of its slot or run */
};

/* Adds it, if it is live. */
static int end_look(struct list *list, uint32_t context, const struct end *end)
{
  const struct gr_memory *m = &list->g->template.memory;
  struct gr_trailer trailer;
  memcpy(&trailer, end->at - sizeof trailer, sizeof trailer);
  const uint64_t what = trailer.what.v, bytes = GR_TRAILER_BYTES_OF(what);
  if (trailer.seal.v !=
      GR_TRAILER_SEAL(m->secret, end->offset, end->place, what, GR_TRAILER_LIVE)) {
    return 0;
  }
  const uint64_t guard = end->bytes - sizeof trailer - bytes;
  const bool is_over = (m->debug & GR_DEBUG_CANARY) != 0 &&
                       !gr_bytes_are(end->at - sizeof trailer - guard, 0, guard, GR_GUARD);
  const uint64_t sums[3] = {1u, bytes, is_over ? 1u : 0u};
  return add(list, context, GR_TRAILER_OP_OF(what), sums);
}

static int run_look(struct list *list, uint32_t page, const struct gr_page *r)
{
  const struct gr_memory *m = &list->g->template.memory;
  const uint32_t context = GR_OWNER_CONTEXT(GR_TAG_OWNER(r->tag.v));
  const uint64_t bytes = (uint64_t)r->pages.v << GR_PAGE_SHIFT;
  const uint64_t offset = (uint64_t)page << GR_PAGE_SHIFT;
  if (m->debug == 0) {
    const uint64_t sums[3] = {1u, bytes, 0u};
    return add(list, context, GROSR_AUTO, sums);
  }
  if (bytes == 0 || bytes > m->bytes - offset) {
    return 0; /* it changed while we read */
  }
  /* A guard is less than a page and GR_GUARD_BYTES long. */
  const uint64_t tail = bytes < 2u * GR_PAGE_BYTES ? bytes : 2u * GR_PAGE_BYTES;
  const struct end end = {(unsigned char *)list->bytes + tail, offset, GR_PLACE(page, 0u), bytes};
  const int error = list->g->backend_ops->read(
      list->g->backend, (uint64_t)(uintptr_t)m->base + offset + bytes - tail, list->bytes, tail);
  return error < 0 ? error : end_look(list, context, &end);
}

static int block_look(struct list *list, uint32_t page, const struct gr_page *r)
{
  const struct gr_memory *m = &list->g->template.memory;
  const uint32_t context = GR_OWNER_CONTEXT(GR_TAG_OWNER(r->tag.v));
  const uint32_t bytes = gr_class_bytes(GR_TAG_CLASS(r->tag.v));
  const uint32_t bump = GR_BLOCK_BUMP(r->word.v) * GR_GROUP_SLOTS;
  const uint32_t all = GR_EXTENT_SLOTS(r->pages.v), slots = bump < all ? bump : all;
  const uint64_t offset = (uint64_t)page << GR_PAGE_SHIFT;
  if ((uint64_t)all * bytes > GR_BLOCK_PAGES * GR_PAGE_BYTES) {
    return 0; /* it changed while we read */
  }
  if (m->debug == 0) {
    uint64_t live = slots;
    for (uint32_t i = 0; i < GR_GROUPS; i++) {
      live -= gr_bits_count_u64(r->free[i].v);
    }
    const uint64_t sums[3] = {live, live * bytes, 0u};
    return live == 0 || live > slots ? 0 : add(list, context, GROSR_AUTO, sums);
  }
  int error = slots == 0 ? 0
                         : list->g->backend_ops->read(list->g->backend,
                                                      (uint64_t)(uintptr_t)m->base + offset,
                                                      list->bytes, (uint64_t)slots * bytes);
  for (uint32_t i = 0; error == 0 && i < slots; i++) {
    const struct end end = {(unsigned char *)list->bytes + (uint64_t)(i + 1u) * bytes,
                            offset + (uint64_t)i * bytes,
                            GR_PLACE(page, GR_BLOCK_GENERATION(r->word.v)), bytes};
    error = end_look(list, context, &end);
  }
  return error;
}

static int page_look(void *argument, uint32_t page, const void *record)
{
  struct list *list = argument;
  const struct gr_page *r = record;
  const uint64_t owner = GR_TAG_OWNER(r->tag.v);
  const uint32_t context = GR_OWNER_CONTEXT(owner);
  if ((list->context != GROSR_AUTO && list->context != context) || context >= GR_CONTEXTS_MAX ||
      list->generation[context] != GR_OWNER_GENERATION(owner)) {
    return 0; /* not asked for, or from before a reset */
  }
  return GR_TAG_KIND(r->tag.v) == GR_PAGE_RUN ? run_look(list, page, r) : block_look(list, page, r);
}

/* Everything of the context that is live; list->live is the caller's to free. */
static int list_fill(struct list *list)
{
  struct grosr *g = list->g;
  struct gr_arena arena;
  int error = 0;
  list->bytes = malloc(GR_BLOCK_PAGES * GR_PAGE_BYTES);
  if (list->bytes == NULL) {
    error = gr_error_set(-ENOMEM, "no memory to read a block of the device's");
  }
  for (uint32_t i = 0; error == 0 && i < GR_CONTEXTS_MAX; i++) {
    const uint64_t at = (uint64_t)(uintptr_t)&g->template.memory.arena[i];
    error = g->backend_ops->read(g->backend, at, &arena, offsetof(struct gr_arena, top));
    list->generation[i] = GR_USE_GENERATION(arena.use.v);
  }
  error = error < 0 ? error : gr_memory_walk(g, page_look, list);
  free(list->bytes);
  if (error == 0 && list->count != 0) {
    qsort(list->live, list->count, sizeof *list->live, by_bytes);
  }
  return error;
}

int64_t grosr_memory_live(struct grosr *g, uint32_t context, struct grosr_memory_live *live,
                          size_t most)
{
  struct list list = {.g = g, .context = context};
  int error = live == NULL && most != 0 ? gr_error_set(-EINVAL, "grosr_memory_live: a null pointer")
                                        : gr_memory_check(g, context == GROSR_AUTO ? 0 : context);
  error = error < 0 ? error : list_fill(&list);
  if (error == 0 && live != NULL && list.count != 0) {
    memcpy(live, list.live, (list.count < most ? list.count : most) * sizeof *live);
  }
  free(list.live);
  return error < 0 ? error : (int64_t)list.count;
}

void gr_memory_leaks_tell(struct grosr *g, uint32_t context)
{
  struct list list = {.g = g, .context = context};
  if (list_fill(&list) == 0) {
    for (size_t i = 0; i < list.count; i++) {
      g->options.memory_leaked(g->options.memory_leaked_argument, &list.live[i]);
    }
  }
  free(list.live);
}
