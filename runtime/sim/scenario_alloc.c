/* scenario_alloc.c - the whole allocator under a seed: teams of one lane, or of warps whose lanes
 * diverge, that allocate, free, hand objects to each other and leave, with so little memory that
 * there is mostly none; any of the teams may stop for ever.
 *
 * Looked at: each object by the shadow when it is handed out; its contents, written and read
 * plainly, whoever frees it; that a context never sees another's data; each error's answer and that
 * it is counted; and, in strong memory, that nobody is told that there is nothing while there is
 * something at each step of his search (M7, check below). At the end the audit of scenario_heap.c,
 * and all is free.
 *
 * Next: scenario_alloc_device.c. */
#include <string.h>

#include "sim/scenario_heap.h"

#define H       gr_sim_heap
#define OBJECTS 6u
#define CELLS   6u
#define SIZES   4u
#define LANES   32u
#define MAGIC   0x5a5au

static struct {
  gr_au64 *cell; /* objects on their way to anybody: address, or 0 */
  uint64_t size[SIZES];
  uint32_t turns; /* of each lane */
  uint32_t context[HEAP_TEAMS];
  bool is_exact;           /* what is said of nothing is checked at each step */
  bool is_dirty;           /* something was stored since */
  bool has_quota, has_two; /* contexts */
  uint32_t next;           /* context + 1 of everybody's next task; 0: any */
  /* Per lane. */
  uint64_t asked[HEAP_TEAMS][LANES];        /* bytes of the call at hand, or 0 */
  bool was_none[HEAP_TEAMS][LANES];         /* at some step of it there was nothing */
  uint64_t *kept[HEAP_TEAMS * LANES * 32u]; /* another context's, taken out of a cell */
  uint32_t keeps;
  uint64_t bytes_of[HEAP_UNITS_MAX]; /* of the object that begins there */
} L;

static uint32_t dice(uint32_t sides)
{
  return (uint32_t)(gr_sim_random() % sides);
}

/* ---- is there something? (takes no step) ---- */
/* Whether others can come by a block; what a team was moving when it stopped they cannot. */
static bool is_within_reach(uint32_t page, uint32_t context, uint32_t class_)
{
  if (!gr_sim_is_parked()) {
    return true; /* it will be */
  }
  for (uint32_t team = 0; team < H.teams; team++) {
    if ((uint32_t)H.m->held[team * GR_CLASSES + class_].v == page + 1u) {
      return true;
    }
  }
  for (uint32_t shard = 0; shard < GR_SHARDS; shard++) {
    uint32_t link = (uint32_t)H.m->arena[context].top[class_][shard].v;
    for (uint32_t left = 64u; link != 0 && left != 0; left--) {
      if (link == page + 1u) {
        return true;
      }
      link = H.m->page[link - 1u].next.v;
    }
  }
  return false;
}

/* Pages that are free, or can be had by retiring what is empty on a stack. */
static uint64_t pages_to_have(uint32_t context, uint32_t *own)
{
  /* At most 64 pages here. */
  uint64_t free = H.m->map[GR_MAP_WHOLE][0].v != 0 ? UINT64_MAX : H.m->map[0][0].v;
  *own = 0;
  for (uint32_t page = 0; page < H.m->pages; page++) {
    const struct gr_page *block = &H.m->page[page];
    const uint64_t word = block->word.v, tag = block->tag.v;
    if ((free >> page & 1u) != 0 || GR_TAG_KIND(tag) != GR_PAGE_BLOCK || GR_TAG_OFFSET(tag) != 0 ||
        GR_BLOCK_STATE(word) != GR_BLOCK_LISTED) {
      continue;
    }
    const uint32_t slots = GR_EXTENT_SLOTS(block->pages.v), pages = GR_EXTENT_PAGES(block->pages.v);
    bool is_empty = GR_BLOCK_GROUPS(word) == (uint32_t)gr_bits_run(0u, GR_BLOCK_BUMP(word));
    for (uint32_t group = 0; group < GR_BLOCK_BUMP(word) && is_empty; group++) {
      is_empty = block->free[group].v == gr_group_all(slots, group);
    }
    if (is_empty && is_within_reach(page, GR_OWNER_CONTEXT(GR_TAG_OWNER(tag)), GR_TAG_CLASS(tag))) {
      free |= gr_bits_run(page, pages);
      *own += GR_OWNER_CONTEXT(GR_TAG_OWNER(tag)) == context ? pages : 0u;
    }
  }
  return free;
}

