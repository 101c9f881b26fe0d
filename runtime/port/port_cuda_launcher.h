/* port_cuda_launcher.h - a GPU's launchers, and what GR_KERNELS makes under nvcc.
 *
 * Two kernels of one lane each, resident beside the microkernel; the host starts them when that
 * runs (host/backend_cuda_launch.c). Neither is the microkernel, because a kernel that was launched
 * cooperatively may not use dynamic parallelism, and because only kernels of a graph may launch
 * graphs. Sources: CUDA Programming Guide 13, 4.2.6 (device graph launch) and 4.18 (dynamic
 * parallelism); cuda.h, cuLaunchCooperativeKernel and cuGraphInstantiate.
 *
 * gr_launcher_fire     FIRE, TAIL: dynamic parallelism. A child is sure to start only when its
 *                      parent's grid ends, so a *round* launches all that is asked, then itself as
 *                      the last tail launch, and ends. Tail launches start, in order, when the grid
 *                      and its fire-and-forget children are done. So a long child holds up the next
 *                      round. A chain of GR_LAUNCH_DEPTH rounds ends, and the host begins another.
 * gr_launcher_graph    GRAPH, SIBLING, SELF: itself a graph that was made for device launch, it
 *                      launches others from a pool, without ending. One run of it may launch 120;
 *                      after GR_LAUNCH_BUDGET it launches itself to its own tail, which waits for
 *                      children (GRAPH) and not for siblings. One graph runs once at a time, and
 *                      its kernels may not use dynamic parallelism. What it runs for whom, a block
 *                      reads in gr_exec.record: a graph's parameters are fixed.
 *
 * Needs nvcc -rdc and cudadevrt: grosr-image --rdc.
 *
 * Next: port_cuda_launch.h, ../host/backend_cuda_launch.c. */
#pragma once

#if !defined(__CUDACC_RDC__)
#error "kernels that tasks launch are compiled by grosr-image --rdc"
#endif

#include "port/port_cuda_launch.h"

#define gr_grid_lane(grid)    ((void)(grid), gr_lane())
#define gr_grid_lanes(grid)   ((void)(grid), gr_lanes())
#define gr_grid_barrier(grid) ((void)(grid), gr_team_barrier())

typedef int32_t (*gr_kernel_function)(const struct gr_grid *grid);

/* One lane. The blocks of `index` are done with it: its task goes on, or it is run again. */
GR_DEV void gr_cuda_kernel_leave(struct gr_dev *dev, uint32_t index, uint32_t exec, int32_t result)
{
  const uint32_t state = gr_launched_leave(dev, index, result);
  int32_t told = gr_launched_result(dev, index);
  if (state == GR_LAUNCHED_RUNS) {
    return;
  }
  if (state == GR_LAUNCHED_AGAIN) {
    if (gr_graph_tail_self() == 0) {
      return;
    }
    told = GR_E_BUSY; /* nothing else is known to go wrong here */
  }
  if (exec != 0u) {
    gr_store_relaxed_gpu_u32(&dev->launcher->exec[exec - 1u].record, 0u);
  }
  gr_launched_end(dev, index, told);
}

/* What every launched kernel is: the whole grid, shared out over the blocks that there are. */
GR_DEV void gr_cuda_kernel_run(struct gr_dev *dev, uint32_t record, uint32_t exec,
                               gr_kernel_function kernel)
{
  if (exec != 0u) {
    record = gr_load_acquire_gpu_u32(&dev->launcher->exec[exec - 1u].record);
  }
  struct gr_grid grid = {dev, record - 1u, 0u};
  const uint32_t blocks = gr_grid_blocks(&grid);
  int32_t result = GR_OK;
  for (uint32_t block = blockIdx.x; block < blocks; block += gridDim.x) {
    grid.block = block;
    const int32_t answer = kernel(&grid);
    result = answer < 0 || result == GR_OK ? answer : result;
    gr_team_barrier(); /* before the next block, and before lane 0 says that all is done */
  }
  if (gr_lane() == 0u) {
    gr_cuda_kernel_leave(dev, grid.index, exec, result);
  }
}

