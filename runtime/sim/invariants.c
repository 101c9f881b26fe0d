/* invariants.c - what must hold at every step of every run, under every fault.
 *
 *   I1   h_ingress_tail - ingress_head <= ingress_slots
 *   I2   the host writes no slot of the ring that the device has not given back
 *   I4   a completion slot is written once per generation, and only while its ticket is out
 *   I6   a team whose idle bit is set has an empty mailbox, and who claims it knows
 *   I8   no ready task and sleeping team stay together (a lost wake-up)
 *   I10  head and tail of a run queue are at most its slots apart
 *   C    tasks are counted as accepted or submitted before they can be counted as completed
 *   T1, T2, T5, T6  what tenants may rely on (shared/context.h, device/policy_*.h)
 *   K3   no launched kernel that has ended, and no launch that is asked for, beside a sleeper
 *   B    the host is told "ready" when every team has booted, not before, and once a launch
 *   no gr_assert has failed
 *
 * Reads the newest values straight from memory; takes no step.
 *
 * Next: scenario_device.c. */
#include <stdio.h>
#include <string.h>

#include "device/microkernel.h"
#include "host/grosr_private.h"
#include "sim/scenario.h"

#define LOST_NS 50000000u /* half of the longest sleep: a wake-up takes microseconds */

static struct grosr *g;
static uint64_t *emptied;       /* per team, a line apart: how often its mailbox was emptied */
static uint64_t *filled;        /* per slot of the control ring, a line apart: how often */
static uint64_t ready_since_ns; /* 0: no task is ready */
static uint64_t asked_since_ns; /* 0: the launcher is asked for nothing */

/* As gr_context_ready, without a step. */
static bool may_be_served(const struct gr_dev *dev, uint32_t index)
{
  const struct gr_context *context = &dev->context[index];
  return (dev->restricted.v >> index & 1u) == 0 || (context->state.v & GR_CONTEXT_KILLED) != 0 ||
         (context->state.v == 0 && context->running.v < context->quota.v);
}

static bool is_task_ready(const struct gr_dev *dev)
{
  for (uint64_t bits = dev->queued.v; bits != 0; bits &= bits - 1u) {
    if (!may_be_served(dev, gr_bits_lowest_u64(bits))) {
      continue;
    }
    const struct gr_runq *queue = &dev->runq[gr_bits_lowest_u64(bits)];
    const uint32_t head = queue->head.v;
    const struct gr_line *slot = &queue->slot[head & ((1u << dev->runq_shift) - 1u)];
    if (slot->chunk[0].tag == GR_RUNQ_FULL(head, dev->runq_shift) &&
        slot->chunk[3].tag == GR_RUNQ_FULL(head, dev->runq_shift)) {
      return true;
    }
  }
  return (dev->launcher != NULL && dev->launcher->ended.v != 0) || /* K3 */
         (int32_t)(g->ingress_tail - g->boundary->ingress_head.v) > 0 ||
         (int32_t)(g->control_tail - g->boundary->control_head.v) > 0;
}

static void check_counts(const struct gr_dev *dev)
{
  uint64_t completed = 0, known = g->accepted.v;
  for (uint32_t team = 0; team < dev->teams; team++) {
    completed += dev->team[team].completed.v;
    known += dev->team[team].submitted.v;
  }
  if (completed > known) {
    gr_sim_fail("C: %llu tasks are completed, and %llu were ever accepted or submitted",
                (unsigned long long)completed, (unsigned long long)known);
  }
}

/* T1 and T2. What was accepted before there was anything to decide carries no credit, so T2 is
 * looked at where all of a life is managed. */
static bool is_managed_life;
static void check_credit(const struct gr_dev *dev, uint32_t context)
{
  const int32_t credited = (int32_t)(g->credited[context].v - dev->context[context].left.v);
  const int32_t taken = (int32_t)(dev->runq[context].tail.v - dev->runq[context].head.v);
  if (credited > (int32_t)dev->credit) {
    gr_sim_fail("T1: context %u has %d tasks that have not begun, and credit for %u", context,
                credited, dev->credit);
  }
  if (is_managed_life && taken - credited > (int32_t)((1u << dev->runq_shift) - dev->credit)) {
    gr_sim_fail("T2: run queue %u holds %d tasks and has room for %d with credit only", context,
                taken, credited);
  }
}

