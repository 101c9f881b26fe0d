/* progress.h - what a person sees while a sweep runs: one line on stderr.
 *
 * On a terminal the line is redrawn before each point; failed and skipped points stay as lines of
 * their own. Elsewhere (CI logs) each finished point is one plain line. Nothing is printed while a
 * point runs. The time left is that of the points so far, spread over those to come; before the
 * first one it is the bound that the tier or the budget sets, and marked "at most".
 *
 * Called by supervise.c, main thread.
 *
 * Next: the experiments, experiments/ */
#pragma once
#ifndef HX_PRIVATE
#error "progress.h is private to harness/: include hx.h"
#endif
#include "point.h"

struct hx_progress {
  const struct hx_plan *plan;
  bool terminal;
  size_t count;
  size_t done;
  uint64_t start_ns;
  uint64_t bound_ns; /* of the whole sweep */
};

/* `count`: blocks to come. */
void hx_progress_open(struct hx_progress *progress, const struct hx_plan *plan, size_t count,
                      uint64_t bound_ns);
void hx_progress_begin(struct hx_progress *progress, size_t index);
void hx_progress_end(struct hx_progress *progress, size_t index, const char *status,
                     const char *reason);
void hx_progress_close(struct hx_progress *progress);

/* "0:07", "12:30", "1:02:03" */
void hx_progress_time_text(uint64_t ns, char *text, size_t text_bytes);
