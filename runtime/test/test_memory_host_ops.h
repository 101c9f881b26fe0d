/* test_memory_host_ops.h - the ops of test_image.c that allocate for test_device_memory_host.c.
 * Argument 0 is the address of 64-bit words in shared memory. Next: test_device_memory_host.c. */
#pragma once

/* Allocates argument 2 times argument 1 bytes; their addresses are in words[0] on. Returns how
 * many, or why none. */
GR_DEV_APART int32_t memory_keep(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  int32_t many = 0;
  if (gr_lane() == 0u) {
    for (uint64_t i = 0u; i < gr_arg_u64(team, 2); i++) {
      void *p = gr_alloc(team, gr_arg_u64(team, 1));
      if (p == NULL) {
        break;
      }
      words[i] = (uint64_t)(uintptr_t)p;
      many++;
    }
    many = many != 0 ? many : gr_alloc_why(team);
  }
  return many;
}
GR_DEV int32_t keep(struct gr_team *team)
{
  return memory_keep(team);
}
/* The same by another name. */
GR_DEV int32_t forget(struct gr_team *team)
{
  return memory_keep(team);
}

/* Frees argument 1; returns what gr_free did. */
GR_DEV int32_t let_go(struct gr_team *team)
{
  return gr_lane() == 0u ? gr_free(team, gr_arg_ptr(team, 1, void)) : GR_OK;
}

/* Argument 2 bytes at argument 1 become argument 3. */
GR_DEV int32_t poke(struct gr_team *team)
{
  unsigned char *at = gr_arg_ptr(team, 1, unsigned char);
  for (uint64_t i = gr_lane(); i < gr_arg_u64(team, 2); i += gr_lanes()) {
    at[i] = (unsigned char)gr_arg_u64(team, 3);
  }
  return GR_OK;
}

/* The sum of the argument 2 bytes at argument 1, into words[0]. */
GR_DEV int32_t total(struct gr_team *team)
{
  const unsigned char *at = gr_arg_ptr(team, 1, const unsigned char);
  uint64_t sum = 0u;
  for (uint64_t i = gr_lane(); i < gr_arg_u64(team, 2); i += gr_lanes()) {
    sum += at[i];
  }
  sum = gr_team_sum_u64(team, sum);
  if (gr_lane() == 0u) {
    *gr_arg_ptr(team, 0, uint64_t) = sum;
  }
  return GR_OK;
}

/* Any lane. Allocates, fills, looks at and frees objects of its own sizes, argument 2 times. What
 * went wrong. */
GR_DEV_APART uint64_t memory_crowd(struct gr_team *team)
{
  uint64_t wrong = 0u, seed = gr_arg_u64(team, 1) * 0x9e3779b97f4a7c15ull + gr_lane() + 1u;
  for (uint64_t round = 0u; round < gr_arg_u64(team, 2); round++) {
    unsigned char *held[4];
    for (uint32_t i = 0u; i < 4u; i++) {
      seed = seed * 6364136223846793005ull + 1442695040888963407ull;
      const uint64_t bytes = 1u + (seed >> 40) % (gr_lane() % 8u == 0u ? 900u : 100u);
      held[i] = (unsigned char *)gr_alloc(team, bytes);
      wrong += held[i] == NULL ? 1u : 0u;
      if (held[i] != NULL) {
        held[i][0] = held[i][bytes - 1u] = (unsigned char)(gr_lane() + i);
      }
    }
    for (uint32_t i = 0u; i < 4u; i++) {
      wrong += held[i] != NULL && held[i][0] != (unsigned char)(gr_lane() + i) ? 1u : 0u;
      wrong += gr_free(team, held[i]) != GR_OK ? 1u : 0u;
    }
  }
  return wrong;
}
/* Adds to words[0] what went wrong with that in any lane. */
GR_DEV int32_t crowd(struct gr_team *team)
{
  const uint64_t wrong = gr_team_sum_u64(team, memory_crowd(team));
  add_to(gr_arg_ptr(team, 0, uint64_t), wrong);
  return GR_OK;
}
