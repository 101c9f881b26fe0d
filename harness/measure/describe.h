/* describe.h - the experiment's table as text: JSON for `grosr list`, the plan for --dry-run.
 *
 * Next: point.h */
#pragma once
#ifndef HX_PRIVATE
#error "describe.h is private to harness/: include hx.h"
#endif
#include "sweep.h"

/* { "name", "title", "metrics": {name: unit}, "factors": [{"name","smoke","paper"}],
 *   "variants": [{"name","device","factors"}] } to stdout. 0 or -EIO. */
int hx_describe_table(const struct hx_experiment *experiment);

/* One line per point to stdout, in the order in which they would run. */
void hx_describe_plan(const struct hx_plan *plan, const char *device, unsigned processes,
                      double seconds_max);
