/* slurm_blocks.h - what --retry takes back: blocks of points that failed, in a run and its shards.
 *
 * Called by slurm.c before it looks for what is missing. Next: block.h */
#pragma once
#ifndef HX_PRIVATE
#error "slurm_blocks.h is private to harness/: include hx.h"
#endif
#include "text.h"

/* Removes every block of `experiment` that is neither ok nor skipped, in OUT and in OUT/shards, so
 * that the shards measure these points again. 0 or negative errno. */
int hx_slurm_drop_failed(const char *out, const char *experiment, struct hx_why *why);
