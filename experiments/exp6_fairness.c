/* exp6_fairness.c - who gets what, where several tenants want more than there is: the policies.
 *
 * Loads (exp6_loads.h): `equal`, `skewed` and `bursty` give, of each round, Jain's index and the
 * greatest error of the tenants' shares by weight, the most that a tenant was behind a fluid that
 * divides the same work ideally (exp6_fluid.h), and the mean time from due to done. `flood` gives
 * the 99th percentile of that time for a tenant of high priority beside a flood, and of the same
 * tasks alone, in the same runtime; and how many of the flood's tasks began while one of its
 * waited. longest_us is the longest task of the round (of the flood): no policy that does not
 * interrupt tasks can bring a share or a wait nearer than that. Where other programs take a team's
 * core in the middle of a task it is long, too.
 *
 * Each sample is a round of its own: every task has one completion and has run once, for as long
 * as it should. round_robin and fifo know no weights and no priorities: they are the floor.
 * Next: exp6_loads.h */
#include <string.h>

#include "exp6_fluid.h"

#define SMOKE_ROUNDS 6u

/* As hx_more; the smoke tier has as few as an interval needs. */
static bool more(const struct exp6 *exp, const char *metric)
{
  const bool is_smoke = strcmp(hx_tier(exp->point), "smoke") == 0;
  return hx_more(exp->point, metric) && !(is_smoke && exp->round >= SMOKE_ROUNDS);
}

static int run_shares(struct exp6 *exp)
{
  struct exp6_shares shares;
  int result = 0;
  while (result == 0 && more(exp, "jain_index")) {
    result = exp6_round(exp, false);
    result = result < 0 ? result : exp6_shares(exp, &shares);
    if (result == 0) {
      hx_sample(exp->point, "jain_index", shares.jain_index);
      hx_sample(exp->point, "share_error_pct", shares.share_error_pct);
      hx_sample(exp->point, "max_lag_us", shares.max_lag_ns / 1e3);
      hx_sample(exp->point, "mean_completion_us", shares.mean_completion_ns / 1e3);
      hx_sample(exp->point, "longest_us", shares.longest_ns / 1e3);
    }
  }
  return result;
}

/* Alone and beside the flood in turns, the same tasks at the same times. */
static int run_flood(struct exp6 *exp)
{
  struct exp6_high alone, high;
  int result = 0;
  while (result == 0 && more(exp, "high_p99_us")) {
    const uint64_t round = exp->round;
    result = exp6_round(exp, true);
    result = result < 0 ? result : exp6_high(exp, &alone);
    exp->round = round;
    result = result < 0 ? result : exp6_round(exp, false);
    result = result < 0 ? result : exp6_high(exp, &high);
    if (result == 0) {
      hx_sample(exp->point, "high_p99_us", high.p99_ns / 1e3);
      hx_sample(exp->point, "high_alone_p99_us", alone.p99_ns / 1e3);
      hx_sample(exp->point, "priority_inversions", high.inversions);
      hx_sample(exp->point, "longest_us", high.longest_ns / 1e3);
    }
  }
  return result;
}

static int run(struct hx_point *point, enum grosr_policy policy)
{
  static struct exp6 exp;
  int result = exp6_open(point, policy, &exp);
  if (result == 0) {
    result = hx_factor_text(point, "load")[0] == 'f' ? run_flood(&exp) : run_shares(&exp);
  }
  const int closed = exp6_close(&exp);
  return result < 0 || closed == 0 ? result : hx_fail(point, "close: %s", grosr_last_error());
}

static int run_fifo(struct hx_point *point)
{
  return run(point, GROSR_POLICY_FIFO);
}

static int run_round_robin(struct hx_point *point)
{
  return run(point, GROSR_POLICY_ROUND_ROBIN);
}

static int run_weighted(struct hx_point *point)
{
  return run(point, GROSR_POLICY_WEIGHTED);
}

static int run_learning(struct hx_point *point)
{
  return run(point, GROSR_POLICY_LEARNING);
}

int main(int argc, char **argv)
{
  static const struct hx_metric metrics[] = {{"jain_index", "1"},
                                             {"share_error_pct", "%"},
                                             {"max_lag_us", "us"},
                                             {"mean_completion_us", "us"},
                                             {"high_p99_us", "us"},
                                             {"high_alone_p99_us", "us"},
                                             {"priority_inversions", "1"},
                                             {"longest_us", "us"},
                                             {0}};
  static const struct hx_factor factors[] = {
      {"tenants", "4", "2,4,8,16,32,64", "3"},
      {"load", "equal,skewed,bursty,flood", NULL, NULL},
      {"length", "30us,mix,kinds", "1us,30us,1ms,mix,kinds", "mix,kinds"},
      {0}};
  static const struct hx_variant variants[] = {{"fifo", "any", NULL, run_fifo, NULL},
                                               {"round_robin", "any", NULL, run_round_robin, NULL},
                                               {"weighted", "any", NULL, run_weighted, NULL},
                                               {"learning", "any", NULL, run_learning, NULL},
                                               {0}};
  static const struct hx_experiment experiment = {
      .name = "exp6_fairness",
      .title = "shares, lag and delay of tenants that want more than there is, by policy",
      .metrics = metrics,
      .factors = factors,
      .variants = variants};
  return exp_main(argc, argv, &experiment);
}
