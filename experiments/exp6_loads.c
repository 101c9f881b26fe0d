/* exp6_loads.c - see exp6_loads.h. Next: exp6_fluid.h */
#include "exp6_loads.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

GROSR_IMAGE(exp6);

#define SLOTS_LEAST  4096u   /* of rings and queues: credit for half of them */
#define SLOTS_MOST   65536u
#define SLOTS_FLOOD  64u     /* a flood that is soon over */
#define JOBS_MAX     262144u /* of all tenants */
#define JOBS_LEAST   32u     /* of a tenant */
#define JOBS_SIM     24u
#define BURST        16u
#define OFFERED      0.9
#define HIGH_JOBS    2000u
#define HIGH_SMOKE   200u
#define HIGH_NS      5000u
#define HIGH_GAP_NS  100000u
#define ROUND_NS     250000000u /* of work */
#define SMOKE_NS     20000000u
#define MIX_LEAST_NS 1000.0
#define MIX_MOST_NS  1e6
#define CLOCK_TRIPS  64u
#define WAIT_NS      20000000000u

static bool has(const struct exp6 *exp, const char *factor, const char *value)
{
  return strcmp(hx_factor_text(exp->point, factor), value) == 0;
}

static bool is_sim(const struct exp6 *exp)
{
  return strcmp(hx_device(exp->point), "sim") == 0;
}

static int fail(const struct exp6 *exp, const char *what, int result)
{
  if (result == -ENODEV) {
    return hx_unmet(exp->point, "%s", grosr_last_error());
  }
  return hx_fail(exp->point, "%s: %s. %s", what, strerror(-result), grosr_last_error());
}

/* ---- what is wanted ---- */
static double draw(uint64_t *state) /* 0 to 1; xorshift64* */
{
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return (double)((*state * 0x2545f4914f6cdd1dull) >> 11) * 0x1p-53;
}

/* Of the factor, in ns; 0: a mix, or kinds. */
static double length_ns(const struct exp6 *exp)
{
  char *unit;
  const double value = strtod(hx_factor_text(exp->point, "length"), &unit);
  return strcmp(unit, "us") == 0 ? value * 1e3 : strcmp(unit, "ms") == 0 ? value * 1e6 : 0.0;
}

/* Of tenant i, where each has tasks of one kind. */
static double kind_ns(const struct exp6 *exp, uint32_t i)
{
  return MIX_LEAST_NS * pow(MIX_MOST_NS / MIX_LEAST_NS, (double)i / (exp->tenants - 1u));
}

static double mean_ns(const struct exp6 *exp, uint32_t i)
{
  const double length = has(exp, "length", "kinds") ? kind_ns(exp, i) : length_ns(exp);
  const double mix = MIX_LEAST_NS * log(MIX_MOST_NS / MIX_LEAST_NS);
  return length != 0.0 ? length : mix / (1.0 - MIX_LEAST_NS / MIX_MOST_NS);
}

static uint64_t draw_length_ns(const struct exp6 *exp, uint32_t i, uint64_t *state)
{
  const double length = has(exp, "length", "kinds") ? kind_ns(exp, i) : length_ns(exp);
  const double part = 1.0 - MIX_LEAST_NS / MIX_MOST_NS;
  return (uint64_t)(length != 0.0 ? length : MIX_LEAST_NS / (1.0 - part * draw(state)));
}

static int by_due(const void *a, const void *b)
{
  const struct exp6_job *one = a, *other = b;
  return (one->due_ns > other->due_ns) - (one->due_ns < other->due_ns);
}

static bool is_smoke(const struct exp6 *exp)
{
  return strcmp(hx_tier(exp->point), "smoke") == 0;
}

/* So many that all that is wanted can wait on the device: who has credit for less would say, by
 * what it can send, how it was served. */
static uint32_t slots_of(const struct exp6 *exp)
{
  uint32_t slots = SLOTS_MOST;
  while (slots > SLOTS_LEAST && slots / 2u * exp->tenants > JOBS_MAX) {
    slots /= 2u;
  }
  return has(exp, "load", "flood") ? SLOTS_FLOOD : is_sim(exp) ? SLOTS_LEAST : slots;
}

