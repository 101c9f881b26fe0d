/* stats_power.c - see stats_power.h. Next: compare.c */
#include "stats_power.h"

#include <math.h>

#include "stats_dist.h"
#include "stats_order.h"
#include "stats_random.h"
#include "stats_signed.h"

#define DRAWS HX_STATS_POWER_DRAWS
#define SMALL HX_STATS_POWER_SMALL
#define SEED  20261123u
#define PI    3.14159265358979323846

/* The standard error of the shift in units of s, and the freedom of s. */
static double error_of(const struct hx_stats_power *power, double *freedom)
{
  const double n = (double)power->base_count;
  const double m = (double)power->fresh_count;
  *freedom = m > 0.0 ? n + m - 2.0 : n - 1.0;
  return sqrt(PI / 3.0 * (m > 0.0 ? 1.0 / n + 1.0 / m : 1.0 / n));
}

static double draw_need(const struct hx_stats_power *power, size_t rank,
                        struct hx_stats_random *random)
{
  double base[SMALL];
  double fresh[SMALL];
  for (size_t i = 0; i < power->base_count; i++)
    base[i] = hx_stats_random_normal(random);
  for (size_t i = 0; i < power->fresh_count; i++)
    fresh[i] = hx_stats_random_normal(random);
  hx_stats_sort(base, power->base_count);
  hx_stats_sort(fresh, power->fresh_count);
  if (power->fresh_count == 0)
    return -hx_stats_pairs_mean(base, power->base_count, rank);
  const struct hx_stats_two two = {base, power->base_count, fresh, power->fresh_count};
  return -hx_stats_pairs_difference(&two, rank);
}

static void draw_all(struct hx_stats_power *power)
{
  struct hx_stats_random random;
  const size_t rank =
      power->fresh_count == 0
          ? hx_stats_signed_shift_rank(power->base_count, power->confidence)
          : hx_stats_shift_rank(power->base_count, power->fresh_count, power->confidence);
  hx_stats_random_init(&random, SEED);
  for (size_t i = 0; i < DRAWS; i++)
    power->need[i] = rank == 0 ? HUGE_VAL : draw_need(power, rank, &random);
  hx_stats_sort(power->need, DRAWS);
}

void hx_stats_power_init(struct hx_stats_power *power, size_t base_count, size_t fresh_count,
                         double confidence)
{
  if (power->base_count == base_count && power->fresh_count == fresh_count &&
      power->confidence == confidence)
    return;
  power->base_count = base_count;
  power->fresh_count = fresh_count;
  power->confidence = confidence;
  if (base_count <= SMALL && fresh_count <= SMALL)
    draw_all(power);
}

double hx_stats_power_shift(const struct hx_stats_power *power, double wanted)
{
  double freedom = 0.0;
  if (power->base_count > SMALL || power->fresh_count > SMALL) {
    const double error = error_of(power, &freedom);
    const double tail = (1.0 - power->confidence) / 2.0;
    return error *
           (hx_stats_t_quantile(1.0 - tail, freedom) + hx_stats_t_quantile(wanted, freedom));
  }
  const size_t at = (size_t)(wanted * DRAWS);
  return power->need[at < DRAWS ? at : DRAWS - 1u];
}

double hx_stats_power_of(const struct hx_stats_power *power, double shift)
{
  double freedom = 0.0;
  size_t found = 0;
  if (power->base_count > SMALL || power->fresh_count > SMALL) {
    const double error = error_of(power, &freedom);
    const double tail = (1.0 - power->confidence) / 2.0;
    return hx_stats_normal_cdf(shift / error - hx_stats_t_quantile(1.0 - tail, freedom));
  }
  while (found < DRAWS && power->need[found] < shift)
    found++;
  return (double)found / DRAWS;
}
