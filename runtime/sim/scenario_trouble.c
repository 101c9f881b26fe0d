/* scenario_trouble.c - lives in which something is short, stuck, or not to be had.
 *
 * Next: scenario_protocol.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <grosr/grosr.h>

#include "port/port.h"
#include "sim/scenario.h"

GROSR_IMAGE(sim);

#define SLOTS       64u /* of every ring and table */
#define MANY        150u
#define SPAWNS      48u
#define SPAWN_WORDS 8u  /* its own and seven children's */
#define CANCELS     70u /* more than the control ring's slots */

static void options_small(struct grosr_options *o)
{
  grosr_options_init(o);
  o->device = "sim";
  o->image = &grosr_image_sim;
  o->teams = 1u + (uint32_t)(gr_sim_random() % 2u);
  o->ingress_team = (uint32_t)(gr_sim_random() % (o->teams > 1u ? 3u : 1u));
  o->idle_mode = (enum grosr_idle_mode)(gr_sim_random() % 3u);
  o->scratch_bytes = 512u;
  o->runq_slots = o->completion_slots = o->ingress_slots = SLOTS;
  o->join_slots = 16u;
  o->shared_bytes = 8192u;
}

static uint64_t words_take(struct grosr *g, uint64_t **words)
{
  void *host;
  uint64_t device;
  gr_sim_expect(grosr_shared_take(g, 4096u, &host, &device) == 0);
  *words = host;
  return device;
}

static struct grosr *open_or_fail(const struct grosr_options *options)
{
  struct grosr *g;
  if (grosr_open(options, &g) < 0) {
    gr_sim_fail("grosr_open: %s", grosr_last_error());
  }
  gr_invariants_watch(g);
  return g;
}

/* Tasks that submit more than the run queue holds, and more control messages than their ring. */
static void fill_queues(struct grosr *g, uint64_t device, uint64_t *words)
{
  struct grosr_task tasks[SPAWNS];
  grosr_ticket tickets[SPAWNS];
  int32_t results[SPAWNS];
  uint32_t spawn;
  gr_sim_expect(grosr_op(g, "spawn", &spawn) == 0);
  memset(words, 0, SPAWNS * SPAWN_WORDS * sizeof words[0]);
  for (uint32_t i = 0; i < SPAWNS; i++) {
    tasks[i] = (struct grosr_task){spawn, 0, {device, i * SPAWN_WORDS, SPAWN_WORDS - 1u, 0}, 0};
  }
  gr_sim_expect(grosr_submit_many(g, tasks, SPAWNS, GROSR_FOREVER, tickets) == SPAWNS);
  for (uint32_t i = 0; i < CANCELS; i++) { /* in time or not, both are right */
    const int error = grosr_cancel(g, tickets[i % SPAWNS]);
    gr_sim_expect(error == 0 || error == -ESTALE || error == -EAGAIN);
  }
  gr_sim_expect(grosr_wait_many(g, tickets, SPAWNS, GROSR_FOREVER, results) == SPAWNS);
  gr_sim_expect(grosr_wait_all(g, GROSR_FOREVER) == 0);
  for (uint32_t i = 0; i < SPAWNS; i++) {
    const uint32_t taken = results[i] == -ECANCELED ? 0u : 1u + (uint32_t)results[i];
    for (uint32_t k = 0; k < SPAWN_WORDS; k++) {
      gr_sim_expect(words[i * SPAWN_WORDS + k] == (k < taken ? 1u : 0u));
    }
  }
}

/* Every slot once more: a cancel was of the ticket that had it then. */
static void reuse_slots(struct grosr *g, uint64_t device, uint64_t *words)
{
  struct grosr_task tasks[SLOTS];
  grosr_ticket tickets[SLOTS];
  int32_t results[SLOTS];
  uint32_t mark;
  gr_sim_expect(grosr_op(g, "mark", &mark) == 0);
  memset(words, 0, SLOTS * sizeof words[0]);
  for (uint32_t i = 0; i < SLOTS; i++) {
    tasks[i] = (struct grosr_task){mark, 0, {device, i, 0, 0}, 0};
  }
  gr_sim_expect(grosr_submit_many(g, tasks, SLOTS, GROSR_FOREVER, tickets) == SLOTS);
  gr_sim_expect(grosr_wait_many(g, tickets, SLOTS, GROSR_FOREVER, results) == SLOTS);
  for (uint32_t i = 0; i < SLOTS; i++) {
    gr_sim_expect(results[i] == 0 && words[i] == 1u);
  }
}

