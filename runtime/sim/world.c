/* world.c - participants, steps, virtual time.
 *
 * gr_step is the heart: each word of the port calls it first. It lets time pass, checks the
 * invariants, asks the scheduler who goes on, and switches. Somebody who cannot go on (asleep, at a
 * barrier) is switched away by gr_block. When nobody can, time jumps to the next alarm; when there
 * is none, the run is stuck, and that is a failure that says where everybody stands.
 *
 * Next: schedule.c (who is next), memory.c (what a load sees). */
#include "sim/backend_sim.h"
#include "sim/sim_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_NS 500u /* virtual time of one step */
#define PARKED_RATE                                                                                \
  20u /* once somebody has stopped for ever, only limits of time are left to see */
#define STEPS_MAX   2000000u
#define STACK_BYTES (256u * 1024u)

struct world gr_world;

/* ---- ending ---- */
static __attribute__((noreturn)) void run_end(struct part *self)
{
  if (W.is_default) { /* an experiment: there is no runner to go back to */
    gr_sim_report(stderr, 200);
    fprintf(stderr, "sim: %s\n", W.outcome->what);
    exit(1);
  }
  for (;;) {
    gr_coroutine_switch(&self->co, &W.runner);
  }
}

void gr_run_abandon(struct part *self)
{
  run_end(self);
}

void gr_sim_fail(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(W.outcome->what, sizeof W.outcome->what, format, arguments);
  va_end(arguments);
  W.outcome->failed = true;
  run_end(W.self);
}

static void switch_to(struct part *self, struct part *to)
{
  if (to != self) {
    W.self = to;
    gr_coroutine_switch(&self->co, &to->co);
  }
}

/* ---- time ---- */
static void wake_times_update(void)
{
  W.next_wake_ns = UINT64_MAX;
  for (uint32_t i = 0; i < W.parts; i++) {
    const struct part *part = &W.part[i];
    if ((part->state == PART_ASLEEP || part->state == PART_NAPPING) &&
        part->wake_ns < W.next_wake_ns) {
      W.next_wake_ns = part->wake_ns;
    }
  }
}

void gr_make_ready(struct part *part)
{
  part->state = PART_READY;
  part->since_step = part->ran_step = W.steps;
}

static void alarms_ring(void)
{
  for (uint32_t i = 0; i < W.parts; i++) {
    struct part *part = &W.part[i];
    const bool is_asleep = part->state == PART_ASLEEP;
    if ((is_asleep || part->state == PART_NAPPING) && part->wake_ns <= W.now_ns) {
      gr_make_ready(part);
      if (is_asleep && W.overslept != NULL) {
        W.overslept(part->id, part->sleep_ns);
      }
    }
  }
  wake_times_update();
}

/* Nobody can go on: time jumps to whatever comes first. */
static struct part *wait_for_time(struct part *self)
{
  for (;;) {
    uint64_t stalled_until = UINT64_MAX;
    for (uint32_t i = 0; i < W.parts; i++) {
      if (W.part[i].state == PART_READY && W.part[i].stalled_until < stalled_until) {
        stalled_until = W.part[i].stalled_until;
      }
    }
    if (stalled_until != UINT64_MAX) { /* steps pass, too */
      W.now_ns += (stalled_until - W.steps) * STEP_NS;
      W.steps = stalled_until;
    } else if (W.next_wake_ns != UINT64_MAX) {
      W.now_ns = W.next_wake_ns > W.now_ns ? W.next_wake_ns : W.now_ns;
      alarms_ring();
    } else {
      gr_sim_fail("stuck: nobody can go on, and nobody waits for a time");
    }
    struct part *next = gr_schedule_pick(self);
    if (next != NULL) {
      return next;
    }
  }
}

static void pass_on(struct part *self)
{
  struct part *next = gr_schedule_pick(self);
  switch_to(self, next != NULL ? next : wait_for_time(self));
}

