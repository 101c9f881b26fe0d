/* grosr_private.h - struct grosr: one open device, as the files of runtime/host see it.
 *
 * Private: users have grosr.h. Fields are grouped by who may touch them.
 *
 *   api.c          options, open, close           submit.c   tasks in
 *   memory_map.c   the memory of one device       wait.c     completions out
 *   launch.c       boot, relaunch, stop           watchdog.c, black_box.c, stats.c   looking
 *
 * Next: api.c. */
#pragma once

#include <stdbool.h>

#include "host/backend.h"
#include "host/error.h"
#include "host/topology.h"
#include "port/port_host.h"
#include "shared/dev.h"

/* Why the device takes no more tasks; kept in grosr.health. */
enum gr_health {
  GR_HEALTH_GOOD = 0,
  GR_HEALTH_CLOSING = 1, /* grosr_close was called */
  GR_HEALTH_STUCK = 2,   /* an op runs longer than op_ns_max */
  GR_HEALTH_FAILED = 3   /* an assert failed, the device or a relaunch failed */
};

struct grosr {
  /* Set at open, then constant. */
  struct grosr_options options; /* resolved: no field is "default" any more */
  const struct grosr_image *image;
  const struct gr_backend_ops *backend_ops;
  struct gr_backend *backend;
  struct gr_device_facts facts;
  struct gr_topology *topology;
  uint32_t reserved_ingress;
  uint32_t ingress_shift;
  uint64_t memory_bytes;
  struct gr_dev template; /* what the device's struct gr_dev was at boot: addresses and sizes */
  struct gr_dev *dev;     /* device address; on the CPU the real thing, else not to be followed */
  struct gr_boundary *boundary; /* host addresses */
  struct gr_line *ingress;
  gr_au64 *completion;
  unsigned char *shared; /* of grosr_shared_take */
  uint64_t shared_device;

  /* Under submit_lock. */
  gr_au32 submit_lock __attribute__((aligned(GR_LINE_BYTES))); /* 1: held */
  uint32_t ingress_tail;
  uint32_t ingress_head_seen; /* at most boundary->ingress_head */
  uint32_t control_tail;
  uint32_t slot_next; /* where the search for a free completion slot goes on */
  gr_au64 accepted;   /* written under the lock, read by anyone */
  /* generation << 1 | taken. Taken under the lock; given back by the one waiter of the ticket. */
  gr_au32 *slot_state;

  /* Written by many; each word by itself. */
  gr_au32 health __attribute__((aligned(GR_LINE_BYTES))); /* enum gr_health, only rises */
  gr_au32 incarnation;                                    /* under launch_lock */
  gr_au32 launches;                                       /* under launch_lock */
  gr_au64 contexts; /* bit per open context: set and cleared under context_lock */
  struct gr_mutex launch_lock;
  struct gr_mutex context_lock;
  gr_au64 shared_used; /* bytes */

  /* The watchdog's. */
  struct gr_thread watchdog;
  bool watchdog_runs;
  struct gr_bell watchdog_bell; /* rung: it ends */
};

/* ---- memory_map.c ---- */
/* Reserves all memory and fills it for the first boot. */
int gr_memory_map_build(struct grosr *g);

/* ---- launch.c ---- */
/* Launches of this process so far. */
extern gr_au32 gr_incarnations;
/* Launches the microkernel and waits until every team has reported in. Under launch_lock, or alone.
 */
int gr_launch(struct grosr *g);
/* If the microkernel of this moment has gone to rest, launches the next. Any thread. */
int gr_relaunch(struct grosr *g);
/* Stops it and waits for its end; ends it by force if it does not. Closing thread only. */
int gr_stop(struct grosr *g);

/* ---- submit.c ---- */
/* Sends a control message. -EAGAIN: the control ring stayed full for 100 ms. */
int gr_control_send(struct grosr *g, uint32_t op, uint64_t arg0, uint64_t arg1);

/* ---- wait.c ---- */
/* A wait's patience: spins, then yields, then naps, by idle mode; tells when time is over. */
struct gr_patience {
  struct grosr *g;
  uint64_t deadline_ns; /* UINT64_MAX: none */
  uint64_t since_ns;    /* of the first look at the clock */
  uint32_t spins;
};
struct gr_patience gr_patience_begin(struct grosr *g, uint64_t timeout_ns);
/* 0: look again; -ETIMEDOUT or -EIO with a sentence: time is over, or nothing more will come. */
int gr_patience_turn(struct gr_patience *patience);

/* ---- watchdog.c ---- */
int gr_watchdog_start(struct grosr *g);
void gr_watchdog_end(struct grosr *g);
/* Raises health to at least `health`. */
void gr_health_raise(struct grosr *g, enum gr_health health);

/* ---- stats.c ---- */
/* Room for the records of all teams, aligned as the type asks; freed by free(). NULL with a
 * sentence. */
struct gr_team_record *gr_records_alloc(const struct grosr *g);
/* Copies the records of all teams into `records`. */
int gr_records_read(struct grosr *g, struct gr_team_record *records);
