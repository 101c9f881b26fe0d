/* backend_cuda_launch.c - kernels that tasks launch, on a GPU: their module, the pool of graphs,
 * the launchers, and who begins a launcher's next chain.
 *
 * Called through backend.h: open when there is memory and no microkernel yet (H2), start when that
 * runs, end when it does not any more; then close, by backend_cuda_end.c. The two launchers are
 * kernels of one lane, each on a stream of its own (port/port_cuda_launcher.h says why there are
 * two). One thread, the keeper, looks a few thousand times a second at two words of host memory:
 * a launcher that is *away* has ended its chain of tail launches and is launched again.
 *
 * Graphs are of one kernel each, made for device launch and uploaded here: GR_LAUNCH_EXECS of every
 * kernel and shape. What such a graph runs for whom stands in struct gr_exec.
 *
 * Next: backend_cuda_memory.c. */
#include "host/backend_cuda.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/port.h"
#include "shared/dev.h"

#define KEEPER_NAP_NS 200000u
#define UPLOAD_NS     2000000000u
#define FIRE          0u /* which launcher */
#define GRAPH         1u

struct gr_cuda_kernels {
  struct gr_kernels_of of;
  struct CUmod_st *module;
  struct CUfunc_st *launcher[GR_LAUNCHERS];
  struct CUfunc_st *kernel[GR_KERNELS_MAX];
  struct CUstream_st *stream[GR_LAUNCHERS];
  struct CUgraphExec_st *launcher_exec;
  struct CUgraphExec_st *exec[GR_KERNELS_MAX * GR_LAUNCH_SHAPES * GR_LAUNCH_EXECS];
  struct gr_exec record[GR_KERNELS_MAX * GR_LAUNCH_SHAPES * GR_LAUNCH_EXECS];
  uint32_t execs;
  pthread_t keeper;
  bool keeper_runs;
  gr_au32 keeper_stop;
};

/* ---- open ---- */
static int module_load(struct gr_backend *backend, struct gr_cuda_kernels *k)
{
  const struct gr_cuda_driver *cuda = backend->cuda;
  const struct grosr_kernels *kernels = k->of.kernels;
  static const char *const launchers[] = {"gr_launcher_fire", "gr_launcher_graph"};
  char name[96] = "";
  int touched = 0;
  unsigned result = cuda->ModuleLoadData(&k->module, kernels->fatbin);
  if (result != GR_CU_SUCCESS) {
    return gr_cuda_error(result, "loading the kernels that tasks launch");
  }
  for (uint32_t i = 0; result == GR_CU_SUCCESS && i < GR_LAUNCHERS + kernels->count; i++) {
    struct CUfunc_st **function =
        i < GR_LAUNCHERS ? &k->launcher[i] : &k->kernel[i - GR_LAUNCHERS];
    snprintf(name, sizeof name, "%s%s", i < GR_LAUNCHERS ? launchers[i] : "gr_launch_",
             i < GR_LAUNCHERS ? "" : kernels->kernel[i - GR_LAUNCHERS].name);
    result = cuda->ModuleGetFunction(function, k->module, name);
    if (result == GR_CU_SUCCESS) { /* touched: nothing is loaded later (H1) */
      result = cuda->FuncGetAttribute(&touched, GR_CU_FUNC_REGISTERS, *function);
    }
  }
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, name);
}

/* A graph of one kernel, ready for launches by device and host. */
static int exec_make(struct gr_backend *backend, struct gr_cuda_kernels *k,
                     const struct gr_cu_kernel_node *node, struct CUgraphExec_st **out)
{
  const struct gr_cuda_driver *cuda = backend->cuda;
  struct CUgraph_st *graph = NULL;
  struct CUgraphNode_st *added;
  unsigned result = cuda->GraphCreate(&graph, 0u);
  if (result == GR_CU_SUCCESS) {
    result = cuda->GraphAddKernelNode(&added, graph, NULL, 0, node);
  }
  if (result == GR_CU_SUCCESS) {
    result = cuda->GraphInstantiateWithFlags(out, graph, GR_CU_GRAPH_DEVICE_LAUNCH);
  }
  if (result == GR_CU_SUCCESS) {
    result = cuda->GraphUpload(*out, k->stream[GRAPH]);
  }
  if (result == GR_CU_SUCCESS) {
    result = gr_cuda_drain(backend, k->stream[GRAPH], UPLOAD_NS);
  }
  if (graph != NULL) {
    const unsigned late = cuda->GraphDestroy(graph);
    result = result == GR_CU_SUCCESS ? late : result;
  }
  return result == GR_CU_SUCCESS
             ? 0
             : gr_cuda_error(result, "making a graph that the device can launch");
}

