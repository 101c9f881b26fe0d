/* test_memory_ops.h - lanes that allocate and free, rightly and wrongly, for test_image.c.
 *
 * words[0]: what was as it has to be, words[1]: what was not, each counted by lane; words[2]: a
 * reason; words[8 ... 39]: answers; words[64 + lane]: a pointer that the lane leaves for others.
 * Next: test_device_memory.c. */
#pragma once

#include "test_memory_choices.h"

GR_DEV bool lane_is_in(uint32_t choice, uint64_t round)
{
  const uint32_t lane = gr_lane(), at = lane % 32u;
  switch (choice) {
  case LANES_ODD:
    return lane % 2u == 1u || gr_lanes() == 1u;
  case LANES_FIRST:
    return at == 0u;
  case LANES_NOT_FIRST:
    return at != 0u || gr_lanes() == 1u;
  case LANES_SOME:
    return (lane_value(round, lane) >> 40) % 3u != 0u;
  default:
    return true;
  }
}

GR_DEV uint64_t lane_bytes(uint32_t sizes, uint64_t bytes, uint64_t round)
{
  const uint64_t lane = gr_lane(), random = lane_value(round, lane) >> 20;
  switch (sizes) {
  case SIZES_TWO:
    return lane % 2u == 0u ? bytes : bytes * 5u;
  case SIZES_CLASSES:
    return gr_class_bytes((uint32_t)(lane + round) % GR_CLASSES);
  case SIZES_RANDOM:
    return 8u + random % 3000u;
  case SIZES_RUNS:
    return GR_SLAB_BYTES_MAX + 1u + random % 30000u;
  default:
    return bytes;
  }
}

/* Counts what is true as right, and what is not as wrong. */
GR_DEV void lane_expect(uint64_t *words, bool is_right)
{
  gr_add_relaxed_gpu_u64((gr_au64 *)&words[is_right ? 0 : 1], 1u);
}

GR_DEV void lane_fill(uint64_t *p, uint64_t bytes, uint64_t value)
{
  for (uint64_t i = 0u; i < bytes / 8u; i++) {
    p[i] = value + i;
  }
}
GR_DEV bool lane_holds(const uint64_t *p, uint64_t bytes, uint64_t value)
{
  bool holds = true;
  for (uint64_t i = 0u; i < bytes / 8u; i++) {
    holds = holds && p[i] == value + i;
  }
  return holds;
}

/* Frees what lane `from` left, if it left something. */
GR_DEV void lane_release(struct gr_team *team, uint64_t *words, uint32_t from)
{
  uint64_t *p = (uint64_t *)(uintptr_t)words[64u + from];
  if (p != NULL) {
    lane_expect(words, gr_free(team, p) == GR_OK);
    words[64u + from] = 0u;
  }
}

/* Argument 1: rounds; 2: bytes; 3: lanes, sizes, frees. Each lane that is in allocates, fills, and
 * looks when all have: nobody else's is where its own is. */
GR_DEV int32_t each(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  const uint32_t lanes = (uint32_t)gr_arg_u64(team, 3) & 0xffu;
  const uint32_t sizes = (uint32_t)(gr_arg_u64(team, 3) >> 8) & 0xffu;
  const uint32_t frees = (uint32_t)(gr_arg_u64(team, 3) >> 16) & 0xffu;
  for (uint64_t round = 0u; round < gr_arg_u64(team, 1); round++) {
    const uint64_t bytes = lane_bytes(sizes, gr_arg_u64(team, 2), round);
    const uint64_t value = lane_value(round + 1000u * team->id, gr_lane());
    uint64_t *p = NULL;
    const bool is_in = lane_is_in(lanes, round);
    if (is_in) {
      p = (uint64_t *)gr_alloc(team, bytes);
      lane_expect(words, p != NULL && (uintptr_t)p % 16u == 0u && gr_alloc_bytes(team, p) >= bytes);
      if (p != NULL) {
        lane_fill(p, bytes, value);
      }
    }
    words[64u + gr_lane()] = (uint64_t)(uintptr_t)p;
    gr_team_barrier();
    if (p != NULL) {
      lane_expect(words, lane_holds(p, bytes, value));
    }
    gr_team_barrier();
    const uint32_t far = frees == FREES_OWN ? 0u : frees == FREES_NEXT ? 1u : 37u;
    if (frees != FREES_LATER) {
      lane_release(team, words, (gr_lane() + far) % gr_lanes());
    }
    gr_team_barrier();
  }
  return frees == FREES_LATER ? -5 : GR_OK; /* what an op allocates stays, also if it fails */
}

