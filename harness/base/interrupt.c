/* interrupt.c - see interrupt.h. Next: progress.c */
#include "interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "hx.h"
#include "hx_limits.h"

/* Written by the handler, which two threads may enter at once: the exchange below decides which
 * signal is the first. first_ns is stale by at most that race, and then 0: no forced end. */
static atomic_int first_signal;
static _Atomic uint64_t first_ns;

static void take_signal(int number)
{
  const int saved_errno = errno;
  const uint64_t now_ns = hx_now_ns(); /* clock_gettime() is async-signal-safe */
  int none = 0;
  if (atomic_compare_exchange_strong(&first_signal, &none, number)) {
    atomic_store(&first_ns, now_ns);
  } else {
    const uint64_t since_ns = atomic_load(&first_ns);
    if (since_ns != 0 && now_ns - since_ns > HX_SIGNAL_QUIET_NS)
      _exit(128 + none);
  }
  errno = saved_errno;
}

int hx_interrupt_init(void)
{
  struct sigaction action = {0};
  action.sa_handler = take_signal;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGINT, &action, NULL) < 0 || sigaction(SIGTERM, &action, NULL) < 0)
    return -errno;
  return 0;
}

int hx_interrupt_signal(void)
{
  return atomic_load(&first_signal);
}

bool hx_interrupted(void)
{
  return hx_interrupt_signal() != 0;
}
