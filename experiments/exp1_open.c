/* exp1_open.c - latency under an open load: tasks that arrive by a schedule (hx_arrivals), not when
 * the last one is done. Variants grosr_open and spin_open.
 *
 * What can be done is measured first, in the same process and by the same loop, all tasks due at
 * once; factor offered_pct is the part of it that is offered. The other factor says whether tasks
 * come at equal gaps or at random. A schedule lasts a tenth of the point's time, or EXP1_OPEN_MAX
 * tasks; every result is checked after it. Samples of one schedule share its queue: an interval
 * from them is too narrow, one over processes is not (harness/measure/interval.h).
 *
 * Next: exp1_cpu.c */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <grosr/grosr.h>

#include "exp1.h"

#define CAPACITY_TASKS  20000u
#define CAPACITY_ROUNDS 5u  /* the median of them; odd. The first warms up */
#define PARTS           10u /* schedules that would fill the point's time */
#define TASKS_MIN       1000u
#define BEHIND_MAX      4u /* schedules that the generator may fail to keep */

struct open_load {
  const struct exp1_engine *engine;
  uint64_t salt;
};

static int open_submit(void *state, uint64_t i)
{
  const struct open_load *load = state;
  return load->engine->submit(load->engine->state, i, load->salt);
}

static int open_done(void *state, uint64_t i)
{
  const struct open_load *load = state;
  return load->engine->done(load->engine->state, i, load->salt);
}

/* One schedule, checked. Its salt is its own, so that no result of the one before is right. */
static int run_schedule(struct hx_point *point, struct hx_arrivals *arrivals,
                        struct hx_arrivals_report *report)
{
  struct open_load *load = arrivals->state;
  arrivals->round++;
  load->salt++;
  const int result = hx_arrivals_run(point, arrivals, report);
  if (result < 0) {
    return hx_fail(point, "open load of %" PRIu64 " tasks: %s. %s", arrivals->count,
                   strerror(-result), grosr_last_error());
  }
  return exp1_check(point, load->engine->out, arrivals->count, load->salt);
}

/* Tasks a second that the loop gets done when all are due; 0: the point has its reason. */
static double measure_capacity(struct hx_point *point, struct hx_arrivals arrivals)
{
  double rate_s[CAPACITY_ROUNDS];
  arrivals.metric = NULL;
  arrivals.rate_s = 0.0;
  arrivals.count = CAPACITY_TASKS;
  for (size_t i = 0; i < CAPACITY_ROUNDS; i++) {
    struct hx_arrivals_report report;
    if (run_schedule(point, &arrivals, &report) < 0) {
      return 0.0;
    }
    size_t at = i;
    for (; at > 0 && rate_s[at - 1] > report.achieved_s; at--) {
      rate_s[at] = rate_s[at - 1];
    }
    rate_s[at] = report.achieved_s;
  }
  hx_note(point, "capacity_tasks_s", "%.6g (median of %u, from %.6g to %.6g)",
          rate_s[CAPACITY_ROUNDS / 2u], CAPACITY_ROUNDS, rate_s[0], rate_s[CAPACITY_ROUNDS - 1u]);
  return rate_s[CAPACITY_ROUNDS / 2u];
}

int exp1_measure_open(struct hx_point *point, const struct exp1_engine *engine)
{
  struct open_load load = {engine, hx_seed(point)};
  struct hx_arrivals arrivals = {.metric = "loaded_latency_us",
                                 .submit = open_submit,
                                 .done = open_done,
                                 .state = &load,
                                 .poisson =
                                     strcmp(hx_factor_text(point, "arrivals"), "poisson") == 0};
  const double seconds = (double)hx_time_left_ns(point) / 1e9 / PARTS;
  const double capacity_s = measure_capacity(point, arrivals);
  unsigned behind = 0;
  if (capacity_s == 0.0) {
    return -EBADMSG;
  }
  arrivals.round = CAPACITY_ROUNDS;
  load.salt += CAPACITY_ROUNDS;
  arrivals.rate_s = capacity_s * (double)hx_factor_u64(point, "offered_pct") / 100.0;
  const double wanted = arrivals.rate_s * seconds;
  arrivals.count = wanted < TASKS_MIN       ? TASKS_MIN
                   : wanted < EXP1_OPEN_MAX ? (uint64_t)wanted
                                            : EXP1_OPEN_MAX;
  while (hx_more(point, arrivals.metric)) {
    struct hx_arrivals_report report;
    if (run_schedule(point, &arrivals, &report) < 0) {
      return -EBADMSG;
    }
    behind += report.behind ? 1u : 0u;
    if (behind == BEHIND_MAX) {
      return hx_unmet(point,
                      "the generator fell behind in %u schedules of %.4g tasks/s; quiet the "
                      "machine, or offer less by --factor offered_pct",
                      behind, arrivals.rate_s);
    }
  }
  return 0;
}
