/* test_cuda_backend.c - device "cuda" through grosr.h, on the fake driver, and without any driver.
 *
 *   test_cuda_backend none    no libcuda.so.1 to be found (77 if there is one)
 *   test_cuda_backend stub    the toolkit's stub is found as libcuda.so.1
 *   test_cuda_backend old     one without the entry points of CUDA 12 is found
 *   test_cuda_backend lazy    fake_cuda/ is found, and the user wants CUDA_MODULE_LOADING=LAZY
 *   test_cuda_backend fake    fake_cuda/ is found as libcuda.so.1
 *   test_cuda_device device   the same program with real GPU code, on a real GPU (77 without one)
 *
 * A plain program, since it starts threads, kills them, and must run under every sanitizer. Here is
 * main, and the life of a device: it runs tasks, rests and returns, and is closed with an op that
 * does not end. What must not open at all is in test_cuda_refuse.c.
 *
 * Where it ran: CPU only, on the fake. Shows nothing of a GPU. Next: test_cuda_tool.h. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test_cuda_tool.h"
#include "port/port.h"

/* ---- on the fake ---- */
/* Runs `count` additions and a failing op, and looks at each result. */
static void run_tasks(struct grosr *g, uint64_t count)
{
  uint32_t add, fail;
  uint64_t device;
  void *host;
  CHECK(grosr_op(g, "add", &add) == 0 && grosr_op(g, "fail", &fail) == 0);
  CHECK(grosr_shared_take(g, count * sizeof(uint64_t), &host, &device) == 0);
  uint64_t *out = host;
  for (uint64_t i = 0; i < count; i++) {
    const struct grosr_task task = {add, 0, {device + i * sizeof *out, i, 7, 0}, 0};
    int32_t result = -1;
    grosr_ticket ticket;
    CHECK(grosr_submit(g, &task, &ticket) == 0);
    CHECK(grosr_wait(g, ticket, 5000000000u, &result) == 0);
    CHECK(result == 0 && out[i] == i + 7u);
  }
  const struct grosr_task task = {fail, 0, {EDOM, 0, 0, 0}, 0};
  grosr_ticket ticket;
  int32_t result = 0;
  CHECK(grosr_submit(g, &task, &ticket) == 0);
  CHECK(grosr_wait(g, ticket, 5000000000u, &result) == 0 && result == -EDOM);
  grosr_shared_reset(g);
}

static void test_runs(void)
{
  struct grosr_options options;
  struct grosr_stats stats;
  struct grosr_info info;
  struct grosr *g;
  cuda_tool_options(&options);
  cuda_tool.step = "runs";
  CHECK(grosr_device_probe("cuda") == 0);
  if (grosr_open(&options, &g) != 0) {
    CHECK(!"grosr_open");
    return;
  }
  run_tasks(g, 200);
  CHECK(grosr_wait_all(g, 5000000000u) == 0);
  CHECK(grosr_stats(g, &stats) == 0 && stats.completed == 201 && stats.launches == 1);
  CHECK(grosr_info(g, &info) == 0 && strcmp(info.device, "cuda:0") == 0 && info.lanes == 32);
  printf("runs: %s\n", info.description);
  setenv("FAKE_CUDA_STALL", "1", 1);
  cuda_tool.step = "a copy that is never done";
  CHECK(grosr_stats(g, &stats) == -ETIMEDOUT);
  unsetenv("FAKE_CUDA_STALL");
  CHECK(grosr_close(g) == 0);
  CHECK(cuda_tool.fake_live() == 0);
}

