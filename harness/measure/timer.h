/* timer.h - what the clock that measures can do: step, cost, order, drift; and how much to batch.
 *
 * Calibrated when a run begins, before any point, and written into run.json as "clock":
 *   step      the smallest non-zero step between two reads in a row. On a clock that counts
 *             nanoseconds this is what a read costs, not what the clock counts in: either way
 *             nothing shorter can be told apart, so it is what we call the resolution.
 *   cost      nanoseconds of one read: the median over groups of reads, with its 95 % interval.
 *   order     reads that were earlier than the one before, over a million on one core, and over
 *             hand-overs between two pinned cores (each stamps after it saw the other's stamp).
 *   drift     CLOCK_MONOTONIC, which NTP steers, against CLOCK_MONOTONIC_RAW, in ppm with a bound.
 *
 * An operation shorter than hx_timer_interval_ns() is timed many at a time: that interval is
 *   max(1000 steps, 100 reads)
 * so that the step adds at most 0.1 % to a sample, and the two reads around it (one of which falls
 * into the interval) at most 1 %. hx_batch_for() gives how many operations that is.
 *
 * Called by provenance.c on the main thread; hx_batch() (hx.h) by any thread. Nothing is changed on
 * the machine: the two threads that hand over are pinned, the caller stays where it is.
 * Not promised: that a clock which kept order here always will.
 *
 * Next: environment.h */
#pragma once
#ifndef HX_PRIVATE
#error "timer.h is private to harness/: include hx.h"
#endif
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Any clock, so that tests can bring a bad one. */
typedef uint64_t (*hx_timer_clock)(void);

/* Reads in a row on one thread. */
struct hx_timer_reads {
  uint64_t count;
  uint64_t backwards;   /* earlier than the one before */
  uint64_t equal;       /* the same as the one before: the clock is coarser than a read */
  uint64_t step_ns_min; /* non-zero; 0 if the clock never moved */
  uint64_t step_ns_max; /* the longest: an interrupt, another thread, a stolen moment */
};

/* Two cores that hand a stamp to and fro. */
struct hx_timer_cross {
  int cpu[2];
  uint64_t handovers; /* 0: not done, and why is in `reason` */
  uint64_t backwards; /* a stamp earlier than the one it was made after */
  int64_t step_ns_min;
  char reason[96];
};

/* Both clocks at one moment, as near as a read allows. */
struct hx_timer_pair {
  uint64_t steered_ns; /* CLOCK_MONOTONIC */
  uint64_t raw_ns;     /* CLOCK_MONOTONIC_RAW, the middle of the reads around it */
  uint64_t window_ns;  /* between those two reads */
};

struct hx_timer {
  struct hx_timer_reads reads;
  double read_ns, read_ns_lo, read_ns_hi; /* lo, hi: 95 % interval of the median */
  struct hx_timer_cross cross;
  struct hx_timer_pair begin, end; /* of the calibration */
};

/* Step and cost only: some milliseconds. */
void hx_timer_quick(struct hx_timer *timer, hx_timer_clock clock);
/* Everything, some 0.1 s. `cpu`: two of the system's numbers, on two cores; cpu[1] < 0: only one
 * core, so no hand-over. */
void hx_timer_calibrate(struct hx_timer *timer, hx_timer_clock clock, const int cpu[2]);

/* Steps of what is already there. */
void hx_timer_judge_reads(struct hx_timer_reads *reads, const uint64_t *stamp, size_t count);
void hx_timer_hand_over(struct hx_timer_cross *cross, hx_timer_clock clock, const int cpu[2]);

void hx_timer_pair_read(struct hx_timer_pair *pair);
/* How much faster the steered clock ran than the raw one, in ppm; `error_ppm`: how far off that may
 * be at most, by the reads' windows. */
double hx_timer_drift_ppm(const struct hx_timer_pair *begin, const struct hx_timer_pair *end,
                          double *error_ppm);

double hx_timer_interval_ns(const struct hx_timer *timer);
/* At least 1, at most 2^30; 1 for an op_ns that is no positive number. */
uint64_t hx_batch_for(const struct hx_timer *timer, double op_ns);

/* The process's clock (hx_now_ns), looked at quickly, once. */
const struct hx_timer *hx_timer_of_process(void);

/* run.json's "clock". `root` is "/" but in tests: where proc/cpuinfo and sys/ are looked up. */
json_t *hx_timer_json(const struct hx_timer *timer, const char *root);
json_t *hx_timer_drift_json(const struct hx_timer_pair *begin, const struct hx_timer_pair *end);
