/* table.c - see table.h. Next: sweep.c */
#include "table.h"

#include <errno.h>
#include <string.h>

#include "device.h"

size_t hx_table_metric_count(const struct hx_experiment *experiment)
{
  size_t count = 0;
  while (experiment->metrics[count].name != NULL)
    count++;
  return count;
}

size_t hx_table_factor_count(const struct hx_experiment *experiment)
{
  size_t count = 0;
  while (experiment->factors != NULL && experiment->factors[count].name != NULL)
    count++;
  return count;
}

size_t hx_table_variant_count(const struct hx_experiment *experiment)
{
  size_t count = 0;
  while (experiment->variants[count].name != NULL)
    count++;
  return count;
}

int hx_table_find_metric(const struct hx_experiment *experiment, const char *name)
{
  for (int i = 0; experiment->metrics[i].name != NULL; i++) {
    if (experiment->metrics[i].name == name || strcmp(experiment->metrics[i].name, name) == 0)
      return i;
  }
  return -ENOENT;
}

int hx_table_find_factor(const struct hx_experiment *experiment, const char *name)
{
  for (int i = 0; i < (int)hx_table_factor_count(experiment); i++) {
    if (strcmp(experiment->factors[i].name, name) == 0)
      return i;
  }
  return -ENOENT;
}

int hx_table_find_variant(const struct hx_experiment *experiment, const char *name)
{
  for (int i = 0; experiment->variants[i].name != NULL; i++) {
    if (strcmp(experiment->variants[i].name, name) == 0)
      return i;
  }
  return -ENOENT;
}

bool hx_table_matters(const struct hx_variant *variant, const struct hx_factor *factor)
{
  return variant->factors == NULL || hx_text_lists(variant->factors, factor->name);
}

const char *hx_table_values(const struct hx_factor *factor, const char *tier, const char *device)
{
  if (hx_device_is_sim(device))
    return factor->sim != NULL ? factor->sim : factor->smoke;
  return strcmp(tier, "paper") == 0 && factor->paper != NULL ? factor->paper : factor->smoke;
}

bool hx_table_accepts(const struct hx_variant *variant, const char *device)
{
  const size_t kind_bytes = strcspn(device, ":");
  if (strcmp(variant->device, "any") == 0)
    return true;
  return strlen(variant->device) == kind_bytes && strncmp(variant->device, device, kind_bytes) == 0;
}

static int check_metrics(const struct hx_experiment *experiment, struct hx_why *why)
{
  if (experiment->metrics == NULL || experiment->metrics[0].name == NULL)
    return hx_refuse(why, -EINVAL, "the table has no metric");
  for (int i = 0; experiment->metrics[i].name != NULL; i++) {
    const struct hx_metric *metric = &experiment->metrics[i];
    if (!hx_text_is_name(metric->name) || hx_table_find_metric(experiment, metric->name) != i)
      return hx_refuse(why, -EINVAL, "metric '%s' is malformed or twice there", metric->name);
    if (metric->unit == NULL || metric->unit[0] == '\0')
      return hx_refuse(why, -EINVAL, "metric %s has no unit", metric->name);
  }
  return 0;
}

static int check_factors(const struct hx_experiment *experiment, struct hx_why *why)
{
  for (int i = 0; i < (int)hx_table_factor_count(experiment); i++) {
    const struct hx_factor *factor = &experiment->factors[i];
    if (!hx_text_is_name(factor->name) || hx_table_find_factor(experiment, factor->name) != i)
      return hx_refuse(why, -EINVAL, "factor '%s' is malformed or twice there", factor->name);
    if (hx_text_lists(HX_POINTS_COLUMNS "," HX_SAMPLES_COLUMNS, factor->name))
      return hx_refuse(why, -EINVAL, "factor '%s' has the name of a fixed CSV column; rename it",
                       factor->name);
    if (factor->smoke == NULL || factor->smoke[0] == '\0')
      return hx_refuse(why, -EINVAL, "factor %s has no smoke values", factor->name);
  }
  return 0;
}

static int check_variant(const struct hx_experiment *experiment, const struct hx_variant *variant,
                         struct hx_why *why)
{
  struct hx_text_list list = {0};
  int result = 0;
  if (variant->run == NULL || variant->device == NULL ||
      !hx_text_lists("cpu,cuda,sim,any", variant->device))
    return hx_refuse(why, -EINVAL, "variant %s needs run() and device cpu, cuda, sim or any",
                     variant->name);
  if (variant->factors == NULL)
    return 0;
  if (hx_text_split(variant->factors, ',', &list) < 0)
    return hx_refuse(why, -EINVAL, "variant %s: bad factor list '%s'", variant->name,
                     variant->factors);
  for (size_t i = 0; i < list.count && result == 0; i++) {
    if (hx_table_find_factor(experiment, list.item[i]) < 0)
      result = hx_refuse(why, -EINVAL, "variant %s names a factor '%s' that the table lacks",
                         variant->name, list.item[i]);
  }
  hx_text_list_fini(&list);
  return result;
}

static int check_variants(const struct hx_experiment *experiment, struct hx_why *why)
{
  int result = 0;
  if (experiment->variants == NULL || experiment->variants[0].name == NULL)
    return hx_refuse(why, -EINVAL, "the table has no variant");
  for (int i = 0; experiment->variants[i].name != NULL && result == 0; i++) {
    const struct hx_variant *variant = &experiment->variants[i];
    if (!hx_text_is_name(variant->name) || hx_table_find_variant(experiment, variant->name) != i)
      result = hx_refuse(why, -EINVAL, "variant '%s' is malformed or twice there", variant->name);
    else
      result = check_variant(experiment, variant, why);
  }
  return result;
}

int hx_table_check(const struct hx_experiment *experiment, struct hx_why *why)
{
  int result = 0;
  if (experiment->name == NULL || !hx_text_is_name(experiment->name) || experiment->title == NULL)
    return hx_refuse(why, -EINVAL, "the experiment's name or title is missing or malformed");
  result = check_metrics(experiment, why);
  if (result == 0)
    result = check_factors(experiment, why);
  if (result == 0)
    result = check_variants(experiment, why);
  return result;
}
