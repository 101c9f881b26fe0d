/* trace_file.c - a trace as a file, for `grosr trace` (trace.h of the library): a header, the names
 * of the ops, the events.
 *
 * Written by grosr_trace_save, and by grosr_close where the environment variable GROSR_TRACE names
 * a file. Next: ../../harness/commands/trace_json.c, which reads it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/trace.h"

#define EVENTS_EACH 4096u

gr_au32 gr_trace_opens;

static struct grosr_trace_file header_of(struct grosr *g)
{
  struct grosr_trace_file header = {.magic = GROSR_TRACE_MAGIC,
                                    .version = GROSR_TRACE_VERSION,
                                    .header_bytes = sizeof(struct grosr_trace_file),
                                    .event_bytes = sizeof(struct grosr_event),
                                    .pid = (uint32_t)getpid(),
                                    .number = g->trace->number,
                                    .teams = g->options.teams,
                                    .names = g->image->op_count};
  snprintf(header.device, sizeof header.device, "%s", g->facts.name);
  snprintf(header.image, sizeof header.image, "%s", g->image->name);
  return header;
}

static int64_t events_write(struct grosr *g, FILE *file, uint64_t *count)
{
  struct grosr_event *events = calloc(EVENTS_EACH, sizeof *events);
  int64_t given = events != NULL ? 1 : gr_error_set(-ENOMEM, "no memory to read the trace with");
  /* Bounded, however fast the device goes on writing: no more than every ring once. */
  const uint64_t most = (uint64_t)GR_TRACKS(g) * g->options.trace_events;
  for (*count = 0; given > 0 && *count < most;) {
    given = grosr_trace_read(g, events, EVENTS_EACH);
    *count += given > 0 ? (uint64_t)given : 0;
    fwrite(events, sizeof *events, given > 0 ? (size_t)given : 0, file);
  }
  free(events);
  return given;
}

static int64_t file_write(struct grosr *g, FILE *file)
{
  struct grosr_trace_file header = header_of(g);
  fwrite(&header, sizeof header, 1, file);
  for (uint32_t i = 0; i < header.names; i++) {
    char name[GROSR_NAME_BYTES] = "";
    snprintf(name, sizeof name, "%s", g->image->op_names[i]);
    fwrite(name, sizeof name, 1, file);
  }
  const int64_t written = events_write(g, file, &header.events);
  if (written < 0) {
    return written;
  }
  if (fseek(file, 0, SEEK_SET) < 0) {
    return gr_error_set(-EIO, "a trace goes to a file, not to a pipe");
  }
  grosr_trace_clock(g, &header.clock); /* now it is known, as is how many events there are */
  fwrite(&header, sizeof header, 1, file);
  return written;
}

int grosr_trace_save(struct grosr *g, const char *path)
{
  if (g == NULL || g->trace == NULL || path == NULL) {
    return gr_error_set(path == NULL ? -EINVAL : -ENODATA,
                        "grosr_trace_save: no path, or this device keeps no events; open it with "
                        "trace_events, as 4096");
  }
  FILE *file = fopen(path, "wbx");
  if (file == NULL) {
    return gr_error_set(-EIO,
                        "cannot write the trace to %s: %s; name a file that is not there, in "
                        "a folder of yours",
                        path, strerror(errno));
  }
  const int64_t written = file_write(g, file);
  const bool is_written = ferror(file) == 0;
  const bool is_closed = fclose(file) == 0;
  if (is_written && is_closed && written >= 0) {
    return 0;
  }
  const int error = errno;
  unlink(path); /* a part of a trace is none */
  return is_written && is_closed
             ? (int)written
             : gr_error_set(-EIO, "the trace %s could not be written: %s; make room there", path,
                            strerror(error != 0 ? error : EIO));
}

int gr_trace_save_asked(struct grosr *g)
{
  const char *name = getenv("GROSR_TRACE");
  char path[4096];
  if (g->trace == NULL || name == NULL || name[0] == '\0') {
    return 0;
  }
  g->trace->is_over = true;
  snprintf(path, sizeof path, "%s.%d.%u", name, (int)getpid(), g->trace->number);
  return grosr_trace_save(g, path);
}
