/* scenario.h - what grosr sim runs: whole lives of a device, and single protocols.
 *
 * A scenario is a function for participant 0, the invariants that are checked at every step, and
 * the faults that it can stand. What a run does beyond that is drawn from its seed.
 *
 * Next: scenario_device.c (lives), scenario_protocol.c (protocols, explored exhaustively). */
#pragma once

#include "sim/sim.h"

struct gr_scenario {
  const char *name;
  const char *what; /* one line, for grosr sim --list */
  void (*main)(void *argument);
  void (*check)(void);
  uint32_t faults;    /* bits of enum gr_sim_fault that it can stand */
  bool can_park;      /* it can stand somebody stopping for ever */
  bool parks_teams;   /* that is a team, and in one run of four */
  bool is_crowded;    /* so many participants that starving one would take for ever */
  bool is_protocol;   /* small enough for GR_SIM_EXPLORE, and nothing else */
  bool is_heap;       /* of the allocator's */
  bool is_long;       /* explored only when it is named: minutes; its seeds are small_heap's */
  uint32_t share;     /* of the time of a budget */
  uint64_t steps_max; /* of one run; 0: the default */
};

/* A name of NULL ends it. */
#define GR_SCENARIOS_MAX 144u
extern const struct gr_scenario gr_scenarios[GR_SCENARIOS_MAX];

