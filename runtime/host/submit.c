/* submit.c - tasks go in: check, take a completion slot, write a line, wake who sleeps.
 *
 * Several threads submit under one spinlock, so each word of the rings has one writer at a time.
 * The lock is held for the writing of lines only, never for a wait; a thread that loses its core
 * while it holds it delays the others by that much (they yield).
 *
 * Order: a line's chunks are stored with release, so what the submitter wrote before (arguments in
 * shared memory) is visible to the op. After the lines come the wakers' fences of port.h.
 *
 * Next: ../shared/boundary.h, then ../device/ingress.h on the other side. */
#include <errno.h>
#include <string.h>

#include "host/trace.h"

#define LOCK_SPINS  200u
#define LOCK_NS_MAX 1000000000u /* a holder writes at most a ring of lines: it was stopped */

/* Bounded, because a submitter that is stopped or dies inside must not stop the others: they answer
 * "busy", and grosr_close ends the microkernel by force. */
int gr_submit_lock(struct grosr *g)
{
  uint64_t deadline_ns = 0;
  for (uint32_t spins = 0; gr_cas_acquire_gpu_u32(&g->submit_lock, 0u, 1u) != 0u; spins++) {
    if (spins <= LOCK_SPINS) {
      gr_pause();
      continue;
    }
    const uint64_t now_ns = gr_clock_ns();
    deadline_ns = deadline_ns != 0 ? deadline_ns : now_ns + LOCK_NS_MAX;
    if (now_ns > deadline_ns) {
      return gr_error_set(-EBUSY, "another thread has been submitting for a second; if it was "
                                  "stopped let it go on, if it died close the device");
    }
    gr_yield();
  }
  return 0;
}

void gr_submit_unlock(struct grosr *g)
{
  gr_store_release_gpu_u32(&g->submit_lock, 0u);
}

/* The team on duty may be asleep; only where the host can wake it. */
void gr_duty_wake(struct grosr *g)
{
  if (!g->backend_ops->host_can_wake || g->options.idle_mode == GROSR_IDLE_LATENCY) {
    return;
  }
  gr_fence_waker();
  const uint32_t duty = gr_load_relaxed_gpu_u32(&g->dev->duty);
  if (duty != 0u) { /* 0: who gave it up is about to rouse another, which will look at the ring */
    gr_wake(&g->template.mailbox[duty - 1u].asleep);
  }
}

/* The microkernel may have left because it was idle. */
static int rest_end(struct grosr *g)
{
  if (g->options.idle_exit_ns == 0) {
    return 0;
  }
  gr_fence_seqcst_sys(); /* pairs with gr_rest in device/idle.h */
  if (gr_load_relaxed_sys_u32(&g->boundary->resting) != gr_load_relaxed_gpu_u32(&g->incarnation)) {
    return 0;
  }
  return gr_relaunch(g);
}

int gr_submit_told(struct grosr *g)
{
  gr_duty_wake(g);
  return rest_end(g);
}

/* Under the lock. Whether one more task of this context is sure to find room in its run queue. */
static bool has_credit(struct grosr *g, uint32_t context)
{
  const uint32_t credited = gr_load_own_u32(&g->credited[context]);
  if (credited - g->left_seen[context] >= g->template.credit) {
    g->left_seen[context] = gr_load_relaxed_sys_u32(&g->boundary->left[context]);
  }
  return credited - g->left_seen[context] < g->template.credit;
}

/* Under the lock. A free completion slot and its new generation; false: all are taken. A slot whose
 * task runs long is passed over, so it does not block the others. */
static bool slot_take(struct grosr *g, uint32_t *slot, uint32_t *generation)
{
  const uint32_t mask = g->options.completion_slots - 1u;
  for (uint32_t tries = 0; tries <= mask; tries++) {
    const uint32_t index = g->slot_next++ & mask;
    const uint32_t state = gr_load_acquire_gpu_u32(&g->slot_state[index]);
    if ((state & 1u) == 0u) {
      const uint32_t next = (state >> 1) + 1u;
      *generation = (next & 0x7fffffffu) != 0u ? next & 0x7fffffffu : 1u;
      *slot = index;
      gr_store_relaxed_gpu_u32(&g->slot_state[index], *generation << 1 | 1u);
      return true;
    }
  }
  return false;
}

/* Under the lock. Accepts as many as there is room for, and until a tenant has no credit: that one
 * is then in *short_of. */
