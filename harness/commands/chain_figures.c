/* chain_figures.c - RUN/figures against what plots/plot makes of the run now. See chain.h.
 *
 * Data (CSV) must be the same bytes. So must SVG, where gnuplot, the scripts of plots/ and the
 * paper's numbers are those of figures.json; else, and PDF, which has the time in it, by their sums
 * alone. Next: chain_claims.c */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beside.h"
#include "chain.h"
#include "child.h"
#include "store.h"
#include "sums.h"

#define SUMS "figures.json"

static bool ends_with(const char *text, const char *tail)
{
  const size_t bytes = strlen(text), tail_bytes = strlen(tail);
  return bytes >= tail_bytes && strcmp(text + bytes - tail_bytes, tail) == 0;
}

/* "files" or "from" of every figure in one object. */
static json_t *gather(const json_t *sums, const char *part)
{
  json_t *all = json_object();
  const char *name;
  json_t *figure;
  json_object_foreach(json_object_get(sums, "figures"), name, figure)
      json_object_update(all, json_object_get(figure, part));
  return all;
}

static int find_added(const char *folder, const json_t *files, FILE *out)
{
  int wrong = 0;
  DIR *directory = opendir(folder);
  for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] != '.' && strcmp(entry->d_name, SUMS) != 0 &&
        json_object_get(files, entry->d_name) == NULL)
      fprintf(out, "%s/%s was added: " SUMS " does not have it\n", folder, entry->d_name), wrong++;
  }
  if (directory != NULL)
    closedir(directory);
  return wrong;
}

/* May SVG be compared? A line if not. */
static bool same_drawer(const char *folder, const json_t *then, const json_t *now, FILE *out)
{
  static const char *const part[][2] = {{"gnuplot", "by another gnuplot"},
                                        {"plots", "by other scripts of plots/"},
                                        {"paper", "beside other numbers of the paper"}};
  const char *gnuplot = json_string_value(json_object_get(now, "gnuplot"));
  if (gnuplot != NULL && strcmp(gnuplot, "missing") == 0) {
    fprintf(out,
            "%s: the data was made again, the drawings are checked by their sums alone: install "
            "gnuplot-nox (ci/setup does) to have them drawn again\n",
            folder);
    return false;
  }
  for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
    if (json_equal(json_object_get(then, part[i][0]), json_object_get(now, part[i][0])))
      continue;
    fprintf(out, "%s was drawn %s: the drawings are checked by their sums alone\n", folder,
            part[i][1]);
    return false;
  }
  return true;
}

/* Each file of `again` against that of `folder`. */
static int compare_files(const char *folder, const char *again, const json_t *then, bool drawings,
                         FILE *out)
{
  int wrong = 0;
  struct dirent **entry = NULL;
  const int count = scandir(again, &entry, NULL, alphasort);
  json_t *files = gather(then, "files");
  for (int i = 0; i < count; i++) {
    const char *name = entry[i]->d_name;
    const bool is_data = ends_with(name, ".csv");
    const bool is_svg = ends_with(name, ".svg");
    char *path = hx_store_path(folder, name);
    char *made_path = hx_store_path(again, name);
    size_t bytes = 0;
    char *made = made_path != NULL ? hx_store_read(made_path, &bytes) : NULL;
    if (is_data && json_object_get(files, name) == NULL)
      fprintf(out, "%s: " SUMS " lacks it; draw again by `plots/plot`\n", path), wrong++;
    else if (made != NULL && (is_data || (is_svg && drawings)))
      wrong += hx_sums_compare_text(path, made, bytes,
                                    ends_with(name, "-paper.csv") ? "results/paper/numbers.csv"
                                    : is_data ? "the points (`plots/plot` draws anew)"
                                              : "its data (`plots/plot` draws anew)",
                                    out);
    free(made);
    free(made_path);
    free(path);
    free(entry[i]);
  }
  free(entry);
  json_decref(files);
  return wrong;
}

static void remove_all(const char *folder)
{
  char *const argv[] = {(char *)"rm", (char *)"-rf", (char *)"--", (char *)folder, NULL};
  struct hx_child child = {.path = "/bin/rm", .argv = argv, .output = HX_CHILD_HIDE};
  hx_child_run(&child);
}

static int draw_again(const char *run, const char *folder, const json_t *then, FILE *out)
{
  char work[] = "/tmp/grosr-verify-XXXXXX";
  char plot[4096];
  struct hx_why why;
  int error = 0;
  int wrong = 0;
  if (!hx_beside("plots/plot", plot, sizeof(plot))) {
    fprintf(out,
            "%s: the figures are checked by their sums alone: plots/plot was not found beside this "
            "program; run it from the source folder\n",
            folder);
    return 0;
  }
  if (mkdtemp(work) == NULL) {
    fprintf(out, "cannot make a folder in /tmp: %s; the figures were not made again\n",
            strerror(errno));
    return 1;
  }
  char *const argv[] = {plot, (char *)"--no-pdf", (char *)run, work, NULL};
  struct hx_child child = {.path = plot, .argv = argv, .output = HX_CHILD_KEEP_ALL};
  hx_child_run(&child);
  json_t *now = hx_sums_load(work, SUMS, &error, &why);
  if (now == NULL)
    fprintf(out, "%s cannot be made again: %s\n", folder, child.text != NULL ? child.text : ""),
        wrong++;
  else
    wrong += compare_files(folder, work, then, same_drawer(folder, then, now, out), out);
  json_decref(now);
  free(child.text);
  remove_all(work);
  return wrong;
}

int hx_chain_figures(const char *run, FILE *out, size_t *count)
{
  struct hx_why why;
  int error = -ENOMEM;
  int wrong = 0;
  char *folder = hx_store_path(run, "figures");
  *count = 0;
  if (folder == NULL || access(folder, F_OK) < 0) {
    free(folder);
    return 0;
  }
  json_t *then = hx_sums_load(folder, SUMS, &error, &why);
  if (then == NULL) {
    fprintf(out, "%s\n", why.text);
    free(folder);
    return 1;
  }
  json_t *files = gather(then, "files");
  json_t *from = gather(then, "from");
  *count = json_object_size(json_object_get(then, "figures"));
  wrong += hx_sums_compare(folder, files, SUMS, out) + find_added(folder, files, out);
  const int stale = hx_sums_compare(run, from, SUMS, out);
  wrong += stale + (stale == 0 ? draw_again(run, folder, then, out) : 0); /* it would differ */
  json_decref(files);
  json_decref(from);
  json_decref(then);
  free(folder);
  return wrong;
}
