/* exp3.h - what the ops of exp3 and their host share: what is to be done, and what came out.
 *
 *   host                        op (each team that takes part, at once)
 *   job, filled in     ------>  argument 0; 1: which of the teams it is; 2: records
 *   record[team]       <------  written at its end by lane 0
 *
 * Job and records lie in the shared memory; what is used in a timed loop lies in memory that op
 * `prepare` allocates on the device (struct exp3_state). Next: exp3_calls.h */
#pragma once

#include <stdint.h>

struct exp3_job {
  uint64_t state; /* device address, by `prepare` */
  uint64_t teams; /* that take part */
  uint64_t slots; /* of each worker's table */
  uint64_t count; /* of operations, of each worker */
  uint64_t objects;
  uint64_t bytes;      /* of an object, or at most */
  uint64_t more;       /* flag or number, of some ops */
  uint64_t round;      /* counts up */
  uint64_t seed;       /* not 0 */
  uint64_t is_timed;   /* each call is, into the state's histogram */
  uint64_t calls;      /* image exp3_pointer only: address of a struct exp3_calls */
  uint64_t bump_bytes; /* memory of its own, for each team: images exp3_bump, exp3_other */
  uint64_t active;     /* lanes that take part, the first ones; 0: all */
};

/* Of one team. Times are gr_clock_ns(). */
struct exp3_record {
  uint64_t begin_ns, end_ns;       /* of allocating, or of all */
  uint64_t begin_2_ns, end_2_ns;   /* of freeing, of loads that do both apart */
  uint64_t begin_ticks, end_ticks; /* at begin_ns and at the end of all */
  uint64_t done, wrong, nulls;     /* all lanes together */
  uint64_t low, high;              /* addresses */
  uint64_t errors;                 /* that the device's memory has noted: gr_memory.errors */
  uint64_t pages;                  /* `look`: that the context has */
  uint64_t pages_free, pages_row;  /* that nobody has, and the most of them in a row */
  uint64_t pages_seen;             /* that ever held objects of `space_fill` */
  uint64_t wanted, granted;        /* `waste`: bytes of objects, as asked for and as they have */
};

/* How a CPU variant allocates: all of them by one call through one pointer, which is what a call of
 * a shared library costs, too. `self` comes second, so that malloc(3) and its like can be called as
 * they are: x86-64 and aarch64 pass it in a register that they do not read. */
struct exp3_calls {
  void *(*alloc)(uint64_t bytes, void *self);
  void (*release)(void *p, void *self);
  uint64_t (*usable)(void *p, void *self); /* bytes that an object has; NULL: not known */
  unsigned char *self; /* of team i: self + i * stride; NULL: the struct gr_team */
  uint64_t stride;
};

/* Ticks of calls, eight to a power of two. */
#define EXP3_BUCKETS 512u
/* Stretches of addresses that can be told apart (workloads/alloc/space.h). */
#define EXP3_KEPT_BITS 131072u
