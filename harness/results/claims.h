/* claims.h - the paper's numbers as predicates over points, and what the results say of each.
 *
 * results/paper/claims.json holds the claims, results/paper/numbers.csv the paper's values; neither
 * is ever in code. A claim says which points it is about (a, b), what must hold of them, which
 * class of hardware it speaks of, and how much it tolerates and why. Kinds:
 *   value      the median of a                                      (times `scale`)
 *   ratio      median of a / median of b
 *   order      median of a < median of b; the effect is a / b
 *   trend      slope of log(median of a) over log(factor `by`), least squares
 *   crossover  the value of factor `by` at which a, below b at first, comes to be above it
 *   works      every point of the experiment (or of a's variant) is ok; the effect is their share
 * HELD has to be earned: the whole interval lies within [least, most]. NOT HELD says whether the
 * interval lies wholly outside, or only reaches over a bound. NOT TESTABLE HERE: there is no such
 * point, it was skipped, it has too few samples, or the hardware is of another class. On another
 * GPU than the paper's an absolute value is shown beside the paper's and not judged; a point of
 * device cpu is never shown for a claim on a GPU, and one of device sim for none.
 * Intervals: those of the medians (95 %), combined at their worst ends. So a ratio's covers with at
 * least 90 % (two may miss), a trend's or crossover's is wider than its k intervals need.
 *
 *   struct hx_claims claims;
 *   struct hx_claim_results results;
 *   hx_claims_open(&claims, folder, &why);       claims_file.c
 *   hx_claims_judge(&claims, &data, &results);   claims.c, claims_kinds.c
 *
 * Called by cmd_claims.c, chain_claims.c and cmd_report.c. One thread. A result points into claims
 * and data.
 *
 * Next: claims_file.c */
#pragma once
#ifndef HX_PRIVATE
#error "claims.h is private to harness/: include hx.h"
#endif
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "data.h"
#include "text.h"

#define HX_CLAIM_POINTS_MAX 64u /* that one claim looks at; sweeps have fewer values */

enum hx_claim_kind {
  HX_CLAIM_VALUE,
  HX_CLAIM_RATIO,
  HX_CLAIM_ORDER,
  HX_CLAIM_TREND,
  HX_CLAIM_CROSSOVER,
  HX_CLAIM_WORKS,
  HX_CLAIM_KIND_COUNT
};

enum hx_claim_verdict {
  HX_CLAIM_HELD,
  HX_CLAIM_NOT_HELD,
  HX_CLAIM_NOT_TESTABLE,
  HX_CLAIM_VERDICT_COUNT
};

/* Which points: those of a variant with these factor values. */
struct hx_claim_select {
  const char *variant; /* "": any (works only) */
  const char *metric;
  const json_t *factors; /* name: value; factors not listed may have any; NULL: none listed */
  const char *pick;      /* of several: "max" or "min" median; "": there must be one */
  const char *by;        /* the factor of the sweep: trend and crossover */
};

/* The paper's number: a row of numbers.csv. NAN where it has none. */
struct hx_claim_paper {
  double value;
  double value_hi; /* where the paper gives a range */
  char unit[32];
  char hardware[64];
  char note[256];
};

struct hx_claim {
  const char *id, *title, *section, *experiment, *figure, *tolerance;
  const char *says;          /* the paper's words where it gives no number, or "" */
  const char *hardware;      /* name of the class */
  const char *class_what;    /* the class in words */
  const char *class_device;  /* "cuda", "cpu" */
  const json_t *class_names; /* each must be in the device's description; may be NULL */
  bool ours;                 /* not of the paper */
  enum hx_claim_kind kind;
  struct hx_claim_select a, b;
  struct hx_claim_paper paper;
  int paper_row;      /* of numbers.csv, from 0; -1: none */
  double scale;       /* ours times this is in the paper's unit */
  double least, most; /* what must hold; NAN: no bound */
};

struct hx_claims {
  json_t *json;
  struct hx_claim *claim;
  size_t count;
  size_t paper_row_count; /* of numbers.csv */
};

struct hx_claim_result {
  const struct hx_claim *claim;
  const char *root; /* the folder given that it was judged on; "": none has anything to say */
  enum hx_claim_verdict verdict;
  bool measured;          /* effect, lo and hi are there (perhaps without being judged) */
  double effect, lo, hi;  /* NAN: missing */
  const char *unit;       /* of the effect */
  size_t n_least, n_most; /* samples of the points; for works: points */
  double seconds;         /* that the points took; NAN: not known */
  char reason[HX_WHY_BYTES];
  const struct hx_data_point *point[HX_CLAIM_POINTS_MAX]; /* what it rests on */
  size_t point_count;
};

/* A claim has one result for each folder that can test it, or else one that says why not. */
struct hx_claim_results {
  struct hx_claim_result *result;
  size_t count;
  size_t tally[HX_CLAIM_VERDICT_COUNT];
};

/* Reads FOLDER/claims.json and FOLDER/numbers.csv. 0, or refused with a sentence. */
int hx_claims_open(struct hx_claims *claims, const char *folder, struct hx_why *why);
void hx_claims_fini(struct hx_claims *claims);

/* Where claims.json lies: beside the program's source, bundle or installation, or below the
 * working folder. "" and a sentence if nowhere. */
int hx_claims_find(char *folder, size_t folder_bytes, struct hx_why *why);

/* 0 or -ENOMEM. */
int hx_claims_judge(const struct hx_claims *claims, const struct hx_data *data,
                    struct hx_claim_results *results);
void hx_claims_results_fini(struct hx_claim_results *results);

const char *hx_claim_verdict_text(enum hx_claim_verdict verdict);
const char *hx_claim_kind_text(enum hx_claim_kind kind);

/* The results as JSON; `run`, if not NULL, stands for the folder. NULL: out of memory. */
json_t *hx_claims_json(const struct hx_claim_results *results, const char *run);
/* What `grosr claims --save` keeps as claims.json in the one folder that `data` is of: the results,
 * and the sums of the files that they follow from. The same input gives the same bytes. To be
 * freed; NULL: out of memory. */
char *hx_claims_kept_text(const struct hx_claim_results *results, const struct hx_data *data,
                          const char *claims_folder);

/* "1.1 µs", "10–50 ×", the paper's words, or "—"; and "0.15 [0.15, 0.151] µs", "—". */
void hx_claim_paper_text(const struct hx_claim *claim, char *text, size_t text_bytes);
void hx_claim_effect_text(const struct hx_claim_result *result, char *text, size_t text_bytes);
/* "2000" or "6–2000". */
void hx_claim_count_text(const struct hx_claim_result *result, char *text, size_t text_bytes);

/* Fills in verdict, effect and reason from the points of one folder. In claims_kinds.c. */
struct hx_claim_scope {
  const struct hx_data *data;
  const char *root;
  const char *device; /* of the class: "cuda" matches "cuda:0" */
};
void hx_claim_decide(const struct hx_claim_scope *scope, struct hx_claim_result *result);
