/* compare.c - see compare.h: the measures of one item. What they mean is said in
 * compare_verdict.c. Next: compare_verdict.h */
#include "compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare_verdict.h"
#include "stats_dist.h"
#include "stats_fdr.h"
#include "stats_order.h"
#include "stats_power.h"
#include "stats_signed.h"

#define FIRST_CAPACITY 32u
#define STEPS_MIN      8u   /* samples below which whole steps of a clock are not recognised */
#define GAP_MIN        1e-9 /* of a value: a smaller gap is rounding, not a step */

/* Working memory of one item. */
struct logs {
  double *base, *fresh; /* in the order of the processes */
  size_t base_count, fresh_count;
  double *block;
  size_t block_count;
};

static void logs_fini(struct logs *logs)
{
  free(logs->base);
  free(logs->fresh);
  free(logs->block);
}

/* false: some median has no logarithm. */
static bool take_logs(double *values, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (!(values[i] > 0.0))
      return false;
    values[i] = log(values[i]);
  }
  return true;
}

static double mean_of(const double *values, size_t count)
{
  double sum = 0.0;
  for (size_t i = 0; i < count; i++)
    sum += values[i];
  return sum / (double)count;
}

/* Sum of the squares around the mean. */
static double spread_of(const double *values, size_t count)
{
  const double mean = mean_of(values, count);
  double sum = 0.0;
  for (size_t i = 0; i < count; i++)
    sum += (values[i] - mean) * (values[i] - mean);
  return sum;
}

static double both_tests(double t, double freedom, double rank_p)
{
  const double t_p = isnan(t) ? 1.0 : hx_stats_t_two_sided(t, freedom);
  return fmin(1.0, 2.0 * fmin(isnan(t_p) ? 1.0 : t_p, isnan(rank_p) ? 1.0 : rank_p));
}

/* Welch's t of two samples with at least two values each; `freedom` of Welch and Satterthwaite. */
static double welch(const struct logs *logs, double *freedom)
{
  const double n = (double)logs->base_count;
  const double m = (double)logs->fresh_count;
  const double a = spread_of(logs->base, logs->base_count) / (n - 1.0) / n;
  const double b = spread_of(logs->fresh, logs->fresh_count) / (m - 1.0) / m;
  const double shift =
      mean_of(logs->fresh, logs->fresh_count) - mean_of(logs->base, logs->base_count);
  *freedom = (a + b) * (a + b) / (a * a / (n - 1.0) + b * b / (m - 1.0));
  if (a + b == 0.0) {
    *freedom = n + m - 2.0;
    return shift == 0.0 ? 0.0 : HUGE_VAL;
  }
  return shift / sqrt(a + b);
}

static void measure_two(struct logs *logs, struct hx_compare_found *found,
                        struct hx_stats_shift *shift)
{
  double t = NAN;
  double freedom = 1.0;
  const double n = (double)logs->base_count;
  const double m = (double)logs->fresh_count;
  const struct hx_stats_two two = {logs->base, logs->base_count, logs->fresh, logs->fresh_count};
  const double inflation = hx_stats_drift_inflation(&two); /* before sorting */
  if (n >= 2.0 && m >= 2.0) {
    t = welch(logs, &freedom) / sqrt(inflation);
    const double squares =
        spread_of(logs->base, logs->base_count) + spread_of(logs->fresh, logs->fresh_count);
    found->deviation = sqrt(inflation * squares / (n + m - 2.0));
  }
  hx_stats_sort(logs->base, logs->base_count);
  hx_stats_sort(logs->fresh, logs->fresh_count);
  *shift = hx_stats_hodges_lehmann_drifting(&two, HX_COMPARE_CONFIDENCE, inflation);
  found->drift = inflation;
  /* The ranks do not know of drift: with it, t alone is asked. */
  found->p = both_tests(t, freedom, inflation > 1.0 ? NAN : hx_stats_mann_whitney(&two, NULL));
}

/* The mean log ratio of each whole block. */
static int take_blocks(struct logs *logs, size_t block_pairs)
{
  const size_t pairs = logs->base_count < logs->fresh_count ? logs->base_count : logs->fresh_count;
  logs->block_count = pairs / block_pairs;
  logs->block = calloc(logs->block_count + 1, sizeof(*logs->block));
  if (logs->block == NULL)
    return -ENOMEM;
  for (size_t i = 0; i < logs->block_count * block_pairs; i++)
    logs->block[i / block_pairs] += (logs->fresh[i] - logs->base[i]) / (double)block_pairs;
  return 0;
}

