/* crowd.h - which other processes use the CPUs, by name: for a person at `grosr doctor`.
 *
 * Two scans of proc/<pid>/stat and their difference. Not for run.json: what others run is theirs.
 * Processes that began or ended in between, and those that a container hides, are not seen.
 *
 * Called by cmd_doctor.c. Next: crowd.c */
#pragma once
#ifndef HX_PRIVATE
#error "crowd.h is private to harness/: include hx.h"
#endif
#include <stddef.h>
#include <stdint.h>

#define HX_CROWD_MAX 8192u /* processes looked at; more are left out */

struct hx_crowd_one {
  unsigned pid;
  uint64_t ticks; /* hx_crowd_scan: since it started; hx_crowd_differ: in between */
  char name[20];
};

struct hx_crowd {
  struct hx_crowd_one *one; /* by pid; by ticks, the busiest first, after hx_crowd_differ() */
  size_t count;
};

/* 0 or negative errno. This process is left out. */
int hx_crowd_scan(struct hx_crowd *crowd, const char *root);
/* Leaves in `now` what each used since `before`. */
void hx_crowd_differ(const struct hx_crowd *before, struct hx_crowd *now);
void hx_crowd_fini(struct hx_crowd *crowd);
