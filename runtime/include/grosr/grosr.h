/* grosr.h - the host API of libgrosr: open a device, give it tasks, wait for their results.
 *
 * A *device* runs a resident microkernel made from one *image* (a C file of ops, see device.h). A
 * *task* names an op and carries 32 bytes of arguments; every accepted task gets exactly one
 * completion. A *ticket* stands for one accepted task until somebody has waited for it.
 *
 *   struct grosr_options options;
 *   grosr_options_init(&options);
 *   options.image = &grosr_image_example;
 *   struct grosr *g;
 *   if (grosr_open(&options, &g) < 0) puts(grosr_last_error());
 *
 * Every function returns 0 or a count on success and a negative errno on failure; out parameters
 * are untouched then, and grosr_last_error() has a sentence with the remedy. The library never
 * prints and never exits. Unless a function says otherwise it may be called from any thread, by
 * several at once, between grosr_open and grosr_close. Times are in ns; GROSR_FOREVER waits without
 * limit of its own (the watchdog's limit still holds).
 *
 * Next: grosr.h is carried out by ../../host/api.c; ops are written against device.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct grosr;       /* an open device */
struct grosr_image; /* ops compiled for it; declare yours with GROSR_IMAGE */
struct grosr_kernels; /* kernels that tasks may launch: launch.h */
struct grosr_memory_live; /* memory that was not freed: memory.h */

/* Declares the image that GR_IMAGE(name, ...) defined in another file. */
#define GROSR_IMAGE(name) extern const struct grosr_image grosr_image_##name

typedef uint64_t grosr_ticket;

#define GROSR_FOREVER   UINT64_MAX
#define GROSR_AUTO      UINT32_MAX
#define GROSR_ARG_WORDS 4

enum grosr_idle_mode {
  GROSR_IDLE_LATENCY = 0,  /* teams spin: lowest latency, a core (or SM) each */
  GROSR_IDLE_BALANCED = 1, /* teams spin for 100 us, then sleep: the default */
  GROSR_IDLE_QUIET = 2     /* teams sleep almost at once */
};

enum grosr_confine {
  GROSR_CONFINE_IF_POSSIBLE = 0, /* grosr_relay_stats tells whether it was: the default */
  GROSR_CONFINE_ALWAYS = 1,      /* grosr_open fails if it is not possible */
  GROSR_CONFINE_NEVER = 2
};

enum grosr_placement {
  GROSR_PLACE_AUTO = 0,  /* teams, submitter and watchdog each on a core of their own, as far as
                            there are cores; neighbours sharing a cache first */
  GROSR_PLACE_NONE = 1,  /* bind nothing */
  GROSR_PLACE_SPREAD = 2 /* as AUTO, but far apart first (other packages, other caches) */
};

/* Which context's task is next, where several have work (../../device/policy.h). */
enum grosr_policy {
  GROSR_POLICY_ROUND_ROBIN = 0, /* every context in turn, one task each */
  GROSR_POLICY_FIFO = 1,        /* the task that waits longest */
  GROSR_POLICY_WEIGHTED = 2,    /* by priority; within one, time in proportion to weight */
  GROSR_POLICY_LEARNING = 3     /* the task that is expected to take least time, as learned */
};

