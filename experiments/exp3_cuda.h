/* exp3_cuda.h - allocation by the host, through the driver: the paper's cudaMalloc, and its
 * stream-ordered sibling. Run on the measuring thread. Next: exp3_cuda.c */
#pragma once

#include "exp_device.h"

/* The heap of malloc in kernels: what the driver sets if nobody asks, and no running kernel's can
 * be changed. */
#define EXP3_DEVICE_HEAP_BYTES (8ull << 20)

int exp3_cuda_malloc(struct hx_point *point);
int exp3_cuda_malloc_async(struct hx_point *point);
int exp3_cuda_malloc_run(struct hx_point *point);
int exp3_cuda_malloc_async_run(struct hx_point *point);