static void check_teams(const struct gr_dev *dev)
{
  for (uint32_t team = 0; team < dev->teams; team++) {
    const struct gr_line *line = &dev->mailbox[team].line;
    if ((dev->idle[team / 64u].v >> team % 64u & 1u) != 0 &&
        (line->chunk[0].tag | line->chunk[1].tag | line->chunk[2].tag | line->chunk[3].tag) != 0) {
      gr_sim_fail("I6: team %u is announced idle and its mailbox is not empty", team);
    }
  }
}

void gr_invariants_check(void)
{
  if (g == NULL) {
    return;
  }
  const struct gr_dev *dev = g->dev;
  if (g->boundary->fault.code.v != 0) {
    gr_sim_fail("a gr_assert failed: file %u line %u", g->boundary->fault.file,
                g->boundary->fault.line);
  }
  if ((int32_t)(g->ingress_tail - g->boundary->ingress_head.v) >
      (int32_t)g->options.ingress_slots) {
    gr_sim_fail("I1: the ring holds more than its slots");
  }
  for (uint32_t context = 0; context < 4u; context++) {
    if (dev->runq[context].tail.v - dev->runq[context].head.v > 1u << dev->runq_shift) {
      gr_sim_fail("I10: run queue %u holds more than its slots", context);
    }
    check_credit(dev, context);
  }
  check_teams(dev);
  check_counts(dev);
  if (dev->launcher == NULL || (dev->launcher->asked[0].v | dev->launcher->asked[1].v) == 0) {
    asked_since_ns = 0;
  } else if (asked_since_ns == 0) {
    asked_since_ns = gr_sim_now_ns();
  }
  if (!is_task_ready(dev)) {
    ready_since_ns = 0;
  } else if (ready_since_ns == 0) {
    ready_since_ns = gr_sim_now_ns();
  }
}

/* ---- T5, T6: at each pick, in strong memory (else a team may not know for any time) ---- */
static bool is_starve_life;
#define TENANTS 4u                         /* contexts that scenario starve has, the system's too */
static uint32_t passed_over[GR_PRIORITIES]; /* picks of others while a priority was overdue */
static uint32_t overdue_passed[TENANTS];    /* and while the head of a context was */

/* The note of the task at the head of a context's queue; NULL: there is none. */
static const struct gr_note *head_note(const struct gr_dev *dev, uint32_t context)
{
  const struct gr_runq *queue = &dev->runq[context];
  const uint32_t at = queue->head.v & ((1u << dev->runq_shift) - 1u);
  const uint32_t full = GR_RUNQ_FULL(queue->head.v, dev->runq_shift);
  return queue->slot[at].chunk[3].tag == full && queue->slot[at].chunk[0].tag == full
             ? &queue->note[at]
             : NULL;
}

static bool is_starve_checked(void)
{
  return g != NULL && is_starve_life && gr_sim_config()->memory == GR_SIM_STRONG;
}

/* Is the head of this context overdue by T5 at this time? */
static bool is_overdue(const struct gr_dev *dev, uint32_t context, uint64_t now_ns)
{
  const struct gr_note *note = head_note(dev, context);
  if (note == NULL) {
    return false;
  }
  const uint64_t last_ns = dev->context[context].last_pick_ns.v, kind = note->kind.v;
  const uint64_t since_ns = last_ns > note->since_ns.v ? last_ns : note->since_ns.v;
  const uint32_t op = (uint32_t)(kind >> 16) % GR_OPS_MAX, size = kind & (GR_SIZE_CLASSES - 1u);
  const uint64_t cost = dev->cost[op * GR_SIZE_CLASSES + size].v;
  const uint64_t mean_ns = cost >> 32, deviation_ns = cost & 0xffffffffu;
  const uint64_t expected_ns = mean_ns > deviation_ns ? mean_ns - deviation_ns : 0u;
  return now_ns > since_ns + GR_STARVE_ROUNDS * gr_bits_count_u64(dev->open.v) * expected_ns;
}

