/* scenario_slab.c - protocols of blocks (device/slab.h, arena.h), for every schedule to be tried:
 * stacks, groups, retiring.
 *
 * Slots' first words are plain and written by who has them, so that who gets a slot without the
 * order of its last owner is found by a race; the shadow finds two that have one.
 *
 * Next: scenario_hold.c. */
#include <string.h>

#include "sim/protocol.h"
#include "sim/scenario_heap.h"

#define H     gr_sim_heap
#define CLASS 7u /* 128 bytes: a page has 32 slots, one group */
#define WIDE  3u /* 64 bytes: 2 groups */
#define OWNER GR_OWNER(0u, 0u)

static struct {
  uint32_t page[2];
  uint64_t slots[3]; /* of a participant */
  uint32_t pushed;   /* blocks that came onto the stack from FULL */
  uint32_t generation;
} B;

static void begin(uint32_t pages)
{
  gr_sim_heap_begin(2u, pages, true);
  memset(&B, 0, sizeof B);
}

/* A block of one page, held, that nobody holds. */
static uint32_t block(uint32_t class_)
{
  uint64_t held = 0;
  for (uint32_t i = 0; i < GR_CLASSES; i++) {
    H.m->class_[i].pages = 1u;
  }
  gr_sim_expect(gr_block_new(H.team[0], OWNER, class_, &held) == GR_OK);
  gr_moves_end(H.m, true);
  return GR_HELD_PAGE(held);
}

static void listed(uint32_t page)
{
  gr_block_become(&H.m->page[page], GR_BLOCK_LISTED);
  gr_block_push(H.m, 0u, page);
}

static uint64_t *slot_of(uint64_t slots, uint32_t bit)
{
  const uint64_t tag = H.m->page[GR_SLOTS_GROUP(slots) / GR_GROUPS].tag.v;
  return gr_slot_address(H.m, gr_class_bytes(GR_TAG_CLASS(tag)), GR_SLOTS_GROUP(slots), bit);
}

/* The slots are team `me`'s; two of them stand for all. */
static void got(uint32_t me, uint64_t slots)
{
  for (uint32_t mask = GR_SLOTS_MASK(slots); mask != 0; mask &= mask - 1u) {
    uint64_t *p = slot_of(slots, gr_bits_lowest_u64(mask));
    gr_sim_heap_got(H.team[me], p, 16u);
    if ((mask & (mask - 1u)) == 0 || mask == GR_SLOTS_MASK(slots)) {
      *p = me + 1u;
    }
  }
}
static void gives(uint32_t me, uint64_t slots)
{
  for (uint32_t mask = GR_SLOTS_MASK(slots); mask != 0; mask &= mask - 1u) {
    uint64_t *p = slot_of(slots, gr_bits_lowest_u64(mask));
    if ((mask & (mask - 1u)) == 0 || mask == GR_SLOTS_MASK(slots)) {
      *p = 0u;
    }
    gr_sim_heap_frees(p);
  }
  gr_group_give(H.team[me], slots);
}

static void two(void *(*other)(void *), void *(*mine)(void *))
{
  const uint32_t id = gr_protocol_spawn("other", other, (void *)1);
  mine(NULL);
  gr_sim_join(id);
  gr_sim_expect((uint32_t)gr_load_relaxed_gpu_u64(&H.m->moves) == 0u);
  gr_sim_expect(gr_load_relaxed_gpu_u32(&H.m->errors) == 0u);
}

/* ---- a stack of two: one takes both and puts them back in the other order (ABA) ---- */
static gr_au64 *stack;
static void *turns_over(void *argument)
{
  uint32_t page[2];
  uint32_t count = 0;
  for (; count < 2u; count++) {
    page[count] = gr_blocks_pop(H.m, stack);
    if (page[count] == GR_PAGES_NONE) {
      break;
    }
    H.note[16u * page[count]] += 1u; /* plain: handed over by top */
  }
  for (uint32_t i = 0; i < count; i++) {
    gr_blocks_push(H.m, stack, page[i]);
    gr_moves_end(H.m, true);
  }
  return argument;
}
static void *pops_one(void *argument)
{
  const uint32_t page = gr_blocks_pop(H.m, stack);
  if (page != GR_PAGES_NONE) {
    H.note[16u * page] += 1u;
    gr_moves_end(H.m, true);
    B.slots[0] = page + 1u;
  }
  return argument;
}
void gr_scenario_blocks(void *argument)
{
  (void)argument;
  uint32_t seen = 0;
  begin(4u);
  stack = &H.m->arena[0].top[0][0];
  gr_blocks_push(H.m, stack, 1u);
  gr_blocks_push(H.m, stack, 2u);
  two(turns_over, pops_one);
  for (uint32_t page = gr_blocks_pop(H.m, stack); page != GR_PAGES_NONE;
       page = gr_blocks_pop(H.m, stack)) {
    gr_sim_expect((page == 1u || page == 2u) && (seen >> page & 1u) == 0);
    seen |= 1u << page;
    gr_sim_expect(H.note[16u * page] <= 2u);
  }
  gr_sim_expect((seen | (B.slots[0] != 0 ? 1u << (B.slots[0] - 1u) : 0u)) == 6u);
}

