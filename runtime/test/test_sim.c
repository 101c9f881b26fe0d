/* test_sim.c - the simulator itself: its memory model on litmus tests, its rules for lanes, its
 * promise that a seed is a whole test.
 *
 * A litmus test is explored to the end and its outcomes counted: what the model must allow has to
 * be seen, what it must forbid may not be. The names are the literature's (Alglave et al., "Herding
 * cats", TOPLAS 2014); the wanted answers are those of the PTX memory model for the instructions
 * that the cuda port emits.
 *
 * A plain program: it switches stacks. Next: test_sim_peers.c. */
#include <stdio.h>
#include <string.h>

#include "port/port.h"
#include "sim/explore.h"
#include "sim/scenario.h"

static unsigned failures;
static void check(bool holds, const char *what)
{
  if (!holds) {
    printf("FAILED: %s\n", what);
    failures++;
  }
}

/* ---- litmus tests: two or three participants, two words, outcomes as bits ---- */
static gr_au64 *word; /* word[0] is x, word[8] is y: lines of their own */
static uint64_t *plain;
static uint64_t answer[4];
static uint64_t outcomes;
static uint32_t other_id[2];

static void start(void *(*other)(void *))
{
  word = gr_sim_take("words", 1024);
  plain = gr_sim_take("plain", 128);
  memset(answer, 0, sizeof answer);
  gr_sim_expect(gr_sim_spawn("other", other, NULL, &other_id[0]) == 0);
}
static void finish(void)
{
  gr_sim_join(other_id[0]);
  outcomes |= 1ull << (answer[0] * 2u + answer[1]);
}
#define X (&word[0])
#define Y (&word[8])

/* MP: message passing. Outcome 2 (flag seen, message not) is what release and acquire forbid. */
static void *mp_relaxed_writer(void *unused)
{
  gr_store_relaxed_gpu_u64(X, 1u);
  gr_store_relaxed_gpu_u64(Y, 1u);
  return unused;
}
static void mp_relaxed(void *unused)
{
  (void)unused;
  start(mp_relaxed_writer);
  answer[0] = gr_load_relaxed_gpu_u64(Y);
  answer[1] = gr_load_relaxed_gpu_u64(X);
  finish();
}
static void *mp_release_writer(void *unused)
{
  gr_store_relaxed_gpu_u64(X, 1u);
  gr_store_release_gpu_u64(Y, 1u);
  return unused;
}
static void mp_acquire(void *unused)
{
  (void)unused;
  start(mp_release_writer);
  answer[0] = gr_load_acquire_gpu_u64(Y);
  answer[1] = gr_load_relaxed_gpu_u64(X);
  finish();
}
static void mp_no_acquire(void *unused)
{
  (void)unused;
  start(mp_release_writer);
  answer[0] = gr_load_relaxed_gpu_u64(Y);
  answer[1] = gr_load_relaxed_gpu_u64(X);
  finish();
}
/* A fence.sc after the relaxed load acquires. */
static void mp_fence(void *unused)
{
  (void)unused;
  start(mp_release_writer);
  answer[0] = gr_load_relaxed_gpu_u64(Y);
  gr_fence_seqcst_sys();
  answer[1] = gr_load_relaxed_gpu_u64(X);
  finish();
}

/* SB: store buffering (Dekker). Outcome 0 (both see nothing) is what only a fence.sc forbids. */
static void *sb_acqrel_other(void *unused)
{
  gr_or_release_gpu_u64(Y, 1u);
  answer[1] = gr_load_acquire_gpu_u64(X);
  return unused;
}
static void sb_acqrel(void *unused)
{
  (void)unused;
  start(sb_acqrel_other);
  gr_or_release_gpu_u64(X, 1u);
  answer[0] = gr_load_acquire_gpu_u64(Y);
  finish();
}
static void *sb_fence_other(void *unused)
{
  gr_store_relaxed_gpu_u64(Y, 1u);
  gr_fence_seqcst_sys();
  answer[1] = gr_load_relaxed_gpu_u64(X);
  return unused;
}
static void sb_fence(void *unused)
{
  (void)unused;
  start(sb_fence_other);
  gr_store_relaxed_gpu_u64(X, 1u);
  gr_fence_seqcst_sys();
  answer[0] = gr_load_relaxed_gpu_u64(Y);
  finish();
}

/* CoRR: two loads of one word never go back in time. Outcome 2 is forbidden always. */
static void *corr_writer(void *unused)
{
  gr_store_relaxed_gpu_u64(X, 1u);
  return unused;
}
static void corr(void *unused)
{
  (void)unused;
  start(corr_writer);
  answer[0] = gr_load_relaxed_gpu_u64(X);
  answer[1] = gr_load_relaxed_gpu_u64(X);
  finish();
}

