/* scenario_quota.c - protocols of tenants, for every schedule to be tried: quota, pause and kill
 * against teams that sleep beside a queue (I8); credit, between host, children and duty (T1, T2).
 *
 * Next: scenario_tenants.c. */
#include "device/microkernel.h"
#include "sim/protocol_host.h"
#include "sim/scenario.h"

static struct {
  struct gr_dev *dev;
  struct gr_team *other;  /* what it does lets the worker go on */
  struct gr_team *worker; /* team 1 of 3: it has no ring to read */
} Q;

static void overslept(uint32_t participant, uint64_t slept_ns)
{
  (void)participant;
  if (slept_ns == GR_SLEEP_NS_MAX) { /* after a kill it sleeps for less: channels are due */
    gr_sim_fail("lost wake-up: the worker sleeps until its time is over");
  }
}

/* T3, at every step: nobody has a context of quota 2 here. */
static void running_stores(const void *address, uint64_t before, uint64_t after)
{
  (void)address;
  (void)before;
  gr_sim_expect(after <= 1u || Q.dev->context[0].state.v == GR_CONTEXT_KILLED);
}

/* The policy decides, of a context with a quota of one, of which `running` run. */
static void begin(uint32_t state, uint32_t running)
{
  struct gr_dev *dev = Q.dev = gr_protocol_dev(3);
  dev->idle_mode = GR_IDLE_QUIET;
  dev->reserved_ingress = 1u;
  dev->managed.v = 1u;
  dev->restricted.v = 1u;
  dev->credit = 0u; /* nothing comes from the host here: the queue is all for children */
  dev->context[0].quota.v = 1u;
  dev->context[0].state.v = state;
  dev->context[0].running.v = running;
  Q.worker = gr_protocol_team(dev, 1);
  Q.other = gr_protocol_team(dev, 2);
  gr_sim_watch(&dev->context[0].running, 4u, running_stores);
  gr_sim_name(&dev->context[0].running, 4u, 0, "running");
  gr_sim_name(&dev->context[0].state, 4u, 0, "state");
  gr_sim_on_oversleep(overslept);
}

static void enqueue(struct gr_team *team, uint64_t number)
{
  struct gr_task task = {{number, 0, 0, 0}, {{0}}};
  uint32_t pos = 0;
  task.flags = GR_DONE_HOST;
  task.generation = 3u;
  gr_sim_expect(gr_sched_reserve(team, &task, 1u, &pos) == GR_OK);
  gr_sched_fill(team, pos, &task);
  gr_sched_queued(team, 0u, 1u);
}

/* Turns of the worker, which looks at the clock in each, until it is to run the task; false: it was
 * refused, and ended. */
static bool work(void)
{
  struct gr_lead lead = {0};
  lead.team = Q.worker;
  lead.dev = Q.dev;
  for (;;) {
    lead.looks = GR_LOOK_TURNS;
    const bool was_announced = lead.announced;
    if (gr_turn(&lead) == GR_TURN_RUN) {
      return gr_task_admit(&lead) == GR_TURN_RUN;
    }
    if (!lead.drowsy && was_announced == lead.announced && lead.is_idle) {
      gr_sim_retry(lead.announced ? 1u : 0u);
    }
  }
}

/* ---- quota: its place is free when the other's task has ended ---- */
static void *end_task(void *argument)
{
  Q.other->task = &Q.other->own;
  Q.other->holds_quota = 1u;
  gr_account_end(Q.other, false);
  return argument;
}

void gr_scenario_quota(void *argument)
{
  (void)argument;
  begin(0u, 1u);
  enqueue(Q.worker, 7u); /* long before */
  const uint32_t id = gr_protocol_spawn("other", end_task, NULL);
  gr_sim_expect(work() && Q.worker->task->arg[0] == 7u);
  gr_sim_join(id);
  gr_sim_expect(Q.worker->holds_quota == 1u && Q.dev->context[0].running.v == 1u);
}

/* The same, and the task comes just then: who ends one has to see it, or who queued it the room. */
void gr_scenario_quota_late(void *argument)
{
  (void)argument;
  begin(0u, 1u);
  const uint32_t id = gr_protocol_spawn("other", end_task, NULL);
  enqueue(Q.worker, 7u);
  gr_sim_expect(work());
  gr_sim_join(id);
}

/* Two teams, a quota of one: T3, and both tasks are run. */
static void run_one(struct gr_team *team)
{
  while (gr_sched_pull(team, true) != GR_OK) {
    gr_sim_retry(0);
  }
  team->task = &team->own;
  gr_sim_expect(team->holds_quota == 1u);
  gr_account_end(team, false);
}

static void *run_other(void *argument)
{
  run_one(Q.other);
  return argument;
}

void gr_scenario_quota_two(void *argument)
{
  (void)argument;
  begin(0u, 0u);
  enqueue(Q.worker, 7u);
  enqueue(Q.worker, 8u);
  const uint32_t id = gr_protocol_spawn("other", run_other, NULL);
  run_one(Q.worker);
  gr_sim_join(id);
  gr_sim_expect(Q.worker->own.arg[0] + Q.other->own.arg[0] == 15u);
  gr_sim_expect(Q.dev->context[0].running.v == 0u);
}

