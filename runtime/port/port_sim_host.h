/* port_sim_host.h - threads, locks and the bell of port_host.h, as participants of the simulator.
 *
 * Next: ../sim/sim.h. */
#pragma once

struct gr_mutex {
  gr_au32 holder; /* 1: held */
};
#define gr_mutex_init(m)   ((void)((m)->holder.v = 0u))
#define gr_mutex_fini(m)   ((void)(m))
#define gr_mutex_unlock(m) gr_store_release_gpu_u32(&(m)->holder, 0u)
GR_DEV bool gr_mutex_lock(struct gr_mutex *m, uint64_t until_ns)
{
  while (gr_cas_acquire_gpu_u32(&m->holder, 0u, 1u) != 0u) {
    if (gr_clock_ns() > until_ns) {
      return false;
    }
    gr_pause();
  }
  return true;
}

struct gr_thread {
  uint32_t id;
};
#define gr_thread_start(t, main, argument) gr_sim_spawn("thread", main, argument, &(t)->id)
#define gr_thread_join(t)                  gr_sim_join((t)->id)
#define gr_thread_may_end(may)             ((void)(may))
#define gr_thread_end(t, ns_max)           ((void)(ns_max), gr_sim_join((t)->id), true)

struct gr_bell {
  gr_au32 rung;
};
#define gr_bell_init(bell) ((void)((bell)->rung.v = 0u))
#define gr_bell_fini(bell) ((void)(bell))
#define gr_bell_ring(bell) gr_store_release_gpu_u32(&(bell)->rung, 1u)
/* In pieces, so that it is heard soon; how late is the simulator's to say (GR_SIM_LATE). */
GR_DEV bool gr_bell_wait(struct gr_bell *bell, uint64_t until_ns)
{
  for (;;) {
    if (gr_load_acquire_gpu_u32(&bell->rung) != 0u) {
      return true;
    }
    const uint64_t now_ns = gr_clock_ns();
    if (now_ns >= until_ns) {
      return false;
    }
    gr_nap(until_ns - now_ns < 100000u ? until_ns - now_ns : 100000u);
  }
}
