/* test_environment.c - each rule on the machine, from fake /proc and /sys: just within it, and just
 * beyond. Next: test_doctor.c */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "environment.h"
#include "fake_root.h"

#define CPU "sys/devices/system/cpu"

static struct fake_root root;
static struct hx_look from, to;
static struct hx_reasons reasons;

static void make_root(void)
{
  fake_root_open(&root);
  hx_look_take(&from, root.path);
}

static void drop_root(void)
{
  fake_root_close(&root);
}

TestSuite(environment, .init = make_root, .fini = drop_root);

/* The grade ten seconds after the first look. */
static enum hx_grade judge(enum hx_span span)
{
  reasons.count = 0;
  hx_look_take(&to, root.path);
  to.time_ns = from.time_ns + 10000000000u;
  hx_judge(&from, &to, span, &reasons);
  return hx_reasons_grade(&reasons);
}

static const struct hx_reason *only(const char *rule, enum hx_grade grade)
{
  cr_assert_eq(judge(HX_SPAN_BEFORE), grade);
  cr_assert_eq(reasons.count, 1, "%zu reasons, the last is %s", reasons.count,
               reasons.count > 0 ? reasons.reason[reasons.count - 1].rule : "");
  cr_assert_str_eq(reasons.reason[0].rule, rule);
  cr_assert_neq(reasons.reason[0].value[0], '\0');
  cr_assert_neq(reasons.reason[0].limit[0], '\0');
  cr_assert_neq(reasons.reason[0].remedy[0], '\0', "every reason has a remedy");
  return &reasons.reason[0];
}

Test(environment, a_quiet_machine_of_our_own_is_grade_a)
{
  cr_assert_eq(judge(HX_SPAN_BEFORE), HX_GRADE_A);
  cr_assert_eq(judge(HX_SPAN_RUN), HX_GRADE_A);
  cr_assert_eq(to.cpu_count, 4);
  cr_assert_eq(to.isolated_count, 2);
  cr_assert_eq(to.swap_used_kib, 100);
  cr_assert_eq(to.cgroup.version, 2);
  cr_assert_str_eq(to.machine, "Fake 9000");
}

Test(environment, a_governor_that_follows_the_load_is_grade_b)
{
  fake_root_write(&root, CPU "/cpu2/cpufreq/scaling_governor", "powersave\n");
  const struct hx_reason *reason = only("governor", HX_GRADE_B);
  cr_assert_str_eq(reason->value, "performance,powersave on CPUs 0-3");
  for (unsigned i = 0; i < 4; i++) {
    const char path[] = {CPU "/cpuN/cpufreq/scaling_governor"};
    char *copy = strdup(path);
    *strchr(copy, 'N') = (char)('0' + i);
    fake_root_write(&root, copy, "schedutil\n");
    free(copy);
  }
  reason = only("governor", HX_GRADE_B);
  cr_assert_str_eq(reason->remedy, "sudo cpupower -c 0-3 frequency-set -g performance");
  cr_assert_str_eq(reason->undo, "sudo cpupower -c 0-3 frequency-set -g schedutil");
  cr_assert_eq(hx_reasons_grade_mended(&reasons), HX_GRADE_A);
}

Test(environment, a_governor_of_a_cpu_that_is_not_ours_does_not_matter)
{
  fake_root_write(&root, CPU "/cpu3/cpufreq/scaling_governor", "powersave\n");
  fake_root_write(&root, "proc/self/status", "Cpus_allowed_list:\t0,2\n");
  hx_look_take(&from, root.path);
  cr_assert_eq(judge(HX_SPAN_BEFORE), HX_GRADE_A);
  cr_assert_eq(to.cpu_count, 2);
}

Test(environment, a_governor_and_a_turbo_that_cannot_be_seen_are_grade_b_with_no_command)
{
  for (unsigned i = 0; i < 4; i++) {
    static const char *const path[] = {
        CPU "/cpu0/cpufreq/scaling_governor", CPU "/cpu1/cpufreq/scaling_governor",
        CPU "/cpu2/cpufreq/scaling_governor", CPU "/cpu3/cpufreq/scaling_governor"};
    fake_root_remove(&root, path[i]);
  }
  only("governor", HX_GRADE_B);
  fake_root_remove(&root, CPU "/intel_pstate/no_turbo");
  cr_assert_eq(judge(HX_SPAN_BEFORE), HX_GRADE_B);
  cr_assert_eq(reasons.count, 2);
  cr_assert_eq(hx_reasons_grade_mended(&reasons), HX_GRADE_B);
}

