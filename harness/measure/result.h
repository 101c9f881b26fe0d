/* result.h - samples.csv and points.csv, made from plan.json and the blocks, and the final table.
 *
 * Everything here follows from those files alone, byte by byte, in whatever order the blocks came:
 * rows are in the plan's order, then by process, metric, and index. So a run that was resumed or
 * merged from shards gives the same files as one that ran through, and `grosr verify` can make them
 * again. samples.csv has one row a sample (phase "warm": taken before the measuring began; or
 * "measure"); points.csv one row for each point and metric that has samples, over all processes. A
 * point without any has one row with empty metric and statistics, with its status and reason: the
 * worst of its processes (crashed, timeout, failed, then ok, then skipped).
 *
 * Called by hx_main.c after the last point, and by the commands merge and verify. One thread.
 *
 * Next: run_json.h */
#pragma once
#ifndef HX_PRIVATE
#error "result.h is private to harness/: include hx.h"
#endif
#include <jansson.h>

#include "stats.h"
#include "text.h"

struct hx_result_row {
  const json_t *point; /* of the plan */
  const char *metric;  /* NULL: the point has no samples */
  const char *status;
  size_t processes;      /* that have samples of it */
  struct hx_stats stats; /* ci_lo and ci_hi by ci_method (interval.h) */
  const char *ci_method; /* NULL: too few samples for an interval */
};

struct hx_result {
  json_t *plan;
  json_t *points; /* for run.json: one object a block, with its notes */
  char *samples_csv;
  size_t samples_bytes;
  char *points_csv;
  size_t points_bytes;
  struct hx_result_row *row; /* what points.csv has, for the table */
  size_t rows;
  size_t blocks;                           /* found */
  size_t foreign;                          /* of them: made by another binary than the plan's */
  char foreign_id[24];                     /* the first such point */
  size_t ok, failed, skipped, not_reached; /* points */
};

/* 0, or negative errno and a sentence: a block that is not whole, or of another plan. */
int hx_result_build(const char *folder, struct hx_result *result, struct hx_why *why);
void hx_result_fini(struct hx_result *result);

/* Writes the two files. 0 or negative errno. */
int hx_result_write(const struct hx_result *result, const char *folder);

/* All variants side by side, one table per metric, to stdout. */
void hx_result_print(const struct hx_result *result);
