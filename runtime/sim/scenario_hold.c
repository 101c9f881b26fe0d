/* scenario_hold.c - protocols of gr_alloc and gr_free between two teams of one lane (device/hold.h,
 * arena.h, alloc.h), for every schedule to be tried: there is something, so nobody may be told that
 * there is nothing (M7), quotas, resets.
 *
 * Next: scenario_magazine.c. */
#include "sim/scenario_hold.h"

static void listed(uint32_t page)
{
  gr_block_become(&H.m->page[page], GR_BLOCK_LISTED);
  gr_block_push(H.m, 0u, page);
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

/* The same, below a block that is not empty and moves to another stack. */
static void wants_another(struct gr_team *team)
{
  gr_sim_expect(take(team, OTHER) != NULL);
}
void gr_scenario_hold_walk(void *argument)
{
  (void)argument;
  begin(2u);
  const uint32_t empty = used_block(), page = used_block();
  gr_group_give(H.team[0], GR_SLOTS(empty * GR_GROUPS, UINT32_MAX));
  gr_group_give(H.team[0], GR_SLOTS(empty * GR_GROUPS + 1u, UINT32_MAX));
  gr_group_give(H.team[0], GR_SLOTS(page * GR_GROUPS, 1u));
  listed(empty);
  listed(page);
  two(reclaims, wants_another);
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
  gr_stale_sweep(team);
}
static void resets_and_sweeps(struct gr_team *team)
{
  gr_arena_reset(team, 1u);
  gr_stale_sweep(team);
}
void gr_scenario_reset_sweep(void *argument)
{
  (void)argument;
  reset_while(resets_and_sweeps, sweeps);
}