/* ---- pause, resume, kill ---- */
static void *settings_come(void *argument)
{
  struct gr_lead lead = {0};
  struct gr_task message = {{0}, {{0}}};
  lead.team = Q.other;
  lead.dev = Q.dev;
  message.op = GR_CTL_CONTEXT;
  message.arg[0] = GR_CONTEXT_WORD(0u, 0u, (uintptr_t)argument, 1u);
  message.arg[1] = 1ull << 32 | 1u;
  message.arg[3] = 1u;
  gr_control_carry_out(&lead, &message);
  return NULL;
}

void gr_scenario_resume(void *argument)
{
  (void)argument;
  begin(GR_CONTEXT_PAUSED, 0u);
  const uint32_t id = gr_protocol_spawn("duty", settings_come, NULL);
  enqueue(Q.worker, 7u);
  gr_sim_expect(work());
  gr_sim_join(id);
}

/* A killed context's task is ended, though its quota is taken by one that runs on (T4). */
void gr_scenario_kill(void *argument)
{
  (void)argument;
  begin(0u, 1u);
  const uint32_t id = gr_protocol_spawn("duty", settings_come, (void *)GR_CONTEXT_KILLED);
  enqueue(Q.worker, 7u);
  gr_sim_expect(!work());
  gr_sim_join(id);
  gr_sim_expect(GR_COMPLETION_RESULT(gr_load_acquire_sys_u64(Q.dev->completion)) ==
                GR_E_CANCELED);
  gr_sim_expect(Q.dev->context[0].running.v == 1u); /* the other's */
}

/* ---- credit: one task at a time, of a queue of two slots that children fill as far as they may */
static struct grosr host;

static void credit_check(void)
{
  const uint32_t left = host.dev->context[0].left.v;
  gr_sim_expect(host.credited[0].v - left <= host.dev->credit); /* T1 */
}

static void *take_two(void *argument)
{
  struct gr_team *team = argument;
  struct gr_lead *lead = &team->lead;
  const struct gr_task child = {{9u, 0, 0, 0}, {{0}}};
  *lead = (struct gr_lead){.team = team, .dev = team->dev, .on_duty = true, .is_managed = true};
  for (uint32_t count = 0; count < 2u;) {
    while (gr_sched_place(team, &child) == GR_OK) { /* as many as T2 leaves */
    }
    if (gr_ingress_peek(lead) == 0u) {
      gr_credit_publish(team->dev);
      gr_ingress_publish(lead);
      gr_sim_retry(count);
      continue;
    }
    credit_check();
    gr_sim_expect(gr_ingress_place(lead) == 1u); /* T2: it never waits in the ring */
    while (gr_sched_pull(team, true) == GR_OK) {
      team->task = &team->own;
      lead->team->source = GR_FROM_QUEUE;
      gr_account_begin(team);
      count += team->own.arg[0] != 9u ? 1u : 0u;
    }
  }
  gr_credit_publish(team->dev);
  return NULL;
}

void gr_scenario_credit(void *argument)
{
  (void)argument;
  static const struct gr_backend_ops ops = {.read = gr_protocol_read};
  const struct grosr_task task = {0, 0, {4, 0, 0, 0}, 0};
  gr_protocol_host(&host, 1, &ops);
  host.managed.v = host.dev->managed.v = 1u;
  gr_sim_name(&host.dev->context[0].left, 4u, 0, "left");
  const uint32_t id =
      gr_protocol_spawn("team", take_two, gr_protocol_team(host.dev, 0));
  for (uint64_t i = 0; i < 2u; i++) {
    while (grosr_submit_many(&host, &task, 1, 0, NULL) != 1) {
      gr_sim_retry(i);
    }
    credit_check();
  }
  gr_sim_join(id);
  gr_sim_expect(gr_load_relaxed_sys_u32(&host.boundary->left[0]) == 2u);
}

/* Who gives the duty up has told what has left, and the next one knows what was told. */
static void *tell_left(void *argument)
{
  struct gr_team *team = argument;
  struct gr_lead lead = {0};
  lead.team = team;
  lead.dev = team->dev;
  lead.is_managed = true;
  gr_add_relaxed_gpu_u32(&team->dev->context[0].left, 1u);
  while (!gr_duty_try_take(&lead)) {
    gr_sim_retry(0);
  }
  gr_duty_give(&lead);
  return NULL;
}

void gr_scenario_credit_duty(void *argument)
{
  (void)argument;
  struct gr_dev *dev = gr_protocol_dev(2);
  const uint32_t id = gr_protocol_spawn("other", tell_left, gr_protocol_team(dev, 1));
  tell_left(gr_protocol_team(dev, 0));
  gr_sim_join(id);
  gr_sim_expect(dev->context[0].told.v == 2u &&
                gr_load_relaxed_sys_u32(&dev->boundary->left[0]) == 2u);
}
