/* exp3_allocator.c - what allocating memory costs, and what becomes of the memory, by allocator.
 *
 * Loads: `pairs` (one object at a time), `batch` (many, then all are freed: the survey's test 3),
 * `mixed` (the same, sizes 4 to `size`), `churn_90` (90 % of the memory is live, a random object is
 * replaced), `cross` (one team allocates, another frees); programs, spaces and runs of pages have
 * variants of their own (exp3_measure.h, exp3_variants.c says who is compared).
 *
 * A number is checked or there is none: each object is written and looked at again, an allocation
 * that fails where there is memory fails the point, and so does a free that the allocator refuses.
 *
 *   pairs_per_s, allocs_per_s, frees_per_s   warm: the load has run before
 *   cold_...                                 the first interval of a process: one sample of each
 *   alloc_p50_ns, ...                        of single calls, with the clock in it (about 10 ns)
 *   speedup_x                                variants *_by_*: two in turns, one by the other
 *   utilisation_percent, init_us, spread_x, internal_percent, blowup_x, external_percent
 *                                            exp3_space.c
 *   cpu_percent                              cuda: of the host's process; on cpu teams are threads
 *
 * Next: exp3_variants.c */
#include "exp3_variants.h"

int main(int argc, char **argv)
{
  static const struct hx_metric metrics[] = {{"pairs_per_s", "1/s"},
                                             {"allocs_per_s", "1/s"},
                                             {"frees_per_s", "1/s"},
                                             {"cold_allocs_per_s", "1/s"},
                                             {"cold_frees_per_s", "1/s"},
                                             {"alloc_p50_ns", "ns"},
                                             {"alloc_p99_ns", "ns"},
                                             {"alloc_p999_ns", "ns"},
                                             {"free_p50_ns", "ns"},
                                             {"free_p99_ns", "ns"},
                                             {"speedup_x", "x"},
                                             {"other_pairs_per_s", "1/s"},
                                             {"utilisation_percent", "percent"},
                                             {"init_us", "us"},
                                             {"spread_x", "x"},
                                             {"internal_percent", "percent"},
                                             {"blowup_x", "x"},
                                             {"external_percent", "percent"},
                                             {"cpu_percent", "percent"},
                                             {0}};
  static const struct hx_factor factors[] = {
      {"load", "pairs,batch,churn_90,cross", "pairs,batch,mixed,churn_50,churn_90,churn_99,cross",
       "pairs,mixed,churn_50,cross"},
      {"size", "16,128,1024", "16,32,48,64,96,128,192,256,384,512,768,1024,2048,4096,8192",
       "64,1024"},
      {"teams", "1,2", "1,2,4,8,16", "2"},
      {"program", "larson,stress,any,phases,graph_hot",
       "larson,stress,any,scratch,phases,write_64,write_4096,graph,graph_hot", NULL},
      {"run_bytes", "65536,67108864", "16384,65536,262144,1048576,4194304,16777216,67108864",
       "16384"},
      {"touch", "0,1", NULL, "1"},
      {"active", "1,31,32", "1,2,4,8,16,31,32", "1,3,4"},
      {"class_bytes", "16,48,128,320,1024",
       "16,32,48,64,80,96,112,128,144,160,176,192,208,224,240,256,288,320,352,384,416,448,480,512,"
       "576,640,704,768,832,896,960,1024",
       NULL},
      {"rounds", "1,100", "1,3,10,30,100", "1,3"},
      {"stretch", "4096,65536", NULL, "4096"},
      {"reserve_bytes", "8589934592", "67108864,1073741824,8589934592", NULL},
      {0}};
  static const char title[] = "what allocating memory costs, and what becomes of the memory";
  exp3_variants_begin(argv);
  const struct hx_experiment experiment = {.name = "exp3_allocator",
                                           .title = title,
                                           .metrics = metrics,
                                           .factors = factors,
                                           .variants = exp3_variants};
  return exp_main(argc, argv, &experiment);
}
