/* exp3_cuda.c - see exp3_cuda.h. One thread of the host allocates and frees device memory; no
 * kernel runs meanwhile. The pool of the stream-ordered calls keeps what is freed (its release
 * threshold is set to all), or they would pay for the driver's trimming at each synchronisation.
 *
 * Checked: every allocation of an interval gets a number written by a copy, which is read back
 * before it is freed; in `pairs`, outside the timed intervals. Has not run on a GPU yet. Next:
 * exp3_space.c */
#include "exp3_cuda.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <grosr/grosr.h>

#include "host/cuda_driver.h"

#define OBJECTS           4096u /* of a batch */
#define OBJECTS_SMOKE     256u
#define LIVE_BYTES        (8ull << 30)
#define RELEASE_THRESHOLD 4u /* CU_MEMPOOL_ATTR_RELEASE_THRESHOLD */

typedef unsigned long long device_pointer;

struct host_gpu {
  const struct gr_cuda_driver *api;
  struct CUctx_st *context;
  struct CUstream_st *stream;
  int is_async;
  unsigned (*alloc_async)(device_pointer *, size_t, struct CUstream_st *);
  unsigned (*free_async)(device_pointer, struct CUstream_st *);
  device_pointer *object;
};

/* The entry points that only this file needs. */
static int find_async(struct host_gpu *gpu, int device)
{
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  unsigned (*pool_of)(void **, int) = NULL;
  unsigned (*set)(void *, unsigned, void *) = NULL;
  unsigned long long all = ~0ull;
  void *pool = NULL;
  void *const found[] = {
      library != NULL ? dlsym(library, "cuMemAllocAsync") : NULL,
      library != NULL ? dlsym(library, "cuMemFreeAsync") : NULL,
      library != NULL ? dlsym(library, "cuDeviceGetDefaultMemPool") : NULL,
      library != NULL ? dlsym(library, "cuMemPoolSetAttribute") : NULL,
  };
  memcpy(&gpu->alloc_async, &found[0], sizeof(found[0]));
  memcpy(&gpu->free_async, &found[1], sizeof(found[1]));
  memcpy(&pool_of, &found[2], sizeof(found[2]));
  memcpy(&set, &found[3], sizeof(found[3]));
  return found[0] != NULL && found[1] != NULL && pool_of != NULL && set != NULL &&
                 pool_of(&pool, device) == GR_CU_SUCCESS &&
                 set(pool, RELEASE_THRESHOLD, &all) == GR_CU_SUCCESS
             ? 0
             : -1;
}

static int open_gpu(struct hx_point *point, struct host_gpu *gpu)
{
  const char *colon = strchr(hx_device(point), ':');
  int device = 0;
  if (gr_cuda_driver_open(&gpu->api) < 0) {
    return hx_unmet(point, "%s", grosr_last_error());
  }
  unsigned result = gpu->api->DeviceGet(&device, colon == NULL ? 0 : atoi(colon + 1));
  if (result == GR_CU_SUCCESS) {
    result = gpu->api->CtxCreate(&gpu->context, GR_CU_CTX_SCHED_SPIN, device);
  }
  if (result == GR_CU_SUCCESS) {
    result = gpu->api->StreamCreate(&gpu->stream, GR_CU_STREAM_NON_BLOCKING);
  }
  if (result != GR_CU_SUCCESS) {
    gr_cuda_error(result, "cuCtxCreate");
    return hx_fail(point, "%s", grosr_last_error());
  }
  gpu->object = calloc(OBJECTS, sizeof(*gpu->object));
  if (gpu->object == NULL) {
    return hx_fail(point, "no memory for a table of %u pointers", OBJECTS);
  }
  if (gpu->is_async && find_async(gpu, device) < 0) {
    return hx_unmet(point, "this driver has no stream-ordered allocation");
  }
  return 0;
}

static int close_gpu(struct host_gpu *gpu, int result)
{
  free(gpu->object);
  if (gpu->context != NULL) {
    gpu->api->CtxDestroy(gpu->context);
  }
  return result;
}

static unsigned take(struct host_gpu *gpu, size_t i, size_t bytes)
{
  return gpu->is_async ? gpu->alloc_async(&gpu->object[i], bytes, gpu->stream)
                       : gpu->api->MemAlloc(&gpu->object[i], bytes);
}
static unsigned give(struct host_gpu *gpu, size_t i)
{
  return gpu->is_async ? gpu->free_async(gpu->object[i], gpu->stream)
                       : gpu->api->MemFree(gpu->object[i]);
}
static unsigned settle(struct host_gpu *gpu)
{
  return gpu->is_async ? gpu->api->StreamSynchronize(gpu->stream) : GR_CU_SUCCESS;
}

