/* relay.c - the host's part of grosr/relay.h: the rings' memory, what contexts are granted, the
 * mediator's life.
 *
 * Nothing here runs, and nothing is taken, without options.relay. Next: mediator.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/mediator.h"

#define LOOK_NS     20000u
#define PATIENCE_NS 2000000000u /* a call of a file may take so long before it is given up */

static_assert(GROSR_CALLS_ALL == (1u << GR_CALL_KINDS) - 1u && GROSR_CALL_LOG == 1u << GR_CALL_LOG,
              "grosr/relay.h has a bit for each kind");
static_assert(GROSR_REGIONS_MAX == GR_RELAY_REGIONS, "one number");

/* ---- boot ---- */

/* All records are free, and all rings empty. */
static int rings_write(struct grosr *g, uint64_t device)
{
  struct gr_relay_ring *rings = calloc(GR_CONTEXTS_MAX, sizeof *rings);
  if (rings == NULL) {
    return gr_error_set(-ENOMEM, "no memory for the rings of the relay");
  }
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    for (uint32_t record = 0; record < GR_CALLS_OUT; record++) {
      rings[i].free[record / 64u].v |= 1ull << record % 64u;
    }
  }
  const int error =
      g->backend_ops->write(g->backend, device, rings, GR_CONTEXTS_MAX * sizeof *rings);
  free(rings);
  return error;
}

int gr_relay_build(struct grosr *g)
{
  struct gr_piece head, rings, wires;
  const uint64_t ring_bytes = GR_CONTEXTS_MAX * sizeof(struct gr_relay_ring);
  const uint64_t wire_bytes = GR_CONTEXTS_MAX * sizeof(struct gr_relay_wire);
  if (g->options.relay == 0) {
    return 0;
  }
  int error = g->backend_ops->take(g->backend, GR_MEMORY_DEVICE, sizeof(struct gr_relay), &head);
  if (error == 0) {
    error = g->backend_ops->take(g->backend, GR_MEMORY_DEVICE, ring_bytes, &rings);
  }
  if (error == 0) {
    error = g->backend_ops->take(g->backend, GR_MEMORY_SHARED, wire_bytes, &wires);
  }
  if (error == 0) {
    error = rings_write(g, rings.device);
  }
  struct gr_relay relay;
  memset(&relay, 0, sizeof relay);
  if (error == 0) {
    relay.ring = (struct gr_relay_ring *)(uintptr_t)rings.device;
    relay.wire = (struct gr_relay_wire *)(uintptr_t)wires.device;
    error = g->backend_ops->write(g->backend, head.device, &relay, sizeof relay);
  }
  g->mediator = error == 0 ? calloc(1, sizeof *g->mediator) : NULL;
  if (g->mediator == NULL) {
    return error < 0 ? error : gr_error_set(-ENOMEM, "no memory for the mediator");
  }
  g->memory_bytes += sizeof relay + ring_bytes + wire_bytes;
  g->template.relay = (struct gr_relay *)(uintptr_t)head.device;
  g->mediator->g = g;
  g->mediator->relay = g->template.relay;
  g->mediator->wire = wires.host;
  return 0;
}

int gr_relay_start(struct grosr *g)
{
  struct gr_mediator *self = g->mediator;
  if (self == NULL) {
    return 0;
  }
  const int error = gr_thread_start(&self->thread, gr_mediator_main, self);
  self->runs = error == 0;
  if (error != 0) {
    return gr_error_set(error, "no thread for the mediator; raise ulimit -u");
  }
  if (g->options.relay_confine != GROSR_CONFINE_ALWAYS) {
    return 0;
  }
  while (gr_load_acquire_gpu_u32(&self->confined) == 0u) {
    gr_nap(LOOK_NS);
  }
  const int32_t confined = (int32_t)gr_load_acquire_gpu_u32(&self->confined);
  return confined == (int32_t)GR_CONFINED
             ? 0
             : gr_error_set(confined, "the mediator cannot be confined (%s); build with libseccomp "
                                      "on a kernel with seccomp, or leave options.relay_confine",
                            strerror(-confined));
}

