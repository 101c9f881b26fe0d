/* test_cuda_corners.c - what the CUDA backend does where neither a life nor one failed call leads.
 *
 * It asks the backend itself (backend.h), with the system's own calls made to fail
 * (test_cuda_wrap.c), several GPUs, a GPU that does not answer, and a driver that does
 * not come back. What leaves a context that cannot be destroyed is a process of its own each: there
 * no device opens any more, and is told so with -EBUSY. A plain program, exit 0 or 1.
 *
 * Where it ran: CPU only, on the fake. Shows nothing of a GPU. Next: test_cuda_wrap.c. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/backend.h"
#include "port/port.h"
#include "test_cuda_tool.h"

/* ---- the backend alone ---- */
static const struct gr_backend_ops *const ops = &gr_backend_cuda;

static int open_backend(struct gr_backend **backend)
{
  struct grosr_options options;
  struct gr_device_facts facts;
  cuda_tool_options(&options);
  *backend = NULL;
  return ops->open(&options, -1, NULL, &facts, backend);
}

#define SAYS(words) CHECK(strstr(grosr_last_error(), words) != NULL)

static void test_no_memory(void)
{
  struct gr_backend *backend;
  struct gr_piece piece;
  cuda_tool.step = "no memory";
  cuda_wrap.fails_calloc = true;
  CHECK(open_backend(&backend) == -ENOMEM);
  SAYS("free some");
  cuda_wrap.fails_mmap = true;
  CHECK(open_backend(&backend) == -ENOMEM);
  SAYS("ask for smaller sizes");
  CHECK(cuda_tool.fake_live() == 0);
  cuda_tool.step = "more memory than the GPU has";
  CHECK(open_backend(&backend) == 0);
  setenv("FAKE_CUDA_MEMORY_MIB", "1", 1);
  CHECK(ops->take(backend, GR_MEMORY_DEVICE, 2u << 20, &piece) == -ENOMEM);
  SAYS("free GPU");
  unsetenv("FAKE_CUDA_MEMORY_MIB");
  cuda_tool.step = "more pieces than there is room for";
  int taken = 0, status = 0;
  while (taken < 1000 && status == 0) {
    status = ops->take(backend, GR_MEMORY_DEVICE, 64, &piece);
    taken += status == 0;
  }
  CHECK(status == -ENOMEM && taken == 64);
  SAYS("GR_CUDA_PIECES_MAX");
  ops->close(backend);
  CHECK(cuda_tool.fake_live() == 0);
}

static void test_images(void)
{
  struct grosr_options options;
  struct gr_device_facts facts;
  struct gr_backend *backend = NULL;
  struct grosr_image image = grosr_image_cudatest;
  cuda_tool.step = "an image without code for GPUs";
  cuda_tool_options(&options);
  options.image = &image;
  image.fatbin = NULL;
  CHECK(ops->open(&options, 0, NULL, &facts, &backend) == -ENOEXEC);
  SAYS("rebuild");
  image.fatbin = image.fatbin_end = grosr_image_cudatest.fatbin;
  CHECK(ops->open(&options, 0, NULL, &facts, &backend) == -ENOEXEC && backend == NULL);
}

/* "cuda" is the first that suits: here the second, for the first drives a display. */
static void test_picks(void)
{
  struct gr_backend *backend;
  struct gr_launch launch = {.teams = 9999, .lanes = 32};
  cuda_tool.step = "two GPUs";
  setenv("FAKE_CUDA_DEVICES", "2", 1);
  setenv("FAKE_CUDA_ATTRIBUTES", "17=1", 1);
  CHECK(ops->probe(-1) == 0 && ops->probe(0) == -ENODEV && ops->probe(1) == 0);
  CHECK(open_backend(&backend) == 0);
  cuda_tool.step = "what fitted no longer does";
  CHECK(ops->launch(backend, &launch) == -EINVAL);
  SAYS("no longer fit");
  ops->close(backend);
  unsetenv("FAKE_CUDA_DEVICES");
  unsetenv("FAKE_CUDA_ATTRIBUTES");
  CHECK(cuda_tool.fake_live() == 0);
}

/* It zeroes memory and never ends: giving that back would wait for it, so the context is ended. */
static void test_never_zeroed(void)
{
  struct gr_backend *backend;
  struct gr_piece piece;
  cuda_tool.step = "memory that is never zeroed";
  CHECK(open_backend(&backend) == 0);
  setenv("FAKE_CUDA_STALL", "1", 1);
  CHECK(ops->take(backend, GR_MEMORY_DEVICE, 64, &piece) == -ETIMEDOUT);
  SAYS("dmesg");
  ops->close(backend);
  unsetenv("FAKE_CUDA_STALL");
  CHECK(cuda_tool.fake_live() == 0);
}

