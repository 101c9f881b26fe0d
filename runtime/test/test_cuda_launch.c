/* test_cuda_launch.c - kernels that tasks launch, on device "cuda" with the fake driver: a life in
 * every mode, a launcher that has to be begun anew, what is refused, each call failing once, and
 * kernels that do not end.
 *
 * Where it ran: CPU only, on the fake. Shows nothing of a GPU: test_device_launch.c does, there.
 * Next: test_cuda_backend.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <grosr/launch.h>

#include "host/backend.h"
#include "host/grosr_private.h"
#include "port/port.h"
#include "shared/image.h"
#include "shared/kernel.h"
#include "test_cuda_tool.h"

GROSR_KERNELS(test);
#define WAIT_NS 5000000000u

/* Stands for their GPU code, as in test_cuda_tool.c. */
extern const unsigned char grosr_fatbin_kernels_test[];
extern const unsigned char grosr_fatbin_kernels_test_end[];
const unsigned char grosr_fatbin_kernels_test[64]
    __attribute__((aligned(64))) = {0x50, 0xed, 0x55, 0xba};
const unsigned char grosr_fatbin_kernels_test_end[1] = {0};

static struct grosr *open_with_kernels(void)
{
  struct grosr_options options;
  struct grosr *g = NULL;
  cuda_tool_options(&options);
  options.kernels = &grosr_kernels_test;
  options.close_ns_max = 100000000u;
  CHECK(grosr_open(&options, &g) == 0);
  return g;
}

static struct grosr_launch launch_of(struct grosr *g, const char *name, uint64_t device)
{
  struct grosr_launch launch = {.grid = 3, .arg = {device}};
  CHECK(grosr_kernel(g, name, &launch.kernel) == 0);
  return launch;
}

static int32_t run(struct grosr *g, const struct grosr_launch *launch)
{
  grosr_ticket ticket;
  int32_t result = 1;
  CHECK(grosr_launch(g, launch, &ticket) == 0);
  CHECK(grosr_wait(g, ticket, WAIT_NS, &result) == 0);
  return result;
}

static void test_lives(void)
{
  cuda_tool.step = "lives";
  struct grosr *g = open_with_kernels();
  uint64_t device = 0;
  void *host = NULL;
  if (g == NULL) {
    return;
  }
  CHECK(grosr_shared_take(g, 1024, &host, &device) == 0);
  const uint64_t *words = host;
  const unsigned begun = cuda_tool.fake_calls("cuLaunchKernel");
  for (uint32_t i = 0; i < 50u; i++) { /* more rounds than one chain has */
    struct grosr_launch mark = launch_of(g, "mark", device);
    mark.mode = (enum grosr_launch_mode)(i % 5u);
    CHECK(run(g, &mark) == 0);
    CHECK(words[0] == i + 1u && words[2] == i + 1u && words[3] == 0u);
  }
  CHECK(cuda_tool.fake_calls("cuLaunchKernel") > begun + 2u);
  struct grosr_launch fails = launch_of(g, "fails", device + 64);
  fails.arg[1] = 2;
  CHECK(run(g, &fails) == -7);
  struct grosr_launch rounds = launch_of(g, "rounds", device + 128);
  rounds.mode = GROSR_LAUNCH_SELF;
  rounds.arg[1] = 4;
  CHECK(run(g, &rounds) == 0 && words[16] == 4u && words[18] == 4u);
  CHECK(grosr_close(g) == 0 && cuda_tool.fake_live() == 0);
}

static void test_refused(void)
{
  struct grosr_options options;
  struct grosr *g = NULL;
  struct grosr_kernels bare = grosr_kernels_test;
  cuda_tool.step = "refused";
  cuda_tool_options(&options);
  options.kernels = &bare;
  bare.fatbin = NULL;
  CHECK(grosr_open(&options, &g) == -ENOEXEC && strstr(grosr_last_error(), "nvcc") != NULL);
  bare.fatbin = grosr_fatbin_kernels_test;
  options.idle_exit_ns = 1000000;
  CHECK(grosr_open(&options, &g) == -EINVAL && strstr(grosr_last_error(), "idle_exit") != NULL);
  CHECK(cuda_tool.fake_live() == 0);
}

