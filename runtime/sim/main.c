/* main.c - grosr sim: runs scenarios under many seeds, and says what it found.
 *
 *   grosr sim --budget 60s          exhaustive protocols first, then fresh seeds until time is over
 *   grosr sim --scenario device --seed 42     one run again
 *
 * On a failure: the sentence, where everybody stands, the steps that led there (shrunk to the
 * decisions that matter), and the line that repeats it. Exit status: 0 nothing found, 1 something
 * found, 2 refused.
 *
 * Next: ../../ci/mutants, which shows that it would find something. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/args.h"
#include "sim/explore.h"
#include "sim/seconds.h"
#include "sim/shrink.h"
#include "sim/trace.h"

#define SEEN_SLOTS    (1u << 22)
#define SHRINK_S      20.0
#define EXPLORE_S     300.0 /* of one protocol, by --explore */
#define REPORT_STEPS  120u

enum { EXIT_FOUND = 1, EXIT_REFUSED = 2 };
struct tally {
  uint64_t runs, steps, distinct;
  uint64_t trace; /* hash of all traces */
  double seconds;
};

static struct gr_sim_args A;
static struct {
  struct tally tally[GR_SCENARIOS_MAX];
  uint64_t explored; /* schedules of protocols: each run of explore.c is another */
  const struct gr_scenario *now; /* what runs: for a crash's last words */
  uint64_t now_seed;
} T;

static bool is_wanted(const struct gr_scenario *scenario)
{
  const size_t bytes = strlen(scenario->name);
  for (const char *at = A.scenarios; at != NULL;
       at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
    if (strncmp(at, scenario->name, bytes) == 0 && (at[bytes] == ',' || at[bytes] == '\0')) {
      return true;
    }
  }
  return A.scenarios == NULL;
}

/* ---- counting schedules ---- */
static bool is_new(uint64_t schedule)
{
  static uint64_t seen[SEEN_SLOTS];
  static uint64_t count;
  schedule |= 1u;
  for (uint64_t at = schedule * 0x9e3779b97f4a7c15ull >> 42;; at = (at + 1u) % SEEN_SLOTS) {
    if (seen[at] == schedule || count > SEEN_SLOTS / 2u) {
      return false;
    }
    if (seen[at] == 0) {
      seen[at] = schedule;
      count++;
      return true;
    }
  }
}

/* ---- a failure ---- */
static void tell(const struct gr_scenario *scenario, const struct gr_sim_config *config,
                 const struct gr_sim_outcome *outcome)
{
  struct gr_shrink shrink = {.scenario = scenario, .config = *config};
  struct gr_trace trace = {scenario, *config};
  char why[512];
  size_t count;
  snprintf(shrink.what, sizeof shrink.what, "%s", outcome->what);
  trace.config.decision = gr_sim_decisions(&count);
  trace.config.decisions = count;
  if (A.shrinks && config->scheduler != GR_SIM_REPLAY) {
    if (gr_shrink_run(&shrink, SHRINK_S)) {
      printf("shrunk from %zu to %zu decisions in %u runs\n", shrink.noted, shrink.decisions,
             shrink.runs);
      trace.config.decision = shrink.decision;
      trace.config.decisions = shrink.decisions;
    } else {
      printf("not shrunk: its decisions alone do not repeat it\n");
    }
  }
  gr_sim_report(stdout, REPORT_STEPS);
  gr_invariants_report(stdout);
  printf("FOUND in scenario %s, seed %" PRIu64 ": %s\n", scenario->name, config->seed,
         outcome->what);
  printf("to repeat: grosr sim --scenario %s --seed %" PRIu64 " --shrink\n", scenario->name,
         config->seed);
  if (A.save != NULL) {
    if (gr_trace_write(A.save, &trace, why, sizeof why) < 0) {
      printf("%s\n", why);
    } else {
      printf("or, with this build: grosr sim --replay %s\n", A.save);
    }
  }
  free(shrink.decision);
}

