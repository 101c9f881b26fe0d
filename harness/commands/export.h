/* export.h - a plan for sites that have a harness of their own: ReFrame (Python) or JUBE (XML).
 *
 * Takes plan.json (schema 2) and writes a file whose tests call `grosr run ... --points ID,ID,...`
 * with the ids of the plan, so the same points are measured by whatever starts them, and their
 * folders can be merged by `grosr merge`. Points stay in the plan's order, in shards (shard.h):
 * batch jobs of a size that schedulers like. Nothing is started here, and no Python is needed to
 * measure by GROSR itself.
 *
 * Called by cmd_plan.c for --export. Next: export.c */
#pragma once
#ifndef HX_PRIVATE
#error "export.h is private to harness/: include hx.h"
#endif
#include <jansson.h>

#include "text.h"

/* `kind` is "reframe" or "jube". The file's text, allocated; or NULL and a sentence: another
 * schema, something missing, a text that would not be safe in a command line. */
char *hx_export(const json_t *plan, const char *kind, struct hx_why *why);
