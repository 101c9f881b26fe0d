/* look.h - one look at the machine: its settings, and counters of what happened since it started.
 *
 * Two looks and the difference of their counters tell what the machine did in between; judge.h
 * makes reasons and a grade of that. Everything is read below `root` (root_file.h) and concerns
 * the CPUs this process may use (proc/self/status, Cpus_allowed_list), not the whole machine:
 * on a shared node only those matter. Only our own context switches and the time come from system
 * calls.
 *
 * What cannot be seen is HX_UNSEEN, -1 or "", never zero, and is listed as such.
 *
 * Called by environment.c before and after a run, by cmd_doctor.c; never while a point is running.
 *
 * Next: judge.h */
#pragma once
#ifndef HX_PRIVATE
#error "look.h is private to harness/: include hx.h"
#endif
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define HX_UNSEEN UINT64_MAX

/* The limits of the control groups that hold this process: of each the tightest up to the root. */
struct hx_cgroup {
  int version;        /* 1 or 2; 0: none seen */
  double cpus;        /* the quota in CPUs; 0: no quota; -1: not seen */
  uint64_t throttled; /* times that the quota held it back, or HX_UNSEEN */
  uint64_t throttled_us;
  uint64_t memory_bytes; /* 0: no limit */
};

struct hx_look {
  uint64_t time_ns;
  /* settings */
  char cpus[256]; /* those this process may use: "0-3,8" */
  unsigned cpu_count;
  char governor[96]; /* "performance", or all that there are: "performance,powersave" */
  int turbo;         /* 1, 0, -1 */
  bool turbo_is_intel;
  int smt; /* 1: two threads share a core; 0; -1 */
  char isolated[128];
  unsigned isolated_count; /* of ours */
  char hugepages[16];      /* "always", "madvise", "never" */
  int aslr;                /* 0, 1, 2, -1 */
  bool aslr_off_here;      /* by the process's personality: setarch -R, a debugger */
  bool is_virtual;
  char machine[96]; /* what firmware calls it */
  char container[48];
  struct hx_cgroup cgroup;
  uint64_t memory_kib, memory_available_kib;
  uint64_t swap_kib, swap_used_kib;
  /* of this moment */
  double load1;        /* -1 unseen */
  int runnable_others; /* -1 unseen */
  /* counters */
  uint64_t ticks_total, ticks_busy, ticks_stolen; /* of our CPUs */
  uint64_t ticks_own;                             /* of this process and its ended children */
  uint64_t memory_stall_us;                       /* some task waited for memory */
  uint64_t swapped_pages;
  uint64_t throttle_events; /* by heat, of our CPUs */
  uint64_t switches_forced; /* involuntary context switches and yields: ours, ended children's */
};

void hx_look_take(struct hx_look *look, const char *root);
/* Threads that are running or would run now, but for the caller; -1 unseen. */
int hx_look_runnable(const char *root);
/* part of hx_look_take(), in look_cgroup.c */
void hx_look_cgroup(struct hx_cgroup *cgroup, const char *root);

/* The facts by name; what is unseen has no key. */
json_t *hx_look_json(const struct hx_look *look);