static void crashed(int signal_number)
{
  char text[256];
  const int bytes = snprintf(text, sizeof text,
                             "FOUND in scenario %s, seed %" PRIu64 ": signal %d\nto repeat: grosr "
                             "sim --scenario %s --seed %" PRIu64 "\n",
                             T.now->name, T.now_seed, signal_number, T.now->name, T.now_seed);
  if (write(STDOUT_FILENO, text, (size_t)bytes) < 0) {
    _exit(EXIT_FOUND);
  }
  _exit(EXIT_FOUND);
}

/* ---- runs ---- */
static bool run(const struct gr_scenario *scenario, const struct gr_sim_config *config)
{
  struct tally *tally = &T.tally[scenario - gr_scenarios];
  struct gr_sim_outcome outcome;
  const double since_s = gr_seconds();
  T.now = scenario;
  T.now_seed = config->seed;
  gr_sim_run(config, scenario->main, NULL, &outcome);
  tally->runs++;
  tally->steps += outcome.steps;
  tally->trace = tally->trace * 31u + outcome.hash;
  tally->seconds += gr_seconds() - since_s;
  tally->distinct += is_new(outcome.schedule ^ (uint64_t)(scenario - gr_scenarios) << 56) ? 1u : 0u;
  if (outcome.failed) {
    fflush(stdout);
    tell(scenario, config, &outcome);
  }
  return !outcome.failed;
}

static bool run_seed(const struct gr_scenario *scenario, uint64_t seed)
{
  const struct gr_sim_config config = gr_scenario_config(scenario, seed);
  return run(scenario, &config);
}

static bool corpus_failed;
static bool run_corpus(const struct gr_scenario *scenario, uint64_t seed)
{
  corpus_failed = !run_seed(scenario, seed);
  return !corpus_failed;
}

/* The scenario that has had least of its share of time. */
static const struct gr_scenario *next_scenario(void)
{
  const struct gr_scenario *best = NULL;
  double least = 0;
  for (const struct gr_scenario *s = gr_scenarios; s->name != NULL; s++) {
    const double had = T.tally[s - gr_scenarios].seconds / (s->share > 0 ? s->share : 1u);
    if (is_wanted(s) && !s->is_protocol && (best == NULL || had < least)) {
      best = s;
      least = had;
    }
  }
  return best;
}

static bool run_budget(void)
{
  const double until_s = gr_seconds() + A.budget_s;
  for (uint64_t i = 0; gr_seconds() < until_s; i++) {
    const struct gr_scenario *scenario = next_scenario();
    if (scenario == NULL) {
      return true;
    }
    if (!run_seed(scenario, A.seed + i)) {
      return false;
    }
  }
  return true;
}

static bool run_counted(void)
{
  for (const struct gr_scenario *s = gr_scenarios; s->name != NULL; s++) {
    for (uint64_t i = 0; i < A.runs && is_wanted(s) && !s->is_protocol; i++) {
      if (!run_seed(s, A.seed + i)) {
        return false;
      }
    }
  }
  return true;
}

/* A budget is for all: what is complete in strong memory mostly takes a second; of weak memory as
 * much as there is time for. */
static double seconds_of(int memory)
{
  return A.budget_s <= 0 ? EXPLORE_S : A.budget_s / (memory == GR_SIM_WEAK ? 120.0 : 15.0);
}

