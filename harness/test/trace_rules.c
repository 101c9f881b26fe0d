/* trace_rules.c - see trace_rules.h. Next: test_trace.c */
#include "trace_rules.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_US 0.0004 /* times are written to the ns */

struct slice {
  long long pid, tid;
  double ts, end;
};

struct step {
  long long pid, tid, id;
  double ts;
  char phase;
};

struct rules {
  struct slice *slice;
  struct step *step;
  size_t slices, steps;
  struct trace_found *found;
  char *why;
};

#define FAIL(rules, ...) (snprintf((rules)->why, 256, __VA_ARGS__), -1)

static int by_thread(const void *left, const void *right)
{
  const struct slice *a = left, *b = right;
  if (a->pid != b->pid || a->tid != b->tid)
    return a->pid != b->pid ? (a->pid > b->pid) - (a->pid < b->pid)
                            : (a->tid > b->tid) - (a->tid < b->tid);
  if (a->ts < b->ts || a->ts > b->ts)
    return a->ts < b->ts ? -1 : 1;
  return (a->end < b->end) - (a->end > b->end); /* the longer one is around the other */
}

static int by_flow(const void *left, const void *right)
{
  const struct step *a = left, *b = right;
  if (a->pid != b->pid || a->id != b->id)
    return a->pid != b->pid ? (a->pid > b->pid) - (a->pid < b->pid)
                            : (a->id > b->id) - (a->id < b->id);
  if (a->ts < b->ts || a->ts > b->ts)
    return a->ts < b->ts ? -1 : 1;
  return strchr("stf", a->phase) < strchr("stf", b->phase) ? -1 : 1;
}

/* One event by itself. */
static int take(struct rules *r, const json_t *event, size_t at)
{
  const char *phase = json_string_value(json_object_get(event, "ph"));
  const json_t *pid = json_object_get(event, "pid"), *tid = json_object_get(event, "tid");
  const json_t *ts = json_object_get(event, "ts"), *args = json_object_get(event, "args");
  const json_t *dur = json_object_get(event, "dur"), *id = json_object_get(event, "id");
  if (phase == NULL || strlen(phase) != 1 || strchr("XistfCM", phase[0]) == NULL)
    return FAIL(r, "event %zu has no phase that we write", at);
  if (!json_is_integer(pid) || !json_is_integer(tid) ||
      json_string_value(json_object_get(event, "name")) == NULL)
    return FAIL(r, "event %zu lacks pid, tid or name", at);
  if (phase[0] == 'M') {
    r->found->threads +=
        strcmp(json_string_value(json_object_get(event, "name")), "thread_name") == 0;
    return json_is_object(args) ? 0 : FAIL(r, "event %zu: metadata without args", at);
  }
  if (!json_is_number(ts) || json_number_value(ts) < 0.0)
    return FAIL(r, "event %zu has no time", at);
  const double when = json_number_value(ts);
  const char *name;
  json_t *value;
  switch (phase[0]) {
  case 'X':
    if (!json_is_number(dur) || !(json_number_value(dur) > 0.0))
      return FAIL(r, "event %zu: a slice without a length", at);
    r->slice[r->slices++] = (struct slice){json_integer_value(pid), json_integer_value(tid), when,
                                           when + json_number_value(dur)};
    break;
  case 'i':
    if (json_string_value(json_object_get(event, "s")) == NULL)
      return FAIL(r, "event %zu: an instant without its scope", at);
    r->found->instants++;
    break;
  case 'C':
    if (json_object_size(args) == 0)
      return FAIL(r, "event %zu: a counter without a value", at);
    json_object_foreach((json_t *)(size_t)args, name, value)
    {
      if (!json_is_number(value) || json_number_value(value) < 0.0)
        return FAIL(r, "event %zu: the counter's %s is no number", at, name);
    }
    r->found->counters++;
    break;
  default:
    if (!json_is_integer(id) || json_string_value(json_object_get(event, "cat")) == NULL)
      return FAIL(r, "event %zu: a flow's step without id or cat", at);
    r->step[r->steps++] = (struct step){json_integer_value(pid), json_integer_value(tid),
                                        json_integer_value(id), when, phase[0]};
  }
  return 0;
}

static int check_nesting(struct rules *r)
{
  size_t depth = 0;
  struct slice around[64];
  for (size_t i = 0; i < r->slices; i++) {
    const struct slice *now = &r->slice[i];
    if (i == 0 || now->pid != r->slice[i - 1].pid || now->tid != r->slice[i - 1].tid)
      depth = 0;
    while (depth > 0 && around[depth - 1].end <= now->ts + NEAR_US)
      depth--;
    if (depth > 0 && now->end > around[depth - 1].end + NEAR_US)
      return FAIL(r, "slices of thread %lld.%lld overlap at %.3f us", now->pid, now->tid, now->ts);
    if (depth == 64)
      return FAIL(r, "slices nest too deep");
    around[depth++] = *now;
  }
  return 0;
}

static bool is_in_a_slice(const struct rules *r, const struct step *step)
{
  const struct slice want = {step->pid, step->tid, step->ts + NEAR_US, -1.0};
  size_t low = 0, high = r->slices;
  while (low < high) { /* the first slice behind it */
    const size_t middle = (low + high) / 2;
    if (by_thread(&r->slice[middle], &want) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  while (low-- > 0 && r->slice[low].pid == step->pid && r->slice[low].tid == step->tid) {
    if (r->slice[low].end + NEAR_US >= step->ts)
      return true;
  }
  return false;
}

static int check_flows(struct rules *r)
{
  for (size_t i = 0; i < r->steps; i++) {
    const struct step *now = &r->step[i];
    const bool is_first = i == 0 || now->id != now[-1].id || now->pid != now[-1].pid;
    const bool is_last = i + 1 == r->steps || now->id != now[1].id || now->pid != now[1].pid;
    const char wanted = is_first ? 's' : is_last ? 'f' : 't';
    if (now->phase != wanted)
      return FAIL(r, "flow %lld has %c where %c belongs, at %.3f us", now->id, now->phase, wanted,
                  now->ts);
    if (!is_in_a_slice(r, now))
      return FAIL(r, "flow %lld: no slice of thread %lld.%lld is open at %.3f us", now->id,
                  now->pid, now->tid, now->ts);
    r->found->flows += is_first;
  }
  return 0;
}

int trace_rules_check(const char *path, struct trace_found *found, char why[256])
{
  json_error_t error;
  json_t *root = json_load_file(path, 0, &error);
  const json_t *events = json_object_get(root, "traceEvents");
  const size_t count = json_array_size(events);
  struct rules r = {.found = found, .why = why};
  int result = 0;
  memset(found, 0, sizeof(*found));
  if (!json_is_array(events)) {
    snprintf(why, 256, "%s is no trace: %s", path, root == NULL ? error.text : "no traceEvents");
    json_decref(root);
    return -1;
  }
  r.slice = calloc(count + 1, sizeof(*r.slice));
  r.step = calloc(count + 1, sizeof(*r.step));
  for (size_t i = 0; i < count && result == 0; i++)
    result = take(&r, json_array_get(events, i), i);
  qsort(r.slice, r.slices, sizeof(*r.slice), by_thread);
  qsort(r.step, r.steps, sizeof(*r.step), by_flow);
  found->slices = r.slices;
  if (result == 0)
    result = check_nesting(&r);
  if (result == 0)
    result = check_flows(&r);
  free(r.slice);
  free(r.step);
  json_decref(root);
  return result;
}
