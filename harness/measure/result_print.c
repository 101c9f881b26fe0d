/* result_print.c - the table at the end of a run: a metric after the other, variants side by side.
 *
 * See result.h. Next: run_json.c */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "result.h"
#include "table.h"

static void print_number(double value)
{
  if (isfinite(value))
    printf(" %11.5g", value);
  else
    printf(" %11s", "-");
}

static void factors_text(const struct hx_result *result, const json_t *point, char *text,
                         size_t bytes)
{
  size_t i, used = 0;
  json_t *factor;
  const json_t *values = json_object_get(point, "factors");
  text[0] = '\0';
  json_array_foreach(json_object_get(result->plan, "factors"), i, factor)
  {
    const char *value = json_string_value(json_object_get(values, json_string_value(factor)));
    if (value != NULL && used < bytes)
      used += (size_t)snprintf(text + used, bytes - used, "%s%s=%s", used > 0 ? " " : "",
                               json_string_value(factor), value);
  }
}

static const char *variant_of(const json_t *point)
{
  return json_string_value(json_object_get(point, "variant"));
}

static void print_row(const struct hx_result *result, const struct hx_result_row *row)
{
  char factors[96];
  factors_text(result, row->point, factors, sizeof(factors));
  printf("  %-18s %-28s %7zu", variant_of(row->point), factors, row->stats.n);
  print_number(row->stats.p50);
  print_number(row->stats.ci_lo);
  print_number(row->stats.ci_hi);
  print_number(row->stats.p99);
  printf("\n");
}

/* The rows of one metric, variant by variant in the order of the table. */
static void print_metric(const struct hx_result *result, const char *metric)
{
  bool is_titled = false;
  size_t v;
  json_t *variant;
  json_array_foreach(json_object_get(result->plan, "variants"), v, variant)
  {
    for (size_t i = 0; i < result->rows; i++) {
      const struct hx_result_row *row = &result->row[i];
      if (row->metric == NULL || strcmp(row->metric, metric) != 0 ||
          strcmp(variant_of(row->point), json_string_value(variant)) != 0)
        continue;
      if (!is_titled)
        printf("  %-18s %-28s %7s %11s %11s %11s %11s   %s\n", "variant", "factors", "n", "p50",
               "ci_lo", "ci_hi", "p99", metric);
      is_titled = true;
      print_row(result, row);
    }
  }
}

void hx_result_print(const struct hx_result *result)
{
  const char *device = json_string_value(json_object_get(result->plan, "device"));
  size_t m;
  json_t *metric;
  printf("%s on %s%s\n", json_string_value(json_object_get(result->plan, "experiment")), device,
         hx_device_is_sim(device) ? " (" HX_SIM_REMARK ")" : "");
  json_array_foreach(json_object_get(result->plan, "metrics"), m, metric)
      print_metric(result, json_string_value(json_object_get(metric, "name")));
  for (size_t i = 0; i < result->rows; i++) {
    char factors[96];
    if (result->row[i].metric != NULL)
      continue;
    factors_text(result, result->row[i].point, factors, sizeof(factors));
    printf("  %-18s %-28s %s\n", variant_of(result->row[i].point), factors, result->row[i].status);
  }
  fflush(stdout);
}
