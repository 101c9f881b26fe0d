/* exp2_relay.c - see exp2_relay.h. Next: exp2_image.c */
#include "exp2_relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_NS    60000000000u
#define LANES_CUDA 32u
#define SIM_SLOTS  64u

GROSR_IMAGE(exp2);

static int is_sim(const struct hx_point *point)
{
  return strcmp(hx_device(point), "sim") == 0;
}

static int fail(struct exp2 *exp, const char *what, int result)
{
  if (result == -ENODEV) {
    return hx_unmet(exp->point, "%s", grosr_last_error());
  }
  return hx_fail(exp->point, "%s: %s. %s", what, grosr_strerror(result), grosr_last_error());
}

/* ---- the file ---- */
int exp2_file_make(struct hx_point *point, char *folder, size_t bytes)
{
  char path[96];
  snprintf(folder, bytes, "/tmp/grosr-exp2-XXXXXX");
  if (mkdtemp(folder) == NULL) {
    return hx_fail(point, "no folder below /tmp: %s", strerror(errno));
  }
  snprintf(path, sizeof(path), "%s/file", folder);
  FILE *file = fopen(path, "w");
  for (uint64_t offset = 0; file != NULL && offset < EXP2_FILE_BYTES; offset += sizeof(uint64_t)) {
    const uint64_t word = EXP2_WORD(offset);
    fwrite(&word, sizeof(word), 1, file);
  }
  if (file == NULL || fclose(file) != 0) {
    return hx_fail(point, "%s cannot be written: %s", path, strerror(errno));
  }
  return 0;
}

void exp2_file_remove(const char *folder)
{
  char path[96];
  if (folder[0] != '\0') {
    snprintf(path, sizeof(path), "%s/file", folder);
    unlink(path);
    rmdir(folder);
  }
}

/* ---- the device ---- */
static enum grosr_idle_mode idle_of(struct hx_point *point)
{
  const char *name = hx_factor_text(point, "idle");
  return strcmp(name, "spin") == 0       ? GROSR_IDLE_LATENCY
         : strcmp(name, "balanced") == 0 ? GROSR_IDLE_BALANCED
                                         : GROSR_IDLE_QUIET;
}

static int device_open(struct exp2 *exp, uint64_t bytes)
{
  struct grosr_options options;
  grosr_options_init(&options);
  options.device = hx_device(exp->point);
  options.image = &grosr_image_exp2;
  options.teams = exp->teams;
  options.lanes = exp->lanes;
  options.relay = 1;
  options.relay_idle = idle_of(exp->point);
  options.scratch_bytes = EXP2_WINDOW * sizeof(uint64_t);
  options.shared_bytes = exp->teams * (sizeof(struct exp2_job) + EXP2_WINDOW * bytes) + 65536u;
  options.op_ns_max = WAIT_NS;
  if (is_sim(exp->point)) {
    options.ingress_slots = options.completion_slots = options.runq_slots = SIM_SLOTS;
    options.join_slots = options.graph_nodes = SIM_SLOTS;
    options.channel_bytes = SIM_SLOTS * 1024u;
    options.scratch_bytes = 1024u;
  }
  return grosr_open(&options, &exp->g);
}

/* The teams' jobs and buffers are one piece of shared memory, and that is what is registered. */
static int jobs_make(struct exp2 *exp, uint64_t bytes)
{
  const uint64_t window = hx_factor_u64(exp->point, "batch");
  const uint64_t all = exp->teams * (sizeof(struct exp2_job) + window * bytes);
  struct grosr_grant grant;
  void *host = NULL;
  int result = grosr_shared_take(exp->g, all, &host, &exp->job_device);
  if (result < 0) {
    return result;
  }
  exp->job = host;
  exp->workers = window < exp->lanes ? window : exp->lanes;
  for (uint32_t i = 0; i < exp->teams; i++) {
    exp->job[i] = (struct exp2_job){
        .window = window,
        .kind = bytes != 0 ? GR_CALL_READ : GR_CALL_NULL,
        .bytes = bytes != 0 ? bytes : 1u,
        .span = bytes != 0 ? EXP2_FILE_BYTES : 1u,
        .address = exp->job_device + exp->teams * sizeof(struct exp2_job) + i * window * bytes};
  }
  grosr_grant_init(&grant);
  grant.calls = GROSR_CALLS_READ;
  grant.root = exp->folder[0] != '\0' ? exp->folder : NULL;
  grant.regions = 1;
  grant.region[0] = (struct grosr_region){host, exp->job_device, all};
  result = grosr_relay_grant(exp->g, 0, &grant);
  return result < 0 ? result : grosr_op(exp->g, "calls", &exp->op);
}

