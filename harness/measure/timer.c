/* timer.c - see timer.h; the hand-over between cores is in timer_cross.c. Next: timer_cross.c */
#include "timer.h"

#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "device.h"
#include "hx.h"
#include "hx_limits.h"
#include "root_file.h"
#include "stats.h"

#define ORDER_READS    1000000u /* 30 ms where a read costs 30 ns */
#define QUICK_READS    100000u
#define BLOCK_READS    1000u /* stamps kept at a time: 8 KB, which stay in the first cache */
#define COST_GROUPS    101u  /* odd, and enough for an interval of the median */
#define COST_READS     500u  /* in one group: 15 us, mostly without an interrupt in it */
#define PAIR_TRIES     64u   /* the narrowest of these is taken */
#define INTERVAL_STEPS 1000.0
#define INTERVAL_READS 100.0
#define BATCH_MAX      (UINT64_C(1) << 30)

void hx_timer_judge_reads(struct hx_timer_reads *reads, const uint64_t *stamp, size_t count)
{
  for (size_t i = 1; i < count; i++) {
    const uint64_t step_ns = stamp[i] - stamp[i - 1];
    reads->count++;
    if (stamp[i] < stamp[i - 1])
      reads->backwards++;
    else if (step_ns == 0)
      reads->equal++;
    else {
      reads->step_ns_min =
          reads->step_ns_min == 0 || step_ns < reads->step_ns_min ? step_ns : reads->step_ns_min;
      reads->step_ns_max = step_ns > reads->step_ns_max ? step_ns : reads->step_ns_max;
    }
  }
}

static void look_at_order(struct hx_timer_reads *reads, hx_timer_clock clock, uint64_t wanted)
{
  uint64_t stamp[BLOCK_READS + 1];
  stamp[0] = clock();
  while (reads->count < wanted) {
    for (size_t i = 1; i <= BLOCK_READS; i++)
      stamp[i] = clock();
    hx_timer_judge_reads(reads, stamp, BLOCK_READS + 1);
    stamp[0] = stamp[BLOCK_READS]; /* the next block's first step is from here */
  }
}

static void look_at_cost(struct hx_timer *timer, hx_timer_clock clock)
{
  double cost_ns[COST_GROUPS];
  struct hx_stats stats;
  for (size_t i = 0; i < COST_GROUPS; i++) {
    const uint64_t start_ns = clock();
    uint64_t last_ns = start_ns;
    for (size_t k = 0; k < COST_READS; k++)
      last_ns = clock();
    cost_ns[i] = last_ns > start_ns ? (double)(last_ns - start_ns) / COST_READS : 0.0;
  }
  hx_stats_compute(cost_ns, COST_GROUPS, &stats);
  timer->read_ns = stats.p50;
  timer->read_ns_lo = stats.ci_lo;
  timer->read_ns_hi = stats.ci_hi;
  if (stats.p50 == 0.0) /* a clock so coarse that most groups saw none of its steps */
    timer->read_ns = stats.mean;
}

void hx_timer_quick(struct hx_timer *timer, hx_timer_clock clock)
{
  *timer = (struct hx_timer){0};
  look_at_order(&timer->reads, clock, QUICK_READS);
  look_at_cost(timer, clock);
}

void hx_timer_calibrate(struct hx_timer *timer, hx_timer_clock clock, const int cpu[2])
{
  *timer = (struct hx_timer){0};
  hx_timer_pair_read(&timer->begin);
  look_at_order(&timer->reads, clock, ORDER_READS);
  look_at_cost(timer, clock);
  hx_timer_hand_over(&timer->cross, clock, cpu);
  hx_timer_pair_read(&timer->end);
}

