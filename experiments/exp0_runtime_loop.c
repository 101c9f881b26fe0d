/* exp0_runtime_loop.c - the paper's experiment 0: a resident microkernel is fed add and mul tasks
 * through the shared ring, every result is checked, and it never leaves in between.
 *
 * Variants:
 *   grosr_many    two numbers a task, up to WINDOW in flight (exp_pipeline.h)
 *   grosr_single  the same, submitted and waited for one by one
 *   grosr_vector  ELEMENTS numbers a task, up to WINDOW in flight
 * One sample is one loop of `tasks` tasks through the runtime that was opened for the point. The
 * proof that it never left: every result carries the launch that made it, all of them the launch
 * seen at open; the statistics count one launch, and as many completions as tasks.
 *
 *   shared memory:  operands of the window (vector only) | results, one row a task
 *
 * Scalar results have a row each and are checked after the time was taken; vector results have a
 * row for each task in flight and are checked when waited for, inside it. Next: exp0_image.c */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <grosr/grosr.h>

#include "exp_device.h"
#include "exp_pipeline.h"
#include "harness/hx.h"
#include "workloads/addmul/addmul.h"

#define WINDOW     EXP_WINDOW_MAX
#define ELEMENTS   64u          /* of a vector: 512 bytes an operand */
#define TASKS_MAX  10000000u    /* 160 MB of results */
#define WARM_TASKS 10000u       /* in a loop of its own, not sampled (exp_warm_up) */
#define WAIT_NS    10000000000u /* no wait lasts longer: 10 s */

GROSR_IMAGE(exp0);

struct loop {
  struct hx_point *point;
  struct grosr *g;
  struct exp_pipeline pipeline;
  uint32_t op_add;
  uint32_t op_mul;
  uint32_t incarnation;
  uint64_t elements; /* 0: scalars */
  uint64_t seed;     /* of this repetition */
  uint64_t *operands;
  uint64_t *results;
  uint64_t operands_device;
  uint64_t results_device;
};

/* Word at which task i's result starts. */
static uint64_t row_of(const struct loop *loop, uint64_t i)
{
  return (loop->elements == 0u ? i : i % WINDOW) * WL_ADDMUL_WORDS(loop->elements);
}

static void fill(void *state, uint64_t first, uint64_t count, struct grosr_task *task)
{
  const struct loop *loop = state;
  for (uint64_t i = first; i < first + count; i++, task++) {
    const struct wl_addmul_inputs inputs = wl_addmul_task(i, loop->seed);
    task->op = inputs.mul ? loop->op_mul : loop->op_add;
    task->arg[0] = loop->results_device + row_of(loop, i) * sizeof(uint64_t);
    task->arg[1] = inputs.a;
    task->arg[2] = inputs.b;
    task->arg[3] = loop->elements;
    if (loop->elements != 0u) {
      const uint64_t at = i % WINDOW * 2u * ELEMENTS;
      wl_addmul_operands(i, loop->seed, ELEMENTS, loop->operands + at,
                         loop->operands + at + ELEMENTS);
      task->arg[1] = loop->operands_device + at * sizeof(uint64_t);
      task->arg[2] = task->arg[1] + ELEMENTS * sizeof(uint64_t);
    }
  }
}

static int check(struct loop *loop, uint64_t first, uint64_t count)
{
  for (uint64_t i = first; i < first + count; i++) {
    const uint64_t *row = loop->results + row_of(loop, i);
    uint64_t wrong = 0;
    if (!wl_addmul_is_right(row, i, loop->seed, loop->elements, loop->incarnation, &wrong)) {
      return hx_fail(loop->point,
                     "task %" PRIu64 ": word %" PRIu64 " of its result is wrong (%" PRIu64 ")", i,
                     wrong, row[wrong]);
    }
  }
  return 0;
}

static int check_seen(void *state, uint64_t first, uint64_t count)
{
  return check(state, first, count);
}

static int open_loop(struct loop *loop, uint64_t rows)
{
  struct grosr_options options;
  struct grosr_info info;
  void *host = NULL;
  const uint64_t operand_words = loop->elements == 0u ? 0u : WINDOW * 2u * ELEMENTS;
  const uint64_t words = operand_words + rows * WL_ADDMUL_WORDS(loop->elements);
  uint64_t device = 0;
  grosr_options_init(&options);
  options.device = hx_device(loop->point);
  options.image = &grosr_image_exp0;
  options.idle_mode = GROSR_IDLE_LATENCY;
  options.shared_bytes = words * sizeof(uint64_t) + 4096u;
  int result = grosr_open(&options, &loop->g);
  if (result < 0) {
    return result == -ENODEV ? hx_unmet(loop->point, "%s", grosr_last_error())
                             : hx_fail(loop->point, "open: %s", grosr_last_error());
  }
  result = grosr_shared_take(loop->g, words * sizeof(uint64_t), &host, &device);
  if (result < 0 || grosr_op(loop->g, "add", &loop->op_add) < 0 ||
      grosr_op(loop->g, "mul", &loop->op_mul) < 0) {
    hx_fail(loop->point, "setup: %s", grosr_last_error());
    grosr_close(loop->g);
    return -EBADMSG;
  }
  memset(host, 0, words * sizeof(uint64_t)); /* touched before anything is timed */
  loop->operands = host;
  loop->operands_device = device;
  loop->results = loop->operands + operand_words;
  loop->results_device = device + operand_words * sizeof(uint64_t);
  loop->incarnation = grosr_incarnation(loop->g);
  if (grosr_info(loop->g, &info) == 0) {
    hx_note(loop->point, "runtime", "%s; %s; %u teams of %u lanes; idle mode latency",
            info.description, info.placement, info.teams, info.lanes);
  }
  return 0;
}

