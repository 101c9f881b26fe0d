/* test_provenance.c - which builds may measure, and that the facts are there. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_root.h"
#include "pin.h"
#include "provenance.h"
#include "sha256.h"

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
  char *argv[] = {"/some/where/exp1", "--seed=3",         "--out=/some/where/r/",
                  "--out",            "/some/where/else", "--waive=virtual=no other/better",
                  NULL};
  setenv("OMP_NUM_THREADS", "2", 1);
  setenv("SECRET_TOKEN", "x", 1);
  setenv("GROSR_EXPERIMENTS_DIR", "/some/where", 1);
  setenv("POCL_CACHE_DIR", "/some/where", 1);
  hx_pin_init();
  json_t *process = hx_provenance_process(6, argv);
  hx_pin_fini();
  const json_t *environment = json_object_get(process, "environment");
  cr_assert_str_eq(json_string_value(json_object_get(environment, "OMP_NUM_THREADS")), "2");
  char *text = json_dumps(process, 0);
  cr_assert_null(strstr(text, "SECRET"));
  cr_assert_null(strstr(text, "/some/where"));
  cr_assert_not_null(strstr(text, "[\"exp1\", \"--seed=3\", \"--out=r/\", \"--out\", "
                                  "\"else\", \"--waive=virtual=no other/better\"]"),
                     "%s", text);
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
  cr_assert_not_null(json_object_get(json_object_get(build, "meson_options"), "gpu_archs"));
  cr_assert_gt(json_real_value(json_object_get(clock, "read_ns")), 0.0);
  json_decref(machine);
  json_decref(build);
  json_decref(clock);
}

Test(provenance, interfaces_with_a_device_are_listed_by_name_with_their_speed)
{
  struct fake_root root;
  fake_root_open(&root);
  fake_root_write(&root, "sys/class/net/eth1/device/x", "\n");
  fake_root_write(&root, "sys/class/net/eth1/speed", "-1\n");
  fake_root_write(&root, "sys/class/net/eth0/device/x", "\n");
  fake_root_write(&root, "sys/class/net/eth0/speed", "25000\n");
  fake_root_write(&root, "sys/class/net/eth0/operstate", "up\n");
  fake_root_write(&root, "sys/class/net/bridge0/speed", "1000\n");
  fake_root_write(&root, "sys/class/infiniband/mlx5_0/device/x", "\n");
  fake_root_write(&root, "sys/class/infiniband/mlx5_0/ports/1/rate", "400 Gb/sec (4X NDR)\n");
  json_t *network = hx_provenance_network(root.path);
  char *text = json_dumps(network, JSON_COMPACT);
  cr_assert_str_eq(text, "[{\"name\":\"eth0\",\"mbit_s\":25000,\"state\":\"up\"},"
                         "{\"name\":\"eth1\"},"
                         "{\"name\":\"mlx5_0\",\"rate\":\"400 Gb/sec (4X NDR)\"}]");
  free(text);
  json_decref(network);
  fake_root_close(&root);
}

Test(provenance, slurm_is_taken_by_a_list_of_names)
{
  setenv("SLURM_JOB_ID", "77", 1);
  setenv("SLURM_ARRAY_TASK_ID", "3", 1);
  setenv("SLURM_JWT", "secret", 1);
  json_t *slurm = hx_provenance_slurm();
  char *text = json_dumps(slurm, JSON_COMPACT);
  cr_assert_str_eq(text, "{\"SLURM_JOB_ID\":\"77\",\"SLURM_ARRAY_TASK_ID\":\"3\"}");
  free(text);
  json_decref(slurm);
}

Test(provenance, the_topology_lies_beside_with_its_hash)
{
  struct fake_root root;
  char path[128];
  char hash[HX_SHA256_TEXT_BYTES];
  fake_root_open(&root);
  json_t *none = hx_provenance_topology(root.path);
  cr_assert_not_null(json_object_get(none, "missing"), "without hwloc's topology there is no file");
  cr_assert_eq(hx_pin_init(), 0);
  json_t *topology = hx_provenance_topology(root.path);
  hx_pin_fini();
  snprintf(path, sizeof(path), "%s/topology.xml", root.path);
  cr_assert_eq(hx_sha256_file(path, hash), 0);
  cr_assert_str_eq(json_string_value(json_object_get(topology, "sha256")), hash);
  json_decref(none);
  json_decref(topology);
  fake_root_close(&root);
}
