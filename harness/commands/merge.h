/* merge.h - blocks of several runs of one plan into one folder.
 *
 * A block is taken as it is, byte by byte; of the plans that differ in their date only, the oldest
 * stays; run.json is made of all runs' (merge_run_json.h); the CSV files are then made from plan
 * and blocks. So every file of the result is the same, byte by byte, in whatever order and however
 * often the runs are named. Refused: another plan; two blocks of one point and process that differ;
 * runs of two binaries.
 *
 * Called by cmd_merge.c and slurm.c. Nothing is printed.
 * Next: merge.c */
#pragma once
#ifndef HX_PRIVATE
#error "merge.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

#include "shard.h"

#define HX_MERGE_SHARDS "shards" /* RUN/shards/N: the shards of a run, each as a run of its own */

struct hx_merged {
  size_t ok, failed, skipped, blocks;
  size_t missing; /* points that some process of the plan has not measured */
  char *remedy;   /* the command that measures only these; "" if none is missing */
};

/* Takes all experiments of the run `from` into the run `to`. 0 or negative errno, as below. */
int hx_merge_take(const char *from, const char *to, struct hx_why *why);

/* Takes what is in to/shards; those that have not begun are passed over. */
int hx_merge_take_shards(const char *to, struct hx_why *why);

/* Has every process of the plan measured this point, as the blocks in `folder` say? */
bool hx_merge_is_whole(const struct hx_shards *shards, const char *folder, size_t index);

/* Makes the files of one experiment's folder anew; its name is the experiment's. */
int hx_merge_sum_up(const char *folder, struct hx_merged *merged, struct hx_why *why);
void hx_merged_fini(struct hx_merged *merged);
