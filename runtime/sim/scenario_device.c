/* scenario_device.c - whole lives of a device, through grosr.h, by one to three host threads.
 *
 * The seed draws teams, lanes, idle mode, ingress, contexts, and what each thread does. At the end
 * every task must have run as often as its completion says: once, or never if it was cancelled. A
 * run in which somebody was stopped for ever must only end: each wait with an answer, and no
 * completion given twice (invariants.c).
 *
 * Next: scenario_protocol.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <grosr/grosr.h>

#include "port/port.h"
#include "sim/scenario.h"

GROSR_IMAGE(sim);

#define THREADS_MAX      3u
#define TASKS_MAX        8u
#define WORDS_PER_TASK   8u
#define WORDS_PER_THREAD (TASKS_MAX * WORDS_PER_TASK)
#define LANES_MAX        128u
#define SHARED_BYTES     8192u
#define PARKED_WAIT_NS   5000000u

static struct {
  struct grosr *g;
  uint64_t *words; /* WORDS_PER_THREAD for each thread, then one per thread for signals */
  uint64_t device;
  uint32_t contexts;
  uint32_t lanes;
  bool is_small;  /* few tasks, so that many schedules are tried */
  bool can_rest;  /* the microkernel leaves when there is nothing to do for a while */
  bool is_shaken; /* somebody may be stopped for ever: waits are bounded */
} L;

static uint64_t dice(uint64_t sides)
{
  return gr_sim_random() % sides;
}

static uint32_t op(const char *name)
{
  uint32_t found = 0;
  gr_sim_expect(grosr_op(L.g, name, &found) == 0);
  return found;
}

static void options_draw(struct grosr_options *o, uint32_t lanes)
{
  grosr_options_init(o);
  o->device = "sim";
  o->image = &grosr_image_sim;
  o->teams = 1u + (uint32_t)dice(3);
  o->teams = o->teams * lanes > LANES_MAX ? LANES_MAX / lanes : o->teams;
  o->lanes = lanes;
  o->ingress_team = (uint32_t)dice(o->teams > 1u ? 3 : 1);
  o->idle_mode = (enum grosr_idle_mode)dice(3);
  o->idle_exit_ns = dice(3) == 0 ? 2000u + dice(200000) : 0u;
  o->runq_slots = o->completion_slots = o->ingress_slots = 64u;
  o->join_slots = 16u;
  o->scratch_bytes = 512u;
  o->shared_bytes = SHARED_BYTES;
  gr_sim_cores = dice(3) == 0 ? 2u + (uint32_t)dice(2) : UINT32_MAX; /* spare teams, too */
  if (gr_sim_config()->scheduler == GR_SIM_PARK) {
    o->op_ns_max = 2000000u;
    o->boot_ns_max = o->close_ns_max = 4000000u;
  }
}

/* ---- one thread's tasks ---- */
struct job {
  grosr_ticket ticket;
  uint32_t first_word;
  uint32_t words; /* that must be 1 when all is done, if it ran */
  int32_t result; /* that it must have, if it ran */
  bool has_ticket;
  bool is_asked_away; /* cancelled, maybe in time */
  bool may_skip;      /* cover that fails: any of its words may be 0 */
  bool may_stop;      /* spawn: its result tells how many children there are */
  uint64_t signal;    /* tell: what it stores ... */
  uint32_t signal_at; /* ... to which word */
};

