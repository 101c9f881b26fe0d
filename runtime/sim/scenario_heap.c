/* scenario_heap.c - the memory of scenario_heap.h: laid out, and audited.
 *
 * The audit counts for each slot of each block the places that it is in: virgin, in free[], in a
 * magazine, or with somebody (the shadow). One, always; if a team has stopped, what it was just
 * moving may be in none. It reads the newest values straight from memory and takes no step.
 *
 * Next: scenario_pages.c. */
#include "sim/scenario_heap.h"

#include <string.h>

#include "host/grosr_private.h"

#define QUIET __attribute__((no_sanitize("thread"))) /* reads what others wrote, and is no race */

struct gr_sim_heap gr_sim_heap;
#define H gr_sim_heap

/* ---- begin and end ---- */
/* All pages are free by map[0]; gr_sim_heap_whole changes that. */
static void maps_fill(uint32_t pages)
{
  static const char *const names[GR_MAP_LEVELS] = {"map0", "map1", "map2", "map3", "map4"};
  uint32_t bits = pages;
  for (uint32_t level = 0; level < GR_MAP_LEVELS; level++) {
    bits = level == GR_MAP_WHOLE ? H.m->words[0] : bits;
    const uint32_t words = (bits + 63u) / 64u;
    H.m->words[level] = words;
    H.m->map[level] = gr_sim_take("map", words * sizeof(gr_au64));
    for (uint32_t i = 0; i < words && level < GR_MAP_WHOLE; i++) {
      H.m->map[level][i].v = gr_bits_run(0u, bits - 64u * i < 64u ? bits - 64u * i : 64u);
    }
    gr_sim_name(H.m->map[level], words * sizeof(gr_au64), sizeof(gr_au64), names[level]);
    bits = words;
  }
}

void gr_sim_heap_begin(uint32_t teams, uint32_t pages, bool has_bytes)
{
  static struct gr_class classes[GR_CLASSES];
  memset(&H, 0, sizeof H);
  H.dev = gr_sim_take("dev", offsetof(struct gr_dev, runq));
  H.m = &H.dev->memory;
  H.dev->teams = H.teams = teams;
  H.lanes = 1u;
  H.m->pages = pages;
  H.m->bytes = (uint64_t)pages << GR_PAGE_SHIFT;
  H.m->secret = 0x0123456789abcdefull;
  maps_fill(pages);
  H.m->page = gr_sim_take("page", pages * sizeof(struct gr_page));
  H.m->arena = gr_sim_take("arena", HEAP_CONTEXTS * sizeof(struct gr_arena));
  H.m->held = gr_sim_take("held", teams * (GR_CLASSES + 1u) * sizeof(gr_au64));
  if (has_bytes) {
    gr_sim_expect(pages <= HEAP_PAGES_MAX);
    H.m->base = gr_sim_take("bytes", H.m->bytes);
    H.note = gr_sim_take("note", pages * 128u);
  }
  for (uint32_t i = 0; i < GR_CLASSES; i++) {
    if (classes[i].bytes == 0) {
      gr_class_fill(&classes[i], i);
    }
    H.m->class_[i] = classes[i];
    H.m->list_max[i] = 4u;
  }
  for (uint32_t i = 0; i < HEAP_CONTEXTS; i++) {
    H.m->arena[i].quota.v = UINT64_MAX;
  }
  for (uint32_t i = 0; i < teams; i++) {
    H.team[i] = gr_sim_take("team", sizeof *H.team[i]);
    H.team[i]->dev = H.dev;
    H.team[i]->id = i;
    H.team[i]->task = &H.team[i]->own;
  }
  gr_sim_name(&H.m->moves, 8u, 0, "moves");
  gr_sim_name(H.m->page, pages * sizeof(struct gr_page), sizeof(struct gr_page), "page");
  gr_sim_name(H.m->held, teams * (GR_CLASSES + 1u) * 8u, 8u, "held");
}

void gr_sim_heap_start(uint32_t teams, uint32_t lanes, uint32_t warp_lanes, void (*main)(void *))
{
  H.lanes = lanes;
  H.started = teams;
  for (uint32_t i = 0; i < teams; i++) {
    H.sim[i] = gr_sim_team_open(i, lanes, warp_lanes, H.team[i]);
  }
  for (uint32_t i = 0; i < teams; i++) {
    gr_sim_team_start(H.sim[i], main, NULL);
  }
}

void gr_sim_heap_join(void)
{
  for (uint32_t i = 0; i < H.started; i++) {
    gr_sim_team_join(H.sim[i]);
  }
}

