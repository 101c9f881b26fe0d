/* trace_rules.h - does a file keep the rules of Chrome's trace event format?
 *
 * Those that viewers rest on: every event has its phase, process, thread, time; slices (X) of one
 * thread nest; a flow (s, t, f) begins once, ends once, in order, each step inside a slice of its
 * thread; counters (C) have numbers. Called by test_trace.c and by trace_rules (a program of its
 * own, for scripts). Next: trace_rules.c */
#pragma once
#include <stddef.h>

struct trace_found {
  size_t slices, flows, counters, instants, threads;
};

/* 0, and what there is; -1 and a sentence. */
int trace_rules_check(const char *path, struct trace_found *found, char why[256]);