static bool has_slots(uint32_t context, uint32_t class_)
{
  for (uint32_t page = 0; page < H.m->pages; page++) {
    const struct gr_page *block = &H.m->page[page];
    const uint64_t word = block->word.v, tag = block->tag.v;
    const uint32_t state = GR_BLOCK_STATE(word);
    if (GR_TAG_KIND(tag) == GR_PAGE_BLOCK && GR_TAG_OFFSET(tag) == 0 &&
        GR_TAG_CLASS(tag) == class_ && GR_OWNER_CONTEXT(GR_TAG_OWNER(tag)) == context &&
        (state == GR_BLOCK_HELD || state == GR_BLOCK_LISTED) &&
        (GR_BLOCK_GROUPS(word) != 0 ||
         GR_BLOCK_BUMP(word) < gr_groups_of(GR_EXTENT_SLOTS(block->pages.v))) &&
        is_within_reach(page, context, class_)) {
      return true;
    }
  }
  return false;
}

/* A block's least pages, as gr_block_new makes them. */
static uint32_t pages_needed(uint64_t bytes)
{
  if (bytes > GR_SLAB_BYTES_MAX) {
    return (uint32_t)((bytes + GR_PAGE_BYTES - 1u) >> GR_PAGE_SHIFT);
  }
  const struct gr_class *class_ = &H.m->class_[gr_class_of(bytes)];
  uint32_t pages = class_->pages;
  while (pages << GR_PAGE_SHIFT >= 2u * class_->bytes && pages > 1u) {
    pages = (pages + 1u) / 2u;
  }
  return pages;
}

static bool is_there(uint32_t context, uint64_t bytes)
{
  uint32_t own = 0;
  const uint32_t pages = pages_needed(bytes);
  const struct gr_arena *arena = &H.m->arena[context];
  const uint64_t free = pages_to_have(context, &own);
  if (bytes <= GR_SLAB_BYTES_MAX && has_slots(context, gr_class_of(bytes))) {
    return true;
  }
  return gr_bits_find(free, pages) != 64u &&
         GR_USE_PAGES(arena->use.v) - own + (uint64_t)pages <= arena->quota.v;
}

static void stores(const void *address, uint64_t before, uint64_t after)
{
  (void)address;
  (void)before;
  (void)after;
  L.is_dirty = true;
}

void gr_scenario_alloc_check(void)
{
  if (!L.is_exact || !L.is_dirty) {
    return;
  }
  L.is_dirty = false;
  for (uint32_t team = 0; team < H.teams; team++) {
    for (uint32_t lane = 0; lane < H.lanes; lane++) {
      if (L.asked[team][lane] != 0 && !L.was_none[team][lane]) {
        L.was_none[team][lane] = !is_there(L.context[team], L.asked[team][lane]);
      }
    }
  }
}

/* ---- objects ---- */
static uint64_t mark(const struct gr_team *team, const void *p, uint64_t bytes)
{
  return (uint64_t)MAGIC << 48 | (uint64_t)(team->own.context + 1u) << 40 |
         ((uint64_t)((const unsigned char *)p - H.m->base) / 16u + bytes);
}

/* No other context's data is in it. What looks like a mark by its upper half may be a seal. */
static void is_clean(const struct gr_team *team, uint64_t word)
{
  const bool is_mark = word >> 48 == MAGIC && word % (1ull << 40) < 2u * sizeof L.bytes_of;
  gr_sim_expect(!is_mark || (word >> 40 & 0xffu) == team->own.context + 1u);
}

static void object_got(const struct gr_team *team, uint64_t *p, uint64_t bytes)
{
  gr_sim_heap_got(team, p, bytes);
  uint64_t *last = p + bytes / 8u - 1u;
  is_clean(team, *p);
  is_clean(team, *last);
  *p = *last = mark(team, p, bytes);
  L.bytes_of[(uint64_t)((unsigned char *)p - H.m->base) / 16u] = bytes;
}

