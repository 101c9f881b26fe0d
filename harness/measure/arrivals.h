/* arrivals.h - load that arrives by a schedule, whether or not the last operation is done. What an
 * experiment calls is hx_arrivals_run() in hx.h.
 *
 *   due      begin + a sum of gaps, all fixed before the first submission: 1 / rate, or drawn from
 *            the exponential distribution (Poisson arrivals)
 *   late     submitted - due: the server had no room, or the generator was elsewhere
 *   latency  seen done - due. Not seen - submitted: then a stall of 10 ms would cost the one that
 *            it hits 10 ms and the thousands that wait behind it nothing ("coordinated omission")
 *
 * The generator fell behind if it could not submit in time although the server never refused: then
 * latencies would be its own, and none is kept.
 *
 * Next: arrivals.c */
#pragma once
#ifndef HX_PRIVATE
#error "arrivals.h is private to harness/: include hx.h"
#endif
#include "hx.h"

#define HX_ARRIVALS_LOOKS    4u /* of those in flight, that are found not done in one turn */
#define HX_ARRIVALS_STUCK_NS 10000000000u /* nothing submitted or done for so long: 10 s */
#define HX_ARRIVALS_KEPT     0.95    /* of the offered rate that the generator must keep up ... */
#define HX_ARRIVALS_LATE_NS  100000u /* ... but so late may the last one be, in short schedules */

/* due[i], in ns from the beginning, grows with i. `rate_s` 0: all are due at once. */
void hx_arrivals_schedule(const struct hx_arrivals *arrivals, uint64_t seed, uint64_t *due_ns);
