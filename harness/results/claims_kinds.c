/* claims_kinds.c - one predicate per kind of claim, see claims.h. A point that is missing, skipped
 * or without an interval makes the claim NOT TESTABLE and says which; it is never stepped over.
 * Next: cmd_claims.c */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"

struct range {
  double value, lo, hi;
};

/* NOT TESTABLE HERE, because … Returns false. */
static bool __attribute__((format(printf, 2, 3)))
cannot(struct hx_claim_result *result, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(result->reason, sizeof(result->reason), format, arguments);
  va_end(arguments);
  result->verdict = HX_CLAIM_NOT_TESTABLE;
  return false;
}

/* "grosr_host roundtrip_us, tasks=1 window=1" */
static void name_of(const struct hx_claim_select *select, char *text, size_t text_bytes)
{
  const char *key;
  json_t *value;
  size_t n = (size_t)snprintf(text, text_bytes, "%s %s", select->variant, select->metric);
  json_object_foreach((json_t *)select->factors, key, value)
  {
    if (n < text_bytes)
      n += (size_t)snprintf(text + n, text_bytes - n, " %s=%s", key, json_string_value(value));
  }
}

static bool is_selected(const struct hx_claim_scope *scope, const struct hx_claim *claim,
                        const struct hx_claim_select *select, const struct hx_data_point *point)
{
  const size_t device_bytes = strlen(scope->device);
  const char *key;
  json_t *value;
  bool same = strcmp(point->run->root, scope->root) == 0 &&
              strcmp(point->experiment, claim->experiment) == 0 &&
              strncmp(point->device, scope->device, device_bytes) == 0 &&
              (point->device[device_bytes] == '\0' || point->device[device_bytes] == ':') &&
              (select->variant[0] == '\0' || strcmp(point->variant, select->variant) == 0);
  json_object_foreach((json_t *)select->factors, key, value)
  {
    const char *has = hx_data_factor(point, key);
    same = same && has != NULL && strcmp(has, json_string_value(value)) == 0;
  }
  return same;
}

/* Notes that the claim rests on the point. */
static void use(struct hx_claim_result *result, const struct hx_data_point *point)
{
  const size_t n = point->stats.n;
  bool again = false; /* another metric of the same point took no time of its own */
  for (size_t i = 0; i < result->point_count; i++) {
    if (result->point[i] == point)
      return;
    again = again || strcmp(result->point[i]->id, point->id) == 0;
  }
  if (!again && !isnan(point->seconds))
    result->seconds = point->seconds + (isnan(result->seconds) ? 0.0 : result->seconds);
  if (result->point_count < HX_CLAIM_POINTS_MAX)
    result->point[result->point_count++] = point;
  result->n_least = result->n_most == 0 || n < result->n_least ? n : result->n_least;
  result->n_most = n > result->n_most ? n : result->n_most;
}

/* Takes the point's median. It must have an interval. */
static bool take(struct hx_claim_result *result, const struct hx_data_point *point,
                 struct range *out)
{
  use(result, point);
  if (isnan(point->stats.ci_lo) || isnan(point->stats.ci_hi))
    return cannot(result,
                  "%s %s has %zu samples, too few for an interval of its median (6 are needed); "
                  "run it with --tier paper or a larger --budget",
                  point->variant, point->metric, point->stats.n);
  *out = (struct range){point->stats.p50, point->stats.ci_lo, point->stats.ci_hi};
  return true;
}

static bool nothing(struct hx_claim_result *result, const struct hx_claim_select *select,
                    const struct hx_data_point *not_ok)
{
  char name[256];
  name_of(select, name, sizeof(name));
  if (not_ok != NULL)
    return cannot(result, "%s: the point is %s%s%.300s", name, not_ok->status,
                  not_ok->reason[0] != '\0' ? ", " : "", not_ok->reason);
  return cannot(result,
                "there is no point %s in the results of %s; run it with that variant and "
                "these factors",
                name, result->claim->experiment);
}

/* The one point that is meant. */
static bool choose(const struct hx_claim_scope *scope, const struct hx_claim_select *select,
                   struct hx_claim_result *result, struct range *out)
{
  const struct hx_data_point *chosen = NULL;
  const struct hx_data_point *not_ok = NULL;
  size_t found = 0;
  HX_DATA_EACH(scope->data, point)
  {
    if (!is_selected(scope, result->claim, select, point))
      continue;
    if (!point->ok) {
      not_ok = not_ok == NULL ? point : not_ok;
      continue;
    }
    if (strcmp(point->metric, select->metric) != 0)
      continue;
    found++;
    const double better = chosen == NULL ? 0.0 : point->stats.p50 - chosen->stats.p50;
    if (chosen == NULL || (strcmp(select->pick, "max") == 0 && better > 0.0) ||
        (strcmp(select->pick, "min") == 0 && better < 0.0))
      chosen = point;
  }
  if (chosen == NULL)
    return nothing(result, select, not_ok);
  if (found > 1 && select->pick[0] == '\0')
    return cannot(result,
                  "%zu points of %s %s fit, and the claim means one; give results in which "
                  "only one does",
                  found, select->variant, select->metric);
  result->unit = chosen->unit;
  return take(result, chosen, out);
}

