/* slurm.c - see slurm.h. What can be refused is refused before anything is written or submitted.
 * Next: slurm_script.h */
#include "slurm.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "folder.h"
#include "hx.h"
#include "launch.h"
#include "merge.h"
#include "plan.h"
#include "slurm_blocks.h"
#include "slurm_queue.h"
#include "slurm_script.h"
#include "store.h"

#define PATH_BYTES 4096u

/* One experiment of the run. */
struct part {
  json_t *plan; /* of the run's folder, or new */
  struct hx_shards shards;
  char *folder;    /* OUT/EXP */
  char *record;    /* OUT/slurm/EXP.json: {seconds: a shard's length, job} */
  bool is_resumed; /* the plan is in its folder already */
  bool *is_wanted; /* of its points: to be submitted */
  size_t wanted;
};

struct job {
  const struct hx_slurm *slurm;
  const struct hx_found *found;
  const struct hx_args *args;
  char out[PATH_BYTES], grosr[PATH_BYTES], experiments[PATH_BYTES];
  struct part *part;
  size_t parts;
  char *jobs; /* "12:13": what was submitted */
};

static int say(const struct hx_why *why, int code)
{
  fprintf(stderr, "grosr: %s\n", why->text);
  return code;
}

static int absolute(const char *path, char out[PATH_BYTES], struct hx_why *why)
{
  char here[PATH_BYTES / 2] = "";
  const bool is_absolute = path[0] == '/';
  if (!is_absolute && getcwd(here, sizeof(here)) == NULL)
    return hx_refuse(why, -errno, "cannot tell in which folder this is; go to another");
  if (snprintf(out, PATH_BYTES, "%s%s%s", here, is_absolute ? "" : "/", path) >= (int)PATH_BYTES)
    return hx_refuse(why, -ENAMETOOLONG, "%s is too long a name; choose another", path);
  return hx_slurm_check_path(out, why);
}

/* What does not depend on the experiments. */
static int check(struct job *job, struct hx_why *why)
{
  const struct hx_args *args = job->args;
  if (args->device == NULL || strcmp(args->device, "auto") == 0)
    return hx_refuse(why, -EINVAL,
                     "--executor slurm needs --device: this machine cannot tell what the nodes "
                     "have; add --device cpu, or --device cuda and --slurm-option=--gres=gpu:1");
  if (args->reportable)
    return hx_refuse(why, -EINVAL,
                     "--reportable judges one machine; leave it out, and see what `grosr merge` "
                     "says of all in run.json (merged)");
  if (args->budget_ns > 0)
    return hx_refuse(why, -EINVAL,
                     "--budget shares time among the points of one machine; with --executor slurm "
                     "leave it out: --shard-minutes bounds a job, --samples a point");
  const ssize_t bytes = readlink("/proc/self/exe", job->grosr, sizeof(job->grosr) - 1);
  job->grosr[bytes > 0 ? bytes : 0] = '\0';
  int error = hx_slurm_check_path(job->grosr, why);
  error = error < 0 ? error : absolute(args->out, job->out, why);
  error = error < 0 ? error : absolute(job->found->folder, job->experiments, why);
  return error < 0 || args->dry_run ? error : hx_slurm_find("sbatch", NULL, why);
}

/* The shards' length: as it was when the run was begun, or as it is asked for now. */
static int choose_length(const struct hx_slurm *slurm, struct part *part, struct hx_why *why)
{
  json_t *record = hx_store_load(part->record, NULL, why);
  const double before = json_number_value(json_object_get(record, "seconds"));
  const bool is_asked = slurm->shards > 0 || slurm->shard_minutes > 0;
  json_decref(record);
  if (slurm->shards > 0)
    hx_shards_aim(&part->shards, slurm->shards);
  else if (slurm->shard_minutes > 0)
    part->shards.seconds = (double)slurm->shard_minutes * 60.0;
  if (before > 0.0 && is_asked && fabs(before - part->shards.seconds) > 1e-6 * before)
    return hx_refuse(why, -EEXIST,
                     "%s was cut into shards of %.0f s; leave out --shards and --shard-minutes to "
                     "go on with these, or choose another --out",
                     part->folder, before);
  if (before > 0.0)
    part->shards.seconds = before;
  return 0;
}

