/* test_kernels.c - the kernels of test_device_launch.c. Argument 0 is the address of words in
 * shared memory. Compiled as test_image.c is; with the device runtime on a GPU.
 * Next: test_launch_image.c (the ops that launch them). */
#include <grosr/kernel.h>

/* words[arg 1 + block] += 1. */
GR_DEV int32_t mark(const struct gr_grid *grid)
{
  uint64_t *words = gr_grid_arg_ptr(grid, 0, uint64_t);
  if (gr_grid_lane(grid) == 0u) {
    words[gr_grid_arg_u64(grid, 1) + gr_grid_block(grid)] += 1u;
  }
  return GR_OK;
}

/* words[0] += blocks; block arg 1 fails with -7. */
GR_DEV int32_t fails(const struct gr_grid *grid)
{
  if (gr_grid_lane(grid) == 0u) {
    gr_add_relaxed_gpu_u32(gr_grid_arg_ptr(grid, 0, gr_au32), 1u);
  }
  return gr_grid_block(grid) == gr_grid_arg_u64(grid, 1) ? -7 : GR_OK;
}

/* words[block] becomes round + 1; again, until there were arg 1 rounds. */
GR_DEV int32_t rounds(const struct gr_grid *grid)
{
  uint64_t *words = gr_grid_arg_ptr(grid, 0, uint64_t);
  const uint32_t round = gr_grid_round(grid);
  if (gr_grid_lane(grid) == 0u) {
    if (words[gr_grid_block(grid)] != round) {
      return -1; /* the round before was not seen, or not whole */
    }
    words[gr_grid_block(grid)] = round + 1u;
  }
  return round + 1u < gr_grid_arg_u64(grid, 1) ? 1 : GR_OK;
}

/* Says so in words[1], then waits until words[0] is not 0, or it is cancelled. */
GR_DEV int32_t waits(const struct gr_grid *grid)
{
  gr_au64 *words = gr_grid_arg_ptr(grid, 0, gr_au64);
  int32_t result = GR_OK;
  if (gr_grid_lane(grid) == 0u) {
    gr_store_relaxed_sys_u64(&words[1], 1u);
    while (gr_load_acquire_sys_u64(&words[0]) == 0u && result == GR_OK) {
      gr_nap(1000u);
      result = gr_grid_is_cancelled(grid) ? (int32_t)GR_E_CANCELED : (int32_t)GR_OK;
    }
  }
  return result;
}

/* Runs for arg 1 ns, whatever happens. */
GR_DEV int32_t insists(const struct gr_grid *grid)
{
  const uint64_t end_ns = gr_clock_ns() + gr_grid_arg_u64(grid, 1);
  while (gr_clock_ns() < end_ns) {
    gr_pause();
  }
  return GR_OK;
}

/* words[block] = sum of 0 ... arg 1 - 1, by all lanes of the block. */
GR_DEV int32_t sums(const struct gr_grid *grid)
{
  gr_au64 *word = gr_grid_arg_ptr(grid, 0, gr_au64) + gr_grid_block(grid);
  uint64_t sum = 0u;
  for (uint64_t i = gr_grid_lane(grid); i < gr_grid_arg_u64(grid, 1); i += gr_grid_lanes(grid)) {
    sum += i;
  }
  gr_add_relaxed_gpu_u64(word, sum);
  gr_grid_barrier(grid);
  return GR_OK;
}

#define TEST_KERNELS(KERNEL)                                                                       \
  KERNEL(mark, 64) KERNEL(fails, 32) KERNEL(rounds, 32) KERNEL(waits, 32) KERNEL(insists, 32)      \
      KERNEL(sums, 256)
GR_KERNELS(test, TEST_KERNELS)