/* ---- the shadow ---- */
void gr_sim_heap_whole(void)
{
  for (uint32_t word = 0; word < H.m->words[0]; word++) {
    if (H.m->map[0][word].v == UINT64_MAX) {
      gr_sim_heap_use(64u * word, 64u);
      H.m->map[GR_MAP_WHOLE][word / 64u].v |= 1ull << word % 64u;
      H.m->map[GR_MAP_WHOLE + 1u][word / 4096u].v |= 1ull << word / 64u % 64u;
    }
  }
}

void gr_sim_heap_use(uint32_t first, uint32_t count)
{
  for (uint32_t page = first; page < first + count; page++) {
    H.m->map[0][page / 64u].v &= ~(1ull << page % 64u);
    if (H.m->map[0][page / 64u].v == 0) {
      H.m->map[1][page / 4096u].v &= ~(1ull << page / 64u % 64u);
    }
    if (H.m->map[1][page / 4096u].v == 0) {
      H.m->map[2][0].v &= ~(1ull << page / 4096u % 64u);
    }
  }
}

uint64_t gr_sim_heap_bytes(uint64_t bytes)
{
  return bytes <= GR_SLAB_BYTES_MAX
             ? gr_class_bytes(gr_class_of(bytes))
             : (bytes + GR_PAGE_BYTES - 1u) & ~(uint64_t)(GR_PAGE_BYTES - 1u);
}

void gr_sim_heap_got(const struct gr_team *team, const void *p, uint64_t bytes)
{
  const uint64_t offset = (uint64_t)((const unsigned char *)p - H.m->base);
  const uint64_t end = offset + gr_sim_heap_bytes(bytes);
  gr_sim_expect(offset % 16u == 0 && end <= H.m->bytes);
  for (uint64_t unit = offset / 16u; unit < end / 16u; unit++) {
    if (H.owner[unit] != 0) {
      gr_sim_fail("%llu bytes at 0x%llx are handed out to team %u, and team %u has byte 0x%llx",
                  (unsigned long long)bytes, (unsigned long long)offset, team->id,
                  H.owner[unit] - 1u, (unsigned long long)(16u * unit));
    }
    H.owner[unit] = (uint8_t)(team->id + 1u);
  }
  H.begins[offset / 16u] = 1u;
}

void gr_sim_heap_frees(const void *p)
{
  uint64_t unit = (uint64_t)((const unsigned char *)p - H.m->base) / 16u;
  gr_sim_expect(H.begins[unit] == 1u);
  H.begins[unit] = 0;
  do {
    H.owner[unit++] = 0;
  } while (unit < H.m->bytes / 16u && H.owner[unit] != 0 && H.begins[unit] == 0);
}

/* ---- the audit ---- */
static struct {
  uint8_t places[HEAP_UNITS_MAX]; /* of slots, by their first unit */
  uint8_t stacks[HEAP_PAGES_MAX]; /* that a block is on */
  uint8_t holders[HEAP_PAGES_MAX];
  bool is_part; /* of a run or a block */
} A;

static uint64_t slot_unit(uint32_t page, uint32_t class_, uint32_t slot)
{
  return ((uint64_t)page * GR_PAGE_BYTES + (uint64_t)slot * gr_class_bytes(class_)) / 16u;
}

/* Slots at hand, which are their block's. */
QUIET static void count_mask(uint64_t slots)
{
  const uint32_t page = GR_SLOTS_GROUP(slots) / GR_GROUPS;
  const uint32_t first = GR_SLOTS_GROUP(slots) % GR_GROUPS * GR_GROUP_SLOTS;
  for (uint32_t mask = GR_SLOTS_MASK(slots); mask != 0; mask &= mask - 1u) {
    const uint64_t tag = H.m->page[page].tag.v;
    gr_sim_expect(GR_TAG_KIND(tag) == GR_PAGE_BLOCK && GR_TAG_OFFSET(tag) == 0);
    A.places[slot_unit(page, GR_TAG_CLASS(tag), first + gr_bits_lowest_u64(mask))]++;
  }
}

QUIET static void count_list(uint64_t list, uint32_t listed)
{
  uint32_t count = 0;
  while (list != 0) {
    const uint64_t offset = list - (uint64_t)(uintptr_t)H.m->base;
    gr_sim_expect(offset < H.m->bytes && A.places[offset / 16u] < 4u);
    A.places[offset / 16u]++;
    count++;
    list = *(const uint64_t *)(uintptr_t)list;
  }
  gr_sim_expect(count == listed);
}

static bool is_parked(const struct gr_team *team)
{
  return H.sim[team->id] != NULL && gr_sim_team_is_parked(H.sim[team->id]);
}

