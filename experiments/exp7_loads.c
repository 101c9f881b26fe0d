/* exp7_loads.c - see exp7_loads.h. Next: exp7_coexistence.c */
#include "exp7_loads.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exp7_body.h"

GROSR_IMAGE(exp7);
GROSR_KERNELS(exp7);

#define WAIT_NS      20000000000u
#define POLLS        16u /* of the oldest tasks in flight, in a turn of the loop */
#define CHUNKS       20u
#define CHUNKS_SMOKE 4u
#define TURNS_CPU    100u
#define TURNS_CUDA   20000u
#define TURNS_SIM    1u
#define SIM_SLOTS    64u
#define FACTOR       2654435761u

static bool is_on(const struct exp7 *exp, const char *device)
{
  return strncmp(hx_device(exp->point), device, strlen(device)) == 0;
}

static int fail(const struct exp7 *exp, const char *what, int result)
{
  if (result == -ENODEV) {
    return hx_unmet(exp->point, "%s", grosr_last_error());
  }
  return hx_fail(exp->point, "%s: %s. %s", what, strerror(-result), grosr_last_error());
}

static uint32_t parts_of(const struct exp7 *exp)
{
  return is_on(exp, "sim") ? 16u : EXP7_PARTS;
}

/* ---- the tasks ---- */

static double draw(uint64_t *state) /* 0 to 1; xorshift64* */
{
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return (double)((*state * 0x2545f4914f6cdd1dull) >> 11) * 0x1p-53;
}

/* The first is due at once, the next one after a random gap. */
static void begin_tasks(struct exp7 *exp)
{
  exp->sent = exp->seen = 0;
  exp->job[0].due_ns = exp_now_ns();
}

/* Sends a task if one is due and there is room. 0 or negative. */
static int send_due(struct exp7 *exp, uint64_t until_ns)
{
  struct exp7_job *job = &exp->job[exp->sent];
  if (exp->sent >= EXP7_JOBS_MAX - 1u || job->due_ns > exp_now_ns() || job->due_ns > until_ns) {
    return 0;
  }
  const uint64_t i = exp->sent;
  const struct grosr_task task = {.op = exp->service,
                                  .context = exp->context,
                                  .arg = {exp->out_device + i * sizeof(uint64_t), i, FACTOR,
                                          exp->salt}};
  const int result = grosr_submit(exp->g, &task, &job->ticket);
  if (result < 0) {
    return result == -EAGAIN ? 0 : result;
  }
  job->latency_ns = 0;
  job[1].due_ns = job->due_ns + (uint64_t)(-log(1.0 - draw(&exp->random)) * 1e9 / exp->rate_s);
  exp->sent++;
  return 0;
}

/* Looks at the oldest tasks in flight, and whether what is done is right. 0 or negative. */
static int poll_tasks(struct exp7 *exp)
{
  for (size_t i = exp->seen; i < exp->sent && i < exp->seen + POLLS; i++) {
    struct exp7_job *job = &exp->job[i];
    int32_t answer = 0;
    const int result =
        job->latency_ns != 0u ? -ETIMEDOUT : grosr_wait(exp->g, job->ticket, 0, &answer);
    if (result == 0 && answer == 0) {
      job->latency_ns = exp_now_ns() - job->due_ns;
      if (exp->out[i] != i * FACTOR + exp->salt) {
        return hx_fail(exp->point, "task %zu wrote %llu", i, (unsigned long long)exp->out[i]);
      }
    } else if (result != -ETIMEDOUT) {
      return result < 0 ? result : answer;
    }
  }
  while (exp->seen < exp->sent && exp->job[exp->seen].latency_ns != 0u) {
    exp->seen++;
  }
  return 0;
}

/* Those that are sent, to their end. */
static int drain_tasks(struct exp7 *exp)
{
  const uint64_t until_ns = hx_now_ns() + WAIT_NS;
  int result = 0;
  while (result == 0 && exp->seen < exp->sent) {
    result = hx_now_ns() > until_ns ? -ETIMEDOUT : poll_tasks(exp);
  }
  return result;
}

