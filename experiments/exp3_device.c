/* exp3_device.c - see exp3_device.h. Next: exp3_rates.c */
#include "exp3_device.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#define TEAMS_MAX     2048u
#define WAIT_NS       60000000000u
#define SLACK_BYTES   (2u << 20) /* state beside tables and objects: rings, histograms */
#define SLACK_SIM     (256u << 10)
#define RING_BYTES    4096u /* more than one has */
#define LANES_CUDA    32u
#define LANES_SIM     4u
#define SIM_SLOTS     64u
#define TASKS_AT_ONCE 64u

int exp3_is_on(const struct hx_point *point, const char *device)
{
  return strncmp(hx_device(point), device, strlen(device)) == 0;
}

uint32_t exp3_lanes_on(const struct hx_point *point)
{
  return exp3_is_on(point, "cuda") ? LANES_CUDA : exp3_is_on(point, "sim") ? LANES_SIM : 1u;
}

static int fail(struct exp3 *exp, const char *what, int result)
{
  if (result == -ENODEV) {
    return hx_unmet(exp->point, "%s", grosr_last_error());
  }
  return hx_fail(exp->point, "%s: %s. %s", what, grosr_strerror(result), grosr_last_error());
}

static double cpu_seconds(void)
{
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void set_options(struct exp3 *exp, const struct exp3_way *way, const struct exp3_size *size,
                        struct grosr_options *options)
{
  const int is_sim = exp3_is_on(exp->point, "sim");
  const uint64_t workers = exp3_workers_of(exp);
  grosr_options_init(options);
  options->device = hx_device(exp->point);
  options->image = way->image;
  options->teams = exp->teams;
  options->lanes = exp->lanes;
  options->ingress_team = 2u; /* every team takes part */
  options->op_ns_max = WAIT_NS;
  options->memory_bytes = size->memory_bytes + size->slots * sizeof(uint64_t) +
                          workers * RING_BYTES + (is_sim ? SLACK_SIM : SLACK_BYTES);
  if (way->has_memory) { /* what is in use, and as much again */
    exp->job->bump_bytes = size->memory_bytes / exp->teams;
    options->memory_bytes += exp->teams * (size->bytes_most + 4096u);
  }
  options->memory_bytes = (options->memory_bytes + 65535u) & ~65535ull;
  options->runq_slots = options->completion_slots = options->ingress_slots = 4096u;
  if (is_sim) {
    options->ingress_slots = options->completion_slots = options->runq_slots = SIM_SLOTS;
    options->join_slots = options->graph_nodes = SIM_SLOTS;
    options->channel_bytes = SIM_SLOTS * 1024u;
  }
  options->shared_bytes = sizeof(struct exp3_job) + 2u * EXP3_BUCKETS * sizeof(uint64_t) +
                          exp->teams * sizeof(struct exp3_record) + 4096u;
}

static int take_memory(struct exp3 *exp)
{
  void *host[3] = {NULL};
  int result = grosr_shared_take(exp->g, sizeof(*exp->job), &host[0], &exp->job_device);
  if (result == 0) {
    result =
        grosr_shared_take(exp->g, exp->teams * sizeof(*exp->record), &host[1], &exp->record_device);
  }
  if (result == 0) {
    result = grosr_shared_take(exp->g, 2u * EXP3_BUCKETS * sizeof(uint64_t), &host[2],
                               &exp->ticks_device);
  }
  exp->job = host[0];
  exp->record = host[1];
  exp->ticks = host[2];
  return result;
}

int exp3_device_open(struct exp3 *exp, struct hx_point *point, const struct exp3_way *way,
                     uint32_t teams, const struct exp3_size *size)
{
  struct grosr_options options;
  struct exp3_job job = {0};
  struct exp3_result result_look;
  *exp = (struct exp3){.point = point, .teams = teams, .lanes = exp3_lanes_on(point), .job = &job};
  if (teams == 0u || teams > TEAMS_MAX) {
    return hx_fail(point, "%u teams; 1 to %u", teams, TEAMS_MAX);
  }
  set_options(exp, way, size, &options);
  job.teams = teams;
  job.slots = size->slots / exp3_workers_of(exp) + 1u;
  job.bytes = size->bytes_most;
  job.seed = hx_seed(point);
  int result = grosr_open(&options, &exp->g);
  result = result < 0 ? result : take_memory(exp);
  if (result < 0) {
    exp3_device_close(exp, 0);
    return fail(exp, "open", result);
  }
  *exp->job = job;
  exp3_device_use(exp, way->calls);
  result = exp3_device_run_one(exp, "prepare", NULL);
  result = result < 0 ? result : exp3_device_run_one(exp, "look", &result_look);
  exp->capacity = result < 0 ? 0u
                  : way->has_memory ? teams * exp->job->bump_bytes
                                    : result_look.pages_free * 4096u;
  return result < 0 ? exp3_device_close(exp, result) : 0;
}

int exp3_device_close(struct exp3 *exp, int result)
{
  const int closed = exp->g != NULL ? grosr_close(exp->g) : 0;
  exp->g = NULL;
  return result < 0 || closed == 0 ? result : fail(exp, "close", closed);
}

void exp3_device_use(struct exp3 *exp, const struct exp3_calls *calls)
{
  exp->job->calls = (uint64_t)(uintptr_t)calls;
}

/* What the teams noted becomes one answer. */
static int gather(struct exp3 *exp, const char *op, uint32_t teams, struct exp3_result *out)
{
  uint64_t begin = UINT64_MAX, end = 0, begin_2 = UINT64_MAX, end_2 = 0;
  out->low = UINT64_MAX;
  for (uint32_t i = 0; i < teams; i++) {
    const struct exp3_record *record = &exp->record[i];
    if (record->wrong != 0u || record->errors != 0u) {
      return hx_fail(exp->point,
                     "%s, team %u: %llu objects of %llu were not as they were written; the device "
                     "noted %llu errors of its memory",
                     op, i, (unsigned long long)record->wrong, (unsigned long long)record->done,
                     (unsigned long long)record->errors);
    }
    begin = record->begin_ns < begin ? record->begin_ns : begin;
    end = record->end_ns > end ? record->end_ns : end;
    begin_2 = record->begin_2_ns < begin_2 ? record->begin_2_ns : begin_2;
    end_2 = record->end_2_ns > end_2 ? record->end_2_ns : end_2;
    out->done += record->done;
    out->nulls += record->nulls;
    out->wanted += record->wanted;
    out->granted += record->granted;
    out->low = record->low < out->low ? record->low : out->low;
    out->high = record->high > out->high ? record->high : out->high;
  }
  const struct exp3_record *first = &exp->record[0];
  const uint64_t last_ns = first->end_2_ns > first->end_ns ? first->end_2_ns : first->end_ns;
  if (first->end_ticks > first->begin_ticks) {
    out->tick_ns =
        (double)(last_ns - first->begin_ns) / (double)(first->end_ticks - first->begin_ticks);
  }
  out->alloc_s = end > begin ? (double)(end - begin) / 1e9 : 0.0;
  out->free_s = end_2 > begin_2 ? (double)(end_2 - begin_2) / 1e9 : 0.0;
  out->pages = first->pages;
  out->pages_free = first->pages_free;
  out->pages_row = first->pages_row;
  out->pages_seen = first->pages_seen;
  return 0;
}

static int wait_for(struct exp3 *exp, const grosr_ticket *ticket, uint32_t count)
{
  int32_t answer = 0;
  int result = 0;
  for (uint32_t i = 0; i < count; i++) {
    const int waited = grosr_wait(exp->g, ticket[i], WAIT_NS, &answer);
    result = result < 0 ? result : waited < 0 ? waited : answer;
  }
  return result;
}

static int run(struct exp3 *exp, const char *op, uint32_t teams, struct exp3_result *out)
{
  static grosr_ticket ticket[TEAMS_MAX];
  struct grosr_task task = {.arg = {exp->job_device, 0, exp->record_device, exp->ticks_device}};
  struct exp3_result unused;
  int result = grosr_op(exp->g, op, &task.op);
  uint32_t sent = 0;
  out = out != NULL ? out : &unused;
  *out = (struct exp3_result){0};
  memset(exp->record, 0, teams * sizeof(*exp->record));
  exp->job->round = exp->round;
  exp->round += teams == exp->teams; /* a load, and not a look */
  const double begin_s = cpu_seconds();
  while (result == 0 && sent < teams) {
    task.arg[1] = sent;
    result = grosr_submit(exp->g, &task, &ticket[sent]);
    sent += result == 0;
  }
  const int waited = wait_for(exp, ticket, sent);
  out->cpu_s = cpu_seconds() - begin_s;
  result = result < 0 ? result : waited;
  return result < 0 ? fail(exp, op, result) : gather(exp, op, teams, out);
}

int exp3_device_run(struct exp3 *exp, const char *op, struct exp3_result *out)
{
  return run(exp, op, exp->teams, out);
}

int exp3_device_run_one(struct exp3 *exp, const char *op, struct exp3_result *out)
{
  return run(exp, op, 1u, out);
}
