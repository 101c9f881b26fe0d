/* slurm_script.c - see slurm_script.h. Next: slurm.h */
#include "slurm_script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "merge.h"

#define MERGE_MINUTES 30u

int hx_slurm_check_path(const char *path, struct hx_why *why)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/_.:+-,=@~";
  if (path[strspn(path, allowed)] == '\0')
    return 0;
  return hx_refuse(why, -EINVAL,
                   "%s has other than letters, digits and /_.:+-,=@~ in it, which scripts for "
                   "Slurm cannot hold; use another folder",
                   path);
}

static void write_own_options(FILE *file, const struct hx_slurm *slurm)
{
  for (size_t i = 0; i < slurm->option_count; i++)
    fprintf(file, "#SBATCH %s\n", slurm->option[i]);
}

static bool has_wanted(const struct hx_slurm_job *job, const struct hx_shard *shard,
                       double *seconds)
{
  size_t wanted = 0;
  for (size_t i = shard->first; i < shard->first + shard->count; i++)
    wanted += job->is_wanted[i] ? 1 : 0;
  *seconds = shard->count > 0 ? shard->seconds * (double)wanted / (double)shard->count : 0.0;
  return wanted > 0;
}

/* "0,2,3%4" */
static void write_array(FILE *file, const struct hx_slurm_job *job, size_t *tasks, double *longest)
{
  struct hx_shard shard = {0};
  *tasks = 0;
  *longest = 0.0;
  fprintf(file, "#SBATCH --array=");
  for (size_t n = 0; hx_shards_next(job->shards, &shard); n++) {
    double seconds = 0.0;
    if (!has_wanted(job, &shard, &seconds))
      continue;
    *longest = seconds > *longest ? seconds : *longest;
    fprintf(file, "%s%zu", (*tasks)++ > 0 ? "," : "", n);
  }
  if (job->slurm->throttle > 0)
    fprintf(file, "%%%llu", (unsigned long long)job->slurm->throttle);
  fprintf(file, "\n");
}

static void write_cases(FILE *file, const struct hx_slurm_job *job)
{
  struct hx_shard shard = {0};
  fprintf(file, "case $SLURM_ARRAY_TASK_ID in\n");
  for (size_t n = 0; hx_shards_next(job->shards, &shard); n++) {
    double seconds = 0.0;
    bool is_first = true;
    if (!has_wanted(job, &shard, &seconds))
      continue;
    fprintf(file, "%zu) points=", n);
    for (size_t i = shard.first; i < shard.first + shard.count; i++) {
      if (job->is_wanted[i])
        fprintf(file, "%s%s", is_first ? "" : ",", hx_shards_id(job->shards, i));
      is_first = is_first && !job->is_wanted[i];
    }
    fprintf(file, " ;;\n");
  }
  fprintf(file, "*) echo \"there is no shard $SLURM_ARRAY_TASK_ID here\" >&2; exit 2 ;;\nesac\n");
}

char *hx_slurm_script(const struct hx_slurm_job *job, size_t *tasks)
{
  const struct hx_shards *shards = job->shards;
  double longest = 0.0;
  char *text = NULL;
  size_t bytes = 0;
  FILE *file = open_memstream(&text, &bytes);
  if (file == NULL)
    return NULL;
  fprintf(
      file,
      "#!/bin/sh\n"
      "# Shards of plan %s of %s,\n"
      "# written by `grosr run --executor slurm`. A task measures what is missing of its shard,\n"
      "# so this file may be submitted again as it is: sbatch FILE; and then: grosr merge %s\n"
      "#SBATCH --job-name=grosr-%s\n",
      shards->run_id, shards->experiment, job->out, shards->experiment);
  write_array(file, job, tasks, &longest);
  fprintf(file,
          "#SBATCH --nodes=1\n"
          "#SBATCH --ntasks=1\n"
          "#SBATCH --exclusive\n"
          "#SBATCH --time=%u\n"
          "#SBATCH --output=%s/slurm/%s-%%a.log\n"
          "#SBATCH --open-mode=append\n",
          (hx_shards_limit_s(longest) + 59u) / 60u, job->out, shards->experiment);
  write_own_options(file, job->slurm);
  fprintf(file, "export GROSR_EXPERIMENTS_DIR=%s\n", job->experiments);
  write_cases(file, job);
  fprintf(file, "exec %s run %s", job->grosr, shards->experiment);
  hx_shards_write_options(file, shards, " ", "");
  if (job->point_timeout != NULL)
    fprintf(file, " --point-timeout=%s", job->point_timeout);
  fprintf(file,
          " --run-id=%s \\\n"
          "  --points=\"$points\" --out=%s/" HX_MERGE_SHARDS "/\"$SLURM_ARRAY_TASK_ID\"\n",
          shards->run_id, job->out);
  if (fclose(file) == 0)
    return text;
  free(text);
  return NULL;
}

char *hx_slurm_merge_script(const struct hx_slurm_job *job)
{
  char *text = NULL;
  size_t bytes = 0;
  FILE *file = open_memstream(&text, &bytes);
  if (file == NULL)
    return NULL;
  fprintf(file,
          "#!/bin/sh\n"
          "# Takes the shards together, whatever became of them; may be run by hand, too.\n"
          "#SBATCH --job-name=grosr-merge\n"
          "#SBATCH --nodes=1\n"
          "#SBATCH --ntasks=1\n"
          "#SBATCH --time=%u\n"
          "#SBATCH --output=%s/slurm/merge.log\n"
          "#SBATCH --open-mode=append\n",
          MERGE_MINUTES, job->out);
  write_own_options(file, job->slurm);
  fprintf(file, "exec %s merge %s\n", job->grosr, job->out);
  if (fclose(file) == 0)
    return text;
  free(text);
  return NULL;
}