/* scenario_device.c */
void gr_scenario_device(void *argument);
void gr_scenario_dispatch(void *argument);
void gr_scenario_lanes(void *argument);
void gr_scenario_full(void *argument);
void gr_scenario_wide(void *argument);
void gr_scenario_stuck(void *argument);
void gr_scenario_fault(void *argument);
void gr_scenario_memory(void *argument);
/* scenarios.c */
void gr_scenario_small(void *argument);
void gr_scenario_small_heap(void *argument);
/* invariants.c: of a device that is open; each is one of shared/boundary.h and shared/dev.h. */
void gr_invariants_check(void);
/* The device's state, for people. */
void gr_invariants_report(void *file);
struct grosr;
void gr_invariants_watch(struct grosr *g); /* NULL: nothing is open any more */
/* From now on the policy decides, and no task is in flight: T2 holds (shared/context.h). */
void gr_invariants_managed(void);
/* From now on no context is paused or at its quota: T5 and T6 hold at every pick. */
void gr_invariants_starve(void);
/* scenario_protocol.c */
void gr_scenario_runq(void *argument);
void gr_scenario_runq_push(void *argument);
void gr_scenario_runq_pop(void *argument);
void gr_scenario_runq_fork(void *argument);
void gr_scenario_join(void *argument);
void gr_scenario_join_fails(void *argument);
void gr_scenario_join_list(void *argument);
void gr_scenario_duty(void *argument);
/* scenario_work.c */
void gr_scenario_tiles(void *argument);
void gr_scenario_tiles_fail(void *argument);
void gr_scenario_graph(void *argument);
void gr_scenario_graph_fail(void *argument);
void gr_scenario_graph_build(void *argument);
/* scenario_channel.c */
void gr_scenario_channel(void *argument);
void gr_scenario_channel_wide(void *argument);
void gr_scenario_channel_two(void *argument);
void gr_scenario_channel_park(void *argument);
void gr_scenario_channel_room(void *argument);
void gr_scenario_channel_pass(void *argument);
void gr_scenario_channel_list(void *argument);
/* scenario_channel_end.c */
void gr_scenario_channel_close(void *argument);
void gr_scenario_channel_drain(void *argument);
void gr_scenario_channel_revoke(void *argument);
void gr_scenario_channel_again(void *argument);
void gr_scenario_channel_kill(void *argument);
void gr_scenario_channel_deadline(void *argument);
/* scenario_event.c */
void gr_scenario_event(void *argument);
void gr_scenario_event_two(void *argument);
void gr_scenario_event_sift(void *argument);
void gr_scenario_event_close(void *argument);
void gr_scenario_event_kill(void *argument);
void gr_scenario_event_kill_late(void *argument);
void gr_scenario_event_lanes(void *argument);
void gr_scenario_event_lanes_wait(void *argument);
/* scenario_quota.c */
void gr_scenario_quota(void *argument);
void gr_scenario_quota_late(void *argument);
void gr_scenario_quota_two(void *argument);
void gr_scenario_resume(void *argument);
void gr_scenario_kill(void *argument);
void gr_scenario_credit(void *argument);
void gr_scenario_credit_duty(void *argument);
/* scenario_tenants.c */
void gr_scenario_tenants(void *argument);
void gr_scenario_starve(void *argument);
/* scenario_launch.c */
void gr_scenario_launch(void *argument);
void gr_scenario_launch_list(void *argument);
void gr_scenario_launch_put(void *argument);
void gr_scenario_launch_blocks(void *argument);
void gr_scenario_launch_sleep(void *argument);
void gr_scenario_launch_ask(void *argument);
/* scenario_trace.c */
void gr_scenario_trace(void *argument);
/* scenario_idle.c */
void gr_scenario_refused(void *argument);
void gr_scenario_mailbox(void *argument);
void gr_scenario_mailbox_two(void *argument);
void gr_scenario_sleep(void *argument);
void gr_scenario_sleep_lanes(void *argument);
/* scenario_boundary.c */
void gr_scenario_ring(void *argument);
void gr_scenario_ring_two(void *argument);
void gr_scenario_completion(void *argument);
void gr_scenario_completion_two(void *argument);
void gr_scenario_counts(void *argument);
/* scenario_rest.c */
void gr_scenario_rest(void *argument);
void gr_scenario_rest_two(void *argument);
void gr_scenario_rest_cancel(void *argument);
void gr_scenario_rest_stop(void *argument);
void gr_scenario_rest_lanes(void *argument);
void gr_scenario_rest_late(void *argument);
/* scenario_alloc.c */
void gr_scenario_alloc(void *argument);
void gr_scenario_alloc_lanes(void *argument);
void gr_scenario_alloc_check(void);
void gr_scenario_alloc_device(void *argument);
/* scenario_relay.c */
void gr_scenario_relay(void *argument);
/* scenario_pages.c */
void gr_scenario_pages_last(void *argument);
void gr_scenario_pages_level(void *argument);
void gr_scenario_pages_words(void *argument);
void gr_scenario_pages_across(void *argument);
void gr_scenario_pages_split(void *argument);
void gr_scenario_pages_long(void *argument);
void gr_scenario_pages_halves(void *argument);
void gr_scenario_pages_whole(void *argument);
void gr_scenario_pages_whole_run(void *argument);
void gr_scenario_pages_whole_last(void *argument);
void gr_scenario_pages_aligned(void *argument);
/* scenario_slab.c */
void gr_scenario_blocks(void *argument);
void gr_scenario_groups(void *argument);
void gr_scenario_groups_same(void *argument);
void gr_scenario_groups_take(void *argument);
void gr_scenario_groups_virgin(void *argument);
void gr_scenario_groups_drop(void *argument);
void gr_scenario_retire(void *argument);
void gr_scenario_retire_again(void *argument);
void gr_scenario_retire_some(void *argument);
/* scenario_hold.c */
void gr_scenario_hold(void *argument);
void gr_scenario_hold_leave(void *argument);
void gr_scenario_hold_full(void *argument);
void gr_scenario_hold_reclaim(void *argument);
void gr_scenario_hold_pages(void *argument);
void gr_scenario_hold_walk(void *argument);
void gr_scenario_quota_pages(void *argument);
void gr_scenario_quota_one(void *argument);
void gr_scenario_reset(void *argument);
void gr_scenario_magazine(void *argument);
void gr_scenario_magazine_warps(void *argument);
void gr_scenario_magazine_groups(void *argument);
void gr_scenario_reset_sweep(void *argument);
void gr_scenario_twice(void *argument);
void gr_scenario_twice_run(void *argument);
void gr_scenario_twice_warp(void *argument);
void gr_scenario_twice_warps(void *argument);
