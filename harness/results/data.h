/* data.h - the results of one or more runs, read from disk, checked, and held for reading.
 *
 *   struct hx_data data;
 *   struct hx_why why;
 *   const char *folder[] = { "results/runs/A", "results/runs/B" };
 *   if (hx_data_open(&data, folder, 2, &why) < 0) { say why.text; return; }
 *   HX_DATA_EACH(&data, point)                   every row of every points.csv, in order
 *     use(point->variant, point->stats.p50, point->run->machine);
 *   point = hx_data_find(&data, id, "roundtrip_us");
 *   for (i = 0; i < point->group_count; i++)     its samples, a group per process and phase
 *     if (!point->group[i].warm) use(point->group[i].value, point->group[i].count);
 *   hx_data_fini(&data);
 *
 * A folder is R, which holds R/<experiment>/points.csv, or one R/<experiment>. Each such experiment
 * folder is one struct hx_data_run. Schemas 1 and 2 are read. Schema 1 has no id, process or phase:
 * ids are computed, the process is 0, no sample is warm.
 *
 * Refused, in one sentence with a remedy (text.h): a folder without results; another schema; a CSV
 * that is cut off or has wrong cells (data_csv.h); ids, samples or statistics that do not follow
 * from one another (see below); a file whose SHA-256 is not that of sums.json, by name; sums.json
 * missing in schema 2; the same point twice in one run; CSV files that plan.json and the blocks
 * beside them do not give (has_blocks is false where there is no plan: schema 1 had none).
 * All statistics in points.csv are computed again by stats.h from the samples that are not warm,
 * all processes together, and compared as text; so point->checked is true. ci_lo and ci_hi are
 * computed by the ci_method that is named (interval.h; empty: order statistics); of one that is not
 * known point->ci_checked is false.
 * Without samples.csv (runs of schema 1 were kept so) nothing can be computed again; this is
 * no refusal: run->samples_known is false, and point->checked too. Schema 1 kept 10000 samples
 * of a metric at most; such a point is not checked either.
 *
 * Not promised here: that two runs come from one machine; see hx_data_check_one_machine().
 * Threads: one. Everything reached from `data` is valid and unchanged until hx_data_fini().
 *
 * Next: data.c, then data_run.c, data_points.c, data_samples.c */
#pragma once
#ifndef HX_PRIVATE
#error "data.h is private to harness/: include hx.h"
#endif
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "stats.h"
#include "text.h"

#define HX_DATA_ID_BYTES 17u /* 16 hex digits and a zero */

/* The statistics of points.csv in the order of the columns. */
enum hx_data_stat {
  HX_DATA_N,
  HX_DATA_MIN,
  HX_DATA_P50,
  HX_DATA_P90,
  HX_DATA_P99,
  HX_DATA_P999,
  HX_DATA_MAX,
  HX_DATA_MEAN,
  HX_DATA_CI_LO,
  HX_DATA_CI_HI,
  HX_DATA_STAT_COUNT
};

struct hx_data_factor {
  const char *name;
  const char *value; /* never "": a factor that the variant has not is not listed */
};

/* The samples of one process and phase, in the order in which they were taken. */
struct hx_data_group {
  unsigned process;
  bool warm; /* taken before the point had settled; in no statistic */
  double *value;
  size_t count;
  size_t capacity;
  double index_last; /* while reading */
};

/* One experiment folder. Texts are "" where run.json does not say. */
struct hx_data_run {
  const char *folder; /* R/<experiment> */
  const char *root;   /* the folder given to open that it came from */
  size_t root_index;  /* its index there */
  int schema;
  const char *experiment, *title, *run_id, *tier;
  const char *device;         /* "cpu", "cuda:0", "sim" */
  const char *device_text;    /* "AMD EPYC, 2 cores usable" */
  const char *host, *machine; /* machine: processor, then system, in one line */
  const char *binary_sha256, *git_sha, *buildtype;
  bool git_dirty;
  const char *grade;         /* "A", "B", "C", the worst of all sessions; "": schema 1 */
  const char *grade_reasons; /* a line each, the worst first: "C load: 30 %" */
  const char *start_utc;
  double seconds; /* of the whole run; NAN: not known */
  const char *exit_reason;
  json_t *json;             /* the whole run.json */
  const char *samples_path; /* "" if there are none */
  const char *points_path;
  bool samples_known;
  bool has_blocks; /* there is a plan, and both CSV files follow from it and its blocks */
};

