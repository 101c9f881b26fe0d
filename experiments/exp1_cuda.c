/* exp1_cuda.c - see exp1_cuda.h: setting up, and what all CUDA baselines do with the stream.
 *
 * Next: exp1_cuda_stream.c */
#include "exp1_cuda.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <grosr/grosr.h>

#define PENDING_LAUNCHES                                                                           \
  4096u /* of cdp: a window of EXP1_WINDOW_MAX, its tail, and slots not yet freed */

/* Weak: null where the build had no nvcc. */
extern const unsigned char grosr_fatbin_exp1_baseline[] __attribute__((weak));
extern const unsigned char grosr_fatbin_exp1_cdp[] __attribute__((weak));
extern const unsigned char grosr_fatbin_exp1_graph[] __attribute__((weak));

static struct exp1_cuda the_gpu;

struct exp1_cuda *exp1_cuda(void)
{
  return &the_gpu;
}

static int load_image(struct exp1_cuda *gpu, const unsigned char *fatbin, const char *const *name,
                      struct CUfunc_st **const *function)
{
  struct CUmod_st *module = NULL;
  unsigned result = gpu->api->ModuleLoadData(&module, fatbin);
  for (size_t i = 0; result == GR_CU_SUCCESS && name[i] != NULL; i++) {
    result = gpu->api->ModuleGetFunction(function[i], module, name[i]);
  }
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "loading an image of exp1");
}

/* The baselines' image must load; the two that need cudadevrt may be without code for a new GPU. */
static int load_images(struct exp1_cuda *gpu)
{
  static const char *const plain[] = {
      "exp1_body", "exp1_body_timed", "exp1_body_pdl",  "exp1_flag", "exp1_l2",
      "exp1_node", "exp1_node_pdl",   "exp1_node_grid", NULL};
  struct CUfunc_st **const plain_function[] = {
      &gpu->body, &gpu->body_timed, &gpu->body_pdl, &gpu->flag_loop,
      &gpu->l2,   &gpu->node,       &gpu->node_pdl, &gpu->node_grid};
  static const char *const cdp[] = {"cdp_hop", "cdp_back", "cdp_spawn", NULL};
  struct CUfunc_st **const cdp_function[] = {&gpu->cdp_hop, &gpu->cdp_back, &gpu->cdp_spawn};
  static const char *const graph[] = {"graph_body", "graph_relay", NULL};
  struct CUfunc_st **const graph_function[] = {&gpu->graph_body, &gpu->graph_relay};
  const int result = load_image(gpu, grosr_fatbin_exp1_baseline, plain, plain_function);
  if (result == 0) {
    load_image(gpu, grosr_fatbin_exp1_cdp, cdp, cdp_function);
    load_image(gpu, grosr_fatbin_exp1_graph, graph, graph_function);
  }
  return result;
}

static unsigned take_memory(struct exp1_cuda *gpu)
{
  const struct gr_cuda_driver *api = gpu->api;
  const size_t out_bytes = (EXP1_TASKS_MAX + 2u) * sizeof(uint64_t);
  const unsigned locked = GR_CU_HOST_DEVICEMAP;
  unsigned result = api->MemAlloc(&gpu->out_device, out_bytes);
  if (result == GR_CU_SUCCESS) {
    result = api->MemAlloc(&gpu->record_device, sizeof(*gpu->record));
  }
  if (result == GR_CU_SUCCESS) {
    result = api->MemAlloc(&gpu->lines_device, sizeof(*gpu->lines));
  }
  if (result == GR_CU_SUCCESS) {
    result = api->MemHostAlloc((void **)&gpu->out, out_bytes, locked);
  }
  if (result == GR_CU_SUCCESS) {
    result = api->MemHostAlloc((void **)&gpu->record, sizeof(*gpu->record), locked);
  }
  if (result == GR_CU_SUCCESS) {
    result = api->MemHostAlloc((void **)&gpu->lines, sizeof(*gpu->lines), locked);
  }
  if (result == GR_CU_SUCCESS) {
    result = api->MemHostAlloc((void **)&gpu->flag, sizeof(*gpu->flag), locked);
  }
  if (result == GR_CU_SUCCESS) {
    result = api->MemHostGetDevicePointer(&gpu->flag_device, gpu->flag, 0);
  }
  if (result == GR_CU_SUCCESS) {
    result = api->MemsetD8Async(gpu->out_device, 0, out_bytes, gpu->stream);
  }
  return result;
}

