/* exp1_cuda_cdp.c - cdp: kernels launched by kernels (exp1_cdp_image.c), timed by the device.
 *
 * The host starts chains of at most EXP1_DEPTH_MAX nested launches, because CUDA bounds the
 * nesting. A sample of a latency is the mean over one chain's links: a clock that ticks coarsely
 * makes a single one rough. A throughput of many tasks is many chains, queued one behind the other
 * in the stream.
 *
 * Next: exp0_runtime_loop.c */
#include "exp1_cuda.h"

#include <errno.h>
#include <string.h>

#define CHAINS_MAX  64u  /* between two waits */
#define LANES_MAX   256u /* of cdp_spawn: each launches its share of the window */
#define WARM_CHAINS 10u

static int reset_record(struct exp1_cuda *gpu, uint64_t salt, uint64_t window)
{
  memset(gpu->record, 0, sizeof(*gpu->record));
  gpu->record->rounds = salt; /* the c of this sample's bodies */
  gpu->record->window = window;
  return exp1_cuda_to_device(gpu, gpu->record_device, gpu->record, sizeof(*gpu->record));
}

/* Waits, fetches record and results, and checks both. */
static int end_sample(struct exp1_cuda *gpu, uint64_t tasks, uint64_t salt)
{
  int result = exp1_cuda_wait(gpu);
  if (result == 0) {
    result = exp1_cuda_to_host(gpu, gpu->record, gpu->record_device, sizeof(*gpu->record));
  }
  if (result == 0) {
    result = exp1_cuda_fetch(gpu, tasks);
  }
  if (result < 0) {
    return result;
  }
  if (gpu->record->error != 0u) {
    return hx_fail(gpu->point, "device-side launch: CUDA error %llu",
                   (unsigned long long)gpu->record->error);
  }
  return exp1_check(gpu->point, gpu->out, tasks, salt);
}

static int measure_chain(struct exp1_cuda *gpu, const char *metric, struct CUfunc_st *function,
                         const uint64_t *link_ns)
{
  uint64_t salt = hx_seed(gpu->point);
  int result = 0;
  for (uint32_t n = 0; result == 0 && (n < WARM_CHAINS || hx_more(gpu->point, metric)); n++) {
    unsigned link = 0;
    uint64_t then_ns = 0;
    void *params[] = {&gpu->record_device, &gpu->out_device, &link, &then_ns};
    uint64_t sum_ns = 0;
    result = reset_record(gpu, ++salt, 1);
    if (result == 0) {
      result = exp1_cuda_launch(gpu, function, 1, 32, params);
    }
    if (result == 0) {
      result = end_sample(gpu, EXP1_DEPTH_MAX, salt);
    }
    for (uint32_t i = 0; i < EXP1_DEPTH_MAX; i++) {
      sum_ns += link_ns[i];
    }
    if (result == 0 && n >= WARM_CHAINS) {
      hx_sample(gpu->point, metric, (double)sum_ns / (1e3 * (double)EXP1_DEPTH_MAX));
    }
  }
  return result;
}

/* All tasks once; the device's ns, 0 when it failed. */
static int time_spawn(struct exp1_cuda *gpu, uint64_t tasks, uint64_t window, uint64_t salt,
                      uint64_t *ns)
{
  const unsigned lanes = window >= LANES_MAX ? LANES_MAX : (unsigned)((window + 31u) / 32u * 32u);
  const uint64_t rounds = (tasks + window - 1u) / window;
  const uint64_t chains = rounds / EXP1_DEPTH_MAX + 1u; /* one round more sees the end */
  unsigned depth = 0;
  void *params[] = {&gpu->record_device, &gpu->out_device, &tasks, &depth};
  int result = reset_record(gpu, salt, window);
  for (uint64_t n = 1; n <= chains && result == 0; n++) {
    result = exp1_cuda_launch(gpu, gpu->cdp_spawn, 1, lanes, params);
    if (result == 0 && n % CHAINS_MAX == 0u) {
      result = exp1_cuda_wait(gpu);
    }
  }
  if (result == 0) {
    result = end_sample(gpu, tasks, salt);
  }
  if (result == 0 && (gpu->record->next != tasks || gpu->record->end_ns == 0u)) {
    result =
        hx_fail(gpu->point, "the chains ended at task %llu", (unsigned long long)gpu->record->next);
  }
  *ns = gpu->record->end_ns - gpu->record->begin_ns;
  *ns = *ns == 0u ? 1u : *ns;
  return result;
}

static int measure_spawn(struct exp1_cuda *gpu, uint64_t tasks, uint64_t window)
{
  struct hx_point *point = gpu->point;
  const uint64_t warm = tasks < 1000u ? tasks : 1000u;
  uint64_t salt = hx_seed(point) + 1000000u;
  uint64_t ns = 0;
  int result = time_spawn(gpu, warm, window < warm ? window : warm, ++salt, &ns);
  if (result == 0 && exp1_is_too_long(point, tasks, (double)ns / (double)warm)) {
    return 0;
  }
  while (result == 0 && hx_more(point, "throughput_tasks_s")) {
    result = time_spawn(gpu, tasks, window, ++salt, &ns);
    if (result == 0) {
      hx_sample(point, "throughput_tasks_s", (double)tasks * 1e9 / (double)ns);
    }
  }
  return result;
}

int exp1_run_cdp(struct hx_point *point)
{
  struct exp1_cuda *gpu = NULL;
  const uint64_t tasks = exp1_tasks(point);
  const uint64_t window = exp1_window(point);
  int result = exp1_cuda_enter(point, &exp1_cuda()->cdp_spawn, &gpu);
  if (result < 0) {
    return result;
  }
  if (exp1_is_latency_point(point)) {
    result = measure_chain(gpu, "roundtrip_us", gpu->cdp_back, gpu->record->trip_ns);
    if (result == 0) {
      result = measure_chain(gpu, "start_latency_us", gpu->cdp_hop, gpu->record->start_ns);
    }
  }
  result = result < 0 || tasks == 0u ? result : measure_spawn(gpu, tasks, window);
  return exp1_cuda_leave(gpu, result);
}
