/* lanes.c - the lanes of a team: barriers, ballots and shuffles, and who breaks their rules.
 *
 * Lanes are participants of their own, so a warp may diverge and interleave in any way. They meet
 * by arriving; the last one lets all go on. Reported, not hung:
 *   - two lanes in different collectives of one warp or team at the same time (kind, file or line)
 *   - a lane that waits in one meeting for lanes that wait in another one for it
 *   - a warp's collective that names a lane which has returned (the CUDA guide: undefined)
 *   - a shuffle from a lane that is not in the warp
 * A lane that ended by gr_leave (a failed assert) is no longer counted, as on a GPU an exited
 * thread is not. A lane that never comes ends in the step bound; its report shows who waits where.
 * A barrier orders memory; ballots and shuffles do not (CUDA guide, warp shuffle functions).
 *
 * Next: peers.c. */
#include "sim/sim_private.h"

#include <stdio.h>
#include <string.h>

static struct gr_sim_team teams[TEAMS_MAX];
static uint32_t teams_open;

void gr_lanes_begin(void)
{
  teams_open = 0;
  gr_peers_begin();
}

static bool has_ended(const struct gr_sim_team *team)
{
  bool has = true;
  for (uint32_t lane = 0; lane < team->lanes; lane++) {
    has = has && team->part[lane] != NULL && team->part[lane]->state == PART_ENDED;
  }
  return has;
}

struct gr_sim_team *gr_sim_team_open(uint32_t id, uint32_t lanes, uint32_t warp_lanes, void *memory)
{
  uint32_t place = 0; /* of a team of an earlier launch that has ended, or a new one */
  while (place < teams_open && (teams[place].id != id || !has_ended(&teams[place]))) {
    place++;
  }
  if (place == TEAMS_MAX) {
    gr_sim_fail("more than %u teams in one run", TEAMS_MAX);
  }
  teams_open += place == teams_open ? 1u : 0u;
  struct gr_sim_team *team = &teams[place];
  team->id = id;
  team->lanes = lanes;
  team->warp_lanes = warp_lanes;
  team->memory = memory;
  memset(&team->whole, 0, offsetof(struct meeting, value));
  team->whole.name = "team";
  for (uint32_t warp = 0; warp < lanes / warp_lanes; warp++) {
    memset(&team->warp[warp], 0, offsetof(struct meeting, value));
    team->warp[warp].name = "warp";
  }
  for (uint32_t lane = 0; lane < lanes; lane++) {
    team->whole.members |= 1ull << lane;
    team->warp[lane / warp_lanes].members |= 1ull << lane;
  }
  return team;
}

struct lane_start {
  void (*main)(void *);
  void *argument;
};
static struct lane_start lane_start[TEAMS_MAX];

static void *lane_main(void *argument)
{
  const struct lane_start *start = argument;
  start->main(start->argument);
  gr_lane_gone(W.self, true);
  return NULL;
}

void gr_sim_team_start(struct gr_sim_team *team, void (*main)(void *), void *argument)
{
  struct lane_start *start = &lane_start[team - teams];
  *start = (struct lane_start){main, argument};
  for (uint32_t lane = 0; lane < team->lanes; lane++) {
    char name[24];
    if (team->lanes == 1u) {
      snprintf(name, sizeof name, "team %u", team->id);
    } else {
      snprintf(name, sizeof name, "team %u lane %u", team->id, lane);
    }
    struct part *part = gr_part_add(name, lane_main, start, true);
    if (part == NULL) {
      gr_sim_fail("more than %u participants", PARTS_MAX);
    }
    team->part[lane] = part;
    part->team = team;
    part->lane = lane;
  }
}

bool gr_sim_team_is_gone(const struct gr_sim_team *team)
{
  const bool is_gone = has_ended(team);
  for (uint32_t lane = 0; is_gone && lane < team->lanes; lane++) {
    gr_memory_joined(W.self, team->part[lane]); /* as a join of its thread would */
  }
  return is_gone;
}

