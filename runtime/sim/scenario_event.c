/* scenario_event.c - protocols of events, for every schedule to be tried: wait against signal,
 * close and kill (device/event.h: I21, I22, I24).
 *
 * What the word itself must keep is watched at every store; what a signaller wrote before, and what
 * a task brings with it, is plain, so that who sees it without having been told is found by a race.
 * A task that waits for ever ends as "stuck" in the loop that waits for it.
 *
 * Next: scenario_launch.c. */
#include "sim/protocol_host.h"

#include "device/microkernel.h"
#include "sim/scenario.h"

enum { EVENT = 1u << 16, NEXT = 2u << 16 }; /* handles of place 0: of one event and the next */

static struct {
  struct gr_dev *dev;
  struct gr_team *team[3];
  uint64_t *words;  /* a line apart, plain: who signals writes his own before */
  uint64_t *wanted; /* plain: of task n, which words it may expect; written before it is parked */
  uint32_t ran;     /* bit n: task n was begun */
  struct grosr *host;
} E;

/* I21: the value grows by signals, which take the list; a node is put on top of what was there. */
static void word_stores(const void *address, uint64_t before, uint64_t after)
{
  const uint32_t counted = GR_EVENT_VALUE(after) - GR_EVENT_VALUE(before);
  const uint32_t top = GR_EVENT_TOP(after);
  (void)address;
  if (GR_EVENT_GENERATION(before) != GR_EVENT_GENERATION(after)) {
    gr_sim_expect(GR_EVENT_VALUE(after) == 0u && top == 0u);
    gr_sim_expect(GR_EVENT_GENERATION(before) == 0u || GR_EVENT_GENERATION(after) == 0u);
    return;
  }
  gr_sim_expect(counted <= 1u && (counted == 0u || top == 0u));
  gr_sim_expect(top == 0u || top == GR_EVENT_TOP(before) ||
                E.dev->wait[top - 1u].next == GR_EVENT_TOP(before)); /* I22 */
}

static void begin(struct gr_dev *dev)
{
  E.dev = dev;
  dev->teams = 1u; /* what is woken is queued: who is idle has its own scenarios */
  dev->event->word.v = EVENT;
  E.words = gr_sim_take("words", 3u * 128u);
  E.wanted = gr_sim_take("wanted", 3u * 128u);
  E.ran = 0u;
  for (uint32_t i = 0; i < 3u; i++) {
    E.team[i] = gr_protocol_team(dev, i < 2u ? i : 0u);
  }
  gr_sim_watch(&dev->event->word, 8u, word_stores);
  gr_sim_name(&dev->event->word, 8u, 0, "event");
  gr_sim_name(&dev->wait_free, 8u, 0, "wait_free");
}

/* Task `number` is run now: by whom every word that it expects was written, and is known. */
static void run(const struct gr_task *task)
{
  const uint32_t number = (uint32_t)task->arg[0];
  gr_sim_expect((E.ran >> number & 1u) == 0u);
  E.ran |= 1u << number;
  for (uint32_t i = 0; i < 2u; i++) {
    gr_sim_expect((E.wanted[16u * number] >> i & 1u) == 0u || E.words[16u * i] != 0u);
  }
}

/* The team's task is one of the host's, that waits for `value`. */
static void after(uint32_t team, uint32_t number, uint32_t value)
{
  struct gr_team *at = E.team[team];
  const struct gr_task task = {{number, 0, 0, value}, {{0}}};
  at->own = task;
  at->own.flags = GR_FLAG_AFTER;
  at->own.tiles = EVENT;
  at->task = &at->own;
}

static int32_t wait_for(uint32_t team, uint32_t number, uint32_t value, uint64_t words)
{
  E.wanted[16u * number] = words;
  after(team, number, value);
  const int32_t status = gr_after_begin(E.team[team]);
  if (status == GR_PARK_READY) {
    run(E.team[team]->task);
  }
  return status;
}

/* Runs what was placed, until all of `tasks` have been run. */
static void work(uint32_t team, uint32_t tasks)
{
  while ((E.ran & tasks) != tasks) {
    if (gr_sched_pull(E.team[team], false) == GR_OK) {
      run(&E.team[team]->own);
    } else {
      gr_sim_retry(E.ran);
    }
  }
}

static void *signal_one(void *argument)
{
  const uint32_t team = (uint32_t)(uintptr_t)argument;
  E.words[16u * team] = 1u;
  gr_sim_expect(gr_event_signal(E.team[team], EVENT, 1u) == GR_OK);
  return NULL;
}

