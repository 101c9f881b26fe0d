/* exp1.h - what the variants of exp1 share: an engine each, and the loops that measure all of them.
 *
 * An *engine* is one way of getting the body (exp1_body.h) run: `once` submits one task and comes
 * back when it has seen it done, `load` does the same for many, some in flight at a time. The loops
 * in exp1_measure.c take the times, check every result and give the samples to the harness, so that
 * no variant has a timing loop of its own and all pay the same overhead: one clock read a sample.
 *
 *   start_latency_us    once, timed body     first instruction - clock before the submit
 *   roundtrip_us        once, plain body     clock after the wait - clock before the submit
 *   throughput_tasks_s  load                 tasks / time from before the first submit to after the
 *                                            last completion was seen
 *   loaded_latency_us   submit, done         clock when seen done - when it was due (exp1_open.c)
 * The latencies depend on no factor; they are measured at the point with one task in a window of
 * one. Graphs of dependent tasks have loops of their own: exp1_replay.h.
 *
 * Next: exp1_measure.c (the loops), exp1_cpu.c (the plainest engines). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exp1_body.h"
#include "exp_device.h"
#include "harness/hx.h"

#define EXP1_TASKS_MAX  10000000u    /* of one point: 80 MB of results */
#define EXP1_WINDOW_MAX 1024u        /* tasks in flight */
#define EXP1_WAIT_NS    10000000000u /* no wait of a baseline lasts longer: 10 s */
#define EXP1_FIXED_SALT 4711u
#define EXP1_OPEN_MAX   131072u      /* tasks of one schedule of an open load */
#define EXP1_SPINS_MAX  4000000000u /* the same for a bare spin, some seconds */

/* One task. Its result goes to word `slot` of the engine's results (and its start to slot + 1). */
struct exp1_work {
  uint64_t slot;
  uint64_t a;
  uint64_t b;
  uint64_t c;
  bool timed;
};

/* Tasks 0 ... tasks - 1, at most `window` in flight; task i's result goes to word i. */
struct exp1_load {
  uint64_t tasks;
  uint64_t window;
  uint64_t salt;
};

struct exp1_engine {
  int (*once)(void *state, const struct exp1_work *work); /* NULL: no latencies */
  int (*load)(void *state, const struct exp1_load *load); /* NULL: no throughput */
  /* Task i without waiting, its result to word i, c = salt; and whether it is done. As in struct
   * hx_arrivals; NULL: no open load. */
  int (*submit)(void *state, uint64_t i, uint64_t salt);
  int (*done)(void *state, uint64_t i, uint64_t salt);
  void *state;
  const volatile uint64_t *out; /* the results, where the host reads them */
  /* Brings words 0 ... words - 1 of the results to `out` and spoils the originals, so that none can
   * be taken for a later one's; NULL where they are the same memory. Never timed. */
  int (*fetch)(void *state, uint64_t words);
  uint64_t settle_ns; /* pause before each `once`, so that the other side has gone to sleep */
  bool no_start;      /* `once` cannot tell when the body started */
  bool no_window;     /* the factor window is not asked: `load` knows what it does */
  bool is_fixed; /* tasks are built into the engine (a graph): task i is task i % window, its c is
                    EXP1_FIXED_SALT, its result in word i % window */
  /* How far the clock that the body read is ahead of exp_now_ns(), and how sure that is; NULL where
   * they are the same clock. Called every few samples, because two clocks drift. */
  int (*clock)(void *state, int64_t *ahead_ns, uint64_t *error_ns);
  struct exp1_slow *slow; /* set by exp1_measure() */
};

/* Latency under an open load (exp1_open.c), for variants whose factors are EXP1_OPEN. */
int exp1_measure_open(struct hx_point *point, const struct exp1_engine *engine);

/* Everything that this point asks of the engine. 0 or negative; the point has its reason. */
int exp1_measure(struct hx_point *point, const struct exp1_engine *engine);

/* exp1_inject.c: *out is NULL unless GROSR_INJECT_PERCENT asks for a slow-down. 0 or negative; the
 * point has its reason. One point at a time. */
struct exp1_slow;
int exp1_slow_open(struct hx_point *point, struct exp1_slow **out);
/* Learns from some intervals how long exp1_slow_wait() is to take. An interval is in ns, or not
 * above 0 if it went wrong, then negative comes back. `slow` NULL: nothing. */
int exp1_slow_calibrate(struct exp1_slow *slow, double (*interval_ns)(void *), void *state);
/* Last in each interval. */
void exp1_slow_wait(const struct exp1_slow *slow);

/* The parts of it, for variants whose samples come from the device itself. */
bool exp1_is_latency_point(struct hx_point *point); /* of a variant that asks both factors */
int exp1_check(struct hx_point *point, const volatile uint64_t *out, uint64_t tasks, uint64_t salt);
uint64_t exp1_tasks(struct hx_point *point);  /* 0: too many, and the point is unmet */
uint64_t exp1_window(struct hx_point *point); /* no more than there are tasks */
/* Whether one sample of `tasks` tasks at this rate, in real time (hx_now_ns), would outlast the
 * harness's patience (unmet). */
