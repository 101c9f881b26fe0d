/* stats_random.h - the seeded random numbers of the statistics: one seed, one result, everywhere.
 *
 * xoshiro256** (Blackman and Vigna, ACM TOMS 47, 2021), seeded by splitmix64. Whole numbers below a
 * bound by Lemire's multiplication without its rejection: the bias is below bound / 2^64. Normal
 * numbers by Box and Muller, one of the two thrown away.
 *
 * One state, one thread. Next: stats_bootstrap.h */
#pragma once
#ifndef HX_PRIVATE
#error "stats_random.h is private to harness/: include hx.h"
#endif
#include <stddef.h>
#include <stdint.h>

struct hx_stats_random {
  uint64_t state[4];
};

void hx_stats_random_init(struct hx_stats_random *random, uint64_t seed);
uint64_t hx_stats_random_u64(struct hx_stats_random *random);
size_t hx_stats_random_below(struct hx_stats_random *random, size_t bound); /* bound > 0 */
double hx_stats_random_share(struct hx_stats_random *random);               /* 0 <= share < 1 */
double hx_stats_random_normal(struct hx_stats_random *random);
