/* spare.h - teams that have no core for themselves sleep, and help where tasks are long.
 *
 * On a CPU a team is a thread. The first `at_once` have a core each; the others are *spare*. If all
 * took their turn, every short task would cost a switch of threads: 16 teams on 2 cores did a tenth
 * of the work of one. So nobody gives a spare team anything (gr_idle_able). It naps, looks at
 * everything as others do, takes the duty if that is free and tasks if there are any, and naps
 * again when it finds none, or when GR_LOOK_TURNS of them took so little time that they are better
 * left to teams with a core. If it was of no use its next nap is twice as long.
 *
 * No other team relies on one that is spare: I8 holds among the first `at_once`. It matters when
 * all of those are in long ops: then what comes starts when the next nap is over.
 *
 * word          writer                        order: why
 * spare_awake   spare teams, by addition      relaxed: a hint; idle teams yield their cores while
 *                                             it is not 0
 *
 * Called by the leading warp, converged. Next: idle.h. */
#pragma once

#include "device/ingress.h"
#include "device/magazine.h"

GR_DEV bool gr_is_spare(const struct gr_lead *lead)
{
  return lead->team->id >= lead->dev->at_once;
}

/* Whether somebody may need the core that this team spins on. */
GR_DEV bool gr_is_crowded(const struct gr_dev *dev)
{
  return dev->crowded != 0u || gr_load_relaxed_gpu_u32(&dev->spare_awake) != 0u;
}

GR_DEV void gr_spare_count(struct gr_lead *lead, uint32_t by)
{
  if (gr_is_spare(lead) && gr_warp_lane() == 0u) {
    gr_add_relaxed_gpu_u32(&lead->dev->spare_awake, by);
  }
}

/* One lane. How long the next nap is. */
GR_DEV uint64_t gr_spare_nap_ns(struct gr_team *team)
{
  const uint64_t awake_ns = gr_clock_ns() - team->spare_since_ns;
  uint64_t ns = awake_ns < GR_SPARE_AWAKE_NS ? 2u * team->spare_nap_ns : GR_SPARE_NAP_NS;
  ns = ns < GR_SPARE_NAP_NS ? GR_SPARE_NAP_NS : ns;
  return ns < GR_SPARE_NAP_NS_MAX ? ns : GR_SPARE_NAP_NS_MAX;
}

/* Who sends a message wakes it as any other; one that is missed waits for the end of the nap. */
GR_DEV_APART void gr_spare_sleep(struct gr_team *team)
{
  struct gr_dev *dev = team->dev;
  if (gr_warp_lane() == 0u) {
    gr_au32 *const asleep = &dev->mailbox[team->id].asleep;
    team->spare_nap_ns = gr_spare_nap_ns(team);
    gr_heap_leave(team); /* as gr_idle_wait; and who naps does not get to gr_look_about */
    gr_add_relaxed_gpu_u32(&dev->spare_awake, 0xffffffffu);
    gr_store_relaxed_gpu_u32(asleep, 1u);
    gr_sleep(asleep, team->spare_nap_ns);
    gr_store_relaxed_gpu_u32(asleep, 0u);
    gr_add_relaxed_gpu_u32(&dev->spare_awake, 1u);
    team->spare_since_ns = gr_clock_ns();
  }
}

GR_DEV void gr_spare_nap(struct gr_lead *lead)
{
  struct gr_team *team = lead->team;
  gr_lead_leave(lead);
  gr_spare_sleep(team);
  gr_lead_return(lead, team);
  lead->looks = 0u;
}

/* Idle. False: it has the duty, which nobody else would see, and waits as teams with a core do. */
GR_DEV bool gr_spare_idle(struct gr_lead *lead)
{
  if (lead->on_duty) {
    gr_duty_give(lead);
    if (gr_sched_rouse(lead->team, 1u) == 0u && gr_duty_try_take(lead)) {
      return false;
    }
  }
  gr_spare_nap(lead);
  return true;
}

/* Between tasks, every GR_LOOK_TURNS: were they short? */
GR_DEV void gr_spare_look(struct gr_lead *lead)
{
  uint64_t awake_ns = 0u;
  if (gr_warp_lane() == 0u) {
    awake_ns = gr_clock_ns() - lead->team->spare_since_ns;
    lead->team->spare_since_ns += awake_ns;
  }
  if (gr_lead_u64(awake_ns) < GR_SPARE_AWAKE_NS) {
    if (lead->on_duty) {
      gr_duty_pass(lead);
    }
    gr_spare_nap(lead);
  }
}