void gr_sim_team_join(const struct gr_sim_team *team)
{
  for (uint32_t lane = 0; lane < team->lanes; lane++) {
    gr_sim_join(team->part[lane]->id);
  }
}

bool gr_sim_team_is_parked(const struct gr_sim_team *team)
{
  bool is_parked = false;
  for (uint32_t lane = 0; lane < team->lanes; lane++) {
    is_parked = is_parked || (team->part[lane] != NULL && team->part[lane]->state == PART_PARKED);
  }
  return is_parked;
}

void gr_sim_team_kill(struct gr_sim_team *team)
{
  for (uint32_t lane = 0; lane < team->lanes; lane++) {
    if (team->part[lane] != NULL && team->part[lane]->state != PART_ENDED) {
      team->part[lane]->state = PART_ENDED;
      team->part[lane]->doing = "killed";
    }
  }
}

/* ---- who am I ---- */
static struct gr_sim_team *own_team(void)
{
  if (W.self == NULL || W.self->team == NULL) {
    gr_sim_fail("%s is no lane of a team: it may not ask for its lane", W.self->name);
  }
  return W.self->team;
}
bool gr_sim_is_lane(uint32_t participant)
{
  return W.part[participant].team != NULL;
}
uint32_t gr_sim_lane(void)
{
  return W.self->lane;
}
uint32_t gr_sim_lanes(void)
{
  return own_team()->lanes;
}
uint32_t gr_sim_warp_lane(void)
{
  return W.self->team != NULL ? W.self->lane % W.self->team->warp_lanes : 0u;
}
uint32_t gr_sim_warp_lanes(void)
{
  return W.self->team != NULL ? W.self->team->warp_lanes : 1u;
}
void *gr_sim_team_memory(void)
{
  return own_team()->memory;
}

/* ---- meeting ---- */
static const char *base(const char *file)
{
  const char *slash = file != NULL ? strrchr(file, '/') : NULL;
  return slash != NULL ? slash + 1 : file;
}

static uint32_t lowest(uint64_t lanes)
{
  return (uint32_t)__builtin_ctzll(lanes);
}

static void check_same(const struct meeting *m, enum gr_sim_meeting kind, const char *file,
                       unsigned line)
{
  static const char *const kinds[] = {"barrier", "ballot", "shuffle"};
  if (m->arrived != 0 &&
      (m->kind != kind || m->line != line || strcmp(base(m->file), base(file)) != 0)) {
    gr_sim_fail("divergent %s: lane %u enters a %s at %s:%u while lane %u waits in a %s at %s:%u",
                m->name, W.self->lane, kinds[kind], base(file), line, lowest(m->arrived),
                kinds[m->kind], base(m->file), m->line);
  }
}

/* Somebody we wait for waits for us elsewhere. */
static void check_circle(const struct gr_sim_team *team, const struct meeting *m, uint32_t lane)
{
  const uint64_t missing = m->members & ~m->arrived & ~m->left & ~m->returned;
  for (uint64_t rest = missing; rest != 0; rest &= rest - 1u) {
    const struct part *other = team->part[lowest(rest)];
    if (other->state == PART_MEETING) {
      const struct meeting *its = other->waits_on;
      if ((its->members & ~its->arrived) >> lane & 1u) {
        gr_sim_fail("divergent: lane %u waits for lane %u in a %s at %s:%u, which waits for it in "
                    "a %s at %s:%u",
                    lane, other->lane, m->name, base(m->file), m->line, its->name, base(its->file),
                    its->line);
      }
    }
  }
}

static void check_returned(const struct meeting *m)
{
  if ((m->returned & m->members) != 0 && m->arrived != 0) {
    gr_sim_fail("a %s at %s:%u waits for lane %u, which has returned", m->name, base(m->file),
                m->line, lowest(m->returned & m->members));
  }
}

