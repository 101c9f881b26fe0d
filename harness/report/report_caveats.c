/* report_caveats.c - what must be said with the numbers: remarks that follow from the data, and a
 * Markdown file if one is given. See report_page.h.
 * Of Markdown it knows what our own files use: headings, lists, tables, paragraphs, `code` and
 * **bold**. Anything else stays as it is written. Next: beside.h */
#include <stdlib.h>
#include <string.h>

#include "report_page.h"

/* One line's text, with code and bold. */
static void write_inline(FILE *out, const char *text, size_t bytes)
{
  bool bold = false;
  size_t from = 0;
  for (size_t i = 0; i < bytes; i++) {
    const char *code_end = text[i] == '`' ? memchr(text + i + 1, '`', bytes - i - 1) : NULL;
    const bool is_bold = i + 1 < bytes && text[i] == '*' && text[i + 1] == '*';
    if (code_end == NULL && !is_bold)
      continue;
    hx_report_text_bytes(out, text + from, i - from);
    if (code_end != NULL) {
      fputs("<code>", out);
      hx_report_text_bytes(out, text + i + 1, (size_t)(code_end - text) - i - 1);
      fputs("</code>", out);
      i = (size_t)(code_end - text);
    } else {
      fputs(bold ? "</strong>" : "<strong>", out);
      bold = !bold;
      i++;
    }
    from = i + 1;
  }
  hx_report_text_bytes(out, text + from, bytes - from);
  if (bold)
    fputs("</strong>", out);
}

enum block { BLOCK_NONE, BLOCK_PARAGRAPH, BLOCK_LIST, BLOCK_TABLE };

static void change_block(FILE *out, enum block *now, enum block next)
{
  static const char *const begin[] = {
      "", "<p>", "<ul>\n<li>",
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"A table of the caveats\">"
      "<table><caption>As that file has it.</caption>\n"};
  static const char *const end[] = {"", "</p>\n", "</li>\n</ul>\n", "</tbody></table></div>\n"};
  fputs(end[*now], out);
  fputs(begin[next], out);
  *now = next;
}

/* A row: "| a | b |". The first is the head; the line of dashes below it is left out. */
static void write_cells(FILE *out, const char *line, size_t bytes, bool head)
{
  const char *end = line + bytes;
  if (strspn(line, "|-: ") >= bytes)
    return;
  fputs(head ? "<thead><tr>" : "<tr>", out);
  for (const char *at = line + 1; at < end;) {
    const char *bar = memchr(at, '|', (size_t)(end - at));
    const char *stop = bar != NULL ? bar : end;
    const char *from = at + strspn(at, " ");
    size_t cell = stop > from ? (size_t)(stop - from) : 0;
    while (cell > 0 && from[cell - 1] == ' ')
      cell--;
    if (bar != NULL || cell > 0) {
      fputs(head ? "<th scope=\"col\">" : "<td>", out);
      write_inline(out, from, cell);
      fputs(head ? "</th>" : "</td>", out);
    }
    at = stop + 1;
  }
  fputs(head ? "</tr></thead>\n<tbody>\n" : "</tr>\n", out);
}

static void write_line(FILE *out, const char *line, size_t bytes, enum block *block)
{
  const size_t level = strspn(line, "#");
  const bool item = bytes > 2 && (line[0] == '-' || line[0] == '*') && line[1] == ' ';
  if (bytes == 0) {
    change_block(out, block, BLOCK_NONE);
  } else if (level > 0 && level < 7 && line[level] == ' ') {
    change_block(out, block, BLOCK_NONE);
    if (level > 1) { /* the file's own title is the section's */
      fputs("<h3>", out);
      write_inline(out, line + level + 1, bytes - level - 1);
      fputs("</h3>\n", out);
    }
  } else if (line[0] == '|') {
    const bool head = *block != BLOCK_TABLE;
    if (head)
      change_block(out, block, BLOCK_TABLE);
    write_cells(out, line, bytes, head);
  } else if (item) {
    if (*block == BLOCK_LIST)
      fputs("</li>\n<li>", out);
    else
      change_block(out, block, BLOCK_LIST);
    write_inline(out, line + 2, bytes - 2);
  } else {
    const size_t blanks = strspn(line, " ");
    if (*block == BLOCK_NONE || *block == BLOCK_TABLE)
      change_block(out, block, BLOCK_PARAGRAPH);
    else
      fputc(' ', out); /* the same paragraph or item goes on */
    write_inline(out, line + blanks, bytes - blanks);
  }
}

