/* hx.h - what an experiment sees of the harness: it is a table of data and a few functions.
 *
 * An experiment is one binary, experiments/exp<N>_<name>.c. It fills in a struct hx_experiment and
 * its main() is `return hx_main(argc, argv, &experiment);`. The harness reads the arguments,
 * expands the factors to points, runs every variant that accepts the device side by side in random
 * order (--seed), and writes DIR/<experiment>/plan.json, blocks/, samples.csv, points.csv and
 * run.json. The experiment only measures and checks.
 *
 * Threads: run() and probe() are called on the main thread. hx_sample(), hx_samples(), hx_more()
 * and hx_arrivals_run() belong to it; every other function here may be called from any thread.
 * Promised: no file is written and no line printed while run() is running; samples are kept in
 * memory that is touched beforehand (hx_sample_goal() of them per metric, at most a million).
 * A point runs in a worker process; a crash or a hang in run() costs that point, no other.
 *
 *   static int run_spin(struct hx_point *point)
 *   {
 *     const uint64_t tasks = hx_factor_u64(point, "tasks");
 *     while (hx_more(point, "roundtrip_us"))
 *       hx_sample(point, "roundtrip_us", one_roundtrip_us(tasks));
 *     return work_is_right() ? 0 : hx_fail(point, "sum is %d, not %d", sum, wanted);
 *   }
 *   static const struct hx_metric metrics[] = { { "roundtrip_us", "us" }, { 0 } };
 *   static const struct hx_factor factors[] = { { "tasks", "1,1e3", "1,1e3,1e6", "1,10" }, { 0 } };
 *   static const struct hx_variant variants[] = {
 *     { "spin_floor", "cpu", NULL, run_spin, "tasks" }, { 0 }
 *   };
 *
 * Next: hx_main.c */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hx_point; /* one variant at one combination of factor values, on one device */

/* One swept column. `smoke` and `paper` are comma lists of values; paper NULL means as smoke. `sim`
 * are those on device sim, where one thread does every team's steps; NULL means as smoke.
 * If all its values are whole numbers ("1e6" is one) the factor is a number: the CSV shows it in
 * plain digits and --factor may give any other number. Otherwise --factor may only choose from the
 * values listed. A name may not be one of the fixed CSV columns (so "tasks", never "n"). */
struct hx_factor {
  const char *name;
  const char *smoke;
  const char *paper;
  const char *sim;
};

/* One measured quantity. The name carries the unit: { "roundtrip_us", "us" }. */
struct hx_metric {
  const char *name;
  const char *unit;
};

struct hx_variant {
  const char *name;
  const char *device;              /* "cpu", "cuda", "sim" or "any" */
  int (*probe)(struct hx_point *); /* may be NULL; called before run(): 0, or hx_unmet(...) */
  int (*run)(struct hx_point *);   /* 0, negative errno, hx_fail(...) or hx_unmet(...) */
  const char *factors;             /* those that matter to it, comma list; NULL all, "" none */
};

/* What an experiment's second binary has, exp<N>_<name>-sim, whose only device is "sim": the
 * runtime under a seeded scheduler in virtual time (runtime/sim/sim.h). Its samples are in that
 * time; how long a point may take is still counted in real time. */
struct hx_simulator {
  /* Before each point, with --seed: a run of its own, so that a point's samples depend on the seed
   * and the point, and not on what was run before it. */
  void (*begin)(uint64_t seed);
  /* A run that went wrong prints its report and ends the process; asked then: what it was, in one
   * sentence, "" if nothing. */
  const char *(*violation)(void);
};

/* All three arrays end with { 0 }, an entry whose name is NULL. */
struct hx_experiment {
  const char *name;  /* the binary's name: "exp1_launch_latency", also of exp1_launch_latency-sim */
  const char *title; /* one line */
  const struct hx_metric *metrics;
  const struct hx_factor *factors;
  const struct hx_variant *variants;
  /* Is this device ("cpu", "cuda:0") here? 0 and a one-line description of it, or negative errno
   * and one line that says what is missing and what to do. NULL: the experiment knows only the
   * CPU. Called once before any point, and with "cuda:0" to decide --device auto. */
  int (*device_probe)(const char *device, char *sentence, size_t sentence_bytes);
  const struct hx_simulator *simulator; /* NULL: a binary for real devices */
};

/* Exit status of an experiment and of `grosr run`. SIGINT gives 130, SIGTERM 143. */
enum hx_exit {
  HX_EXIT_OK = 0,      /* every point ok or skipped */
  HX_EXIT_FAILED = 1,  /* some point failed, or a simulation went wrong; the others are kept */
  HX_EXIT_USAGE = 2,   /* refused before anything was run */
  HX_EXIT_HARNESS = 4, /* the harness itself could not go on (disk full, a bad table, a crash) */
  HX_EXIT_COUNT
};

/* The whole program. Returns what main() is to return. */
int hx_main(int argc, char **argv, const struct hx_experiment *experiment);

/* ---- what this point is -------------------------------------------------------------------- */

/* The value of a factor. Asking for one that the variant does not list in `factors`, or for the
 * number of one that is text, is a bug in the experiment: the point fails, and 0 or "" comes. */