struct sweep {
  double x[HX_CLAIM_POINTS_MAX];
  struct range y[HX_CLAIM_POINTS_MAX];
  size_t count;
};

/* All points of a sweep, by rising x. At least `count_min` of them. */
static bool choose_sweep(const struct hx_claim_scope *scope, const struct hx_claim_select *select,
                         struct hx_claim_result *result, struct sweep *out)
{
  const struct hx_data_point *not_ok = NULL;
  out->count = 0;
  HX_DATA_EACH(scope->data, point)
  {
    const char *text = hx_data_factor(point, select->by);
    struct range range;
    if (!is_selected(scope, result->claim, select, point) || text == NULL)
      continue;
    if (!point->ok)
      not_ok = point;
    if (!point->ok || strcmp(point->metric, select->metric) != 0)
      continue;
    const double x = strtod(text, NULL);
    if (x <= 0.0 || out->count == HX_CLAIM_POINTS_MAX || !take(result, point, &range))
      return result->reason[0] != '\0'
                 ? false
                 : cannot(result, "%s=%s cannot be on a log scale", select->by, text);
    size_t at = out->count++;
    for (; at > 0 && out->x[at - 1] > x; at--) {
      out->x[at] = out->x[at - 1];
      out->y[at] = out->y[at - 1];
    }
    out->x[at] = x;
    out->y[at] = range;
  }
  if (out->count == 0 || not_ok != NULL)
    return nothing(result, select, not_ok);
  for (size_t i = 1; i < out->count; i++) {
    if (out->x[i] == out->x[i - 1])
      return cannot(result, "several points of %s %s have %s=%g; give results in which one has",
                    select->variant, select->metric, select->by, out->x[i]);
  }
  if (out->count < 3)
    return cannot(result, "%s %s was measured at %zu values of %s; 3 are needed", select->variant,
                  select->metric, out->count, select->by);
  return true;
}

/* Judges the interval by the bounds. `strict`: touching a bound is not enough. */
static void settle(struct hx_claim_result *result, struct range range, bool strict)
{
  const double least = result->claim->least;
  const double most = result->claim->kind == HX_CLAIM_ORDER ? 1.0 : result->claim->most;
  const bool above = !isnan(most) && (strict ? range.hi >= most : range.hi > most);
  const bool below = !isnan(least) && (strict ? range.lo <= least : range.lo < least);
  const bool all_above = !isnan(most) && (strict ? range.lo >= most : range.lo > most);
  const bool all_below = !isnan(least) && (strict ? range.hi <= least : range.hi < least);
  result->measured = true;
  result->effect = range.value;
  result->lo = range.lo;
  result->hi = range.hi;
  result->verdict = above || below ? HX_CLAIM_NOT_HELD : HX_CLAIM_HELD;
  result->reason[0] = '\0';
  if (all_above || all_below)
    snprintf(result->reason, sizeof(result->reason), "contradicted: the whole interval is %s %.4g",
             all_above ? "above" : "below", all_above ? most : least);
  else if (above || below)
    snprintf(result->reason, sizeof(result->reason),
             "not shown: the interval reaches %s %.4g; more samples would make it narrower",
             above ? "above" : "below", above ? most : least);
}

static bool is_positive(struct hx_claim_result *result, struct range range)
{
  return range.lo > 0.0 || cannot(result, "a value is not above zero, so there is no ratio");
}

static void decide_ratio(const struct hx_claim_scope *scope, struct hx_claim_result *result)
{
  struct range a;
  struct range b;
  if (!choose(scope, &result->claim->a, result, &a) ||
      !choose(scope, &result->claim->b, result, &b) || !is_positive(result, a) ||
      !is_positive(result, b))
    return;
  result->unit = "×";
  settle(result, (struct range){a.value / b.value, a.lo / b.hi, a.hi / b.lo},
         result->claim->kind == HX_CLAIM_ORDER);
}

static void decide_value(const struct hx_claim_scope *scope, struct hx_claim_result *result)
{
  const double scale = result->claim->scale;
  struct range a;
  if (!choose(scope, &result->claim->a, result, &a))
    return;
  if (scale != 1.0)
    result->unit = result->claim->paper.unit;
  settle(result, (struct range){a.value * scale, a.lo * scale, a.hi * scale}, false);
}

