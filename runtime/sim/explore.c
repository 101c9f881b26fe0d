/* explore.c - every schedule of a small protocol, to the end.
 *
 * Depth first: a run follows the choices on the path, takes the first alternative at each new one,
 * and the next run the next alternative of the last choice that has one left. A state that was seen
 * before is not gone on from. What a participant will do depends only on what it has been told, so
 * a state is: all words touched (with GR_SIM_WEAK: their messages and everybody's clocks), and for
 * each participant a hash of its answers so far. 64 bits of hash: with 10^7 states a collision, by
 * which a state would be missed, has a chance of 3 in 10^6.
 *
 * A participant that pauses waits until somebody stores something (until then it would only see the
 * same again), so that loops end. Time stands still unless all wait.
 *
 * Next: scenario_protocol.c. */
#include "sim/explore.h"

#include <stdio.h>
#include <string.h>

#include "sim/seconds.h"
#include "sim/sim_private.h"

#define DEPTH_MAX  16384u
#define SLOTS      (1u << 24)
#define STATES_MAX (SLOTS / 2u)

struct choice {
  uint32_t count;
  uint32_t taken;
};

static struct {
  struct choice path[DEPTH_MAX];
  uint32_t depth; /* of the path */
  uint32_t at;    /* of this run on it */
  uint64_t seen[SLOTS];
  uint64_t states;
  bool is_cut;
} E;

static uint64_t state_hash(const struct part *self)
{
  uint64_t hash = gr_memory_hash();
  for (uint32_t i = 0; i < W.parts; i++) {
    const struct part *part = &W.part[i];
    hash = mix(hash, mix(part->seen, (uint64_t)part->state << 2 | part->stale_pauses));
  }
  return mix(hash, W.now_ns) | 1u | (uint64_t)(self == NULL);
}

/* False: it was there already. */
static bool state_add(uint64_t hash)
{
  uint64_t at = hash * 0x9e3779b97f4a7c15ull >> 40;
  while (E.seen[at] != 0) {
    if (E.seen[at] == hash) {
      return false;
    }
    at = (at + 1u) % SLOTS;
  }
  E.seen[at] = hash;
  E.states++;
  return true;
}

/* Which of `count` alternatives this run takes. */
static uint32_t choose(uint32_t count)
{
  if (E.at == E.depth) {
    if (E.depth == DEPTH_MAX) {
      gr_sim_fail("more than %u choices in one run: make the protocol smaller", DEPTH_MAX);
    }
    E.path[E.depth++] = (struct choice){count, 0};
  }
  return E.path[E.at++].taken;
}

/* Whether another participant has stored something since `part` last went on from a pause. */
static bool has_news(const struct part *part)
{
  bool has = part->stale_pauses != 0;
  for (uint32_t i = 0; i < W.parts && !has; i++) {
    has = &W.part[i] != part && W.part[i].stored_step > part->paused_step[0];
  }
  return has;
}

static bool can_go_on(const struct part *part)
{
  return part->state == PART_READY || (part->state == PART_WAITING && has_news(part));
}

struct part *gr_explore_pick(struct part *self)
{
  struct part *ready[PARTS_MAX];
  uint32_t count = 0;
  for (uint32_t i = 0; i < W.parts; i++) {
    if (can_go_on(&W.part[i])) {
      ready[count++] = &W.part[i];
    }
  }
  if (count == 0) {
    return NULL;
  }
  uint32_t pick = 0;
  if (count > 1u) {
    const bool is_new = E.at == E.depth;
    if (is_new && (E.states >= STATES_MAX || !state_add(state_hash(self)))) {
      E.is_cut = E.is_cut || E.states >= STATES_MAX;
      gr_run_abandon(self);
    }
    pick = choose(count);
  }
  if (ready[pick]->state == PART_WAITING) {
    gr_make_ready(ready[pick]);
  }
  return ready[pick];
}

uint32_t gr_explore_value(struct part *self, uint32_t count)
{
  (void)self;
  return choose(count);
}

/* To the next alternative. False: there is none. */
static bool go_back(void)
{
  while (E.depth > 0 && E.path[E.depth - 1u].taken + 1u == E.path[E.depth - 1u].count) {
    E.depth--;
  }
  if (E.depth == 0) {
    return false;
  }
  E.path[E.depth - 1u].taken++;
  return true;
}

bool gr_explore_run(const struct gr_scenario *scenario, enum gr_sim_memory memory,
                    double seconds_max, struct gr_explored *explored)
{
  const struct gr_sim_config config = {.seed = 1,
                                       .scheduler = GR_SIM_EXPLORE,
                                       .memory = memory,
                                       .check = scenario->check,
                                       .steps_max = 100000};
  struct gr_sim_outcome outcome;
  const double since_s = gr_seconds();
  memset(E.seen, 0, sizeof E.seen);
  E.depth = 0;
  E.states = 0;
  E.is_cut = false;
  memset(explored, 0, sizeof *explored);
  do {
    E.at = 0;
    gr_sim_run(&config, scenario->main, NULL, &outcome);
    explored->runs++;
    explored->steps += outcome.steps;
    explored->states = E.states;
    explored->seconds = gr_seconds() - since_s;
    if (outcome.failed) {
      snprintf(explored->what, sizeof explored->what, "%s", outcome.what);
      return false;
    }
    E.is_cut = E.is_cut || explored->seconds > seconds_max;
  } while (!E.is_cut && go_back());
  explored->is_complete = !E.is_cut;
  return true;
}
