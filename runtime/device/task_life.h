/* task_life.h - what becomes of a task between the turn that finds it and its one completion.
 *
 *   found -> gr_task_unfold, if it is a tenant's or more than an op to run once: its tenant is
 *            accounted for, a tiled task gets its parts, an op of the microkernel's own is carried
 *            out, one that is not to run is refused
 *            A task that launches a kernel is parked, and found again when that has ended
 *   run   -> gr_task_end: whom it tells; then gr_task_settle: what becomes ready by that;
 *            gr_account_end: what it cost
 *
 * Functions that are GR_DEV_APART are called between gr_lead_leave and gr_lead_return
 * (microkernel.h) and take a team. Called by the leading warp, converged, unless it says one lane.
 *
 * Next: microkernel.h. */
#pragma once

#include "device/account.h"
#include "device/channel_then.h"
#include "device/graph.h"
#include "device/relay.h"
#include "device/tiles.h"

/* One lane. Counts where the task that has ended came from. */
GR_DEV void gr_source_count(struct gr_team *team, uint32_t source)
{
  team->from_mailbox += source == GR_FROM_MAILBOX ? 1u : 0u;
  team->from_queue += source == GR_FROM_QUEUE ? 1u : 0u;
  team->from_ingress += source == GR_FROM_INGRESS ? 1u : 0u;
}

/* Gives team->task, an ordinary one, its one completion, with team->result. */
GR_DEV void gr_task_end_plain(struct gr_team *team, uint32_t source)
{
  if (gr_warp_lane() == 0u) {
    struct gr_whom whom = gr_whom(team->task);
    if (team->fork != 0u) { /* the fork's continuation answers in our stead */
      whom.kind = GR_DONE_JOIN;
      whom.done = team->fork - 1u;
      team->fork = 0u;
    }
    gr_end_tell(team, whom, team->result);
    gr_end_count(team, team->result);
    gr_source_count(team, source);
  }
  gr_warp_barrier();
}

/* What this team owes, for which there was no room: one becomes its next task, and as many others
 * are placed as there is room for now. */
GR_DEV void gr_owed_take(struct gr_team *team)
{
  uint32_t waited = team->owed_wait;
  while (waited != 0u) {
    const uint32_t index = waited - 1u;
    const uint32_t behind = team->dev->wait[index].next;
    const bool is_ours = team->has_next == 0u;
    gr_warp_barrier(); /* all lanes have read them */
    if (gr_warp_lane() == 0u) {
      team->owed_wait = behind;
      if (is_ours) {
        team->next = team->dev->wait[index].task;
        team->has_next = 1u;
        gr_wait_placed(team->dev, &team->next, index);
      }
    }
    if (!is_ours) {
      gr_wait_place(team, index);
    }
    gr_warp_barrier();
    waited = team->owed_wait != waited ? team->owed_wait : 0u; /* the same: still no room */
  }
  uint32_t owed = team->owed_node;
  while (owed != 0u) {
    const uint32_t index = owed - 1u;
    const uint32_t behind = team->dev->node[index].next_owed;
    const bool is_ours = team->has_next == 0u;
    gr_warp_barrier(); /* all lanes have read them */
    if (gr_warp_lane() == 0u) {
      team->owed_node = behind;
      if (is_ours) {
        gr_node_make(team->dev, index, &team->next);
        team->has_next = 1u;
      }
    }
    if (!is_ours) {
      gr_node_place(team, index);
    }
    gr_warp_barrier();
    owed = team->owed_node != owed ? team->owed_node : 0u; /* the same: still no room */
  }
}

/* After a task has ended: what becomes ready by that. */
GR_DEV_APART void gr_task_settle(struct gr_team *team)
{
  while (team->ended != 0u) {
    gr_graph_advance(team);
  }
  if ((team->owed_node | team->owed_wait) != 0u) {
    gr_owed_take(team);
  }
}

/* Gives team->task its one completion, with team->result, on every path; of a part of a tiled task,
 * that of the whole if this was the last. */
GR_DEV_APART void gr_task_end(struct gr_team *team, uint32_t source)
{
  if ((team->task->flags & GR_FLAG_PART) == 0u) {
    gr_task_end_plain(team, source);
  } else if (gr_part_end(team) && gr_warp_lane() == 0u) {
    gr_source_count(team, source);
  }
  gr_warp_barrier();
  gr_task_settle(team);
}

/* Ends team->task without running it. */
GR_DEV_APART void gr_task_refuse(struct gr_team *team, uint32_t source, int32_t result)
{
  if (gr_warp_lane() == 0u) {
    team->result = result;
    if (result == GR_E_CANCELED && (team->task->flags & GR_FLAG_PART) == 0u) {
      team->cancelled++; /* a part is not a task of its own */
    }
    gr_trace_end(team, team->task, result);
  }
  gr_task_end(team, source);
}

/* The op of team->task has run, on behalf of a tenant, or as a part, or it was a node of a graph,
 * or the team notes what it does; an ordinary task has already been ended. */
