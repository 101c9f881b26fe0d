/* environment.h - the machine before and after a run: facts, reasons, grade; for run.json.
 *
 *   begin   look, wait HX_ENVIRONMENT_LOOK_NS, look again: what others do while we do nothing
 *   end     look again: what happened during the run
 *   grade   the worse of the two (judge.h); it travels with the results
 *
 * Called by run_json.c on the main thread, when no point is running, and by cmd_doctor.c. The looks
 * read some fifty small files, so the cost is the wait. On device sim nothing of this matters (time
 * is virtual), and run_json.c leaves it out. No system setting is changed.
 *
 * Next: look.h */
#pragma once
#ifndef HX_PRIVATE
#error "environment.h is private to harness/: include hx.h"
#endif
#include <jansson.h>

#include "judge.h"
#include "nvml.h"
#include "timer.h"

/* Ticks are 10 ms: 20 of them tell 10 % of one CPU. A longer wait would be felt by who runs many
 * short experiments; the look over the whole run is the sharper one. */
#define HX_ENVIRONMENT_LOOK_NS 200000000u

struct hx_environment_setup {
  const char *root;         /* "/" but in tests */
  const char *nvml_library; /* HX_NVML_LIBRARY; NULL: no GPU is used, look at none */
  uint64_t look_ns;         /* HX_ENVIRONMENT_LOOK_NS */
};

struct hx_environment_side {
  struct hx_look look;
  struct hx_gpus gpus;
  struct hx_reasons reasons;
};

struct hx_environment {
  struct hx_environment_setup setup;
  struct hx_timer_pair clock; /* at begin; its drift over the run is known at the end */
  struct hx_timer_pair clock_end;
  struct hx_environment_side before, after;
  bool has_ended;
};

void hx_environment_begin(struct hx_environment *environment,
                          const struct hx_environment_setup *setup);
void hx_environment_end(struct hx_environment *environment);

/* The worse of before and, once it has ended, after. */
enum hx_grade hx_environment_grade(const struct hx_environment *environment);

/* {grade, grade_before, grade_after, before: {...}, after: {...}, clock_drift}; what comes after is
 * missing until it has ended. Reasons are under before.reasons and after.reasons. */
json_t *hx_environment_json(const struct hx_environment *environment);