static void test_rests_and_returns(void)
{
  struct grosr_options options;
  struct grosr_stats stats;
  struct grosr *g;
  cuda_tool_options(&options);
  cuda_tool.step = "rests and returns";
  options.idle_exit_ns = 2000000u;
  if (grosr_open(&options, &g) != 0) {
    CHECK(!"grosr_open");
    return;
  }
  for (int i = 0; i < 3; i++) {
    const struct timespec pause = {0, 100000000};
    run_tasks(g, 5);
    nanosleep(&pause, NULL);
  }
  CHECK(grosr_stats(g, &stats) == 0 && stats.completed == 18 && stats.launches >= 2);
  CHECK(grosr_close(g) == 0);
  CHECK(cuda_tool.fake_live == NULL || cuda_tool.fake_live() == 0);
}

/* An op that does not end. can_be_killed: the driver destroys the context all the same. */
static void test_stuck(bool can_be_killed)
{
  struct grosr_options options;
  struct grosr *g, *other = NULL;
  uint32_t stuck;
  uint64_t device;
  void *host;
  grosr_ticket ticket;
  int32_t result;
  cuda_tool_options(&options);
  cuda_tool.step = can_be_killed ? "stuck, and killed" : "stuck, and cannot be killed";
  options.op_ns_max = 50000000u;
  options.close_ns_max = 50000000u;
  setenv("FAKE_CUDA_DESTROY", can_be_killed ? "end" : "wait", 1);
  if (grosr_open(&options, &g) != 0) {
    CHECK(!"grosr_open");
    return;
  }
  CHECK(grosr_op(g, "stuck", &stuck) == 0);
  CHECK(grosr_shared_take(g, 8, &host, &device) == 0);
  const struct grosr_task task = {stuck, 0, {device, 0, 0, 0}, 0};
  CHECK(grosr_submit(g, &task, &ticket) == 0);
  CHECK(grosr_wait(g, ticket, GROSR_FOREVER, &result) == -ETIMEDOUT);
  CHECK(grosr_close(g) == -ETIMEDOUT);
  printf("%s: %s\n", cuda_tool.step, grosr_last_error());
  if (can_be_killed) {
    CHECK(cuda_tool.fake_live() == 0);
    return;
  }
  CHECK(grosr_open(&options, &other) == -EBUSY);
  printf("%s: %s\n", cuda_tool.step, grosr_last_error());
  gr_store_release_sys_u64((gr_au64 *)host, 1u); /* now it ends: still mapped */
  int status = -EBUSY;
  for (int i = 0; i < 100 && status == -EBUSY; i++) {
    const struct timespec pause = {0, 50000000};
    nanosleep(&pause, NULL);
    status = grosr_open(&options, &other);
  }
  CHECK(status == 0);
  CHECK(status != 0 || grosr_close(other) == 0);
  unsetenv("FAKE_CUDA_DESTROY");
}

static int test_fake(void)
{
  test_driver_refuses();
  if (!cuda_tool_find()) {
    return 1;
  }
  test_device_refuses();
  test_shapes();
  test_runs();
  test_rests_and_returns();
  test_each_call_fails();
  test_stuck(true);
  test_stuck(false);
  return cuda_tool.failures == 0 ? 0 : 1;
}

/* ---- on a GPU ---- */
static void test_device_shape(uint32_t teams, uint32_t lanes)
{
  struct grosr_options options;
  struct grosr_info info;
  struct grosr *g;
  char name[64];
  cuda_tool_options(&options);
  snprintf(name, sizeof name, "%u teams of %u lanes", teams, lanes);
  cuda_tool.step = name;
  options.teams = teams;
  options.lanes = lanes;
  if (grosr_open(&options, &g) != 0) {
    CHECK(!"grosr_open");
    return;
  }
  run_tasks(g, 1000);
  CHECK(grosr_wait_all(g, 5000000000u) == 0);
  CHECK(grosr_info(g, &info) == 0);
  printf("%u teams of %u lanes on %s\n", info.teams, info.lanes, info.description);
  CHECK(grosr_close(g) == 0);
}