/* The least-squares slope is a sum of w[i] log(y[i]); its ends take each interval at its worst. */
static void decide_trend(const struct hx_claim_scope *scope, struct hx_claim_result *result)
{
  static struct sweep sweep;
  struct range slope = {0};
  double mean = 0.0;
  double square = 0.0;
  if (!choose_sweep(scope, &result->claim->a, result, &sweep))
    return;
  for (size_t i = 0; i < sweep.count; i++)
    mean += log(sweep.x[i]) / (double)sweep.count;
  for (size_t i = 0; i < sweep.count; i++)
    square += (log(sweep.x[i]) - mean) * (log(sweep.x[i]) - mean);
  for (size_t i = 0; i < sweep.count; i++) {
    const struct range y = sweep.y[i];
    const double weight = (log(sweep.x[i]) - mean) / square;
    if (!is_positive(result, y))
      return;
    slope.value += weight * log(y.value);
    slope.lo += weight * log(weight > 0.0 ? y.lo : y.hi);
    slope.hi += weight * log(weight > 0.0 ? y.hi : y.lo);
  }
  result->unit = "(log–log slope)";
  settle(result, slope, true); /* a slope of exactly 0 is no trend */
}

/* lo: up to there a is surely below b; hi: from there on it is surely above. */
static void decide_crossover(const struct hx_claim_scope *scope, struct hx_claim_result *result)
{
  static struct sweep a;
  static struct sweep b;
  struct range cross = {NAN, NAN, NAN};
  if (!choose_sweep(scope, &result->claim->a, result, &a) ||
      !choose_sweep(scope, &result->claim->b, result, &b))
    return;
  for (size_t i = 0; i < a.count || i < b.count; i++) {
    if (a.count != b.count || a.x[i] != b.x[i]) {
      cannot(result, "a and b were not measured at the same values of %s", result->claim->a.by);
      return;
    }
  }
  for (size_t i = 0; i < a.count && a.y[i].hi < b.y[i].lo; i++)
    cross.lo = a.x[i];
  for (size_t i = a.count; i > 0 && a.y[i - 1].lo > b.y[i - 1].hi; i--)
    cross.hi = a.x[i - 1];
  result->unit = result->claim->a.by;
  if (isnan(cross.lo) || isnan(cross.hi)) {
    result->measured = true;
    result->verdict = HX_CLAIM_NOT_HELD;
    snprintf(result->reason, sizeof(result->reason), "no crossing: %s is not surely %s %s at %s=%g",
             result->claim->a.variant, isnan(cross.lo) ? "below" : "above",
             result->claim->b.variant, result->claim->a.by,
             isnan(cross.lo) ? a.x[0] : a.x[a.count - 1]);
    return;
  }
  cross.value = sqrt(cross.lo * cross.hi);
  settle(result, cross, false);
}

static void decide_works(const struct hx_claim_scope *scope, struct hx_claim_result *result)
{
  const struct hx_data_point *wrong = NULL;
  size_t ok = 0;
  size_t all = 0;
  size_t skipped = 0;
  HX_DATA_EACH(scope->data, point)
  {
    if (!is_selected(scope, result->claim, &result->claim->a, point))
      continue;
    skipped += strcmp(point->status, "skipped") == 0;
    if (strcmp(point->status, "skipped") == 0)
      continue;
    use(result, point);
    ok += point->ok;
    all++;
    wrong = !point->ok && wrong == NULL ? point : wrong;
  }
  if (all == 0) {
    cannot(result, skipped > 0 ? "every point was skipped; points.csv says why of each"
                               : "there is no such point; run the experiment");
    return;
  }
  result->measured = true;
  result->effect = result->lo = result->hi = (double)ok / (double)all;
  result->n_least = result->n_most = all;
  result->verdict = ok == all ? HX_CLAIM_HELD : HX_CLAIM_NOT_HELD;
  if (wrong != NULL)
    snprintf(result->reason, sizeof(result->reason),
             "%zu of %zu points are not ok; %s is %s: %.300s", all - ok, all, wrong->variant,
             wrong->status, wrong->reason);
}

void hx_claim_decide(const struct hx_claim_scope *scope, struct hx_claim_result *result)
{
  switch (result->claim->kind) {
  case HX_CLAIM_VALUE:
    decide_value(scope, result);
    break;
  case HX_CLAIM_RATIO:
  case HX_CLAIM_ORDER:
    decide_ratio(scope, result);
    break;
  case HX_CLAIM_TREND:
    decide_trend(scope, result);
    break;
  case HX_CLAIM_CROSSOVER:
    decide_crossover(scope, result);
    break;
  case HX_CLAIM_WORKS:
    decide_works(scope, result);
    break;
  case HX_CLAIM_KIND_COUNT:
    break;
  }
}
