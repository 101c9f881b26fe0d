/* stats_fdr.c - see stats_fdr.h. Next: stats_bootstrap.c */
#include "stats_fdr.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct asked {
  double p;
  size_t index;
};

static int compare_asked(const void *left, const void *right)
{
  const double a = ((const struct asked *)left)->p;
  const double b = ((const struct asked *)right)->p;
  return (a > b) - (a < b);
}

int hx_stats_fdr(const double *p, size_t count, double *q)
{
  struct asked *order = malloc((count + 1) * sizeof(*order));
  size_t asked = 0;
  double least = 1.0;
  if (order == NULL)
    return -ENOMEM;
  for (size_t i = 0; i < count; i++) {
    q[i] = NAN;
    if (!isnan(p[i]))
      order[asked++] = (struct asked){p[i], i};
  }
  qsort(order, asked, sizeof(*order), compare_asked);
  for (size_t k = asked; k-- > 0;) {
    least = fmin(least, order[k].p * (double)asked / (double)(k + 1));
    q[order[k].index] = least;
  }
  free(order);
  return 0;
}
