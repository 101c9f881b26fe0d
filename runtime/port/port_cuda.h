/* port_cuda.h - the CUDA port: a team is a row of a two-dimensional thread block.
 *
 *   blockDim.x = lanes of a team (a multiple of 32)      threadIdx.x = gr_lane()
 *   blockDim.y = teams of a block (above 1 only if lanes == 32: a team is then one warp)
 *   team       = blockIdx.x * blockDim.y + threadIdx.y
 *
 * Called by device code compiled by nvcc (-x cu); nothing here runs on the host. Every shared word
 * is in global memory, or in host memory mapped into it, but for those of scope team: addresses are
 * converted to the .global window once, which spares the branch that nvcc's __nv_atomic_* make.
 * All else is one PTX instruction whose order and scope are those of the function's name; the test
 * check_ptx reads them back from the compiler's output. What ptxas makes of them (13.0, sm_80, 90):
 *
 *   PTX                          machine                              cost
 *   ld.relaxed                   LD.STRONG                            one trip
 *   ld.acquire                   LD.STRONG, CCTL.IVALL                one trip; empties the SM's L1
 *   fence.acquire  (sm_90)       CCTL.IVALL                           no trip
 *   st.release                   MEMBAR.ALL, ST.STRONG                waits for our earlier stores
 *   fence.acq_rel                MEMBAR.ALL, CCTL.IVALL               the same, and empties L1
 *   fence.sc                     MEMBAR.SC, CCTL.IVALL                the same, more
 *   atom.acq_rel                 MEMBAR.ALL, ATOM, CCTL.IVALL
 *
 * What it does not promise: anything about lanes of different teams being converged.
 *
 * Next: port_cuda_shape.h (how a team is laid out in a block), ../shared/limits.h. */
#pragma once

#include <assert.h>

#include "port/port_cuda_shape.h"
#include "shared/task.h"

#define GR_DEV       static __device__ __forceinline__
#define GR_DEV_APART static __device__ __noinline__
#define GR_DEV_HOT   GR_DEV
#define GR_DEV_ONCE  GR_DEV_APART

/* The .global address of a shared word. */
GR_DEV uint64_t gr_cuda_global(const void *generic)
{
  return (uint64_t)__cvta_generic_to_global(generic);
}

/* ---- atomics: one instruction each ---- */
#define GR_CUDA_LOAD(order, scope, type, word, reg)                                                \
  GR_DEV type gr_load_##order##_##scope##_u##word(const gr_au##word *a)                            \
  {                                                                                                \
    type value;                                                                                    \
    asm volatile("ld." #order "." #scope ".global.b" #word " %0, [%1];"                            \
                 : "=" reg(value)                                                                  \
                 : "l"(gr_cuda_global(a))                                                          \
                 : "memory");                                                                      \
    return value;                                                                                  \
  }
#define GR_CUDA_STORE(order, scope, type, word, reg)                                               \
  GR_DEV void gr_store_##order##_##scope##_u##word(gr_au##word *a, type value)                     \
  {                                                                                                \
    asm volatile("st." #order "." #scope ".global.b" #word " [%0], %1;"                            \
                 :                                                                                 \
                 : "l"(gr_cuda_global(a)), reg(value)                                              \
                 : "memory");                                                                      \
  }
#define GR_CUDA_RMW(name, ptx, type, word, reg)                                                    \
  GR_DEV type gr_##name##_gpu_u##word(gr_au##word *a, type value)                                  \
  {                                                                                                \
    type before;                                                                                   \
    asm volatile("atom." ptx " %0, [%1], %2;"                                                      \
                 : "=" reg(before)                                                                 \
                 : "l"(gr_cuda_global(a)), reg(value)                                              \
                 : "memory");                                                                      \
    return before;                                                                                 \
  }
#define GR_CUDA_CAS(order, ptx, type, word, reg)                                                   \
  GR_DEV type gr_cas_##order##_gpu_u##word(gr_au##word *a, type expected, type desired)            \
  {                                                                                                \
    type before;                                                                                   \
    asm volatile("atom." #ptx ".gpu.global.cas.b" #word " %0, [%1], %2, %3;"                       \
                 : "=" reg(before)                                                                 \
                 : "l"(gr_cuda_global(a)), reg(expected), reg(desired)                             \
                 : "memory");                                                                      \
    return before;                                                                                 \
  }