static struct grosr_task job_draw(struct job *job, uint32_t thread, uint32_t index)
{
  static const char *const names[] = {"mark",  "lanes", "fails", "slow", "spawn",
                                      "fork",  "fork",  "tell",  "cover"};
  const char *name = names[dice(9)];
  struct grosr_task task =
      {op(name), L.contexts != 0 ? (uint32_t)dice(L.contexts + 1u) : 0u, {0}, 0};
  memset(job, 0, sizeof *job);
  job->first_word = thread * WORDS_PER_THREAD + index * WORDS_PER_TASK;
  job->words = 1;
  memset(&L.words[job->first_word], 0, WORDS_PER_TASK * sizeof L.words[0]); /* plain: with it */
  task.arg[0] = L.device;
  task.arg[1] = job->first_word;
  task.arg[2] = 1u + dice(4);
  if (strcmp(name, "fails") == 0) {
    job->result = -(int32_t)task.arg[2];
  } else if (strcmp(name, "lanes") == 0) {
    job->result = (int32_t)L.lanes;
  } else if (strcmp(name, "spawn") == 0) {
    job->words = 1u + (uint32_t)task.arg[2];
    job->may_stop = true;
  } else if (strcmp(name, "fork") == 0) {
    const bool fails = dice(4) == 0;
    task.arg[3] = op(fails ? "fails" : "mark");
    job->words = 1u + (uint32_t)task.arg[2] + (fails ? 0u : 1u);
    job->result = fails ? -7 : 77;
  } else if (strcmp(name, "tell") == 0) {
    job->words = 2;
    job->signal = task.arg[2] = 1u + index;
    job->signal_at = THREADS_MAX * WORDS_PER_THREAD + job->first_word / 8u;
    task.arg[3] = L.device + 8u * job->signal_at;
  }
  if (strcmp(name, "cover") == 0) {
    const bool fails = dice(4) == 0;
    task.tiles = job->words = 1u + (uint32_t)dice(WORDS_PER_TASK);
    task.arg[2] = fails ? dice(task.tiles) : WORDS_PER_TASK;
    job->result = fails ? -7 : 0;
    job->may_skip = fails;
  }
  return task;
}

static uint64_t patience(void)
{
  return L.is_shaken ? PARKED_WAIT_NS : dice(4) == 0 ? 100000000u : GROSR_FOREVER;
}

/* With nobody stopped, a wait must succeed. */
static bool waited(int error, const char *what)
{
  if (error >= 0) {
    return true;
  }
  if (!L.is_shaken || (error != -ETIMEDOUT && error != -EIO && error != -EAGAIN &&
                       error != -EBUSY && error != -ESHUTDOWN)) {
    gr_sim_fail("%s answers %d: %s", what, error, grosr_last_error());
  }
  return false;
}

static void job_check(const struct job *job, int32_t result)
{
  const bool is_cancelled = job->is_asked_away && result == -ECANCELED;
  uint32_t words = is_cancelled || job->may_skip ? 0u : job->words;
  if (job->may_stop && !is_cancelled) {
    gr_sim_expect(result >= 0 && (uint32_t)result < job->words);
    return; /* the children are looked at when all is done */
  }
  if (!is_cancelled && result != job->result) {
    gr_sim_fail("task %u answers %d, not %d", job->first_word, result, job->result);
  }
  for (uint32_t i = 0; i < words; i++) { /* plainly: its completion brought them along */
    if (L.words[job->first_word + i] != 1u) {
      gr_sim_fail("task %u is complete, and its word %u is %llu", job->first_word, i,
                  (unsigned long long)L.words[job->first_word + i]);
    }
  }
}

static void job_wait(struct job *job)
{
  int32_t result = 0;
  if (job->signal != 0 && !job->is_asked_away && !L.is_shaken && dice(2) == 0) {
    waited(grosr_wait_signal(L.g, &L.words[job->signal_at], job->signal, GROSR_FOREVER), "signal");
    gr_sim_expect(L.words[job->first_word] == 1u); /* plainly: the signal brought them along */
    gr_sim_expect(L.words[job->first_word + 1u] == 1u);
  }
  if (!job->has_ticket) {
    return;
  }
  int error = grosr_wait(L.g, job->ticket, dice(4) == 0 ? 0u : patience(), &result);
  if (error == -ETIMEDOUT && !L.is_shaken) { /* the ticket stays good */
    error = grosr_wait(L.g, job->ticket, GROSR_FOREVER, &result);
  }
  if (waited(error, "grosr_wait")) {
    job_check(job, result);
    job->has_ticket = false;
  }
}