static void last_pick_stores(const void *address, uint64_t before, uint64_t after)
{
  (void)before;
  for (uint32_t i = 0; is_starve_checked() && i < TENANTS; i++) {
    const bool is_picked = address == (const void *)&g->dev->context[i].last_pick_ns;
    overdue_passed[i] = !is_picked && is_overdue(g->dev, i, after) ? overdue_passed[i] + 1u : 0u;
    if (overdue_passed[i] > TENANTS + 2u * g->dev->teams) { /* others overdue; teams that looked */
      gr_sim_fail("T5: context %u is overdue, and was passed over by %u picks", i,
                  overdue_passed[i]);
    }
  }
}

static void class_stores(const void *address, uint64_t before, uint64_t after)
{
  const size_t picked = (size_t)((const gr_au64 *)address - g->dev->class_ns);
  (void)before;
  passed_over[picked] = 0;
  for (uint32_t i = 0; is_starve_checked() && i < TENANTS; i++) {
    const struct gr_note *note = head_note(g->dev, i);
    const uint32_t priority = g->dev->context[i].priority.v;
    const uint64_t last_ns = g->dev->class_ns[priority].v;
    const uint64_t since_ns = note == NULL                   ? after
                              : last_ns > note->since_ns.v ? last_ns
                                                           : note->since_ns.v;
    if (priority == 0u || priority == picked || since_ns + priority * GR_AGING_NS >= after) {
      continue;
    }
    if (++passed_over[priority] > g->dev->teams) { /* each may have looked before it was due */
      gr_sim_fail("T6: priority %u is overdue by %llu ns, and %zu is picked", priority,
                  (unsigned long long)(after - since_ns - priority * GR_AGING_NS), picked);
    }
  }
}

static void completion_stores(const void *address, uint64_t before, uint64_t after)
{
  if (g == NULL) {
    return;
  }
  const size_t slot = (size_t)((const gr_au64 *)address - g->completion);
  const uint32_t state = g->slot_state[slot].v;
  if (GR_COMPLETION_GENERATION(before) == GR_COMPLETION_GENERATION(after)) {
    gr_sim_fail("I4: completion slot %zu is written twice in generation %u", slot,
                GR_COMPLETION_GENERATION(after));
  }
  if (state != (GR_COMPLETION_GENERATION(after) << 1 | 1u)) {
    gr_sim_fail("I4: completion slot %zu is written for generation %u, but its state is 0x%x", slot,
                GR_COMPLETION_GENERATION(after), state);
  }
}

/* Who fills a mailbox has claimed its owner, and with the claim comes that the owner has emptied it
 * (I6): a plain word, written with the emptying and read with the filling, tells by a race. Of
 * chunk 0 and of teams of one lane, whose later chunks bring the reading back to the owner. */
static void mailbox_stores(const void *address, uint64_t before, uint64_t after)
{
  (void)before;
  if (g == NULL || g->options.lanes != 1u) {
    return;
  }
  const size_t offset = (size_t)((const char *)address - (const char *)g->dev->mailbox);
  uint64_t *word = &emptied[16u * (offset / sizeof(struct gr_mailbox))];
  if (offset % sizeof(struct gr_mailbox) == 0 && (after >> 32) == GR_MAILBOX_EMPTY) {
    *word += 1u;
  } else if (offset % sizeof(struct gr_mailbox) == 0) {
    gr_sim_expect(*word != UINT64_MAX);
  }
}

static void ready_stores(const void *address, uint64_t before, uint64_t after)
{
  (void)address;
  if (before == after) {
    gr_sim_fail("B: incarnation %llu is ready twice", (unsigned long long)after);
  }
  for (uint32_t team = 0; g != NULL && team < g->dev->teams; team++) {
    if (g->dev->team[team].incarnation.v != after) {
      gr_sim_fail("B: incarnation %llu is ready, and team %u has not booted",
                  (unsigned long long)after, team);
    }
  }
}

