/* test_timer.c - the clock's step, cost, order and drift, on clocks made for it and on ours; and
 * how many operations make an interval that is long enough. Next: test_environment.c */
#include <criterion/criterion.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>

#include "hx.h"
#include "pin.h"
#include "point.h"
#include "timer.h"

static uint64_t fake_ns; /* one thread each test: Criterion forks */

/* Counts in steps of 100 ns; a read takes 30. */
static uint64_t coarse_clock(void)
{
  fake_ns += 30;
  return fake_ns / 100 * 100;
}

/* Each 1000th read is 500 ns too early. */
static uint64_t backward_clock(void)
{
  fake_ns += 50;
  return fake_ns % 50000 == 0 ? fake_ns - 500 : fake_ns;
}

static uint64_t stopped_clock(void)
{
  return 42;
}

/* The clock of cpu 0 is a second behind those of the others. */
static uint64_t crooked_clock(void)
{
  return hx_now_ns() - (sched_getcpu() == 0 ? 1000000000u : 0u);
}

Test(timer, steps_are_counted_by_kind)
{
  const uint64_t stamp[] = {100, 100, 107, 120, 118, 118, 1118};
  struct hx_timer_reads reads = {0};
  hx_timer_judge_reads(&reads, stamp, 7);
  cr_assert_eq(reads.count, 6);
  cr_assert_eq(reads.equal, 2);
  cr_assert_eq(reads.backwards, 1);
  cr_assert_eq(reads.step_ns_min, 7);
  cr_assert_eq(reads.step_ns_max, 1000);
}

Test(timer, a_coarse_clock_is_known_by_its_step)
{
  struct hx_timer timer;
  hx_timer_quick(&timer, coarse_clock);
  cr_assert_eq(timer.reads.step_ns_min, 100);
  cr_assert_eq(timer.reads.backwards, 0);
  cr_assert_gt(timer.reads.equal, timer.reads.count / 2);
  cr_assert_float_eq(timer.read_ns, 30.0, 0.3);
  cr_assert_float_eq(hx_timer_interval_ns(&timer), 100000.0, 1e-6);
}

Test(timer, a_clock_that_runs_backwards_is_caught)
{
  const int one_core[2] = {0, -1};
  struct hx_timer timer;
  hx_timer_calibrate(&timer, backward_clock, one_core);
  cr_assert_geq(timer.reads.count, 1000000u);
  cr_assert_eq(timer.reads.backwards, timer.reads.count / 1000);
  cr_assert_eq(timer.cross.handovers, 0);
  cr_assert_str_eq(timer.cross.reason, "this process may use only one core");
}

Test(timer, a_clock_that_stands_still_asks_for_more_not_for_less)
{
  struct hx_timer timer;
  hx_timer_quick(&timer, stopped_clock);
  cr_assert_eq(timer.reads.step_ns_min, 0);
  cr_assert_float_eq(hx_timer_interval_ns(&timer), 1e9, 1.0);
}

Test(timer, a_batch_is_a_thousand_steps_or_a_hundred_reads)
{
  struct hx_timer timer = {.reads = {.step_ns_min = 20}, .read_ns = 25.0};
  cr_assert_eq(hx_batch_for(&timer, 1.0), 20000);
  cr_assert_eq(hx_batch_for(&timer, 3.0), 6667, "rounded up");
  cr_assert_eq(hx_batch_for(&timer, 20000.0), 1);
  cr_assert_eq(hx_batch_for(&timer, 19999.0), 2);
  cr_assert_eq(hx_batch_for(&timer, 1e9), 1);
  timer.reads.step_ns_min = 1; /* a fine clock whose reads are dear */
  timer.read_ns = 1000.0;
  cr_assert_eq(hx_batch_for(&timer, 10.0), 10000);
  cr_assert_eq(hx_batch_for(&timer, 1e-9), 1u << 30, "bounded");
}

Test(timer, no_batch_of_what_is_no_time)
{
  const struct hx_timer timer = {.reads = {.step_ns_min = 20}, .read_ns = 25.0};
  cr_assert_eq(hx_batch_for(&timer, 0.0), 1);
  cr_assert_eq(hx_batch_for(&timer, -1.0), 1);
  cr_assert_eq(hx_batch_for(&timer, (double)NAN), 1);
  cr_assert_eq(hx_batch_for(&timer, (double)INFINITY), 1);
}

Test(timer, a_point_on_device_sim_needs_no_batch)
{
  const struct hx_point real = {.device = "cpu"};
  const struct hx_point simulated = {.device = "sim"};
  cr_assert_geq(hx_batch(&real, 1.0), 100);
  cr_assert_eq(hx_batch(&real, 1e12), 1);
  cr_assert_eq(hx_batch(&simulated, 1.0), 1);
}

Test(timer, drift_has_a_sign_and_a_bound)
{
  const struct hx_timer_pair begin = {1000, 500, 40};
  const struct hx_timer_pair end = {1000 + 1000010000, 500 + 1000000000, 60};
  const struct hx_timer_pair none = {1000, 500, 40};
  double error_ppm = 0.0;
  cr_assert_float_eq(hx_timer_drift_ppm(&begin, &end, &error_ppm), 10.0, 1e-6);
  cr_assert_float_eq(error_ppm, 0.05, 1e-9);
  cr_assert(isnan(hx_timer_drift_ppm(&begin, &none, &error_ppm)));
}

Test(timer, clocks_of_two_cores_that_differ_are_caught)
{
  cr_assert_eq(hx_pin_init(), 0);
  const int cpu[2] = {hx_pin_core_cpu(0), hx_pin_core_cpu(1)};
  struct hx_timer_cross good, bad;
  if (cpu[1] < 0 || cpu[0] != 0)
    cr_skip_test("needs cpu 0 and another core");
  hx_timer_hand_over(&good, hx_now_ns, cpu);
  hx_timer_hand_over(&bad, crooked_clock, cpu);
  hx_pin_fini();
  if (good.handovers < 2 || bad.handovers < 2)
    cr_skip_test("the two cores were not both ours for long enough");
  cr_assert_eq(good.backwards, 0);
  cr_assert_geq(good.step_ns_min, 0);
  cr_assert_geq(bad.backwards, bad.handovers / 2);
  cr_assert_lt(bad.step_ns_min, -900000000);
}

Test(timer, ours_keeps_order_and_run_json_has_its_facts)
{
  const int one_core[2] = {0, -1};
  struct hx_timer timer;
  hx_timer_calibrate(&timer, hx_now_ns, one_core);
  cr_assert_eq(timer.reads.backwards, 0);
  cr_assert_gt(timer.read_ns, 0.0);
  cr_assert_leq(timer.read_ns_lo, timer.read_ns);
  cr_assert_geq(timer.read_ns_hi, timer.read_ns);
  cr_assert_geq(hx_batch_for(hx_timer_of_process(), 1.0), 100);
  json_t *clock = hx_timer_json(&timer, "/");
  static const char *const keys[] = {"source",    "smallest_step_ns", "read_ns", "read_ns_lo",
                                     "backwards", "across_cores",     "drift",   "tsc_invariant"};
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
    cr_assert_not_null(json_object_get(clock, keys[i]), "%s is missing", keys[i]);
  json_decref(clock);
}
