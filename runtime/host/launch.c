/* launch.c - the microkernel's life as the host sees it: boot, rest and return, stop.
 *
 * Each launch has an *incarnation*, a number unlike any other of this process. The device reports
 * with it: `ready` when every team of that launch is in, `resting` when it has left because it was
 * idle. The launch lock makes sure that of several submitters only one brings it back.
 *
 * Next: ../device/microkernel.h (what starts). */
#include <errno.h>

#include "host/grosr_private.h"

#define KILL_AFTER_NS 200000000u /* a stuck or failed device gets this long to stop by itself */
#define LOOK_NS       20000u

gr_au32 gr_incarnations;

static int failed_check(struct grosr *g)
{
  if (gr_load_relaxed_sys_u32(&g->boundary->fault.code) != GR_FAULT_NONE) {
    gr_health_raise(g, GR_HEALTH_FAILED);
    return gr_error_set(-EIO, "the microkernel stopped at a broken invariant; grosr_black_box says "
                              "where");
  }
  const int ended = g->backend_ops->ended(g->backend);
  if (ended < 0) {
    gr_health_raise(g, GR_HEALTH_FAILED);
  }
  return ended < 0 ? ended : 0;
}

int gr_launch(struct grosr *g)
{
  const uint32_t incarnation = gr_add_relaxed_gpu_u32(&gr_incarnations, 1u) + 1u;
  const struct gr_launch launch = {g->dev, g->options.teams, g->options.lanes,
                                   g->options.scratch_bytes, incarnation};
  gr_store_relaxed_gpu_u32(&g->incarnation, incarnation);
  gr_store_relaxed_gpu_u32(&g->launches, gr_load_own_u32(&g->launches) + 1u);
  int error = g->backend_ops->launch(g->backend, &launch);
  const uint64_t deadline_ns = gr_clock_ns() + g->options.boot_ns_max;
  while (error == 0 && gr_load_relaxed_sys_u32(&g->boundary->ready) != incarnation) {
    error = failed_check(g);
    if (error == 0 && gr_clock_ns() > deadline_ns) {
      error = gr_error_set(-ETIMEDOUT,
                           "not all %u teams reported in within %.1f s; use fewer teams, or "
                           "end what else runs on the device",
                           g->options.teams, (double)g->options.boot_ns_max * 1e-9);
    }
    gr_nap(LOOK_NS);
  }
  return error;
}

int gr_relaunch(struct grosr *g)
{
  const uint64_t deadline_ns = gr_clock_ns() + g->options.boot_ns_max;
  int error = 0;
  if (!gr_mutex_lock(&g->launch_lock, deadline_ns + g->options.boot_ns_max)) {
    return gr_error_set(-EBUSY, "another thread was stopped, or died, while it brought the "
                                "microkernel back; let it go on, or close the device");
  }
  /* It may still take its resting back (gr_rest), or another submitter may have been here first. */
  while (error == 0 &&
         gr_load_relaxed_sys_u32(&g->boundary->resting) == gr_load_own_u32(&g->incarnation)) {
    const int ended = g->backend_ops->ended(g->backend);
    if (ended == 1) {
      error = gr_launch(g); /* once: what we submitted is seen before this one can rest */
      break;
    } else if (ended < 0) {
      error = ended;
    } else if (gr_clock_ns() > deadline_ns) {
      error = gr_error_set(-ETIMEDOUT, "the resting microkernel did not end");
    } else {
      gr_yield();
    }
  }
  if (error < 0) {
    gr_health_raise(g, GR_HEALTH_FAILED);
  }
  gr_mutex_unlock(&g->launch_lock);
  return error;
}

int gr_stop(struct grosr *g)
{
  const uint32_t health = gr_load_relaxed_gpu_u32(&g->health);
  const bool is_sound = health == GR_HEALTH_GOOD || health == GR_HEALTH_CLOSING;
  const uint64_t patience_ns = is_sound ? g->options.close_ns_max : KILL_AFTER_NS;
  int ended = g->backend_ops->ended(g->backend);
  const uint64_t deadline_ns = gr_clock_ns() + patience_ns;
  bool is_told = false;
  while (ended == 0 && gr_clock_ns() < deadline_ns) {
    const bool is_resting =
        gr_load_relaxed_sys_u32(&g->boundary->resting) == gr_load_own_u32(&g->incarnation);
    if (!is_told && !is_resting) { /* who rests leaves by itself, unless it takes that back */
      is_told = true;
      gr_control_send(g, GR_CTL_STOP, 0, 0); /* its failure shows below: the teams do not leave */
    }
    gr_nap(LOOK_NS);
    ended = g->backend_ops->ended(g->backend);
  }
  if (ended == 1) {
    return 0;
  }
  const int killed = g->backend_ops->kill(g->backend);
  if (ended < 0) {
    return ended;
  }
  return killed < 0 ? killed
                    : gr_error_set(-ETIMEDOUT, "an op did not return; its team was ended by force");
}
