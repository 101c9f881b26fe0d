/* scenario_hold.h - what the protocols of gr_alloc and gr_free share: two teams of one lane on one
 * to five pages, and what each does. Next: scenario_hold.c, scenario_magazine.c. */
#pragma once

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

static inline void lane(void *argument)
{
  struct gr_team *team = gr_sim_team_memory();
  (void)argument;
  if (T.act[team->id] != NULL) {
    T.act[team->id](team);
  }
}

/* So many pages are free, in blocks of one. */
static inline void begin(uint32_t pages)
{
  gr_sim_heap_begin(2u, pages, true);
  for (uint32_t i = 0; i < GR_CLASSES; i++) {
    H.m->class_[i].pages = 1u;
  }
  memset(&T, 0, sizeof T);
}

/* Team 0 does this alone. */
static inline void first(void (*act)(struct gr_team *))
{
  T.act[0] = act;
  gr_sim_heap_start(1u, 1u, 1u, lane);
  gr_sim_heap_join();
}
static inline void two(void (*mine)(struct gr_team *), void (*other)(struct gr_team *))
{
  T.act[0] = mine;
  T.act[1] = other;
  gr_sim_heap_start(2u, 1u, 1u, lane);
  gr_sim_heap_join();
}

static inline void *take(struct gr_team *team, uint64_t bytes)
{
  uint64_t *p = gr_alloc(team, bytes);
  if (p != NULL) {
    gr_sim_heap_got(team, p, bytes);
    *p = team->id + 1u; /* plain */
  }
  return p;
}
static inline void give(struct gr_team *team, void *p)
{
  *(uint64_t *)p = 0u;
  gr_sim_heap_frees(p);
  gr_sim_expect(gr_free(team, p) == GR_OK);
}

/* A block all of whose slots are with somebody; its state is the caller's to set. */
static inline uint32_t used_block(void)
{
  uint64_t held = 0;
  gr_sim_expect(gr_block_new(H.team[0], OWNER, 3u, &held) == GR_OK);
  gr_moves_end(H.m, true);
  const uint32_t page = GR_HELD_PAGE(held);
  while (gr_group_take(H.m, page, 0u) != 0) {
  }
  return page;
}
/* Object `i` is the first slot of this group. */
static inline void owns(uint32_t i, uint32_t page, uint32_t group)
{
  T.object[i] = gr_slot_address(H.m, BYTES, page * GR_GROUPS + group, 0u);
  gr_sim_heap_got(H.team[0], T.object[i], BYTES);
}
