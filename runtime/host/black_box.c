/* black_box.c - what every team last did, as text, with op names (grosr_black_box).
 *
 * Below each team stand the last events of its ring, if there is a trace (trace.h).
 *
 * Reads the teams' records through the backend, which works while an op is stuck, and the fault
 * page. Next: the end of the walk; results go on in harness/. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "device/fault.h"
#include "host/trace.h"

#define EVENTS_SHOWN 8u /* of each team */

/* A growing text in a buffer that may be too small, as snprintf sees it. */
struct text {
  char *to;
  size_t bytes;
  size_t length;
};

static void __attribute__((format(printf, 2, 3)))
text_add(struct text *text, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  const bool has_room = text->length < text->bytes;
  const int more = vsnprintf(has_room ? text->to + text->length : NULL,
                             has_room ? text->bytes - text->length : 0, format, arguments);
  va_end(arguments);
  text->length += more > 0 ? (size_t)more : 0;
}

static const char *op_name(const struct grosr *g, uint32_t op)
{
  return op < g->image->op_count ? g->image->op_names[op] : "no op";
}

static void fault_add(const struct grosr *g, struct text *text)
{
  static const char *const file[GR_FILE_COUNT] = {
      "an op of the image", "microkernel.h", "runq.h", "join.h", "ingress.h", "sched.h", "tiles.h"};
  static const char *const what[GR_FAULT_CODE_COUNT] = {"none", "assert failed",
                                                        "the image was built for another ABI"};
  const struct gr_fault *fault = &g->boundary->fault;
  const uint32_t code = gr_load_acquire_sys_u32(&fault->code);
  if (code == GR_FAULT_NONE) {
    return;
  }
  text_add(text, "fault: %s in %s line %u, team %u lane %u, argument 0x%llx\n",
           code < GR_FAULT_CODE_COUNT ? what[code] : "?",
           fault->file < GR_FILE_COUNT ? file[fault->file] : "?", fault->line, fault->team,
           fault->lane, (unsigned long long)fault->argument);
}

static void team_add(const struct grosr *g, struct text *text, uint32_t id,
                     const struct gr_team_record *record)
{
  static const char *const phase[GR_PHASE_COUNT] = {"away", "looking", "RUNNING", "idle", "asleep"};
  const uint64_t now = record->now.v;
  const uint32_t is = GR_NOW_PHASE(now);
  text_add(text, "team %u: %s", id, is < GR_PHASE_COUNT ? phase[is] : "?");
  if (GR_NOW_SEQUENCE(now) != 0) {
    text_add(text, "%s '%s' (task %u of this launch, context %u, ticket 0x%llx)",
             is == GR_PHASE_RUNNING ? "" : ", last ran", op_name(g, GR_NOW_OP(now)),
             GR_NOW_SEQUENCE(now), GR_NOW_CONTEXT(now), (unsigned long long)record->done.v);
  }
  text_add(text, "; %llu done, %llu failed, %llu turns, %llu sleeps\n",
           (unsigned long long)record->completed.v, (unsigned long long)record->failed.v,
           (unsigned long long)record->turns.v, (unsigned long long)record->sleeps.v);
}

/* The last events of a track, if there is a trace. */
static void trace_add(struct grosr *g, struct text *text, uint32_t track)
{
  static const char *const kind[GR_TRACE_KIND_COUNT] = {"none", "submits", "starts", "steals",
                                                        "ends", "waits",   "counts", "lost"};
  struct grosr_event events[EVENTS_SHOWN];
  const size_t count = g->trace != NULL ? gr_trace_newest(g, track, events, EVENTS_SHOWN) : 0;
  const uint64_t now_ns = gr_clock_ns();
  for (size_t i = 0; i < count; i++) {
    const struct grosr_event *event = &events[i];
    const bool is_park = event->kind == GR_TRACE_WAIT && event->task != 0;
    text_add(text, "  %.3f us ago it %s", (double)(int64_t)(now_ns - event->ns) * 1e-3,
             is_park ? "parks" : kind[event->kind % GR_TRACE_KIND_COUNT]);
    if (event->kind == GR_TRACE_END) {
      text_add(text, " with errno %u", event->op);
    } else if (event->kind <= GR_TRACE_STEAL || is_park) {
      text_add(text, " '%s'", op_name(g, event->op));
    }
    text_add(text, ", task 0x%x, context %u\n", event->task, event->context);
  }
}

int grosr_black_box(struct grosr *g, char *text, size_t bytes)
{
  static const char *const health[] = {"good", "closing", "stuck", "failed"};
  if (g == NULL || (text == NULL && bytes != 0)) {
    return gr_error_set(-EINVAL, "grosr_black_box: a null pointer");
  }
  struct text out = {text, bytes, 0};
  struct gr_team_record *records = gr_records_alloc(g);
  if (records == NULL) {
    return -ENOMEM;
  }
  text_add(&out, "device %s, image '%s', incarnation %u, %s; %llu tasks accepted\n", g->facts.name,
           g->image->name, grosr_incarnation(g), health[gr_load_relaxed_gpu_u32(&g->health)],
           (unsigned long long)gr_load_relaxed_gpu_u64(&g->accepted));
  fault_add(g, &out);
  if (gr_records_read(g, records) < 0) {
    text_add(&out, "the teams' records cannot be read: %s\n", grosr_last_error());
  } else {
    for (uint32_t i = 0; i < g->options.teams; i++) {
      team_add(g, &out, i, &records[i]);
      trace_add(g, &out, i);
    }
  }
  free(records);
  return (int)out.length;
}
