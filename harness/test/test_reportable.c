/* test_reportable.c - each thing that a careful reviewer refuses, and what a waiver covers.
 * Next: test_export.c */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reportable.h"

static struct hx_reasons before, after;
static struct hx_refusals refusals;
static struct hx_reportable_facts facts;

/* A run that nobody could refuse. */
static void make_good(void)
{
  before.count = after.count = 0;
  facts = (struct hx_reportable_facts){.git = "0123456789abcdef",
                                       .optimization = "2",
                                       .sanitize = "none",
                                       .plan_is_whole = true,
                                       .plan_part = "",
                                       .makes_claims = true,
                                       .processes = 5,
                                       .before = &before,
                                       .after = &after,
                                       .has_run = true,
                                       .points_planned = 10,
                                       .points_ok = 10};
}

TestSuite(reportable, .init = make_good);

static void add_reason(struct hx_reasons *reasons, const char *rule, const char *value)
{
  struct hx_reason *reason = hx_reasons_add(reasons, rule, HX_GRADE_B);
  snprintf(reason->value, sizeof(reason->value), "%s", value);
  snprintf(reason->limit, sizeof(reason->limit), "none");
  snprintf(reason->remedy, sizeof(reason->remedy), "mend it");
}

/* Exactly this rule is against it; it has a remedy, and can be waived or not. */
static const struct hx_refusal *only(const char *rule, bool can_be_waived)
{
  const struct hx_waiver waiver[] = {{"none", "a rule that is not here"}};
  hx_reportable(&facts, waiver, 1, &refusals);
  cr_assert_eq(refusals.count, 1, "%zu refusals, the last %s", refusals.count,
               refusals.count > 0 ? refusals.refusal[refusals.count - 1].rule : "");
  cr_assert_eq(refusals.standing, 1);
  cr_assert_str_eq(refusals.refusal[0].rule, rule);
  cr_assert_neq(refusals.refusal[0].what[0], '\0');
  cr_assert_neq(refusals.refusal[0].remedy[0], '\0');
  struct hx_waiver wish = {.text = "it does not matter here"};
  snprintf(wish.rule, sizeof(wish.rule), "%s", rule);
  hx_reportable(&facts, &wish, 1, &refusals);
  cr_assert_eq(refusals.standing, can_be_waived ? 0 : 1, "%s", rule);
  return &refusals.refusal[0];
}

Test(reportable, a_good_run_is)
{
  char text[256];
  hx_reportable(&facts, NULL, 0, &refusals);
  cr_assert_eq(refusals.count, 0);
  hx_reportable_sentence(&refusals, text, sizeof(text));
  cr_assert_str_eq(text, "");
  json_t *json = hx_reportable_json(&refusals);
  cr_assert(json_is_true(json_object_get(json, "reportable")));
  json_decref(json);
}

Test(reportable, a_source_that_nobody_has_is_refused)
{
  facts.git_is_dirty = true;
  cr_assert_str_eq(only("git", true)->what, "the build is from a changed tree at 0123456789ab");
  facts.git_is_dirty = false;
  facts.git = "unknown";
  only("git", true);
}

Test(reportable, an_unoptimised_or_sanitized_or_simulated_run_cannot_even_be_waived)
{
  static const char *const slow[] = {"0", "g", "plain"};
  for (size_t i = 0; i < 3; i++) {
    facts.optimization = slow[i];
    cr_assert_not_null(strstr(only("optimization", false)->remedy, "debugoptimized"));
  }
  make_good();
  facts.sanitize = "address,undefined";
  cr_assert_not_null(strstr(only("sanitize", false)->remedy, "-Db_sanitize=none"));
  make_good();
  facts.is_simulated = true;
  only("simulated", false);
}

Test(reportable, a_part_of_the_plan_is_refused_by_name)
{
  facts.plan_is_whole = false;
  facts.plan_part = "--variant spin_floor";
  cr_assert_str_eq(only("plan", false)->what, "only a part of the plan was run (--variant "
                                              "spin_floor)");
}

Test(reportable, four_processes_are_too_few_for_claims_and_enough_for_smoke)
{
  facts.processes = 4;
  cr_assert_str_eq(only("processes", true)->remedy, "run with --processes 5 or more");
  facts.makes_claims = false;
  hx_reportable(&facts, NULL, 0, &refusals);
  cr_assert_eq(refusals.count, 0);
}

