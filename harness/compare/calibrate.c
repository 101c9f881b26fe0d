/* calibrate.c - see calibrate.h. Next: cmd_calibrate.c */
#include "calibrate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats_dist.h"
#include "stats_order.h"
#include "stats_power.h"

static struct hx_calibrate_tally *find(struct hx_calibrate *calibrate,
                                       const struct hx_compare_item *item)
{
  for (size_t i = 0; i < calibrate->tally_count; i++) {
    struct hx_calibrate_tally *tally = &calibrate->tally[i];
    if (strcmp(tally->name, item->name) == 0 && strcmp(tally->metric, item->metric) == 0)
      return tally;
  }
  const size_t count = calibrate->tally_count + 1;
  struct hx_calibrate_tally *more = realloc(calibrate->tally, count * sizeof(*more));
  if (more == NULL)
    return NULL;
  calibrate->tally = more;
  struct hx_calibrate_tally *tally = &more[calibrate->tally_count++];
  *tally = (struct hx_calibrate_tally){
      .name = strdup(item->name), .metric = strdup(item->metric), .unit = strdup(item->unit)};
  return tally->name != NULL && tally->metric != NULL && tally->unit != NULL ? tally : NULL;
}

static int make_room(struct hx_calibrate_tally *tally)
{
  double **const list[] = {&tally->shift, &tally->mde, &tally->width, &tally->deviation};
  if (tally->rounds < tally->capacity)
    return 0;
  const size_t capacity = tally->capacity > 0 ? 2 * tally->capacity : 64;
  for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
    double *more = realloc(*list[i], capacity * sizeof(*more));
    if (more == NULL)
      return -ENOMEM;
    *list[i] = more;
  }
  tally->capacity = capacity;
  return 0;
}

/* The probability to find what was planted, with the noise that this round saw. */
static double predict(const struct hx_compare_found *found, double planted)
{
  static struct hx_stats_power power; /* 32 KiB */
  if (found->blocks > 0)
    hx_stats_power_init(&power, found->blocks, 0, HX_COMPARE_CONFIDENCE);
  else
    hx_stats_power_init(&power, found->processes[0], found->processes[1], HX_COMPARE_CONFIDENCE);
  return hx_stats_power_of(&power, log1p(planted) / found->deviation);
}

int hx_calibrate_add(struct hx_calibrate *calibrate, const struct hx_compare *round)
{
  for (size_t i = 0; i < round->item_count; i++) {
    const struct hx_compare_item *item = &round->item[i];
    const struct hx_compare_found *found = &item->found;
    struct hx_calibrate_tally *tally = find(calibrate, item);
    if (tally == NULL)
      return -ENOMEM;
    tally->count[found->verdict]++;
    if (found->verdict == HX_COMPARE_INVALID || isnan(found->ratio))
      continue;
    if (make_room(tally) < 0)
      return -ENOMEM;
    const double sign = hx_compare_direction(item->unit) > 0 ? -1.0 : 1.0;
    const bool up = found->lo > 1.0;
    const bool down = found->hi < 1.0;
    tally->apart_slower += sign > 0.0 ? up : down;
    tally->apart_faster += sign > 0.0 ? down : up;
    tally->shift[tally->rounds] = sign * log(found->ratio);
    tally->mde[tally->rounds] = isnan(found->mde) ? HUGE_VAL : found->mde;
    tally->width[tally->rounds] = isnan(found->lo) ? HUGE_VAL : log(found->hi / found->lo);
    tally->deviation[tally->rounds] = found->deviation;
    if (calibrate->planted > 0.0)
      tally->power += predict(found, calibrate->planted);
    tally->sides = found->blocks > 0
                       ? (double)found->blocks
                       : fmin((double)found->processes[0], (double)found->processes[1]);
    tally->rounds++;
  }
  return 0;
}

/* HUGE_VAL stands for "none", and is then the upper of the two in the middle. */
static double median_of_copy(const double *values, size_t count, double *copy)
{
  memcpy(copy, values, count * sizeof(*copy));
  hx_stats_sort(copy, count);
  return isfinite(copy[count / 2]) ? hx_stats_sorted_median(copy, count) : copy[count / 2];
}