/* What `each` left; argument 1: the lane that it is from is so much farther. */
GR_DEV int32_t release(struct gr_team *team)
{
  lane_release(team, gr_arg_ptr(team, 0, uint64_t),
               (gr_lane() + (uint32_t)gr_arg_u64(team, 1)) % gr_lanes());
  return GR_OK;
}

/* Every lane makes one object grow and shrink, and aligned ones, and zeroed ones. */
GR_DEV int32_t reshape(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  const uint64_t value = lane_value(7u, gr_lane());
  uint64_t *p = NULL, had = 0u;
  for (uint64_t bytes = 8u; bytes <= 20000u; bytes = bytes * 5u / 2u + gr_lane() % 4u * 8u) {
    uint64_t *to = (uint64_t *)gr_realloc(team, p, bytes);
    lane_expect(words, to != NULL && lane_holds(to, had, value));
    if (to != NULL) {
      lane_fill(to, bytes, value);
      p = to;
      had = bytes;
    }
  }
  p = (uint64_t *)gr_realloc(team, p, 24u);
  lane_expect(words, p != NULL && lane_holds(p, 24u, value) && gr_free(team, p) == GR_OK);
  for (uint32_t shift = 4u; shift <= 14u; shift++) {
    const uint64_t align = (uint64_t)1 << (shift + gr_lane() % 2u);
    void *aligned = gr_alloc_aligned(team, 40u, align);
    lane_expect(words, aligned != NULL && (uintptr_t)aligned % align == 0u &&
                           gr_free(team, aligned) == GR_OK);
    uint64_t *zero = (uint64_t *)gr_calloc(team, shift, 40u);
    bool is_zero = zero != NULL;
    for (uint32_t i = 0u; is_zero && i < shift * 5u; i++) {
      is_zero = zero[i] == 0u;
    }
    lane_expect(words, is_zero);
    if (zero != NULL) {
      lane_fill(zero, shift * 40u, value);
      lane_expect(words, gr_free(team, zero) == GR_OK);
    }
  }
  return GR_OK;
}

/* One lane (argument 1) does what may not be done; the answers are words[8] on. Argument 2: an
 * object of another context. */
GR_DEV int32_t misuse(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  if (gr_lane() != gr_arg_u64(team, 1) % gr_lanes()) {
    return GR_OK;
  }
  unsigned char *slot = (unsigned char *)gr_alloc(team, 100u), *run;
  int32_t got[20], n = 0;
  run = (unsigned char *)gr_alloc(team, 20000u);
  got[n++] = gr_free(team, NULL);
  got[n++] = gr_free(team, words);
  got[n++] = gr_free(team, gr_arg_ptr(team, 2, unsigned char));
  got[n++] = gr_free(team, slot + 16);
  got[n++] = gr_free(team, slot + 1);
  got[n++] = gr_free(team, run + 8);
  got[n++] = gr_free(team, run + GR_PAGE_BYTES);
  got[n++] = gr_free(team, slot);
  got[n++] = gr_free(team, slot);
  got[n++] = gr_free(team, run);
  got[n++] = gr_free(team, run);
  got[n++] = gr_alloc(team, 0u) == NULL ? gr_alloc_why(team) : 0;
  got[n++] = gr_alloc(team, ~(uint64_t)0) == NULL ? gr_alloc_why(team) : 0;
  got[n++] = gr_alloc(team, team->dev->memory.bytes + 1u) == NULL ? gr_alloc_why(team) : 0;
  got[n++] = gr_alloc_aligned(team, 16u, 0u) == NULL ? gr_alloc_why(team) : 0;
  got[n++] = gr_alloc_aligned(team, 16u, 48u) == NULL ? gr_alloc_why(team) : 0;
  got[n++] = gr_alloc_aligned(team, 16u, (uint64_t)1 << 50) == NULL ? gr_alloc_why(team) : 0;
  got[n++] = gr_calloc(team, (uint64_t)1 << 40, (uint64_t)1 << 40) == NULL ? gr_alloc_why(team) : 0;
  got[n++] = gr_realloc(team, slot, 64u) == NULL ? gr_alloc_why(team) : 0;
  got[n++] = gr_alloc_bytes(team, slot) != 0u || gr_alloc_bytes(team, NULL) != 0u;
  for (int32_t i = 0; i < n; i++) {
    words[8 + i] = (uint64_t)(int64_t)got[i];
  }
  words[2] = (uint64_t)n;
  return GR_OK;
}

