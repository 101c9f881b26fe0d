/* event.c - opens and closes events, submits tasks that wait for one (grosr/event.h).
 *
 * Which events are open the host alone decides (event_generation, under context_lock); the device's
 * words are changed by tasks of the microkernel's own. Next: ../device/event.h. */
#include <errno.h>
#include <string.h>

#include "host/grosr_private.h"
#include "include/grosr/event.h"

#define LOCK_NS 3000000000ull

static int event_change(struct grosr *g, uint32_t event, bool opens)
{
  const uint64_t arg[4] = {event, opens ? 1u : 0u, 0, 0};
  int32_t result = 0;
  const int error = gr_internal_run(g, GR_OP_EVENT, arg, &result);
  return error < 0 ? error : (int)result;
}

static int events_lock(struct grosr *g)
{
  return gr_mutex_lock(&g->context_lock, gr_clock_ns() + LOCK_NS)
             ? 0
             : gr_error_set(-EBUSY, "another thread opens or closes an event, or was stopped while "
                                    "it did");
}

/* event_generation[i]: generation << 1 | open. */
static int event_check(const struct grosr *g, uint32_t event)
{
  const uint32_t index = event & 0xffffu;
  if (g == NULL || index >= GR_EVENTS_MAX || event >> 16 == 0 ||
      gr_load_relaxed_gpu_u32(&g->event_generation[index]) != (event >> 16 << 1 | 1u)) {
    return gr_error_set(-ENOENT, "no such event, or it was closed; use one from grosr_event_open");
  }
  return 0;
}

int grosr_event_open(struct grosr *g, uint32_t *event)
{
  if (g == NULL || event == NULL) {
    return gr_error_set(-EINVAL, "grosr_event_open: a null pointer");
  }
  int error = events_lock(g);
  if (error < 0) {
    return error;
  }
  uint32_t index = 0;
  while (index < GR_EVENTS_MAX && (gr_load_own_u32(&g->event_generation[index]) & 1u) != 0) {
    index++;
  }
  if (index == GR_EVENTS_MAX) {
    error = gr_error_set(-EAGAIN, "all %u events are open; close one", GR_EVENTS_MAX - 1u);
  } else {
    const uint32_t next = ((gr_load_own_u32(&g->event_generation[index]) >> 1) + 1u) & 0xffffu;
    const uint32_t generation = next != 0 ? next : 1u;
    error = event_change(g, generation << 16 | index, true);
    if (error == 0) {
      gr_store_relaxed_gpu_u32(&g->event_generation[index], generation << 1 | 1u);
      *event = generation << 16 | index;
    }
  }
  gr_mutex_unlock(&g->context_lock);
  return error;
}

int grosr_event_close(struct grosr *g, uint32_t event)
{
  int error = event_check(g, event);
  if (error == 0) {
    error = events_lock(g);
  }
  if (error < 0) {
    return error;
  }
  error = event_check(g, event);
  if (error == 0) {
    error = event_change(g, event, false);
  }
  if (error == 0) {
    gr_store_relaxed_gpu_u32(&g->event_generation[event & 0xffffu], event >> 16 << 1);
  }
  gr_mutex_unlock(&g->context_lock);
  return error;
}

int grosr_event_signal(struct grosr *g, uint32_t event, uint32_t count)
{
  struct grosr_task task = {0};
  int error = event_check(g, event);
  if (error == 0 && count > GR_EVENT_COUNT_MAX) {
    error = gr_error_set(-EINVAL, "an event counts on by at most %u at once, and not by %u",
                         GR_EVENT_COUNT_MAX, count);
  }
  task.op = GR_OP_SIGNAL;
  task.arg[0] = event;
  task.arg[1] = count;
  return error < 0 ? error : gr_internal_submit(g, &task, 0, NULL);
}

int grosr_event_value(struct grosr *g, uint32_t event, uint32_t *value)
{
  uint64_t word = 0;
  int error = event_check(g, event);
  if (error == 0 && value == NULL) {
    error = gr_error_set(-EINVAL, "grosr_event_value: a null pointer");
  }
  if (error == 0) {
    const struct gr_event *at = &g->template.event[event & 0xffffu];
    error = g->backend_ops->read(g->backend, (uint64_t)(uintptr_t)&at->word, &word, sizeof word);
  }
  if (error == 0 && GR_EVENT_GENERATION(word) != GR_EVENT_GENERATION(event)) {
    error = gr_error_set(-ENOENT, "the event was closed by another thread meanwhile");
  }
  if (error == 0) {
    *value = GR_EVENT_VALUE(word);
  }
  return error;
}

int gr_events_sift(struct grosr *g)
{
  struct grosr_task task = {0};
  bool is_read = false;
  int error = 0;
  task.op = GR_OP_SIGNAL;
  /* But not the memory's own, the last: who waits there is woken soon anyhow (alloc_wait.h). */
  for (uint32_t i = 0; error == 0 && i < (GR_MEMORY_EVENT & 0xffffu); i++) {
    const uint32_t generation = gr_load_own_u32(&g->event_generation[i]);
    if ((generation & 1u) != 0) {
      error = is_read ? 0 : gr_control_await(g, LOCK_NS);
      is_read = true;
      task.arg[0] = generation >> 1 << 16 | i;
      error = error < 0 ? error : gr_internal_submit(g, &task, g->options.op_ns_max, NULL);
    }
  }
  return error;
}

int grosr_submit_after(struct grosr *g, const struct grosr_task *task, uint32_t event,
                       uint32_t value, grosr_ticket *ticket)
{
  int error = event_check(g, event);
  if (error == 0 && task == NULL) {
    error = gr_error_set(-EINVAL, "grosr_submit_after: the task is a null pointer");
  }
  if (error == 0) {
    error = gr_tasks_check(g, task, 1);
  }
  if (error == 0 && (task->arg[3] != 0 || task->tiles > 1u)) {
    error = gr_error_set(-EINVAL, "a task that waits for an event has three arguments and one "
                                  "tile; set arg[3] to 0, put more into shared memory");
  }
  if (error < 0) {
    return error;
  }
  struct grosr_task after = *task;
  after.op |= GR_OP_AFTER;
  after.arg[3] = value;
  after.tiles = event;
  return gr_internal_submit(g, &after, 0, ticket);
}
