/* report_points.c - every row of points.csv as a table per experiment, with the file itself in a
 * link. See report_page.h. Next: report_samples.c */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report_page.h"

#define FACTORS_MAX    16u
#define LINK_BYTES_MAX 2000000u /* a larger points.csv is named and not put into the page */

/* The names of the factors that the run's points have, in the order met. */
static size_t factors_of(const struct hx_data *data, const struct hx_data_run *run,
                         const char *name[FACTORS_MAX])
{
  size_t count = 0;
  HX_DATA_EACH(data, point)
  {
    for (size_t i = 0; point->run == run && i < point->factor_count; i++) {
      bool known = false;
      for (size_t k = 0; k < count; k++)
        known = known || strcmp(name[k], point->factor[i].name) == 0;
      if (!known && count < FACTORS_MAX)
        name[count++] = point->factor[i].name;
    }
  }
  return count;
}

static void write_number(FILE *out, const struct hx_data_point *point, enum hx_data_stat stat,
                         double value)
{
  fputs("<td class=\"n\" data-v=\"", out);
  hx_report_text(out, point->cell[stat]);
  fputs("\">", out);
  hx_report_number(out, value);
  fputs("</td>", out);
}

static void write_row(FILE *out, const struct hx_data_point *point,
                      const char *const factor[FACTORS_MAX], size_t factor_count)
{
  fputs("<tr><th scope=\"row\">", out);
  hx_report_text(out, point->variant);
  fputs("</th><td>", out);
  hx_report_text(out, point->metric);
  fputs("</td>", out);
  for (size_t i = 0; i < factor_count; i++) {
    const char *value = hx_data_factor(point, factor[i]);
    fputs("<td class=\"n\">", out);
    hx_report_text(out, value != NULL ? value : "");
    fputs("</td>", out);
  }
  if (!point->ok) {
    fputs("<td class=\"n\" data-v=\"0\">0</td><td data-v=\"\"></td><td data-v=\"\"></td>"
          "<td data-v=\"\"></td><td data-v=\"\"></td><td data-v=\"\"></td>"
          "<td class=\"status\"><strong>",
          out);
    hx_report_text(out, point->status);
    fputs("</strong> <span class=\"soft\">", out);
    hx_report_text(out, point->reason);
    fputs("</span></td></tr>\n", out);
    return;
  }
  write_number(out, point, HX_DATA_N, (double)point->stats.n);
  write_number(out, point, HX_DATA_P50, point->stats.p50);
  fputs("<td class=\"n\" data-v=\"", out);
  hx_report_text(out, point->cell[HX_DATA_CI_LO]);
  fputs(isnan(point->stats.ci_lo) ? "\">" : "\">[", out);
  hx_report_number(out, point->stats.ci_lo);
  fputs(isnan(point->stats.ci_lo) ? "" : ", ", out);
  hx_report_number(out, point->stats.ci_hi);
  fputs(isnan(point->stats.ci_lo) ? "</td>" : "]</td>", out);
  write_number(out, point, HX_DATA_P99, point->stats.p99);
  write_number(out, point, HX_DATA_MIN, point->stats.min);
  write_number(out, point, HX_DATA_MAX, point->stats.max);
  fputs("<td>ok</td></tr>\n", out);
}

static void write_link(FILE *out, const struct hx_data_run *run)
{
  char *text = hx_report_read(run->points_path);
  fputs("<p>", out);
  if (text != NULL && strlen(text) <= LINK_BYTES_MAX) {
    fputs("<a download=\"", out);
    hx_report_text(out, run->experiment);
    fputs("-points.csv\" href=\"data:text/csv;charset=utf-8,", out);
    hx_report_percent(out, text);
    fputs("\">Save points.csv of ", out);
    hx_report_text(out, run->experiment);
    fputs("</a>, with all its columns", out);
  } else {
    fputs("All columns are in <code>", out);
    hx_report_text(out, run->points_path);
    fputs("</code>", out);
  }
  hx_report_samples(out, run);
  fputs("</p>\n", out);
  free(text);
}

static void write_experiment(struct hx_report *report, size_t index)
{
  static const char *const tail[] = {"n", "Median", "95 % interval", "p99", "Min", "Max", "Status"};
  const struct hx_data_run *run = report->data->run[index];
  const char *factor[FACTORS_MAX];
  FILE *out = report->out;
  const size_t factor_count = factors_of(report->data, run, factor);
  fprintf(out, "<h3 id=\"points-%zu\">", index);
  hx_report_text(out, run->experiment);
  fputs(" <span class=\"soft\">on device ", out);
  hx_report_text(out, run->device);
  fputs("</span></h3>\n", out);
  write_link(out, run);
  fprintf(out,
          "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"points-%zu\">"
          "<table class=\"sortable filterable\" id=\"table-%zu\"><caption>Points of ",
          index, index);
  hx_report_text(out, run->experiment);
  fputs(". A metric’s name carries its unit. An empty cell means missing: too few samples for that "
        "statistic.</caption>\n<thead><tr><th scope=\"col\">Variant</th>"
        "<th scope=\"col\">Metric</th>",
        out);
  for (size_t i = 0; i < factor_count; i++) {
    fputs("<th scope=\"col\" class=\"n\">", out);
    hx_report_text(out, factor[i]);
    fputs("</th>", out);
  }
  for (size_t i = 0; i < sizeof(tail) / sizeof(tail[0]); i++)
    fprintf(out, "<th scope=\"col\"%s>%s</th>", i < 6 ? " class=\"n\"" : "", tail[i]);
  fputs("</tr></thead>\n<tbody>\n", out);
  HX_DATA_EACH(report->data, point)
  {
    if (point->run == run)
      write_row(out, point, factor, factor_count);
  }
  fputs("</tbody></table></div>\n", out);
}

void hx_report_points(struct hx_report *report)
{
  fputs("<section aria-labelledby=\"points\"><h2 id=\"points\">Points</h2>\n", report->out);
  for (size_t i = 0; i < report->data->run_count; i++)
    write_experiment(report, i);
  fputs("</section>\n", report->out);
}
