/* tiles.h - a task of many tiles is worked on by many teams, like a kernel with a grid.
 *
 *   the team that begins it: takes a record, places *parts* (tasks with GR_FLAG_PART) on idle teams
 *     and in the queue, becomes a part itself
 *   a part: claims a batch of tiles by one addition to `next`, runs the op on it, claims the next;
 *     until none is left, or its slice is over: then it goes to its queue's end
 *   a part that fails, or sees the task cancelled: claims all that is left and runs none of it
 *
 * Who says that the last tiles are done ends the task; parts that are still in a queue then find
 * nothing to claim, and the last of them gives the record back. If no record is free, the team that
 * began the task runs the op once, on all tiles.
 *
 * I16 Each tile below next is claimed by one part; no part runs what it has not claimed.
 * I17 `left` counts the tiles not yet said to be done or skipped; the part that takes it to 0 ends
 *     the task, once.
 * I18 `parts` counts the parts that exist; the one that takes it to 0 gives the record back, and
 *     nobody touches it afterwards.
 *
 * word        writer                        order: why
 * next        parts, by addition            relaxed: a number; `task` came with the part
 * left        beginner; parts subtract      acqrel: who ends the task sees what all have written
 * parts       beginner; parts subtract      acqrel: the record is handed over by it
 * status      first failure, by CAS         relaxed: handed over by left
 * task        beginner, before any part     plain: comes with the part (its line's release)
 * next_free   pool.h
 *
 * Called by the leading warp, converged, unless it says one lane. Next: microkernel.h. */
#pragma once

#include "device/end.h"
#include "device/trace.h"

/* Teams that run tasks, and how many of them have a core each (spare.h). */
GR_DEV uint32_t gr_workers(const struct gr_dev *dev)
{
  return dev->teams - dev->reserved_ingress;
}
GR_DEV uint32_t gr_workers_at_once(const struct gr_dev *dev)
{
  return dev->at_once - dev->reserved_ingress;
}

GR_DEV uint32_t gr_tiles_take(struct gr_dev *dev)
{
  return gr_pool_take(&dev->tiles_free, &dev->tiles->next_free, sizeof(struct gr_tiles));
}
GR_DEV void gr_tiles_give(struct gr_dev *dev, uint32_t index)
{
  gr_pool_give(&dev->tiles_free, &dev->tiles->next_free, sizeof(struct gr_tiles), index);
}

/* One lane. Fills a free record for `task` and `parts` parts; its index + 1, or 0. */
GR_DEV uint32_t gr_tiles_fill(struct gr_dev *dev, const struct gr_task *task, uint32_t parts)
{
  const uint32_t taken = gr_tiles_take(dev);
  if (taken != 0u) {
    struct gr_tiles *record = &dev->tiles[taken - 1u];
    record->task = *task;
    gr_store_relaxed_gpu_u64(&record->next, 0u);
    gr_store_relaxed_gpu_u32(&record->left, task->tiles);
    gr_store_relaxed_gpu_u32(&record->status, 0u);
    gr_store_relaxed_gpu_u32(&record->parts, parts);
  }
  return taken;
}

/* team->task has several tiles and is no part: it becomes one, and other teams get theirs. */
GR_DEV void gr_tiles_begin(struct gr_team *team)
{
  struct gr_dev *dev = team->dev;
  const uint32_t tiles = team->task->tiles;
  const uint32_t parts = gr_workers(dev) < tiles ? gr_workers(dev) : tiles;
  uint32_t taken = 0u;
  if (gr_warp_lane() == 0u) {
    taken = gr_tiles_fill(dev, team->task, parts);
    if (taken != 0u) {
      team->child = *team->task;
      team->child.flags = GR_FLAG_PART;
      team->child.done = taken - 1u;
      team->child.generation = gr_trace_number(dev, team->task);
    }
  }
  taken = gr_lead_u32(taken);
  if (taken == 0u) {
    return;
  }
  uint32_t placed = 1u; /* ourselves */
  gr_warp_barrier();
  while (placed < parts && gr_sched_place(team, &team->child) == GR_OK) {
    placed++;
  }
  if (gr_warp_lane() == 0u) {
    if (placed < parts) { /* ours is among them, so it does not reach 0 */
      gr_add_relaxed_gpu_u32(&dev->tiles[taken - 1u].parts, placed - parts);
    }
    team->own = team->child;
    team->task = &team->own;
  }
  gr_warp_barrier();
}

/* One lane. The next batch is in team->tile_first and tile_end. False: no tile is left. */
GR_DEV bool gr_part_claim(struct gr_team *team)
{
  const struct gr_task *part = team->task;
  const uint32_t tiles = part->tiles;
  const uint32_t shares = GR_BATCH_SHARES * gr_workers_at_once(team->dev);
  const uint32_t share = (tiles - team->tile_end) / shares; /* by what we know of `next` */
  const uint32_t most = team->batch < share ? team->batch : share;
  const uint32_t batch = most != 0u ? most : 1u;
  const uint64_t first = gr_add_relaxed_gpu_u64(&team->dev->tiles[part->done].next, batch);
  if (first >= tiles) {
    return false;
  }
  team->tile_first = (uint32_t)first;
  team->tile_end = tiles - team->tile_first < batch ? tiles : team->tile_first + batch;
  return true;
}