struct grosr_options {
  const char *device;              /* "auto", "cpu", "cuda" or "cuda:N"; NULL is "auto" */
  const struct grosr_image *image; /* required */
  uint32_t teams;                  /* 1 ... 2048; GROSR_AUTO: as many as suit the device */
  uint32_t lanes;        /* of a team: cpu 1; cuda 32 (a warp) to 512 (port_cuda.h); 0: 1 or 32 */
  uint32_t ingress_team; /* 0: decide by teams; 1: a team is reserved for ingress; 2: none */
  enum grosr_placement placement;
  enum grosr_idle_mode idle_mode;
  enum grosr_policy policy;
  uint64_t idle_exit_ns;     /* the microkernel leaves after so long without work and is launched
                                again by the next submit; 0: it stays */
  uint64_t op_ns_max;        /* watchdog: an op that runs longer is stuck; 0: 10 s */
  uint64_t boot_ns_max;      /* for all teams to report in; 0: 10 s */
  uint64_t close_ns_max;     /* grosr_close: for what is in flight to end; 0: 10 s */
  uint32_t ingress_slots;    /* 0: 1024; a power of two from 64 to 65536 */
  uint32_t completion_slots; /* tickets not yet waited for; 0: 65536; power of two, 64 to 1048576 */
  uint32_t runq_slots;       /* per context; 0: 4096; a power of two from 64 to 65536 */
  uint32_t join_slots;       /* forks in flight; 0: 4096; from 16 to 1048576 */
  uint32_t graph_nodes;      /* of all instances of graphs (graph.h); 0: 16384; 16 to 1048576 */
  uint32_t channel_bytes;    /* messages of all channels (channel.h); 0: 1 MiB; 4 KiB to 1 GiB */
  uint64_t memory_bytes;     /* for ops to allocate (device.h); 0: 64 MiB; whole pages of 4 KiB, 64
                                KiB to 1 TiB. Of cpu only what is touched is taken */
  uint32_t scratch_bytes;    /* team scratch for ops; 0: 1024; at most 65536 */
  uint64_t shared_bytes;     /* memory for grosr_shared_take; 0: 1 MiB */
  uint32_t trace_events;     /* events kept of each team (trace.h), a power of two from 64 to
                                1048576; 0: none, unless GROSR_TRACE is set */
  uint32_t top;              /* 1: `grosr top` may look (top.h); 0: only if GROSR_TOP is set */
  const struct grosr_kernels *kernels; /* that tasks may launch (launch.h); NULL: none */
  uint32_t memory_debug; /* GROSR_MEMORY_* of memory.h; 0: none, unless GROSR_MEMORY_DEBUG is set */
  uint32_t relay; /* 1: ops may ask the host (relay.h), and a mediator thread runs; 0: none */
  enum grosr_idle_mode relay_idle; /* of the mediator */
  uint32_t relay_batch; /* it waits until a context has so many calls out, up to 256; 0: for none */
  uint64_t relay_batch_ns; /* ... but for no longer than this */
  enum grosr_confine relay_confine; /* of the mediator, by seccomp */
  /* Called by grosr_context_close and grosr_close, once for each op of which objects are live then
   * (memory.h); may call nothing of this API. NULL: nobody wants to know. */
  void (*memory_leaked)(void *argument, const struct grosr_memory_live *live);
  void *memory_leaked_argument;
};

/* Sets every field to its default: GROSR_AUTO teams, device "auto", balanced; the rest 0, where 0
 * means the default named above. Always start from here. */
void grosr_options_init(struct grosr_options *options);

/* Opens a device and boots its microkernel; returns when every team has reported in. All memory is
 * reserved here, none later. The calling thread becomes the *submitter*: it is bound to its core
 * until grosr_close, and threads that it creates meanwhile inherit that (placement NONE: nobody).
 *   -EINVAL    an option is out of range, or no image
 *   -ENODEV    no such device, no driver, a stub driver, no GPU
 *   -ENOEXEC   the image was built for another ABI, or has no code for this GPU
 *   -ENOMEM    memory
 *   -ETIMEDOUT a team did not report in
 * Several devices, and one device several times, may be open at once. */
int grosr_open(const struct grosr_options *options, struct grosr **out);

/* Lets what is in flight end (at most close_ns_max), stops the microkernel, frees everything. Tasks
 * that had not ended by then complete as -ECANCELED. Call it once, from any thread, when no other
 * call on `g` is in progress. `g` is gone afterwards, whatever is returned.
 *   -ETIMEDOUT  an op had to be abandoned; -EIO  the device had failed.
 *   -EIO also: the file that GROSR_TRACE names could not be written.
 *   n > 0       n tickets were never waited for (they had completed; nothing was lost). */
int grosr_close(struct grosr *g);

/* ---- contexts ---- */

/* A context is a tenant: its own run queue. 0, the system's, is open from the start and may be
 * used.
 *   -EAGAIN  all 63 are open, or the device does not read its control ring
 *   -EBUSY   another thread was stopped, or died, while it opened or closed one */
int grosr_context_open(struct grosr *g, uint32_t *context);
/* Its capabilities (channel.h) are revoked, and what it allocated (memory.h) is gone; what of that
 * was never freed options.memory_leaked is told.
 * -EBUSY: tasks are in flight on the device, in this context or another (grosr_wait_all first), or
 * a team has memory of it at hand and does not get on, or
 * another thread was stopped, or died, while it opened or closed one.
 * -ETIMEDOUT: it was killed, and no team was free within a second to take note; call it again. */
int grosr_context_close(struct grosr *g, uint32_t context);

/* What a context may have. In force from some moment after the call on; tasks that run are not
 * interrupted. */
