/* report_claims.c - the claims as two tables: those that the results decide, and the others with
 * the reason. See report_page.h. Next: report_figures.c */
#include <math.h>
#include <string.h>

#include "report_page.h"

static const char *class_of(enum hx_claim_verdict verdict)
{
  static const char *const name[HX_CLAIM_VERDICT_COUNT] = {"held", "not-held", "untested"};
  return name[verdict];
}

static void write_title(FILE *out, const struct hx_claim_result *result)
{
  const struct hx_claim *claim = result->claim;
  fputs("<td role=\"cell\"><span class=\"claim\">", out);
  hx_report_text(out, claim->title);
  fputs("</span>", out);
  if (claim->ours)
    fputs(" <span class=\"chip ours\">ours, not of the paper</span>", out);
  if (result->measured && result->reason[0] != '\0') {
    fputs("<span class=\"why\">", out);
    hx_report_text(out, result->reason);
    fputs("</span>", out);
  }
  fputs("<span class=\"tolerance\">", out);
  if (claim->section[0] != '\0') {
    hx_report_text(out, claim->section);
    fputs("; ", out);
  }
  fprintf(out, "%s; tolerated: ", hx_claim_kind_text(claim->kind));
  hx_report_text(out, claim->tolerance);
  if (claim->paper.note[0] != '\0') {
    fputs("; note: ", out);
    hx_report_text(out, claim->paper.note);
  }
  fputs("</span></td>", out);
}

static void write_effect(FILE *out, const struct hx_claim_result *result)
{
  char text[128];
  hx_claim_effect_text(result, text, sizeof(text));
  const char *open = strchr(text, '[');
  const char *close = strchr(text, ']');
  fputs("<td role=\"cell\" data-label=\"Here\"", out);
  if (result->measured && !isnan(result->effect))
    fprintf(out, " data-v=\"%.10g\"", result->effect);
  fputs("><span><span class=\"big\">", out);
  if (open == NULL || close == NULL) {
    hx_report_text(out, text);
    fputs("</span></span></td>", out);
    return;
  }
  hx_report_text_bytes(out, text, (size_t)(open - text) - 1);
  hx_report_text(out, close + 1);
  fputs("</span> <span class=\"range\">", out);
  hx_report_text_bytes(out, open, (size_t)(close - open) + 1);
  fputs("</span></span></td>", out);
}

