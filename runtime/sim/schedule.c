/* schedule.c - who goes on at each step, which value a load sees, when a fault strikes.
 *
 * A scheduler draws from the run's seed; what it decides against the default (stay; the newest
 * value; no fault) is noted as a decision of that participant at its own step. The notes alone
 * repeat the run (GR_SIM_REPLAY), and a run with some of them left out is a run, too: shrink.c.
 *
 * Next: memory.c. */
#include "sim/sim_private.h"

#include <stdlib.h>

#define DECISIONS_MAX  (1u << 20)
#define PCT_SPIN_STEPS 400u  /* who runs alone for so long gives way: it may be spinning */
#define PCT_WAIT_STEPS 1000u /* nobody waits longer, for each participant there is */
#define PCT_RUN_STEPS  8000u /* change points are drawn below this */
#define STARVE_STEPS   32u
#define END            UINT32_MAX

static struct {
  uint64_t random;
  uint32_t threshold; /* of 1024: leave */
  uint32_t quantum;   /* ROUND_ROBIN: steps in a row */
  uint32_t alone;     /* steps in a row of the same participant or team */
  uint32_t change[64];
  uint64_t park_step;
  uint32_t victim; /* STARVE */
  struct gr_sim_decision decision[DECISIONS_MAX];
  size_t decisions;
  uint32_t next_of[DECISIONS_MAX]; /* REPLAY: the same participant's next */
  uint32_t first_of[PARTS_MAX];
} S;

/* Everything is drawn from the seed, so that a seed is a whole test. */
struct gr_sim_config gr_sim_config_from_seed(uint64_t seed)
{
  static const uint8_t scheduler[] = {GR_SIM_RANDOM, GR_SIM_RANDOM,      GR_SIM_PCT,
                                      GR_SIM_PCT,    GR_SIM_ROUND_ROBIN, GR_SIM_STARVE};
  uint64_t random = mix(seed, 0xc0f1u);
  struct gr_sim_config config = {.seed = seed};
  config.scheduler = (enum gr_sim_scheduler)scheduler[draw(&random) % sizeof scheduler];
  config.memory = draw(&random) % 2u == 0 ? GR_SIM_WEAK : GR_SIM_STRONG;
  config.depth = 1u + (uint32_t)(draw(&random) % 8u);
  return config;
}

static void replay_begin(void)
{
  for (uint32_t i = 0; i < PARTS_MAX; i++) {
    S.first_of[i] = END;
  }
  for (size_t i = W.config.decisions; i-- > 0;) {
    const uint32_t part = W.config.decision[i].participant % PARTS_MAX;
    S.next_of[i] = S.first_of[part];
    S.first_of[part] = (uint32_t)i;
  }
}

void gr_schedule_begin(void)
{
  static const uint16_t thresholds[] = {512, 128, 32, 8};
  S.random = mix(W.config.seed, 0x5c4edu);
  S.threshold = thresholds[draw(&S.random) % 4u];
  if (W.config.scheduler == GR_SIM_STARVE) {
    S.threshold = 512u;
  }
  S.quantum = 1u + (uint32_t)(draw(&S.random) % 16u);
  S.alone = 0;
  for (uint32_t i = 0; i < 64u; i++) {
    S.change[i] = i < W.config.depth ? 1u + (uint32_t)(draw(&S.random) % PCT_RUN_STEPS) : 0u;
  }
  S.park_step = 1u + draw(&S.random) % (1u << (4u + draw(&S.random) % 10u));
  S.victim = 1u + (uint32_t)(draw(&S.random) % 4u);
  S.decisions = 0;
  if (W.config.scheduler == GR_SIM_REPLAY) {
    replay_begin();
  }
}

void gr_schedule_spawned(struct part *part)
{
  part->priority = (1u << 30) + 1u + (uint32_t)(draw(&S.random) >> 35);
}