/* Every lane frees its own, and when all have, once more; then an inner address of another. */
GR_DEV int32_t misuse_all(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  unsigned char *p = (unsigned char *)gr_alloc(team, gr_arg_u64(team, 1));
  unsigned char *other = (unsigned char *)gr_alloc(team, 200u);
  gr_team_barrier();
  lane_expect(words, p != NULL && gr_free(team, p) == GR_OK);
  gr_team_barrier();
  lane_expect(words, gr_free(team, p) == GR_E_STALE);
  lane_expect(words, gr_free(team, other + 16) == GR_E_INVAL);
  gr_team_barrier();
  lane_expect(words, gr_free(team, other) == GR_OK);
  return GR_OK;
}

/* Every lane takes argument 1 bytes until there is no more, and keeps them in a chain. Returns how
 * many there are. */
GR_DEV int32_t devour(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  uint64_t count = 0u, last = 0u;
  for (;;) {
    uint64_t *p = (uint64_t *)gr_alloc(team, gr_arg_u64(team, 1));
    if (p == NULL) {
      const int32_t why = gr_alloc_why(team);
      lane_expect(words, why == GR_E_NOMEM || why == GR_E_AGAIN);
      break;
    }
    p[0] = last;
    p[1] = lane_value(count, gr_lane());
    last = (uint64_t)(uintptr_t)p;
    count++;
  }
  words[64u + gr_lane()] = last;
  return (int32_t)gr_team_sum_u64(team, count);
}

/* And gives them back: each what argument 1 lanes farther there is. */
GR_DEV int32_t disgorge(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  const uint32_t from = (gr_lane() + (uint32_t)gr_arg_u64(team, 1)) % gr_lanes();
  uint64_t count = 0u;
  for (uint64_t *p = (uint64_t *)(uintptr_t)words[64u + from]; p != NULL; count++) {
    uint64_t *next = (uint64_t *)(uintptr_t)p[0];
    if (gr_free(team, p) != GR_OK) {
      lane_expect(words, false);
    }
    p = next;
  }
  words[64u + from] = 0u;
  return (int32_t)gr_team_sum_u64(team, count);
}

/* All of the memory at once. words[0]: of its words, those that are 0; words[1]: the others.
 * Argument 1: written there. */
GR_DEV int32_t whole(struct gr_team *team)
{
  uint64_t *words = gr_arg_ptr(team, 0, uint64_t);
  const uint64_t bytes = team->dev->memory.bytes;
  uint64_t *p = NULL;
  if (gr_lane() == 0u) {
    p = (uint64_t *)gr_alloc(team, bytes);
    words[2] = (uint64_t)(int64_t)(p == NULL ? gr_alloc_why(team) : 0);
  }
  p = (uint64_t *)(uintptr_t)gr_team_broadcast_u64(team, (uint64_t)(uintptr_t)p);
  uint64_t zeroes = 0u;
  for (uint64_t i = gr_lane(); p != NULL && i < bytes / 8u; i += gr_lanes()) {
    zeroes += p[i] == 0u ? 1u : 0u;
    p[i] = gr_arg_u64(team, 1);
  }
  zeroes = gr_team_sum_u64(team, zeroes);
  int32_t status = p == NULL ? GR_E_NOMEM : GR_OK;
  if (gr_lane() == 0u && p != NULL) {
    words[0] = zeroes;
    words[1] = bytes / 8u - zeroes;
    status = gr_free(team, p);
  }
  return status;
}
