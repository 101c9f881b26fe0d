/* compare_read.h - the thin layer between run folders and the comparison: folders in, arms out.
 *
 * Folders are read through data.h, which refuses what was cut off or edited and other schemas.
 * Warm-up samples are left out. Nothing is written. Refused besides: a run whose samples were not
 * kept; experiments of two machines in one folder (-EXDEV).
 *
 * Called by cmd_compare.c and trial.c. Next: compare_read.c */
#pragma once
#ifndef HX_PRIVATE
#error "compare_read.h is private to harness/: include hx.h"
#endif
#include "compare.h"

enum hx_compare_which { HX_COMPARE_BASE = 0, HX_COMPARE_NEW, HX_COMPARE_WHICH_COUNT };

#define HX_COMPARE_FACT_BYTES 192u

/* What run.json says of a run; of several experiments, the first. "" if it does not say. A machine
 * that is given beforehand must be that of the folder. */
struct hx_compare_run {
  char machine[HX_COMPARE_FACT_BYTES]; /* host, CPU and device in one line */
  char commit[HX_COMPARE_FACT_BYTES];
  char time_utc[HX_COMPARE_FACT_BYTES];
  char tier[HX_COMPARE_FACT_BYTES];
  char seed[HX_COMPARE_FACT_BYTES];
  char build[HX_COMPARE_FACT_BYTES];  /* "debugoptimized, optimization 2, sanitize none" */
  char grade[HX_COMPARE_FACT_BYTES];  /* the worst of its experiments' */
  char reason[HX_COMPARE_FACT_BYTES]; /* the first of that grade: "C others: ..." */
  bool is_bare;                       /* some experiment has no blocks to follow from */
};

struct hx_compare_source {
  const char *path;
  enum hx_compare_which which;
  size_t process_first; /* added to the process numbers of the rows */
};

/* Adds the samples of a folder. A point that was not ok leaves item.trouble. What is empty in `run`
 * is filled. 0, or negative errno and a sentence. */
int hx_compare_read(struct hx_compare *all, const struct hx_compare_source *source,
                    struct hx_compare_run *run, struct hx_why *why);

/* Points that only one side has: INVALID, or left out if `common`. The number of those. */
size_t hx_compare_read_end(struct hx_compare *all, bool common);