bool gr_is_runnable(const struct part *part)
{
  return part->state == PART_READY && part->stalled_until <= W.steps;
}

const struct gr_sim_decision *gr_sim_decisions(size_t *count)
{
  *count = S.decisions;
  return S.decision;
}

static void note(const struct part *self, uint32_t kind, uint32_t value)
{
  const struct gr_sim_decision decision = {self->id, self->turns, kind, value};
  W.outcome->schedule = mix(W.outcome->schedule, mix((uint64_t)self->id << 32 | self->turns,
                                                     (uint64_t)kind << 32 | value));
  if (S.decisions < DECISIONS_MAX) {
    S.decision[S.decisions++] = decision;
  }
}

/* REPLAY: what was decided here, or `otherwise`. */
static uint32_t recall(struct part *self, uint32_t kind, uint32_t otherwise)
{
  uint32_t *at = &S.first_of[self->id];
  while (*at != END && W.config.decision[*at].step < self->turns) {
    *at = S.next_of[*at];
  }
  for (uint32_t i = *at; i != END && W.config.decision[i].step == self->turns; i = S.next_of[i]) {
    if (W.config.decision[i].kind == kind) {
      return W.config.decision[i].value;
    }
  }
  return otherwise;
}

/* ---- who ---- */
/* The next after `self` who can go on, maybe itself; NULL: nobody. */
static struct part *next_in_turn(const struct part *self)
{
  for (uint32_t i = 1; i <= W.parts; i++) {
    struct part *part = &W.part[(self->id + i) % W.parts];
    if (gr_is_runnable(part)) {
      return part;
    }
  }
  return NULL;
}

static struct part *anybody(const struct part *self, uint32_t but)
{
  uint32_t count = 0;
  for (uint32_t i = 0; i < W.parts; i++) {
    count += gr_is_runnable(&W.part[i]) && i != but ? 1u : 0u;
  }
  if (count == 0) {
    return next_in_turn(self);
  }
  uint32_t pick = (uint32_t)(draw(&S.random) % count);
  for (uint32_t i = 0;; i++) {
    if (gr_is_runnable(&W.part[i]) && i != but && pick-- == 0) {
      return &W.part[i];
    }
  }
}

static struct part *pick_random(struct part *self, uint32_t but)
{
  const uint64_t bits = draw(&S.random);
  if (gr_is_runnable(self) && (bits & 1023u) >= S.threshold && self->id != but) {
    return self;
  }
  return anybody(self, (bits >> 10) % STARVE_STEPS != 0 ? but : NOBODY);
}

static struct part *pick_pct(struct part *self)
{
  for (uint32_t i = 0; i < W.config.depth && i < 64u; i++) {
    if (S.change[i] == W.steps) {
      self->priority = i + 1u; /* below all initial ones, above who gives way */
    }
  }
  const uint32_t lanes = self->team != NULL ? gr_sim_lanes() : 1u;
  if (S.alone > PCT_SPIN_STEPS * lanes) { /* a team spins as one: all its lanes give way */
    for (uint32_t i = 0; i < W.parts; i++) {
      struct part *part = &W.part[i];
      part->priority =
          part == self || (self->team != NULL && part->team == self->team) ? 0u : part->priority;
    }
  }
  struct part *best = NULL;
  struct part *forgotten = NULL;
  for (uint32_t i = 1; i <= W.parts; i++) { /* ties in turn */
    struct part *part = &W.part[(self->id + i) % W.parts];
    if (gr_is_runnable(part) && (best == NULL || part->priority > best->priority)) {
      best = part;
    }
    if (gr_is_runnable(part) && W.steps - part->ran_step > PCT_WAIT_STEPS * W.parts) {
      forgotten = part;
    }
  }
  if (forgotten != NULL && forgotten != best) { /* others take turns before it, spinning all */
    best->priority = 0u;
    best = forgotten;
  }
  if (best != NULL) {
    best->ran_step = W.steps;
  }
  return best;
}

