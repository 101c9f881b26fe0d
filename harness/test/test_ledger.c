/* test_ledger.c - the ledger of claims holds to the data: a flipped series of points flips the
 * claims that depend on it, and no other. The reference decides what a CPU can; made runs, with a
 * GPU's name on them, decide the rest. What a claim depends on is read from its file here, not
 * asked of the code under test. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "fit.h"
#include "spawn.h"

#define SCALES_MAX 64u

static const struct fit_device a100 = {"cuda:0", "NVIDIA A100-SXM4-40GB, driver for CUDA 12.2"};
static const struct fit_device one_cpu = {"cpu", "Made CPU, 2 cores usable"};
static const struct fit_device other_cpu = {"cpu", "Another CPU, 2 cores usable"};

static struct hx_claims open_claims(void)
{
  struct hx_claims claims;
  struct hx_why why = {""};
  cr_assert_eq(hx_claims_open(&claims, getenv("HX_TEST_PAPER"), &why), 0, "%s", why.text);
  return claims;
}

/* ---- flipping ------------------------------------------------------------------------------ */

struct series {
  const char *experiment, *variant, *metric, *device;
};

static bool device_fits(const struct hx_claim *claim, const char *device)
{
  return strncmp(device, claim->class_device, strlen(claim->class_device)) == 0;
}

static bool names(const struct hx_claim_select *select, const struct series *series)
{
  return select->variant != NULL && strcmp(select->variant, series->variant) == 0 &&
         strcmp(select->metric, series->metric) == 0;
}

/* What the file says of it, without asking the code under test. */
static bool depends(const struct hx_claim *claim, const struct series *series)
{
  return claim->kind != HX_CLAIM_WORKS && strcmp(claim->experiment, series->experiment) == 0 &&
         device_fits(claim, series->device) &&
         (names(&claim->a, series) || names(&claim->b, series));
}

static bool is_in(const struct hx_data_point *point, const struct series *series)
{
  return strcmp(point->experiment, series->experiment) == 0 &&
         strcmp(point->variant, series->variant) == 0 &&
         strcmp(point->metric, series->metric) == 0 && strcmp(point->device, series->device) == 0;
}

/* Multiplies a series by c · x^power, x being its window or batch. */
static void multiply(struct hx_data *data, const struct series *series, double c, double power)
{
  for (size_t i = 0; i < data->point_count; i++) {
    struct hx_data_point *point = &data->point[i];
    const char *x = hx_data_factor(point, "window");
    if (!is_in(point, series) || !point->ok)
      continue;
    x = x != NULL ? x : hx_data_factor(point, "batch");
    const double factor = c * pow(x != NULL ? strtod(x, NULL) / 8.0 : 1.0, power);
    point->stats.p50 *= factor;
    point->stats.ci_lo *= factor;
    point->stats.ci_hi *= factor;
  }
}

/* Scales that would bring a claim from one side of its bounds to the other. */
static size_t scales_for(const struct hx_claim_results *base, const struct series *series,
                         double scale[SCALES_MAX])
{
  size_t count = 0;
  scale[count++] = 1e6;
  scale[count++] = 1e-6;
  for (size_t i = 0; i < base->count && count + 2 < SCALES_MAX; i++) {
    const struct hx_claim *claim = base->result[i].claim;
    double target = NAN;
    if (!depends(claim, series) || !base->result[i].measured || claim->kind == HX_CLAIM_TREND)
      continue;
    if (!isnan(claim->least) && !isnan(claim->most))
      target = sqrt(claim->least * claim->most) / base->result[i].effect;
    else if (!isnan(claim->least))
      target = 2.0 * claim->least / base->result[i].effect;
    else
      target = 0.5 * (isnan(claim->most) ? 1.0 : claim->most) / base->result[i].effect;
    if (isfinite(target) && target > 0.0) {
      scale[count++] = target;
      scale[count++] = 1.0 / target;
    }
  }
  return count;
}

static bool same_number(double a, double b)
{
  return a == b || (isnan(a) && isnan(b));
}

/* Judges again, and compares: a claim that does not depend on the series must be untouched. */
static void judge_flipped(const struct hx_claims *claims, const struct hx_data *data,
                          const struct hx_claim_results *base, const struct series *series,
                          bool *flipped)
{
  struct hx_claim_results now;
  cr_assert_eq(hx_claims_judge(claims, data, &now), 0);
  cr_assert_eq(now.count, base->count);
  for (size_t i = 0; i < now.count; i++) {
    const struct hx_claim_result *a = &base->result[i];
    const struct hx_claim_result *b = &now.result[i];
    if (depends(a->claim, series))
      flipped[i] = flipped[i] || a->verdict != b->verdict;
    else
      cr_assert(a->verdict == b->verdict && same_number(a->effect, b->effect) &&
                    same_number(a->lo, b->lo) && same_number(a->hi, b->hi),
                "%s does not depend on %s %s, and changed", a->claim->id, series->variant,
                series->metric);
  }
  hx_claims_results_fini(&now);
}

