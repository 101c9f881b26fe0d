/* exp1_grosr.c - the engine grosr_host: tasks submitted by a spinning host thread.
 *
 * once is grosr_submit and grosr_wait; load is the pipeline of exp_pipeline.h, whose window slides;
 * under an open load (variant grosr_open) a task is waited for when its result is there.
 *
 * Next: exp1_grosr_device.c */
#include "exp1_grosr.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "exp_pipeline.h"

#define CLOCK_TRIPS 64u /* trips from which the two clocks are compared */

GROSR_IMAGE(exp1);

struct host_run {
  struct exp1_grosr run;
  struct grosr_task once;
  uint32_t op_plain;
  uint32_t op_timed;
  uint64_t salt;
  struct exp_pipeline pipeline;
  grosr_ticket open[EXP1_OPEN_MAX];
};

int exp1_grosr_fail(struct exp1_grosr *run, const char *what)
{
  return hx_fail(run->point, "%s: %s", what, grosr_last_error());
}

int exp1_grosr_open(struct exp1_grosr *run, struct hx_point *point,
                    const struct exp1_grosr_want *want)
{
  const uint64_t bytes = want->words * sizeof(uint64_t);
  struct grosr_options options;
  struct grosr_info info;
  void *host = NULL;
  grosr_options_init(&options);
  options.device = hx_device(point);
  options.image = &grosr_image_exp1;
  options.idle_mode = want->sleeps ? GROSR_IDLE_BALANCED : GROSR_IDLE_LATENCY;
  options.shared_bytes = bytes + 4096u;
  options.scratch_bytes = want->scratch_bytes;
  options.teams = want->teams != 0u ? want->teams : GROSR_AUTO;
  options.graph_nodes = want->graph_nodes;
  *run = (struct exp1_grosr){.point = point};
  int result = grosr_open(&options, &run->g);
  if (result == -ENODEV) {
    return hx_unmet(point, "%s", grosr_last_error());
  }
  if (result < 0) {
    return exp1_grosr_fail(run, "open");
  }
  result = grosr_shared_take(run->g, bytes, &host, &run->device);
  if (result < 0) {
    exp1_grosr_fail(run, "shared memory");
    grosr_close(run->g);
    return result;
  }
  run->words = host;
  memset(host, 0, bytes); /* touched before anything is timed */
  run->incarnation = grosr_incarnation(run->g);
  if (grosr_info(run->g, &info) == 0) {
    hx_note(point, "runtime", "%s; %s; %u teams of %u lanes; idle mode %s", info.description,
            info.placement, info.teams, info.lanes, want->sleeps ? "balanced" : "latency");
  }
  return 0;
}

static int check_stats(struct exp1_grosr *run)
{
  struct grosr_stats stats;
  if (grosr_wait_all(run->g, EXP1_WAIT_NS) < 0 || grosr_stats(run->g, &stats) < 0) {
    return exp1_grosr_fail(run, "at the end");
  }
  hx_note(run->point, "tasks",
          "%" PRIu64 " from the host, %" PRIu64 " from ops, %" PRIu64 " completed; "
          "%" PRIu64 " by mailbox, %" PRIu64 " by queue, %" PRIu64 " by ingress",
          stats.accepted, stats.submitted, stats.completed, stats.from_mailbox, stats.from_queue,
          stats.from_ingress);
  if (stats.launches != 1u || grosr_incarnation(run->g) != run->incarnation) {
    return hx_fail(run->point, "the microkernel left and was launched %" PRIu64 " times",
                   stats.launches);
  }
  if (stats.completed != stats.accepted + stats.submitted || stats.failed != 0u) {
    return hx_fail(run->point, "%" PRIu64 " tasks in, %" PRIu64 " completed, %" PRIu64 " failed",
                   stats.accepted + stats.submitted, stats.completed, stats.failed);
  }
  return 0;
}

int exp1_grosr_close(struct exp1_grosr *run, int result)
{
  const int checked = result < 0 ? result : check_stats(run);
  const int closed = grosr_close(run->g);
  if (closed < 0 || (closed > 0 && checked == 0)) {
    return hx_fail(run->point, "close: %s", closed < 0 ? grosr_last_error() : "tickets were left");
  }
  return checked;
}

