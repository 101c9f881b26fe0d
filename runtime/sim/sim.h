/* sim.h - the simulator: many participants, one OS thread, one seed.
 *
 * A *participant* is a lane of a team, a host thread, or the watchdog: a coroutine. Every word of
 * the port (port_sim.h) is a *step*: there the participant may be left for another, as a scheduler
 * says, which takes all it needs from the seed. Time is virtual. What went wrong ends the run with
 * a report: what, where everybody stands, the last steps, and how to repeat it.
 *
 *   struct gr_sim_config config = gr_sim_config_from_seed(seed);
 *   struct gr_sim_outcome outcome;
 *   gr_sim_run(&config, scenario, argument, &outcome);
 *
 * Memory, as `config.memory` says (memory.c):
 *   GR_SIM_STRONG  every access sees the newest value
 *   GR_SIM_WEAK    a load may see any value that the order of the port's words allows, and a plain
 *                  access that no order separates from another's is reported as a race (race.c)
 *
 * Outside a run (an experiment, a user's program linked with grosr-sim) the first step makes the
 * calling thread participant 0 of a run of its own; environment GROSR_SIM_SEED is its seed
 * (gr_sim_begin for a program that chooses it).
 *
 * Everything here is called by one OS thread.
 *
 * Next: world.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GR_SIM_PARTICIPANTS_MAX 160u /* lanes, host threads and watchdogs of one run */
#define GR_SIM_LANES_MAX        64u  /* of a team */

enum gr_sim_scheduler {
  GR_SIM_RANDOM = 0,      /* at each step, with a probability drawn per run, anybody who is ready */
  GR_SIM_PCT = 1,         /* random priorities, changed at `depth` random steps (Burckhardt et al.,
                             ASPLOS 2010): finds a bug of that depth with a known probability */
  GR_SIM_ROUND_ROBIN = 2, /* in turn, a few steps each */
  GR_SIM_STARVE = 3,      /* random, but one participant gets one step in 64 */
  GR_SIM_PARK = 4,        /* random; one participant stops for ever at a random step */
  GR_SIM_SCHEDULER_COUNT = 5,
  GR_SIM_REPLAY = 6, /* as recorded in config.decision */
  GR_SIM_EXPLORE = 7 /* explore.c: all of them */
};

enum gr_sim_memory { GR_SIM_STRONG = 0, GR_SIM_WEAK = 1 };

/* Bits of config.faults. */
enum gr_sim_fault {
  GR_SIM_STALLS = 1,    /* a participant stops for up to 20,000 steps */
  GR_SIM_SPURIOUS = 2,  /* sleepers wake for nothing */
  GR_SIM_JUMPS = 4,     /* the clock jumps ahead by up to a second */
  GR_SIM_LATE = 8,      /* naps and the watchdog's waits take up to 100 times as long */
  GR_SIM_NO_MEMORY = 16 /* reserving memory fails once */
};

/* What the scheduler decided, where it is not the default (stay; the newest value; no fault). */
struct gr_sim_decision {
  uint32_t participant; /* who stood at a step ... */
  uint32_t step;        /* ... the how manieth time that it was asked who goes on */
  uint32_t kind;        /* enum gr_sim_choice */
  uint32_t value;
};
enum gr_sim_choice { GR_SIM_SWITCH = 0, GR_SIM_VALUE = 1, GR_SIM_FAULT = 2 };

struct gr_sim_config {
  uint64_t seed;
  enum gr_sim_scheduler scheduler;
  enum gr_sim_memory memory;
  uint32_t faults;    /* bits of enum gr_sim_fault */
  uint32_t depth;     /* PCT: priority changes */
  uint64_t steps_max; /* 0: 2,000,000 */
  bool parks_teams;   /* PARK: who stops is a team, with all its lanes; else a host thread */
  /* Invariants: called at every step, must not take one. */
  void (*check)(void);
  /* REPLAY. */
  const struct gr_sim_decision *decision;
  size_t decisions;
};

struct gr_sim_outcome {
  bool failed;
  char what[512];     /* one sentence: the first thing that went wrong */
  uint64_t steps;     /* port operations */
  uint64_t hash;      /* of the trace: who did what where and saw which value */
  uint64_t schedule;  /* hash of the decisions alone */
  bool parked;        /* somebody was stopped for ever */
};

/* Everything that a seed decides: scheduler, memory, faults, depth. */
struct gr_sim_config gr_sim_config_from_seed(uint64_t seed);

/* Runs main(argument) as participant 0 ("host 0") until it returns or something fails. The
 * decisions of the last run are in gr_sim_decisions. */
void gr_sim_run(const struct gr_sim_config *config, void (*main)(void *), void *argument,
                struct gr_sim_outcome *outcome);
/* For a program that is participant 0 itself (an experiment): begins a run of its own with this
 * seed. Memory and participants of the one before are gone; devices must have been closed. A
 * failure prints its report and ends the process with status 1; the answer then says what it was,
 * to functions that exit() calls. */
const struct gr_sim_outcome *gr_sim_begin(uint64_t seed);
const struct gr_sim_decision *gr_sim_decisions(size_t *count);
/* Where everybody stands, and the last steps, of the run that just failed. */
void gr_sim_report(void *file, unsigned events);

