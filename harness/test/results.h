/* results.h - writes small run folders for tests of what reads them: schema 2, with its sums.
 *
 * A test describes its points in a table, and the files follow from it: samples, the statistics of
 * stats.h, run.json, and sums.json last, so that a test can break one of them.
 * Called by test_data.c, test_claims.c, test_judge.c and others. Next: results.c */
#pragma once
#include <stddef.h>

/* One metric of one point. Its samples are value, value + step, … (count of them). */
struct made_point {
  const char *variant, *metric, *unit;
  const char *factors; /* "tasks=1,window=4", "" for none; the names must be those of the run */
  double value;
  double step;
  size_t count;
  const char *status; /* NULL: ok; else a row without statistics */
};

struct made_place {
  const char *host, *binary;
  unsigned processes;
  double drift; /* the samples of process p are (1 + p * drift) times those of the table */
};

struct made_run {
  const char *experiment, *device, *device_text;
  const char *columns; /* the factors' names: "tasks,window", or "" */
  const struct made_point *point;
  size_t point_count;
  const struct made_place *place; /* NULL: host "made", binary "00", 1 process */
};

/* Makes FOLDER/<experiment>/ and what is in it. */
void results_make(const char *folder, const struct made_run *run);

/* Writes sums.json again, after a test has changed a file that it wants to be believed. */
void results_sum(const char *folder, const char *experiment);

/* The whole file, to be freed; and a file from a text. */
char *results_read(const char *folder, const char *path);
void results_write(const char *folder, const char *path, const char *text);

/* Replaces the first occurrence of a text in a file; the test fails if it is not there. */
void results_edit(const char *folder, const char *path, const char *old, const char *new);
