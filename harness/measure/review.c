/* review.c - see review.h. Next: ../machine/reportable.c */
#include "review.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hx_build.h"
#include "provenance.h"

/* The parsed --waive; their texts point into the arguments. */
static size_t waivers_of(const struct hx_args *args, struct hx_waiver waiver[HX_WAIVERS_MAX])
{
  struct hx_why why;
  size_t count = 0;
  for (size_t i = 0; i < args->waiver_count; i++)
    count += hx_waiver_parse(args->waiver[i], &waiver[count], &why) == 0;
  return count;
}

int hx_review_check(const struct hx_args *args, struct hx_why *why)
{
  struct hx_waiver waiver;
  int error = 0;
  for (size_t i = 0; i < args->waiver_count && error == 0; i++)
    error = hx_waiver_parse(args->waiver[i], &waiver, why);
  return error;
}

static const char *plan_part(const struct hx_args *args)
{
  return args->variant != NULL      ? "--variant"
         : args->factor_count > 0   ? "--factor"
         : args->points != NULL     ? "--points"
         : args->budget_ns > 0      ? "--budget"
                                    : "";
}

static struct hx_reportable_facts facts_of(const struct hx_run *run)
{
  const char *part = plan_part(&run->args);
  return (struct hx_reportable_facts){.git = hx_git_describe,
                                      .git_is_dirty = strstr(hx_git_describe, "-dirty") != NULL,
                                      .optimization = HX_BUILD_OPTIMIZATION,
                                      .sanitize = HX_BUILD_SANITIZE,
                                      .is_simulated = run->experiment->simulator != NULL,
                                      .plan_is_whole = part[0] == '\0',
                                      .plan_part = part,
                                      .makes_claims = strcmp(run->args.tier, "smoke") != 0,
                                      .processes = run->processes};
}

int hx_review_first(const struct hx_run *run)
{
  const struct hx_environment_setup setup = {
      "/", strncmp(run->choice.device, "cuda", 4) == 0 ? HX_NVML_LIBRARY : NULL,
      HX_ENVIRONMENT_LOOK_NS};
  struct hx_reportable_facts facts = facts_of(run);
  struct hx_waiver waiver[HX_WAIVERS_MAX];
  struct hx_refusals *refusals = calloc(1, sizeof(*refusals));
  struct hx_environment *environment = calloc(1, sizeof(*environment));
  int error = refusals == NULL || environment == NULL ? -ENOMEM : 0;
  if (error == 0 && !facts.is_simulated) {
    hx_environment_begin(environment, &setup);
    facts.before = &environment->before.reasons;
  }
  if (error == 0) {
    hx_reportable(&facts, waiver, waivers_of(&run->args, waiver), refusals);
    error = refusals->standing > 0 ? -EPERM : 0;
    if (error < 0)
      fprintf(stderr, "%s: --reportable is refused:\n", run->experiment->name);
    for (size_t i = 0; i < refusals->count; i++) {
      const struct hx_refusal *refusal = &refusals->refusal[i];
      if (refusal->waived_by == NULL)
        fprintf(stderr, "  %s: %s\n    %s%s\n", refusal->rule, refusal->what, refusal->remedy,
                refusal->can_be_waived ? "; or --waive it with a reason" : "");
    }
  }
  free(environment);
  free(refusals);
  return error;
}

/* Points with a metric that has no interval, and those that say that their work was not checked. */
static void count_weak(const struct hx_result *result, struct hx_reportable_facts *facts)
{
  const json_t *last = NULL;
  const json_t *block = NULL;
  size_t i = 0;
  for (i = 0; i < result->rows; i++) {
    const struct hx_result_row *row = &result->row[i];
    if (row->metric == NULL || !isnan(row->stats.ci_lo) || row->point == last)
      continue;
    last = row->point;
    facts->points_without_interval++;
  }
  json_array_foreach(result->points, i, block) {
    facts->points_unchecked +=
        json_object_get(json_object_get(block, "notes"), "unchecked") != NULL;
  }
}

/* Earlier sessions of a run that was resumed: their blocks are in the result, too. */
static size_t weak_sessions(const json_t *root)
{
  const json_t *session = NULL;
  size_t count = 0;
  size_t i = 0;
  json_array_foreach(json_object_get(root, "sessions_before"), i, session) {
    const char *grade = json_string_value(json_object_get(session, "grade"));
    count += grade == NULL || strcmp(grade, "A") != 0;
  }
  return count;
}

void hx_review(const struct hx_run *run, const struct hx_run_json *json,
               const struct hx_result *result, struct hx_refusals *out)
{
  struct hx_reportable_facts facts = facts_of(run);
  struct hx_waiver waiver[HX_WAIVERS_MAX];
  if (json->environment != NULL) {
    facts.before = &json->environment->before.reasons;
    facts.after = json->environment->has_ended ? &json->environment->after.reasons : NULL;
    facts.sessions_weak = weak_sessions(json->root);
  }
  if (result != NULL) {
    facts.has_run = true;
    facts.points_planned = run->plan.point_count;
    facts.points_ok = result->ok;
    facts.points_failed = result->failed;
    facts.points_skipped = result->skipped;
    count_weak(result, &facts);
  }
  hx_reportable(&facts, waiver, waivers_of(&run->args, waiver), out);
}