void gr_block(struct part *self)
{
  self->since_step = W.steps;
  if (self->wake_ns < W.next_wake_ns &&
      (self->state == PART_ASLEEP || self->state == PART_NAPPING)) {
    W.next_wake_ns = self->wake_ns;
  }
  pass_on(self);
}

/* ---- steps ---- */
static void world_begin(const struct gr_sim_config *config, struct gr_sim_outcome *outcome);

const struct gr_sim_outcome *gr_sim_begin(uint64_t seed)
{
  static struct gr_sim_outcome outcome;
  const struct gr_sim_config config = {
      .seed = seed, .scheduler = GR_SIM_RANDOM, .steps_max = UINT64_MAX};
  world_begin(&config, &outcome);
  W.is_default = true;
  W.self = &W.part[0]; /* on the thread's own stack */
  return &outcome;
}

static void begin_by_default(void)
{
  const char *text = getenv("GROSR_SIM_SEED");
  gr_sim_begin(text != NULL ? strtoull(text, NULL, 0) : 1u);
}

void gr_world_need(void)
{
  if (!W.is_on) {
    begin_by_default();
  }
}

static void faults_strike(struct part *self)
{
  if ((W.config.faults & GR_SIM_STALLS) != 0) {
    const uint32_t steps = gr_schedule_fault(self, GR_SIM_STALLS);
    self->stalled_until = steps != 0 ? W.steps + steps % 20000u : 0;
  }
  if ((W.config.faults & GR_SIM_JUMPS) != 0) {
    W.now_ns += gr_schedule_fault(self, GR_SIM_JUMPS) % 1000000000u;
  }
}

struct part *gr_step(const char *doing, const void *address, const char *file, unsigned line)
{
  gr_world_need();
  struct part *self = W.self;
  self->file = file;
  self->line = line;
  self->doing = doing;
  self->address = address;
  self->steps++;
  W.steps++;
  if (W.config.scheduler != GR_SIM_EXPLORE) {
    W.now_ns += W.outcome->parked ? STEP_NS * PARKED_RATE : STEP_NS;
  }
  if (W.config.faults != 0) {
    faults_strike(self);
  }
  if (W.now_ns >= W.next_wake_ns) {
    alarms_ring();
  }
  if (W.config.check != NULL) {
    W.config.check();
  }
  if (W.steps > W.steps_max) {
    gr_sim_fail("more than %llu steps: somebody waits for what does not come",
                (unsigned long long)W.steps_max);
  }
  self->seen = mix(self->seen, line); /* where it stands now */
  pass_on(self);
  struct event *event = &W.event[W.steps & (EVENTS - 1u)];
  *event = (struct event){W.steps, W.now_ns, 0, file, doing, address, line, self->id};
  return self;
}

void gr_seen(struct part *self, uint64_t value)
{
  W.event[W.steps & (EVENTS - 1u)].value = value;
  self->seen = mix(self->seen, mix(value, self->line));
  W.outcome->hash = mix(W.outcome->hash, mix(value, (uint64_t)self->line << 8 | self->id));
}

/* ---- participants ---- */
static void part_main(void *argument)
{
  struct part *self = argument;
  self->main(self->argument);
  gr_part_end(self);
}

void gr_part_gone(const struct part *gone)
{
  for (uint32_t i = 0; i < W.parts; i++) {
    if (W.part[i].state == PART_JOINING && W.part[i].joins == gone->id) {
      gr_make_ready(&W.part[i]);
    }
  }
}

void gr_part_end(struct part *self)
{
  self->state = PART_ENDED;
  self->doing = "ended";
  gr_part_gone(self);
  if (self->id == 0) {
    run_end(self); /* the scenario is over */
  }
  pass_on(self);
  __builtin_trap();
}

/* A new participant. A lane takes the place of one of an earlier launch, if there is one; its steps
 * and clock go on. */
static struct part *part_place(bool is_lane)
{
  for (uint32_t i = 1; i < W.parts && is_lane; i++) {
    if (W.part[i].state == PART_ENDED && W.part[i].team != NULL) {
      return &W.part[i];
    }
  }
  if (W.parts == PARTS_MAX) {
    return NULL;
  }
  struct part *part = &W.part[W.parts];
  const struct gr_coroutine co = part->co;
  memset(part, 0, sizeof *part);
  part->co = co; /* stacks stay */
  part->id = W.parts++;
  part->random = mix(W.config.seed, 0x5eed0000u + part->id);
  return part;
}

