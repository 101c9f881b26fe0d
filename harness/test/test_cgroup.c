/* test_cgroup.c - limits of control groups, of both versions, in every layout that was met.
 * Next: test_environment.c */
#include <criterion/criterion.h>
#include <string.h>

#include "fake_root.h"
#include "judge.h"

#define V2 "sys/fs/cgroup/user.slice"

static struct fake_root root;
static struct hx_cgroup cgroup;

static void make_root(void)
{
  fake_root_open(&root);
}

static void drop_root(void)
{
  fake_root_close(&root);
}

TestSuite(cgroup, .init = make_root, .fini = drop_root);

static void use_version_1(const char *path)
{
  fake_root_remove(&root, "sys/fs/cgroup/cgroup.controllers");
  fake_root_write(&root, "proc/self/cgroup",
                  "9:name=systemd:/\n4:memory:%s\n2:cpuacct,cpu:%s\n0::/\n", path, path);
  fake_root_write(&root, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  fake_root_write(&root, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  fake_root_write(&root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
}

Test(cgroup, no_limit_is_zero_and_not_unseen)
{
  hx_look_cgroup(&cgroup, root.path);
  cr_assert_eq(cgroup.version, 2);
  cr_assert_float_eq(cgroup.cpus, 0.0, 1e-9);
  cr_assert_eq(cgroup.memory_bytes, 0);
  cr_assert_eq(cgroup.throttled, 0);
}

Test(cgroup, the_tightest_up_to_the_root_counts)
{
  fake_root_write(&root, V2 "/job/cpu.max", "300000 100000\n");
  fake_root_write(&root, V2 "/cpu.max", "150000 100000\n");
  fake_root_write(&root, V2 "/job/memory.max", "max\n");
  fake_root_write(&root, V2 "/memory.max", "1073741824\n");
  fake_root_write(&root, V2 "/cpu.stat", "nr_throttled 3\nthrottled_usec 900\n");
  hx_look_cgroup(&cgroup, root.path);
  cr_assert_float_eq(cgroup.cpus, 1.5, 1e-9);
  cr_assert_eq(cgroup.memory_bytes, 1073741824);
  cr_assert_eq(cgroup.throttled, 3);
  cr_assert_eq(cgroup.throttled_us, 900);
}

Test(cgroup, version_1_has_a_hierarchy_for_each)
{
  use_version_1("/docker/x");
  fake_root_write(&root, "sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "50000\n");
  fake_root_write(&root, "sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000\n");
  fake_root_write(&root, "sys/fs/cgroup/cpu/docker/x/cpu.stat",
                  "nr_periods 9\nnr_throttled 2\nthrottled_time 5000000\n");
  fake_root_write(&root, "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "1000000\n");
  hx_look_cgroup(&cgroup, root.path);
  cr_assert_eq(cgroup.version, 1);
  cr_assert_float_eq(cgroup.cpus, 0.5, 1e-9);
  cr_assert_eq(cgroup.memory_bytes, 1000000);
  cr_assert_eq(cgroup.throttled, 2);
  cr_assert_eq(cgroup.throttled_us, 5000);
}

Test(cgroup, a_path_of_outside_the_container_falls_back_to_the_root)
{
  use_version_1("/outside/of/here");
  hx_look_cgroup(&cgroup, root.path);
  cr_assert_eq(cgroup.version, 1);
  cr_assert_float_eq(cgroup.cpus, 0.0, 1e-9);
  cr_assert_eq(cgroup.memory_bytes, 0, "2^63 less a page is no limit");
}

Test(cgroup, nothing_to_be_seen_is_unseen)
{
  fake_root_remove(&root, "proc/self/cgroup");
  hx_look_cgroup(&cgroup, root.path);
  cr_assert_eq(cgroup.version, 0);
  cr_assert_lt(cgroup.cpus, 0.0);
  cr_assert_eq(cgroup.throttled, HX_UNSEEN);
}

Test(cgroup, a_quota_is_grade_b_if_it_can_bind_and_c_once_it_did)
{
  static struct hx_reasons reasons;
  static struct hx_look from, to;
  fake_root_write(&root, V2 "/job/cpu.max", "400000 100000\n");
  hx_look_take(&from, root.path);
  to = from;
  hx_judge(&from, &to, HX_SPAN_BEFORE, &reasons);
  cr_assert_eq(reasons.count, 0, "four CPUs of four cannot bind");
  fake_root_write(&root, V2 "/job/cpu.max", "350000 100000\n");
  fake_root_write(&root, V2 "/job/cpu.stat", "nr_throttled 4\nthrottled_usec 2500\n");
  hx_look_take(&to, root.path);
  hx_judge(&from, &to, HX_SPAN_BEFORE, &reasons);
  cr_assert_eq(reasons.count, 2);
  cr_assert_str_eq(reasons.reason[0].rule, "quota");
  cr_assert_eq(reasons.reason[0].grade, HX_GRADE_B);
  cr_assert_str_eq(reasons.reason[1].value, "the CPU quota stopped us 4 times, 2.5 ms");
  cr_assert_eq(hx_reasons_grade(&reasons), HX_GRADE_C);
}
