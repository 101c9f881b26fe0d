/* trace_json.h - events as Chrome's trace format, which ui.perfetto.dev and chrome://tracing open.
 *
 * A process is one grosr_open; a thread is a team, the host's submits, or a waiting thread.
 *
 *   X   a task on its team (from START to END), a sleep, a wait, a submit
 *   i   a task that was refused; events that were lost
 *   s t f   a task's way: from its submit over its op, or ops, to who waited for it
 *   C   run queues' lengths; tasks submitted and not begun; busy teams
 *
 * Called by cmd_trace.c. One thread. Next: cmd_trace.c */
#pragma once
#ifndef HX_PRIVATE
#error "trace_json.h is private to harness/: include hx.h"
#endif
#include <stdio.h>

#include "trace_read.h"

/* What was found in all of it. */
struct hx_trace_sums {
  size_t events;
  size_t tasks; /* that ended on a team */
  size_t flows;
  size_t lost; /* events that were overwritten before they were read */
};

/* 0; -ENOMEM; -EIO: see errno. */
int hx_trace_json(const struct hx_trace *trace, size_t count, FILE *out,
                  struct hx_trace_sums *sums);
