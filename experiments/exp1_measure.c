/* exp1_measure.c - see exp1.h: the loops that time every engine alike, and check every result.
 *
 * Called by the variants on the measuring thread. Warm-up runs are not sampled: WARM_ONCE round
 * trips, or a load of up to WARM_LOAD tasks, which also tells whether the point fits into its time.
 *
 * Next: exp1_cpu.c */
#include "exp1.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <grosr/grosr.h>

#define WARM_ONCE        200u       /* caches, branch predictors, the clock governor's first step */
#define WARM_ONCE_NS     100000000u /* but no more than 100 ms of a slow engine */
#define WARM_LOAD        10000u
#define PROBE_LOAD       256u /* tasks from which the time of a load is estimated */
#define PATIENCE         4u   /* times the time left that a sample may take (as hx_more) ... */
#define SHORT_NS         1e9  /* ... and a second is never too long */
#define CLOCK_SAMPLES    64u /* between two calibrations: few enough that the clocks do not drift */
#define CLOCK_ERROR_PART 3u  /* a start is kept if the clock's error is below a third of it */

bool exp1_is_latency_point(struct hx_point *point)
{
  return hx_factor_u64(point, "window") == 1u && hx_factor_u64(point, "tasks") == 1u;
}

uint64_t exp1_tasks(struct hx_point *point)
{
  const uint64_t tasks = hx_factor_u64(point, "tasks");
  if (tasks >= 1u && tasks <= EXP1_TASKS_MAX) {
    return tasks;
  }
  hx_unmet(point, "tasks must be 1 to %u", EXP1_TASKS_MAX);
  return 0;
}

uint64_t exp1_window(struct hx_point *point)
{
  const uint64_t tasks = hx_factor_u64(point, "tasks");
  const uint64_t window = hx_factor_u64(point, "window");
  if (window < 1u || window > EXP1_WINDOW_MAX) {
    hx_unmet(point, "window must be 1 to %u", EXP1_WINDOW_MAX);
    return 1;
  }
  return window < tasks ? window : tasks;
}

uint64_t *exp1_results_take(struct hx_point *point)
{
  const size_t bytes = (exp1_tasks(point) + 2u) * sizeof(uint64_t);
  uint64_t *out = malloc(bytes);
  if (out == NULL) {
    hx_fail(point, "no memory for %zu bytes of results", bytes);
    return NULL;
  }
  memset(out, 0, bytes);
  return out;
}

bool exp1_is_too_long(struct hx_point *point, uint64_t tasks, double ns_each)
{
  const double limit_ns = (double)hx_time_left_ns(point) * PATIENCE;
  const double sample_ns = (double)tasks * ns_each;
  if (sample_ns <= limit_ns || sample_ns <= SHORT_NS) {
    return false;
  }
  hx_unmet(point, "one sample of that many tasks takes longer than the tier gives a point; "
                  "use --tier paper");
  return true;
}

int exp1_check(struct hx_point *point, const volatile uint64_t *out, uint64_t tasks, uint64_t salt)
{
  for (uint64_t i = 0; i < tasks; i++) {
    if (out[i] != exp1_wanted(i, salt)) {
      return hx_fail(point, "task %" PRIu64 " of %" PRIu64 ": result %" PRIu64 ", not %" PRIu64, i,
                     tasks, out[i], exp1_wanted(i, salt));
    }
  }
  return 0;
}

void exp1_clock_fit_add(struct exp1_clock_fit *fit, const uint64_t ns[3])
{
  const int64_t low = (int64_t)(ns[1] - ns[2]);
  const int64_t high = (int64_t)(ns[1] - ns[0]);
  if (fit->bits == 0u || low > fit->least_ns) {
    fit->least_ns = low;
  }
  if (fit->bits == 0u || high < fit->most_ns) {
    fit->most_ns = high;
  }
  fit->bits |= ns[1];
}

void exp1_clock_fit_end(const struct exp1_clock_fit *fit, int64_t *ahead_ns, uint64_t *error_ns)
{
  const int64_t width_ns = fit->most_ns - fit->least_ns;
  const uint64_t tick_ns = fit->bits & (~fit->bits + 1u); /* no reading had a lower bit */
  *ahead_ns = fit->least_ns + width_ns / 2;
  *error_ns = (uint64_t)(width_ns < 0 ? -width_ns : width_ns) / 2u + tick_ns;
}

