/* block.h - blocks/ID-P.json: one point, measured in one process. The raw data of all results.
 *
 *   {schema, id, process, experiment, variant, device, factors: {}, status, reason, binary_sha256,
 *    start_utc, seconds, seconds_max, pid, notes: {},
 *    metrics: {name: {unit, taken, stopped, warm: [value], values: [value]}}}
 *
 * Written whole by the worker that measured it (or by its supervisor, if the worker was ended by a
 * crash or a hang), and never changed. At most HX_RAW_ROWS_MAX values of a metric are kept, evenly
 * spread (value k is sample floor(k * taken / rows)); everything that is said of the point is said
 * of those. A point that failed keeps no values: a wrong result is not a fast one.
 *
 * Called by worker.c after a point and by hx_main.c before the first.
 *
 * Next: result.h */
#pragma once
#ifndef HX_PRIVATE
#error "block.h is private to harness/: include hx.h"
#endif
#include "plan.h"
#include "point.h"

struct hx_block_place {
  const char *folder; /* of the experiment's run */
  const char *device;
  const char *binary_sha256;
  size_t index; /* of the point, in the plan */
  unsigned process;
};

/* 0 or negative errno. */
int hx_block_write(const struct hx_block_place *place, const struct hx_point *point);

/* For a point whose process is gone: status "crashed" or "timeout". */
int hx_block_write_lost(const struct hx_block_place *place, const struct hx_plan *plan,
                        const char *status, const char *reason, double seconds);

/* Is there a block of this binary that need not be measured again? Failed ones are with `retry`. */
bool hx_block_is_done(const struct hx_block_place *place, const struct hx_plan *plan, bool retry);

/* "FOLDER/blocks/ID-P.json"; NULL: out of memory. To be freed. */
char *hx_block_path(const char *folder, const char *id, unsigned process);
