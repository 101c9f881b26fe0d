/* report_figures.c - the figures: drawn by plots/plot into a temporary folder, then put into the
 * page as SVG, each with the rows that it draws. See report_page.h.
 *
 * plots/plot sees a folder of links to the runs of one root, so that a root which is itself an
 * experiment's folder will do. gnuplot gives the same ids in every figure; in one page they must
 * differ, so each gets a prefix. Without gnuplot the section says what to install.
 * Next: report_points.c */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "report_page.h"

#define PATH_BYTES 4096u

static const char *caption_of(const char *name)
{
  static const char *const known[][2] = {
      {"fig0_runtime_loop", "Runtime loop: tasks per second against the number of tasks."},
      {"fig1_launch_latency", "Dispatch latency by variant, the paper’s numbers below the line."},
      {"fig1_throughput", "Throughput against the tasks kept in flight, a line per variant."},
      {"fig1_graph", "Time per node of a graph that is replayed, a line per variant."},
      {"fig6_fairness", "How far tenants’ shares are from their weights, by policy and load."},
      {"fig6_priority", "A tenant of high priority beside a flood, and alone, by policy."},
      {"fig7_coexistence", "A heavy foreground and small tasks: what each costs the other."},
      {"fig8_ablation", "The scheduler with one part left out, against all on."},
      {"fig8_teams", "Time of a task or tile against the number of teams, a line per load."}};
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
    if (strncmp(name, known[i][0], strlen(known[i][0])) == 0)
      return known[i][1];
  }
  return "";
}

static bool starts(const char *text, const char *with)
{
  return strncmp(text, with, strlen(with)) == 0;
}

/* Copies the drawing: without the size, without titles that gnuplot made up, ids prefixed. */
static void write_svg(FILE *out, const char *svg, size_t figure)
{
  const char *view = strstr(svg, "viewBox=\"");
  const char *body = view != NULL ? strchr(view, '>') : NULL;
  if (body == NULL)
    return;
  fprintf(out, "<svg role=\"img\" aria-labelledby=\"figure-%zu\" ", figure);
  fprintf(out, "%.*s>", (int)(strchr(view + 9, '"') - view) + 1, view);
  for (const char *at = body + 1; *at != '\0'; at++) {
    const char *title_end = starts(at, "<title>") ? strstr(at, "</title>") : NULL;
    const char *desc_end = starts(at, "<desc>") ? strstr(at, "</desc>") : NULL;
    size_t head = 0; /* bytes up to where an id begins */
    if (title_end != NULL || desc_end != NULL) {
      at =
          title_end != NULL ? title_end + strlen("</title>") - 1 : desc_end + strlen("</desc>") - 1;
      continue;
    }
    if (starts(at, " id='") || starts(at, " id=\""))
      head = 5;
    else if (starts(at, "xlink:href='#") || starts(at, "xlink:href=\"#"))
      head = 13;
    else if (starts(at, "url(#"))
      head = 5;
    if (head == 0) {
      fputc(*at, out);
      continue;
    }
    /* In HTML it is href, without a namespace. */
    const size_t skip = starts(at, "xlink:") ? strlen("xlink:") : 0;
    fprintf(out, "%.*sf%zu-", (int)(head - skip), at + skip, figure);
    at += head - 1;
  }
}

/* The rows that a figure draws: its own, or with tail "-paper" those of the paper. */
static void write_data(FILE *out, const char *folder, const char *name, const char *tail)
{
  char path[PATH_BYTES];
  const int stem = (int)(strlen(name) - strlen(".svg"));
  snprintf(path, sizeof(path), "%s/%.*s%s.csv", folder, stem, name, tail);
  char *csv = hx_report_read(path);
  if (csv != NULL) {
    fprintf(out, "<p><a download=\"%.*s%s.csv\" href=\"data:text/csv;charset=utf-8,", stem, name,
            tail);
    hx_report_percent(out, csv);
    fprintf(out, "\">Save as %.*s%s.csv</a></p>\n<pre tabindex=\"0\">", stem, name, tail);
    hx_report_text(out, csv);
    fputs("</pre>\n", out);
  }
  free(csv);
}

static void write_figure(struct hx_report *report, const char *folder, const char *name)
{
  char path[PATH_BYTES];
  FILE *out = report->out;
  const size_t figure = ++report->figure_count;
  const int stem = (int)(strlen(name) - strlen(".svg"));
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  char *svg = hx_report_read(path);
  if (svg != NULL) {
    fprintf(out,
            "<figure>\n<div class=\"scroll\" role=\"group\" tabindex=\"0\" "
            "aria-labelledby=\"figure-%zu\">\n",
            figure);
    write_svg(out, svg, figure);
    fprintf(out, "</div>\n<figcaption id=\"figure-%zu\">%s <code>%.*s</code></figcaption>\n",
            figure, caption_of(name), stem, name);
    fputs("<details><summary>The data of this figure</summary>\n", out);
    write_data(out, folder, name, "");
    write_data(out, folder, name, "-paper");
    fputs("</details>\n</figure>\n", out);
  }
  free(svg);
}