/* The pool: for every kernel a few graphs of one block, and of one for each multiprocessor. */
static int pool_make(struct gr_backend *backend, struct gr_cuda_kernels *k)
{
  int status = 0;
  const uint32_t each = GR_LAUNCH_SHAPES * GR_LAUNCH_EXECS;
  for (uint32_t i = 0; status == 0 && i < k->of.kernels->count * each; i++) {
    const uint32_t kernel = i / each;
    const uint32_t blocks = i % each < GR_LAUNCH_EXECS ? 1u : backend->multiprocessors;
    uint32_t record = 0u, number = i + 1u;
    void *params[] = {&k->of.dev, &record, &number};
    const struct gr_cu_kernel_node node = {
        .function = k->kernel[kernel],
        .grid = {blocks, 1u, 1u},
        .block = {k->of.kernels->kernel[kernel].threads, 1u, 1u},
        .params = params,
    };
    status = exec_make(backend, k, &node, &k->exec[i]);
    k->record[i].kernel = kernel;
    k->record[i].blocks = blocks;
    k->record[i].handle = (uint64_t)(uintptr_t)k->exec[i];
    k->execs = i + 1u;
  }
  void *params[] = {&k->of.dev};
  const struct gr_cu_kernel_node launcher = {.function = k->launcher[GRAPH],
                                             .grid = {1u, 1u, 1u},
                                             .block = {32u, 1u, 1u},
                                             .params = params};
  return status == 0 ? exec_make(backend, k, &launcher, &k->launcher_exec) : status;
}

static int kernels_furnish(struct gr_backend *backend, struct gr_cuda_kernels *k)
{
  int status = module_load(backend, k);
  for (uint32_t i = 0; status == 0 && i < GR_LAUNCHERS; i++) {
    const unsigned result =
        backend->cuda->StreamCreate(&k->stream[i], GR_CU_STREAM_NON_BLOCKING);
    status = result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "cuStreamCreate");
  }
  return status == 0 ? pool_make(backend, k) : status;
}

/* Writes one field of the device's struct gr_launcher. */
#define LAUNCHER_WRITE(backend, k, field, from)                                                    \
  gr_cuda_write((backend),                                                                         \
                (uint64_t)(uintptr_t)(k)->of.launcher + offsetof(struct gr_launcher, field),       \
                (from), sizeof *(from))

int gr_cuda_kernels_open(struct gr_backend *backend, const struct gr_kernels_of *of)
{
  struct gr_piece table;
  if (of->kernels->fatbin == NULL || of->kernels->fatbin == of->kernels->fatbin_end) {
    return gr_error_set(-ENOEXEC,
                        "kernels '%s' were built without nvcc and have no code for GPUs; rebuild "
                        "them with -Dgpu=enabled, or use --device cpu",
                        of->kernels->name);
  }
  struct gr_cuda_kernels *k = calloc(1, sizeof *k);
  if (k == NULL) {
    return gr_error_set(-ENOMEM, "no memory for the launchers of kernels; free some");
  }
  k->of = *of;
  backend->kernels = k;
  int status = gr_cuda_enter(backend);
  if (status == 0) {
    status = gr_cuda_leave(backend, kernels_furnish(backend, k));
  }
  const uint64_t bytes = k->execs * sizeof k->record[0];
  if (status == 0) {
    status = gr_cuda_take(backend, GR_MEMORY_DEVICE, bytes, &table);
  }
  if (status == 0) {
    status = gr_cuda_write(backend, table.device, k->record, bytes);
  }
  if (status == 0) {
    struct gr_exec *const exec = (struct gr_exec *)(uintptr_t)table.device;
    status = LAUNCHER_WRITE(backend, k, exec, &exec);
  }
  return status == 0 ? LAUNCHER_WRITE(backend, k, execs, &k->execs) : status;
}

/* ---- run ---- */
/* Launches one launcher; its context is entered. */
static int launcher_launch(struct gr_backend *backend, uint32_t which)
{
  struct gr_cuda_kernels *k = backend->kernels;
  uint32_t depth = 0u;
  void *params[] = {&k->of.dev, &depth};
  gr_store_relaxed_sys_u32(&k->of.boundary->launcher[which], GR_LAUNCHER_NONE);
  const unsigned result =
      which == FIRE ? backend->cuda->LaunchKernel(k->launcher[FIRE], 1u, 1u, 1u, 32u, 1u, 1u, 0u,
                                                  k->stream[FIRE], params, NULL)
                    : backend->cuda->GraphLaunch(k->launcher_exec, k->stream[GRAPH]);
  return result == GR_CU_SUCCESS ? 0 : gr_cuda_error(result, "starting a launcher of kernels");
}

/* Launches again each launcher that has ended its chain. */
static void keeper_look(struct gr_backend *backend)
{
  struct gr_cuda_kernels *k = backend->kernels;
  for (uint32_t which = 0; which < GR_LAUNCHERS; which++) {
    if (gr_load_relaxed_sys_u32(&k->of.boundary->launcher[which]) == GR_LAUNCHER_AWAY &&
        gr_cuda_enter(backend) == 0) {
      const unsigned result = backend->cuda->StreamQuery(k->stream[which]);
      if (result == GR_CU_SUCCESS && launcher_launch(backend, which) != 0) {
        gr_store_relaxed_gpu_u32(&k->keeper_stop, 1u); /* the watchdog sees what has failed */
      }
      gr_cuda_leave(backend, 0);
    }
  }
}

