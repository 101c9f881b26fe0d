/* grosr_private.h - struct grosr: one open device, as the files of runtime/host see it.
 *
 * Private: users have grosr.h. Fields are grouped by who may touch them.
 *
 *   api.c          options, open, close           submit.c   tasks in
 *   context.c      tenants                       kernel.c, launcher.c   kernels that tasks launch
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
  uint64_t heap_ns; /* that gr_heap_build took */
  struct gr_dev template; /* what the device's struct gr_dev was at boot: addresses and sizes */
  struct gr_dev *dev;     /* device address; on the CPU the real thing, else not to be followed */
  struct gr_boundary *boundary; /* host addresses */
  struct gr_line *ingress;
  gr_au64 *completion;
  unsigned char *shared; /* of grosr_shared_take */
  uint64_t shared_device;
  struct gr_trace *trace; /* trace.h; NULL: nothing is traced */
  struct gr_top *top;     /* top.h; NULL: nothing is published */
  struct gr_launcher_thread *launcher; /* launcher.c; NULL: none, or the device's own */
  struct gr_mediator *mediator; /* mediator.h; NULL: no relay */
  unsigned char *stage; /* through which graphs are loaded; under graph_lock */
  uint64_t stage_device;
  unsigned char *memory_host; /* page 0 of what ops allocate, if the host can address it */
  unsigned char *memory_stage; /* requests of memory.c; under memory_lock */
  uint64_t memory_stage_device;
  unsigned char *cells; /* of message.c */
  uint64_t cells_device;

  /* Under submit_lock. */
  gr_au32 submit_lock __attribute__((aligned(GR_LINE_BYTES))); /* 1: held */
  uint32_t ingress_tail;
  uint32_t ingress_head_seen; /* at most boundary->ingress_head */
  uint32_t control_tail;
  uint32_t slot_next;                  /* where the search for a free completion slot goes on */
  gr_au64 accepted;                    /* written under the lock, read by anyone */
  gr_au32 credited[GR_CONTEXTS_MAX];   /* tasks accepted with credit; the same (context.h, T1) */
  uint32_t left_seen[GR_CONTEXTS_MAX]; /* at most boundary->left */
  /* generation << 1 | taken. Taken under the lock; given back by the one waiter of the ticket. */
  gr_au32 *slot_state;

  /* Written by many; each word by itself. */
  gr_au32 health __attribute__((aligned(GR_LINE_BYTES))); /* enum gr_health, only rises */
  gr_au32 incarnation;                                    /* under launch_lock */
  gr_au32 launches;                                       /* under launch_lock */
  gr_au64 contexts;        /* bit per open context: set and cleared under context_lock */
  gr_au64 contexts_killed; /* the same */
  gr_au32 managed;         /* what the device was last told; the same */
  uint64_t contexts_set;   /* under context_lock, as what follows */
  uint32_t context_state[GR_CONTEXTS_MAX]; /* GR_CONTEXT_* */
  struct grosr_tenant tenant[GR_CONTEXTS_MAX];
  struct gr_mutex launch_lock;
  struct gr_mutex context_lock;
  struct gr_mutex graph_lock;
  gr_au64 shared_used; /* bytes */
  gr_au32 event_generation[GR_EVENTS_MAX]; /* generation << 1 | open; under context_lock */
  struct gr_mutex channel_lock;
  struct gr_channels *channels; /* NULL: none yet; under channel_lock */
  gr_au64 cells_taken;          /* a bit each: message.c */
  struct gr_mutex memory_lock;
  grosr_ticket memory_ticket; /* of a request that is not over; 0: none; under memory_lock */
  struct gr_graph_range *graph_range; /* GR_GRAPHS_MAX, or NULL: none yet; under graph_lock */

  /* The watchdog's. */
  struct gr_thread watchdog;
  bool watchdog_runs;
  struct gr_bell watchdog_bell; /* rung: it ends */
};

/* ---- memory_map.c ---- */
/* Reserves all memory and fills it for the first boot. */
int gr_memory_map_build(struct grosr *g);

/* ---- heap.c ---- */
int gr_heap_build(struct grosr *g);
struct gr_class;
void gr_class_fill(struct gr_class *class_, uint32_t number);

/* ---- tables.c ---- */
int gr_tables_build(struct grosr *g);

/* ---- kernel.c, launcher.c: kernels that tasks launch ---- */
/* Their part of the memory map; nothing without options.kernels. */
int gr_kernels_build(struct grosr *g);
/* Makes ready what launches them; before the microkernel is launched. */
int gr_kernels_open(struct grosr *g);
/* The microkernel runs. */
int gr_kernels_start(struct grosr *g);
/* It does not any more. Waits until what was launched has ended, for so long at most. */
int gr_kernels_end(struct grosr *g, uint64_t patience_ns);
int gr_launcher_start(struct grosr *g);
int gr_launcher_end(struct grosr *g, uint64_t patience_ns);

