/* time.c - the port's words of time and sleep, in virtual time.
 *
 * Next: schedule.c. */
#include "sim/sim_private.h"

#include <string.h>

uint64_t gr_sim_clock(const char *file, unsigned line)
{
  struct part *self = gr_step("clock", NULL, file, line);
  (void)self; /* not seen: explore.c takes it for the same at all times */
  return W.now_ns;
}

static void pause_once(const char *file, unsigned line)
{
  struct part *self = gr_step("pause", NULL, file, line);
  self->priority = 0; /* PCT: behind all others */
  if (W.config.scheduler == GR_SIM_EXPLORE) {
    self->state = PART_WAITING;
    gr_block(self);
    self->paused_step[0] = self->paused_step[1];
    self->paused_step[1] = W.steps;
    self->stale_pauses -= self->stale_pauses != 0 ? 1u : 0u;
  }
}

void gr_sim_pause(const char *file, unsigned line)
{
  const char *last = W.self != NULL ? W.self->doing : NULL;
  if (W.config.scheduler == GR_SIM_EXPLORE && last != NULL && strcmp(last, "pause") == 0) {
    return; /* of pauses in a row the first has waited for news */
  }
  pause_once(file, line);
}

void gr_sim_retry(uint64_t local)
{
  pause_once(__FILE__, __LINE__);
  W.self->seen = mix(W.self->id, local);
}

void gr_sim_nap(uint64_t ns, const char *file, unsigned line)
{
  struct part *self = gr_step("nap", NULL, file, line);
  if ((W.config.faults & GR_SIM_LATE) != 0) {
    ns *= 1u + gr_schedule_fault(self, GR_SIM_LATE) % 100u;
  }
  self->state = PART_NAPPING;
  self->wake_ns = W.now_ns + ns;
  gr_block(self);
}

void gr_sim_sleep(void *asleep, uint64_t ns_max, const char *file, unsigned line)
{
  struct part *self = gr_step("sleep", asleep, file, line);
  const bool is_spurious =
      (W.config.faults & GR_SIM_SPURIOUS) != 0 && gr_schedule_fault(self, GR_SIM_SPURIOUS) != 0;
  if (*(volatile uint32_t *)asleep == 1u && !is_spurious) { /* as a futex compares: the newest */
    self->state = PART_ASLEEP;
    self->waits_on = asleep;
    self->sleep_ns = ns_max;
    self->wake_ns = W.now_ns + ns_max;
    gr_block(self);
  }
  gr_sim_store(asleep, 4u, 0u, GR_SIM_RELAXED, file, line);
}

void gr_sim_wake(void *asleep, const char *file, unsigned line)
{
  if (gr_sim_load(asleep, 4u, GR_SIM_RELAXED, file, line) == 0u ||
      gr_sim_change(asleep, 4u, GR_SIM_EXCHANGE, 0u, GR_SIM_RELAXED, file, line) == 0u) {
    return;
  }
  for (uint32_t i = 0; i < W.parts; i++) {
    if (W.part[i].state == PART_ASLEEP && W.part[i].waits_on == asleep) {
      gr_make_ready(&W.part[i]);
    }
  }
}
