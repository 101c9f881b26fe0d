/* trace_read.c - see trace_read.h. Next: trace_json.c */
#include "trace_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

#define NAMES_MAX 256u

static int by_time(const void *left, const void *right)
{
  const struct grosr_event *a = left, *b = right;
  if (a->ns != b->ns)
    return a->ns < b->ns ? -1 : 1;
  if (a->track != b->track)
    return a->track < b->track ? -1 : 1;
  if (a->sequence != b->sequence)
    return a->sequence < b->sequence ? -1 : 1;
  return (a->kind != GROSR_EVENT_DROP) - (b->kind != GROSR_EVENT_DROP);
}

/* Does the header say a file of `bytes` bytes that this program understands? */
static int check(const struct grosr_trace_file *header, size_t bytes, const char *path,
                 struct hx_why *why)
{
  if (bytes < sizeof(*header) || header->magic != GROSR_TRACE_MAGIC)
    return hx_refuse(why, -EINVAL,
                     "%s is not a file of events; libgrosr writes one for GROSR_TRACE=NAME, or by "
                     "grosr_trace_save",
                     path);
  if (header->version != GROSR_TRACE_VERSION || header->header_bytes != sizeof(*header) ||
      header->event_bytes != sizeof(struct grosr_event))
    return hx_refuse(why, -EPROTO,
                     "%s is of version %u, this grosr reads %u; use the grosr that was built with "
                     "the traced program's libgrosr",
                     path, header->version, GROSR_TRACE_VERSION);
  const size_t left = bytes - sizeof(*header);
  if (header->names > NAMES_MAX || header->teams > GROSR_TRACK_SUBMITS ||
      header->events > left / sizeof(struct grosr_event) ||
      left != header->names * GROSR_NAME_BYTES + header->events * sizeof(struct grosr_event))
    return hx_refuse(why, -EPROTO,
                     "%s is not whole: %zu bytes where its header says %u names and %llu events; "
                     "trace again, and let the program close the device",
                     path, bytes, header->names, (unsigned long long)header->events);
  return 0;
}

/* Are these events such as libgrosr writes? Who draws them takes tracks and kinds for numbers of
 * places. */
static int check_events(const struct hx_trace *trace, const char *path, struct hx_why *why)
{
  for (uint64_t i = 0; i < trace->header.events; i++) {
    const struct grosr_event *event = &trace->event[i];
    const bool is_track = event->track < trace->header.teams ||
                          event->track == GROSR_TRACK_SUBMITS || event->track == GROSR_TRACK_WAITS;
    if (!is_track || event->kind == GROSR_EVENT_NONE || event->kind >= GROSR_EVENT_KIND_COUNT)
      return hx_refuse(why, -EPROTO,
                       "%s is damaged: event %llu is of kind %u on track %u of %u teams; trace "
                       "again",
                       path, (unsigned long long)i, event->kind, event->track, trace->header.teams);
  }
  return 0;
}

int hx_trace_read(struct hx_trace *trace, const char *path, struct hx_why *why)
{
  size_t bytes = 0;
  memset(trace, 0, sizeof(*trace));
  char *text = hx_store_read(path, &bytes);
  if (text == NULL)
    return hx_refuse(why, -ENOENT, "cannot read %s: %s; name a file that is there", path,
                     strerror(errno));
  memcpy(&trace->header, text, bytes < sizeof(trace->header) ? bytes : sizeof(trace->header));
  int result = check(&trace->header, bytes, path, why);
  if (result == 0) {
    const size_t name_bytes = trace->header.names * GROSR_NAME_BYTES;
    const size_t event_bytes = trace->header.events * sizeof(*trace->event);
    trace->name = malloc(name_bytes + 1);
    trace->event = malloc(event_bytes + 1);
    if (trace->name == NULL || trace->event == NULL) {
      result = hx_refuse(why, -ENOMEM, "out of memory for %s", path);
    } else {
      memcpy(trace->name, text + sizeof(trace->header), name_bytes);
      memcpy(trace->event, text + sizeof(trace->header) + name_bytes, event_bytes);
      result = check_events(trace, path, why);
      qsort(trace->event, trace->header.events, sizeof(*trace->event), by_time);
    }
  }
  if (result == 0) {
    trace->header.device[GROSR_NAME_BYTES - 1] = trace->header.image[GROSR_NAME_BYTES - 1] = '\0';
    hx_text_make_plain(trace->header.device);
    hx_text_make_plain(trace->header.image);
    for (unsigned i = 0; i < trace->header.names; i++) {
      trace->name[i][GROSR_NAME_BYTES - 1] = '\0';
      hx_text_make_plain(trace->name[i]);
    }
  }
  free(text);
  return result;
}

void hx_trace_fini(struct hx_trace *trace)
{
  free(trace->name);
  free(trace->event);
  memset(trace, 0, sizeof(*trace));
}

const char *hx_trace_op(const struct hx_trace *trace, unsigned op, char text[16])
{
  if (op < trace->header.names)
    return trace->name[op];
  snprintf(text, 16, op >= GROSR_OP_INTERNAL ? "internal %u" : "op %u",
           op >= GROSR_OP_INTERNAL ? op - GROSR_OP_INTERNAL : op);
  return text;
}
