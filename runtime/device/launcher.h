/* launcher.h - what starts kernels, and what a kernel's blocks do at their end (shared/kernel.h).
 *
 * A launcher is alone with its list. It takes all that is asked, oldest first, and starts each
 * record's kernel with gr_launched_start; each block of it ends with gr_launched_leave, and who is
 * answered "ended" calls gr_launched_end. Then, where a team may be asleep, the host wakes it.
 *
 * Called by one lane: of the host's launcher thread (host/launcher.c), of a GPU's launcher, of a
 * launched kernel. Next: kernel.h (what a kernel may use), ../port/port_cuda_launcher.h. */
#pragma once

#include "device/end.h"
#include "device/launch.h"

enum gr_launched_state {
  GR_LAUNCHED_RUNS = 0,  /* others of its blocks do */
  GR_LAUNCHED_AGAIN = 1, /* it is to be run once more, by who was told so */
  GR_LAUNCHED_ENDED = 2
};

/* Takes all that is asked, linked oldest first: index + 1, 0: nothing. */
GR_DEV uint32_t gr_launcher_take(struct gr_launcher *launcher, uint32_t which)
{
  uint32_t newest = gr_launched_take(&launcher->asked[which]);
  uint32_t oldest = 0u;
  while (newest != 0u) {
    struct gr_launched *launched = &launcher->launched[newest - 1u];
    const uint32_t before = launched->next;
    launched->next = oldest;
    oldest = newest;
    newest = before;
  }
  return oldest;
}

/* Whether the kernel of record `index` is not to go on, or not to start. */
GR_DEV bool gr_launched_is_cancelled(const struct gr_dev *dev, uint32_t index)
{
  const struct gr_launcher *launcher = dev->launcher;
  return gr_load_relaxed_gpu_u32(&launcher->stop) != 0u ||
         gr_end_is_asked(dev, &launcher->launched[index].task);
}

/* The kernel has ended, or is not to start, and its task goes on with `result`. */
GR_DEV void gr_launched_end(struct gr_dev *dev, uint32_t index, int32_t result)
{
  struct gr_launcher *launcher = dev->launcher;
  launcher->launched[index].task.arg[0] = (uint64_t)(int64_t)result;
  gr_launched_put(launcher, &launcher->ended, index);
}

/* To be run by `blocks` blocks. */
GR_DEV void gr_launched_start(struct gr_dev *dev, uint32_t index, uint32_t blocks)
{
  struct gr_launched *launched = &dev->launcher->launched[index];
  launched->round = 0u;
  launched->blocks = blocks;
  gr_store_relaxed_gpu_u32(&launched->status, 0u);
  gr_store_relaxed_gpu_u32(&launched->again, 0u);
  gr_store_relaxed_gpu_u32(&launched->left, blocks);
}

/* A block has done its share; `result` is what the kernel's function has returned. */
GR_DEV uint32_t gr_launched_leave(struct gr_dev *dev, uint32_t index, int32_t result)
{
  struct gr_launched *launched = &dev->launcher->launched[index];
  if (result < 0) {
    gr_cas_relaxed_gpu_u32(&launched->status, 0u, (uint32_t)result);
  } else if (result > 0) {
    gr_store_relaxed_gpu_u32(&launched->again, 1u);
  }
  if (gr_add_acqrel_gpu_u32(&launched->left, ~0u) != 1u) {
    return GR_LAUNCHED_RUNS;
  }
  const bool goes_on = GR_LAUNCH_MODE_OF(launched->task.arg[3]) == GR_LAUNCH_SELF &&
                       gr_load_relaxed_gpu_u32(&launched->again) != 0u &&
                       gr_load_relaxed_gpu_u32(&launched->status) == 0u &&
                       !gr_launched_is_cancelled(dev, index);
  if (!goes_on) {
    return GR_LAUNCHED_ENDED;
  }
  launched->round++;
  gr_store_relaxed_gpu_u32(&launched->again, 0u);
  gr_store_relaxed_gpu_u32(&launched->left, launched->blocks);
  return GR_LAUNCHED_AGAIN;
}

/* After "ended": the first failure of its blocks, or 0. */
GR_DEV int32_t gr_launched_result(const struct gr_dev *dev, uint32_t index)
{
  return (int32_t)gr_load_relaxed_gpu_u32(&dev->launcher->launched[index].status);
}
