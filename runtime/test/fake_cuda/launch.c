/* launch.c - the fake driver's kernels: one CPU thread per team.
 *
 * A launch checks the grid as a driver would (does it fit at once?) and as the CUDA port's shapes
 * promise it, then starts the image's CPU entry for each team. A run is over when all its threads
 * have ended; they are cancelled asynchronously if a context is destroyed under them, which is why
 * each counts itself out in a cleanup handler. One lock for who replaces a run and who looks at it.
 *
 * Next: absent.c. */
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

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

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

static bool run_is_over(struct kernel_run *const *run)
{
  pthread_mutex_lock(&lock);
  const bool is_over = *run == NULL || gr_load_acquire_gpu_u32(&(*run)->left) == (*run)->teams;
  pthread_mutex_unlock(&lock);
  return is_over;
}

bool context_is_quiet(const struct CUctx_st *context)
{
  return run_is_over(&context->run) && launchers_are_over(context);
}

bool stream_is_quiet(const struct CUstream_st *stream)
{
  return run_is_over(&stream->run) && launcher_is_over(stream);
}

static void run_free(struct kernel_run *run)
{
  for (uint32_t team = 0; run != NULL && team < run->teams; team++) {
    pthread_join(run->thread[team], NULL);
  }
  free(run);
}

void context_end(struct CUctx_st *context, bool must_wait)
{
  launchers_end(context, must_wait);
  if (!context_is_quiet(context) && !must_wait) {
    for (uint32_t team = 0; team < context->run->teams; team++) {
      pthread_cancel(context->run->thread[team]);
    }
  }
  run_free(context->run);
}

/* In place of the one before, which is over. */
static void run_put(struct CUstream_st *stream, struct kernel_run *run)
{
  pthread_mutex_lock(&lock);
  struct kernel_run *before = stream->context->run;
  stream->context->run = run;
  stream->run = run;
  pthread_mutex_unlock(&lock);
  gr_add_acqrel_gpu_u32(&stream->context->launches, 1u);
  run_free(before);
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
  pointer_check("cuOccupancyMaxActiveBlocksPerMultiprocessor", blocks);
  function_check(function);
  if (threads < 1 || threads > 1024) {
    return GR_CU_INVALID_VALUE;
  }
  *blocks = occupancy(threads, shared_bytes);
  return 0;
}

void boot_check(const struct CUfunc_st *function, const struct CUstream_st *stream)
{
  const struct CUctx_st *context = current();
  int limit = 0;
  if (!is_loading_eager()) {
    wrong("a resident kernel while modules load lazily (H1)");
  }
  if (!context->is_mode_asked) {
    wrong("a resident kernel, and nobody has asked how modules load (H1)");
  }
  if (!function->is_touched) {
    wrong("a resident kernel that was not touched before (H1)");
  }
  if (device_attribute(context->device, GR_CU_ATTRIBUTE_KERNEL_EXEC_TIMEOUT, &limit) &&
      limit != 0) {
    wrong("a resident kernel on a GPU with a time limit (H6)");
  }
  if (stream->bytes != 0) {
    wrong("a resident kernel behind work that was not waited for (H2)");
  }
}

unsigned cuLaunchCooperativeKernel(struct CUfunc_st *function, unsigned grid_x, unsigned grid_y,
                                   unsigned grid_z, unsigned block_x, unsigned block_y,
                                   unsigned block_z, unsigned shared_bytes,
                                   struct CUstream_st *stream, void **params)
{
  ENTER(cuLaunchCooperativeKernel, NEED_QUIET);
  stream_check(stream);
  function_check(function);
  pointer_check("cuLaunchCooperativeKernel", params);
  boot_check(function, stream);
  const unsigned threads = block_x * block_y * block_z;
  struct gr_dev *dev = *(struct gr_dev **)params[0];
  int is_cooperative = 0;
  device_attribute(current()->device, GR_CU_ATTRIBUTE_COOPERATIVE_LAUNCH, &is_cooperative);
  if (is_cooperative == 0 || shared_bytes > (unsigned)function->shared_bytes_max) {
    return is_cooperative == 0 ? GR_CU_NOT_SUPPORTED : GR_CU_INVALID_VALUE;
  }
  if (grid_y != 1 || grid_z != 1 || block_z != 1 || threads > 1024 || block_x % 32 != 0 ||
      (block_y > 1 && block_x != 32)) {
    wrong("a grid that the CUDA port does not expect");
  }
  if (grid_x > (unsigned)occupancy((int)threads, shared_bytes) * MULTIPROCESSORS) {
    return GR_CU_COOPERATIVE_LAUNCH_TOO_LARGE;
  }
  if (!object_is_ours(DEVICE_MEMORY, dev, sizeof *dev) || grid_x * block_y < dev->teams ||
      shared_bytes < block_y * GR_CUDA_ROW_BYTES(dev->scratch_bytes)) {
    wrong("a launch that does not suit its struct gr_dev");
  }
  struct kernel_run *run = calloc(1, sizeof *run);
  run->image = function->image;
  run->dev = dev;
  run->incarnation = *(uint32_t *)params[1];
  run->teams = dev->teams;
  run_put(stream, run);
  for (uint32_t team = 0; team < run->teams; team++) {
    struct team_start *start = malloc(sizeof *start);
    *start = (struct team_start){run, team};
    if (pthread_create(&run->thread[team], NULL, team_main, start) != 0) {
      wrong("no thread for a team");
    }
  }
  return 0;
}
