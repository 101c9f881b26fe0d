/* trace.h - what the teams and the host's threads did and when, as events; the file of them.
 *
 *   options.trace_events = 4096;          of each team and of the host, kept; the oldest goes first
 *   grosr_open(&options, &g);             events are noted from here on
 *   ...
 *   n = grosr_trace_read(g, events, count);     what came since the last time
 *   grosr_trace_save(g, "run.grtrace");         or all at once, for `grosr trace`
 *
 * Nobody ever waits for a reader: what it does not fetch in time is overwritten, and it is told how
 * much that was (GROSR_EVENT_DROP). Times are CLOCK_MONOTONIC of the host; how sure that is of a
 * device that has a clock of its own is in struct grosr_trace_clock.
 *
 * With the environment variable GROSR_TRACE=NAME every grosr_open has 16384 trace_events (if its
 * options say none), and grosr_close writes NAME.PID.NUMBER; that is how `grosr trace` runs a
 * program.
 *
 * Next: ../../shared/trace.h (the ring), ../../host/trace.h. */
#pragma once

#include <grosr/grosr.h>

#ifdef __cplusplus
extern "C" {
#endif

enum grosr_event_kind {
  GROSR_EVENT_NONE = 0,
  GROSR_EVENT_SUBMIT = 1, /* a task was accepted from the host, or created by an op */
  GROSR_EVENT_START = 2,  /* an op begins, of a task that was given to this team */
  GROSR_EVENT_STEAL = 3,  /* an op begins, of a task that this team took out of a run queue */
  GROSR_EVENT_END = 4,    /* ... has returned; of a task that never began: was refused; or awake */
  GROSR_EVENT_WAIT = 5,   /* a thread waits for a ticket that is not done (task 0: for all); a team
                             falls asleep, or, with a task, parks it until an event; then it has no
                             END, but the task a START */
  GROSR_EVENT_TICK = 6,   /* `task` tasks are in the run queue of `context` */
  GROSR_EVENT_DROP = 7,   /* `task` events of this track were overwritten before they were read */
  GROSR_EVENT_KIND_COUNT = 8
};

/* Tracks: 0 ... teams - 1 are the teams. */
#define GROSR_TRACK_SUBMITS 0xfffeu /* all host threads: SUBMIT */
#define GROSR_TRACK_WAITS   0xffffu /* all host threads: WAIT, END; `op` numbers the thread */
#define GROSR_OP_INTERNAL   0x80u   /* ops from here on are the microkernel's own */

struct grosr_event {
  uint64_t ns;
  uint32_t task; /* finds the events of one task; 0: it has no number */
  uint16_t track;
  uint8_t kind; /* enum grosr_event_kind */
  uint8_t op;   /* of END: its errno, 0 for good, 255 for all beyond */
  uint8_t context;
  uint8_t reserved[3];
  uint32_t sequence; /* in its track: the order of events of one moment */
};

struct grosr_trace_clock {
  uint64_t device_error_ns; /* of a team's event against a host's: at most so far off */
  uint64_t host_error_ns;   /* of all against CLOCK_MONOTONIC */
};

/* Goes on, or stops so that nothing more is overwritten; at open it goes on. When it returns, the
 * device knows; teams end the event at hand, and go on within 64 tasks or looks. While stopped it
 * costs nothing. -ENODATA: opened without trace_events; and what grosr_submit answers. */
int grosr_trace_start(struct grosr *g);
int grosr_trace_stop(struct grosr *g);

/* Gives up to `count` events that no earlier call gave, track by track, the oldest of each first.
 * Returns how many; 0: there is nothing new. Works while an op is stuck. -ENODATA as above. */
int64_t grosr_trace_read(struct grosr *g, struct grosr_event *events, size_t count);
/* How well the clocks are known, by the last read. */
int grosr_trace_clock(struct grosr *g, struct grosr_trace_clock *clock);

/* Writes what grosr_trace_read would give as a file: this header, then names, then events in their
 * order of reading. -ENODATA; -EIO with a sentence: it cannot be written. */
int grosr_trace_save(struct grosr *g, const char *path);

#define GROSR_TRACE_MAGIC   0x3145434152545247ull /* "GRTRACE1" */
#define GROSR_TRACE_VERSION 1u
#define GROSR_NAME_BYTES    32u

struct grosr_trace_file {
  uint64_t magic;
  uint32_t version;      /* GROSR_TRACE_VERSION */
  uint32_t header_bytes; /* of this struct */
  uint32_t event_bytes;  /* of struct grosr_event */
  uint32_t pid;
  uint32_t number; /* of this grosr_open among those of the process */
  uint32_t teams;
  uint32_t names; /* of ops, GROSR_NAME_BYTES each */
  uint32_t reserved;
  uint64_t events;
  struct grosr_trace_clock clock;
  char device[GROSR_NAME_BYTES];
  char image[GROSR_NAME_BYTES];
};

#ifdef __cplusplus
}
#endif
