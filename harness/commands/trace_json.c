/* trace_json.c - see trace_json.h.
 *
 * Slices are made as events come: what opens one is kept until what closes it. A flow's step
 * belongs to the slice that is open at its time, so each step is noted with the slice that it is
 * in, and there is none where the other end of a slice was lost. A task is followed by its number:
 * its steps are sorted by number and time, and each run of equal numbers is one task's way. It ends
 * in the wait for it, a ns before that does. Times are in us, from the first event of all on.
 *
 * Next: cmd_trace.c */
#include "trace_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOMENT_NS 1u   /* a submit has no length; a flow wants a slice to begin in */
#define WAITERS   256u /* numbers of waiting threads */

/* Where a task was: in which slice, and when. */
struct step {
  uint32_t task;
  unsigned tid;
  uint64_t ns;
  uint8_t kind;
};

struct writer {
  FILE *out;
  const struct hx_trace *trace;
  unsigned pid;
  uint64_t base_ns;
  const char *comma; /* between events */
  unsigned flow;     /* the last one's id */
  struct hx_trace_sums *sums;
  const struct grosr_event **open; /* per thread: what has begun there and not ended */
  struct step *step;               /* at most one an event */
  size_t steps;
};

static unsigned tid_of(const struct writer *w, const struct grosr_event *event)
{
  const unsigned teams = w->trace->header.teams;
  if (event->track == GROSR_TRACK_SUBMITS)
    return teams + 1;
  return event->track == GROSR_TRACK_WAITS ? teams + 2 + event->op : event->track + 1u;
}

/* Begins an event; the caller ends it with "}". */
static void begin(struct writer *w, const char *phase, unsigned tid, uint64_t ns)
{
  const uint64_t at = ns - w->base_ns;
  fprintf(w->out, "%s\n{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u,\"ts\":%llu.%03u", w->comma, phase,
          w->pid, tid, (unsigned long long)(at / 1000), (unsigned)(at % 1000));
  w->comma = ",";
}

static void put_text(FILE *out, const char *text)
{
  fputc('"', out);
  for (; *text != '\0'; text++) { /* plain ASCII, as read */
    if (*text == '"' || *text == '\\')
      fputc('\\', out);
    fputc(*text, out);
  }
  fputc('"', out);
}

static void put_name(struct writer *w, unsigned tid, const char *what, const char *name)
{
  fprintf(w->out,
          "%s\n{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"%s\",\"args\":{\"name\":", w->comma,
          w->pid, tid, what);
  put_text(w->out, name);
  fputs("}}", w->out);
  w->comma = ",";
}

static void put_order(struct writer *w, unsigned tid)
{
  fprintf(w->out,
          ",\n{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"thread_sort_index\","
          "\"args\":{\"sort_index\":%u}}",
          w->pid, tid, tid);
}

static void put_names(struct writer *w)
{
  const struct grosr_trace_file *header = &w->trace->header;
  bool waits[WAITERS] = {false};
  char name[160];
  snprintf(name, sizeof(name), "%s on %s (process %u, device opened %u)", header->image,
           header->device, header->pid, header->number);
  put_name(w, 0, "process_name", name);
  for (unsigned team = 0; team < header->teams; team++) {
    snprintf(name, sizeof(name), "team %u", team);
    put_name(w, team + 1, "thread_name", name);
    put_order(w, team + 1);
  }
  put_name(w, header->teams + 1, "thread_name", "host submits");
  put_order(w, header->teams + 1);
  for (uint64_t i = 0; i < header->events; i++) {
    const struct grosr_event *event = &w->trace->event[i];
    if (event->track == GROSR_TRACK_WAITS && !waits[event->op]) {
      waits[event->op] = true;
      snprintf(name, sizeof(name), "host thread %u waits", event->op);
      put_name(w, tid_of(w, event), "thread_name", name);
      put_order(w, tid_of(w, event));
    }
  }
}

/* ---- slices ---- */

/* Of a slice that was written. A wait that has ended is a step at its end, if it ended well. */
static void note_step(struct writer *w, const struct grosr_event *event, uint64_t end_ns,
                      const struct grosr_event *end)
{
  const bool is_host_wait = event->track == GROSR_TRACK_WAITS;
  const bool is_whole = end != NULL && end->task == event->task && end->context == 0;
  if (event->task != 0 && (!is_host_wait || is_whole))
    w->step[w->steps++] = (struct step){event->task, tid_of(w, event),
                                        is_host_wait && end_ns > event->ns ? end_ns - 1 : event->ns,
                                        is_host_wait ? GROSR_EVENT_END : event->kind};
}

static const char *slice_name(const struct writer *w, const struct grosr_event *event,
                              char text[16])
{
  if (event->kind != GROSR_EVENT_WAIT)
    return hx_trace_op(w->trace, event->op, text);
  return event->track == GROSR_TRACK_WAITS ? "wait" : event->task != 0 ? "parked" : "asleep";
}

