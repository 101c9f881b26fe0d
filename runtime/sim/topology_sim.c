/* topology_sim.c - host/topology.h for libgrosr-sim: one OS thread, nothing to bind or to confine.
 *
 * Next: ../host/api.c. */
#include "host/topology.h"
#include "host/relay.h"
#include "sim/sim_private.h"

#include <errno.h>
#include <stddef.h>

uint32_t gr_sim_cores = UINT32_MAX;

int gr_topology_open(enum grosr_placement placement, struct gr_topology **out)
{
  (void)placement;
  *out = NULL;
  return 0;
}
void gr_topology_close(struct gr_topology *topology)
{
  (void)topology;
}
uint32_t gr_topology_cores(const struct gr_topology *topology)
{
  (void)topology;
  return gr_sim_cores;
}
const char *gr_topology_cpu_model(const struct gr_topology *topology)
{
  (void)topology;
  return "simulated";
}
void gr_topology_plan(struct gr_topology *topology, uint32_t teams)
{
  (void)topology;
  (void)teams;
}
void gr_topology_bind_submitter(struct gr_topology *topology)
{
  (void)topology;
}
void gr_topology_bind_team(struct gr_topology *topology, uint32_t team)
{
  (void)topology;
  (void)team;
}
void gr_topology_bind_watchdog(struct gr_topology *topology)
{
  (void)topology;
}
void gr_topology_unbind_submitter(struct gr_topology *topology)
{
  (void)topology;
}
int gr_relay_confine(void)
{
  return -EOPNOTSUPP;
}
const char *gr_topology_report(struct gr_topology *topology)
{
  (void)topology;
  return "simulated: one OS thread, nothing is bound";
}