struct grosr_tenant {
  uint32_t weight;   /* 1 ... 1024, share of time among equals: policy WEIGHTED */
  uint32_t priority; /* 0 (first) ... 3: policy WEIGHTED */
  uint32_t quota;    /* tasks that run at once, 1 ...; GROSR_AUTO: as many as there are teams */
  uint64_t slice_ns; /* a team that serves it stays with it for so long; 0: for one task */
};
/* Weight 1, priority 1, no quota, no slice: what a context has when it is opened. */
void grosr_tenant_init(struct grosr_tenant *tenant);

/* -EINVAL: context not open, or a value is out of range (a quota or weight of 0). -EAGAIN, -EBUSY
 * as for grosr_context_open. */
int grosr_context_set(struct grosr *g, uint32_t context, const struct grosr_tenant *tenant);

/* A paused context's tasks wait, in their order, until it is resumed; tasks may go on being
 * submitted to it until it has no credit. Those that run, run on. When pause returns 0, no more
 * than one task a team begins. A device that is closed ends them with -ECANCELED.
 *   -ETIMEDOUT  no team was free within a second to take note; one will, later
 *   -ECANCELED  the context was killed */
int grosr_context_pause(struct grosr *g, uint32_t context);
int grosr_context_resume(struct grosr *g, uint32_t context);
/* Ends a context: tasks that have not begun complete as -ECANCELED, one completion each, and those
 * that run see gr_cancelled_team. Nothing more can be submitted to it; close it when all is done.
 *   -EINVAL  context 0, or one that is not open */
int grosr_context_kill(struct grosr *g, uint32_t context);

/* Counts are of the time since the context was opened in which there was something to decide: more
 * than one context, or one that was set, paused or killed. */
struct grosr_context_stats {
  struct grosr_tenant tenant;
  uint32_t is_paused;
  uint32_t is_killed;
  uint32_t credit;  /* tasks that may be accepted and not begun; over it submit says -EAGAIN */
  uint32_t waiting; /* of it, taken */
  uint32_t running; /* of its quota, taken; 0 without quota */
  uint64_t served;  /* tasks whose op has run */
  uint64_t served_ns;
  uint64_t wait_ns; /* in its queue, all tasks together */
};
int grosr_context_get(struct grosr *g, uint32_t context, struct grosr_context_stats *stats);

/* From now on; what was learned or owed by another policy stays for its return. -EINVAL: there is
 * no such policy. */
int grosr_policy_set(struct grosr *g, enum grosr_policy policy);
/* The policy in force.
 *   -EPROTO  it is in *policy, but since grosr_open a policy has named contexts that had no work
 *            (grosr_stats, mispicks): a bug in it. Another context was served each time. */
int grosr_policy_get(struct grosr *g, enum grosr_policy *policy);

/* ---- tasks ---- */

/* Looks up an op of the image by name. -ENOENT: no such op (the sentence lists those there are). */
int grosr_op(const struct grosr *g, const char *name, uint32_t *op);

struct grosr_task {
  uint32_t op;
  uint32_t context;
  uint64_t arg[GROSR_ARG_WORDS]; /* values, or addresses from grosr_shared_take */
  uint32_t tiles; /* 0 or 1: an ordinary task. More, up to 2^31: many teams work on it at once, each
                     call of the op doing some of the tiles (gr_tile_first, gr_tile_end); its
                     result is 0, or the first failure, after which no more tiles are begun */
};

/* Fills a task, copying `bytes` (at most 32) of arguments. -E2BIG: too many: put them into shared
 * memory and pass their address. Touches no device; `task` is untouched on failure. */
int grosr_task_init(struct grosr_task *task, uint32_t op, uint32_t context, const void *args,
                    size_t bytes);

/* Submits one task and never waits.
 *   -EAGAIN  the ring or the completion table is full, or this context has no credit: so many of
 *            its tasks have not begun that one more might not find room (other contexts may go on)
 *   -ECANCELED  the context was killed
 *   -EBUSY   another thread was stopped, or died, while it was submitting (or, after a rest, while
 *            it brought the microkernel back)
 *   -EINVAL  unknown op, context not open, too many tiles, null pointer
 *   -ESHUTDOWN  the device is closing; -EIO  it has failed (see grosr_black_box)
 * ticket may be NULL: then nobody can wait for it alone, and its result shows only in the
 * statistics and in grosr_wait_all. */
int grosr_submit(struct grosr *g, const struct grosr_task *task, grosr_ticket *ticket);

/* Submits up to `count` tasks in order; waits up to timeout_ns for room (0: not at all). Returns
 * how many were accepted (always the first ones), or -EAGAIN for none within the time. All tasks
 * are checked before the first is accepted: a bad one refuses the call. tickets may be NULL. */
int64_t grosr_submit_many(struct grosr *g, const struct grosr_task *tasks, size_t count,
                          uint64_t timeout_ns, grosr_ticket *tickets);