/* One checked `once`; the clock before and after it, and what the body saw. */
struct trip {
  uint64_t submit_ns;
  uint64_t start_ns; /* on the body's clock; 0 unless timed */
  uint64_t seen_ns;
};

static int make_trip(struct hx_point *point, const struct exp1_engine *engine, uint64_t i,
                     bool timed, struct trip *trip)
{
  const uint64_t n = engine->is_fixed ? 0u : i;
  const uint64_t salt = engine->is_fixed ? EXP1_FIXED_SALT : ~i;
  const struct exp1_work work = {0, EXP1_A(n), EXP1_B(n), salt, timed};
  if (engine->settle_ns != 0u) {
    for (const uint64_t until_ns = exp_now_ns() + engine->settle_ns; exp_now_ns() < until_ns;) {
    }
  }
  trip->submit_ns = exp_now_ns();
  int result = engine->once(engine->state, &work);
  if (engine->slow != NULL) {
    exp1_slow_wait(engine->slow);
  }
  trip->seen_ns = exp_now_ns();
  if (result == 0 && engine->fetch != NULL) {
    result = engine->fetch(engine->state, 2u);
  }
  trip->start_ns = timed ? engine->out[1] : 0u;
  if (result < 0) {
    return hx_fail(point, "task %" PRIu64 ": %s. %s", i, strerror(-result), grosr_last_error());
  }
  return engine->out[0] == exp1_wanted(n, salt)
             ? 0
             : hx_fail(point, "task %" PRIu64 ": wrong result %" PRIu64, i, engine->out[0]);
}

static int warm_up(struct hx_point *point, const struct exp1_engine *engine, const char *metric)
{
  const bool timed = strcmp(metric, "start_latency_us") == 0;
  const uint64_t begin_ns = exp_now_ns();
  const uint64_t trips = exp_warm_up(WARM_ONCE);
  struct trip trip = {0};
  int result = 0;
  for (uint64_t i = 0; i < trips && result == 0; i++) {
    result = make_trip(point, engine, i, timed, &trip);
    if (!timed && result == 0) {
      hx_warm(point, metric, (double)(trip.seen_ns - trip.submit_ns) / 1e3);
    }
    if (trip.seen_ns - begin_ns > WARM_ONCE_NS) {
      break;
    }
  }
  return result;
}

/* What intervals of one metric are made of; for exp1_slow_calibrate(). */
struct interval {
  struct hx_point *point;
  const struct exp1_engine *engine;
  struct exp1_load load;
  uint64_t trips;
};

static double trip_interval(void *state)
{
  const struct interval *interval = state;
  struct trip trip;
  const int result = make_trip(interval->point, interval->engine, 0, false, &trip);
  return result < 0 ? -1.0 : (double)(trip.seen_ns - trip.submit_ns);
}

static int measure_roundtrip(struct hx_point *point, const struct exp1_engine *engine)
{
  struct interval interval = {.point = point, .engine = engine};
  struct trip trip;
  int result = warm_up(point, engine, "roundtrip_us");
  if (result == 0) {
    result = exp1_slow_calibrate(engine->slow, trip_interval, &interval);
  }
  for (uint64_t i = 0; result == 0 && hx_more(point, "roundtrip_us"); i++) {
    result = make_trip(point, engine, i, false, &trip);
    if (result == 0) {
      hx_sample(point, "roundtrip_us", (double)(trip.seen_ns - trip.submit_ns) / 1e3);
    }
  }
  return result;
}

