/* shrink.h - see shrink.c. Next: shrink.c */
#pragma once

#include "sim/scenario.h"

struct gr_shrink {
  const struct gr_scenario *scenario;
  struct gr_sim_config config;      /* of the run that failed */
  char what[512];                   /* how it failed */
  struct gr_sim_decision *decision; /* what is left; freed by the caller */
  size_t decisions, noted;
  unsigned runs;
};

/* Directly after the run that failed. False: the notes alone do not repeat it (a bug of the
 * simulator), or there is no memory. The last run is that of what is left: gr_sim_report. */
bool gr_shrink_run(struct gr_shrink *shrink, double seconds_max);