GR_DEV void gr_cuda_launcher_tell(struct gr_dev *dev, uint32_t which, uint32_t state)
{
  gr_store_relaxed_sys_u32(&dev->boundary->launcher[which], state);
}

/* The children of one round; `launch` launches record index + 1 of a list. Whether any was. */
#define GR_CUDA_ROUND(dev, launch)                                                                 \
  for (uint32_t next = gr_launcher_take((dev)->launcher, 0u); next != 0u;) {                       \
    const uint32_t index = next - 1u;                                                              \
    next = (dev)->launcher->launched[index].next;                                                  \
    did = true;                                                                                    \
    if (gr_launched_is_cancelled((dev), index)) {                                                  \
      gr_launched_end((dev), index, GR_E_CANCELED);                                                \
    } else if (!launch((dev), index)) {                                                            \
      gr_launched_end((dev), index, GR_E_AGAIN); /* the pool of pending launches is full */        \
    }                                                                                              \
  }

/* A free graph of the kernel that has enough blocks for the grid, or the largest: index + 1. */
GR_DEV uint32_t gr_cuda_exec_find(const struct gr_launcher *launcher, uint64_t word)
{
  uint32_t found = 0u;
  for (uint32_t i = 0u; i < launcher->execs; i++) {
    const struct gr_exec *exec = &launcher->exec[i];
    if (exec->kernel == GR_LAUNCH_KERNEL_OF(word) && gr_load_relaxed_gpu_u32(&exec->record) == 0u &&
        (exec->blocks > 1u || GR_LAUNCH_GRID_OF(word) == 1u)) {
      found = i + 1u;
      if ((exec->blocks == 1u) == (GR_LAUNCH_GRID_OF(word) == 1u)) {
        return found;
      }
    }
  }
  return found;
}

/* Launches a graph for record `index`: false, there is none now. */
GR_DEV bool gr_cuda_exec_launch(struct gr_dev *dev, uint32_t index)
{
  struct gr_launcher *launcher = dev->launcher;
  const uint64_t word = launcher->launched[index].task.arg[3];
  const uint32_t found = gr_cuda_exec_find(launcher, word);
  if (found == 0u) {
    return false;
  }
  struct gr_exec *exec = &launcher->exec[found - 1u];
  gr_launched_start(dev, index, exec->blocks);
  gr_store_release_gpu_u32(&exec->record, index + 1u);
  const bool is_child = GR_LAUNCH_MODE_OF(word) == GR_LAUNCH_GRAPH;
  if ((is_child ? gr_graph_fire(exec->handle) : gr_graph_sibling(exec->handle)) == 0) {
    return true;
  }
  gr_store_relaxed_gpu_u32(&exec->record, 0u); /* it told of its end and still runs: later */
  return false;
}

/* Tries all that wait, oldest first; returns how many graphs were launched, at most `budget`. */
GR_DEV uint32_t gr_cuda_graphs_step(struct gr_dev *dev, uint32_t budget)
{
  struct gr_launcher *launcher = dev->launcher;
  uint32_t *end = &launcher->waiting; /* where the next that has to wait is linked */
  uint32_t launched = 0u;
  while (*end != 0u) {
    end = &launcher->launched[*end - 1u].next;
  }
  *end = gr_launcher_take(launcher, 1u);
  end = &launcher->waiting;
  while (*end != 0u) {
    const uint32_t index = *end - 1u;
    struct gr_launched *record = &launcher->launched[index];
    const uint32_t behind = record->next; /* before it can be anybody else's */
    if (gr_launched_is_cancelled(dev, index)) {
      *end = behind;
      gr_launched_end(dev, index, GR_E_CANCELED);
    } else if (launched < budget && gr_cuda_exec_launch(dev, index)) {
      *end = behind;
      launched++;
    } else if (++record->tries > GR_LAUNCH_TRIES) {
      *end = behind;
      gr_launched_end(dev, index, GR_E_TIMEOUT);
    } else {
      end = &record->next;
    }
  }
  return launched;
}

