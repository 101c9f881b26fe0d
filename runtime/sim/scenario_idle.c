/* scenario_idle.c - protocols of teams that go idle, sleep and rest, for every schedule to be
 * tried.
 *
 * Next: scenario_boundary.c. */
#include "device/microkernel.h"
#include "sim/protocol.h"
#include "sim/scenario.h"

/* ---- mailbox, idle bits, queue: a team that goes idle while others bring it tasks ---- */
struct idle_case {
  struct gr_dev *dev;
  struct gr_team *placer[2];
  struct gr_team *worker;
  uint64_t *word; /* plain: what the placer wrote before */
};
static struct idle_case idle_case;

static void *place_first(void *argument)
{
  (void)argument;
  struct gr_task task = {{7u, 0, 0, 0}, {{0}}};
  idle_case.word[0] = 70u;
  gr_sim_expect(gr_sched_place(idle_case.placer[0], &task) == GR_OK);
  return NULL;
}
static void *place_second(void *argument)
{
  (void)argument;
  struct gr_task task = {{8u, 0, 0, 0}, {{0}}};
  idle_case.word[16] = 80u;
  gr_sim_expect(gr_sched_place(idle_case.placer[1], &task) == GR_OK);
  return NULL;
}

/* Turns of the worker until it has had `wanted` tasks, each once. */
static void *work(void *argument)
{
  const uint32_t wanted = (uint32_t)(uintptr_t)argument;
  struct gr_lead lead = {0};
  uint32_t mask = 0;
  lead.team = idle_case.worker;
  lead.dev = idle_case.dev;
  for (uint32_t count = 0; count < wanted;) {
    if (lead.dev->idle_mode != GR_IDLE_LATENCY) {
      lead.looks = GR_LOOK_TURNS; /* every turn is one of those that look at the clock */
    }
    const bool was_announced = lead.announced;
    if (gr_turn(&lead) == GR_TURN_RUN) {
      const uint64_t number = lead.team->task->arg[0];
      gr_sim_expect((number == 7u || number == 8u) && (mask >> number & 1u) == 0);
      gr_sim_expect(idle_case.word[number == 7u ? 0 : 16] == number * 10u);
      mask |= 1u << number;
      count++;
    } else if (!lead.drowsy && was_announced == lead.announced && lead.is_idle) {
      gr_sim_retry((uint64_t)mask << 32 | count << 1 | (lead.announced ? 1u : 0u));
    }
  }
  return NULL;
}

static void idle_begin(uint32_t mode)
{
  struct gr_dev *dev = gr_protocol_dev(3);
  dev->idle_mode = mode;
  dev->reserved_ingress = 1u; /* the worker is no team 0: no ring to read */
  idle_case.dev = dev;
  idle_case.placer[0] = gr_protocol_team(dev, 0);
  idle_case.placer[1] = gr_protocol_team(dev, 2);
  idle_case.worker = gr_protocol_team(dev, 1);
  idle_case.word = gr_sim_take("words", 256);
}

void gr_scenario_mailbox(void *argument)
{
  (void)argument;
  idle_begin(GR_IDLE_LATENCY);
  const uint32_t id = gr_protocol_spawn("worker", work, (void *)1);
  place_first(NULL);
  gr_sim_join(id);
}

void gr_scenario_mailbox_two(void *argument)
{
  (void)argument;
  idle_begin(GR_IDLE_LATENCY);
  const uint32_t id = gr_protocol_spawn("worker", work, (void *)2);
  const uint32_t second = gr_protocol_spawn("placer", place_second, NULL);
  place_first(NULL);
  gr_sim_join(id);
  gr_sim_join(second);
}

/* A fork whose children do not all find room has claimed the worker for nothing: it must be told,
 * or it waits for a message for ever once it has seen that its bit is gone. */
void gr_scenario_refused(void *argument)
{
  (void)argument;
  idle_begin(GR_IDLE_LATENCY);
  struct gr_dev *dev = idle_case.dev;
  struct gr_team *team = idle_case.placer[0];
  struct gr_lead lead = {0};
  const struct gr_task children[4] = {{{0}, {{0}}}};
  lead.team = idle_case.worker;
  lead.dev = dev;
  gr_announce(&lead);
  gr_sim_expect(gr_fork_place(team, children, 4u) == GR_E_AGAIN); /* the queue has two slots */
  gr_sim_expect(gr_mailbox_poll(&lead) && lead.team->own.op == GR_MSG_WAKE);
  gr_sim_expect(gr_load_relaxed_gpu_u64(&dev->idle[0]) == 0u);
}

static void overslept(uint32_t participant, uint64_t slept_ns)
{
  (void)participant;
  (void)slept_ns;
  gr_sim_fail("lost wake-up: the worker sleeps until its time is over");
}

void gr_scenario_sleep(void *argument)
{
  (void)argument;
  idle_begin(GR_IDLE_QUIET);
  gr_sim_on_oversleep(overslept);
  const uint32_t id = gr_protocol_spawn("worker", work, (void *)1);
  place_first(NULL);
  gr_sim_join(id);
}

/* The placer has two lanes, each of which writes half of the message: "asleep" is looked at when
 * both have. */
static void place_lane(void *argument)
{
  const struct gr_task task = {{7u, 0, 0, 0}, {{0}}};
  (void)argument;
  if (gr_warp_lane() == 0u) {
    idle_case.word[0] = 70u;
  }
  gr_warp_barrier();
  gr_sim_expect(gr_sched_place(idle_case.placer[0], &task) == GR_OK);
  gr_add_acqrel_gpu_u32(&idle_case.dev->booted, 1u);
}

static void wait_for_lanes(const struct gr_dev *dev)
{
  while (gr_load_acquire_gpu_u32(&dev->booted) != 2u) {
    gr_sim_retry(0);
  }
}

void gr_scenario_sleep_lanes(void *argument)
{
  (void)argument;
  idle_begin(GR_IDLE_QUIET);
  gr_sim_on_oversleep(overslept);
  struct gr_sim_team *lanes = gr_sim_team_open(0, 2u, 2u, idle_case.placer[0]);
  gr_sim_team_start(lanes, place_lane, NULL);
  work((void *)1);
  wait_for_lanes(idle_case.dev);
}