static void measure_blocks(struct logs *logs, struct hx_compare_found *found,
                           struct hx_stats_shift *shift)
{
  const double n = (double)logs->block_count;
  double t = NAN;
  if (logs->block_count >= 2) {
    found->deviation = sqrt(spread_of(logs->block, logs->block_count) / (n - 1.0));
    const double mean = mean_of(logs->block, logs->block_count);
    t = found->deviation > 0.0 ? mean / (found->deviation / sqrt(n))
                               : (mean == 0.0 ? 0.0 : HUGE_VAL);
  }
  found->blocks = logs->block_count;
  found->p = both_tests(t, n - 1.0, hx_stats_signed_rank(logs->block, logs->block_count, NULL));
  hx_stats_sort(logs->block, logs->block_count);
  *shift = hx_stats_signed_shift(logs->block, logs->block_count, HX_COMPARE_CONFIDENCE);
}

static size_t copy_samples(double *all, const struct hx_arm *arm)
{
  size_t used = 0;
  for (size_t i = 0; i < arm->process_count; i++) {
    for (size_t k = 0; k < arm->process[i].count; k++)
      all[used++] = arm->process[i].values[k];
  }
  return used;
}

/* One step of the clock as a share of the median, if most samples are whole steps of it; else 0. */
static double step_of(const struct hx_compare_item *item)
{
  const size_t count = hx_arm_samples(&item->base) + hx_arm_samples(&item->fresh);
  double *all = malloc((count + 1) * sizeof(*all));
  double step = HUGE_VAL;
  size_t distinct = 1;
  if (all == NULL || count < STEPS_MIN) {
    free(all);
    return 0.0;
  }
  const size_t used = copy_samples(all, &item->base);
  copy_samples(all + used, &item->fresh);
  hx_stats_sort(all, count);
  for (size_t i = 1; i < count; i++) {
    const double gap = all[i] - all[i - 1];
    if (gap <= GAP_MIN * fabs(all[i]))
      continue;
    distinct++;
    step = fmin(step, gap);
  }
  const double median = hx_stats_sorted_median(all, count);
  free(all);
  return 2 * distinct <= count && isfinite(step) && median > 0.0 ? step / median : 0.0;
}

/* With too few processes for ranks, or more noise than they show, the calibration speaks. */
static void use_noise(struct hx_compare_item *item, struct hx_stats_shift *shift)
{
  struct hx_compare_found *found = &item->found;
  const struct hx_compare_noise *noise = &item->noise;
  if (!isnan(shift->lo) || !(noise->deviation > 0.0) || isnan(shift->shift))
    return;
  const double tail = (1.0 - HX_COMPARE_CONFIDENCE) / 2.0;
  const double error = noise->deviation *
                       sqrt(1.0 / (double)found->processes[0] + 1.0 / (double)found->processes[1]);
  const double half = error * hx_stats_t_quantile(1.0 - tail, noise->freedom);
  shift->lo = shift->shift - half;
  shift->hi = shift->shift + half;
  found->p = hx_stats_t_two_sided(shift->shift / error, noise->freedom);
  found->mde = expm1(half + error * hx_stats_t_quantile(HX_COMPARE_POWER, noise->freedom));
}

/* The effect that would be found, with the larger of the noise seen here and that calibrated. */
static void set_mde(struct hx_compare_item *item, struct hx_stats_power *power)
{
  struct hx_compare_found *found = &item->found;
  double deviation = found->deviation;
  if (found->blocks > 0) {
    hx_stats_power_init(power, found->blocks, 0, HX_COMPARE_CONFIDENCE);
  } else {
    hx_stats_power_init(power, found->processes[0], found->processes[1], HX_COMPARE_CONFIDENCE);
    deviation = fmax(deviation, item->noise.deviation);
  }
  const double shift = hx_stats_power_shift(power, HX_COMPARE_POWER);
  if (isfinite(shift))
    found->mde = expm1(shift * deviation);
}

