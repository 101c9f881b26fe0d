/* exp1_cuda_floor.c - what a GPU can do at best: flag_floor and l2_floor; and comparing two clocks.
 *
 *   host                              device, one thread
 *   flag->request = n     ------->    polls request (PCIe read)
 *   polls flag->answer    <-------    flag->answer = n, or its clock (posted write)
 *
 * word      writer   order: why
 * request   host     release/acquire sys
 * answer    device   release/acquire sys: one word is the whole message
 *
 * l2_floor is the same between two blocks through the L2 cache, timed by the device. Each has a
 * word in flight, no payload, no queue: nothing that dispatches work can be faster.
 *
 * Next: exp1_cuda_stream.c */
#include "exp1_cuda.h"

#include <grosr/device.h>

#include <errno.h>
#include <string.h>

#define CLOCK_TRIPS 200u /* of about 2 us each */
#define L2_BATCHES  500u

int exp1_cuda_flag_start(struct exp1_cuda *gpu, bool timed)
{
  uint64_t is_timed = timed;
  void *params[] = {&gpu->flag_device, &is_timed};
  memset(gpu->flag, 0, sizeof(*gpu->flag));
  return exp1_cuda_launch(gpu, gpu->flag_loop, 1, 1, params);
}

int exp1_cuda_flag_stop(struct exp1_cuda *gpu)
{
  gr_store_release_sys_u64((gr_au64 *)&gpu->flag->request, EXP1_STOP);
  return exp1_cuda_wait(gpu);
}

uint64_t exp1_cuda_ask(struct exp1_cuda *gpu, uint64_t request)
{
  const uint64_t before = gr_load_acquire_sys_u64((gr_au64 *)&gpu->flag->answer);
  gr_store_release_sys_u64((gr_au64 *)&gpu->flag->request, request);
  for (uint64_t spins = 0; spins < EXP1_SPINS_MAX; spins++) {
    const uint64_t answer = gr_load_acquire_sys_u64((gr_au64 *)&gpu->flag->answer);
    if (answer != before) {
      return answer;
    }
  }
  return 0;
}

int exp1_cuda_clock(void *state, int64_t *ahead_ns, uint64_t *error_ns)
{
  struct exp1_cuda *gpu = state;
  struct exp1_clock_fit fit = {0};
  int result = exp1_cuda_flag_start(gpu, true);
  if (result < 0) {
    return result;
  }
  for (uint64_t k = 1; k <= CLOCK_TRIPS && result == 0; k++) {
    uint64_t ns[3];
    ns[0] = hx_now_ns();
    ns[1] = exp1_cuda_ask(gpu, k);
    ns[2] = hx_now_ns();
    result = ns[1] == 0u ? -ETIMEDOUT : 0;
    if (k > 1u && result == 0) { /* the first waits for the launch */
      exp1_clock_fit_add(&fit, ns);
    }
  }
  const int stopped = exp1_cuda_flag_stop(gpu);
  exp1_clock_fit_end(&fit, ahead_ns, error_ns);
  return result < 0 ? result : stopped;
}

int exp1_run_flag_floor(struct hx_point *point)
{
  struct exp1_cuda *gpu = NULL;
  int result = exp1_cuda_enter(point, &exp1_cuda()->flag_loop, &gpu);
  if (result < 0) {
    return result;
  }
  result = exp1_cuda_flag_start(gpu, false);
  for (uint64_t k = 1; result == 0 && (k < 200u || hx_more(point, "roundtrip_us")); k++) {
    const uint64_t before_ns = hx_now_ns();
    const uint64_t answer = exp1_cuda_ask(gpu, k);
    const uint64_t after_ns = hx_now_ns();
    if (answer != k) {
      result = hx_fail(point, "request %llu was answered by %llu", (unsigned long long)k,
                       (unsigned long long)answer);
    } else if (k >= 100u) { /* the first ones warm up */
      hx_sample(point, "roundtrip_us", (double)(after_ns - before_ns) / 1e3);
    }
  }
  const int stopped = exp1_cuda_flag_stop(gpu);
  return exp1_cuda_leave(gpu, result < 0 ? result : stopped);
}

/* One launch: its batches become samples, the mean of a batch each. */
static int run_l2(struct exp1_cuda *gpu, bool sampled)
{
  unsigned batches = L2_BATCHES;
  void *params[] = {&gpu->lines_device, &batches};
  memset(gpu->lines, 0, sizeof(*gpu->lines));
  int result = exp1_cuda_to_device(gpu, gpu->lines_device, gpu->lines, sizeof(*gpu->lines));
  if (result < 0) {
    return result;
  }
  const unsigned launched =
      gpu->api->LaunchCooperativeKernel(gpu->l2, 2, 1, 1, 1, 1, 1, 0, gpu->stream, params);
  if (launched != GR_CU_SUCCESS) {
    return gr_cuda_error(launched, "cuLaunchCooperativeKernel");
  }
  result = exp1_cuda_wait(gpu);
  if (result == 0) {
    result = exp1_cuda_to_host(gpu, gpu->lines, gpu->lines_device, sizeof(*gpu->lines));
  }
  if (result < 0) {
    return result;
  }
  if (gpu->lines->error != 0u || gpu->lines->ping != L2_BATCHES * EXP1_L2_TRIPS ||
      gpu->lines->pong != gpu->lines->ping) {
    return hx_fail(gpu->point, "the two blocks lost each other at trip %llu",
                   (unsigned long long)gpu->lines->error);
  }
  for (uint32_t i = 0; sampled && i < batches; i++) {
    hx_sample(gpu->point, "roundtrip_us",
              (double)gpu->lines->batch_ns[i] / (1e3 * (double)EXP1_L2_TRIPS));
  }
  return 0;
}

int exp1_run_l2_floor(struct hx_point *point)
{
  struct exp1_cuda *gpu = NULL;
  int result = exp1_cuda_enter(point, &exp1_cuda()->l2, &gpu);
  if (result < 0) {
    return result;
  }
  hx_note(point, "samples", "each the mean of %u round trips between two blocks", EXP1_L2_TRIPS);
  result = run_l2(gpu, false);
  while (result == 0 && hx_more(point, "roundtrip_us")) {
    result = run_l2(gpu, true);
  }
  return exp1_cuda_leave(gpu, result);
}