Test(environment, turbo_is_known_by_either_driver)
{
  fake_root_write(&root, CPU "/intel_pstate/no_turbo", "0\n");
  cr_assert_not_null(strstr(only("turbo", HX_GRADE_B)->undo, "echo 0 | sudo tee"));
  fake_root_remove(&root, CPU "/intel_pstate/no_turbo");
  fake_root_write(&root, CPU "/cpufreq/boost", "1\n");
  cr_assert_str_eq(only("turbo", HX_GRADE_B)->remedy, "echo 0 | sudo tee /" CPU "/cpufreq/boost");
  fake_root_write(&root, CPU "/cpufreq/boost", "0\n");
  cr_assert_eq(judge(HX_SPAN_BEFORE), HX_GRADE_A);
}

Test(environment, smt_hugepages_and_aslr_have_commands_that_undo)
{
  fake_root_write(&root, CPU "/smt/active", "1\n");
  cr_assert_not_null(strstr(only("smt", HX_GRADE_B)->undo, "echo on"));
  fake_root_write(&root, CPU "/smt/active", "0\n");
  fake_root_write(&root, "sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
  cr_assert_not_null(strstr(only("hugepages", HX_GRADE_B)->undo, "echo always"));
  fake_root_write(&root, "sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
  fake_root_write(&root, "proc/sys/kernel/randomize_va_space", "1\n");
  cr_assert_str_eq(only("aslr", HX_GRADE_B)->undo, "sudo sysctl kernel.randomize_va_space=1");
  fake_root_write(&root, "proc/sys/kernel/randomize_va_space", "2\n");
  fake_root_write(&root, "proc/self/personality", "00040000\n");
  cr_assert_str_eq(only("aslr", HX_GRADE_B)->undo, "", "who started us decides, not the machine");
}

Test(environment, a_virtual_machine_is_grade_b)
{
  fake_root_write(&root, "proc/cpuinfo", "flags\t: fpu hypervisor\n");
  cr_assert_str_eq(only("virtual", HX_GRADE_B)->value, "a virtual machine: Fake 9000");
}

Test(environment, load_of_others_is_what_is_neither_idle_nor_ours)
{
  /* 4 CPUs x 1000 ticks pass; 100 of the busy ones are not ours: 2.5 % */
  fake_root_ticks(&root, 350, 1750, 0, 950);
  cr_assert_str_eq(only("others", HX_GRADE_B)->value,
                   "other processes used 2.5 % of our 4 CPUs over 10.0 s (known to 0.1 %)");
  fake_root_ticks(&root, 350, 1750, 0, 990); /* 1.5 % */
  only("others", HX_GRADE_B);
  fake_root_ticks(&root, 350, 1750, 0, 1010);
  cr_assert_eq(judge(HX_SPAN_BEFORE), HX_GRADE_A, "1 %% is the kernel's");
  fake_root_ticks(&root, 350, 1750, 0, 50);
  only("others", HX_GRADE_C);
  fake_root_ticks(&root, 100, 2000, 0, 60);
  cr_assert_eq(judge(HX_SPAN_BEFORE), HX_GRADE_A, "ours may be counted before the CPU's");
}

Test(environment, a_short_look_is_lenient_by_what_ticks_cannot_tell)
{
  fake_root_ticks(&root, 101, 1009, 0, 52); /* 40 ticks, 2 not ours: 5 %, known to 5 % */
  cr_assert_eq(judge(HX_SPAN_BEFORE), HX_GRADE_A);
  fake_root_ticks(&root, 102, 1008, 0, 52); /* 6 not ours: 15 %, so 10 % for sure */
  only("others", HX_GRADE_B);
}

Test(environment, a_load_that_cannot_be_seen_is_grade_b)
{
  fake_root_write(&root, "proc/stat", "cpu  1 2 3 4\n");
  only("others", HX_GRADE_B);
}

Test(environment, stolen_time_is_grade_b_and_then_c)
{
  fake_root_ticks(&root, 100, 1999, 1, 50); /* 4 of 4000: 0.1 % */
  cr_assert_eq(judge(HX_SPAN_BEFORE), HX_GRADE_A);
  fake_root_ticks(&root, 100, 1995, 5, 50); /* 0.5 % */
  cr_assert_str_eq(only("steal", HX_GRADE_B)->value,
                   "the host took 0.50 % of our CPUs' time over 10.0 s");
  fake_root_ticks(&root, 100, 1980, 20, 50); /* 2 % */
  only("steal", HX_GRADE_C);
}

Test(environment, others_that_want_to_run_count_before_the_run_only)
{
  fake_root_write(&root, "proc/loadavg", "0.10 0.20 0.30 3/100 1234\n");
  cr_assert_str_eq(only("runnable", HX_GRADE_B)->value, "2 other threads want to run");
  cr_assert_eq(judge(HX_SPAN_RUN), HX_GRADE_A);
}

Test(environment, little_memory_stalls_and_swapping_have_rules)
{
  fake_root_write(&root, "proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 1500000 kB\n");
  cr_assert_str_eq(only("memory", HX_GRADE_B)->value, "9.4 % of 15.3 GiB is available");
  fake_root_write(&root, "proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 150000 kB\n");
  only("memory", HX_GRADE_C);
  fake_root_write(&root, "proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 9000000 kB\n");
  fake_root_write(&root, "proc/pressure/memory", "some avg10=0.00 total=101000\n"); /* 1 % */
  only("stall", HX_GRADE_B);
  fake_root_write(&root, "proc/pressure/memory", "some avg10=0.00 total=1001000\n"); /* 10 % */
  only("stall", HX_GRADE_C);
  fake_root_write(&root, "proc/pressure/memory", "some avg10=0.00 total=1000\n");
  fake_root_write(&root, "proc/vmstat", "pswpin 11\npswpout 20\n");
  only("swap", HX_GRADE_B);
  fake_root_write(&root, "proc/vmstat", "pswpin 11\npswpout 2000\n");
  cr_assert_str_eq(only("swap", HX_GRADE_C)->undo, "sudo swapon -a");
}

Test(environment, heat_is_grade_c)
{
  fake_root_write(&root, CPU "/cpu1/thermal_throttle/core_throttle_count", "7\n");
  cr_assert_str_eq(only("heat", HX_GRADE_C)->value, "heat lowered the clock 2 times");
}

Test(environment, our_own_yields_and_load_are_recorded_and_no_fault)
{
  fake_root_write(&root, "proc/loadavg", "9.10 0.20 0.30 1/100 1234\n");
  hx_look_take(&to, root.path);
  to.time_ns = from.time_ns + 10000000000u;
  to.switches_forced = from.switches_forced + 30000;
  for (int span = HX_SPAN_BEFORE; span < HX_SPAN_COUNT; span++) {
    reasons.count = 0;
    hx_judge(&from, &to, (enum hx_span)span, &reasons);
    cr_assert_eq(reasons.count, 0);
  }
  json_t *json = hx_look_json(&to);
  cr_assert_float_eq(json_real_value(json_object_get(json, "load_1_min")), 9.1, 1e-9);
  cr_assert_gt(json_integer_value(json_object_get(json, "switches_forced")), 29999);
  json_decref(json);
}

Test(environment, begin_and_end_give_a_grade_each_and_the_worse_of_both)
{
  const struct hx_environment_setup setup = {root.path, NULL, 1000000};
  struct hx_environment *environment = malloc(sizeof(*environment));
  hx_environment_begin(environment, &setup);
  cr_assert_eq(hx_environment_grade(environment), HX_GRADE_A);
  fake_root_write(&root, CPU "/cpu0/thermal_throttle/core_throttle_count", "6\n");
  fake_root_ticks(&root, 1100, 1000, 0, 4050);
  hx_environment_end(environment);
  cr_assert_eq(hx_environment_grade(environment), HX_GRADE_C);
  json_t *json = hx_environment_json(environment);
  cr_assert_str_eq(json_string_value(json_object_get(json, "grade")), "C");
  cr_assert_str_eq(json_string_value(json_object_get(json, "grade_before")), "A");
  json_t *after = json_object_get(json, "after");
  json_t *reason = json_array_get(json_object_get(after, "reasons"), 0);
  cr_assert_str_eq(json_string_value(json_object_get(reason, "rule")), "heat");
  cr_assert_not_null(json_object_get(json, "clock_drift"));
  json_decref(json);
  free(environment);
}