static bool explore_all(void)
{
  bool is_good = true;
  for (const struct gr_scenario *s = gr_scenarios; s->name != NULL && is_good; s++) {
    for (int memory = GR_SIM_STRONG; memory <= GR_SIM_WEAK && s->is_protocol && is_good; memory++) {
      struct gr_explored explored;
      if (!is_wanted(s) || (s->is_long && A.scenarios == NULL)) {
        continue;
      }
      T.now = s;
      is_good = gr_explore_run(s, (enum gr_sim_memory)memory, seconds_of(memory), &explored);
      printf("explored %-12s %-6s %9" PRIu64 " states, %9" PRIu64 " runs, %10" PRIu64
             " steps, %.1f s: %s\n",
             s->name, memory == GR_SIM_WEAK ? "weak" : "strong", explored.states, explored.runs,
             explored.steps, explored.seconds,
             !is_good               ? "FOUND"
             : explored.is_complete ? "complete"
                                    : "cut short");
      if (!is_good) {
        gr_sim_report(stdout, REPORT_STEPS);
        printf("FOUND in protocol %s: %s\nto repeat: grosr sim --explore --scenario %s\n", s->name,
               explored.what, s->name);
      }
      T.explored += explored.runs;
      fflush(stdout);
    }
  }
  return is_good;
}

static void sum_up(double seconds)
{
  struct tally all = {0};
  for (const struct gr_scenario *s = gr_scenarios; s->name != NULL; s++) {
    const struct tally *t = &T.tally[s - gr_scenarios];
    if (t->runs != 0) {
      printf("scenario %-8s %9" PRIu64 " runs, %12" PRIu64 " operations, %9" PRIu64
             " distinct schedules, %.1f s\n",
             s->name, t->runs, t->steps, t->distinct, t->seconds);
      printf("  trace hash of %s: 0x%016" PRIx64 "\n", s->name, t->trace);
    }
    all.runs += t->runs;
    all.steps += t->steps;
    all.distinct += t->distinct;
    all.seconds += t->seconds;
  }
  if (all.runs != 0) {
    printf("in all %" PRIu64 " runs, %" PRIu64 " operations, %.2f million a second; %" PRIu64
           " distinct schedules, and %" PRIu64 " explored; %.1f s; seeds from %" PRIu64 "\n",
           all.runs, all.steps, 1e-6 * (double)all.steps / all.seconds, all.distinct, T.explored,
           seconds, A.seed);
  }
}

static int refuse(const char *why)
{
  fprintf(stderr, "grosr sim: %s\n", why);
  return EXIT_REFUSED;
}

static int replay(void)
{
  struct gr_trace trace;
  char why[512];
  if (gr_trace_read(A.replay, &trace, why, sizeof why) < 0) {
    return refuse(why);
  }
  const bool is_good = run(trace.scenario, &trace.config);
  free((void *)(uintptr_t)trace.config.decision);
  return is_good ? 0 : EXIT_FOUND;
}

static int run_all(void)
{
  const double since_s = gr_seconds();
  char why[512];
  bool is_good = true;
  if (A.seeds != NULL) {
    if (gr_seeds_read(A.seeds, run_corpus, why, sizeof why) < 0) {
      return refuse(why);
    }
    is_good = !corpus_failed;
  }
  if (is_good && (A.explores || A.budget_s > 0)) {
    is_good = explore_all();
  }
  if (is_good && A.budget_s > 0) {
    is_good = run_budget();
  } else if (is_good && !A.explores && (A.seeds == NULL || A.runs != 0 || A.has_seed)) {
    A.runs = A.runs != 0 ? A.runs : 1u;
    is_good = run_counted();
  }
  sum_up(gr_seconds() - since_s);
  return is_good ? 0 : EXIT_FOUND;
}

int main(int argc, char **argv)
{
  if (!gr_sim_args_parse(&A, argc, argv)) {
    return EXIT_REFUSED;
  }
  for (const struct gr_scenario *s = gr_scenarios; A.lists && s->name != NULL; s++) {
    printf("%-12s %s%s\n", s->name, s->is_protocol ? "(protocol) " : "", s->what);
  }
  if (A.lists) {
    return 0;
  }
  signal(SIGSEGV, crashed);
  signal(SIGABRT, crashed);
  signal(SIGBUS, crashed);
  signal(SIGILL, crashed);
  return A.replay != NULL ? replay() : run_all();
}