uint64_t hx_factor_u64(struct hx_point *point, const char *name);
const char *hx_factor_text(struct hx_point *point, const char *name);

const char *hx_device(const struct hx_point *point); /* "cpu", "cuda:0", "sim" */
const char *hx_tier(const struct hx_point *point);   /* "smoke", "ae", "paper" */
unsigned hx_process(const struct hx_point *point);   /* which of --processes this is, from 0 */
uint64_t hx_seed(const struct hx_point *point);      /* from --seed and the point; never 0 */

/* ---- how much to measure ------------------------------------------------------------------- */

/* True while this tier wants another sample of the metric: fewer than hx_sample_goal() are there
 * and time is left. It asks for 6 samples (the fewest that have a 95 % interval) even if that
 * takes 4 times the point's time, and always for one. It stops early when half the interval of the
 * median is below 0.2 % of it, after at least 1000 samples and half of the goal. False at once when
 * interrupted. */
bool hx_more(struct hx_point *point, const char *metric);
size_t hx_sample_goal(const struct hx_point *point);
uint64_t hx_time_left_ns(const struct hx_point *point); /* 0: over; what runs may still finish */
bool hx_interrupted(void); /* SIGINT or SIGTERM came: leave run() soon; the point is dropped */
uint64_t hx_now_ns(void);  /* CLOCK_MONOTONIC; resolution and cost are in run.json */

/* How many operations of about `op_ns` each to time together, so that the interval is at least 1000
 * times the clock's step and 100 times the cost of reading it (timer.h); divide the interval by it.
 * At least 1. Any thread; the first call takes some milliseconds: make it outside what is timed. */
uint64_t hx_batch(const struct hx_point *point, double op_ns);

/* ---- what came out ------------------------------------------------------------------------- */

/* One sample, or many in the order in which they were taken. The value must be finite. Call it
 * outside the interval that is timed. */
void hx_sample(struct hx_point *point, const char *metric, double value);
/* A sample of the warm-up: kept and marked, and part of no statistic. */
void hx_warm(struct hx_point *point, const char *metric, double value);
void hx_samples(struct hx_point *point, const char *metric, const double *values, size_t count);

/* A fact worth keeping with the point, into run.json; the last value given for a key stays. The key
 * "unchecked" says why the work could not be checked: --reportable then refuses the run. */
void hx_note(struct hx_point *point, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The work or its check went wrong: status=failed, samples discarded. The first reason stays, and
 * it wins over hx_unmet(). Returns -EBADMSG, so that run() can `return hx_fail(...)`. */
int hx_fail(struct hx_point *point, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Something the variant needs is not here: status=skipped. Returns -ENOTSUP. */
int hx_unmet(struct hx_point *point, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- load that does not wait --------------------------------------------------------------- */

#define HX_ARRIVALS_MAX (1u << 20)

/* Operation i is due at a time that is fixed beforehand, at equal gaps or as a Poisson process
 * (drawn from hx_seed() and `round`), and its latency counts from then, however late it was
 * submitted: who waits behind a stall is part of it (arrivals.h). */
struct hx_arrivals {
  const char *metric; /* in us, a sample for each operation; NULL: only the report */
  double rate_s;      /* offered, a second; 0: all are due at once, for what this loop can do */
  bool poisson;
  uint64_t round; /* which schedule of this point: each has gaps of its own */
  uint64_t count; /* 1 ... HX_ARRIVALS_MAX */
  int (*submit)(void *state, uint64_t i); /* must not wait: 0, -EAGAIN (no room yet) or negative */
  int (*done)(void *state, uint64_t i);   /* must not wait: 1, 0 (not yet) or negative */
  void *state;
  uint64_t (*now_ns)(void); /* NULL: hx_now_ns */
};

struct hx_arrivals_report {
  double offered_s;
  double achieved_s;               /* completions a second, from the first's due time on */
  double late_us_p50, late_us_max; /* submitted after they were due */
  uint64_t full;                   /* operations that found no room: the server's queue was full */
  bool behind; /* there was room, and the generator was still too slow: no sample was kept */
};

/* Runs the schedule to the end: samples, and a note "<metric>.load" with the report. 0, -ETIMEDOUT
 * (nothing went on for 10 s), -EINTR, -ENOMEM, or what submit or done returned. */
int hx_arrivals_run(struct hx_point *point, const struct hx_arrivals *arrivals,
                    struct hx_arrivals_report *report);

/* ---- where the measuring threads run ------------------------------------------------------- */

/* The cores this process may use are numbered 0 … hx_core_count() - 1, in the machine's order. A
 * core counts once however many hardware threads it has. */
unsigned hx_core_count(void);

/* Binds the calling thread to one hardware thread of that core, and the memory that it touches
 * first from then on to the core's node where the system allows it; checks where it really runs;
 * notes all this as "pin.<core>". 0, or -ERANGE (no such core), or negative errno. The main thread
 * is unbound after each point. Threads inherit the binding of the thread that creates them: let a
 * baseline create its workers first, or let each of them call hx_pin() or hx_unpin(). */
int hx_pin(struct hx_point *point, unsigned core);
int hx_unpin(struct hx_point *point);
