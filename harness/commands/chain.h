/* chain.h - the upper half of the chain from figures and claims down to the blocks, checked.
 *
 *   figures/NAME.svg, .pdf -> NAME.csv -> points.csv -> ...          chain_figures.c
 *   claims.json -> points.csv -> samples.csv -> ...                  chain_claims.c
 *   points.csv -> samples.csv -> blocks/ -> plan.json -> binary      sums.h
 *
 * Figures are what plots/plot left in RUN/figures; it is asked for them again, into a temporary
 * folder, and the bytes are compared. claims.json is what `grosr claims --save RUN` left; the
 * claims are judged again. What is not there is not missed: not every run is drawn or judged.
 *
 * Called by cmd_verify.c. One thread. Next: chain_figures.c */
#pragma once
#ifndef HX_PRIVATE
#error "chain.h is private to harness/: include hx.h"
#endif
#include <stdio.h>

/* How many things are wrong; each is a line on `out`. *count: figures, or claims, that there are.
 * What could not be asked is a line, too. */
int hx_chain_figures(const char *run, FILE *out, size_t *count);
int hx_chain_claims(const char *run, FILE *out, size_t *count);
