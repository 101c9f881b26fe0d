/* scenario_rest.c - the microkernel goes to rest while somebody wants it to go on, explored.
 *
 * Next: scenarios.c. */
#include "device/microkernel.h"
#include "sim/protocol_host.h"
#include "sim/scenario.h"

/* ---- the host submits ---- */
static struct grosr host;
static struct gr_lead lead;
static uint32_t launches;
static gr_au32 *has_left; /* 1: the team has gone home */

static int fake_ended(struct gr_backend *backend)
{
  (void)backend;
  return gr_load_acquire_gpu_u32(has_left) != 0u && launches == 0 ? 1 : 0;
}
static int fake_launch(struct gr_backend *backend, const struct gr_launch *launch)
{
  (void)backend;
  launches++;
  gr_store_relaxed_sys_u32(&host.boundary->ready, launch->incarnation);
  return 0;
}

static void host_begin(void)
{
  static const struct gr_backend_ops ops = {.ended = fake_ended, .launch = fake_launch};
  gr_protocol_host(&host, 1, &ops);
  host.options.idle_exit_ns = 1u;
  lead = (struct gr_lead){.dev = host.dev, .team = gr_protocol_team(host.dev, 0), .on_duty = true};
  launches = 0;
  has_left = gr_sim_take("has left", sizeof *has_left);
}

static bool rests(void)
{
  const bool leaves = gr_rest(&lead) == GR_TURN_LEAVE;
  gr_store_release_gpu_u32(has_left, leaves ? 1u : 0u);
  return leaves;
}

static void *rest(void *argument)
{
  const bool leaves = rests();
  while (!leaves && gr_ingress_peek(&lead) == 0u) {
    gr_sim_retry(0);
  }
  return argument;
}

static void *submit_one(void *argument)
{
  const struct grosr_task task = {0, 0, {1, 0, 0, 0}, 0};
  gr_sim_expect(grosr_submit(&host, &task, NULL) == 0);
  return argument;
}

static void expect_one_launch(void)
{
  const uint32_t left = gr_load_acquire_gpu_u32(has_left);
  if (launches != left) {
    gr_sim_fail("the microkernel has left %u times, and was launched %u times", left, launches);
  }
}

void gr_scenario_rest(void *argument)
{
  (void)argument;
  host_begin();
  const uint32_t id = gr_protocol_spawn("team", rest, NULL);
  submit_one(NULL);
  gr_sim_join(id);
  expect_one_launch();
}

/* Two submitters find it resting, and bring it back once. */
void gr_scenario_rest_two(void *argument)
{
  (void)argument;
  host_begin();
  rest(NULL);
  const uint32_t id = gr_protocol_spawn("submitter", submit_one, NULL);
  submit_one(NULL);
  gr_sim_join(id);
  expect_one_launch();
}

static void *rest_once(void *argument)
{
  const bool leaves = rests();
  while (!leaves && gr_load_relaxed_gpu_u32(&lead.dev->run) == GR_RUN_GO &&
         gr_load_relaxed_gpu_u32(&lead.dev->cancel[0]) == 0u) {
    gr_control_step(&lead);
    gr_sim_retry(0);
  }
  return argument;
}

/* What the host asks for comes with a control message: it is carried out, by the one that stays or
 * by the one that comes back; and a stop brings nobody back who has seen it. */
static void control(uint32_t message)
{
  host_begin();
  const uint32_t id = gr_protocol_spawn("team", rest_once, NULL);
  gr_sim_expect(gr_control_send(&host, message, 0, 7) == 0);
  gr_sim_join(id);
  const bool is_stopped = gr_load_relaxed_gpu_u32(&host.dev->run) != GR_RUN_GO;
  const bool is_carried_out =
      is_stopped || gr_load_relaxed_gpu_u32(&host.dev->cancel[0]) == 7u;
  if (is_carried_out ? is_stopped && launches != 0 : launches != 1u) {
    gr_sim_fail("a control message is %scarried out, and the microkernel was launched %u times",
                is_carried_out ? "" : "not ", launches);
  }
}

void gr_scenario_rest_cancel(void *argument)
{
  (void)argument;
  control(GR_CTL_CANCEL);
}

void gr_scenario_rest_stop(void *argument)
{
  (void)argument;
  control(GR_CTL_STOP);
}

/* ---- rest: a team sends the others home ---- */
static struct gr_lead other;
static uint32_t verdict; /* that the resting team has come to */

static struct gr_team *team_begin(void)
{
  struct gr_dev *dev = gr_protocol_dev(2);
  dev->idle_exit_ns = 1u;
  verdict = GR_TURN_NOTHING;
  other = (struct gr_lead){.dev = dev, .team = gr_protocol_team(dev, 1)};
  gr_announce(&other);
  return gr_protocol_team(dev, 0);
}

static void rest_lane(void *argument)
{
  struct gr_lead mine = {.team = argument, .dev = ((struct gr_team *)argument)->dev};
  mine.on_duty = true;
  gr_rest(&mine);
  gr_add_acqrel_gpu_u32(&mine.dev->booted, 1u);
}

/* By a team of two lanes, while the other is given a task. Whether it leaves or not, team 1's
 * mailbox has one message for its one announcement. */
void gr_scenario_rest_lanes(void *argument)
{
  const struct gr_task task = {{5u, 0, 0, 0}, {{0}}};
  (void)argument;
  struct gr_team *resting = team_begin();
  struct gr_sim_team *lanes = gr_sim_team_open(0, 2u, 2u, resting);
  gr_sim_team_start(lanes, rest_lane, resting);
  gr_sim_expect(gr_sched_place(other.team, &task) == GR_OK);
  while (gr_load_acquire_gpu_u32(&other.dev->booted) != 2u) {
    gr_sim_retry(0);
  }
  gr_sim_expect(gr_mailbox_poll(&other));
}

/* The turn in which a team that has long been idle rests. */
static void *rest_turn(void *argument)
{
  struct gr_lead mine = {.team = argument, .dev = ((struct gr_team *)argument)->dev};
  gr_duty_try_take(&mine);
  gr_announce(&mine);
  mine.is_idle = true;
  mine.looks = GR_LOOK_TURNS;
  verdict = gr_turn(&mine);
  return NULL;
}

/* The other team seems idle, finds something to do after all, places a task and is idle again: the
 * task is somewhere, and nobody leaves without it. */
void gr_scenario_rest_late(void *argument)
{
  const struct gr_task task = {{5u, 0, 0, 0}, {{0}}};
  (void)argument;
  struct gr_team *resting = team_begin();
  struct gr_dev *dev = other.dev;
  const uint32_t id = gr_protocol_spawn("resting", rest_turn, resting);
  if (!gr_retract(&other)) {
    gr_sim_join(id);
    return;
  }
  gr_sim_expect(gr_sched_place(other.team, &task) == GR_OK);
  gr_announce(&other);
  gr_sim_join(id);
  const uint32_t queued =
      gr_load_relaxed_gpu_u32(&dev->runq[0].tail) - gr_load_relaxed_gpu_u32(&dev->runq[0].head);
  struct gr_task sent;
  const bool is_sent =
      gr_line_try_read(&dev->mailbox[0].line, GR_MAILBOX_FULL, &sent) && sent.op == task.op;
  if (verdict == GR_TURN_LEAVE || queued + is_sent + (verdict == GR_TURN_RUN) != 1u) {
    gr_sim_fail("a task was placed and is lost: verdict %u, queued %u, sent %d", verdict, queued,
                is_sent);
  }
}
