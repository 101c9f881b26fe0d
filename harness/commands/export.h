/* export.h - a plan for sites that have a harness of their own: ReFrame (Python) or JUBE (XML).
 *
 * Takes plan.json (schema 2) and writes a file whose tests call `grosr run ... --points ID,ID,...`
 * with the ids of the plan, so the same points are measured by whatever starts them, and their
 * folders can be merged by `grosr merge`. Points stay in the plan's order, in shards of at most
 * HX_SHARD_SECONDS: a batch job of a size that schedulers like. Neighbours that differ only in the
 * variant are compared, so they are never parted, even if they take longer than that. Nothing is
 * started here, and no Python is needed to measure by GROSR itself.
 *
 * Called by cmd_plan.c for --export. Next: export.c */
#pragma once
#ifndef HX_PRIVATE
#error "export.h is private to harness/: include hx.h"
#endif
#include <jansson.h>

#include "text.h"

#define HX_SHARD_SECONDS 1200.0 /* 20 minutes, of the longest that the points may take */

/* `kind` is "reframe" or "jube". The file's text, allocated; or NULL and a sentence: another
 * schema, something missing, a text that would not be safe in a command line. */
char *hx_export(const json_t *plan, const char *kind, struct hx_why *why);