/* One lane. Nothing more is to be run: claims all that is left. */
GR_DEV void gr_part_stop(struct gr_team *team, int32_t result)
{
  struct gr_tiles *record = &team->dev->tiles[team->task->done];
  const uint32_t tiles = team->task->tiles;
  gr_cas_relaxed_gpu_u32(&record->status, 0u, (uint32_t)result);
  const uint64_t first = gr_add_relaxed_gpu_u64(&record->next, tiles);
  if (first < tiles) {
    team->tiles_run += tiles - (uint32_t)first;
  }
}

/* One lane. Says what this part has done. True: those were the last, and the task has ended. */
GR_DEV bool gr_part_tell(struct gr_team *team)
{
  struct gr_tiles *record = &team->dev->tiles[team->task->done];
  const uint32_t run = team->tiles_run;
  if (run == 0u) {
    return false;
  }
  team->tiles_run = 0u;
  const uint32_t before = gr_add_acqrel_gpu_u32(&record->left, 0u - run);
  gr_assert_file(team, GR_FILE_TILES, before >= run, before); /* I17 */
  if (before != run) {
    return false;
  }
  const int32_t result = (int32_t)gr_load_relaxed_gpu_u32(&record->status);
  gr_end_count(team, result);
  gr_end_tell(team, gr_whom(&record->task), result);
  return true;
}

/* One lane. This part is no more. */
GR_DEV void gr_part_drop(struct gr_team *team)
{
  struct gr_dev *dev = team->dev;
  const uint32_t index = team->task->done;
  if (gr_add_acqrel_gpu_u32(&dev->tiles[index].parts, 0xffffffffu) == 1u) {
    gr_tiles_give(dev, index);
  }
}

/* team->task is a part that has just come. False: there was nothing to claim, and it is over. */
GR_DEV bool gr_part_begin(struct gr_team *team)
{
  uint32_t has = 0u;
  if (gr_warp_lane() == 0u) {
    team->batch = GR_BATCH_FIRST;
    team->batch_ns = team->slice_ns = gr_clock_ns();
    team->tile_end = 0u;
    has = gr_part_claim(team) ? 1u : 0u;
    if (has == 0u) {
      team->tile_first = team->tile_end;
      gr_part_drop(team);
    }
  }
  return gr_lead_u32(has) != 0u;
}

/* One lane. A batch has been run, with team->result, or the part refused: what now. */
GR_DEV uint32_t gr_part_next(struct gr_team *team)
{
  const struct gr_task *part = team->task;
  int32_t result = team->result;
  team->tiles_run += team->tile_end - team->tile_first;
  team->tile_first = team->tile_end;
  if (result >= 0 && gr_end_is_asked(team->dev, part)) {
    result = GR_E_CANCELED;
  }
  if (result < 0) {
    gr_part_stop(team, result);
    return GR_PART_OVER;
  }
  const uint64_t now_ns = gr_clock_ns();
  const uint64_t ns = now_ns - team->batch_ns;
  if (now_ns - team->slice_ns >= GR_SLICE_NS) {
    team->slice_ns = now_ns;
    const bool is_left = gr_load_relaxed_gpu_u64(&team->dev->tiles[part->done].next) < part->tiles;
    return is_left ? GR_PART_YIELDS : GR_PART_OVER;
  }
  if (ns > GR_BATCH_NS) {
    team->batch = (team->batch + 1u) / 2u;
  } else if (ns < GR_BATCH_NS / 2u && team->batch < GR_BATCH_MAX) {
    team->batch *= 2u;
  }
  team->batch_ns = now_ns;
  return gr_part_claim(team) ? GR_PART_GOES_ON : GR_PART_OVER;
}

/* A batch has been run, or the part refused. team->part tells whether there is another. True: with
 * this part the task has ended. */
GR_DEV bool gr_part_end(struct gr_team *team)
{
  uint32_t ended = 0u;
  if (gr_warp_lane() == 0u) {
    team->part = gr_part_next(team);
    if (team->part != GR_PART_GOES_ON) {
      ended = gr_part_tell(team) ? 1u : 0u; /* what waits for it waits no longer than our slice */
      if (ended != 0u || team->part == GR_PART_OVER) {
        team->part = GR_PART_OVER;
        gr_part_drop(team);
      }
    }
  }
  gr_warp_barrier();
  if (team->part == GR_PART_YIELDS) {
    if (gr_sched_place(team, team->task) != GR_OK && gr_warp_lane() == 0u) {
      team->batch_ns = gr_clock_ns();
      team->part = gr_part_claim(team) ? GR_PART_GOES_ON : GR_PART_OVER;
      if (team->part == GR_PART_OVER) {
        gr_part_drop(team);
      }
    }
    gr_warp_barrier();
  }
  return gr_lead_u32(ended) != 0u;
}