/* More tasks than any ring or table holds: "again" or a wait, nothing lost. */
void gr_scenario_full(void *argument)
{
  (void)argument;
  struct grosr_options options;
  uint64_t *words;
  uint32_t mark;
  options_small(&options);
  struct grosr *g = open_or_fail(&options);
  const uint64_t device = words_take(g, &words);
  gr_sim_expect(grosr_op(g, "mark", &mark) == 0);
  struct grosr_task tasks[MANY];
  for (uint32_t i = 0; i < MANY; i++) {
    tasks[i] = (struct grosr_task){mark, 0, {device, i, 0, 0}, 0};
  }
  const bool is_patient = gr_sim_random() % 2u == 0;
  uint32_t done = 0;
  while (done < MANY) {
    const int64_t more =
        grosr_submit_many(g, tasks + done, MANY - done, is_patient ? GROSR_FOREVER : 0u, NULL);
    gr_sim_expect(more > 0 || (more == -EAGAIN && !is_patient));
    done += more > 0 ? (uint32_t)more : 0u;
  }
  gr_sim_expect(grosr_wait_all(g, GROSR_FOREVER) == 0);
  for (uint32_t i = 0; i < MANY; i++) {
    gr_sim_expect(words[i] == 1u);
  }
  /* The ticket table: SLOTS unwaited tickets are all there are. */
  grosr_ticket tickets[SLOTS + 1u], *const last = &tickets[SLOTS];
  memset(words, 0, (SLOTS + 1u) * sizeof words[0]);
  for (done = 0; done < SLOTS;) { /* a team may be away for longer than one call waits */
    const int64_t more =
        grosr_submit_many(g, tasks + done, SLOTS + 1u - done, 1000000u, tickets + done);
    gr_sim_expect(more > 0 || more == -EAGAIN);
    done += more > 0 ? (uint32_t)more : 0u;
  }
  gr_sim_expect(done == SLOTS);
  gr_sim_expect(grosr_submit(g, &tasks[SLOTS], last) == -EAGAIN);
  gr_sim_expect(grosr_wait_many(g, tickets, SLOTS, GROSR_FOREVER, NULL) == SLOTS);
  gr_sim_expect(grosr_submit(g, &tasks[SLOTS], last) == 0);
  gr_sim_expect(grosr_wait(g, *last, GROSR_FOREVER, NULL) == 0);
  if (gr_sim_random() % 2u == 0) {
    fill_queues(g, device, words);
    reuse_slots(g, device, words);
  }
  gr_sim_expect(grosr_close(g) == 0);
  gr_invariants_watch(NULL);
}

/* More teams than a word of the idle bitmap has bits: they get tasks, go idle, rest, and end. */
void gr_scenario_wide(void *argument)
{
  (void)argument;
  struct grosr_options options;
  struct grosr_task tasks[SLOTS];
  uint64_t *words;
  uint32_t mark;
  options_small(&options);
  options.teams = 65u + (uint32_t)(gr_sim_random() % 16u);
  options.idle_exit_ns = gr_sim_random() % 2u == 0 ? 20000u : 0u;
  struct grosr *g = open_or_fail(&options);
  const uint64_t device = words_take(g, &words);
  gr_sim_expect(grosr_op(g, "mark", &mark) == 0);
  for (uint32_t round = 0; round < 2u; round++) {
    for (uint32_t i = 0; i < SLOTS; i++) {
      tasks[i] = (struct grosr_task){mark, 0, {device, round * SLOTS + i, 0, 0}, 0};
    }
    gr_sim_expect(grosr_submit_many(g, tasks, SLOTS, GROSR_FOREVER, NULL) == SLOTS);
    gr_sim_expect(grosr_wait_all(g, GROSR_FOREVER) == 0);
    gr_nap(gr_sim_random() % (options.idle_mode == GROSR_IDLE_LATENCY ? 20000u : 2000000u));
  }
  for (uint32_t i = 0; i < 2u * SLOTS; i++) {
    gr_sim_expect(words[i] == 1u);
  }
  gr_sim_expect(grosr_close(g) == 0);
  gr_invariants_watch(NULL);
}

