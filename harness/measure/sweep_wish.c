/* sweep_wish.c - see sweep_wish.h. Next: point.c */
#include "sweep_wish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "table.h"

#define NAMES_BYTES 320u /* of the names listed in a refusal */

static void add_name(char *names, const char *name)
{
  const size_t used = strlen(names);
  snprintf(names + used, NAMES_BYTES - used, "%s%s", used > 0 ? ", " : "", name);
}

/* A factor is a number if every value its table lists is one. */
static bool factor_is_number(const struct hx_factor *factor)
{
  const char *lists[3] = {factor->smoke, factor->paper, factor->sim};
  bool number = true;
  for (size_t i = 0; i < 3; i++) {
    struct hx_text_list list = {0};
    uint64_t value = 0;
    if (lists[i] == NULL)
      continue;
    if (hx_text_split(lists[i], ',', &list) < 0)
      return false;
    for (size_t k = 0; k < list.count; k++)
      number = number && hx_text_parse_u64(list.item[k], &value) == 0;
    hx_text_list_fini(&list);
  }
  return number;
}

/* The text a value has in this run, allocated; NULL and a sentence if it cannot be one. */
static char *make_value(const struct hx_factor *factor, const char *item, struct hx_why *why)
{
  char text[32];
  const char *chosen = item;
  uint64_t number = 0;
  const bool is_number = factor_is_number(factor);
  if (is_number && hx_text_parse_u64(item, &number) < 0) {
    hx_refuse(why, -EINVAL, "factor %s takes whole numbers such as 64 or 1e3, not '%s'",
              factor->name, item);
    return NULL;
  }
  if (!is_number && !hx_text_lists(factor->smoke, item) &&
      (factor->paper == NULL || !hx_text_lists(factor->paper, item))) {
    hx_refuse(why, -EINVAL, "factor %s has no value '%s'; choose from %s", factor->name, item,
              factor->paper != NULL ? factor->paper : factor->smoke);
    return NULL;
  }
  if (is_number) {
    snprintf(text, sizeof(text), "%" PRIu64, number);
    chosen = text;
  }
  char *copy = strdup(chosen);
  if (copy == NULL)
    hx_refuse(why, -ENOMEM, "out of memory for the values of factor %s", factor->name);
  return copy;
}

int hx_sweep_values(const struct hx_factor *factor, const char *list, char separator,
                    struct hx_values *out, struct hx_why *why)
{
  struct hx_text_list items = {0};
  struct hx_values values = {0};
  int result = hx_text_split(list, separator, &items);
  if (result == 0 && items.count == 0)
    result = -EINVAL;
  if (result < 0) {
    hx_text_list_fini(&items);
    return hx_refuse(why, result, "factor %s has an empty value in '%s'; write %s=v1:v2",
                     factor->name, list, factor->name);
  }
  values.text = calloc(items.count, sizeof(*values.text));
  if (values.text == NULL)
    result = hx_refuse(why, -ENOMEM, "out of memory for the values of factor %s", factor->name);
  for (size_t i = 0; i < items.count && result == 0; i++) {
    char *text = make_value(factor, items.item[i], why);
    if (text == NULL) {
      result = -EINVAL;
      break;
    }
    values.text[values.count++] = text;
    for (size_t k = 0; k + 1 < values.count && result == 0; k++) {
      if (strcmp(values.text[k], text) == 0)
        result = hx_refuse(why, -EINVAL, "factor %s has the value %s twice; name it once",
                           factor->name, text);
    }
  }
  hx_text_list_fini(&items);
  if (result < 0)
    hx_sweep_values_fini(&values);
  else
    *out = values;
  return result;
}

void hx_sweep_values_fini(struct hx_values *values)
{
  for (size_t i = 0; i < values->count; i++)
    free(values->text[i]);
  free(values->text);
  *values = (struct hx_values){0};
}

/* `names`: those that there are, separated by ", "; split in place. */
static int refuse_name(const struct hx_plan *plan, const char *kind, const char *wish, char *names,
                       struct hx_why *why)
{
  const char *name[256];
  size_t count = 0;
  char near[256];
  const int result =
      hx_refuse(why, -ENOENT, "%s has no %s %s; it has %s", plan->experiment->name, kind, wish,
                names[0] != '\0' ? names : "none");
  for (char *at = strtok(names, ", "); at != NULL && count < 256; at = strtok(NULL, ", "))
    name[count++] = at;
  hx_nearest(wish, name, count, near, sizeof(near));
  const size_t used = strlen(why->text);
  if (near[0] != '\0')
    snprintf(why->text + used, sizeof(why->text) - used, "; the nearest: %s", near);
  return result;
}