/* Waits for one task; result is what its op returned (negative: failed; -ECANCELED; -ENOENT). The
 * ticket is used up; only one thread may wait for a ticket.
 *   -ETIMEDOUT  not done in time, or the watchdog found an op stuck: the ticket stays good
 *   -ESTALE     no such ticket, or already waited for */
int grosr_wait(struct grosr *g, grosr_ticket ticket, uint64_t timeout_ns, int32_t *result);

/* Waits for tickets[0] ... tickets[count - 1] in that order, until timeout_ns in all. Returns how
 * many were done (and used up), or -ETIMEDOUT for none. results may be NULL. */
int64_t grosr_wait_many(struct grosr *g, const grosr_ticket *tickets, size_t count,
                        uint64_t timeout_ns, int32_t *results);

/* Waits until every task accepted so far, and all that these submitted on the device, is done. Uses
 * up no ticket. -ETIMEDOUT as above. */
int grosr_wait_all(struct grosr *g, uint64_t timeout_ns);

/* Asks that a task not start. Returns at once; the task's completion tells what came of it:
 * -ECANCELED, or its own result if it had started (of a task of tiles: if all of them had).
 * -ESTALE: already done or waited for. */
int grosr_cancel(struct grosr *g, grosr_ticket ticket);

/* ---- memory that ops and host share ---- */

/* Takes `bytes` (aligned to 128) from the shared memory reserved at grosr_open; zeroed at open.
 * `host` is where the host finds it, the value returned in `device` is what ops use. -ENOMEM: raise
 * shared_bytes. What a task wrote is visible once its completion was seen. */
int grosr_shared_take(struct grosr *g, uint64_t bytes, void **host, uint64_t *device);
/* Gives back everything taken. The caller answers for no task still using it. */
void grosr_shared_reset(struct grosr *g);

/* Waits until the 64-bit word at `host` (from grosr_shared_take), to which an op signals with
 * gr_signal_team, is at least `value`. -ETIMEDOUT. */
int grosr_wait_signal(struct grosr *g, const void *host, uint64_t value, uint64_t timeout_ns);

/* ---- looking ---- */

struct grosr_stats {
  uint64_t accepted;     /* tasks accepted from the host */
  uint64_t submitted;    /* tasks created by ops */
  uint64_t completed;    /* tasks ended in any way; == accepted + submitted when all is done */
  uint64_t failed;       /* of completed: negative result */
  uint64_t cancelled;    /* of failed: cancelled before they started */
  uint64_t from_mailbox; /* of completed: pushed to an idle team */
  uint64_t from_queue;   /* of completed: pulled from a run queue */
  uint64_t from_ingress; /* of completed: run straight from the ingress ring */
  uint64_t mispicks;     /* times that the policy named a context without work: a bug in it */
  uint64_t unwaited;     /* tickets whose task is done and which nobody has waited for */
  uint64_t sleeps;       /* times a team went to sleep */
  uint64_t launches;     /* of the microkernel: 1, plus one for each return from idle-exit */
  uint64_t heartbeats;   /* turns of all teams' main loops */
};
int grosr_stats(struct grosr *g, struct grosr_stats *stats);

/* The microkernel that runs now: unlike any other launch of this process. gr_incarnation() is the
 * same number on the device, so results can prove which launch made them. */
uint32_t grosr_incarnation(const struct grosr *g);

/* What is known about an open device, for provenance; strings live until grosr_close. */
struct grosr_info {
  const char *device;      /* "cpu", "cuda:0" */
  const char *description; /* "2 teams on AMD EPYC ..." */
  const char *placement;   /* who was bound where, verified or not; one line */
  uint32_t teams;
  uint32_t lanes;
  uint32_t reserved_ingress;
  uint64_t memory_bytes; /* reserved, host and device */
};
int grosr_info(const struct grosr *g, struct grosr_info *info);

/* Writes what every team last did, with op names, and the fault if there was one, as text; returns
 * its whole length, like snprintf. Works while an op is stuck. */
int grosr_black_box(struct grosr *g, char *text, size_t bytes);

/* Whether grosr_open could open this device: 0, or -ENODEV with a sentence that says what is
 * missing and what to do. "auto" is always 0. Starts nothing. */
int grosr_device_probe(const char *device);

/* The calling thread's last failure, one sentence with the remedy; "" when there was none. */
const char *grosr_last_error(void);
/* A short name for a negative errno of this API or a negative result of a task. */
const char *grosr_strerror(int error);

#ifdef __cplusplus
}
#endif
