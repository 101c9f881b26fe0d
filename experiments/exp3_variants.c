/* exp3_variants.c - the ways of allocating that exp3 compares on cpu and cuda.
 *
 *             cpu                                      cuda
 *   slab      gr_alloc, gr_free                        the same
 *   slab_inline  the same, inlined into the load       (slab is)
 *   bitmap    the page bitmap alone: whole pages       the same
 *   glibc, jemalloc, mimalloc                          -
 *   mmap      of runs of pages; munmap frees           -
 *   device_malloc   -                                  malloc and free in a kernel
 *   cuda_malloc, cuda_malloc_async   -                 the driver's, by the host
 *   other     an adapter's (exp3_other_example.h)      the same; if the build has one
 *   bump      an addition, nothing is freed: the floor of what a call costs, the same on both
 *
 * On cpu all but slab_inline are called through one pointer, from the same loops of the same image,
 * on the same teams (exp3.h). On cuda each is an image of its own. Next: exp3_allocator.c */
#include "exp3_variants.h"

#include "exp3_cpu.h"
#include "exp3_cuda.h"

GROSR_IMAGE(exp3_pointer);
GROSR_IMAGE(exp3_slab);
GROSR_IMAGE(exp3_bitmap);
GROSR_IMAGE(exp3_malloc);
GROSR_IMAGE(exp3_bump);
#ifdef EXP3_WITH_OTHER
GROSR_IMAGE(exp3_other);
#endif

#define PAGE_BYTES 4096u

static int choose_cpu(struct hx_point *point, enum exp3_who who, uint64_t bytes,
                      uint64_t live_bytes, uint32_t teams, struct exp3_way *way)
{
  const int result = exp3_cpu_probe(point, who);
  if (result < 0) {
    return result;
  }
  *way = (struct exp3_way){.image = &grosr_image_exp3_pointer, .bytes_least = 1};
  way->bytes_least = who == EXP3_WHO_BITMAP ? PAGE_BYTES : 1u;
  way->is_fleeting = who == EXP3_WHO_BUMP;
  way->calls = exp3_cpu_calls(point, who, bytes, live_bytes, teams);
  return way->calls != NULL ? 0 : -1;
}

/* On cpu through the pointer, else by an image of its own. */
static int choose(struct hx_point *point, enum exp3_who who, const struct grosr_image *image,
                  uint64_t bytes, uint64_t live_bytes, uint32_t teams, struct exp3_way *way)
{
  if (exp3_is_on(point, "cpu")) {
    return choose_cpu(point, who, bytes, live_bytes, teams, way);
  }
  *way = (struct exp3_way){.image = image, .bytes_least = 1};
  way->bytes_least = who == EXP3_WHO_BITMAP ? PAGE_BYTES : 1u;
  way->has_memory = way->is_fleeting = who == EXP3_WHO_BUMP;
  return 0;
}

#define CHOOSE(name, who, image)                                                                   \
  static int choose_##name(struct hx_point *point, uint64_t bytes, uint64_t live_bytes,            \
                           uint32_t teams, struct exp3_way *way)                                   \
  {                                                                                                \
    return choose(point, who, image, bytes, live_bytes, teams, way);                               \
  }
CHOOSE(slab, EXP3_WHO_SLAB, &grosr_image_exp3_slab)
CHOOSE(bitmap, EXP3_WHO_BITMAP, &grosr_image_exp3_bitmap)
CHOOSE(bump, EXP3_WHO_BUMP, &grosr_image_exp3_bump)
CHOOSE(glibc, EXP3_WHO_GLIBC, NULL)
CHOOSE(jemalloc, EXP3_WHO_JEMALLOC, NULL)
CHOOSE(mimalloc, EXP3_WHO_MIMALLOC, NULL)
CHOOSE(mmap, EXP3_WHO_MMAP, NULL)

