/* relay.h - calls that ops make of the host: who asks, who answers, and who writes each word.
 *
 * A device cannot trap into an operating system; it asks. A *call* is a line (task.h) on the ring
 * of its context, in host memory. The *mediator*, a thread of the host, copies each line once,
 * checks the copy, carries it out, and writes an answer beside the ring.
 *
 *   lanes                                          mediator
 *   take records, one CAS for a warp (free[])
 *   reserve as many places, one addition (tail)
 *   line[pos & mask] = call, tag lap(pos)  ------> copies it at `head`; head + 1
 *                                                  checks the copy, carries it out
 *   answer[record], tag sequence           <------ writes the answer; it is polled for
 *   or a task GR_OP_CALLED through ingress <------ the same, of a call that is continued
 *   give the record back
 *
 * R1  A record has one owner: the lanes that took its bit, until they give it back. A context has
 *     as many places as records, and a line's place is read before its record is answered, so a
 *     place that is reserved is free: a ring is never full when a record was to be had.
 * R2  A record's sequence rises with each use and is the tag of its answer: a late answer to an
 *     earlier use is never taken for this one's.
 * R3  A call is answered once: by its result, or by why it was not carried out.
 * R4  Lines are read in the order of their places, so a team that stops for ever between reserving
 *     a place and filling it holds up its context's calls; no other context's.
 * R5  Of a line the mediator uses its own copy only, and a context is known by its ring, never by
 *     what a line says.
 *
 * word         writer                        order: why
 * free[]       takers and givers, by CAS     acquire/release: the record is handed over by it
 * tail         who reserves, by addition     relaxed: the line's tag says when it is there
 * record       its owner                     plain: handed over by free[], by the answer (R1), or
 *                                            by the task GR_OP_CALLED
 * line[]       who reserved the place        release/acquire sys, per chunk: what is written by the
 *                                            call, and was written before
 * answer[]     mediator                      release/acquire sys: what was read by the call
 * granted      the team on duty              relaxed: the mediator looks there before it is told
 * asleep       the mediator: 1; it or a      exchange decides (port_cpu.h); with the fences of I8:
 *              waker: 0                      who fills a line looks at it behind them
 *
 * Next: ../device/relay.h (who asks), ../host/mediator.c (who answers). */
#pragma once

#include "port/port.h"
#include "shared/task.h"

/* What is asked. Those that the mediator carries out for a context are a bit each of what it was
 * granted (grosr_relay_grant). */
enum gr_call_kind {
  GR_CALL_NULL = 0,     /* nothing; result 0: what the way costs */
  GR_CALL_OPEN = 1,     /* path of `bytes` at `address`, mode: GR_OPEN_*; result: a handle */
  GR_CALL_CLOSE = 2,    /* handle */
  GR_CALL_READ = 3,     /* handle, `bytes` into `address` from `offset` on; result: bytes */
  GR_CALL_WRITE = 4,    /* the same, out of `address` */
  GR_CALL_STAT = 5,     /* handle; struct gr_call_stat to `address` */
  GR_CALL_TRUNCATE = 6, /* handle, to `offset` bytes */
  GR_CALL_SYNC = 7,     /* handle; data and size are on the disk */
  GR_CALL_UNLINK = 8,   /* path of `bytes` at `address` */
  GR_CALL_LOG = 9,      /* `bytes` of text at `address`, to grosr_relay's log */
  GR_CALL_KINDS = 10
};

/* How a file is opened: one of the first three, and any of the others. */
#define GR_OPEN_READ     0u
#define GR_OPEN_WRITE    1u
#define GR_OPEN_BOTH     2u
#define GR_OPEN_ACCESS   3u /* mask of these */
#define GR_OPEN_CREATE   4u
#define GR_OPEN_EXCL     8u
#define GR_OPEN_TRUNCATE 16u
#define GR_OPEN_APPEND   32u

/* As it travels: head[i] with arg[i], like a task. */
struct gr_call {
  uint64_t address; /* device address, in memory that is registered for the context */
  uint64_t offset;
  uint64_t bytes;
  uint64_t mode; /* GR_OPEN_* */
  uint16_t kind; /* enum gr_call_kind */
  uint8_t context;
  uint8_t flags;     /* GR_CALL_* below */
  uint32_t handle;   /* generation << 16 | index; 0: none */
  uint32_t record;   /* below here the runtime's */
  uint32_t sequence; /* of the record */
};
static_assert(sizeof(struct gr_call) == sizeof(struct gr_task), "it travels as a task does");
/* It is answered by a task GR_OP_CALLED: argument 0 the record, argument 1 the result. */
#define GR_CALL_CONTINUED 0x1u

/* Bytes of a file, and what it is, in ns since 1970. */
struct gr_call_stat {
  uint64_t bytes;
  uint64_t modified_ns;
  uint64_t inode;
  uint32_t kind; /* GR_STAT_* */
  uint32_t links;
};
enum gr_stat_kind { GR_STAT_FILE = 0, GR_STAT_FOLDER = 1, GR_STAT_OTHER = 2 };

/* Results are >= 0, or a negative errno number of Linux. */
struct gr_called {
  struct gr_task task; /* of a call that is continued: runs when it is answered */
  uint32_t sequence;
  uint32_t reserved[3];
};

/* A context's, in device memory. */
struct gr_relay_ring {
  gr_au64 free[GR_CALLS_MAX / 64u] __attribute__((aligned(GR_LINE_BYTES))); /* bit: record free */
  gr_au32 tail __attribute__((aligned(GR_LINE_BYTES)));
  struct gr_called record[GR_CALLS_MAX] __attribute__((aligned(GR_LINE_BYTES)));
};
/* The same context's, in host memory. */
struct gr_relay_wire {
  struct gr_line line[GR_CALLS_MAX];
  struct gr_chunk answer[GR_CALLS_MAX]; /* of record i: arg the result, tag its sequence */
};

struct gr_relay {
  /* Read-only after boot. */
  struct gr_relay_ring *ring; /* per context */
  struct gr_relay_wire *wire; /* the same; device addresses of host memory */
  /* Written by the team on duty. */
  gr_au64 granted; /* bit per context whose calls the mediator looks at */
  /* Written by all. */
  gr_au32 asleep __attribute__((aligned(GR_LINE_BYTES)));
};
