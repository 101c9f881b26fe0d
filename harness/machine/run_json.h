/* run_json.h - run.json: what was run, by which build, where, and how it ended.
 *
 * Written when the run begins (exit.reason "running": what a killed run leaves behind) and again
 * when it ends, each time to a temporary name, fsync, rename: the file is whole at any moment.
 * Notes that experiments gave with hx_note() are under points[].notes, one entry a block. What the
 * sessions of a run that was resumed said of themselves is under sessions_before.
 * Called by hx_main.c before the first point and after the last. One thread.
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
#include "reportable.h"
#include "result.h"

struct hx_run_json {
  json_t *root;
  char *folder;
  uint64_t start_ns;
  struct hx_environment *environment; /* NULL on device sim: time is virtual */
};

struct hx_run_facts {
  const struct hx_args *args;
  const struct hx_plan *plan;
  const char *run_id;
  const char *folder;
  const struct hx_choice *choice;
  unsigned processes;
  int argc;
  char **argv;
};

/* Collects what is known before the first point. 0 or negative errno. */
int hx_run_json_open(struct hx_run_json *run, const struct hx_run_facts *facts);

/* Looks at the machine once more: what the run did to it, and others to the run. */
void hx_run_json_look(struct hx_run_json *run);
/* How the run ended; `reason` is one line. */
void hx_run_json_end(struct hx_run_json *run, const struct hx_result *result, int exit_code,
                     const char *reason);
/* What a reviewer would refuse (reportable.h): now, before the file is written. */
void hx_run_json_review(struct hx_run_json *run, const struct hx_refusals *refusals);

/* What the run.json of that folder says of it; false if it does not say. */
bool hx_run_json_is_reportable(const char *folder);

int hx_run_json_write(const struct hx_run_json *run); /* 0 or negative errno */
void hx_run_json_drop(struct hx_run_json *run);       /* releases everything, writes nothing */

/* "20261122T183000Z" at this moment. */
void hx_run_json_time_text(char *text, size_t text_bytes);
