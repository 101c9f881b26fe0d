/* trace.h - a failed run in a file, to be replayed by the build that made it; lists of seeds.
 *
 * Next: trace.c. */
#pragma once

#include "sim/scenario.h"

struct gr_trace {
  const struct gr_scenario *scenario;
  struct gr_sim_config config; /* decision points to memory that gr_trace_read took */
};

/* What this program is: traces of another program are refused. */
uint64_t gr_trace_build(void);
const struct gr_scenario *gr_scenario_find(const char *name);
/* What a seed means for a scenario. */
struct gr_sim_config gr_scenario_config(const struct gr_scenario *scenario, uint64_t seed);

/* Both: 0, or a negative errno with a sentence in `why`. */
int gr_trace_write(const char *path, const struct gr_trace *trace, char *why, size_t why_bytes);
int gr_trace_read(const char *path, struct gr_trace *trace, char *why, size_t why_bytes);

/* Lines "scenario seed", blank ones and # comments; calls each until it returns false. 0 or a
 * negative errno with a sentence: the file, its line, and what is wrong with it. */
int gr_seeds_read(const char *path, bool (*each)(const struct gr_scenario *scenario, uint64_t seed),
                  char *why, size_t why_bytes);
