/* test_cuda_image.c - the ops of test_cuda_backend: small ones, one that fails, one that is stuck.
 *
 * Compiled for the CPU (the fake driver runs that) and, where there is nvcc, for GPUs (check_ptxas
 * reads the compiler's report on it). Next: test_cuda_backend.c. */
#include "include/grosr/device.h"

/* *arg0 = arg1 + arg2 */
GR_DEV int32_t add(struct gr_team *team)
{
  uint64_t *out = gr_arg_ptr(team, 0, uint64_t);
  if (gr_lane() == 0u) {
    *out = gr_arg_u64(team, 1) + gr_arg_u64(team, 2);
  }
  return GR_OK;
}

GR_DEV int32_t fail(struct gr_team *team)
{
  return -(int32_t)gr_arg_u64(team, 0);
}

/* Returns when the word at arg0 is not 0; the test decides whether that ever happens. */
GR_DEV int32_t stuck(struct gr_team *team)
{
  const gr_au64 *word = gr_arg_ptr(team, 0, gr_au64);
  while (gr_load_acquire_sys_u64(word) == 0u) {
    gr_pause();
  }
  return GR_OK;
}

#define TEST_OPS(OP) OP(add) OP(fail) OP(stuck)
GR_IMAGE(cudatest, TEST_OPS)