static void mediator_rouse(struct gr_mediator *self)
{
  if (self->g->backend_ops->host_can_wake) {
    gr_fence_waker();
    gr_wake(&self->relay->asleep);
  }
}

/* ---- end ---- */

int gr_relay_end(struct grosr *g)
{
  struct gr_mediator *self = g->mediator;
  if (self == NULL || !self->runs) {
    return 0;
  }
  const uint64_t deadline_ns = gr_clock_ns() + PATIENCE_NS;
  gr_store_relaxed_gpu_u32(&self->stop, 1u);
  mediator_rouse(self);
  while (gr_load_acquire_gpu_u32(&self->gone) == 0u && gr_clock_ns() < deadline_ns) {
    gr_nap(LOOK_NS);
  }
  if (gr_load_acquire_gpu_u32(&self->gone) != 0u) {
    gr_thread_join(&self->thread);
    self->runs = false;
    return 0;
  }
  g->mediator = NULL; /* it, and what it looks at, stay until the process ends */
  g->backend = NULL;
  return gr_error_set(-ETIMEDOUT, "a call of the host's did not return; the mediator and its "
                                  "memory are kept until the process ends");
}

void gr_relay_fini(struct grosr *g)
{
  if (g->mediator == NULL) {
    return;
  }
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    if (g->mediator->context[i] != NULL) {
      gr_relay_context_fini(g->mediator->context[i]);
      free(g->mediator->context[i]);
    }
  }
  free(g->mediator);
  g->mediator = NULL;
}

int gr_relay_context_end(struct grosr *g, uint32_t context)
{
  struct gr_mediator *self = g->mediator;
  if (self == NULL || self->context[context] == NULL) {
    return 0;
  }
  const uint64_t granted = gr_load_own_u64(&self->granted) & ~(1ull << context);
  int error = gr_control_send(g, GR_CTL_RELAY, granted, 0);
  if (error < 0) {
    return error;
  }
  gr_store_release_gpu_u64(&self->granted, granted);
  gr_store_release_gpu_u32(&self->drop, context + 1u);
  const uint64_t deadline_ns = gr_clock_ns() + PATIENCE_NS;
  while (gr_load_acquire_gpu_u32(&self->drop) != 0u) {
    mediator_rouse(self);
    if (gr_clock_ns() > deadline_ns) {
      return gr_error_set(-EBUSY, "the mediator is in a call that does not return; close the "
                                  "context later");
    }
    gr_nap(LOOK_NS);
  }
  free(self->context[context]);
  self->context[context] = NULL;
  return 0;
}

/* ---- grants ---- */

void grosr_grant_init(struct grosr_grant *grant)
{
  memset(grant, 0, sizeof *grant);
  grant->log = -1;
}

static int grant_check(const struct grosr *g, uint32_t context, const struct grosr_grant *grant)
{
  if (g == NULL || grant == NULL) {
    return gr_error_set(-EINVAL, "grosr_relay_grant: a null pointer");
  }
  if (g->mediator == NULL) {
    return gr_error_set(-EINVAL, "no relay: set options.relay to 1 before grosr_open");
  }
  if (context >= GR_CONTEXTS_MAX || (gr_load_relaxed_gpu_u64(&g->contexts) >> context & 1u) == 0u) {
    return gr_error_set(-EINVAL, "context %u is not open; use 0 or one from grosr_context_open",
                        context);
  }
  if ((grant->calls & ~GROSR_CALLS_ALL) != 0u || grant->handles > GR_RELAY_HANDLES ||
      grant->regions > GR_RELAY_REGIONS) {
    return gr_error_set(-EINVAL,
                        "calls 0x%x, %u handles, %u regions; use bits of GROSR_CALLS_ALL, up to %u "
                        "handles, up to %u regions",
                        grant->calls, grant->handles, grant->regions, GR_RELAY_HANDLES,
                        GR_RELAY_REGIONS);
  }
  for (uint32_t i = 0; i < grant->regions; i++) {
    const struct grosr_region *region = &grant->region[i];
    if (region->host == NULL || region->device + region->bytes < region->device) {
      return gr_error_set(-EINVAL, "region %u has no host address, or is longer than memory", i);
    }
  }
  return 0;
}

