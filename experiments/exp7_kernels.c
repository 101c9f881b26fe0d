/* exp7_kernels.c - the foreground of exp7 as ordinary kernels (exp7_body.h), which run beside the
 * microkernel: on a GPU with a grid of their own, on cpu and sim on a thread.
 *
 * Next: exp7_loads.h */
#include <grosr/kernel.h>

#include "exp7_body.h"

GR_DEV int32_t triad(const struct gr_grid *grid)
{
  exp7_triad(gr_grid_arg_ptr(grid, 0, double), gr_grid_arg_u64(grid, 1), gr_grid_arg_u64(grid, 2),
             gr_grid_block(grid), gr_grid_lane(grid), gr_grid_lanes(grid));
  return GR_OK;
}

GR_DEV int32_t fma_loop(const struct gr_grid *grid)
{
  exp7_fma(gr_grid_arg_ptr(grid, 0, float), gr_grid_arg_u64(grid, 1), gr_grid_arg_u64(grid, 2),
           gr_grid_block(grid), gr_grid_lane(grid), gr_grid_lanes(grid));
  return GR_OK;
}

#define EXP7_KERNELS(KERNEL) KERNEL(triad, 256) KERNEL(fma_loop, 32)
GR_KERNELS(exp7, EXP7_KERNELS)
