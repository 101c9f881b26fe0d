/* judge.h - how good is this machine for measuring? Reasons with values and rules, and a grade.
 *
 *   A  reportable: nothing was found that is known to move results
 *   B  usable: something may have moved them; compare only what was measured side by side
 *   C  smoke only: something did move them
 *
 * The grade is the worst of the reasons; no reason is A. What each rule asks, and why, is at the
 * rule in judge.c. A fact that cannot be seen is no fault, except those that decide most
 * (governor, turbo, load): "cannot be seen" is a reason for B there.
 * Pure functions of two looks: no file is read, nothing is changed.
 *
 * Called by environment.c and cmd_doctor.c.
 *
 * Next: judge.c */
#pragma once
#ifndef HX_PRIVATE
#error "judge.h is private to harness/: include hx.h"
#endif
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "look.h"

#define HX_REASONS_MAX 64u

enum hx_grade { HX_GRADE_A = 0, HX_GRADE_B, HX_GRADE_C, HX_GRADE_COUNT };

struct hx_reason {
  const char *rule; /* "governor": what --waive names */
  enum hx_grade grade;
  char value[192];  /* what was measured */
  char limit[128];  /* what the rule asks */
  char remedy[192]; /* a command, or what a person can do */
  char undo[128];   /* the command that undoes it; "": the remedy is no command */
};

struct hx_reasons {
  struct hx_reason reason[HX_REASONS_MAX]; /* more are dropped, and none of ours makes so many */
  size_t count;
};

/* Is `to` the look after the first moments (before a run), or after the whole of it? */
enum hx_span { HX_SPAN_BEFORE = 0, HX_SPAN_RUN, HX_SPAN_COUNT };

/* Adds what is to be said of the machine's settings at `to`, and of what happened since `from`. */
void hx_judge(const struct hx_look *from, const struct hx_look *to, enum hx_span span,
              struct hx_reasons *out);

/* Appends one; value, limit and so on are then written into it. Never NULL. */
struct hx_reason *hx_reasons_add(struct hx_reasons *reasons, const char *rule, enum hx_grade grade);

enum hx_grade hx_reasons_grade(const struct hx_reasons *reasons);
/* The grade if every remedy that is a command were carried out. */
enum hx_grade hx_reasons_grade_mended(const struct hx_reasons *reasons);
const char *hx_grade_text(enum hx_grade grade); /* "A" */

json_t *hx_reasons_json(const struct hx_reasons *reasons);
