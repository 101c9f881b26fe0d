/* trace.c - reads the rings of events that teams and host threads write (shared/trace.h).
 *
 * A track at a time: a hint where its newest event is, a copy of what is new, and of each place in
 * that copy whether it holds the event that it should (gr_trace_look). What was lost is counted and
 * told as one DROP before the next event of that track. The device is only read, never asked to
 * wait; reading is through the backend, so it works while an op is stuck.
 *
 * Next: trace_clock.c, trace_file.c. */
#include "host/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_NS 3000000000u
#define TELL_NS 1000000000u

/* ---- open and close ---- */

int gr_trace_options(struct grosr_options *options)
{
  const char *asked = getenv("GROSR_TRACE");
  const char *events = getenv("GROSR_TRACE_EVENTS");
  if (asked == NULL || asked[0] == '\0' || options->trace_events != 0) {
    return 0;
  }
  char *end = NULL;
  const unsigned long count = events != NULL ? strtoul(events, &end, 10) : GR_TRACE_EVENTS;
  if (count == 0 || count > GR_TRACE_EVENTS_MAX || (end != NULL && *end != '\0')) {
    return gr_error_set(-EINVAL, "GROSR_TRACE_EVENTS is '%s'; use a power of two from %u to %u",
                        events, GR_TRACE_EVENTS_MIN, GR_TRACE_EVENTS_MAX);
  }
  options->trace_events = (uint32_t)count;
  return 0;
}

void gr_trace_booted(struct grosr *g)
{
  if (g->trace != NULL) {
    gr_trace_clock_first(g);
  }
}

void gr_trace_closing(struct grosr *g)
{
  if (g->trace != NULL) {
    gr_trace_clock_look(g);
  }
}

void gr_trace_close(struct grosr *g)
{
  struct gr_trace *trace = g->trace;
  if (trace == NULL) {
    return;
  }
  gr_mutex_fini(&trace->lock);
  free(trace->submits.event);
  free(trace->waits.event);
  free(trace->cursor);
  free(trace->copy);
  free(trace);
  g->trace = NULL;
}

static int host_take(struct grosr *g, struct gr_trace *trace)
{
  const size_t events = g->options.trace_events;
  memset(trace, 0, sizeof *trace);
  gr_mutex_init(&trace->lock);
  trace->shift = (uint32_t)__builtin_ctz(g->options.trace_events);
  trace->number = gr_add_relaxed_gpu_u32(&gr_trace_opens, 1u) + 1u;
  trace->submits.event = calloc(events, sizeof *trace->submits.event);
  trace->waits.event = calloc(events, sizeof *trace->waits.event);
  trace->cursor = calloc(GR_TRACKS(g), sizeof *trace->cursor);
  trace->copy = calloc(events, sizeof *trace->copy);
  for (uint32_t i = 0; trace->cursor != NULL && i < GR_TRACKS(g); i++) {
    trace->cursor[i].track = i;
  }
  return trace->submits.event != NULL && trace->waits.event != NULL && trace->cursor != NULL &&
                 trace->copy != NULL
             ? 0
             : gr_error_set(-ENOMEM, "no memory for %u events; lower trace_events",
                            g->options.trace_events);
}

int gr_trace_open(struct grosr *g)
{
  struct gr_piece piece;
  if (g->options.trace_events == 0) {
    return 0;
  }
  const size_t bytes = (sizeof *g->trace + GR_LINE_BYTES - 1u) & ~(size_t)(GR_LINE_BYTES - 1);
  g->trace = aligned_alloc(GR_LINE_BYTES, bytes);
  if (g->trace == NULL) {
    return gr_error_set(-ENOMEM, "no memory for a trace");
  }
  int error = host_take(g, g->trace);
  const uint64_t ring_bytes = (uint64_t)g->options.trace_events * sizeof(struct gr_trace_event);
  if (error == 0) {
    error =
        g->backend_ops->take(g->backend, GR_MEMORY_DEVICE, g->options.teams * ring_bytes, &piece);
  }
  if (error == 0) {
    g->memory_bytes += g->options.teams * ring_bytes;
    g->template.trace = (struct gr_trace_event *)(uintptr_t)piece.device;
    g->template.trace_shift = g->trace->shift;
    g->template.tracing.v = 1u;
  }
  return error;
}