static int choose_inline(struct hx_point *point, uint64_t bytes, uint64_t live_bytes,
                         uint32_t teams, struct exp3_way *way)
{
  (void)point;
  (void)bytes;
  (void)live_bytes;
  (void)teams;
  *way = (struct exp3_way){.image = &grosr_image_exp3_slab, .bytes_least = 1};
  return 0;
}
static int choose_malloc(struct hx_point *point, uint64_t bytes, uint64_t live_bytes,
                         uint32_t teams, struct exp3_way *way)
{
  (void)point;
  (void)bytes;
  (void)live_bytes;
  (void)teams;
  *way = (struct exp3_way){
      .image = &grosr_image_exp3_malloc, .bytes_least = 1, .live_most = EXP3_DEVICE_HEAP_BYTES};
  return 0;
}

#ifdef EXP3_WITH_OTHER
static int choose_other(struct hx_point *point, uint64_t bytes, uint64_t live_bytes,
                        uint32_t teams, struct exp3_way *way)
{
  (void)bytes;
  (void)live_bytes;
  (void)teams;
  if (exp3_is_on(point, "cpu") && !exp3_other_is_on_cpu) {
    return hx_unmet(point, "this adapter has no side for the CPU");
  }
  *way = (struct exp3_way){.image = &grosr_image_exp3_other, .bytes_least = 1, .has_memory = 1};
  return 0;
}
#endif

