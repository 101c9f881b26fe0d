/* trace_rules_main.c - `trace_rules FILE`: says what is in it and exits 0, or what is wrong and
 * exits 1. Called by experiments/check_trace. */
#include <stdio.h>

#include "trace_rules.h"

int main(int argc, char **argv)
{
  struct trace_found found;
  char why[256];
  if (argc != 2)
    return 2;
  if (trace_rules_check(argv[1], &found, why) < 0) {
    printf("%s\n", why);
    return 1;
  }
  printf("slices %zu flows %zu counters %zu instants %zu threads %zu\n", found.slices, found.flows,
         found.counters, found.instants, found.threads);
  return 0;
}