QUIET static void count_team(const struct gr_team *team)
{
  for (uint32_t class_ = 0; class_ < GR_CLASSES; class_++) {
    const uint64_t held = H.m->held[team->id * GR_CLASSES + class_].v;
    const uint64_t owner = GR_KEY_OWNER(team->heap.key.v);
    if (held != 0 && H.m->page[GR_HELD_PAGE(held)].word.v >> 48 == GR_HELD_GENERATION(held)) {
      A.holders[GR_HELD_PAGE(held)]++;
    }
    if (team->heap.key.v == 0 || is_parked(team) ||
        GR_USE_GENERATION(H.m->arena[GR_OWNER_CONTEXT(owner)].use.v) !=
            GR_OWNER_GENERATION(owner)) {
      continue;
    }
    count_mask(team->heap.magazine[class_].take.v);
    if (H.lanes == 1u) {
      count_list(team->heap.magazine[class_].give.v, team->heap.listed[class_]);
    } else {
      count_mask(team->heap.magazine[class_].give.v);
    }
  }
}

QUIET static void count_stacks(uint32_t context)
{
  for (uint32_t at = 0; at < GR_CLASSES * GR_SHARDS; at++) {
    uint32_t link = (uint32_t)H.m->arena[context].top[at / GR_SHARDS][at % GR_SHARDS].v;
    for (; link != 0; link = H.m->page[link - 1u].next.v) {
      const uint64_t tag = H.m->page[link - 1u].tag.v;
      gr_sim_expect(link <= H.m->pages && A.stacks[link - 1u] == 0);
      gr_sim_expect(GR_TAG_KIND(tag) == GR_PAGE_BLOCK && GR_TAG_OFFSET(tag) == 0);
      gr_sim_expect(GR_TAG_CLASS(tag) == at / GR_SHARDS);
      gr_sim_expect(GR_OWNER_CONTEXT(GR_TAG_OWNER(tag)) == context);
      A.stacks[link - 1u]++;
    }
  }
}

QUIET static void audit_slots(uint32_t page, uint32_t class_, uint64_t word)
{
  const struct gr_page *block = &H.m->page[page];
  const uint32_t slots = GR_EXTENT_SLOTS(block->pages.v);
  for (uint32_t slot = 0; slot < slots; slot++) {
    const uint32_t group = slot / GR_GROUP_SLOTS;
    const uint64_t unit = slot_unit(page, class_, slot);
    const uint32_t count = A.places[unit] + H.begins[unit] +
                           (block->free[group].v >> slot % GR_GROUP_SLOTS & 1u) +
                           (group >= GR_BLOCK_BUMP(word) ? 1u : 0u);
    if (count > 1u || (count == 0u && !gr_sim_is_parked())) {
      gr_sim_fail("M2: slot %u of the block at page %u is in %u places", slot, page, count);
    }
  }
  for (uint32_t group = 0; group < GR_GROUPS && !gr_sim_is_parked(); group++) {
    gr_sim_expect((block->free[group].v != 0) == (GR_BLOCK_GROUPS(word) >> group & 1u)); /* M3 */
  }
}

QUIET static uint32_t audit_block(uint32_t page)
{
  const struct gr_page *block = &H.m->page[page];
  const uint32_t pages = GR_EXTENT_PAGES(block->pages.v);
  const uint64_t word = block->word.v;
  const uint32_t state = GR_BLOCK_STATE(word);
  const bool has_some = GR_BLOCK_GROUPS(word) != 0 ||
                        GR_BLOCK_BUMP(word) < gr_groups_of(GR_EXTENT_SLOTS(block->pages.v));
  for (uint32_t i = 0; i < pages && !gr_sim_is_parked(); i++) {
    gr_sim_expect(block[i].tag.v == block->tag.v + ((uint64_t)i << GR_PAGE_SHIFT));
    gr_sim_expect(block[i].pages.v == block->pages.v);
  }
  audit_slots(page, GR_TAG_CLASS(block->tag.v), word);
  gr_sim_expect(A.stacks[page] <= 1u && A.holders[page] <= 1u); /* M4 */
  if (!gr_sim_is_parked()) {
    gr_sim_expect(A.stacks[page] == (state == GR_BLOCK_LISTED ? 1u : 0u));
    gr_sim_expect(A.holders[page] == (state == GR_BLOCK_HELD ? 1u : 0u));
    gr_sim_expect(state != GR_BLOCK_FULL || !has_some);
  }
  return pages;
}

