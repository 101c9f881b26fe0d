/* port_host.h - what host code needs of the machine beside port.h: threads, locks, a bell.
 *
 * Used by runtime/host only. Natively these are POSIX threads; under the simulator (GR_PORT_SIM)
 * they are its participants, so that host code, too, is run under its schedules.
 *
 *   struct gr_mutex    gr_mutex_{init,fini,unlock}; bool gr_mutex_lock(mutex, until_ns) waits until
 *                      a time of gr_clock_ns, false: who holds it did not give it back
 *   struct gr_thread   int gr_thread_start(thread, main, argument): 0 or -errno; gr_thread_join
 *                      gr_thread_may_end(bool): whether the calling thread may be ended
 *                      in what it does; bool gr_thread_end(thread, ns_max): ends it so, false: it
 *                      goes on for longer. A simulated thread is waited for
 *   struct gr_bell     rung once and for all: gr_bell_ring; bool gr_bell_wait(bell, until_ns) waits
 *                      for it until a time of gr_clock_ns, true: it was rung
 *
 * Next: ../host/grosr_private.h. */
#pragma once

#include "port/port.h"

#if defined(GR_PORT_SIM)
#include "port/port_sim_host.h"
#else

struct gr_mutex {
  pthread_mutex_t mutex;
};
GR_DEV void gr_mutex_init(struct gr_mutex *m)
{
  pthread_mutex_init(&m->mutex, NULL);
}
GR_DEV void gr_mutex_fini(struct gr_mutex *m)
{
  pthread_mutex_destroy(&m->mutex);
}
GR_DEV bool gr_mutex_lock(struct gr_mutex *m, uint64_t until_ns)
{
  /* By the clock of timedlock: ThreadSanitizer of gcc 12 does not know clocklock. */
  const uint64_t now_ns = gr_clock_ns();
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  const uint64_t left_ns =
      (until_ns > now_ns ? until_ns - now_ns : 0u) + (uint64_t)until.tv_nsec;
  until.tv_sec += (time_t)(left_ns / 1000000000u);
  until.tv_nsec = (long)(left_ns % 1000000000u);
  return pthread_mutex_timedlock(&m->mutex, &until) == 0;
}
GR_DEV void gr_mutex_unlock(struct gr_mutex *m)
{
  pthread_mutex_unlock(&m->mutex);
}

struct gr_thread {
  pthread_t id;
};
GR_DEV int gr_thread_start(struct gr_thread *t, void *(*main)(void *), void *argument)
{
  return -pthread_create(&t->id, NULL, main, argument);
}
GR_DEV void gr_thread_join(struct gr_thread *t)
{
  pthread_join(t->id, NULL);
}
/* The calling thread: whether it may be ended, from anywhere, in what it does from now on. */
GR_DEV void gr_thread_may_end(bool may)
{
  pthread_setcanceltype(may ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED, NULL);
}
GR_DEV bool gr_thread_end(struct gr_thread *t, uint64_t ns_max)
{
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += (time_t)(ns_max / 1000000000u) + 1;
  pthread_cancel(t->id);
  return pthread_timedjoin_np(t->id, NULL, &until) == 0;
}

struct gr_bell {
  pthread_mutex_t mutex;
  pthread_cond_t cond;
  bool is_rung; /* under mutex */
};
GR_DEV void gr_bell_init(struct gr_bell *bell)
{
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_mutex_init(&bell->mutex, NULL);
  pthread_cond_init(&bell->cond, &attributes);
  pthread_condattr_destroy(&attributes);
  bell->is_rung = false;
}
GR_DEV void gr_bell_fini(struct gr_bell *bell)
{
  pthread_cond_destroy(&bell->cond);
  pthread_mutex_destroy(&bell->mutex);
}
GR_DEV void gr_bell_ring(struct gr_bell *bell)
{
  pthread_mutex_lock(&bell->mutex);
  bell->is_rung = true;
  pthread_cond_broadcast(&bell->cond);
  pthread_mutex_unlock(&bell->mutex);
}
GR_DEV bool gr_bell_wait(struct gr_bell *bell, uint64_t until_ns)
{
  const struct timespec until = {(time_t)(until_ns / 1000000000u), (long)(until_ns % 1000000000u)};
  int error = 0;
  pthread_mutex_lock(&bell->mutex);
  while (!bell->is_rung && error == 0) {
    error = pthread_cond_timedwait(&bell->cond, &bell->mutex, &until);
  }
  const bool is_rung = bell->is_rung;
  pthread_mutex_unlock(&bell->mutex);
  return is_rung;
}
#endif