static void write_head(FILE *out, const struct hx_claim_result *result)
{
  fputs("<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">", out);
  hx_report_text(out, result->claim->id);
  fputs("</th>", out);
}

static void write_paper(FILE *out, const struct hx_claim *claim)
{
  char text[256];
  hx_claim_paper_text(claim, text, sizeof(text));
  fputs("<td role=\"cell\" data-label=\"Paper\" data-v=\"", out);
  if (!isnan(claim->paper.value))
    fprintf(out, "%.10g", claim->paper.value);
  fputs("\"><span>", out);
  hx_report_text(out, claim->ours ? "—" : text);
  fputs("</span></td>", out);
}

/* Experiment, figure, and of several folders the one that it was judged on. */
static void write_from(const struct hx_report *report, const struct hx_claim_result *result)
{
  const struct hx_claim *claim = result->claim;
  FILE *out = report->out;
  fputs("<td role=\"cell\" data-label=\"From\"><span>", out);
  hx_report_text(out, claim->experiment);
  if (claim->figure[0] != '\0' && result->measured) {
    fputs("<br><a href=\"#figures\">", out);
    hx_report_text(out, claim->figure);
    fputs("</a>", out);
  }
  if (report->root_count > 1 && result->root[0] != '\0') {
    fputs("<br><span class=\"soft\">", out);
    hx_report_text(out, result->root);
    fputs("</span>", out);
  }
  fputs("</span></td></tr>\n", out);
}

static void write_decided(struct hx_report *report, const struct hx_claim_result *result)
{
  FILE *out = report->out;
  char text[64];
  write_head(out, result);
  fprintf(out, "<td role=\"cell\" data-v=\"%d\"><span class=\"chip %s\">%s</span></td>",
          (int)result->verdict, class_of(result->verdict), hx_claim_verdict_text(result->verdict));
  write_title(out, result);
  write_paper(out, result->claim);
  write_effect(out, result);
  hx_claim_count_text(result, text, sizeof(text));
  fprintf(out, "<td role=\"cell\" class=\"n\" data-label=\"n\" data-v=\"%zu\"><span>%s</span></td>",
          result->n_least, text);
  fputs("<td role=\"cell\" class=\"n\" data-label=\"Time\" data-v=\"", out);
  if (!isnan(result->seconds))
    fprintf(out, "%.6g\"><span>%.3g s</span></td>", result->seconds, result->seconds);
  else
    fputs("\"><span>—</span></td>", out);
  write_from(report, result);
}

static void write_open(struct hx_report *report, const struct hx_claim_result *result)
{
  FILE *out = report->out;
  write_head(out, result);
  write_title(out, result);
  write_paper(out, result->claim);
  fputs("<td role=\"cell\" data-label=\"Why\"><span>", out);
  hx_report_text(out, result->reason);
  fputs("</span></td>", out);
  write_from(report, result);
}

/* Claims that there is a number for, or the others; they have other columns. */
static void write_table(struct hx_report *report, bool decided)
{
  static const char *const decided_head[] = {"Id", "Verdict", "Claim", "Paper", "Here [interval]",
                                             "n",  "Time",    "From",  NULL};
  static const char *const open_head[] = {"Id", "Claim", "Paper", "Why not here", "From", NULL};
  FILE *out = report->out;
  fprintf(out,
          "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">"
          "<table class=\"cards claims sortable\" id=\"%s\" role=\"table\">"
          "<caption>%s</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">",
          decided ? "Claims with a number here" : "Claims without a number here",
          decided ? "claims-decided" : "claims-open",
          decided ? "Claims that these results have a number for."
                  : "Claims that these results cannot test, and why.");
  for (const char *const *head = decided ? decided_head : open_head; *head != NULL; head++)
    fprintf(out, "<th role=\"columnheader\" scope=\"col\">%s</th>", *head);
  fputs("</tr></thead>\n<tbody role=\"rowgroup\">\n", out);
  for (size_t i = 0; i < report->results->count; i++) {
    const struct hx_claim_result *result = &report->results->result[i];
    if (result->measured && decided)
      write_decided(report, result);
    else if (!result->measured && !decided)
      write_open(report, result);
  }
  fputs("</tbody></table></div>\n", out);
}

void hx_report_claims(struct hx_report *report)
{
  FILE *out = report->out;
  size_t decided = 0;
  for (size_t i = 0; i < report->results->count; i++)
    decided += report->results->result[i].measured;
  fputs("<section aria-labelledby=\"claims\"><h2 id=\"claims\">Claims</h2>\n<p>HELD has to be "
        "earned: the whole interval lies within what is claimed. Intervals are the 95&nbsp;% "
        "intervals "
        "of medians, combined at their worst ends. Where the paper’s baseline is weak there is a "
        "claim for each honest one. An absolute number is judged on the paper’s card only; a "
        "CPU’s number is never shown for a claim on a GPU.</p>\n",
        out);
  if (decided > 0)
    write_table(report, true);
  else
    fputs("<p>These results have a number for none of the claims.</p>\n", out);
  if (decided < report->results->count) {
    fprintf(out,
            "<details id=\"untestable\"%s><summary>Not testable here: %zu claims, with the "
            "paper’s number and the reason</summary>\n",
            decided == 0 ? " open" : "", report->results->count - decided);
    write_table(report, false);
    fputs("</details>\n", out);
  }
  fputs("</section>\n", out);
}