/* The host writes slot pos & mask for lap pos >> shift: the one before must have been read. */
static void ingress_stores(const void *address, uint64_t before, uint64_t after)
{
  (void)before;
  if (g == NULL) {
    return;
  }
  const uint32_t slot = (uint32_t)((const struct gr_line *)address - g->ingress);
  const uint32_t lap = (uint32_t)(after >> 32) - 1u;
  const uint32_t pos = (lap << g->ingress_shift) + slot;
  if ((int32_t)(pos - g->boundary->ingress_head.v) >= (int32_t)g->options.ingress_slots) {
    gr_sim_fail("I2: the host writes position %u while the device has read to %u only", pos,
                g->boundary->ingress_head.v);
  }
}

/* The control ring's slots are handed to and fro by control_head: a plain word for each, read
 * before it is given back and written before it is filled. */
static void control_stores(const void *address, uint64_t before, uint64_t after)
{
  const size_t offset = (size_t)((const char *)address - (const char *)g->boundary->control);
  (void)before;
  (void)after;
  if (offset % sizeof(struct gr_line) == 0) {
    filled[16u * (offset / sizeof(struct gr_line))] += 1u;
  }
}
static void control_head_stores(const void *address, uint64_t before, uint64_t after)
{
  (void)address;
  for (uint64_t pos = before; (uint32_t)pos != (uint32_t)after; pos++) {
    gr_sim_expect(filled[16u * (pos % GR_CONTROL_SLOTS)] != 0u);
  }
}

static void overslept(uint32_t participant, uint64_t slept_ns)
{
  const bool is_disturbed = gr_sim_is_parked() || (gr_sim_config()->faults & GR_SIM_JUMPS) != 0;
  if (g != NULL && !is_disturbed && !gr_sim_is_lane(participant)) {
    if (asked_since_ns != 0 && gr_sim_now_ns() - asked_since_ns > LOST_NS) {
      gr_sim_fail("K3: lost wake-up: the launcher slept its whole time while it was asked");
    }
    return;
  }
  if (slept_ns <= GR_SPARE_NAP_NS_MAX) {
    return; /* on purpose: a spare team's nap, or the device may go to rest */
  }
  if (g != NULL && !is_disturbed && g->dev->run.v != GR_RUN_GO) {
    gr_sim_fail("I8: lost wake-up: participant %u slept its whole time while it should leave",
                participant);
  }
  if (g != NULL && !is_disturbed && ready_since_ns != 0 &&
      gr_sim_now_ns() - ready_since_ns > LOST_NS) {
    gr_sim_fail("I8: lost wake-up: participant %u slept its whole time while a task was ready",
                participant);
  }
}

void gr_invariants_report(void *file)
{
  FILE *out = file;
  if (g == NULL) {
    return;
  }
  const struct gr_dev *dev = g->dev;
  fprintf(out,
          "device: %u teams of %u lanes, idle mode %u, reserved ingress %u, idle exit %llu ns\n",
          dev->teams, g->options.lanes, dev->idle_mode, dev->reserved_ingress,
          (unsigned long long)dev->idle_exit_ns);
  fprintf(out, "  idle 0x%llx  queued 0x%llx  duty %u  run %u  ingress %u of %u read  resting %u\n",
          (unsigned long long)dev->idle[0].v, (unsigned long long)dev->queued.v, dev->duty.v,
          dev->run.v, g->boundary->ingress_head.v, g->ingress_tail, g->boundary->resting.v);
  for (uint32_t i = 0; i < 4u; i++) {
    fprintf(out, "  runq %u: head %u tail %u\n", i, dev->runq[i].head.v, dev->runq[i].tail.v);
  }
  for (uint32_t i = 0; i < dev->teams; i++) {
    const struct gr_line *line = &dev->mailbox[i].line;
    fprintf(out, "  team %u: mailbox tags %u%u%u%u asleep %u, %llu done, %llu submitted\n", i,
            line->chunk[0].tag, line->chunk[1].tag, line->chunk[2].tag, line->chunk[3].tag,
            dev->mailbox[i].asleep.v, (unsigned long long)dev->team[i].completed.v,
            (unsigned long long)dev->team[i].submitted.v);
  }
}