/* Many trips in one interval, far above the clock's own step and cost. */
static double many_interval(void *state)
{
  const struct interval *interval = state;
  const struct exp1_engine *engine = interval->engine;
  const uint64_t n = engine->is_fixed ? 0u : 1u;
  const struct exp1_work work = {0, EXP1_A(n), EXP1_B(n), interval->load.salt, false};
  int result = 0;
  const uint64_t begin_ns = exp_now_ns();
  for (uint64_t i = 0; i < interval->trips && result == 0; i++) {
    result = engine->once(engine->state, &work);
  }
  if (engine->slow != NULL) {
    exp1_slow_wait(engine->slow);
  }
  const uint64_t end_ns = exp_now_ns();
  if (result == 0 && engine->fetch != NULL) {
    result = engine->fetch(engine->state, 2u);
  }
  if (result < 0) {
    hx_fail(interval->point, "%s. %s", strerror(-result), grosr_last_error());
    return -1.0;
  }
  if (engine->out[0] != exp1_wanted(n, work.c)) {
    hx_fail(interval->point, "wrong result %" PRIu64, engine->out[0]);
    return -1.0;
  }
  return (double)(end_ns - begin_ns);
}

/* The mean of a trip. */
static int measure_roundtrip_many(struct hx_point *point, const struct exp1_engine *engine)
{
  struct interval interval = {.point = point, .engine = engine};
  struct trip trip;
  int result = make_trip(point, engine, 0, false, &trip);
  if (engine->settle_ns != 0u || strcmp(hx_device(point), "sim") == 0) {
    return result; /* a trip is to find its engine at rest; virtual time has no step */
  }
  interval.load.salt = engine->is_fixed ? EXP1_FIXED_SALT : 7u;
  interval.trips = hx_batch(point, (double)(trip.seen_ns - trip.submit_ns));
  hx_note(point, "trips_per_interval", "%" PRIu64, interval.trips);
  if (result == 0) {
    result = exp1_slow_calibrate(engine->slow, many_interval, &interval);
  }
  while (result == 0 && hx_more(point, "roundtrip_many_us")) {
    const double interval_ns = many_interval(&interval);
    if (interval_ns < 0.0) {
      return -EBADMSG;
    }
    hx_sample(point, "roundtrip_many_us", interval_ns / 1e3 / (double)interval.trips);
  }
  return result;
}

/* Starts on another clock than the host's: kept back until the clock's error is known to be small
 * against them all, then given at once. */
static int measure_start_foreign(struct hx_point *point, const struct exp1_engine *engine)
{
  static double sample_us[100000];
  const size_t room = sizeof(sample_us) / sizeof(sample_us[0]);
  const size_t goal = hx_sample_goal(point) < room ? hx_sample_goal(point) : room;
  const uint64_t keep_ns = hx_time_left_ns(point) / 2u; /* for the throughput; clocks take long */
  uint64_t error_ns_max = 0;
  size_t count = 0;
  double sum_us = 0;
  int result = warm_up(point, engine, "start_latency_us");
  while (result == 0 && count < goal && hx_time_left_ns(point) > keep_ns && !hx_interrupted()) {
    int64_t ahead_ns = 0;
    uint64_t error_ns = 0;
    result = engine->clock(engine->state, &ahead_ns, &error_ns);
    error_ns_max = error_ns > error_ns_max ? error_ns : error_ns_max;
    for (size_t k = 0; result == 0 && k < CLOCK_SAMPLES && count < goal; k++) {
      struct trip trip;
      result = make_trip(point, engine, count, true, &trip);
      const int64_t start_ns = (int64_t)(trip.start_ns - trip.submit_ns) - ahead_ns;
      sample_us[count++] = (double)start_ns / 1e3;
      sum_us += (double)start_ns / 1e3;
    }
  }
  if (result < 0 || count == 0) {
    return result < 0 ? hx_fail(point, "start: %s. %s", strerror(-result), grosr_last_error()) : 0;
  }
  hx_note(point, "start_clock_error_us", "%.3f (device clock against host clock)",
          (double)error_ns_max / 1e3);
  if ((double)error_ns_max / 1e3 * CLOCK_ERROR_PART > sum_us / (double)count) {
    hx_note(point, "start_latency_us", "left out: mean %.3f us, clock error %.3f us",
            sum_us / (double)count, (double)error_ns_max / 1e3);
    return 0;
  }
  hx_samples(point, "start_latency_us", sample_us, count);
  return 0;
}