/* An op opens the file. */
static int handle_open(struct exp2 *exp)
{
  static const char name[] = "file";
  struct grosr_task task = {.arg = {exp->job_device, sizeof(name) - 1u}};
  grosr_ticket ticket;
  int32_t handle = 0;
  memcpy(exp->job + exp->teams, name, sizeof(name) - 1u); /* the first buffer */
  int result = grosr_op(exp->g, "opens", &task.op);
  result = result < 0 ? result : grosr_submit(exp->g, &task, &ticket);
  result = result < 0 ? result : grosr_wait(exp->g, ticket, WAIT_NS, &handle);
  exp->handle = (uint64_t)handle;
  return result < 0 ? result : handle < 0 ? handle : 0;
}

static int run(struct exp2 *exp, struct exp2_result *out)
{
  static grosr_ticket ticket[64];
  uint64_t begin_ns = UINT64_MAX, end_ns = 0, wrong = 0;
  int result = 0, waited = 0;
  uint32_t sent = 0;
  for (; sent < exp->teams && result == 0; sent++) {
    const struct grosr_task task = {
        .op = exp->op, .arg = {exp->job_device + sent * sizeof(struct exp2_job)}};
    result = grosr_submit(exp->g, &task, &ticket[sent]);
  }
  for (uint32_t i = 0; i < sent && result == 0; i++) {
    int32_t answer = 0;
    waited = grosr_wait(exp->g, ticket[i], WAIT_NS, &answer);
    result = waited < 0 ? waited : answer;
    begin_ns = exp->job[i].begin_ns < begin_ns ? exp->job[i].begin_ns : begin_ns;
    end_ns = exp->job[i].end_ns > end_ns ? exp->job[i].end_ns : end_ns;
    wrong += exp->job[i].wrong;
  }
  if (result < 0) {
    return fail(exp, "calls", result);
  }
  if (wrong != 0) {
    return hx_fail(exp->point, "%llu of %llu calls were not answered right",
                   (unsigned long long)wrong, (unsigned long long)out->calls);
  }
  out->seconds = (double)(end_ns - begin_ns) / 1e9;
  return 0;
}

int exp2_run(struct exp2 *exp, uint64_t count, struct exp2_result *out)
{
  struct grosr_relay_stats before, after;
  const uint64_t share = exp->job[0].window / exp->workers;
  count = (count + share - 1u) / share * share;
  *out = (struct exp2_result){.calls = count * exp->workers * exp->teams};
  for (uint32_t i = 0; i < exp->teams; i++) {
    exp->job[i].count = count;
    exp->job[i].handle = exp->handle;
  }
  grosr_relay_stats(exp->g, &before);
  const int result = run(exp, out);
  grosr_relay_stats(exp->g, &after);
  const uint64_t batches = after.batches - before.batches;
  out->mediator_s = (double)(after.cpu_ns - before.cpu_ns) / 1e9;
  out->fill = batches != 0 ? (double)(after.calls - before.calls) / (double)batches : 0.0;
  return result;
}

int exp2_open(struct exp2 *exp, struct hx_point *point, uint64_t bytes)
{
  int result = 0;
  *exp = (struct exp2){.point = point, .teams = (uint32_t)hx_factor_u64(point, "teams")};
  exp->lanes = strncmp(hx_device(point), "cuda", 4) == 0 ? LANES_CUDA : 1u;
  if (exp->teams == 0 || exp->teams > 64u || hx_factor_u64(point, "batch") > EXP2_WINDOW) {
    return hx_fail(point, "use 1 to 64 teams and a batch of up to %u", EXP2_WINDOW);
  }
  if (bytes != 0) {
    result = exp2_file_make(point, exp->folder, sizeof(exp->folder));
  }
  if (result == 0) {
    result = device_open(exp, bytes);
    result = result < 0 ? result : jobs_make(exp, bytes);
    result = result < 0 || bytes == 0 ? result : handle_open(exp);
    if (result < 0) {
      return exp2_close(exp, fail(exp, "open", result));
    }
  }
  return result < 0 ? exp2_close(exp, result) : 0;
}

int exp2_close(struct exp2 *exp, int result)
{
  const int closed = exp->g != NULL ? grosr_close(exp->g) : 0;
  exp2_file_remove(exp->folder);
  exp->g = NULL;
  return result < 0 || closed == 0 ? result : fail(exp, "close", closed);
}