bool exp1_is_too_long(struct hx_point *point, uint64_t tasks, double ns_each);

/* Compares two clocks by events that the other side saw between two looks of ours: a clock that
 * says `at` between our `before` and `after` is ahead by at least at - after and at most at -
 * before; the narrowest of many such pairs counts. The other clock's tick is added to the error.
 * Starts as {0}. */
struct exp1_clock_fit {
  int64_t least_ns;
  int64_t most_ns;
  uint64_t bits; /* all readings of the other clock, or-ed: their lowest bit is its tick */
};
void exp1_clock_fit_add(struct exp1_clock_fit *fit, const uint64_t ns[3]); /* before, at, after */
void exp1_clock_fit_end(const struct exp1_clock_fit *fit, int64_t *ahead_ns, uint64_t *error_ns);

/* Results for the point's tasks, in memory that is touched; NULL, and the point has its reason. */
uint64_t *exp1_results_take(struct hx_point *point);

static inline uint64_t exp1_wanted(uint64_t i, uint64_t salt)
{
  uint64_t out[1];
  EXP1_BODY(out, EXP1_A(i), EXP1_B(i), salt);
  return out[0];
}

/* exp1_variants.c, exp1_variants_sim.c; both have those that are written once for all devices. */
extern const struct hx_variant exp1_variants[];
#define EXP1_BOTH "tasks,window"
#define EXP1_OPEN "offered_pct,arrivals"
#define EXP1_REPLAY "shape,nodes,work_us"
#define EXP1_FORK "leaves,fan"
#define EXP1_GROSR_VARIANTS                                                                        \
  {"grosr_host", "any", NULL, exp1_run_grosr_host, EXP1_BOTH},                                     \
      {"grosr_device", "any", NULL, exp1_run_grosr_device, EXP1_BOTH},                             \
      {"grosr_teams", "any", NULL, exp1_run_grosr_teams, "teams,work_us"},                         \
      {"replay_grosr", "any", NULL, exp1_run_replay_grosr, EXP1_REPLAY},                           \
  {                                                                                                \
    "replay_grosr_loop", "any", NULL, exp1_run_replay_grosr_loop, EXP1_REPLAY                      \
  }

/* The variants, by file. */
int exp1_run_grosr_host(struct hx_point *point);   /* exp1_grosr.c */
int exp1_run_grosr_open(struct hx_point *point);
int exp1_run_grosr_device(struct hx_point *point); /* exp1_grosr_device.c */
int exp1_run_grosr_teams(struct hx_point *point);
int exp1_probe_two_cores(struct hx_point *point);  /* exp1_cpu.c */
int exp1_run_spin_floor(struct hx_point *point);
int exp1_run_spin_open(struct hx_point *point);
int exp1_run_futex_wake(struct hx_point *point);
int exp1_run_pthread(struct hx_point *point);
int exp1_probe_openmp(struct hx_point *point); /* exp1_openmp.c */
int exp1_run_openmp_task(struct hx_point *point);
int exp1_run_openmp_task_all(struct hx_point *point);
int exp1_run_openmp_parallel(struct hx_point *point);
int exp1_probe_pocl(struct hx_point *point); /* exp1_opencl.c */
int exp1_run_pocl(struct hx_point *point);
int exp1_probe_cuda(struct hx_point *point); /* exp1_cuda.c */
int exp1_run_stream_sync(struct hx_point *point);
int exp1_run_stream_pipelined(struct hx_point *point);
int exp1_probe_pdl(struct hx_point *point);
int exp1_run_pdl(struct hx_point *point);
int exp1_run_flag_floor(struct hx_point *point); /* exp1_cuda_floor.c */
int exp1_run_l2_floor(struct hx_point *point);
int exp1_run_graph(struct hx_point *point); /* exp1_cuda_graph.c */
int exp1_run_device_graph(struct hx_point *point);
int exp1_run_cdp(struct hx_point *point); /* exp1_cuda_cdp.c */

/* Fork and join (exp1_fork.h). */
int exp1_run_grosr_fork_join(struct hx_point *point); /* exp1_fork.c */
int exp1_run_openmp_tasks(struct hx_point *point);    /* exp1_fork_openmp.c */

/* Replays of graphs (exp1_replay.h). */
int exp1_run_replay_grosr(struct hx_point *point); /* exp1_replay_grosr.c */
int exp1_run_replay_grosr_loop(struct hx_point *point);
int exp1_run_replay_grosr_full(struct hx_point *point);
int exp1_run_replay_serial(struct hx_point *point); /* exp1_replay_cpu.c */
int exp1_run_replay_spin(struct hx_point *point);
int exp1_run_replay_openmp(struct hx_point *point); /* exp1_replay_openmp.c */
int exp1_probe_replay_tbb(struct hx_point *point);  /* exp1_replay_tbb.cpp */
int exp1_run_replay_tbb(struct hx_point *point);
int exp1_run_replay_stream(struct hx_point *point); /* exp1_cuda_replay.c */
int exp1_run_replay_graph(struct hx_point *point);
int exp1_run_replay_pdl(struct hx_point *point);
int exp1_run_replay_grid(struct hx_point *point);
