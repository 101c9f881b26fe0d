/* test_cuda_tool.c - the state of the test programs of device "cuda", and their smallest device.
 *
 * Where no GPU code of the image is linked in, a stand-in for it is here: the fake driver looks
 * only at its magic number.
 *
 * Next: test_cuda_refuse.c. */
#include "test_cuda_tool.h"

#include <dlfcn.h>
#include <string.h>

#if !defined(GR_TEST_DEVICE)
/* Stands for the image's GPU code, which the fake only weighs in its hand. */
extern const unsigned char grosr_fatbin_cudatest[];
extern const unsigned char grosr_fatbin_cudatest_end[];
const unsigned char grosr_fatbin_cudatest[64]
    __attribute__((aligned(64))) = {0x50, 0xed, 0x55, 0xba};
const unsigned char grosr_fatbin_cudatest_end[1] = {0};
#endif

struct cuda_tool cuda_tool = {.step = ""};

static bool find(void *library, const char *name, void *out)
{
  void *symbol = dlsym(library, name);
  memcpy(out, &symbol, sizeof symbol);
  return symbol != NULL;
}

bool cuda_tool_find(void)
{
  if (grosr_device_probe("cuda") != 0) {
    fprintf(stderr, "the fake is not there: %s\n", grosr_last_error());
    return false;
  }
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (library == NULL || !find(library, "fake_cuda_live", &cuda_tool.fake_live) ||
      !find(library, "fake_cuda_reset", &cuda_tool.fake_reset) ||
      !find(library, "fake_cuda_calls", &cuda_tool.fake_calls) ||
      !find(library, "fake_cuda_faults", &cuda_tool.fake_faults) ||
      !find(library, "fake_cuda_depth", &cuda_tool.fake_depth) ||
      !find(library, "fake_cuda_hang", &cuda_tool.fake_hang)) {
    fprintf(stderr, "this is not the fake but a real libcuda.so.1\n");
    return false;
  }
  return true;
}

void cuda_tool_options(struct grosr_options *options)
{
  grosr_options_init(options);
  options->device = "cuda";
  options->image = &grosr_image_cudatest;
  options->teams = 3;
  options->idle_mode = GROSR_IDLE_LATENCY;
  options->completion_slots = 1024;
  options->runq_slots = 64;
  options->join_slots = 64;
  options->boot_ns_max = 5000000000u;
}
