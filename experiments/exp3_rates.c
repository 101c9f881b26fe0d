/* exp3_rates.c - how fast a variant allocates and frees: see exp3_measure.h.
 *
 * A point opens a runtime, fills the load's table if it has one, takes the first interval as cold
 * where it is, finds how many operations an interval needs, and measures. Afterwards some intervals
 * more, in which each call is timed by itself: what the clock costs is in these, and is what the
 * variant `bump` has. Next: exp3_by.c */
#include <string.h>

#include "exp3_measure.h"

#define OBJECTS_SURVEY 100000u /* of a batch: the survey's n, all workers together */
#define OBJECTS_CUDA   1048576u
#define OBJECTS_SIM    48u
#define LARSON_OBJECTS 1000u
#define STRESS_OBJECTS 2000u
#define ANY_OBJECTS    4096u
#define EDGES          10000u /* of a batch, all workers together */
#define VERTICES       16384u
#define RANGE          100u
#define WRITE_PASSES   100u
#define TIMED          6u /* intervals in which each call is timed */
#define SIM_PART       256u

static uint64_t at_least_one(uint64_t value)
{
  return value != 0u ? value : 1u;
}

/* A constant of a load, on this device. */
static uint64_t part_of(const struct hx_point *point, uint64_t count)
{
  return exp3_is_on(point, "sim") ? at_least_one(count / SIM_PART)
         : exp3_is_short(point)   ? at_least_one(count / 4u)
                                  : count;
}

/* ---- loads ---- */
/* Objects of `each` bytes, of which as many live at once as the survey or the memory says. */
static uint64_t objects_of(const struct exp3 *exp, uint64_t each)
{
  const uint64_t wanted = exp3_is_on(exp->point, "cuda")  ? OBJECTS_CUDA
                          : exp3_is_on(exp->point, "sim") ? OBJECTS_SIM
                                                          : OBJECTS_SURVEY;
  const uint64_t fit = exp3_live_bytes(exp->point) / each;
  return at_least_one((wanted < fit ? wanted : fit) / exp3_workers_of(exp));
}

static struct exp3_load load_of_rate(const struct exp3 *exp, const char *name, uint64_t bytes,
                                     uint64_t each)
{
  struct exp3_load load = {.op = "pairs", .bytes = bytes, .more = 1};
  if (strncmp(name, "churn_", 6) == 0) {
    load = (struct exp3_load){"churn_begin", "churn", "churn_end", .bytes = bytes};
    load.occupancy = (uint32_t)(name[6] - '0') * 10u + (uint32_t)(name[7] - '0');
  } else if (strcmp(name, "cross") == 0) {
    load.op = "cross";
  } else if (strcmp(name, "pairs") != 0) { /* batch, mixed */
    load.op = "batch";
    load.count = load.objects = objects_of(exp, each);
    load.more = strcmp(name, "mixed") == 0;
    load.is_apart = 1;
  }
  return load;
}

static struct exp3_load load_of_program(const struct exp3 *exp, const char *name)
{
  const struct hx_point *point = exp->point;
  const uint32_t workers = exp3_workers_of(exp);
  struct exp3_load load = {.op = name, .bytes = 1000};
  if (strcmp(name, "larson") == 0) {
    load.begin = "larson_begin";
    load.end = "larson_end";
    load.objects = part_of(point, LARSON_OBJECTS);
  } else if (strcmp(name, "stress") == 0) {
    load.end = "larson_end";
    load.bytes = exp3_is_on(point, "sim") ? 512u : 65536u;
    load.objects = part_of(point, STRESS_OBJECTS);
  } else if (strcmp(name, "any") == 0) {
    load.end = "any_end";
    load.objects = part_of(point, ANY_OBJECTS);
  } else if (strcmp(name, "scratch") == 0) {
    load.begin = "scratch_begin";
    load.end = "scratch_end";
    load.bytes = 16u;
  } else if (strcmp(name, "phases") == 0) {
    load.end = "larson_end";
    load.bytes = 1024u;
    load.objects = part_of(point, objects_of(exp, load.bytes));
    load.is_apart = 1;
  } else if (strncmp(name, "write", 5) == 0) { /* write_64, write_4096: test 10 */
    load.op = "write_all";
    load.bytes = strcmp(name, "write_64") == 0 ? 64u : 4096u;
    load.count = part_of(point, objects_of(exp, load.bytes));
    load.more = part_of(point, WRITE_PASSES);
    load.is_apart = 1;
  } else { /* graph, graph_hot: test 12 */
    load.op = "graph";
    load.end = "graph_end";
    load.objects = at_least_one(part_of(point, VERTICES) / workers);
    load.count = at_least_one(part_of(point, EDGES) / workers);
    load.more = strcmp(name, "graph_hot") == 0 ? at_least_one(RANGE / workers) : 0u;
    load.is_apart = 1;
  }
  return load;
}

