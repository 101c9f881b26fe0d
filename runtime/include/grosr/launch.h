/* launch.h - tasks that launch kernels, from the host; ops do the same (gr_launch_task).
 *
 *   GROSR_KERNELS(filters);                          made by GR_KERNELS in another file (kernel.h)
 *   options.kernels = &grosr_kernels_filters;
 *   grosr_kernel(g, "blur", &kernel);
 *   struct grosr_launch launch = {.kernel = kernel, .grid = 64, .arg = {address, n}};
 *   grosr_launch(g, &launch, &ticket);               done when the kernel is
 *
 * A launched kernel runs beside the microkernel, with a grid of its own, and no team waits for it.
 * The microkernel never launches by itself: it is resident and was launched cooperatively, and
 * CUDA allows such a kernel no dynamic parallelism, promises a child no start before its parent
 * ends, and lets only kernels of a graph launch graphs. A launcher does it, a small kernel beside
 * it; on cpu and sim a thread, which runs one kernel after another.
 *
 * mode      on a GPU                                           what is promised
 * FIRE      child of the launcher, by dynamic parallelism      it starts by itself
 * TAIL      tail launch, by dynamic parallelism                it starts when all FIRE and TAIL
 *                                                              launches asked before it have ended
 * GRAPH     a graph of a pool, fire and forget                 it starts by itself
 * SIBLING   the same as a sibling of the launcher's graph      the launcher never waits for it
 * SELF      as SIBLING, and it launches itself again while     rounds one after another
 *           a block returns more than 0
 *
 * What each costs: after FIRE and TAIL the launcher starts nothing new until all of what it has
 * started so is done, since only the end of its grid makes sure that a child starts. A GRAPH holds
 * the launcher up only when it has made GR_LAUNCH_BUDGET launches and begins anew (CUDA counts 120
 * for one run of a graph). The pool's graphs have a fixed shape: blocks of as many lanes as the
 * kernel was made for, and the grid is shared out over the blocks that there are.
 *
 * Next: ../../host/kernel.c, ../../shared/kernel.h. */
#pragma once

#include <grosr/grosr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Declares the kernels that GR_KERNELS(name, ...) defined in another file. */
#define GROSR_KERNELS(name) extern const struct grosr_kernels grosr_kernels_##name

enum grosr_launch_mode {
  GROSR_LAUNCH_FIRE = 0,
  GROSR_LAUNCH_TAIL = 1,
  GROSR_LAUNCH_GRAPH = 2,
  GROSR_LAUNCH_SIBLING = 3,
  GROSR_LAUNCH_SELF = 4
};

#define GROSR_LAUNCH_ARG_WORDS 3

struct grosr_launch {
  uint32_t kernel;
  uint32_t context;
  enum grosr_launch_mode mode;
  uint32_t grid;  /* blocks, 1 ... 2^31 - 1 */
  uint32_t block; /* lanes of a block: a multiple of 32 up to what the kernel was made for, or 0:
                     just that. Modes of graphs: 0. A block has one lane on cpu and sim anyhow */
  uint64_t arg[GROSR_LAUNCH_ARG_WORDS];
};

/* A kernel's number. -ENOENT: no kernels were given at grosr_open, or none has that name. */
int grosr_kernel(const struct grosr *g, const char *name, uint32_t *kernel);
/* Submits a task that launches a kernel and is done when that is. The result is 0, the first
 * failure of its blocks, -ECANCELED (cancelled, or the context killed: not launched, or told so),
 * or -EAGAIN: 256 are out already. As grosr_submit; -EINVAL, -ENOENT: it cannot be launched.
 * The watchdog does not look at kernels. */
int grosr_launch(struct grosr *g, const struct grosr_launch *launch, grosr_ticket *ticket);

#ifdef __cplusplus
}
#endif
