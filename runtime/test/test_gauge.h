/* test_gauge.h - the op that sees how many of its kind run at once; part of test_image.c.
 *
 * words[0]: how many run now; words[1]: the most that ever did; words[2] += 1 after argument 1 ns.
 * Next: test_image.c */
#pragma once

GR_DEV int32_t gauge(struct gr_team *team)
{
  gr_au64 *words = gr_arg_ptr(team, 0, gr_au64);
  if (gr_lane() == 0u) {
    const uint64_t running = gr_add_relaxed_gpu_u64(&words[0], 1u) + 1u;
    uint64_t most = gr_load_relaxed_gpu_u64(&words[1]);
    while (most < running) {
      const uint64_t seen = gr_cas_relaxed_gpu_u64(&words[1], most, running);
      most = seen == most ? running : seen;
    }
    const uint64_t end_ns = gr_clock_ns() + gr_arg_u64(team, 1);
    while (gr_clock_ns() < end_ns) {
      gr_yield(); /* the others are to run meanwhile */
    }
    gr_add_relaxed_gpu_u64(&words[2], 1u);
    gr_add_relaxed_gpu_u64(&words[0], ~0ull);
  }
  gr_team_barrier();
  return GR_OK;
}
