/* graph.c - the fake driver's graphs and launchers (host/backend_cuda_launch.c).
 *
 * A graph is one kernel. A launcher is a CPU thread which does what port/port_cuda_launcher.h does,
 * by the same functions of device/launcher.h: it takes what is asked, runs the kernels one after
 * another on itself, and tells the host how it stands. That of dynamic parallelism is away after a
 * few rounds, as on a GPU. An exec that is launched by the device must have been instantiated for
 * that and uploaded before boot; those of the pool are looked at, and not run: the kernel's own
 * function is.
 *
 * Next: absent.c. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "device/kernel.h"
#include "fake_cuda.h"

#define ROUNDS_MAX 3u
#define NAP_NS     20000u

struct CUgraph_st {
  struct CUfunc_st *function;
  struct gr_dev *dev;
};
struct CUgraphExec_st {
  struct CUfunc_st *function;
  struct gr_dev *dev;
  bool is_for_device, is_uploaded;
};
struct launcher_run {
  struct gr_dev *dev;
  uint32_t which;
  gr_au32 is_over;
  pthread_t thread;
};

/* ---- graphs ---- */
unsigned cuGraphCreate(struct CUgraph_st **graph, unsigned flags)
{
  ENTER(cuGraphCreate, NEED_BOOT);
  pointer_check("cuGraphCreate", graph);
  struct CUgraph_st *made = calloc(1, sizeof *made);
  object_add(GRAPH, made, sizeof *made);
  *graph = made;
  return flags == 0 ? 0 : GR_CU_INVALID_VALUE;
}

static void graph_check(const struct CUgraph_st *graph)
{
  if (!object_is_ours(GRAPH, graph, sizeof *graph)) {
    wrong("no graph, or another context's");
  }
}

unsigned cuGraphAddKernelNode_v2(struct CUgraphNode_st **node, struct CUgraph_st *graph,
                                 struct CUgraphNode_st *const *dependencies,
                                 size_t dependency_count, const struct gr_cu_kernel_node *params)
{
  (void)dependencies;
  ENTER(cuGraphAddKernelNode_v2, NEED_CONTEXT);
  graph_check(graph);
  function_check(params->function);
  if (dependency_count != 0 || graph->function != NULL || params->grid[0] == 0 ||
      params->block[0] % 32u != 0 || params->block[0] == 0) {
    return GR_CU_INVALID_VALUE;
  }
  graph->function = params->function;
  graph->dev = *(struct gr_dev **)params->params[0];
  *node = (struct CUgraphNode_st *)graph;
  return 0;
}

unsigned cuGraphInstantiateWithFlags(struct CUgraphExec_st **exec, struct CUgraph_st *graph,
                                     unsigned long long flags)
{
  ENTER(cuGraphInstantiateWithFlags, NEED_BOOT);
  graph_check(graph);
  struct CUgraphExec_st *made = calloc(1, sizeof *made);
  made->function = graph->function;
  made->dev = graph->dev;
  made->is_for_device = (flags & GR_CU_GRAPH_DEVICE_LAUNCH) != 0;
  object_add(GRAPH_EXEC, made, sizeof *made);
  *exec = made;
  return 0;
}

static void exec_check(const struct CUgraphExec_st *exec)
{
  if (!object_is_ours(GRAPH_EXEC, exec, sizeof *exec)) {
    wrong("no instantiated graph, or another context's");
  }
}

unsigned cuGraphUpload(struct CUgraphExec_st *exec, struct CUstream_st *stream)
{
  ENTER(cuGraphUpload, NEED_QUIET);
  stream_check(stream);
  exec_check(exec);
  exec->is_uploaded = true;
  return 0;
}

unsigned cuGraphExecDestroy(struct CUgraphExec_st *exec)
{
  ENTER_LATE(cuGraphExecDestroy, NEED_QUIET);
  exec_check(exec);
  object_remove(GRAPH_EXEC, exec);
  free(exec);
  return late;
}

unsigned cuGraphDestroy(struct CUgraph_st *graph)
{
  ENTER_LATE(cuGraphDestroy, NEED_QUIET);
  graph_check(graph);
  object_remove(GRAPH, graph);
  free(graph);
  return late;
}

/* ---- launchers ---- */
static void kernel_run(struct gr_dev *dev, uint32_t index)
{
  const struct gr_launched *launched = &dev->launcher->launched[index];
  const uint64_t word = launched->task.arg[3];
  const struct grosr_kernels *kernels = dlsym(RTLD_DEFAULT, "grosr_kernels_test");
  struct gr_grid grid = {dev, index, 0u};
  uint32_t state = GR_LAUNCHED_AGAIN;
  gr_launched_start(dev, index, 1u);
  while (state == GR_LAUNCHED_AGAIN) {
    int32_t result = GR_OK;
    for (grid.block = 0u; grid.block < GR_LAUNCH_GRID_OF(word) && result >= 0; grid.block++) {
      const int32_t answer = kernels->kernel[GR_LAUNCH_KERNEL_OF(word)].run(&grid);
      result = answer < 0 || result == GR_OK ? answer : result;
    }
    state = gr_launched_leave(dev, index, result);
  }
  gr_launched_end(dev, index, gr_launched_result(dev, index));
}

