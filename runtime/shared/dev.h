/* dev.h - the device's own memory: what every team can see, and who writes each word of it.
 *
 * Filled by the host before the microkernel starts (host/memory_map.c), then the device's alone;
 * the host only looks (statistics, black box), through the backend. Pointers hold device addresses.
 *
 *   ingress team                       any team
 *     | push when idle: claim a bit of idle[], write that team's mailbox
 *     | pull when loaded: write the context's run queue, set its bit of queued
 *     v                                 |
 *   mailbox[team]  runq[context]  <-----+  ops that submit do the same
 *
 * I5  A bit of idle[] is set by its team only, and cleared either by its team (retract) or by one
 *     claimer; the atomic AND decides which. Who cleared another's bit owns that mailbox until it
 *     has written one message into it; the owner then expects exactly one.
 * I6  A mailbox's tags are all 0 (empty) whenever its team's idle bit is set.
 * I7  A task in a run queue implies that its context's bit of `queued` is set, or will be set by
 *     the team that pushed it, or that the team that cleared it is still to look again.
 * I8  A team that sleeps has, after setting its idle bit, `asleep` and a sleeper's fence, seen
 *     `queued` == 0, the duty taken and `run` go; a team that changed one of them has, after a
 *     waker's fence, looked for idle bits and woken who was to see it. So no ready task and
 *     sleeping team stay together: one saw the other. A team that is awake sees it anyhow.
 * I9  duty == team + 1 for the one team that reads ingress and control; the compare-and-swap that
 *     wrote it decides.
 *
 * word                 writer                            order
 * idle[]               I5                                set: release, claim: acquire (I6);
 *                                                        retract: relaxed
 * queued               pusher sets, emptier clears       set: release, clear: acquire (I7)
 * duty                 I9                                take: acquire, give: release: hands over
 *                                                        *_pos
 * ingress_pos,         team on duty                      plain: handed over by duty
 *  control_pos
 * run                  team on duty; a faulting team     relaxed gpu: carries no data
 * booted               every team, once an incarnation   add relaxed gpu
 * fault_claim          every faulting team; 0 won        add relaxed gpu
 * cancel[slot]         team on duty                      relaxed gpu: it may always come too late
 * cancel_live          team on duty                      relaxed gpu: any cancel ever made
 * context[], managed, restricted, open, policy, mispicks, virtual_ns[], class_ns[], cost[],
 * note[]               context.h
 * tracing, trace[], team[t].traced, ticked_ns, ticked
 *                      trace.h
 * team[t].*            team t                            relaxed gpu: read by the watchdog
 * mailbox[t].line      I5                                chunk release/acquire gpu
 * mailbox[t].asleep    team t: 1; waker or team t: 0     exchange decides (port_cpu.h)
 * runq[c].*            runq.h
 * join[], join_free    join.h, pool.h
 * tiles[], tiles_free  tiles.h, pool.h
 * graph[], node[], edge[]  graph.h
 * event[], wait[], wait_free  event.h, pool.h
 * channel[], capability[], channel_memory  channel.h, channel_wait.h
 * deadline_ns          deadline.h
 * memory               memory.h
 * launcher             kernel.h
 *
 * Next: ../device/microkernel.h (the loop that lives on this). */
#pragma once

#include "port/port.h"
#include "shared/boundary.h"
#include "shared/channel.h"
#include "shared/context.h"
#include "shared/kernel.h"
#include "shared/memory.h"
#include "shared/trace.h"
#include "shared/work.h"

enum gr_run {
  GR_RUN_GO = 0,
  GR_RUN_STOP = 1, /* leave after the task at hand */
  GR_RUN_COUNT = 2
};

