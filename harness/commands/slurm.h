/* slurm.h - `grosr run --executor slurm`: the plan of a run, measured by Slurm's job arrays.
 *
 *   submitter (a login node)                         node
 *   RUN/EXP/plan.json          the plan
 *   RUN/slurm/EXP.sbatch ---sbatch--> array task N   grosr run EXP --points IDs --out RUN/shards/N
 *   RUN/slurm/merge.sbatch --afterany-> merge job    grosr merge RUN
 *   RUN/EXP/blocks, samples.csv, points.csv, run.json  <- shards, by point id
 *
 * Shards are those of shard.h, one array task each, so a comparison stays on one node, which it has
 * to itself. The plan and the shards' length are kept in RUN: shard N is the same points whenever
 * the same command is given again, and only shards with points that are missing are submitted. A
 * point is thus measured by one shard only, and a shard's folder is locked while it runs; whatever
 * is killed, lost or submitted twice, no point is there twice. RUN must lie on a file system that
 * the nodes see by the same path.
 *
 * Called by cmd_run.c; main thread. Next: slurm.c */
#pragma once
#ifndef HX_PRIVATE
#error "slurm.h is private to harness/: include hx.h"
#endif
#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "find.h"

#define HX_SLURM_OPTIONS_MAX 32u /* --slurm-option given that often */

struct hx_slurm {
  bool is_chosen; /* --executor slurm */
  bool waits;
  uint64_t shards;        /* so many; 0: as many as their length gives */
  uint64_t shard_minutes; /* 0: HX_SHARD_SECONDS */
  uint64_t throttle;      /* so many at a time; 0: as many as there are nodes */
  const char *option[HX_SLURM_OPTIONS_MAX];
  size_t option_count;
  const char *stray; /* an option that only Slurm has; refused if it is not chosen */
};

extern const struct argp hx_slurm_argp; /* its input is a struct hx_slurm */
void hx_slurm_init(struct hx_slurm *slurm);

/* All of it, to the merged results or, without waiting, to the submission. Exit code as in hx.h;
 * HX_EXIT_HARNESS also if points are missing at the end. */
int hx_slurm_run(const struct hx_slurm *slurm, const struct hx_found *found,
                 const struct hx_args *args, const bool *chosen);