/* The plan that is there must be the one that is asked for, and then stays. */
static int take_plan(struct part *part, struct hx_why *why)
{
  struct hx_why none;
  json_t *there = hx_plan_load(part->folder, &none);
  char *path = hx_store_path(part->folder, "plan.json");
  int error = 0;
  if (there == NULL && path != NULL && access(path, F_OK) == 0) {
    error = hx_refuse(why, -EBADMSG, "%s", none.text);
  } else if (there != NULL) {
    error = hx_plan_matches(there, part->plan, part->folder, why);
    if (error == 0 && !json_equal(json_object_get(there, "binary_sha256"),
                                  json_object_get(part->plan, "binary_sha256")))
      error = hx_refuse(why, -EEXIST,
                        "%s was begun by another build, and results of two builds are never mixed; "
                        "use that build, or choose another --out",
                        part->folder);
    json_decref(part->plan);
    part->plan = there;
    part->is_resumed = true;
  }
  free(path);
  return error;
}

static int prepare(struct job *job, size_t index, struct part *part, int *code)
{
  struct hx_why why = {{0}};
  const char *name = job->found->name[index];
  part->plan = hx_launch_plan(job->found, index, job->args, code);
  if (part->plan == NULL)
    return -EINVAL;
  *code = HX_EXIT_USAGE;
  int error = asprintf(&part->folder, "%s/%s", job->out, name) < 0 ||
                      asprintf(&part->record, "%s/slurm/%s.json", job->out, name) < 0
                  ? hx_refuse(&why, -ENOMEM, "out of memory for the names of folders")
                  : hx_folder_check(part->folder, &why);
  error = error < 0 ? error : take_plan(part, &why);
  error = error < 0 ? error : hx_shards_open(&part->shards, part->plan, 0.0, &why);
  error = error < 0 ? error : choose_length(job->slurm, part, &why);
  error = error < 0 || job->args->dry_run ? error : hx_slurm_check_queue(part->record, &why);
  part->is_wanted = calloc(json_array_size(part->shards.points) + 1, sizeof(bool));
  if (error == 0 && part->is_wanted == NULL)
    error = hx_refuse(&why, -ENOMEM, "out of memory for the list of points");
  if (error < 0)
    say(&why, *code);
  return error;
}

static void find_wanted(const struct job *job, struct part *part)
{
  part->wanted = 0;
  for (size_t i = 0; i < json_array_size(part->shards.points); i++) {
    part->is_wanted[i] = hx_plan_wants(job->args, hx_shards_id(&part->shards, i)) &&
                         !hx_merge_is_whole(&part->shards, part->folder, i);
    part->wanted += part->is_wanted[i] ? 1 : 0;
  }
}

/* The folder with its plan, and what earlier submissions have measured. */
static int make_folder(const struct job *job, struct part *part, struct hx_why *why)
{
  char *blocks = hx_store_path(part->folder, "blocks");
  char *scripts = hx_store_path(job->out, "slurm");
  char *plan = hx_store_path(part->folder, "plan.json");
  const bool has_names = blocks != NULL && scripts != NULL && plan != NULL;
  int error = has_names ? hx_folder_make(blocks, why) : hx_refuse(why, -ENOMEM, "out of memory");
  error = error < 0 ? error : hx_folder_make(scripts, why);
  error = error < 0 ? error : hx_folder_lock(part->folder, why);
  if (error == 0 && !part->is_resumed && (error = hx_store_json(plan, part->plan)) < 0)
    hx_refuse(why, error, "cannot write %s: %s; choose another --out", plan, strerror(-error));
  free(blocks);
  free(scripts);
  free(plan);
  return error;
}

