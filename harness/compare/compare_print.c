/* compare_print.c - see compare_print.h. Next: calibration.h */
#include "compare_print.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"

static void print_percent(double ratio, char text[16])
{
  if (isnan(ratio))
    snprintf(text, 16, "-");
  else
    snprintf(text, 16, "%+.2f%%", 100.0 * (ratio - 1.0));
}

static void print_item(const struct hx_compare_item *item)
{
  const struct hx_compare_found *found = &item->found;
  char ratio[16];
  char lo[16];
  char hi[16];
  char mde[16];
  char q[16] = "-";
  if (!isnan(found->q))
    snprintf(q, sizeof(q), "%.2g", found->q);
  print_percent(found->ratio, ratio);
  print_percent(found->lo, lo);
  print_percent(found->hi, hi);
  print_percent(1.0 + found->mde, mde);
  printf("%-9s %s %s\n", hx_compare_name(found->verdict), item->name, item->metric);
  printf("          %.6g -> %.6g %s: %s [%s, %s]; MDE %s; q %s; n %zu, %zu in %zu, %zu %s\n",
         found->base, found->fresh, item->unit, ratio, lo, hi, mde + (mde[0] == '+'), q,
         found->samples[0], found->samples[1], found->processes[0], found->processes[1],
         found->blocks > 0 ? "paired processes" : "processes");
  if (found->reason[0] != '\0')
    printf("          %s\n", found->reason);
}

/* Is the threshold below the detectable effect everywhere, with nothing found? */
static bool is_refused(const struct hx_compare *all, const struct hx_compare_how *how)
{
  size_t known = 0;
  for (size_t i = 0; i < all->item_count; i++) {
    const struct hx_compare_found *found = &all->item[i].found;
    if (found->verdict == HX_COMPARE_INVALID || isnan(found->mde))
      continue;
    known++;
    if (found->verdict != HX_COMPARE_AMBIGUOUS || found->mde <= how->threshold)
      return false;
  }
  return known > 0;
}

void hx_compare_print(const struct hx_compare *all, const struct hx_compare_how *how, bool quiet)
{
  size_t count[HX_COMPARE_COUNT] = {0};
  for (size_t i = 0; i < all->item_count; i++) {
    count[all->item[i].found.verdict]++;
    if (!quiet || all->item[i].found.verdict != HX_COMPARE_SAME)
      print_item(&all->item[i]);
  }
  printf(
      "%zu faster, %zu slower, %zu same, %zu ambiguous, %zu invalid; new against base, threshold "
      "%.3g %%, %.0f %% intervals\n",
      count[HX_COMPARE_FASTER], count[HX_COMPARE_SLOWER], count[HX_COMPARE_SAME],
      count[HX_COMPARE_AMBIGUOUS], count[HX_COMPARE_INVALID], 100.0 * how->threshold,
      100.0 * HX_COMPARE_CONFIDENCE);
  if (is_refused(all, how))
    printf("refused: the threshold is below what can be found at every point; raise --threshold or "
           "measure more processes\n");
}

static void put_xml(FILE *file, const char *text)
{
  for (; *text != '\0'; text++) {
    switch (*text) {
    case '&':
      fputs("&amp;", file);
      break;
    case '<':
      fputs("&lt;", file);
      break;
    case '>':
      fputs("&gt;", file);
      break;
    case '"':
      fputs("&quot;", file);
      break;
    default: /* control characters have no place in XML 1.0, and other bytes may be no UTF-8 */
      fputc(*text >= ' ' && *text <= '~' ? *text : '?', file);
    }
  }
}

static void put_case(FILE *file, const struct hx_compare_item *item)
{
  const struct hx_compare_found *found = &item->found;
  const char *kind = found->verdict == HX_COMPARE_SLOWER ? "failure" : "error";
  fputs("    <testcase classname=\"", file);
  put_xml(file, item->name);
  fputs("\" name=\"", file);
  put_xml(file, item->metric);
  fputs("\">\n", file);
  if (found->verdict >= HX_COMPARE_SLOWER) {
    fprintf(file, "      <%s type=\"%s\" message=\"", kind, hx_compare_name(found->verdict));
    put_xml(file, found->reason);
    fputs("\"/>\n", file);
  }
  fprintf(file, "      <system-out>%s", hx_compare_name(found->verdict));
  if (!isnan(found->ratio))
    fprintf(file, ": new/base %.6g", found->ratio);
  if (!isnan(found->lo))
    fprintf(file, " [%.6g, %.6g]", found->lo, found->hi);
  if (!isnan(found->mde))
    fprintf(file, ", MDE %.4g %%", 100.0 * found->mde);
  if (!isnan(found->q))
    fprintf(file, ", q %.3g", found->q);
  fprintf(file, "; processes %zu, %zu; samples %zu, %zu</system-out>\n    </testcase>\n",
          found->processes[0], found->processes[1], found->samples[0], found->samples[1]);
}

