/* port.h - the contract between the runtime's shared and device code and the machine it runs on.
 *
 * The only place in the house that knows which port it is. Device code is C that a C11 compiler
 * and nvcc both accept; everything that differs between them goes through the words below, so a
 * port can be added without touching device code. Ports: port_cpu.h (a team is a thread, one lane),
 * port_cuda.h (a team is a warp or a thread block), port_sim.h (a lane is a coroutine; with
 * GR_PORT_SIM defined). Host code uses the CPU port, on the same structs, and in libgrosr-sim the
 * sim port.
 *
 * Words
 *   GR_DEV        a device function          GR_ENTRY  what GR_IMAGE makes of an image
 *   GR_DEV_APART  one that is called and not inlined: what is seldom done, so that its registers
 *                 do not count with those of what is often done; takes a team, not a lead
 *   GR_DEV_HOT    one that the cpu port inlines, too, for it passes small structs
 *   GR_DEV_ONCE   the same on a CPU; on a GPU one that is called, as ops call it from many places
 *
 * Atomic fields are of type gr_au32 or gr_au64 and reached only through functions named
 * operation_order_scope_type. Scope: team (lanes of one team), gpu (all teams), sys (host too).
 *   gr_load_{relaxed,acquire}_{gpu,sys}_{u32,u64}
 *   gr_load_own_{u32,u64}: sole writer's read
 *   gr_store_{relaxed,release}_{gpu,sys}_{u32,u64}
 *   gr_add_{relaxed,acqrel}_gpu_{u32,u64}                  all return the value before
 *   gr_add_release_gpu_u64, gr_or_{relaxed,release,acqrel}_gpu_u64, gr_or_release_gpu_u32,
 *   gr_and_{relaxed,acquire,acqrel}_gpu_u64, gr_exchange_{acquire,acqrel}_gpu_u32
 *                                                          the same
 *   gr_cas_{relaxed,acquire,release}_gpu_{u32,u64}(word, expected, desired)
 *   gr_cas_acqrel_gpu_u64                                  the same
 *   gr_load_acquire_team_u64, gr_store_release_team_u64, gr_cas_acqrel_team_u64
 *                                      words in struct gr_team that lanes share while they diverge
 *
 * Chunks: 16 bytes, payload and tag together (task.h)
 *   bool gr_chunk_try_load_acquire_{gpu,sys}(src, tag, out)   false: another tag; out is garbage
 *   void gr_chunk_store_release_{gpu,sys}(dst, src)           src->tag included
 *   void gr_chunk_store_relaxed_gpu(dst, src)                 ordered by a later release or RMW
 *
 * Lanes
 *   gr_lane(), gr_lanes()              of the team
 *   gr_warp_lane(), gr_warp_lanes()    of the warp; lane 0 to gr_warp_lanes() - 1 are warp 0
 *   gr_team_barrier()                  whole team, converged; orders the lanes' memory accesses
 *   gr_warp_barrier()                  whole warp, converged; the same for one warp
 *   gr_warp_ballot(bool)               bit i: lane i said true
 *   gr_warp_shuffle_{u32,u64}(value, lane), gr_warp_shuffle_up_u64(value, delta)
 *                                      all three: whole warp, converged
 *   bool gr_lanes_is_one()             a team is one lane: known when compiling, but in sim
 *   GR_LISTS                           lists of free slots that a team has: GR_CLASSES; without
 *                                      such teams 1
 *   gr_peers_u32(key)                  the lanes of the warp, a bit each, that happen to be here
 *                                      with this one and with the same key: itself at least
 *   gr_peers_shuffle_u64(peers, value, lane), gr_peers_or_u32(peers, value)
 *                                      both: all of these, and before they part; the lane is of the
 *                                      warp. Both order their memory accesses, as a barrier does
 *
 * Bits
 *   gr_bits_lowest_u64(x)   index of the lowest set bit; x is not 0
 *   gr_bits_count_u64(x)    how many bits are set
 *   gr_bits_highest_u64(x)  index of the highest set bit; x is not 0
 *
 * Time
 *   gr_clock_ns()     monotonic; cpu: the host's CLOCK_MONOTONIC; cuda: globaltimer
 *   gr_clock_ticks()  monotonic, the cheapest there is, of no known rate; the same for all teams,
 *                     and on the cpu for the host (host/trace_clock.c relates it to gr_clock_ns)
 *   gr_prefetch(p)    a line that will be read soon
 *   gr_pause()        one turn of a spin
 *   gr_nap(ns)        gives the core or the issue slots away for about so long
 *   gr_pair_u64(low, high)  both in one word; of two words in memory that were written one by one
 *   gr_yield()        lets another thread have the core; cuda: nothing
 *   gr_sleep(asleep, ns_max), gr_wake(asleep)   sleep until woken; `asleep` is 1 meanwhile
 *   gr_fence_sleeper(), gr_fence_waker()        between "asleep = 1" and the last look at the
 *                     queues; between filling a queue and looking at idle bits and `asleep`.
 *                     Together they forbid that both sides miss each other (asymmetric Dekker).
 *                     Nothing where nobody sleeps for longer than a poll (cuda)
 *   gr_fence_seqcst_sys()   the same between the device and the host when it leaves to rest: both
 *                     sides store their word, pass this, and load the other's
 *
 * End
 *   gr_leave()        the calling lane ends, from any depth; used after a fault was recorded
 *
 * Next: port_cpu.h, then ../shared/limits.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The wrapper makes `ring->tail + 1` fail to compile: an atomic word is reached by name of its
 * order and scope, or not at all. */
typedef struct {
  uint32_t v;
} gr_au32;
typedef struct {
  uint64_t v;
} gr_au64;

#if defined(__CUDACC__)
#include "port/port_cuda.h"
#elif defined(GR_PORT_SIM)
#include "port/port_sim.h"
#else
#include "port/port_cpu.h"
#endif
