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

/* Of a part of a tiled task. */
enum gr_part {
  GR_PART_OVER = 0,
  GR_PART_GOES_ON = 1, /* it has another batch */
  GR_PART_YIELDS = 2   /* its slice is over: others first */
};

struct gr_team;

/* What the leading warp knows from turn to turn. Every one of its lanes has a copy, and all copies
 * are equal, because every value in it comes from all lanes or from a shuffle: registers, not
 * memory. */
struct gr_lead {
  struct gr_team *team;
  struct gr_dev *dev;
  bool announced;   /* our idle bit was set by us and not yet retracted (I5) */
  bool on_duty;     /* we hold dev->duty (I9) */
  bool drowsy;      /* our mailbox says "asleep"; one more look, then we are */
  bool ring_first;  /* whose turn it was last */
  bool is_managed;  /* dev->managed, this turn */
  bool is_idle;     /* since team->idle_since_ns */
  uint32_t looks;       /* turns since the last look at control and the clock */
  uint32_t staged;      /* tasks in team->stage, not yet taken from the ring */
  uint32_t ingress_pos; /* while on duty: what was read is below it */
  uint32_t control_pos; /* while on duty */
};

struct gr_team {
  /* Set by the entry, then constant. */
  struct gr_dev *dev;
  uint32_t id;
  uint32_t incarnation;
  /* Written by the leading warp's lane 0, read by all lanes after a barrier. */
  const struct gr_task *task; /* the task at hand: `own`, or one of `stage` */
  struct gr_trace_event *trace; /* our ring of events, or NULL: off; lane 0 only, as the next */
  uint64_t traced;              /* as in the record */
  struct gr_task next;        /* a continuation to run on this team at once; valid if has_next */
  uint32_t has_next;
  uint32_t fork; /* join + 1 that inherited the task's completion, else 0 */
  struct gr_transfer transfer; /* what gr_channel_try and gr_channel_then are asked for */
  uint32_t part; /* enum gr_part: what becomes of the part of a tiled task at hand */
  uint32_t tile_first, tile_end; /* its batch; equal: none */
  uint32_t ended;                /* node + 1 of a graph that has just ended, else 0 */
  int32_t ended_result;
  uint32_t owed_node; /* nodes that found no room: index + 1 of the first, 0: none */
  uint32_t owed_wait; /* wait nodes, the same */
  uint32_t verdict;   /* enum gr_verdict */
  int32_t result;     /* of the op that just returned: lane 0's */
  uint64_t completed, failed, cancelled, submitted; /* as in the record; lane 0 only */
  uint32_t source;      /* enum gr_source of `task` */
  uint32_t sequence;    /* tasks and batches begun; lane 0 only, as what follows */
  uint32_t op, context; /* of the last task begun, for the record; lane 0 only */
  uint64_t from_mailbox, from_queue, from_ingress, sleeps, turns; /* the same */
  uint32_t published_pos;   /* while on duty: what the host was last told; lane 0 only */
  uint64_t control_next_ns; /* while on duty: no look at control before; lane 0 only */
  uint64_t idle_since_ns;   /* lane 0 only */
  uint64_t spare_since_ns;  /* a spare team: its nap ended then; lane 0 only, as the next */
  uint64_t spare_nap_ns;    /* ... and was so long */
  /* Lane 0's, of the part at hand (tiles.h). */
  uint32_t batch;     /* tiles of a batch, but for the end */
  uint32_t tiles_run; /* done, and not yet said so */
  uint64_t batch_ns;  /* when the batch began */
  uint64_t slice_ns;  /* when the part did */
  /* Of tenants; lane 0 only, and in memory, for registers are what a GPU's loop is short of. */
  uint64_t began_ns;      /* the task at hand's time is measured from here */
  uint64_t slice_left_ns; /* of the slice of ... */
  uint32_t slice_context; /* ... the context that was served last from its queue */
  uint32_t turn_context;  /* round-robin: to be looked at first */
  uint32_t holds_quota;   /* the task at hand is counted in its context's `running` */
  /* Scratch of the leading warp, written and read between its own barriers. */
  struct gr_task own;                      /* as it came from a mailbox, a queue or `next` */
  struct gr_task child;                    /* being placed by submit.h */
  struct gr_task message;                  /* WAKE or EXIT, being posted */
  struct gr_task stage[GR_INGRESS_WINDOW]; /* ingress: read in one wide read */
  uint64_t slot[GR_WARPS_MAX];             /* collectives: one word per warp */
  struct gr_lead lead;                     /* while it is not in registers: gr_lead_leave */
  struct gr_heap heap;                     /* memory.h; shared by all lanes */
} __attribute__((aligned(16)));

enum gr_source { GR_FROM_MAILBOX = 0, GR_FROM_QUEUE = 1, GR_FROM_INGRESS = 2, GR_FROM_SELF = 3 };

/* Any lane. Argument word i (0 to 3). */
GR_DEV uint64_t gr_arg_u64(const struct gr_team *team, uint32_t i)
{
  return team->task->arg[i & (GR_ARG_WORDS - 1u)];
}
/* Argument word i as a pointer to `type`. */
#define gr_arg_ptr(team, i, type) ((type *)(uintptr_t)gr_arg_u64((team), (i)))

/* The tiles that this call of an op is to do: first to end - 1. An ordinary task has one, tile 0.
 */
GR_DEV uint32_t gr_tile_first(const struct gr_team *team)
{
  return (team->task->flags & GR_FLAG_PART) != 0u ? team->tile_first : 0u;
}
GR_DEV uint32_t gr_tile_end(const struct gr_team *team)
{
  if ((team->task->flags & GR_FLAG_PART) != 0u) {
    return team->tile_end;
  }
  return team->task->tiles != 0u ? team->task->tiles : 1u;
}
/* Of the whole task. */
GR_DEV uint32_t gr_tiles(const struct gr_team *team)
{
  return team->task->tiles != 0u ? team->task->tiles : 1u;
}

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
