/* port_cpu.h - the CPU port: a team is one thread, of one lane.
 *
 * Called by device code compiled for the CPU, and by all host code. Native speed: every word is a
 * compiler builtin or an inline function of a few instructions; AddressSanitizer and
 * ThreadSanitizer understand all of it, because no stand-alone fence carries data. Scopes are the
 * same thing here (one coherent memory), so gpu and sys differ in name only.
 *
 * What it does not show: GPU memory ordering, convergence, speed.
 *
 * Next: ../shared/limits.h. */
#pragma once

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shared/image.h"
#include "shared/task.h"

#define GR_DEV       static inline __attribute__((unused))
#define GR_DEV_APART static __attribute__((unused, noinline))
/* Its arguments are small structs, which as memory would be loaded wider than they were stored. */
#define GR_DEV_HOT   static inline __attribute__((unused, always_inline))
#define GR_DEV_ONCE  GR_DEV_HOT

/* ---- atomics: one builtin each; the families differ only in order and width ---- */
#define GR_CPU_LOAD(order, ORDER, scope, type, word)                                               \
  GR_DEV type gr_load_##order##_##scope##_u##word(const gr_au##word *a)                            \
  {                                                                                                \
    return __atomic_load_n(&a->v, ORDER);                                                          \
  }
#define GR_CPU_STORE(order, ORDER, scope, type, word)                                              \
  GR_DEV void gr_store_##order##_##scope##_u##word(gr_au##word *a, type value)                     \
  {                                                                                                \
    __atomic_store_n(&a->v, value, ORDER);                                                         \
  }
#define GR_CPU_RMW(name, builtin, ORDER, type, word)                                               \
  GR_DEV type gr_##name##_gpu_u##word(gr_au##word *a, type value)                                  \
  {                                                                                                \
    return builtin(&a->v, value, ORDER);                                                           \
  }
#define GR_CPU_CAS(order, ORDER, FAILED, type, word)                                               \
  GR_DEV type gr_cas_##order##_gpu_u##word(gr_au##word *a, type expected, type desired)            \
  {                                                                                                \
    __atomic_compare_exchange_n(&a->v, &expected, desired, false, ORDER, FAILED);                  \
    return expected;                                                                               \
  }
#define GR_CPU_BOTH_WIDTHS(FAMILY, ...)                                                            \
  FAMILY(__VA_ARGS__, uint32_t, 32)                                                                \
  FAMILY(__VA_ARGS__, uint64_t, 64)

