/* scenario_launch.c - tasks that launch kernels: the lists between teams, launcher and kernels as
 * protocols (K1 to K3 of shared/kernel.h), and lives of a device with a launcher.
 *
 * Next: scenario_tenants.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <grosr/launch.h>

#include "device/kernel.h"
#include "device/microkernel.h"
#include "sim/protocol_host.h"
#include "sim/scenario.h"

GROSR_IMAGE(sim);
GROSR_KERNELS(sim);

#define TASKS_MAX 6u

static struct {
  struct grosr host;
  struct gr_dev *dev;
  struct gr_launcher *launcher;
  struct gr_team *team;
  uint64_t *words; /* a line apart, plain */
} K;

static void overslept(uint32_t participant, uint64_t slept_ns)
{
  (void)participant;
  (void)slept_ns;
  gr_sim_fail("lost wake-up: somebody sleeps until its time is over");
}

/* Two records, one team that sleeps almost at once, and a host to wake it. */
static void begin(void)
{
  static const struct gr_backend_ops ops = {.read = gr_protocol_read, .host_can_wake = true};
  gr_protocol_host(&K.host, 1, &ops);
  K.dev = K.host.dev;
  K.dev->idle_mode = GR_IDLE_QUIET;
  K.host.options.idle_mode = GROSR_IDLE_QUIET;
  K.host.options.kernels = &grosr_kernels_sim;
  K.host.template.mailbox = K.dev->mailbox;
  K.launcher = K.dev->launcher = gr_sim_take("launcher", sizeof *K.launcher);
  K.launcher->launched = gr_sim_take("launched", 2u * sizeof(struct gr_launched));
  K.launcher->launched[0].next_free.v = 2u;
  K.launcher->free.v = 1u;
  K.launcher->kernels = 1u;
  K.launcher->threads[0] = 32u;
  K.team = gr_protocol_team(K.dev, 0);
  K.words = gr_sim_take("words", 512);
  gr_sim_name(&K.launcher->asked, sizeof K.launcher->asked, 8u, "asked");
  gr_sim_name(&K.launcher->ended, 8u, 0, "ended");
  gr_sim_name(&K.launcher->asleep, 4u, 0, "launcher asleep");
  gr_sim_on_oversleep(overslept);
}

static struct gr_task launch_task(uint64_t number)
{
  struct gr_task task = {{number, 0, 0, GR_LAUNCH_WORD(0u, GR_LAUNCH_FIRE, 1u, 0u)}, {{0}}};
  task.op = GR_OP_LAUNCH;
  task.flags = GR_DONE_HOST;
  task.generation = 3u;
  return task;
}

/* ---- the lists: one puts two records, another takes until it has both (K1, K2) ---- */
static void *put_both(void *argument)
{
  for (uint32_t i = 0; i < 2u; i++) {
    K.words[16u * i] = 70u + i; /* goes with the record */
    gr_launched_put(K.launcher, &K.launcher->ended, i);
  }
  return argument;
}

void gr_scenario_launch_list(void *argument)
{
  (void)argument;
  begin();
  const uint32_t id = gr_protocol_spawn("kernel", put_both, NULL);
  for (uint32_t got = 0; got != 3u;) {
    uint32_t next = gr_launched_take(&K.launcher->ended);
    if (next == 0u) {
      gr_sim_retry(got);
    }
    for (; next != 0u; next = K.launcher->launched[next - 1u].next) {
      gr_sim_expect((got & next) == 0u && K.words[16u * (next - 1u)] == 69u + next);
      got |= next;
    }
  }
  gr_sim_join(id);
}

/* Two put one each, where a third takes. */
static void *put_second(void *argument)
{
  K.words[16] = 71u;
  gr_launched_put(K.launcher, &K.launcher->ended, 1u);
  return argument;
}

