/* result.h - the rows of samples.csv and points.csv, and the table printed at the end.
 *
 * One finished point gives, in this order, each by one write: its raw rows in samples.csv, then
 * one row in points.csv for each metric that has samples. A failed or skipped point gives one row
 * in points.csv with empty metric and statistics, with its status and reason, and no raw rows: a
 * wrong result is not a fast one. A point that was interrupted gives nothing.
 * Above HX_RAW_ROWS_MAX samples of one metric, samples.csv keeps that many, evenly spread (row k
 * is sample floor(k * n / HX_RAW_ROWS_MAX), its number in `index`); run.json says so. points.csv
 * always summarises all samples.
 *
 * Called by hx_main.c between points. One thread.
 *
 * Next: provenance.h */
#pragma once
#ifndef HX_PRIVATE
#error "result.h is private to harness/: include hx.h"
#endif
#include "csv.h"
#include "point.h"
#include "stats.h"

struct hx_result_row {
  size_t point; /* index into the plan */
  size_t metric;
  enum hx_verdict verdict;
  struct hx_stats stats;
};

struct hx_result {
  const struct hx_plan *plan;
  const char *device;
  struct hx_csv samples;
  struct hx_csv points;
  struct hx_result_row *row; /* what points.csv has, for the table at the end */
  size_t row_count;
  size_t row_capacity;
};

/* Creates both files with their headers in `folder`. */
int hx_result_open(struct hx_result *result, const struct hx_plan *plan, const char *device,
                   const char *folder);
int hx_result_close(struct hx_result *result);

/* Writes the finished point with that index. Reorders its samples. 0 or negative errno. */
int hx_result_add(struct hx_result *result, size_t index, struct hx_point *point);

/* All variants side by side, one table per metric, to stdout. */
void hx_result_print(const struct hx_result *result);
