/* context.h - a context on the device: what a tenant may have, what it had, who says so.
 *
 *   host                       team on duty                        any team
 *   grosr_context_set ───────> settings, `restricted`  ─────────>  which contexts may be served
 *   credited[c]                                                    running, left, served ... (adds)
 *   left[c] of boundary.h <─── told: what of `left` was published  <──┘
 *
 * While only one tenant is there and nobody has set anything, `managed` is 0 and nothing of this is
 * touched: the loop pays one load for it a turn.
 *
 * T1  The host accepts a task of a context only while it has credit: of its tasks that carry
 *     GR_FLAG_CREDIT fewer than `credit` have not yet begun.
 * T2  Whatever else is put into a run queue (children) leaves `credit` of its slots free of it. So
 *     a task with credit finds room in its queue, and the ingress ring never waits behind one
 *     tenant. (Tasks from before `managed` carry no credit: until they have gone, it may.)
 * T3  At most `quota` tasks that were counted in `running` run at once; a compare-and-swap counts.
 * T4  A paused context's tasks stay where they are; a killed one's are ended with GR_E_CANCELED by
 *     whoever takes them, whatever else is set, so that each still gets its one completion.
 *
 * word                 writer                      order
 * weight, priority, quota, slice_ns, state
 *                      team on duty                relaxed gpu: each by itself, and never too late
 * told                 team on duty                relaxed: handed over by duty
 * running              counts in, by CAS; out, by  relaxed gpu: a number; who sleeps is roused (I8)
 *                      add
 * left                 who begins a task with      relaxed gpu: a number. A slot that is seen too
 *                      credit, by add              late looks full once more, no longer
 * served, served_ns, wait_ns, vtime_ns             any team, by add (vtime_ns: CAS, too); relaxed
 * last_pick_ns         who picked it; the last one wins             relaxed gpu: a hint
 * note[]               who fills the slot          relaxed gpu: a hint about the slot at a head
 * gr_dev.restricted, managed, policy, open         team on duty; relaxed gpu: never too late
 * gr_dev.mispicks                                  any team, by add; relaxed gpu
 * gr_dev.virtual_ns[], who picked; the last wins   relaxed gpu: policy_weighted.h
 *  class_ns[]
 * gr_dev.cost[]        policy_learning.h
 *
 * Next: dev.h, ../device/context.h (what teams do with it). */
#pragma once

#include "port/port.h"

/* The order is that of enum grosr_policy (grosr.h): one file device/policy_NAME.h each. */
#define GR_POLICIES(POLICY) POLICY(round_robin) POLICY(fifo) POLICY(weighted) POLICY(learning)
#define GR_POLICY_ID(name)  GR_POLICY_##name,
enum gr_policy { GR_POLICIES(GR_POLICY_ID) GR_POLICY_COUNT };

/* Bits of gr_context.state. */
#define GR_CONTEXT_PAUSED 1u
#define GR_CONTEXT_KILLED 2u
#define GR_CONTEXT_FRESH  4u /* in a message only: the context is opened, its counts begin at 0 */

struct gr_context {
  /* Written by the team on duty. */
  gr_au32 weight __attribute__((aligned(GR_LINE_BYTES)));
  gr_au32 priority; /* 0 is served first */
  gr_au32 quota;    /* tasks that run at once */
  gr_au32 state;    /* GR_CONTEXT_* */
  gr_au64 slice_ns; /* a team that serves it stays with it for so long; 0: one task */
  gr_au32 told;     /* of `left`, what the host was told */
  /* Written by all. */
  gr_au32 running __attribute__((aligned(GR_LINE_BYTES)));
  gr_au32 left;   /* tasks with credit that have begun */
  gr_au64 served; /* tasks ended while `managed` */
  gr_au64 served_ns;
  gr_au64 wait_ns;   /* in its queue, of tasks taken from there */
  gr_au64 vtime_ns;  /* served time by weight: policy_weighted.h */
  gr_au64 last_pick_ns; /* when: policy_learning.h */
};

/* What is known about the task in one slot of a run queue without reading it. */
struct gr_note {
  gr_au64 since_ns; /* when it was put there */
  gr_au64 kind;     /* op << 16 | size class */
};
#define GR_NOTE_KIND(op, size) (((uint64_t)(op) << 16) | (uint64_t)(size))

/* The message GR_CTL_CONTEXT: arg[0] as packed here, arg[1] weight << 32 | quota, arg[2] slice_ns,
 * arg[3] a bit per open context. */
#define GR_CONTEXT_WORD(context, priority, state, managed)                                         \
  ((uint64_t)(context) | ((uint64_t)(priority) << 8) | ((uint64_t)(state) << 16) |                 \
   ((uint64_t)(managed) << 24))