/* ---- relay.c, mediator.c: calls that ops make of the host; nothing without options.relay ---- */
int gr_relay_build(struct grosr *g);
int gr_relay_start(struct grosr *g);
/* The mediator's thread ends: the microkernel runs no more. */
int gr_relay_end(struct grosr *g);
void gr_relay_fini(struct grosr *g);
/* The context is being closed, and nothing of it runs: its descriptors are closed. */
int gr_relay_context_end(struct grosr *g, uint32_t context);

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

/* ---- context.c ---- */
void gr_contexts_init(struct grosr *g);
/* Before closing: the tasks of paused contexts would never end. */
void gr_contexts_end_paused(struct grosr *g);

/* ---- submit.c, control.c ---- */
int gr_submit_lock(struct grosr *g);
void gr_submit_unlock(struct grosr *g);
/* Under the lock. Writes a line of a ring, in any order that its reader may see. */
static inline void gr_submit_line(struct gr_line *line, const struct gr_task *task, uint32_t tag)
{
  for (uint32_t c = 0; c < 4u; c++) {
    struct gr_chunk chunk;
    chunk.arg = task->arg[c];
    chunk.head = task->head[c];
    chunk.tag = tag;
    gr_chunk_store_release_sys(&line->chunk[c], &chunk);
  }
}
/* After a line: wakes the team on duty, and the microkernel if it has gone to rest. */
void gr_duty_wake(struct grosr *g);
int gr_submit_told(struct grosr *g);
/* Sends a control message. -EAGAIN: the control ring stayed full for 100 ms. */
int gr_control_send(struct grosr *g, uint32_t op, uint64_t arg0, uint64_t arg1);
int gr_control_send_task(struct grosr *g, const struct gr_task *message);
/* Until the device has read what was sent so far. -ETIMEDOUT: it has not, but it will. */
int gr_control_await(struct grosr *g, uint64_t timeout_ns);

/* Whether tasks may be submitted: 0, or -EINVAL with a sentence. */
int gr_tasks_check(const struct grosr *g, const struct grosr_task *tasks, size_t count);
/* In the op of a task that is submitted so: it has GR_FLAG_AFTER. */
#define GR_OP_AFTER 0x10000u
/* Submits one of the microkernel's own ops, as grosr_submit does an op of the image. */
int gr_internal_submit(struct grosr *g, const struct grosr_task *task, uint64_t timeout_ns,
                       grosr_ticket *ticket);
/* The same, of the mediator's: also while the device is being closed. -EAGAIN: no room now. */
int gr_answer_submit(struct grosr *g, const struct grosr_task *task);
/* Runs one with these four arguments and waits for its result, for op_ns_max at most. */
int gr_internal_run(struct grosr *g, uint32_t op, const uint64_t *arg, int32_t *result);

/* ---- event.c ---- */
/* Under context_lock: a context was killed, and its tasks that wait for an event are ended. */
int gr_events_sift(struct grosr *g);

/* ---- channel.c ---- */
struct gr_channel_facts {
  uint32_t context; /* of the capability */
  uint32_t message_bytes;
};
/* What a capability stands for, if it has all of these rights. */
int gr_channel_facts(struct grosr *g, uint32_t capability, uint32_t rights,
                     struct gr_channel_facts *facts);
/* Revokes all capabilities of a context that is being closed. */
int gr_channels_revoke(struct grosr *g, uint32_t context);

/* ---- memory.c, memory_arena.c, memory_stats.c, memory_live.c ---- */
struct gr_memory_request;
/* What GROSR_MEMORY_DEBUG asks for beside the options. */
int gr_memory_options(struct grosr_options *options);
/* Has a request carried out; `request` is as it is afterwards. 0, or -errno with a sentence. */
int gr_memory_ask(struct grosr *g, struct gr_memory_request *request);
/* Whether the context is open: 0, or -EINVAL with a sentence. */
int gr_memory_check(const struct grosr *g, uint32_t context);
/* The context is being closed, and nothing of it runs: leaks are told, its arena is reset. */
int gr_memory_context_end(struct grosr *g, uint32_t context);
/* The device is being closed, and the microkernel has left: leaks are told. */
void gr_memory_device_end(struct grosr *g);
/* "the host" for ops of the microkernel's own. */
const char *gr_memory_op_name(const struct grosr *g, uint32_t op);
/* Calls `look` with each page's record whose page begins a run or block; -errno of it ends this. */
int gr_memory_walk(struct grosr *g, int (*look)(void *argument, uint32_t page, const void *record),
                   void *argument);
/* Tells options.memory_leaked what of the context (GROSR_AUTO: of all) is live. */
void gr_memory_leaks_tell(struct grosr *g, uint32_t context);

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
/* A word of device memory, which is read by eight bytes. 0 if it cannot be. */
uint32_t gr_word_read(struct grosr *g, const gr_au32 *word);