/* A release sequence: a relaxed read-modify-write in between hands the release on. */
static void *sequence_adder(void *unused)
{
  gr_add_relaxed_gpu_u64(Y, 1u);
  return unused;
}
static void release_sequence(void *unused)
{
  (void)unused;
  word = gr_sim_take("words", 1024);
  memset(answer, 0, sizeof answer);
  gr_sim_expect(gr_sim_spawn("writer", mp_release_writer, NULL, &other_id[0]) == 0);
  gr_sim_expect(gr_sim_spawn("adder", sequence_adder, NULL, &other_id[1]) == 0);
  answer[0] = gr_load_acquire_gpu_u64(Y) == 2u;
  answer[1] = gr_load_relaxed_gpu_u64(X);
  gr_sim_join(other_id[1]);
  finish();
}

#if !defined(__SANITIZE_ADDRESS__) /* it takes the place of the hooks that see plain accesses */
/* Two plain accesses with an order between them, and without. */
static void *race_writer(void *unused)
{
  *(volatile uint64_t *)plain = 1u;
  gr_store_release_gpu_u64(X, 1u);
  return unused;
}
static void race_ordered(void *unused)
{
  (void)unused;
  start(race_writer);
  if (gr_load_acquire_gpu_u64(X) == 1u) {
    gr_sim_expect(*(volatile uint64_t *)plain == 1u);
  }
  finish();
}
static void race_unordered(void *unused)
{
  (void)unused;
  start(race_writer);
  if (gr_load_relaxed_gpu_u64(X) == 1u) {
    answer[0] = *(volatile uint64_t *)plain;
  }
  finish();
}

#endif

/* What is found, or NULL. Outcomes are in `outcomes`. */
static const char *explore(const char *name, void (*main)(void *), enum gr_sim_memory memory)
{
  static struct gr_explored explored;
  const struct gr_scenario scenario = {.name = name, .main = main, .is_protocol = true};
  outcomes = 0;
  const bool is_good = gr_explore_run(&scenario, memory, 60.0, &explored);
  printf("%-18s %-6s outcomes 0x%llx, %llu states, %llu runs%s%s\n", name,
         memory == GR_SIM_WEAK ? "weak" : "strong", (unsigned long long)outcomes,
         (unsigned long long)explored.states, (unsigned long long)explored.runs,
         is_good ? "" : ": ", is_good ? "" : explored.what);
  check(!is_good || explored.is_complete, "an exploration was cut short");
  return is_good ? NULL : explored.what;
}

/* Bits: 1 << (2 answer 0 + answer 1). */
static void litmus(const char *name, void (*main)(void *), uint64_t weak, uint64_t strong)
{
  char what[128];
  snprintf(what, sizeof what, "%s: the wrong outcomes", name);
  check(explore(name, main, GR_SIM_WEAK) == NULL && outcomes == weak, what);
  check(explore(name, main, GR_SIM_STRONG) == NULL && outcomes == strong, what);
}

static void test_litmus(void)
{
  litmus("MP relaxed", mp_relaxed, 0xf, 0xb);
  litmus("MP acquire", mp_acquire, 0xb, 0xb);
  litmus("MP no acquire", mp_no_acquire, 0xf, 0xb);
  litmus("MP fence", mp_fence, 0xb, 0xb);
  litmus("SB acqrel", sb_acqrel, 0xf, 0xe);
  litmus("SB fence", sb_fence, 0xe, 0xe);
  litmus("CoRR", corr, 0xb, 0xb);
  litmus("release sequence", release_sequence, 0xb, 0xb);
#if !defined(__SANITIZE_ADDRESS__)
  check(explore("race, ordered", race_ordered, GR_SIM_WEAK) == NULL, "a race where there is none");
  const char *found = explore("race, unordered", race_unordered, GR_SIM_WEAK);
  check(found != NULL && strstr(found, "data race on plain") != NULL, "a race is not found");
#endif
}