/* How many tasks tenant i has in a round. */
static size_t jobs_of(const struct exp6 *exp, uint32_t i)
{
  const double work_ns = (is_smoke(exp) ? SMOKE_NS : ROUND_NS) * (double)exp->teams;
  double jobs = work_ns / mean_ns(exp, i) / exp->tenants;
  double most = slots_of(exp) / 2u;
  if (has(exp, "load", "flood")) { /* as many as could be done meanwhile, and then wait */
    const double high = is_smoke(exp) ? HIGH_SMOKE : HIGH_JOBS;
    most = (JOBS_MAX - high) / (exp->tenants - 1u);
    jobs = i == 0 ? high : high * HIGH_GAP_NS * exp->teams / mean_ns(exp, i) + SLOTS_FLOOD;
    most = i == 0 ? high : most;
  }
  jobs = is_sim(exp) ? JOBS_SIM : jobs < JOBS_LEAST ? JOBS_LEAST : jobs;
  return (size_t)(jobs < most ? jobs : most);
}

static void draw_jobs(struct exp6 *exp)
{
  const bool is_flood = has(exp, "load", "flood"), is_bursty = has(exp, "load", "bursty");
  uint64_t state = 0x9e3779b97f4a7c15ull * ++exp->round;
  struct exp6_job *next = exp->job;
  double work_ns = 0.0;
  for (uint32_t i = 0; i < exp->tenants; i++) {
    struct exp6_tenant *tenant = &exp->tenant[i];
    tenant->job = next;
    tenant->jobs = jobs_of(exp, i);
    tenant->sent = 0;
    next += tenant->jobs;
    for (size_t k = 0; k < tenant->jobs; k++) {
      tenant->job[k] = (struct exp6_job){.length_ns = draw_length_ns(exp, i, &state)};
      work_ns += (double)tenant->job[k].length_ns;
    }
  }
  for (uint32_t i = 0; i < exp->tenants; i++) {
    struct exp6_tenant *tenant = &exp->tenant[i];
    for (size_t k = 0; k < tenant->jobs; k++) {
      struct exp6_job *job = &tenant->job[k];
      if (is_bursty) {
        job->due_ns = k % BURST != 0 ? job[-1].due_ns
                                     : (uint64_t)(draw(&state) * work_ns / exp->teams / OFFERED);
      } else if (is_flood && i == 0) {
        job->length_ns = HIGH_NS;
        job->due_ns = (uint64_t)(((double)k + draw(&state)) * HIGH_GAP_NS);
      }
    }
    qsort(tenant->job, tenant->jobs, sizeof(*tenant->job), by_due);
  }
}

/* ---- running them ---- */

/* The tenant's next job. 0, -EAGAIN: not now; or negative. */
static int send(struct exp6 *exp, struct exp6_tenant *tenant)
{
  const uint64_t offset = tenant->sent * sizeof(struct exp6_record);
  struct exp6_job *job = &tenant->job[tenant->sent];
  const struct grosr_task task = {
      exp->op, tenant->context, {tenant->record_device + offset, job->length_ns, 0, 0}, 0};
  tenant->record[tenant->sent] = (struct exp6_record){0};
  job->sent_ns = exp_now_ns();
  const int result = grosr_submit(exp->g, &task, &job->ticket);
  tenant->sent += result == 0;
  return result;
}

/* Who is most behind, if all send evenly from the first to the last; NULL: all is sent. */
static struct exp6_tenant *next_to_send(struct exp6 *exp)
{
  struct exp6_tenant *best = NULL;
  double best_part = 1.0;
  for (uint32_t i = 0; i < exp->tenants; i++) {
    struct exp6_tenant *tenant = &exp->tenant[i];
    const double part = ((double)tenant->sent + 0.5) / (double)tenant->jobs;
    if (part < best_part) {
      best = tenant;
      best_part = part;
    }
  }
  return best;
}

