/* shard.h - a plan cut into shards: what one batch job measures, on one node.
 *
 * Points stay in the plan's order. Neighbours that differ only in the variant are compared, so they
 * are never parted, even if they then take longer than a shard should. The same plan and the same
 * length give the same shards at any time and on any machine: shard 3 is always the same points.
 *
 * Called by export.c (ReFrame, JUBE) and slurm.c. No state.
 * Next: shard.c */
#pragma once
#ifndef HX_PRIVATE
#error "shard.h is private to harness/: include hx.h"
#endif
#include <jansson.h>
#include <stdio.h>

#include "text.h"

#define HX_SHARD_SECONDS 1200.0 /* 20 minutes, of the longest that the points may take */

/* What a plan says, checked; all of it points into the plan. */
struct hx_shards {
  const char *experiment, *run_id, *tier, *device;
  json_int_t processes;
  const json_t *points;
  const json_t *options; /* those of `grosr run` that make this plan, and which are safe */
  double seconds;        /* a shard's length */
};

/* Starts as {0}; then points [first, first + count) of the plan. */
struct hx_shard {
  size_t first, count;
  double seconds; /* the longest that its points may take, in all processes */
};

/* 0, or negative errno and a sentence: another schema, something missing, a text that would not be
 * safe in a command line. `seconds`: the length; 0: HX_SHARD_SECONDS. */
int hx_shards_open(struct hx_shards *shards, const json_t *plan, double seconds,
                   struct hx_why *why);

/* The shard behind this one, or the first; false: there is none. */
bool hx_shards_next(const struct hx_shards *shards, struct hx_shard *shard);

size_t hx_shards_count(const struct hx_shards *shards);

/* Sets the length such that there are as many shards as asked for, or, where comparisons would be
 * parted, somewhat fewer. */
void hx_shards_aim(struct hx_shards *shards, size_t count);

/* A job's time limit for points that may take so long: start, files, a slow node. */
unsigned hx_shards_limit_s(double seconds);

/* The id of a point of the plan. */
const char *hx_shards_id(const struct hx_shards *shards, size_t index);

/* The options that make this plan, each between two texts: " " and "" for a shell. */
void hx_shards_write_options(FILE *file, const struct hx_shards *shards, const char *before,
                             const char *after);