static size_t accept(struct grosr *g, const struct grosr_task *tasks, size_t count,
                     grosr_ticket *tickets, uint32_t *short_of)
{
  size_t room = g->options.ingress_slots - (g->ingress_tail - g->ingress_head_seen);
  if (room < count) {
    g->ingress_head_seen = gr_load_acquire_sys_u32(&g->boundary->ingress_head);
    room = g->options.ingress_slots - (g->ingress_tail - g->ingress_head_seen);
  }
  const size_t most = room < count ? room : count;
  const uint32_t mask = g->options.ingress_slots - 1u;
  const uint64_t accepted = gr_load_own_u64(&g->accepted);
  const bool is_managed = gr_load_relaxed_gpu_u32(&g->managed) != 0u;
  const uint64_t ticks = g->trace != NULL ? gr_clock_ticks() : 0u;
  uint32_t pos = g->ingress_tail;
  size_t done = 0;
  for (; done < most; done++, pos++) {
    const struct grosr_task *from = &tasks[done];
    struct gr_task task;
    if (is_managed && !has_credit(g, from->context)) {
      *short_of = from->context;
      break;
    }
    uint32_t flags = (from->op & GR_OP_AFTER) != 0 ? GR_FLAG_AFTER : GR_DONE_NONE;
    uint32_t slot = 0u, generation = 0u;
    task.tiles = from->tiles;
    memcpy(task.arg, from->arg, sizeof task.arg);
    if (tickets != NULL) {
      if (!slot_take(g, &slot, &generation)) {
        break;
      }
      flags |= GR_DONE_HOST;
      tickets[done] = (uint64_t)generation << 32 | slot;
    } else if (g->trace != NULL) {
      generation = GR_TRACE_UNNAMED(accepted + done + 1u);
    }
    if (is_managed) {
      flags |= GR_FLAG_CREDIT;
      gr_store_relaxed_gpu_u32(&g->credited[from->context],
                               gr_load_own_u32(&g->credited[from->context]) + 1u);
    }
    task.head[0] = GR_TASK_HEAD(from->op & 0xffffu, from->context, flags);
    task.done = slot;
    task.generation = generation;
    /* Counted before it can run (the line's release), as grosr_wait_all needs it. */
    gr_store_relaxed_gpu_u64(&g->accepted, accepted + done + 1u);
    gr_submit_line(&g->ingress[pos & mask], &task, GR_LAP_TAG(pos, g->ingress_shift));
    if (g->trace != NULL) { /* while the task is on its way */
      gr_trace_accepted(g, &task, ticks);
    }
  }
  g->ingress_tail = pos;
  return done;
}

static int health_check(const struct grosr *g)
{
  switch (gr_load_relaxed_gpu_u32(&g->health)) {
  case GR_HEALTH_GOOD:
    return 0;
  case GR_HEALTH_CLOSING:
    return gr_error_set(-ESHUTDOWN, "the device is being closed; open another");
  default:
    return gr_error_set(-EIO, "the device is stuck or has failed; grosr_black_box says where, then "
                              "close it and open another");
  }
}

int gr_tasks_check(const struct grosr *g, const struct grosr_task *tasks, size_t count)
{
  const uint64_t open = gr_load_relaxed_gpu_u64(&g->contexts);
  const uint64_t killed = gr_load_relaxed_gpu_u64(&g->contexts_killed);
  for (size_t i = 0; i < count; i++) {
    if (tasks[i].op >= g->image->op_count) {
      return gr_error_set(-EINVAL,
                          "task %zu: op %u is not in image '%s', which has %u; grosr_op "
                          "finds an op by name",
                          i, tasks[i].op, g->image->name, g->image->op_count);
    }
    if (tasks[i].context >= GR_CONTEXTS_MAX || (open >> tasks[i].context & 1u) == 0u) {
      return gr_error_set(-EINVAL,
                          "task %zu: context %u is not open; use 0 or one from "
                          "grosr_context_open",
                          i, tasks[i].context);
    }
    if (tasks[i].tiles > GR_TILES_MAX) {
      return gr_error_set(-EINVAL, "task %zu: %u tiles; at most %u", i, tasks[i].tiles,
                          GR_TILES_MAX);
    }
    if ((killed >> tasks[i].context & 1u) != 0u) {
      return gr_error_set(-ECANCELED, "task %zu: context %u was killed; close it and open another",
                          i, tasks[i].context);
    }
  }
  return 0;
}