/* All of them before any runs: contexts are paused meanwhile. */
static int send_all(struct exp6 *exp)
{
  int result = 0;
  for (uint32_t i = 0; i < exp->tenants && result == 0; i++) {
    result = grosr_context_pause(exp->g, exp->tenant[i].context);
  }
  struct exp6_tenant *next = result == 0 ? next_to_send(exp) : NULL;
  while (next != NULL && result == 0) {
    do { /* the ring is full for a moment */
      result = send(exp, next);
    } while (result == -EAGAIN);
    next = next_to_send(exp);
  }
  return result;
}

/* Each when it is due, or as soon as there is credit. With a flood until tenant 0 has no more. */
static int send_due(struct exp6 *exp, uint32_t tenants)
{
  const uint64_t start_ns = exp_now_ns();
  size_t left = 0;
  for (uint32_t i = 0; i < tenants; i++) {
    left += exp->tenant[i].jobs - exp->tenant[i].sent;
    const int result =
        exp->tenant[i].sent != 0 ? grosr_context_resume(exp->g, exp->tenant[i].context) : 0;
    if (result < 0) {
      return result;
    }
  }
  while (left != 0 && exp->tenant[0].sent < (tenants > 1u && has(exp, "load", "flood")
                                                  ? exp->tenant[0].jobs
                                                  : SIZE_MAX)) {
    const uint64_t since_ns = exp_now_ns() - start_ns;
    for (uint32_t i = 0; i < tenants; i++) {
      struct exp6_tenant *tenant = &exp->tenant[i];
      if (tenant->sent < tenant->jobs && tenant->job[tenant->sent].due_ns <= since_ns) {
        const int result = send(exp, tenant);
        if (result < 0 && result != -EAGAIN) {
          return result;
        }
        left -= result == 0;
      }
    }
  }
  for (uint32_t i = 0; i < tenants; i++) {
    for (size_t k = 0; k < exp->tenant[i].sent; k++) {
      exp->tenant[i].job[k].due_ns += start_ns;
    }
  }
  return 0;
}

/* Each job has one completion, ran once, and for as long as it was told to. */
static int collect(struct exp6 *exp, const struct exp6_tenant *tenant)
{
  for (size_t k = 0; k < tenant->sent; k++) {
    const struct exp6_record *record = &tenant->record[k];
    struct exp6_job *job = &tenant->job[k];
    int32_t answer = 0;
    const int result = grosr_wait(exp->g, job->ticket, WAIT_NS, &answer);
    if (result < 0 || answer < 0) {
      return fail(exp, "wait", result < 0 ? result : answer);
    }
    if (record->runs != 1u || record->end_ns - record->start_ns < job->length_ns) {
      return hx_fail(exp->point, "a task ran %llu times, for %llu ns; not once for %llu",
                     (unsigned long long)record->runs,
                     (unsigned long long)(record->end_ns - record->start_ns),
                     (unsigned long long)job->length_ns);
    }
    job->start_ns = record->start_ns - (uint64_t)exp->ahead_ns;
    job->end_ns = record->end_ns - (uint64_t)exp->ahead_ns;
  }
  return 0;
}

int exp6_round(struct exp6 *exp, bool is_alone)
{
  const bool is_full = has(exp, "load", "equal") || has(exp, "load", "skewed");
  draw_jobs(exp);
  uint64_t first = 0;
  for (uint32_t i = 0; i < exp->tenants; i++) {
    struct exp6_tenant *tenant = &exp->tenant[i];
    tenant->record = exp->tenant[0].record + first;
    tenant->record_device = exp->tenant[0].record_device + first * sizeof(struct exp6_record);
    first += tenant->jobs;
  }
  int result = is_full ? send_all(exp) : 0;
  result = result < 0 ? result : send_due(exp, is_alone ? 1u : exp->tenants);
  if (result < 0) {
    return fail(exp, "submit", result);
  }
  for (uint32_t i = 0; i < exp->tenants && result == 0; i++) {
    result = collect(exp, &exp->tenant[i]);
  }
  return result;
}

/* ---- the device ---- */