static int host_once(void *state, const struct exp1_work *work)
{
  struct host_run *host = state;
  struct grosr_task *task = &host->once;
  grosr_ticket ticket;
  int32_t answer = 0;
  task->op = work->timed ? host->op_timed : host->op_plain;
  task->arg[0] = host->run.device + work->slot * sizeof(uint64_t);
  task->arg[1] = work->a;
  task->arg[2] = work->b;
  task->arg[3] = work->c;
  int result = grosr_submit(host->run.g, task, &ticket);
  if (result == 0) {
    result = grosr_wait(host->run.g, ticket, EXP1_WAIT_NS, &answer);
  }
  return result < 0 ? result : answer;
}

static void host_fill(void *state, uint64_t first, uint64_t count, struct grosr_task *task)
{
  const struct host_run *host = state;
  for (uint64_t i = first; i < first + count; i++, task++) {
    task->op = host->op_plain;
    task->arg[0] = host->run.device + i * sizeof(uint64_t);
    task->arg[1] = EXP1_A(i);
    task->arg[2] = EXP1_B(i);
    task->arg[3] = host->salt;
  }
}

static int host_load(void *state, const struct exp1_load *load)
{
  struct host_run *host = state;
  host->salt = load->salt;
  host->pipeline.window = load->window;
  return exp_pipeline_run(&host->pipeline, load->tasks);
}

static int host_submit(void *state, uint64_t i, uint64_t salt)
{
  struct host_run *host = state;
  host->salt = salt;
  host_fill(host, i, 1u, &host->once);
  return grosr_submit(host->run.g, &host->once, &host->open[i]);
}

/* The op writes its result just before the device writes the completion. */
static int host_done(void *state, uint64_t i, uint64_t salt)
{
  struct host_run *host = state;
  const volatile uint64_t *words = host->run.words;
  int32_t answer = 0;
  if (words[i] != exp1_wanted(i, salt)) {
    return 0;
  }
  const int result = grosr_wait(host->run.g, host->open[i], EXP1_WAIT_NS, &answer);
  return result < 0 ? result : answer < 0 ? answer : 1;
}

/* Only where ops have another clock than the host. */
static int host_clock(void *state, int64_t *ahead_ns, uint64_t *error_ns)
{
  struct host_run *host = state;
  const struct exp1_work work = {0, 1, 1, 1, true};
  struct exp1_clock_fit fit = {0};
  for (uint32_t k = 0; k < CLOCK_TRIPS; k++) {
    uint64_t ns[3];
    ns[0] = exp_now_ns();
    const int result = host_once(host, &work);
    ns[2] = exp_now_ns();
    if (result < 0) {
      return result;
    }
    ns[1] = host->run.words[1];
    exp1_clock_fit_add(&fit, ns);
  }
  exp1_clock_fit_end(&fit, ahead_ns, error_ns);
  return 0;
}

static int run_host(struct hx_point *point, uint64_t words,
                    int (*measure)(struct hx_point *, const struct exp1_engine *))
{
  static struct host_run host;
  const struct exp1_grosr_want want = {.words = words};
  int result = exp1_grosr_open(&host.run, point, &want);
  if (result < 0) {
    return result;
  }
  if (grosr_op(host.run.g, "body", &host.op_plain) < 0 ||
      grosr_op(host.run.g, "body_timed", &host.op_timed) < 0) {
    return exp1_grosr_close(&host.run, exp1_grosr_fail(&host.run, "op"));
  }
  memset(&host.once, 0, sizeof(host.once));
  host.pipeline = (struct exp_pipeline){
      .g = host.run.g, .wait_ns = EXP1_WAIT_NS, .fill = host_fill, .state = &host};
  const struct exp1_engine engine = {
      .once = host_once,
      .load = host_load,
      .submit = host_submit,
      .done = host_done,
      .state = &host,
      .out = host.run.words,
      .clock = strncmp(hx_device(point), "cuda", 4) == 0 ? host_clock : NULL,
  };
  return exp1_grosr_close(&host.run, measure(point, &engine));
}

int exp1_run_grosr_host(struct hx_point *point)
{
  return run_host(point, exp1_tasks(point) + 2u, exp1_measure);
}

int exp1_run_grosr_open(struct hx_point *point)
{
  return run_host(point, EXP1_OPEN_MAX, exp1_measure_open);
}
