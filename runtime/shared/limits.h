/* limits.h - every limit of the runtime, with its unit and its reason.
 *
 * Included by both sides of the boundary and by every layer; nothing else in the house may hold a
 * number that bounds something. Sizes that a user may choose have a default, a least and a greatest
 * value here; grosr_open refuses the others before anything is started.
 *
 * Next: status.h (what an answer can be). */
#pragma once

#include "shared/ablation.h"

/* Version of every layout in shared/. The host writes it into struct gr_dev, the microkernel checks
 * it when it boots: an image built against other headers is refused, not run. */
#define GR_ABI_VERSION 3u

/* Alignment that keeps two writers apart: one L2 line on NVIDIA GPUs (128 B), and two lines on
 * x86-64, whose prefetcher pulls lines in pairs. */
#define GR_LINE_BYTES 128

/* Teams: 64 per word of the idle bitmap. 2048 = 132 multiprocessors with 15 warp teams each. */
#define GR_TEAMS_MAX  2048u
#define GR_TEAM_WORDS (GR_TEAMS_MAX / 64u)

/* Lanes of one team: one warp (32) up to one thread block (1024) on a GPU, 1 on the CPU. */
#define GR_LANES_MAX 1024u
#define GR_WARPS_MAX 32u /* warps of one team */

/* Contexts (tenants): one bit each in a 64-bit ready word. Context 0 is the system's. */
#define GR_CONTEXTS_MAX 64u

/* Tenants. A weight's unit is a share; priorities are few, so that each means something. */
#define GR_WEIGHT_MAX      1024u
#define GR_PRIORITIES      4u
#define GR_PRIORITY_NORMAL 1u
/* Of the slots of a run queue, and of the ingress ring if that is shorter, one in so many is the
 * host's credit: tasks of one context accepted and not begun (shared/context.h, T1, T2). */
#define GR_CREDIT_SHARE 2u
/* Weighted policy: contexts of priority p go first if none of them was served for p times this. */
#define GR_AGING_NS 10000000u
/* Learning policy: the longest that a head waits, in times what it is expected to take, for each
 * open context. So those that wait so long get at most one part in so many of the time together. */
#define GR_STARVE_ROUNDS 16u
/* Memory that ops allocate. Pages; classes of slots: every multiple of 16 bytes up to 128, then
 * eight for each power of two, so that of a slot above 128 bytes less than 11 % is not asked for.
 * What is larger is a run of pages. */
#ifndef GR_PAGE_SHIFT
#define GR_PAGE_SHIFT 12u
#endif
#define GR_CLASSES        56u
#define GR_SLAB_BYTES_MAX 8192u
#define GR_BLOCK_PAGES    16u /* of a block, at most */
#define GR_HINT_PAGES     16u /* between where teams look for their first pages */
#define GR_SHARDS         4u  /* stacks of blocks of one class and context */
#define GR_SHED_MAX       64u /* slots that go back at once when a team's list is too long */
#if defined(GR_PORT_SIM)
#define GR_MEMORY_BYTES (256ull << 10) /* each run lays it out anew */
#else
#define GR_MEMORY_BYTES (64ull << 20)
#endif
#define GR_MEMORY_BYTES_MIN (64ull << 10)
#define GR_MEMORY_BYTES_MAX (1ull << 40)
#define GR_MEMORY_REPORTS 32u
/* Who waits for memory looks again after so long at the latest. The event is the last of all. */
#define GR_MEMORY_WAIT_NS 500000u
#define GR_MEMORY_EVENT   (1u << 16 | (GR_EVENTS_MAX - 1u))
/* While memory is debugged: freed objects of a context that nobody gets yet (a power of two), and
 * the longest that are kept so. */
#define GR_QUARANTINE_SLOTS     128u
#define GR_QUARANTINE_BYTES_MAX 16384u

/* Learning policy: a task's size is one of these, a power of four each. */
#define GR_SIZE_CLASSES 16u

