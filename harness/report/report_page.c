/* report_page.c - head, summary, what ran where, and files by hash; see report_page.h.
 * Next: report_claims.c */
#include "report_page.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hx_build.h"
#include "sha256.h"

void hx_report_text_bytes(FILE *out, const char *text, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) {
    const unsigned char c = (unsigned char)text[i];
    if (c == '&')
      fputs("&amp;", out);
    else if (c == '<')
      fputs("&lt;", out);
    else if (c == '>')
      fputs("&gt;", out);
    else if (c == '"')
      fputs("&quot;", out);
    else if (c >= ' ' || c == '\n' || c == '\t')
      fputc(c, out);
  }
}

void hx_report_text(FILE *out, const char *text)
{
  hx_report_text_bytes(out, text, strlen(text));
}

void hx_report_percent(FILE *out, const char *text)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,:";
  for (; *text != '\0'; text++) {
    if (strchr(plain, *text) != NULL)
      fputc(*text, out);
    else
      fprintf(out, "%%%02X", (unsigned char)*text);
  }
}

void hx_report_number(FILE *out, double value)
{
  const double size = fabs(value);
  if (isnan(value))
    return;
  if (size >= 1e9)
    fprintf(out, "%.4g&#8239;G", value / 1e9);
  else if (size >= 1e6)
    fprintf(out, "%.4g&#8239;M", value / 1e6);
  else
    fprintf(out, size >= 1000.0 ? "%.0f" : "%.4g", value);
}

char *hx_report_read(const char *path)
{
  char *text = NULL;
  size_t bytes = 0;
  FILE *file = fopen(path, "r");
  if (file == NULL)
    return NULL;
  if (getdelim(&text, &bytes, '\0', file) < 0) {
    free(text);
    text = strdup("");
  }
  fclose(file);
  return text;
}

static void write_head(struct hx_report *report)
{
  FILE *out = report->out;
  fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"generator\" content=\"grosr " HX_BUILD_VERSION "\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n<title>GROSR: what was measured, and what holds"
        "</title>\n<style>\n",
        out);
  fputs(hx_report_css, out);
  fputs("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#claims\">Skip to the claims</a>\n"
        "<header>\n<h1>GROSR: what was measured, and what holds</h1>\n",
        out);
}

/* Is every run on one kind of device? That kind, or NULL. */
static bool only_cpu(const struct hx_data *data)
{
  bool cpu = data->run_count > 0;
  for (size_t i = 0; i < data->run_count; i++)
    cpu = cpu && strcmp(data->run[i]->device, "cpu") == 0;
  return cpu;
}

static void write_tally(FILE *out, const char *what, size_t count)
{
  fprintf(out, "<div><dt>%s</dt><dd>%zu</dd></div>\n", what, count);
}

/* The paper's claims and ours are counted apart: ours say nothing of the paper. */
static void write_claim_tally(struct hx_report *report)
{
  static const char *const what[2][HX_CLAIM_VERDICT_COUNT] = {
      {"paper’s claims held", "paper’s not held", "paper’s not testable here"},
      {"our own claims held", "our own not held", "our own not testable here"}};
  size_t count[2][HX_CLAIM_VERDICT_COUNT] = {{0}};
  for (size_t i = 0; i < report->results->count; i++)
    count[report->results->result[i].claim->ours][report->results->result[i].verdict]++;
  for (size_t i = 0; i < 2; i++) {
    for (size_t k = 0; k < HX_CLAIM_VERDICT_COUNT; k++) {
      if (i == 0 || count[i][k] > 0)
        write_tally(report->out, what[i][k], count[i][k]);
    }
  }
}

static void write_summary(struct hx_report *report)
{
  FILE *out = report->out;
  size_t ok = 0;
  size_t skipped = 0;
  HX_DATA_EACH(report->data, point)
  {
    ok += point->ok;
    skipped += strcmp(point->status, "skipped") == 0;
  }
  fputs("<p class=\"lead\">", out);
  if (only_cpu(report->data))
    fputs("Every result here is of CPU threads. It says nothing about a GPU, and so none of the "
          "paper’s numbers can be judged by it.",
          out);
  else
    fputs("Measured results, the paper’s numbers beside them, and the data under every figure.",
          out);
  fputs("</p>\n<dl class=\"tally\">\n", out);
  write_claim_tally(report);
  write_tally(out, "rows measured", ok);
  write_tally(out, "points skipped", skipped);
  write_tally(out, "points failed", report->data->point_count - ok - skipped);
  fputs("</dl>\n</header>\n<nav aria-label=\"Parts of this report\"><ul>\n"
        "<li><a href=\"#runs\">What ran</a></li>\n<li><a href=\"#claims\">Claims</a></li>\n"
        "<li><a href=\"#figures\">Figures</a></li>\n<li><a href=\"#points\">Points</a></li>\n"
        "<li><a href=\"#caveats\">Caveats</a></li>\n<li><a href=\"#files\">Files</a></li>\n"
        "</ul></nav>\n<main>\n",
        out);
}

