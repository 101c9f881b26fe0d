/* export.c - see export.h. Next: sweep.h */
#include "export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA      2
#define MARGIN      1.5 /* a shard's time limit over what its points may take: start, files */
#define SECONDS_MIN 60.0

/* What both kinds need of a plan, checked. Strings point into it. */
struct facts {
  const char *experiment, *run_id, *tier, *device;
  json_int_t seed, processes;
  const json_t *points;
};

/* These go into command lines, Python and XML: no blank, quote, bracket or '$'. */
static bool is_safe(const char *text)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_.:+-";
  return text != NULL && text[0] != '\0' && text[0] != '-' && text[strspn(text, allowed)] == '\0';
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

static int read_facts(const json_t *plan, struct facts *facts, struct hx_why *why)
{
  static const char *const name[] = {"experiment", "run_id", "tier", "device"};
  const char *text[4];
  const json_t *schema = json_object_get(plan, "schema");
  const json_t *seed = json_object_get(plan, "seed");
  const json_t *processes = json_object_get(plan, "processes");
  if (!json_is_integer(schema) || json_integer_value(schema) != SCHEMA)
    return hx_refuse(why, -EPROTO,
                     "this is no plan of schema %d (plan.json, written by `grosr plan` of this "
                     "version); make it again",
                     SCHEMA);
  for (size_t i = 0; i < 4; i++) {
    text[i] = json_string_value(json_object_get(plan, name[i]));
    if (!is_safe(text[i]))
      return hx_refuse(why, -EINVAL,
                       "the plan's %s is missing, or has other than letters, digits and _.:+- in "
                       "it; choose another name and make the plan again",
                       name[i]);
  }
  if (!json_is_integer(seed) || json_integer_value(seed) < 0 || !json_is_integer(processes) ||
      json_integer_value(processes) < 1)
    return hx_refuse(why, -EINVAL,
                     "the plan has no seed, or no number of processes; make it again "
                     "with `grosr plan`");
  *facts = (struct facts){text[0],
                          text[1],
                          text[2],
                          text[3],
                          json_integer_value(seed),
                          json_integer_value(processes),
                          json_object_get(plan, "points")};
  return check_points(facts->points, why);
}

/* From point `at` on: how many differ in the variant only. These are compared, so they stay on one
 * node and in one job. */
static size_t next_group(const struct facts *facts, size_t at, double *seconds)
{
  const json_t *factors = json_object_get(json_array_get(facts->points, at), "factors");
  size_t end = at;
  *seconds = 0.0;
  while (end < json_array_size(facts->points)) {
    const json_t *point = json_array_get(facts->points, end);
    if (!json_equal(json_object_get(point, "factors"), factors))
      break;
    *seconds += json_number_value(json_object_get(point, "seconds_max")) * (double)facts->processes;
    end++;
  }
  return end - at;
}

/* From point `at` on: how many belong to one shard, and the seconds that they may take. */
static size_t next_shard(const struct facts *facts, size_t at, double *seconds)
{
  size_t end = at;
  *seconds = 0.0;
  while (end < json_array_size(facts->points)) {
    double more = 0.0;
    const size_t group = next_group(facts, end, &more);
    if (end > at && *seconds + more > HX_SHARD_SECONDS)
      break;
    *seconds += more;
    end += group;
  }
  return end - at;
}

static void write_ids(FILE *file, const struct facts *facts, size_t at, size_t count)
{
  for (size_t i = at; i < at + count; i++)
    fprintf(file, "%s%s", i > at ? "," : "",
            json_string_value(json_object_get(json_array_get(facts->points, i), "id")));
}

static unsigned limit_s(double seconds)
{
  const double limit = seconds * MARGIN;
  return (unsigned)(limit > SECONDS_MIN ? limit : SECONDS_MIN);
}

static void write_reframe_shards(FILE *file, const struct facts *facts)
{
  double seconds = 0.0;
  fprintf(file, "# One shard a line: the ids of its points, and its time limit in seconds.\n"
                "SHARDS = [\n");
  for (size_t at = 0, count = 0; at < json_array_size(facts->points); at += count) {
    count = next_shard(facts, at, &seconds);
    fprintf(file, "    ('");
    write_ids(file, facts, at, count);
    fprintf(file, "', %u),\n", limit_s(seconds));
  }
  fprintf(file, "]\n");
}

