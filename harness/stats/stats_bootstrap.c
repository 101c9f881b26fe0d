/* stats_bootstrap.c - see stats_bootstrap.h. Next: stats_power.c */
#include "stats_bootstrap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats_dist.h"
#include "stats_order.h"
#include "stats_random.h"

/* The k-th smallest, counted from 0 (Wirth, Algorithms + Data Structures, 2.3.4); reorders. */
static double select_value(double *values, size_t count, size_t at)
{
  const ptrdiff_t k = (ptrdiff_t)at;
  ptrdiff_t lo = 0;
  ptrdiff_t hi = (ptrdiff_t)count - 1;
  while (lo < hi) {
    const double pivot = values[k];
    ptrdiff_t i = lo;
    ptrdiff_t j = hi;
    while (i <= j) {
      while (values[i] < pivot)
        i++;
      while (values[j] > pivot)
        j--;
      if (i > j)
        break;
      const double swapped = values[i];
      values[i++] = values[j];
      values[j--] = swapped;
    }
    if (j < k)
      lo = i;
    if (k < i)
      hi = j;
  }
  return values[k];
}

static double median_of(double *values, size_t count)
{
  const double high = select_value(values, count, count / 2);
  if (count % 2 == 1)
    return high;
  double low = values[0]; /* everything before the middle is at most `high` */
  for (size_t i = 1; i < count / 2; i++)
    low = fmax(low, values[i]);
  return low + (high - low) / 2.0;
}

static size_t drawn_from(const struct hx_arm_process *process)
{
  return process->count < HX_STATS_BOOTSTRAP_EACH ? process->count : HX_STATS_BOOTSTRAP_EACH;
}

/* The processes that have samples. */
static size_t processes_of(const struct hx_arm *arm)
{
  size_t count = 0;
  for (size_t i = 0; i < arm->process_count; i++)
    count += arm->process[i].count > 0;
  return count;
}

static double draw_median(const struct hx_arm *arm, double *pool, struct hx_stats_random *random)
{
  const size_t wanted = processes_of(arm);
  size_t drawn = 0;
  size_t used = 0;
  while (drawn < wanted) {
    const struct hx_arm_process *process =
        &arm->process[hx_stats_random_below(random, arm->process_count)];
    if (process->count == 0)
      continue; /* some process has samples: this ends */
    for (size_t i = drawn_from(process); i > 0; i--)
      pool[used++] = process->values[hx_stats_random_below(random, process->count)];
    drawn++;
  }
  return median_of(pool, used);
}

/* Room for the largest draw: every process could be the one with the most samples. */
static double *take_pool(const struct hx_arm *base, const struct hx_arm *fresh)
{
  size_t most = 1;
  const struct hx_arm *const arms[2] = {base, fresh};
  for (size_t a = 0; a < 2; a++) {
    size_t each = 0;
    for (size_t i = 0; i < arms[a]->process_count; i++) {
      const size_t drawn = drawn_from(&arms[a]->process[i]);
      each = drawn > each ? drawn : each;
    }
    each *= processes_of(arms[a]);
    most = each > most ? each : most;
  }
  const size_t all = hx_arm_samples(base) + hx_arm_samples(fresh);
  return malloc((most > all ? most : all) * sizeof(double));
}

static double whole_median(const struct hx_arm *arm, double *pool)
{
  size_t used = 0;
  for (size_t i = 0; i < arm->process_count; i++) {
    const struct hx_arm_process *process = &arm->process[i];
    if (process->count > 0)
      memcpy(pool + used, process->values, process->count * sizeof(*pool));
    used += process->count;
  }
  return median_of(pool, used);
}

/* The share of ratios that is left out at each end. */
static double tail_of(double confidence, size_t processes)
{
  const double tail = (1.0 - confidence) / 2.0;
  if (processes < 2)
    return tail;
  const double freedom = (double)processes - 1.0;
  return hx_stats_normal_cdf(-sqrt((double)processes / freedom) *
                             hx_stats_t_quantile(1.0 - tail, freedom));
}

int hx_stats_bootstrap_ratio(const struct hx_arm *base, const struct hx_arm *fresh,
                             const struct hx_stats_bootstrap *how, struct hx_stats_shift *out)
{
  struct hx_stats_random random;
  const size_t base_count = processes_of(base);
  const size_t fresh_count = processes_of(fresh);
  int result = 0;
  if (base_count == 0 || fresh_count == 0 || how->rounds == 0)
    return -EINVAL;
  double *pool = take_pool(base, fresh);
  double *ratio = malloc(how->rounds * sizeof(*ratio));
  if (pool == NULL || ratio == NULL) {
    result = -ENOMEM;
    goto out;
  }
  hx_stats_random_init(&random, how->seed);
  for (size_t round = 0; round < how->rounds && result == 0; round++) {
    const double of_base = draw_median(base, pool, &random);
    ratio[round] = draw_median(fresh, pool, &random) / of_base;
    result = isfinite(ratio[round]) ? 0 : -EINVAL;
  }
  const double of_base = whole_median(base, pool);
  const double whole = whole_median(fresh, pool) / of_base;
  if (result < 0 || !isfinite(whole)) {
    result = -EINVAL;
    goto out;
  }
  const double tail = tail_of(how->confidence, base_count < fresh_count ? base_count : fresh_count);
  const size_t left_out = (size_t)floor(tail * (double)how->rounds);
  hx_stats_sort(ratio, how->rounds);
  *out = (struct hx_stats_shift){whole, ratio[left_out], ratio[how->rounds - 1 - left_out]};
out:
  free(pool);
  free(ratio);
  return result;
}
