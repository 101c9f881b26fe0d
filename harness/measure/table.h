/* table.h - is the experiment's table sound? Asked once at start, before any argument is used.
 *
 * A wrong table is a bug in the experiment: hx_main() ends with HX_EXIT_HARNESS and the sentence.
 * Promised afterwards: names are unique and well-formed, no factor shadows a fixed CSV column, each
 * variant's `factors` exist, each metric has a unit.
 *
 * Next: sweep.h */
#pragma once
#ifndef HX_PRIVATE
#error "table.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

#include "hx.h"
#include "text.h"

/* Columns of points.csv and samples.csv before the factors. */
#define HX_POINTS_COLUMNS                                                                          \
  "experiment,variant,device,metric,unit,id,processes,n,min,p50,p90,p99,p999,max,mean,ci_lo,"      \
  "ci_hi,ci_method,status,reason"
#define HX_SAMPLES_COLUMNS "experiment,variant,device,metric,unit,id,process,phase,index,value"

/* What is said of every result of device sim. */
#define HX_SIM_REMARK "device sim: its times are virtual, those of no machine"

int hx_table_check(const struct hx_experiment *experiment, struct hx_why *why);

size_t hx_table_metric_count(const struct hx_experiment *experiment);
size_t hx_table_factor_count(const struct hx_experiment *experiment);
size_t hx_table_variant_count(const struct hx_experiment *experiment);

/* The entry's index, or -ENOENT. */
int hx_table_find_metric(const struct hx_experiment *experiment, const char *name);
int hx_table_find_factor(const struct hx_experiment *experiment, const char *name);
int hx_table_find_variant(const struct hx_experiment *experiment, const char *name);

/* The factor's values for a tier on a device: a comma list. */
const char *hx_table_values(const struct hx_factor *factor, const char *tier, const char *device);

/* Does the factor matter to the variant? */
bool hx_table_matters(const struct hx_variant *variant, const struct hx_factor *factor);

/* Does the variant run on this device ("cpu", "cuda:0", "sim")? */
bool hx_table_accepts(const struct hx_variant *variant, const char *device);
