/* run_json.h - run.json: what was run, by which build, where, and how it ended.
 *
 * Written when the run begins (exit.reason "running": what a killed run leaves behind) and again
 * when it ends, each time to a temporary name, fsync, rename: the file is whole at any moment.
 * Notes that experiments gave with hx_note() are under points[].notes.
 * Called by hx_main.c between points. One thread.
 *
 * Next: progress.h */
#pragma once
#ifndef HX_PRIVATE
#error "run_json.h is private to harness/: include hx.h"
#endif
#include <jansson.h>

#include "args.h"
#include "device.h"
#include "environment.h"
#include "point.h"
#include "result.h"

struct hx_run_json {
  json_t *root;
  char *folder;
  uint64_t start_ns;
  struct hx_environment *environment; /* NULL on device sim: time is virtual */
  size_t ok, failed, skipped, dropped;
};

struct hx_run_facts {
  const struct hx_args *args;
  const struct hx_plan *plan;
  const char *run_id;
  const char *folder;
  const struct hx_choice *choice;
  const char *not_reportable; /* why; "": reportable */
  int argc;
  char **argv;
};

/* Collects what is known before the first point, and writes the file. 0 or negative errno. */
int hx_run_json_open(struct hx_run_json *run, const struct hx_run_facts *facts);

/* Keeps what is to be said of a finished point. `interrupted`: it was dropped. */
void hx_run_json_add(struct hx_run_json *run, size_t index, const struct hx_point *point,
                     bool interrupted);

/* Writes the end; `reason` is one line. Releases everything also on failure. */
int hx_run_json_close(struct hx_run_json *run, const struct hx_result *result, int exit_code,
                      const char *reason);

/* "20261122T183000Z" at this moment. */
void hx_run_json_time_text(char *text, size_t text_bytes);
