/* event.h - events: counters for which tasks wait, without a team or a host thread waiting.
 *
 *   grosr_event_open(g, &event);
 *   grosr_submit_after(g, &task, event, 3, &ticket);     starts when the value is at least 3
 *   grosr_event_signal(g, event, 1);                     or an op: gr_event_signal_team
 *
 * An event's value begins at 0 and grows; it is compared as it wraps, so a wait may be for at most
 * 2^31 - 1 more than it is. An event is known to ops by the same number. From any thread.
 *
 * A task that waits is in flight: grosr_wait_all and grosr_close wait for it, so close an event
 * that nobody will signal any more. If its context is killed it ends as -ECANCELED; a cancel of its
 * ticket is seen at the event's next signal.
 *
 * Next: ../../host/event.c, then ../../device/event.h. */
#pragma once

#include <grosr/grosr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -EAGAIN: all 255 are open; and what grosr_submit and grosr_wait answer. */
int grosr_event_open(struct grosr *g, uint32_t *event);
/* Tasks that still wait for it complete as -ECANCELED. -ENOENT: no such event. */
int grosr_event_close(struct grosr *g, uint32_t event);
/* Adds `count` to its value, by a task of its own: as grosr_submit. -ENOENT: no such event;
 * -EINVAL: a count of more than 2^31 - 1. */
int grosr_event_signal(struct grosr *g, uint32_t event, uint32_t count);
/* Its value a moment ago. -ENOENT: no such event. */
int grosr_event_value(struct grosr *g, uint32_t event, uint32_t *value);
/* As grosr_submit, but the task starts when the value is at least `value`. Its fourth argument is
 * used for that, so it has three (arg[3] must be 0), and one tile. Its result is -ECANCELED if the
 * event is closed first, -ENOMEM if too many tasks wait already. -ENOENT: no such event. */
int grosr_submit_after(struct grosr *g, const struct grosr_task *task, uint32_t event,
                       uint32_t value, grosr_ticket *ticket);

#ifdef __cplusplus
}
#endif