static void put_slice(struct writer *w, const struct grosr_event *event, uint64_t end_ns,
                      const struct grosr_event *end)
{
  char text[16];
  const uint64_t ns = end_ns > event->ns ? end_ns - event->ns : 1;
  const bool is_wait = event->kind == GROSR_EVENT_WAIT;
  begin(w, "X", tid_of(w, event), event->ns);
  fprintf(w->out, ",\"dur\":%llu.%03u,\"cat\":\"%s\",\"name\":", (unsigned long long)(ns / 1000),
          (unsigned)(ns % 1000),
          is_wait                             ? "wait"
          : event->kind == GROSR_EVENT_SUBMIT ? "submit"
                                              : "task");
  put_text(w->out, slice_name(w, event, text));
  fprintf(w->out, ",\"args\":{\"task\":%u,\"context\":%u", event->task, event->context);
  if (event->kind == GROSR_EVENT_START || event->kind == GROSR_EVENT_STEAL)
    fprintf(w->out, ",\"from\":\"%s\"", event->kind == GROSR_EVENT_STEAL ? "queue" : "pushed");
  if (end != NULL)
    fprintf(w->out, ",\"errno\":%u", is_wait ? end->context : end->op);
  fputs("}}", w->out);
  note_step(w, event, end_ns, end);
}

static void put_instant(struct writer *w, const struct grosr_event *event, const char *name)
{
  begin(w, "i", tid_of(w, event), event->ns);
  fprintf(w->out, ",\"s\":\"t\",\"name\":\"%s\",\"args\":{\"task\":%u,\"errno\":%u}}", name,
          event->task, event->op);
}

static void put_lost(struct writer *w, const struct grosr_event *event)
{
  begin(w, "i", tid_of(w, event), event->ns);
  fprintf(w->out, ",\"s\":\"t\",\"name\":\"events lost\",\"args\":{\"events\":%u}}", event->task);
  w->sums->lost += event->task;
}

static void put_counter(struct writer *w, const char *name, uint64_t ns, long long value)
{
  begin(w, "C", 0, ns);
  fprintf(w->out, ",\"name\":\"%s\",\"args\":{\"tasks\":%lld}}", name, value);
}

/* What one event says on its track. */
static void take_event(struct writer *w, const struct grosr_event *event)
{
  const struct grosr_event **open = &w->open[tid_of(w, event)];
  const bool is_team = event->track < w->trace->header.teams;
  char name[48];
  switch (event->kind) {
  case GROSR_EVENT_SUBMIT:
    put_slice(w, event, event->ns + MOMENT_NS, NULL);
    break;
  case GROSR_EVENT_START:
  case GROSR_EVENT_STEAL:
  case GROSR_EVENT_WAIT:
    if (event->kind == GROSR_EVENT_WAIT && is_team && event->task != 0) {
      put_slice(w, event, event->ns + MOMENT_NS, NULL); /* parked: no team waits */
      break;
    }
    if (*open != NULL) /* its END was lost */
      put_slice(w, *open, event->ns, NULL);
    *open = event;
    break;
  case GROSR_EVENT_END:
    if (*open != NULL && (!is_team || (*open)->task == event->task)) {
      w->sums->tasks += (*open)->kind != GROSR_EVENT_WAIT;
      put_slice(w, *open, event->ns, event);
      *open = NULL;
    } else if (is_team && event->op != 0) { /* an op may end what waited for the event it closed */
      put_instant(w, event, "refused");
    }
    break;
  case GROSR_EVENT_TICK:
    snprintf(name, sizeof(name), "run queue of context %u", event->context);
    put_counter(w, name, event->ns, event->task);
    break;
  case GROSR_EVENT_DROP: /* what was open has ended somewhere in what was lost */
    put_lost(w, event);
    *open = NULL;
    break;
  default:
    break;
  }
}

static void put_slices(struct writer *w)
{
  const uint64_t events = w->trace->header.events;
  long long busy = 0;
  for (uint64_t i = 0; i < events; i++) {
    const struct grosr_event *event = &w->trace->event[i];
    const bool is_team = event->track < w->trace->header.teams;
    const struct grosr_event **open = &w->open[tid_of(w, event)];
    const bool was_busy = is_team && *open != NULL && (*open)->kind != GROSR_EVENT_WAIT;
    take_event(w, event);
    const bool is_busy = is_team && *open != NULL && (*open)->kind != GROSR_EVENT_WAIT;
    if (was_busy != is_busy) {
      busy += is_busy ? 1 : -1;
      put_counter(w, "busy teams", event->ns, busy);
    }
  }
  for (unsigned tid = 0; tid < w->trace->header.teams + 2 + WAITERS; tid++) {
    if (w->open[tid] != NULL)
      put_slice(w, w->open[tid], w->trace->event[events - 1].ns, NULL);
    w->open[tid] = NULL;
  }
}