/* ---- a full block: two free slots of it, and it is listed once (M3, M4) ---- */
static void full_stores(const void *address, uint64_t before, uint64_t after)
{
  (void)address;
  B.pushed += GR_BLOCK_STATE(before) == GR_BLOCK_FULL && GR_BLOCK_STATE(after) == GR_BLOCK_LISTED;
  gr_sim_expect(B.pushed <= 1u);
}
static void *gives_own(void *argument)
{
  const uint32_t me = (uint32_t)(uintptr_t)argument;
  gives(me, B.slots[me]);
  return argument;
}
/* Two groups of a block are with two, who give; then all of it is on the stack. */
static void full(uint64_t mask0, uint64_t mask1)
{
  begin(2u);
  const uint32_t page = block(WIDE);
  for (uint32_t i = 0; i < 2u; i++) {
    gr_sim_expect(gr_group_take(H.m, page, 0u) != 0);
  }
  gr_block_become(&H.m->page[page], GR_BLOCK_FULL);
  B.slots[0] = GR_SLOTS(page * GR_GROUPS, mask0 & UINT32_MAX);
  B.slots[1] = GR_SLOTS(page * GR_GROUPS + (mask1 >> 32 != 0 ? 1u : 0u), mask1 & UINT32_MAX);
  got(0u, B.slots[0]);
  got(1u, B.slots[1]);
  gr_sim_watch(&H.m->page[page].word, 8u, full_stores);
  two(gives_own, gives_own);
  gr_sim_expect(B.pushed == 1u);
  gr_sim_expect(gr_blocks_pop(H.m, &H.m->arena[0].top[WIDE][0]) == page ||
                gr_blocks_pop(H.m, &H.m->arena[0].top[WIDE][1]) == page);
  gr_moves_end(H.m, false);
  got(0u, gr_group_take(H.m, page, 0u)); /* all that was given is found */
  if (mask1 >> 32 != 0) {
    got(0u, gr_group_take(H.m, page, 0u));
  }
  gr_sim_expect(gr_group_take(H.m, page, 0u) == 0u);
  for (uint32_t i = 0; i < 2u; i++) {
    gr_sim_expect(H.owner[(uint64_t)((unsigned char *)slot_of(B.slots[i], 0u) - H.m->base) / 16u +
                          4u * gr_bits_lowest_u64(GR_SLOTS_MASK(B.slots[i]))] == 1u);
  }
}
void gr_scenario_groups(void *argument)
{
  (void)argument;
  full(3u, 1ull << 32 | 5u);
}
void gr_scenario_groups_same(void *argument)
{
  (void)argument;
  full(3u, 12u);
}

/* ---- a group is given while another takes it: no slot is lost, none is had twice (M3) ---- */
static void *takes_twice(void *argument)
{
  for (uint32_t i = 0; i < 2u; i++) {
    const uint64_t slots = gr_group_take(H.m, B.page[0], 0u);
    if (slots != 0) {
      got(0u, slots);
      B.slots[1u + i] = slots;
    }
  }
  return argument;
}
static void *gives_in_two(void *argument)
{
  (void)argument;
  gives(1u, (B.slots[0] & ~(uint64_t)UINT32_MAX) | 3u);
  gives(1u, (B.slots[0] & ~(uint64_t)UINT32_MAX) | 4u);
  return NULL;
}
void gr_scenario_groups_take(void *argument)
{
  (void)argument;
  begin(1u);
  B.page[0] = block(CLASS);
  B.slots[0] = gr_group_take(H.m, B.page[0], 0u) & ~(uint64_t)0xfffffff8u;
  got(1u, B.slots[0]);
  two(gives_in_two, takes_twice);
  uint32_t mask = GR_SLOTS_MASK(B.slots[1]) | GR_SLOTS_MASK(B.slots[2]);
  gr_sim_expect((GR_SLOTS_MASK(B.slots[1]) & GR_SLOTS_MASK(B.slots[2])) == 0);
  const uint64_t rest = gr_group_take(H.m, B.page[0], 0u);
  gr_sim_expect(((mask | GR_SLOTS_MASK(rest)) == 7u) && (mask & GR_SLOTS_MASK(rest)) == 0);
  gr_sim_expect(gr_group_take(H.m, B.page[0], 0u) == 0u);
}

