/* fault.h - gr_assert: a broken invariant stops the microkernel and says where.
 *
 * On in every build, measured ones too: conditions compare values that are in registers. The first
 * team to fail writes the boundary's fault page (the add on fault_claim decides who), sets
 * `run` to stop so that the others leave, and ends its lane; the host's black box prints it. Never
 * a silent trap, never an endless loop.
 *
 * Each device file that asserts has an id here, so that no string crosses the boundary.
 *
 * Next: host/black_box.c (who prints it). */
#pragma once

#include "device/team.h"

enum gr_file {
  GR_FILE_OP = 0, /* an op of a user's image */
  GR_FILE_MICROKERNEL = 1,
  GR_FILE_RUNQ = 2,
  GR_FILE_JOIN = 3,
  GR_FILE_INGRESS = 4,
  GR_FILE_SCHED = 5,
  GR_FILE_TILES = 6,
  GR_FILE_COUNT = 7
};

/* What gr_assert reports from files that do not say otherwise. */
#ifndef GR_FILE
#define GR_FILE GR_FILE_OP
#endif

GR_DEV void gr_fault(struct gr_team *team, uint32_t code, uint32_t where, uint64_t argument)
{
  struct gr_dev *dev = team->dev;
  if (gr_add_relaxed_gpu_u32(&dev->fault_claim, 1u) == 0u) {
    struct gr_fault *fault = &dev->boundary->fault;
    fault->file = where >> 16;
    fault->line = where & 0xffffu;
    fault->lane = gr_lane();
    fault->team = team->id;
    fault->argument = argument;
    gr_store_release_sys_u32(&fault->code, code);
  }
  gr_store_relaxed_gpu_u32(&dev->run, (uint32_t)GR_RUN_STOP);
  team->verdict = GR_TURN_LEAVE; /* for this team's other lanes, which wait for a decision */
  gr_leave();
}

/* Any lane. The lane ends if `condition` does not hold; `argument` is printed with it. */
#define gr_assert_file(team, file, condition, argument)                                            \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      gr_fault((team), GR_FAULT_ASSERT, ((uint32_t)(file) << 16) | (uint32_t)__LINE__,             \
               (uint64_t)(argument));                                                              \
    }                                                                                              \
  } while (0)
#define gr_assert(team, condition) gr_assert_file(team, GR_FILE_OP, condition, 0u)
