/* sums.h - sums.json: the SHA-256 of every file of a run, and the check that all follows from them.
 *
 *   figure -> points.csv -> samples.csv -> blocks/ID-P.json -> plan.json -> binary
 *
 * sums.json is written last; it names plan.json, run.json, samples.csv, points.csv and each block;
 * every block names the binary that made it. hx_sums_verify() reads every byte again, makes the two
 * CSV files anew from plan and blocks, and says of each difference which file it is in.
 *
 * Called by hx_main.c at the end of a run, and by the commands merge and verify.
 *
 * Next: run_json.h */
#pragma once
#ifndef HX_PRIVATE
#error "sums.h is private to harness/: include hx.h"
#endif
#include <stdio.h>

#include "text.h"

/* 0 or negative errno. */
int hx_sums_write(const char *folder);

/* How many things are wrong in the folder of one experiment; each is a line on `out`. Negative
 * errno: it is no such folder; `why` says so. */
int hx_sums_verify(const char *folder, FILE *out, struct hx_why *why);