#define GR_CUDA_BOTH_WIDTHS(FAMILY, ...)                                                           \
  FAMILY(__VA_ARGS__, uint32_t, 32, "r")                                                           \
  FAMILY(__VA_ARGS__, uint64_t, 64, "l")

GR_CUDA_BOTH_WIDTHS(GR_CUDA_LOAD, relaxed, gpu)
GR_CUDA_BOTH_WIDTHS(GR_CUDA_LOAD, acquire, gpu)
GR_CUDA_BOTH_WIDTHS(GR_CUDA_LOAD, relaxed, sys)
GR_CUDA_BOTH_WIDTHS(GR_CUDA_LOAD, acquire, sys)
GR_CUDA_BOTH_WIDTHS(GR_CUDA_STORE, relaxed, gpu)
GR_CUDA_BOTH_WIDTHS(GR_CUDA_STORE, release, gpu)
GR_CUDA_BOTH_WIDTHS(GR_CUDA_STORE, relaxed, sys)
GR_CUDA_BOTH_WIDTHS(GR_CUDA_STORE, release, sys)
GR_CUDA_RMW(add_relaxed, "relaxed.gpu.global.add.u32", uint32_t, 32, "r")
GR_CUDA_RMW(add_relaxed, "relaxed.gpu.global.add.u64", uint64_t, 64, "l")
GR_CUDA_RMW(add_acqrel, "acq_rel.gpu.global.add.u32", uint32_t, 32, "r")
GR_CUDA_RMW(add_acqrel, "acq_rel.gpu.global.add.u64", uint64_t, 64, "l")
GR_CUDA_RMW(add_release, "release.gpu.global.add.u64", uint64_t, 64, "l")
GR_CUDA_RMW(or_release, "release.gpu.global.or.b64", uint64_t, 64, "l")
GR_CUDA_RMW(or_relaxed, "relaxed.gpu.global.or.b64", uint64_t, 64, "l")
GR_CUDA_RMW(or_acqrel, "acq_rel.gpu.global.or.b64", uint64_t, 64, "l")
GR_CUDA_RMW(or_release, "release.gpu.global.or.b32", uint32_t, 32, "r")
GR_CUDA_RMW(exchange_acquire, "acquire.gpu.global.exch.b32", uint32_t, 32, "r")
GR_CUDA_RMW(exchange_acqrel, "acq_rel.gpu.global.exch.b32", uint32_t, 32, "r")
GR_CUDA_RMW(and_acqrel, "acq_rel.gpu.global.and.b64", uint64_t, 64, "l")
GR_CUDA_RMW(and_relaxed, "relaxed.gpu.global.and.b64", uint64_t, 64, "l")
GR_CUDA_RMW(and_acquire, "acquire.gpu.global.and.b64", uint64_t, 64, "l")
GR_CUDA_BOTH_WIDTHS(GR_CUDA_CAS, relaxed, relaxed)
GR_CUDA_BOTH_WIDTHS(GR_CUDA_CAS, acquire, acquire)
GR_CUDA_BOTH_WIDTHS(GR_CUDA_CAS, release, release)
GR_CUDA_CAS(acqrel, acq_rel, uint64_t, 64, "l")

/* A team's own word: another lane of the team may have written it, so the scope is the block. */
GR_DEV uint32_t gr_load_own_u32(const gr_au32 *a)
{
  uint32_t value;
  asm volatile("ld.relaxed.cta.global.b32 %0, [%1];"
               : "=r"(value)
               : "l"(gr_cuda_global(a))
               : "memory");
  return value;
}
GR_DEV uint64_t gr_load_own_u64(const gr_au64 *a)
{
  uint64_t value;
  asm volatile("ld.relaxed.cta.global.b64 %0, [%1];"
               : "=l"(value)
               : "l"(gr_cuda_global(a))
               : "memory");
  return value;
}

