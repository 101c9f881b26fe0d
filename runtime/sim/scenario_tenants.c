/* scenario_tenants.c - lives of a device with several tenants: settings, pause, resume and kill at
 * any moment, policies switched under load; and floods that are not to starve a neighbour.
 *
 * Every ticket gets its one completion: its task's, or "cancelled" if its context was killed. The
 * bounds T5 and T6 are looked at at every pick (invariants.c).
 *
 * Next: scenario_idle.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <grosr/grosr.h>

#include "shared/context.h"
#include "sim/scenario.h"

GROSR_IMAGE(sim);

#define TENANTS     3u
#define THREADS_MAX 2u
#define TASKS_MAX   16u
#define SLOTS       64u
#define GAUGES      64u /* word of the first tenant's count of running tasks */
#define FLOOD       260u /* lasts longer on every team than T5 lets a long task wait */
#define FLOOD_NS    1000000u
#define LONG_NS     4000000u
#define LEARNED     4u /* long tasks: after so many, more is expected of one than of the flood's */
#define LONG        6u

static struct {
  struct grosr *g;
  uint64_t *words; /* TASKS_MAX for each thread, then a line for each tenant */
  uint64_t device;
  uint32_t gauge;
  uint32_t context[TENANTS];
  uint32_t quota[TENANTS];
  gr_au32 killed; /* a bit per tenant: set before it is asked for */
} L;

static uint64_t dice(uint64_t sides)
{
  return gr_sim_random() % sides;
}

static void ok(int error, const char *what)
{
  if (error < 0) {
    gr_sim_fail("%s answers %d: %s", what, error, grosr_last_error());
  }
}

/* By an add, which sees the newest value: that nothing else orders it is the host's to allow. */
static bool is_killed(uint32_t i)
{
  return (gr_add_relaxed_gpu_u32(&L.killed, 0u) >> i & 1u) != 0;
}

static void open_device(enum grosr_policy policy)
{
  struct grosr_options o;
  void *host;
  memset(&L, 0, sizeof L);
  grosr_options_init(&o);
  o.device = "sim";
  o.image = &grosr_image_sim;
  o.teams = 1u + (uint32_t)dice(3);
  o.ingress_team = (uint32_t)dice(o.teams > 1u ? 3u : 1u);
  o.idle_mode = (enum grosr_idle_mode)dice(3);
  o.policy = policy;
  gr_sim_cores = dice(3) == 0 ? 2u + (uint32_t)dice(2) : UINT32_MAX; /* spare teams, too */
  o.runq_slots = o.completion_slots = o.ingress_slots = SLOTS;
  o.join_slots = 16u;
  o.scratch_bytes = 512u;
  o.shared_bytes = 8192u;
  ok(grosr_open(&o, &L.g), "grosr_open");
  gr_invariants_watch(L.g);
  ok(grosr_shared_take(L.g, 4096u, &host, &L.device), "grosr_shared_take");
  L.words = host;
  ok(grosr_op(L.g, "gauge", &L.gauge), "grosr_op");
}

static void tenant_open(uint32_t i, const struct grosr_tenant *tenant)
{
  ok(grosr_context_open(L.g, &L.context[i]), "grosr_context_open");
  L.quota[i] = tenant->quota;
  ok(grosr_context_set(L.g, L.context[i], tenant), "grosr_context_set");
  ok(grosr_context_pause(L.g, L.context[i]), "grosr_context_pause"); /* now the device knows */
  ok(grosr_context_resume(L.g, L.context[i]), "grosr_context_resume");
}

static void close_device(void)
{
  struct grosr_stats stats;
  ok(grosr_wait_all(L.g, GROSR_FOREVER), "grosr_wait_all");
  ok(grosr_stats(L.g, &stats), "grosr_stats");
  gr_sim_expect(stats.completed == stats.accepted + stats.submitted && stats.mispicks == 0);
  ok(grosr_close(L.g), "grosr_close");
  gr_invariants_watch(NULL);
}

/* ---- tenants ---- */

/* What may happen to a tenant at any moment. Only thread 0 does it. */
static void disturb(bool *is_paused)
{
  const uint32_t i = (uint32_t)dice(TENANTS);
  const bool was_killed = is_killed(i);
  int error = 0;
  switch (dice(5)) {
  case 0:
    error = grosr_policy_set(L.g, (enum grosr_policy)dice(GR_POLICY_COUNT));
    break;
  case 1:
    if (dice(3) == 0) {
      gr_add_relaxed_gpu_u32(&L.killed, was_killed ? 0u : 1u << i);
      error = grosr_context_kill(L.g, L.context[i]);
      is_paused[i] = false;
    }
    break;
  case 2:
    error = grosr_context_resume(L.g, L.context[i]);
    is_paused[i] = false;
    break;
  default:
    error = grosr_context_pause(L.g, L.context[i]);
    is_paused[i] = !was_killed;
    break;
  }
  gr_sim_expect(error == 0 || error == -EAGAIN || error == -ETIMEDOUT || error == -EBUSY ||
                (was_killed && error == -ECANCELED));
}

