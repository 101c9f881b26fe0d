/* reportable.c - see reportable.h. Next: judge.h */
#include "reportable.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int hx_waiver_parse(const char *argument, struct hx_waiver *out, struct hx_why *why)
{
  const char *equal = strchr(argument, '=');
  const size_t bytes = equal != NULL ? (size_t)(equal - argument) : 0;
  struct hx_waiver waiver = {.text = equal != NULL ? equal + 1 : ""};
  if (bytes == 0 || bytes >= sizeof(waiver.rule))
    return hx_refuse(
        why, -EINVAL,
        "--waive %.80s names no rule; write --waive 'RULE=why it does not matter here', "
        "with a rule that `grosr doctor` prints, such as governor",
        argument);
  memcpy(waiver.rule, argument, bytes);
  if (!hx_text_is_name(waiver.rule))
    return hx_refuse(why, -EINVAL, "--waive %s: a rule is lower-case letters, digits and '_'",
                     waiver.rule);
  if (strlen(waiver.text) < HX_WAIVER_BYTES_MIN || strchr(waiver.text, ' ') == NULL)
    return hx_refuse(why, -EINVAL,
                     "--waive %s='%.40s' gives no reason; say in a sentence why it does not change "
                     "the result, since readers will see it",
                     waiver.rule, waiver.text);
  *out = waiver;
  return 0;
}

static struct hx_refusal *refuse(struct hx_refusals *out, const char *rule, bool can_be_waived)
{
  const size_t at = out->count < HX_REFUSALS_MAX ? out->count : HX_REFUSALS_MAX - 1;
  struct hx_refusal *refusal = &out->refusal[at];
  *refusal = (struct hx_refusal){.can_be_waived = can_be_waived};
  snprintf(refusal->rule, sizeof(refusal->rule), "%.23s", rule);
  out->count = at + 1;
  return refusal;
}

static void say(char *text, size_t text_bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say(char *text, size_t text_bytes, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, text_bytes, format, arguments);
  va_end(arguments);
}
#define SAY(field, ...) say((field), sizeof(field), __VA_ARGS__)

/* Which bytes were run: without that nobody can run them again. */
static void judge_source(const struct hx_reportable_facts *facts, struct hx_refusals *out)
{
  struct hx_refusal *refusal = NULL;
  if (strcmp(facts->git, "unknown") == 0) {
    refusal = refuse(out, "git", true);
    SAY(refusal->what, "the build does not know its commit");
    SAY(refusal->remedy, "build in a git checkout, or waive it with the archive's name and hash");
  } else if (facts->git_is_dirty) {
    refusal = refuse(out, "git", true);
    SAY(refusal->what, "the build is from a changed tree at %.12s", facts->git);
    SAY(refusal->remedy, "commit or stash (git status shows what), and run `ninja` again");
  }
}

static void judge_build(const struct hx_reportable_facts *facts, struct hx_refusals *out)
{
  struct hx_refusal *refusal = NULL;
  static const char *const slow[] = {"0", "g", "plain"};
  if (facts->is_simulated) {
    refusal = refuse(out, "simulated", false);
    SAY(refusal->what, "device sim measures virtual time, which is no machine's");
    SAY(refusal->remedy, "run with --device cpu or --device cuda");
  }
  for (size_t i = 0; i < sizeof(slow) / sizeof(slow[0]); i++) {
    if (strcmp(facts->optimization, slow[i]) != 0)
      continue;
    refusal = refuse(out, "optimization", false);
    SAY(refusal->what, "the build is not optimised (optimization=%s)", facts->optimization);
    SAY(refusal->remedy, "meson setup --buildtype=debugoptimized, and run that build");
  }
  if (strcmp(facts->sanitize, "none") != 0 && facts->sanitize[0] != '\0') {
    refusal = refuse(out, "sanitize", false);
    SAY(refusal->what, "the build has the sanitizer %.60s", facts->sanitize);
    SAY(refusal->remedy, "meson setup -Db_sanitize=none, and run that build");
  }
}

static void judge_plan(const struct hx_reportable_facts *facts, struct hx_refusals *out)
{
  struct hx_refusal *refusal = NULL;
  if (!facts->plan_is_whole) { /* who chooses points after seeing them can show anything */
    refusal = refuse(out, "plan", false);
    SAY(refusal->what, "only a part of the plan was run (%.80s)",
        facts->plan_part[0] != '\0' ? facts->plan_part : "some points were left out");
    SAY(refusal->remedy, "run the whole tier, without --variant, --factor, --points and --budget");
  }
  if (facts->makes_claims && facts->processes < HX_REPORTABLE_PROCESSES) {
    refusal = refuse(out, "processes", true);
    SAY(refusal->what, "each point ran in %zu processes, so one memory layout may be the result",
        facts->processes);
    SAY(refusal->remedy, "run with --processes %u or more", HX_REPORTABLE_PROCESSES);
  }
}

static void judge_sessions(const struct hx_reportable_facts *facts, struct hx_refusals *out)
{
  if (facts->sessions_weak == 0)
    return;
  struct hx_refusal *refusal = refuse(out, "sessions", true);
  SAY(refusal->what, "%zu earlier sessions of this run were not on a machine of grade A",
      facts->sessions_weak);
  SAY(refusal->remedy, "run all in one session into a new folder (sessions_before in run.json)");
}

