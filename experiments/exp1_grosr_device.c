/* exp1_grosr_device.c - the engine grosr_device: tasks submitted by ops, timed on the device; and
 * grosr_teams, the same throughput by number of teams.
 *
 * The host starts a chain and waits for its end; every figure comes from the device's own clock
 * (ops hop, back and spawn of exp1_image.c). On the CPU each link of a chain is a sample. On a GPU,
 * whose clock may tick as coarsely as once a microsecond, the mean over the links of a chain is
 * one.
 *
 * Next: exp1_cpu.c */
#include "exp1_grosr.h"

#include <errno.h>
#include <string.h>

#include "exp1_chain.h"

#define LINKS_CPU  500u    /* a chain is short, so that an interruption spoils little */
#define WARM_SPAWN 256u    /* tasks from which the time of a load is estimated */
#define TEAM_TASKS 100000u /* of a sample of grosr_teams, all in windows of the widest kind */
#define LINKS_CUDA 1000u   /* 1 us of clock granularity becomes 1 ns in the mean */

struct device_run {
  struct exp1_grosr run;
  uint32_t hop;
  uint32_t back;
  uint32_t spawn;
  uint64_t links;
  uint64_t work_ns; /* of a task; grosr_teams only */
  bool is_cuda;
};

/* Runs op on the record until its ticket says done. */
static int run_chain(struct device_run *device, uint32_t op, const uint64_t arg[GROSR_ARG_WORDS])
{
  struct grosr_task task = {.op = op};
  grosr_ticket ticket;
  int32_t answer = 0;
  memcpy(task.arg, arg, sizeof(task.arg));
  int result = grosr_submit(device->run.g, &task, &ticket);
  if (result == 0) {
    result = grosr_wait(device->run.g, ticket, EXP1_WAIT_NS, &answer);
  }
  if (result == 0 && op == device->hop && answer == 0) { /* hops outlive the first one's ticket */
    result = grosr_wait_signal(device->run.g, device->run.words + EXP1_RECORD_SIGNAL, arg[2],
                               EXP1_WAIT_NS);
  }
  if (result < 0) {
    return exp1_grosr_fail(&device->run, "chain");
  }
  return answer < 0 ? hx_fail(device->run.point, "chain: %s", grosr_strerror(answer)) : 0;
}

/* A chain's samples, every result checked. */
static int take_links(struct device_run *device, const char *metric, uint64_t salt)
{
  const uint64_t *out = device->run.words + EXP1_RECORD_OUT;
  struct hx_point *point = device->run.point;
  double sum_us = 0;
  for (uint64_t i = 0; i < device->links; i++) {
    if (out[2u * i + 1u] != exp1_wanted(i, salt)) {
      return hx_fail(point, "link %u: wrong result", (unsigned)i);
    }
    sum_us += (double)out[2u * i] / 1e3;
    if (metric != NULL && !device->is_cuda) {
      hx_sample(point, metric, (double)out[2u * i] / 1e3);
    }
  }
  if (metric != NULL && device->is_cuda) {
    hx_sample(point, metric, sum_us / (double)device->links);
  }
  return 0;
}

static int measure_links(struct device_run *device, const char *metric, uint32_t op)
{
  static uint64_t salt;  /* rises over the whole process: a signal's value must not fall */
  const char *to = NULL; /* the first chain warms up */
  int result = 0;
  do {
    salt++;
    const uint64_t arg[GROSR_ARG_WORDS] = {device->run.device, EXP1_PACK(0, device->links), salt,
                                           0};
    result = run_chain(device, op, arg);
    if (result == 0) {
      result = take_links(device, to, salt);
    }
    to = metric;
  } while (result == 0 && hx_more(device->run.point, metric));
  return result;
}