void gr_scenario_launch_put(void *argument)
{
  (void)argument;
  begin();
  const uint32_t id = gr_protocol_spawn("kernel", put_second, NULL);
  K.words[0] = 70u;
  gr_launched_put(K.launcher, &K.launcher->ended, 0u);
  uint32_t got = 0;
  while (got != 3u) {
    uint32_t next = gr_launched_take(&K.launcher->ended);
    if (next == 0u) {
      gr_sim_retry(got);
    }
    for (; next != 0u; next = K.launcher->launched[next - 1u].next) {
      gr_sim_expect((got & next) == 0u && K.words[16u * (next - 1u)] == 69u + next);
      got |= next;
    }
  }
  gr_sim_join(id);
}

/* ---- two blocks of a kernel end: the last one has seen what both wrote, and knows of failures */
static void *leave(void *argument)
{
  const uint64_t block = (uintptr_t)argument;
  K.words[16u * block] = 70u + block;
  if (gr_launched_leave(K.dev, 0, block == 1u ? -7 : 0) == GR_LAUNCHED_ENDED) {
    gr_sim_expect(K.words[0] == 70u && K.words[16] == 71u);
    gr_sim_expect(gr_launched_result(K.dev, 0) == -7);
    K.words[32] += 1u;
    gr_launched_end(K.dev, 0, -7);
  }
  return NULL;
}

void gr_scenario_launch_blocks(void *argument)
{
  (void)argument;
  begin();
  gr_launched_start(K.dev, 0, 2u);
  const uint32_t id = gr_protocol_spawn("block 1", leave, (void *)1);
  leave(NULL);
  gr_sim_join(id);
  gr_sim_expect(K.words[32] == 1u && gr_launched_take(&K.launcher->ended) == 1u);
  gr_sim_expect((int32_t)K.launcher->launched[0].task.arg[0] == -7);
}

/* ---- a kernel ends while the team on duty falls asleep (K3) ---- */
static void *end_kernel(void *argument)
{
  K.words[0] = 70u;
  gr_launched_end(K.dev, 0, -7);
  gr_duty_wake(&K.host);
  return argument;
}

void gr_scenario_launch_sleep(void *argument)
{
  (void)argument;
  struct gr_lead lead = {0};
  begin();
  const struct gr_task task = launch_task(0);
  gr_sim_expect(gr_launch_ask(K.dev, &task) == GR_OK && gr_launcher_take(K.launcher, 0) == 1u);
  const uint32_t id = gr_protocol_spawn("kernel", end_kernel, NULL);
  lead.team = K.team;
  lead.dev = K.dev;
  for (;;) {
    lead.looks = GR_LOOK_TURNS; /* it looks at the clock in each turn */
    if (gr_turn(&lead) == GR_TURN_RUN) {
      break;
    }
    if (!lead.drowsy && lead.is_idle) {
      gr_sim_retry(0);
    }
  }
  gr_sim_expect(K.words[0] == 70u && K.team->task->op == GR_OP_LAUNCHED);
  gr_sim_expect(gr_load_relaxed_gpu_u32(&K.launcher->out) == 0u);
  gr_sim_expect(gr_task_admit(&lead) == GR_TURN_NOTHING); /* it has ended */
  gr_sim_expect(GR_COMPLETION_RESULT(gr_load_acquire_sys_u64(K.dev->completion)) == -7);
  gr_sim_join(id);
}

/* ---- a team asks a launcher that falls asleep (K3) ---- */
void gr_scenario_launch_ask(void *argument)
{
  (void)argument;
  begin();
  gr_sim_expect(gr_launcher_start(&K.host) == 0);
  struct gr_task task = launch_task(0);
  K.words[0] = 0u;
  task.arg[0] = (uint64_t)(uintptr_t)K.words;
  task.arg[2] = 1u;
  gr_sim_expect(gr_launch_ask(K.dev, &task) == GR_OK);
  uint32_t ended = 0;
  while (ended == 0u) {
    ended = gr_launched_take(&K.launcher->ended);
    if (ended == 0u) {
      gr_sim_retry(0);
    }
  }
  gr_sim_expect(K.words[0] == 1u); /* plainly */
  gr_sim_expect(gr_launcher_end(&K.host, 1000000000u) == 0);
}

