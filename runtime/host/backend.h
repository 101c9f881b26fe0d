/* backend.h - what the host side needs of a device; one struct of functions per port.
 *
 * Private to runtime/host. Called by api.c (open, close), memory_map.c (memory), launch.c (launch)
 * and watchdog.c (read). backend_cpu.c and backend_cuda.c carry it out; a name of CUDA stands in no
 * other file. All functions return 0 or a negative errno and leave a sentence with gr_error_set.
 *
 * Threads: open, take, launch and close are called by one thread at a time (launch under the launch
 * lock); read, ended may be called by any thread at any time in between, also while an op is stuck.
 *
 * Next: backend_cpu.c, backend_cuda.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/grosr/grosr.h"
#include "shared/image.h"
#include "shared/kernel.h"

struct gr_backend; /* each backend's own */
struct gr_topology;
struct gr_boundary;

/* Memory that both sides can reach; only the device; the same, but so much that it should cost
 * nothing before it is touched. */
enum gr_memory_kind { GR_MEMORY_SHARED = 0, GR_MEMORY_DEVICE = 1, GR_MEMORY_ARENA = 2 };

/* One piece of zeroed memory. `host` is NULL for device memory that the host cannot address. */
struct gr_piece {
  void *host;
  uint64_t device;
  uint64_t bytes;
};

/* What the device turned out to be, and what api.c decided from it. */
struct gr_device_facts {
  char name[32];         /* "cpu", "cuda:0" */
  char description[256]; /* for people and run.json */
  uint32_t teams_default;
  uint32_t lanes_default;
  uint32_t reserved_ingress_from; /* a team is reserved for ingress from this many teams on */
  uint64_t control_poll_ns;
};

struct gr_launch {
  struct gr_dev *dev; /* device address */
  uint32_t teams;
  uint32_t lanes;
  uint32_t scratch_bytes;
  uint32_t incarnation;
};

/* Kernels that tasks launch, and where the device has its part of them. */
struct gr_kernels_of {
  const struct grosr_kernels *kernels;
  struct gr_dev *dev;           /* device address */
  struct gr_launcher *launcher; /* the same */
  struct gr_boundary *boundary; /* the host's */
  uint64_t boot_ns_max;
};

struct gr_backend_ops {
  const char *name; /* "cpu" */
  /* 0 if a device `index` (-1: any) could be opened; starts nothing. */
  int (*probe)(int index);
  /* Picks the device, loads the image, fills facts. */
  int (*open)(const struct grosr_options *options, int index, struct gr_topology *topology,
              struct gr_device_facts *facts, struct gr_backend **out);
  /* Whether `teams` teams of `lanes` lanes with this scratch all fit at once: 0 or -EINVAL with a
   * sentence that says how many do. Before any memory is taken. */
  int (*fits)(struct gr_backend *backend, uint32_t teams, uint32_t lanes, uint32_t scratch_bytes);
  /* Zeroed memory; all of it freed by close. Never called once the microkernel runs. */
  int (*take)(struct gr_backend *backend, enum gr_memory_kind kind, uint64_t bytes,
              struct gr_piece *out);
  /* Copies host memory to device memory before boot, or between incarnations. */
  int (*write)(struct gr_backend *backend, uint64_t device, const void *from, uint64_t bytes);
  /* Copies device memory to the host, also while the microkernel runs; bounded. */
  int (*read)(struct gr_backend *backend, uint64_t device, void *to, uint64_t bytes);
  /* Starts the microkernel and returns at once. */
  int (*launch)(struct gr_backend *backend, const struct gr_launch *launch);
  /* 1: every team has left and another launch may follow; 0: it runs; negative: it failed. */
  int (*ended)(struct gr_backend *backend);
  /* Last resort: ends teams that are stuck in an op. 0: gone; -ETIMEDOUT: could not. */
  int (*kill)(struct gr_backend *backend);
  /* Kernels that tasks launch; NULL: the host launches them (launcher.c). open: before the first
   * launch, memory is there. start: the microkernel runs. end: it does not any more; starts nothing
   * new, waits until all have ended; negative: they did not. end may come without start. */
  int (*kernels_open)(struct gr_backend *backend, const struct gr_kernels_of *of);
  int (*kernels_start)(struct gr_backend *backend);
  int (*kernels_end)(struct gr_backend *backend, uint64_t patience_ns);
  /* Frees all, also what `take` gave; a stuck backend keeps what its teams may still touch. */
  void (*close)(struct gr_backend *backend);
  bool has_host_clock;    /* gr_clock_ticks of a team is that of the host */
  bool host_can_wake;     /* a sleeping team can be woken by gr_wake */
  bool teams_are_threads; /* of this process: they want cores */
  bool needs_fatbin;      /* runs only images with code for GPUs */
  bool is_numbered;       /* "cuda:1" */
};

extern const struct gr_backend_ops gr_backend_cpu;
extern const struct gr_backend_ops gr_backend_cuda;

/* What this library has, in the order that "auto" tries them; NULL ends it. backends.c, or the
 * simulator's. The text names them for people. */
extern const struct gr_backend_ops *const gr_backends[];
extern const char gr_backends_text[];
