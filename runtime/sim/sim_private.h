/* sim_private.h - the state of the run, as the files of runtime/sim see it.
 *
 *   world.c     participants, steps, time, spawning and ending     schedule.c  who is next
 *   memory.c    what a load sees                                    race.c      plain accesses
 *   lanes.c     barriers, ballots, shuffles                         report.c    what is printed
 *   peers.c     lanes that diverged and meet by chance
 *   time.c      clock, sleep, wake                                  region.c    memory and names
 *   explore.c   every schedule                                      shrink.c    a shorter one
 *
 * Next: world.c. */
#pragma once

#include "sim/coroutine.h"
#include "sim/sim.h"

#define PARTS_MAX GR_SIM_PARTICIPANTS_MAX
#define NOBODY    UINT32_MAX

/* What a participant knows of each other's steps. */
struct clocks {
  uint32_t at[PARTS_MAX];
};

enum part_state {
  PART_FREE = 0,
  PART_READY = 1,
  PART_ASLEEP = 2,  /* gr_sleep: until woken, or wake_ns */
  PART_NAPPING = 3, /* until wake_ns */
  PART_MEETING = 4, /* at a barrier or collective, for the others */
  PART_JOINING = 5,
  PART_WAITING = 6, /* explore.c: paused until somebody stores something */
  PART_PARKED = 7,  /* for ever, by a fault */
  PART_ENDED = 8
};

struct meeting;

struct part {
  struct gr_coroutine co;
  uint32_t id;
  char name[24];
  enum part_state state;
  uint64_t wake_ns, sleep_ns;
  uint64_t since_step; /* of this state */
  const void *waits_on;
  uint32_t joins;
  void *(*main)(void *);
  void *argument;
  struct gr_sim_team *team;
  uint32_t lane;
  /* Where it stands. */
  const char *file;
  unsigned line;
  const char *doing;
  const void *address;
  uint32_t steps;
  uint32_t turns;          /* times that it was asked who goes on: what decisions are noted by */
  uint64_t stalled_until;  /* a step of the world's */
  uint64_t stored_step;    /* of its last store */
  uint64_t paused_step[2]; /* of the pause before its last one, and of that: if nothing was stored
                              since the former, a loop with one or two pauses sees nothing new */
  uint32_t stale_pauses;   /* for so many pauses it goes on, as it has seen an old value */
  uint64_t random;         /* of gr_sim_random */
  uint64_t seen;           /* hash of all it has been told (explore.c) */
  uint32_t priority;       /* PCT: the highest runs */
  uint64_t ran_step;       /* when it last had the floor, or could have had it again */
  size_t next_decision;    /* REPLAY: where its own go on */
  /* memory.c */
  uint32_t clock;
  struct clocks see, hb;             /* may not see older than; happens before it */
  struct clocks fence_see, fence_hb; /* at its last fence */
  struct clocks loose_see, loose_hb; /* of what relaxed loads saw, until the next fence */
};

struct event {
  uint64_t step, now_ns, value;
  const char *file, *doing;
  const void *address;
  unsigned line;
  uint32_t part;
};
#define EVENTS (1u << 14)

struct world {
  struct gr_sim_config config;
  struct gr_sim_outcome *outcome;
  struct gr_coroutine runner;
  struct part part[PARTS_MAX];
  uint32_t parts; /* made in this run */
  struct part *self;
  bool is_on;
  bool is_default; /* nobody called gr_sim_run */
  uint64_t steps, steps_max;
  uint64_t now_ns, next_wake_ns;
  struct event event[EVENTS];
  void (*overslept)(uint32_t participant, uint64_t slept_ns);
};
extern struct world gr_world;
#define W gr_world

