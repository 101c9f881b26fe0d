/* sweep.h - from factors and arguments to the list of points: the plan.
 *
 *   factors: tasks = 1,1e3   window = 1,16       variants: a (tasks)   b (tasks,window)   c ()
 *   points:  a/1  b/1/1  c  |  a/1000  b/1/16  |  b/1000/1  |  b/1000/16
 *
 * Each variant is crossed over the factors that matter to it, the last factor running fastest; the
 * others stay NULL in its points (empty in the CSV). The variants take turns, one point each, so
 * that a machine that drifts (heat, neighbours) drifts under all of them alike.
 * Called by hx_main.c, before anything is run. No state.
 *
 * Next: point.h */
#pragma once
#ifndef HX_PRIVATE
#error "sweep.h is private to harness/: include hx.h"
#endif
#include <stdbool.h>
#include <stddef.h>

#include "hx.h"
#include "text.h"

/* The values of one factor in this run, as text; numbers in plain digits ("1e3" is "1000"). */
struct hx_values {
  char **text;
  size_t count;
};

struct hx_plan_point {
  size_t turn; /* points of one turn are run one after the other */
  const struct hx_variant *variant;
  const char **value; /* one per factor of the table; NULL where it does not matter */
};

struct hx_plan {
  const struct hx_experiment *experiment;
  size_t factor_count;
  size_t variant_count;
  struct hx_values *values; /* one per factor */
  bool *chosen;             /* one per variant: runs on this device and was asked for */
  struct hx_plan_point *point;
  size_t point_count;
};

/* What the plan is made of. `factor` holds the --factor arguments, "k=v:v,k2=v". */
struct hx_sweep_wish {
  const char *device;
  const char *tier;
  const char *variant; /* NULL: all that accept the device */
  const char *const *factor;
  size_t factor_count;
};

/* 0, or negative errno and a sentence; then `plan` is empty. */
int hx_sweep_plan(const struct hx_experiment *experiment, const struct hx_sweep_wish *wish,
                  struct hx_plan *plan, struct hx_why *why);
void hx_sweep_fini(struct hx_plan *plan);

/* Puts the turns, and the variants within each, into a random order that the seed alone decides.
 * Variants that are to be compared still run one after the other. */
void hx_sweep_shuffle(struct hx_plan *plan, uint64_t seed);

/* One factor's values from a list; the separator is ',' in tables and ':' in --factor. */
int hx_sweep_values(const struct hx_factor *factor, const char *list, char separator,
                    struct hx_values *out, struct hx_why *why);
void hx_sweep_values_fini(struct hx_values *values);

/* "window=16 tasks=1000"; "" without factors. Cut to the buffer. */
void hx_sweep_point_text(const struct hx_plan *plan, const struct hx_plan_point *point, char *text,
                         size_t text_bytes);