/* What a team is doing; the black box prints it. */
enum gr_phase {
  GR_PHASE_AWAY = 0,    /* not booted, or left */
  GR_PHASE_LOOKING = 1, /* between tasks */
  GR_PHASE_RUNNING = 2, /* inside an op */
  GR_PHASE_IDLE = 3,    /* waiting, awake */
  GR_PHASE_ASLEEP = 4,  /* waiting, asleep */
  GR_PHASE_COUNT = 5
};

/* How a team spends idle time. */
enum gr_idle_mode {
  GR_IDLE_LATENCY = 0,  /* spins for ever */
  GR_IDLE_BALANCED = 1, /* spins for spin_ns, then sleeps */
  GR_IDLE_QUIET = 2,    /* the same with a much shorter spin */
  GR_IDLE_MODE_COUNT = 3
};

/* One team's record, written by that team only. `now` packs what it last began:
 * sequence << 32 | op << 16 | context << 8 | phase, in one store. */
struct gr_team_record {
  gr_au64 now __attribute__((aligned(GR_LINE_BYTES)));
  gr_au64 done;      /* done word and generation of that task: generation << 32 | done */
  gr_au64 turns;     /* heartbeat: turns of the main loop */
  gr_au64 completed; /* tasks finished, in any way; published after their completion */
  gr_au64 submitted; /* tasks this team's ops created; published before they can run */
  gr_au64 failed;    /* of completed: negative result */
  gr_au64 cancelled; /* of completed: cancelled before they started */
  gr_au64 from_mailbox;
  gr_au64 from_queue;
  gr_au64 from_ingress; /* run straight from ingress */
  gr_au64 sleeps;
  gr_au64 incarnation; /* that this team last booted in */
  gr_au64 traced;      /* events that it has noted: trace.h */
};
#define GR_NOW_WORD(sequence, op, context, phase)                                                  \
  (((uint64_t)(sequence) << 32) | ((uint64_t)(op) << 16) | ((uint64_t)(context) << 8) |            \
   (uint64_t)(phase))
#define GR_NOW_SEQUENCE(word) ((uint32_t)((word) >> 32))
#define GR_NOW_OP(word)       ((uint32_t)((word) >> 16) & 0xffffu)
#define GR_NOW_CONTEXT(word)  ((uint32_t)((word) >> 8) & 0xffu)
#define GR_NOW_PHASE(word)    ((uint32_t)(word)&0xffu)

/* A line to itself: one read by the owner both polls and fetches. */
struct gr_mailbox {
  struct gr_line line __attribute__((aligned(GR_LINE_BYTES)));
  gr_au32 asleep;
};
static_assert(sizeof(struct gr_mailbox) == GR_LINE_BYTES, "one L2 line");
enum gr_mailbox_tag { GR_MAILBOX_EMPTY = 0, GR_MAILBOX_FULL = 1 };

/* Bounded queue of ready tasks of one context, many producers and consumers; see runq.h. */
struct gr_runq {
  gr_au32 head __attribute__((aligned(GR_LINE_BYTES))); /* next to take: consumers, by CAS */
  gr_au32 tail __attribute__((aligned(GR_LINE_BYTES))); /* next to fill: producers, by CAS */
  struct gr_line *slot;                                 /* read-only after boot */
  struct gr_note *note;                                 /* of each slot; read-only after boot */
};

/* A fork that waits for its children; see join.h. */
struct gr_join {
  gr_au32 pending;   /* children and parent that have not finished */
  gr_au32 status;    /* first failure among them, as uint32_t, else 0: CAS decides */
  gr_au32 next_free; /* while free: index + 1 of the next free one, 0 at the end */
  uint32_t reserved;
  struct gr_task then; /* the continuation; owner: who took the join, then who ends it */
};