/* ---- samples ---- */
/* The value below which `part` of a histogram lies, in ticks: the middle of its bucket. */
static double quantile(const uint64_t *bucket, double part)
{
  uint64_t all = 0, have = 0;
  for (uint32_t i = 0; i < EXP3_BUCKETS; i++) {
    all += bucket[i];
  }
  for (uint32_t i = 0; i < EXP3_BUCKETS; i++) {
    have += bucket[i];
    if (all != 0u && (double)have >= part * (double)all) {
      const uint32_t power = i / 8u + 2u;
      const double low = i < 8u ? (double)i : (double)((8ull + i % 8u) << (power - 3u));
      return low + (i < 8u ? 0.0 : (double)(1ull << (power - 3u)) / 2.0);
    }
  }
  return 0.0;
}

static int time_calls(struct exp3 *exp, const struct exp3_load *load)
{
  struct exp3_result out = {0};
  int result = 0;
  exp->job->is_timed = 1;
  for (uint32_t i = 0; i < TIMED && result == 0; i++) {
    result = exp3_device_run(exp, load->op, &out);
    result = result < 0 ? result : exp3_device_run_one(exp, "ticks", NULL);
    if (result == 0) {
      const uint64_t *frees = exp->ticks + EXP3_BUCKETS;
      hx_sample(exp->point, "alloc_p50_ns", quantile(exp->ticks, 0.5) * out.tick_ns);
      hx_sample(exp->point, "alloc_p99_ns", quantile(exp->ticks, 0.99) * out.tick_ns);
      hx_sample(exp->point, "alloc_p999_ns", quantile(exp->ticks, 0.999) * out.tick_ns);
      hx_sample(exp->point, "free_p50_ns", quantile(frees, 0.5) * out.tick_ns);
      hx_sample(exp->point, "free_p99_ns", quantile(frees, 0.99) * out.tick_ns);
    }
  }
  exp->job->is_timed = 0;
  return result;
}

/* One interval's samples. An allocation that failed is none, and no load asks for too much. */
static int keep(struct exp3 *exp, const struct exp3_load *load, const struct exp3_result *out,
                int is_cold)
{
  const double done = (double)out->done;
  if (out->nulls != 0u) {
    return hx_fail(exp->point, "%llu of %llu allocations failed, where there is memory",
                   (unsigned long long)out->nulls, (unsigned long long)out->done);
  }
  if (out->done == 0u || out->alloc_s <= 0.0) {
    return hx_fail(exp->point, "nothing was done, or it took no time");
  }
  if (strcmp(load->op, "batch") == 0) {
    hx_sample(exp->point, is_cold ? "cold_allocs_per_s" : "allocs_per_s", done / out->alloc_s);
    hx_sample(exp->point, is_cold ? "cold_frees_per_s" : "frees_per_s", done / out->free_s);
  }
  if (!is_cold) {
    hx_sample(exp->point, "pairs_per_s", done / (out->alloc_s + out->free_s));
    if (exp3_is_on(exp->point, "cuda")) { /* on cpu the teams are this process's threads */
      hx_sample(exp->point, "cpu_percent", 100.0 * out->cpu_s / (out->alloc_s + out->free_s));
    }
  }
  return 0;
}

static int measure(struct exp3 *exp, struct exp3_load *load, int is_timed)
{
  struct exp3_result out;
  int result = 0;
  exp3_load_set(exp, load);
  if (load->begin != NULL) {
    result = strcmp(load->op, "scratch") == 0 ? exp3_device_run_one(exp, load->begin, &out)
                                              : exp3_device_run(exp, load->begin, &out);
    result = result < 0 || out.nulls == 0u
                 ? result
                 : hx_fail(exp->point, "%llu objects of the load's begin found no memory",
                           (unsigned long long)out.nulls);
  }
  if (result == 0 && strcmp(load->op, "batch") == 0) {
    result = exp3_device_run(exp, load->op, &out);
    result = result < 0 ? result : keep(exp, load, &out, 1);
  }
  result = result < 0 ? result : exp3_load_calibrate(exp, load);
  for (uint32_t i = 0; result == 0 && exp3_more(exp->point, "pairs_per_s", i); i++) {
    result = exp3_device_run(exp, load->op, &out);
    result = result < 0 ? result : keep(exp, load, &out, 0);
  }
  result = result < 0 || !is_timed ? result : time_calls(exp, load);
  if (result == 0 && strcmp(load->op, "stress") == 0) {
    result = exp3_device_run(exp, "stress_end", &out);
  }
  return result < 0 || load->end == NULL ? result : exp3_device_run(exp, load->end, &out);
}