static int measure_start(struct hx_point *point, const struct exp1_engine *engine)
{
  struct trip trip;
  if (engine->clock != NULL) {
    return measure_start_foreign(point, engine);
  }
  int result = warm_up(point, engine, "start_latency_us");
  for (uint64_t i = 0; result == 0 && hx_more(point, "start_latency_us"); i++) {
    result = make_trip(point, engine, i, true, &trip);
    if (result == 0) {
      hx_sample(point, "start_latency_us", (double)(trip.start_ns - trip.submit_ns) / 1e3);
    }
  }
  return result;
}

/* One load, timed and checked; 0 ns and the point's reason if it went wrong. */
static uint64_t time_load(struct hx_point *point, const struct exp1_engine *engine,
                          const struct exp1_load *load)
{
  const uint64_t begin_ns = exp_now_ns();
  int result = engine->load(engine->state, load);
  if (engine->slow != NULL) {
    exp1_slow_wait(engine->slow);
  }
  const uint64_t end_ns = exp_now_ns();
  const uint64_t checked =
      engine->is_fixed && load->window < load->tasks ? load->window : load->tasks;
  if (result == 0 && engine->fetch != NULL) {
    result = engine->fetch(engine->state, checked);
  }
  if (result < 0) {
    hx_fail(point, "load of %" PRIu64 " tasks: %s. %s", load->tasks, strerror(-result),
            grosr_last_error());
    return 0;
  }
  if (exp1_check(point, engine->out, checked, engine->is_fixed ? EXP1_FIXED_SALT : load->salt) <
      0) {
    return 0;
  }
  return end_ns > begin_ns ? end_ns - begin_ns : 1u;
}

static double load_interval(void *state)
{
  struct interval *interval = state;
  interval->load.salt++;
  return (double)time_load(interval->point, interval->engine, &interval->load);
}

static int measure_throughput(struct hx_point *point, const struct exp1_engine *engine)
{
  static const uint64_t warm[] = {PROBE_LOAD, PROBE_LOAD, WARM_LOAD};
  const uint64_t tasks = exp1_tasks(point);
  struct exp1_load load = {0, engine->no_window ? tasks : exp1_window(point), hx_seed(point)};
  double best_ns = INFINITY; /* a task, of the least disturbed load, its check included */
  if (tasks == 0u) {
    return -ENOTSUP;
  }
  for (size_t i = 0; i < sizeof(warm) / sizeof(warm[0]); i++) {
    const uint64_t most = exp_warm_up(warm[i]);
    load.tasks = engine->is_fixed ? load.window : tasks < most ? tasks : most;
    load.salt++;
    const uint64_t begin_ns = hx_now_ns();
    if (time_load(point, engine, &load) == 0u) {
      return -EBADMSG;
    }
    const double ns_each = (double)(hx_now_ns() - begin_ns) / (double)load.tasks;
    best_ns = ns_each < best_ns ? ns_each : best_ns;
  }
  if (exp1_is_too_long(point, tasks, best_ns)) {
    return -ENOTSUP;
  }
  load.tasks = tasks;
  struct interval interval = {.point = point, .engine = engine, .load = load};
  if (exp1_slow_calibrate(engine->slow, load_interval, &interval) < 0) {
    return -EBADMSG;
  }
  load.salt = interval.load.salt;
  hx_note(point, "in_flight", "%" PRIu64, load.window);
  while (hx_more(point, "throughput_tasks_s")) {
    load.salt++;
    const uint64_t load_ns = time_load(point, engine, &load);
    if (load_ns == 0u) {
      return -EBADMSG;
    }
    hx_sample(point, "throughput_tasks_s", (double)tasks * 1e9 / (double)load_ns);
  }
  return 0;
}

int exp1_measure(struct hx_point *point, const struct exp1_engine *given)
{
  struct exp1_engine own = *given;
  const struct exp1_engine *engine = &own;
  int result = exp1_slow_open(point, &own.slow);
  const bool is_single =
      engine->no_window ? hx_factor_u64(point, "tasks") == 1u : exp1_is_latency_point(point);
  if (result == 0 && engine->once != NULL && is_single) {
    result = measure_roundtrip(point, engine);
    if (result == 0) {
      result = measure_roundtrip_many(point, engine);
    }
    if (result == 0 && !engine->no_start) {
      result = measure_start(point, engine);
    }
  }
  if (result == 0 && engine->load != NULL) {
    result = measure_throughput(point, engine);
  }
  return result;
}