/* ---- the host's own events ---- */

/* Threads that have waited, from 1 on; above 255 they share numbers. */
static uint32_t thread_number(void)
{
  static gr_au32 threads;
  static _Thread_local uint32_t mine;
  if (mine == 0) {
    mine = gr_add_relaxed_gpu_u32(&threads, 1u) % 255u + 1u;
  }
  return mine;
}

static struct gr_trace_event *place_of(const struct gr_trace *trace,
                                       const struct gr_trace_ring *ring, uint64_t at)
{
  return &ring->event[GR_TRACE_PLACE(at, trace->shift)];
}

static uint32_t ticket_number(const struct grosr *g, grosr_ticket ticket)
{
  return ticket == 0 ? 0
                     : GR_TRACE_TICKET(g->options.completion_slots, (uint32_t)ticket, ticket >> 32);
}

void gr_trace_accepted(struct grosr *g, const struct gr_task *task, uint64_t ticks)
{
  struct gr_trace *trace = g->trace;
  if (gr_load_relaxed_gpu_u32(&trace->is_stopped) != 0u) {
    return;
  }
  const uint64_t at = gr_load_own_u64(&trace->submits.traced);
  const bool has_ticket = (task->flags & GR_FLAG_DONE_MASK) == GR_DONE_HOST;
  const uint32_t number =
      has_ticket ? GR_TRACE_TICKET(g->options.completion_slots, task->done, task->generation)
                 : task->generation;
  gr_trace_write(place_of(trace, &trace->submits, at), GR_TRACE_LAP(at, trace->shift), ticks,
                 GR_TRACE_WHAT(number, task->context, task->op, GR_TRACE_SUBMIT, 0u));
  gr_store_relaxed_gpu_u64(&trace->submits.traced, at + 1u);
}

static void wait_put(struct grosr *g, uint64_t what)
{
  struct gr_trace *trace = g->trace;
  if (gr_load_relaxed_gpu_u32(&trace->is_stopped) == 0u) {
    const uint64_t at = gr_add_relaxed_gpu_u64(&trace->waits.traced, 1u);
    gr_trace_write(place_of(trace, &trace->waits, at), GR_TRACE_LAP(at, trace->shift),
                   gr_clock_ticks(), what);
  }
}

void gr_trace_waits(struct grosr *g, grosr_ticket ticket)
{
  wait_put(g, GR_TRACE_WHAT(ticket_number(g, ticket), 0u, thread_number(), GR_TRACE_WAIT, 0u));
}

void gr_trace_waited(struct grosr *g, grosr_ticket ticket, int error)
{
  wait_put(g, GR_TRACE_WHAT(ticket_number(g, ticket), (uint32_t)-error & 0xffu, thread_number(),
                            GR_TRACE_END, 0u));
}

/* ---- reading ---- */

static int trace_enter(struct grosr *g)
{
  if (g == NULL || g->trace == NULL) {
    return gr_error_set(-ENODATA,
                        "this device keeps no events; open it with trace_events, as 4096");
  }
  return gr_mutex_lock(&g->trace->lock, gr_clock_ns() + LOCK_NS)
             ? 0
             : gr_error_set(-EBUSY, "another thread was stopped, or died, while it read the trace");
}

