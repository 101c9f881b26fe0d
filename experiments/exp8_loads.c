/* exp8_loads.c - see exp8_loads.h. Every task writes a word of its own, and every word is looked at
 * after each interval. Next: exp8_image.c */
#include "exp8_loads.h"

#include <errno.h>
#include <string.h>

#include "exp8.h"
#include "exp_pipeline.h"

#define TRIPS         2000u
#define STREAM        20000u
#define WORK          2000u
#define WINDOW        256u
#define ROUNDS        200u
#define TILES         65536u
#define SIM_PART      1000u /* of each, on device sim */
#define SLOTS         1024u
#define SIM_SLOTS     64u
#define SMOKE_PART    4u /* of each, in the smoke tier */
#define WORDS         TILES
#define SCRATCH_BYTES 4096u
#define WAIT_NS       10000000000u

static bool is_sim(const struct exp8_side *side)
{
  return strcmp(hx_device(side->point), "sim") == 0;
}

static bool is_load(const struct exp8_side *side, const char *load)
{
  return strcmp(hx_factor_text(side->point, "load"), load) == 0;
}

/* How many of `count` this device is asked for. */
static uint32_t part_of(const struct exp8_side *side, uint32_t count)
{
  const bool is_smoke = strcmp(hx_tier(side->point), "smoke") == 0;
  return is_sim(side) ? count / SIM_PART + 2u : is_smoke ? count / SMOKE_PART : count;
}

int exp8_open(struct hx_point *point, const struct grosr_image *image, struct exp8_side *side)
{
  const uint64_t words = is_sim(side) ? 2u * EXP8_CHILDREN : WORDS; /* more than any load has */
  struct grosr_options options;
  void *host[2] = {NULL, NULL};
  grosr_options_init(&options);
  options.device = hx_device(point);
  options.image = image;
  options.teams = (uint32_t)hx_factor_u64(point, "teams");
  options.scratch_bytes = SCRATCH_BYTES;
  options.shared_bytes = 5u * words * sizeof(uint64_t) + 4096u;
  options.runq_slots = SLOTS; /* memory that is opened again and again */
  options.completion_slots = 4u * SLOTS;
  if (is_sim(side)) { /* several are opened in one simulation, and its memory is never given back */
    options.ingress_slots = options.completion_slots = options.runq_slots = SIM_SLOTS;
    options.join_slots = options.graph_nodes = SIM_SLOTS;
    options.channel_bytes = SIM_SLOTS * 1024u;
  }
  int result = grosr_open(&options, &side->g);
  if (result < 0) {
    return result;
  }
  result = grosr_shared_take(side->g, words * sizeof(uint64_t), &host[0], &side->out_device);
  if (result == 0) {
    result = grosr_shared_take(side->g, 4u * words * sizeof(uint64_t), &host[1], &side->far_device);
  }
  if (result == 0) {
    static const char *const names[2][2] = {{"add", "add_far"}, {"work", "work_far"}};
    side->out = host[0];
    side->far = host[1];
    result = grosr_op(side->g, names[is_load(side, "work")][side->far_args], &side->add);
  }
  if (result == 0) {
    result = grosr_op(side->g, "burst", &side->burst);
  }
  if (result == 0) {
    result = grosr_op(side->g, "tile", &side->tile);
  }
  if (result < 0) {
    grosr_close(side->g);
  }
  return result;
}

/* Task i of a stream; its far arguments are its own until the interval ends. */
static void make_add(const struct exp8_side *side, uint64_t i, struct grosr_task *task)
{
  const uint64_t arg[4] = {side->out_device + i * sizeof(uint64_t), i, EXP8_FACTOR, side->salt};
  task->op = side->add;
  if (side->far_args) {
    memcpy(side->far + 4u * i, arg, sizeof(arg));
    task->arg[0] = side->far_device + 4u * i * sizeof(uint64_t);
  } else {
    memcpy(task->arg, arg, sizeof(arg));
  }
}

