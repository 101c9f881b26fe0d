/* compare_print.h - the verdicts as a table for people, JUnit for CI, Otava's CSV for histories.
 *
 * JUnit: one testcase for each point and metric; SLOWER is a failure, AMBIGUOUS and INVALID are
 * errors, so that a CI that knows only red and green is green for what was earned.
 * Otava (docs/CSV.md there): columns time, commit, and one for each point and metric; one row a
 * run. A file that is there gets the new run as one row more if its columns are the same; else it
 * begins with the base as its first row.
 *
 * Called by cmd_compare.c and cmd_duel.c. Next: calibration.h */
#pragma once
#ifndef HX_PRIVATE
#error "compare_print.h is private to harness/: include hx.h"
#endif
#include "compare.h"
#include "compare_read.h"

#include <stdio.h>

/* Notes: in what two runs differ besides their binary, and of what grade they are. */
void hx_compare_beside(const struct hx_compare_run run[HX_COMPARE_WHICH_COUNT]);

/* `quiet`: only the count of those that are SAME. */
void hx_compare_print(const struct hx_compare *all, const struct hx_compare_how *how, bool quiet);

int hx_compare_junit(const struct hx_compare *all, const char *path, struct hx_why *why);

/* `run` has base and new. */
int hx_compare_otava(const struct hx_compare *all, const struct hx_compare_run *run,
                     const char *path, struct hx_why *why);