/* What the driver does with a kernel that does not end is not documented: this says what it did. */
static void test_device_stuck(void)
{
  struct grosr_options options;
  struct grosr *g;
  uint32_t stuck;
  uint64_t device;
  void *host;
  grosr_ticket ticket;
  int32_t result;
  cuda_tool_options(&options);
  cuda_tool.step = "stuck on a GPU";
  options.op_ns_max = 200000000u;
  options.close_ns_max = 200000000u;
  if (grosr_open(&options, &g) != 0) {
    CHECK(!"grosr_open");
    return;
  }
  CHECK(grosr_op(g, "stuck", &stuck) == 0);
  CHECK(grosr_shared_take(g, 8, &host, &device) == 0);
  const struct grosr_task task = {stuck, 0, {device, 0, 0, 0}, 0};
  CHECK(grosr_submit(g, &task, &ticket) == 0);
  CHECK(grosr_wait(g, ticket, GROSR_FOREVER, &result) == -ETIMEDOUT);
  CHECK(grosr_close(g) == -ETIMEDOUT);
  printf("%s: %s\n", cuda_tool.step, grosr_last_error());
  if (strstr(grosr_last_error(), "does not give up") != NULL) {
    gr_store_release_sys_u64((gr_au64 *)host, 1u); /* kept mapped for such a case */
  }
  int status = -EBUSY;
  for (int i = 0; i < 100 && status == -EBUSY; i++) {
    const struct timespec pause = {0, 50000000};
    nanosleep(&pause, NULL);
    status = grosr_open(&options, &g);
  }
  CHECK(status == 0);
  if (status == 0) {
    run_tasks(g, 100);
    CHECK(grosr_close(g) == 0);
  }
}

static int test_device(void)
{
  if (grosr_device_probe("cuda") != 0) {
    printf("%s\n", grosr_last_error());
    return 77;
  }
  test_device_shape(1, 32);
  test_device_shape(2, 32);
  test_device_shape(0, 32);
  test_device_shape(0, 128);
  test_device_shape(0, 1024);
  test_device_shape(2048, 32);
  test_rests_and_returns();
  test_device_stuck();
  return cuda_tool.failures == 0 ? 0 : 1;
}

static int test_none(void)
{
  void *library = dlopen("libcuda.so.1", RTLD_NOW);
  if (library != NULL) {
    return 77;
  }
  refuse("no driver", "cuda", -ENODEV, "no NVIDIA driver");
  CHECK(grosr_device_probe("cuda") == -ENODEV);
  CHECK(grosr_device_probe("auto") == 0);
  return cuda_tool.failures == 0 ? 0 : 1;
}

static int test_stub(void)
{
  refuse("stub", "cuda", -ENODEV, "stub");
  return cuda_tool.failures == 0 ? 0 : 1;
}

/* The user's choice is not overridden, and is told what is wrong with it (H1). */
static int test_lazy(void)
{
  refuse("lazy", "cuda", -EINVAL, "CUDA_MODULE_LOADING=EAGER");
  CHECK(strcmp(getenv("CUDA_MODULE_LOADING"), "LAZY") == 0);
  return cuda_tool.failures == 0 ? 0 : 1;
}

static int test_old(void)
{
  refuse("old", "cuda", -ENODEV, "too old");
  return cuda_tool.failures == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc == 2 && strcmp(argv[1], "none") == 0) {
    return test_none();
  }
  if (argc == 2 && strcmp(argv[1], "stub") == 0) {
    return test_stub();
  }
  if (argc == 2 && strcmp(argv[1], "old") == 0) {
    return test_old();
  }
  if (argc == 2 && strcmp(argv[1], "lazy") == 0) {
    return test_lazy();
  }
  if (argc == 2 && strcmp(argv[1], "fake") == 0) {
    return test_fake();
  }
  if (argc == 2 && strcmp(argv[1], "device") == 0) {
    return test_device();
  }
  fprintf(stderr, "usage: %s none|stub|old|lazy|fake|device\n", argv[0]);
  return 1;
}
