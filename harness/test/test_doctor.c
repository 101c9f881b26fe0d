/* test_doctor.c - what `grosr doctor` says of machines that never were; it changes nothing.
 * Next: test_reportable.c */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crowd.h"
#include "fake_root.h"
#include "needs.h"
#include "spawn.h"

#define GOVERNOR "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor"

static struct fake_root root;
static struct spawned run;

static void make_root(void)
{
  fake_root_open(&root);
  spawn_open(&run);
}

static void drop_root(void)
{
  fake_root_close(&root);
  spawn_close(&run);
}

TestSuite(doctor, .init = make_root, .fini = drop_root, .timeout = 60);

static void doctor(const char *more)
{
  char arguments[512];
  snprintf(arguments, sizeof(arguments), "doctor --root %s %s", root.path, more);
  spawn(&run, "HX_TEST_GROSR", arguments);
}

Test(doctor, a_quiet_machine_is_grade_a)
{
  doctor("--nvml none.so");
  cr_assert_eq(run.code, 0, "%s%s", run.out, run.err);
  cr_assert_eq(strncmp(run.out, "grade A now (A reportable", 25), 0, "%s", run.out);
  cr_assert_not_null(strstr(run.out, "Nothing was changed.\n"));
}

Test(doctor, what_would_be_changed_is_a_command_with_its_undo_and_is_not_done)
{
  char line[64] = "";
  char path[192];
  fake_root_write(&root, GOVERNOR, "powersave\n");
  fake_root_write(&root, "sys/devices/system/cpu/smt/active", "1\n");
  doctor("--nvml none.so");
  cr_assert_eq(run.code, 1);
  cr_assert_not_null(strstr(run.out, "grade B now, A after the commands below"), "%s", run.out);
  cr_assert_not_null(strstr(run.out, "echo off | sudo tee /sys/devices/system/cpu/smt/control"));
  cr_assert_not_null(strstr(run.out, "echo on | sudo tee"));
  cr_assert_not_null(strstr(run.out, "sudo cpupower -c 0-3 frequency-set -g performance"));
  snprintf(path, sizeof(path), "%s/%s", root.path, GOVERNOR);
  FILE *file = fopen(path, "r");
  cr_assert_not_null(fgets(line, sizeof(line), file));
  fclose(file);
  cr_assert_str_eq(line, "powersave\n");
}

Test(doctor, the_gravest_comes_first_and_the_text_is_one_screen)
{
  fake_root_write(&root, GOVERNOR, "powersave\n");
  fake_root_write(&root, "proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 1 kB\n");
  doctor("--nvml none.so");
  cr_assert_eq(strncmp(run.out, "grade C now, and no command", 27), 0, "%s", run.out);
  cr_assert_lt(strstr(run.out, "C  memory"), strstr(run.out, "B  governor"));
  cr_assert_lt(spawn_count(run.out, "\n"), 40);
}

Test(doctor, json_has_grade_reasons_facts_and_needs)
{
  char arguments[256];
  setenv("FAKE_NVML_REASONS", "40", 1);
  snprintf(arguments, sizeof(arguments), "--json --nvml %s", getenv("HX_TEST_NVML"));
  doctor(arguments);
  json_t *json = json_loads(run.out, 0, NULL);
  cr_assert_not_null(json, "%s", run.out);
  cr_assert_str_eq(json_string_value(json_object_get(json, "grade")), "C", "the GPU is hot");
  json_t *reason = json_array_get(json_object_get(json, "reasons"), 0);
  cr_assert_str_eq(json_string_value(json_object_get(reason, "rule")), "gpu_clocks");
  cr_assert_not_null(json_object_get(json_object_get(json, "facts"), "governor"));
  cr_assert_gt(json_array_size(json_object_get(json, "needs")), 8);
  json_decref(json);
}

Test(doctor, a_wrong_option_is_refused_with_what_is_right)
{
  doctor("--seconds 0");
  cr_assert_eq(run.code, 2);
  cr_assert_not_null(strstr(run.err, "--seconds 0 is not a whole number from 1 to 60"));
  doctor("now");
  cr_assert_eq(run.code, 2);
  cr_assert_not_null(strstr(run.err, "doctor takes only --json and --seconds"));
}

static const struct hx_need *find(const struct hx_need *needs, size_t count, const char *name)
{
  for (size_t i = 0; i < count; i++) {
    if (strcmp(needs[i].name, name) == 0)
      return &needs[i];
  }
  cr_assert_fail("there is no need %s", name);
  return NULL;
}

Test(doctor, a_program_is_found_in_the_path_or_missing_with_a_remedy)
{
  struct hx_need needs[HX_NEEDS_MAX];
  char path[256];
  fake_root_write(&root, "bin/gnuplot", "#!/bin/sh\n");
  fake_root_write(&root, "bin/sbatch", "#!/bin/sh\n");
  snprintf(path, sizeof(path), "%s/bin/gnuplot", root.path);
  chmod(path, 0700);
  snprintf(path, sizeof(path), "/nowhere::%s/bin", root.path);
  const size_t count = hx_needs_look(needs, root.path, path);
  cr_assert_leq(count, HX_NEEDS_MAX);
  cr_assert(find(needs, count, "gnuplot")->is_there);
  cr_assert_not(find(needs, count, "sbatch")->is_there, "a file that cannot be executed");
  cr_assert_str_eq(find(needs, count, "cpupower")->remedy, "sudo apt-get install linux-cpupower");
  for (size_t i = 0; i < count; i++)
    cr_assert(needs[i].what_for[0] != '\0' && needs[i].remedy[0] != '\0');
}

Test(doctor, who_is_busy_is_known_by_the_difference_of_two_scans)
{
  struct hx_crowd before, now;
  fake_root_write(&root, "proc/11/stat", "11 (old) S 1 1 1 0 -1 4 0 0 0 0 5000 5000 0 0 20\n");
  fake_root_write(&root, "proc/12/stat", "12 (a) b) R 1 1 1 0 -1 4 0 0 0 0 10 10 0 0 20\n");
  cr_assert_eq(hx_crowd_scan(&before, root.path), 0);
  cr_assert_eq(before.count, 2);
  fake_root_write(&root, "proc/12/stat", "12 (a) b) R 1 1 1 0 -1 4 0 0 0 0 60 20 0 0 20\n");
  fake_root_write(&root, "proc/13/stat", "13 (new) R 1 1 1 0 -1 4 0 0 0 0 900 0 0 0 20\n");
  cr_assert_eq(hx_crowd_scan(&now, root.path), 0);
  hx_crowd_differ(&before, &now);
  cr_assert_eq(now.one[0].pid, 12);
  cr_assert_eq(now.one[0].ticks, 60);
  cr_assert_str_eq(now.one[0].name, "a) b");
  cr_assert_eq(now.one[1].ticks, 0);
  hx_crowd_fini(&before);
  hx_crowd_fini(&now);
}