static void *object_new(struct gr_team *team)
{
  const bool is_aligned = dice(8) == 0;
  const uint64_t size = L.size[dice(SIZES)], bytes = is_aligned && size < 64u ? 64u : size;
  const uint32_t lane = gr_lane();
  const bool is_alone = gr_sim_is_parked() && H.teams == 2u && H.lanes == 1u;
  L.was_none[team->id][lane] = L.is_exact && !is_there(L.context[team->id], bytes);
  L.asked[team->id][lane] = bytes;
  uint64_t *p = is_aligned ? gr_alloc_aligned(team, size, 64u) : gr_alloc(team, size);
  L.asked[team->id][lane] = 0;
  if (p != NULL) {
    object_got(team, p, bytes);
    return p;
  }
  const int32_t why = gr_alloc_why(team);
  gr_sim_expect(why == GR_E_NOMEM || why == GR_E_AGAIN || (why == GR_E_DQUOT && L.has_quota));
  if (L.is_exact && !L.was_none[team->id][lane] && (why != GR_E_AGAIN || is_alone)) {
    gr_sim_fail("team %u is told %d of %llu bytes, and there was something all the time", team->id,
                why, (unsigned long long)bytes);
  }
  return NULL;
}

static void object_free(struct gr_team *team, uint64_t *p)
{
  const uint64_t bytes = L.bytes_of[(uint64_t)((unsigned char *)p - H.m->base) / 16u];
  if (team->own.context == (*p >> 40 & 0xffu) - 1u) {
    gr_sim_expect(p[0] == mark(team, p, bytes) && p[bytes / 8u - 1u] == p[0]);
    gr_sim_heap_frees(p);
    gr_sim_expect(gr_free(team, p) == GR_OK);
  } else { /* another context's: nothing happens */
    H.errors++;
    gr_sim_expect(gr_free(team, p) == GR_E_FAULT && (p[0] >> 48) == MAGIC);
    L.kept[L.keeps++] = p;
  }
}

/* ---- what may not be freed ---- */
static void free_wrongly(struct gr_team *team, uint64_t *p)
{
  const uint64_t bytes = L.bytes_of[(uint64_t)((unsigned char *)p - H.m->base) / 16u];
  H.errors++;
  if (bytes <= 16u) {
    gr_sim_expect(gr_free(team, (unsigned char *)p + 8u) == GR_E_INVAL);
  } else {
    gr_sim_expect(gr_free(team, &p[2]) == GR_E_INVAL);
  }
  gr_sim_expect(gr_alloc_bytes(team, p) == gr_sim_heap_bytes(bytes));
}

/* ---- from hand to hand ---- */
static bool cell_put(uint64_t *p)
{
  return gr_cas_acqrel_gpu_u64(&L.cell[dice(CELLS)], 0u, (uint64_t)(uintptr_t)p) == 0u;
}
static uint64_t *cell_take(void)
{
  gr_au64 *cell = &L.cell[dice(CELLS)];
  const uint64_t p = gr_load_acquire_gpu_u64(cell);
  return p != 0u && gr_cas_acqrel_gpu_u64(cell, p, 0u) == p ? (uint64_t *)(uintptr_t)p : NULL;
}

/* ---- a lane ---- */
static void lane_turn(struct gr_team *team, uint64_t **object, uint32_t *count)
{
  const uint32_t what = dice(16);
  if (what < 7u && *count < OBJECTS) {
    object[*count] = object_new(team);
    *count += object[*count] != NULL ? 1u : 0u;
  } else if (what < 11u && *count != 0) {
    const uint32_t i = dice(*count);
    uint64_t *p = object[i];
    object[i] = object[--*count];
    object_free(team, p);
  } else if (what < 13u && *count != 0) {
    *count -= cell_put(object[*count - 1u]) ? 1u : 0u;
  } else if (what == 13u) {
    uint64_t *p = cell_take();
    if (p != NULL) {
      object_free(team, p);
    }
  } else if (what == 14u && gr_lanes() == 1u) {
    gr_heap_leave(team);
  } else if (what == 15u && *count != 0) {
    free_wrongly(team, object[0]);
  }
}

static void lane(void *argument)
{
  struct gr_team *team = gr_sim_team_memory();
  uint64_t *object[OBJECTS];
  uint32_t count = 0;
  (void)argument;
  for (uint32_t turn = 1u + dice(L.turns); turn != 0; turn--) {
    lane_turn(team, object, &count);
  }
  while (count != 0) {
    object_free(team, object[--count]);
  }
}

