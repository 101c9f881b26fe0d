/* test_provenance.c - which builds may measure, and that the facts are there. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pin.h"
#include "provenance.h"

Test(provenance, an_unoptimised_or_sanitized_build_is_not_measured)
{
  struct hx_why why;
  cr_assert_eq(hx_provenance_check_build("2", "none", &why), 0);
  cr_assert_eq(hx_provenance_check_build("3", "", &why), 0);
  cr_assert_eq(hx_provenance_check_build("0", "none", &why), -EPERM);
  cr_assert_not_null(strstr(why.text, "--buildtype=debugoptimized"));
  cr_assert_eq(hx_provenance_check_build("g", "none", &why), -EPERM);
  cr_assert_eq(hx_provenance_check_build("2", "address,undefined", &why), -EPERM);
  cr_assert_not_null(strstr(why.text, "-Db_sanitize=none"));
}

Test(provenance, environment_is_taken_by_allow_list_and_without_paths)
{
  char *argv[] = {"/some/where/exp1", "--seed=3", NULL};
  setenv("OMP_NUM_THREADS", "2", 1);
  setenv("SECRET_TOKEN", "x", 1);
  setenv("GROSR_EXPERIMENTS_DIR", "/some/where", 1);
  setenv("POCL_CACHE_DIR", "/some/where", 1);
  hx_pin_init();
  json_t *process = hx_provenance_process(2, argv);
  hx_pin_fini();
  const json_t *environment = json_object_get(process, "environment");
  cr_assert_str_eq(json_string_value(json_object_get(environment, "OMP_NUM_THREADS")), "2");
  char *text = json_dumps(process, 0);
  cr_assert_null(strstr(text, "SECRET"));
  cr_assert_null(strstr(text, "/some/where"));
  cr_assert_not_null(strstr(text, "\"--seed=3\""));
  free(text);
  json_decref(process);
}

Test(provenance, machine_build_and_clock_have_their_facts)
{
  json_t *machine = hx_provenance_machine();
  json_t *build = hx_provenance_build();
  json_t *clock = hx_provenance_clock();
  cr_assert_not_null(json_object_get(machine, "kernel"));
  cr_assert_not_null(json_object_get(json_object_get(machine, "cpu"), "online"));
  cr_assert_not_null(json_object_get(json_object_get(machine, "memory"), "total"));
  cr_assert_eq(json_string_length(json_object_get(build, "binary_sha256")), 64);
  cr_assert_not_null(json_object_get(build, "git"));
  cr_assert_gt(json_real_value(json_object_get(clock, "read_ns")), 0.0);
  json_decref(machine);
  json_decref(build);
  json_decref(clock);
}
