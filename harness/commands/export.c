/* export.c - see export.h. Next: shard.h */
#include "export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "shard.h"

static void write_ids(FILE *file, const struct hx_shards *shards, const struct hx_shard *shard)
{
  for (size_t i = 0; i < shard->count; i++)
    fprintf(file, "%s%s", i > 0 ? "," : "", hx_shards_id(shards, shard->first + i));
}

static void write_reframe_shards(FILE *file, const struct hx_shards *shards)
{
  struct hx_shard shard = {0};
  fprintf(file, "# One shard a line: the ids of its points, and its time limit in seconds.\n"
                "SHARDS = [\n");
  while (hx_shards_next(shards, &shard)) {
    fprintf(file, "    ('");
    write_ids(file, shards, &shard);
    fprintf(file, "', %u),\n", hx_shards_limit_s(shard.seconds));
  }
  fprintf(file, "]\n");
}

static void write_reframe(FILE *file, const struct hx_shards *shards)
{
  fprintf(file,
          "# Plan %s of %s,\n"
          "# exported by `grosr plan`. Not to be edited: the ids are those of plan.json.\n"
          "#   reframe -C SITE.py -c THIS_FILE -r       (-S grosr=/path/to/grosr, -S out=DIR)\n"
          "# then merge the folders DIR/shard-* with `grosr merge`.\n"
          "import os\n\n"
          "import reframe as rfm\n"
          "import reframe.utility.sanity as sn\n\n",
          shards->run_id, shards->experiment);
  write_reframe_shards(file, shards);
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
          "            'run', '%s',\n",
          shards->experiment, shards->experiment, shards->tier, shards->device, shards->run_id,
          shards->experiment);
  hx_shards_write_options(file, shards, "            '", "',\n");
  fprintf(file,
          "            f'--points={points}', f'--out={out}']\n"
          "        self.time_limit = f'{seconds}s'\n\n"
          "    @sanity_function\n"
          "    def every_point_is_ok(self):\n"
          "        return sn.assert_eq(self.job.exitcode, 0, 'see points.csv for the reason')\n");
}

/* JUBE makes one work package for each value of a parameter; values are parted by ';' here, since
 * ids are by ','. */
static void write_jube(FILE *file, const struct hx_shards *shards)
{
  struct hx_shard shard = {0};
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
          shards->run_id, shards->experiment, shards->experiment, shards->experiment, shards->tier,
          shards->device);
  while (hx_shards_next(shards, &shard)) {
    fprintf(file, "%s", shard.first > 0 ? ";" : "");
    write_ids(file, shards, &shard);
  }
  fprintf(file,
          "</parameter>\n"
          "    </parameterset>\n"
          "    <step name=\"run\">\n"
          "      <use>shards</use>\n"
          "      <do>${grosr} run %s",
          shards->experiment);
  hx_shards_write_options(file, shards, " ", "");
  fprintf(file, " --points=${points} --out=shard</do>\n"
                "    </step>\n"
                "  </benchmark>\n"
                "</jube>\n");
}

char *hx_export(const json_t *plan, const char *kind, struct hx_why *why)
{
  static const char *const kinds[] = {"reframe", "jube"};
  struct hx_shards shards;
  char *text = NULL;
  size_t text_bytes = 0;
  char nearest[64];
  const bool is_reframe = strcmp(kind, "reframe") == 0;
  if (!is_reframe && strcmp(kind, "jube") != 0) {
    hx_nearest(kind, kinds, 2, nearest, sizeof(nearest));
    hx_refuse(why, -EINVAL, "--export %.40s is not known%s%s; choose reframe or jube", kind,
              nearest[0] != '\0' ? ", the nearest is " : "", nearest);
    return NULL;
  }
  if (hx_shards_open(&shards, plan, 0.0, why) < 0)
    return NULL;
  FILE *file = open_memstream(&text, &text_bytes);
  if (file != NULL) {
    if (is_reframe)
      write_reframe(file, &shards);
    else
      write_jube(file, &shards);
    if (fclose(file) == 0)
      return text;
  }
  free(text);
  hx_refuse(why, -ENOMEM, "out of memory for the exported plan; free some and try again");
  return NULL;
}
