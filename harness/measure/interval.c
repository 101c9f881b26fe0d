/* interval.c - see interval.h. Next: result.c */
#include "interval.h"

#include <stdint.h>

#include "stats_bootstrap.h"

/* FNV-1a over both texts, with the zero between them. */
static uint64_t seed_of(const char *id, const char *metric)
{
  uint64_t hash = 14695981039346656037u;
  for (const char *at = id; *at != '\0'; at++)
    hash = (hash ^ (unsigned char)*at) * 1099511628211u;
  hash *= 1099511628211u;
  for (const char *at = metric; *at != '\0'; at++)
    hash = (hash ^ (unsigned char)*at) * 1099511628211u;
  return hash;
}

int hx_interval_over_processes(const struct hx_arm *arm, const char *id, const char *metric,
                               double ci[2])
{
  const struct hx_stats_bootstrap how = {HX_INTERVAL_ROUNDS, 0.95, seed_of(id, metric)};
  struct hx_stats_shift median;
  size_t processes = 0;
  for (size_t i = 0; i < arm->process_count; i++)
    processes += arm->process[i].count > 0;
  if (processes < HX_INTERVAL_PROCESSES)
    return 0;
  const int result = hx_stats_bootstrap_median(arm, &how, &median);
  if (result < 0)
    return result;
  ci[0] = median.lo;
  ci[1] = median.hi;
  return 1;
}
