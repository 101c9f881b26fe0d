/* peers.c - lanes of a warp that diverged, and meet by chance: gr_peers_u32 and what follows it.
 *
 * Who comes waits for one step; the first to go on takes with it all lanes of its warp that wait at
 * the same place with the same key. So the schedule decides who is with whom, from each alone to
 * the whole warp; on a GPU the hardware does. A group then meets as a warp does (lanes.c).
 *
 * Next: race.c. */
#include "sim/sim_private.h"

#include <string.h>

struct group {
  struct meeting meeting;
  uint32_t members; /* that have not gone to another group; 0: free */
};

struct peer {
  const char *file;
  unsigned line;
  uint32_t key;
  bool waits;
  struct group *group;
};

static struct group groups[PARTS_MAX];
static struct peer peers[PARTS_MAX];

void gr_peers_begin(void)
{
  memset(peers, 0, sizeof peers);
  for (uint32_t i = 0; i < PARTS_MAX; i++) {
    groups[i].members = 0;
  }
}

static struct peer *of(const struct part *part)
{
  return &peers[part->id];
}

static struct group *group_take(void)
{
  uint32_t i = 0;
  while (groups[i].members != 0) { /* a participant is in one at most */
    i++;
  }
  memset(&groups[i].meeting, 0, offsetof(struct meeting, value));
  groups[i].meeting.name = "group";
  return &groups[i];
}

/* All that wait where this one does. */
static void gather(const struct part *self)
{
  const struct gr_sim_team *team = self->team;
  const struct peer *mine = of(self);
  const uint32_t first = self->lane / team->warp_lanes * team->warp_lanes;
  struct group *group = group_take();
  for (uint32_t lane = first; lane < first + team->warp_lanes; lane++) {
    struct peer *peer = team->part[lane] != NULL ? of(team->part[lane]) : NULL;
    if (peer != NULL && peer != mine && peer->waits && peer->key == mine->key &&
        peer->line == mine->line && strcmp(peer->file, mine->file) == 0) {
      peer->waits = false;
      peer->group = group;
      group->members++;
      group->meeting.members |= 1ull << lane;
    }
  }
  of(self)->waits = false;
  of(self)->group = group;
  group->members++;
  group->meeting.members |= 1ull << self->lane;
}

uint32_t gr_sim_peers(uint32_t key, const char *file, unsigned line)
{
  const struct gr_sim_team *team = W.self != NULL ? W.self->team : NULL;
  if (team == NULL || team->warp_lanes == 1u) {
    return 1u;
  }
  struct part *self = gr_step("peers", NULL, file, line);
  struct peer *mine = of(self);
  if (mine->group != NULL) {
    mine->group->members--;
  }
  *mine = (struct peer){file, line, key, true, NULL};
  gr_step("peers' wait", NULL, file, line);
  if (mine->waits) {
    gather(self);
  }
  const uint32_t first = self->lane / team->warp_lanes * team->warp_lanes;
  const uint32_t answer = (uint32_t)(mine->group->meeting.members >> first);
  gr_seen(self, answer);
  return answer;
}

/* Meets the group that the last gr_sim_peers made; the values that its lanes brought. */
static const uint64_t *group_meet(uint32_t members, uint64_t value, const char *file, unsigned line)
{
  struct part *self = gr_step("peers' meeting", NULL, file, line);
  const uint32_t first = self->lane / self->team->warp_lanes * self->team->warp_lanes;
  struct group *group = of(self)->group;
  if (group == NULL || (uint32_t)(group->meeting.members >> first) != members) {
    gr_sim_fail("lane %u meets others than those that gr_peers_u32 named", self->lane);
  }
  struct meeting *m = &group->meeting;
  return m->value[gr_meet(self, m, GR_SIM_BARRIER, value, file, line) & 1u] + first;
}

static bool is_alone(void)
{
  return W.self == NULL || W.self->team == NULL || W.self->team->warp_lanes == 1u;
}

uint64_t gr_sim_peers_shuffle(uint32_t members, uint64_t value, uint32_t lane, const char *file,
                              unsigned line)
{
  if (is_alone()) {
    return value;
  }
  if ((members >> lane & 1u) == 0) {
    gr_sim_fail("a shuffle from lane %u, which is not among its peers", lane);
  }
  const uint64_t answer = group_meet(members, value, file, line)[lane];
  gr_seen(W.self, answer);
  return answer;
}

uint32_t gr_sim_peers_or(uint32_t members, uint32_t value, const char *file, unsigned line)
{
  if (is_alone()) {
    return value;
  }
  const uint64_t *values = group_meet(members, value, file, line);
  uint32_t answer = 0;
  for (uint32_t rest = members; rest != 0; rest &= rest - 1u) {
    answer |= (uint32_t)values[__builtin_ctz(rest)];
  }
  gr_seen(W.self, answer);
  return answer;
}
