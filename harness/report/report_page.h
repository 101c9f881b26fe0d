/* report_page.h - the parts of the page that `grosr report` writes, one file each.
 *
 * All write to report->out in HTML. Text that comes from files goes through hx_report_text(), which
 * escapes it; a value is never put into the page in another way. There is no template: the page is
 * written from top to bottom, in the order of report_page.c.
 *
 * Called by cmd_report.c. One thread.
 *
 * Next: report_page.c */
#pragma once
#ifndef HX_PRIVATE
#error "report_page.h is private to harness/: include hx.h"
#endif
#include <stdio.h>

#include "claims.h"
#include "data.h"

extern const char hx_report_css[]; /* made from harness/report by embed */
extern const char hx_report_js[];

struct hx_report {
  FILE *out;
  const struct hx_data *data;
  const struct hx_claim_results *results;
  const char *caveats_path; /* a Markdown file, or NULL */
  char *caveats;            /* its text */
  size_t figure_count;      /* drawn so far; also makes their ids unlike */
  char *const *root;        /* the folders as given */
  size_t root_count;
  const char *plot; /* the program plots/plot; "" if it is not there */
};

/* The whole page. 0, or negative errno if writing failed. */
int hx_report_page(struct hx_report *report);

void hx_report_text(FILE *out, const char *text); /* escaped */
void hx_report_text_bytes(FILE *out, const char *text, size_t bytes);
void hx_report_percent(FILE *out, const char *text); /* for a data: link */
void hx_report_number(FILE *out, double value);      /* four digits; nothing for NAN */
char *hx_report_read(const char *path);              /* a whole file, or NULL */

void hx_report_claims(struct hx_report *report);  /* report_claims.c */
void hx_report_figures(struct hx_report *report); /* report_figures.c */
void hx_report_points(struct hx_report *report);  /* report_points.c */
/* A link that saves the run's samples, or where they are. In report_samples.c. */
void hx_report_samples(FILE *out, const struct hx_data_run *run);
void hx_report_caveats(struct hx_report *report); /* report_caveats.c */