struct hx_compare_noise hx_calibrate_noise(const struct hx_calibrate_tally *tally, bool paired,
                                           bool planted)
{
  struct hx_compare_noise noise = {0.0, 1.0, 0.0, tally->sides};
  double *copy = malloc((tally->rounds + 1) * sizeof(*copy));
  if (copy == NULL || tally->rounds == 0) {
    free(copy);
    return noise;
  }
  const double n = (double)tally->rounds;
  const double within = median_of_copy(tally->deviation, tally->rounds, copy);
  const double centre = planted ? median_of_copy(tally->shift, tally->rounds, copy) : 0.0;
  for (size_t i = 0; i < tally->rounds; i++)
    copy[i] = fabs(tally->shift[i] - centre);
  hx_stats_sort(copy, tally->rounds);
  noise.floor = copy[(n >= 100.0 ? (size_t)ceil(0.99 * n) : tally->rounds) - 1];
  noise.freedom = fmax(1.0, n / 2.0);
  if (!paired) /* paired differences say nothing of two separate runs */
    noise.deviation =
        fmax(copy[(size_t)ceil(0.95 * n) - 1] / 1.96 * sqrt(tally->sides / 2.0), within);
  free(copy);
  return noise;
}

static void print_share(const char *what, size_t hits, size_t rounds)
{
  const struct hx_stats_interval share = hx_stats_share_interval(hits, rounds, 0.95);
  printf("  %-28s %5zu of %zu = %.2f %% [%.2f, %.2f]\n", what, hits, rounds,
         100.0 * (double)hits / (double)rounds, 100.0 * share.lo, 100.0 * share.hi);
}

static void print_one(const struct hx_calibrate *calibrate, const struct hx_calibrate_tally *tally,
                      const struct hx_compare_how *how)
{
  const bool paired = how->block_pairs > 0;
  const bool planted = calibrate->planted > 0.0;
  printf("%s %s\n", tally->name, tally->metric);
  if (tally->rounds == 0) {
    printf("  no round could be compared; %zu were INVALID\n", tally->count[HX_COMPARE_INVALID]);
    return;
  }
  double *copy = malloc(tally->rounds * sizeof(*copy));
  if (copy == NULL)
    return;
  const struct hx_compare_noise noise = hx_calibrate_noise(tally, paired, planted);
  const double mde = median_of_copy(tally->mde, tally->rounds, copy);
  const double width = median_of_copy(tally->width, tally->rounds, copy);
  const double centre = median_of_copy(tally->shift, tally->rounds, copy);
  free(copy);
  printf("  median shift %+.3f %%, 99 %% of the rounds within %.3f %%%s\n", 100.0 * expm1(centre),
         100.0 * expm1(noise.floor), planted ? " of it" : "");
  if (isfinite(mde) && isfinite(width))
    printf("  median MDE %.3f %%, median width of the interval %.3f %%\n", 100.0 * mde,
           100.0 * expm1(width));
  else
    printf("  no MDE and no interval in most rounds: the machine drifted too much\n");
  print_share(planted ? "SLOWER (found)" : "false SLOWER", tally->count[HX_COMPARE_SLOWER],
              tally->rounds);
  print_share(planted ? "FASTER (wrong)" : "false FASTER", tally->count[HX_COMPARE_FASTER],
              tally->rounds);
  print_share("interval above 1 (slower)", tally->apart_slower, tally->rounds);
  print_share("interval below 1 (faster)", tally->apart_faster, tally->rounds);
  if (planted)
    printf("  %-28s %.2f %% of the rounds\n", "predicted: interval above 1",
           100.0 * tally->power / (double)tally->rounds);
  printf("  SAME %zu, AMBIGUOUS %zu, INVALID %zu\n", tally->count[HX_COMPARE_SAME],
         tally->count[HX_COMPARE_AMBIGUOUS], tally->count[HX_COMPARE_INVALID]);
}

void hx_calibrate_print(const struct hx_calibrate *calibrate, const struct hx_compare_how *how)
{
  for (size_t i = 0; i < calibrate->tally_count; i++)
    print_one(calibrate, &calibrate->tally[i], how);
}

void hx_calibrate_fini(struct hx_calibrate *calibrate)
{
  for (size_t i = 0; i < calibrate->tally_count; i++) {
    struct hx_calibrate_tally *tally = &calibrate->tally[i];
    free(tally->name);
    free(tally->metric);
    free(tally->unit);
    free(tally->shift);
    free(tally->mde);
    free(tally->width);
    free(tally->deviation);
  }
  free(calibrate->tally);
  *calibrate = (struct hx_calibrate){0};
}
