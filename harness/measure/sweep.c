/* sweep.c - see sweep.h. Factor lists and variant choices come from sweep_wish.c. Next: point.c */
#include "sweep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hx_limits.h"
#include "sweep_wish.h"
#include "table.h"

/* The points of one variant; 0 if it was not chosen, HX_POINTS_MAX + 1 if that or more. */
static size_t count_points(const struct hx_plan *plan, size_t variant)
{
  size_t count = plan->chosen[variant] ? 1 : 0;
  for (size_t i = 0; i < plan->factor_count; i++) {
    if (hx_table_matters(&plan->experiment->variants[variant], &plan->experiment->factors[i]))
      count *= plan->values[i].count;
    if (count > HX_POINTS_MAX)
      return HX_POINTS_MAX + 1u;
  }
  return count;
}

/* Writes point number `turn` of a variant: mixed-radix digits, the last factor fastest. */
static int fill_point(const struct hx_plan *plan, size_t variant, size_t turn,
                      struct hx_plan_point *out)
{
  out->variant = &plan->experiment->variants[variant];
  out->value = calloc(plan->factor_count + 1, sizeof(*out->value));
  if (out->value == NULL)
    return -ENOMEM;
  for (size_t i = plan->factor_count; i-- > 0;) {
    const struct hx_values *values = &plan->values[i];
    if (!hx_table_matters(out->variant, &plan->experiment->factors[i]))
      continue;
    out->value[i] = values->text[turn % values->count];
    turn /= values->count;
  }
  return 0;
}

static int expand(struct hx_plan *plan, struct hx_why *why)
{
  size_t total = 0;
  size_t turns = 0;
  for (size_t i = 0; i < plan->variant_count; i++) {
    const size_t count = count_points(plan, i);
    turns = count > turns ? count : turns;
    total += count;
    if (total > HX_POINTS_MAX)
      return hx_refuse(why, -E2BIG, "the sweep has more than %u points; shorten a --factor list",
                       HX_POINTS_MAX);
  }
  plan->point = calloc(total + 1, sizeof(*plan->point));
  if (plan->point == NULL)
    return hx_refuse(why, -ENOMEM, "out of memory for a plan of %zu points", total);

  for (size_t turn = 0; turn < turns; turn++) {
    for (size_t i = 0; i < plan->variant_count; i++) {
      if (turn >= count_points(plan, i))
        continue;
      if (fill_point(plan, i, turn, &plan->point[plan->point_count]) < 0)
        return hx_refuse(why, -ENOMEM, "out of memory for a plan of %zu points", total);
      plan->point[plan->point_count++].turn = turn;
    }
  }
  return 0;
}

int hx_sweep_plan(const struct hx_experiment *experiment, const struct hx_sweep_wish *wish,
                  struct hx_plan *plan, struct hx_why *why)
{
  int result = 0;
  *plan = (struct hx_plan){0};
  plan->experiment = experiment;
  plan->factor_count = hx_table_factor_count(experiment);
  plan->variant_count = hx_table_variant_count(experiment);
  plan->values = calloc(plan->factor_count + 1, sizeof(*plan->values));
  plan->chosen = calloc(plan->variant_count + 1, sizeof(*plan->chosen));
  if (plan->values == NULL || plan->chosen == NULL) {
    result = hx_refuse(why, -ENOMEM, "out of memory for the plan");
    goto out;
  }
  result = hx_wish_variants(plan, wish, why);
  if (result == 0)
    result = hx_wish_factors(plan, wish, why);
  if (result == 0)
    result = expand(plan, why);
out:
  if (result < 0)
    hx_sweep_fini(plan);
  return result;
}

/* splitmix64 (Steele et al., OOPSLA 2014); the modulo's bias is below 2^-40 here. */
static size_t draw(uint64_t *state, size_t below)
{
  uint64_t x = *state += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return (size_t)((x ^ (x >> 31)) % below);
}

static int by_turn(const void *a, const void *b)
{
  const struct hx_plan_point *left = a, *right = b;
  return left->turn < right->turn ? -1 : left->turn > right->turn;
}

void hx_sweep_shuffle(struct hx_plan *plan, uint64_t seed)
{
  uint64_t state = seed;
  const size_t count = plan->point_count;
  size_t *name = calloc(count + 1, sizeof(*name)); /* of a turn: where it comes */
  if (name == NULL)
    return;
  for (size_t i = 0; i < count; i++)
    name[i] = i;
  for (size_t i = count; i > 1; i--) { /* Fisher and Yates, of turns and of points */
    const size_t k = draw(&state, i), m = draw(&state, i);
    const size_t saved = name[i - 1];
    const struct hx_plan_point point = plan->point[i - 1];
    name[i - 1] = name[k];
    name[k] = saved;
    plan->point[i - 1] = plan->point[m];
    plan->point[m] = point;
  }
  for (size_t i = 0; i < count; i++)
    plan->point[i].turn = name[plan->point[i].turn] * count + i; /* no two are the same */
  qsort(plan->point, count, sizeof(*plan->point), by_turn);
  free(name);
}

void hx_sweep_fini(struct hx_plan *plan)
{
  for (size_t i = 0; i < plan->point_count; i++)
    free(plan->point[i].value);
  for (size_t i = 0; plan->values != NULL && i < plan->factor_count; i++)
    hx_sweep_values_fini(&plan->values[i]);
  free(plan->point);
  free(plan->values);
  free(plan->chosen);
  *plan = (struct hx_plan){0};
}

void hx_sweep_point_text(const struct hx_plan *plan, const struct hx_plan_point *point, char *text,
                         size_t text_bytes)
{
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; i < plan->factor_count && used < text_bytes; i++) {
    if (point->value[i] != NULL)
      used += (size_t)snprintf(text + used, text_bytes - used, "%s%s=%s", used > 0 ? " " : "",
                               plan->experiment->factors[i].name, point->value[i]);
  }
}
