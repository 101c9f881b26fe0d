/* port_kernel.h - a launched kernel's lanes, and what GR_KERNELS makes of a list of kernels.
 *
 *   gr_grid_lane(grid), gr_grid_lanes(grid)   of the block; one lane on cpu and sim
 *   gr_grid_barrier(grid)                     whole block, converged; orders its memory accesses
 *   GR_KERNELS(name, LIST)
 *
 * Included by device/kernel.h alone. Next: port_cuda_launcher.h, ../host/launcher.c. */
#pragma once

#if defined(__CUDACC__)
#include "port/port_cuda_launcher.h"
#else

#define gr_grid_lane(grid)    ((void)(grid), 0u)
#define gr_grid_lanes(grid)   ((void)(grid), 1u)
#define gr_grid_barrier(grid) ((void)(grid))

#define GR_KERNEL_ROW(kernel, threads) {#kernel, (threads), kernel},
#define GR_KERNELS(set, LIST)                                                                      \
  static const struct grosr_kernel gr_kernels_of_##set[] = {LIST(GR_KERNEL_ROW)};                  \
  extern const unsigned char grosr_fatbin_kernels_##set[] __attribute__((weak));                   \
  extern const unsigned char grosr_fatbin_kernels_##set##_end[] __attribute__((weak));             \
  extern const struct grosr_kernels grosr_kernels_##set;                                           \
  const struct grosr_kernels grosr_kernels_##set = {                                               \
      .abi = GR_ABI_VERSION,                                                                       \
      .count = (uint32_t)(sizeof gr_kernels_of_##set / sizeof gr_kernels_of_##set[0]),             \
      .name = #set,                                                                                \
      .kernel = gr_kernels_of_##set,                                                               \
      .fatbin = grosr_fatbin_kernels_##set,                                                        \
      .fatbin_end = grosr_fatbin_kernels_##set##_end,                                              \
  };
#endif
