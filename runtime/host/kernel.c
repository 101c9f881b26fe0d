/* kernel.c - kernels that tasks launch: their memory, and the host's part of grosr/launch.h.
 *
 * Who launches them is the device's own matter, if it can (backend.h), or that of a thread of ours
 * (launcher.c). Nothing here runs, and nothing is taken, without options.kernels.
 *
 * Next: launcher.c, ../device/launch.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/grosr_private.h"
#include "include/grosr/launch.h"

static int kernels_check(const struct grosr_kernels *kernels)
{
  if (kernels->abi != GR_ABI_VERSION) {
    return gr_error_set(-ENOEXEC,
                        "kernels '%s' were built for ABI %u, this library has %u; build them again "
                        "with this library's headers",
                        kernels->name, kernels->abi, GR_ABI_VERSION);
  }
  if (kernels->count == 0 || kernels->count > GR_KERNELS_MAX) {
    return gr_error_set(-EINVAL, "'%s' has %u kernels; use 1 to %u", kernels->name, kernels->count,
                        GR_KERNELS_MAX);
  }
  for (uint32_t i = 0; i < kernels->count; i++) {
    const uint32_t threads = kernels->kernel[i].threads;
    if (threads == 0 || threads > GR_LANES_MAX || threads % 32u != 0) {
      return gr_error_set(-EINVAL, "kernel '%s' is made for blocks of %u lanes; use 32, 64, ... %u",
                          kernels->kernel[i].name, threads, GR_LANES_MAX);
    }
  }
  return 0;
}

int gr_kernels_build(struct grosr *g)
{
  const struct grosr_kernels *kernels = g->options.kernels;
  struct gr_piece head, records;
  int error = kernels != NULL ? kernels_check(kernels) : 0;
  if (kernels == NULL || error < 0) {
    return error;
  }
  const uint64_t bytes = GR_LAUNCHES_MAX * sizeof(struct gr_launched);
  error = g->backend_ops->take(g->backend, GR_MEMORY_DEVICE, sizeof(struct gr_launcher), &head);
  if (error == 0) {
    error = g->backend_ops->take(g->backend, GR_MEMORY_DEVICE, bytes, &records);
  }
  struct gr_launched *all = error == 0 ? calloc(GR_LAUNCHES_MAX, sizeof *all) : NULL;
  if (all == NULL) {
    return error < 0 ? error : gr_error_set(-ENOMEM, "no memory for the table of launches");
  }
  for (uint32_t i = 0; i + 1u < GR_LAUNCHES_MAX; i++) {
    all[i].next_free.v = i + 2u; /* index + 1 of the next: pool.h */
  }
  error = g->backend_ops->write(g->backend, records.device, all, bytes);
  free(all);
  struct gr_launcher launcher;
  memset(&launcher, 0, sizeof launcher);
  launcher.launched = (struct gr_launched *)(uintptr_t)records.device;
  launcher.kernels = kernels->count;
  launcher.free.v = 1u;
  for (uint32_t i = 0; i < kernels->count; i++) {
    launcher.threads[i] = kernels->kernel[i].threads;
  }
  if (error == 0) {
    error = g->backend_ops->write(g->backend, head.device, &launcher, sizeof launcher);
  }
  g->memory_bytes += sizeof launcher + bytes;
  g->template.launcher = (struct gr_launcher *)(uintptr_t)head.device;
  return error;
}

int gr_kernels_open(struct grosr *g)
{
  if (g->options.kernels == NULL || g->backend_ops->kernels_open == NULL) {
    return 0;
  }
  if (g->options.idle_exit_ns != 0) {
    return gr_error_set(-EINVAL, "idle_exit_ns and kernels: the launcher of kernels stays on this "
                                 "device, so that it would never be idle; leave one of them out");
  }
  const struct gr_kernels_of of = {g->options.kernels, g->dev, g->template.launcher, g->boundary,
                                   g->options.boot_ns_max};
  return g->backend_ops->kernels_open(g->backend, &of);
}

