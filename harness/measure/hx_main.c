/* hx_main.c - the life of an experiment: check everything, have every point measured, sum up.
 *
 *   args.h -> table.h -> device.h -> sweep.h -> folder.h -> plan.h   refused here: exit 2
 *   run_json.h (the beginning), supervise.c: the blocks that are missing, each by a worker
 *   result.h: samples.csv and points.csv from the blocks; run_json.h (the end), sums.h
 *                                                                   exit 0, 1, 4, 130 or 143
 *
 * What is kept of a run that is cut short, in whatever way: every block that was finished. The same
 * command goes on from there; when nothing is missing it changes nothing.
 *
 * Next: run.h */
#include "hx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "hx_limits.h"
#include "interrupt.h"
#include "pin.h"
#include "provenance.h"
#include "result.h"
#include "review.h"
#include "run.h"
#include "run_json.h"
#include "store.h"
#include "sums.h"
#include "table.h"

/* What a tier asks of a point. */
struct asked {
  uint64_t samples;
  uint64_t limit_ns;
  unsigned processes;
};
static struct asked asked_by(const struct hx_run *run)
{
  if (run->experiment->simulator != NULL)
    return (struct asked){HX_SIM_SAMPLES, HX_SIM_POINT_NS, 1};
  if (strcmp(run->args.tier, "ae") == 0)
    return (struct asked){HX_AE_SAMPLES, HX_AE_POINT_NS, HX_CLAIM_PROCESSES};
  if (strcmp(run->args.tier, "paper") == 0)
    return (struct asked){HX_PAPER_SAMPLES, HX_PAPER_POINT_NS, HX_CLAIM_PROCESSES};
  return (struct asked){HX_SMOKE_SAMPLES, HX_SMOKE_POINT_NS, 1};
}

uint64_t hx_run_limit_ns(const struct hx_run *run, size_t blocks)
{
  uint64_t limit_ns = asked_by(run).limit_ns;
  if (run->budget_end_ns != 0 && blocks > 0) {
    const uint64_t now_ns = hx_now_ns();
    const uint64_t left_ns = run->budget_end_ns > now_ns ? run->budget_end_ns - now_ns : 0;
    const uint64_t share_ns = left_ns / blocks;
    limit_ns = share_ns < limit_ns ? share_ns : limit_ns;
    limit_ns = limit_ns > HX_BUDGET_POINT_NS_MIN ? limit_ns : HX_BUDGET_POINT_NS_MIN;
  }
  return limit_ns;
}

/* Whether the paper's tier may be run. 0, or negative and what is against it. */
static int check_paper(const struct hx_run *run, struct hx_why *why)
{
  return run->experiment->simulator != NULL ? hx_refuse(why, -ENOTSUP, "%s", HX_SIM_REMARK)
                                            : hx_provenance_check_this_build(why);
}

static json_t *make_plan(const struct hx_run *run)
{
  const struct hx_plan_facts facts = {.plan = &run->plan,
                                      .args = &run->args,
                                      .device = run->choice.device,
                                      .run_id = run->run_id,
                                      .samples = run->samples,
                                      .processes = run->processes,
                                      .seconds_max = (double)hx_run_limit_ns(run, 0) * 1e-9};
  return hx_plan_json(&facts);
}

/* A plan that is there already must be ours. Another build of the experiment makes every block
 * anew, and the plan then names that one. */
static int check_plan(struct hx_run *run, struct hx_why *why)
{
  int error = 0;
  char *path = hx_store_path(run->folder, "plan.json");
  json_t *there = path != NULL ? hx_store_load(path, &error, why) : NULL;
  json_t *mine = there != NULL ? make_plan(run) : NULL;
  run->is_resumed = there != NULL;
  run->keeps_plan = json_equal(json_object_get(there, "binary_sha256"),
                               json_object_get(mine, "binary_sha256")) == 1;
  if (there != NULL)
    error = mine != NULL ? hx_plan_matches(there, mine, run->folder, why) : -ENOMEM;
  json_decref(there);
  json_decref(mine);
  free(path);
  return error == -ENOENT ? 0 : error;
}