static uint64_t read_ns(clockid_t id)
{
  struct timespec now;
  clock_gettime(id, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void hx_timer_pair_read(struct hx_timer_pair *pair)
{
  pair->window_ns = UINT64_MAX;
  for (unsigned i = 0; i < PAIR_TRIES; i++) {
    const uint64_t before_ns = read_ns(CLOCK_MONOTONIC_RAW);
    const uint64_t steered_ns = read_ns(CLOCK_MONOTONIC);
    const uint64_t window_ns = read_ns(CLOCK_MONOTONIC_RAW) - before_ns;
    if (window_ns < pair->window_ns)
      *pair = (struct hx_timer_pair){steered_ns, before_ns + window_ns / 2, window_ns};
  }
}

double hx_timer_drift_ppm(const struct hx_timer_pair *begin, const struct hx_timer_pair *end,
                          double *error_ppm)
{
  const double raw_ns = (double)(end->raw_ns - begin->raw_ns);
  const double steered_ns = (double)(end->steered_ns - begin->steered_ns);
  if (!(raw_ns > 0.0)) {
    *error_ppm = NAN;
    return NAN;
  }
  /* Each pair may be off by half its window. */
  *error_ppm = (double)(begin->window_ns + end->window_ns) / 2.0 / raw_ns * 1e6;
  return (steered_ns - raw_ns) / raw_ns * 1e6;
}

/* A clock that never moved is taken as one of a millisecond: too much batching is safe. */
static double step_ns(const struct hx_timer *timer)
{
  return timer->reads.step_ns_min > 0 ? (double)timer->reads.step_ns_min : 1e6;
}

double hx_timer_interval_ns(const struct hx_timer *timer)
{
  return fmax(INTERVAL_STEPS * step_ns(timer), INTERVAL_READS * timer->read_ns);
}

uint64_t hx_batch_for(const struct hx_timer *timer, double op_ns)
{
  if (!(op_ns > 0.0) || !isfinite(op_ns))
    return 1;
  const double count = ceil(hx_timer_interval_ns(timer) / op_ns);
  if (count <= 1.0)
    return 1;
  return count < (double)BATCH_MAX ? (uint64_t)count : BATCH_MAX;
}

static struct hx_timer process_timer; /* written once, by the thread that asks first */

static void look_at_process_timer(void)
{
  hx_timer_quick(&process_timer, hx_now_ns);
}

const struct hx_timer *hx_timer_of_process(void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, look_at_process_timer);
  return &process_timer;
}

uint64_t hx_batch(const struct hx_point *point, double op_ns)
{
  /* Virtual time is exact and its reads are free. */
  return hx_device_is_sim(hx_device(point)) ? 1 : hx_batch_for(hx_timer_of_process(), op_ns);
}

/* JSON has no NaN, and a missing number has no key. */
static void set_real(json_t *object, const char *key, double value)
{
  if (isfinite(value))
    json_object_set_new(object, key, json_real(value));
}

/* 1, 0, or -1 where the system does not say (not an x86). Intel and AMD: constant rate in every
 * P-state, and counting on in deep sleep. */
static int tsc_invariant(const char *root)
{
  char flags[8192];
  if (!hx_root_field(root, "proc/cpuinfo", "flags", flags, sizeof(flags)))
    return -1;
  return strstr(flags, " constant_tsc") != NULL && strstr(flags, " nonstop_tsc") != NULL;
}

json_t *hx_timer_drift_json(const struct hx_timer_pair *begin, const struct hx_timer_pair *end)
{
  json_t *object = json_object();
  double error_ppm = 0.0;
  set_real(object, "ppm", hx_timer_drift_ppm(begin, end, &error_ppm));
  set_real(object, "error_ppm_max", error_ppm);
  set_real(object, "over_ms", (double)(end->raw_ns - begin->raw_ns) * 1e-6);
  json_object_set_new(object, "against", json_string("CLOCK_MONOTONIC_RAW"));
  return object;
}

static json_t *cross_json(const struct hx_timer_cross *cross)
{
  if (cross->handovers == 0)
    return json_pack("{s:i, s:s}", "handovers", 0, "reason", cross->reason);
  return json_pack("{s:[i, i], s:I, s:I, s:I}", "cpus", cross->cpu[0], cross->cpu[1], "handovers",
                   (json_int_t)cross->handovers, "backwards", (json_int_t)cross->backwards,
                   "smallest_step_ns", (json_int_t)cross->step_ns_min);
}

json_t *hx_timer_json(const struct hx_timer *timer, const char *root)
{
  const struct hx_timer_reads *reads = &timer->reads;
  struct timespec resolution = {0};
  char line[64];
  const int invariant = tsc_invariant(root);
  clock_getres(CLOCK_MONOTONIC, &resolution);
  json_t *object = json_pack(
      "{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "source", "CLOCK_MONOTONIC", "resolution_ns",
      (json_int_t)resolution.tv_nsec, "smallest_step_ns", (json_int_t)reads->step_ns_min,
      "longest_step_ns", (json_int_t)reads->step_ns_max, "reads", (json_int_t)reads->count, "equal",
      (json_int_t)reads->equal, "backwards", (json_int_t)reads->backwards);
  set_real(object, "read_ns", timer->read_ns);
  set_real(object, "read_ns_lo", timer->read_ns_lo);
  set_real(object, "read_ns_hi", timer->read_ns_hi);
  set_real(object, "interval_ns_min", hx_timer_interval_ns(timer));
  json_object_set_new(object, "across_cores", cross_json(&timer->cross));
  json_object_set_new(object, "drift", hx_timer_drift_json(&timer->begin, &timer->end));
  if (hx_root_line(root, line, sizeof(line),
                   "sys/devices/system/clocksource/clocksource0/current_clocksource"))
    json_object_set_new(object, "clocksource", json_string(line));
  json_object_set_new(object, "tsc_invariant",
                      invariant < 0 ? json_null() : json_boolean(invariant));
  return object;
}
