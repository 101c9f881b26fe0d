/* judge_span.c - see judge_span.h. The limits, with their reasons:
 *
 *   others   A 1 %, B 10 % of our CPUs' time: below 1 % are the kernel's own threads and interrupts
 *   steal    A 0.1 %, B 1 %: any is time that a sample lost without knowing
 *   Both are counted in ticks (10 ms): what the ticks cannot tell apart is taken off first, so a
 *   short look is lenient, and the look over the whole run is not.
 *   runnable 0 others at the median of some looks before the run
 *   stall    0.1 % of the time in which some task waited for memory
 *   swap     A 0 pages, B 1000 pages (4 MB: a second's worth on a slow disk)
 *   heat, quota_hit: a single event changed the clock, or stopped us
 *
 * Recorded, but no rule: the load average, which holds our own run of a minute ago, and forced
 * context switches, of which Linux counts each sched_yield() of ours as one (exp1's baselines make
 * 3000 a second, 2026-11-23, 2-core). What others took is measured by `others`.
 *
 * Next: environment.h */
#include "judge_span.h"

#include <stdio.h>
#include <string.h>

#define OTHERS_A         0.01
#define OTHERS_B         0.10
#define STEAL_A          0.001
#define STEAL_B          0.01
#define OTHERS_TICKS_OFF 2.0 /* theirs and ours may each be off by one */
#define STEAL_TICKS_OFF  1.0
#define STALL_A          0.001
#define STALL_B          0.05
#define SWAP_B           1000u
#define CROWD            "see who it is with `top`; wait for its end, or take another machine"

/* What a counter rose by; false if either look lacks it or it was set back. */
static bool rise(uint64_t from, uint64_t to, uint64_t *by)
{
  if (from == HX_UNSEEN || to == HX_UNSEEN || to < from)
    return false;
  *by = to - from;
  return true;
}

static double seconds(const struct hx_look *from, const struct hx_look *to)
{
  return to->time_ns > from->time_ns ? (double)(to->time_ns - from->time_ns) * 1e-9 : 0.0;
}

static void judge_load_unseen(struct hx_reasons *out)
{
  struct hx_reason *reason = hx_reasons_add(out, "others", HX_GRADE_B);
  snprintf(reason->value, sizeof(reason->value), "cannot be seen (/proc/stat has no such CPUs)");
  snprintf(reason->limit, sizeof(reason->limit), "at most 1 %% of our CPUs' time is others'");
  snprintf(reason->remedy, sizeof(reason->remedy), "mount /proc, or measure outside the container");
}

/* CPU time that neither we nor idleness had, on our CPUs. */
static void judge_others(const struct hx_look *from, const struct hx_look *to,
                         struct hx_reasons *out)
{
  uint64_t total = 0, busy = 0, own = 0;
  if (!rise(from->ticks_total, to->ticks_total, &total) ||
      !rise(from->ticks_busy, to->ticks_busy, &busy) ||
      !rise(from->ticks_own, to->ticks_own, &own)) {
    judge_load_unseen(out);
    return;
  }
  if (total == 0)
    return;
  const double share = busy > own ? (double)(busy - own) / (double)total : 0.0;
  const double sure = share - OTHERS_TICKS_OFF / (double)total;
  if (sure <= OTHERS_A)
    return;
  struct hx_reason *reason =
      hx_reasons_add(out, "others", sure > OTHERS_B ? HX_GRADE_C : HX_GRADE_B);
  snprintf(reason->value, sizeof(reason->value),
           "other processes used %.1f %% of our %u CPUs over %.1f s (known to %.1f %%)",
           100.0 * share, to->cpu_count, seconds(from, to),
           100.0 * OTHERS_TICKS_OFF / (double)total);
  snprintf(reason->limit, sizeof(reason->limit), "1 %% for A, 10 %% for B");
  snprintf(reason->remedy, sizeof(reason->remedy), CROWD);
}