static void write_markdown(FILE *out, const char *text)
{
  enum block block = BLOCK_NONE;
  while (*text != '\0') {
    const size_t bytes = strcspn(text, "\n");
    write_line(out, text, bytes, &block);
    text += bytes + (text[bytes] == '\n');
  }
  change_block(out, &block, BLOCK_NONE);
}

/* What `grosr run --reportable` would have refused, or was told to let pass, and why. */
static void write_refusals(FILE *out, const struct hx_data_run *run)
{
  const json_t *reportable = json_object_get(run->json, "reportable");
  const json_t *refusal = NULL;
  size_t i = 0;
  json_array_foreach(json_object_get(reportable, "refusals"), i, refusal)
  {
    const char *waived = json_string_value(json_object_get(refusal, "waived_by"));
    const char *what = json_string_value(json_object_get(refusal, "what"));
    fputs("<li>", out);
    hx_report_text(out, run->experiment);
    fputs(waived != NULL ? ": waived: " : ": not reportable: ", out);
    hx_report_text(out, what != NULL ? what : "");
    fputs(waived != NULL ? ". Reason given: " : ".", out);
    hx_report_text(out, waived != NULL ? waived : "");
    fputs("</li>\n", out);
  }
}

static void write_of_run(FILE *out, const struct hx_data_run *run)
{
  size_t i;
  json_t *remark;
  if (strcmp(run->device, "sim") == 0) {
    fputs("<li>", out);
    hx_report_text(out, run->experiment);
    fputs(": device sim has virtual time, which says nothing about any machine.</li>\n", out);
  }
  const bool is_reviewed = json_object_get(run->json, "reportable") != NULL;
  if (!is_reviewed && (run->grade[0] == 'C' || run->git_dirty)) {
    fputs("<li>", out);
    hx_report_text(out, run->experiment);
    fputs(run->git_dirty ? ": built from a tree with changes that no commit has"
                         : ": the environment has grade C: for smoke tests only",
          out);
    fputs(".</li>\n", out);
  }
  if (!run->samples_known) {
    fputs("<li>", out);
    hx_report_text(out, run->experiment);
    fputs(": the samples were not kept, so its statistics could not be computed again.</li>\n",
          out);
  }
  json_array_foreach(json_object_get(run->json, "remarks"), i, remark)
  {
    fputs("<li>", out);
    hx_report_text(out, run->experiment);
    fputs(": ", out);
    hx_report_text(out, json_is_string(remark) ? json_string_value(remark) : "");
    fputs("</li>\n", out);
  }
  write_refusals(out, run);
}

void hx_report_caveats(struct hx_report *report)
{
  FILE *out = report->out;
  fputs("<section aria-labelledby=\"caveats\"><h2 id=\"caveats\">Caveats</h2>\n<ul>\n"
        "<li>An interval knows of chance only, not of drift, nor of what another process, build or "
        "machine would give.</li>\n",
        out);
  for (size_t i = 0; i < report->data->run_count; i++)
    write_of_run(out, report->data->run[i]);
  fputs("</ul>\n", out);
  if (report->caveats != NULL) {
    fputs("<details open><summary>From <code>", out);
    hx_report_text(out, report->caveats_path);
    fputs("</code></summary>\n", out);
    write_markdown(out, report->caveats);
    fputs("</details>\n", out);
  }
  fputs("</section>\n", out);
}
