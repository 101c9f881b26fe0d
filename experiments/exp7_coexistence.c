/* exp7_coexistence.c - a heavy foreground with small tasks beside it: what each costs the other.
 *
 *   alone        nothing is beside anything: what two intervals differ by themselves
 *   round_robin  the foreground is tasks of tiles, so teams run both; contexts take turns
 *   weighted     the same, and the small tasks' context has the highest priority
 *   grosr        the foreground is an ordinary kernel on another stream (on cpu and sim a thread),
 *                and the runtime has a single team beside it
 *
 * The foreground is bound by memory (`stream`) or by arithmetic (`fma`), the tasks come at random
 * at a mean rate (exp7_loads.h). A sample has three intervals: the foreground alone, the tasks
 * alone for as long, and both. foreground_slowdown_x and task_slowdown_x (of the median latency)
 * are beside by alone. sm_share_percent is what the runtime occupies of a GPU's multiprocessors:
 * one for its team, and one for each of the two launchers. Next: exp7_loads.h */
#include <string.h>

#include "exp7_loads.h"

#define SAMPLES_SMOKE 6u /* as few as an interval needs */
#define LAUNCHERS     2u

struct sides {
  uint64_t alone_ns, beside_ns; /* the foreground */
  double alone_p50, alone_p99;  /* the tasks, ns */
  double beside_p50, beside_p99;
};

static int run_sides(struct exp7 *exp, bool is_beside, struct sides *sides)
{
  int result = exp7_foreground(exp, false, &sides->alone_ns);
  result = result < 0 ? result : exp7_tasks(exp, sides->alone_ns);
  if (result < 0) {
    return result;
  }
  sides->alone_p50 = exp7_latency_ns(exp, 0.5);
  sides->alone_p99 = exp7_latency_ns(exp, 0.99);
  result = exp7_foreground(exp, is_beside, &sides->beside_ns);
  if (result == 0 && !is_beside) {
    result = exp7_tasks(exp, sides->beside_ns);
  }
  sides->beside_p50 = exp7_latency_ns(exp, 0.5);
  sides->beside_p99 = exp7_latency_ns(exp, 0.99);
  return result;
}

static void keep(const struct exp7 *exp, const struct sides *sides)
{
  struct hx_point *point = exp->point;
  const unsigned processors = exp->is_kernel ? exp_multiprocessors(hx_device(point)) : 0u;
  hx_sample(point, "foreground_slowdown_x", (double)sides->beside_ns / (double)sides->alone_ns);
  hx_sample(point, "foreground_alone_us", (double)sides->alone_ns / 1e3 / exp->chunks);
  hx_sample(point, "task_slowdown_x", sides->beside_p50 / sides->alone_p50);
  hx_sample(point, "task_p50_us", sides->beside_p50 / 1e3);
  hx_sample(point, "task_p99_us", sides->beside_p99 / 1e3);
  hx_sample(point, "task_alone_p50_us", sides->alone_p50 / 1e3);
  hx_sample(point, "task_alone_p99_us", sides->alone_p99 / 1e3);
  hx_note(point, "tasks_last_interval", "%zu", exp->sent);
  if (processors != 0u) {
    hx_sample(point, "sm_share_percent", 100.0 * (1u + LAUNCHERS) / processors);
  }
}

static int run(struct hx_point *point, enum grosr_policy policy, bool is_kernel, bool is_beside)
{
  const bool is_smoke = strcmp(hx_tier(point), "smoke") == 0;
  static struct exp7 exp;
  struct sides sides;
  int result = exp7_open(point, policy, is_kernel, &exp);
  if (result == 0) {
    result = run_sides(&exp, is_beside, &sides); /* warms up */
  }
  for (uint32_t i = 0; result == 0 && hx_more(point, "foreground_slowdown_x") &&
                       !(is_smoke && i >= SAMPLES_SMOKE);
       i++) {
    result = run_sides(&exp, is_beside, &sides);
    if (result == 0) {
      keep(&exp, &sides);
    }
  }
  const int closed = exp7_close(&exp);
  return result < 0 || closed == 0 ? result : hx_fail(point, "close: %s", grosr_last_error());
}

static int run_alone(struct hx_point *point)
{
  return run(point, GROSR_POLICY_WEIGHTED, false, false);
}

static int run_round_robin(struct hx_point *point)
{
  return run(point, GROSR_POLICY_ROUND_ROBIN, false, true);
}

static int run_weighted(struct hx_point *point)
{
  return run(point, GROSR_POLICY_WEIGHTED, false, true);
}

static int run_grosr(struct hx_point *point)
{
  return run(point, GROSR_POLICY_WEIGHTED, true, true);
}

int main(int argc, char **argv)
{
  static const struct hx_metric metrics[] = {{"foreground_slowdown_x", "x"},
                                             {"foreground_alone_us", "us"},
                                             {"task_slowdown_x", "x"},
                                             {"task_p50_us", "us"},
                                             {"task_p99_us", "us"},
                                             {"task_alone_p50_us", "us"},
                                             {"task_alone_p99_us", "us"},
                                             {"sm_share_percent", "percent"},
                                             {0}};
  static const struct hx_factor factors[] = {
      {"foreground", "stream,fma", NULL, NULL},
      {"tasks_s", "1e3,1e4", "1e2,1e3,1e4,1e5", "1e4,1e5"},
      {0}};
  static const struct hx_variant variants[] = {{"alone", "any", NULL, run_alone, NULL},
                                               {"round_robin", "any", NULL, run_round_robin, NULL},
                                               {"weighted", "any", NULL, run_weighted, NULL},
                                               {"grosr", "any", NULL, run_grosr, NULL},
                                               {0}};
  static const struct hx_experiment experiment = {
      .name = "exp7_coexistence",
      .title = "a heavy foreground and small tasks beside it: what each costs the other",
      .metrics = metrics,
      .factors = factors,
      .variants = variants};
  return exp_main(argc, argv, &experiment);
}
