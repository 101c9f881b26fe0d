/* test_sim_peers.c - litmus tests of lanes that meet by chance (sim/peers.c): who may be with whom,
 * and what they know of each other then. As those of test_sim.c.
 *
 * A plain program: it switches stacks. Next: check_sim. */
#include <stdio.h>
#include <string.h>

#include "port/port.h"
#include "sim/explore.h"
#include "sim/scenario.h"

static gr_au64 *word;
static uint64_t answer[2];
static uint64_t outcomes; /* bits: 1 << (2 answer 0 + answer 1) */
static unsigned failures;
#define X (&word[0])

static void (*peer_body)(uint32_t lane);
static void peer_main(void *unused)
{
  (void)unused;
  peer_body(gr_lane());
}
static void peers_live(void (*body)(uint32_t lane))
{
  word = gr_sim_take("words", 1024);
  memset(answer, 0, sizeof answer);
  peer_body = body;
  struct gr_sim_team *team = gr_sim_team_open(0, 2, 2, NULL);
  gr_sim_team_start(team, peer_main, NULL);
  gr_sim_team_join(team);
  outcomes |= 1ull << (answer[0] * 2u + answer[1]);
}
/* Together (3) or each alone (0), and both think the same of it. */
static void peer_meets(uint32_t lane)
{
  const uint32_t peers = gr_peers_u32(5u);
  gr_sim_expect(peers == 3u || peers == 1u << lane);
  answer[lane] = peers == 3u;
}
static void peers_meet(void *unused)
{
  (void)unused;
  peers_live(peer_meets);
}
/* Never with another key. */
static void peer_of_a_key(uint32_t lane)
{
  answer[lane] = gr_peers_u32(lane) == 3u;
}
static void peers_keys(void *unused)
{
  (void)unused;
  peers_live(peer_of_a_key);
}
/* MP: what lane 0 stored before the shuffle the other sees after it. Outcome 2 is forbidden. */
static void peer_tells(uint32_t lane)
{
  if (lane == 0u) {
    gr_store_relaxed_gpu_u64(X, 1u);
  }
  const uint32_t peers = gr_peers_u32(0u);
  const bool are_two = gr_peers_shuffle_u64(peers, peers == 3u ? 1u : 0u, lane) != 0u;
  if (lane == 1u && are_two) {
    answer[0] = 1u;
    answer[1] = gr_load_relaxed_gpu_u64(X);
  }
}
static void peers_tell(void *unused)
{
  (void)unused;
  peers_live(peer_tells);
}

static void litmus(const char *name, void (*main)(void *), uint64_t wanted)
{
  static struct gr_explored explored;
  const struct gr_scenario scenario = {.name = name, .main = main, .is_protocol = true};
  for (int memory = GR_SIM_STRONG; memory <= GR_SIM_WEAK; memory++) {
    outcomes = 0;
    const bool is_good = gr_explore_run(&scenario, (enum gr_sim_memory)memory, 60.0, &explored);
    printf("%-16s outcomes 0x%llx, %llu states %s\n", name, (unsigned long long)outcomes,
           (unsigned long long)explored.states, explored.what);
    failures += is_good && explored.is_complete && outcomes == wanted ? 0u : 1u;
  }
}

int main(void)
{
  litmus("peers", peers_meet, 0x9);
  litmus("peers, two keys", peers_keys, 0x1);
  litmus("peers, MP", peers_tell, 0x9);
  printf("%s\n", failures == 0 ? "all good" : "FAILED");
  return failures == 0 ? 0 : 1;
}