/* Both wait nodes are free, and nobody waits. */
static void check_over(void)
{
  gr_sim_expect(GR_EVENT_TOP(gr_load_acquire_gpu_u64(&E.dev->event->word)) == 0u);
  gr_sim_expect(gr_wait_take(E.dev) != 0u && gr_wait_take(E.dev) != 0u);
  gr_sim_expect(gr_wait_take(E.dev) == 0u);
}

/* ---- signals ---- */
void gr_scenario_event(void *argument)
{
  (void)argument;
  begin(gr_protocol_dev(2));
  const uint32_t id = gr_protocol_spawn("signaller", signal_one, (void *)1);
  gr_sim_expect(wait_for(0u, 0u, 1u, 2u) >= 0);
  work(0u, 1u);
  gr_sim_join(id);
  check_over();
}

/* Of two that wait, one wants both signals, of which another team gives one: who has taken the list
 * parks it again while the other's signal comes. */
void gr_scenario_event_two(void *argument)
{
  (void)argument;
  begin(gr_protocol_dev(2));
  gr_sim_expect(wait_for(0u, 0u, 2u, 3u) == GR_PARK_PARKED);
  gr_sim_expect(wait_for(0u, 1u, 1u, 0u) == GR_PARK_PARKED);
  const uint32_t id = gr_protocol_spawn("signaller", signal_one, (void *)1);
  signal_one(NULL);
  work(0u, 3u);
  gr_sim_join(id);
  check_over();
}

/* One is parked on top of another while that is taken off and put back: I22. */
static void *sift(void *argument)
{
  gr_sim_expect(gr_event_signal(E.team[1], EVENT, 0u) == GR_OK);
  return argument;
}
void gr_scenario_event_sift(void *argument)
{
  (void)argument;
  begin(gr_protocol_dev(2));
  gr_sim_expect(wait_for(0u, 0u, 1u, 1u) == GR_PARK_PARKED);
  const uint32_t id = gr_protocol_spawn("sifter", sift, NULL);
  gr_sim_expect(wait_for(0u, 1u, 1u, 1u) == GR_PARK_PARKED);
  gr_sim_join(id);
  signal_one(NULL);
  work(0u, 3u);
  check_over();
}

/* ---- what ends a wait otherwise ---- */
static void change(uint32_t team, uint32_t handle, uint64_t opens)
{
  const struct gr_task task = {{handle, opens, 0, 0}, {{0}}};
  E.team[team]->own = task;
  E.team[team]->task = &E.team[team]->own;
  gr_sim_expect(gr_event_change(E.team[team]) == GR_OK);
}

/* It is closed, and its place has the next event, while somebody waits and signals by the old
 * handle: nothing of that happens to the next. */
static void *close_and_open(void *argument)
{
  change(1u, EVENT, 0u);
  change(1u, NEXT, 1u);
  return argument;
}
void gr_scenario_event_close(void *argument)
{
  (void)argument;
  begin(gr_protocol_dev(2));
  const uint32_t id = gr_protocol_spawn("closer", close_and_open, NULL);
  const int32_t waits = wait_for(0u, 0u, 1u, 1u);
  gr_sim_expect(waits == GR_PARK_PARKED || waits == GR_E_CANCELED);
  E.words[0] = 1u;
  const int32_t signalled = gr_event_signal(E.team[0], EVENT, 1u);
  gr_sim_expect(signalled == GR_OK || signalled == GR_E_NOENT);
  gr_sim_join(id);
  const bool was_woken = waits == GR_PARK_PARKED && signalled == GR_OK;
  gr_sim_expect(gr_load_acquire_gpu_u64(&E.dev->event->word) == NEXT);
  gr_sim_expect((gr_sched_pull(E.team[0], false) == GR_OK) == was_woken);
  gr_sim_expect(E.team[1]->cancelled == (waits == GR_PARK_PARKED && !was_woken ? 1u : 0u));
  check_over();
}

/* I24: the team on duty kills a context, and tells the host that it has; then its events are
 * sifted, while one of its tasks is parked. */