static void *keeper_main(void *argument)
{
  struct gr_backend *backend = argument;
  while (gr_load_relaxed_gpu_u32(&backend->kernels->keeper_stop) == 0u) {
    keeper_look(backend);
    gr_nap(KEEPER_NAP_NS);
  }
  return NULL;
}

static int launchers_await(struct gr_backend *backend)
{
  struct gr_cuda_kernels *k = backend->kernels;
  const uint64_t deadline_ns = gr_clock_ns() + k->of.boot_ns_max;
  for (uint32_t which = 0; which < GR_LAUNCHERS; which++) {
    while (gr_load_relaxed_sys_u32(&k->of.boundary->launcher[which]) == GR_LAUNCHER_NONE) {
      if (gr_clock_ns() > deadline_ns) {
        return gr_error_set(-ETIMEDOUT,
                            "a launcher of kernels did not start beside the microkernel within "
                            "%.1f s; use fewer teams, so that kernels have room",
                            (double)k->of.boot_ns_max * 1e-9);
      }
      gr_nap(KEEPER_NAP_NS);
    }
  }
  return 0;
}

int gr_cuda_kernels_start(struct gr_backend *backend)
{
  struct gr_cuda_kernels *k = backend->kernels;
  int status = gr_cuda_enter(backend);
  if (status == 0) {
    status = launcher_launch(backend, FIRE);
    status = status == 0 ? launcher_launch(backend, GRAPH) : status;
    status = gr_cuda_leave(backend, status);
  }
  if (status == 0) {
    status = launchers_await(backend);
  }
  if (status == 0) {
    k->keeper_runs = pthread_create(&k->keeper, NULL, keeper_main, backend) == 0;
    status = k->keeper_runs ? 0
                            : gr_error_set(-EAGAIN, "no thread for the launchers of kernels; raise "
                                                    "ulimit -u");
  }
  return status;
}

/* ---- end ---- */
int gr_cuda_kernels_end(struct gr_backend *backend, uint64_t patience_ns)
{
  struct gr_cuda_kernels *k = backend->kernels;
  const uint32_t stop = 1u;
  if (k == NULL) {
    return 0;
  }
  if (k->keeper_runs) {
    gr_store_relaxed_gpu_u32(&k->keeper_stop, 1u);
    pthread_join(k->keeper, NULL);
    k->keeper_runs = false;
  }
  if (backend->context == NULL || k->launcher_exec == NULL) { /* given up, or never started */
    return 0;
  }
  int status = LAUNCHER_WRITE(backend, k, stop, &stop);
  if (status == 0) {
    status = gr_cuda_enter(backend);
  }
  if (status != 0) {
    return status;
  }
  unsigned result = GR_CU_SUCCESS;
  for (uint32_t which = 0; which < GR_LAUNCHERS && result == GR_CU_SUCCESS; which++) {
    result = gr_cuda_drain(backend, k->stream[which], patience_ns);
  }
  if (result != GR_CU_SUCCESS && result != GR_CU_NOT_READY) {
    status = gr_cuda_error(result, "a launched kernel failed");
  }
  status = gr_cuda_leave(backend, status);
  if (result == GR_CU_NOT_READY) {
    const int killed = gr_cuda_kill(backend);
    status = killed < 0 ? killed
                        : gr_error_set(-ETIMEDOUT,
                                       "a launched kernel did not end; it was ended by force");
  }
  return status;
}

bool gr_cuda_kernels_have_ended(struct gr_backend *backend, uint64_t ns_max)
{
  bool have_ended = true;
  for (uint32_t i = 0; i < GR_LAUNCHERS && backend->kernels != NULL; i++) {
    struct CUstream_st *const stream = backend->kernels->stream[i];
    have_ended = have_ended && (stream == NULL ||
                                gr_cuda_drain(backend, stream, ns_max) != GR_CU_NOT_READY);
  }
  return have_ended;
}

void gr_cuda_kernels_close(struct gr_backend *backend, bool has_context)
{
  const struct gr_cuda_driver *cuda = backend->cuda;
  struct gr_cuda_kernels *k = backend->kernels;
  for (uint32_t i = 0; k != NULL && has_context && i < k->execs; i++) {
    if (k->exec[i] != NULL) {
      cuda->GraphExecDestroy(k->exec[i]);
    }
  }
  if (k != NULL && has_context) {
    if (k->launcher_exec != NULL) {
      cuda->GraphExecDestroy(k->launcher_exec);
    }
    for (uint32_t i = 0; i < GR_LAUNCHERS; i++) {
      if (k->stream[i] != NULL) {
        cuda->StreamDestroy(k->stream[i]);
      }
    }
    if (k->module != NULL) {
      cuda->ModuleUnload(k->module);
    }
  }
  free(k);
  backend->kernels = NULL;
}