/* Each object keeps a number of its own while all are live. */
static int check(struct hx_point *point, struct host_gpu *gpu, size_t count)
{
  unsigned result = GR_CU_SUCCESS;
  for (unsigned i = 0; i < count && result == GR_CU_SUCCESS; i++) {
    result = gpu->api->MemcpyHtoDAsync(gpu->object[i], &i, sizeof(i), gpu->stream);
    result = result == GR_CU_SUCCESS ? gpu->api->StreamSynchronize(gpu->stream) : result;
  }
  for (unsigned i = 0; i < count && result == GR_CU_SUCCESS; i++) {
    unsigned got = 0;
    result = gpu->api->MemcpyDtoHAsync(&got, gpu->object[i], sizeof(got), gpu->stream);
    result = result == GR_CU_SUCCESS ? gpu->api->StreamSynchronize(gpu->stream) : result;
    if (result == GR_CU_SUCCESS && got != i) {
      return hx_fail(point, "object %u has %u", i, got);
    }
  }
  return result == GR_CU_SUCCESS ? 0 : hx_fail(point, "a copy failed with %u", result);
}

static double cpu_seconds(void)
{
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Sizes as the ops' loads have them: `size`, or at random up to it. */
static size_t size_of(size_t bytes, int is_mixed, uint64_t i)
{
  return is_mixed ? 4u * (1u + (size_t)((i * 2654435761u >> 8) % (bytes / 4u))) : bytes;
}

/* All are allocated, looked at, freed; pairs: one at a time. The times of both, in s. */
static int interval(struct hx_point *point, struct host_gpu *gpu, const char *load, size_t bytes,
                    size_t count, double took[2])
{
  const int is_mixed = strcmp(load, "mixed") == 0, is_pairs = strcmp(load, "pairs") == 0;
  unsigned result = GR_CU_SUCCESS;
  uint64_t begin_ns = hx_now_ns();
  for (size_t i = 0; i < count && result == GR_CU_SUCCESS; i++) {
    result = take(gpu, is_pairs ? 0u : i, size_of(bytes, is_mixed, i));
    if (is_pairs && result == GR_CU_SUCCESS) {
      result = give(gpu, 0u);
    }
  }
  result = result == GR_CU_SUCCESS ? settle(gpu) : result;
  took[0] = (double)(hx_now_ns() - begin_ns) / 1e9;
  took[1] = 0.0;
  if (is_pairs || result != GR_CU_SUCCESS) {
    return result == GR_CU_SUCCESS ? 0 : hx_fail(point, "an allocation failed with %u", result);
  }
  if (check(point, gpu, count) < 0) {
    return -1;
  }
  begin_ns = hx_now_ns();
  for (size_t i = 0; i < count && result == GR_CU_SUCCESS; i++) {
    result = give(gpu, i);
  }
  result = result == GR_CU_SUCCESS ? settle(gpu) : result;
  took[1] = (double)(hx_now_ns() - begin_ns) / 1e9;
  return result == GR_CU_SUCCESS ? 0 : hx_fail(point, "a free failed with %u", result);
}

static int measure(struct hx_point *point, struct host_gpu *gpu, const char *load, size_t bytes)
{
  const size_t most = strcmp(hx_tier(point), "smoke") == 0 ? OBJECTS_SMOKE : OBJECTS;
  const size_t fit = LIVE_BYTES / bytes, count = fit < most ? fit : most;
  double took[2];
  int result = interval(point, gpu, "batch", bytes, 2u, took); /* the first is the driver's own */
  int is_cold = 1;
  while (result == 0 && (is_cold || hx_more(point, "pairs_per_s"))) {
    const double begin_s = cpu_seconds();
    result = interval(point, gpu, load, bytes, count, took);
    const double cpu_s = cpu_seconds() - begin_s, done = (double)count;
    if (result == 0 && took[1] > 0.0) {
      hx_sample(point, is_cold ? "cold_allocs_per_s" : "allocs_per_s", done / took[0]);
      hx_sample(point, is_cold ? "cold_frees_per_s" : "frees_per_s", done / took[1]);
    }
    if (result == 0 && !is_cold) {
      hx_sample(point, "pairs_per_s", done / (took[0] + took[1]));
      hx_sample(point, "cpu_percent", took[1] > 0.0 ? 100.0 : 100.0 * cpu_s / took[0]);
    }
    is_cold = 0;
  }
  return result;
}

static int run(struct hx_point *point, int is_async, const char *load, size_t bytes)
{
  struct host_gpu gpu = {.is_async = is_async};
  if (strcmp(load, "pairs") != 0 && strcmp(load, "batch") != 0 && strcmp(load, "mixed") != 0) {
    return hx_unmet(point, "an op cannot call the host's allocator, so it has no load %s", load);
  }
  const int result = open_gpu(point, &gpu);
  return close_gpu(&gpu, result < 0 ? result : measure(point, &gpu, load, bytes));
}

int exp3_cuda_malloc(struct hx_point *point)
{
  return run(point, 0, hx_factor_text(point, "load"), hx_factor_u64(point, "size"));
}
int exp3_cuda_malloc_async(struct hx_point *point)
{
  return run(point, 1, hx_factor_text(point, "load"), hx_factor_u64(point, "size"));
}
int exp3_cuda_malloc_run(struct hx_point *point)
{
  return run(point, 0, "pairs", hx_factor_u64(point, "run_bytes"));
}
int exp3_cuda_malloc_async_run(struct hx_point *point)
{
  return run(point, 1, "pairs", hx_factor_u64(point, "run_bytes"));
}