/* Every call that opening makes on behalf of kernels fails, at its first, second, ... time. */
static void test_each_opening_fails(void)
{
  static const char *const symbols[] = {
      "cuModuleLoadData",     "cuModuleGetFunction",     "cuFuncGetAttribute",
      "cuStreamCreate",       "cuGraphCreate",           "cuGraphAddKernelNode_v2",
      "cuGraphInstantiateWithFlags", "cuGraphUpload",    "cuGraphDestroy",
      "cuLaunchKernel",       "cuGraphLaunch",           "cuMemAlloc_v2",
      "cuCtxPushCurrent_v2",  "cuMemcpyHtoDAsync_v2"};
  char what[96];
  for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
    for (unsigned n = 1; n < 400u; n++) {
      struct grosr_options options;
      struct grosr *g = NULL;
      cuda_tool_options(&options);
      options.kernels = &grosr_kernels_test;
      snprintf(what, sizeof what, "%s@%u:1", symbols[i], n);
      cuda_tool.step = what;
      cuda_tool.fake_reset();
      setenv("FAKE_CUDA_FAIL", what, 1);
      const int error = grosr_open(&options, &g);
      const unsigned faults = cuda_tool.fake_faults();
      unsetenv("FAKE_CUDA_FAIL");
      CHECK(error == 0 || (error < 0 && error > -4096 && grosr_last_error()[0] != '\0'));
      CHECK(faults == 0 || error < 0 || strcmp(symbols[i], "cuCtxPushCurrent_v2") == 0);
      if (error == 0) {
        CHECK(grosr_close(g) == 0);
      }
      CHECK(cuda_tool.fake_live() == 0);
      if (faults == 0) {
        break;
      }
    }
  }
  cuda_tool.fake_reset();
}

/* The next chain cannot be begun: what is asked waits, and ends with the device. */
static void test_chain_breaks(void)
{
  cuda_tool.step = "chain breaks";
  cuda_tool.fake_reset();
  struct grosr *g = open_with_kernels();
  uint64_t device = 0;
  void *host = NULL;
  grosr_ticket ticket;
  int32_t result = 1;
  if (g == NULL) {
    return;
  }
  CHECK(grosr_shared_take(g, 1024, &host, &device) == 0);
  const struct grosr_launch mark = launch_of(g, "mark", device);
  setenv("FAKE_CUDA_FAIL", "cuLaunchKernel:1", 1);
  for (uint32_t i = 0; i < 4u; i++) {
    CHECK(run(g, &mark) == 0);
  }
  CHECK(grosr_launch(g, &mark, &ticket) == 0);
  const uint64_t deadline_ns = gr_clock_ns() + 20000000000u;
  while (cuda_tool.fake_faults() == 0 && gr_clock_ns() < deadline_ns) { /* the keeper has tried */
    gr_nap(1000000u);
  }
  CHECK(cuda_tool.fake_faults() > 0);
  CHECK(grosr_wait(g, ticket, 50000000u, &result) == -ETIMEDOUT);
  CHECK(grosr_close(g) == -ETIMEDOUT);
  unsetenv("FAKE_CUDA_FAIL");
  CHECK(cuda_tool.fake_live() == 0);
}