static void *carry_out_kill(void *argument)
{
  struct gr_lead lead = {0};
  struct gr_task message = {{0}, {{0}}};
  lead.team = E.team[2];
  lead.dev = E.dev;
  message.op = GR_CTL_CONTEXT;
  message.arg[0] = GR_CONTEXT_WORD(0u, 0u, GR_CONTEXT_KILLED, 1u);
  message.arg[1] = 1ull << 32 | 1u;
  message.arg[3] = 1u;
  gr_control_carry_out(&lead, &message);
  gr_store_release_sys_u32(&E.dev->boundary->control_head, 1u);
  return argument;
}
static void *kill_and_sift(void *argument)
{
  gr_sim_expect(gr_control_await(E.host, 1000000000u) == 0);
  gr_sim_expect(gr_event_signal(E.team[1], EVENT, 0u) == GR_OK);
  return argument;
}
static void kill_begin(void)
{
  static struct grosr host;
  gr_protocol_host(&host, 2, NULL);
  begin(host.dev);
  E.host = &host;
  host.control_tail = 1u;
}
void gr_scenario_event_kill(void *argument)
{
  (void)argument;
  kill_begin();
  const uint32_t duty = gr_protocol_spawn("duty", carry_out_kill, NULL);
  const uint32_t id = gr_protocol_spawn("sifter", kill_and_sift, NULL);
  const int32_t waits = wait_for(0u, 0u, 1u, 0u);
  gr_sim_join(duty);
  gr_sim_join(id);
  gr_sim_expect(waits == GR_PARK_PARKED || waits == GR_E_CANCELED);
  gr_sim_expect(E.team[0]->cancelled + E.team[1]->cancelled == (waits == GR_PARK_PARKED ? 1u : 0u));
  check_over();
}

/* The same, and who is parked again just then had waited before. */
void gr_scenario_event_kill_late(void *argument)
{
  (void)argument;
  kill_begin();
  gr_sim_expect(wait_for(0u, 0u, 2u, 0u) == GR_PARK_PARKED);
  const uint32_t duty = gr_protocol_spawn("duty", carry_out_kill, NULL);
  const uint32_t id = gr_protocol_spawn("sifter", kill_and_sift, NULL);
  signal_one(NULL);
  gr_sim_join(duty);
  gr_sim_join(id);
  gr_sim_expect(E.team[0]->cancelled + E.team[1]->cancelled == 1u);
  check_over();
}

/* ---- lanes ---- */
static void lanes_start(void (*lane)(void *))
{
  E.wanted[16] = 3u;
  E.team[1]->task = &E.team[1]->own;
  gr_sim_team_start(gr_sim_team_open(1, 2u, 2u, E.team[1]), lane, NULL);
}

static void lanes_join(void)
{
  while (gr_load_acquire_gpu_u32(&E.dev->booted) != 2u) {
    gr_sim_retry(E.ran);
  }
}

/* A team of two lanes begins a task that need not wait, and signals, while the queue is full: what
 * is woken it owes, and runs. */
static void signal_lane(void *argument)
{
  struct gr_team *team = E.team[1];
  (void)argument;
  gr_sim_expect(gr_after_begin(team) == GR_PARK_READY && gr_arg_u64(team, 0) == 2u);
  E.words[16u * gr_lane()] = 1u;
  gr_sim_expect(gr_event_signal_team(team, EVENT, 1u) == GR_OK);
  gr_team_barrier(); /* the op has returned */
  gr_task_settle(team);
  while (team->has_next != 0u) {
    gr_warp_barrier();
    if (gr_warp_lane() == 0u) {
      run(&team->next);
      team->has_next = 0u;
    }
    gr_warp_barrier();
    gr_task_settle(team);
  }
  gr_add_acqrel_gpu_u32(&E.dev->booted, 1u);
}
void gr_scenario_event_lanes(void *argument)
{
  const struct gr_task filler = {{9u, 0, 0, 0}, {{0}}};
  (void)argument;
  begin(gr_protocol_dev(2));
  gr_sim_expect(wait_for(0u, 1u, 1u, 3u) == GR_PARK_PARKED);
  while (gr_sched_place(E.team[0], &filler) == GR_OK) {
  }
  E.dev->teams = 2u;
  after(1u, 2u, 0u);
  lanes_start(signal_lane);
  gr_sim_expect(wait_for(0u, 0u, 1u, 3u) >= 0);
  lanes_join();
  gr_sim_expect(E.ran == 3u);
  check_over();
}

/* One submits a task that waits, while another signals. */
static void submit_lane(void *argument)
{
  const struct gr_task task = {{1u, 0, 0, 0}, {{0}}};
  (void)argument;
  E.words[16u * gr_lane()] = 1u;
  gr_sim_expect(gr_submit_after_team(E.team[1], EVENT, 1u, &task) == GR_OK);
  gr_add_acqrel_gpu_u32(&E.dev->booted, 1u);
}
void gr_scenario_event_lanes_wait(void *argument)
{
  (void)argument;
  begin(gr_protocol_dev(2));
  lanes_start(submit_lane);
  gr_sim_expect(gr_event_signal(E.team[0], EVENT, 1u) == GR_OK);
  work(0u, 2u);
  lanes_join();
  check_over();
}
