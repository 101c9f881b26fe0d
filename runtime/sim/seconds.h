/* seconds.h - real time, for budgets and for what is told of them. Next: explore.c */
#pragma once

#include <time.h>

static inline double gr_seconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
