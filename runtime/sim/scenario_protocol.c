/* scenario_protocol.c - single protocols between two or three participants, small enough for every
 * schedule to be tried (explore.c): the real functions on a struct gr_dev made by hand. Here: run
 * queue, join, duty.
 *
 * Loops that wait call gr_sim_retry, at which explore.c lets a participant wait for a store; one
 * that waits for ever is a lost wake-up, and "stuck" is what the run then fails with.
 *
 * Next: scenario_work.c. */
#include "device/microkernel.h"
#include "sim/protocol.h"
#include "sim/scenario.h"

/* ---- runq: two producers and a consumer on a queue of two slots ---- */
static uint32_t popped_mask;

/* Who takes a slot has read it, and who fills it next must know: a plain word per slot, read with
 * the taking and written with the filling, tells by a race. */
static struct gr_runq *queue;
static uint64_t *filled; /* per slot, a line apart */

static void head_stores(const void *address, uint64_t before, uint64_t after)
{
  (void)address;
  gr_sim_expect(before == after || filled[16u * (before & 1u)] != 0u);
}

static void slot_stores(const void *address, uint64_t before, uint64_t after)
{
  const size_t offset = (size_t)((const char *)address - (const char *)queue->slot);
  (void)before;
  if (offset % sizeof(struct gr_line) == 0 && (after >> 32 & 1u) != 0u) { /* full: chunk 0 */
    filled[16u * (offset / sizeof(struct gr_line))] += 1u;
  }
}

static struct gr_dev *runq_begin(void)
{
  struct gr_dev *dev = gr_protocol_dev(1);
  popped_mask = 0;
  queue = &dev->runq[0];
  filled = gr_sim_take("filled", 256u);
  gr_sim_watch(&queue->head, sizeof queue->head, head_stores);
  gr_sim_watch(queue->slot, 2u * sizeof queue->slot[0], slot_stores);
  return dev;
}

static void push(struct gr_dev *dev, uint64_t number)
{
  struct gr_task task = {{number, number + 1u, number + 2u, number + 3u}, {{0}}};
  uint32_t pos;
  while (gr_runq_reserve(dev, &dev->runq[0], 1u, &pos) != GR_OK) {
    gr_sim_retry(number);
  }
  gr_runq_fill(dev, &dev->runq[0], pos, &task);
}

static uint64_t pop(struct gr_dev *dev, uint64_t mine)
{
  struct gr_task task;
  while (gr_runq_pop(dev, &dev->runq[0], &task) != GR_OK) {
    gr_sim_retry(mine);
  }
  for (uint32_t i = 0; i < 4u; i++) {
    gr_sim_expect(task.arg[i] == task.arg[0] + i);
  }
  gr_sim_expect((popped_mask >> task.arg[0] & 1u) == 0);
  popped_mask |= 1u << task.arg[0];
  return task.arg[0];
}

static void *push_three(void *dev)
{
  for (uint64_t i = 1; i <= 3u; i++) {
    push(dev, i);
  }
  return NULL;
}

/* One producer, one consumer, the ring wraps: first in, first out. */
void gr_scenario_runq(void *argument)
{
  (void)argument;
  struct gr_dev *dev = runq_begin();
  const uint32_t id = gr_protocol_spawn("producer", push_three, dev);
  for (uint64_t i = 1; i <= 3u; i++) {
    gr_sim_expect(pop(dev, i) == i);
  }
  gr_sim_join(id);
}

static void *push_one(void *dev)
{
  push(dev, 4);
  return NULL;
}
static void *push_other(void *dev)
{
  push(dev, 5);
  return NULL;
}
void gr_scenario_runq_push(void *argument)
{
  (void)argument;
  struct gr_dev *dev = runq_begin();
  const uint32_t first = gr_protocol_spawn("producer 4", push_one, dev);
  const uint32_t second = gr_protocol_spawn("producer 5", push_other, dev);
  pop(dev, 1);
  gr_sim_join(first);
  gr_sim_join(second);
  pop(dev, 2);
  gr_sim_expect(popped_mask == 0x30u);
}

static void *pop_one(void *dev)
{
  pop(dev, 1);
  return NULL;
}
void gr_scenario_runq_pop(void *argument)
{
  (void)argument;
  struct gr_dev *dev = runq_begin();
  const uint32_t first = gr_protocol_spawn("consumer", pop_one, dev);
  const uint32_t second = gr_protocol_spawn("consumer", pop_one, dev);
  push(dev, 4);
  push(dev, 5);
  gr_sim_join(first);
  gr_sim_join(second);
  gr_sim_expect(popped_mask == 0x30u);
}

/* Slots are freed in any order; both of a fork's must be free, not the first alone. */
void gr_scenario_runq_fork(void *argument)
{
  (void)argument;
  struct gr_dev *dev = runq_begin();
  const struct gr_task task[2] = {{{6u, 7u, 8u, 9u}, {{0}}}, {{7u, 8u, 9u, 10u}, {{0}}}};
  uint32_t pos = 0;
  push(dev, 4);
  push(dev, 5);
  const uint32_t first = gr_protocol_spawn("consumer", pop_one, dev);
  const uint32_t second = gr_protocol_spawn("consumer", pop_one, dev);
  while (gr_runq_reserve(dev, &dev->runq[0], 2u, &pos) != GR_OK) {
    gr_sim_retry(0);
  }
  for (uint32_t i = 0; i < 2u; i++) {
    gr_runq_fill(dev, &dev->runq[0], pos + i, &task[i]);
  }
  gr_sim_join(first);
  gr_sim_join(second);
  gr_sim_expect(pop(dev, 1) == 6u && pop(dev, 2) == 7u);
}

