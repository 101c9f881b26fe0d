/* test_launch_image.c - ops that launch kernels (test_kernels.c), for test_device_launch.c.
 * Next: test_device_launch.c. */
#include <grosr/device.h>

#define LAUNCH_OPS(OP) OP(count) OP(fan) OP(total) OP(alone)
GR_OP_IDS(LAUNCH_OPS)

GR_DEV int32_t count(struct gr_team *team)
{
  if (gr_lane() == 0u) {
    gr_add_relaxed_gpu_u64(gr_arg_ptr(team, 0, gr_au64) + gr_arg_u64(team, 1), 1u);
  }
  return GR_OK;
}

/* Forks arg 2 launches, as arg 3 says, of a block each, that mark words[arg 1 ...]; then total. */
GR_DEV int32_t fan(struct gr_team *team)
{
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  const uint32_t n = (uint32_t)gr_arg_u64(team, 2);
  for (uint32_t i = gr_lane(); i < n; i += gr_lanes()) {
    children[i] = gr_launch_task(team, (uint32_t)gr_arg_u64(team, 3) & 0xffu,
                                 (uint32_t)(gr_arg_u64(team, 3) >> 8), 1u, 0u);
    children[i].arg[0] = gr_arg_u64(team, 0);
    children[i].arg[1] = gr_arg_u64(team, 1) + i;
  }
  gr_team_barrier();
  struct gr_task then = gr_task_make(team, GR_ID(total));
  then.arg[0] = gr_arg_u64(team, 0);
  then.arg[1] = gr_arg_u64(team, 1);
  then.arg[2] = n;
  return gr_fork_team(team, children, n, &then);
}

/* Returns the sum of words[arg 1 ... + arg 2]. */
GR_DEV int32_t total(struct gr_team *team)
{
  const uint64_t *words = gr_arg_ptr(team, 0, uint64_t) + gr_arg_u64(team, 1);
  uint64_t sum = 0u;
  for (uint64_t i = gr_lane(); i < gr_arg_u64(team, 2); i += gr_lanes()) {
    sum += words[i];
  }
  return (int32_t)gr_team_sum_u64(team, sum);
}

/* Launches kernel arg 2, which nobody waits for. */
GR_DEV int32_t alone(struct gr_team *team)
{
  struct gr_task launch = gr_launch_task(team, (uint32_t)gr_arg_u64(team, 2), GR_LAUNCH_SIBLING, 1u,
                                         0u);
  launch.arg[0] = gr_arg_u64(team, 0);
  launch.arg[1] = gr_arg_u64(team, 1);
  return gr_submit_team(team, &launch);
}

GR_IMAGE(launch_test, LAUNCH_OPS)