/* Everything that can be refused, before anything is run. */
static int prepare(struct hx_run *run, struct hx_why *why)
{
  const struct hx_args *args = &run->args;
  if (run->experiment->simulator != NULL) /* its description names the seed */
    run->experiment->simulator->begin(args->seed);
  int result = args->print_plan
                   ? hx_device_name(run->experiment, args->device, &run->choice, why)
                   : hx_device_choose(run->experiment, args->device, &run->choice, why);
  if (result < 0)
    return result;
  const struct hx_sweep_wish wish = {run->choice.device, args->tier, args->variant, args->factor,
                                     args->factor_count};
  result = hx_sweep_plan(run->experiment, &wish, &run->plan, why);
  if (result == 0 && strcmp(args->tier, "paper") == 0) {
    struct hx_why build;
    result = check_paper(run, &build);
    if (result < 0)
      hx_refuse(why, result, "--tier paper is refused: %s", build.text);
  }
  if (result < 0)
    return result;
  result = hx_review_check(args, why);
  if (result < 0)
    return result;
  if (!args->in_table_order)
    hx_sweep_shuffle(&run->plan, args->seed);
  run->samples = args->samples > 0 ? args->samples : asked_by(run).samples;
  run->processes = args->processes > 0 ? (unsigned)args->processes : asked_by(run).processes;
  if (args->run_id != NULL)
    snprintf(run->run_id, sizeof(run->run_id), "%s", args->run_id);
  else
    hx_folder_run_id(run->run_id);
  run->folder = hx_folder_path(args->out, run->run_id, run->experiment->name);
  if (run->folder == NULL)
    return hx_refuse(why, -ENOMEM, "out of memory for the name of the output folder");
  if (args->points != NULL) {
    json_t *mine = make_plan(run);
    result = mine != NULL ? hx_plan_check_points(mine, args->points, why) : -ENOMEM;
    json_decref(mine);
  }
  if (result < 0)
    return result;
  result = hx_sha256_file("/proc/self/exe", run->binary_sha256);
  if (result < 0)
    return hx_refuse(why, result, "cannot read this program's own file: %s", strerror(-result));
  if (args->worker != NULL || args->print_plan)
    return 0;
  result = hx_folder_check(run->folder, why);
  return result < 0 ? result : check_plan(run, why);
}

static int print_plan(const struct hx_run *run)
{
  json_t *plan = make_plan(run);
  const bool is_out = plan != NULL && json_dumpf(plan, stdout, JSON_INDENT(1)) == 0 &&
                      fputc('\n', stdout) != EOF && fflush(stdout) == 0;
  json_decref(plan);
  return is_out ? HX_EXIT_OK : HX_EXIT_HARNESS;
}

static int make_folder(const struct hx_run *run, struct hx_why *why)
{
  char *blocks = hx_store_path(run->folder, "blocks");
  int result = blocks != NULL ? hx_folder_make(blocks, why) : -ENOMEM;
  if (result == 0)
    result = hx_folder_lock(run->folder, why);
  if (result == 0) {
    hx_store_sweep(run->folder);
    hx_store_sweep(blocks);
  }
  free(blocks);
  return result;
}

static int write_plan(const struct hx_run *run, struct hx_why *why)
{
  char *path = hx_store_path(run->folder, "plan.json");
  json_t *mine = make_plan(run);
  const int error = path == NULL || mine == NULL ? -ENOMEM : hx_store_json(path, mine);
  if (error < 0)
    hx_refuse(why, error, "cannot write results to %s: %s; choose another --out", run->folder,
              strerror(-error));
  json_decref(mine);
  free(path);
  return error;
}

/* Says how it ended; the exit code. */
static int tell_end(const struct hx_run *run, const struct hx_supervised *done,
                    const struct hx_result *result, char reason[HX_WHY_BYTES])
{
  const char *name = run->experiment->name;
  int code = HX_EXIT_OK;
  snprintf(reason, HX_WHY_BYTES, "finished");
  if (done->error < 0) {
    code = HX_EXIT_HARNESS;
    snprintf(reason, HX_WHY_BYTES, "results could not be kept: %s; free some space and run again",
             strerror(-done->error));
  } else if (done->signal != 0) {
    code = 128 + done->signal;
    snprintf(reason, HX_WHY_BYTES, "stopped by %s", strsignal(done->signal));
  } else if (result->failed > 0) {
    code = HX_EXIT_FAILED;
    snprintf(reason, HX_WHY_BYTES, "some point failed");
  }
  if (code != HX_EXIT_OK)
    fprintf(stderr, "%s: %s; %zu of %zu points are kept in %s\n", name, reason,
            result->ok + result->failed + result->skipped, run->plan.point_count, run->folder);
  return code;
}

/* What stands against the results goes with them; --reportable then gives no 0. */
static int review_end(const struct hx_run *run, struct hx_run_json *json,
                      const struct hx_result *result, int code)
{
  char sentence[HX_WHY_BYTES * 2];
  struct hx_refusals *refusals = malloc(sizeof(*refusals));
  hx_run_json_look(json);
  if (refusals == NULL)
    return code;
  hx_review(run, json, result, refusals);
  hx_run_json_review(json, refusals);
  if (refusals->standing > 0) {
    hx_reportable_sentence(refusals, sentence, sizeof(sentence));
    fprintf(stderr, "%s: %s\n", run->experiment->name, sentence);
    code = run->args.reportable && code == HX_EXIT_OK ? HX_EXIT_FAILED : code;
  }
  free(refusals);
  return code;
}