/* How far the ops' clock is ahead, from the shortest of some trips. On cpu and sim it is ours. */
static int compare_clocks(struct exp6 *exp)
{
  uint64_t least_ns = UINT64_MAX;
  if (strncmp(hx_device(exp->point), "cuda", 4) != 0) {
    return 0;
  }
  struct exp6_job job = {0};
  struct exp6_tenant *tenant = &exp->tenant[0];
  tenant->job = &job;
  for (uint32_t i = 0; i < CLOCK_TRIPS; i++) {
    int32_t answer = 0;
    tenant->sent = 0;
    const uint64_t before_ns = exp_now_ns();
    int result = send(exp, tenant);
    result = result < 0 ? result : grosr_wait(exp->g, job.ticket, WAIT_NS, &answer);
    const uint64_t after_ns = exp_now_ns();
    if (result < 0) {
      return result;
    }
    if (after_ns - before_ns < least_ns) {
      least_ns = after_ns - before_ns;
      exp->ahead_ns = (int64_t)(tenant->record->start_ns - before_ns - least_ns / 2u);
    }
  }
  hx_note(exp->point, "clock_error_us", "%.3f", (double)least_ns / 2e3);
  return 0;
}

static int open_tenants(struct exp6 *exp)
{
  const bool is_flood = has(exp, "load", "flood"), is_skewed = has(exp, "load", "skewed");
  int result = 0;
  for (uint32_t i = 0; i < exp->tenants && result == 0; i++) {
    struct exp6_tenant *tenant = &exp->tenant[i];
    struct grosr_tenant settings;
    grosr_tenant_init(&settings);
    settings.weight = tenant->weight = is_skewed ? 1u << i % 4u : 1u;
    settings.priority = is_flood && i == 0 ? 0u : 1u;
    if (i != 0) { /* the first is context 0, which is open */
      result = grosr_context_open(exp->g, &tenant->context);
    }
    result = result < 0 ? result : grosr_context_set(exp->g, tenant->context, &settings);
  }
  return result;
}

int exp6_open(struct hx_point *point, enum grosr_policy policy, struct exp6 *exp)
{
  const bool is_cpu = strcmp(hx_device(point), "cpu") == 0;
  struct grosr_options options;
  struct grosr_info info;
  void *host = NULL;
  *exp = (struct exp6){.point = point, .tenants = (uint32_t)hx_factor_u64(point, "tenants")};
  exp->job = calloc(JOBS_MAX, sizeof(*exp->job));
  if (exp->job == NULL || exp->tenants < 2u || exp->tenants > EXP6_TENANTS_MAX) {
    return hx_fail(point, "no memory, or not 2 to %u tenants", EXP6_TENANTS_MAX);
  }
  grosr_options_init(&options);
  options.device = hx_device(point);
  options.image = &grosr_image_exp6;
  options.policy = policy;
  options.teams = is_sim(exp) ? 2u : is_cpu ? (hx_core_count() > 1u ? hx_core_count() - 1u : 1u)
                                            : GROSR_AUTO; /* a core for who submits */
  options.idle_mode = GROSR_IDLE_LATENCY;
  options.runq_slots = options.ingress_slots = slots_of(exp);
  options.completion_slots = is_sim(exp) ? 4096u : JOBS_MAX;
  options.shared_bytes = options.completion_slots * sizeof(struct exp6_record) + 4096u;
  int result = grosr_open(&options, &exp->g);
  if (result == 0) {
    result = grosr_shared_take(exp->g, options.completion_slots * sizeof(struct exp6_record), &host,
                               &exp->tenant[0].record_device);
    exp->tenant[0].record = host;
  }
  result = result < 0 ? result : grosr_op(exp->g, "work", &exp->op);
  result = result < 0 ? result : grosr_info(exp->g, &info);
  result = result < 0 ? result : compare_clocks(exp);
  result = result < 0 ? result : open_tenants(exp);
  if (result == 0) {
    exp->teams = info.teams - info.reserved_ingress;
  }
  return result < 0 ? fail(exp, "open", result) : 0;
}

int exp6_close(struct exp6 *exp)
{
  const int result = exp->g != NULL ? grosr_close(exp->g) : 0;
  free(exp->job);
  exp->job = NULL;
  exp->g = NULL;
  return result;
}