/* They do not start, or cannot be ended: the GPU is full, does not answer, or has failed. */
static void test_ends_badly(void)
{
  struct grosr_options options;
  struct grosr *g = NULL;
  cuda_tool.step = "no room for launchers";
  cuda_tool_options(&options);
  options.kernels = &grosr_kernels_test;
  options.boot_ns_max = 20000000u;
  setenv("FAKE_CUDA_NO_ROOM", "1", 1);
  CHECK(grosr_open(&options, &g) == -ETIMEDOUT && strstr(grosr_last_error(), "fewer teams"));
  unsetenv("FAKE_CUDA_NO_ROOM");
  CHECK(cuda_tool.fake_live() == 0);
  static const char *const fails[] = {"cuMemcpyHtoDAsync_v2:1", "cuStreamQuery:719"};
  for (int i = 0; i < 2; i++) {
    cuda_tool.step = fails[i];
    g = open_with_kernels();
    setenv("FAKE_CUDA_FAIL", fails[i], 1);
    CHECK(g != NULL && grosr_close(g) < 0);
    unsetenv("FAKE_CUDA_FAIL");
    CHECK(cuda_tool.fake_live() == 0);
    cuda_tool.fake_reset();
  }
  bool is_seen = false; /* which look at a stream is the launchers' depends on the watchdog's */
  for (unsigned n = 0; n < 100u && !is_seen; n++) {
    char what[96] = "";
    cuda_tool.step = "fails while the launchers end";
    g = open_with_kernels();
    if (g == NULL) {
      return;
    }
    snprintf(what, sizeof what, "cuStreamQuery@%u:719",
             cuda_tool.fake_calls("cuStreamQuery") + 1u + n % 4u);
    setenv("FAKE_CUDA_FAIL", what, 1);
    const int status = gr_backend_cuda.kernels_end(g->backend, WAIT_NS);
    is_seen = status < 0 && strstr(grosr_last_error(), "a launched kernel failed") != NULL;
    unsetenv("FAKE_CUDA_FAIL");
    grosr_close(g);
    CHECK(cuda_tool.fake_live() == 0);
    cuda_tool.fake_reset();
  }
  CHECK(is_seen);
}

/* The backend alone: no memory, and an end without a beginning. */
static void test_backend(void)
{
  const struct gr_backend_ops *const ops = &gr_backend_cuda;
  struct gr_kernels_of of = {.kernels = &grosr_kernels_test};
  struct grosr_options options;
  struct gr_device_facts facts;
  struct gr_backend *backend = NULL;
  cuda_tool.step = "backend";
  cuda_tool_options(&options);
  CHECK(ops->open(&options, -1, NULL, &facts, &backend) == 0);
  CHECK(ops->kernels_end(backend, 1) == 0);
  cuda_wrap.fails_calloc = true;
  CHECK(ops->kernels_open(backend, &of) == -ENOMEM && strstr(grosr_last_error(), "free some"));
  setenv("FAKE_CUDA_FAIL", "cuModuleLoadData:1", 1);
  CHECK(ops->kernels_open(backend, &of) < 0 && ops->kernels_end(backend, 1) == 0);
  unsetenv("FAKE_CUDA_FAIL");
  ops->close(backend);
  CHECK(cuda_tool.fake_live() == 0);
}

/* One that sees that it is to end, one that does not, and one on a device that is given up. */
static void test_does_not_end(void)
{
  static const char *const names[] = {"waits", "insists"};
  for (int i = 0; i < 2; i++) {
    cuda_tool.step = names[i];
    struct grosr *g = open_with_kernels();
    uint64_t device = 0;
    void *host = NULL;
    if (g == NULL) {
      return;
    }
    CHECK(grosr_shared_take(g, 1024, &host, &device) == 0);
    struct grosr_launch launch = launch_of(g, names[i], device);
    launch.arg[1] = 60000000000ull;
    grosr_ticket ticket;
    CHECK(grosr_launch(g, &launch, &ticket) == 0);
    gr_nap(20000000u);
    CHECK(grosr_close(g) == -ETIMEDOUT);
    CHECK(cuda_tool.fake_live() == 0);
    cuda_tool.fake_reset();
  }
}

int main(void)
{
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!cuda_tool_find()) {
    return 77;
  }
  test_lives();
  test_refused();
  test_each_opening_fails();
  test_chain_breaks();
  test_does_not_end();
  test_ends_badly();
  test_backend();
  printf("%d failures\n", cuda_tool.failures);
  return cuda_tool.failures == 0 ? 0 : 1;
}
