/* compare_read.h - the thin layer between run folders and the comparison: folders in, arms out.
 *
 * A run folder holds one folder for each experiment, with samples.csv, points.csv and run.json; an
 * experiment's folder may be given as well. Columns are taken by name, so schema 1 (no process, no
 * phase) and 2 both do. Warm-up rows are left out. Nothing is written.
 * Refused: no such folder, no results in it, a file cut short (last row without its end, or a row
 * with too few cells).
 *
 * Called by cmd_compare.c and duel.c. Next: compare_read.c */
#pragma once
#ifndef HX_PRIVATE
#error "compare_read.h is private to harness/: include hx.h"
#endif
#include "compare.h"

enum hx_compare_which { HX_COMPARE_BASE = 0, HX_COMPARE_NEW, HX_COMPARE_WHICH_COUNT };

#define HX_COMPARE_FACT_BYTES 192u

/* What run.json says of a run; of several experiments, the first. "" if it does not say. */
struct hx_compare_run {
  char machine[HX_COMPARE_FACT_BYTES]; /* host, CPU and device in one line */
  char commit[HX_COMPARE_FACT_BYTES];
  char time_utc[HX_COMPARE_FACT_BYTES];
};

struct hx_compare_source {
  const char *path;
  enum hx_compare_which which;
  size_t process_first; /* added to the process numbers of the rows */
};

/* Adds the samples of a folder. A point that was not ok leaves item.trouble. `run` is filled if it
 * is empty. 0, or negative errno and a sentence. */
int hx_compare_read(struct hx_compare *all, const struct hx_compare_source *source,
                    struct hx_compare_run *run, struct hx_why *why);

/* Points that only one side has: INVALID, or left out if `common`. The number of those. */
size_t hx_compare_read_end(struct hx_compare *all, bool common);