/* Where the newest event of a track is: a hint. */
static int traced_read(struct grosr *g, uint32_t track, uint64_t *traced)
{
  if (track == GR_TRACK_SUBMITS(g) || track == GR_TRACK_WAITS(g)) {
    *traced = gr_load_relaxed_gpu_u64(track == GR_TRACK_SUBMITS(g) ? &g->trace->submits.traced
                                                                   : &g->trace->waits.traced);
    return 0;
  }
  return g->backend_ops->read(g->backend, (uint64_t)(uintptr_t)&g->template.team[track].traced,
                              traced, sizeof *traced);
}

/* Copies the places of events `from` to `to` - 1, at most a ring of them, to where they are in the
 * ring, too. */
static int places_read(struct grosr *g, uint32_t track, uint64_t from, uint64_t to)
{
  struct gr_trace *trace = g->trace;
  const uint64_t slots = 1ull << trace->shift;
  int error = 0;
  while (from < to && error == 0) {
    const uint64_t first = from & (slots - 1u);
    const uint64_t count = to - from < slots - first ? to - from : slots - first;
    if (track < g->options.teams) {
      const struct gr_trace_event *ring = g->template.trace + track * slots;
      error = g->backend_ops->read(g->backend, (uint64_t)(uintptr_t)(ring + first),
                                   &trace->copy[first], count * sizeof *ring);
    } else {
      const struct gr_trace_event *ring =
          track == GR_TRACK_SUBMITS(g) ? trace->submits.event : trace->waits.event;
      for (uint64_t i = first; i < first + count; i++) {
        trace->copy[i].when.v = gr_load_relaxed_gpu_u64(&ring[i].when);
        trace->copy[i].what.v = gr_load_relaxed_gpu_u64(&ring[i].what);
      }
    }
    from += count;
  }
  return error;
}

static void event_make(const struct grosr *g, const struct gr_trace_cursor *at,
                       const struct gr_trace_event *from, struct grosr_event *out)
{
  const uint32_t track = at->track;
  const uint64_t what = from->what.v;
  const bool is_host = track >= g->options.teams;
  memset(out, 0, sizeof *out);
  out->ns = gr_trace_clock_ns(is_host ? &g->trace->host : &g->trace->device, from->when.v);
  out->track = (uint16_t)(track == GR_TRACK_SUBMITS(g) ? GROSR_TRACK_SUBMITS
                          : track == GR_TRACK_WAITS(g) ? GROSR_TRACK_WAITS
                                                       : track);
  out->kind = (uint8_t)GR_TRACE_KIND(what);
  out->op = (uint8_t)GR_TRACE_OP(what);
  out->context = (uint8_t)GR_TRACE_CONTEXT(what);
  out->task = GR_TRACE_TASK(what);
  out->sequence = (uint32_t)at->next;
}

/* Copies what is new in one track. Returns where that ends. */
static int track_copy(struct grosr *g, struct gr_trace_cursor *at, uint64_t *end)
{
  const uint64_t slots = 1ull << g->trace->shift;
  uint64_t after = 0;
  int error = traced_read(g, at->track, end);
  if (error == 0 && *end - at->next > slots) {
    at->lost += *end - slots - at->next;
    at->next = *end - slots;
  }
  if (error == 0 && at->next != *end) {
    error = places_read(g, at->track, at->next, *end);
  }
  if (error == 0) {
    error = traced_read(g, at->track, &after);
  }
  if (error == 0 && after - *end >= GR_TRACE_LAP_MASK << g->trace->shift) {
    at->lost += *end - at->next; /* its laps cannot be told apart */
    at->next = *end;
  }
  return error;
}