struct part *gr_part_add(const char *name, void *(*main)(void *), void *argument, bool is_lane)
{
  struct part *part = part_place(is_lane);
  if (part == NULL ||
      (main != NULL && part->co.stack == NULL && gr_coroutine_open(&part->co, STACK_BYTES) < 0)) {
    return NULL;
  }
  part->main = main;
  part->argument = argument;
  part->team = NULL;
  part->stalled_until = 0;
  snprintf(part->name, sizeof part->name, "%s", name);
  if (main != NULL) {
    gr_coroutine_start(&part->co, part_main, part);
  }
  part->doing = "begins";
  part->file = "";
  gr_memory_spawned(part, W.self);
  gr_schedule_spawned(part);
  gr_make_ready(part);
  return part;
}

int gr_sim_spawn(const char *name, void *(*main)(void *), void *argument, uint32_t *id)
{
  gr_world_need();
  struct part *part = gr_part_add(name, main, argument, false);
  if (part == NULL) {
    return -EAGAIN;
  }
  *id = part->id;
  return 0;
}

bool gr_sim_join(uint32_t id)
{
  struct part *self = gr_step("join", NULL, __FILE__, __LINE__);
  while (W.part[id].state != PART_ENDED && W.part[id].state != PART_PARKED) {
    self->state = PART_JOINING;
    self->joins = id;
    gr_block(self);
  }
  gr_memory_joined(self, &W.part[id]);
  return W.part[id].state == PART_ENDED;
}

/* ---- a run ---- */
static void world_begin(const struct gr_sim_config *config, struct gr_sim_outcome *outcome)
{
  W.config = *config;
  W.outcome = outcome;
  memset(outcome, 0, sizeof *outcome);
  W.parts = 0;
  W.self = NULL;
  W.is_on = true;
  W.is_default = false;
  W.steps = 0;
  W.steps_max = config->steps_max != 0 ? config->steps_max : STEPS_MAX;
  W.now_ns = 1000000000u; /* 0 means "no time" in places */
  W.next_wake_ns = UINT64_MAX;
  W.overslept = NULL;
  gr_backend_begin();
  gr_schedule_begin();
  gr_memory_begin();
  gr_region_begin();
  gr_race_begin();
  gr_lanes_begin();
  gr_part_add("host 0", NULL, NULL, false);
}

struct entry {
  void (*main)(void *);
  void *argument;
};

static void *first_main(void *argument)
{
  const struct entry *entry = argument;
  entry->main(entry->argument);
  return NULL;
}

void gr_sim_run(const struct gr_sim_config *config, void (*main)(void *), void *argument,
                struct gr_sim_outcome *outcome)
{
  struct entry entry = {main, argument};
  world_begin(config, outcome);
  gr_sim_cores = UINT32_MAX;
  W.parts = 0;
  struct part *first = gr_part_add("host 0", first_main, &entry, false);
  if (first == NULL) {
    snprintf(outcome->what, sizeof outcome->what, "no memory for a stack");
    outcome->failed = true;
    return;
  }
  W.self = first;
  gr_coroutine_switch(&W.runner, &first->co);
  outcome->steps = W.steps;
  W.is_on = false;
}

/* ---- what scenarios ask ---- */
uint64_t gr_sim_random(void)
{
  return draw(&W.self->random);
}
const struct gr_sim_config *gr_sim_config(void)
{
  gr_world_need();
  return &W.config;
}
bool gr_sim_is_parked(void)
{
  return W.outcome->parked;
}
uint64_t gr_sim_now_ns(void)
{
  gr_world_need();
  return W.now_ns;
}
void gr_sim_on_oversleep(void (*overslept)(uint32_t participant, uint64_t slept_ns))
{
  W.overslept = overslept;
}