GR_CPU_BOTH_WIDTHS(GR_CPU_LOAD, relaxed, __ATOMIC_RELAXED, gpu)
GR_CPU_BOTH_WIDTHS(GR_CPU_LOAD, acquire, __ATOMIC_ACQUIRE, gpu)
GR_CPU_BOTH_WIDTHS(GR_CPU_LOAD, relaxed, __ATOMIC_RELAXED, sys)
GR_CPU_BOTH_WIDTHS(GR_CPU_LOAD, acquire, __ATOMIC_ACQUIRE, sys)
GR_CPU_BOTH_WIDTHS(GR_CPU_STORE, relaxed, __ATOMIC_RELAXED, gpu)
GR_CPU_BOTH_WIDTHS(GR_CPU_STORE, release, __ATOMIC_RELEASE, gpu)
GR_CPU_BOTH_WIDTHS(GR_CPU_STORE, relaxed, __ATOMIC_RELAXED, sys)
GR_CPU_BOTH_WIDTHS(GR_CPU_STORE, release, __ATOMIC_RELEASE, sys)
GR_CPU_BOTH_WIDTHS(GR_CPU_RMW, add_relaxed, __atomic_fetch_add, __ATOMIC_RELAXED)
GR_CPU_BOTH_WIDTHS(GR_CPU_RMW, add_acqrel, __atomic_fetch_add, __ATOMIC_ACQ_REL)
GR_CPU_RMW(add_release, __atomic_fetch_add, __ATOMIC_RELEASE, uint64_t, 64)
GR_CPU_RMW(or_release, __atomic_fetch_or, __ATOMIC_RELEASE, uint64_t, 64)
GR_CPU_RMW(or_relaxed, __atomic_fetch_or, __ATOMIC_RELAXED, uint64_t, 64)
GR_CPU_RMW(or_acqrel, __atomic_fetch_or, __ATOMIC_ACQ_REL, uint64_t, 64)
GR_CPU_RMW(or_release, __atomic_fetch_or, __ATOMIC_RELEASE, uint32_t, 32)
GR_CPU_RMW(exchange_acquire, __atomic_exchange_n, __ATOMIC_ACQUIRE, uint32_t, 32)
GR_CPU_RMW(exchange_acqrel, __atomic_exchange_n, __ATOMIC_ACQ_REL, uint32_t, 32)
GR_CPU_RMW(and_acqrel, __atomic_fetch_and, __ATOMIC_ACQ_REL, uint64_t, 64)
GR_CPU_RMW(and_relaxed, __atomic_fetch_and, __ATOMIC_RELAXED, uint64_t, 64)
GR_CPU_RMW(and_acquire, __atomic_fetch_and, __ATOMIC_ACQUIRE, uint64_t, 64)
GR_CPU_BOTH_WIDTHS(GR_CPU_CAS, relaxed, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
GR_CPU_BOTH_WIDTHS(GR_CPU_CAS, acquire, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)
GR_CPU_BOTH_WIDTHS(GR_CPU_CAS, release, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
GR_CPU_CAS(acqrel, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE, uint64_t, 64)

GR_DEV uint32_t gr_load_own_u32(const gr_au32 *a)
{
  return __atomic_load_n(&a->v, __ATOMIC_RELAXED);
}
GR_DEV uint64_t gr_load_own_u64(const gr_au64 *a)
{
  return __atomic_load_n(&a->v, __ATOMIC_RELAXED);
}

/* A team is one thread: what its lanes share is its own. */
GR_DEV uint64_t gr_load_acquire_team_u64(const gr_au64 *a)
{
  return a->v;
}
GR_DEV void gr_store_release_team_u64(gr_au64 *a, uint64_t value)
{
  a->v = value;
}
GR_DEV uint64_t gr_cas_acqrel_team_u64(gr_au64 *a, uint64_t expected, uint64_t desired)
{
  const uint64_t before = a->v;
  a->v = before == expected ? desired : before;
  return before;
}

/* ---- chunks ---- */
/* Two 64-bit words, the tag in the second. Stored last with release and loaded first with acquire,
 * it brings its payload along; both words are atomic, so a reader that has to throw its copy away
 * (it lost the race for a queue slot) has read old or new words, never torn ones. */
GR_DEV bool gr_chunk_try_load_acquire_sys(const struct gr_chunk *src, uint32_t tag,
                                          struct gr_chunk *out)
{
  out->half[1] = __atomic_load_n(&src->half[1], __ATOMIC_ACQUIRE);
  out->half[0] = __atomic_load_n(&src->half[0], __ATOMIC_RELAXED);
  return (uint32_t)(out->half[1] >> 32) == tag;
}
GR_DEV bool gr_chunk_try_load_acquire_gpu(const struct gr_chunk *src, uint32_t tag,
                                          struct gr_chunk *out)
{
  return gr_chunk_try_load_acquire_sys(src, tag, out);
}
GR_DEV void gr_chunk_store_release_sys(struct gr_chunk *dst, const struct gr_chunk *src)
{
  __atomic_store_n(&dst->half[0], src->half[0], __ATOMIC_RELAXED);
  __atomic_store_n(&dst->half[1], src->half[1], __ATOMIC_RELEASE);
}
GR_DEV void gr_chunk_store_release_gpu(struct gr_chunk *dst, const struct gr_chunk *src)
{
  gr_chunk_store_release_sys(dst, src);
}
GR_DEV void gr_chunk_store_relaxed_gpu(struct gr_chunk *dst, const struct gr_chunk *src)
{
  __atomic_store_n(&dst->half[0], src->half[0], __ATOMIC_RELAXED);
  __atomic_store_n(&dst->half[1], src->half[1], __ATOMIC_RELAXED);
}
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the tag is the high half of half[1]");

/* ---- lanes: one ---- */
GR_DEV uint32_t gr_lane(void)
{
  return 0;
}
GR_DEV uint32_t gr_lanes(void)
{
  return 1;
}
GR_DEV uint32_t gr_warp_lane(void)
{
  return 0;
}
GR_DEV uint32_t gr_warp_lanes(void)
{
  return 1;
}
GR_DEV void gr_team_barrier(void)
{
}
GR_DEV void gr_warp_barrier(void)
{
}
GR_DEV uint32_t gr_warp_ballot(bool mine)
{
  return mine ? 1u : 0u;
}
GR_DEV uint32_t gr_warp_shuffle_u32(uint32_t value, uint32_t lane)
{
  (void)lane;
  return value;
}
GR_DEV uint64_t gr_warp_shuffle_u64(uint64_t value, uint32_t lane)
{
  (void)lane;
  return value;
}
GR_DEV uint64_t gr_warp_shuffle_up_u64(uint64_t value, uint32_t delta)
{
  (void)delta;
  return value;
}

#define GR_LISTS GR_CLASSES
GR_DEV bool gr_lanes_is_one(void)
{
  return true;
}
GR_DEV uint32_t gr_peers_u32(uint32_t key)
{
  (void)key;
  return 1u;
}
GR_DEV uint64_t gr_peers_shuffle_u64(uint32_t peers, uint64_t value, uint32_t lane)
{
  (void)peers;
  (void)lane;
  return value;
}
GR_DEV uint32_t gr_peers_or_u32(uint32_t peers, uint32_t value)
{
  (void)peers;
  return value;
}

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
GR_DEV uint64_t gr_clock_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
/* The time-stamp counter runs at one rate in all sleep states, and is one for all cores, on every
 * x86-64 that has "constant_tsc nonstop_tsc"; 8 ns against 25 for clock_gettime. */
GR_DEV uint64_t gr_clock_ticks(void)
{
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t now;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(now));
  return now;
#else
  return gr_clock_ns();
#endif
}
/* Nothing: a core has fetched it by itself; asking made the nodes of a chain 1.5 % slower. */
GR_DEV void gr_prefetch(const void *p)
{
  (void)p;
}
GR_DEV void gr_pause(void)
{
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
GR_DEV void gr_nap(uint64_t ns)
{
  const struct timespec time = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
  nanosleep(&time, NULL);
}
/* One load of both would wait until both stores are in the cache: a core forwards one store to a
 * load, not two. (7 % of exp1's throughput.) The compiler must not see that they are neighbours. */
GR_DEV uint64_t gr_pair_u64(uint32_t low, uint32_t high)
{
  __asm__("" : "+r"(high));
  return (uint64_t)high << 32 | low;
}
GR_DEV void gr_yield(void)
{
  sched_yield();
}

/* Asymmetric fences. The sleeper pays a membarrier(2), which makes every running thread of the
 * process pass a full barrier, so the waker needs only to keep its compiler from reordering: a
 * submit stays free of fences. The host registers for it (backend_cpu.c). Where the kernel has
 * none, gr_cpu_no_membarrier is set, and both sides pass a read-modify-write of one common word:
 * whoever comes second synchronises with the first and sees what it stored before. */
extern gr_au32 gr_cpu_no_membarrier;
extern gr_au32 gr_cpu_meeting;
GR_DEV void gr_fence_sleeper(void)
{
  if (gr_load_relaxed_gpu_u32(&gr_cpu_no_membarrier) != 0u) {
    __atomic_fetch_add(&gr_cpu_meeting.v, 1u, __ATOMIC_SEQ_CST);
  } else {
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  }
}
GR_DEV void gr_fence_waker(void)
{
  if (gr_load_relaxed_gpu_u32(&gr_cpu_no_membarrier) != 0u) {
    __atomic_fetch_add(&gr_cpu_meeting.v, 1u, __ATOMIC_SEQ_CST);
  } else {
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
  }
}

/* Both sides pass it, so here too a read-modify-write of one common word would do; a full fence
 * does it also towards a device that is not in this process. TSan knows only the former. */
GR_DEV void gr_fence_seqcst_sys(void)
{
#if defined(__SANITIZE_THREAD__)
  __atomic_fetch_add(&gr_cpu_meeting.v, 1u, __ATOMIC_SEQ_CST);
#else
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Owner only. Returns when woken, at a signal, or after ns_max; `asleep` is then 0 again. */
GR_DEV void gr_sleep(gr_au32 *asleep, uint64_t ns_max)
{
  const struct timespec limit = {(time_t)(ns_max / 1000000000u), (long)(ns_max % 1000000000u)};
  syscall(SYS_futex, &asleep->v, FUTEX_WAIT_PRIVATE, 1u, &limit, NULL, 0);
  __atomic_store_n(&asleep->v, 0u, __ATOMIC_RELAXED);
}
/* Anyone, after gr_fence_waker. Of several wakers the exchange picks the one that pays the call. */
GR_DEV void gr_wake(gr_au32 *asleep)
{
  if (__atomic_load_n(&asleep->v, __ATOMIC_RELAXED) != 0 &&
      __atomic_exchange_n(&asleep->v, 0u, __ATOMIC_RELAXED) != 0) {
    syscall(SYS_futex, &asleep->v, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  }
}

/* A thread that is cancelled, or leaves, unwinds to the function that pushed a cleanup handler.
 * What AddressSanitizer noted of the frames in between is stale then; that function does
 * without. */
#define GR_CPU_UNWINDS __attribute__((no_sanitize("address")))

GR_DEV __attribute__((noreturn)) void gr_leave(void)
{
  pthread_exit(NULL);
}

/* ---- images ---- */
/* GR_IMAGE ends in this: the CPU entry, and the struct by which grosr_open knows the image. The
 * fatbin is linked in where the build has nvcc; elsewhere its weak symbols are null. */
#define GR_ENTRY(name, dispatch, LIST)                                                             \
  static void gr_cpu_main_##name(struct gr_dev *dev, uint32_t team_id, uint32_t incarnation)       \
  {                                                                                                \
    unsigned char memory[sizeof(struct gr_team) + GR_SCRATCH_BYTES_MAX]                            \
        __attribute__((aligned(GR_LINE_BYTES)));                                                   \
    struct gr_team *team = (struct gr_team *)(void *)memory;                                       \
    memset(team, 0, sizeof *team + dev->scratch_bytes);                                            \
    team->dev = dev;                                                                               \
    team->id = team_id;                                                                            \
    team->incarnation = incarnation;                                                               \
    gr_microkernel_main(team, dispatch);                                                           \
  }                                                                                                \
  extern const unsigned char grosr_fatbin_##name[] __attribute__((weak));                          \
  extern const unsigned char grosr_fatbin_##name##_end[] __attribute__((weak));                    \
  GR_IMAGE_STRUCT(name, LIST, gr_cpu_main_##name, grosr_fatbin_##name, grosr_fatbin_##name##_end)
