/* cmd_report.c - `grosr report [RUN...] --out FILE.html`: one self-contained page of runs, claims,
 * figures, points and caveats. See report_page.h. The page is written under a temporary name and
 * renamed, so that a report is whole or not there. The same input gives the same bytes: there is
 * no date in it. Next: report_page.c */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beside.h"
#include "cmd.h"
#include "hx.h"
#include "report_page.h"

#define REFERENCE "results/reference/cpu-2core" /* what is shown when no run is given */

enum { KEY_OUT = 1000, KEY_CLAIMS, KEY_CAVEATS };

struct wishes {
  char **run;
  size_t run_count;
  const char *out;
  const char *claims;
  const char *caveats;
};

static const struct argp_option options[] = {
    {"out", KEY_OUT, "FILE", 0, "the HTML file to write (replaced if it is there)", 0},
    {"caveats", KEY_CAVEATS, "FILE", 0, "a Markdown file to put under Caveats", 0},
    {"claims", KEY_CLAIMS, "DIR", 0, "where claims.json and numbers.csv are", 0},
    {0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
  struct wishes *wishes = state->input;
  switch (key) {
  case KEY_OUT:
    wishes->out = arg;
    return 0;
  case KEY_CAVEATS:
    wishes->caveats = arg;
    return 0;
  case KEY_CLAIMS:
    wishes->claims = arg;
    return 0;
  case ARGP_KEY_ARG:
    wishes->run[wishes->run_count++] = arg;
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

/* Writes the page under a temporary name beside `path`, then renames it. */
static int write_page(struct hx_report *report, const char *path, struct hx_why *why)
{
  char *temporary = NULL;
  int result = 0;
  if (asprintf(&temporary, "%s.new", path) < 0)
    return -ENOMEM;
  report->out = fopen(temporary, "w");
  if (report->out == NULL) {
    result = -errno;
    free(temporary);
    return hx_refuse(why, result, "cannot write %s: %s; give --out in a folder that is there", path,
                     strerror(-result));
  }
  result = hx_report_page(report);
  if (fclose(report->out) != 0 && result == 0)
    result = -errno;
  if (result == 0 && rename(temporary, path) < 0)
    result = -errno;
  if (result < 0) {
    hx_refuse(why, result, "could not finish %s: %s; make room there, then write it again", path,
              strerror(-result));
    unlink(temporary);
  }
  free(temporary);
  return result;
}

/* Reads everything that the page is made from, and writes it. */
static int make(const struct wishes *wishes, struct hx_why *why)
{
  char folder[4096];
  char plot[4096];
  struct hx_claims claims = {0};
  struct hx_claim_results results = {0};
  struct hx_data data = {0};
  struct hx_report report = {.data = &data,
                             .results = &results,
                             .caveats_path = wishes->caveats,
                             .root = wishes->run,
                             .root_count = wishes->run_count,
                             .plot = plot};
  int result = 0;
  hx_beside("plots/plot", plot, sizeof(plot));
  if (wishes->claims == NULL)
    result = hx_claims_find(folder, sizeof(folder), why);
  if (result == 0)
    result = hx_claims_open(&claims, wishes->claims != NULL ? wishes->claims : folder, why);
  if (result == 0)
    result = hx_data_open(&data, (const char *const *)wishes->run, wishes->run_count, why);
  if (result == 0)
    result = hx_claims_judge(&claims, &data, &results);
  if (result == 0 && wishes->caveats != NULL) {
    report.caveats = hx_report_read(wishes->caveats);
    if (report.caveats == NULL)
      result = hx_refuse(why, -ENOENT, "cannot read %s: %s; give --caveats a Markdown file",
                         wishes->caveats, strerror(errno));
  }
  if (result == 0)
    result = write_page(&report, wishes->out, why);
  if (result == 0)
    printf("%s: %zu runs, %zu rows, %zu claims, %zu figures\n", wishes->out, data.run_count,
           data.point_count, claims.count, report.figure_count);
  free(report.caveats);
  hx_claims_results_fini(&results);
  hx_data_fini(&data);
  hx_claims_fini(&claims);
  return result;
}

int hx_cmd_report(int argc, char **argv)
{
  static char reference[] = REFERENCE;
  static const char doc[] =
      "Writes one HTML file of what ran, which claims hold, every figure and every point. It loads "
      "nothing from elsewhere and needs no GPU."
      "\vRUN is a folder that `grosr run --out` made; default " REFERENCE ". Figures need gnuplot. "
      "Exit status: 0 written, 2 refused, 4 the harness failed.";
  const struct argp argp = {options, take_option, "[RUN...] --out FILE.html", doc, NULL,
                            NULL,    NULL};
  struct wishes wishes = {.run = calloc((size_t)argc + 1, sizeof(char *))};
  struct hx_why why = {""};
  int code = HX_EXIT_USAGE;
  if (wishes.run == NULL)
    return HX_EXIT_HARNESS;
  if (argp_parse(&argp, argc, argv, 0, NULL, &wishes) == 0) {
    int result = 0;
    if (wishes.run_count == 0)
      wishes.run[wishes.run_count++] = reference;
    if (wishes.out == NULL || wishes.out[0] == '\0')
      result = hx_refuse(&why, -EINVAL, "say by --out FILE.html where the report goes");
    if (result == 0)
      result = make(&wishes, &why);
    if (result < 0)
      fprintf(stderr, "grosr: %s\n", why.text[0] != '\0' ? why.text : "out of memory");
    code = result == 0                                                ? HX_EXIT_OK
           : result == -ENOMEM || result == -EIO || result == -ENOSPC ? HX_EXIT_HARNESS
                                                                      : HX_EXIT_USAGE;
  }
  free(wishes.run);
  return code;
}