/* An op that does not return: waits end, the black box names it, and another device opens. */
void gr_scenario_stuck(void *argument)
{
  (void)argument;
  struct grosr_options options;
  char text[2048];
  uint64_t *words;
  uint32_t stuck;
  options_small(&options);
  options.op_ns_max = 1000000u;
  options.close_ns_max = 2000000u;
  struct grosr *g = open_or_fail(&options);
  const uint64_t device = words_take(g, &words);
  gr_sim_expect(grosr_op(g, "stuck", &stuck) == 0);
  const struct grosr_task task = {stuck, 0, {device, 0, device + 1024u, 0}, 0};
  grosr_ticket ticket;
  gr_sim_expect(grosr_submit(g, &task, &ticket) == 0);
  gr_sim_expect(grosr_wait(g, ticket, GROSR_FOREVER, NULL) == -ETIMEDOUT);
  gr_sim_expect(grosr_submit(g, &task, &ticket) == -EIO);
  bool is_named = false;
  for (uint32_t looks = 0; looks < 8u && !is_named; looks++) { /* weak memory: it may be late */
    gr_sim_expect(grosr_black_box(g, text, sizeof text) > 0);
    is_named = strstr(text, "RUNNING 'stuck'") != NULL;
  }
  gr_sim_expect(is_named);
  gr_sim_expect(grosr_close(g) == -ETIMEDOUT);
  gr_invariants_watch(NULL);
  gr_scenario_full(NULL);
}

/* Asserts that fail, on several teams at once: the black box tells of one, whole; waits end. */
void gr_scenario_fault(void *argument)
{
  (void)argument;
  struct grosr_options options;
  struct grosr_task tasks[4];
  char text[2048];
  uint64_t *words;
  uint32_t breaks;
  options_small(&options);
  options.op_ns_max = 4000000u;
  struct grosr *g;
  gr_sim_expect(grosr_open(&options, &g) == 0);
  const uint64_t device = words_take(g, &words);
  gr_sim_expect(grosr_op(g, "breaks", &breaks) == 0);
  for (uint32_t i = 0; i < 4u; i++) {
    tasks[i] = (struct grosr_task){breaks, 0, {device, i, 0, 0}, 0};
  }
  gr_sim_expect(grosr_submit_many(g, tasks, 4u, 0, NULL) == 4);
  const int error = grosr_wait_all(g, GROSR_FOREVER);
  /* A clock that jumps makes any op too long. */
  gr_sim_expect(error == -EIO || error == -ETIMEDOUT);
  const char *fault = NULL;
  for (uint32_t looks = 0; looks < 64u && fault == NULL; looks++) { /* it may be late */
    if (looks >= 8u) {
      gr_nap(1000000u);
    }
    gr_sim_expect(grosr_black_box(g, text, sizeof text) > 0);
    fault = strstr(text, "fault: assert failed in an op of the image line ");
  }
  uint32_t line = 0, team = 0, lane = 0;
  unsigned long long number = 0;
  gr_sim_expect(fault != NULL &&
                sscanf(strstr(fault, "line "), "line %u, team %u lane %u, argument %llx", &line,
                       &team, &lane, &number) == 4);
  gr_sim_expect(line != 0 && lane == 0 && team < options.teams && number == 1000u + team);
  gr_sim_expect(grosr_submit(g, &tasks[0], NULL) == -EIO);
  gr_sim_expect(grosr_close(g) < 0);
}

/* Memory that is not to be had: the open fails whole, and the next one works. */
void gr_scenario_memory(void *argument)
{
  (void)argument;
  for (uint32_t tries = 0; tries < 3u; tries++) {
    struct grosr_options options;
    struct grosr *g;
    options_small(&options);
    const int error = grosr_open(&options, &g);
    gr_sim_expect(error == 0 || error == -ENOMEM);
    gr_sim_expect(error == 0 || grosr_last_error()[0] != '\0');
    gr_sim_expect(error != 0 || grosr_close(g) == 0);
  }
}
