/* kernel.h - a list of functions becomes a set of kernels that tasks may launch.
 *
 *   GR_DEV int32_t blur(const struct gr_grid *grid) { ... return GR_OK; }
 *   #define FILTERS(KERNEL) KERNEL(blur, 256) KERNEL(sum, 1024)
 *   GR_KERNELS(filters, FILTERS)              last line of the file
 *
 * The same line makes, on the C compiler, `const struct grosr_kernels grosr_kernels_filters`, and
 * under nvcc the kernels and their launchers. A kernel's number is its place in the list;
 * GR_KERNEL_IDS(FILTERS) names it for ops that launch: GR_KERNEL_ID(blur).
 *
 * Next: ../port/port_kernel.h, launcher.h. */
#pragma once

#include "device/launcher.h"

#define GR_KERNEL_ID(kernel)           gr_kernel_id_##kernel
#define GR_KERNEL_ID_(kernel, threads) gr_kernel_id_##kernel,
#define GR_KERNEL_IDS(LIST)            enum { LIST(GR_KERNEL_ID_) gr_kernel_ids_end };

/* One block of a launched kernel, as its function sees it. */
struct gr_grid {
  struct gr_dev *dev;
  uint32_t index; /* of its record */
  uint32_t block; /* 0 ... blocks - 1 */
};

/* Any lane. */
GR_DEV uint32_t gr_grid_block(const struct gr_grid *grid)
{
  return grid->block;
}
GR_DEV const struct gr_launched *gr_grid_launched(const struct gr_grid *grid)
{
  return &grid->dev->launcher->launched[grid->index];
}
GR_DEV uint32_t gr_grid_blocks(const struct gr_grid *grid)
{
  return GR_LAUNCH_GRID_OF(gr_grid_launched(grid)->task.arg[3]);
}
/* How often it has been run before for the same task (mode SELF). */
GR_DEV uint32_t gr_grid_round(const struct gr_grid *grid)
{
  return gr_grid_launched(grid)->round;
}
/* Argument word i (0 to 2). */
GR_DEV uint64_t gr_grid_arg_u64(const struct gr_grid *grid, uint32_t i)
{
  return gr_grid_launched(grid)->task.arg[i & 3u];
}
#define gr_grid_arg_ptr(grid, i, type) ((type *)(uintptr_t)gr_grid_arg_u64((grid), (i)))
/* Whether the task was cancelled, its context killed, or the device is being closed. */
GR_DEV bool gr_grid_is_cancelled(const struct gr_grid *grid)
{
  return gr_launched_is_cancelled(grid->dev, grid->index);
}

#include "port/port_kernel.h"