GR_DEV_APART void gr_task_fold(struct gr_team *team)
{
  if (gr_warp_lane() == 0u) {
    gr_trace_end(team, team->task, team->result);
  }
  if ((team->task->flags & GR_FLAG_PART) != 0u) {
    gr_task_end(team, team->source);
  } else {
    gr_task_settle(team);
  }
  if (team->part == GR_PART_GOES_ON && gr_warp_lane() == 0u) {
    gr_trace_start(team, team->source);
  }
  if (team->lead.is_managed) {
    gr_account_end(team, true);
  }
}

/* team->task has an op of the microkernel's own. */
GR_DEV void gr_task_internal(struct gr_team *team, uint32_t source)
{
  const uint32_t op = team->task->op;
  int32_t status = GR_E_NOENT;
  if (op == GR_OP_GRAPH) {
    status = gr_graph_launch(team);
    if (status == GR_OK) { /* its run ends it */
      gr_task_settle(team);
      return;
    }
  } else if (op == GR_OP_LAUNCH) {
    status = gr_launch_begin(team);
    if (status == GR_OK) { /* its kernel's end ends it */
      return;
    }
  } else if (op == GR_OP_LAUNCHED) {
    status = (int32_t)gr_arg_u64(team, 0);
  } else if (op >= GR_OP_NODES && op <= GR_OP_INSTANCE) {
    status = gr_graph_load(team);
  } else if (op == GR_OP_CLOCK) {
    if (gr_warp_lane() == 0u) {
      gr_store_relaxed_sys_u64(&team->dev->boundary->ticks, gr_clock_ticks());
    }
    status = GR_OK;
  } else if (op == GR_OP_SKIP) {
    status = GR_E_CANCELED;
  } else if (op == GR_OP_WOKEN) {
    status = GR_OK;
  } else if (op == GR_OP_CALLED) {
    gr_call_resume(team);
    status = GR_OK; /* of the call's child; if its context was killed, what follows is told */
  } else if (op == GR_OP_EVENT) {
    status = gr_event_change(team);
  } else if (op == GR_OP_SIGNAL) {
    status =
        gr_event_signal(team, (uint32_t)gr_arg_u64(team, 0), (uint32_t)gr_arg_u64(team, 1));
  } else if (op == GR_OP_CHANNEL) {
    status = gr_channel_change(team);
  } else if (op == GR_OP_SEND || op == GR_OP_RECEIVE) {
    if (!gr_channel_host(team, &status)) {
      gr_task_settle(team);
      return;
    }
  }
  gr_task_refuse(team, source, status);
}

/* team->task has waited at a channel: it is run, ended if it was the host's, or parked again. */
GR_DEV uint32_t gr_task_resume(struct gr_team *team, uint32_t source)
{
  if (!gr_channel_resume(team)) {
    gr_task_settle(team);
    return GR_TURN_NOTHING;
  }
  if (team->task->op < team->dev->ops) {
    return GR_TURN_RUN;
  }
  gr_task_refuse(team, source, (int32_t)(uint32_t)gr_arg_u64(team, 3));
  return GR_TURN_NOTHING;
}

/* Gives team->task what it needs to be run, or ends it. Returns the verdict. */
GR_DEV uint32_t gr_task_open(struct gr_team *team, uint32_t source)
{
  uint32_t asked = 0u;
  if (gr_warp_lane() == 0u && team->task->op != GR_OP_CALLED) { /* its record is to be given back */
    asked = gr_end_is_asked(team->dev, team->task) ? 1u : 0u;
  }
  const bool was_parked = (team->task->flags & GR_FLAG_CHANNEL) != 0u;
  if (gr_lead_u32(asked) != 0u) {
    if (was_parked) {
      gr_channel_leave(team);
    }
    gr_task_refuse(team, source, GR_E_CANCELED);
    return GR_TURN_NOTHING;
  }
  if (was_parked) {
    return gr_task_resume(team, source);
  }
  if (team->task->op >= team->dev->ops && team->task->op != GR_OP_MEMORY) {
    gr_task_internal(team, source);
    return GR_TURN_NOTHING;
  }
  if ((team->task->flags & GR_FLAG_AFTER) != 0u) {
    const int32_t status = gr_after_begin(team);
    if (status < 0) {
      gr_task_refuse(team, source, status);
    }
    return status > 0 ? GR_TURN_RUN : GR_TURN_NOTHING;
  }
  if ((team->task->flags & GR_FLAG_PART) == 0u && team->task->tiles > 1u) {
    gr_tiles_begin(team);
  }
  const bool is_part = (team->task->flags & GR_FLAG_PART) != 0u;
  return is_part && !gr_part_begin(team) ? GR_TURN_NOTHING : GR_TURN_RUN;
}

/* team->task is a tenant's, or more than an op to run once, or is not to be run, or the team notes
 * what it does. Returns the verdict. */
GR_DEV_APART uint32_t gr_task_unfold(struct gr_team *team)
{
  gr_account_begin(team);
  const uint32_t verdict = gr_task_open(team, team->source);
  if (verdict == GR_TURN_NOTHING && team->lead.is_managed) {
    gr_account_end(team, false);
  }
  if (verdict == GR_TURN_RUN && gr_warp_lane() == 0u) {
    gr_trace_start(team, team->source);
  }
  return verdict;
}