static int keep_record(const struct part *part, const char *id, struct hx_why *why)
{
  json_t *record = json_pack("{s:f, s:s}", "seconds", part->shards.seconds, "job", id);
  const int error = record != NULL ? hx_store_json(part->record, record) : -ENOMEM;
  json_decref(record);
  return error < 0 ? hx_refuse(why, error,
                               "cannot write %s: %s; free some space, and give the same "
                               "command again",
                               part->record, strerror(-error))
                   : 0;
}

static struct hx_slurm_job script_of(const struct job *job, const struct part *part)
{
  return (struct hx_slurm_job){job->slurm,
                               part != NULL ? &part->shards : NULL,
                               part != NULL ? part->is_wanted : NULL,
                               job->out,
                               job->grosr,
                               job->experiments,
                               job->args->timeout_text};
}

/* Writes a script into the run's folder and submits it. */
static int submit(const struct job *job, const char *name, char *text,
                  const struct hx_slurm_submission *how, char id[HX_SLURM_ID_BYTES],
                  struct hx_why *why)
{
  char path[PATH_BYTES + 64];
  snprintf(path, sizeof(path), "%s/slurm/%s.sbatch", job->out, name);
  int error = text != NULL ? hx_store_write(path, text, strlen(text)) : -ENOMEM;
  if (error < 0)
    hx_refuse(why, error, "cannot write %s: %s; free some space, and give the same command again",
              path, strerror(-error));
  free(text);
  return error < 0 ? error : hx_slurm_submit(path, how, id, why);
}

static int submit_part(struct job *job, struct part *part, struct hx_why *why)
{
  const struct hx_slurm_job script = script_of(job, part);
  const struct hx_slurm_submission how = {0};
  char id[HX_SLURM_ID_BYTES] = "";
  size_t tasks = 0;
  char *more = NULL;
  find_wanted(job, part);
  printf("%s: %zu of %zu points are missing\n", part->folder, part->wanted,
         json_array_size(part->shards.points));
  int error = keep_record(part, "", why);
  if (error < 0 || part->wanted == 0)
    return error;
  char *text = hx_slurm_script(&script, &tasks);
  error = submit(job, part->shards.experiment, text, &how, id, why);
  if (error < 0)
    return error;
  printf("job %s: %zu of %zu shards of %s, as %s/slurm/%s.sbatch has it\n", id, tasks,
         hx_shards_count(&part->shards), part->shards.experiment, job->out,
         part->shards.experiment);
  fflush(stdout);
  if (asprintf(&more, "%s%s%s", job->jobs != NULL ? job->jobs : "", job->jobs != NULL ? ":" : "",
               id) < 0)
    return hx_refuse(why, -ENOMEM, "out of memory for the jobs' numbers");
  free(job->jobs);
  job->jobs = more;
  return keep_record(part, id, why);
}

/* The job that merges at the end; waits for it if that is asked for. */
static int submit_merge(const struct job *job, struct hx_why *why)
{
  const struct hx_slurm_job script = script_of(job, NULL);
  const struct hx_slurm_submission how = {job->jobs, job->slurm->waits};
  char id[HX_SLURM_ID_BYTES] = "";
  if (job->slurm->waits)
    printf("waiting for the jobs; Ctrl-C leaves them running\n");
  fflush(stdout);
  const int error = submit(job, "merge", hx_slurm_merge_script(&script), &how, id, why);
  if (error == 0 && !job->slurm->waits)
    printf("job %s merges at the end; the results will be in %s\n", id, job->out);
  return error;
}

