/* probe_ptx.c - each word of the port that is a memory access or a fence, in a kernel of its own.
 *
 * Compiled by check_ptx, which compares the PTX of kernel `probe_NAME` with what NAME promises.
 * Every such word that shared/, device/ and port.h use must be here; the script looks for those
 * that are not. Next: check_ptx. */
#include "shared/dev.h"

#define PROBE_LOAD(name, word)                                                                     \
  extern "C" __global__ void probe_##name(const gr_au##word *from, uint##word##_t *to)             \
  {                                                                                                \
    *to = name(from);                                                                              \
  }
#define PROBE_STORE(name, word)                                                                    \
  extern "C" __global__ void probe_##name(gr_au##word *to, uint##word##_t value)                   \
  {                                                                                                \
    name(to, value);                                                                               \
  }
#define PROBE_RMW(name, word)                                                                      \
  extern "C" __global__ void probe_##name(gr_au##word *at, uint##word##_t value,                   \
                                          uint##word##_t *to)                                      \
  {                                                                                                \
    *to = name(at, value);                                                                         \
  }
#define PROBE_CAS(name, word)                                                                      \
  extern "C" __global__ void probe_##name(gr_au##word *at, uint##word##_t expected,                \
                                          uint##word##_t desired, uint##word##_t *to)              \
  {                                                                                                \
    *to = name(at, expected, desired);                                                             \
  }
#define PROBE_CHUNK_LOAD(name)                                                                     \
  extern "C" __global__ void probe_##name(const struct gr_chunk *from, uint32_t tag, uint64_t *to) \
  {                                                                                                \
    struct gr_chunk chunk;                                                                         \
    if (name(from, tag, &chunk)) {                                                                 \
      to[0] = chunk.half[0];                                                                       \
      to[1] = chunk.half[1];                                                                       \
    }                                                                                              \
  }
#define PROBE_CHUNK_STORE(name)                                                                    \
  extern "C" __global__ void probe_##name(struct gr_chunk *to, uint64_t low, uint64_t high)        \
  {                                                                                                \
    struct gr_chunk chunk;                                                                         \
    chunk.half[0] = low;                                                                           \
    chunk.half[1] = high;                                                                          \
    name(to, &chunk);                                                                              \
  }
#define PROBE_PLAIN(name)                                                                          \
  extern "C" __global__ void probe_##name(void)                                                    \
  {                                                                                                \
    name();                                                                                        \
  }

PROBE_LOAD(gr_load_relaxed_gpu_u32, 32)
PROBE_LOAD(gr_load_relaxed_gpu_u64, 64)
PROBE_LOAD(gr_load_acquire_gpu_u32, 32)
PROBE_LOAD(gr_load_acquire_gpu_u64, 64)
PROBE_LOAD(gr_load_relaxed_sys_u32, 32)
PROBE_LOAD(gr_load_relaxed_sys_u64, 64)
PROBE_LOAD(gr_load_acquire_sys_u32, 32)
PROBE_LOAD(gr_load_acquire_sys_u64, 64)
PROBE_LOAD(gr_load_own_u32, 32)
PROBE_LOAD(gr_load_own_u64, 64)
PROBE_STORE(gr_store_relaxed_gpu_u32, 32)
PROBE_STORE(gr_store_relaxed_gpu_u64, 64)
PROBE_STORE(gr_store_release_gpu_u32, 32)
PROBE_STORE(gr_store_release_gpu_u64, 64)
PROBE_STORE(gr_store_relaxed_sys_u32, 32)
PROBE_STORE(gr_store_relaxed_sys_u64, 64)
PROBE_STORE(gr_store_release_sys_u32, 32)
PROBE_STORE(gr_store_release_sys_u64, 64)
PROBE_RMW(gr_add_relaxed_gpu_u32, 32)
PROBE_RMW(gr_add_relaxed_gpu_u64, 64)
PROBE_RMW(gr_add_acqrel_gpu_u32, 32)
PROBE_RMW(gr_add_acqrel_gpu_u64, 64)
PROBE_RMW(gr_add_release_gpu_u64, 64)
PROBE_RMW(gr_or_relaxed_gpu_u64, 64)
PROBE_RMW(gr_or_release_gpu_u64, 64)
PROBE_RMW(gr_or_acqrel_gpu_u64, 64)
PROBE_RMW(gr_or_release_gpu_u32, 32)
PROBE_RMW(gr_exchange_acquire_gpu_u32, 32)
PROBE_RMW(gr_exchange_acqrel_gpu_u32, 32)
PROBE_RMW(gr_and_acqrel_gpu_u64, 64)
PROBE_LOAD(gr_load_acquire_team_u64, 64)
PROBE_STORE(gr_store_release_team_u64, 64)
PROBE_CAS(gr_cas_acqrel_team_u64, 64)
PROBE_RMW(gr_and_relaxed_gpu_u64, 64)
PROBE_RMW(gr_and_acquire_gpu_u64, 64)
PROBE_CAS(gr_cas_relaxed_gpu_u32, 32)
PROBE_CAS(gr_cas_relaxed_gpu_u64, 64)
PROBE_CAS(gr_cas_acquire_gpu_u32, 32)
PROBE_CAS(gr_cas_acquire_gpu_u64, 64)
PROBE_CAS(gr_cas_release_gpu_u32, 32)
PROBE_CAS(gr_cas_release_gpu_u64, 64)
PROBE_CAS(gr_cas_acqrel_gpu_u64, 64)
PROBE_CHUNK_LOAD(gr_chunk_try_load_acquire_gpu)
PROBE_CHUNK_LOAD(gr_chunk_try_load_acquire_sys)
PROBE_CHUNK_STORE(gr_chunk_store_release_gpu)
PROBE_CHUNK_STORE(gr_chunk_store_release_sys)
PROBE_CHUNK_STORE(gr_chunk_store_relaxed_gpu)
PROBE_PLAIN(gr_fence_seqcst_sys)
PROBE_PLAIN(gr_fence_sleeper)
PROBE_PLAIN(gr_fence_waker)
PROBE_PLAIN(gr_warp_barrier)
PROBE_PLAIN(gr_leave)
