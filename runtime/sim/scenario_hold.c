/* scenario_hold.c - protocols of gr_alloc and gr_free between two teams of one lane (device/hold.h,
 * magazine.h, alloc.h), for every schedule to be tried: there is something, so nobody may be told
 * that there is nothing (M7), quotas, resets, and the two words of lanes that share a magazine.
 *
 * Next: scenario_alloc.c. */
#include <string.h>

#include "sim/scenario_heap.h"

#define H     gr_sim_heap
#define BYTES 64u /* class 3: 64 slots a page, 2 groups */
#define OTHER 128u
#define OWNER GR_OWNER(0u, 0u)

static struct {
  void (*act[HEAP_TEAMS])(struct gr_team *);
  void *object[HEAP_TEAMS];
} T;

static void lane(void *argument)
{
  struct gr_team *team = gr_sim_team_memory();
  (void)argument;
  if (T.act[team->id] != NULL) {
    T.act[team->id](team);
  }
}

/* So many pages are free, in blocks of one. */
static void begin(uint32_t pages)
{
  gr_sim_heap_begin(2u, pages, true);
  for (uint32_t i = 0; i < GR_CLASSES; i++) {
    H.m->class_[i].pages = 1u;
  }
  memset(&T, 0, sizeof T);
}

/* Team 0 does this alone. */
static void first(void (*act)(struct gr_team *))
{
  T.act[0] = act;
  gr_sim_heap_start(1u, 1u, 1u, lane);
  gr_sim_heap_join();
}
static void two(void (*mine)(struct gr_team *), void (*other)(struct gr_team *))
{
  T.act[0] = mine;
  T.act[1] = other;
  gr_sim_heap_start(2u, 1u, 1u, lane);
  gr_sim_heap_join();
}

static void *take(struct gr_team *team, uint64_t bytes)
{
  uint64_t *p = gr_alloc(team, bytes);
  if (p != NULL) {
    gr_sim_heap_got(team, p, bytes);
    *p = team->id + 1u; /* plain */
  }
  return p;
}
static void give(struct gr_team *team, void *p)
{
  *(uint64_t *)p = 0u;
  gr_sim_heap_frees(p);
  gr_sim_expect(gr_free(team, p) == GR_OK);
}

/* A block all of whose slots are with somebody; its state is the caller's to set. */
static uint32_t used_block(void)
{
  uint32_t page = 0;
  gr_sim_expect(gr_block_new(H.team[0], OWNER, 3u, &page) == GR_OK);
  gr_moves_end(H.m, true);
  while (gr_group_take(H.m, page, 0u) != 0) {
  }
  return page;
}
static void listed(uint32_t page)
{
  gr_block_become(&H.m->page[page], GR_BLOCK_LISTED);
  gr_block_push(H.m, 0u, page);
}
/* Object `i` is the first slot of this group. */
static void owns(uint32_t i, uint32_t page, uint32_t group)
{
  T.object[i] = gr_slot_address(H.m, BYTES, page * GR_GROUPS + group, 0u);
  gr_sim_heap_got(H.team[0], T.object[i], BYTES);
}

/* ---- there is something ---- */
static void must_have(struct gr_team *team)
{
  T.object[team->id] = take(team, BYTES);
  if (T.object[team->id] == NULL) {
    gr_sim_fail("team %u is told %d, and there are slots", team->id, gr_alloc_why(team));
  }
}
static void leaves(struct gr_team *team)
{
  gr_heap_leave(team);
}
/* All memory is a block of two groups, and each wants one. */
void gr_scenario_hold(void *argument)
{
  (void)argument;
  begin(1u);
  two(must_have, must_have);
  gr_sim_expect(T.object[0] != T.object[1]);
}
/* One has it all, and lets go of it meanwhile: held, to a stack. */
void gr_scenario_hold_leave(void *argument)
{
  (void)argument;
  begin(1u);
  first(must_have);
  two(leaves, must_have);
}
/* All slots are with ops, and one comes back: the block is listed then. Who is told that there is
 * none was told so before. */
static void gives_and_leaves(struct gr_team *team)
{
  give(team, T.object[2]);
  gr_heap_leave(team);
}
static void asks_until_it_has(struct gr_team *team)
{
  for (;;) {
    T.object[1] = take(team, BYTES);
    if (T.object[1] != NULL) {
      return;
    }
    gr_sim_expect(gr_alloc_why(team) == GR_E_NOMEM || gr_alloc_why(team) == GR_E_AGAIN);
    gr_sim_retry(0);
  }
}
void gr_scenario_hold_full(void *argument)
{
  (void)argument;
  begin(1u);
  const uint32_t page = used_block();
  gr_block_become(&H.m->page[page], GR_BLOCK_FULL);
  owns(2u, page, 0u);
  two(gives_and_leaves, asks_until_it_has);
}

