/* exp3_load.c - one load of exp3: how much of it, for how long. See exp3_measure.h. Next:
 * exp3_rates.c */
#include <string.h>

#include "exp3_measure.h"

#define LIVE_CPU       (16ull << 20) /* beyond the caches, and soon filled */
#define LIVE_CPU_SMOKE (4ull << 20)
#define LIVE_CUDA      (4ull << 30)
#define LIVE_SIM       (16ull << 10)
#define INTERVAL_NS    4e6 /* long beside a clock, a barrier and a timer tick */
#define INTERVAL_SMOKE 1e6
#define COUNT_FIRST    2000u /* operations of a first look, of each worker */
#define COUNT_SIM      24u
#define COUNT_MOST     4000000.0
#define SAMPLES_SHORT  6u

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
  const double interval_ns = exp3_is_short(exp->point) ? INTERVAL_SMOKE : INTERVAL_NS;
  struct exp3_result out;
  int result = 0;
  if (load->is_apart) {
    exp3_load_set(exp, load);
    return 0;
  }
  load->count = exp3_is_on(exp->point, "sim") ? COUNT_SIM : COUNT_FIRST;
  for (uint32_t turn = 0; turn < 3u && result == 0; turn++) {
    exp3_load_set(exp, load);
    result = exp3_device_run(exp, load->op, &out);
    if (result == 0 && !exp3_is_on(exp->point, "sim") && out.alloc_s > 0.0) {
      const double count = (double)load->count * interval_ns / (out.alloc_s * 1e9);
      load->count = (uint64_t)(count < 64.0 ? 64.0 : count > COUNT_MOST ? COUNT_MOST : count);
    }
  }
  exp3_load_set(exp, load);
  return result;
}

int exp3_more(struct hx_point *point, const char *metric, uint32_t taken)
{
  return hx_more(point, metric) && !(exp3_is_short(point) && taken >= SAMPLES_SHORT);
}