/* The last virgin group goes to one of two. */
static void *takes_once(void *argument)
{
  const uint32_t me = (uint32_t)(uintptr_t)argument;
  B.slots[me] = gr_group_take(H.m, B.page[0], 0u);
  if (B.slots[me] != 0) {
    got(me, B.slots[me]);
  }
  return argument;
}
void gr_scenario_groups_virgin(void *argument)
{
  (void)argument;
  begin(1u);
  B.page[0] = block(CLASS);
  two(takes_once, takes_once);
  gr_sim_expect((B.slots[0] != 0) != (B.slots[1] != 0));
}

/* ---- a held block is dropped while slots of it come back: listed or full, once (M4) ---- */
static void *drops(void *argument)
{
  gr_moves_begin(H.m);
  gr_moves_end(H.m, gr_block_drop(H.team[0], GR_HELD(B.page[0], 0u)));
  return argument;
}
void gr_scenario_groups_drop(void *argument)
{
  (void)argument;
  begin(1u);
  B.page[0] = block(CLASS);
  B.slots[1] = gr_group_take(H.m, B.page[0], 0u);
  got(1u, B.slots[1]);
  two(gives_own, drops);
  const uint64_t word = gr_load_relaxed_gpu_u64(&H.m->page[B.page[0]].word);
  gr_sim_expect(GR_BLOCK_STATE(word) == GR_BLOCK_LISTED);
  gr_sim_heap_audit();
}

/* ---- retiring: who still knows the block takes from it, or it is another's (M5) ---- */
static void *retires(void *argument)
{
  uint32_t page = gr_blocks_pop(H.m, &H.m->arena[0].top[CLASS][0]);
  if (gr_block_retire(H.team[0], page)) {
    page = block(WIDE); /* its page again */
    gr_sim_expect(page == B.page[0]);
    B.generation = GR_BLOCK_GENERATION(gr_load_relaxed_gpu_u64(&H.m->page[page].word));
    B.slots[0] = gr_group_take(H.m, page, B.generation);
    got(0u, B.slots[0]);
  } else {
    gr_block_push(H.m, 1u, page);
  }
  gr_moves_end(H.m, true);
  return argument;
}
static void *takes_old(void *argument)
{
  const uint64_t slots = gr_group_take(H.m, B.page[0], 0u);
  if (slots != 0) {
    got(1u, slots);
    B.slots[1] = slots;
  }
  return argument;
}
static void retire_begin(void)
{
  begin(1u);
  B.page[0] = block(CLASS);
  const uint64_t slots = gr_group_take(H.m, B.page[0], 0u);
  got(0u, slots);
  gives(0u, slots);
  listed(B.page[0]);
}
void gr_scenario_retire(void *argument)
{
  (void)argument;
  retire_begin();
  two(takes_old, retires);
  gr_sim_expect((B.slots[0] != 0) != (B.slots[1] != 0));
}

/* The same, and who takes gives back at once: the groups are all set again, and all is free. */
static void *takes_and_gives(void *argument)
{
  takes_old(argument);
  if (B.slots[1] != 0) {
    gives(1u, B.slots[1]);
  }
  return argument;
}
void gr_scenario_retire_again(void *argument)
{
  (void)argument;
  retire_begin();
  two(takes_and_gives, retires);
  gr_sim_expect(B.slots[0] != 0 || B.slots[1] != 0);
  if (B.slots[0] == 0) {
    gr_sim_expect(gr_blocks_pop(H.m, &H.m->arena[0].top[CLASS][1]) == B.page[0]);
    gr_sim_expect(gr_block_retire(H.team[0], B.page[0]));
  }
}

/* The same, and one slot comes back: the word is the same again, and not all is free. */
static void *takes_and_gives_one(void *argument)
{
  takes_old(argument);
  if (B.slots[1] != 0) {
    const uint64_t one = GR_SLOTS(GR_SLOTS_GROUP(B.slots[1]),
                                  GR_SLOTS_MASK(B.slots[1]) & (0u - GR_SLOTS_MASK(B.slots[1])));
    gives(1u, one);
  }
  return argument;
}
void gr_scenario_retire_some(void *argument)
{
  (void)argument;
  retire_begin();
  two(takes_and_gives_one, retires);
  gr_sim_expect((B.slots[0] != 0) != (B.slots[1] != 0));
}