static int end_file(FILE *file, const char *path, struct hx_why *why)
{
  const bool failed = ferror(file) != 0;
  return fclose(file) != 0 || failed
             ? hx_refuse(why, -EIO, "cannot write %s; is there room on the disk?", path)
             : 0;
}

int hx_compare_junit(const struct hx_compare *all, const char *path, struct hx_why *why)
{
  size_t count[HX_COMPARE_COUNT] = {0};
  FILE *file = fopen(path, "w");
  if (file == NULL)
    return hx_refuse(why, -errno, "cannot write %s: %s; choose another --junit", path,
                     strerror(errno));
  for (size_t i = 0; i < all->item_count; i++)
    count[all->item[i].found.verdict]++;
  const size_t errors = count[HX_COMPARE_AMBIGUOUS] + count[HX_COMPARE_INVALID];
  fprintf(file, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
  fprintf(file,
          "  <testsuite name=\"grosr compare\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n",
          all->item_count, count[HX_COMPARE_SLOWER], errors);
  for (size_t i = 0; i < all->item_count; i++)
    put_case(file, &all->item[i]);
  fputs("  </testsuite>\n</testsuites>\n", file);
  return end_file(file, path, why);
}

/* Blanks and commas would need quotes, which Otava wants to be told of. */
static void put_column(FILE *file, const struct hx_compare_item *item)
{
  fputc(',', file);
  for (const char *at = item->name; *at != '\0'; at++)
    fputc(*at == ' ' || *at == ',' || *at == '"' ? '.' : *at, file);
  fprintf(file, ".%s", item->metric);
}

static void put_header(FILE *file, const struct hx_compare *all)
{
  fputs("time,commit", file);
  for (size_t i = 0; i < all->item_count; i++) {
    if (all->item[i].metric[0] != '\0') /* else a point that failed, which has no metric */
      put_column(file, &all->item[i]);
  }
  fputc('\n', file);
}

static void put_row(FILE *file, const struct hx_compare *all, const struct hx_compare_run *run,
                    enum hx_compare_which which)
{
  const char *t = run->time_utc; /* 20261122T183000Z */
  if (strlen(t) == 16)
    fprintf(file, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ,%s", t, t + 4, t + 6, t + 9, t + 11, t + 13,
            run->commit);
  else
    fprintf(file, "%s,%s", t, run->commit);
  for (size_t i = 0; i < all->item_count; i++) {
    const struct hx_compare_found *found = &all->item[i].found;
    char text[HX_NUMBER_BYTES];
    if (all->item[i].metric[0] == '\0')
      continue;
    hx_csv_format(which == HX_COMPARE_BASE ? found->base : found->fresh, text);
    fprintf(file, ",%s", text);
  }
  fputc('\n', file);
}

/* 1: the file has this header; 0: there is no file, or it is empty; -EEXIST: another header. */
static int has_header(const struct hx_compare *all, const char *path)
{
  char *wanted = NULL;
  size_t wanted_bytes = 0;
  char *line = NULL;
  size_t line_bytes = 0;
  int result = 0;
  FILE *old = fopen(path, "r");
  FILE *memory = open_memstream(&wanted, &wanted_bytes);
  if (memory == NULL) {
    result = -ENOMEM;
    goto out;
  }
  put_header(memory, all);
  fclose(memory);
  if (old != NULL && getline(&line, &line_bytes, old) > 0)
    result = strcmp(line, wanted) == 0 ? 1 : -EEXIST;
out:
  free(wanted);
  free(line);
  if (old != NULL)
    fclose(old);
  return result;
}

int hx_compare_otava(const struct hx_compare *all, const struct hx_compare_run *run,
                     const char *path, struct hx_why *why)
{
  const int there = has_header(all, path);
  if (there < 0)
    return hx_refuse(why, there,
                     "%s has other columns than this comparison has points; choose another --otava "
                     "for this plan",
                     path);
  FILE *file = fopen(path, there > 0 ? "a" : "w");
  if (file == NULL)
    return hx_refuse(why, -errno, "cannot write %s: %s; choose another --otava", path,
                     strerror(errno));
  if (there == 0) {
    put_header(file, all);
    put_row(file, all, &run[HX_COMPARE_BASE], HX_COMPARE_BASE);
  }
  put_row(file, all, &run[HX_COMPARE_NEW], HX_COMPARE_NEW);
  return end_file(file, path, why);
}
