/* scenario_trace.c - the ring of events: a writer that never waits, and a reader (shared/trace.h).
 *
 * Two places, four events: the writer overwrites what the reader has, or has not, read. Event n has
 * n in one word and 10 n in the other, so that words of two events are told apart.
 *
 *   R1  what the reader is given is one event, whole
 *   R2  each event is given or counted as lost, once, in order; the last two are given, for nobody
 *       overwrites them
 *
 * Next: scenario_idle.c. */
#include "host/trace.h"
#include "sim/protocol_host.h"
#include "sim/scenario.h"

#define EVENTS 4u

static struct {
  struct grosr host;
  struct gr_trace trace;
  struct gr_trace_event copy[2];
  struct gr_trace_cursor at;
  uint64_t told;  /* events that were given or said to be lost */
  uint64_t given; /* bit n: event n was given */
} R;

static void *write_events(void *argument)
{
  const struct gr_dev *dev = argument;
  for (uint64_t n = 1; n <= EVENTS; n++) { /* as gr_trace_put, but for the clock */
    gr_trace_write(&dev->trace[GR_TRACE_PLACE(n - 1u, 1u)], GR_TRACE_LAP(n - 1u, 1u), 10u * n,
                   GR_TRACE_WHAT(n, 0u, 0u, GR_TRACE_START, 0u));
    gr_store_relaxed_gpu_u64(&dev->team[0].traced, n);
  }
  return NULL;
}

static int64_t read_events(void)
{
  struct grosr_event event[4];
  const int64_t given = gr_trace_track_read(&R.host, &R.at, event, 4u);
  for (int64_t i = 0; i < given; i++) {
    if (event[i].kind == GROSR_EVENT_DROP) {
      R.told += event[i].task;
    } else {
      R.told++;
      gr_sim_expect(event[i].kind == GROSR_EVENT_START);
      gr_sim_expect(event[i].task == R.told);     /* R2 */
      gr_sim_expect(event[i].ns == 10u * R.told); /* R1 */
      R.given |= 1ull << R.told;
    }
  }
  gr_sim_expect(R.told + R.at.lost == R.at.next);
  return given;
}

void gr_scenario_trace(void *argument)
{
  static const struct gr_backend_ops ops = {.read = gr_protocol_read, .has_host_clock = true};
  (void)argument;
  gr_protocol_host(&R.host, 1u, &ops);
  memset(&R.trace, 0, sizeof R.trace);
  memset(&R.at, 0, sizeof R.at);
  R.told = R.given = 0;
  R.host.dev->trace = gr_sim_take("event", 2u * sizeof *R.host.dev->trace);
  R.host.template.trace = R.host.dev->trace;
  R.host.trace = &R.trace;
  R.trace.shift = 1u;
  R.trace.copy = R.copy;
  const uint32_t id = gr_protocol_spawn("writer", write_events, R.host.dev);
  read_events();
  read_events();
  if (gr_sim_join(id)) {
    while (read_events() != 0) {
    }
    gr_sim_expect(R.told == EVENTS);
    gr_sim_expect((R.given >> (EVENTS - 1u) & 3u) == 3u);
  }
}
