/* point.c - see point.h; the functions of hx.h that take a point. Next: pin.c */
#include "point.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stats_order.h"
#include "table.h"

#define SERIES_FIRST_MAX 1000000u /* samples whose memory is touched beforehand */

/* FNV-1a over the factor values, then splitmix64: equal inputs for equal factor values, whichever
 * variant reads them. */
static uint64_t point_seed(const struct hx_plan *plan, const struct hx_plan_point *where,
                           uint64_t seed)
{
  char text[HX_REASON_BYTES];
  uint64_t hash = 14695981039346656037u;
  hx_sweep_point_text(plan, where, text, sizeof(text));
  for (const char *at = text; *at != '\0'; at++)
    hash = (hash ^ (unsigned char)*at) * 1099511628211u;
  hash ^= seed * 0x9e3779b97f4a7c15u;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
  hash ^= hash >> 31;
  return hash == 0 ? 1 : hash;
}

int hx_point_init(struct hx_point *point, const struct hx_point_setup *setup)
{
  const size_t first =
      setup->sample_goal < SERIES_FIRST_MAX ? setup->sample_goal : SERIES_FIRST_MAX;
  *point = (struct hx_point){0};
  point->plan = setup->plan;
  point->where = &setup->plan->point[setup->index];
  point->device = setup->device;
  point->tier = setup->tier;
  point->seed = point_seed(point->plan, point->where, setup->seed);
  point->process = setup->process;
  point->limit_ns = setup->limit_ns;
  point->sample_goal = setup->sample_goal;
  point->metric_count = hx_table_metric_count(setup->plan->experiment);
  pthread_mutex_init(&point->lock, NULL);
  point->series = calloc(point->metric_count, sizeof(*point->series));
  point->note = calloc(HX_NOTES_MAX, sizeof(*point->note));
  if (point->series == NULL || point->note == NULL)
    goto out;
  for (size_t i = 0; i < point->metric_count; i++) {
    point->series[i].value = malloc(first * sizeof(double));
    if (point->series[i].value == NULL)
      goto out;
    for (size_t k = 0; k < first; k++)
      point->series[i].value[k] = NAN; /* touches the pages; calloc would not */
    point->series[i].capacity = first;
    point->series[i].warm = calloc(HX_WARM_MAX, sizeof(double));
    if (point->series[i].warm == NULL)
      goto out;
  }
  return 0;
out:
  hx_point_fini(point);
  return -ENOMEM;
}

void hx_point_fini(struct hx_point *point)
{
  for (size_t i = 0; point->series != NULL && i < point->metric_count; i++)
    free(point->series[i].value), free(point->series[i].warm);
  for (size_t i = 0; i < point->note_count; i++) {
    free(point->note[i].key);
    free(point->note[i].value);
  }
  free(point->series);
  free(point->note);
  pthread_mutex_destroy(&point->lock);
  *point = (struct hx_point){0};
}

const char *hx_point_verdict_text(enum hx_verdict verdict)
{
  static const char *const text[HX_VERDICT_COUNT] = {"ok", "failed", "skipped"};
  return text[verdict];
}

static enum hx_verdict verdict_of(struct hx_point *point)
{
  pthread_mutex_lock(&point->lock);
  const enum hx_verdict verdict = point->verdict;
  pthread_mutex_unlock(&point->lock);
  return verdict;
}

static void set_verdict(struct hx_point *point, enum hx_verdict verdict, const char *reason)
{
  pthread_mutex_lock(&point->lock);
  const bool wins = point->verdict == HX_POINT_OK ||
                    (point->verdict == HX_POINT_SKIPPED && verdict == HX_POINT_FAILED);
  if (wins) {
    point->verdict = verdict;
    snprintf(point->reason, sizeof(point->reason), "%s", reason);
    hx_text_make_plain(point->reason);
  }
  pthread_mutex_unlock(&point->lock);
}

void hx_point_run(struct hx_point *point)
{
  const struct hx_variant *variant = point->where->variant;
  size_t samples = 0;
  int result = 0;
  point->start_ns = hx_now_ns();
  if (variant->probe != NULL && (result = variant->probe(point)) < 0)
    hx_unmet(point, "probe: %s", strerror(-result)); /* only if it gave no reason itself */
  if (verdict_of(point) == HX_POINT_OK) {
    point->start_ns = hx_now_ns();
    result = variant->run(point);
    if (result < 0 && verdict_of(point) == HX_POINT_OK)
      hx_fail(point, "run: %s", strerror(-result));
    for (size_t i = 0; i < point->metric_count; i++)
      samples += point->series[i].count;
    if (samples == 0 && verdict_of(point) == HX_POINT_OK)
      hx_fail(point, "run: no sample was recorded");
  }
  point->end_ns = hx_now_ns();
}

uint64_t hx_now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const char *hx_factor_text(struct hx_point *point, const char *name)
{
  const int index = hx_table_find_factor(point->plan->experiment, name);
  if (index >= 0 && point->where->value[index] != NULL)
    return point->where->value[index];
  hx_fail(point, "bug in the experiment: variant %s asks for factor %s, which it does not list",
          point->where->variant->name, name);
  return "";
}

uint64_t hx_factor_u64(struct hx_point *point, const char *name)
{
  const char *text = hx_factor_text(point, name);
  uint64_t value = 0;
  if (hx_text_parse_u64(text, &value) < 0)
    hx_fail(point, "bug in the experiment: factor %s is '%s', not a number", name, text);
  return value;
}

const char *hx_device(const struct hx_point *point)
{
  return point->device;
}

const char *hx_tier(const struct hx_point *point)
{
  return point->tier;
}

uint64_t hx_seed(const struct hx_point *point)
{
  return point->seed;
}