/* What begins with this page, and how many pages it has. */
QUIET static uint32_t audit_page(uint32_t page)
{
  const uint64_t tag = H.m->page[page].tag.v, owner = GR_TAG_OWNER(tag);
  const uint32_t kind = GR_TAG_KIND(tag);
  const bool is_stale =
      GR_USE_GENERATION(H.m->arena[GR_OWNER_CONTEXT(owner)].use.v) != GR_OWNER_GENERATION(owner);
  uint32_t pages = 1u;
  A.is_part = kind != GR_PAGE_NONE;
  if (kind == GR_PAGE_BLOCK) {
    gr_sim_expect(GR_TAG_OFFSET(tag) == 0 || gr_sim_is_parked());
    pages = GR_TAG_OFFSET(tag) != 0 ? 1u
            : is_stale              ? GR_EXTENT_PAGES(H.m->page[page].pages.v)
                                    : audit_block(page);
  } else if (kind == GR_PAGE_RUN) {
    pages = H.m->page[page].pages.v;
    gr_sim_expect(is_stale || H.begins[page * (GR_PAGE_BYTES / 16u)] == 1u || gr_sim_is_parked());
  }
  return pages;
}

QUIET static bool page_is_free(uint32_t page)
{
  return ((H.m->map[0][page / 64u].v >> page % 64u |
           H.m->map[GR_MAP_WHOLE][page / 4096u].v >> page / 64u % 64u) &
          1u) != 0;
}

QUIET void gr_sim_heap_audit_map(void)
{
  for (uint32_t level = 1; level < GR_MAP_LEVELS && !gr_sim_is_parked(); level++) {
    const uint32_t below = level == GR_MAP_WHOLE ? 0u : level - 1u;
    for (uint32_t i = 0; i < H.m->words[below]; i++) {
      const bool says = (H.m->map[level][i / 64u].v >> i % 64u & 1u) != 0;
      const bool is_none = H.m->map[below][i].v == 0;
      gr_sim_expect(level == GR_MAP_WHOLE ? !says || is_none : says || is_none); /* M1, M6 */
    }
  }
}

QUIET void gr_sim_heap_audit(void)
{
  uint32_t end = 0, used[HEAP_CONTEXTS] = {0}, stale = 0;
  memset(&A, 0, sizeof A);
  for (uint32_t i = 0; i < H.teams; i++) {
    count_team(H.team[i]);
  }
  for (uint32_t i = 0; i < HEAP_CONTEXTS; i++) {
    count_stacks(i);
  }
  for (uint32_t page = 0; page < H.m->pages; page++) {
    const bool is_free = page_is_free(page);
    const uint64_t owner = GR_TAG_OWNER(H.m->page[page].tag.v);
    if (page >= end) {
      end = page + audit_page(page);
      uint32_t *sum =
          GR_USE_GENERATION(H.m->arena[GR_OWNER_CONTEXT(owner)].use.v) == GR_OWNER_GENERATION(owner)
              ? &used[GR_OWNER_CONTEXT(owner)]
              : &stale;
      *sum += A.is_part ? end - page : 0u;
    }
    if (is_free == A.is_part && !gr_sim_is_parked()) { /* M1 */
      gr_sim_fail("M1: page %u is %s", page, is_free ? "free and in use" : "lost");
    }
  }
  for (uint32_t i = 0; i < HEAP_CONTEXTS && !gr_sim_is_parked(); i++) {
    gr_sim_expect(GR_USE_PAGES(H.m->arena[i].use.v) == used[i]);
  }
  gr_sim_expect(gr_sim_is_parked() || (H.m->stale.v == stale && (uint32_t)H.m->moves.v == 0));
  gr_sim_heap_audit_map();
}

/* ---- at the end ---- */
static void settle_lane(void *argument)
{
  struct gr_team *mine = gr_sim_team_memory();
  (void)argument;
  if (gr_lane() == 0u) {
    for (uint32_t i = 0; i < H.teams; i++) {
      gr_heap_leave(H.team[i]);
    }
    for (uint32_t i = 0; i < HEAP_CONTEXTS; i++) {
      gr_memory_reclaim(mine, GR_OWNER(gr_arena_generation(H.m, i), i), true);
      gr_arena_reclaim(mine, i);
    }
  }
}

QUIET void gr_sim_heap_settle(void)
{
  gr_sim_heap_start(1u, H.lanes, H.lanes, settle_lane);
  gr_sim_heap_join();
  if (gr_sim_is_parked()) {
    return; /* in the middle of that */
  }
  gr_sim_heap_audit();
  for (uint32_t page = 0; page < H.m->pages; page++) {
    if (!page_is_free(page)) {
      gr_sim_fail("page %u is not free, and nobody has anything", page);
    }
  }
  if (H.m->errors.v != H.errors) {
    gr_sim_fail("%u errors are reported, and %u were made", H.m->errors.v, H.errors);
  }
}
