/* compare.h - is the new run faster, slower, or the same? One verdict for each point and metric.
 *
 * What is compared is processes: the logarithms of the median of each. Two separate runs give two
 * samples of them (stats_shift.h), paired blocks one sample of differences (stats_signed.h): the
 * mean over a block of log(new / base), one base and one new process side by side in each pair.
 *   interval  Hodges-Lehmann with the exact rank interval at 99 %: it needs 5 processes a side, or
 *             8 blocks, and then says SLOWER of equal things at most once in 200, whatever the
 *             distribution; widened by one step of the clock where samples are whole steps of it,
 *             and by drift from process to process where there are 10 a side
 *   p, q      p = 2 min(Welch's or the paired t, the rank test), at most 1: ranks of 5 against 5
 *             cannot be below 0.008, which no correction for many points survives, and t is not
 *             exact for wild noise; both are asked and the doubling pays for that. q is p after
 *             Benjamini and Hochberg over all points of the comparison
 *   MDE       what is found 4 times of 5 with this noise (stats_power.h), or with the noise that a
 *             calibration measured, if that is larger
 * With fewer processes a calibration's noise gives the interval (t); without one it is AMBIGUOUS.
 *
 * A shift is taken so that up is slower (units of rate are turned round). With threshold t:
 *   SAME      the interval lies inside 1/(1 + t) .. 1 + t, and the MDE does too
 *   SLOWER    the interval is above 1, q <= 0.05, the shift is above t and above the noise floor of
 *             the calibration; if the MDE is above t, then the whole interval must be above t
 *   FASTER    its mirror image
 *   AMBIGUOUS everything else, with the reason and what to do
 *   INVALID   it cannot be compared: failed, not there, not positive, another machine
 * The same binary on both sides is SAME; a difference that was measured is told as noise.
 *
 * Called by the commands compare, duel and calibrate. One thread. Next: compare.c */
#pragma once
#ifndef HX_PRIVATE
#error "compare.h is private to harness/: include hx.h"
#endif
#include <stdbool.h>
#include <stdint.h>

#include "arm.h"
#include "text.h"

#define HX_COMPARE_REASON_BYTES 320u
#define HX_COMPARE_HASH_BYTES   72u
#define HX_COMPARE_CONFIDENCE   0.99
#define HX_COMPARE_Q_MAX        0.05
#define HX_COMPARE_POWER        0.8

enum hx_compare_verdict {
  HX_COMPARE_SAME = 0,
  HX_COMPARE_FASTER,
  HX_COMPARE_SLOWER,
  HX_COMPARE_AMBIGUOUS,
  HX_COMPARE_INVALID,
  HX_COMPARE_COUNT
};

/* Exit status of compare and duel; the first of 4, 3, 1, 2 that applies. */
enum hx_compare_exit {
  HX_COMPARE_EXIT_OK = 0,
  HX_COMPARE_EXIT_SLOWER = 1,
  HX_COMPARE_EXIT_AMBIGUOUS = 2,
  HX_COMPARE_EXIT_INVALID = 3,
  HX_COMPARE_EXIT_HARNESS = 4
};

struct hx_compare_noise { /* of a calibration, in logarithms */
  double deviation;       /* of the median of a process, between processes and rounds; 0: none */
  double freedom;         /* of that estimate */
  double floor;           /* shift that the same binary showed at most in 99 % of the rounds */
  double floor_processes; /* with so many processes a side */
};

struct hx_compare_found {
  enum hx_compare_verdict verdict;
  char reason[HX_COMPARE_REASON_BYTES];
  double base, fresh;   /* medians of the processes' medians */
  double ratio, lo, hi; /* new / base; NAN: no interval */
  double mde;           /* as a ratio, less 1; NAN: not known */
  double deviation;     /* s of stats_power.h, in logarithms */
  double p, q;          /* NAN: not asked */
  size_t processes[2];  /* base, new */
  size_t samples[2];
  size_t blocks; /* 0: not paired */
  double drift;  /* inflation of stats_shift.h; above 1: processes drifted within a run */
};

struct hx_compare_item {
  char *name; /* "exp1_launch_latency spin_floor cpu tasks=1 window=1" */
  char *metric;
  char *unit;
  struct hx_arm base, fresh;
  char binary[2][HX_COMPARE_HASH_BYTES]; /* of base and new; "": not known */
  bool same_binary;                      /* set by hx_compare_judge() */
  char trouble[HX_COMPARE_REASON_BYTES]; /* "": none; else why it is INVALID */
  struct hx_compare_noise noise;
  struct hx_compare_found found;
};

struct hx_compare {
  struct hx_compare_item *item;
  size_t item_count;
  size_t item_capacity;
};

struct hx_compare_how {
  double threshold;   /* 0.05 */
  size_t block_pairs; /* 0: two separate runs; else so many pairs, one after the other, a block */
  bool ignore_hash;   /* judge the same binary as if it were two */
};

/* A new item, zeroed but for copies of the three texts; NULL when out of memory. */
struct hx_compare_item *hx_compare_add(struct hx_compare *all, const char *name, const char *metric,
                                       const char *unit);
void hx_compare_item_fini(struct hx_compare_item *item);
void hx_compare_fini(struct hx_compare *all);

/* Judges every item. 0 or -ENOMEM. */
int hx_compare_judge(struct hx_compare *all, const struct hx_compare_how *how);

/* 1: more is better ("tasks/s"); -1: less is ("us"); 0: the unit does not say. */
int hx_compare_direction(const char *unit);

const char *hx_compare_name(enum hx_compare_verdict verdict);
enum hx_compare_exit hx_compare_exit_of(const struct hx_compare *all);
