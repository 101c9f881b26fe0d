/* slurm_script.h - the text of the batch scripts of slurm.h: from plan and options, nothing else.
 *
 * They are kept in the run's folder to be read, and can be submitted again by hand: each says how.
 * Options of --slurm-option come behind ours, so that sbatch takes them instead.
 *
 * Called by slurm.c. No state. Next: slurm_script.c */
#pragma once
#ifndef HX_PRIVATE
#error "slurm_script.h is private to harness/: include hx.h"
#endif
#include "shard.h"
#include "slurm.h"

struct hx_slurm_job {
  const struct hx_slurm *slurm;
  const struct hx_shards *shards;
  const bool *is_wanted;     /* of the plan's points: to be measured by this job */
  const char *out;           /* the run's folder; this and the next two are absolute */
  const char *grosr;         /* this program */
  const char *experiments;   /* the folder of the experiments */
  const char *point_timeout; /* as given; NULL: not given */
};

/* The array job, allocated; *tasks: of how many shards. NULL: out of memory. */
char *hx_slurm_script(const struct hx_slurm_job *job, size_t *tasks);

/* The job that merges; only slurm, out and grosr are looked at. */
char *hx_slurm_merge_script(const struct hx_slurm_job *job);

/* Paths go into scripts, and log names into sbatch's own language: no blank, quote, '%', '$', '\'.
 * 0 or -EINVAL and a sentence. */
int hx_slurm_check_path(const char *path, struct hx_why *why);