int exp7_tasks(struct exp7 *exp, uint64_t for_ns)
{
  int result = 0;
  exp->salt++;
  begin_tasks(exp);
  const uint64_t end_ns = exp->job[0].due_ns + for_ns;
  while (result == 0 && (exp->sent == 0 || exp_now_ns() < end_ns)) {
    result = send_due(exp, end_ns);
    result = result < 0 ? result : poll_tasks(exp);
  }
  result = result < 0 ? result : drain_tasks(exp);
  return result < 0 ? fail(exp, "tasks alone", result) : 0;
}

static int by_latency(const void *a, const void *b)
{
  const struct exp7_job *one = a, *other = b;
  return (one->latency_ns > other->latency_ns) - (one->latency_ns < other->latency_ns);
}

double exp7_latency_ns(struct exp7 *exp, double part)
{
  qsort(exp->job, exp->sent, sizeof(*exp->job), by_latency);
  return (double)exp->job[(size_t)(part * (double)(exp->sent - 1u) + 0.5)].latency_ns;
}

/* ---- the foreground ---- */

static int begin_chunk(struct exp7 *exp, grosr_ticket *ticket)
{
  const uint64_t arg[3] = {exp->array_device, exp->turns, exp->salt % 16u + 1u + (1ull << 32)};
  struct grosr_launch launch = {.kernel = exp->foreground, .grid = parts_of(exp)};
  struct grosr_task task = {.op = exp->foreground, .tiles = parts_of(exp)};
  memcpy(launch.arg, arg, sizeof(arg));
  memcpy(task.arg, arg, sizeof(arg));
  return exp->is_kernel ? grosr_launch(exp->g, &launch, ticket)
                        : grosr_submit(exp->g, &task, ticket);
}

/* One chunk; with tasks beside it if their context has any. */
static int run_chunk(struct exp7 *exp, bool has_tasks)
{
  grosr_ticket ticket;
  int32_t answer = 0;
  exp->salt += !has_tasks; /* the tasks' is the interval's */
  int result = begin_chunk(exp, &ticket);
  if (result < 0 || !has_tasks) {
    result = result < 0 ? result : grosr_wait(exp->g, ticket, WAIT_NS, &answer);
    return result < 0 ? result : answer;
  }
  const uint64_t until_ns = hx_now_ns() + WAIT_NS;
  int waited = -ETIMEDOUT;
  while (result == 0 && waited == -ETIMEDOUT) {
    result = hx_now_ns() > until_ns ? -ETIMEDOUT : send_due(exp, UINT64_MAX);
    result = result < 0 ? result : poll_tasks(exp);
    waited = grosr_wait(exp->g, ticket, 0, &answer);
  }
  return result < 0 ? result : waited < 0 ? waited : answer;
}

static int check_foreground(const struct exp7 *exp)
{
  const uint64_t salt = exp->salt % 16u + 1u;
  const float *number = (const float *)(const void *)exp->array;
  const uint64_t count = parts_of(exp) * (exp->is_stream ? exp->turns : EXP7_NUMBERS);
  for (uint64_t i = 0; i < count; i++) {
    const double got = exp->is_stream ? exp->array[i] : (double)number[i];
    const double wanted = exp->is_stream ? EXP7_B(i) + (double)salt * EXP7_C(i)
                                         : (double)EXP7_FMA(i, exp->turns, salt);
    if (got != wanted) {
      return hx_fail(exp->point, "number %llu of the foreground is %g, not %g",
                     (unsigned long long)i, got, wanted);
    }
  }
  return 0;
}

int exp7_foreground(struct exp7 *exp, bool has_tasks, uint64_t *took_ns)
{
  int result = 0;
  exp->salt++;
  if (has_tasks) {
    begin_tasks(exp);
  }
  const uint64_t begin_ns = exp_now_ns();
  for (uint32_t i = 0; i < exp->chunks && result == 0; i++) {
    result = run_chunk(exp, has_tasks);
  }
  *took_ns = exp_now_ns() - begin_ns;
  if (result == 0 && has_tasks) {
    result = exp->sent == 0 ? send_due(exp, UINT64_MAX) : 0;
    result = result < 0 ? result : drain_tasks(exp);
  }
  return result < 0 ? fail(exp, "foreground", result) : check_foreground(exp);
}

/* ---- the device ---- */

