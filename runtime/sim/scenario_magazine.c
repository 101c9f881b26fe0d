/* scenario_magazine.c - protocols of what lies at a team's hand (device/magazine.h), for every
 * schedule to be tried: two lanes that share it, and slots that are freed twice at once.
 *
 * Next: scenario_alloc.c. */
#include "sim/scenario_hold.h"

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