/* ---- for scenarios, within a run ---- */
/* A new participant "name"; 0 or -EAGAIN. It ends when `main` returns. */
int gr_sim_spawn(const char *name, void *(*main)(void *), void *argument, uint32_t *id);
/* False: it was stopped for ever. */
bool gr_sim_join(uint32_t id);
/* Ends the run as failed. */
__attribute__((noreturn, format(printf, 1, 2))) void gr_sim_fail(const char *format, ...);
#define gr_sim_expect(condition)                                                                   \
  ((condition) ? (void)0 : gr_sim_fail("%s:%d: %s does not hold", __FILE__, __LINE__, #condition))
/* Of the seed and the calling participant; not of the schedule. */
uint64_t gr_sim_random(void);
const struct gr_sim_config *gr_sim_config(void);
/* Cores of the simulated machine. A run begins with enough for all; where teams + 1 are more than
 * this, the last teams of a device that is opened then are spare (device/spare.h). */
extern uint32_t gr_sim_cores;
/* Whether a fault that takes somebody away for ever has happened: what the others may expect. */
bool gr_sim_is_parked(void);
uint64_t gr_sim_now_ns(void);
/* Zeroed memory of this run, at the same address in every run; NULL: config.faults, or too much.
 * `name` is printed; plain accesses to it are watched for races. */
void *gr_sim_take(const char *name, size_t bytes);
/* gr_pause in a loop that tries again, for exploring: `local` says all that the participant still
 * knows here, so that ways which differ only in the failed tries before are one. */
void gr_sim_retry(uint64_t local);
/* Names a word or an array of words for the report. */
void gr_sim_name(const void *address, size_t bytes, size_t each, const char *name);

/* ---- teams (backend_sim.c) ---- */
struct gr_sim_team;
/* A team of `lanes` lanes in warps of `warp_lanes`, none of which runs yet. */
struct gr_sim_team *gr_sim_team_open(uint32_t id, uint32_t lanes, uint32_t warp_lanes,
                                     void *memory);
void gr_sim_team_start(struct gr_sim_team *team, void (*lane_main)(void *), void *argument);
bool gr_sim_team_is_gone(const struct gr_sim_team *team);
/* Until all its lanes have ended, or were stopped for ever. */
void gr_sim_team_join(const struct gr_sim_team *team);
bool gr_sim_team_is_parked(const struct gr_sim_team *team);
/* Its lanes never run again. */
void gr_sim_team_kill(struct gr_sim_team *team);

/* Watches: called before every store to a range; `before` and `after` are the word's values. A
 * plain write or read by the watcher counts as the storing participant's own, so it finds by a race
 * who stores to what was not handed to it. */
void gr_sim_watch(const void *address, size_t bytes,
                  void (*stores)(const void *address, uint64_t before, uint64_t after));
/* Whether a participant is a lane of a team, and not a thread of the host. */
bool gr_sim_is_lane(uint32_t participant);
/* Called when a sleep of gr_sleep, for up to slept_ns, ends because its time is over. */
void gr_sim_on_oversleep(void (*overslept)(uint32_t participant, uint64_t slept_ns));

/* ---- the words of port_sim.h ---- */
enum gr_sim_order {
  GR_SIM_RELAXED = 0,
  GR_SIM_ACQUIRE = 1,
  GR_SIM_RELEASE = 2,
  GR_SIM_ACQREL = 3
};
enum gr_sim_rmw { GR_SIM_ADD = 0, GR_SIM_OR = 1, GR_SIM_AND = 2, GR_SIM_EXCHANGE = 3 };
enum gr_sim_meeting { GR_SIM_BARRIER = 0, GR_SIM_BALLOT = 1, GR_SIM_SHUFFLE = 2 };
struct gr_chunk;

uint64_t gr_sim_load(const void *a, unsigned bytes, enum gr_sim_order order, const char *file,
                     unsigned line);
void gr_sim_store(void *a, unsigned bytes, uint64_t value, enum gr_sim_order order,
                  const char *file, unsigned line);
uint64_t gr_sim_change(void *a, unsigned bytes, enum gr_sim_rmw kind, uint64_t value,
                       enum gr_sim_order order, const char *file, unsigned line);
uint64_t gr_sim_cas(void *a, unsigned bytes, uint64_t expected, uint64_t desired,
                    enum gr_sim_order order, const char *file, unsigned line);
bool gr_sim_chunk_load(const struct gr_chunk *src, uint32_t tag, struct gr_chunk *out,
                       enum gr_sim_order order, const char *file, unsigned line);
void gr_sim_chunk_store(struct gr_chunk *dst, const struct gr_chunk *src, enum gr_sim_order order,
                        const char *file, unsigned line);
void gr_sim_fence(const char *file, unsigned line);
uint32_t gr_sim_lane(void);
uint32_t gr_sim_lanes(void);
uint32_t gr_sim_warp_lane(void);
uint32_t gr_sim_warp_lanes(void);
void *gr_sim_team_memory(void);
void gr_sim_team_barrier(const char *file, unsigned line);
/* The warp meets; `value` is what this lane brings, `from` whose value it takes (SHUFFLE). */
uint64_t gr_sim_warp_meet(enum gr_sim_meeting kind, uint64_t value, uint32_t from, const char *file,
                          unsigned line);
/* The lanes of the warp, a bit each, that wait here with the same key just now; then they meet,
 * each of them once a call, until they part. */
uint32_t gr_sim_peers(uint32_t key, const char *file, unsigned line);
uint64_t gr_sim_peers_shuffle(uint32_t peers, uint64_t value, uint32_t lane, const char *file,
                              unsigned line);
uint32_t gr_sim_peers_or(uint32_t peers, uint32_t value, const char *file, unsigned line);
uint64_t gr_sim_clock(const char *file, unsigned line);
void gr_sim_pause(const char *file, unsigned line);
void gr_sim_nap(uint64_t ns, const char *file, unsigned line);
void gr_sim_sleep(void *asleep, uint64_t ns_max, const char *file, unsigned line);
void gr_sim_wake(void *asleep, const char *file, unsigned line);
__attribute__((noreturn)) void gr_sim_leave(const char *file, unsigned line);