/* ---- a stack is looked through for empty blocks, and those that are not move on ---- */
static void reclaims(struct gr_team *team)
{
  gr_arena_reclaim(team, 0u);
}
/* Two blocks on a stack: an empty one, and one with a free slot, which is all that the quota leaves
 * the other. */
void gr_scenario_hold_reclaim(void *argument)
{
  (void)argument;
  begin(2u);
  const uint32_t empty = used_block(), page = used_block();
  gr_group_give(H.team[0], GR_SLOTS(empty * GR_GROUPS, UINT32_MAX));
  gr_group_give(H.team[0], GR_SLOTS(empty * GR_GROUPS + 1u, UINT32_MAX));
  gr_group_give(H.team[0], GR_SLOTS(page * GR_GROUPS, 1u));
  listed(page);
  listed(empty);
  H.m->arena[0].quota.v = 1u;
  two(reclaims, must_have);
}

/* An empty block of another class is pages, if need be: by whichever of two finds it. */
static void empties(struct gr_team *team)
{
  void *p = take(team, OTHER);
  give(team, p);
  gr_heap_leave(team);
}
static void wants_a_page(struct gr_team *team)
{
  T.object[team->id] = take(team, GR_SLAB_BYTES_MAX + 1u);
  gr_sim_expect(T.object[team->id] != NULL);
}
void gr_scenario_hold_pages(void *argument)
{
  (void)argument;
  begin(3u);
  first(empties);
  two(reclaims, wants_a_page);
}

/* ---- quotas ---- */
static void within_quota(struct gr_team *team)
{
  void *p = take(team, BYTES << (team->id * 5u)); /* of two classes: a page each */
  gr_sim_expect(p != NULL);
  T.object[team->id] = p;
}
static void within_quota_twice(struct gr_team *team)
{
  within_quota(team);
  give(team, T.object[team->id]);
  gr_heap_leave(team);
}
void gr_scenario_quota_pages(void *argument)
{
  (void)argument;
  begin(4u);
  H.m->arena[0].quota.v = 2u;
  two(within_quota_twice, within_quota);
  gr_sim_expect(GR_USE_PAGES(H.m->arena[0].use.v) <= 2u);
}
/* For one page, and nobody is refused while nobody has it. */
static void within_quota_or(struct gr_team *team)
{
  T.object[team->id] = take(team, BYTES << (team->id * 5u));
  if (T.object[team->id] == NULL) {
    gr_sim_expect(gr_alloc_why(team) == GR_E_DQUOT || gr_alloc_why(team) == GR_E_AGAIN);
  }
}
void gr_scenario_quota_one(void *argument)
{
  (void)argument;
  begin(4u);
  H.m->arena[0].quota.v = 1u;
  two(within_quota_or, within_quota_or);
  gr_sim_expect((T.object[0] != NULL) != (T.object[1] != NULL));
  gr_sim_expect(GR_USE_PAGES(H.m->arena[0].use.v) == 1u);
}

/* ---- an arena is reset while others look for pages ---- */
static void of_context_one(struct gr_team *team)
{
  team->own.context = 1u;
  gr_heap_begin(team, 1u);
  T.object[0] = take(team, BYTES);
  gr_heap_leave(team);                       /* listed */
  T.object[1] = take(team, OTHER);           /* held */
  T.object[2] = take(team, 2u * 4096u + 1u); /* a run */
}
static void resets(struct gr_team *team)
{
  gr_arena_reset(team, 1u);
  gr_heap_begin(team, 1u);
  void *p = take(team, BYTES);
  if (p != NULL) {
    give(team, p);
  }
}
static void looks_for_pages(struct gr_team *team)
{
  void *p = take(team, 2u * 4096u + 1u);
  if (p != NULL) {
    give(team, p);
  }
}
static void reset_while(void (*mine)(struct gr_team *), void (*other)(struct gr_team *))
{
  begin(5u);
  first(of_context_one);
  for (uint32_t i = 0; i < 3u; i++) {
    gr_sim_heap_frees(T.object[i]); /* nobody's, from the reset on */
  }
  two(mine, other);
  gr_sim_heap_audit();
}
void gr_scenario_reset(void *argument)
{
  (void)argument;
  reset_while(resets, looks_for_pages);
}
/* Two sweep what is stale. */
static void sweeps(struct gr_team *team)
{
  (void)team;
  gr_stale_sweep(H.m);
}
static void resets_and_sweeps(struct gr_team *team)
{
  gr_arena_reset(team, 1u);
  gr_stale_sweep(H.m);
}
void gr_scenario_reset_sweep(void *argument)
{
  (void)argument;
  reset_while(resets_and_sweeps, sweeps);
}

