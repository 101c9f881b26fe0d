/* exp1_baseline_image.c - plain kernels: the body for streams, graphs and dependent launches, and
 * the two floors. Compiled by nvcc only; host side in exp1_cuda.c and exp1_cuda_floor.c.
 *
 * Each kernel is one warp or one thread; only lane 0 has work. No kernel waits without a bound: the
 * floors give up after SILENCE_NS of the device's clock, or SPINS_MAX polls.
 *
 * Next: exp1_cuda.c */
#include "port/port.h"
#include "port/port_cuda_launch.h"

#include "exp1_body.h"
#include "exp1_cuda_record.h"

#define SILENCE_NS 2000000000u
#define SPINS_MAX  50000000u

GR_KERNEL exp1_body(uint64_t *out, uint64_t a, uint64_t b, uint64_t c)
{
  if (gr_lane() == 0u) {
    EXP1_BODY(out, a, b, c);
  }
}

GR_KERNEL exp1_body_timed(uint64_t *out, uint64_t a, uint64_t b, uint64_t c)
{
  if (gr_lane() == 0u) {
    EXP1_BODY_TIMED(out, a, b, c, gr_clock_ns);
  }
}

/* The next kernel of the stream may start while this one runs; its store waits for our end. */
GR_KERNEL exp1_body_pdl(uint64_t *out, uint64_t a, uint64_t b, uint64_t c)
{
  gr_pdl_trigger();
  gr_pdl_wait();
  if (gr_lane() == 0u) {
    EXP1_BODY(out, a, b, c);
  }
}

/* Answers each new request until EXP1_STOP or silence. */
GR_KERNEL exp1_flag(struct exp1_flag *flag, uint64_t timed)
{
  gr_au64 *request = (gr_au64 *)&flag->request;
  gr_au64 *answer = (gr_au64 *)&flag->answer;
  uint64_t last = 0u;
  uint64_t heard_ns = gr_clock_ns();
  for (;;) {
    const uint64_t now = gr_load_acquire_sys_u64(request);
    if (now == EXP1_STOP) {
      return;
    }
    if (now != last) {
      heard_ns = timed ? gr_clock_ns() : heard_ns;
      gr_store_release_sys_u64(answer, timed ? heard_ns : now);
      heard_ns = timed ? heard_ns : gr_clock_ns();
      last = now;
    } else if (gr_clock_ns() - heard_ns > SILENCE_NS) {
      return;
    }
  }
}

GR_DEV bool exp1_wait_for(gr_au32 *word, uint32_t value)
{
  for (uint32_t spins = 0u; spins < SPINS_MAX; spins++) {
    if (gr_load_acquire_gpu_u32(word) == value) {
      return true;
    }
  }
  return false;
}

/* Two blocks of one thread: block 0 serves and times, block 1 returns. */
GR_KERNEL exp1_l2(struct exp1_lines *lines, uint32_t batches)
{
  gr_au32 *ping = (gr_au32 *)&lines->ping;
  gr_au32 *pong = (gr_au32 *)&lines->pong;
  uint32_t count = 0u;
  for (uint32_t batch = 0u; batch < batches; batch++) {
    const uint64_t begin_ns = gr_clock_ns();
    for (uint32_t trip = 0u; trip < EXP1_L2_TRIPS; trip++) {
      count++;
      if (gr_block() == 0u) {
        gr_store_release_gpu_u32(ping, count);
      }
      if (!exp1_wait_for(gr_block() == 0u ? pong : ping, count)) {
        lines->error = count;
        return;
      }
      if (gr_block() != 0u) {
        gr_store_release_gpu_u32(pong, count);
      }
    }
    if (gr_block() == 0u) {
      lines->batch_ns[batch] = gr_clock_ns() - begin_ns;
    }
  }
}
