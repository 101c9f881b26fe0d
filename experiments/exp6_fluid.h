/* exp6_fluid.h - what a round of exp6 says about fairness, from when its jobs ran.
 *
 * The yardstick is a fluid: at every moment it has done as much work as the device has, but divides
 * it, drop by drop, among the tenants that have work in it, by weight (generalised processor
 * sharing, Parekh and Gallager 1993). What a device loses between tasks, or to other programs, it
 * loses, too: only the division is judged. Looked at until the first tenant has begun its last job
 * or the fluid has done all of some tenant: from there on others share what that one leaves.
 *
 * Next: exp6_fluid.c */
#pragma once

#include "exp6_loads.h"

struct exp6_shares {
  double jain_index;         /* of what each tenant had, divided by what the fluid gave it */
  double share_error_pct;    /* of the tenant that is farthest from its share, in parts of that */
  double max_lag_ns;         /* that any tenant was ever behind the fluid, in work */
  double mean_completion_ns; /* from due to done, of all jobs */
  double longest_ns;         /* of all jobs */
};
/* 0, or negative with the point's reason. */
int exp6_shares(const struct exp6 *exp, struct exp6_shares *shares);

struct exp6_high {
  double p99_ns;     /* of tenant 0, from due to done */
  double inversions; /* others' jobs that began while one of tenant 0 was sent and had not */
  double longest_ns; /* of the others' jobs */
};
int exp6_high(const struct exp6 *exp, struct exp6_high *high);
