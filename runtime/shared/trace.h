/* trace.h - what happened when: a ring of 16-byte events a team, and two of the host's.
 *
 *   a team's leading lane                         the host, whenever it likes (host/trace.c)
 *   ring[at & mask].when = ticks        | lap     copies the ring, then asks of each place:
 *   ring[at & mask].what = task .. kind | lap       both words of this lap?      it is event `at`
 *   traced = at + 1                                 one of them of a later lap?  overwritten: lost
 *                                                   else it is not there yet:    next time
 *
 * lap = (at >> shift) + 1, of which each of the two words carries the low 12 bits. A word is one
 * atomic access and is written once a lap, so words need no order between them: nothing is waited
 * for and no fence is passed, on either side. The oldest event is overwritten without a question;
 * the reader finds out by itself and counts.
 *
 * R1  Who sees both words of a place with the lap of `at` has event `at`: whole, and no other.
 * R2  Each event that was written is given to the reader once or counted as lost once.
 *
 * word          writer                          order
 * ring[].when,  the team; of the host's rings,  relaxed: a word tells by its lap what it belongs to
 *  ring[].what  who took `at` (host/trace.c)
 * traced        the team                        relaxed: a hint where the newest is; R1 decides
 * gr_dev.tracing  team on duty                  relaxed gpu: it may always come too late
 * gr_dev.ticked_ns  who notes the queues' lengths, by CAS   relaxed: a time, no data
 * gr_dev.ticked   who has won ticked_ns         relaxed: an old one notes a length once more, or
 *                                               once less
 *
 * Breaks if: a reader takes longer for one copy than the writer for 4095 laps; it looks at `traced`
 * before and after, and calls all of it lost then.
 *
 * Next: ../device/trace.h (who writes), ../host/trace.h (who reads). */
#pragma once

#include "port/port.h"

struct gr_trace_event {
  gr_au64 when;
  gr_au64 what;
};
static_assert(sizeof(struct gr_trace_event) == 16, "two words");

/* The order is that of enum grosr_event_kind (trace.h of the library). */
enum gr_trace_kind {
  GR_TRACE_NONE = 0,
  GR_TRACE_SUBMIT = 1, /* a task was accepted from the host, or created by an op */
  GR_TRACE_START = 2,  /* an op begins, of a task that was pushed here or that this team owed */
  GR_TRACE_STEAL = 3,  /* the same, of a task that this team took out of a run queue */
  GR_TRACE_END = 4,    /* it has returned, or the task was refused; `op` is its result's errno */
  GR_TRACE_WAIT = 5,   /* a team falls asleep, a host thread waits, until its next END; with a
                          task, by a team: the task was parked until an event */
  GR_TRACE_TICK = 6,   /* so many tasks (`task`) are in the run queue of `context` */
  GR_TRACE_DROP = 7,   /* the reader's: so many events (`task`) were lost here */
  GR_TRACE_KIND_COUNT = 8
};

#define GR_TRACE_LAP_BITS         12u
#define GR_TRACE_LAP_MASK         ((1ull << GR_TRACE_LAP_BITS) - 1u)
#define GR_TRACE_PLACE(at, shift) ((uint64_t)(at) & ((1ull << (shift)) - 1u))
#define GR_TRACE_LAP(at, shift)   ((((uint64_t)(at) >> (shift)) + 1u) & GR_TRACE_LAP_MASK)

#define GR_TRACE_WHEN(ticks, lap) (((uint64_t)(ticks) << GR_TRACE_LAP_BITS) | (lap))
#define GR_TRACE_WHAT(task, context, op, kind, lap)                                                \
  (((uint64_t)(task) << 32) | ((uint64_t)((context)&0xffu) << 24) |                                \
   ((uint64_t)((op)&0xffu) << 16) | ((uint64_t)(kind) << GR_TRACE_LAP_BITS) | (lap))
#define GR_TRACE_TASK(what)    ((uint32_t)((what) >> 32))
#define GR_TRACE_CONTEXT(what) ((uint32_t)((what) >> 24) & 0xffu)
#define GR_TRACE_OP(what)      ((uint32_t)((what) >> 16) & 0xffu)
#define GR_TRACE_KIND(what)    ((uint32_t)((what) >> GR_TRACE_LAP_BITS) & 0xfu)

/* A task's number: a word by which its events find each other. Who submits it makes it; a part, a
 * continuation and a node of a graph have that of the task which they stand for.
 *   00 of a ticket, 01 of a task of the host that has none, 1 of an op's */
#define GR_TRACE_TICKET(slots, slot, generation)                                                   \
  (((uint32_t)(generation) * (uint32_t)(slots) + (uint32_t)(slot)) & 0x3fffffffu)
#define GR_TRACE_UNNAMED(count) (0x40000000u | ((uint32_t)(count)&0x3fffffffu))
#define GR_TRACE_CHILD(count)   (0x80000000u | ((uint32_t)(count)&0x7fffffffu))

/* ---- the protocol, both sides ---- */

/* The writer of the event whose place and lap these are. `what` is a GR_TRACE_WHAT of lap 0. */
GR_DEV void gr_trace_write(struct gr_trace_event *event, uint64_t lap, uint64_t ticks,
                           uint64_t what)
{
  gr_store_relaxed_gpu_u64(&event->when, GR_TRACE_WHEN(ticks, lap));
  gr_store_relaxed_gpu_u64(&event->what, what | lap);
}

/* What a copy of the place of `at` holds. */
enum gr_trace_found {
  GR_TRACE_WHOLE = 0,
  GR_TRACE_LOST = 1,   /* it has been overwritten, or is being so */
  GR_TRACE_NOT_YET = 2 /* it is not yet to be seen: ask again */
};
GR_DEV enum gr_trace_found gr_trace_look(const struct gr_trace_event *copy, uint32_t shift,
                                         uint64_t at)
{
  const uint64_t lap = GR_TRACE_LAP(at, shift);
  const uint64_t when = (copy->when.v - lap) & GR_TRACE_LAP_MASK; /* laps ahead of ours */
  const uint64_t what = (copy->what.v - lap) & GR_TRACE_LAP_MASK;
  const uint64_t far = (GR_TRACE_LAP_MASK + 1u) / 2u; /* from here on: behind */
  if (when == 0u && what == 0u) {
    return GR_TRACE_WHOLE;
  }
  const bool is_later = (when != 0u && when < far) || (what != 0u && what < far);
  return is_later ? GR_TRACE_LOST : GR_TRACE_NOT_YET;
}
