/* watchdog.c - a thread that looks whether every team still lives.
 *
 * It reads the teams' records a few times per op_ns_max. A team that has been inside the same task
 * for longer is stuck: health rises to STUCK, every wait ends with -ETIMEDOUT, and the black box
 * tells which op it is. A team asleep or idle owes no heartbeat. It also looks for a failed assert
 * and a lost device. It changes nothing on the device; grosr_close does that.
 *
 * Next: black_box.c. */
#include <errno.h>
#include <stdlib.h>

#include "host/top.h"

#define PERIOD_NS_MAX 250000000u
#define PERIOD_NS_MIN 1000000u

void gr_health_raise(struct grosr *g, enum gr_health health)
{
  uint32_t seen = gr_load_relaxed_gpu_u32(&g->health);
  while (seen < (uint32_t)health) {
    const uint32_t before = gr_cas_relaxed_gpu_u32(&g->health, seen, (uint32_t)health);
    if (before == seen) {
      return;
    }
    seen = before;
  }
}

/* What the watchdog remembers of a team. */
struct watched {
  uint64_t now;
  uint64_t incarnation; /* each launch counts its tasks from 1 again */
  uint64_t since_ns;
};

/* An op is known to run from the end of the look that saw it first to the start of this one: the
 * watchdog may have been kept from its processor in between, which is no fault of the op. */
static void look(struct grosr *g, struct gr_team_record *records, struct watched *watched)
{
  const uint64_t begin_ns = gr_clock_ns();
  if (gr_load_relaxed_sys_u32(&g->boundary->fault.code) != GR_FAULT_NONE ||
      g->backend_ops->ended(g->backend) < 0 || gr_records_read(g, records) < 0) {
    gr_health_raise(g, GR_HEALTH_FAILED);
    return;
  }
  const uint64_t end_ns = gr_clock_ns();
  for (uint32_t i = 0; i < g->options.teams; i++) {
    const uint64_t now = records[i].now.v;
    if (GR_NOW_PHASE(now) != GR_PHASE_RUNNING || now != watched[i].now ||
        records[i].incarnation.v != watched[i].incarnation) {
      watched[i].now = now;
      watched[i].incarnation = records[i].incarnation.v;
      watched[i].since_ns = end_ns;
    } else if (begin_ns > watched[i].since_ns &&
               begin_ns - watched[i].since_ns > g->options.op_ns_max) {
      gr_health_raise(g, GR_HEALTH_STUCK);
    }
  }
}

static void *watchdog_main(void *argument)
{
  struct grosr *g = argument;
  const uint64_t quarter_ns = g->options.op_ns_max / 4u;
  const uint64_t most_ns = g->top != NULL ? GROSR_TOP_PERIOD_NS : PERIOD_NS_MAX;
  const uint64_t period_ns = quarter_ns > most_ns         ? most_ns
                             : quarter_ns < PERIOD_NS_MIN ? PERIOD_NS_MIN
                                                          : quarter_ns;
  struct gr_team_record *records = gr_records_alloc(g);
  struct watched *watched = calloc(g->options.teams, sizeof *watched);
  gr_topology_bind_watchdog(g->topology);
  while (records != NULL && watched != NULL &&
         !gr_bell_wait(&g->watchdog_bell, gr_clock_ns() + period_ns)) {
    look(g, records, watched);
    gr_top_publish(g, records);
  }
  free(records);
  free(watched);
  return NULL;
}

int gr_watchdog_start(struct grosr *g)
{
  gr_bell_init(&g->watchdog_bell);
  const int error = gr_thread_start(&g->watchdog, watchdog_main, g);
  g->watchdog_runs = error == 0;
  if (error < 0) {
    gr_bell_fini(&g->watchdog_bell);
    return gr_error_set(error, "no thread for the watchdog; raise ulimit -u");
  }
  return 0;
}

void gr_watchdog_end(struct grosr *g)
{
  if (!g->watchdog_runs) {
    return;
  }
  gr_bell_ring(&g->watchdog_bell);
  gr_thread_join(&g->watchdog);
  gr_bell_fini(&g->watchdog_bell);
  g->watchdog_runs = false;
}
