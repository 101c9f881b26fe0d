/* control.c - the control ring: what the host tells the team on duty beside tasks.
 *
 * Rare messages (stop, cancel, settings of contexts), one line each, in order, under the submit
 * lock (submit.c). They are carried out when the team on duty looks: within GR_LOOK_TURNS of its
 * turns, or once a team is free for the duty.
 *
 * Next: ../device/ingress.h (gr_control_step). */
#include <errno.h>

#include "host/grosr_private.h"

#define CONTROL_WAIT_NS 100000000u

int gr_control_send_task(struct grosr *g, const struct gr_task *message)
{
  const uint64_t deadline_ns = gr_clock_ns() + CONTROL_WAIT_NS;
  for (;;) {
    const int error = gr_submit_lock(g);
    if (error < 0) {
      return error;
    }
    const uint32_t pos = g->control_tail;
    const bool has_room =
        pos - gr_load_acquire_sys_u32(&g->boundary->control_head) < GR_CONTROL_SLOTS;
    if (has_room) {
      gr_submit_line(&g->boundary->control[pos & (GR_CONTROL_SLOTS - 1u)], message,
                     GR_LAP_TAG(pos, GR_CONTROL_SHIFT));
      g->control_tail = pos + 1u;
    }
    gr_submit_unlock(g);
    if (has_room) {
      return gr_submit_told(g);
    }
    if (gr_clock_ns() > deadline_ns) {
      return gr_error_set(-EAGAIN,
                          "the device does not read its control ring; grosr_black_box shows "
                          "what its teams do");
    }
    gr_yield();
  }
}

int gr_control_send(struct grosr *g, uint32_t op, uint64_t arg0, uint64_t arg1)
{
  struct gr_task message = {0};
  message.op = (uint16_t)op;
  message.arg[0] = arg0;
  message.arg[1] = arg1;
  return gr_control_send_task(g, &message);
}

int gr_control_await(struct grosr *g, uint64_t timeout_ns)
{
  struct gr_patience patience = gr_patience_begin(g, timeout_ns);
  int error = gr_submit_lock(g);
  if (error < 0) {
    return error;
  }
  const uint32_t pos = g->control_tail;
  gr_submit_unlock(g);
  while (error == 0 && (int32_t)(pos - gr_load_acquire_sys_u32(&g->boundary->control_head)) > 0) {
    error = gr_patience_turn(&patience);
  }
  return error != -ETIMEDOUT
             ? error
             : gr_error_set(-ETIMEDOUT, "no team is free to read the control ring; it will be "
                                        "carried out once one is");
}