/* A launch by the device needs a graph that may be launched so, and is there. */
static void pool_check(const struct gr_dev *dev)
{
  for (uint32_t i = 0; i < dev->launcher->execs; i++) {
    const struct gr_exec *exec = &dev->launcher->exec[i];
    const struct CUgraphExec_st *graph = (const struct CUgraphExec_st *)(uintptr_t)exec->handle;
    if (!object_holds(GRAPH_EXEC, graph, sizeof *graph) || !graph->is_for_device ||
        !graph->is_uploaded || exec->blocks == 0 || exec->kernel >= dev->launcher->kernels) {
      wrong("a pool of graphs that the device cannot launch");
    }
  }
  if (dev->launcher->execs == 0) {
    wrong("no pool of graphs");
  }
}

static void launcher_over(void *argument)
{
  struct launcher_run *run = argument;
  gr_store_release_gpu_u32(&run->is_over, 1u);
}

static void launcher_live(struct launcher_run *run)
{
  struct gr_launcher *launcher = run->dev->launcher;
  gr_au32 *state = &run->dev->boundary->launcher[run->which];
  while (number_of("FAKE_CUDA_NO_ROOM", 0) != 0) { /* other kernels fill the GPU */
    gr_nap(NAP_NS);
  }
  gr_store_relaxed_sys_u32(state, GR_LAUNCHER_RUNS);
  for (uint32_t rounds = 0;;) {
    const bool is_last = gr_load_relaxed_gpu_u32(&launcher->stop) != 0u;
    uint32_t next = gr_launcher_take(launcher, run->which);
    rounds += next != 0u ? 1u : 0u;
    while (next != 0u) {
      const uint32_t index = next - 1u;
      next = launcher->launched[index].next;
      if (gr_launched_is_cancelled(run->dev, index)) {
        gr_launched_end(run->dev, index, GR_E_CANCELED);
      } else {
        kernel_run(run->dev, index);
      }
    }
    if (is_last || (run->which == 0 && rounds > ROUNDS_MAX)) {
      gr_store_relaxed_sys_u32(state, is_last ? GR_LAUNCHER_OVER : GR_LAUNCHER_AWAY);
      return;
    }
    gr_nap(NAP_NS);
  }
}

static GR_CPU_UNWINDS void *launcher_main(void *argument)
{
  pthread_cleanup_push(launcher_over, argument);
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  launcher_live(argument);
  pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
  pthread_cleanup_pop(1);
  return NULL;
}

static bool run_is_over(const struct launcher_run *run)
{
  return run == NULL || gr_load_acquire_gpu_u32(&run->is_over) != 0u;
}

bool launchers_are_over(const struct CUctx_st *context)
{
  return run_is_over(context->launcher[0]) && run_is_over(context->launcher[1]);
}

bool launcher_is_over(const struct CUstream_st *stream)
{
  return run_is_over(stream->launcher);
}

void launchers_end(struct CUctx_st *context, bool must_wait)
{
  for (uint32_t i = 0; i < GR_LAUNCHERS; i++) {
    struct launcher_run *run = context->launcher[i];
    if (run != NULL) {
      if (!must_wait && !run_is_over(run)) {
        pthread_cancel(run->thread);
      }
      pthread_join(run->thread, NULL);
      free(run);
    }
    context->launcher[i] = NULL;
  }
}

static unsigned launcher_begin(const struct CUfunc_st *function, struct gr_dev *dev,
                               struct CUstream_st *stream)
{
  const uint32_t which = function->launcher - 1u;
  struct launcher_run *before = stream->context->launcher[which];
  boot_check(function, stream);
  if (!run_is_over(before) || !object_is_ours(DEVICE_MEMORY, dev, sizeof *dev)) {
    wrong("a launcher that runs already, or without a device");
  }
  pool_check(dev);
  if (before != NULL) {
    pthread_join(before->thread, NULL);
    free(before);
  }
  struct launcher_run *run = calloc(1, sizeof *run);
  run->dev = dev;
  run->which = which;
  stream->launcher = stream->context->launcher[which] = run;
  if (pthread_create(&run->thread, NULL, launcher_main, run) != 0) {
    wrong("no thread for a launcher");
  }
  return 0;
}

unsigned cuLaunchKernel(struct CUfunc_st *function, unsigned grid_x, unsigned grid_y,
                        unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,
                        unsigned shared_bytes, struct CUstream_st *stream, void **params,
                        void **extra)
{
  (void)shared_bytes, (void)extra;
  const bool is_launcher = function != NULL &&
                           object_holds(MODULE, function, sizeof *function) &&
                           function->launcher == 1u;
  ENTER(cuLaunchKernel, is_launcher ? NEED_CONTEXT : NEED_QUIET);
  stream_check(stream);
  if (!is_launcher) {
    return GR_CU_NOT_SUPPORTED;
  }
  if (grid_x * grid_y * grid_z != 1u || block_x * block_y * block_z != 32u) {
    wrong("a launcher of more than one warp");
  }
  return launcher_begin(function, *(struct gr_dev **)params[0], stream);
}

unsigned cuGraphLaunch(struct CUgraphExec_st *exec, struct CUstream_st *stream)
{
  const bool is_launcher = exec != NULL && object_holds(GRAPH_EXEC, exec, sizeof *exec) &&
                           exec->function->launcher == 2u;
  ENTER(cuGraphLaunch, is_launcher ? NEED_CONTEXT : NEED_QUIET);
  stream_check(stream);
  if (!is_launcher) {
    return GR_CU_NOT_SUPPORTED;
  }
  if (!exec->is_for_device || !exec->is_uploaded) {
    wrong("a launcher that cannot launch itself, or waits to be uploaded (H2)");
  }
  return launcher_begin(exec->function, exec->dev, stream);
}