/* Words in struct gr_team, which lies in shared memory: the address stays generic. */
GR_DEV uint64_t gr_load_acquire_team_u64(const gr_au64 *a)
{
  uint64_t value;
  asm volatile("ld.acquire.cta.b64 %0, [%1];" : "=l"(value) : "l"(a) : "memory");
  return value;
}
GR_DEV void gr_store_release_team_u64(gr_au64 *a, uint64_t value)
{
  asm volatile("st.release.cta.b64 [%0], %1;" : : "l"(a), "l"(value) : "memory");
}
GR_DEV uint64_t gr_cas_acqrel_team_u64(gr_au64 *a, uint64_t expected, uint64_t desired)
{
  uint64_t before;
  asm volatile("atom.acq_rel.cta.cas.b64 %0, [%1], %2, %3;"
               : "=l"(before)
               : "l"(a), "l"(expected), "l"(desired)
               : "memory");
  return before;
}

/* ---- chunks ---- */
/* One 128-bit access, which PTX makes a single-copy atomic (.b128, sm_70 on): payload and tag
 * cannot come apart. A poll that fails must be cheap, for idle teams do little else: it should not
 * empty the L1 that an op on the same SM works from. So on sm_90 the load is relaxed, and only a
 * tag that matched is followed by fence.acquire: a strong read, then an acquiring fence, is an
 * acquire pattern (PTX ISA, memory consistency model), and its machine code is that of ld.acquire,
 * cut in two. sm_80 has no fence.acquire; fence.acq_rel would wait for the team's earlier stores,
 * a completion to the host among them (about 1 us over PCIe), so there every poll is ld.acquire. */
#if __CUDA_ARCH__ >= 900
#define GR_CUDA_CHUNK_LOAD        "ld.relaxed."
#define GR_CUDA_CHUNK_SEEN(scope) asm volatile("fence.acquire." #scope ";" : : : "memory")
#else
#define GR_CUDA_CHUNK_LOAD        "ld.acquire."
#define GR_CUDA_CHUNK_SEEN(scope) (void)0
#endif
#define GR_CUDA_CHUNK_TRY_LOAD(scope)                                                              \
  GR_DEV bool gr_chunk_try_load_acquire_##scope(const struct gr_chunk *src, uint32_t tag,          \
                                                struct gr_chunk *out)                              \
  {                                                                                                \
    uint64_t low, high;                                                                            \
    asm volatile("{ .reg .b128 chunk; " GR_CUDA_CHUNK_LOAD #scope ".global.b128 chunk, [%2]; "     \
                 "mov.b128 {%0, %1}, chunk; }"                                                     \
                 : "=l"(low), "=l"(high)                                                           \
                 : "l"(gr_cuda_global(src))                                                        \
                 : "memory");                                                                      \
    out->half[0] = low;                                                                            \
    out->half[1] = high;                                                                           \
    if ((uint32_t)(high >> 32) != tag) {                                                           \
      return false;                                                                                \
    }                                                                                              \
    GR_CUDA_CHUNK_SEEN(scope);                                                                     \
    return true;                                                                                   \
  }
/* Four converged lanes that store four chunks pass the release's MEMBAR as one instruction of their
 * warp, so one fence by the warp and four relaxed stores would cost as much (and empty L1). */
#define GR_CUDA_CHUNK_STORE(order, scope)                                                          \
  GR_DEV void gr_chunk_store_##order##_##scope(struct gr_chunk *dst, const struct gr_chunk *src)   \
  {                                                                                                \
    asm volatile("{ .reg .b128 chunk; mov.b128 chunk, {%1, %2}; "                                  \
                 "st." #order "." #scope ".global.b128 [%0], chunk; }"                             \
                 :                                                                                 \
                 : "l"(gr_cuda_global(dst)), "l"(src->half[0]), "l"(src->half[1])                  \
                 : "memory");                                                                      \
  }
GR_CUDA_CHUNK_TRY_LOAD(gpu)
GR_CUDA_CHUNK_TRY_LOAD(sys)
GR_CUDA_CHUNK_STORE(release, gpu)
GR_CUDA_CHUNK_STORE(release, sys)
GR_CUDA_CHUNK_STORE(relaxed, gpu)