/* With it, all its team. */
void gr_park(struct part *part)
{
  for (uint32_t i = 0; i < W.parts; i++) {
    struct part *other = &W.part[i];
    if (other == part || (part->team != NULL && other->team == part->team &&
                          other->state != PART_ENDED)) {
      other->state = PART_PARKED;
      other->doing = other->doing != NULL ? other->doing : "";
      gr_part_gone(other);
    }
  }
  W.outcome->parked = true;
}

/* Not host 0, who checks, and no thread of the library's, whom it joins. */
static bool may_park(const struct part *part)
{
  return part->id != 0 && part->state == PART_READY &&
         (W.config.parks_teams ? part->team != NULL : part->name[0] != 't');
}

static struct part *pick_fresh(struct part *self)
{
  switch (W.config.scheduler) {
  case GR_SIM_PCT:
    return pick_pct(self);
  case GR_SIM_ROUND_ROBIN:
    return gr_is_runnable(self) && S.alone < S.quantum ? self : next_in_turn(self);
  case GR_SIM_STARVE:
    return pick_random(self, S.victim);
  default:
    return pick_random(self, NOBODY);
  }
}

struct part *gr_schedule_pick(struct part *self)
{
  struct part *next;
  self->turns++;
  if (W.config.scheduler == GR_SIM_EXPLORE) {
    return gr_explore_pick(self);
  }
  if (W.config.scheduler == GR_SIM_REPLAY) {
    if (self->state == PART_READY && recall(self, GR_SIM_FAULT | 0x10000u, 0) != 0) {
      gr_park(self);
    }
    struct part *usual = gr_is_runnable(self) ? self : next_in_turn(self);
    const uint32_t wish = recall(self, GR_SIM_SWITCH, usual != NULL ? usual->id : 0u);
    return wish < W.parts && gr_is_runnable(&W.part[wish]) ? &W.part[wish] : usual;
  }
  if (W.config.scheduler == GR_SIM_PARK && W.steps >= S.park_step && !W.outcome->parked &&
      may_park(self)) {
    gr_park(self);
    note(self, GR_SIM_FAULT | 0x10000u, 1);
  }
  const struct part *usual = gr_is_runnable(self) ? self : next_in_turn(self);
  next = pick_fresh(self);
  const bool is_same =
      next == self || (next != NULL && next->team != NULL && next->team == self->team);
  S.alone = is_same ? S.alone + 1u : 0u;
  if (next != usual && next != NULL) {
    note(self, GR_SIM_SWITCH, next->id);
  }
  return next;
}

/* ---- which value, which fault ---- */
uint32_t gr_schedule_value(struct part *self, uint32_t count)
{
  if (W.config.scheduler == GR_SIM_EXPLORE) {
    return gr_explore_value(self, count);
  }
  if (W.config.scheduler == GR_SIM_REPLAY) {
    return recall(self, GR_SIM_VALUE, 0) % count;
  }
  const uint64_t bits = draw(&S.random);
  if (bits % 3u != 0) {
    return 0;
  }
  const uint32_t value = 1u + (uint32_t)((bits >> 8) % (count - 1u));
  note(self, GR_SIM_VALUE, value);
  return value;
}

uint32_t gr_schedule_fault(struct part *self, uint32_t kind)
{
  const uint32_t one_in = kind == GR_SIM_STALLS ? 5000u : kind == GR_SIM_JUMPS ? 20000u : 4u;
  const uint32_t choice = GR_SIM_FAULT | kind << 8;
  if (W.config.scheduler == GR_SIM_REPLAY) {
    return recall(self, choice, 0);
  }
  const uint64_t bits = draw(&S.random);
  if (bits % one_in != 0) {
    return 0;
  }
  const uint32_t value = (uint32_t)(bits >> 32) | 1u;
  note(self, choice, value);
  return value;
}