static bool is_whole(const struct meeting *m)
{
  return m->arrived != 0 && (m->arrived | m->left) == m->members;
}

static void go_on(struct gr_sim_team *team, struct meeting *m)
{
  const struct part *all[GR_SIM_LANES_MAX];
  uint32_t count = 0;
  for (uint64_t rest = m->arrived; rest != 0; rest &= rest - 1u) {
    struct part *part = team->part[lowest(rest)];
    all[count++] = part;
    if (part->state == PART_MEETING) {
      gr_make_ready(part);
    }
  }
  if (m->kind == GR_SIM_BARRIER && count > 1u) {
    gr_memory_meet(all, count);
  }
  m->arrived = 0;
  m->generation++;
}

uint32_t gr_meet(struct part *self, struct meeting *m, enum gr_sim_meeting kind, uint64_t value,
                 const char *file, unsigned line)
{
  struct gr_sim_team *team = self->team;
  const uint32_t generation = m->generation;
  check_same(m, kind, file, line);
  m->kind = kind;
  m->file = file;
  m->line = line;
  m->arrived |= 1ull << self->lane;
  m->value[generation & 1u][self->lane] = value;
  check_returned(m);
  if (is_whole(m)) {
    go_on(team, m);
    return generation;
  }
  check_circle(team, m, self->lane);
  while (m->generation == generation) {
    self->state = PART_MEETING;
    self->waits_on = m;
    gr_block(self);
  }
  return generation;
}

void gr_lane_gone(struct part *self, bool is_return)
{
  struct gr_sim_team *team = self->team;
  struct meeting *of[2] = {&team->whole, &team->warp[self->lane / team->warp_lanes]};
  for (uint32_t i = 0; i < 2u; i++) {
    of[i]->returned |= is_return ? 1ull << self->lane : 0;
    of[i]->left |= is_return ? 0 : 1ull << self->lane;
    check_returned(of[i]);
    if (is_whole(of[i])) {
      go_on(team, of[i]);
    }
  }
}

void gr_sim_leave(const char *file, unsigned line)
{
  struct part *self = gr_step("leave", NULL, file, line);
  gr_lane_gone(self, false);
  gr_part_end(self);
}

void gr_sim_team_barrier(const char *file, unsigned line)
{
  if (own_team()->lanes == 1u) {
    return;
  }
  struct part *self = gr_step("team barrier", NULL, file, line);
  gr_meet(self, &self->team->whole, GR_SIM_BARRIER, 0, file, line);
}

uint64_t gr_sim_warp_meet(enum gr_sim_meeting kind, uint64_t value, uint32_t from, const char *file,
                          unsigned line)
{
  static const char *const doing[] = {"warp barrier", "ballot", "shuffle"};
  struct gr_sim_team *team = W.self != NULL ? W.self->team : NULL;
  if (team == NULL || team->warp_lanes == 1u) {
    return kind == GR_SIM_BALLOT ? value != 0 : value;
  }
  struct part *self = gr_step(doing[kind], NULL, file, line);
  const uint32_t first = self->lane / team->warp_lanes * team->warp_lanes;
  struct meeting *m = &team->warp[self->lane / team->warp_lanes];
  if (from >= team->warp_lanes) {
    gr_sim_fail("a shuffle from lane %u of a warp of %u at %s:%u", from, team->warp_lanes,
                base(file), line);
  }
  const uint64_t *values = m->value[gr_meet(self, m, kind, value, file, line) & 1u];
  uint64_t answer = 0;
  if (kind == GR_SIM_SHUFFLE) {
    answer = values[first + from];
  } else if (kind == GR_SIM_BALLOT) {
    for (uint32_t i = 0; i < team->warp_lanes; i++) {
      answer |= values[first + i] != 0 ? 1ull << i : 0;
    }
  }
  gr_seen(self, answer);
  return answer;
}