/* ---- two lanes of a team and what lies at its hand ---- */
static void lanes_act(void *argument)
{
  struct gr_team *team = gr_sim_team_memory();
  (void)argument;
  void *p = take(team, BYTES);
  gr_sim_expect(p != NULL);
  give(team, p);
}
static void lanes_begin(uint32_t warp_lanes, void (*act)(void *))
{
  gr_sim_heap_start(1u, 2u, warp_lanes, act);
  gr_sim_heap_join();
  gr_sim_heap_audit();
}
void gr_scenario_magazine(void *argument)
{
  (void)argument;
  begin(1u);
  lanes_begin(2u, lanes_act);
}
/* Lanes of two warps, which never meet: the words alone are between them. */
void gr_scenario_magazine_warps(void *argument)
{
  (void)argument;
  begin(1u);
  lanes_begin(1u, lanes_act);
}
/* They free slots of two groups: one of the groups goes back. */
static void lane_gives(void *argument)
{
  (void)argument;
  give(gr_sim_team_memory(), T.object[gr_lane()]);
}
void gr_scenario_magazine_groups(void *argument)
{
  (void)argument;
  begin(1u);
  const uint32_t page = used_block();
  for (uint32_t group = 0; group < 2u; group++) { /* the others are free */
    gr_group_give(H.team[0], GR_SLOTS(page * GR_GROUPS + group, UINT32_MAX - 1u));
  }
  H.m->held[3].v = GR_HELD(page, 0u);
  owns(0u, page, 0u);
  owns(1u, page, 1u);
  lanes_begin(1u, lane_gives);
}

/* ---- two free the same at the same moment: one of them is told, or it is found later ---- */
static void frees_the_same(struct gr_team *team)
{
  const int32_t status = gr_free(team, T.object[0]);
  gr_sim_expect(status == GR_OK || status == GR_E_STALE || status == GR_E_FAULT);
}
static void leaves_two(struct gr_team *team)
{
  for (uint32_t i = 0; i < H.teams; i++) {
    gr_heap_leave(H.team[i]);
  }
  (void)team;
}
static void twice_is_found(bool is_run)
{
  T.act[0] = leaves_two;
  gr_sim_heap_start(1u, H.lanes, 1u, lane);
  gr_sim_heap_join();
  gr_sim_expect(gr_load_relaxed_gpu_u32(&H.m->errors) == 1u);
  if (is_run) {
    gr_sim_heap_audit();
  } else { /* it is free, once */
    gr_sim_expect(gr_load_relaxed_gpu_u32(&H.m->page[0].free[0]) == 1u);
  }
}
void gr_scenario_twice(void *argument)
{
  (void)argument;
  begin(1u);
  owns(0u, used_block(), 0u);
  gr_block_become(H.m->page, GR_BLOCK_FULL);
  gr_sim_heap_frees(T.object[0]);
  two(frees_the_same, frees_the_same);
  twice_is_found(false);
}
static void frees_a_run(struct gr_team *team)
{
  T.object[0] = gr_alloc(team, GR_SLAB_BYTES_MAX + 1u);
}
void gr_scenario_twice_run(void *argument)
{
  (void)argument;
  begin(3u);
  first(frees_a_run);
  two(frees_the_same, frees_the_same);
  twice_is_found(true);
}
/* Lanes of one warp, or of two. */
static void lane_frees(void *argument)
{
  (void)argument;
  frees_the_same(gr_sim_team_memory());
}
static void twice_lanes(uint32_t warp_lanes)
{
  begin(1u);
  owns(0u, used_block(), 0u);
  gr_block_become(H.m->page, GR_BLOCK_FULL);
  gr_sim_heap_frees(T.object[0]);
  gr_sim_heap_start(1u, 2u, warp_lanes, lane_frees);
  gr_sim_heap_join();
  twice_is_found(false);
}
void gr_scenario_twice_warp(void *argument)
{
  (void)argument;
  twice_lanes(2u);
}
void gr_scenario_twice_warps(void *argument)
{
  (void)argument;
  twice_lanes(1u);
}
