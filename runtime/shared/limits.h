/* limits.h - every limit of the runtime, with its unit and its reason.
 *
 * Included by both sides of the boundary and by every layer; nothing else in the house may hold a
 * number that bounds something. Sizes that a user may choose have a default, a least and a greatest
 * value here; grosr_open refuses the others before anything is started.
 *
 * Next: status.h (what an answer can be). */
#pragma once

/* Version of every layout in shared/. The host writes it into struct gr_dev, the microkernel checks
 * it when it boots: an image built against other headers is refused, not run. */
#define GR_ABI_VERSION 1u

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

/* Children of one fork: a fork reserves all its queue slots at once, or fails whole. */
#define GR_FORK_MAX 1024u

/* Tasks that the ingress team fetches by one wide read: a warp of 32 lanes reads 16 bytes each. */
#define GR_INGRESS_WINDOW 8u

/* Tasks sorted into run queues in one turn, before the team runs one itself. */
#define GR_SORT_MAX 64u

/* Turns between two looks at control, clock and heartbeat on a busy team. Bounds, in tasks, the
 * delay of a stop or a cancel. */
#define GR_LOOK_TURNS 64u
/* Tasks taken from the ingress ring before the host is told how far it has been read. */
#define GR_PUBLISH_TASKS 32u

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
/* Clock gate of the control ring where host memory is behind PCIe (one read is about 1 us). */
#define GR_CONTROL_POLL_NS 20000u