/* The same for a copy; and a device that was given up says so. */
static void test_never_copied(void)
{
  struct gr_backend *backend, *other;
  struct gr_piece piece;
  uint64_t word = 1;
  cuda_tool.step = "a copy that is never done";
  CHECK(open_backend(&backend) == 0 && open_backend(&other) == 0);
  CHECK(ops->take(backend, GR_MEMORY_DEVICE, 64, &piece) == 0);
  setenv("FAKE_CUDA_STALL", "1", 1);
  CHECK(ops->read(backend, piece.device, &word, sizeof word) == -ETIMEDOUT && word == 1);
  ops->close(backend);
  unsetenv("FAKE_CUDA_STALL");
  cuda_tool.step = "given up";
  CHECK(ops->kill(other) == 0);
  CHECK(ops->ended(other) == -EIO && ops->fits(other, 1, 32, 0) == -EIO);
  CHECK(ops->take(other, GR_MEMORY_SHARED, 64, &piece) == -EIO);
  CHECK(ops->launch(other, &(struct gr_launch){.teams = 1, .lanes = 32}) == -EIO);
  SAYS("close it");
  ops->close(other);
  CHECK(cuda_tool.fake_live() == 0 && cuda_tool.fake_depth() == 0);
}

/* ---- processes in which no device opens any more ---- */
/* A device whose op does not end; its close must fail and leave no way to open another. */
static void die(void (*prepare)(void))
{
  struct grosr_options options;
  struct grosr *g = NULL, *other = NULL;
  struct grosr_task task = {0};
  grosr_ticket ticket;
  uint64_t device;
  void *host;
  cuda_tool_options(&options);
  options.teams = 1;
  options.op_ns_max = options.close_ns_max = 20000000u;
  CHECK(grosr_open(&options, &g) == 0 && grosr_op(g, "stuck", &task.op) == 0);
  CHECK(grosr_shared_take(g, 8, &host, &device) == 0);
  task.arg[0] = device;
  CHECK(grosr_submit(g, &task, &ticket) == 0);
  CHECK(grosr_wait(g, ticket, GROSR_FOREVER, NULL) == -ETIMEDOUT);
  prepare();
  CHECK(grosr_close(g) == -ETIMEDOUT);
  SAYS("end the process");
  CHECK(grosr_open(&options, &other) == -EBUSY);
  SAYS("start a new process");
  gr_store_release_sys_u64((gr_au64 *)host, 1u); /* still mapped; it ends, too late */
  unsetenv("FAKE_CUDA_FAIL");
  cuda_tool.fake_reset(); /* as the end of the process does */
}

static void no_memory_to_kill(void)
{
  gr_nap(400000000u); /* the watchdog takes its own before */
  cuda_wrap.fails_calloc = true;
}

static void no_thread_to_kill(void)
{
  cuda_wrap.fails_thread = true;
}

static void no_end_of_context(void)
{
  setenv("FAKE_CUDA_FAIL", "cuCtxDestroy_v2:4", 1);
}

static void die_without_memory(void)
{
  die(no_memory_to_kill);
}

static void die_without_thread(void)
{
  die(no_thread_to_kill);
}

static void die_without_end(void)
{
  die(no_end_of_context);
}

static void *read_forever(void *argument)
{
  struct gr_backend *backend = argument;
  uint64_t word;
  ops->read(backend, 4096, &word, sizeof word);
  return NULL;
}

/* A call of another thread that is inside the driver: the context cannot be taken away. */
static void die_with_call(void)
{
  struct gr_backend *backend, *other;
  pthread_t thread;
  cuda_tool.fake_reset();
  CHECK(open_backend(&backend) == 0);
  cuda_tool.fake_hang("cuMemcpyDtoHAsync_v2");
  CHECK(pthread_create(&thread, NULL, read_forever, backend) == 0);
  while (cuda_tool.fake_calls("cuMemcpyDtoHAsync_v2") == 0) {
    gr_nap(1000000u);
  }
  CHECK(ops->kill(backend) == -ETIMEDOUT);
  SAYS("end the process");
  ops->close(backend);
  cuda_tool.fake_hang(NULL);
  pthread_join(thread, NULL);
  CHECK(open_backend(&other) == -EBUSY && other == NULL);
}

static void in_process(const char *name, void (*test)(void))
{
  int status = -1;
  cuda_tool.step = name;
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    cuda_tool.failures = 0;
    test();
    exit(cuda_tool.failures == 0 ? 0 : 1);
  }
  CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(300); /* a hang is a failure */
  if (!cuda_tool_find()) {
    return 1;
  }
  test_no_memory();
  test_images();
  test_picks();
  test_never_zeroed();
  test_never_copied();
  in_process("no memory to kill", die_without_memory);
  in_process("no thread to kill", die_without_thread);
  in_process("the context is not destroyed", die_without_end);
  in_process("a call does not come back", die_with_call);
  printf("%d failures\n", cuda_tool.failures);
  return cuda_tool.failures == 0 ? 0 : 1;
}
