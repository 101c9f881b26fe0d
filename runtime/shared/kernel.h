/* kernel.h - kernels that tasks launch: their layouts, shared by teams, launcher and kernels.
 *
 * A *kernel* here is a function of its own, with a grid of its own, which runs beside the
 * microkernel and not in it. A task of op GR_OP_LAUNCH launches one; no team waits meanwhile: the
 * task is kept in a struct gr_launched, and goes on when the kernel has ended.
 *
 *   team                          launcher                     the kernel's blocks
 *   takes a record, fills it ---> asked: takes all, oldest
 *                                 first, starts each  -------> run; the last one to end
 *   team on duty: takes all <--------------------------------- ended
 *   places the task again, which tells whom it is to tell, and gives the record back
 *
 * The launcher is a thread of the host on cpu and sim (host/launcher.c), and on a GPU a kernel
 * that launches kernels (port/port_cuda_launcher.h).
 *
 * K1  A record has one owner: who took it from the pool, then who took it off `asked`, then its
 *     kernel's blocks (who brings `left` to 0 owns it), then who took it off `ended`.
 * K2  Records are put on top of a list one by one or taken all at once, so a top that is the same
 *     again is on top of a list again (no ABA).
 * K3  The team on duty falls asleep only after a look at `ended` behind its sleeper's fence; who
 *     puts a record there wakes it after a waker's fence (host/submit.c). The same between `asked`
 *     and a launcher that sleeps.
 * K4  The microkernel does not go to rest while a record is out.
 *
 * word             writer                          order: why
 * asked[], ended   who has a record, by CAS        release: the record
 *                  who takes all, by CAS           acquire: the records
 * launched.left    launcher; each block, by        acqrel: who is last sees what all have written
 *                  subtraction
 * launched.status  first failure, by CAS           relaxed: handed over by left
 * launched.again   any block                       relaxed: the same
 * asleep           the launcher: 1; it or a waker: 0  exchange decides (port_cpu.h)
 * stop             the host                        relaxed: it may always come too late
 * out              who takes a record; who gives   relaxed: a number; at rest all teams' are seen
 *                  one back, by addition
 * due              team on duty                    plain: handed over by duty
 * waiting          the launcher of graphs          plain: its own
 * exec.record      the launcher: not 0             release: the record; read with acquire
 *                  last block: 0                   relaxed: its blocks have all read it
 * the rest         K1                              plain: handed over by the lists
 *
 * Next: ../device/launch.h (a team's side), ../device/launcher.h (the other). */
#pragma once

#include "port/port.h"
#include "shared/task.h"

/* How a kernel is started; the order is that of enum grosr_launch_mode (grosr/launch.h). */
enum gr_launch_mode {
  GR_LAUNCH_FIRE = 0,
  GR_LAUNCH_TAIL = 1,
  GR_LAUNCH_GRAPH = 2,
  GR_LAUNCH_SIBLING = 3,
  GR_LAUNCH_SELF = 4,
  GR_LAUNCH_MODES = 5
};

/* Argument 3 of a task that launches: which kernel, how, how large. The others are the kernel's. */
#define GR_LAUNCH_WORD(kernel, mode, grid, block)                                                  \
  (((uint64_t)(grid) << 32) | ((uint64_t)(block) << 16) | ((uint64_t)(mode) << 8) |                \
   (uint64_t)(kernel))
#define GR_LAUNCH_KERNEL_OF(word) ((uint32_t)(word) & 0xffu)
#define GR_LAUNCH_MODE_OF(word)   ((uint32_t)((word) >> 8) & 0xffu)
#define GR_LAUNCH_BLOCK_OF(word)  ((uint32_t)((word) >> 16) & 0xffffu)
#define GR_LAUNCH_GRID_OF(word)   ((uint32_t)((word) >> 32))

/* Of dynamic parallelism and of graphs; each has a launcher, and a list of what it is asked. */
#define GR_LAUNCHERS 2u
#define GR_LAUNCHER_OF(mode)                                                                       \
  ((mode) <= (uint32_t)GR_LAUNCH_TAIL ? 0u : 1u) /* fire and tail; the modes of graphs */

struct gr_launched {
  gr_au32 left __attribute__((aligned(GR_LINE_BYTES))); /* blocks that have not ended */
  gr_au32 status;      /* first failure, as uint32_t, else 0 */
  gr_au32 again;       /* 1: a block has asked for another round */
  gr_au32 next_free;   /* pool.h */
  uint32_t next;       /* on a list: index + 1 of the one behind it, 0: none */
  uint32_t round;      /* of GR_LAUNCH_SELF, from 0 */
  uint32_t blocks;     /* that run it: `left` at the start of each round */
  uint32_t tries;      /* to launch a graph for it */
  struct gr_task task; /* that launched it; of op GR_OP_LAUNCHED, arg[0] the result in the end */
};
static_assert(sizeof(struct gr_launched) == GR_LINE_BYTES, "left of two records share no line");

/* On a GPU: a graph of one kernel, ready to be launched. Free, and the launcher's: record is 0. */
struct gr_exec {
  gr_au32 record; /* index + 1 of what it runs */
  uint32_t kernel;
  uint32_t blocks;
  uint32_t reserved;
  uint64_t handle; /* CUgraphExec */
};

/* How a GPU's launcher stands, in host memory (boundary.h). */
enum gr_launcher_state {
  GR_LAUNCHER_NONE = 0,
  GR_LAUNCHER_RUNS = 1,
  GR_LAUNCHER_AWAY = 2, /* it has ended, and is to be launched again */
  GR_LAUNCHER_OVER = 3  /* it was told to stop, and has ended */
};

struct gr_launcher {
  /* Read-only after boot. */
  struct gr_launched *launched;
  struct gr_exec *exec; /* NULL: no graphs here */
  uint32_t execs;
  uint32_t kernels;
  uint32_t threads[GR_KERNELS_MAX]; /* lanes of a block, at most */
  /* What the lists hold is index + 1 of the top, 0: nothing. */
  gr_au64 asked[GR_LAUNCHERS] __attribute__((aligned(GR_LINE_BYTES)));
  gr_au32 asleep;
  gr_au32 stop;     /* 1: start nothing more */
  uint32_t waiting; /* the graphs' launcher's: index + 1 of the first that finds no graph free */
  gr_au64 ended __attribute__((aligned(GR_LINE_BYTES)));
  uint32_t due; /* index + 1 of the first that has ended and found no room */
  gr_au64 free __attribute__((aligned(GR_LINE_BYTES))); /* count << 32 | index + 1 */
  gr_au32 out;                                          /* records taken */
};

/* ---- what the host knows of kernels ---- */
struct gr_grid;
struct grosr_kernel {
  const char *name;
  uint32_t threads;
  int32_t (*run)(const struct gr_grid *grid); /* one block of it, on the cpu */
};
struct grosr_kernels {
  uint32_t abi; /* GR_ABI_VERSION of the headers it was built with */
  uint32_t count;
  const char *name;
  const struct grosr_kernel *kernel;
  const unsigned char *fatbin; /* NULL: built without nvcc */
  const unsigned char *fatbin_end;
};
