/* test_steps.c - see test_steps.h. Next: test_runq.c. */
#include "test_steps.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void *zeroed(size_t bytes)
{
  void *memory = aligned_alloc(GR_LINE_BYTES, (bytes + 127u) & ~(size_t)127u);
  cr_assert(memory != NULL);
  memset(memory, 0, bytes);
  return memory;
}

struct steps *steps_begin(uint32_t teams, bool reserved)
{
  const uint32_t slots = 1u << STEPS_SHIFT;
  struct steps *s = zeroed(sizeof *s);
  struct gr_dev *dev = s->dev = zeroed(sizeof *dev);
  dev->abi = GR_ABI_VERSION;
  dev->teams = dev->at_once = teams;
  dev->ops = 8u;
  dev->reserved_ingress = reserved ? 1u : 0u;
  dev->idle_mode = GR_IDLE_LATENCY;
  dev->ingress_shift = dev->runq_shift = STEPS_SHIFT;
  dev->completion_slots = slots;
  dev->join_slots = 4u;
  dev->boundary = zeroed(sizeof *dev->boundary);
  dev->ingress = zeroed(slots * sizeof *dev->ingress);
  dev->completion = zeroed(slots * sizeof *dev->completion);
  dev->cancel = zeroed(slots * sizeof *dev->cancel);
  dev->team = zeroed(teams * sizeof *dev->team);
  dev->mailbox = zeroed(teams * sizeof *dev->mailbox);
  dev->join = zeroed(dev->join_slots * sizeof *dev->join);
  for (uint32_t i = 0; i + 1u < dev->join_slots; i++) {
    dev->join[i].next_free.v = i + 2u;
  }
  dev->join_free.v = 1u;
  dev->tiles = zeroed(2u * sizeof *dev->tiles);
  dev->tiles[0].next_free.v = 2u;
  dev->tiles_free.v = 1u;
  dev->context = zeroed(GR_CONTEXTS_MAX * sizeof *dev->context);
  dev->cost = zeroed(GR_OPS_MAX * GR_SIZE_CLASSES * sizeof *dev->cost);
  dev->credit = slots / GR_CREDIT_SHARE;
  dev->open.v = 1u;
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    dev->runq[i].slot = zeroed(slots * sizeof(struct gr_line));
    dev->runq[i].note = zeroed(slots * sizeof(struct gr_note));
    dev->context[i].weight.v = 1u;
    dev->context[i].priority.v = GR_PRIORITY_NORMAL;
    dev->context[i].quota.v = UINT32_MAX;
  }
  for (uint32_t t = 0; t < teams; t++) {
    s->team[t] = zeroed(sizeof(struct gr_team) + 1024u);
    s->team[t]->dev = dev;
    s->team[t]->id = t;
    s->team[t]->incarnation = 1u;
    s->lead[t].team = s->team[t];
    s->lead[t].dev = dev;
    gr_boot(&s->lead[t]);
  }
  return s;
}

void steps_end(struct steps *s)
{
  struct gr_dev *dev = s->dev;
  for (uint32_t t = 0; t < dev->teams; t++) {
    free(s->team[t]);
  }
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    free(dev->runq[i].slot);
    free(dev->runq[i].note);
  }
  free(dev->context);
  free(dev->cost);
  free(dev->boundary);
  free(dev->ingress);
  free(dev->completion);
  free(dev->cancel);
  free(dev->team);
  free(dev->mailbox);
  free(dev->join);
  free(dev->tiles);
  free(dev);
  free(s);
}

struct gr_task steps_task(uint32_t op, uint32_t context, uint32_t done)
{
  struct gr_task task;
  memset(&task, 0, sizeof task);
  task.op = (uint16_t)op;
  task.context = (uint8_t)context;
  task.flags = GR_DONE_HOST;
  task.done = done;
  task.generation = 1u;
  task.arg[0] = 1000u + done;
  task.arg[3] = ~(uint64_t)done;
  return task;
}

