/* exp1_cuda_record.h - memory that the CUDA baselines' kernels and exp1_cuda_*.c share.
 *
 * One struct in device memory; the host fills it before a launch and fetches it afterwards, both by
 * copies in the stream. The words of the floors are the exception: flag lies in host memory that
 * the device sees, one writer a word. Times are of the device's clock, in ns.
 *
 * Next: exp1_baseline_image.c */
#pragma once

#include <stdint.h>

#define EXP1_FIRE_MAX                                                                              \
  120u                     /* fire-and-forget launches of one execution of a graph (CUDA's limit)  \
                            */
#define EXP1_DEPTH_MAX 16u /* links of a chain of nested launches: below CUDA's 24 levels */
#define EXP1_LINKS_MAX 1024u /* times that a record keeps */
#define EXP1_STOP      UINT64_MAX

struct exp1_record {
  uint64_t begin_ns;
  uint64_t end_ns;
  uint64_t submit_ns; /* device_graph: when the launcher last launched */
  uint64_t next;      /* cdp: tasks done; device_graph: rounds begun */
  uint64_t rounds;    /* device_graph: to do */
  uint64_t window;
  uint64_t error;      /* a launch inside the device failed with this, else 0 */
  uint64_t started_ns; /* device_graph: what the first child read as its first instruction */
  uint64_t exec[EXP1_FIRE_MAX];
  uint64_t trip_ns[EXP1_LINKS_MAX];
  uint64_t start_ns[EXP1_LINKS_MAX];
};

/* flag_floor, in host memory. */
struct exp1_flag {
  uint64_t request __attribute__((aligned(128))); /* host: 1, 2, ... or EXP1_STOP */
  uint64_t answer
      __attribute__((aligned(128))); /* device: the request, or its clock when it saw it */
};

/* l2_floor, in device memory: a line each. */
struct exp1_lines {
  uint32_t ping __attribute__((aligned(128)));
  uint32_t pong __attribute__((aligned(128)));
  uint64_t error __attribute__((aligned(128)));
  uint64_t batch_ns[EXP1_LINKS_MAX]; /* for EXP1_L2_TRIPS round trips */
};
#define EXP1_L2_TRIPS 100u /* a clock that ticks each microsecond errs by 10 ns a trip */

/* replay_grid, in device memory. */
struct exp1_grid {
  uint32_t arrived __attribute__((aligned(128))); /* blocks, over all barriers; host: 0 */
  uint32_t error __attribute__((aligned(128)));   /* the barrier that a block waited for in vain */
  uint32_t blocks;                                /* host, as the next two */
  uint32_t nodes;
  uint32_t is_fan;
};