GR_KERNEL gr_launcher_graph(struct gr_dev *dev)
{
  struct gr_launcher *launcher = dev->launcher;
  uint32_t budget = GR_LAUNCH_BUDGET;
  if (gr_lane() != 0u) {
    return;
  }
  gr_cuda_launcher_tell(dev, 1u, GR_LAUNCHER_RUNS);
  for (;;) {
    const bool is_last = gr_load_relaxed_gpu_u32(&launcher->stop) != 0u; /* of what is asked */
    budget -= gr_cuda_graphs_step(dev, budget);
    if (is_last) {
      gr_cuda_launcher_tell(dev, 1u, GR_LAUNCHER_OVER);
      return;
    }
    if (budget == 0u) {
      if (gr_graph_tail_self() != 0) {
        gr_cuda_launcher_tell(dev, 1u, GR_LAUNCHER_AWAY);
      }
      return;
    }
    __nanosleep(GR_CUDA_SLEEP_NS);
  }
}

#define GR_KERNEL_ENTRY(kernel, threads)                                                           \
  GR_KERNEL __launch_bounds__(threads)                                                             \
      gr_launch_##kernel(struct gr_dev *dev, uint32_t record, uint32_t exec)                       \
  {                                                                                                \
    gr_cuda_kernel_run(dev, record, exec, kernel);                                                 \
  }
#define GR_KERNEL_PLACE(kernel, threads) gr_kernel_place_##kernel,
#define GR_KERNEL_FIRE(kernel, threads)                                                            \
  case gr_kernel_place_##kernel:                                                                   \
    if (GR_LAUNCH_MODE_OF(word) == GR_LAUNCH_TAIL) {                                               \
      GR_CDP_TAIL(gr_launch_##kernel, grid, block != 0u ? block : (threads), dev, index + 1u, 0u); \
    } else {                                                                                       \
      GR_CDP_FIRE(gr_launch_##kernel, grid, block != 0u ? block : (threads), dev, index + 1u, 0u); \
    }                                                                                              \
    break;

#define GR_KERNELS(set, LIST)                                                                      \
  enum { LIST(GR_KERNEL_PLACE) gr_kernel_places };                                                 \
  LIST(GR_KERNEL_ENTRY)                                                                            \
  GR_DEV bool gr_cuda_fire(struct gr_dev *dev, uint32_t index)                                     \
  {                                                                                                \
    const uint64_t word = dev->launcher->launched[index].task.arg[3];                              \
    const uint32_t grid = GR_LAUNCH_GRID_OF(word), block = GR_LAUNCH_BLOCK_OF(word);               \
    gr_launched_start(dev, index, grid);                                                           \
    switch (GR_LAUNCH_KERNEL_OF(word)) {                                                           \
      LIST(GR_KERNEL_FIRE)                                                                         \
    default:                                                                                       \
      return false;                                                                                \
    }                                                                                              \
    return gr_cdp_error() == 0;                                                                    \
  }                                                                                                \
  GR_KERNEL gr_launcher_fire(struct gr_dev *dev, uint32_t depth)                                   \
  {                                                                                                \
    bool did = false;                                                                              \
    if (gr_lane() != 0u) {                                                                         \
      return;                                                                                      \
    }                                                                                              \
    gr_cuda_launcher_tell(dev, 0u, GR_LAUNCHER_RUNS);                                              \
    while (!did) {                                                                                 \
      const bool is_last = gr_load_relaxed_gpu_u32(&dev->launcher->stop) != 0u;                    \
      GR_CUDA_ROUND(dev, gr_cuda_fire)                                                             \
      if (is_last) {                                                                               \
        gr_cuda_launcher_tell(dev, 0u, GR_LAUNCHER_OVER);                                          \
        return;                                                                                    \
      }                                                                                            \
      __nanosleep(GR_CUDA_SLEEP_NS);                                                               \
    }                                                                                              \
    if (depth < GR_LAUNCH_DEPTH) {                                                                 \
      GR_CDP_TAIL(gr_launcher_fire, 1, 32, dev, depth + 1u);                                       \
    }                                                                                              \
    if (depth >= GR_LAUNCH_DEPTH || gr_cdp_error() != 0) {                                         \
      gr_cuda_launcher_tell(dev, 0u, GR_LAUNCHER_AWAY);                                            \
    }                                                                                              \
  }
