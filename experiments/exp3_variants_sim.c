/* exp3_variants_sim.c - exp3 on device sim: the device's own allocator alone, at tiny sizes, with
 * teams of several lanes. See exp3_variants.c. Next: exp3_allocator.c */
#include "exp3_variants.h"

GROSR_IMAGE(exp3_slab);
GROSR_IMAGE(exp3_bitmap);

#define PAGE_BYTES 4096u

static int choose_slab(struct hx_point *point, uint64_t bytes, uint64_t live_bytes, uint32_t teams,
                       struct exp3_way *way)
{
  (void)point;
  (void)bytes;
  (void)live_bytes;
  (void)teams;
  *way = (struct exp3_way){.image = &grosr_image_exp3_slab, .bytes_least = 1};
  return 0;
}
static int choose_bitmap(struct hx_point *point, uint64_t bytes, uint64_t live_bytes,
                         uint32_t teams, struct exp3_way *way)
{
  const int result = choose_slab(point, bytes, live_bytes, teams, way);
  way->image = &grosr_image_exp3_bitmap;
  way->bytes_least = PAGE_BYTES;
  return result;
}

#define MEASURE(name, measure, way)                                                                \
  static int name(struct hx_point *point)                                                          \
  {                                                                                                \
    return measure(point, choose_##way);                                                           \
  }
MEASURE(rate_slab, exp3_rate, slab)
MEASURE(rate_bitmap, exp3_rate, bitmap)
MEASURE(program_slab, exp3_program, slab)
MEASURE(run_slab, exp3_run, slab)
MEASURE(lanes_slab, exp3_lanes, slab)
MEASURE(fill_slab, exp3_fill, slab)
MEASURE(spread_slab, exp3_spread, slab)

static int adversary_slab(struct hx_point *point)
{
  return exp3_adversary(point, choose_slab);
}

const struct hx_variant exp3_variants[] = {
    {"slab", "sim", NULL, rate_slab, EXP3_RATE},
    {"bitmap", "sim", NULL, rate_bitmap, EXP3_RATE},
    {"slab_program", "sim", NULL, program_slab, EXP3_PROGRAM},
    {"slab_run", "sim", NULL, run_slab, EXP3_RUN},
    {"slab_lanes", "sim", NULL, lanes_slab, EXP3_LANES},
    {"slab_fill", "sim", NULL, fill_slab, EXP3_FILL},
    {"slab_spread", "sim", NULL, spread_slab, EXP3_SPREAD},
    {"slab_adversary", "sim", NULL, adversary_slab, EXP3_ADVERSARY},
    {0}};

void exp3_variants_begin(char **argv)
{
  (void)argv;
}
