/* sums.h - sums.json: the SHA-256 of every file of a run, and the check that all follows from them.
 *
 *   figure -> points.csv -> samples.csv -> blocks/ID-P.json -> plan.json -> binary
 *
 * sums.json is written last; it names plan.json, run.json, topology.xml, samples.csv, points.csv
 * and each block; every block names the binary that made it. hx_sums_verify() reads every byte
 * again, makes the two CSV files anew from plan and blocks, and says of each difference which file
 * it is in. That the fault may be in sums.json is known by its own sum, in a line "sums.json": that
 * of the file without that line, as `grep -v '"sums.json"' sums.json | sha256sum` makes it.
 * Figures have a file like it (plots/plot).
 *
 * Called by hx_main.c at the end of a run, by the commands merge and verify, and by data.h.
 *
 * Next: run_json.h */
#pragma once
#ifndef HX_PRIVATE
#error "sums.h is private to harness/: include hx.h"
#endif
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "sha256.h"
#include "text.h"

/* 0 or negative errno. */
int hx_sums_write(const char *folder);

/* How many things are wrong in the folder of one experiment; each is a line on `out`. Negative
 * errno: it is no such folder; `why` says so. */
int hx_sums_verify(const char *folder, FILE *out, struct hx_why *why);

/* The same without the sums, for who reads results (data.h): 0, or negative errno and a sentence
 * about the first thing that does not follow from plan and blocks. */
int hx_sums_follow(const char *folder, struct hx_why *why);

/* The sum of a text without the line that holds `"name":`. */
void hx_sums_self(const char *text, const char *name, char sum[HX_SHA256_TEXT_BYTES]);

/* A file of sums whose own is right. NULL, and a sentence that names it: it is not there
 * (*error -ENOENT), no JSON, or changed. */
json_t *hx_sums_load(const char *folder, const char *name, int *error, struct hx_why *why);

/* Compares each sum of `then` ("name": "sum") with the file in `folder`; `where` names the file
 * that the sums are from. A line on `out` for each that is changed or gone; their number. */
int hx_sums_compare(const char *folder, const json_t *then, const char *where, FILE *out);

/* Says in which line the file differs from `made`, which was made from `source`. 0: in none; else
 * 1. */
int hx_sums_compare_text(const char *path, const char *made, size_t made_bytes, const char *source,
                         FILE *out);
