/* launcher.c - the launcher of cpu and sim: a thread that runs kernels for tasks (shared/kernel.h).
 *
 * One after another, in the order in which they were asked for, which keeps the promises of every
 * mode; a block has one lane. While there is nothing it sleeps. A kernel is pure computation by
 * contract, as an op is, so one that does not return can be ended where it is.
 *
 * Next: ../device/launcher.h. */
#include <errno.h>
#include <stdlib.h>

#include "device/kernel.h"
#include "host/grosr_private.h"

#define SLEEP_NS 100000000u
#define LOOK_NS  20000u
#define KILL_NS  2000000000u

struct gr_launcher_thread {
  struct grosr *g;
  struct gr_dev *dev;
  const struct grosr_kernels *kernels;
  struct gr_thread thread;
  gr_au32 gone; /* 1: it touches nothing any more */
};

static void kernel_run(struct gr_launcher_thread *self, uint32_t index)
{
  struct gr_dev *dev = self->dev;
  const uint64_t word = dev->launcher->launched[index].task.arg[3];
  const struct grosr_kernel *kernel = &self->kernels->kernel[GR_LAUNCH_KERNEL_OF(word)];
  struct gr_grid grid = {dev, index, 0u};
  uint32_t state = GR_LAUNCHED_AGAIN;
  gr_launched_start(dev, index, 1u); /* all blocks, as one */
  while (state == GR_LAUNCHED_AGAIN) {
    int32_t result = GR_OK;
    for (uint32_t i = 0; i < GR_LAUNCH_GRID_OF(word) && result >= 0; i++) {
      grid.block = i;
      gr_thread_may_end(true);
      const int32_t answer = kernel->run(&grid);
      gr_thread_may_end(false);
      result = answer < 0 || result == GR_OK ? answer : result;
    }
    state = gr_launched_leave(dev, index, result);
  }
  gr_launched_end(dev, index, gr_launched_result(dev, index));
}

/* Runs all that is asked; whether there was anything. */
static bool launcher_step(struct gr_launcher_thread *self)
{
  bool did = false;
  for (uint32_t which = 0; which < GR_LAUNCHERS; which++) {
    uint32_t next = gr_launcher_take(self->dev->launcher, which);
    while (next != 0u) {
      const uint32_t index = next - 1u;
      next = self->dev->launcher->launched[index].next;
      if (gr_launched_is_cancelled(self->dev, index)) {
        gr_launched_end(self->dev, index, GR_E_CANCELED);
      } else {
        kernel_run(self, index);
      }
      gr_duty_wake(self->g); /* who sleeps on duty is to look at `ended` (K3) */
      did = true;
    }
  }
  return did;
}

static void *launcher_main(void *argument)
{
  struct gr_launcher_thread *self = argument;
  struct gr_launcher *launcher = self->dev->launcher;
  gr_topology_bind_watchdog(self->g->topology);
  while (gr_load_relaxed_gpu_u32(&launcher->stop) == 0u) {
    if (launcher_step(self)) {
      continue;
    }
    gr_store_relaxed_gpu_u32(&launcher->asleep, 1u);
    gr_fence_sleeper();
    if (!launcher_step(self) && gr_load_relaxed_gpu_u32(&launcher->stop) == 0u) {
      gr_sleep(&launcher->asleep, SLEEP_NS);
    } else {
      gr_store_relaxed_gpu_u32(&launcher->asleep, 0u);
    }
  }
  gr_store_release_gpu_u32(&self->gone, 1u);
  return NULL;
}

int gr_launcher_start(struct grosr *g)
{
  struct gr_launcher_thread *self = calloc(1, sizeof *self);
  if (self == NULL) {
    return gr_error_set(-ENOMEM, "no memory for the launcher");
  }
  self->g = g;
  self->dev = g->dev;
  self->kernels = g->options.kernels;
  const int error = gr_thread_start(&self->thread, launcher_main, self);
  if (error < 0) {
    free(self);
    return gr_error_set(error, "no thread for the launcher of kernels; raise ulimit -u");
  }
  g->launcher = self;
  return 0;
}

int gr_launcher_end(struct grosr *g, uint64_t patience_ns)
{
  struct gr_launcher_thread *self = g->launcher;
  if (self == NULL) {
    return 0;
  }
  const uint64_t deadline_ns = gr_clock_ns() + patience_ns;
  gr_store_relaxed_gpu_u32(&self->dev->launcher->stop, 1u);
  gr_fence_waker();
  gr_wake(&self->dev->launcher->asleep);
  bool is_gone = gr_load_acquire_gpu_u32(&self->gone) != 0u;
  while (!is_gone && gr_clock_ns() < deadline_ns) {
    gr_nap(LOOK_NS);
    is_gone = gr_load_acquire_gpu_u32(&self->gone) != 0u;
  }
  g->launcher = NULL;
  if (is_gone) {
    gr_thread_join(&self->thread);
    free(self);
    return 0;
  }
  if (!gr_thread_end(&self->thread, KILL_NS)) {
    g->backend = NULL; /* it, and what it runs on, stay until the process ends */
    return gr_error_set(-ETIMEDOUT, "a launched kernel did not return and could not be ended; its "
                                    "memory is kept until the process ends");
  }
  free(self);
  return gr_error_set(-ETIMEDOUT, "a launched kernel did not return; it was ended by force");
}
