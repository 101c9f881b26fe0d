/* hx_main.c - the life of an experiment: check everything, then run point after point.
 *
 *   args.h -> table.h -> device.h -> sweep.h -> folder.h   refused here: exit 2, nothing was run
 *   for each point: point.h (probe, run), result.h (rows), run_json.h (notes), progress.h
 *   run_json.h (the end), result.h (the table)             exit 0, 1, 4, 130 or 143
 *
 * Main thread only. What is kept of a sweep that is cut short: every point that was finished.
 *
 * Next: args.c */
#include "hx.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "describe.h"
#include "device.h"
#include "folder.h"
#include "interrupt.h"
#include "hx_limits.h"
#include "pin.h"
#include "progress.h"
#include "provenance.h"
#include "result.h"
#include "run_json.h"
#include "table.h"

struct run {
  const struct hx_experiment *experiment;
  struct hx_args args;
  struct hx_choice choice;
  char run_id[HX_RUN_ID_BYTES];
  char *folder;
  struct hx_plan plan;
  struct hx_result result;
  struct hx_run_json json;
  struct hx_progress progress;
  uint64_t budget_end_ns; /* 0: no budget */
  bool some_failed;
};

/* Whether the results may be shown as a machine's. 0, or negative and what is against it. */
static int check_reportable(const struct run *run, struct hx_why *why)
{
  return run->experiment->simulator != NULL ? hx_refuse(why, -ENOTSUP, "%s", HX_SIM_REMARK)
                                            : hx_provenance_check_this_build(why);
}

/* Everything that can be refused, before anything is run. */
static int prepare(struct run *run, struct hx_why *why)
{
  const struct hx_args *args = &run->args;
  if (run->experiment->simulator != NULL) /* its description names the seed */
    run->experiment->simulator->begin(args->seed);
  int result = hx_device_choose(run->experiment, args->device, &run->choice, why);
  if (result < 0)
    return result;
  const struct hx_sweep_wish wish = {run->choice.device, args->tier, args->variant, args->factor,
                                     args->factor_count};
  result = hx_sweep_plan(run->experiment, &wish, &run->plan, why);
  if (result == 0 && strcmp(args->tier, "paper") == 0) {
    struct hx_why build;
    result = check_reportable(run, &build);
    if (result < 0)
      hx_refuse(why, result, "--tier paper is refused: %s", build.text);
  }
  if (result < 0)
    return result;
  if (args->run_id != NULL)
    snprintf(run->run_id, sizeof(run->run_id), "%s", args->run_id);
  else
    hx_folder_run_id(run->run_id);
  run->folder = hx_folder_path(args->out, run->run_id, run->experiment->name);
  if (run->folder == NULL)
    return hx_refuse(why, -ENOMEM, "out of memory for the name of the output folder");
  return hx_folder_check(run->folder, why);
}

static uint64_t point_limit_ns(const struct run *run, size_t index)
{
  uint64_t limit_ns = run->experiment->simulator != NULL     ? HX_SIM_POINT_NS
                      : strcmp(run->args.tier, "paper") == 0 ? HX_PAPER_POINT_NS
                                                             : HX_SMOKE_POINT_NS;
  if (run->budget_end_ns != 0) {
    const uint64_t now_ns = hx_now_ns();
    const uint64_t left_ns = run->budget_end_ns > now_ns ? run->budget_end_ns - now_ns : 0;
    const uint64_t share_ns = left_ns / (run->plan.point_count - index);
    limit_ns = share_ns < limit_ns ? share_ns : limit_ns;
    limit_ns = limit_ns > HX_BUDGET_POINT_NS_MIN ? limit_ns : HX_BUDGET_POINT_NS_MIN;
  }
  return limit_ns;
}

static int keep_point(struct run *run, size_t index, struct hx_point *point)
{
  const int result = hx_result_add(&run->result, index, point);
  hx_run_json_add(&run->json, index, point, false);
  run->some_failed = run->some_failed || point->verdict == HX_POINT_FAILED;
  hx_progress_end(&run->progress, point);
  return result;
}

/* The point whose run() is running; for one that calls exit(), as a simulation that went wrong
 * does. */
static struct inside {
  struct run *run; /* NULL: none */
  size_t index;
  struct hx_point *point;
  pid_t pid; /* a child that it forked may exit as it likes */
} inside;

/* Says how it ended, and writes the end of run.json. The exit code. */
static int end_points(struct run *run, int code, const char *reason)
{
  if (code != HX_EXIT_OK)
    fprintf(stderr, "%s: %s; %zu of %zu points are kept in %s\n", run->experiment->name, reason,
            run->json.ok + run->json.failed + run->json.skipped, run->plan.point_count,
            run->folder);
  const int result = hx_run_json_close(&run->json, &run->result, code, reason);
  if (result < 0 && code != HX_EXIT_HARNESS) {
    fprintf(stderr, "%s: %s/run.json could not be written: %s; free some space and run again\n",
            run->experiment->name, run->folder, strerror(-result));
    code = HX_EXIT_HARNESS;
  }
  return code;
}

