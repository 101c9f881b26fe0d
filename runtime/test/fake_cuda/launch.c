/* launch.c - the fake driver's kernels: one CPU thread per team, and the calls it does not have.
 *
 * A launch checks the grid as a driver would (does it fit at once?) and as the CUDA port's shapes
 * promise it, then starts the image's CPU entry for each team. A run is over when all its threads
 * have ended; they are cancelled asynchronously if a context is destroyed under them, which is why
 * each counts itself out in a cleanup handler.
 *
 * Next: objects.c. */
#include <pthread.h>
#include <stdlib.h>

#include "fake_cuda.h"
#include "port/port_cuda_shape.h"

struct kernel_run {
  const struct grosr_image *image;
  struct gr_dev *dev;
  uint32_t incarnation;
  uint32_t teams;
  gr_au32 left; /* threads that have ended; atomic */
  pthread_t thread[GR_TEAMS_MAX];
};
struct team_start {
  struct kernel_run *run;
  uint32_t team;
};

/* ---- kernels ---- */
static void team_left(void *argument)
{
  gr_add_acqrel_gpu_u32(&((struct kernel_run *)argument)->left, 1u);
}

static GR_CPU_UNWINDS void *team_main(void *argument)
{
  const struct team_start start = *(struct team_start *)argument;
  free(argument);
  pthread_cleanup_push(team_left, start.run);
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  start.run->image->cpu_main(start.run->dev, start.team, start.run->incarnation);
  pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
  pthread_cleanup_pop(1);
  return NULL;
}

bool run_is_over(const struct kernel_run *run)
{
  return run == NULL || gr_load_acquire_gpu_u32(&run->left) == run->teams;
}

void run_cancel(struct kernel_run *run)
{
  for (uint32_t team = 0; team < run->teams; team++) {
    pthread_cancel(run->thread[team]);
  }
}

void run_free(struct kernel_run *run)
{
  for (uint32_t team = 0; run != NULL && team < run->teams; team++) {
    pthread_join(run->thread[team], NULL);
  }
  free(run);
}

/* ---- launch ---- */
/* As on an H200: 2048 threads, 32 blocks, 227 KiB, 65536 registers of 64 a lane. */
static int occupancy(int threads, size_t shared_bytes)
{
  int blocks = 1024 / threads < 32 ? 1024 / threads : 32;
  const size_t by_shared = 233472u / (shared_bytes + 1024u);
  return (size_t)blocks < by_shared ? blocks : (int)by_shared;
}

unsigned cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, struct CUfunc_st *function,
                                                     int threads, size_t shared_bytes)
{
  ENTER(cuOccupancyMaxActiveBlocksPerMultiprocessor, NEED_CONTEXT);
  (void)function;
  *blocks = occupancy(threads, shared_bytes);
  return 0;
}

unsigned cuLaunchCooperativeKernel(struct CUfunc_st *function, unsigned grid_x, unsigned grid_y,
                                   unsigned grid_z, unsigned block_x, unsigned block_y,
                                   unsigned block_z, unsigned shared_bytes,
                                   struct CUstream_st *stream, void **params)
{
  ENTER(cuLaunchCooperativeKernel, NEED_QUIET);
  stream_check(stream);
  const unsigned threads = block_x * block_y * block_z;
  struct gr_dev *dev = *(struct gr_dev **)params[0];
  if (grid_y != 1 || grid_z != 1 || block_z != 1 || threads > 1024 || block_x % 32 != 0 ||
      (block_y > 1 && block_x != 32)) {
    wrong("a grid that the CUDA port does not expect");
  }
  if (grid_x > (unsigned)occupancy((int)threads, shared_bytes) * MULTIPROCESSORS) {
    return GR_CU_COOPERATIVE_LAUNCH_TOO_LARGE;
  }
  if (!object_holds(DEVICE_MEMORY, dev, sizeof *dev) || grid_x * block_y < dev->teams ||
      shared_bytes < block_y * GR_CUDA_ROW_BYTES(dev->scratch_bytes)) {
    wrong("a launch that does not suit its struct gr_dev");
  }
  run_free(stream->context->run);
  struct kernel_run *run = calloc(1, sizeof *run);
  run->image = function->image;
  run->dev = dev;
  run->incarnation = *(uint32_t *)params[1];
  run->teams = dev->teams;
  stream->context->run = run;
  stream->run = run;
  for (uint32_t team = 0; team < run->teams; team++) {
    struct team_start *start = malloc(sizeof *start);
    *start = (struct team_start){run, team};
    if (pthread_create(&run->thread[team], NULL, team_main, start) != 0) {
      wrong("no thread for a team");
    }
  }
  return 0;
}

/* ---- not of the backend: the baselines need a real GPU ---- */
#define UNSUPPORTED(symbol, arguments)                                                             \
  unsigned symbol arguments                                                                        \
  {                                                                                                \
    return GR_CU_NOT_SUPPORTED;                                                                    \
  }
#pragma GCC diagnostic ignored "-Wunused-parameter"
UNSUPPORTED(cuDevicePrimaryCtxRetain, (struct CUctx_st * *context, int device))
UNSUPPORTED(cuDevicePrimaryCtxRelease_v2, (int device))
UNSUPPORTED(cuCtxSetCurrent, (struct CUctx_st * context))
UNSUPPORTED(cuCtxSetLimit, (unsigned limit, size_t value))
UNSUPPORTED(cuMemHostAlloc, (void **host, size_t bytes, unsigned flags))
UNSUPPORTED(cuMemFreeHost, (void *host))
UNSUPPORTED(cuStreamSynchronize, (struct CUstream_st * stream))
UNSUPPORTED(cuEventCreate, (struct CUevent_st * *event, unsigned flags))
UNSUPPORTED(cuEventDestroy_v2, (struct CUevent_st * event))
UNSUPPORTED(cuEventRecord, (struct CUevent_st * event, struct CUstream_st *stream))
UNSUPPORTED(cuEventQuery, (struct CUevent_st * event))
UNSUPPORTED(cuEventElapsedTime, (float *ms, struct CUevent_st *start, struct CUevent_st *end))
UNSUPPORTED(cuLaunchKernel,
            (struct CUfunc_st * function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
             unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
             struct CUstream_st *stream, void **params, void **extra))
UNSUPPORTED(cuLaunchKernelEx, (const struct gr_cu_launch_config *config, struct CUfunc_st *function,
                               void **params, void **extra))
UNSUPPORTED(cuGraphCreate, (struct CUgraph_st * *graph, unsigned flags))
UNSUPPORTED(cuGraphAddKernelNode_v2,
            (struct CUgraphNode_st * *node, struct CUgraph_st *graph,
             struct CUgraphNode_st *const *dependencies, size_t dependency_count,
             const struct gr_cu_kernel_node *params))
UNSUPPORTED(cuGraphInstantiateWithFlags,
            (struct CUgraphExec_st * *exec, struct CUgraph_st *graph, unsigned long long flags))
UNSUPPORTED(cuGraphUpload, (struct CUgraphExec_st * exec, struct CUstream_st *stream))
UNSUPPORTED(cuGraphLaunch, (struct CUgraphExec_st * exec, struct CUstream_st *stream))
UNSUPPORTED(cuGraphExecDestroy, (struct CUgraphExec_st * exec))
UNSUPPORTED(cuGraphDestroy, (struct CUgraph_st * graph))