/* "20261122T213431Z" to "2026-11-22 21:34"; anything else as it is. */
static void write_time(FILE *out, const char *time)
{
  if (strlen(time) == 16 && time[8] == 'T')
    fprintf(out, "<span class=\"whole\">%.4s-%.2s-%.2s</span> %.2s:%.2s&nbsp;UTC", time, time + 4,
            time + 6, time + 9, time + 11);
  else
    hx_report_text(out, time);
}

static void begin_cell(FILE *out, const char *label)
{
  fprintf(out, "<td role=\"cell\" data-label=\"%s\"><span>", label);
}

static void write_counts(struct hx_report *report, const struct hx_data_run *run)
{
  size_t ok = 0;
  size_t other = 0;
  size_t checked = 0;
  HX_DATA_EACH(report->data, point)
  {
    ok += point->run == run && point->ok;
    other += point->run == run && !point->ok;
    checked += point->run == run && point->ok && point->checked;
  }
  begin_cell(report->out, "Rows");
  fprintf(report->out, "%zu measured%s", ok, other > 0 ? ", " : "");
  if (other > 0)
    fprintf(report->out, "%zu without result", other);
  fputs("</span></td>", report->out);
  begin_cell(report->out, "Checked");
  if (!run->samples_known)
    fputs("no samples kept", report->out);
  else
    fprintf(report->out, "%zu of %zu follow from the samples, %s", checked, ok,
            run->has_blocks ? "which follow from the blocks" : "which have no raw blocks");
  fputs("</span></td>", report->out);
}

/* The grade, and its reasons as a list. */
static void write_grade(FILE *out, const struct hx_data_run *run)
{
  fputs("<td role=\"cell\" data-label=\"Grade\"><div>", out);
  hx_report_text(out, run->grade[0] != '\0' ? run->grade : "not given");
  if (run->schema == 1)
    fputs("<br><span class=\"soft\">this run is older than grades</span>", out);
  for (const char *line = run->grade_reasons; *line != '\0';) {
    const size_t bytes = strcspn(line, "\n");
    fputs(line == run->grade_reasons ? "<ul class=\"reasons\">\n<li>" : "<li>", out);
    hx_report_text_bytes(out, line, bytes);
    fputs("</li>\n", out);
    line += bytes + (line[bytes] == '\n');
  }
  fputs(run->grade_reasons[0] != '\0' ? "</ul></div></td>" : "</div></td>", out);
}