int64_t gr_trace_track_read(struct grosr *g, struct gr_trace_cursor *at, struct grosr_event *events,
                            size_t count)
{
  const uint32_t shift = g->trace->shift;
  uint64_t end = 0;
  size_t given = 0;
  const int error = track_copy(g, at, &end);
  while (error == 0 && at->next != end && given < count) {
    const struct gr_trace_event *copy = &g->trace->copy[GR_TRACE_PLACE(at->next, shift)];
    enum gr_trace_found found = gr_trace_look(copy, shift, at->next);
    if (found == GR_TRACE_NOT_YET && g->trace->is_over) {
      found = GR_TRACE_LOST;
    }
    const bool tells = found == GR_TRACE_WHOLE && at->lost != 0;
    if (found == GR_TRACE_NOT_YET || (tells && given + 2u > count)) {
      break;
    }
    at->next++;
    at->lost += found == GR_TRACE_LOST ? 1u : 0u;
    if (tells) {
      event_make(g, at, copy, &events[given]);
      events[given].kind = GROSR_EVENT_DROP;
      events[given].op = events[given].context = 0;
      events[given++].task = at->lost < UINT32_MAX ? (uint32_t)at->lost : UINT32_MAX;
      at->lost = 0;
    }
    if (found == GR_TRACE_WHOLE) {
      event_make(g, at, copy, &events[given++]);
    }
  }
  return error < 0 ? error : (int64_t)given;
}

int64_t grosr_trace_read(struct grosr *g, struct grosr_event *events, size_t count)
{
  int64_t given = 0;
  if (events == NULL || count < 2u) {
    return gr_error_set(-EINVAL, "grosr_trace_read: give room for 2 events or more");
  }
  int64_t result = trace_enter(g);
  if (result < 0) {
    return result;
  }
  gr_trace_clock_look(g);
  for (uint32_t i = 0; i < GR_TRACKS(g) && result >= 0 && (size_t)given < count; i++) {
    result = gr_trace_track_read(g, &g->trace->cursor[i], events + given, count - (size_t)given);
    given += result > 0 ? result : 0;
  }
  gr_mutex_unlock(&g->trace->lock);
  return given != 0 ? given : result;
}

size_t gr_trace_newest(struct grosr *g, uint32_t track, struct grosr_event *events, size_t count)
{
  struct gr_trace_cursor at = {track, 0, 0};
  uint64_t traced = 0;
  if (trace_enter(g) < 0) {
    return 0;
  }
  gr_trace_clock_host(g);
  int64_t given = traced_read(g, track, &traced);
  if (given == 0) {
    at.next = traced > count ? traced - count : 0;
    given = gr_trace_track_read(g, &at, events, count);
  }
  gr_mutex_unlock(&g->trace->lock);
  return given > 0 ? (size_t)given : 0;
}

/* ---- on and off ---- */

static int tracing_set(struct grosr *g, uint32_t is_on)
{
  if (g == NULL || g->trace == NULL) {
    return gr_error_set(-ENODATA,
                        "this device keeps no events; open it with trace_events, as 4096");
  }
  gr_store_relaxed_gpu_u32(&g->trace->is_stopped, is_on == 0 ? 1u : 0u);
  const int error = gr_control_send(g, GR_CTL_TRACE, is_on, 0);
  return error < 0 ? error : gr_control_await(g, TELL_NS);
}

int grosr_trace_start(struct grosr *g)
{
  return tracing_set(g, 1u);
}

int grosr_trace_stop(struct grosr *g)
{
  return tracing_set(g, 0u);
}

int grosr_trace_clock(struct grosr *g, struct grosr_trace_clock *clock)
{
  if (clock == NULL) {
    return gr_error_set(-EINVAL, "grosr_trace_clock: a null pointer");
  }
  const int error = trace_enter(g);
  if (error < 0) {
    return error;
  }
  const struct gr_trace *trace = g->trace;
  clock->host_error_ns = trace->host.first.error_ns > trace->host.last.error_ns
                             ? trace->host.first.error_ns
                             : trace->host.last.error_ns;
  clock->device_error_ns = 0;
  if (!g->backend_ops->has_host_clock) {
    clock->device_error_ns = trace->device.first.error_ns > trace->device.last.error_ns
                                 ? trace->device.first.error_ns
                                 : trace->device.last.error_ns;
  }
  gr_mutex_unlock(&g->trace->lock);
  return 0;
}
