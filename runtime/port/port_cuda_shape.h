/* port_cuda_shape.h - how teams are laid out in thread blocks and their shared memory.
 *
 * Included by the CUDA port, which runs the layout, and by the host's CUDA backend, which launches
 * it; plain constants and macros, the same for both.
 *
 *   dynamic shared memory of a block of `rows` teams
 *   | struct gr_team, scratch | struct gr_team, scratch | ...      GR_CUDA_ROW_BYTES each
 *
 * A block is one team wherever that fits: the hardware deals blocks out over the SMs, so few teams
 * have an SM each, and team 0 (ingress) shares its SM with others only when there are more teams
 * than SMs. Only when the SMs are out of block slots (16 to 32 each) are warp teams packed, 2, 4 or
 * 8 to a block.
 *
 * Next: port_cuda.h, ../host/backend_cuda.c. */
#pragma once

#include <stdint.h>

#include "shared/limits.h"

/* Room for a struct gr_team in shared memory; the kernel asserts that it is enough. */
#define GR_CUDA_TEAM_BYTES 3072u
#define GR_CUDA_ROW_ALIGN  64u
#define GR_CUDA_ROW_BYTES(scratch_bytes)                                                           \
  ((GR_CUDA_TEAM_BYTES + (scratch_bytes) + GR_CUDA_ROW_ALIGN - 1u) & ~(GR_CUDA_ROW_ALIGN - 1u))

/* Teams of one warp that may share a block. */
#define GR_CUDA_ROWS_MAX 8u

/* Of one __nanosleep: the instruction's own limit. */
#define GR_CUDA_NAP_NS_MAX 1000000u
/* Nap of a sleeping team between two polls: what a wake-up costs at most, on top of the hop. */
#define GR_CUDA_SLEEP_NS 1000u
