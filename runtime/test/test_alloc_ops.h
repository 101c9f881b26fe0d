/* test_alloc_ops.h - many objects at once, and ops that wait for memory, for test_image.c.
 *
 * words[0]: objects seen right; words[1]: first of the hoarded runs; words[2]: times that an op was
 * told to wait; words[3]: ops that got what they wanted. Next: test_device_alloc.c. */
#pragma once

/* Bytes of object i: argument 1, or, if that is 0, sizes of all kinds. */
GR_DEV uint64_t many_bytes(uint64_t bytes, uint64_t i)
{
  return bytes != 0u ? bytes : 8u + i * i % 20011u;
}

GR_DEV void many_check(struct gr_team *team, void **object, uint64_t bytes, uint64_t count)
{
  uint64_t right = 0u;
  for (uint64_t i = gr_lane(); i < count; i += gr_lanes()) {
    uint64_t *first = (uint64_t *)object[i];
    uint64_t *last = first + many_bytes(bytes, i) / 8u - 1u;
    *first = *last = i;
  }
  gr_team_barrier();
  for (uint64_t i = gr_lane(); i < count; i += gr_lanes()) {
    const uint64_t mine = count - 1u - i; /* another lane's */
    const uint64_t *first = (const uint64_t *)object[mine];
    right += *first == mine && first[many_bytes(bytes, mine) / 8u - 1u] == mine ? 1u : 0u;
  }
  add_to(gr_arg_ptr(team, 0, uint64_t), gr_team_sum_u64(team, right));
}

/* Argument 2 objects at once, written, read by others, and freed: half one by one. */
GR_DEV int32_t many(struct gr_team *team)
{
  const uint64_t bytes = gr_arg_u64(team, 1), count = gr_arg_u64(team, 2);
  void *table = NULL;
  if (gr_lane() == 0u) {
    table = gr_alloc(team, count * 16u);
  }
  void **object = (void **)(uintptr_t)gr_team_broadcast_u64(team, (uint64_t)(uintptr_t)table);
  uint64_t *sizes = (uint64_t *)(object + count);
  for (uint64_t i = gr_lane(); i < count; i += gr_lanes()) {
    sizes[i] = many_bytes(bytes, i);
  }
  gr_team_barrier();
  int32_t status = bytes != 0u ? gr_alloc_many_team(team, bytes, count, object)
                               : gr_alloc_each_team(team, sizes, count, object);
  if (status == GR_OK) {
    many_check(team, object, bytes, count);
    status = gr_free_many_team(team, count / 2u, object);
    for (uint64_t i = count / 2u + gr_lane(); i < count; i += gr_lanes()) {
      gr_free(team, object[i]);
    }
  } else {
    uint64_t left = 0u;
    for (uint64_t i = gr_lane(); i < count; i += gr_lanes()) {
      left += object[i] != NULL ? 1u : 0u;
    }
    add_to(gr_arg_ptr(team, 0, uint64_t), gr_team_sum_u64(team, left));
  }
  gr_team_barrier();
  if (gr_lane() == 0u) {
    gr_free(team, table);
  }
  return status;
}

/* Takes all memory, in runs, and keeps it. Returns how many. */
GR_DEV int32_t hoard(struct gr_team *team)
{
  uint64_t count = 0u;
  if (gr_lane() == 0u) {
    uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
    for (uint64_t bytes = 1u << 16; bytes >= 16u; bytes /= 2u) {
      uint64_t *run = (uint64_t *)gr_alloc(team, bytes);
      for (; run != NULL; run = (uint64_t *)gr_alloc(team, bytes)) {
        *run = words[1];
        words[1] = (uint64_t)(uintptr_t)run;
        count++;
      }
    }
  }
  return (int32_t)gr_team_broadcast_u64(team, count);
}

/* Gives argument 1 of the runs back. */
GR_DEV int32_t unhoard(struct gr_team *team)
{
  if (gr_lane() == 0u) {
    uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
    for (uint64_t i = 0u; i < gr_arg_u64(team, 1) && words[1] != 0u; i++) {
      uint64_t *run = (uint64_t *)(uintptr_t)words[1];
      words[1] = *run;
      gr_free(team, run);
    }
  }
  return GR_OK;
}

/* Wants argument 1 bytes, and waits for them if it must; frees them again. Returns 5. */
GR_DEV int32_t patient(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  struct gr_task then = gr_task_make(team, GR_ID(patient));
  int32_t status = GR_OK;
  then.arg[0] = gr_arg_u64(team, 0);
  then.arg[1] = gr_arg_u64(team, 1);
  uint64_t *p = (uint64_t *)gr_alloc_or_wait_team(team, gr_arg_u64(team, 1), &then, &status);
  if (p == NULL) {
    add_to(words + 2, status == GR_OK ? 1u : 0u);
    return status;
  }
  gr_team_barrier();
  if (gr_lane() == 0u) {
    *p = 1u;
    status = gr_free(team, p);
  }
  add_to(words + 3, 1u);
  return gr_team_broadcast_u64(team, (uint64_t)status) == 0u ? 5 : -1;
}
