/* trace.h - the host's part of a trace: its two rings of events, and the reader of all of them.
 *
 * Private to runtime/host. A struct gr_trace is there only with options.trace_events; g->trace is
 * null otherwise, and one look at it is all that a submit or a wait pays.
 *
 * Threads: the ring of submits is written under the submit lock, that of waits by any thread, which
 * takes its place there by one addition. Two of them that are a lap apart may meet in one place: by
 * its lap each word still says whose it is, R1; if the earlier writes last, the later event is not
 * there, and the track is read no further until it is overwritten, or all is over. Everything else
 * is under `lock`.
 *
 * Next: trace.c, trace_clock.c, trace_file.c. */
#pragma once

#include "host/grosr_private.h"
#include "include/grosr/trace.h"
#include "shared/trace.h"

struct gr_trace_ring {
  gr_au64 traced __attribute__((aligned(GR_LINE_BYTES))); /* events ever */
  struct gr_trace_event *event;
};

/* How far a track was read. */
struct gr_trace_cursor {
  uint32_t track;
  uint64_t next; /* events below it were given, or lost */
  uint64_t lost; /* of them, and not yet told */
};

/* One moment on two clocks. */
struct gr_clock_point {
  uint64_t ns;
  uint64_t ticks;
  uint64_t error_ns;
};
/* How a clock of ticks goes: a line through two of them. */
struct gr_clock_line {
  struct gr_clock_point first, last;
};

struct gr_trace {
  struct gr_trace_ring submits, waits;
  gr_au32 is_stopped __attribute__((aligned(GR_LINE_BYTES)));
  uint32_t shift;
  uint32_t number; /* of this grosr_open */
  bool is_over;    /* nobody writes any more: what is not there yet will never be */
  struct gr_mutex lock;
  struct gr_trace_cursor *cursor; /* of each track */
  struct gr_trace_event *copy;    /* of one ring */
  struct gr_clock_line host;
  struct gr_clock_line device; /* the host's where it is the same clock */
  grosr_ticket asked;          /* of a look at the device's that was not answered; 0: none */
};
#define GR_TRACK_SUBMITS(g) ((g)->options.teams)
#define GR_TRACK_WAITS(g)   ((g)->options.teams + 1u)
#define GR_TRACKS(g)        ((g)->options.teams + 2u)

/* ---- trace.c ---- */
/* What GROSR_TRACE asks for, where the options say nothing. -EINVAL: it cannot be understood. */
int gr_trace_options(struct grosr_options *options);
/* Before the first launch: its memory, on both sides; nothing without trace_events. */
int gr_trace_open(struct grosr *g);
/* Once the microkernel runs, and while it still does: the clocks are compared. */
void gr_trace_booted(struct grosr *g);
void gr_trace_closing(struct grosr *g);
void gr_trace_close(struct grosr *g);
/* Under the submit lock. `task` was accepted, as one of those whose acceptance began at `ticks`. */
void gr_trace_accepted(struct grosr *g, const struct gr_task *task, uint64_t ticks);
/* A host thread begins to wait for a ticket (0: for something else), and has waited. */
void gr_trace_waits(struct grosr *g, grosr_ticket ticket);
void gr_trace_waited(struct grosr *g, grosr_ticket ticket, int error);
/* Under the lock. Gives what is new in one track, as grosr_trace_read. */
int64_t gr_trace_track_read(struct grosr *g, struct gr_trace_cursor *at, struct grosr_event *events,
                            size_t count);
/* The newest `count` events at most of one track, for the black box; oldest first.
 * They stay for grosr_trace_read. */
size_t gr_trace_newest(struct grosr *g, uint32_t track, struct grosr_event *events, size_t count);

/* ---- trace_clock.c ---- */
/* Under the lock, or alone. Compares the clocks: once the microkernel runs; and when events are to
 * be read, of the host alone or of both. A device that does not answer keeps what it has. */
void gr_trace_clock_first(struct grosr *g);
void gr_trace_clock_host(struct grosr *g);
void gr_trace_clock_look(struct grosr *g);
/* The time of an event's `when`. */
uint64_t gr_trace_clock_ns(const struct gr_clock_line *line, uint64_t when);

/* ---- trace_file.c ---- */
/* How often this process has called grosr_open with a trace; and, if GROSR_TRACE asks for it, the
 * file of this one. */
extern gr_au32 gr_trace_opens;
int gr_trace_save_asked(struct grosr *g);