static void set_sizes(struct exp7 *exp, enum grosr_policy policy, struct grosr_options *options)
{
  const unsigned cores = hx_core_count();
  grosr_options_init(options);
  options->device = hx_device(exp->point);
  options->image = &grosr_image_exp7;
  options->kernels = exp->is_kernel ? &grosr_kernels_exp7 : NULL;
  options->policy = policy;
  options->shared_bytes = (3ull * EXP7_ELEMENTS + EXP7_JOBS_MAX) * sizeof(uint64_t) + 4096u;
  if (exp->is_kernel) {
    options->teams = 1u; /* as little of the device as there can be */
  } else if (is_on(exp, "cpu")) {
    options->teams = cores > 1u ? cores - 1u : 1u; /* a core for who submits */
  } else if (is_on(exp, "sim")) {
    options->teams = 2u;
  }
  options->completion_slots = 2u * EXP7_JOBS_MAX;
  if (is_on(exp, "sim")) {
    options->runq_slots = options->ingress_slots = SIM_SLOTS;
    options->completion_slots = EXP7_JOBS_MAX;
    options->join_slots = options->graph_nodes = SIM_SLOTS;
  }
  exp->chunks = strcmp(hx_tier(exp->point), "smoke") == 0 ? CHUNKS_SMOKE : CHUNKS;
  exp->turns = is_on(exp, "cuda") ? TURNS_CUDA : is_on(exp, "cpu") ? TURNS_CPU : TURNS_SIM;
  if (exp->is_stream) {
    exp->turns = is_on(exp, "sim") ? 16u : EXP7_ELEMENTS / EXP7_PARTS;
  }
}

static int open_tasks(struct exp7 *exp)
{
  struct grosr_tenant tenant;
  grosr_tenant_init(&tenant);
  tenant.priority = 0;
  int result = grosr_context_open(exp->g, &exp->context);
  result = result < 0 ? result : grosr_context_set(exp->g, exp->context, &tenant);
  return result < 0 ? result : grosr_op(exp->g, "service", &exp->service);
}

static int take_memory(struct exp7 *exp)
{
  void *array = NULL, *out = NULL;
  int result = grosr_shared_take(exp->g, 3ull * EXP7_ELEMENTS * sizeof(double), &array,
                                 &exp->array_device);
  if (result == 0) {
    result = grosr_shared_take(exp->g, EXP7_JOBS_MAX * sizeof(uint64_t), &out, &exp->out_device);
  }
  exp->array = array;
  exp->out = out;
  for (uint64_t i = 0; result == 0 && i < EXP7_ELEMENTS; i++) {
    exp->array[EXP7_ELEMENTS + i] = EXP7_B(i);
    exp->array[2u * EXP7_ELEMENTS + i] = EXP7_C(i);
  }
  return result;
}

int exp7_open(struct hx_point *point, enum grosr_policy policy, bool is_kernel, struct exp7 *exp)
{
  struct grosr_options options;
  *exp = (struct exp7){.point = point,
                       .is_kernel = is_kernel,
                       .is_stream = strcmp(hx_factor_text(point, "foreground"), "stream") == 0,
                       .rate_s = (double)hx_factor_u64(point, "tasks_s"),
                       .random = hx_seed(point)};
  const char *name = exp->is_stream ? "triad" : "fma_loop";
  exp->job = calloc(EXP7_JOBS_MAX, sizeof(*exp->job));
  if (exp->job == NULL || exp->rate_s < 1.0) {
    return hx_fail(point, "no memory for the tasks, or a rate of none");
  }
  set_sizes(exp, policy, &options);
  int result = grosr_open(&options, &exp->g);
  result = result < 0 ? result : take_memory(exp);
  result = result < 0 ? result : open_tasks(exp);
  if (result == 0) {
    result = is_kernel ? grosr_kernel(exp->g, name, &exp->foreground)
                       : grosr_op(exp->g, name, &exp->foreground);
  }
  return result < 0 ? fail(exp, "open", result) : 0;
}

int exp7_close(struct exp7 *exp)
{
  const int result = exp->g != NULL ? grosr_close(exp->g) : 0;
  free(exp->job);
  exp->job = NULL;
  exp->g = NULL;
  return result;
}