/* ---- join: two children of one fork, and the free list ---- */
static struct gr_team *join_team[2];
static uint64_t *join_words;

static struct gr_dev *join_begin(void)
{
  struct gr_dev *dev = gr_protocol_dev(2);
  join_team[0] = gr_protocol_team(dev, 0);
  join_team[1] = gr_protocol_team(dev, 1);
  join_words = gr_sim_take("words", 512);
  gr_sim_expect(gr_join_take(dev) == 1u);
  dev->join[0].then.arg[0] = 99u;
  gr_store_relaxed_gpu_u32(&dev->join[0].pending, 2u);
  return dev;
}

static void child_ends(struct gr_team *team, int32_t result)
{
  const struct gr_whom whom = {GR_DONE_JOIN, 0u, 0u};
  gr_end_tell(team, whom, result);
}

static void *finish_child(void *argument)
{
  const uint32_t me = (uint32_t)(uintptr_t)argument;
  struct gr_team *team = join_team[me];
  join_words[me * 16u] = 1u;
  child_ends(team, GR_OK);
  if (team->has_next != 0u) { /* the last one: it sees what both wrote */
    gr_sim_expect(join_words[0] == 1u && join_words[16] == 1u && team->next.arg[0] == 99u);
    join_words[32] += 1u;
  }
  return NULL;
}

void gr_scenario_join(void *argument)
{
  (void)argument;
  struct gr_dev *dev = join_begin();
  const uint32_t id = gr_protocol_spawn("child 1", finish_child, (void *)1);
  finish_child(NULL);
  gr_sim_join(id);
  gr_sim_expect(join_words[32] == 1u);
  gr_sim_expect(gr_join_take(dev) == 1u && gr_join_take(dev) == 2u && gr_join_take(dev) == 0u);
}

static void *fail_child(void *argument)
{
  child_ends(join_team[1], -7);
  return argument;
}

/* The continuation does not run, whoever is last, and what it was to signal is the failure. */
void gr_scenario_join_fails(void *argument)
{
  (void)argument;
  struct gr_dev *dev = join_begin();
  dev->join[0].then.flags = GR_DONE_HOST;
  dev->join[0].then.generation = 3u;
  const uint32_t id = gr_protocol_spawn("child 1", fail_child, NULL);
  child_ends(join_team[0], GR_OK);
  gr_sim_join(id);
  gr_sim_expect(join_team[0]->has_next == 0u && join_team[1]->has_next == 0u);
  gr_sim_expect(gr_load_acquire_sys_u64(dev->completion) == GR_COMPLETION_WORD(3u, -7));
}

/* While taken, a join is its taker's alone: its plain words tell by a value or a race. */
static uint32_t take_one(struct gr_dev *dev)
{
  const uint32_t taken = gr_join_take(dev);
  if (taken != 0u) {
    gr_sim_expect(dev->join[taken - 1u].then.arg[0] == 0u);
    dev->join[taken - 1u].then.arg[0] = 1u;
  }
  return taken;
}

static void give_one(struct gr_dev *dev, uint32_t taken)
{
  if (taken != 0u) {
    dev->join[taken - 1u].then.arg[0] = 0u;
    gr_join_give(dev, taken - 1u);
  }
}

/* Both, and back in the order in which they were taken: the list's top is the same as before, and
 * what follows it is not. */
static void *take_both(void *argument)
{
  struct gr_dev *dev = argument;
  const uint32_t first = take_one(dev);
  const uint32_t second = take_one(dev);
  give_one(dev, first);
  give_one(dev, second);
  return NULL;
}

void gr_scenario_join_list(void *argument)
{
  (void)argument;
  struct gr_dev *dev = gr_protocol_dev(2);
  const uint32_t id = gr_protocol_spawn("taker", take_both, dev);
  const uint32_t mine = take_one(dev);
  give_one(dev, mine);
  gr_sim_join(id);
  gr_sim_expect(gr_join_take(dev) != 0u && gr_join_take(dev) != 0u && gr_join_take(dev) == 0u);
}

/* ---- duty: who reads the ring hands its place on ---- */
static struct gr_team *duty_team[2];

static void *take_duty(void *argument)
{
  struct gr_team *team = duty_team[(uintptr_t)argument];
  struct gr_lead lead = {0};
  lead.team = team;
  lead.dev = team->dev;
  for (uint32_t times = 0; times < 2u;) {
    if (gr_duty_try_take(&lead)) {
      lead.ingress_pos++;
      lead.control_pos += 2u;
      gr_duty_give(&lead);
      times++;
    } else {
      gr_sim_retry(times);
    }
  }
  return NULL;
}

void gr_scenario_duty(void *argument)
{
  (void)argument;
  struct gr_dev *dev = gr_protocol_dev(2);
  duty_team[0] = gr_protocol_team(dev, 0);
  duty_team[1] = gr_protocol_team(dev, 1);
  const uint32_t id = gr_protocol_spawn("other", take_duty, (void *)1);
  take_duty(NULL);
  gr_sim_join(id);
  gr_sim_expect(dev->ingress_pos == 4u && dev->control_pos == 8u);
}
