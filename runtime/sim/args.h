/* args.h - the options of grosr sim. Next: args.c */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct gr_sim_args {
  uint64_t runs; /* 0: not said */
  uint64_t seed; /* the first; drawn unless has_seed */
  double budget_s;
  const char *scenarios, *seeds, *replay, *save; /* NULL: not said */
  bool has_seed, shrinks, explores, lists;
};

/* False: refused, and said why. A syntax error and --help end the program (argp). */
bool gr_sim_args_parse(struct gr_sim_args *args, int argc, char **argv);
