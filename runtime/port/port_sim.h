/* port_sim.h - the simulation port: a lane is a coroutine under a seeded scheduler (sim/sim.h).
 *
 * The same source as for the other ports, compiled with GR_PORT_SIM: device code, and the host side
 * too. Each word is a step of the simulator, told with the file and line that it stands at; so all
 * are macros. Orders mean what the PTX memory model and C11 make of them; a chunk whose tag matches
 * is acquired.
 *
 * Beside the contract of port.h there are weaker words that no source uses: ci/mutants puts them in
 * the place of others and looks whether a run notices.
 *
 * Next: port_sim_host.h, ../sim/sim.h. */
#pragma once

#include <assert.h>
#include <stddef.h>

#include "shared/image.h"
#include "shared/task.h"
#include "sim/sim.h"

#define GR_DEV       static inline __attribute__((unused))
#define GR_DEV_APART static __attribute__((unused, noinline))
#define GR_DEV_HOT   GR_DEV
#define GR_DEV_ONCE  GR_DEV
#define GR_AT  __FILE__, (unsigned)__LINE__

/* ---- atomics ---- */
#define GR_SIM_LOAD_u32(a, ORDER)  ((uint32_t)gr_sim_load(&(a)->v, 4u, GR_SIM_##ORDER, GR_AT))
#define GR_SIM_LOAD_u64(a, ORDER)  gr_sim_load(&(a)->v, 8u, GR_SIM_##ORDER, GR_AT)
#define gr_load_relaxed_gpu_u32(a) GR_SIM_LOAD_u32(a, RELAXED)
#define gr_load_relaxed_gpu_u64(a) GR_SIM_LOAD_u64(a, RELAXED)
#define gr_load_acquire_gpu_u32(a) GR_SIM_LOAD_u32(a, ACQUIRE)
#define gr_load_acquire_gpu_u64(a) GR_SIM_LOAD_u64(a, ACQUIRE)
#define gr_load_relaxed_sys_u32(a) GR_SIM_LOAD_u32(a, RELAXED)
#define gr_load_relaxed_sys_u64(a) GR_SIM_LOAD_u64(a, RELAXED)
#define gr_load_acquire_sys_u32(a) GR_SIM_LOAD_u32(a, ACQUIRE)
#define gr_load_acquire_sys_u64(a) GR_SIM_LOAD_u64(a, ACQUIRE)
#define gr_load_own_u32(a)         GR_SIM_LOAD_u32(a, RELAXED)
#define gr_load_own_u64(a)         GR_SIM_LOAD_u64(a, RELAXED)

