/* exp3_cpu_slab.c - the device's own allocator behind one pointer, as the other CPU variants are
 * (exp3.h, struct exp3_calls). For device cpu alone. Next: exp3_variants.c */
#include <grosr/device.h>

#include "exp3_cpu.h"

static void *slab_alloc(uint64_t bytes, void *self)
{
  return gr_alloc((struct gr_team *)self, bytes);
}
static void slab_free(void *p, void *self)
{
  gr_free((struct gr_team *)self, p); /* what it refuses is counted, and looked for at the end */
}

static void *bitmap_alloc(uint64_t bytes, void *self)
{
  return gr_run_alloc((struct gr_team *)self, bytes, 1u);
}
static void bitmap_free(void *p, void *self)
{
  gr_run_free((struct gr_team *)self, p);
}

static uint64_t usable(void *p, void *self)
{
  return gr_alloc_bytes((struct gr_team *)self, p);
}

const struct exp3_calls exp3_slab_calls = {slab_alloc, slab_free, usable, NULL, 0};
const struct exp3_calls exp3_bitmap_calls = {bitmap_alloc, bitmap_free, usable, NULL, 0};
