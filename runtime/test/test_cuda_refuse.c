/* test_cuda_refuse.c - what device "cuda" does not open with: bad input, bad drivers, failed calls.
 *
 * Each case of "bad input" ends in a negative errno, a sentence that names the remedy, and nothing
 * left alive in the driver. Then every call that the backend makes while it opens is made to fail
 * once. Called by test_cuda_backend.c, which has main.
 *
 * Where it ran: CPU only, on the fake. Shows nothing of a GPU. Next: fake_cuda/fake_cuda.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test_cuda_tool.h"

void refuse(const char *name, const char *device, int error, const char *words)
{
  struct grosr_options options;
  struct grosr *g = NULL;
  cuda_tool_options(&options);
  cuda_tool.step = name;
  options.device = device;
  const int status = grosr_open(&options, &g);
  CHECK(status == error);
  CHECK(g == NULL);
  CHECK(strstr(grosr_last_error(), words) != NULL);
  CHECK(cuda_tool.fake_live == NULL || cuda_tool.fake_live() == 0);
  printf("%-28s %4d  %s\n", name, status, grosr_last_error());
}

static void refuse_with(const char *variable, const char *value, const char *device, int error,
                        const char *words)
{
  char before[64] = "";
  if (getenv(variable) != NULL) {
    snprintf(before, sizeof before, "%s", getenv(variable));
  }
  setenv(variable, value, 1);
  refuse(value, device, error, words);
  if (before[0] != '\0') {
    setenv(variable, before, 1);
  } else {
    unsetenv(variable);
  }
}

void test_driver_refuses(void)
{
  refuse_with("FAKE_CUDA_DEVICES", "0", "cuda", -ENODEV, "sees no GPU");
  refuse_with("FAKE_CUDA_FAIL", "cuInit:34", "cuda", -ENODEV, "stub");
  refuse_with("FAKE_CUDA_FAIL", "cuInit:803", "cuda", -ENODEV, "different versions");
  refuse_with("FAKE_CUDA_FAIL", "cuInit:805", "cuda", -ENODEV, "MPS");
  refuse_with("FAKE_CUDA_FAIL", "cuInit:999", "cuda", -ENODEV, "dmesg");
}

void test_device_refuses(void)
{
  refuse_with("FAKE_CUDA_DEVICES", "0", "cuda", -ENODEV, "sees no GPU");
  refuse("cuda:7", "cuda:7", -ENODEV, "the last one is cuda:0");
  refuse_with("FAKE_CUDA_ATTRIBUTES", "75=7,76=5", "cuda:0", -ENODEV, "compute capability 7.5");
  refuse_with("FAKE_CUDA_ATTRIBUTES", "17=1", "cuda:0", -ENODEV, "display");
  refuse_with("FAKE_CUDA_ATTRIBUTES", "20=2", "cuda", -ENODEV, "nvidia-smi -i 0 -c DEFAULT");
  refuse_with("FAKE_CUDA_ATTRIBUTES", "95=0", "cuda", -ENODEV, "cooperative");
  refuse_with("FAKE_CUDA_FAIL", "cuCtxCreate_v2:46", "cuda", -EBUSY, "another process");
  refuse_with("FAKE_CUDA_FAIL", "cuCtxCreate_v2:2", "cuda", -ENOMEM, "free");
  refuse_with("FAKE_CUDA_FAIL", "cuModuleLoadData:209", "cuda", -ENOEXEC, "-Dgpu_archs");
  refuse_with("FAKE_CUDA_FAIL", "cuModuleLoadData:222", "cuda", -ENOEXEC, "update the driver");
  refuse_with("FAKE_CUDA_FAIL", "cuModuleGetFunction:500", "cuda", -ENOEXEC, "rebuild");
  refuse_with("FAKE_CUDA_FAIL", "cuMemHostRegister_v2:2", "cuda", -ENOMEM, "memory");
  refuse_with("FAKE_CUDA_FAIL", "cuLaunchCooperativeKernel:720", "cuda", -EINVAL, "fit");
}

void test_shapes(void)
{
  static const struct {
    uint32_t teams, lanes, scratch_bytes;
    int error;
    const char *words;
  } cases[] = {
      {3, 48, 0, -EINVAL, "lanes is 48"},
      {3, 2048, 0, -EINVAL, "lanes is 2048"},
      {2000, 32, 0, -EINVAL, "at most 128"}, /* 1024 lanes an SM, four SMs */
      {9, 1024, 0, -EINVAL, "at most 4"},
      {64, 32, 65536, -EINVAL, "at most 12"}, /* 227 KiB of shared memory an SM */
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct grosr_options options;
    struct grosr *g = NULL;
    cuda_tool_options(&options);
    cuda_tool.step = cases[i].words;
    options.teams = cases[i].teams;
    options.lanes = cases[i].lanes;
    options.scratch_bytes = cases[i].scratch_bytes;
    CHECK(grosr_open(&options, &g) == cases[i].error);
    CHECK(strstr(grosr_last_error(), cases[i].words) != NULL);
    CHECK(cuda_tool.fake_live() == 0);
  }
}

void test_each_call_fails(void)
{
  static const char *const symbols[] = {"cuDeviceGetCount",
                                        "cuDeviceGet",
                                        "cuCtxCreate_v2",
                                        "cuCtxPushCurrent_v2",
                                        "cuModuleLoadData",
                                        "cuModuleGetFunction",
                                        "cuFuncGetAttribute",
                                        "cuFuncSetAttribute",
                                        "cuOccupancyMaxActiveBlocksPerMultiprocessor",
                                        "cuStreamCreate",
                                        "cuMemHostRegister_v2",
                                        "cuMemHostGetDevicePointer_v2",
                                        "cuMemAlloc_v2",
                                        "cuMemsetD8Async",
                                        "cuMemcpyHtoDAsync_v2",
                                        "cuStreamQuery",
                                        "cuLaunchCooperativeKernel"};
  unsigned cases = 0;
  for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
    for (unsigned nth = 1; nth < 64; nth++) {
      char fail[96];
      struct grosr_options options;
      struct grosr *g;
      cuda_tool_options(&options);
      snprintf(fail, sizeof fail, "%s@%u:2", symbols[i], nth);
      cuda_tool.step = fail;
      setenv("FAKE_CUDA_FAIL", fail, 1);
      cuda_tool.fake_reset();
      const int status = grosr_open(&options, &g);
      unsetenv("FAKE_CUDA_FAIL");
      if (status == 0) { /* it is called less often than that while opening */
        const int closed = grosr_close(g);
        CHECK(closed == 0 || closed == -ENOMEM);
        CHECK(cuda_tool.fake_live() == 0);
        break;
      }
      cases++;
      CHECK(status == -ENOMEM && strstr(grosr_last_error(), "FAKE_2") != NULL);
      CHECK(cuda_tool.fake_live() == 0);
    }
  }
  printf("each call fails: %u cases\n", cases);
  CHECK(cases > 30);
}
