/* merge_run_json.h - run.json of a run that was merged: what each of the runs said of itself.
 *
 *   merged: [{run, run_id, machine, environment, process, exit, ... as in its own run.json}]
 *   the keys of the first of them, beside the list, so that it is read like any run.json; but
 *   environment is the one with the worst grade, seconds is the sum, time_end_utc the latest; other
 *   hosts are a remark, and another kind of processor is named beside the first in machine.cpu
 *
 * `run` is the SHA-256 of when and by which command a run was begun. A run that was resumed has the
 * same, and its later file then replaces the earlier. The list is a set, sorted by time: merging is
 * commutative, associative and idempotent.
 *
 * Called by merge.c. Next: merge_run_json.c */
#pragma once
#ifndef HX_PRIVATE
#error "merge_run_json.h is private to harness/: include hx.h"
#endif
#include "result.h"
#include "text.h"

/* Takes from/run.json, if there is one, into to/run.json; with it goes topology.xml. */
int hx_merge_run_json(const char *from, const char *to, struct hx_why *why);

/* Writes what follows from the blocks into a merged run.json; others stay as they are. 0 or
 * negative errno. */
int hx_merge_run_json_close(const char *folder, const struct hx_result *result, size_t missing);