/* Ops of one image; ids at and above GR_OP_INTERNAL are messages of the microkernel's own. */
#define GR_OPS_MAX     64u
#define GR_OP_INTERNAL 0xff00u

/* Inline arguments of a task: four 64-bit words, so that a task with its tags is 64 bytes. */
#define GR_ARG_WORDS  4u
#define GR_ARGS_BYTES 32u

/* Rings, in slots; each a power of two. Ingress: host to device, a slot is a 64-byte line.
 * 1024 slots = 64 KiB stay in an L2 cache; measured on 2 cores, 256 to 4096 slots differ by less
 * than the noise. Control: stop, cancel, context changes; rare, so small. */
#define GR_INGRESS_SLOTS     1024u
#define GR_INGRESS_SLOTS_MIN 64u
#define GR_INGRESS_SLOTS_MAX 65536u
#define GR_CONTROL_SHIFT     6u
#define GR_CONTROL_SLOTS     (1u << GR_CONTROL_SHIFT)

/* Completion slots = host tasks in flight whose result nobody has waited for yet. */
#define GR_COMPLETION_SLOTS     65536u
#define GR_COMPLETION_SLOTS_MIN 64u
#define GR_COMPLETION_SLOTS_MAX 1048576u

/* Run queue of one context, in 64-byte slots. */
#define GR_RUNQ_SLOTS     4096u
#define GR_RUNQ_SLOTS_MIN 64u
#define GR_RUNQ_SLOTS_MAX 65536u

/* Joins: forks whose continuation has not run yet, on the whole device. */
#define GR_JOIN_SLOTS     4096u
#define GR_JOIN_SLOTS_MIN 16u
#define GR_JOIN_SLOTS_MAX 1048576u

/* Tiles of one task, and tiled tasks shared by several teams at once; one that finds no record free
 * is done by the team that began it. */
#define GR_TILES_MAX   0x80000000u
#define GR_TILE_SLOTS  1024u
/* Tiles of a part's first batch, and of any. A batch grows while it takes less than half of
 * GR_BATCH_NS and shrinks when it takes longer, or when less is left than GR_BATCH_SHARES such
 * batches for each team: bounds how long the others wait for the last one. */
#define GR_BATCH_FIRST  (GR_WITH_TILE_BATCH ? 16u : 1u)
#define GR_BATCH_MAX    (GR_WITH_TILE_BATCH ? 1048576u : 1u)
#define GR_BATCH_NS     50000u
#define GR_BATCH_SHARES 2u
/* A part of a tiled task that has run for so long lets others have the team. */
#define GR_SLICE_NS 1000000u

/* Events open at once (a power of two), tasks that wait for them, or at channels, and what one
 * signal adds at most: values are compared as they wrap. */
#define GR_EVENTS_MAX      256u
#define GR_WAIT_SLOTS      4096u
#define GR_EVENT_COUNT_MAX 0x7fffffffu

/* Kernels that tasks launch: in one set, and launches that are out at once. A grid is what CUDA
 * takes at most in x. */
#define GR_KERNELS_MAX     32u
#define GR_LAUNCHES_MAX    256u
#define GR_LAUNCH_GRID_MAX 0x7fffffffu
/* On a GPU. Graphs ready to be launched, of each kernel and shape: so many of it run at once by the
 * modes of graphs. One run of a graph may launch 120 others (CUDA's limit), so the launcher begins
 * anew before; a chain of tail launches is cut, and begun anew by the host, before it is as deep as
 * dynamic parallelism may nest (24). A graph that has told that it has ended may not have: it is
 * tried again so often, about a microsecond apart. */
#define GR_LAUNCH_EXECS  4u
#define GR_LAUNCH_SHAPES 2u /* one block; a block for each multiprocessor */
#define GR_LAUNCH_BUDGET 100u
#define GR_LAUNCH_DEPTH  20u
#define GR_LAUNCH_TRIES  1000000u

/* Resident graphs: instances at once, and by default nodes (an instance has one more, its end) and
 * edges (roots and sinks have one more each) of all of them together. */
