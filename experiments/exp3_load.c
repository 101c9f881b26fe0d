/* exp3_load.c - one load of exp3: how much of it, for how long. See exp3_measure.h. Next:
 * exp3_rates.c */
#include <string.h>

#include "exp3_measure.h"

#define LIVE_CPU       (16ull << 20) /* beyond the caches, and soon filled */
#define LIVE_CPU_SMOKE (4ull << 20)
#define LIVE_CUDA      (4ull << 30)
#define LIVE_SIM       (16ull << 10)
/* Long beside a clock's step, and short beside what a scheduler gives others at a time: of many
 * such intervals most are undisturbed even where the machine has other work. */
#define INTERVAL_NS    4e5
#define INTERVAL_CROSS 2e6   /* teams wait for each other: longer */
#define LOOKS          5u    /* to find out how long an operation takes, the shortest counts */
#define COUNT_FIRST    1000u /* operations of such a look, of each worker */
#define COUNT_SIM      24u
#define COUNT_LEAST    64.0
#define COUNT_CROSS    16384.0
#define COUNT_MOST     1000000.0
#define SAMPLES_SHORT  8u
#define SAMPLES_AE     30u

int exp3_is_short(const struct hx_point *point)
{
  return strcmp(hx_tier(point), "smoke") == 0 || exp3_is_on(point, "sim");
}

uint64_t exp3_live_bytes(const struct hx_point *point)
{
  return exp3_is_on(point, "cuda")  ? LIVE_CUDA
         : exp3_is_on(point, "sim") ? LIVE_SIM
         : exp3_is_short(point)     ? LIVE_CPU_SMOKE
                                    : LIVE_CPU;
}

void exp3_load_set(struct exp3 *exp, const struct exp3_load *load)
{
  struct exp3_job *job = exp->job;
  job->bytes = load->bytes;
  job->more = load->more;
  job->count = load->count;
  job->objects = load->objects;
  if (load->occupancy != 0u) {
    const uint64_t all = exp->capacity / load->bytes * load->occupancy / 100u;
    job->objects = all / exp3_workers_of(exp);
    job->objects = job->objects < job->slots ? job->objects : job->slots;
  }
}

int exp3_load_calibrate(struct exp3 *exp, struct exp3_load *load)
{
  struct exp3_result out;
  double least_s = 0.0;
  int result = 0;
  if (!load->is_apart) {
    load->count = exp3_is_on(exp->point, "sim") ? COUNT_SIM : COUNT_FIRST;
  }
  exp3_load_set(exp, load);
  for (uint32_t i = 0; i < (exp3_is_on(exp->point, "sim") ? 1u : LOOKS) && result == 0; i++) {
    result = exp3_device_run(exp, load->op, &out);
    least_s = i == 0u || out.alloc_s < least_s ? out.alloc_s : least_s;
  }
  if (result == 0 && !load->is_apart && !exp3_is_on(exp->point, "sim") && least_s > 0.0) {
    const bool is_cross = strcmp(load->op, "cross") == 0;
    const double interval_ns = is_cross ? INTERVAL_CROSS : INTERVAL_NS;
    const double count = COUNT_FIRST * interval_ns / (least_s * 1e9);
    const double least = is_cross ? COUNT_CROSS : COUNT_LEAST;
    load->count = (uint64_t)(count < least ? least : count > COUNT_MOST ? COUNT_MOST : count);
    exp3_load_set(exp, load);
  }
  return result;
}

int exp3_more(struct hx_point *point, const char *metric, uint32_t taken)
{
  const bool is_paper = strcmp(hx_tier(point), "paper") == 0;
  return hx_more(point, metric) &&
         (is_paper || taken < (exp3_is_short(point) ? SAMPLES_SHORT : SAMPLES_AE));
}