unsigned hx_process(const struct hx_point *point)
{
  return point->process;
}

size_t hx_sample_goal(const struct hx_point *point)
{
  return point->sample_goal;
}

uint64_t hx_time_left_ns(const struct hx_point *point)
{
  const uint64_t used_ns = hx_now_ns() - point->start_ns;
  return used_ns < point->limit_ns ? point->limit_ns - used_ns : 0;
}

/* Is the median's interval as narrow as anybody could wish? Looked at from `least` samples on, and
 * each time that a quarter more are there, outside of what is timed. Looking several times makes an
 * early end a little more likely than one look would; the interval that is reported is that of all
 * samples taken. Three order statistics are found and nothing is sorted, by the bound for large
 * counts (stats.h): exp92_overhead says what this costs. */
static bool is_narrow(struct hx_series *series, size_t least)
{
  const size_t count = series->count;
  if (count < HX_WIDTH_SAMPLES || count < least || count < series->looked + series->looked / 4u)
    return false;
  double *copy = malloc(count * sizeof(*copy));
  if (copy == NULL)
    return false;
  series->looked = count;
  memcpy(copy, series->value, count * sizeof(*copy));
  const size_t first = (size_t)(((double)count - 1.96 * sqrt((double)count)) / 2.0) - 1;
  const size_t last = count - 1 - first;
  const double lo = hx_stats_select(copy, count, first);
  const double hi = hx_stats_select(copy + first, count - first, last - first);
  const double median = hx_stats_select(copy + first, last - first + 1, count / 2 - first);
  free(copy);
  return hi - lo <= 2.0 * HX_WIDTH_PART * fabs(median);
}

bool hx_more(struct hx_point *point, const char *metric)
{
  const int index = hx_table_find_metric(point->plan->experiment, metric);
  if (index < 0) {
    hx_fail(point, "bug in the experiment: there is no metric %s", metric);
    return false;
  }
  struct hx_series *series = &point->series[index];
  const size_t count = series->count;
  if (hx_interrupted() || verdict_of(point) != HX_POINT_OK)
    return false;
  if (count == 0)
    return true;
  const uint64_t used_ns = hx_now_ns() - point->start_ns;
  const uint64_t patience = count < HX_INTERVAL_SAMPLES ? HX_INTERVAL_PATIENCE : 1u;
  series->stopped = count >= point->sample_goal                 ? "goal"
                    : used_ns / patience >= point->limit_ns     ? "time"
                    : is_narrow(series, point->sample_goal / 2) ? "width"
                                                                : NULL;
  return series->stopped == NULL;
}

void hx_warm(struct hx_point *point, const char *metric, double value)
{
  const int index = hx_table_find_metric(point->plan->experiment, metric);
  if (index < 0)
    hx_fail(point, "bug in the experiment: there is no metric %s", metric);
  else if (point->series[index].warm_count < HX_WARM_MAX && isfinite(value))
    point->series[index].warm[point->series[index].warm_count++] = value;
}

/* Room for `count` more. */
static bool series_grow(struct hx_series *series, size_t count)
{
  const size_t wanted = series->count + count;
  if (wanted <= series->capacity)
    return true;
  const size_t capacity = wanted > 2 * series->capacity ? wanted : 2 * series->capacity;
  if (wanted > HX_SAMPLES_MAX)
    return false;
  double *value = realloc(series->value, capacity * sizeof(*value));
  if (value == NULL)
    return false;
  series->value = value;
  series->capacity = capacity;
  return true;
}

void hx_samples(struct hx_point *point, const char *metric, const double *values, size_t count)
{
  const int index = hx_table_find_metric(point->plan->experiment, metric);
  if (index < 0) {
    hx_fail(point, "bug in the experiment: there is no metric %s", metric);
    return;
  }
  struct hx_series *series = &point->series[index];
  if (!series_grow(series, count)) {
    hx_fail(point, "no room for %zu more samples of %s", count, metric);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(values[i]))
      hx_fail(point, "sample %zu of %s is not a finite number", series->count, metric);
    series->value[series->count++] = values[i];
  }
}

void hx_sample(struct hx_point *point, const char *metric, double value)
{
  hx_samples(point, metric, &value, 1);
}

/* Under the lock. */
static void set_note_locked(struct hx_point *point, const char *key, const char *value)
{
  size_t at = 0;
  char *copy = strdup(value);
  while (at < point->note_count && strcmp(point->note[at].key, key) != 0)
    at++;
  if (copy == NULL || at == HX_NOTES_MAX) {
    free(copy);
    return;
  }
  if (at == point->note_count) {
    point->note[at].key = strdup(key);
    if (point->note[at].key == NULL) {
      free(copy);
      return;
    }
    point->note_count++;
  }
  free(point->note[at].value);
  point->note[at].value = copy;
}

void hx_note(struct hx_point *point, const char *key, const char *format, ...)
{
  char value[HX_NOTE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(value, sizeof(value), format, arguments);
  va_end(arguments);
  hx_text_make_plain(value);
  pthread_mutex_lock(&point->lock);
  set_note_locked(point, key, value);
  pthread_mutex_unlock(&point->lock);
}

int hx_fail(struct hx_point *point, const char *format, ...)
{
  char reason[HX_REASON_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof(reason), format, arguments);
  va_end(arguments);
  set_verdict(point, HX_POINT_FAILED, reason);
  return -EBADMSG;
}

int hx_unmet(struct hx_point *point, const char *format, ...)
{
  char reason[HX_REASON_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof(reason), format, arguments);
  va_end(arguments);
  set_verdict(point, HX_POINT_SKIPPED, reason);
  return -ENOTSUP;
}