static int check(const struct exp8_side *side, uint64_t words, uint64_t a, uint64_t c)
{
  for (uint64_t i = 0; i < words; i++) {
    const uint64_t wanted = a * i + EXP8_FACTOR * c;
    if (side->out[i] != wanted) {
      return hx_fail(side->point, "task %llu: %llu, not %llu", (unsigned long long)i,
                     (unsigned long long)side->out[i], (unsigned long long)wanted);
    }
  }
  return 0;
}

static int run_one(struct exp8_side *side, const struct grosr_task *task)
{
  grosr_ticket ticket;
  int32_t answer = 0;
  int result = grosr_submit(side->g, task, &ticket);
  if (result == 0) {
    result = grosr_wait(side->g, ticket, WAIT_NS, &answer);
  }
  return result < 0 ? result : answer;
}

static int run_trips(struct exp8_side *side, uint64_t tasks)
{
  struct grosr_task task = {0};
  int result = 0;
  for (uint64_t i = 0; i < tasks && result == 0; i++) {
    make_add(side, i, &task);
    result = run_one(side, &task);
  }
  return result;
}

static void stream_fill(void *state, uint64_t first, uint64_t count, struct grosr_task *task)
{
  for (uint64_t i = first; i < first + count; i++) {
    make_add(state, i, task++);
  }
}

/* The same window, but each task is a call of its own. */
static int run_singles(struct exp8_side *side, uint64_t tasks)
{
  static grosr_ticket ticket[WINDOW];
  struct grosr_task task = {0};
  uint64_t waited = 0;
  int result = 0;
  for (uint64_t i = 0; waited < tasks && result == 0;) {
    if (i < tasks && i - waited < WINDOW) {
      make_add(side, i, &task);
      result = grosr_submit(side->g, &task, &ticket[i % WINDOW]);
      i += result == 0;
      result = result == -EAGAIN ? 0 : result;
    } else {
      int32_t answer = 0;
      result = grosr_wait(side->g, ticket[waited++ % WINDOW], WAIT_NS, &answer);
      result = result < 0 ? result : answer;
    }
  }
  return result;
}

static int run_stream(struct exp8_side *side, uint64_t tasks)
{
  static struct exp_pipeline pipeline;
  if (side->one_by_one) {
    return run_singles(side, tasks);
  }
  pipeline = (struct exp_pipeline){
      .g = side->g, .wait_ns = WAIT_NS, .fill = stream_fill, .state = side, .window = WINDOW};
  return exp_pipeline_run(&pipeline, tasks);
}

static int run_load(struct exp8_side *side, double *tasks, uint64_t words[3])
{
  const bool is_trip = is_load(side, "trip"), is_work = is_load(side, "work");
  struct grosr_task task = {0};
  task.arg[0] = side->out_device;
  if (is_trip || is_work || is_load(side, "stream")) {
    words[0] = part_of(side, is_trip ? TRIPS : is_work ? WORK : STREAM);
    words[1] = 1u;
    words[2] = side->salt;
    *tasks = (double)words[0];
    return is_trip ? run_trips(side, words[0]) : run_stream(side, words[0]);
  }
  if (is_load(side, "spawn")) {
    task.op = side->burst;
    task.arg[1] = part_of(side, ROUNDS);
    task.arg[2] = side->salt;
    task.arg[3] = side->far_args ? side->far_device : 0u;
    words[0] = EXP8_CHILDREN;
    words[1] = 1u;
    words[2] = side->salt + 1u; /* of the last round */
    *tasks = (double)task.arg[1] * EXP8_CHILDREN;
  } else {
    task.op = side->tile;
    task.tiles = part_of(side, TILES);
    task.arg[1] = side->salt;
    words[0] = task.tiles;
    words[1] = side->salt;
    words[2] = 0u;
    *tasks = (double)task.tiles;
  }
  return run_one(side, &task);
}

int exp8_run(struct exp8_side *side, double *each_ns)
{
  uint64_t words[3] = {0}; /* how many; word i is words[1] * i + EXP8_FACTOR * words[2] */
  double tasks = 1.0;
  side->salt++;
  const uint64_t begin_ns = exp_now_ns();
  const int result = run_load(side, &tasks, words);
  *each_ns = (double)(exp_now_ns() - begin_ns) / tasks;
  return result < 0 ? result : check(side, words[0], words[1], words[2]);
}