/* Files from the blocks; the exit code. */
static int sum_up(const struct hx_run *run, struct hx_run_json *json,
                  const struct hx_supervised *done)
{
  char reason[HX_WHY_BYTES];
  struct hx_why why;
  struct hx_result result;
  int error = hx_result_build(run->folder, &result, &why);
  if (error < 0) {
    fprintf(stderr, "%s: %s\n", run->experiment->name, why.text);
    return HX_EXIT_HARNESS;
  }
  int code = tell_end(run, done, &result, reason);
  error = hx_result_write(&result, run->folder);
  if (json->root != NULL) {
    code = review_end(run, json, &result, code);
    hx_run_json_end(json, &result, code, reason);
    const int written = hx_run_json_write(json);
    error = error < 0 ? error : written;
    hx_run_json_drop(json);
  } else if (run->args.reportable && code == HX_EXIT_OK) {
    code = hx_run_json_is_reportable(run->folder) ? code : HX_EXIT_FAILED;
  }
  error = error < 0 ? error : hx_sums_write(run->folder);
  if (error < 0) {
    fprintf(stderr, "%s: results in %s could not be written: %s; free some space and run again\n",
            run->experiment->name, run->folder, strerror(-error));
    code = HX_EXIT_HARNESS;
  }
  hx_result_print(&result);
  printf("results in %s\n", run->folder);
  fflush(stdout);
  hx_result_fini(&result);
  return code;
}

/* run.json as it is while points are being measured. */
static int open_json(struct hx_run *run, int argc, char **argv, struct hx_run_json *json)
{
  const struct hx_run_facts facts = {.args = &run->args,
                                     .plan = &run->plan,
                                     .run_id = run->run_id,
                                     .folder = run->folder,
                                     .choice = &run->choice,
                                     .processes = run->processes,
                                     .argc = argc,
                                     .argv = argv};
  int error = hx_interrupt_init();
  if (error == 0)
    error = hx_run_json_open(json, &facts);
  if (error == 0)
    error = hx_run_json_write(json);
  if (error < 0)
    fprintf(stderr, "%s: cannot write results to %s: %s; choose another --out\n",
            run->experiment->name, run->folder, strerror(-error));
  return error;
}

static int run_experiment(struct hx_run *run, int argc, char **argv)
{
  struct hx_why stop = {{0}};
  struct hx_supervised done;
  struct hx_run_json json = {0};
  if (run->args.reportable && hx_review_first(run) < 0)
    return HX_EXIT_USAGE;
  int error = make_folder(run, &stop);
  if (error == 0 && !run->keeps_plan)
    error = write_plan(run, &stop);
  if (error < 0) {
    fprintf(stderr, "%s: %s\n", run->experiment->name, stop.text);
    return HX_EXIT_USAGE;
  }
  const size_t missing = hx_supervise_missing(run);
  if (run->choice.auto_sentence[0] != '\0')
    fprintf(stderr, "%s: --device auto chose cpu: %s\n", run->experiment->name,
            run->choice.auto_sentence);
  if (run->is_resumed)
    fprintf(stderr, "%s: going on in %s: %zu blocks are missing\n", run->experiment->name,
            run->folder, missing);
  if (run->args.budget_ns != 0)
    run->budget_end_ns = hx_now_ns() + run->args.budget_ns;
  if (missing > 0 && open_json(run, argc, argv, &json) < 0) {
    hx_run_json_drop(&json);
    return HX_EXIT_HARNESS;
  }
  error = hx_supervise(run, argv, &done, &stop);
  if (error < 0) {
    fprintf(stderr, "%s: %s\n", run->experiment->name, stop.text);
    hx_run_json_drop(&json);
    return HX_EXIT_HARNESS;
  }
  return sum_up(run, &json, &done);
}

int hx_main(int argc, char **argv, const struct hx_experiment *experiment)
{
  struct hx_run run = {0};
  struct hx_why why = {{0}};
  int code = HX_EXIT_OK;
  run.experiment = experiment;
  if (hx_table_check(experiment, &why) < 0) {
    fprintf(stderr, "%s: bug in the experiment: %s\n", argv[0], why.text);
    return HX_EXIT_HARNESS;
  }
  if (hx_args_parse(&run.args, experiment->title, argc, argv) < 0)
    return HX_EXIT_USAGE;
  if (run.args.describe)
    return hx_describe_table(experiment) < 0 ? HX_EXIT_HARNESS : HX_EXIT_OK;

  if (hx_pin_init() < 0) /* first: a device's description may count cores */
    fprintf(stderr, "%s: hwloc cannot read this machine; threads stay unbound\n", experiment->name);
  if (prepare(&run, &why) < 0) {
    fprintf(stderr, "%s: %s\n", experiment->name, why.text);
    code = HX_EXIT_USAGE;
  } else if (run.args.worker != NULL) {
    code = hx_worker(&run);
  } else if (run.args.print_plan) {
    code = print_plan(&run);
  } else if (run.args.dry_run) {
    hx_describe_plan(&run.plan, run.choice.device, run.processes,
                     (double)hx_run_limit_ns(&run, 0) * 1e-9);
  } else {
    code = run_experiment(&run, argc, argv);
  }
  hx_sweep_fini(&run.plan);
  hx_pin_fini();
  free(run.folder);
  return code;
}
