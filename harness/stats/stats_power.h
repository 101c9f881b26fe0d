/* stats_power.h - what difference could have been found: the minimum detectable effect.
 *
 * A shift is found when the rank interval of stats_shift.h (or stats_signed.h for pairs) does not
 * hold 0. If the values are normal with deviation s, the lower end of the interval for a true shift
 * d is s D(k) + d, with D(k) the k-th difference (or Walsh mean) of standard normal values. So
 *   found  <=>  d / s > -D(k)
 * and the shift that is found with probability `power` is
 *   MDE = s Q(power),  Q the quantile of -D(k)
 * of logarithms; as a ratio exp(MDE) - 1. Q is taken from HX_STATS_POWER_DRAWS seeded draws
 * (its own error is about 1 %); the usual (t(1 - a/2) + t(power)) s sqrt(1/n + 1/m) is too small
 * for 5 against 5, where the rank interval is the whole range. Above HX_STATS_POWER_SMALL values a
 * side that formula is used, times sqrt(pi / 3), the price of ranks for normal values.
 *
 * s is the deviation between processes (pooled over both arms) or between the paired differences:
 * noise that no number of samples within a process makes smaller. It is itself an estimate; with 5
 * against 5 it is off by 25 % as often as not.
 *
 * Pure, any thread. Next: compare.h */
#pragma once
#ifndef HX_PRIVATE
#error "stats_power.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

#define HX_STATS_POWER_DRAWS 4000u
#define HX_STATS_POWER_SMALL 20u

struct hx_stats_power {
  size_t base_count;
  size_t fresh_count; /* 0: paired, base_count differences */
  double confidence;
  double need[HX_STATS_POWER_DRAWS]; /* sorted; HUGE_VAL where there is no interval */
};

/* Does nothing if it is already for these numbers, so that one can be kept and asked often; zero it
 * before the first time. */
void hx_stats_power_init(struct hx_stats_power *power, size_t base_count, size_t fresh_count,
                         double confidence);

/* In units of s. HUGE_VAL: so few values can show nothing. */
double hx_stats_power_shift(const struct hx_stats_power *power, double wanted);

/* The probability that a shift of that many s is found. */
double hx_stats_power_of(const struct hx_stats_power *power, double shift);