Test(reportable, what_went_wrong_in_the_run_is_refused)
{
  facts.points_ok = 9;
  facts.points_failed = 1;
  only("checks", false);
  make_good();
  facts.points_unchecked = 2;
  only("checks", false);
  make_good();
  facts.points_ok = 8;
  cr_assert_str_eq(only("missing", false)->what, "2 of 10 points were not run");
  make_good();
  facts.points_ok = 9;
  facts.points_skipped = 1;
  only("skipped", true);
  make_good();
  facts.points_without_interval = 3;
  only("intervals", true);
}

Test(reportable, before_the_run_its_outcome_is_not_asked)
{
  facts.has_run = false;
  facts.points_ok = 0;
  facts.after = NULL;
  hx_reportable(&facts, NULL, 0, &refusals);
  cr_assert_eq(refusals.count, 0);
}

Test(reportable, each_reason_of_the_machine_needs_a_waiver_of_its_own)
{
  const struct hx_waiver one[] = {{"governor", "the cloud gives no other"}};
  const struct hx_waiver both[] = {{"governor", "the cloud gives no other"},
                                   {"others", "a clock daemon of 2 %"}};
  char text[512];
  add_reason(&before, "governor", "powersave");
  add_reason(&after, "governor", "powersave");
  add_reason(&after, "others", "2 %");
  hx_reportable(&facts, one, 1, &refusals);
  cr_assert_eq(refusals.count, 2, "before and after are one");
  cr_assert_eq(refusals.standing, 1);
  hx_reportable_sentence(&refusals, text, sizeof(text));
  cr_assert_str_eq(text, "not reportable (others): 2 %: grade B during the run (rule: none); mend "
                         "it, or --waive it with a reason");
  hx_reportable(&facts, both, 2, &refusals);
  cr_assert_eq(refusals.standing, 0);
  json_t *json = hx_reportable_json(&refusals);
  json_t *first = json_array_get(json_object_get(json, "refusals"), 0);
  cr_assert_str_eq(json_string_value(json_object_get(first, "waived_by")),
                   "the cloud gives no other");
  json_decref(json);
}

Test(reportable, all_at_once_are_all_named)
{
  facts.git = "unknown";
  facts.optimization = "0";
  facts.sanitize = "thread";
  facts.is_simulated = true;
  facts.plan_is_whole = false;
  facts.processes = 1;
  facts.points_ok = 0;
  facts.points_failed = 1;
  facts.points_skipped = 1;
  facts.points_without_interval = 1;
  for (size_t i = 0; i < 2 * HX_REASONS_MAX; i++)
    add_reason(&before, "x", "more than there is room for");
  hx_reportable(&facts, NULL, 0, &refusals);
  cr_assert_eq(refusals.count, 12);
  cr_assert_eq(refusals.standing, 12);
}

Test(reportable, a_waiver_is_a_rule_and_a_sentence)
{
  struct hx_waiver waiver;
  struct hx_why why;
  cr_assert_eq(hx_waiver_parse("governor=the cloud = no other", &waiver, &why), 0);
  cr_assert_str_eq(waiver.rule, "governor");
  cr_assert_str_eq(waiver.text, "the cloud = no other");
  cr_assert_eq(hx_waiver_parse("governor", &waiver, &why), -EINVAL);
  cr_assert_not_null(strstr(why.text, "write --waive 'RULE="));
  cr_assert_eq(hx_waiver_parse("=x y z and so on", &waiver, &why), -EINVAL);
  cr_assert_eq(hx_waiver_parse("Governor=why it does not matter", &waiver, &why), -EINVAL);
  cr_assert_eq(hx_waiver_parse("governor=ok", &waiver, &why), -EINVAL);
  cr_assert_not_null(strstr(why.text, "readers will see it"));
  cr_assert_eq(hx_waiver_parse("governor=whatever_it_is", &waiver, &why), -EINVAL, "one word");
  cr_assert_eq(hx_waiver_parse("a_rule_with_a_name_that_is_much_too_long=x y", &waiver, &why),
               -EINVAL);
}
