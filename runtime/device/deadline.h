/* deadline.h - when somebody is to look at what is parked, though nothing comes.
 *
 * One word for the device: the earliest deadline of all that is parked, UINT64_MAX for none, 0 for
 * "now, and who is about to park, too" (a context was killed). Any team that looks at the clock
 * (idle, or every GR_LOOK_TURNS) takes a deadline that has passed off the word, and with it the
 * duty to look through all that is parked (channel_wait.h); what it parks again says its deadline
 * again. A team that falls asleep sleeps no longer than to it, and who brings it forward rouses a
 * team, so that one does.
 *
 * D1 What was parked before its deadline was said is seen by who takes that off the word, or any
 *    later one: both change the word, and who is second sees what the first did before.
 *
 * word         writer                 order: why
 * deadline_ns  who parks, by CAS      release, also where it changes nothing: D1
 *              who looks, by CAS      acquire: D1
 *
 * Called by one lane. Next: channel.h. */
#pragma once

#include "shared/dev.h"

#define GR_NO_DEADLINE (~0ull)

/* Says a deadline. True: it is the earliest now; somebody who is idle must know. */
GR_DEV bool gr_deadline_say(struct gr_dev *dev, uint64_t ns)
{
  uint64_t seen = gr_load_relaxed_gpu_u64(&dev->deadline_ns);
  while (ns != GR_NO_DEADLINE) {
    const uint64_t before =
        gr_cas_release_gpu_u64(&dev->deadline_ns, seen, ns < seen ? ns : seen);
    if (before == seen) {
      return ns < seen;
    }
    seen = before;
  }
  return false;
}

/* The earliest deadline, if it has passed and is now this team's to see to; else GR_NO_DEADLINE. */
GR_DEV uint64_t gr_deadline_take(struct gr_dev *dev)
{
  const uint64_t seen = gr_load_relaxed_gpu_u64(&dev->deadline_ns);
  if (seen != GR_NO_DEADLINE && seen <= gr_clock_ns() &&
      gr_cas_acquire_gpu_u64(&dev->deadline_ns, seen, GR_NO_DEADLINE) == seen) {
    return seen;
  }
  return GR_NO_DEADLINE;
}

/* For how long a team may sleep that would sleep for `limit_ns`. */
GR_DEV uint64_t gr_deadline_limit(const struct gr_dev *dev, uint64_t limit_ns)
{
  const uint64_t seen = gr_load_relaxed_gpu_u64(&dev->deadline_ns);
  if (seen == GR_NO_DEADLINE) {
    return limit_ns;
  }
  const uint64_t now = gr_clock_ns();
  const uint64_t left = seen > now ? seen - now : 1u;
  return left < limit_ns ? left : limit_ns;
}
