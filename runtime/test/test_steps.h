/* test_steps.h - both sides of the boundary stepped by hand, by one thread, on one buffer.
 *
 * A struct gr_dev on the heap, with small rings and queues, and up to four teams that exist only as
 * their struct gr_team and struct gr_lead: a test calls gr_turn and its parts for one team after
 * the other, and so decides in which order the steps of a protocol happen. No thread runs.
 *
 * Also what the Criterion files share about a real device. Next: test_runq.c. */
#pragma once

#include <grosr/device.h>
#include <grosr/grosr.h>

#define STEPS_TEAMS 4u
#define STEPS_SHIFT 6u /* 64 slots in each ring and queue */

struct steps {
  struct gr_dev *dev;
  struct gr_team *team[STEPS_TEAMS];
  struct gr_lead lead[STEPS_TEAMS];
};

/* `teams` teams, booted. `reserved`: team 0 does nothing but ingress. */
struct steps *steps_begin(uint32_t teams, bool reserved);
void steps_end(struct steps *s);

/* A task of `context` that signals completion slot `done`, generation 1. */
struct gr_task steps_task(uint32_t op, uint32_t context, uint32_t done);
/* As the host does: one task into the ingress ring at *pos. */
void steps_submit(struct steps *s, uint32_t *pos, const struct gr_task *task);
void steps_control(struct steps *s, uint32_t *pos, uint32_t op, uint64_t arg0, uint64_t arg1);
/* Settings of a context, as the team on duty carries them out; the policy is in charge. */
void steps_context(struct steps *s, uint32_t context, uint32_t state, uint32_t quota);
/* Starts a ring and every queue at position `pos`, as if so many tasks had passed. */
void steps_start_at(struct steps *s, uint32_t pos);
/* Idle mode quiet, and turns of team t until it is drowsy, at most `turns`. */
bool steps_until_drowsy(struct steps *s, uint32_t t, uint32_t turns);

GROSR_IMAGE(test);

/* A cpu device with the test image; other options as given by `change`, which may be null. */
struct grosr *device_open(void (*change)(struct grosr_options *options));
/* Op `name` with one argument. */
struct grosr_task device_task(const struct grosr *g, const char *name, uint64_t arg0);
