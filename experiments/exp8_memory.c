/* exp8_memory.c - what each part of the allocator is worth: loads of exp3 on an image without it
 * and on one with all, in turns, as exp8_ablation.c tells. The images are exp3's
 * (exp3_image_short.c), so their calls are inlined and every object is looked at. Next:
 * exp8_image.c */
#include "exp8_memory.h"

#include <string.h>

#include "exp3_measure.h"

GROSR_IMAGE(exp8_memory_all_on);
GROSR_IMAGE(exp8_no_magazines);
GROSR_IMAGE(exp8_no_aggregation);
GROSR_IMAGE(exp8_no_bump);
GROSR_IMAGE(exp8_no_tags);

#define INTERVALS  5u /* odd: the median counts */
#define BYTES      64u
#define LIVE_BYTES (1u << 20)
#define LIVE_SIM   (8u << 10)

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

static struct exp3_load load_of(struct hx_point *point, uint32_t workers, uint64_t live)
{
  const char *name = hx_factor_text(point, "memory");
  const uint64_t objects = live / BYTES / workers;
  struct exp3_load load = {.op = "pairs", .bytes = BYTES, .more = 1};
  if (strcmp(name, "batch") == 0) {
    load = (struct exp3_load){.op = "batch", .bytes = BYTES, .count = objects, .is_apart = 1};
  } else if (strcmp(name, "churn") == 0) {
    load =
        (struct exp3_load){"churn_begin", "churn", "churn_end", .objects = objects, .bytes = BYTES};
  }
  return load;
}

static int intervals(struct exp3 *exp, struct exp3_load *load, double each_ns[INTERVALS])
{
  struct exp3_result out;
  exp3_load_set(exp, load);
  int result = load->begin != NULL ? exp3_device_run(exp, load->begin, &out) : 0;
  result = result < 0 ? result : exp3_load_calibrate(exp, load);
  for (size_t i = 0; i < INTERVALS && result == 0; i++) {
    result = exp3_device_run(exp, load->op, &out);
    if (result == 0 && (out.nulls != 0u || out.done == 0u)) {
      return hx_fail(exp->point, "%llu allocations failed, where there is memory",
                     (unsigned long long)out.nulls);
    }
    each_ns[i] = (out.alloc_s + out.free_s) * 1e9 / (double)(out.done != 0u ? out.done : 1u);
  }
  return result < 0 || load->end == NULL ? result : exp3_device_run(exp, load->end, &out);
}

/* ns of a pair, all teams together; negative: the point has its reason. */
static double time_side(struct hx_point *point, const struct grosr_image *image)
{
  static struct exp3 exp;
  const uint32_t teams = (uint32_t)hx_factor_u64(point, "teams");
  const uint32_t workers = teams * exp3_lanes_on(point);
  const uint64_t live = exp3_is_on(point, "sim") ? LIVE_SIM : LIVE_BYTES;
  const struct exp3_way way = {.image = image, .bytes_least = 1};
  const struct exp3_size size = {2u * live + (uint64_t)workers * 64u * BYTES,
                                 live / BYTES + workers, BYTES};
  struct exp3_load load = load_of(point, workers, live);
  double each_ns[INTERVALS];
  int result = exp3_device_open(&exp, point, &way, teams, &size);
  result = result < 0 ? result : exp3_device_close(&exp, intervals(&exp, &load, each_ns));
  sort(each_ns, INTERVALS);
  return result < 0 ? -1.0 : each_ns[INTERVALS / 2u];
}

static int run(struct hx_point *point, const struct grosr_image *image)
{
  bool on_first = false;
  for (uint32_t i = 0; exp3_more(point, "slowdown_x", i); i++) {
    double off_ns = on_first ? 0.0 : time_side(point, image);
    const double on_ns = off_ns < 0.0 ? -1.0 : time_side(point, &grosr_image_exp8_memory_all_on);
    off_ns = on_first && on_ns > 0.0 ? time_side(point, image) : off_ns;
    if (off_ns <= 0.0 || on_ns <= 0.0) {
      return -1;
    }
    hx_sample(point, "slowdown_x", off_ns / on_ns);
    hx_sample(point, "time_us", off_ns / 1e3);
    on_first = !on_first;
  }
  return 0;
}

int exp8_memory_all_on(struct hx_point *point)
{
  return run(point, &grosr_image_exp8_memory_all_on);
}
int exp8_no_magazines(struct hx_point *point)
{
  return run(point, &grosr_image_exp8_no_magazines);
}
int exp8_no_aggregation(struct hx_point *point)
{
  return run(point, &grosr_image_exp8_no_aggregation);
}
int exp8_no_bump(struct hx_point *point)
{
  return run(point, &grosr_image_exp8_no_bump);
}
int exp8_no_tags(struct hx_point *point)
{
  return run(point, &grosr_image_exp8_no_tags);
}