static void *thread_main(void *argument)
{
  const uint32_t thread = (uint32_t)(uintptr_t)argument;
  const uint32_t count = 1u + (uint32_t)dice(L.is_small ? 2 : 1u + dice(TASKS_MAX));
  struct job jobs[TASKS_MAX];
  struct grosr_task tasks[TASKS_MAX];
  grosr_ticket tickets[TASKS_MAX];
  uint32_t made = 0, taken = 0;
  while (made < count) {
    const uint32_t batch = 1u + (uint32_t)dice(count - made);
    const bool wants_tickets = dice(5) != 0;
    if (L.can_rest && dice(3) == 0) {
      gr_nap(dice(400000)); /* long enough for it to go home */
    }
    for (uint32_t i = made; i < made + batch; i++) {
      tasks[i] = job_draw(&jobs[i], thread, i);
    }
    const int64_t done = grosr_submit_many(L.g, &tasks[made], batch, patience(),
                                           wants_tickets ? &tickets[made] : NULL);
    if (!waited((int)done, "grosr_submit_many")) {
      break;
    }
    gr_sim_expect(done == (int64_t)batch || L.is_shaken);
    for (uint32_t i = made; i < made + (uint32_t)done; i++) {
      jobs[i].ticket = wants_tickets ? tickets[i] : 0;
      jobs[i].has_ticket = wants_tickets;
      if (wants_tickets && dice(8) == 0) {
        jobs[i].is_asked_away = grosr_cancel(L.g, tickets[i]) == 0;
      }
    }
    made += (uint32_t)done;
    while (taken < made && dice(3) != 0) {
      job_wait(&jobs[taken++]);
    }
    if (done < (int64_t)batch) {
      break;
    }
  }
  while (taken < made) {
    job_wait(&jobs[taken++]);
  }
  return NULL;
}

/* ---- the life ---- */
static bool open_device(uint32_t lanes, bool is_small)
{
  struct grosr_options options;
  void *host;
  memset(&L, 0, sizeof L);
  L.is_small = is_small;
  L.lanes = lanes;
  L.is_shaken =
      gr_sim_config()->scheduler == GR_SIM_PARK || (gr_sim_config()->faults & GR_SIM_JUMPS) != 0;
  options_draw(&options, lanes);
  L.can_rest = options.idle_exit_ns != 0;
  const int error = grosr_open(&options, &L.g);
  if (!waited(error, "grosr_open")) {
    return false;
  }
  gr_invariants_watch(L.g);
  gr_sim_expect(grosr_shared_take(L.g, SHARED_BYTES, &host, &L.device) == 0);
  L.words = host;
  for (uint32_t contexts = (uint32_t)dice(L.is_small ? 1 : 3); L.contexts < contexts;
       L.contexts++) {
    uint32_t context;
    if (!waited(grosr_context_open(L.g, &context), "grosr_context_open")) {
      break;
    }
  }
  return true;
}

static void close_device(void)
{
  struct grosr_stats stats;
  const bool is_done = waited(grosr_wait_all(L.g, patience()), "grosr_wait_all");
  if (is_done) {
    gr_sim_expect(grosr_stats(L.g, &stats) == 0);
    gr_sim_expect(stats.completed == stats.accepted + stats.submitted);
    gr_sim_expect(stats.completed >= stats.failed && stats.failed >= stats.cancelled);
  }
  for (uint32_t i = 0; i < THREADS_MAX * WORDS_PER_THREAD && is_done; i++) {
    gr_sim_expect(L.words[i] <= 1u);
  }
  const int error = grosr_close(L.g);
  gr_invariants_watch(NULL);
  gr_sim_expect(error >= 0 || L.is_shaken);
}

static void live(uint32_t lanes, bool is_small)
{
  uint32_t id[THREADS_MAX];
  uint32_t threads = 1u + (uint32_t)dice(is_small ? 2 : 1u + dice(THREADS_MAX));
  if (!open_device(lanes, is_small)) {
    return;
  }
  threads = L.is_shaken && threads < 2u ? 2u : threads;
  for (uint32_t i = 1; i < threads; i++) {
    char name[16];
    snprintf(name, sizeof name, "host %u", i);
    gr_sim_expect(gr_sim_spawn(name, thread_main, (void *)(uintptr_t)i, &id[i]) == 0);
  }
  thread_main(NULL);
  for (uint32_t i = 1; i < threads; i++) {
    gr_sim_expect(gr_sim_join(id[i]) || L.is_shaken);
  }
  close_device();
}

void gr_scenario_device(void *argument)
{
  (void)argument;
  live(1u, false);
}

void gr_scenario_dispatch(void *argument)
{
  (void)argument;
  live(1u, true);
}

void gr_scenario_lanes(void *argument)
{
  (void)argument;
  const uint64_t shift = dice(6);
  live(2u << (dice(2) == 0 ? shift : shift / 2u), dice(3) != 0); /* large teams take long */
}
