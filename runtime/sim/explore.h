/* explore.h - see explore.c. Next: explore.c */
#pragma once

#include "sim/scenario.h"

struct gr_explored {
  uint64_t states; /* distinct, at points where somebody had a choice */
  uint64_t runs, steps;
  double seconds;
  bool is_complete; /* false: the limit of states or time was reached */
  char what[512];   /* what was found */
};

/* Every schedule of a protocol, and with GR_SIM_WEAK every value that its loads may see. False:
 * one of them fails; gr_sim_report is of that. */
bool gr_explore_run(const struct gr_scenario *scenario, enum gr_sim_memory memory,
                    double seconds_max, struct gr_explored *explored);