static size_t flip_series(const struct hx_claims *claims, struct hx_data *data,
                          const struct hx_claim_results *base, const struct series *series)
{
  static const double powers[] = {0.0, 4.0, -4.0};
  double scale[SCALES_MAX];
  bool *flipped = calloc(base->count, sizeof(*flipped));
  size_t count = 0;
  struct hx_data_point *saved = calloc(data->point_count, sizeof(*saved));
  memcpy(saved, data->point, data->point_count * sizeof(*saved));
  const size_t scale_count = scales_for(base, series, scale);
  for (size_t p = 0; p < 3; p++) {
    for (size_t i = 0; i < (p == 0 ? scale_count : 1); i++) {
      multiply(data, series, p == 0 ? scale[i] : 1.0, powers[p]);
      judge_flipped(claims, data, base, series, flipped);
      memcpy(data->point, saved, data->point_count * sizeof(*saved));
    }
  }
  for (size_t i = 0; i < base->count; i++) {
    const struct hx_claim_result *result = &base->result[i];
    const bool must = depends(result->claim, series) && result->verdict != HX_CLAIM_NOT_TESTABLE;
    cr_assert(!must || flipped[i], "%s (%s, effect %g) depends on %s %s, and never flipped",
              result->claim->id, hx_claim_verdict_text(result->verdict), result->effect,
              series->variant, series->metric);
    count += flipped[i];
  }
  free(saved);
  free(flipped);
  return count;
}

/* Each series in turn; how many flips were seen. */
static size_t flip_all(const struct hx_claims *claims, struct hx_data *data,
                       struct hx_claim_results *base)
{
  size_t count = 0;
  cr_assert_eq(hx_claims_judge(claims, data, base), 0);
  for (size_t i = 0; i < data->point_count; i++) {
    const struct hx_data_point *point = &data->point[i];
    const struct series series = {point->experiment, point->variant, point->metric, point->device};
    bool seen = !point->ok;
    for (size_t k = 0; k < i && !seen; k++)
      seen = is_in(&data->point[k], &series);
    if (!seen)
      count += flip_series(claims, data, base, &series);
  }
  return count;
}

/* An experiment that is newer than the reference has no points there. */
static bool was_run(const struct hx_data *data, const char *experiment)
{
  for (size_t i = 0; i < data->point_count; i++) {
    if (strcmp(data->point[i].experiment, experiment) == 0)
      return true;
  }
  return false;
}

Test(ledger, a_flipped_series_of_the_reference_flips_the_claims_that_depend_on_it, .timeout = 60)
{
  struct hx_claims claims = open_claims();
  struct hx_claim_results base;
  struct hx_data data;
  struct hx_why why = {""};
  const char *folder = getenv("HX_TEST_REFERENCE");
  cr_assert_eq(hx_data_open(&data, &folder, 1, &why), 0, "%s", why.text);
  cr_assert_geq(flip_all(&claims, &data, &base), 8);
  for (size_t i = 0; i < base.count; i++) {
    const struct hx_claim_result *result = &base.result[i];
    cr_assert_eq(result->verdict == HX_CLAIM_NOT_TESTABLE,
                 !result->claim->ours || !was_run(&data, result->claim->experiment), "%s",
                 result->claim->id);
    cr_assert(result->claim->ours || !result->measured, "%s shows a CPU's number",
              result->claim->id);
  }
  hx_claims_results_fini(&base);
  hx_data_fini(&data);
  hx_claims_fini(&claims);
}

static void rests_on_its_own(const struct hx_claim_result *result)
{
  cr_assert_gt(result->point_count, 0);
  for (size_t i = 0; i < result->point_count; i++) {
    cr_assert_str_eq(result->point[i]->experiment, result->claim->experiment);
    cr_assert_str_eq(result->point[i]->run->root, result->root);
  }
}