static int context_fill(struct gr_relay_context *context, const struct grosr_grant *grant)
{
  gr_relay_context_init(context);
  context->calls = grant->calls;
  context->may_write = grant->may_write != 0;
  context->handles_max =
      (int32_t)(grant->handles != 0 ? grant->handles : (uint32_t)GR_RELAY_HANDLES);
  context->regions = grant->regions;
  for (uint32_t i = 0; i < grant->regions; i++) {
    context->region[i] = (struct gr_relay_region){grant->region[i].device, grant->region[i].bytes,
                                                  grant->region[i].host};
  }
  context->log = grant->log;
  if (grant->root != NULL) {
    context->root = open(grant->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (context->root < 0) {
      return gr_error_set(-errno, "root '%s': %s", grant->root, strerror(errno));
    }
  }
  return 0;
}

int grosr_relay_grant(struct grosr *g, uint32_t context, const struct grosr_grant *grant)
{
  int error = grant_check(g, context, grant);
  if (error < 0) {
    return error;
  }
  struct gr_mediator *self = g->mediator;
  if (!gr_mutex_lock(&g->context_lock, gr_clock_ns() + PATIENCE_NS)) {
    return gr_error_set(-EBUSY, "another thread was stopped, or died, while it opened or closed a "
                                "context");
  }
  struct gr_relay_context *made = NULL;
  if (self->context[context] != NULL) {
    error = gr_error_set(-EEXIST, "context %u was granted something already; close it and open "
                                  "another",
                         context);
  } else if ((made = calloc(1, sizeof *made)) == NULL) {
    error = gr_error_set(-ENOMEM, "no memory for a context's handles");
  } else {
    error = context_fill(made, grant);
  }
  const uint64_t granted = gr_load_own_u64(&self->granted) | 1ull << context;
  if (error == 0) { /* the mediator first: who is told that it may ask is answered */
    self->context[context] = made;
    gr_store_release_gpu_u64(&self->granted, granted);
    error = gr_control_send(g, GR_CTL_RELAY, granted, 0);
    error = error < 0 ? error : gr_control_await(g, PATIENCE_NS);
  } else if (made != NULL) {
    gr_relay_context_fini(made);
    free(made);
  }
  gr_mutex_unlock(&g->context_lock);
  return error;
}

int grosr_relay_stats(struct grosr *g, struct grosr_relay_stats *stats)
{
  if (g == NULL || stats == NULL || g->mediator == NULL) {
    return gr_error_set(-EINVAL, "grosr_relay_stats: a null pointer, or options.relay was not set");
  }
  const struct gr_mediator *self = g->mediator;
  struct grosr_relay_stats out = {0};
  out.calls = gr_load_relaxed_gpu_u64(&self->count.calls);
  out.refused = gr_load_relaxed_gpu_u64(&self->count.refused);
  out.batches = gr_load_relaxed_gpu_u64(&self->count.batches);
  out.sleeps = gr_load_relaxed_gpu_u64(&self->count.sleeps);
  out.continued = gr_load_relaxed_gpu_u64(&self->count.continued);
  out.confined = gr_load_acquire_gpu_u32(&self->confined) == GR_CONFINED;
  struct timespec cpu;
  if (gr_load_acquire_gpu_u32(&self->has_clock) != 0u &&
      clock_gettime(self->cpu_clock, &cpu) == 0) {
    out.cpu_ns = (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec;
  }
  *stats = out;
  return 0;
}
