/* scenario_heap.h - a device's memory made by hand (shared/memory.h), for the scenarios of the
 * allocator: small, with teams that are lanes and nothing else; who owns what is noted outside of
 * it (a shadow), and what must be true of it when nobody is at work can be asked (an audit).
 *
 * Next: scenario_heap.c; scenario_pages.c, scenario_slab.c, scenario_hold.c, scenario_magazine.c
 * (protocols), scenario_alloc.c (all of it). */
#pragma once

#include <grosr/device.h>

#include "device/alloc.h"
#include "sim/scenario.h"
#include "sim/sim.h"

#define HEAP_TEAMS     3u
#define HEAP_CONTEXTS  3u
#define HEAP_PAGES_MAX 256u /* that have bytes; map[] alone may have more */
#define HEAP_UNITS_MAX (HEAP_PAGES_MAX * GR_PAGE_BYTES / 16u)

struct gr_sim_heap {
  struct gr_dev *dev;
  struct gr_memory *m;
  struct gr_team *team[HEAP_TEAMS];
  struct gr_sim_team *sim[HEAP_TEAMS];
  uint32_t teams, lanes, started;
  uint64_t *note;  /* a plain word per page, a line apart: who has the page writes it */
  uint32_t errors; /* reports that must have been made */
  /* Of every 16 bytes: who has them (team + 1), and where an object begins. */
  uint8_t owner[HEAP_UNITS_MAX];
  uint8_t begins[HEAP_UNITS_MAX];
};
extern struct gr_sim_heap gr_sim_heap;

/* `pages` free pages. Without bytes, only map[] may be used. */
void gr_sim_heap_begin(uint32_t teams, uint32_t pages, bool has_bytes);
/* The lanes of the first so many teams run `main`; their struct gr_team is gr_sim_team_memory(). */
void gr_sim_heap_start(uint32_t teams, uint32_t lanes, uint32_t warp_lanes, void (*main)(void *));
/* Until all lanes have ended, but those of a team that was stopped for ever. */
void gr_sim_heap_join(void);

/* Words whose pages are all free are whole: before the teams begin. */
void gr_sim_heap_whole(void);
/* The pages from first on are claimed by hand: before that. */
void gr_sim_heap_use(uint32_t first, uint32_t count);
/* Somebody got this object, or is about to free it. */
void gr_sim_heap_got(const struct gr_team *team, const void *p, uint64_t bytes);
void gr_sim_heap_frees(const void *p);
/* The bytes that an object of so many has. */
uint64_t gr_sim_heap_bytes(uint64_t bytes);

/* Nobody is at work, but who was stopped for ever. Each page and each slot is in one place (M1,
 * M2), each block where its state says (M3, M4), and the levels of the map agree (M6). */
void gr_sim_heap_audit(void);
void gr_sim_heap_audit_map(void); /* M6 alone */
/* One lane empties every magazine and retires what is empty: all pages are free then. */
void gr_sim_heap_settle(void);
