/* kernel.h - what a kernel that tasks launch may use: everything a set of kernels includes.
 *
 * A kernel is a function that every block of a grid runs, beside the microkernel. It is C as an op
 * is (device.h); a block has one lane on the CPU and as many as were asked for on a GPU:
 *
 *   #include <grosr/kernel.h>
 *   GR_DEV int32_t scale(const struct gr_grid *grid)
 *   {
 *     float *x = gr_grid_arg_ptr(grid, 0, float);
 *     uint32_t n = (uint32_t)gr_grid_arg_u64(grid, 1), lanes = gr_grid_lanes(grid);
 *     uint32_t step = gr_grid_blocks(grid) * lanes;
 *     for (uint32_t i = gr_grid_block(grid) * lanes + gr_grid_lane(grid); i < n; i += step) {
 *       x[i] *= 2.0f;
 *     }
 *     return GR_OK;
 *   }
 *   #define KERNELS(KERNEL) KERNEL(scale, 256)
 *   GR_KERNELS(example, KERNELS)
 *
 * A file of its own, for on a GPU it is compiled with the device runtime, which would slow an
 * image: grosr-image --rdc. A block may not wait for another block, nor for a task.
 *
 * Where:     gr_grid_block(grid), gr_grid_blocks(grid), gr_grid_lane(grid), gr_grid_lanes(grid)
 * Arguments: gr_grid_arg_u64(grid, i), gr_grid_arg_ptr(grid, i, type); i is 0, 1 or 2
 * Together:  gr_grid_barrier(grid): all lanes of the block
 * Telling:   gr_grid_is_cancelled(grid), gr_grid_round(grid)
 *
 * The value that lane 0 returns counts: negative, and the task fails with the first such; more than
 * 0, and in mode SELF the kernel is run again, as long as the task is not cancelled.
 *
 * Next: launch.h (how it is launched), ../../device/kernel.h. */
#pragma once

#include "device/kernel.h"
