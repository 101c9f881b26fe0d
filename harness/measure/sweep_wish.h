/* sweep_wish.h - what the user asked for, held against the table: variants and factor values.
 *
 * Called by sweep.c only. Each refusal names what there is instead.
 *
 * Next: point.h */
#pragma once
#ifndef HX_PRIVATE
#error "sweep_wish.h is private to harness/: include hx.h"
#endif
#include "sweep.h"

/* Fills plan->chosen. */
int hx_wish_variants(struct hx_plan *plan, const struct hx_sweep_wish *wish, struct hx_why *why);

/* Fills plan->values; needs plan->chosen. */
int hx_wish_factors(struct hx_plan *plan, const struct hx_sweep_wish *wish, struct hx_why *why);