static void line_write(struct gr_line *line, const struct gr_task *task, uint32_t tag)
{
  for (uint32_t c = 0; c < 4u; c++) {
    struct gr_chunk chunk;
    chunk.arg = task->arg[c];
    chunk.head = task->head[c];
    chunk.tag = tag;
    gr_chunk_store_release_sys(&line->chunk[c], &chunk);
  }
}

void steps_submit(struct steps *s, uint32_t *pos, const struct gr_task *task)
{
  const uint32_t mask = (1u << STEPS_SHIFT) - 1u;
  line_write(&s->dev->ingress[*pos & mask], task, GR_LAP_TAG(*pos, STEPS_SHIFT));
  (*pos)++;
}

void steps_control(struct steps *s, uint32_t *pos, uint32_t op, uint64_t arg0, uint64_t arg1)
{
  struct gr_task task;
  memset(&task, 0, sizeof task);
  task.op = (uint16_t)op;
  task.arg[0] = arg0;
  task.arg[1] = arg1;
  line_write(&s->dev->boundary->control[*pos & (GR_CONTROL_SLOTS - 1u)], &task,
             GR_LAP_TAG(*pos, GR_CONTROL_SHIFT));
  (*pos)++;
}

void steps_context(struct steps *s, uint32_t context, uint32_t state, uint32_t quota)
{
  struct gr_task message;
  memset(&message, 0, sizeof message);
  message.arg[0] = GR_CONTEXT_WORD(context, GR_PRIORITY_NORMAL, state, 1u);
  message.arg[1] = 1ull << 32 | quota;
  message.arg[3] = ~0ull;
  message.op = GR_CTL_CONTEXT;
  gr_control_carry_out(&s->lead[0], &message);
  for (uint32_t t = 0; t < s->dev->teams; t++) {
    s->lead[t].is_managed = true; /* as each team's next turn would find */
  }
}

void steps_start_at(struct steps *s, uint32_t pos)
{
  const uint32_t slots = 1u << STEPS_SHIFT;
  s->dev->ingress_pos = pos;
  s->dev->boundary->ingress_head.v = pos;
  for (uint32_t i = 0; i < slots; i++) { /* each slot as its last use left it */
    const struct gr_task none = {0};
    const uint32_t before = pos - slots + i;
    line_write(&s->dev->ingress[before & (slots - 1u)], &none, GR_LAP_TAG(before, STEPS_SHIFT));
  }
  for (uint32_t c = 0; c < GR_CONTEXTS_MAX; c++) {
    struct gr_runq *queue = &s->dev->runq[c];
    queue->head.v = queue->tail.v = pos;
    for (uint32_t i = 0; i < slots; i++) {
      const struct gr_task none = {0};
      line_write(gr_runq_slot(s->dev, queue, pos + i), &none, GR_RUNQ_FREE(pos + i, STEPS_SHIFT));
    }
  }
}

bool steps_until_drowsy(struct steps *s, uint32_t t, uint32_t turns)
{
  s->dev->idle_mode = GR_IDLE_QUIET;
  for (uint32_t i = 0; i < turns && !s->lead[t].drowsy; i++) {
    if (gr_turn(&s->lead[t]) != GR_TURN_NOTHING) {
      return false;
    }
  }
  return s->lead[t].drowsy;
}

/* ---- real devices ---- */

struct grosr *device_open(void (*change)(struct grosr_options *options))
{
  struct grosr_options options;
  struct grosr *g = NULL;
  grosr_options_init(&options);
  options.device = "cpu";
  options.image = &grosr_image_test;
  options.teams = 2;
  if (change != NULL) {
    change(&options);
  }
  cr_assert_eq(grosr_open(&options, &g), 0, "%s", grosr_last_error());
  return g;
}

struct grosr_task device_task(const struct grosr *g, const char *name, uint64_t arg0)
{
  struct grosr_task task;
  uint32_t op = 0;
  cr_assert_eq(grosr_op(g, name, &op), 0, "%s", grosr_last_error());
  cr_assert_eq(grosr_task_init(&task, op, 0, &arg0, sizeof arg0), 0);
  return task;
}
