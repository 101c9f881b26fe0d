/* stats_bootstrap.c - see stats_bootstrap.h. Next: stats_power.c */
#include "stats_bootstrap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats_dist.h"
#include "stats_order.h"
#include "stats_random.h"

/* What samples are drawn from: all of an arm's, sorted once, so that a draw only counts how often
 * each rank came, and the median is found by adding up counts. */
struct urn {
  const struct hx_arm *arm;
  size_t processes; /* that have samples */
  size_t samples;
  double *sorted;
  uint32_t *rank;  /* of each sample, in the order of the arm */
  uint32_t *count; /* by rank, in one draw */
  size_t *first;   /* in `rank`, of each process */
};

struct entry {
  double value;
  size_t place; /* in the order of the arm */
};

static int compare_entries(const void *left, const void *right)
{
  const double a = ((const struct entry *)left)->value;
  const double b = ((const struct entry *)right)->value;
  return (a > b) - (a < b);
}

static void urn_fini(struct urn *urn)
{
  free(urn->sorted);
  free(urn->rank);
  free(urn->count);
  free(urn->first);
}

/* 0, -EINVAL (no samples), -ENOMEM. */
static int urn_init(struct urn *urn, const struct hx_arm *arm)
{
  const size_t samples = hx_arm_samples(arm);
  size_t at = 0;
  *urn = (struct urn){.arm = arm, .samples = samples};
  if (samples == 0)
    return -EINVAL;
  struct entry *entry = malloc(samples * sizeof(*entry));
  urn->sorted = malloc(samples * sizeof(*urn->sorted));
  urn->rank = malloc(samples * sizeof(*urn->rank));
  urn->count = malloc(samples * sizeof(*urn->count));
  urn->first = malloc(arm->process_count * sizeof(*urn->first));
  if (entry == NULL || urn->sorted == NULL || urn->rank == NULL || urn->count == NULL ||
      urn->first == NULL) {
    free(entry);
    urn_fini(urn);
    return -ENOMEM;
  }
  for (size_t i = 0; i < arm->process_count; i++) {
    urn->first[i] = at;
    urn->processes += arm->process[i].count > 0;
    for (size_t k = 0; k < arm->process[i].count; k++, at++)
      entry[at] = (struct entry){arm->process[i].values[k], at};
  }
  qsort(entry, samples, sizeof(*entry), compare_entries);
  for (size_t i = 0; i < samples; i++) {
    urn->sorted[i] = entry[i].value;
    urn->rank[entry[i].place] = (uint32_t)i;
  }
  free(entry);
  return 0;
}

/* The `at`-th smallest of what was drawn, from 0. */
static double find_drawn(const struct urn *urn, size_t at)
{
  size_t below = 0;
  size_t rank = 0;
  while (below + urn->count[rank] <= at)
    below += urn->count[rank++];
  return urn->sorted[rank];
}

static double draw_median(struct urn *urn, struct hx_stats_random *random)
{
  const struct hx_arm *arm = urn->arm;
  size_t drawn = 0;
  size_t used = 0;
  memset(urn->count, 0, urn->samples * sizeof(*urn->count));
  while (drawn < urn->processes) {
    const size_t which = hx_stats_random_below(random, arm->process_count);
    const size_t has = arm->process[which].count;
    const size_t each = has < HX_STATS_BOOTSTRAP_EACH ? has : HX_STATS_BOOTSTRAP_EACH;
    if (has == 0)
      continue; /* some process has samples: this ends */
    for (size_t i = 0; i < each; i++)
      urn->count[urn->rank[urn->first[which] + hx_stats_random_below(random, has)]]++;
    used += each;
    drawn++;
  }
  const double low = find_drawn(urn, (used - 1) / 2);
  const double high = used % 2 == 1 ? low : find_drawn(urn, used / 2);
  return low + (high - low) / 2.0;
}

/* The share of results that is left out at each end. */
static double tail_of(double confidence, size_t processes)
{
  const double tail = (1.0 - confidence) / 2.0;
  if (processes < 2)
    return tail;
  const double freedom = (double)processes - 1.0;
  return hx_stats_normal_cdf(-sqrt((double)processes / freedom) *
                             hx_stats_t_quantile(1.0 - tail, freedom));
}

/* The ends of the interval among the rounds' results, which are sorted. */
static void take_ends(double *result, const struct hx_stats_bootstrap *how, size_t processes,
                      struct hx_stats_shift *out)
{
  const double tail = tail_of(how->confidence, processes);
  const size_t left_out = (size_t)floor(tail * (double)how->rounds);
  hx_stats_sort(result, how->rounds);
  out->lo = result[left_out];
  out->hi = result[how->rounds - 1 - left_out];
}

/* `base` NULL: the median of `fresh`, not a ratio. */
static int run_rounds(struct urn *base, struct urn *fresh, const struct hx_stats_bootstrap *how,
                      struct hx_stats_shift *out)
{
  struct hx_stats_random random;
  double *value = malloc(how->rounds * sizeof(*value));
  const size_t least =
      base != NULL && base->processes < fresh->processes ? base->processes : fresh->processes;
  const double of_base = base != NULL ? hx_stats_sorted_median(base->sorted, base->samples) : 1.0;
  const double whole = hx_stats_sorted_median(fresh->sorted, fresh->samples) / of_base;
  int result = value == NULL ? -ENOMEM : isfinite(whole) ? 0 : -EINVAL;
  hx_stats_random_init(&random, how->seed);
  for (size_t round = 0; round < how->rounds && result == 0; round++) {
    const double drawn = base != NULL ? draw_median(base, &random) : 1.0;
    value[round] = draw_median(fresh, &random) / drawn;
    result = isfinite(value[round]) ? 0 : -EINVAL;
  }
  if (result == 0) {
    out->shift = whole;
    take_ends(value, how, least, out);
  }
  free(value);
  return result;
}

int hx_stats_bootstrap_ratio(const struct hx_arm *base, const struct hx_arm *fresh,
                             const struct hx_stats_bootstrap *how, struct hx_stats_shift *out)
{
  struct urn of_base;
  struct urn of_fresh;
  if (how->rounds == 0)
    return -EINVAL;
  int result = urn_init(&of_base, base);
  if (result < 0)
    return result;
  result = urn_init(&of_fresh, fresh);
  if (result == 0) {
    result = run_rounds(&of_base, &of_fresh, how, out);
    urn_fini(&of_fresh);
  }
  urn_fini(&of_base);
  return result;
}

int hx_stats_bootstrap_median(const struct hx_arm *arm, const struct hx_stats_bootstrap *how,
                              struct hx_stats_shift *out)
{
  struct urn urn;
  int result = how->rounds == 0 ? -EINVAL : urn_init(&urn, arm);
  if (result == 0) {
    result = run_rounds(NULL, &urn, how, out);
    urn_fini(&urn);
  }
  return result;
}