Test(ledger, a_flipped_series_of_a_gpu_flips_the_claims_that_depend_on_it, .timeout = 60)
{
  struct hx_claims claims = open_claims();
  struct hx_claim_results base;
  struct hx_data data;
  struct hx_why why = {""};
  struct spawned run;
  char gpu[96];
  char cpu[96];
  char other[96];
  size_t twice = 0;
  spawn_open(&run);
  snprintf(gpu, sizeof(gpu), "%s/gpu", run.folder);
  snprintf(cpu, sizeof(cpu), "%s/cpu", run.folder);
  fit_claims(&claims, gpu, &a100, NULL);
  fit_claims(&claims, cpu, &one_cpu, NULL);
  snprintf(other, sizeof(other), "%s/other", run.folder);
  fit_claims(&claims, other, &other_cpu, NULL);
  const char *all[] = {gpu, cpu, other};
  cr_assert_eq(hx_data_open(&data, all, 3, &why), 0, "%s", why.text);
  cr_assert_geq(flip_all(&claims, &data, &base), claims.count);
  cr_assert_eq(base.tally[HX_CLAIM_NOT_TESTABLE], 0);
  for (size_t i = 0; i < claims.count; i++)
    twice += claims.claim[i].ours; /* those are judged on each of the two machines */
  cr_assert_eq(base.count, claims.count + twice);
  for (size_t i = 0; i < base.count; i++)
    rests_on_its_own(&base.result[i]);
  hx_claims_results_fini(&base);
  hx_data_fini(&data);
  spawn_close(&run);
  hx_claims_fini(&claims);
}

/* ---- the column status, in the files ------------------------------------------------------- */

static const char *failing; /* the variant that fails in the files made next; NULL: none */

static void judge_files(const struct hx_claims *claims, const char *folder, struct hx_data *data,
                        struct hx_claim_results *results)
{
  struct hx_why why = {""};
  fit_claims(claims, folder, &a100, failing);
  cr_assert_eq(hx_data_open(data, &folder, 1, &why), 0, "%s", why.text);
  cr_assert_eq(hx_claims_judge(claims, data, results), 0);
  cr_assert_eq(results->count, claims->count);
}

static bool names_variant(const struct hx_claim_select *select, const char *variant)
{
  return select->variant != NULL && strcmp(select->variant, variant) == 0;
}

/* Does the claim need the variant to have worked? `works` without a variant asks every one. */
static bool needs(const struct hx_claim *claim, const struct hx_data *data, const char *variant)
{
  bool there = false;
  HX_DATA_EACH(data, point)
  there = there || (strcmp(point->experiment, claim->experiment) == 0 &&
                    strcmp(point->variant, variant) == 0);
  if (claim->kind == HX_CLAIM_WORKS && claim->a.variant[0] == '\0')
    return there;
  return names_variant(&claim->a, variant) || names_variant(&claim->b, variant);
}

Test(ledger, a_variant_that_fails_flips_the_claims_that_need_it_and_no_other, .timeout = 120)
{
  struct hx_claims claims = open_claims();
  struct hx_claim_results base, now;
  struct hx_data data, broken;
  struct spawned run;
  char folder[128];
  size_t flips = 0;
  spawn_open(&run);
  snprintf(folder, sizeof(folder), "%s/whole", run.folder);
  judge_files(&claims, folder, &data, &base);
  for (size_t p = 0; p < data.point_count; p++) {
    bool seen = false;
    failing = data.point[p].variant;
    for (size_t k = 0; k < p; k++)
      seen = seen || strcmp(data.point[k].variant, failing) == 0;
    if (seen)
      continue;
    snprintf(folder, sizeof(folder), "%s/%zu", run.folder, p);
    judge_files(&claims, folder, &broken, &now);
    for (size_t i = 0; i < claims.count; i++) {
      const struct hx_claim_result *a = &base.result[i], *b = &now.result[i];
      const bool is_flipped = a->verdict != b->verdict;
      const bool must = needs(a->claim, &data, failing) && a->verdict != HX_CLAIM_NOT_TESTABLE;
      cr_assert_eq(is_flipped, must, "%s is %s with and %s without %s", a->claim->id,
                   hx_claim_verdict_text(a->verdict), hx_claim_verdict_text(b->verdict), failing);
      cr_assert(must || (same_number(a->effect, b->effect) && same_number(a->lo, b->lo)), "%s",
                a->claim->id);
      flips += is_flipped;
    }
    hx_claims_results_fini(&now);
    hx_data_fini(&broken);
  }
  failing = NULL;
  cr_assert_geq(flips, 60, "%zu", flips);
  hx_claims_results_fini(&base);
  hx_data_fini(&data);
  spawn_close(&run);
  hx_claims_fini(&claims);
}
