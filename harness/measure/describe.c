/* describe.c - see describe.h. Next: point.c */
#include "describe.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "plan.h"
#include "table.h"

int hx_describe_table(const struct hx_experiment *experiment)
{
  json_t *metrics = json_object();
  json_t *factors = json_array();
  json_t *variants = json_array();
  for (size_t i = 0; experiment->metrics[i].name != NULL; i++)
    json_object_set_new(metrics, experiment->metrics[i].name,
                        json_string(experiment->metrics[i].unit));
  for (size_t i = 0; i < hx_table_factor_count(experiment); i++) {
    const struct hx_factor *factor = &experiment->factors[i];
    json_array_append_new(factors,
                          json_pack("{s:s, s:s, s:s, s:s}", "name", factor->name, "smoke",
                                    factor->smoke, "paper", hx_table_values(factor, "paper", ""),
                                    "sim", hx_table_values(factor, "smoke", "sim")));
  }
  for (size_t i = 0; experiment->variants[i].name != NULL; i++) {
    const struct hx_variant *variant = &experiment->variants[i];
    json_t *used = json_array();
    for (size_t k = 0; k < hx_table_factor_count(experiment); k++) {
      if (hx_table_matters(variant, &experiment->factors[k]))
        json_array_append_new(used, json_string(experiment->factors[k].name));
    }
    json_array_append_new(variants, json_pack("{s:s, s:s, s:o}", "name", variant->name, "device",
                                              variant->device, "factors", used));
  }
  json_t *root =
      json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", experiment->name, "title", experiment->title,
                "metrics", metrics, "factors", factors, "variants", variants);
  const int result = root != NULL && json_dumpf(root, stdout, JSON_INDENT(2)) == 0 &&
                             fputc('\n', stdout) != EOF && fflush(stdout) == 0
                         ? 0
                         : -EIO;
  json_decref(root);
  return result;
}

void hx_describe_plan(const struct hx_plan *plan, const char *device, unsigned processes,
                      double seconds_max)
{
  char factors[256];
  char id[HX_ID_BYTES];
  for (size_t i = 0; i < plan->point_count; i++) {
    hx_sweep_point_text(plan, &plan->point[i], factors, sizeof(factors));
    hx_plan_id(plan, &plan->point[i], device, id);
    printf("%s %s %s%s%s %s\n", plan->experiment->name, device, plan->point[i].variant->name,
           factors[0] != '\0' ? " " : "", factors, id);
  }
  printf("%s: %zu points in %u processes each, up to %g s a point: at most about %.0f s; needs "
         "device %s, no root\n",
         plan->experiment->name, plan->point_count, processes, seconds_max,
         (double)plan->point_count * processes * seconds_max, device);
  fflush(stdout);
}
