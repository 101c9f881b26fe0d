/* calibration.h - what a machine's noise was measured to be: calibration.json, written and read.
 *
 * One entry for each point and metric: the deviation between processes and rounds of the logarithm
 * of a process's median, its degrees of freedom, and the floor: the difference that the same binary
 * showed against itself, exceeded in 1 % of the rounds. Written by `grosr calibrate`, read by
 * `grosr compare --calibration FILE`. Refused: another schema, another machine.
 *
 * One thread. Next: cmd_compare.c */
#pragma once
#ifndef HX_PRIVATE
#error "calibration.h is private to harness/: include hx.h"
#endif
#include "compare.h"

#define HX_CALIBRATION_SCHEMA 1

struct hx_calibration_entry {
  const char *name;
  const char *metric;
  struct hx_compare_noise noise;
  size_t rounds;
  size_t count[HX_COMPARE_COUNT]; /* of each verdict, the same binary being on both sides */
};

struct hx_calibration {
  const char *machine;
  const char *experiment;
  double threshold;
  bool paired;
  struct hx_calibration_entry *entry;
  size_t entry_count;
};

/* Written whole or not at all. */
int hx_calibration_write(const struct hx_calibration *calibration, const char *path,
                         struct hx_why *why);

/* Sets the noise of each item that it knows; the number of those, or negative errno. */
int hx_calibration_apply(struct hx_compare *all, const char *machine, const char *path,
                         struct hx_why *why);