/* ---- lanes that break the rules, each reported with both places ---- */
static void (*lane_body)(void);
static void lane_main(void *unused)
{
  (void)unused;
  lane_body();
}
static void lanes(void *argument)
{
  (void)argument;
  struct gr_sim_team *team = gr_sim_team_open(0, 4, 4, NULL);
  gr_sim_team_start(team, lane_main, NULL);
  while (!gr_sim_team_is_gone(team)) {
    gr_pause();
  }
}
static void converged(void)
{
  gr_sim_expect(gr_warp_ballot(gr_lane() != 1u) == 0xdu);
  gr_sim_expect(gr_warp_shuffle_u32(gr_lane() * 3u, 2u) == 6u);
  gr_sim_expect(gr_warp_shuffle_up_u64(gr_lane(), 1u) == (gr_lane() == 0u ? 0u : gr_lane() - 1u));
  gr_team_barrier();
}
static void other_barrier(void)
{
  if (gr_lane() == 2u) {
    gr_warp_barrier();
  } else {
    gr_warp_barrier();
  }
}
static void missed_barrier(void)
{
  if (gr_lane() != 3u) {
    gr_team_barrier();
  }
}
static void crossed(void)
{
  if (gr_lane() == 0u) {
    gr_warp_barrier();
  }
  gr_team_barrier();
}
static void mixed(void)
{
  if (gr_lane() == 0u) {
    (void)gr_warp_ballot(true);
  } else {
    (void)gr_warp_shuffle_u32(0u, 0u);
  }
}
static void far_shuffle(void)
{
  (void)gr_warp_shuffle_u32(0u, 4u);
}
static void far_peer(void)
{
  const uint32_t peers = gr_peers_u32(gr_lane());
  (void)gr_peers_shuffle_u64(peers, 0u, 3u - gr_lane());
}
static void spinning(void)
{
  while (gr_lane() == 1u) {
    gr_pause();
  }
  gr_warp_barrier();
}

static void lane_case(void (*body)(void), const char *wanted, const char *name)
{
  char what[256];
  lane_body = body;
  for (uint64_t seed = 1; seed <= 40u; seed++) {
    struct gr_sim_config config = gr_sim_config_from_seed(seed);
    struct gr_sim_outcome outcome;
    config.steps_max = 20000;
    gr_sim_run(&config, lanes, NULL, &outcome);
    const bool is_as_wanted =
        wanted == NULL ? !outcome.failed : outcome.failed && strstr(outcome.what, wanted) != NULL;
    if (!is_as_wanted || seed == 1u) {
      snprintf(what, sizeof what, "%s, seed %llu: %.180s", name, (unsigned long long)seed,
               outcome.what);
      printf("%s\n", what);
      check(is_as_wanted, what);
    }
  }
}

static void test_lanes(void)
{
  lane_case(converged, NULL, "converged");
  lane_case(other_barrier, "divergent warp: lane", "two barriers at once");
  lane_case(missed_barrier, "which has returned", "a barrier missed by one lane");
  lane_case(crossed, "divergent", "a warp's barrier and the team's");
  lane_case(mixed, "divergent warp: lane", "a ballot and a shuffle");
  lane_case(far_shuffle, "a shuffle from lane 4 of a warp of 4", "a shuffle from nowhere");
  lane_case(far_peer, "which is not among its peers", "a shuffle from who is no peer");
  lane_case(spinning, "more than 20000 steps", "a lane that never comes");
}

/* ---- a seed is a whole test ---- */
static void test_same_seed(void)
{
  for (const struct gr_scenario *s = gr_scenarios; s->name != NULL; s++) {
    struct gr_sim_config config = gr_sim_config_from_seed(11);
    struct gr_sim_outcome first, second, third;
    if (s->is_protocol || strcmp(s->name, "stuck") == 0 || strcmp(s->name, "lanes") == 0) {
      continue;
    }
    config.check = s->check;
    gr_sim_run(&config, s->main, NULL, &first);
    gr_sim_run(&config, s->main, NULL, &second);
    check(first.hash == second.hash && first.steps == second.steps, "the same seed, another trace");
    size_t count;
    static struct gr_sim_decision noted[1u << 20];
    const struct gr_sim_decision *decisions = gr_sim_decisions(&count);
    memcpy(noted, decisions, count * sizeof *noted);
    config.scheduler = GR_SIM_REPLAY;
    config.decision = noted;
    config.decisions = count;
    gr_sim_run(&config, s->main, NULL, &third);
    check(third.hash == first.hash, "the noted decisions do not repeat the run");
    config = gr_sim_config_from_seed(12);
    config.check = s->check;
    gr_sim_run(&config, s->main, NULL, &third);
    check(third.hash != first.hash, "another seed, the same trace");
    printf("same seed: %s, %llu steps, %zu decisions\n", s->name, (unsigned long long)first.steps,
           count);
  }
}

int main(void)
{
  test_litmus();
  test_lanes();
  test_same_seed();
  printf("%s\n", failures == 0 ? "all good" : "FAILED");
  return failures == 0 ? 0 : 1;
}