/* What came of it; the exit code. */
static int finish(const struct job *job)
{
  struct hx_why why = {{0}};
  struct hx_merged merged;
  int code = HX_EXIT_OK;
  if (hx_merge_take_shards(job->out, &why) < 0)
    return say(&why, HX_EXIT_HARNESS);
  for (size_t i = 0; i < job->parts; i++) {
    const struct part *part = &job->part[i];
    if (hx_merge_sum_up(part->folder, &merged, &why) < 0)
      return say(&why, HX_EXIT_HARNESS);
    printf("%s: %zu points ok, %zu failed, %zu skipped, %zu missing\n", part->folder, merged.ok,
           merged.failed, merged.skipped, merged.missing);
    find_wanted(job, (struct part *)part);
    if (part->wanted > 0) {
      fprintf(stderr,
              "grosr: %zu points are missing; %s/slurm/%s-*.log say why. The same command again "
              "submits only these; to measure them here:\n%s\n",
              part->wanted, job->out, part->shards.experiment, merged.remedy);
      code = HX_EXIT_HARNESS;
    }
    code = code == HX_EXIT_OK && merged.failed > 0 ? HX_EXIT_FAILED : code;
    hx_merged_fini(&merged);
  }
  printf("results in %s\n", job->out);
  return code;
}

/* Prints the scripts; nothing is written. */
static int show(const struct job *job)
{
  for (size_t i = 0; i < job->parts; i++) {
    const struct hx_slurm_job script = script_of(job, &job->part[i]);
    size_t tasks = 0;
    find_wanted(job, &job->part[i]);
    char *text = job->part[i].wanted > 0 ? hx_slurm_script(&script, &tasks) : NULL;
    printf("# %s: %zu of %zu points are missing: %zu jobs\n%s", job->part[i].folder,
           job->part[i].wanted, json_array_size(job->part[i].shards.points), tasks,
           text != NULL ? text : "");
    free(text);
  }
  return HX_EXIT_OK;
}

static int run(struct job *job)
{
  struct hx_why why = {{0}};
  int error = 0;
  if (job->args->dry_run)
    return show(job);
  for (size_t i = 0; error == 0 && i < job->parts; i++)
    error = make_folder(job, &job->part[i], &why);
  error = error < 0 ? error : hx_merge_take_shards(job->out, &why);
  for (size_t i = 0; error == 0 && i < job->parts && job->args->retry; i++)
    error = hx_slurm_drop_failed(job->out, job->part[i].shards.experiment, &why);
  for (size_t i = 0; error == 0 && i < job->parts; i++)
    error = submit_part(job, &job->part[i], &why);
  if (error == 0 && job->jobs != NULL)
    error = submit_merge(job, &why);
  if (hx_child_signal() != 0) {
    fprintf(stderr, "grosr: no longer waiting; the jobs go on (`squeue` shows them, `scancel` ends "
                    "them), and the same command again takes in what they have done\n");
    return 128 + hx_child_signal();
  }
  if (error < 0 && job->jobs != NULL)
    fprintf(stderr, "grosr: submitted already: %s; `scancel` ends that\n", job->jobs);
  if (error < 0)
    return say(&why, job->jobs != NULL ? HX_EXIT_HARNESS : HX_EXIT_USAGE);
  return job->slurm->waits || job->jobs == NULL ? finish(job) : HX_EXIT_OK;
}

int hx_slurm_run(const struct hx_slurm *slurm, const struct hx_found *found,
                 const struct hx_args *args, const bool *chosen)
{
  struct hx_why why = {{0}};
  int code = HX_EXIT_OK;
  struct job *job = calloc(1, sizeof(*job));
  if (job == NULL || (job->part = calloc(found->count, sizeof(*job->part))) == NULL) {
    free(job);
    return HX_EXIT_HARNESS;
  }
  job->slurm = slurm;
  job->found = found;
  job->args = args;
  if (check(job, &why) < 0)
    code = say(&why, HX_EXIT_USAGE);
  for (size_t i = 0; code == HX_EXIT_OK && i < found->count; i++) {
    int refused = HX_EXIT_OK;
    if (chosen[i] && prepare(job, i, &job->part[job->parts++], &refused) < 0)
      code = refused;
  }
  if (code == HX_EXIT_OK)
    code = run(job);
  for (size_t i = 0; i < job->parts; i++) {
    json_decref(job->part[i].plan);
    free(job->part[i].folder);
    free(job->part[i].record);
    free(job->part[i].is_wanted);
  }
  free(job->jobs);
  free(job->part);
  free(job);
  return code;
}
