/* exp3_other_example.h - how another project's allocator becomes the variant `other` of exp3, and
 * an allocator to show it with: lists of powers of two, under one lock.
 *
 *   meson setup build -Dexp3_other=/path/of/adapter.h -Dexp3_other_args=-isystem,/path/of/project
 *
 * The adapter is a header that defines the three functions below and includes what they need. nvcc
 * compiles it as CUDA C++17, where that project's sources are, and the C compiler as C11: there an
 * adapter without a side for the CPU defines EXP3_OTHER_CUDA_ONLY and nothing else. What a project
 * sets up from the host, an adapter has to do in exp3_other_begin. -isystem keeps the warnings of a
 * project's headers from being errors.
 *
 * Objects have to be aligned to 8 bytes. Loads, and what is checked, are those of every variant.
 * Next: exp3_variants.c */
#pragma once

#include <grosr/device.h>

#define EXAMPLE_LISTS  48u /* of objects of 1 << i bytes */
#define EXAMPLE_HEADER 16u /* before each object: its list */

struct example_heap {
  gr_au32 lock;
  unsigned char *next, *end; /* what was never used */
  void *free[EXAMPLE_LISTS];
};

/* One team, converged, before any other call: `memory`, aligned to 4096 and not cleared, is all
 * that there is. False: it cannot be used. */
GR_DEV bool exp3_other_begin(struct gr_team *team, void *memory, uint64_t bytes)
{
  struct example_heap *heap = (struct example_heap *)memory;
  (void)team;
  if (bytes < sizeof(*heap)) {
    return false;
  }
  if (gr_lane() == 0u) {
    gr_store_relaxed_gpu_u32(&heap->lock, 0u);
    heap->next = (unsigned char *)memory + (sizeof(*heap) + 15u) / 16u * 16u;
    heap->end = (unsigned char *)memory + bytes;
    for (uint32_t i = 0u; i < EXAMPLE_LISTS; i++) {
      heap->free[i] = NULL;
    }
  }
  return true;
}

/* Any lane, also of a diverged warp. NULL: there is no memory. */
GR_DEV void *exp3_other_alloc(void *memory, uint64_t bytes)
{
  struct example_heap *heap = (struct example_heap *)memory;
  const uint32_t list = gr_bits_highest_u64(bytes + EXAMPLE_HEADER - 1u) + 1u;
  unsigned char *p = NULL;
  for (bool is_done = false; !is_done;) { /* who has the lock leaves the loop with it given back */
    if (gr_cas_acquire_gpu_u32(&heap->lock, 0u, 1u) != 0u) {
      gr_pause();
      continue;
    }
    p = (unsigned char *)heap->free[list];
    if (p != NULL) {
      heap->free[list] = *(void **)(void *)(p + EXAMPLE_HEADER);
    } else if ((uint64_t)(heap->end - heap->next) >> list != 0u) {
      p = heap->next;
      heap->next += (uint64_t)1 << list;
    }
    gr_store_release_gpu_u32(&heap->lock, 0u);
    is_done = true;
  }
  if (p == NULL) {
    return NULL;
  }
  *(uint64_t *)(void *)p = list;
  return p + EXAMPLE_HEADER;
}

/* Any lane; p: of exp3_other_alloc, once. */
GR_DEV void exp3_other_free(void *memory, void *p)
{
  struct example_heap *heap = (struct example_heap *)memory;
  unsigned char *object = (unsigned char *)p - EXAMPLE_HEADER;
  const uint64_t list = *(uint64_t *)(void *)object;
  for (bool is_done = false; !is_done;) {
    if (gr_cas_acquire_gpu_u32(&heap->lock, 0u, 1u) != 0u) {
      gr_pause();
      continue;
    }
    *(void **)p = heap->free[list];
    heap->free[list] = object;
    gr_store_release_gpu_u32(&heap->lock, 0u);
    is_done = true;
  }
}
