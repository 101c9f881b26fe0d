/* arm.c - see arm.h. Next: stats_random.c */
#include "arm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats_order.h"

#define FIRST_CAPACITY 64u

static int add_processes(struct hx_arm *arm, size_t wanted)
{
  if (wanted <= arm->process_count)
    return 0;
  struct hx_arm_process *more = realloc(arm->process, wanted * sizeof(*more));
  if (more == NULL)
    return -ENOMEM;
  memset(more + arm->process_count, 0, (wanted - arm->process_count) * sizeof(*more));
  arm->process = more;
  arm->process_count = wanted;
  return 0;
}

int hx_arm_add(struct hx_arm *arm, size_t process, double value)
{
  if (add_processes(arm, process + 1) < 0)
    return -ENOMEM;
  struct hx_arm_process *mine = &arm->process[process];
  if (mine->count == mine->capacity) {
    const size_t capacity = mine->capacity > 0 ? 2 * mine->capacity : FIRST_CAPACITY;
    double *more = realloc(mine->values, capacity * sizeof(*more));
    if (more == NULL)
      return -ENOMEM;
    mine->values = more;
    mine->capacity = capacity;
  }
  mine->values[mine->count++] = value;
  return 0;
}

void hx_arm_fini(struct hx_arm *arm)
{
  for (size_t i = 0; i < arm->process_count; i++)
    free(arm->process[i].values);
  free(arm->process);
  *arm = (struct hx_arm){0};
}

size_t hx_arm_samples(const struct hx_arm *arm)
{
  size_t total = 0;
  for (size_t i = 0; i < arm->process_count; i++)
    total += arm->process[i].count;
  return total;
}

int hx_arm_medians(const struct hx_arm *arm, double **medians, size_t *count)
{
  size_t most = 1;
  size_t used = 0;
  for (size_t i = 0; i < arm->process_count; i++)
    most = arm->process[i].count > most ? arm->process[i].count : most;
  double *sorted = malloc(most * sizeof(*sorted));
  double *out = malloc((arm->process_count + 1) * sizeof(*out));
  if (sorted == NULL || out == NULL) {
    free(sorted);
    free(out);
    return -ENOMEM;
  }
  for (size_t i = 0; i < arm->process_count; i++) {
    const struct hx_arm_process *process = &arm->process[i];
    if (process->count == 0)
      continue;
    memcpy(sorted, process->values, process->count * sizeof(*sorted));
    out[used++] = hx_stats_median(sorted, process->count);
  }
  free(sorted);
  *medians = out;
  *count = used;
  return 0;
}