static void write_run(struct hx_report *report, const struct hx_data_run *run)
{
  FILE *out = report->out;
  char trace[4096];
  fputs("<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">", out);
  hx_report_text(out, run->experiment);
  fputs("<br><span class=\"soft\">", out);
  hx_report_text(out, run->title);
  fputs("</span></th>", out);
  begin_cell(out, "Device");
  hx_report_text(out, run->device);
  fputs(": ", out);
  hx_report_text(out, run->device_text);
  fputs("<br><span class=\"soft\">", out);
  hx_report_text(out, run->machine);
  fputs("</span></span></td>", out);
  write_grade(out, run);
  begin_cell(out, "Tier");
  hx_report_text(out, run->tier);
  fputs("</span></td>", out);
  begin_cell(out, "When");
  write_time(out, run->start_utc);
  if (!isnan(run->seconds))
    fprintf(out, "<br><span class=\"soft\">%.0f s</span>", run->seconds);
  fputs("<br><span class=\"soft\">", out);
  hx_report_text(out, run->exit_reason);
  fputs("</span></span></td>", out);
  write_counts(report, run);
  begin_cell(out, "Build");
  fputs("<code>", out);
  hx_report_text_bytes(out, run->git_sha, strnlen(run->git_sha, 12));
  fprintf(out, "</code>%s<br><span class=\"soft\">", run->git_dirty ? " with changes" : "");
  hx_report_text(out, run->buildtype);
  fputs("</span>", out);
  snprintf(trace, sizeof(trace), "%s/trace.json", run->folder);
  if (access(trace, R_OK) == 0) {
    fputs("<br><a href=\"", out);
    hx_report_text(out, trace);
    fputs("\">trace</a> (open it in ui.perfetto.dev)", out);
  }
  fputs("</span></td></tr>\n", out);
}

static void write_runs(struct hx_report *report)
{
  static const char *const head[] = {
      "Experiment", "Device and machine", "Grade", "Tier", "When", "Rows", "Checked", "Build"};
  FILE *out = report->out;
  fputs("<section aria-labelledby=\"runs\"><h2 id=\"runs\">What ran where</h2>\n"
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"runs\">"
        "<table class=\"cards\" role=\"table\"><caption>One row for each experiment’s run. The "
        "grade is of the environment: A reportable, B usable, C smoke.</caption>\n"
        "<thead role=\"rowgroup\"><tr role=\"row\">",
        out);
  for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
    fprintf(out, "<th role=\"columnheader\" scope=\"col\">%s</th>", head[i]);
  fputs("</tr></thead>\n<tbody role=\"rowgroup\">\n", out);
  for (size_t i = 0; i < report->data->run_count; i++)
    write_run(report, report->data->run[i]);
  fputs("</tbody></table></div>\n</section>\n", out);
}

static void write_file(FILE *out, const char *path, const char *what)
{
  char hash[HX_SHA256_TEXT_BYTES] = "";
  if (path[0] == '\0' || hx_sha256_file(path, hash) < 0)
    return;
  fputs("<tr role=\"row\"><th role=\"rowheader\" scope=\"row\"><code>", out);
  hx_report_text(out, path);
  fprintf(out,
          "</code></th><td role=\"cell\">%s</td><td role=\"cell\" class=\"hash\"><code>%s</code>"
          "</td></tr>\n",
          what, hash);
}

static void write_files(struct hx_report *report)
{
  FILE *out = report->out;
  char path[4096];
  fputs("<section aria-labelledby=\"files\"><h2 id=\"files\">Files by SHA-256</h2>\n<p>Figures and "
        "claims follow from points, points from samples, samples from the blocks that "
        "<code>sums.json</code> names, and <code>run.json</code> names the binary that took them. "
        "<code>grosr verify</code> makes them again.</p>\n<div class=\"scroll\" role=\"region\" "
        "tabindex=\"0\" "
        "aria-labelledby=\"files\"><table class=\"cards\" role=\"table\"><caption>What this report "
        "was made "
        "from.</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">"
        "<th role=\"columnheader\" scope=\"col\">File</th>"
        "<th role=\"columnheader\" scope=\"col\">What</th>"
        "<th role=\"columnheader\" scope=\"col\">SHA-256</th></tr></thead>\n"
        "<tbody role=\"rowgroup\">\n",
        out);
  for (size_t i = 0; i < report->data->run_count; i++) {
    const struct hx_data_run *run = report->data->run[i];
    write_file(out, run->points_path, "points");
    write_file(out, run->samples_path, "samples");
    snprintf(path, sizeof(path), "%s/plan.json", run->folder);
    write_file(out, path, "plan");
    snprintf(path, sizeof(path), "%s/run.json", run->folder);
    write_file(out, path, "provenance");
    snprintf(path, sizeof(path), "%s/sums.json", run->folder);
    write_file(out, path, "sums of these and of every block");
    fputs("<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">", out);
    hx_report_text(out, run->experiment);
    fputs("</th><td role=\"cell\">binary</td><td role=\"cell\" class=\"hash\"><code>", out);
    hx_report_text(out, run->binary_sha256);
    fputs("</code></td></tr>\n", out);
  }
  fputs("</tbody></table></div>\n</section>\n", out);
}

int hx_report_page(struct hx_report *report)
{
  write_head(report);
  write_summary(report);
  write_runs(report);
  hx_report_claims(report);
  hx_report_figures(report);
  hx_report_points(report);
  hx_report_caveats(report);
  write_files(report);
  fputs("</main>\n<footer><p>Written by <code>grosr report</code> " HX_BUILD_VERSION
        " from the files above alone. It loads nothing.</p></footer>\n<script>\n",
        report->out);
  fputs(hx_report_js, report->out);
  fputs("</script>\n</body>\n</html>\n", report->out);
  return fflush(report->out) != 0 || ferror(report->out) ? -EIO : 0;
}
