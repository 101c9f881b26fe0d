/* review.h - the facts of one run, put to reportable.h: before the first point, and at the end.
 *
 * `grosr run --reportable` refuses to begin when something stands against the run already; what
 * comes out at the end is written into run.json as "reportable" whether it was asked for or not, so
 * a reader sees what a reviewer would.
 *
 * Called by hx_main.c on the main thread. Next: ../machine/reportable.h */
#pragma once
#ifndef HX_PRIVATE
#error "review.h is private to harness/: include hx.h"
#endif
#include "reportable.h"
#include "result.h"
#include "run.h"
#include "run_json.h"

/* --waive as given. 0, or -EINVAL and a sentence. */
int hx_review_check(const struct hx_args *args, struct hx_why *why);

/* Looks at the machine for 0.2 s, and prints every refusal that stands, each with its remedy. 0 if
 * none does, else -EPERM. Nothing has been written then. */
int hx_review_first(const struct hx_run *run);

/* What is against the run, by what `json` knows of the machine and its earlier sessions; `result`
 * NULL: nothing has been measured yet. */
void hx_review(const struct hx_run *run, const struct hx_run_json *json,
               const struct hx_result *result, struct hx_refusals *out);