/* One launch, as many completions as tasks, none failed, every ticket waited for. */
static int close_loop(struct loop *loop, uint64_t tasks)
{
  struct grosr_stats stats;
  int result = grosr_wait_all(loop->g, WAIT_NS);
  if (result < 0 || grosr_stats(loop->g, &stats) < 0) {
    result = hx_fail(loop->point, "at the end: %s", grosr_last_error());
  } else if (grosr_incarnation(loop->g) != loop->incarnation || stats.launches != 1u) {
    result = hx_fail(loop->point, "the microkernel left: %" PRIu64 " launches", stats.launches);
  } else if (stats.accepted != tasks || stats.completed != tasks || stats.failed != 0u) {
    result = hx_fail(loop->point,
                     "%" PRIu64 " tasks: %" PRIu64 " accepted, %" PRIu64 " completed, %" PRIu64
                     " failed",
                     tasks, stats.accepted, stats.completed, stats.failed);
  } else {
    hx_note(loop->point, "proof",
            "launch %u made all %" PRIu64 " results; 1 launch; %" PRIu64 " completions",
            loop->incarnation, tasks, stats.completed);
  }
  const int closed = grosr_close(loop->g);
  return closed == 0 ? result : hx_fail(loop->point, "close: %s", grosr_last_error());
}

/* One repetition; its ns, or 0 and the point's reason. */
static uint64_t time_loop(struct loop *loop, uint64_t tasks)
{
  loop->seed++;
  const uint64_t begin_ns = exp_now_ns();
  const int result = exp_pipeline_run(&loop->pipeline, tasks);
  const uint64_t end_ns = exp_now_ns();
  if (result < 0) {
    hx_fail(loop->point, "tasks: %s; %s", grosr_strerror(result), grosr_last_error());
    return 0;
  }
  if (loop->elements == 0u && check(loop, 0, tasks) < 0) {
    return 0;
  }
  return end_ns > begin_ns ? end_ns - begin_ns : 1u;
}

static int run_loop(struct hx_point *point, uint64_t window, uint64_t elements)
{
  static struct loop loop;
  const uint64_t tasks = hx_factor_u64(point, "tasks");
  uint64_t done = 0;
  if (tasks < 1u || tasks > TASKS_MAX) {
    return hx_unmet(point, "tasks must be 1 to %u", TASKS_MAX);
  }
  memset(&loop, 0, sizeof(loop));
  loop.point = point;
  loop.seed = hx_seed(point);
  loop.elements = elements;
  const uint64_t warm = exp_warm_up(WARM_TASKS);
  const uint64_t rows = tasks > warm ? tasks : warm;
  int result = open_loop(&loop, elements == 0u ? rows : WINDOW);
  if (result < 0) {
    return result;
  }
  loop.pipeline.g = loop.g;
  loop.pipeline.window = window;
  loop.pipeline.wait_ns = WAIT_NS;
  loop.pipeline.fill = fill;
  loop.pipeline.seen = elements == 0u ? NULL : check_seen;
  loop.pipeline.state = &loop;
  uint64_t ns = time_loop(&loop, warm);
  for (done = warm; ns != 0u && hx_more(point, "throughput_tasks_s"); done += tasks) {
    ns = time_loop(&loop, tasks);
    if (ns != 0u) {
      hx_sample(point, "throughput_tasks_s", (double)tasks * 1e9 / (double)ns);
    }
  }
  if (ns == 0u) {
    grosr_close(loop.g);
    return -EBADMSG;
  }
  return close_loop(&loop, done);
}

static int run_many(struct hx_point *point)
{
  return run_loop(point, WINDOW, 0);
}

static int run_single(struct hx_point *point)
{
  return run_loop(point, 1, 0);
}

static int run_vector(struct hx_point *point)
{
  return run_loop(point, WINDOW, ELEMENTS);
}

int main(int argc, char **argv)
{
  static const struct hx_metric metrics[] = {{"throughput_tasks_s", "tasks/s"}, {0}};
  static const struct hx_factor factors[] = {
      {"tasks", "1e3,1e4,1e5,1e6", "1e3,1e4,1e5,1e6,1e7", "1,1e2,1e3"}, {0}};
  static const struct hx_variant variants[] = {{"grosr_many", "any", NULL, run_many, "tasks"},
                                               {"grosr_single", "any", NULL, run_single, "tasks"},
                                               {"grosr_vector", "any", NULL, run_vector, "tasks"},
                                               {0}};
  static const struct hx_experiment experiment = {
      .name = "exp0_runtime_loop",
      .title = "runtime loop: add and mul tasks through the shared ring",
      .metrics = metrics,
      .factors = factors,
      .variants = variants};
  return exp_main(argc, argv, &experiment);
}