void gr_invariants_managed(void)
{
  is_managed_life = true;
}

void gr_invariants_starve(void)
{
  is_starve_life = true;
}

void gr_invariants_watch(struct grosr *opened)
{
  g = opened;
  is_managed_life = is_starve_life = false;
  memset(passed_over, 0, sizeof passed_over);
  memset(overdue_passed, 0, sizeof overdue_passed);
  ready_since_ns = asked_since_ns = 0;
  if (g == NULL) {
    return;
  }
  struct gr_dev *dev = g->dev;
  gr_sim_watch(g->completion, g->options.completion_slots * sizeof *g->completion,
               completion_stores);
  gr_sim_watch(g->ingress, g->options.ingress_slots * sizeof *g->ingress, ingress_stores);
  emptied = gr_sim_take("emptied", dev->teams * 128u);
  gr_sim_watch(dev->mailbox, dev->teams * sizeof *dev->mailbox, mailbox_stores);
  filled = gr_sim_take("filled", GR_CONTROL_SLOTS * 128u);
  gr_sim_watch(g->boundary->control, sizeof g->boundary->control, control_stores);
  gr_sim_watch(&g->boundary->control_head, 4u, control_head_stores);
  gr_sim_watch(&g->boundary->ready, sizeof g->boundary->ready, ready_stores);
  for (uint32_t i = 0; i < TENANTS; i++) {
    gr_sim_watch(&dev->context[i].last_pick_ns, 8u, last_pick_stores);
  }
  gr_sim_watch(dev->class_ns, sizeof dev->class_ns, class_stores);
  gr_sim_on_oversleep(overslept);
  gr_sim_name(dev->idle, sizeof dev->idle, sizeof dev->idle[0], "idle");
  gr_sim_name(&dev->queued, sizeof dev->queued, 0, "queued");
  gr_sim_name(&dev->duty, sizeof dev->duty, 0, "duty");
  gr_sim_name(&dev->run, sizeof dev->run, 0, "run");
  gr_sim_name(&dev->join_free, sizeof dev->join_free, 0, "join_free");
  gr_sim_name(dev->runq, sizeof dev->runq, sizeof dev->runq[0], "runq");
  gr_sim_name(dev->runq[0].slot, GR_CONTEXTS_MAX * (sizeof(struct gr_line) << dev->runq_shift),
              sizeof(struct gr_line), "runq slot");
  gr_sim_name(dev->mailbox, dev->teams * sizeof *dev->mailbox, sizeof *dev->mailbox, "mailbox");
  gr_sim_name(dev->team, dev->teams * sizeof *dev->team, sizeof *dev->team, "record");
  gr_sim_name(dev->join, dev->join_slots * sizeof *dev->join, sizeof *dev->join, "join");
  gr_sim_name(dev->cancel, dev->completion_slots * sizeof *dev->cancel, sizeof *dev->cancel,
              "cancel");
  gr_sim_name(g->ingress, g->options.ingress_slots * sizeof *g->ingress, sizeof *g->ingress,
              "ingress");
  gr_sim_name(g->completion, g->options.completion_slots * sizeof *g->completion,
              sizeof *g->completion, "completion");
  gr_sim_name(&g->boundary->ingress_head, 4, 0, "ingress_head");
  gr_sim_name(&g->boundary->resting, 4, 0, "resting");
  gr_sim_name(&g->boundary->ready, 4, 0, "ready");
  gr_sim_name(g->boundary->control, sizeof g->boundary->control, sizeof(struct gr_line), "control");
  gr_sim_name(&g->submit_lock, 4, 0, "submit_lock");
}