struct gr_dev {
  /* Written by the host before boot, read-only afterwards. */
  uint32_t abi; /* GR_ABI_VERSION */
  uint32_t teams;
  uint32_t ops; /* of the image: a task with a greater op id is answered, not run */
  uint32_t
      reserved_ingress;   /* 1: team 0 does nothing but ingress; 0: an idle team takes the duty */
  uint32_t idle_mode;     /* enum gr_idle_mode */
  uint32_t ingress_shift; /* slots = 1 << shift, for each ring */
  uint32_t runq_shift;
  uint32_t completion_slots;
  uint32_t join_slots;
  uint32_t scratch_bytes;
  uint32_t credit;  /* of each context: tasks accepted and not begun (T1) */
  uint32_t crowded; /* 1: not even one team has a core for itself: an idle team yields it */
  uint32_t at_once; /* teams that have a core each; those from here on are spare (spare.h) */
  uint64_t spin_ns;
  uint64_t idle_exit_ns;    /* 0: never leave when idle */
  uint64_t control_poll_ns; /* clock gate of the control ring; 0: look at every turn */
  struct gr_boundary *boundary;
  struct gr_line *ingress;
  gr_au64 *completion;
  gr_au32 *cancel; /* generation of the completion slot whose task is not to start; 0: none */
  struct gr_team_record *team;
  struct gr_mailbox *mailbox;
  struct gr_join *join;
  struct gr_tiles *tiles;
  struct gr_event *event;
  struct gr_wait *wait;
  struct gr_launcher *launcher; /* NULL: there are no kernels to launch */
  struct gr_relay *relay;       /* NULL: no calls of the host */
  struct gr_graph *graph;
  struct gr_node *node;
  uint32_t *edge; /* indices of nodes */
  struct gr_context *context;
  gr_au64 *cost; /* policy_learning.h */
  struct gr_channel *channel;
  gr_au64 *capability; /* GR_CAPABILITY */
  unsigned char *channel_memory;
  uint32_t channels;
  struct gr_trace_event *trace; /* each team's ring of 1 << trace_shift, or NULL: trace.h */
  uint32_t trace_shift;

  /* Written by the team on duty. */
  gr_au32 run __attribute__((aligned(GR_LINE_BYTES)));
  gr_au32 managed; /* 1: there is something for the policy to decide */
  gr_au32 policy;  /* enum gr_policy */
  gr_au32 cancel_live;
  gr_au32 tracing; /* 1: teams with a ring note what they do */
  uint32_t ingress_pos;
  uint32_t control_pos;
  gr_au64 restricted; /* bit per context: it has a state or a quota that may bind */
  gr_au64 open;       /* bit per context */

  /* Written by all. */
  gr_au32 duty __attribute__((aligned(GR_LINE_BYTES)));
  gr_au32 booted __attribute__((aligned(GR_LINE_BYTES)));
  gr_au32 fault_claim;
  gr_au64 join_free __attribute__((aligned(GR_LINE_BYTES))); /* count << 32 | index + 1 */
  gr_au64 tiles_free __attribute__((aligned(GR_LINE_BYTES)));
  gr_au64 wait_free __attribute__((aligned(GR_LINE_BYTES)));
  gr_au64 deadline_ns __attribute__((aligned(GR_LINE_BYTES)));
  gr_au64 queued __attribute__((aligned(GR_LINE_BYTES)));    /* bit per context */
  gr_au32 spare_awake __attribute__((aligned(GR_LINE_BYTES))); /* spare teams that do not nap */
  gr_au64 mispicks; /* times that a policy named a context without work */
  gr_au64 virtual_ns[GR_PRIORITIES]; /* per priority: policy_weighted.h */
  gr_au64 class_ns[GR_PRIORITIES];   /* when a context of it was picked last; the same */
  gr_au64 ticked_ns __attribute__((aligned(GR_LINE_BYTES))); /* of a trace: the queues' lengths */
  gr_au64 ticked; /* were noted then, of these contexts */
  gr_au64 idle[GR_TEAM_WORDS] __attribute__((aligned(GR_LINE_BYTES)));
  struct gr_memory memory;
  struct gr_runq runq[GR_CONTEXTS_MAX];
};
