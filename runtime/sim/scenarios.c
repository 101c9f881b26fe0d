/* scenarios.c - the table of them. Next: main.c */
#include "sim/scenario.h"

#define PROTOCOL(function, text)                                                                   \
  {                                                                                                \
    .name = #function, .what = text, .main = gr_scenario_##function, .is_protocol = true           \
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
     .faults = GR_SIM_STALLS | GR_SIM_SPURIOUS | GR_SIM_LATE},
    {.name = "wide",
     .share = 1,
     .what = "65 to 80 teams: the idle bitmap has two words",
     .main = gr_scenario_wide,
     .is_crowded = true,
     .check = gr_invariants_check,
     .faults = GR_SIM_SPURIOUS | GR_SIM_LATE},
    {.name = "stuck",
     .share = 1,
     .what = "an op that does not return, the watchdog, and life after it",
     .main = gr_scenario_stuck,
     .check = gr_invariants_check,
     .faults = GR_SIM_SPURIOUS | GR_SIM_LATE},
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
     .what =
         "one of the protocols below, under a seed: what exploring leaves of weak memory",
     .main = gr_scenario_small},
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
    PROTOCOL(duty, "the duty goes to and fro between two teams"),
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
    {.name = 0}};

void gr_scenario_small(void *argument)
{
  uint32_t first = 0, count = 0;
  for (; !gr_scenarios[first].is_protocol; first++) {
  }
  for (; gr_scenarios[first + count].name != NULL; count++) {
  }
  gr_scenarios[first + gr_sim_random() % count].main(argument);
}