/* ---- lanes ---- */
#define GR_CUDA_WARP     32u
#define GR_CUDA_WARP_ALL 0xffffffffu

GR_DEV uint32_t gr_lane(void)
{
  return threadIdx.x;
}
GR_DEV uint32_t gr_lanes(void)
{
  return blockDim.x;
}
/* Rows are whole warps, so a lane's place in its warp follows from its place in the row. */
GR_DEV uint32_t gr_warp_lane(void)
{
  return threadIdx.x & (GR_CUDA_WARP - 1u);
}
GR_DEV uint32_t gr_warp_lanes(void)
{
  return GR_CUDA_WARP;
}
GR_DEV void gr_warp_barrier(void)
{
  __syncwarp(GR_CUDA_WARP_ALL);
}
/* A team of one warp shares its block with others, or could: it never waits for the block. */
GR_DEV void gr_team_barrier(void)
{
  if (blockDim.x == GR_CUDA_WARP) {
    __syncwarp(GR_CUDA_WARP_ALL);
  } else {
    __syncthreads();
  }
}
GR_DEV uint32_t gr_warp_ballot(bool mine)
{
  return __ballot_sync(GR_CUDA_WARP_ALL, mine);
}
GR_DEV uint32_t gr_warp_shuffle_u32(uint32_t value, uint32_t lane)
{
  return __shfl_sync(GR_CUDA_WARP_ALL, value, (int)lane);
}
GR_DEV uint64_t gr_warp_shuffle_u64(uint64_t value, uint32_t lane)
{
  return __shfl_sync(GR_CUDA_WARP_ALL, (unsigned long long)value, (int)lane);
}
GR_DEV uint64_t gr_warp_shuffle_up_u64(uint64_t value, uint32_t delta)
{
  return __shfl_up_sync(GR_CUDA_WARP_ALL, (unsigned long long)value, delta);
}

#define GR_LISTS 1u /* none: a team is a warp at least */
GR_DEV bool gr_lanes_is_one(void)
{
  return false;
}
/* Lanes that diverged may be here one by one: that costs trips, and is right all the same. */
GR_DEV uint32_t gr_peers_u32(uint32_t key)
{
  return __match_any_sync(__activemask(), key);
}
GR_DEV uint64_t gr_peers_shuffle_u64(uint32_t peers, uint64_t value, uint32_t lane)
{
  const uint64_t all = __shfl_sync(peers, (unsigned long long)value, (int)lane);
  __syncwarp(peers);
  return all;
}
GR_DEV uint32_t gr_peers_or_u32(uint32_t peers, uint32_t value)
{
  const uint32_t all = __reduce_or_sync(peers, value);
  __syncwarp(peers);
  return all;
}

/* ---- bits ---- */
GR_DEV uint32_t gr_bits_highest_u64(uint64_t x)
{
  return 63u - (uint32_t)__clzll((long long)x);
}
GR_DEV uint32_t gr_bits_lowest_u64(uint64_t x)
{
  return (uint32_t)__ffsll((long long)x) - 1u;
}
GR_DEV uint32_t gr_bits_count_u64(uint64_t x)
{
  return (uint32_t)__popcll(x);
}

/* ---- time ---- */
/* The GPU's own clock in ns, one for all SMs; it may advance in steps of up to 1 us. */
GR_DEV uint64_t gr_clock_ns(void)
{
  uint64_t now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now) : : "memory");
  return now;
}
GR_DEV uint64_t gr_clock_ticks(void)
{
  return gr_clock_ns();
}
GR_DEV void gr_prefetch(const void *p)
{
  asm volatile("prefetch.L1 [%0];" : : "l"(p));
}
/* Nothing: the trip of the load that a spin polls with is its pause, and meanwhile the warp's
 * issue slots belong to others. */
GR_DEV void gr_pause(void)
{
}
/* nanosleep takes at most 1 ms and may return early or after twice the time. */
GR_DEV void gr_nap(uint64_t ns)
{
  const uint64_t start = gr_clock_ns();
  for (uint64_t slept = 0u; slept < ns; slept = gr_clock_ns() - start) {
    const uint64_t left = ns - slept;
    __nanosleep(left < GR_CUDA_NAP_NS_MAX ? (uint32_t)left : GR_CUDA_NAP_NS_MAX);
  }
}

