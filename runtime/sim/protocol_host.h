/* protocol_host.h - the host's half of a small device made by hand (protocol.h): a ring of two
 * slots and one ticket. Next: scenario_boundary.c. */
#pragma once

#include <string.h>

#include "host/grosr_private.h"
#include "sim/protocol.h"

/* As a backend reads words that teams write meanwhile. */
static inline int gr_protocol_read(struct gr_backend *backend, uint64_t device, void *to,
                                   uint64_t bytes)
{
  const gr_au64 *from = (const gr_au64 *)(uintptr_t)device;
  uint64_t *out = to;
  (void)backend;
  for (uint64_t i = 0; i < bytes / 8u; i++) {
    out[i] = gr_load_acquire_gpu_u64(&from[i]);
  }
  return 0;
}

static inline void gr_protocol_host(struct grosr *host, uint32_t teams,
                                    const struct gr_backend_ops *ops)
{
  static const char *const names[] = {"op"};
  static const struct grosr_image image = {.op_count = 1, .name = "none", .op_names = names};
  struct gr_dev *dev = gr_protocol_dev(teams);
  memset(host, 0, sizeof *host);
  host->image = &image;
  host->backend_ops = ops;
  host->dev = dev;
  host->boundary = dev->boundary;
  host->ingress = dev->ingress;
  host->completion = dev->completion;
  host->slot_state = gr_sim_take("slot_state", 64u);
  host->options.teams = teams;
  host->options.ingress_slots = 2u;
  host->options.completion_slots = 1u;
  host->options.boot_ns_max = 1000000000u;
  host->ingress_shift = 1u;
  host->template.team = dev->team;
  host->template.credit = dev->credit;
  host->template.crowded = 1u; /* a wait yields at every turn */
  host->contexts.v = 1u;
  host->incarnation.v = gr_incarnations.v = 1u;
  gr_mutex_init(&host->launch_lock);
}
