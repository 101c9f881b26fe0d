/* test_cuda_tool.c - the state of the program test_cuda_backend, and its smallest device.
 *
 * Where no GPU code of the image is linked in, a stand-in for it is here: the fake driver looks
 * only at its magic number.
 *
 * Next: test_cuda_refuse.c. */
#include "test_cuda_tool.h"

#if !defined(GR_TEST_DEVICE)
/* Stands for the image's GPU code, which the fake only weighs in its hand. */
extern const unsigned char grosr_fatbin_cudatest[];
extern const unsigned char grosr_fatbin_cudatest_end[];
const unsigned char grosr_fatbin_cudatest[64]
    __attribute__((aligned(64))) = {0x50, 0xed, 0x55, 0xba};
const unsigned char grosr_fatbin_cudatest_end[1] = {0};
#endif

struct cuda_tool cuda_tool = {"", 0, NULL, NULL};

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
