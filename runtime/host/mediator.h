/* mediator.h - the mediator's thread and what it shares with the host's other threads.
 *
 * Private to relay.c and mediator.c.
 *
 * word        writer                      order: why
 * granted     relay.c: bits set, cleared  release/acquire: context[] is there
 * drop        relay.c: context + 1        release/acquire: nothing of it is looked at any more, its
 *             the mediator: 0             descriptors are closed
 * stop        relay.c                     relaxed: it may always come too late
 * count       the mediator                relaxed: numbers
 * cpu_clock   the mediator, before         release/acquire
 *              has_clock
 * confined    the mediator, once          release/acquire: GR_CONFINED or -errno
 * gone        the mediator                release/acquire: it touches nothing any more
 * the rest    the mediator
 *
 * Next: mediator.c. */
#pragma once

#include <time.h>

#include "host/grosr_private.h"
#include "host/relay.h"
#include "include/grosr/relay.h"

/* Answers to calls that are continued which found no room yet. */
#define GR_MEDIATOR_OWED (4u * GR_CALLS_MAX)

#define GR_CONFINED 1u

struct gr_mediator {
  struct grosr *g;
  struct gr_relay *relay; /* the device's; not to be followed where the host cannot */
  struct gr_relay_wire *wire;
  struct gr_thread thread;
  bool runs;
  gr_au64 granted; /* bit per context */
  gr_au32 drop;
  gr_au32 stop;
  gr_au32 gone;
  gr_au32 confined; /* 0: it has not come so far; GR_CONFINED; else -errno: why not */
  struct gr_relay_context *context[GR_CONTEXTS_MAX];
  uint32_t head[GR_CONTEXTS_MAX];
  uint64_t since_ns[GR_CONTEXTS_MAX]; /* when the first call of a batch that waits was seen */
  bool waits_for_batch;
  uint32_t owes;
  struct grosr_task owed[GR_MEDIATOR_OWED];
  clockid_t cpu_clock; /* of its thread */
  gr_au32 has_clock;   /* 1: it is there */
  struct {
    gr_au64 calls, refused, batches, sleeps, continued;
  } count;
};

void *gr_mediator_main(void *argument);
