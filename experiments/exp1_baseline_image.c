/* exp1_baseline_image.c - plain kernels: the body for streams, graphs and dependent launches, the
 * two floors, and the nodes of replayed graphs. Compiled by nvcc only; host side in exp1_cuda.c,
 * exp1_cuda_floor.c and exp1_cuda_replay.c.
 *
 * Each kernel is one warp or one thread; only lane 0 has work. No kernel waits without a bound: the
 * floors give up after SILENCE_NS of the device's clock, or SPINS_MAX polls.
 *
 * Next: exp1_cuda.c */
#include "port/port.h"
#include "port/port_cuda_launch.h"

#include "exp1_body.h"
#include "exp1_cuda_record.h"
#include "exp1_node.h"

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

GR_KERNEL exp1_node(struct exp1_cell *cell, uint64_t place, uint64_t work_ns, uint64_t how)
{
  if (gr_lane() == 0u) {
    exp1_node_run(cell, place, work_ns, how);
  }
}

GR_KERNEL exp1_node_pdl(struct exp1_cell *cell, uint64_t place, uint64_t work_ns, uint64_t how)
{
  gr_pdl_trigger();
  gr_pdl_wait(); /* the kernel before has ended, so all before that have */
  if (gr_lane() == 0u) {
    exp1_node_run(cell, place, work_ns, how);
  }
}

/* One lane of each block. All blocks have come here `count` times. */
GR_DEV bool exp1_grid_barrier(struct exp1_grid *grid, uint32_t count)
{
  gr_au32 *arrived = (gr_au32 *)&grid->arrived;
  const uint32_t all = count * grid->blocks;
  gr_add_acqrel_gpu_u32(arrived, 1u);
  for (uint32_t spins = 0u; spins < SPINS_MAX; spins++) {
    if ((int32_t)(gr_load_acquire_gpu_u32(arrived) - all) >= 0) {
      return true;
    }
  }
  grid->error = count;
  return false;
}

/* A whole graph in one cooperative kernel, a barrier of all blocks wherever nodes depend on nodes.
 * `arrived` is 0 at its start. */
GR_KERNEL exp1_node_grid(struct exp1_cell *cell, struct exp1_grid *grid, uint64_t work_ns,
                         uint64_t how)
{
  const uint64_t nodes = grid->nodes;
  const bool is_fan = grid->is_fan != 0u;
  uint32_t barriers = 0u;
  uint64_t first = 0u;
  if (gr_lane() != 0u) {
    return;
  }
  while (first < nodes) { /* nodes first ... last - 1 depend on none of each other */
    const uint64_t last = is_fan && first == 1u ? nodes - 1u : first + 1u;
    const uint64_t mine = first + (gr_block() + grid->blocks - first % grid->blocks) % grid->blocks;
    for (uint64_t i = mine; i < last; i += grid->blocks) {
      exp1_node_run(cell, i | nodes << 32, work_ns, exp1_node_how(nodes, is_fan, i, how));
    }
    if (!exp1_grid_barrier(grid, ++barriers)) {
      return;
    }
    first = last;
  }
}