/* ---- small things ---- */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
  uint64_t x = (a ^ b) * 0x9e3779b97f4a7c15ull + b; /* splitmix64's steps (Steele et al. 2014) */
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ x >> 27) * 0x94d049bb133111ebull;
  return x ^ x >> 31;
}
static inline uint64_t draw(uint64_t *state)
{
  *state += 0x9e3779b97f4a7c15ull;
  return mix(*state, 0);
}

/* ---- lanes.c ---- */
#define TEAMS_MAX 160u
#define WARPS_MAX 64u
struct meeting {
  const char *name; /* "warp" or "team" */
  uint64_t members; /* lanes of the team that belong to it */
  uint64_t arrived;
  uint64_t left;     /* ended by gr_leave */
  uint64_t returned; /* ended otherwise */
  enum gr_sim_meeting kind;
  const char *file;
  unsigned line;
  uint32_t generation;
  uint64_t value[2][GR_SIM_LANES_MAX]; /* of this generation and the one before */
};

struct gr_sim_team {
  uint32_t id;
  uint32_t lanes;
  uint32_t warp_lanes;
  void *memory;
  struct part *part[GR_SIM_LANES_MAX];
  struct meeting whole;
  struct meeting warp[WARPS_MAX];
};
/* Arrives with `value` and returns when all have: the generation to read values from. */
uint32_t gr_meet(struct part *self, struct meeting *m, enum gr_sim_meeting kind, uint64_t value,
                 const char *file, unsigned line);
/* peers.c */
void gr_peers_begin(void);

/* ---- world.c ---- */
/* Outside a run: begins one by default. */
void gr_world_need(void);
/* Every word of the port begins here. Returns the participant, who has the floor again. */
struct part *gr_step(const char *doing, const void *address, const char *file, unsigned line);
/* What the word answered, for the trace. */
void gr_seen(struct part *self, uint64_t value);
/* `self` has changed its state and cannot go on by itself. */
void gr_block(struct part *self);
void gr_make_ready(struct part *part);
__attribute__((noreturn)) void gr_part_end(struct part *self);
/* NULL: there are too many. A lane of a later launch has the place of an ended one. */
struct part *gr_part_add(const char *name, void *(*main)(void *), void *argument, bool is_lane);
/* Who joins it goes on. */
void gr_part_gone(const struct part *gone);

/* Ends the run, which has not failed: nothing new would follow. */
__attribute__((noreturn)) void gr_run_abandon(struct part *self);

/* ---- schedule.c ---- */
void gr_schedule_begin(void);
/* Who goes on, from a step of `self`: READY and not stalled. NULL: nobody can. */
struct part *gr_schedule_pick(struct part *self);
/* One of `count` values, 0 being the default. */
uint32_t gr_schedule_value(struct part *self, uint32_t count);
/* Whether a fault strikes now: 0 or a drawn number above 0. */
uint32_t gr_schedule_fault(struct part *self, uint32_t kind);
void gr_schedule_spawned(struct part *part);
bool gr_is_runnable(const struct part *part);
void gr_park(struct part *part);

/* ---- memory.c ---- */
void gr_memory_begin(void);
void gr_memory_spawned(struct part *part, const struct part *parent);
void gr_memory_joined(struct part *self, const struct part *ended);
/* All of `mask` meet at a barrier: each knows what the others did before. */
void gr_memory_meet(const struct part *const *part, uint32_t count);
uint64_t gr_memory_hash(void);

/* ---- region.c ---- */
void gr_region_begin(void);
/* Of all memory given out. */
unsigned char *gr_region_base(void);
/* Before every store. */
void gr_region_stores(const void *address, uint64_t before, uint64_t after);
void gr_region_name(const void *address, char *text, size_t bytes);

/* ---- race.c ---- */
void gr_race_begin(void);

/* ---- lanes.c ---- */
void gr_lanes_begin(void);
void gr_lane_gone(struct part *self, bool is_return);

/* ---- explore.c ---- */
struct part *gr_explore_pick(struct part *self);
uint32_t gr_explore_value(struct part *self, uint32_t count);