/* After all: what lies in the cells; each by a team of its context. */
static void cells_lane(void *argument)
{
  struct gr_team *team = gr_sim_team_memory();
  (void)argument;
  for (uint32_t i = 0; i < L.keeps && gr_lane() == 0u; i++) {
    uint64_t *p = L.kept[i];
    if (p != NULL && (*p >> 40 & 0xffu) - 1u == team->own.context) {
      L.kept[i] = NULL;
      object_free(team, p);
    }
  }
  for (uint32_t i = 0; i < CELLS && gr_lane() == 0u; i++) {
    uint64_t *p = (uint64_t *)(uintptr_t)gr_load_acquire_gpu_u64(&L.cell[i]);
    if (p != NULL && (*p >> 40 & 0xffu) - 1u == team->own.context &&
        gr_cas_acqrel_gpu_u64(&L.cell[i], (uint64_t)(uintptr_t)p, 0u) == (uint64_t)(uintptr_t)p) {
      object_free(team, p);
    }
  }
}

/* Between tasks, as the microkernel does: the next may be of the other context. */
static void next_lane(void *argument)
{
  struct gr_team *team = gr_sim_team_memory();
  (void)argument;
  if (gr_lane() == 0u) {
    L.context[team->id] = L.next != 0 ? L.next - 1u : L.has_two ? dice(2) : 0u;
    team->own.context = (uint8_t)L.context[team->id];
    gr_heap_begin(team, L.context[team->id]);
  }
}

/* ---- a life ---- */
static void begin(uint32_t teams, uint32_t lanes)
{
  static const uint64_t sizes[] = {16,   48,   128,   1024,  2048,  4096,
                                   5120, 8192, 12288, 20480, 81920, 286720};
  const bool is_long = dice(8) == 0; /* more than a word of pages, and runs of that */
  memset(&L, 0, offsetof(__typeof__(L), bytes_of));
  const uint32_t few = dice(4) != 0 ? 4u + dice(28) : dice(2) != 0 ? 64u : 16u + dice(49);
  gr_sim_heap_begin(teams, is_long ? 192u : few, true);
  gr_sim_heap_whole();
  L.cell = gr_sim_take("cell", CELLS * sizeof *L.cell);
  for (uint32_t i = 0; i < SIZES; i++) {
    L.size[i] = sizes[dice(sizeof sizes / sizeof sizes[0])];
  }
  L.has_two = dice(4) == 0;
  for (uint32_t i = 0; i < teams; i++) {
    L.context[i] = L.has_two ? i % 2u : 0u;
    H.team[i]->own.context = (uint8_t)L.context[i];
  }
  if (dice(4) == 0) {
    L.has_quota = true;
    H.m->arena[0].quota.v = 1u + dice(8);
  }
  L.is_exact = !is_long && gr_sim_config()->memory == GR_SIM_STRONG && lanes <= 4u && dice(2) == 0;
  L.turns = lanes == 1u ? 24u : lanes == 4u ? 10u : 4u;
  if (L.is_exact) {
    gr_sim_watch(H.m->page, H.m->pages * sizeof *H.m->page, stores);
    gr_sim_watch(H.m->map[0], 8u, stores);
    gr_sim_watch(H.m->map[GR_MAP_WHOLE], 8u, stores);
    gr_sim_watch(H.m->arena, HEAP_CONTEXTS * sizeof *H.m->arena, stores);
  }
  gr_sim_name(L.cell, CELLS * sizeof *L.cell, sizeof *L.cell, "cell");
}

/* False: a team was stopped for ever. */
static bool phase(uint32_t teams, uint32_t lanes, void (*main)(void *))
{
  gr_sim_heap_start(teams, lanes, lanes, main);
  gr_sim_heap_join();
  return !gr_sim_is_parked();
}

static void live(uint32_t teams, uint32_t lanes)
{
  begin(teams, lanes);
  bool goes_on = phase(teams, lanes, lane);
  for (uint32_t tasks = dice(3); tasks != 0 && goes_on; tasks--) {
    goes_on = phase(teams, lanes, next_lane) && phase(teams, lanes, lane);
  }
  L.is_exact = false;
  gr_sim_heap_audit();
  for (L.next = 1u; L.next <= 2u && goes_on; L.next++) {
    goes_on = phase(teams, lanes, next_lane) && phase(teams, lanes, cells_lane);
    gr_sim_heap_audit();
  }
  if (goes_on) {
    gr_sim_heap_settle();
  }
}

void gr_scenario_alloc(void *argument)
{
  (void)argument;
  live(2u + dice(2), 1u);
}
void gr_scenario_alloc_lanes(void *argument)
{
  (void)argument;
  live(1u + dice(HEAP_TEAMS), dice(4) != 0 ? 4u : LANES);
}