static void write_reframe(FILE *file, const struct facts *facts)
{
  fprintf(file,
          "# Plan %s of %s,\n"
          "# exported by `grosr plan`. Not to be edited: the ids are those of plan.json.\n"
          "#   reframe -C SITE.py -c THIS_FILE -r       (-S grosr=/path/to/grosr, -S out=DIR)\n"
          "# then merge the folders DIR/shard-* with `grosr merge`.\n"
          "import os\n\n"
          "import reframe as rfm\n"
          "import reframe.utility.sanity as sn\n\n",
          facts->run_id, facts->experiment);
  write_reframe_shards(file, facts);
  fprintf(file,
          "\n\n"
          "@rfm.simple_test\n"
          "class grosr_%s(rfm.RunOnlyRegressionTest):\n"
          "    descr = 'GROSR: %s, tier %s, device %s'\n"
          "    valid_systems = ['*']\n"
          "    valid_prog_environs = ['*']\n"
          "    shard = parameter(range(len(SHARDS)))\n"
          "    grosr = variable(str, value='grosr')\n"
          "    out = variable(str, value='grosr-%s')\n"
          "    exclusive_access = True\n"
          "    num_tasks = 1\n\n"
          "    @run_before('run')\n"
          "    def set_command(self):\n"
          "        points, seconds = SHARDS[self.shard]\n"
          "        out = os.path.join(os.path.abspath(self.out), f'shard-{self.shard}')\n"
          "        self.executable = self.grosr\n"
          "        self.executable_opts = [\n"
          "            'run', '%s', '--device=%s', '--tier=%s', '--seed=%lld',\n"
          "            '--processes=%lld', f'--points={points}', f'--out={out}']\n"
          "        self.time_limit = f'{seconds}s'\n\n"
          "    @sanity_function\n"
          "    def every_point_is_ok(self):\n"
          "        return sn.assert_eq(self.job.exitcode, 0, 'see points.csv for the reason')\n",
          facts->experiment, facts->experiment, facts->tier, facts->device, facts->run_id,
          facts->experiment, facts->device, facts->tier, (long long)facts->seed,
          (long long)facts->processes);
}

/* JUBE makes one work package for each value of a parameter; values are parted by ';' here, since
 * ids are by ','. */
static void write_jube(FILE *file, const struct facts *facts)
{
  double seconds = 0.0;
  fprintf(file,
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<!-- Plan %s of %s,\n"
          "     exported by `grosr plan`. Not to be edited: the ids are those of plan.json.\n"
          "     Run it by `jube run THIS_FILE`; then merge the folders\n"
          "     grosr_jube/*/*/work/shard with `grosr merge`. -->\n"
          "<jube>\n"
          "  <benchmark name=\"grosr_%s\" outpath=\"grosr_jube\">\n"
          "    <comment>GROSR: %s, tier %s, device %s</comment>\n"
          "    <parameterset name=\"shards\">\n"
          "      <parameter name=\"grosr\">grosr</parameter>\n"
          "      <parameter name=\"points\" separator=\";\">",
          facts->run_id, facts->experiment, facts->experiment, facts->experiment, facts->tier,
          facts->device);
  for (size_t at = 0, count = 0; at < json_array_size(facts->points); at += count) {
    count = next_shard(facts, at, &seconds);
    fprintf(file, "%s", at > 0 ? ";" : "");
    write_ids(file, facts, at, count);
  }
  fprintf(file,
          "</parameter>\n"
          "    </parameterset>\n"
          "    <step name=\"run\">\n"
          "      <use>shards</use>\n"
          "      <do>${grosr} run %s --device=%s --tier=%s --seed=%lld --processes=%lld "
          "--points=${points} --out=shard</do>\n"
          "    </step>\n"
          "  </benchmark>\n"
          "</jube>\n",
          facts->experiment, facts->device, facts->tier, (long long)facts->seed,
          (long long)facts->processes);
}

char *hx_export(const json_t *plan, const char *kind, struct hx_why *why)
{
  struct facts facts;
  char *text = NULL;
  size_t text_bytes = 0;
  const bool is_reframe = strcmp(kind, "reframe") == 0;
  if (!is_reframe && strcmp(kind, "jube") != 0) {
    hx_refuse(why, -EINVAL, "--export %.40s is not known; choose reframe or jube", kind);
    return NULL;
  }
  if (read_facts(plan, &facts, why) < 0)
    return NULL;
  FILE *file = open_memstream(&text, &text_bytes);
  if (file != NULL) {
    if (is_reframe)
      write_reframe(file, &facts);
    else
      write_jube(file, &facts);
    if (fclose(file) == 0)
      return text;
  }
  free(text);
  hx_refuse(why, -ENOMEM, "out of memory for the exported plan; free some and try again");
  return NULL;
}
