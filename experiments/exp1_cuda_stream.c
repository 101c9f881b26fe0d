/* exp1_cuda_stream.c - engines of ordinary launches: stream_sync, stream_pipelined, pdl.
 *
 * stream_sync waits after each launch, by a spinning cuStreamSynchronize. stream_pipelined launches
 * a window, then waits. pdl is the same with programmatic dependent launch: each kernel lets the
 * next begin at once and waits for the one before only when it is about to write (both ends are
 * wired).
 *
 * cuStreamSynchronize has no time limit of its own; it waits for kernels of a few instructions.
 *
 * Next: exp1_cuda_graph.c */
#include "exp1_cuda.h"

#include <errno.h>

static int synchronize(struct exp1_cuda *gpu)
{
  const unsigned result = gpu->api->StreamSynchronize(gpu->stream);
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "cuStreamSynchronize");
}

static int launch_body(struct exp1_cuda *gpu, struct CUfunc_st *function, struct exp1_work work)
{
  unsigned long long out = gpu->out_device + work.slot * sizeof(uint64_t);
  void *params[] = {&out, &work.a, &work.b, &work.c};
  return exp1_cuda_launch(gpu, function, 1, 32, params);
}

static int launch_dependent(struct exp1_cuda *gpu, struct exp1_work work)
{
  unsigned long long out = gpu->out_device + work.slot * sizeof(uint64_t);
  void *params[] = {&out, &work.a, &work.b, &work.c};
  struct gr_cu_launch_attribute attribute = {.id = GR_CU_LAUNCH_PROGRAMMATIC, .value = {.on = 1}};
  const struct gr_cu_launch_config config = {
      .grid = {1, 1, 1},
      .block = {32, 1, 1},
      .stream = gpu->stream,
      .attributes = &attribute,
      .attribute_count = 1,
  };
  const unsigned result = gpu->api->LaunchKernelEx(&config, gpu->body_pdl, params, NULL);
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "cuLaunchKernelEx");
}

static int sync_once(void *state, const struct exp1_work *work)
{
  struct exp1_cuda *gpu = state;
  const int result = launch_body(gpu, work->timed ? gpu->body_timed : gpu->body, *work);
  return result < 0 ? result : synchronize(gpu);
}

/* Windows of launches, a synchronize after each. */
static int load_windows(struct exp1_cuda *gpu, const struct exp1_load *load, uint64_t window,
                        bool dependent)
{
  int result = 0;
  for (uint64_t i = 0; i < load->tasks && result == 0;) {
    for (uint64_t k = 0; k < window && i < load->tasks && result == 0; k++, i++) {
      const struct exp1_work work = {i, EXP1_A(i), EXP1_B(i), load->salt, false};
      result = dependent ? launch_dependent(gpu, work) : launch_body(gpu, gpu->body, work);
    }
    result = result < 0 ? result : synchronize(gpu);
  }
  return result;
}

static int sync_load(void *state, const struct exp1_load *load)
{
  return load_windows(state, load, 1, false);
}

static int pipelined_load(void *state, const struct exp1_load *load)
{
  return load_windows(state, load, load->window, false);
}

static int pdl_load(void *state, const struct exp1_load *load)
{
  return load_windows(state, load, load->window, true);
}

int exp1_run_stream_sync(struct hx_point *point)
{
  struct exp1_cuda *gpu = NULL;
  int result = exp1_cuda_enter(point, &exp1_cuda()->body, &gpu);
  if (result < 0) {
    return result;
  }
  const struct exp1_engine engine = {
      .once = sync_once,
      .load = sync_load,
      .state = gpu,
      .out = gpu->out,
      .fetch = exp1_cuda_fetch,
      .no_window = true,
      .clock = exp1_cuda_clock,
  };
  return exp1_cuda_leave(gpu, exp1_measure(point, &engine));
}

static int run_load(struct hx_point *point, struct CUfunc_st *const *need,
                    int (*load)(void *, const struct exp1_load *))
{
  struct exp1_cuda *gpu = NULL;
  int result = exp1_cuda_enter(point, need, &gpu);
  if (result < 0) {
    return result;
  }
  const struct exp1_engine engine = {
      .load = load, .state = gpu, .out = gpu->out, .fetch = exp1_cuda_fetch};
  return exp1_cuda_leave(gpu, exp1_measure(point, &engine));
}

int exp1_run_stream_pipelined(struct hx_point *point)
{
  return run_load(point, &exp1_cuda()->body, pipelined_load);
}

int exp1_probe_pdl(struct hx_point *point)
{
  const int result = exp1_probe_cuda(point);
  if (result == 0 && exp1_cuda()->major < 9) {
    return hx_unmet(point, "programmatic dependent launch needs compute capability 9.0");
  }
  return result;
}

int exp1_run_pdl(struct hx_point *point)
{
  return run_load(point, &exp1_cuda()->body_pdl, pdl_load);
}