static int measure(struct hx_compare_item *item, const struct hx_compare_how *how,
                   struct hx_stats_power *power)
{
  struct hx_compare_found *found = &item->found;
  struct hx_stats_shift shift = {NAN, NAN, NAN};
  struct logs logs = {0};
  int result = hx_arm_medians(&item->base, &logs.base, &logs.base_count);
  if (result == 0)
    result = hx_arm_medians(&item->fresh, &logs.fresh, &logs.fresh_count);
  if (result < 0)
    goto out;
  found->processes[0] = logs.base_count;
  found->processes[1] = logs.fresh_count;
  if (!take_logs(logs.base, logs.base_count) || !take_logs(logs.fresh, logs.fresh_count)) {
    snprintf(item->trouble, sizeof(item->trouble),
             "a median is not above 0, so there is no ratio: measure longer intervals");
    goto out;
  }
  if (how->block_pairs > 0)
    result = take_blocks(&logs, how->block_pairs);
  if (result < 0)
    goto out;
  if (how->block_pairs > 0)
    measure_blocks(&logs, found, &shift);
  else
    measure_two(&logs, found, &shift);
  found->base = exp(hx_stats_median(logs.base, logs.base_count));
  found->fresh = exp(hx_stats_median(logs.fresh, logs.fresh_count));
  if (!isnan(shift.lo))
    set_mde(item, power);
  use_noise(item, &shift);
  const double step = log1p(step_of(item));
  found->ratio = exp(shift.shift);
  found->lo = exp(shift.lo - step);
  found->hi = exp(shift.hi + step);
  if (!isnan(found->mde))
    found->mde = fmax(found->mde, expm1(step));
out:
  logs_fini(&logs);
  return result;
}

int hx_compare_judge(struct hx_compare *all, const struct hx_compare_how *how)
{
  static struct hx_stats_power power; /* 32 KiB; kept from item to item, most have the same n */
  double *p = calloc(2 * all->item_count + 1, sizeof(*p));
  int result = p == NULL ? -ENOMEM : 0;
  for (size_t i = 0; i < all->item_count && result == 0; i++) {
    struct hx_compare_item *item = &all->item[i];
    item->found = (struct hx_compare_found){.base = NAN,
                                            .fresh = NAN,
                                            .ratio = NAN,
                                            .lo = NAN,
                                            .hi = NAN,
                                            .mde = NAN,
                                            .p = NAN,
                                            .q = NAN};
    item->same_binary = item->binary[0][0] != '\0' && strcmp(item->binary[0], item->binary[1]) == 0;
    item->found.samples[0] = hx_arm_samples(&item->base);
    item->found.samples[1] = hx_arm_samples(&item->fresh);
    if (item->trouble[0] == '\0' && (item->found.samples[0] == 0 || item->found.samples[1] == 0))
      snprintf(item->trouble, sizeof(item->trouble), "no samples in %s: run the point again",
               item->found.samples[0] == 0 ? "base" : "new");
    if (item->trouble[0] == '\0')
      result = measure(item, how, &power);
    p[i] = item->trouble[0] != '\0' || isnan(item->found.lo) ? NAN : item->found.p;
  }
  if (result == 0)
    result = hx_stats_fdr(p, all->item_count, p + all->item_count);
  for (size_t i = 0; i < all->item_count && result == 0; i++) {
    all->item[i].found.q = p[all->item_count + i];
    hx_compare_decide(&all->item[i], how);
  }
  free(p);
  return result;
}

struct hx_compare_item *hx_compare_add(struct hx_compare *all, const char *name, const char *metric,
                                       const char *unit)
{
  if (all->item_count == all->item_capacity) {
    const size_t capacity = all->item_capacity > 0 ? 2 * all->item_capacity : FIRST_CAPACITY;
    struct hx_compare_item *more = realloc(all->item, capacity * sizeof(*more));
    if (more == NULL)
      return NULL;
    all->item = more;
    all->item_capacity = capacity;
  }
  struct hx_compare_item *item = &all->item[all->item_count];
  *item = (struct hx_compare_item){
      .name = strdup(name), .metric = strdup(metric), .unit = strdup(unit)};
  all->item_count++;
  return item->name != NULL && item->metric != NULL && item->unit != NULL ? item : NULL;
}

void hx_compare_item_fini(struct hx_compare_item *item)
{
  free(item->name);
  free(item->metric);
  free(item->unit);
  hx_arm_fini(&item->base);
  hx_arm_fini(&item->fresh);
}

void hx_compare_fini(struct hx_compare *all)
{
  for (size_t i = 0; i < all->item_count; i++)
    hx_compare_item_fini(&all->item[i]);
  free(all->item);
  *all = (struct hx_compare){0};
}