/* Called by exit(). Nothing of the experiment is called any more, it may be in any state. */
static void end_inside(int status, void *unused)
{
  char reason[HX_REASON_BYTES];
  struct run *run = inside.run;
  (void)unused;
  if (run == NULL || inside.pid != getpid())
    return;
  const struct hx_simulator *simulator = run->experiment->simulator;
  const char *what = simulator != NULL ? simulator->violation() : "";
  if (what[0] != '\0')
    snprintf(reason, sizeof(reason), "the simulation went wrong (seed %" PRIu64 "): %s",
             run->args.seed, what);
  else
    snprintf(reason, sizeof(reason), "the experiment ended the process");
  hx_fail(inside.point, "%s", reason);
  inside.point->end_ns = hx_now_ns();
  keep_point(run, inside.index, inside.point);
  end_points(run, status, reason);
  hx_result_close(&run->result);
  inside = (struct inside){0};
}

/* 0 also when the point failed: that costs only the point. */
static int run_point(struct run *run, size_t index)
{
  const struct hx_simulator *simulator = run->experiment->simulator;
  const uint64_t tier_samples = simulator != NULL                      ? HX_SIM_SAMPLES
                                : strcmp(run->args.tier, "paper") == 0 ? HX_PAPER_SAMPLES
                                                                       : HX_SMOKE_SAMPLES;
  const struct hx_point_setup setup = {
      .plan = &run->plan,
      .index = index,
      .device = run->choice.device,
      .tier = run->args.tier,
      .seed = run->args.seed,
      .limit_ns = point_limit_ns(run, index),
      .sample_goal = run->args.samples > 0 ? run->args.samples : tier_samples,
  };
  struct hx_point point;
  int result = hx_point_init(&point, &setup);
  if (result < 0)
    return result;
  hx_progress_begin(&run->progress, index);
  if (simulator != NULL)
    simulator->begin(run->args.seed);
  inside = (struct inside){run, index, &point, getpid()};
  hx_point_run(&point);
  inside = (struct inside){0};
  hx_pin_release();
  if (hx_interrupted())
    hx_run_json_add(&run->json, index, &point, true);
  else
    result = keep_point(run, index, &point);
  hx_point_fini(&point);
  return result;
}

/* All points, then the end of run.json. The exit code. */
static int run_points(struct run *run)
{
  char reason[HX_WHY_BYTES] = "finished";
  int code = HX_EXIT_OK;
  int result = 0;
  size_t index = 0;
  hx_progress_open(&run->progress, &run->plan, point_limit_ns(run, 0) * run->plan.point_count);
  for (; index < run->plan.point_count && result == 0 && !hx_interrupted(); index++)
    result = run_point(run, index);
  hx_progress_close(&run->progress);

  if (result < 0) {
    code = HX_EXIT_HARNESS;
    snprintf(reason, sizeof(reason), "results could not be kept: %s", strerror(-result));
  } else if (hx_interrupted() && (index < run->plan.point_count || run->json.dropped > 0)) {
    code = 128 + hx_interrupt_signal();
    snprintf(reason, sizeof(reason), "stopped by %s", strsignal(hx_interrupt_signal()));
  } else if (run->some_failed) {
    code = HX_EXIT_FAILED;
    snprintf(reason, sizeof(reason), "some point failed");
  }
  return end_points(run, code, reason);
}

static int run_experiment(struct run *run, int argc, char **argv)
{
  struct hx_why why = {{0}};
  const bool is_reportable = check_reportable(run, &why) == 0;
  const struct hx_run_facts facts = {.args = &run->args,
                                     .plan = &run->plan,
                                     .run_id = run->run_id,
                                     .folder = run->folder,
                                     .choice = &run->choice,
                                     .not_reportable = is_reportable ? "" : why.text,
                                     .argc = argc,
                                     .argv = argv};
  struct hx_why folder_why;
  int result = hx_folder_make(run->folder, &folder_why);
  if (result < 0) {
    fprintf(stderr, "%s: %s\n", run->experiment->name, folder_why.text);
    return HX_EXIT_USAGE;
  }
  if (!is_reportable)
    fprintf(stderr, "%s: these results are not reportable: %s\n", run->experiment->name, why.text);
  if (run->choice.auto_sentence[0] != '\0')
    fprintf(stderr, "%s: --device auto chose cpu: %s\n", run->experiment->name,
            run->choice.auto_sentence);
  if (run->args.budget_ns != 0)
    run->budget_end_ns = hx_now_ns() + run->args.budget_ns;
  result = hx_interrupt_init();
  if (result == 0)
    result = hx_result_open(&run->result, &run->plan, run->choice.device, run->folder);
  if (result < 0)
    goto out;
  result = hx_run_json_open(&run->json, &facts);
  if (result < 0) {
    hx_result_close(&run->result);
    goto out;
  }
  on_exit(end_inside, NULL);
  int code = run_points(run);
  hx_result_print(&run->result);
  printf("results in %s\n", run->folder);
  fflush(stdout);
  if (hx_result_close(&run->result) < 0)
    code = HX_EXIT_HARNESS;
  return code;
out:
  fprintf(stderr, "%s: cannot write results to %s: %s; choose another --out\n",
          run->experiment->name, run->folder, strerror(-result));
  return HX_EXIT_HARNESS;
}

int hx_main(int argc, char **argv, const struct hx_experiment *experiment)
{
  struct run run = {0};
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
    fprintf(stderr, "%s: hwloc cannot read this machine; threads stay unbound\n",
            experiment->name);
  if (prepare(&run, &why) < 0) {
    fprintf(stderr, "%s: %s\n", experiment->name, why.text);
    code = HX_EXIT_USAGE;
  } else if (run.args.dry_run) {
    hx_describe_plan(&run.plan, run.choice.device);
  } else {
    code = run_experiment(&run, argc, argv);
  }
  hx_sweep_fini(&run.plan);
  hx_pin_fini();
  free(run.folder);
  return code;
}