/* ns from the start of the first op to the continuation that saw the last task done; 0: failed. */
static uint64_t time_spawn(struct device_run *device, uint64_t tasks, uint64_t window,
                           uint64_t salt)
{
  const uint64_t arg[GROSR_ARG_WORDS] = {device->run.device, EXP1_PACK(0, tasks), salt,
                                         EXP1_PACK(window, device->work_ns)};
  const uint64_t *words = device->run.words;
  if (run_chain(device, device->spawn, arg) < 0 ||
      exp1_check(device->run.point, words + EXP1_RECORD_OUT, tasks, salt) < 0) {
    return 0;
  }
  const uint64_t ns = words[EXP1_RECORD_END] - words[EXP1_RECORD_BEGIN];
  return ns > 0u ? ns : 1u;
}

static int measure_spawn(struct device_run *device, uint64_t tasks, uint64_t window)
{
  struct hx_point *point = device->run.point;
  uint64_t salt = hx_seed(point);
  const uint64_t most = exp_warm_up(WARM_SPAWN);
  const uint64_t warm = tasks < most ? tasks : most;
  const uint64_t begin_ns = hx_now_ns();
  uint64_t ns = time_spawn(device, warm, window < most ? window : most, salt++);
  if (ns == 0u || exp1_is_too_long(point, tasks, (double)(hx_now_ns() - begin_ns) / (double)warm)) {
    return -EBADMSG;
  }
  ns = time_spawn(device, tasks, window, salt++);
  while (ns != 0u && hx_more(point, "throughput_tasks_s")) {
    ns = time_spawn(device, tasks, window, salt++);
    if (ns != 0u) {
      hx_sample(point, "throughput_tasks_s", (double)tasks * 1e9 / (double)ns);
    }
  }
  return ns == 0u ? -EBADMSG : 0;
}

int exp1_run_grosr_device(struct hx_point *point)
{
  struct device_run device = {.is_cuda = strncmp(hx_device(point), "cuda", 4) == 0};
  const uint64_t tasks = exp1_tasks(point);
  const uint64_t window = exp1_window(point);
  device.links = device.is_cuda ? LINKS_CUDA : LINKS_CPU;
  const uint64_t words = tasks > 2u * device.links ? tasks : 2u * device.links;
  const struct exp1_grosr_want want = {.words = words + EXP1_RECORD_OUT,
                                       .scratch_bytes = EXP1_SCRATCH_BYTES};
  int result = exp1_grosr_open(&device.run, point, &want);
  if (result < 0) {
    return result;
  }
  if (grosr_op(device.run.g, "hop", &device.hop) < 0 ||
      grosr_op(device.run.g, "back", &device.back) < 0 ||
      grosr_op(device.run.g, "spawn", &device.spawn) < 0) {
    return exp1_grosr_close(&device.run, exp1_grosr_fail(&device.run, "op"));
  }
  if (exp1_is_latency_point(point)) {
    result = measure_links(&device, "roundtrip_us", device.back);
    if (result == 0) {
      result = measure_links(&device, "start_latency_us", device.hop);
    }
  }
  if (result == 0) {
    result = measure_spawn(&device, tasks, window);
  }
  return exp1_grosr_close(&device.run, result);
}

/* More teams than cores: the host must not keep one by spinning, so both sides sleep when idle. */
int exp1_run_grosr_teams(struct hx_point *point)
{
  struct device_run device = {.is_cuda = strncmp(hx_device(point), "cuda", 4) == 0};
  const uint64_t tasks = strcmp(hx_device(point), "sim") == 0 ? TEAM_TASKS / 1000u : TEAM_TASKS;
  const struct exp1_grosr_want want = {.words = tasks + EXP1_RECORD_OUT,
                                       .scratch_bytes = EXP1_SCRATCH_BYTES,
                                       .teams = (uint32_t)hx_factor_u64(point, "teams"),
                                       .sleeps = true};
  int result = exp1_grosr_open(&device.run, point, &want);
  if (result < 0) {
    return result;
  }
  device.work_ns = hx_factor_u64(point, "work_us") * 1000u;
  if (grosr_op(device.run.g, "spawn", &device.spawn) < 0) {
    return exp1_grosr_close(&device.run, exp1_grosr_fail(&device.run, "op"));
  }
  return exp1_grosr_close(&device.run, measure_spawn(&device, tasks, EXP1_WINDOW_MAX));
}