static void *thread_main(void *argument)
{
  const uint32_t thread = (uint32_t)(uintptr_t)argument;
  const uint32_t count = 1u + (uint32_t)dice(TASKS_MAX);
  bool is_paused[TENANTS] = {false};
  grosr_ticket ticket[TASKS_MAX];
  uint32_t of[TASKS_MAX], made = 0;
  for (uint32_t tries = 0; made < count && tries < 4u * TASKS_MAX; tries++) {
    const uint32_t i = of[made] = (uint32_t)dice(TENANTS);
    const uint32_t word = thread * TASKS_MAX + made;
    const struct grosr_task task = {
        L.gauge,
        L.context[i],
        {L.device, word, GAUGES + 16u * i, (uint64_t)L.quota[i] << 32 | dice(20)},
        0};
    const int error = grosr_submit(L.g, &task, &ticket[made]);
    gr_sim_expect(error == 0 || error == -EAGAIN ||
                  (error == -ECANCELED && is_killed(i)));
    made += error == 0 ? 1u : 0u;
    if (thread == 0 && dice(3) == 0) {
      disturb(is_paused);
    }
  }
  for (uint32_t i = 0; i < TENANTS; i++) { /* else they are never done */
    while (is_paused[i]) {
      is_paused[i] = grosr_context_resume(L.g, L.context[i]) < 0;
    }
  }
  for (uint32_t i = 0; i < made; i++) {
    int32_t result = 0;
    ok(grosr_wait(L.g, ticket[i], GROSR_FOREVER, &result), "grosr_wait");
    gr_sim_expect(result == 0 || (result == -ECANCELED && is_killed(of[i])));
    gr_sim_expect(L.words[thread * TASKS_MAX + i] == (result == 0 ? 1u : 0u)); /* plainly */
  }
  return NULL;
}

/* A killed context's number goes to another, which has nothing of it. */
static void replace_killed(void)
{
  for (uint32_t i = 0; i < TENANTS; i++) {
    if (!is_killed(i)) {
      continue;
    }
    ok(grosr_wait_all(L.g, GROSR_FOREVER), "grosr_wait_all");
    ok(grosr_context_close(L.g, L.context[i]), "grosr_context_close");
    ok(grosr_context_open(L.g, &L.context[i]), "grosr_context_open");
    const struct grosr_task task = {
        L.gauge, L.context[i], {L.device, THREADS_MAX * TASKS_MAX + i, GAUGES + 16u * i, 0}, 0};
    grosr_ticket ticket;
    int32_t result = 1;
    ok(grosr_submit(L.g, &task, &ticket), "grosr_submit");
    ok(grosr_wait(L.g, ticket, GROSR_FOREVER, &result), "grosr_wait");
    gr_sim_expect(result == 0);
  }
}

void gr_scenario_tenants(void *argument)
{
  (void)argument;
  uint32_t id = 0;
  open_device((enum grosr_policy)dice(GR_POLICY_COUNT));
  for (uint32_t i = 0; i < TENANTS; i++) {
    const struct grosr_tenant tenant = {1u + (uint32_t)dice(8), (uint32_t)dice(4),
                                        dice(2) == 0 ? GROSR_AUTO : 1u + (uint32_t)dice(2),
                                        dice(2) * 5000u};
    tenant_open(i, &tenant);
  }
  gr_invariants_managed();
  const bool has_other = dice(2) == 0;
  if (has_other) {
    gr_sim_expect(gr_sim_spawn("host 1", thread_main, (void *)1, &id) == 0);
  }
  thread_main(NULL);
  gr_sim_expect(!has_other || gr_sim_join(id));
  replace_killed();
  close_device();
}

/* ---- starve ---- */
static struct grosr_task nap(uint32_t i, uint64_t word, uint64_t ns)
{
  struct grosr_task task = {0, L.context[i], {L.device, word, ns, 0}, 0};
  ok(grosr_op(L.g, "nap", &task.op), "grosr_op");
  return task;
}

/* Always as much as it has credit for. */
static void *flood(void *argument)
{
  for (uint32_t i = 0; i < FLOOD; i++) {
    const struct grosr_task task = nap(1, 16u + i, FLOOD_NS);
    gr_sim_expect(grosr_submit_many(L.g, &task, 1, GROSR_FOREVER, NULL) == 1);
  }
  return argument;
}

/* One tenant has few and long tasks of a low priority, the other many short ones of the highest. */
void gr_scenario_starve(void *argument)
{
  (void)argument;
  const struct grosr_tenant low = {1, 2, GROSR_AUTO, 0}, high = {64, 0, GROSR_AUTO, 0};
  grosr_ticket ticket[LONG];
  uint32_t id = 0;
  open_device(dice(2) == 0 ? GROSR_POLICY_WEIGHTED : GROSR_POLICY_LEARNING);
  tenant_open(0, &low);
  tenant_open(1, &high);
  gr_invariants_managed();
  gr_invariants_starve();
  for (uint32_t i = 0; i < LONG; i++) {
    if (i == LEARNED) { /* what its tasks cost has been learned */
      gr_sim_expect(grosr_wait_many(L.g, ticket, LEARNED, GROSR_FOREVER, NULL) == LEARNED);
      gr_sim_expect(gr_sim_spawn("flood", flood, NULL, &id) == 0);
      gr_nap(4u * FLOOD_NS);
    }
    const struct grosr_task task = nap(0, i, LONG_NS);
    ok(grosr_submit(L.g, &task, &ticket[i]), "grosr_submit");
  }
  gr_sim_expect(grosr_wait_many(L.g, &ticket[LEARNED], LONG - LEARNED, GROSR_FOREVER, NULL) ==
                LONG - LEARNED);
  gr_sim_join(id);
  close_device();
}
