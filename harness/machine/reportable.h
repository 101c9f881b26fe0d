/* reportable.h - what a careful reviewer would refuse in a run, and what to do about each.
 *
 * `grosr run --reportable` collects the facts and asks here; if anything comes back that no waiver
 * covers, the run is refused (before it starts, as far as it is known then) or marked so that
 * figures carry "not reportable". A waiver names a rule and gives the reason in words; it is
 * written into run.json and printed with the results, so the reader can judge it. Correctness,
 * sanitizers and a part of the plan cannot be waived: with those there is no result to report.
 * Pure functions over a struct of facts.
 *
 * Called by hx_main.c. Next: reportable.c */
#pragma once
#ifndef HX_PRIVATE
#error "reportable.h is private to harness/: include hx.h"
#endif
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "judge.h"
#include "text.h"

#define HX_REPORTABLE_PROCESSES 5u /* layouts: fewer cannot show how much layout matters */
#define HX_WAIVERS_MAX          32u
#define HX_WAIVER_BYTES_MIN     10u /* of the text: "ok" is no reason */
#define HX_REFUSALS_MAX         (HX_REASONS_MAX + 16u)

struct hx_waiver {
  char rule[24];
  const char *text; /* into the argument of --waive */
};

struct hx_reportable_facts {
  /* known before the run */
  const char *git; /* commit; "unknown" outside a repository */
  bool git_is_dirty;
  const char *optimization; /* "2", "0", "g", … */
  const char *sanitize;     /* "none" */
  bool is_simulated;        /* virtual time */
  bool plan_is_whole;       /* no --variant, --factor, --points, --budget that drops points */
  const char *plan_part;    /* which of those was given; "" if whole */
  bool makes_claims;        /* tier ae or paper */
  size_t processes;         /* per point */
  const struct hx_reasons *before, *after; /* of the environment; `after` NULL: not run yet */
  /* known after the run, zero before */
  bool has_run;
  size_t points_planned, points_ok, points_failed, points_skipped;
  size_t points_without_interval; /* some metric of it has no confidence interval */
  size_t points_unchecked;        /* by their note "unchecked" (hx.h) */
  size_t sessions_weak; /* of a resumed run: earlier ones whose machine's grade was not A */
};

struct hx_refusal {
  char rule[24];
  char what[224];
  char remedy[224];
  const char *waived_by; /* the waiver's text; NULL: it stands */
  bool can_be_waived;
};

struct hx_refusals {
  struct hx_refusal refusal[HX_REFUSALS_MAX];
  size_t count;
  size_t standing; /* those that no waiver covers: 0 means reportable */
};

/* "governor=the cloud gives no other, see appendix B". 0 or negative errno and a sentence. */
int hx_waiver_parse(const char *argument, struct hx_waiver *out, struct hx_why *why);

/* All that is against it. A waiver for a rule that is not against it stays unused. */
void hx_reportable(const struct hx_reportable_facts *facts, const struct hx_waiver *waivers,
                   size_t waiver_count, struct hx_refusals *out);

/* The first that stand, in one sentence for a terminal, with the remedy; "" if none. */
void hx_reportable_sentence(const struct hx_refusals *refusals, char *text, size_t text_bytes);
/* {reportable, refusals: [{rule, what, remedy, waived_by}]} */
json_t *hx_reportable_json(const struct hx_refusals *refusals);