static int open_gpu(struct exp1_cuda *gpu, int index)
{
  struct CUctx_st *previous = NULL;
  unsigned result;
  int status = gr_cuda_driver_open(&gpu->api);
  if (status == 0) {
    status = gr_cuda_device_check(gpu->api, index, &gpu->device);
  }
  if (status < 0) {
    return status;
  }
  result =
      gpu->api->CtxCreate(&gpu->context, GR_CU_CTX_SCHED_SPIN | GR_CU_CTX_MAP_HOST, gpu->device);
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_error(result, "cuCtxCreate");
  }
  gpu->api->DeviceGetAttribute(&gpu->major, GR_CU_ATTRIBUTE_CAPABILITY_MAJOR, gpu->device);
  gpu->api->CtxSetLimit(GR_CU_LIMIT_PENDING_LAUNCHES,
                        PENDING_LAUNCHES); /* default 2048 will do too */
  result = gpu->api->StreamCreate(&gpu->stream, GR_CU_STREAM_NON_BLOCKING);
  if (result == GR_CU_SUCCESS) {
    result = take_memory(gpu);
  }
  status = result == GR_CU_SUCCESS ? load_images(gpu) : gr_cuda_error(result, "setting up exp1");
  if (status == 0) {
    status = exp1_cuda_wait(gpu);
  }
  gpu->api->CtxPopCurrent(&previous); /* cuCtxCreate made it current */
  return status;
}

int exp1_probe_cuda(struct hx_point *point)
{
  static bool looked;
  static int status;
  static char sentence[256];
  const char *colon = strchr(hx_device(point), ':');
  if (grosr_fatbin_exp1_baseline == NULL) {
    return hx_unmet(
        point, "built without the cuda images: install nvcc, then configure with -Dgpu=enabled");
  }
  if (!looked) {
    looked = true;
    status = open_gpu(&the_gpu, colon == NULL ? 0 : atoi(colon + 1));
    if (status < 0) {
      strncpy(sentence, grosr_last_error(), sizeof(sentence) - 1u);
    }
  }
  return status == 0 ? 0 : hx_unmet(point, "%s", sentence);
}

int exp1_cuda_enter(struct hx_point *point, struct CUfunc_st *const *need, struct exp1_cuda **out)
{
  if (*need == NULL) {
    return hx_unmet(
        point, "this image has no code for this GPU: build with its capability in -Dgpu_archs");
  }
  const unsigned result = the_gpu.api->CtxPushCurrent(the_gpu.context);
  if (result != GR_CU_SUCCESS) {
    return hx_fail(point, "cuCtxPushCurrent: error %u", result);
  }
  the_gpu.point = point;
  *out = &the_gpu;
  return 0;
}

int exp1_cuda_leave(struct exp1_cuda *gpu, int result)
{
  struct CUctx_st *previous = NULL;
  if (result < 0 &&
      result !=
          -ENOTSUP) { /* the point's first reason stays; this one says what the driver said last */
    hx_fail(gpu->point, "%s: %s", strerror(-result), grosr_last_error());
  }
  gpu->api->CtxPopCurrent(&previous);
  return result;
}

int exp1_cuda_launch(struct exp1_cuda *gpu, struct CUfunc_st *function, unsigned blocks,
                     unsigned threads, void **params)
{
  const unsigned result =
      gpu->api->LaunchKernel(function, blocks, 1, 1, threads, 1, 1, 0, gpu->stream, params, NULL);
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "cuLaunchKernel");
}

int exp1_cuda_wait(struct exp1_cuda *gpu)
{
  const uint64_t until_ns = hx_now_ns() + EXP1_WAIT_NS;
  for (;;) {
    const unsigned result = gpu->api->StreamQuery(gpu->stream);
    if (result != GR_CU_NOT_READY) {
      return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "cuStreamQuery");
    }
    if (hx_now_ns() > until_ns) {
      return -ETIMEDOUT;
    }
  }
}

int exp1_cuda_to_device(struct exp1_cuda *gpu, unsigned long long to, const void *from,
                        size_t bytes)
{
  const unsigned result = gpu->api->MemcpyHtoDAsync(to, from, bytes, gpu->stream);
  return result == GR_CU_SUCCESS ? exp1_cuda_wait(gpu) : gr_cuda_error(result, "cuMemcpyHtoDAsync");
}

int exp1_cuda_to_host(struct exp1_cuda *gpu, void *to, unsigned long long from, size_t bytes)
{
  const unsigned result = gpu->api->MemcpyDtoHAsync(to, from, bytes, gpu->stream);
  return result == GR_CU_SUCCESS ? exp1_cuda_wait(gpu) : gr_cuda_error(result, "cuMemcpyDtoHAsync");
}

int exp1_cuda_fetch(void *state, uint64_t words)
{
  struct exp1_cuda *gpu = state;
  const size_t bytes = words * sizeof(uint64_t);
  const int status = exp1_cuda_to_host(gpu, gpu->out, gpu->out_device, bytes);
  if (status < 0) {
    return status;
  }
  const unsigned result = gpu->api->MemsetD8Async(gpu->out_device, 0, bytes, gpu->stream);
  return result == GR_CU_SUCCESS ? exp1_cuda_wait(gpu) : gr_cuda_error(result, "cuMemsetD8Async");
}