#define GR_GRAPHS_MAX       256u
#define GR_GRAPH_NODES      16384u
#define GR_GRAPH_NODES_MIN  16u
#define GR_GRAPH_NODES_MAX  1048576u
#define GR_EDGES_PER_NODE   4u
#define GR_FAN_IN_MAX       65536u
/* Memory through which they are loaded, a piece at a time. */
#define GR_STAGE_BYTES 65536u

/* Events kept of each team and of the host, each a power of two: those of GROSR_TRACE, and what an
 * option may say. */
#define GR_TRACE_EVENTS     16384u
#define GR_TRACE_EVENTS_MIN 64u
#define GR_TRACE_EVENTS_MAX 1048576u
/* A traced device notes the lengths of its run queues no more often than this. */
#define GR_TRACE_TICK_NS 20000u

/* Channels, and capabilities for them, at once; bytes of one message; slots of one channel (a power
 * of two); memory for the slots of all of them. Transfers by host threads at once. */
#define GR_CHANNELS_MAX      256u
#define GR_CAPABILITIES_MAX  1024u
#define GR_MESSAGE_BYTES_MAX 4096u
#define GR_CHANNEL_SLOTS_MAX 65536u
#define GR_CHANNEL_BYTES     1048576u
#define GR_CHANNEL_BYTES_MIN 4096u
#define GR_CHANNEL_BYTES_MAX 1073741824u
#define GR_HOST_MESSAGES     64u

/* Places of a context's ring of calls, and records of calls that are out: as many; a power of two,
 * so that a place is found by a mask. How many records are dealt out. */
#if defined(GR_PORT_SIM)
#define GR_CALLS_SHIFT 6u
#define GR_CALLS_OUT   5u
#else
#define GR_CALLS_SHIFT 8u
#define GR_CALLS_OUT   GR_CALLS_MAX
#endif
#define GR_CALLS_MAX (1u << GR_CALLS_SHIFT)
/* A lane that waits for an answer looks so often before it looks whether the device is to stop. */
#define GR_CALL_SPINS 1024u

/* Children of one fork: a fork reserves all its queue slots at once, or fails whole. */
#define GR_FORK_MAX 1024u

/* Tasks that the ingress team fetches by one wide read: a warp of 32 lanes reads 16 bytes each. */
#define GR_INGRESS_WINDOW 8u

/* Turns between two looks at control, clock and heartbeat on a busy team. Bounds, in tasks, the
 * delay of a stop or a cancel. */
#define GR_LOOK_TURNS 64u
/* Tasks taken from the ingress ring before the host is told how far it has been read. */
#define GR_PUBLISH_TASKS (GR_WITH_BATCHES ? 32u : 1u)

/* Bytes of team scratch that an op may use, by default and at most (GPU shared memory). */
#define GR_SCRATCH_BYTES     1024u
#define GR_SCRATCH_BYTES_MAX 65536u

/* A claimed mailbox is filled by its claimer within a few stores; on a crowded CPU the claimer may
 * have lost its core for a while. One not seen within this time has died (assert). */
#define GR_CLAIM_NS_MAX 10000000000ull
/* Attempts at a contended compare-and-swap before "busy" is answered. */
#define GR_CAS_TRIES_MAX 1024u

/* Idle times, in ns. Balanced: spin this long, then sleep. Quiet: the same, much shorter. */
#define GR_SPIN_BALANCED_NS 100000u
#define GR_SPIN_QUIET_NS    5000u
/* A sleeping team wakes at least this often to show that it lives (heartbeat). */
#define GR_SLEEP_NS_MAX 100000000u
/* A spare team (device/spare.h) naps for this long, twice as long each time that it was awake for
 * less than GR_SPARE_AWAKE_NS or so, up to the most. */
#define GR_SPARE_NAP_NS     500000u
#define GR_SPARE_NAP_NS_MAX 4000000u
#define GR_SPARE_AWAKE_NS   200000u
/* Clock gate of the control ring where host memory is behind PCIe (one read is about 1 us). */
#define GR_CONTROL_POLL_NS 20000u
