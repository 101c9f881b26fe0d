/* slurm_queue.h - sbatch and squeue, as programs: what they are given, what they answer.
 *
 * Called by slurm.c; main thread. Next: slurm_queue.c */
#pragma once
#ifndef HX_PRIVATE
#error "slurm_queue.h is private to harness/: include hx.h"
#endif
#include <stdbool.h>

#include "text.h"

#define HX_SLURM_ID_BYTES 32u

struct hx_slurm_submission {
  const char *after; /* "12:13": begins when these have ended in whatever way; NULL: at once */
  bool waits;        /* until the job has ended */
};

/* A program's path by $PATH, allocated into *path unless that is NULL; -ENOENT and a sentence. */
int hx_slurm_find(const char *program, char **path, struct hx_why *why);

/* Submits a script; its job's number. A job that was waited for and failed is no error here. */
int hx_slurm_submit(const char *script, const struct hx_slurm_submission *how,
                    char id[HX_SLURM_ID_BYTES], struct hx_why *why);

/* -EBUSY and a sentence if the job of an earlier submission, as `record` names it, is still waiting
 * or running. 0 if not, and also if Slurm does not say: then a shard's lock decides. */
int hx_slurm_check_queue(const char *record, struct hx_why *why);
