/* port_cuda_launch.h - plain kernels, and kernels that launch others: the baselines of exp1.
 *
 * Included, after port.h, by images that are measured against the microkernel. They have no team
 * and no struct gr_dev; the host launches them through the driver (host/cuda_driver.h).
 *
 *   GR_KERNEL              a kernel that the host finds by its name
 *   gr_block()             its block; gr_lane() and gr_lanes() are as in a team
 *   gr_pdl_trigger()       programmatic dependent launch: the next kernel may start (sm_90 on)
 *   gr_pdl_wait()          ... and waits here for what the one before it wrote (sm_90 on)
 *
 * Only in images compiled with -rdc (they link cudadevrt, which slows the rest: a file of its own):
 *   GR_CDP_FIRE(kernel, blocks, threads, ...)   a child that may start at once, on its own
 *   GR_CDP_TAIL(kernel, blocks, threads, ...)   one that starts when this grid and its children end
 *   gr_cdp_error()                              what the last launch by this lane said; 0 is good
 *   gr_graph_fire(exec), gr_graph_sibling(exec), gr_graph_tail_self()
 *                                               device-side launch of a graph that the host
 *                                               uploaded; 0 is good
 *
 * Next: ../../experiments/exp1_cdp_image.c. */
#pragma once

#include "port/port.h"

#define GR_KERNEL extern "C" __global__ void

GR_DEV uint32_t gr_block(void)
{
  return blockIdx.x;
}
GR_DEV void gr_pdl_trigger(void)
{
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" : : : "memory");
#endif
}
GR_DEV void gr_pdl_wait(void)
{
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" : : : "memory");
#endif
}

#if defined(__CUDACC_RDC__)
#define GR_CDP_FIRE(kernel, blocks, threads, ...)                                                  \
  kernel<<<(blocks), (threads), 0, cudaStreamFireAndForget>>>(__VA_ARGS__)
#define GR_CDP_TAIL(kernel, blocks, threads, ...)                                                  \
  kernel<<<(blocks), (threads), 0, cudaStreamTailLaunch>>>(__VA_ARGS__)

GR_DEV int32_t gr_cdp_error(void)
{
  return (int32_t)cudaGetLastError();
}
GR_DEV int32_t gr_graph_fire(uint64_t exec)
{
  return (int32_t)cudaGraphLaunch((cudaGraphExec_t)exec, cudaStreamGraphFireAndForget);
}
GR_DEV int32_t gr_graph_sibling(uint64_t exec)
{
  return (int32_t)cudaGraphLaunch((cudaGraphExec_t)exec, cudaStreamGraphFireAndForgetAsSibling);
}
GR_DEV int32_t gr_graph_tail_self(void)
{
  return (int32_t)cudaGraphLaunch(cudaGetCurrentGraphExec(), cudaStreamGraphTailLaunch);
}
#endif