#define GR_SIM_STORE(a, bytes, value, ORDER)                                                       \
  gr_sim_store(&(a)->v, bytes, (uint64_t)(value), GR_SIM_##ORDER, GR_AT)
#define gr_store_relaxed_gpu_u32(a, value) GR_SIM_STORE(a, 4u, value, RELAXED)
#define gr_store_relaxed_gpu_u64(a, value) GR_SIM_STORE(a, 8u, value, RELAXED)
#define gr_store_release_gpu_u32(a, value) GR_SIM_STORE(a, 4u, value, RELEASE)
#define gr_store_release_gpu_u64(a, value) GR_SIM_STORE(a, 8u, value, RELEASE)
#define gr_store_release_sys_u32(a, value) GR_SIM_STORE(a, 4u, value, RELEASE)
#define gr_store_release_sys_u64(a, value) GR_SIM_STORE(a, 8u, value, RELEASE)
#define gr_store_relaxed_sys_u32(a, value) GR_SIM_STORE(a, 4u, value, RELAXED)
#define gr_store_relaxed_sys_u64(a, value) GR_SIM_STORE(a, 8u, value, RELAXED)

/* Functions, whose answer a caller may leave unused; the site is told by the macros below. */
GR_DEV uint32_t gr_sim_change_u32(gr_au32 *a, enum gr_sim_rmw kind, uint32_t value,
                                  enum gr_sim_order order, const char *file, unsigned line)
{
  return (uint32_t)gr_sim_change(&a->v, 4u, kind, value, order, file, line);
}
GR_DEV uint64_t gr_sim_change_u64(gr_au64 *a, enum gr_sim_rmw kind, uint64_t value,
                                  enum gr_sim_order order, const char *file, unsigned line)
{
  return gr_sim_change(&a->v, 8u, kind, value, order, file, line);
}
#define GR_SIM_RMW_u32(a, KIND, value, ORDER)                                                      \
  gr_sim_change_u32(a, GR_SIM_##KIND, value, GR_SIM_##ORDER, GR_AT)
#define GR_SIM_RMW_u64(a, KIND, value, ORDER)                                                      \
  gr_sim_change_u64(a, GR_SIM_##KIND, value, GR_SIM_##ORDER, GR_AT)
#define gr_add_relaxed_gpu_u32(a, value) GR_SIM_RMW_u32(a, ADD, value, RELAXED)
#define gr_add_relaxed_gpu_u64(a, value) GR_SIM_RMW_u64(a, ADD, value, RELAXED)
#define gr_add_acqrel_gpu_u32(a, value)  GR_SIM_RMW_u32(a, ADD, value, ACQREL)
#define gr_add_acqrel_gpu_u64(a, value)  GR_SIM_RMW_u64(a, ADD, value, ACQREL)
#define gr_add_acquire_gpu_u32(a, value) GR_SIM_RMW_u32(a, ADD, value, ACQUIRE) /* ci/mutants */
#define gr_add_release_gpu_u32(a, value) GR_SIM_RMW_u32(a, ADD, value, RELEASE) /* ci/mutants */
#define gr_add_release_gpu_u64(a, value) GR_SIM_RMW_u64(a, ADD, value, RELEASE)
#define gr_or_release_gpu_u64(a, value)  GR_SIM_RMW_u64(a, OR, value, RELEASE)
#define gr_or_relaxed_gpu_u64(a, value)  GR_SIM_RMW_u64(a, OR, value, RELAXED)
#define gr_or_acqrel_gpu_u64(a, value)   GR_SIM_RMW_u64(a, OR, value, ACQREL)
#define gr_or_release_gpu_u32(a, value)  GR_SIM_RMW_u32(a, OR, value, RELEASE)
#define gr_or_relaxed_gpu_u32(a, value)  GR_SIM_RMW_u32(a, OR, value, RELAXED) /* ci/mutants */
#define gr_exchange_acquire_gpu_u32(a, value) GR_SIM_RMW_u32(a, EXCHANGE, value, ACQUIRE)
#define gr_exchange_acqrel_gpu_u32(a, value)  GR_SIM_RMW_u32(a, EXCHANGE, value, ACQREL)
#define gr_exchange_relaxed_gpu_u32(a, value)                                                      \
  GR_SIM_RMW_u32(a, EXCHANGE, value, RELAXED) /* ci/mutants */
#define gr_and_acqrel_gpu_u64(a, value)  GR_SIM_RMW_u64(a, AND, value, ACQREL)
#define gr_and_acquire_gpu_u64(a, value) GR_SIM_RMW_u64(a, AND, value, ACQUIRE)
#define gr_and_relaxed_gpu_u64(a, value) GR_SIM_RMW_u64(a, AND, value, RELAXED)

GR_DEV uint32_t gr_sim_cas_u32(gr_au32 *a, uint32_t expected, uint32_t desired,
                               enum gr_sim_order order, const char *file, unsigned line)
{
  return (uint32_t)gr_sim_cas(&a->v, 4u, expected, desired, order, file, line);
}
#define GR_SIM_CAS_u32(a, expected, desired, ORDER)                                                \
  gr_sim_cas_u32(a, expected, desired, GR_SIM_##ORDER, GR_AT)
#define GR_SIM_CAS_u64(a, expected, desired, ORDER)                                                \
  gr_sim_cas(&(a)->v, 8u, expected, desired, GR_SIM_##ORDER, GR_AT)
#define gr_cas_acquire_gpu_u32(a, expected, desired) GR_SIM_CAS_u32(a, expected, desired, ACQUIRE)
#define gr_cas_acquire_gpu_u64(a, expected, desired) GR_SIM_CAS_u64(a, expected, desired, ACQUIRE)
#define gr_cas_release_gpu_u64(a, expected, desired) GR_SIM_CAS_u64(a, expected, desired, RELEASE)
#define gr_cas_acqrel_gpu_u64(a, expected, desired)  GR_SIM_CAS_u64(a, expected, desired, ACQREL)
#define gr_cas_relaxed_gpu_u32(a, expected, desired) GR_SIM_CAS_u32(a, expected, desired, RELAXED)
#define gr_cas_relaxed_gpu_u64(a, expected, desired) GR_SIM_CAS_u64(a, expected, desired, RELAXED)

#define gr_or_acquire_gpu_u64(a, value)   GR_SIM_RMW_u64(a, OR, value, ACQUIRE)  /* ci/mutants */
#define gr_and_release_gpu_u64(a, value)  GR_SIM_RMW_u64(a, AND, value, RELEASE) /* ci/mutants */
#define gr_add_acquire_gpu_u64(a, value)  GR_SIM_RMW_u64(a, ADD, value, ACQUIRE) /* ci/mutants */
/* And these, of a team's words. */
#define gr_load_relaxed_team_u64(a)                   GR_SIM_LOAD_u64(a, RELAXED)
#define gr_store_relaxed_team_u64(a, value)           GR_SIM_STORE(a, 8u, value, RELAXED)
#define gr_cas_acquire_team_u64(a, expected, desired) GR_SIM_CAS_u64(a, expected, desired, ACQUIRE)
#define gr_cas_release_team_u64(a, expected, desired) GR_SIM_CAS_u64(a, expected, desired, RELEASE)

#define gr_load_acquire_team_u64(a)                  GR_SIM_LOAD_u64(a, ACQUIRE)
#define gr_store_release_team_u64(a, value)          GR_SIM_STORE(a, 8u, value, RELEASE)
#define gr_cas_acqrel_team_u64(a, expected, desired) GR_SIM_CAS_u64(a, expected, desired, ACQREL)

/* ---- chunks ---- */
#define gr_chunk_try_load_acquire_sys(src, tag, out)                                               \
  gr_sim_chunk_load(src, tag, out, GR_SIM_ACQUIRE, GR_AT)
#define gr_chunk_try_load_acquire_gpu(src, tag, out) gr_chunk_try_load_acquire_sys(src, tag, out)
#define gr_chunk_store_release_sys(dst, src)                                                       \
  gr_sim_chunk_store(dst, src, GR_SIM_RELEASE, GR_AT)
#define gr_chunk_store_release_gpu(dst, src)         gr_chunk_store_release_sys(dst, src)
#define gr_chunk_store_relaxed_gpu(dst, src)                                                       \
  gr_sim_chunk_store(dst, src, GR_SIM_RELAXED, GR_AT)
#define gr_chunk_store_relaxed_sys(dst, src)         gr_chunk_store_relaxed_gpu(dst, src)
#define gr_chunk_try_load_relaxed_gpu(src, tag, out)                                               \
  gr_sim_chunk_load(src, tag, out, GR_SIM_RELAXED, GR_AT)
#define gr_chunk_try_load_relaxed_sys(src, tag, out) gr_chunk_try_load_relaxed_gpu(src, tag, out)

/* ---- lanes ---- */
#define gr_lane()            gr_sim_lane()
#define gr_lanes()           gr_sim_lanes()
#define gr_warp_lane()       gr_sim_warp_lane()
#define gr_warp_lanes()      gr_sim_warp_lanes()
#define gr_team_barrier()    gr_sim_team_barrier(GR_AT)
#define gr_warp_barrier()    ((void)gr_sim_warp_meet(GR_SIM_BARRIER, 0u, 0u, GR_AT))
#define gr_warp_ballot(mine) ((uint32_t)gr_sim_warp_meet(GR_SIM_BALLOT, (mine), 0u, GR_AT))
#define gr_warp_shuffle_u32(value, lane)                                                           \
  ((uint32_t)gr_sim_warp_meet(GR_SIM_SHUFFLE, value, lane, GR_AT))
#define gr_warp_shuffle_u64(value, lane) gr_sim_warp_meet(GR_SIM_SHUFFLE, value, lane, GR_AT)
#define gr_warp_shuffle_up_u64(value, delta)                                                       \
  gr_sim_warp_meet(                                                                                \
      GR_SIM_SHUFFLE, value,                                                                       \
      gr_sim_warp_lane() >= (delta) ? gr_sim_warp_lane() - (delta) : gr_sim_warp_lane(), GR_AT)

#define GR_LISTS GR_CLASSES
#define gr_lanes_is_one() (gr_sim_lanes() == 1u)
#define gr_peers_u32(key) gr_sim_peers(key, GR_AT)
#define gr_peers_shuffle_u64(peers, value, lane) gr_sim_peers_shuffle(peers, value, lane, GR_AT)
#define gr_peers_or_u32(peers, value) gr_sim_peers_or(peers, value, GR_AT)

/* ---- bits ---- */
GR_DEV uint32_t gr_bits_highest_u64(uint64_t x)
{
  return 63u ^ (uint32_t)__builtin_clzll(x);
}
GR_DEV uint32_t gr_bits_lowest_u64(uint64_t x)
{
  return (uint32_t)__builtin_ctzll(x);
}
GR_DEV uint32_t gr_bits_count_u64(uint64_t x)
{
  return (uint32_t)__builtin_popcountll(x);
}

/* ---- time ---- */
#define gr_clock_ns()         gr_sim_clock(GR_AT)
#define gr_clock_ticks()      gr_clock_ns()
#define gr_prefetch(p)        ((void)(p))
#define gr_pause()            gr_sim_pause(GR_AT)
#define gr_pair_u64(low, high) ((uint64_t)(high) << 32 | (low))
#define gr_yield()            gr_sim_pause(GR_AT)
#define gr_nap(ns)            gr_sim_nap(ns, GR_AT)
#define gr_fence_sleeper()    gr_sim_fence(GR_AT)
#define gr_fence_waker()      gr_sim_fence(GR_AT)
#define gr_fence_seqcst_sys() gr_sim_fence(GR_AT)
#define gr_sleep(asleep, ns)  gr_sim_sleep(&(asleep)->v, ns, GR_AT)
#define gr_wake(asleep)       gr_sim_wake(&(asleep)->v, GR_AT)
#define gr_leave()            gr_sim_leave(GR_AT)

/* ---- images ---- */
#define GR_ENTRY(name, dispatch, LIST)                                                             \
  static void gr_cpu_main_##name(struct gr_dev *dev, uint32_t team_id, uint32_t incarnation)       \
  {                                                                                                \
    (void)dev, (void)team_id, (void)incarnation; /* backend_sim.c has filled the team */           \
    gr_microkernel_main((struct gr_team *)gr_sim_team_memory(), dispatch);                         \
  }                                                                                                \
  GR_IMAGE_STRUCT(name, LIST, gr_cpu_main_##name, NULL, NULL)