/* ---- lives: launches and tasks of one to three teams ---- */
static void life_options(struct grosr_options *o)
{
  grosr_options_init(o);
  o->device = "sim";
  o->image = &grosr_image_sim;
  o->kernels = &grosr_kernels_sim;
  o->teams = 1u + (uint32_t)(gr_sim_random() % 3u);
  o->ingress_team = (uint32_t)(gr_sim_random() % (o->teams > 1u ? 3u : 1u));
  o->idle_mode = (enum grosr_idle_mode)(gr_sim_random() % 3u);
  o->idle_exit_ns = gr_sim_random() % 3u == 0 ? 2000u + gr_sim_random() % 200000u : 0u;
  o->runq_slots = o->completion_slots = o->ingress_slots = 64u;
  o->join_slots = 16u;
  o->shared_bytes = 4096u;
}

void gr_scenario_launch(void *argument)
{
  struct grosr_options options;
  struct grosr_stats stats;
  struct grosr *g = NULL;
  uint64_t device, *words;
  grosr_ticket ticket[TASKS_MAX];
  bool is_asked_away[TASKS_MAX] = {false};
  int32_t wanted[TASKS_MAX];
  void *host;
  (void)argument;
  life_options(&options);
  gr_sim_expect(grosr_open(&options, &g) == 0);
  gr_invariants_watch(g);
  gr_sim_expect(grosr_shared_take(g, 4096u, &host, &device) == 0);
  words = host;
  const uint32_t count = 1u + (uint32_t)(gr_sim_random() % TASKS_MAX);
  for (uint32_t i = 0; i < count; i++) {
    struct grosr_launch launch = {.grid = 1u + (uint32_t)(gr_sim_random() % 3u)};
    launch.mode = (enum grosr_launch_mode)(gr_sim_random() % GR_LAUNCH_MODES);
    const bool fails = gr_sim_random() % 4u == 0;
    launch.arg[0] = device + 64u * i;
    launch.arg[1] = gr_sim_random() % 3u == 0 ? gr_sim_random() % 400u << 8 : 0u;
    launch.arg[1] |= fails ? 1u : 0u;
    launch.arg[2] = 1u + gr_sim_random() % 3u; /* rounds */
    wanted[i] = fails ? -7 : 0;
    gr_sim_expect(grosr_launch(g, &launch, &ticket[i]) == 0);
    is_asked_away[i] = gr_sim_random() % 6u == 0 && grosr_cancel(g, ticket[i]) == 0;
    if (gr_sim_random() % 3u == 0) {
      gr_nap(gr_sim_random() % 400000u); /* long enough to fall asleep, and to go home */
    }
  }
  for (uint32_t i = 0; i < count; i++) {
    int32_t result = 1;
    gr_sim_expect(grosr_wait(g, ticket[i], GROSR_FOREVER, &result) == 0);
    gr_sim_expect(result == wanted[i] || (is_asked_away[i] && result == -ECANCELED));
    gr_sim_expect(words[8u * i] != 0u || result == -ECANCELED); /* plainly */
  }
  gr_sim_expect(grosr_wait_all(g, GROSR_FOREVER) == 0 && grosr_stats(g, &stats) == 0);
  gr_sim_expect(stats.completed == stats.accepted && stats.accepted == count);
  const int error = grosr_close(g);
  gr_invariants_watch(NULL);
  gr_sim_expect(error == 0);
}

/* Every block adds one, plainly: no two of them run at once here. Argument 1: 1: the first fails,
 * and above it how many us each takes; argument 2: how many rounds. */
GR_DEV int32_t add(const struct gr_grid *grid)
{
  gr_grid_arg_ptr(grid, 0, uint64_t)[0] += 1u;
  gr_nap(1000u * (gr_grid_arg_u64(grid, 1) >> 8)); /* meanwhile the device may want to go home */
  if ((gr_grid_arg_u64(grid, 1) & 1u) != 0u && gr_grid_block(grid) == 0u) {
    return -7;
  }
  return gr_grid_round(grid) + 1u < gr_grid_arg_u64(grid, 2) ? 1 : GR_OK;
}

#define SIM_KERNELS(KERNEL) KERNEL(add, 32)
GR_KERNELS(sim, SIM_KERNELS)