static void judge_outcome(const struct hx_reportable_facts *facts, struct hx_refusals *out)
{
  const size_t reached = facts->points_ok + facts->points_failed + facts->points_skipped;
  struct hx_refusal *refusal = NULL;
  if (!facts->has_run)
    return;
  if (facts->points_failed > 0) {
    refusal = refuse(out, "checks", false);
    SAY(refusal->what, "%zu points failed, crashed, or gave a wrong result", facts->points_failed);
    SAY(refusal->remedy, "look at `reason` in points.csv, mend it, and run again");
  }
  if (facts->points_unchecked > 0) {
    refusal = refuse(out, "checks", false);
    SAY(refusal->what, "the work of %zu points was not checked", facts->points_unchecked);
    SAY(refusal->remedy, "give the experiment a check (hx.h), and run again");
  }
  if (reached < facts->points_planned) {
    refusal = refuse(out, "missing", false);
    SAY(refusal->what, "%zu of %zu points were not run", facts->points_planned - reached,
        facts->points_planned);
    SAY(refusal->remedy, "run the same command again: it resumes with what is missing");
  }
  if (facts->points_skipped > 0) { /* an honest baseline may need what is not here */
    refusal = refuse(out, "skipped", true);
    SAY(refusal->what, "%zu points were skipped for want of something", facts->points_skipped);
    SAY(refusal->remedy, "provide what `reason` in points.csv names, or waive it by saying why "
                         "the comparison is fair without");
  }
  if (facts->points_ok == 0) {
    refusal = refuse(out, "empty", false);
    SAY(refusal->what, "no point has a result");
    SAY(refusal->remedy, "see `reason` in points.csv");
  }
  if (facts->points_without_interval > 0) {
    refusal = refuse(out, "intervals", true);
    SAY(refusal->what, "%zu points have a metric without a confidence interval",
        facts->points_without_interval);
    SAY(refusal->remedy, "take 6 samples or more of each: a longer --budget, or --samples");
  }
}

/* The environment's reasons, each rule once, with the worse of before and after. */
static void judge_environment(const struct hx_reasons *reasons, const char *when,
                              struct hx_refusals *out)
{
  for (size_t i = 0; reasons != NULL && i < reasons->count; i++) {
    const struct hx_reason *reason = &reasons->reason[i];
    bool is_known = false;
    for (size_t k = 0; k < out->count; k++)
      is_known = is_known || strcmp(out->refusal[k].rule, reason->rule) == 0;
    if (is_known || reason->grade == HX_GRADE_A)
      continue;
    struct hx_refusal *refusal = refuse(out, reason->rule, true);
    SAY(refusal->what, "%s: grade %s %s (rule: %.90s)", reason->value, hx_grade_text(reason->grade),
        when, reason->limit);
    SAY(refusal->remedy, "%s", reason->remedy);
  }
}

static void waive(struct hx_refusals *out, const struct hx_waiver *waivers, size_t waiver_count)
{
  out->standing = 0;
  for (size_t i = 0; i < out->count; i++) {
    struct hx_refusal *refusal = &out->refusal[i];
    for (size_t k = 0; k < waiver_count && refusal->can_be_waived; k++) {
      if (strcmp(waivers[k].rule, refusal->rule) == 0)
        refusal->waived_by = waivers[k].text;
    }
    out->standing += refusal->waived_by == NULL;
  }
}

void hx_reportable(const struct hx_reportable_facts *facts, const struct hx_waiver *waivers,
                   size_t waiver_count, struct hx_refusals *out)
{
  out->count = 0;
  judge_build(facts, out);
  judge_source(facts, out);
  judge_plan(facts, out);
  judge_sessions(facts, out);
  judge_outcome(facts, out);
  /* What happened during the run first: it was measured longer, and is the sharper one. */
  judge_environment(facts->after, "during the run", out);
  judge_environment(facts->before, "before the run", out);
  waive(out, waivers, waiver_count);
}

void hx_reportable_sentence(const struct hx_refusals *refusals, char *text, size_t text_bytes)
{
  text[0] = '\0';
  for (size_t i = 0; i < refusals->count; i++) {
    const struct hx_refusal *refusal = &refusals->refusal[i];
    if (refusal->waived_by != NULL)
      continue;
    snprintf(text, text_bytes, "not reportable (%s%s): %s; %s%s", refusal->rule,
             refusals->standing > 1 ? " and others" : "", refusal->what, refusal->remedy,
             refusal->can_be_waived ? ", or --waive it with a reason" : "");
    return;
  }
}

json_t *hx_reportable_json(const struct hx_refusals *refusals)
{
  json_t *array = json_array();
  for (size_t i = 0; i < refusals->count; i++) {
    const struct hx_refusal *refusal = &refusals->refusal[i];
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:b}", "rule", refusal->rule, "what", refusal->what, "remedy",
                  refusal->remedy, "can_be_waived", (int)refusal->can_be_waived);
    if (refusal->waived_by != NULL)
      json_object_set_new(object, "waived_by", json_string(refusal->waived_by));
    json_array_append_new(array, object);
  }
  return json_pack("{s:b, s:o}", "reportable", (int)(refusals->standing == 0), "refusals", array);
}
