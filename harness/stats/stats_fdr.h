/* stats_fdr.h - one answer for many questions: q-values of Benjamini and Hochberg.
 *
 * With the m p-values in order, q(i) = min over k >= i of p(k) m / k, at most 1. Calling those with
 * q <= 0.05 different, at most 5 % of the calls are expected to be false, if the tests are
 * independent or positively dependent (J. R. Stat. Soc. B 57, 1995; Benjamini and Yekutieli, Ann.
 * Stat. 29, 2001). A p that is NAN was not asked: it does not count, and its q is NAN.
 *
 * Pure, any thread; takes memory for an order. Next: stats_bootstrap.h */
#pragma once
#ifndef HX_PRIVATE
#error "stats_fdr.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

/* 0 or -ENOMEM. */
int hx_stats_fdr(const double *p, size_t count, double *q);