/* One row of points.csv: one metric of one point. A point that is not ok has one row, with empty
 * metric and unit and no statistics. Statistics that are missing are NAN. */
struct hx_data_point {
  char id[HX_DATA_ID_BYTES];
  const struct hx_data_run *run;
  const char *experiment, *variant, *device, *metric, *unit;
  const struct hx_data_factor *factor; /* sorted by name */
  size_t factor_count;
  unsigned processes;
  struct hx_stats stats;
  const char *cell[HX_DATA_STAT_COUNT]; /* the statistics as points.csv has them */
  const char *ci_method;                /* "" in schema 1: order statistics */
  const char *status, *reason;
  bool ok;
  bool checked;    /* the statistics follow from the samples */
  bool ci_checked; /* and so does the interval */
  double seconds;  /* that the point took, all its metrics and processes; NAN: not known */
  struct hx_data_group *group; /* by process, warm before measure */
  size_t group_count;
};

struct hx_data {
  struct hx_data_run **run; /* in the order of the folders, then by name */
  size_t run_count;
  struct hx_data_point *point; /* by run, then as in points.csv */
  size_t point_count;
  struct hx_data_point **by_id; /* sorted by id, metric, place */

  size_t run_capacity, point_capacity; /* while reading */
  char **text;
  size_t text_count, text_capacity;
  bool out_of_memory;
};

/* 0, or a negative errno and a sentence. On failure nothing is to be released. */
int hx_data_open(struct hx_data *data, const char *const *folder, size_t count, struct hx_why *why);
void hx_data_fini(struct hx_data *data);

#define HX_DATA_EACH(data, at)                                                                     \
  for (const struct hx_data_point *at = (data)->point; at < (data)->point + (data)->point_count;   \
       at++)

/* The first point with that id and metric ("" for one that is not ok), or NULL. */
const struct hx_data_point *hx_data_find(const struct hx_data *data, const char *id,
                                         const char *metric);
/* The same point in the run after: those of several runs in the order of data->run. Or NULL. */
const struct hx_data_point *hx_data_find_next(const struct hx_data *data,
                                              const struct hx_data_point *point);

/* The factor's value, or NULL. */
const char *hx_data_factor(const struct hx_data_point *point, const char *name);

/* All samples that are not warm, processes one after the other; *out is to be freed. Their number,
 * or -ENOMEM. */
long hx_data_values(const struct hx_data_point *point, double **out);

/* 0 if all runs name the same host, processor and device description; else refused. */
int hx_data_check_one_machine(const struct hx_data *data, struct hx_why *why);

/* The id of a point: the first 16 hex digits of the SHA-256 of "grosr point 2\n<experiment>\n
 * <variant>\n<device>\n" and a line "k=v\n" for each factor. `factor` must be sorted by name. */
struct hx_data_name {
  const char *experiment, *variant, *device;
  const struct hx_data_factor *factor;
  size_t factor_count;
};
int hx_data_id(const struct hx_data_name *name, char id[HX_DATA_ID_BYTES]);

/* ---- between data.c, data_run.c, data_points.c and data_samples.c --------------------------- */

/* A copy of a text that lives as long as the data; "" if memory is out (out_of_memory is set). */
const char *hx_data_keep(struct hx_data *data, const char *text);

/* Reads run.json and checks sums.json. */
int hx_data_run_read(struct hx_data *data, struct hx_data_run *run, struct hx_why *why);
/* Fills in point->seconds from run.json. */
void hx_data_run_seconds(struct hx_data *data, const struct hx_data_run *run, size_t first);

/* Appends the rows of the run's points.csv. */
int hx_data_points_read(struct hx_data *data, const struct hx_data_run *run, struct hx_why *why);

/* Reads the samples of the points from index `first` on and checks the statistics by them. */
int hx_data_samples_read(struct hx_data *data, struct hx_data_run *run, size_t first,
                         struct hx_why *why);

/* The factors among a row's cells, from column `first` on, sorted by name; kept. */
struct hx_data_csv;
int hx_data_points_factors(struct hx_data *data, const struct hx_data_csv *csv, size_t first,
                           struct hx_data_name *name);
