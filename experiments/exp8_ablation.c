/* exp8_ablation.c - what each part of the scheduler, and of the allocator, is worth: the same load
 * with one part left out, and with all on.
 *
 *   all_on           nothing is left out, on both sides: what two runs differ by themselves
 *   no_mailbox       a ready task is never pushed to an idle team's mailbox, but queued
 *   no_idle_bitmap   idle teams are found by asking each, not by a bitmap
 *   no_batching      ring slots are read, acknowledged and submitted one by one
 *   no_inline_args   a task carries the address of its arguments
 *   no_tile_batch    tiles are claimed one by one
 *
 * The first three and the last are images of their own, in which the part is compiled out
 * (shared/ablation.h), so that its switch costs nothing where it is on. Loads: `trip`, one task at
 * a time; `stream`, a window of tasks from the host; `work`, the same with tasks of 20 us; `spawn`,
 * forks on the device; `tiles`, one task of many tiles. A part that is off but seen at work fails
 * the point.
 *
 * Of the allocator, with loads of exp3 (memory: `pairs`, `batch`, `churn`), time_us of a pair:
 *
 *   memory_all_on   nothing is left out, on both sides
 *   no_magazines    no slots lie at a team's hand: each comes from its block and goes back there
 *   no_aggregation  lanes that ask together are not served together (cpu has teams of one lane)
 *   no_bump         a new block's slots are all in its bitmap, none are counted off
 *   no_tags         free slots are not marked, so a second free is found late or not
 *
 * A sample opens the one runtime, times some intervals, closes it and does the same with the other,
 * the order changing from sample to sample. time_us is that without the part, of a task or tile;
 * slowdown_x is that divided by the time with all on. Next: exp8_loads.c */
#include "exp8.h"

#include <errno.h>
#include <string.h>

#include "exp8_loads.h"
#include "exp8_memory.h"

GROSR_IMAGE(exp8_all_on);
GROSR_IMAGE(exp8_no_mailbox);
GROSR_IMAGE(exp8_no_idle_bitmap);
GROSR_IMAGE(exp8_no_batching);
GROSR_IMAGE(exp8_no_tile_batch);

#define INTERVALS     5u /* odd: the median counts */
#define SAMPLES_SMOKE 6u /* as few as an interval needs; as many as a simulation has memory for */

static int fail(struct hx_point *point, const char *what, int result)
{
  if (result == -ENODEV) {
    return hx_unmet(point, "%s", grosr_last_error());
  }
  return hx_fail(point, "%s: %s. %s", what, strerror(-result), grosr_last_error());
}

static void sort(double *value, size_t count)
{
  for (size_t i = 1; i < count; i++) {
    for (size_t k = i; k > 0 && value[k - 1] > value[k]; k--) {
      const double swap = value[k];
      value[k] = value[k - 1];
      value[k - 1] = swap;
    }
  }
}

/* What is left out has not been at work. Tiles see to it themselves (exp8_image.c). */
static int check_off(struct hx_point *point, const struct grosr_image *image,
                     const struct exp8_side *side)
{
  struct grosr_stats stats;
  const int result = grosr_stats(side->g, &stats);
  if (result == 0 && image == &grosr_image_exp8_no_mailbox && stats.from_mailbox != 0u) {
    return hx_fail(point, "%llu tasks came through a mailbox, which this image does without",
                   (unsigned long long)stats.from_mailbox);
  }
  return result;
}

/* ns of a task, the median of some intervals; negative: the point has its reason. */
static double time_side(struct hx_point *point, const struct grosr_image *image,
                        struct exp8_side side)
{
  double each_ns[INTERVALS];
  int result = exp8_open(point, image, &side);
  if (result < 0) {
    fail(point, "open", result);
    return -1.0;
  }
  for (size_t i = 0; i < INTERVALS && result == 0; i++) {
    if (i == 0) {
      result = exp8_run(&side, &each_ns[0]); /* warms up */
    }
    result = result < 0 ? result : exp8_run(&side, &each_ns[i]);
  }
  if (result == 0) {
    result = check_off(point, image, &side);
  }
  const int closed = grosr_close(side.g);
  result = result < 0 ? result : closed > 0 ? -EBUSY : closed;
  if (result < 0) {
    fail(point, "load", result);
    return -1.0;
  }
  sort(each_ns, INTERVALS);
  return each_ns[INTERVALS / 2u];
}

