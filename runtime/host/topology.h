/* topology.h - which core each thread of the runtime is bound to, and what came of it.
 *
 * Private to runtime/host. One plan per open device, made before any thread starts; each thread
 * then binds itself by its place. Backed by hwloc: only cores of the allowed set, one hardware
 * thread per core, memory bound to the core's node, verified by asking where the thread last ran.
 *
 * Next: topology.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/grosr/grosr.h"

struct gr_topology;

/* Loads the machine's topology. `out` is freed by gr_topology_close. */
int gr_topology_open(enum grosr_placement placement, struct gr_topology **out);
void gr_topology_close(struct gr_topology *topology);

/* Cores this process may use. */
uint32_t gr_topology_cores(const struct gr_topology *topology);
/* "AMD EPYC", or "" if unknown. */
const char *gr_topology_cpu_model(const struct gr_topology *topology);

/* Gives out cores: the submitter gets one, each of `teams` teams one, the watchdog one, as far as
 * there are; who gets none is left unbound. */
void gr_topology_plan(struct gr_topology *topology, uint32_t teams);

/* Each binds the calling thread as planned, and notes what came of it. */
void gr_topology_bind_submitter(struct gr_topology *topology);
void gr_topology_bind_team(struct gr_topology *topology, uint32_t team);
void gr_topology_bind_watchdog(struct gr_topology *topology);
/* Gives the submitter's thread back the binding it had before. */
void gr_topology_unbind_submitter(struct gr_topology *topology);

/* One line for provenance; valid until the topology is closed. Any thread. */
const char *gr_topology_report(struct gr_topology *topology);
