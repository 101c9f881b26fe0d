/* realloc.h - memory that is aligned, zeroed, or to become larger or smaller: made of gr_alloc and
 * gr_free, and a part of alloc.h, which says what each answers.
 *
 * Next: alloc_debug.h. */
#pragma once

#include "device/alloc.h"

/* Of slots that have room for `bytes` and lie at multiples of `align`; GR_CLASSES: none. */
GR_DEV uint32_t gr_class_aligned(uint64_t bytes, uint64_t align)
{
  /* Blocks begin with a page, so a slot is aligned to what its size is a multiple of. */
  for (uint64_t size = bytes < align ? align : bytes;
       size <= GR_SLAB_BYTES_MAX && align <= GR_PAGE_BYTES; size++) {
    const uint32_t class_ = gr_class_of(size);
    size = gr_class_bytes(class_); /* all sizes up to it are of this class */
    if (size % align == 0u) {
      return class_;
    }
  }
  return GR_CLASSES;
}

/* `align` is a power of two, up to the whole memory. */
GR_DEV void *gr_alloc_aligned(struct gr_team *team, uint64_t bytes, uint64_t align)
{
  const struct gr_memory *m = &team->dev->memory;
  if (bytes == 0u || align == 0u || (align & (align - 1u)) != 0u || align > m->bytes) {
    gr_heap_say(team, GR_E_INVAL);
    return NULL;
  }
  if (m->debug != 0u) {
    return gr_debug_alloc(team, bytes, align);
  }
  const uint32_t class_ = gr_class_aligned(bytes, align);
  if (class_ != GR_CLASSES) {
    return gr_slot_alloc(team, class_);
  }
  return gr_run_alloc(team, bytes, align > GR_PAGE_BYTES ? (uint32_t)(align >> GR_PAGE_SHIFT) : 1u);
}

GR_DEV_APART void *gr_calloc(struct gr_team *team, uint64_t count, uint64_t bytes)
{
  if (count != 0u && bytes > UINT64_MAX / count) {
    gr_heap_say(team, GR_E_NOMEM);
    return NULL;
  }
  const uint64_t all = count * bytes;
  uint64_t *words = (uint64_t *)gr_alloc(team, all);
  for (uint64_t i = 0u; words != NULL && i < all / 8u; i++) {
    words[i] = 0u;
  }
  for (uint64_t i = all & ~(uint64_t)7u; words != NULL && i < all; i++) {
    ((unsigned char *)words)[i] = 0u;
  }
  return words;
}

/* NULL and a size is gr_alloc, a pointer and no size gr_free. If there is no memory the answer is
 * NULL and p is as it was. */
GR_DEV_APART void *gr_realloc(struct gr_team *team, void *p, uint64_t bytes)
{
  const uint64_t have = p != NULL ? gr_alloc_bytes(team, p) : 0u;
  if (p != NULL && (have == 0u || bytes == 0u)) {
    gr_free(team, p); /* no object: which is an error, and noted */
    gr_heap_say(team, have == 0u ? GR_E_FAULT : GR_OK);
    return NULL;
  }
  if (p != NULL && bytes <= have && bytes > have / 2u && team->dev->memory.debug == 0u) {
    return p;
  }
  uint64_t *to = (uint64_t *)gr_alloc(team, bytes);
  if (to != NULL && p != NULL) {
    const uint64_t *from = (const uint64_t *)p;
    const uint64_t all = bytes < have ? bytes : have;
    for (uint64_t i = 0u; i < all / 8u; i++) {
      to[i] = from[i];
    }
    for (uint64_t i = all & ~(uint64_t)7u; i < all; i++) {
      ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
    }
    gr_free(team, p);
  }
  return to;
}