static int run(struct hx_point *point, const struct grosr_image *image, struct exp8_side off)
{
  const bool is_smoke =
      strcmp(hx_tier(point), "smoke") == 0 || strcmp(hx_device(point), "sim") == 0;
  struct exp8_side on = {.point = point};
  bool on_first = false;
  off.point = point;
  for (uint32_t i = 0; hx_more(point, "slowdown_x") && !(is_smoke && i >= SAMPLES_SMOKE); i++) {
    double off_ns = on_first ? 0.0 : time_side(point, image, off);
    const double on_ns = off_ns < 0.0 ? -1.0 : time_side(point, &grosr_image_exp8_all_on, on);
    off_ns = on_first && on_ns > 0.0 ? time_side(point, image, off) : off_ns;
    if (off_ns <= 0.0 || on_ns <= 0.0) {
      return -EBADMSG;
    }
    hx_sample(point, "slowdown_x", off_ns / on_ns);
    hx_sample(point, "time_us", off_ns / 1e3);
    on_first = !on_first;
  }
  return 0;
}

static int run_all_on(struct hx_point *point)
{
  return run(point, &grosr_image_exp8_all_on, (struct exp8_side){0});
}

static int run_no_mailbox(struct hx_point *point)
{
  return run(point, &grosr_image_exp8_no_mailbox, (struct exp8_side){0});
}

static int run_no_idle_bitmap(struct hx_point *point)
{
  return run(point, &grosr_image_exp8_no_idle_bitmap, (struct exp8_side){0});
}

static int run_no_batching(struct hx_point *point)
{
  return run(point, &grosr_image_exp8_no_batching, (struct exp8_side){.one_by_one = true});
}

static int run_no_inline_args(struct hx_point *point)
{
  return run(point, &grosr_image_exp8_all_on, (struct exp8_side){.far_args = true});
}

static int run_no_tile_batch(struct hx_point *point)
{
  return run(point, &grosr_image_exp8_no_tile_batch, (struct exp8_side){0});
}

int main(int argc, char **argv)
{
  static const struct hx_metric metrics[] = {{"slowdown_x", "x"}, {"time_us", "us"}, {0}};
  static const struct hx_factor factors[] = {{"load", "trip,stream,work,spawn,tiles", NULL, NULL},
                                             {"memory", "pairs,batch,churn", NULL, NULL},
                                             {"teams", "1,4", "1,2,4,8,16", "1,3"},
                                             {0}};
  static const struct hx_variant variants[] = {
      {"all_on", "any", NULL, run_all_on, "load,teams"},
      {"no_mailbox", "any", NULL, run_no_mailbox, "load,teams"},
      {"no_idle_bitmap", "any", NULL, run_no_idle_bitmap, "load,teams"},
      {"no_batching", "any", NULL, run_no_batching, "load,teams"},
      {"no_inline_args", "any", NULL, run_no_inline_args, "load,teams"},
      {"no_tile_batch", "any", NULL, run_no_tile_batch, "load,teams"},
      {"memory_all_on", "any", NULL, exp8_memory_all_on, "memory,teams"},
      {"no_magazines", "any", NULL, exp8_no_magazines, "memory,teams"},
      {"no_aggregation", "any", NULL, exp8_no_aggregation, "memory,teams"},
      {"no_bump", "any", NULL, exp8_no_bump, "memory,teams"},
      {"no_tags", "any", NULL, exp8_no_tags, "memory,teams"},
      {0}};
  static const struct hx_experiment experiment = {
      .name = "exp8_ablation",
      .title = "the scheduler and the allocator with one part left out, against all on",
      .metrics = metrics,
      .factors = factors,
      .variants = variants};
  return exp_main(argc, argv, &experiment);
}