/* Of tasks that were checked. */
static int64_t submit_many(struct grosr *g, const struct grosr_task *tasks, size_t count,
                           uint64_t timeout_ns, grosr_ticket *tickets)
{
  int error = 0;
  struct gr_patience patience = gr_patience_begin(g, timeout_ns);
  size_t done = 0;
  uint32_t short_of = GR_CONTEXTS_MAX;
  while (done < count) {
    error = gr_submit_lock(g);
    if (error < 0) {
      break;
    }
    short_of = GR_CONTEXTS_MAX;
    const size_t more =
        accept(g, tasks + done, count - done, tickets ? tickets + done : NULL, &short_of);
    gr_submit_unlock(g);
    done += more;
    if (more != 0 || short_of != GR_CONTEXTS_MAX) { /* who sleeps on duty tells what has left */
      error = gr_submit_told(g);
    }
    if (done == count || timeout_ns == 0 || error < 0) {
      break;
    }
    error = more != 0 ? 0 : gr_patience_turn(&patience);
    if (error < 0) {
      break;
    }
  }
  if (done != 0 || count == 0) {
    return (int64_t)done;
  }
  if (error < 0 && error != -ETIMEDOUT) {
    return error;
  }
  if (short_of != GR_CONTEXTS_MAX) {
    return gr_error_set(-EAGAIN,
                        "context %u has %u tasks that have not begun, as many as it may; wait for "
                        "tickets, or open with more runq_slots and ingress_slots",
                        short_of, g->template.credit);
  }
  return gr_error_set(-EAGAIN,
                      "the ingress ring (%u tasks) or the ticket table (%u) is full; wait for "
                      "tickets, or open with more ingress_slots or completion_slots",
                      g->options.ingress_slots, g->options.completion_slots);
}

int64_t grosr_submit_many(struct grosr *g, const struct grosr_task *tasks, size_t count,
                          uint64_t timeout_ns, grosr_ticket *tickets)
{
  if (g == NULL || (tasks == NULL && count != 0)) {
    return gr_error_set(-EINVAL, "grosr_submit: the device or the tasks are a null pointer");
  }
  int error = health_check(g);
  if (error == 0) {
    error = gr_tasks_check(g, tasks, count);
  }
  return error < 0 ? error : submit_many(g, tasks, count, timeout_ns, tickets);
}

int grosr_submit(struct grosr *g, const struct grosr_task *task, grosr_ticket *ticket)
{
  const int64_t done = grosr_submit_many(g, task, 1, 0, ticket);
  return done < 0 ? (int)done : 0;
}

int gr_internal_submit(struct grosr *g, const struct grosr_task *task, uint64_t timeout_ns,
                       grosr_ticket *ticket)
{
  const int error = health_check(g);
  const int64_t done = error < 0 ? error : submit_many(g, task, 1, timeout_ns, ticket);
  return done < 0 ? (int)done : 0;
}

int gr_answer_submit(struct grosr *g, const struct grosr_task *task)
{
  const int64_t done = submit_many(g, task, 1, 0, NULL);
  return done < 0 ? (int)done : 0;
}

int gr_internal_run(struct grosr *g, uint32_t op, const uint64_t *arg, int32_t *result)
{
  struct grosr_task task = {0};
  grosr_ticket ticket;
  task.op = op;
  memcpy(task.arg, arg, sizeof task.arg);
  const int error = gr_internal_submit(g, &task, g->options.op_ns_max, &ticket);
  return error < 0 ? error : grosr_wait(g, ticket, g->options.op_ns_max, result);
}

int grosr_task_init(struct grosr_task *task, uint32_t op, uint32_t context, const void *args,
                    size_t bytes)
{
  if (task == NULL || (args == NULL && bytes != 0)) {
    return gr_error_set(-EINVAL, "grosr_task_init: the task or its arguments are a null pointer");
  }
  if (bytes > sizeof task->arg) {
    return gr_error_set(-E2BIG,
                        "%zu bytes of arguments, a task carries %zu; put them into memory from "
                        "grosr_shared_take and pass its address",
                        bytes, sizeof task->arg);
  }
  memset(task, 0, sizeof *task);
  task->op = op;
  task->context = context;
  if (bytes != 0) {
    memcpy(task->arg, args, bytes);
  }
  return 0;
}
