/* trace_clock.c - what time it was, by the clocks that events are noted with.
 *
 * Events carry ticks (gr_clock_ticks): cheap, of no known rate, and on a GPU another clock than the
 * host's. Each clock is compared with CLOCK_MONOTONIC at two moments, when the device is opened and
 * when the trace is read; events lie between them, so their time is a line through both, off by no
 * more than the worse of the two looks. A look is two readings of one clock around one of the
 * other: it is off by half their distance. The device's is read by an op of the microkernel's own,
 * so there the distance is a trip of a task.
 *
 * Called under the trace's lock. Next: trace_file.c. */
#include "host/trace.h"

#include <errno.h>

#define LOOKS     16u
#define ANSWER_NS 100000000u /* that a device has for one */

/* The narrowest of some looks. */
static void point_better(struct gr_clock_point *best, uint64_t before_ns, uint64_t ticks,
                         uint64_t after_ns)
{
  const uint64_t error_ns = (after_ns - before_ns + 1u) / 2u;
  if (best->error_ns == 0 || error_ns < best->error_ns) {
    best->ns = before_ns + (after_ns - before_ns) / 2u;
    best->ticks = ticks;
    best->error_ns = error_ns != 0 ? error_ns : 1u;
  }
}

static struct gr_clock_point host_look(void)
{
  struct gr_clock_point best = {0, 0, 0};
  for (uint32_t i = 0; i < LOOKS; i++) {
    const uint64_t before_ns = gr_clock_ns();
    const uint64_t ticks = gr_clock_ticks();
    point_better(&best, before_ns, ticks, gr_clock_ns());
  }
  return best;
}

/* One trip of an op that looks at the device's clock. A device that does not answer is left with
 * the question; the next look goes on waiting for that. */
static int device_ask(struct grosr *g)
{
  struct gr_trace *trace = g->trace;
  struct grosr_task task = {0};
  int error = 0;
  task.op = GR_OP_CLOCK;
  if (trace->asked == 0) {
    error = gr_internal_submit(g, &task, 0, &trace->asked);
  }
  if (error == 0) {
    error = grosr_wait(g, trace->asked, ANSWER_NS, NULL);
  }
  if (error != -ETIMEDOUT) {
    trace->asked = 0;
  }
  return error;
}

static void device_look(struct grosr *g, struct gr_clock_point *out)
{
  struct gr_clock_point best = {0, 0, 0};
  int error = g->trace->asked != 0 ? device_ask(g) : 0; /* an answer from long ago says nothing */
  for (uint32_t i = 0; i < LOOKS && error == 0; i++) {
    const uint64_t before_ns = gr_clock_ns();
    error = device_ask(g);
    if (error == 0) {
      const uint64_t ticks = gr_load_relaxed_sys_u64(&g->boundary->ticks);
      point_better(&best, before_ns, ticks, gr_clock_ns());
    }
  }
  if (best.error_ns != 0) {
    *out = best;
  }
}

void gr_trace_clock_first(struct grosr *g)
{
  struct gr_trace *trace = g->trace;
  trace->host.first = trace->host.last = host_look();
  trace->device.first = trace->host.first;
  if (!g->backend_ops->has_host_clock) {
    trace->device.first = (struct gr_clock_point){0, 0, UINT64_MAX}; /* unless it answers */
    device_look(g, &trace->device.first);
  }
  trace->device.last = trace->device.first;
}

void gr_trace_clock_host(struct grosr *g)
{
  g->trace->host.last = host_look();
  if (g->backend_ops->has_host_clock) {
    g->trace->device = g->trace->host;
  }
}

void gr_trace_clock_look(struct grosr *g)
{
  gr_trace_clock_host(g);
  if (!g->backend_ops->has_host_clock) {
    struct gr_clock_line *device = &g->trace->device;
    device_look(g, &device->last);
    if (device->first.error_ns == UINT64_MAX) { /* one look is better than a line from none */
      device->first = device->last;
    }
  }
}

uint64_t gr_trace_clock_ns(const struct gr_clock_line *line, uint64_t when)
{
  const uint64_t ticks = when >> GR_TRACE_LAP_BITS; /* the low bits of the clock; ours is near */
  const int64_t ahead =
      (int64_t)((ticks - line->first.ticks) << GR_TRACE_LAP_BITS) >> GR_TRACE_LAP_BITS;
  const double span = (double)(line->last.ticks - line->first.ticks);
  const double rate = span > 0.0 ? (double)(line->last.ns - line->first.ns) / span : 1.0;
  return line->first.ns + (uint64_t)(int64_t)((double)ahead * rate);
}
