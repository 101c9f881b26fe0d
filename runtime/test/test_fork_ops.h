/* test_fork_ops.h - a tree of forks, for test_image.c, each op of which does its leaves itself if
 * it finds no room to fork.
 *
 * words[0]: leaves done; words[1]: continuations run; words[2]: leaves without a task of their own.
 * Next: test_device_fork.c. */
#pragma once

/* Argument 1: its leaves. It forks argument 2 others that share them, or does them itself. */
GR_DEV int32_t divide(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  const uint64_t leaves = gr_arg_u64(team, 1);
  if (leaves == 1u) {
    add_to(words, 1u);
    return GR_OK;
  }
  struct gr_task *children = (struct gr_task *)gr_scratch(team);
  const uint64_t fan = gr_arg_u64(team, 2) < leaves ? gr_arg_u64(team, 2) : leaves;
  for (uint64_t i = gr_lane(); i < fan; i += gr_lanes()) {
    children[i] = gr_task_make(team, GR_ID(divide));
    children[i].arg[0] = gr_arg_u64(team, 0);
    children[i].arg[1] = leaves * (i + 1u) / fan - leaves * i / fan;
    children[i].arg[2] = gr_arg_u64(team, 2);
  }
  struct gr_task next = gr_task_make(team, GR_ID(divided));
  next.arg[0] = gr_arg_u64(team, 0);
  const int32_t status = gr_fork_team(team, children, (uint32_t)fan, &next);
  if (status != GR_E_AGAIN && status != GR_E_NOMEM) {
    return status;
  }
  add_to(words, leaves);
  add_to(words + 2, leaves);
  return GR_OK;
}

GR_DEV int32_t divided(struct gr_team *team)
{
  add_to(gr_arg_ptr(team, 0, uint64_t) + 1, 1u);
  return GR_OK;
}
