/* plan.h - plan.json: what a run is to measure, point by point, before any of it is measured.
 *
 *   {schema, experiment, title, run_id, tier, device, seed, processes, samples, created_utc,
 *    binary_sha256, options: ["--name=value"], factors: [name], metrics: [{name, unit}],
 *    variants: [name],
 *    points: [{id, variant, factors: {name: value}, seconds_max}]}          in the order of the run
 *
 * `options` are those that, given to `grosr run`, make this plan again, anywhere and at any time.
 *
 * It is written once, before the first point; a run that is resumed must have the same plan, and a
 * merge only takes blocks of points that are in it. All that is derived from blocks (result.h)
 * needs this file and not the experiment.
 *
 * A point's id is the first 16 hex digits of the SHA-256 of "grosr point 2\n", experiment, variant,
 * device, and "name=value" of its factors sorted by name, each ended by LF: the same on all
 * machines, so that points of two runs can be compared.
 *
 * Called by hx_main.c, before anything is run.
 *
 * Next: block.h */
#pragma once
#ifndef HX_PRIVATE
#error "plan.h is private to harness/: include hx.h"
#endif
#include <jansson.h>

#include "args.h"
#include "sweep.h"

#define HX_SCHEMA   2 /* of a run's files; counts up when a key or column changes its meaning */
#define HX_ID_BYTES 17u

void hx_plan_id(const struct hx_plan *plan, const struct hx_plan_point *where, const char *device,
                char id[HX_ID_BYTES]);

struct hx_plan_facts {
  const struct hx_plan *plan;
  const struct hx_args *args;
  const char *device;
  const char *run_id;
  uint64_t samples; /* wanted of each metric */
  unsigned processes;
  double seconds_max; /* of a point */
};

/* The plan as JSON; NULL: out of memory. */
json_t *hx_plan_json(const struct hx_plan_facts *facts);

/* Is `mine` what `there` says, but for when, by which binary and in which order? 0, or -EEXIST
 * and what differs. */
int hx_plan_matches(const json_t *there, const json_t *mine, const char *folder,
                    struct hx_why *why);

/* A plan.json that this version understands; NULL and why not. */
json_t *hx_plan_load(const char *folder, struct hx_why *why);

/* Is every id of --points=A,B one of the plan's? 0, or negative errno and a sentence. */
int hx_plan_check_points(const json_t *plan, const char *wanted, struct hx_why *why);

/* Which of --points this point is; all, if none were named. `lists` ends with NULL. */
bool hx_plan_wants(const struct hx_args *args, const char *id);
