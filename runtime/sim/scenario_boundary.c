/* scenario_boundary.c - the protocols between host and device, explored: ring, completion, rest.
 *
 * The host's side is the library's own, on a struct grosr made by hand around a ring of two slots
 * and one ticket. Next: scenarios.c. */
#include <errno.h>
#include <string.h>

#include "device/microkernel.h"
#include "host/grosr_private.h"
#include "sim/protocol.h"
#include "sim/scenario.h"

static struct grosr host;
static struct gr_lead lead;
static bool is_relaunched;

static int fake_ended(struct gr_backend *backend)
{
  (void)backend;
  return 1;
}
static int fake_launch(struct gr_backend *backend, const struct gr_launch *launch)
{
  (void)backend;
  is_relaunched = true;
  gr_store_release_sys_u32(&host.boundary->ready, launch->incarnation);
  return 0;
}
static const struct gr_backend_ops fake_ops = {.ended = fake_ended, .launch = fake_launch};

static void begin(uint32_t teams)
{
  static const char *const names[] = {"op"};
  static const struct grosr_image image = {.op_count = 1, .name = "none", .op_names = names};
  struct gr_dev *dev = gr_protocol_dev(teams);
  memset(&host, 0, sizeof host);
  memset(&lead, 0, sizeof lead);
  host.image = &image;
  host.backend_ops = &fake_ops;
  host.dev = dev;
  host.boundary = dev->boundary;
  host.ingress = dev->ingress;
  host.completion = dev->completion;
  host.slot_state = gr_sim_take("slot_state", 64u);
  host.options.ingress_slots = 2u;
  host.options.completion_slots = 1u;
  host.options.boot_ns_max = 1000000000u;
  host.ingress_shift = 1u;
  host.template.crowded = 1u; /* a wait yields at every turn */
  host.contexts.v = 1u;
  host.incarnation.v = 1u;
  lead.dev = dev;
  lead.team = gr_protocol_team(dev, 0);
  is_relaunched = false;
}

/* ---- ring ---- */
static uint32_t ring_mask;

/* Who reads a slot does so before it is given back: a plain word per slot, written with the filling
 * and read with the task, tells by a race. */
static uint64_t *filled; /* per slot, a line apart */

static void slot_stored(const void *address, uint64_t before, uint64_t after)
{
  const size_t offset = (size_t)((const char *)address - (const char *)host.ingress);
  (void)before;
  (void)after;
  if (offset % sizeof(struct gr_line) == 0) {
    filled[16u * (offset / sizeof(struct gr_line))] += 1u;
  }
}

static void ring_begin(void)
{
  begin(1);
  ring_mask = 0;
  filled = gr_sim_take("filled", 256u);
  gr_sim_watch(host.ingress, 2u * sizeof host.ingress[0], slot_stored);
}

/* Reads `wanted` tasks, in the order that each submitter gave. */
static void *read_ring(void *argument)
{
  const uint32_t wanted = (uint32_t)(uintptr_t)argument;
  for (uint32_t count = 0; count < wanted;) {
    if (gr_ingress_peek(&lead) == 0u) {
      gr_ingress_publish(&lead);
      gr_sim_retry(count);
      continue;
    }
    const struct gr_task *task = &lead.team->stage[0];
    gr_sim_expect(task->arg[1] == task->arg[0] * 3u && task->arg[3] == task->arg[0] * 5u);
    gr_sim_expect((ring_mask >> task->arg[0] & 1u) == 0);
    gr_sim_expect(task->arg[0] % 4u == 0 || (ring_mask >> (task->arg[0] - 1u) & 1u) == 1u);
    gr_sim_expect(filled[16u * (lead.ingress_pos & 1u)] != 0u);
    ring_mask |= 1u << task->arg[0];
    count++;
    gr_ingress_advance(&lead, 1u);
    gr_ingress_publish(&lead);
  }
  return NULL;
}

static void submit_number(uint64_t number)
{
  const struct grosr_task task = {0, 0, {number, number * 3u, 0, number * 5u}};
  while (grosr_submit_many(&host, &task, 1, 0, NULL) != 1) {
    gr_sim_retry(number);
  }
}

void gr_scenario_ring(void *argument)
{
  (void)argument;
  ring_begin();
  const uint32_t id = gr_protocol_spawn("ingress", read_ring, (void *)3);
  for (uint64_t i = 4; i < 7u; i++) {
    submit_number(i);
  }
  gr_sim_join(id);
}

static void *submit_other(void *argument)
{
  (void)argument;
  submit_number(8);
  return NULL;
}