/* ---- flows ---- */

static int by_task(const void *left, const void *right)
{
  const struct step *a = left, *b = right;
  if (a->task != b->task)
    return a->task < b->task ? -1 : 1;
  if (a->ns != b->ns)
    return a->ns < b->ns ? -1 : 1;
  return (a->kind > b->kind) - (a->kind < b->kind);
}

static int by_ns(const void *left, const void *right)
{
  const struct step *a = left, *b = right;
  return (a->ns > b->ns) - (a->ns < b->ns);
}

/* The way of one task: `count` steps. */
static void put_flow(struct writer *w, const struct step *step, size_t count)
{
  w->flow++;
  w->sums->flows++;
  for (size_t i = 0; i < count; i++) {
    begin(w, i == 0 ? "s" : i + 1 == count ? "f" : "t", step[i].tid, step[i].ns);
    fprintf(w->out, ",\"cat\":\"flow\",\"name\":\"task\",\"id\":%u%s}", w->flow,
            i + 1 == count ? ",\"bp\":\"e\"" : "");
  }
}

static bool is_start(const struct step *step)
{
  return step->kind == GROSR_EVENT_START || step->kind == GROSR_EVENT_STEAL;
}

/* How many tasks are between a step of kind `from` and their begin: of those of which both are
 * known. `pair` has room for all steps. */
static void put_between(struct writer *w, const char *name, unsigned from, struct step *pair)
{
  size_t pairs = 0;
  for (size_t i = 0; i < w->steps; i++) {
    size_t next = i + 1;
    while (next < w->steps && w->step[next].task == w->step[i].task && !is_start(&w->step[next]))
      next++;
    const bool is_pair = next < w->steps && w->step[next].task == w->step[i].task;
    if (w->step[i].kind == from && is_pair) {
      pair[pairs++] = w->step[i];
      pair[pairs++] = w->step[next];
      i = next;
    }
  }
  qsort(pair, pairs, sizeof(*pair), by_ns);
  long long tasks = 0;
  for (size_t i = 0; i < pairs; i++) {
    tasks += pair[i].kind == from ? 1 : -1;
    put_counter(w, name, pair[i].ns, tasks);
  }
}

static int put_flows(struct writer *w)
{
  struct step *pair = malloc((w->steps + 1) * sizeof(*pair));
  if (pair == NULL)
    return -ENOMEM;
  qsort(w->step, w->steps, sizeof(*w->step), by_task);
  for (size_t first = 0, i = 1; i <= w->steps; i++) {
    if (i < w->steps && w->step[i].task == w->step[first].task)
      continue;
    if (i - first > 1)
      put_flow(w, &w->step[first], i - first);
    first = i;
  }
  put_between(w, "submitted, not begun", GROSR_EVENT_SUBMIT, pair);
  put_between(w, "parked", GROSR_EVENT_WAIT, pair);
  free(pair);
  return 0;
}

/* ---- all of it ---- */

int hx_trace_json(const struct hx_trace *trace, size_t count, FILE *out, struct hx_trace_sums *sums)
{
  struct writer w = {.out = out, .base_ns = UINT64_MAX, .comma = "", .sums = sums};
  int result = 0;
  for (size_t i = 0; i < count; i++) {
    if (trace[i].header.events > 0 && trace[i].event[0].ns < w.base_ns)
      w.base_ns = trace[i].event[0].ns;
  }
  *sums = (struct hx_trace_sums){0};
  fputs("{\"displayTimeUnit\":\"ns\",\n\"otherData\":{", out);
  for (size_t i = 0; i < count; i++)
    fprintf(out, "%s\"clock of process %zu\":\"a device's event against a host's: within %llu ns\"",
            i == 0 ? "" : ",\n", i + 1, (unsigned long long)trace[i].header.clock.device_error_ns);
  fputs("},\n\"traceEvents\":[", out);
  for (size_t i = 0; i < count && result == 0; i++) {
    w.trace = &trace[i];
    w.pid = (unsigned)i + 1;
    w.open = calloc(trace[i].header.teams + 2 + WAITERS, sizeof(*w.open));
    w.step = malloc((trace[i].header.events + 1) * sizeof(*w.step));
    w.steps = 0;
    result = w.open == NULL || w.step == NULL ? -ENOMEM : 0;
    if (result == 0) {
      put_names(&w);
      put_slices(&w);
      result = put_flows(&w);
    }
    sums->events += trace[i].header.events;
    free(w.open);
    free(w.step);
  }
  fputs("\n]}\n", out);
  return result < 0 ? result : ferror(out) || fflush(out) != 0 ? -EIO : 0;
}
