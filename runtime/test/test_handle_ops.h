/* test_handle_ops.h - a table of handles, thinned out, compacted and looked at, for test_image.c.
 *
 * words[0]: the table; words[1]: handles, one after another; words[2]: how many; words[3]: objects
 * seen right; words[4]: slices of the compactor; words[5]: 1: it has found nothing left to move.
 * Object i has 16 + i * argument 1 % 3000 bytes, whose first word is i, and whose second counts
 * who touched it. Next: test_device_handle.c. */
#pragma once

/* Argument 2 objects. */
GR_DEV int32_t handle_fill(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  uint64_t made = 0u;
  if (gr_lane() == 0u) {
    const uint64_t count = gr_arg_u64(team, 2);
    /* What does not move lies below what does, wherever this team looked last. */
    gr_store_relaxed_gpu_u32(&team->heap.hint, 0u);
    struct gr_handles *t = gr_handles_open(team, (uint32_t)count);
    uint64_t *handle = (uint64_t *)gr_alloc(team, count * 8u);
    for (; made < count && handle != NULL; made++) {
      handle[made] = gr_handle_alloc(team, t, 16u + made * gr_arg_u64(team, 1) % 3000u);
      uint64_t *p = (uint64_t *)gr_handle_pin(team, t, handle[made]);
      if (p == NULL) {
        break;
      }
      p[0] = made;
      p[1] = 0u;
      gr_handle_unpin(t, handle[made]);
    }
    words[0] = (uint64_t)(uintptr_t)t;
    words[1] = (uint64_t)(uintptr_t)handle;
    words[2] = made;
  }
  return (int32_t)gr_team_broadcast_u64(team, made);
}

/* Frees all but every argument 1st. */
GR_DEV int32_t handle_thin(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  struct gr_handles *t = (struct gr_handles *)(uintptr_t)words[0];
  uint64_t *handle = (uint64_t *)(uintptr_t)words[1];
  uint64_t worst = 0u;
  for (uint64_t i = gr_lane(); i < words[2]; i += gr_lanes()) {
    if (i % gr_arg_u64(team, 1) != 0u) {
      worst |= (uint64_t)-gr_handle_free(team, t, handle[i]);
    }
  }
  return -(int32_t)gr_team_max_u64(team, worst);
}

/* The daemon: a slice, then the next as a task of its own. */
GR_DEV int32_t handle_compact(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  const int32_t status =
      gr_handles_compact_team(team, (struct gr_handles *)(uintptr_t)words[0], 100u);
  if (gr_lane() == 0u) {
    words[4]++;
    words[5] = status == GR_E_NOENT ? 1u : 0u;
  }
  if (status < 0) {
    return GR_OK;
  }
  struct gr_task next = gr_task_make(team, GR_ID(handle_compact));
  next.arg[0] = gr_arg_u64(team, 0);
  return gr_submit_team(team, &next);
}

/* Counts each that is left, argument 1 times, while the compactor may be at work. */
GR_DEV int32_t handle_touch(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  struct gr_handles *t = (struct gr_handles *)(uintptr_t)words[0];
  uint64_t *handle = (uint64_t *)(uintptr_t)words[1];
  uint64_t right = 0u;
  for (uint64_t round = 0u; round < gr_arg_u64(team, 1); round++) {
    for (uint64_t i = gr_lane(); i < words[2]; i += gr_lanes()) {
      uint64_t *p = (uint64_t *)gr_handle_pin(team, t, handle[i]);
      if (p != NULL) {
        right += p[0] == i ? 1u : 0u;
        gr_add_relaxed_gpu_u64((gr_au64 *)&p[1], 1u);
        gr_handle_unpin(t, handle[i]);
      }
    }
  }
  add_to(words + 3, gr_team_sum_u64(team, right));
  return GR_OK;
}

/* How many have been touched argument 1 times. */
GR_DEV int32_t handle_count(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  struct gr_handles *t = (struct gr_handles *)(uintptr_t)words[0];
  uint64_t *handle = (uint64_t *)(uintptr_t)words[1];
  uint64_t right = 0u;
  for (uint64_t i = gr_lane(); i < words[2]; i += gr_lanes()) {
    uint64_t *p = (uint64_t *)gr_handle_pin(team, t, handle[i]);
    if (p != NULL) {
      right += p[0] == i && p[1] == gr_arg_u64(team, 1) ? 1u : 0u;
      gr_handle_unpin(t, handle[i]);
    }
  }
  return (int32_t)gr_team_sum_u64(team, right);
}

/* Pages of the longest run that can be had. */
GR_DEV int32_t handle_longest(struct gr_team *team)
{
  uint64_t pages = 0u;
  if (gr_lane() == 0u) {
    for (uint64_t step = 1u << 12; step != 0u; step /= 2u) {
      void *p = gr_alloc(team, (pages + step) * 4096u);
      pages += p != NULL ? step : 0u;
      gr_free(team, p);
    }
  }
  return (int32_t)gr_team_broadcast_u64(team, pages);
}

/* Not an op. What a handle may not be used for. Returns how many answers were right: 9. */
GR_DEV int32_t handle_misuse(struct gr_team *team)
{
  uint64_t right = 0u;
  if (gr_lane() == 0u) {
    right += gr_handles_open(team, 0u) == NULL ? 1u : 0u;
    struct gr_handles *t = gr_handles_open(team, 1u);
    const uint64_t h = gr_handle_alloc(team, t, 100u);
    right += gr_handle_alloc(team, t, 100u) == 0u && gr_alloc_why(team) == GR_E_NOMEM ? 1u : 0u;
    right += gr_handle_unpin(t, h) == GR_E_STALE ? 1u : 0u;
    gr_handle_pin(team, t, h);
    right += gr_handle_free(team, t, h) == GR_E_BUSY ? 1u : 0u;
    gr_handle_unpin(t, h);
    right += gr_handle_free(team, t, h) == GR_OK ? 1u : 0u;
    right += gr_handle_free(team, t, h) == GR_E_STALE ? 1u : 0u;
    right += gr_handle_pin(team, t, h) == NULL && gr_handle_pin(team, t, 7u) == NULL ? 1u : 0u;
    right += gr_handle_alloc(team, t, 100u) != h ? 1u : 0u;
    right += gr_handles_close(team, t) == GR_OK ? 1u : 0u;
  }
  return (int32_t)gr_team_broadcast_u64(team, right);
}

/* Argument 1: not that, but handle_misuse. */
GR_DEV int32_t handle_close(struct gr_team *team)
{
  if (gr_arg_u64(team, 1) != 0u) {
    return handle_misuse(team);
  }
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  uint64_t status = 0u;
  if (gr_lane() == 0u) {
    status = (uint64_t)-gr_handles_close(team, (struct gr_handles *)(uintptr_t)words[0]);
    status |= (uint64_t)-gr_free(team, (void *)(uintptr_t)words[1]);
  }
  return -(int32_t)gr_team_broadcast_u64(team, status);
}