void gr_scenario_ring_two(void *argument)
{
  (void)argument;
  ring_begin();
  const uint32_t id = gr_protocol_spawn("ingress", read_ring, (void *)2);
  const uint32_t other = gr_protocol_spawn("submitter", submit_other, NULL);
  submit_number(4);
  gr_sim_join(other);
  gr_sim_join(id);
}

/* ---- completion: one slot, used twice ---- */
static uint64_t *answers;

static void *complete_two(void *argument)
{
  (void)argument;
  for (uint32_t count = 0; count < 2u;) {
    if (gr_ingress_peek(&lead) == 0u) {
      gr_ingress_publish(&lead);
      gr_sim_retry(count);
      continue;
    }
    const struct gr_task *task = &lead.team->stage[0];
    *answers = task->arg[0] + 1u; /* plain: brought along by the completion */
    gr_completion_write(lead.dev, task, (int32_t)task->arg[0]);
    gr_ingress_advance(&lead, 1u);
    gr_ingress_publish(&lead);
    count++;
  }
  return NULL;
}

void gr_scenario_completion(void *argument)
{
  (void)argument;
  begin(1);
  answers = gr_sim_take("answers", 64u);
  const uint32_t id = gr_protocol_spawn("team", complete_two, NULL);
  for (uint64_t i = 1; i <= 2u; i++) {
    const struct grosr_task task = {0, 0, {i * 10u, 0, 0, 0}};
    grosr_ticket ticket, none;
    int32_t result = 0;
    gr_sim_expect(grosr_submit(&host, &task, &ticket) == 0);
    gr_sim_expect(grosr_submit(&host, &task, &none) == -EAGAIN); /* the one ticket is out */
    while (grosr_wait(&host, ticket, 0, &result) == -ETIMEDOUT) {
      gr_sim_retry(i);
    }
    gr_sim_expect(result == (int32_t)i * 10 && *answers == i * 10u + 1u);
    gr_sim_expect(grosr_wait(&host, ticket, 0, &result) == -ESTALE);
  }
  gr_sim_join(id);
}

/* ---- rest: the device leaves while the host submits ---- */
static bool has_left;
static bool has_seen;

static void *rest(void *argument)
{
  (void)argument;
  lead.on_duty = true;
  has_left = gr_rest(&lead) == GR_TURN_LEAVE;
  while (!has_left && gr_ingress_peek(&lead) == 0u) {
    gr_sim_retry(0);
  }
  has_seen = !has_left;
  return NULL;
}

void gr_scenario_rest(void *argument)
{
  (void)argument;
  begin(1);
  has_left = has_seen = false;
  host.options.idle_exit_ns = 1u;
  host.options.teams = 1u;
  gr_mutex_init(&host.launch_lock);
  const uint32_t id = gr_protocol_spawn("team", rest, NULL);
  const struct grosr_task task = {0, 0, {1, 0, 0, 0}};
  gr_sim_expect(grosr_submit(&host, &task, NULL) == 0);
  gr_sim_join(id);
  if (has_left ? !is_relaunched : !has_seen) {
    gr_sim_fail("lost wake-up: the microkernel has left, and the submitter did not see it");
  }
}

/* ---- rest, by a team of two lanes, while another team is given a task ---- */
static struct gr_team *rest_team;

static void rest_lane(void *argument)
{
  struct gr_lead mine = {0};
  (void)argument;
  mine.team = rest_team;
  mine.dev = rest_team->dev;
  mine.on_duty = true;
  gr_rest(&mine);
  gr_add_acqrel_gpu_u32(&mine.dev->booted, 1u);
}

/* Whether it leaves or not, team 1's mailbox has one message for its one announcement. */
void gr_scenario_rest_lanes(void *argument)
{
  const struct gr_task task = {{5u, 0, 0, 0}, {{0}}};
  (void)argument;
  begin(2);
  rest_team = lead.team;
  struct gr_lead other = {0};
  other.team = gr_protocol_team(lead.dev, 1);
  other.dev = lead.dev;
  gr_announce(&other);
  struct gr_sim_team *lanes = gr_sim_team_open(0, 2u, 2u, rest_team);
  gr_sim_team_start(lanes, rest_lane, NULL);
  gr_sim_expect(gr_sched_place(other.team, &task) == GR_OK);
  while (gr_load_acquire_gpu_u32(&lead.dev->booted) != 2u) {
    gr_sim_retry(0);
  }
  gr_sim_expect(gr_mailbox_poll(&other));
}
