/* scenario_boundary.c - the protocols between host and device, explored: ring, completion, counts.
 *
 * The host's side is the library's own, on the struct grosr of protocol_host.h.
 * Next: scenario_rest.c. */
#include <errno.h>

#include "device/microkernel.h"
#include "sim/protocol_host.h"
#include "sim/scenario.h"

static struct grosr host;
static struct gr_lead lead;

static void begin(uint32_t teams)
{
  static const struct gr_backend_ops ops = {.read = gr_protocol_read};
  gr_protocol_host(&host, teams, &ops);
  lead = (struct gr_lead){.dev = host.dev, .team = gr_protocol_team(host.dev, 0)};
}

/* ---- ring ---- */
static uint32_t ring_mask;

/* Who reads a slot does so before it is given back: a plain word per slot, written with the filling
 * and read with the task, tells by a race. */
static uint64_t *filled; /* per slot, a line apart */

static void slot_stores(const void *address, uint64_t before, uint64_t after)
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
  gr_sim_watch(host.ingress, 2u * sizeof host.ingress[0], slot_stores);
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
  const struct grosr_task task = {0, 0, {number, number * 3u, 0, number * 5u}, 0};
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
    gr_completion_write(lead.dev, gr_whom(task), (int32_t)task->arg[0]);
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
    const struct grosr_task task = {0, 0, {i * 10u, 0, 0, 0}, 0};
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

/* Two submitters: who takes the ticket's slot next has had it handed over by who waited (a plain
 * word, written whenever the slot's state is). */
static uint64_t *handed;

static void state_stores(const void *address, uint64_t before, uint64_t after)
{
  (void)address;
  *handed += before != after ? 1u : 0u;
}

static void *submit_and_wait(void *argument)
{
  const uint64_t number = (uint64_t)(uintptr_t)argument;
  const struct grosr_task task = {0, 0, {number * 10u, 0, 0, 0}, 0};
  grosr_ticket ticket;
  int32_t result = 0;
  while (grosr_submit(&host, &task, &ticket) != 0) {
    gr_sim_retry(number);
  }
  while (grosr_wait(&host, ticket, 0, &result) == -ETIMEDOUT) {
    gr_sim_retry(number + 2u);
  }
  gr_sim_expect(result == (int32_t)number * 10);
  return NULL;
}

void gr_scenario_completion_two(void *argument)
{
  (void)argument;
  begin(1);
  answers = gr_sim_take("answers", 64u);
  handed = gr_sim_take("handed", 64u);
  gr_sim_watch(host.slot_state, sizeof host.slot_state[0], state_stores);
  const uint32_t id = gr_protocol_spawn("team", complete_two, NULL);
  const uint32_t other = gr_protocol_spawn("submitter", submit_and_wait, (void *)2);
  submit_and_wait((void *)1);
  gr_sim_join(other);
  gr_sim_join(id);
}

/* ---- counts: a task in flight submits another, and the host asks whether all is done ---- */
static struct gr_lead runner;

/* The first team's: it has begun a task, and does not end it. */
static void submit_child(void *argument)
{
  const struct gr_task child = {{5u, 0, 0, 0}, {{0}}};
  gr_sim_expect(gr_submit_team(argument, &child) == GR_OK);
}

static void *run_child(void *argument)
{
  (void)argument;
  while (!gr_mailbox_poll(&runner)) {
    gr_sim_retry(0);
  }
  runner.team->task = &runner.team->own;
  gr_task_end(runner.team, GR_FROM_MAILBOX);
  gr_record_publish(&runner);
  return NULL;
}

void gr_scenario_counts(void *argument)
{
  (void)argument;
  begin(2);
  host.accepted.v = 1u;
  runner = (struct gr_lead){.dev = host.dev, .team = gr_protocol_team(host.dev, 1)};
  gr_announce(&runner);
  gr_sim_team_start(gr_sim_team_open(0, 1u, 1u, lead.team), submit_child, lead.team);
  const uint32_t id = gr_protocol_spawn("team 1", run_child, NULL);
  gr_sim_expect(grosr_wait_all(&host, 0) == -ETIMEDOUT);
  gr_sim_join(id);
}