static int is_svg(const struct dirent *entry)
{
  const size_t bytes = strlen(entry->d_name);
  return bytes > 4 && strcmp(entry->d_name + bytes - 4, ".svg") == 0;
}

/* A folder of links, one to each run of the root. */
static bool link_runs(const struct hx_report *report, size_t root, const char *folder)
{
  char path[PATH_BYTES + 256];
  char target[PATH_MAX];
  bool any = false;
  for (size_t i = 0; i < report->data->run_count; i++) {
    const struct hx_data_run *run = report->data->run[i];
    snprintf(path, sizeof(path), "%s/%s", folder, run->experiment);
    if (run->root_index == root && realpath(run->folder, target) != NULL)
      any = symlink(target, path) == 0 || any;
  }
  return any;
}

static void remove_all(const char *folder)
{
  char *const argv[] = {(char *)"rm", (char *)"-rf", (char *)"--", (char *)folder, NULL};
  struct hx_child child = {.path = "/bin/rm", .argv = argv, .output = HX_CHILD_HIDE};
  hx_child_run(&child);
}

/* What plots/plot said it left out, one line each; the temporary folder `runs` is named as `root`.
 */
static void write_skipped(FILE *out, const char *text, const char *runs, const char *root)
{
  bool any = false;
  for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
    line += *line == '\n';
    if (!starts(line, "skipped "))
      continue;
    const size_t bytes = strcspn(line, "\n");
    const char *folder = memmem(line, bytes, runs, strlen(runs));
    const size_t before = folder != NULL ? (size_t)(folder - line) : bytes;
    fputs(any ? "<li>" : "<ul class=\"soft\">\n<li>", out);
    hx_report_text_bytes(out, line, before);
    if (folder != NULL) {
      hx_report_text(out, root);
      hx_report_text_bytes(out, folder + strlen(runs), bytes - before - strlen(runs));
    }
    fputs("</li>\n", out);
    any = true;
  }
  fputs(any ? "</ul>\n" : "", out);
}

static void draw_root(struct hx_report *report, size_t root)
{
  char work[] = "/tmp/grosr-report-XXXXXX";
  char runs[64];
  char figures[64];
  struct dirent **entry = NULL;
  if (mkdtemp(work) == NULL)
    return;
  snprintf(runs, sizeof(runs), "%s/runs", work);
  snprintf(figures, sizeof(figures), "%s/figures", work);
  mkdir(runs, 0777);
  char *const argv[] = {(char *)report->plot, (char *)"--no-pdf", runs, figures, NULL};
  struct hx_child child = {.path = report->plot, .argv = argv, .output = HX_CHILD_KEEP};
  if (link_runs(report, root, runs) && hx_child_run(&child) == 0) {
    const int count = scandir(figures, &entry, is_svg, alphasort);
    if (report->root_count > 1) {
      fputs("<h3>", report->out);
      hx_report_text(report->out, report->root[root]);
      fputs("</h3>\n", report->out);
    }
    for (int i = 0; i < count; i++) {
      write_figure(report, figures, entry[i]->d_name);
      free(entry[i]);
    }
    free(entry);
    write_skipped(report->out, child.text, runs, report->root[root]);
  }
  free(child.text);
  remove_all(work);
}

static bool have_gnuplot(void)
{
  struct hx_text_list list = {0};
  const char *path = getenv("PATH");
  bool found = false;
  if (path == NULL || hx_text_split(path, ':', &list) < 0)
    return false;
  for (size_t i = 0; i < list.count; i++) {
    char name[PATH_BYTES];
    snprintf(name, sizeof(name), "%s/gnuplot", list.item[i]);
    found = found || access(name, X_OK) == 0;
  }
  hx_text_list_fini(&list);
  return found;
}

void hx_report_figures(struct hx_report *report)
{
  FILE *out = report->out;
  fputs("<section aria-labelledby=\"figures\"><h2 id=\"figures\">Figures</h2>\n", out);
  if (!have_gnuplot())
    fputs("<p>There are no figures, because gnuplot was not found: install "
          "<code>gnuplot-nox</code> (<code>ci/setup</code> does) and write the report again. "
          "Their numbers are in the tables below.</p>\n",
          out);
  else if (report->plot[0] == '\0')
    fputs("<p>There are no figures, because <code>plots/plot</code> was not found beside this "
          "program: run it from the source folder.</p>\n",
          out);
  for (size_t i = 0; have_gnuplot() && report->plot[0] != '\0' && i < report->root_count; i++)
    draw_root(report, i);
  fputs("</section>\n", out);
}
