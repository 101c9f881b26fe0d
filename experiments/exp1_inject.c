/* exp1_inject.c - a slow-down of known size in what exp1 measures, to see whether it is found.
 *
 * Environment GROSR_INJECT_PERCENT=P (set by `grosr calibrate --inject P`; unset: none of this
 * runs) makes each timed interval on device cpu longer by P %: a chain of multiplications stands
 * between the last completion and the clock's second read. How long it must be is measured in each
 * process and for each metric: P % of the median of some intervals without it, less what the call
 * costs. It touches no result: fetching that line from the other core would be part of the interval
 * then, and some 10 % of a trip. It is behind the interval's last trip and not between trips,
 * because a pause between two changes how the cores hand the lines over, by more or by less than it
 * lasts.
 *
 * The side that is compared with it runs with P = 0: no chain, but the same intervals beforehand,
 * for those warm the cores up, and it would be some 4 % slower without.
 *
 * start_latency_us ends before the chain, and open loads have none. Called by exp1_measure.c.
 * Next: exp1_cpu.c */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exp1.h"

#define MULTIPLIER    6364136223846793005u
#define PERCENT_MAX   1000.0
#define STEPS_TIMED   100000u
#define CALLS_TIMED   2000u
#define TIMED_MAX     201u /* of intervals, and of chains; odd: the median is taken */
#define INTERVALS_MIN 5u
#define TIMED_NS      100000000u /* no more than 0.1 s for the intervals of one metric */

struct exp1_slow {
  double percent;
  double step_ns;
  double call_ns; /* of exp1_slow_wait() without a step */
  uint64_t steps;
};

/* Not known to the compiler: it can neither fold the steps nor leave them out. */
static volatile uint64_t multiplier = MULTIPLIER;
static volatile uint64_t end_of_chain;

static void run_chain(uint64_t steps)
{
  const uint64_t factor = multiplier;
  uint64_t value = 1u;
  for (uint64_t i = 0; i < steps; i++) {
    value *= factor;
  }
  end_of_chain = value;
}

void exp1_slow_wait(const struct exp1_slow *slow)
{
  if (slow->percent > 0.0) {
    run_chain(slow->steps);
  }
}

static int compare_doubles(const void *left, const void *right)
{
  const double a = *(const double *)left;
  const double b = *(const double *)right;
  return (a > b) - (a < b);
}

int exp1_slow_calibrate(struct exp1_slow *slow, double (*interval_ns)(void *), void *state)
{
  double timed_ns[TIMED_MAX];
  size_t count = 0;
  if (slow == NULL) {
    return 0;
  }
  slow->steps = 0;
  const uint64_t begin_ns = exp_now_ns();
  while (count < INTERVALS_MIN || (count < TIMED_MAX && exp_now_ns() - begin_ns < TIMED_NS)) {
    timed_ns[count] = interval_ns(state);
    if (timed_ns[count++] <= 0.0) {
      return -EBADMSG;
    }
  }
  qsort(timed_ns, count, sizeof(timed_ns[0]), compare_doubles);
  const double trip_ns = timed_ns[count / 2u] - slow->call_ns;
  const double more_ns = trip_ns * slow->percent / 100.0 - slow->call_ns;
  slow->steps = (uint64_t)(fmax(more_ns, 0.0) / slow->step_ns + 0.5);
  return 0;
}

/* The median time of a chain. */
static double time_chain(uint64_t steps, uint64_t chains)
{
  double timed_ns[INTERVALS_MIN * 4u + 1u];
  const struct exp1_slow slow = {.percent = 1.0, .steps = steps};
  const size_t count = sizeof(timed_ns) / sizeof(timed_ns[0]);
  for (size_t i = 0; i < count; i++) {
    const uint64_t begin_ns = exp_now_ns();
    for (uint64_t k = 0; k < chains; k++) {
      exp1_slow_wait(&slow);
    }
    timed_ns[i] = (double)(exp_now_ns() - begin_ns) / (double)chains;
  }
  qsort(timed_ns, count, sizeof(timed_ns[0]), compare_doubles);
  return timed_ns[count / 2u];
}

int exp1_slow_open(struct hx_point *point, struct exp1_slow **out)
{
  static struct exp1_slow slow; /* of the point that this process is at */
  const char *text = getenv("GROSR_INJECT_PERCENT");
  char *end = NULL;
  *out = NULL;
  if (text == NULL) {
    return 0;
  }
  const double percent = strtod(text, &end);
  if (end == text || *end != '\0' || !(percent >= 0.0 && percent <= PERCENT_MAX)) {
    return hx_fail(point, "GROSR_INJECT_PERCENT=%s is no number from 0 to 1000; unset it", text);
  }
  if (strcmp(hx_device(point), "cpu") != 0) {
    return hx_fail(point, "GROSR_INJECT_PERCENT slows down device cpu only; unset it");
  }
  slow = (struct exp1_slow){percent, time_chain(STEPS_TIMED, 1u) / STEPS_TIMED,
                            time_chain(0, CALLS_TIMED), 0};
  slow.step_ns = fmax(slow.step_ns, 1e-3);
  hx_note(point, "injected", "%g %% of each interval, by a call of %.2f ns and steps of %.3f ns",
          percent, slow.call_ns, slow.step_ns);
  *out = &slow;
  return 0;
}
