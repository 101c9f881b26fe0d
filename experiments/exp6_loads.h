/* exp6_loads.h - the tenants of exp6, what each of them wants, and what came of it.
 *
 *   equal   all tenants alike, all their tasks there at the start
 *   skewed  the same, with weights 1, 2, 4, 8, 1, 2, ...
 *   bursty  weights as equal; tasks come in bursts at random times, 90 % of what the teams can do
 *   flood   tenant 0 has a higher priority and few, short tasks; the others have always as many
 *           tasks waiting as they may
 *
 * A length is that of all tasks, or "mix": each drawn from 1 us to 1 ms, as many above x as 1 / x;
 * or "kinds": all tasks of a tenant have one length, the first tenant's 1 us, the last one's 1 ms,
 * the others' at equal ratios between, and each has about as much to do.
 * Round r draws the same for every policy.
 *
 * Called on the measuring thread. Next: exp6_loads.c */
#pragma once

#include <stdbool.h>

#include <grosr/grosr.h>

#include "exp6.h"
#include "exp_device.h"

#define EXP6_TENANTS_MAX 64u

/* One task. Times are on the host's clock, in ns; those of the op as its record has them. */
struct exp6_job {
  uint64_t length_ns; /* asked for */
  uint64_t due_ns;    /* when the tenant wants it: since the start, then on the clock */
  uint64_t sent_ns;
  uint64_t start_ns;
  uint64_t end_ns;
  grosr_ticket ticket;
};

struct exp6_tenant {
  uint32_t context;
  uint32_t weight;
  struct exp6_job *job; /* in the order of due_ns */
  size_t jobs;
  size_t sent; /* of them; the others never were */
  struct exp6_record *record; /* of job 0 */
  uint64_t record_device;
};

struct exp6 {
  struct hx_point *point;
  struct grosr *g;
  uint32_t op;
  uint32_t teams; /* that run tasks */
  uint32_t tenants;
  uint64_t round;
  int64_t ahead_ns; /* the ops' clock against the host's */
  struct exp6_tenant tenant[EXP6_TENANTS_MAX];
  struct exp6_job *job; /* of all tenants */
  size_t jobs_max;
};

/* Opens the runtime and the tenants that this point asks for. 0, or negative with the point's
 * reason. exp6_close is to follow in any case; its result is that of grosr_close. */
int exp6_open(struct hx_point *point, enum grosr_policy policy, struct exp6 *exp);
int exp6_close(struct exp6 *exp);

/* One round: draws the jobs, runs them, and looks whether each ran once and as long as it should.
 * `is_alone`: tenant 0 only. 0, or negative with the point's reason. */
int exp6_round(struct exp6 *exp, bool is_alone);