static void judge_steal(const struct hx_look *from, const struct hx_look *to,
                        struct hx_reasons *out)
{
  uint64_t total = 0, stolen = 0;
  if (!rise(from->ticks_total, to->ticks_total, &total) || total == 0 ||
      !rise(from->ticks_stolen, to->ticks_stolen, &stolen))
    return;
  const double share = (double)stolen / (double)total;
  const double sure = share - STEAL_TICKS_OFF / (double)total;
  if (sure <= STEAL_A)
    return;
  struct hx_reason *reason = hx_reasons_add(out, "steal", sure > STEAL_B ? HX_GRADE_C : HX_GRADE_B);
  snprintf(reason->value, sizeof(reason->value),
           "the host took %.2f %% of our CPUs' time over %.1f s", 100.0 * share, seconds(from, to));
  snprintf(reason->limit, sizeof(reason->limit), "0.1 %% for A, 1 %% for B");
  snprintf(reason->remedy, sizeof(reason->remedy),
           "ask for CPUs of the virtual machine's own, or measure on bare metal");
}

static void judge_crowd(const struct hx_look *look, struct hx_reasons *out)
{
  if (look->runnable_others > 0) {
    struct hx_reason *reason = hx_reasons_add(out, "runnable", HX_GRADE_B);
    snprintf(reason->value, sizeof(reason->value), "%d other threads want to run",
             look->runnable_others);
    snprintf(reason->limit, sizeof(reason->limit), "0, at the median of the looks");
    snprintf(reason->remedy, sizeof(reason->remedy), CROWD);
  }
}

static void judge_stall(const struct hx_look *from, const struct hx_look *to,
                        struct hx_reasons *out)
{
  uint64_t stall_us = 0, pages = 0;
  const double span_s = seconds(from, to);
  if (rise(from->memory_stall_us, to->memory_stall_us, &stall_us) && span_s > 0.0 &&
      (double)stall_us * 1e-6 > STALL_A * span_s) {
    const double share = (double)stall_us * 1e-6 / span_s;
    struct hx_reason *reason =
        hx_reasons_add(out, "stall", share > STALL_B ? HX_GRADE_C : HX_GRADE_B);
    snprintf(reason->value, sizeof(reason->value), "tasks waited for memory %.2f %% of %.1f s",
             100.0 * share, span_s);
    snprintf(reason->limit, sizeof(reason->limit), "0.1 %% for A, 5 %% for B");
    snprintf(reason->remedy, sizeof(reason->remedy),
             "end what holds the memory, or measure with a smaller working set");
  }
  if (rise(from->swapped_pages, to->swapped_pages, &pages) && pages > 0) {
    struct hx_reason *reason =
        hx_reasons_add(out, "swap", pages > SWAP_B ? HX_GRADE_C : HX_GRADE_B);
    snprintf(reason->value, sizeof(reason->value), "%llu pages were swapped over %.1f s",
             (unsigned long long)pages, span_s);
    snprintf(reason->limit, sizeof(reason->limit), "0 for A, %u for B", SWAP_B);
    snprintf(reason->remedy, sizeof(reason->remedy), "sudo swapoff -a");
    snprintf(reason->undo, sizeof(reason->undo), "sudo swapon -a");
  }
}

static void judge_stops(const struct hx_look *from, const struct hx_look *to,
                        struct hx_reasons *out)
{
  uint64_t events = 0;
  if (rise(from->throttle_events, to->throttle_events, &events) && events > 0) {
    struct hx_reason *reason = hx_reasons_add(out, "heat", HX_GRADE_C);
    snprintf(reason->value, sizeof(reason->value), "heat lowered the clock %llu times",
             (unsigned long long)events);
    snprintf(reason->limit, sizeof(reason->limit), "never");
    snprintf(reason->remedy, sizeof(reason->remedy),
             "let it cool, look at its fans and filters, measure with turbo off");
  }
  if (rise(from->cgroup.throttled, to->cgroup.throttled, &events) && events > 0) {
    struct hx_reason *reason = hx_reasons_add(out, "quota_hit", HX_GRADE_C);
    snprintf(reason->value, sizeof(reason->value), "the CPU quota stopped us %llu times, %.1f ms",
             (unsigned long long)events,
             (double)(to->cgroup.throttled_us - from->cgroup.throttled_us) * 1e-3);
    snprintf(reason->limit, sizeof(reason->limit), "never");
    snprintf(reason->remedy, sizeof(reason->remedy),
             "use fewer threads, or ask for a larger quota");
  }
}

void hx_judge_span(const struct hx_look *from, const struct hx_look *to, enum hx_span span,
                   struct hx_reasons *out)
{
  judge_others(from, to, out);
  judge_steal(from, to, out);
  judge_stall(from, to, out);
  judge_stops(from, to, out);
  if (span == HX_SPAN_BEFORE) /* later the load is ours */
    judge_crowd(to, out);
}
