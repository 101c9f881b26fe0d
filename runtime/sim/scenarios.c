/* scenarios.c - the table of them. Next: main.c */
#include "sim/scenario.h"

#define PROTOCOL(function, text)                                                                   \
  {                                                                                                \
    .name = #function, .what = text, .main = gr_scenario_##function, .is_protocol = true           \
  }

#define HEAP(function, text)                                                                       \
  {                                                                                                \
    .name = #function, .what = text, .main = gr_scenario_##function, .is_protocol = true,          \
    .is_heap = true                                                                                \
  }
#define HEAP_LONG(function, text)                                                                  \
  {                                                                                                \
    .name = #function, .what = text, .main = gr_scenario_##function, .is_protocol = true,          \
    .is_heap = true, .is_long = true                                                               \
  }

const struct gr_scenario gr_scenarios[GR_SCENARIOS_MAX] = {
    {.name = "dispatch",
     .share = 24,
     .what = "the same as device, with one to four tasks: many schedules in little time",
     .main = gr_scenario_dispatch,
     .check = gr_invariants_check,
     .faults = GR_SIM_STALLS | GR_SIM_SPURIOUS | GR_SIM_LATE},
    {.name = "device",
     .share = 6,
     .what = "one to three host threads use a device of one to three teams: tasks, forks, cancels",
     .main = gr_scenario_device,
     .check = gr_invariants_check,
     .faults = GR_SIM_STALLS | GR_SIM_SPURIOUS | GR_SIM_JUMPS | GR_SIM_LATE,
     .can_park = true},
    {.name = "lanes",
     .share = 3,
     .what = "the same with teams of 2 to 64 lanes",
     .main = gr_scenario_lanes,
     .check = gr_invariants_check,
     .faults = GR_SIM_SPURIOUS | GR_SIM_LATE,
     .steps_max = 20000000},
    {.name = "full",
     .share = 2,
     .what = "rings, queues and tables that run full",
     .main = gr_scenario_full,
     .check = gr_invariants_check,
     .faults = GR_SIM_STALLS | GR_SIM_SPURIOUS | GR_SIM_LATE,
     .steps_max = 8000000}, /* the only ingress team may be starved, and stall on top of it */
    {.name = "wide",
     .share = 1,
     .what = "65 to 80 teams: the idle bitmap has two words",
     .main = gr_scenario_wide,
     .is_crowded = true,
     .check = gr_invariants_check,
     .faults = GR_SIM_SPURIOUS | GR_SIM_LATE},
    {.name = "tenants",
     .share = 6,
     .what = "three tenants: quotas, pause, resume and kill at any moment, policies switched",
     .main = gr_scenario_tenants,
     .check = gr_invariants_check,
     .faults = GR_SIM_STALLS | GR_SIM_SPURIOUS | GR_SIM_LATE,
     .steps_max = 8000000}, /* as full */
    {.name = "starve",
     .share = 2,
     .what = "a flood beside a tenant with few, long tasks of low priority: T5 and T6",
     .main = gr_scenario_starve,
     .check = gr_invariants_check,
     .faults = GR_SIM_SPURIOUS,
     .steps_max = 8000000}, /* as full */
    {.name = "launch",
     .share = 2,
     .what = "tasks that launch kernels, beside a device that sleeps, rests and is closed",
     .main = gr_scenario_launch,
     .check = gr_invariants_check,
     .faults = GR_SIM_STALLS | GR_SIM_SPURIOUS | GR_SIM_LATE},
    {.name = "alloc",
     .share = 3,
     .what = "teams of one lane allocate, free and hand on, with too little memory",
     .main = gr_scenario_alloc,
     .check = gr_scenario_alloc_check,
     .can_park = true,
     .parks_teams = true,
     .steps_max = 20000000},
    {.name = "alloc_lanes",
     .share = 3,
     .what = "the same with teams of 4 and 32 lanes, which diverge",
     .main = gr_scenario_alloc_lanes,
     .check = gr_scenario_alloc_check,
     .can_park = true,
     .parks_teams = true,
     .steps_max = 20000000},
    {.name = "stuck",
     .share = 1,
     .what = "an op that does not return, the watchdog, and life after it",
     .main = gr_scenario_stuck,
     .check = gr_invariants_check,
     .faults = GR_SIM_SPURIOUS | GR_SIM_LATE,
     .steps_max = 8000000}, /* as full */
    {.name = "fault",
     .share = 1,
     .what = "asserts that fail, on several teams at once",
     .main = gr_scenario_fault,
     .faults = GR_SIM_SPURIOUS | GR_SIM_LATE},
    {.name = "memory",
     .share = 1,
     .what = "reserving memory fails",
     .main = gr_scenario_memory,
     .faults = GR_SIM_NO_MEMORY},
    {.name = "small",
     .share = 3,
     .what = "one of the protocols below, under a seed: what exploring leaves of weak memory",
     .main = gr_scenario_small},
    {.name = "small_heap",
     .share = 2,
     .what = "the same, of the allocator's",
     .main = gr_scenario_small_heap},
    PROTOCOL(runq, "run queue: a producer and a consumer, around the ring of two slots"),
    PROTOCOL(runq_push, "run queue: two producers, a consumer"),
    PROTOCOL(runq_pop, "run queue: a producer, two consumers"),
    PROTOCOL(runq_fork, "run queue: two slots at once, or none"),
    PROTOCOL(refused, "a fork finds the queue full, and the team that it had claimed is told"),
    PROTOCOL(mailbox, "idle announcement, mailbox and queue: a placer and a worker"),
    PROTOCOL(mailbox_two, "the same with two placers"),
    PROTOCOL(sleep, "the same, and the worker falls asleep"),
    PROTOCOL(sleep_lanes, "the same, and the placer has two lanes"),
    PROTOCOL(join, "a join and its two last children"),
    PROTOCOL(join_fails, "a join one of whose children fails"),
    PROTOCOL(join_list, "the free list of joins, two takers"),
    PROTOCOL(tiles, "a task of three tiles and its two parts"),
    PROTOCOL(tiles_fail, "the same, and the first tile fails"),
    PROTOCOL(graph, "a graph of four nodes, on two teams"),
    PROTOCOL(graph_fail, "the same, and a root fails"),
    PROTOCOL(graph_build, "a graph is built, and built again, while another team launches it"),
    PROTOCOL(event, "a task waits for an event while it is signalled"),
    PROTOCOL(event_two, "two wait, two signal, and who wants both is parked again between"),
    PROTOCOL(event_sift, "one waits on top of another that is taken off and put back"),
    PROTOCOL(event_close, "one waits and signals while the event is closed, and another opened"),
    PROTOCOL(event_kill, "one waits while its context is killed, and the event sifted"),
    PROTOCOL(event_kill_late, "the same, and who waits is parked again just then"),
    PROTOCOL(event_lanes, "a team of two lanes signals while the queue is full"),
    PROTOCOL(event_lanes_wait, "one submits a task that waits, and another signals"),
    PROTOCOL(channel, "a channel of one slot, a sender and a receiver"),
    PROTOCOL(channel_wide, "the same with two slots, open to many"),
    PROTOCOL(channel_two, "a channel of one slot, two senders"),
    PROTOCOL(channel_park, "a receiver parks while its message comes"),
    PROTOCOL(channel_room, "a sender parks while room comes"),
    PROTOCOL(channel_pass, "two parked receivers, two messages given in any order"),
    PROTOCOL(channel_list, "the same, and another team begins what is woken"),
    PROTOCOL(channel_close, "a receiver parks while the channel is closed"),
    PROTOCOL(channel_drain, "a sender sends while the channel is closed, and all is received"),
    PROTOCOL(channel_revoke, "a receiver parks while its capability is revoked"),
    PROTOCOL(channel_again, "a channel ends while an op sends, and its place is used again"),
    PROTOCOL(channel_kill, "a receiver parks while its context is killed"),
    PROTOCOL(channel_deadline, "a receiver parks while another looks through what is parked"),
    PROTOCOL(quota, "a team sleeps beside a queue whose quota is taken, and another's task ends"),
    PROTOCOL(quota_late, "the same, and the task in the queue comes just then"),
    PROTOCOL(quota_two, "two teams take two tasks of a context with a quota of one"),
    PROTOCOL(resume, "a team sleeps beside a paused context's queue, and it is resumed"),
    PROTOCOL(kill, "the same with one at its quota, and it is killed"),
    PROTOCOL(credit, "the host has credit for one task, children take what is left of the queue"),
    PROTOCOL(credit_duty, "the duty goes to and fro, and the host is told what has left"),
    PROTOCOL(launch_list, "a list of launches: one puts two, another takes them"),
    PROTOCOL(launch_put, "the same, and two put one each"),
    PROTOCOL(launch_blocks, "two blocks of a launched kernel end, and one has failed"),
    PROTOCOL(launch_sleep, "a launched kernel ends while the team on duty falls asleep"),
    PROTOCOL(launch_ask, "a team asks for a kernel while the launcher falls asleep"),
    PROTOCOL(duty, "the duty goes to and fro between two teams"),
    PROTOCOL(trace, "a ring of events that is overwritten while it is read"),
    PROTOCOL(ring, "ingress ring: a submitter and the ingress team, around the ring of two slots"),
    PROTOCOL(ring_two, "ingress ring: two submitters and the ingress team"),
    PROTOCOL(completion, "one ticket, used twice: submit, complete, wait"),
    PROTOCOL(completion_two, "one ticket, used by two submitters"),
    PROTOCOL(counts, "a task in flight submits another, and the host asks whether all is done"),
    PROTOCOL(rest, "the microkernel goes to rest while the host submits"),
    PROTOCOL(rest_two, "two submitters find the microkernel resting"),
    PROTOCOL(rest_cancel, "the microkernel goes to rest while the host cancels"),
    PROTOCOL(rest_stop, "the microkernel goes to rest while the host stops it"),
    PROTOCOL(rest_lanes, "a team of two lanes goes to rest while the other is given a task"),
    PROTOCOL(rest_late, "a team goes to rest while the other places a task and is idle again"),
    HEAP(pages_last, "the last page of a word goes while another comes, up to the top of the map"),
    HEAP(pages_level, "the same, and who gives claims again"),
    HEAP(pages_words, "two words below one of the next level: one is emptied, one filled"),
    HEAP(pages_across, "two runs across words, and room for one"),
    HEAP_LONG(pages_split, "a run across words, and one page of it"),
    HEAP_LONG(pages_long, "two runs longer than a word, and room for one"),
    HEAP(pages_aligned, "an aligned run is sought while one is given back"),
    HEAP(blocks, "a stack of two blocks: both go and come back in the other order"),
    HEAP(groups, "slots of two groups come back to a full block"),
    HEAP(groups_same, "the same, of one group"),
    HEAP(groups_take, "slots come back to a group while another takes it"),
    HEAP(groups_virgin, "two take the last virgin group"),
    HEAP(groups_drop, "a held block is dropped while its slots come back"),
    HEAP(retire, "an empty block is retired and made another while a group of it is taken"),
    HEAP(retire_again, "the same, and the group comes back"),
    HEAP_LONG(hold, "two teams, and one block of two groups"),
    HEAP_LONG(hold_leave, "one team lets go of all there is while another asks"),
    HEAP_LONG(hold_full, "a slot of a full block comes back while another asks"),
    HEAP_LONG(hold_reclaim, "a block moves to another stack while another asks for its slot"),
    HEAP_LONG(hold_pages, "two look for pages, and an empty block is all there is"),
    HEAP_LONG(hold_walk, "the same, and it is below one that moves to another stack"),
    HEAP_LONG(quota_pages, "two teams take pages up to the quota"),
    HEAP_LONG(quota_one, "the same, and there is quota for one"),
    HEAP_LONG(reset, "an arena is reset while another looks for pages"),
    HEAP_LONG(reset_sweep, "two give back what a reset arena had"),
    HEAP_LONG(magazine, "two lanes allocate and free together"),
    HEAP_LONG(magazine_warps, "the same, of two warps"),
    HEAP_LONG(magazine_groups, "two lanes free slots of two groups"),
    HEAP(twice, "two teams free the same slot at once"),
    HEAP(twice_run, "the same, a run"),
    HEAP_LONG(twice_warp, "the same, two lanes of a warp"),
    HEAP_LONG(twice_warps, "the same, lanes of two warps"),
    {.name = 0}};

/* One of the protocols, the allocator's or the others. */
static void small(bool is_heap)
{
  uint32_t first = 0, count = 0;
  for (; !gr_scenarios[first].is_protocol || gr_scenarios[first].is_heap != is_heap; first++) {
  }
  for (; gr_scenarios[first + count].name != NULL && gr_scenarios[first + count].is_heap == is_heap;
       count++) {
  }
  gr_scenarios[first + gr_sim_random() % count].main(NULL);
}
void gr_scenario_small(void *argument)
{
  (void)argument;
  small(false);
}
void gr_scenario_small_heap(void *argument)
{
  (void)argument;
  small(true);
}
