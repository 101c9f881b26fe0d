/* skeleton.c - the smallest whole experiment: copy it to experiments/expN_name.c and change it.
 *
 * It asks how long it takes to add up an array, in two ways, by the array's size. What every
 * experiment has: factors (what is varied), metrics with their units, variants (the ways compared,
 * a floor among them), a probe (is here what a variant needs?), a run, and a check of the work.
 * The harness does the rest: arguments, order, processes, statistics, files.
 *
 * Built as harness/self/exp90_skeleton, beside the experiments that measure the harness, so that
 * `grosr run all` leaves it out; test hx_self runs it. Next: harness/hx.h */
#include <stdlib.h>

#include "harness/hx.h"

#define WARM_SUMS 20u /* pages, caches, branch predictors */

/* What is measured: the sum of 1 ... count, in one chain of additions or in four. */
static uint64_t sum_one(const uint64_t *value, size_t count)
{
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += value[i];
  return sum;
}

static uint64_t sum_four(const uint64_t *value, size_t count)
{
  uint64_t sum[4] = {0};
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (size_t k = 0; k < 4; k++)
      sum[k] += value[i + k];
  }
  return sum[0] + sum[1] + sum[2] + sum[3] + sum_one(value + i, count - i);
}

typedef uint64_t sum_function(const uint64_t *, size_t);

/* One interval: enough sums that the clock's step and cost are below 1 % of it. Right or failed: a
 * wrong result is no sample. */
static int time_sums(struct hx_point *point, sum_function *sum, const uint64_t *value,
                     uint64_t sums, double *each_us)
{
  const uint64_t count = hx_factor_u64(point, "count");
  const uint64_t wanted = count * (count + 1) / 2;
  const uint64_t *volatile from = value; /* read each time: the compiler may leave out no sum */
  uint64_t got = 0;
  uint64_t wrong = 0;
  const uint64_t start_ns = hx_now_ns();
  for (uint64_t i = 0; i < sums; i++) {
    got = sum(from, count);
    wrong += got != wanted;
  }
  *each_us = (double)(hx_now_ns() - start_ns) / 1e3 / (double)sums;
  if (wrong > 0)
    return hx_fail(point, "%llu sums are wrong, the last is %llu, not %llu",
                   (unsigned long long)wrong, (unsigned long long)got, (unsigned long long)wanted);
  return 0;
}

/* What is allocated before the measuring is released after it, on every way out. */
static int measure(struct hx_point *point, sum_function *sum)
{
  const uint64_t count = hx_factor_u64(point, "count");
  uint64_t *value = malloc(count * sizeof(*value));
  double each_us = 0.0;
  int result = 0;
  if (value == NULL)
    return hx_fail(point, "no memory for %llu numbers", (unsigned long long)count);
  for (uint64_t i = 0; i < count; i++)
    value[i] = i + 1;
  hx_pin(point, 0);
  for (unsigned i = 0; i < WARM_SUMS && result == 0; i++) {
    result = time_sums(point, sum, value, 1, &each_us);
    hx_warm(point, "sum_us", each_us); /* kept, and part of no statistic */
  }
  const uint64_t sums = hx_batch(point, each_us * 1e3);
  hx_note(point, "sums_per_interval", "%llu", (unsigned long long)sums);
  while (result == 0 && hx_more(point, "sum_us")) {
    result = time_sums(point, sum, value, sums, &each_us);
    if (result == 0) {
      hx_sample(point, "sum_us", each_us);
      hx_sample(point, "rate_mb_s", (double)(count * sizeof(*value)) / each_us);
    }
  }
  free(value);
  return result;
}

static int run_one_chain(struct hx_point *point)
{
  return measure(point, sum_one);
}

static int run_four_chains(struct hx_point *point)
{
  return measure(point, sum_four);
}

/* Asked before run(): what is missing makes the point "skipped", with this sentence. */
static int probe_core(struct hx_point *point)
{
  return hx_core_count() >= 1u ? 0 : hx_unmet(point, "no core is to be used; widen the cpuset");
}

int main(int argc, char **argv)
{
  static const struct hx_metric metrics[] = {{"sum_us", "us"}, {"rate_mb_s", "MB/s"}, {0}};
  static const struct hx_factor factors[] = {{"count", "1e3,1e5", "1e3,1e4,1e5,1e6", NULL}, {0}};
  static const struct hx_variant variants[] = {
      {"one_chain", "cpu", NULL, run_one_chain, "count"}, /* the floor that has to be beaten */
      {"four_chains", "cpu", probe_core, run_four_chains, "count"},
      {0}};
  static const struct hx_experiment experiment = {
      .name = "exp90_skeleton",
      .title = "how long it takes to add up an array (to be copied)",
      .metrics = metrics,
      .factors = factors,
      .variants = variants};
  return hx_main(argc, argv, &experiment);
}
