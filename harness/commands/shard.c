/* shard.c - see shard.h. Next: plan.h */
#include "shard.h"

#include <errno.h>
#include <string.h>

#include "plan.h"

#define MARGIN      1.5  /* a job's time limit over what its points may take */
#define SECONDS_MIN 600.0 /* for the start, and for one point of 10 s that hangs (hx_limits.h) */
#define STRETCH     1.05 /* hx_shards_aim(): how much longer the next try is ... */
#define TRIES_MAX   400u /* ... and how often: 1.05^400 is longer than any plan */

/* These go into command lines, scripts, Python and XML: no blank, quote, bracket or '$'. */
static bool is_safe(const char *text, const char *more)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_.:+-";
  if (text == NULL || text[0] == '\0')
    return false;
  for (; *text != '\0'; text++) {
    if (strchr(allowed, *text) == NULL && strchr(more, *text) == NULL)
      return false;
  }
  return true;
}

static int check_points(const json_t *points, struct hx_why *why)
{
  size_t i;
  json_t *point;
  if (json_array_size(points) == 0)
    return hx_refuse(why, -EINVAL,
                     "this plan has no points; make one with `grosr plan`, and see "
                     "there which factors and variants leave some");
  json_array_foreach(points, i, point)
  {
    const char *id = json_string_value(json_object_get(point, "id"));
    const json_t *seconds = json_object_get(point, "seconds_max");
    if (id == NULL || strlen(id) != 16 || id[strspn(id, "0123456789abcdef")] != '\0')
      return hx_refuse(
          why, -EINVAL,
          "point %zu of this plan has no id of 16 hex digits; make the plan again with "
          "`grosr plan`, and do not edit it",
          i);
    if (!json_is_number(seconds) || json_number_value(seconds) < 0.0)
      return hx_refuse(why, -EINVAL,
                       "point %s of this plan has no seconds_max; make the plan again with `grosr "
                       "plan`",
                       id);
  }
  return 0;
}

static int check_options(const json_t *options, struct hx_why *why)
{
  size_t i;
  json_t *option;
  if (!json_is_array(options))
    return hx_refuse(why, -EINVAL,
                     "this plan does not say by which options it was made; make it again with "
                     "`grosr plan`");
  json_array_foreach(options, i, option)
  {
    const char *text = json_string_value(option);
    if (text == NULL || strncmp(text, "--", 2) != 0 || !is_safe(text, "=,"))
      return hx_refuse(why, -EINVAL,
                       "option %zu of this plan has other than letters, digits and _.:+-=, in it; "
                       "choose other values and make the plan again",
                       i);
  }
  return 0;
}

int hx_shards_open(struct hx_shards *shards, const json_t *plan, double seconds, struct hx_why *why)
{
  static const char *const name[] = {"experiment", "run_id", "tier", "device"};
  const char *text[4];
  const json_t *schema = json_object_get(plan, "schema");
  const json_t *processes = json_object_get(plan, "processes");
  if (!json_is_integer(schema) || json_integer_value(schema) != HX_SCHEMA)
    return hx_refuse(why, -EPROTO,
                     "this is no plan of schema %d (plan.json, written by `grosr plan` of this "
                     "version); make it again",
                     HX_SCHEMA);
  for (size_t i = 0; i < 4; i++) {
    text[i] = json_string_value(json_object_get(plan, name[i]));
    if (!is_safe(text[i], "") || text[i][0] == '-')
      return hx_refuse(why, -EINVAL,
                       "the plan's %s is missing, or has other than letters, digits and _.:+- in "
                       "it; choose another name and make the plan again",
                       name[i]);
  }
  if (!json_is_integer(processes) || json_integer_value(processes) < 1)
    return hx_refuse(why, -EINVAL,
                     "the plan has no number of processes; make it again with `grosr plan`");
  *shards = (struct hx_shards){.experiment = text[0],
                               .run_id = text[1],
                               .tier = text[2],
                               .device = text[3],
                               .processes = json_integer_value(processes),
                               .points = json_object_get(plan, "points"),
                               .options = json_object_get(plan, "options"),
                               .seconds = seconds > 0.0 ? seconds : HX_SHARD_SECONDS};
  const int error = check_options(shards->options, why);
  return error < 0 ? error : check_points(shards->points, why);
}

/* From point `at` on: how many differ in the variant only. */
static size_t next_group(const struct hx_shards *shards, size_t at, double *seconds)
{
  const json_t *factors = json_object_get(json_array_get(shards->points, at), "factors");
  size_t end = at;
  *seconds = 0.0;
  while (end < json_array_size(shards->points)) {
    const json_t *point = json_array_get(shards->points, end);
    if (!json_equal(json_object_get(point, "factors"), factors))
      break;
    *seconds +=
        json_number_value(json_object_get(point, "seconds_max")) * (double)shards->processes;
    end++;
  }
  return end - at;
}

bool hx_shards_next(const struct hx_shards *shards, struct hx_shard *shard)
{
  const size_t begin = shard->first + shard->count;
  size_t end = begin;
  double seconds = 0.0;
  while (end < json_array_size(shards->points)) {
    double more = 0.0;
    const size_t group = next_group(shards, end, &more);
    if (end > begin && seconds + more > shards->seconds)
      break;
    seconds += more;
    end += group;
  }
  *shard = (struct hx_shard){begin, end - begin, seconds};
  return end > begin;
}

size_t hx_shards_count(const struct hx_shards *shards)
{
  struct hx_shard shard = {0};
  size_t count = 0;
  while (hx_shards_next(shards, &shard))
    count++;
  return count;
}

void hx_shards_aim(struct hx_shards *shards, size_t count)
{
  const struct hx_shards all = *shards;
  struct hx_shard shard = {0};
  double seconds = 0.0;
  while (hx_shards_next(&all, &shard))
    seconds += shard.seconds;
  shards->seconds = seconds / (double)(count > 0 ? count : 1);
  for (unsigned i = 0; i < TRIES_MAX && hx_shards_count(shards) > count; i++)
    shards->seconds *= STRETCH;
}

unsigned hx_shards_limit_s(double seconds)
{
  const double limit = seconds * MARGIN;
  return (unsigned)(limit > SECONDS_MIN ? limit : SECONDS_MIN);
}

const char *hx_shards_id(const struct hx_shards *shards, size_t index)
{
  return json_string_value(json_object_get(json_array_get(shards->points, index), "id"));
}

void hx_shards_write_options(FILE *file, const struct hx_shards *shards, const char *before,
                             const char *after)
{
  size_t i;
  json_t *option;
  json_array_foreach(shards->options, i, option)
      fprintf(file, "%s%s%s", before, json_string_value(option), after);
}