int gr_kernels_start(struct grosr *g)
{
  if (g->options.kernels == NULL) {
    return 0;
  }
  return g->backend_ops->kernels_start != NULL ? g->backend_ops->kernels_start(g->backend)
                                               : gr_launcher_start(g);
}

int gr_kernels_end(struct grosr *g, uint64_t patience_ns)
{
  if (g->options.kernels == NULL) {
    return 0;
  }
  return g->backend_ops->kernels_end != NULL
             ? g->backend_ops->kernels_end(g->backend, patience_ns)
             : gr_launcher_end(g, patience_ns);
}

/* ---- grosr/launch.h ---- */

int grosr_kernel(const struct grosr *g, const char *name, uint32_t *kernel)
{
  char names[256] = "";
  size_t used = 0;
  if (g == NULL || name == NULL || kernel == NULL) {
    return gr_error_set(-EINVAL, "grosr_kernel: a null pointer");
  }
  if (g->options.kernels == NULL) {
    return gr_error_set(-ENOENT, "no kernels: give some to grosr_open, by options.kernels");
  }
  for (uint32_t i = 0; i < g->options.kernels->count; i++) {
    const char *has = g->options.kernels->kernel[i].name;
    if (strcmp(has, name) == 0) {
      *kernel = i;
      return 0;
    }
    if (used < sizeof names) {
      used += (size_t)snprintf(names + used, sizeof names - used, " %s", has);
    }
  }
  return gr_error_set(-ENOENT, "'%s' has no kernel '%s'; it has:%s", g->options.kernels->name, name,
                      names);
}

static int launch_check(const struct grosr *g, const struct grosr_launch *launch)
{
  const struct grosr_kernels *kernels = g->options.kernels;
  if (kernels == NULL) {
    return gr_error_set(-ENOENT, "no kernels: give some to grosr_open, by options.kernels");
  }
  if (launch->kernel >= kernels->count) {
    return gr_error_set(-ENOENT, "'%s' has %u kernels, and none with number %u; grosr_kernel finds "
                                 "one by name",
                        kernels->name, kernels->count, launch->kernel);
  }
  const struct grosr_kernel *kernel = &kernels->kernel[launch->kernel];
  if ((unsigned)launch->mode >= GR_LAUNCH_MODES) {
    return gr_error_set(-EINVAL, "mode %u is not one of enum grosr_launch_mode", launch->mode);
  }
  if (launch->grid == 0 || launch->grid > GR_LAUNCH_GRID_MAX) {
    return gr_error_set(-EINVAL, "a grid of %u blocks; use 1 to %u", launch->grid,
                        GR_LAUNCH_GRID_MAX);
  }
  if (launch->block % 32u != 0 || launch->block > kernel->threads) {
    return gr_error_set(-EINVAL,
                        "blocks of %u lanes; kernel '%s' takes 32, 64, ... up to %u, or 0 for that",
                        launch->block, kernel->name, kernel->threads);
  }
  if (launch->block != 0 && launch->mode >= GROSR_LAUNCH_GRAPH) {
    return gr_error_set(-EINVAL,
                        "blocks of %u lanes: a graph's shape is fixed when it is made; set block "
                        "to 0 (kernel '%s' has %u), or use FIRE or TAIL",
                        launch->block, kernel->name, kernel->threads);
  }
  return 0;
}

int grosr_launch(struct grosr *g, const struct grosr_launch *launch, grosr_ticket *ticket)
{
  if (g == NULL || launch == NULL) {
    return gr_error_set(-EINVAL, "grosr_launch: the device or the launch is a null pointer");
  }
  int error = launch_check(g, launch);
  struct grosr_task task = {0};
  task.context = launch->context;
  if (error == 0) {
    error = gr_tasks_check(g, &task, 1); /* op 0 there always is: of the context alone */
  }
  if (error < 0) {
    return error;
  }
  task.op = GR_OP_LAUNCH;
  memcpy(task.arg, launch->arg, sizeof launch->arg);
  task.arg[3] = GR_LAUNCH_WORD(launch->kernel, launch->mode, launch->grid, launch->block);
  return gr_internal_submit(g, &task, 0, ticket);
}
