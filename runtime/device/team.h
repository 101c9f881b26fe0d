/* team.h - a team's own memory, and how an op reads what it was given.
 *
 * One struct gr_team per team: on its thread's stack on the CPU, in shared memory on a GPU, never
 * seen by another team or the host. Warp 0 of the team (its *leading warp*) writes it between
 * tasks; a team barrier hands it to the other lanes, and another hands it back.
 *
 * Next: microkernel.h (who fills `task` and calls the op). */
#pragma once

#include "shared/dev.h"

/* What the leading warp decided for this turn. */
enum gr_verdict {
  GR_TURN_NOTHING = 0,
  GR_TURN_RUN = 1,    /* team->task is an op to run */
  GR_TURN_LEAVE = 2,  /* the microkernel ends */
  GR_TURN_MESSAGE = 3 /* a message is in team->own: from gr_idle to gr_turn only */
};

struct gr_team {
  /* Set by the entry, then constant. */
  struct gr_dev *dev;
  uint32_t id;
  uint32_t incarnation;
  /* Written by the leading warp's lane 0, read by all lanes after a barrier. */
  const struct gr_task *task; /* the task at hand: `own`, or one of `stage` */
  struct gr_task next;        /* a continuation to run on this team at once; valid if has_next */
  uint32_t has_next;
  uint32_t fork;    /* join + 1 that inherited the task's completion, else 0 */
  uint32_t verdict; /* enum gr_verdict */
  int32_t result;   /* of the op that just returned: lane 0's */
  uint64_t completed, failed, cancelled, submitted; /* as in the record; lane 0 only */
  uint64_t from_mailbox, from_queue, from_ingress;  /* the same */
  /* Scratch of the leading warp, written and read between its own barriers. */
  struct gr_task own;                      /* as it came from a mailbox, a queue or `next` */
  struct gr_task child;                    /* being placed by submit.h */
  struct gr_task message;                  /* WAKE or EXIT, being posted */
  struct gr_task stage[GR_INGRESS_WINDOW]; /* ingress: read in one wide read */
  uint64_t slot[GR_WARPS_MAX];             /* collectives: one word per warp */
} __attribute__((aligned(16)));

/* What the leading warp knows from turn to turn. Every one of its lanes has a copy, and all copies
 * are equal, because every value in it comes from all lanes or from a shuffle: registers, not
 * memory. */
struct gr_lead {
  struct gr_team *team;
  struct gr_dev *dev;
  bool announced;    /* our idle bit was set by us and not yet retracted (I5) */
  bool on_duty;      /* we hold dev->duty (I9) */
  bool drowsy;       /* our mailbox says "asleep"; one more look, then we are */
  uint32_t source;   /* enum gr_source of team->task */
  uint32_t sequence; /* tasks begun, and of the last one: */
  uint32_t op;
  uint32_t context;
  uint32_t looks;           /* turns since the last look at control and the clock */
  uint32_t policy;          /* context to look at first in the next pull */
  uint32_t staged;          /* tasks in team->stage, not yet taken from the ring */
  uint32_t ingress_pos;     /* while on duty: what was read is below it */
  uint32_t published_pos;   /* of it, what the host was last told */
  uint32_t control_pos;     /* while on duty */
  uint64_t control_next_ns; /* while on duty: no look at control before */
  uint64_t idle_since_ns;   /* 0: not idle */
  uint64_t turns;
  uint64_t sleeps;
};

enum gr_source { GR_FROM_MAILBOX = 0, GR_FROM_QUEUE = 1, GR_FROM_INGRESS = 2, GR_FROM_SELF = 3 };

/* Any lane. Argument word i (0 to 3). */
GR_DEV uint64_t gr_arg_u64(const struct gr_team *team, uint32_t i)
{
  return team->task->arg[i & (GR_ARG_WORDS - 1u)];
}
/* Argument word i as a pointer to `type`. */
#define gr_arg_ptr(team, i, type) ((type *)(uintptr_t)gr_arg_u64((team), (i)))

/* The launch of the microkernel that runs this op (grosr_incarnation on the host). */
GR_DEV uint32_t gr_incarnation(const struct gr_team *team)
{
  return team->incarnation;
}
/* This team's number, 0 to teams - 1. */
GR_DEV uint32_t gr_team_id(const struct gr_team *team)
{
  return team->id;
}
GR_DEV uint32_t gr_teams(const struct gr_team *team)
{
  return team->dev->teams;
}

/* Memory of the team's own, for the time of one op; its content does not outlive the op. Follows
 * the struct, aligned to 16 bytes. */
GR_DEV void *gr_scratch(struct gr_team *team)
{
  return (void *)(team + 1);
}
GR_DEV uint32_t gr_scratch_bytes(const struct gr_team *team)
{
  return team->dev->scratch_bytes;
}