/* Nobody waits for a core: the warp schedulers share each SM out by themselves. */
GR_DEV uint64_t gr_pair_u64(uint32_t low, uint32_t high)
{
  return (uint64_t)high << 32 | low;
}
GR_DEV void gr_yield(void)
{
}

/* A GPU has nobody who could wake a warp: sleeping is polling less often. The nap is a bound on how
 * late a push is noticed, so it is short; `asleep` tells the black box, and nobody writes it but
 * us. Whatever was missed while `asleep` was 1 is seen by the poll that follows, so neither side of
 * the announcement needs a fence for it. */
GR_DEV void gr_sleep(gr_au32 *asleep, uint64_t ns_max)
{
  __nanosleep(ns_max < GR_CUDA_SLEEP_NS ? (uint32_t)ns_max : GR_CUDA_SLEEP_NS);
  gr_store_relaxed_gpu_u32(asleep, 0u);
}
GR_DEV void gr_wake(gr_au32 *asleep)
{
  (void)asleep;
}
GR_DEV void gr_fence_sleeper(void)
{
}
GR_DEV void gr_fence_waker(void)
{
}
GR_DEV void gr_fence_seqcst_sys(void)
{
  asm volatile("fence.sc.sys;" : : : "memory");
}

/* A barrier does not wait for a thread that has ended, so the others are not held up. */
GR_DEV __attribute__((noreturn)) void gr_leave(void)
{
  asm volatile("exit;" : : : "memory");
  __builtin_unreachable();
}

/* ---- images ---- */
/* The greatest team that an image is compiled for. At 512 lanes its ops and the microkernel have up
 * to 128 registers a lane, of which the microkernel takes 72 to 80 (25 teams of a warp an SM); an
 * image of heavy ops says 256 (255 registers) before it includes device.h, one of larger teams 1024
 * (64 registers, a few of which then go to memory). A larger team than it says is refused when the
 * device is opened. */
#ifndef GR_IMAGE_LANES_MAX
#define GR_IMAGE_LANES_MAX 512u
#endif

/* GR_IMAGE ends in this: a kernel that every thread of the grid enters; each row is a team, and
 * runs the microkernel's loop until that ends. Rows beyond the last team return at once; they are
 * warps of their own, so nobody waits for them. The second number of launch_bounds says that one
 * such block an SM is enough: without it ptxas 13.0 aims at two, 32 registers, and spills. */
#define GR_ENTRY(name, dispatch, LIST)                                                             \
  extern "C" __global__ void __launch_bounds__(GR_IMAGE_LANES_MAX, 1)                              \
      grosr_kernel_##name(struct gr_dev *dev, uint32_t incarnation)                                \
  {                                                                                                \
    extern __shared__ __align__(128) uint4 gr_cuda_shared[];                                       \
    static_assert(sizeof(struct gr_team) % sizeof(uint4) == 0, "zeroed in wide pieces");           \
    static_assert(sizeof(struct gr_team) <= GR_CUDA_TEAM_BYTES, "raise GR_CUDA_TEAM_BYTES");       \
    const uint32_t id = blockIdx.x * blockDim.y + threadIdx.y;                                     \
    if (id < dev->teams) {                                                                         \
      char *row = (char *)gr_cuda_shared + threadIdx.y * GR_CUDA_ROW_BYTES(dev->scratch_bytes);    \
      for (uint32_t i = gr_lane(); i < sizeof(struct gr_team) / sizeof(uint4); i += gr_lanes()) {  \
        ((uint4 *)row)[i] = make_uint4(0u, 0u, 0u, 0u);                                            \
      }                                                                                            \
      gr_team_barrier();                                                                           \
      struct gr_team *team = (struct gr_team *)row;                                                \
      if (gr_lane() == 0u) {                                                                       \
        team->dev = dev;                                                                           \
        team->id = id;                                                                             \
        team->incarnation = incarnation;                                                           \
      }                                                                                            \
      gr_team_barrier();                                                                           \
      gr_microkernel_main(team, dispatch);                                                         \
    }                                                                                              \
  }
