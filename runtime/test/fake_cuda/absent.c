/* absent.c - entry points that the backend does not use; the baselines, which do, need a real GPU.
 *
 * They answer CUDA_ERROR_NOT_SUPPORTED. Before that each is held against the hazards like any
 * other, so a backend that begins to use one is told what is wrong with that, not only that it is
 * missing.
 *
 * Next: fault.c. */
#include "fake_cuda.h"

#define ABSENT(symbol, need, arguments)                                                            \
  unsigned symbol arguments                                                                        \
  {                                                                                                \
    ENTER(symbol, need);                                                                           \
    return GR_CU_NOT_SUPPORTED;                                                                    \
  }
#define ABSENT_ON(symbol, need, arguments, on)                                                     \
  unsigned symbol arguments                                                                        \
  {                                                                                                \
    ENTER(symbol, need);                                                                           \
    stream_check(on);                                                                              \
    return GR_CU_NOT_SUPPORTED;                                                                    \
  }
#pragma GCC diagnostic ignored "-Wunused-parameter"
ABSENT(cuDevicePrimaryCtxRetain, NEED_INIT, (struct CUctx_st * *context, int device))
ABSENT(cuDevicePrimaryCtxRelease_v2, NEED_INIT, (int device))
ABSENT(cuCtxSetCurrent, NEED_INIT, (struct CUctx_st * context))
ABSENT(cuCtxSetLimit, NEED_BOOT, (unsigned limit, size_t value))
ABSENT(cuMemHostAlloc, NEED_BOOT, (void **host, size_t bytes, unsigned flags))
ABSENT(cuMemFreeHost, NEED_QUIET, (void *host))
ABSENT_ON(cuStreamSynchronize, NEED_QUIET, (struct CUstream_st * stream), stream)
ABSENT(cuEventCreate, NEED_BOOT, (struct CUevent_st * *event, unsigned flags))
ABSENT(cuEventDestroy_v2, NEED_QUIET, (struct CUevent_st * event))
ABSENT_ON(cuEventRecord, NEED_CONTEXT, (struct CUevent_st * event, struct CUstream_st *stream),
          stream)
ABSENT(cuEventQuery, NEED_CONTEXT, (struct CUevent_st * event))
ABSENT(cuEventElapsedTime, NEED_CONTEXT,
       (float *ms, struct CUevent_st *start, struct CUevent_st *end))
ABSENT_ON(cuLaunchKernelEx, NEED_QUIET,
          (const struct gr_cu_launch_config *config, struct CUfunc_st *function, void **params,
           void **extra),
          config->stream)