/* ---- groups ---- */
int exp3_rate(struct hx_point *point, exp3_choose *choose)
{
  static struct exp3 exp;
  const char *name = hx_factor_text(point, "load");
  const uint64_t bytes = hx_factor_u64(point, "size");
  const uint32_t teams = (uint32_t)hx_factor_u64(point, "teams");
  const uint64_t live = exp3_live_bytes(point);
  /* `bump` uses again what is no longer live; of one object at a time little is. */
  const uint64_t in_use = strcmp(name, "pairs") == 0   ? 1u << 16
                          : strcmp(name, "cross") == 0 ? 1024u * bytes * teams
                                                       : 2u * live;
  struct exp3_way way;
  int result = choose(point, bytes, in_use, teams, &way);
  if (result < 0) {
    return result;
  }
  exp = (struct exp3){.point = point, .teams = teams, .lanes = exp3_lanes_on(point)};
  const uint64_t each = bytes > way.bytes_least ? bytes : way.bytes_least;
  struct exp3_load load = load_of_rate(&exp, name, bytes, each);
  /* What is live fills a churn's memory to so many percent; of others there is as much again. */
  const int is_churn = load.occupancy != 0u;
  if (is_churn && way.is_fleeting) {
    return hx_unmet(point, "nothing is freed, so what is live would be overwritten");
  }
  if (way.live_most != 0u &&
      (is_churn || exp3_workers_of(&exp) * load.objects * each > way.live_most)) {
    load.objects = load.count = way.live_most / 2u / each / exp3_workers_of(&exp);
    load.occupancy = 0u;
  }
  const uint64_t slack = is_churn ? live / 4u + (4u << 20) : 0u; /* of slots */
  const struct exp3_size size = {
      .memory_bytes = is_churn ? live : 2u * live + exp3_workers_of(&exp) * 64u * each,
      .slots = is_churn ? (live + slack) / each : exp3_workers_of(&exp) * (load.objects + 1u),
      .bytes_most = bytes};
  result = exp3_device_open(&exp, point, &way, teams, &size);
  if (result < 0) {
    return result;
  }
  if (is_churn && way.bytes_least > bytes) { /* pages: as many objects as there are pages */
    load.occupancy = (uint32_t)(load.occupancy * bytes / way.bytes_least);
  }
  return exp3_device_close(&exp, measure(&exp, &load, 1));
}

int exp3_program(struct hx_point *point, exp3_choose *choose)
{
  static struct exp3 exp;
  const uint32_t teams = (uint32_t)hx_factor_u64(point, "teams");
  exp = (struct exp3){.point = point, .teams = teams, .lanes = exp3_lanes_on(point)};
  struct exp3_load load = load_of_program(&exp, hx_factor_text(point, "program"));
  const uint64_t objects =
      exp3_workers_of(&exp) * (load.objects > load.count ? load.objects : load.count);
  const uint64_t live = 2u * exp3_live_bytes(point) + objects * 512u + (4u << 20);
  struct exp3_way way;
  int result = choose(point, load.bytes, live, teams, &way);
  const struct exp3_size size = {2u * live, objects, load.bytes};
  result = result < 0 ? result : exp3_device_open(&exp, point, &way, teams, &size);
  return result < 0 ? result : exp3_device_close(&exp, measure(&exp, &load, 0));
}

int exp3_run(struct hx_point *point, exp3_choose *choose)
{
  static struct exp3 exp;
  const uint64_t bytes = hx_factor_u64(point, "run_bytes");
  const uint32_t teams = 1u;
  const struct exp3_size size = {2u * exp3_lanes_on(point) * bytes, 1u, bytes};
  struct exp3_load load = {.op = "pairs", .bytes = bytes, .more = hx_factor_u64(point, "touch")};
  struct exp3_way way;
  int result = choose(point, bytes, bytes, teams, &way);
  result = result < 0 ? result : exp3_device_open(&exp, point, &way, teams, &size);
  return result < 0 ? result : exp3_device_close(&exp, measure(&exp, &load, 1));
}

/* So many lanes of each team, and sizes at random among them. */
int exp3_lanes(struct hx_point *point, exp3_choose *choose)
{
  static struct exp3 exp;
  const uint64_t bytes = hx_factor_u64(point, "size"), live = exp3_live_bytes(point);
  const uint32_t teams = (uint32_t)hx_factor_u64(point, "teams");
  exp = (struct exp3){.point = point, .teams = teams, .lanes = exp3_lanes_on(point)};
  struct exp3_load load = load_of_rate(&exp, "mixed", bytes, bytes);
  const struct exp3_size size = {2u * live, exp3_workers_of(&exp) * (load.objects + 1u), bytes};
  struct exp3_way way;
  int result = choose(point, bytes, 2u * live, teams, &way);
  result = result < 0 ? result : exp3_device_open(&exp, point, &way, teams, &size);
  if (result < 0) {
    return result;
  }
  exp.job->active = hx_factor_u64(point, "active");
  return exp3_device_close(&exp, measure(&exp, &load, 1));
}