/* One variant by name. */
static int choose_variant(struct hx_plan *plan, const char *name, const char *device,
                          struct hx_why *why)
{
  char names[NAMES_BYTES] = "";
  const struct hx_variant *variants = plan->experiment->variants;
  const int index = hx_table_find_variant(plan->experiment, name);
  if (index < 0) {
    for (size_t i = 0; i < plan->variant_count; i++)
      add_name(names, variants[i].name);
    return refuse_name(plan, "variant", name, names, why);
  }
  if (!hx_table_accepts(&variants[index], device))
    return hx_refuse(why, -ENODEV, "variant %s runs on %s, not on %s; add --device %s", name,
                     variants[index].device, device, variants[index].device);
  plan->chosen[index] = true;
  return 0;
}

int hx_wish_variants(struct hx_plan *plan, const struct hx_sweep_wish *wish, struct hx_why *why)
{
  const struct hx_variant *variants = plan->experiment->variants;
  struct hx_text_list list = {0};
  size_t chosen = 0;
  int result = 0;
  if (wish->variant == NULL) {
    for (size_t i = 0; i < plan->variant_count; i++)
      chosen += plan->chosen[i] = hx_table_accepts(&variants[i], wish->device);
    if (chosen == 0)
      return hx_refuse(why, -ENODEV, "%s has no variant for %s; leave --device out or choose %s",
                       plan->experiment->name, wish->device, variants[0].device);
    return 0;
  }
  if (hx_text_split(wish->variant, ',', &list) < 0 || list.count == 0) {
    hx_text_list_fini(&list);
    return hx_refuse(why, -EINVAL, "--variant '%s' has an empty name; write a,b", wish->variant);
  }
  for (size_t i = 0; i < list.count && result == 0; i++)
    result = choose_variant(plan, list.item[i], wish->device, why);
  hx_text_list_fini(&list);
  return result;
}

/* Does the factor matter to any variant of this run? */
static bool factor_is_used(const struct hx_plan *plan, const struct hx_factor *factor)
{
  for (size_t i = 0; i < plan->variant_count; i++) {
    if (plan->chosen[i] && hx_table_matters(&plan->experiment->variants[i], factor))
      return true;
  }
  return false;
}

/* One "k=v:v" of --factor. */
static int take_factor(struct hx_plan *plan, char *wish, struct hx_why *why)
{
  char names[NAMES_BYTES] = "";
  char *values = strchr(wish, '=');
  if (values == NULL)
    return hx_refuse(why, -EINVAL, "--factor %s has no value; write %s=v1:v2", wish, wish);
  *values++ = '\0';
  const int index = hx_table_find_factor(plan->experiment, wish);
  if (index < 0) {
    for (size_t i = 0; i < plan->factor_count; i++)
      add_name(names, plan->experiment->factors[i].name);
    return refuse_name(plan, "factor", wish, names, why);
  }
  const struct hx_factor *factor = &plan->experiment->factors[index];
  if (!factor_is_used(plan, factor))
    return hx_refuse(why, -EINVAL, "factor %s matters to none of the variants chosen; leave it out",
                     wish);
  if (plan->values[index].count > 0)
    return hx_refuse(why, -EINVAL, "factor %s is given twice; write %s=v1:v2", wish, wish);
  return hx_sweep_values(factor, values, ':', &plan->values[index], why);
}

int hx_wish_factors(struct hx_plan *plan, const struct hx_sweep_wish *wish, struct hx_why *why)
{
  int result = 0;
  for (size_t i = 0; i < wish->factor_count && result == 0; i++) {
    struct hx_text_list list = {0};
    if (hx_text_split(wish->factor[i], ',', &list) < 0 || list.count == 0)
      result = hx_refuse(why, -EINVAL, "--factor '%s' has an empty part; write k=v1:v2,k2=v",
                         wish->factor[i]);
    for (size_t k = 0; k < list.count && result == 0; k++)
      result = take_factor(plan, list.item[k], why);
    hx_text_list_fini(&list);
  }
  for (size_t i = 0; i < plan->factor_count && result == 0; i++) {
    const struct hx_factor *factor = &plan->experiment->factors[i];
    if (plan->values[i].count == 0)
      result = hx_sweep_values(factor, hx_table_values(factor, wish->tier, wish->device), ',',
                               &plan->values[i], why);
  }
  return result;
}