#define RATE(name)                                                                                 \
  static int rate_##name(struct hx_point *point)                                                   \
  {                                                                                                \
    return exp3_rate(point, choose_##name);                                                        \
  }
#define PROGRAM(name)                                                                              \
  static int program_##name(struct hx_point *point)                                                \
  {                                                                                                \
    return exp3_program(point, choose_##name);                                                     \
  }
#define RUN(name)                                                                                  \
  static int run_##name(struct hx_point *point)                                                    \
  {                                                                                                \
    return exp3_run(point, choose_##name);                                                         \
  }
#define SPACE(name)                                                                                \
  static int spread_##name(struct hx_point *point)                                                 \
  {                                                                                                \
    return exp3_spread(point, choose_##name);                                                      \
  }                                                                                                \
  static int adversary_##name(struct hx_point *point)                                              \
  {                                                                                                \
    return exp3_adversary(point, choose_##name);                                                   \
  }
#define BY(load, other)                                                                            \
  static int load##_by_##other(struct hx_point *point)                                             \
  {                                                                                                \
    return exp3_##load##_by(point, choose_slab, choose_##other);                                   \
  }
RATE(slab)
RATE(inline)
RATE(bitmap)
RATE(bump)
RATE(glibc)
RATE(jemalloc)
RATE(mimalloc)
RATE(malloc)
#ifdef EXP3_WITH_OTHER
RATE(other)
#endif
PROGRAM(slab)
PROGRAM(glibc)
PROGRAM(jemalloc)
PROGRAM(mimalloc)
RUN(slab)
RUN(glibc)
RUN(jemalloc)
RUN(mimalloc)
RUN(mmap)
RUN(bump)
SPACE(slab)
SPACE(glibc)
SPACE(jemalloc)
SPACE(mimalloc)
BY(pairs, glibc)
BY(pairs, jemalloc)
BY(pairs, mimalloc)
BY(inline, glibc)
BY(inline, mimalloc)
BY(cross, glibc)
BY(cross, jemalloc)
BY(cross, mimalloc)
BY(run, mmap)

static int fill_slab(struct hx_point *point)
{
  return exp3_fill(point, choose_slab);
}
static int fill_bitmap(struct hx_point *point)
{
  return exp3_fill(point, choose_bitmap);
}
static int init_slab(struct hx_point *point)
{
  return exp3_init(point, choose_slab);
}
static int lanes_slab(struct hx_point *point)
{
  return exp3_lanes(point, choose_slab);
}
static int lanes_malloc(struct hx_point *point)
{
  return exp3_lanes(point, choose_malloc);
}

const struct hx_variant exp3_variants[] = {
    {"slab", "any", NULL, rate_slab, EXP3_RATE},
    {"slab_inline", "cpu", NULL, rate_inline, EXP3_RATE},
    {"bitmap", "any", NULL, rate_bitmap, EXP3_RATE},
    {"glibc", "cpu", NULL, rate_glibc, EXP3_RATE},
    {"jemalloc", "cpu", NULL, rate_jemalloc, EXP3_RATE},
    {"mimalloc", "cpu", NULL, rate_mimalloc, EXP3_RATE},
    {"device_malloc", "cuda", NULL, rate_malloc, EXP3_RATE},
    {"cuda_malloc", "cuda", NULL, exp3_cuda_malloc, "load,size"},
    {"cuda_malloc_async", "cuda", NULL, exp3_cuda_malloc_async, "load,size"},
    {"bump", "any", NULL, rate_bump, EXP3_RATE},
#ifdef EXP3_WITH_OTHER
    {"other", "any", NULL, rate_other, EXP3_RATE},
#endif
    {"slab_program", "any", NULL, program_slab, EXP3_PROGRAM},
    {"glibc_program", "cpu", NULL, program_glibc, EXP3_PROGRAM},
    {"jemalloc_program", "cpu", NULL, program_jemalloc, EXP3_PROGRAM},
    {"mimalloc_program", "cpu", NULL, program_mimalloc, EXP3_PROGRAM},
    {"slab_run", "any", NULL, run_slab, EXP3_RUN},
    {"glibc_run", "cpu", NULL, run_glibc, EXP3_RUN},
    {"jemalloc_run", "cpu", NULL, run_jemalloc, EXP3_RUN},
    {"mimalloc_run", "cpu", NULL, run_mimalloc, EXP3_RUN},
    {"mmap_run", "cpu", NULL, run_mmap, EXP3_RUN},
    {"cuda_malloc_run", "cuda", NULL, exp3_cuda_malloc_run, "run_bytes"},
    {"cuda_malloc_async_run", "cuda", NULL, exp3_cuda_malloc_async_run, "run_bytes"},
    {"bump_run", "any", NULL, run_bump, EXP3_RUN},
    {"slab_lanes", "cuda", NULL, lanes_slab, EXP3_LANES},
    {"device_malloc_lanes", "cuda", NULL, lanes_malloc, EXP3_LANES},
    {"pairs_by_glibc", "cpu", NULL, pairs_by_glibc, EXP3_PAIRS_BY},
    {"pairs_by_jemalloc", "cpu", NULL, pairs_by_jemalloc, EXP3_PAIRS_BY},
    {"pairs_by_mimalloc", "cpu", NULL, pairs_by_mimalloc, EXP3_PAIRS_BY},
    {"inline_by_glibc", "cpu", NULL, inline_by_glibc, EXP3_PAIRS_BY},
    {"inline_by_mimalloc", "cpu", NULL, inline_by_mimalloc, EXP3_PAIRS_BY},
    {"cross_by_glibc", "cpu", NULL, cross_by_glibc, ""},
    {"cross_by_jemalloc", "cpu", NULL, cross_by_jemalloc, ""},
    {"cross_by_mimalloc", "cpu", NULL, cross_by_mimalloc, ""},
    {"run_by_mmap", "cpu", NULL, run_by_mmap, EXP3_RUN_BY},
    {"slab_fill", "any", NULL, fill_slab, EXP3_FILL},
    {"bitmap_fill", "cpu", NULL, fill_bitmap, EXP3_FILL},
    {"slab_init", "any", NULL, init_slab, "reserve_bytes"},
    {"slab_spread", "any", NULL, spread_slab, EXP3_SPREAD},
    {"glibc_spread", "cpu", NULL, spread_glibc, EXP3_SPREAD},
    {"jemalloc_spread", "cpu", NULL, spread_jemalloc, EXP3_SPREAD},
    {"mimalloc_spread", "cpu", NULL, spread_mimalloc, EXP3_SPREAD},
    {"slab_adversary", "any", NULL, adversary_slab, EXP3_ADVERSARY},
    {"glibc_adversary", "cpu", NULL, adversary_glibc, EXP3_ADVERSARY},
    {"jemalloc_adversary", "cpu", NULL, adversary_jemalloc, EXP3_ADVERSARY},
    {"mimalloc_adversary", "cpu", NULL, adversary_mimalloc, EXP3_ADVERSARY},
    {0}};

void exp3_variants_begin(char **argv)
{
  exp3_cpu_begin(argv);
}
