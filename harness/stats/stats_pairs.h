/* stats_pairs.h - the k-th smallest of all differences, or of all means, of pairs.
 *
 * Two samples of 2000 have four million differences; they are never written down. Both arrays are
 * sorted, so how many differences are at most t is counted in one pass of two fingers, and t is
 * found by halving the doubles themselves: at most 64 passes, O((n + m) * 64), and the answer is
 * exactly one of the differences as the machine computes it, with no tolerance to choose.
 *
 * Pure functions, any thread. Next: stats_shift.h */
#pragma once
#ifndef HX_PRIVATE
#error "stats_pairs.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

/* Two sorted samples; the differences are fresh[j] - base[i]. */
struct hx_stats_two {
  const double *base;
  size_t base_count;
  const double *fresh;
  size_t fresh_count;
};

/* k from 1 to base_count * fresh_count. */
double hx_stats_pairs_difference(const struct hx_stats_two *two, size_t k);

/* The k-th of the Walsh means (x[i] + x[j]) / 2, i <= j, of one sorted sample;
 * k from 1 to count * (count + 1) / 2. */
double hx_stats_pairs_mean(const double *sorted, size_t count, size_t k);
