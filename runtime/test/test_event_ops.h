/* test_event_ops.h - ops that signal events and wait for them, for test_image.c.
 *
 * words[0]: signalled, said before the signal; words[1]: tasks that waited and were run; words[2]:
 * of these, run too early. Next: test_device_event.c. */
#pragma once

/* words[0] += argument 2, then event argument 1 by as much. */
GR_DEV int32_t signal(struct gr_team *team)
{
  add_to(gr_arg_ptr(team, 0, uint64_t), gr_arg_u64(team, 2));
  return gr_event_signal_team(team, (uint32_t)gr_arg_u64(team, 1), (uint32_t)gr_arg_u64(team, 2));
}

/* It has waited until words[0] was at least argument 1. */
GR_DEV int32_t arrive(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  const uint64_t seen = gr_load_relaxed_gpu_u64((gr_au64 *)words);
  add_to(words + 2, seen < gr_arg_u64(team, 1) ? 1u : 0u);
  add_to(words + 1, 1u);
  return GR_OK;
}

/* Submits `arrive` to wait until event argument 1 is at argument 2, argument 3 times, or until that
 * fails. Argument 3 of 0: an op that does not exist. */
GR_DEV int32_t after(struct gr_team *team)
{
  const uint32_t event = (uint32_t)gr_arg_u64(team, 1), value = (uint32_t)gr_arg_u64(team, 2);
  struct gr_task next = gr_task_make(team, GR_ID(arrive));
  int32_t status = GR_OK;
  next.arg[0] = gr_arg_u64(team, 0);
  next.arg[1] = value;
  if (gr_arg_u64(team, 3) == 0u) {
    next.op = GR_OPS_MAX;
    return gr_submit_after_team(team, event, value, &next);
  }
  for (uint64_t i = 0u; status == GR_OK && i < gr_arg_u64(team, 3); i++) {
    status = gr_submit_after_team(team, event, value, &next);
  }
  return status;
}
