/* trace_read.h - files of events that libgrosr wrote (grosr/trace.h): read whole, and checked.
 *
 * Called by cmd_trace.c. One thread. Next: trace_json.h */
#pragma once
#ifndef HX_PRIVATE
#error "trace_read.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

#include <grosr/trace.h>

#include "text.h"

struct hx_trace {
  struct grosr_trace_file header;
  char (*name)[GROSR_NAME_BYTES]; /* header.names of them */
  struct grosr_event *event;      /* header.events of them, by time */
};

/* 0, or negative errno and a sentence with the remedy. Released by hx_trace_fini in any case. */
int hx_trace_read(struct hx_trace *trace, const char *path, struct hx_why *why);
void hx_trace_fini(struct hx_trace *trace);

/* The name of an op; a number's place is in `text`. */
const char *hx_trace_op(const struct hx_trace *trace, unsigned op, char text[16]);
