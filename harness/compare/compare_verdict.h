/* compare_verdict.h - from the measures of one item to its verdict, with the reason in words.
 *
 * Called by compare.c, after the q-values are known. The rules stand in compare.h.
 * Next: compare_verdict.c */
#pragma once
#ifndef HX_PRIVATE
#error "compare_verdict.h is private to harness/: include hx.h"
#endif
#include "compare.h"

/* Sets found.verdict and found.reason. */
void hx_compare_decide(struct hx_compare_item *item, const struct hx_compare_how *how);
