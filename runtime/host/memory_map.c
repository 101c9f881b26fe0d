/* memory_map.c - all memory of one device, reserved and filled before the microkernel starts.
 *
 * Nothing is reserved later: page tables cannot be changed reliably under a running kernel, and an
 * allocation would wait for it (dispatch.md, hazard H2). Two kinds (backend.h): shared memory,
 * which both sides address, for the boundary; device memory for everything that only teams touch.
 *
 *   shared   boundary | ingress ring | completion table | grosr_shared_take | stage |
 *            cells
 *   device   dev | records | mailboxes | run queues | joins | cancel table | contexts | notes |
 *            costs | tables.c | heap.c | kernel.c | relay.c | trace.c
 *
 * Called by api.c, once; grosr_shared_take deals out what was reserved for users.
 *
 * Next: tables.c, launch.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/trace.h"

static uint32_t log2_of(uint32_t power)
{
  return (uint32_t)__builtin_ctz(power);
}

static int take(struct grosr *g, enum gr_memory_kind kind, uint64_t bytes, struct gr_piece *out)
{
  const int error = g->backend_ops->take(g->backend, kind, bytes, out);
  g->memory_bytes += error < 0 ? 0 : bytes;
  return error;
}

static int shared_take_all(struct grosr *g)
{
  struct gr_piece boundary, ingress, completion, shared, stage, cells;
  int error = take(g, GR_MEMORY_SHARED, sizeof(struct gr_boundary), &boundary);
  if (error == 0) {
    error = take(g, GR_MEMORY_SHARED, g->options.ingress_slots * sizeof(struct gr_line), &ingress);
  }
  if (error == 0) {
    error = take(g, GR_MEMORY_SHARED, g->options.completion_slots * sizeof(gr_au64), &completion);
  }
  if (error == 0) {
    error = take(g, GR_MEMORY_SHARED, g->options.shared_bytes, &shared);
  }
  if (error == 0) {
    error = take(g, GR_MEMORY_SHARED, 2u * GR_STAGE_BYTES, &stage); /* of graphs, of memory.c */
  }
  if (error == 0) {
    error = take(g, GR_MEMORY_SHARED, GR_HOST_MESSAGES * GR_MESSAGE_BYTES_MAX, &cells);
  }
  if (error < 0) {
    return error;
  }
  g->boundary = boundary.host;
  g->ingress = ingress.host;
  g->completion = completion.host;
  g->shared = shared.host;
  g->shared_device = shared.device;
  g->stage = stage.host;
  g->stage_device = stage.device;
  g->memory_stage = g->stage + GR_STAGE_BYTES;
  g->memory_stage_device = stage.device + GR_STAGE_BYTES;
  g->cells = cells.host;
  g->cells_device = cells.device;
  g->template.boundary = (struct gr_boundary *)(uintptr_t)boundary.device;
  g->template.ingress = (struct gr_line *)(uintptr_t)ingress.device;
  g->template.completion = (gr_au64 *)(uintptr_t)completion.device;
  return 0;
}

/* Device memory comes zeroed, which is how records, mailboxes, queues and the cancel table begin.
 */
static int device_take_all(struct grosr *g, struct gr_piece *dev, struct gr_piece *joins,
                           struct gr_piece *contexts)
{
  struct gr_piece records, mailboxes, queues, cancel, notes, costs;
  const uint64_t note_bytes = g->options.runq_slots * sizeof(struct gr_note);
  const uint64_t queue_bytes = g->options.runq_slots * sizeof(struct gr_line);
  int error = take(g, GR_MEMORY_DEVICE, sizeof(struct gr_dev), dev);
  if (error == 0) {
    error = take(g, GR_MEMORY_DEVICE, g->options.teams * sizeof(struct gr_team_record), &records);
  }
  if (error == 0) {
    error = take(g, GR_MEMORY_DEVICE, g->options.teams * sizeof(struct gr_mailbox), &mailboxes);
  }
  if (error == 0) {
    error = take(g, GR_MEMORY_DEVICE, GR_CONTEXTS_MAX * queue_bytes, &queues);
  }
  if (error == 0) {
    error = take(g, GR_MEMORY_DEVICE, g->options.join_slots * sizeof(struct gr_join), joins);
  }
  if (error == 0) {
    error = take(g, GR_MEMORY_DEVICE, g->options.completion_slots * sizeof(gr_au32), &cancel);
  }
  if (error == 0) {
    error = take(g, GR_MEMORY_DEVICE, GR_CONTEXTS_MAX * sizeof(struct gr_context), contexts);
  }
  if (error == 0) {
    error = take(g, GR_MEMORY_DEVICE, GR_CONTEXTS_MAX * note_bytes, &notes);
  }
  if (error == 0) {
    error = take(g, GR_MEMORY_DEVICE, GR_OPS_MAX * GR_SIZE_CLASSES * sizeof(gr_au64), &costs);
  }
  if (error < 0) {
    return error;
  }
  g->template.team = (struct gr_team_record *)(uintptr_t)records.device;
  g->template.mailbox = (struct gr_mailbox *)(uintptr_t)mailboxes.device;
  g->template.join = (struct gr_join *)(uintptr_t)joins->device;
  g->template.cancel = (gr_au32 *)(uintptr_t)cancel.device;
  g->template.cost = (gr_au64 *)(uintptr_t)costs.device;
  g->template.context = (struct gr_context *)(uintptr_t)contexts->device;
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    g->template.runq[i].note = (struct gr_note *)(uintptr_t)(notes.device + i * note_bytes);
    g->template.runq[i].slot = (struct gr_line *)(uintptr_t)(queues.device + i * queue_bytes);
  }
  return 0;
}

/* Strings the free joins together, first to last. */
static int joins_write(struct grosr *g, const struct gr_piece *piece)
{
  const uint32_t count = g->options.join_slots;
  struct gr_join *joins = calloc(count, sizeof *joins);
  if (joins == NULL) {
    return gr_error_set(-ENOMEM, "no memory for %u joins; lower join_slots", count);
  }
  for (uint32_t i = 0; i + 1u < count; i++) {
    joins[i].next_free.v = i + 2u; /* index + 1 of the next */
  }
  g->template.join_free.v = 1u;
  const int error = g->backend_ops->write(g->backend, piece->device, joins, count * sizeof *joins);
  free(joins);
  return error;
}

/* Every context begins with the usual settings. */
static int contexts_write(struct grosr *g, const struct gr_piece *piece)
{
  struct gr_context contexts[GR_CONTEXTS_MAX];
  memset(contexts, 0, sizeof contexts);
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    contexts[i].weight.v = g->tenant[i].weight;
    contexts[i].priority.v = g->tenant[i].priority;
    contexts[i].quota.v = g->tenant[i].quota;
  }
  return g->backend_ops->write(g->backend, piece->device, contexts, sizeof contexts);
}

static void template_fill(struct grosr *g)
{
  struct gr_dev *dev = &g->template;
  const struct grosr_options *options = &g->options;
  dev->abi = GR_ABI_VERSION;
  dev->teams = options->teams;
  dev->ops = g->image->op_count;
  dev->reserved_ingress = g->reserved_ingress;
  dev->idle_mode = (uint32_t)options->idle_mode;
  dev->ingress_shift = g->ingress_shift;
  dev->runq_shift = log2_of(options->runq_slots);
  dev->credit = (options->runq_slots < options->ingress_slots ? options->runq_slots
                                                              : options->ingress_slots) /
                GR_CREDIT_SHARE;
  dev->policy.v = (uint32_t)options->policy;
  dev->open.v = gr_load_own_u64(&g->contexts);
  dev->completion_slots = options->completion_slots;
  dev->join_slots = options->join_slots;
  dev->scratch_bytes = options->scratch_bytes;
  dev->at_once = options->teams;
  if (g->backend_ops->teams_are_threads) {
    const uint32_t cores = gr_topology_cores(g->topology); /* one of them the submitter's */
    const uint32_t least = 1u + g->reserved_ingress;
    const uint32_t most = cores > least + 1u ? cores - 1u : least;
    dev->at_once = options->teams < most ? options->teams : most;
    dev->crowded = dev->at_once + 1u > cores ? 1u : 0u;
  }
  dev->spin_ns = options->idle_mode == GROSR_IDLE_QUIET ? GR_SPIN_QUIET_NS : GR_SPIN_BALANCED_NS;
  dev->idle_exit_ns = options->idle_exit_ns;
  dev->control_poll_ns = g->facts.control_poll_ns;
}

/* Not the port's clock: to look at a simulation's is a step, and there is no device yet. */
static uint64_t real_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int gr_memory_map_build(struct grosr *g)
{
  struct gr_piece dev, joins, contexts;
  g->ingress_shift = log2_of(g->options.ingress_slots);
  template_fill(g);
  int error = shared_take_all(g);
  if (error == 0) {
    error = device_take_all(g, &dev, &joins, &contexts);
  }
  if (error == 0) {
    error = joins_write(g, &joins);
  }
  if (error == 0) {
    error = contexts_write(g, &contexts);
  }
  if (error == 0) {
    error = gr_tables_build(g);
  }
  if (error == 0) {
    const uint64_t begin_ns = real_ns();
    error = gr_heap_build(g);
    g->heap_ns = real_ns() - begin_ns;
  }
  if (error == 0) {
    error = gr_kernels_build(g);
  }
  if (error == 0) {
    error = gr_relay_build(g);
  }
  if (error == 0) {
    error = gr_trace_open(g);
  }
  if (error == 0) {
    g->dev = (struct gr_dev *)(uintptr_t)dev.device;
    error = g->backend_ops->write(g->backend, dev.device, &g->template, sizeof g->template);
  }
  if (error == 0) {
    g->slot_state = calloc(g->options.completion_slots, sizeof *g->slot_state);
    error = g->slot_state != NULL ? 0 : gr_error_set(-ENOMEM, "no memory for the ticket table");
  }
  return error;
}

int grosr_shared_take(struct grosr *g, uint64_t bytes, void **host, uint64_t *device)
{
  if (g == NULL || host == NULL || device == NULL || bytes == 0) {
    return gr_error_set(-EINVAL, "grosr_shared_take: a null pointer or no bytes");
  }
  uint64_t used = gr_load_relaxed_gpu_u64(&g->shared_used);
  for (;;) {
    const uint64_t rounded = (bytes + GR_LINE_BYTES - 1u) & ~(uint64_t)(GR_LINE_BYTES - 1);
    if (rounded < bytes || rounded > g->options.shared_bytes ||
        used > g->options.shared_bytes - rounded) {
      return gr_error_set(-ENOMEM,
                          "%llu of %llu bytes of shared memory are taken; open with more "
                          "shared_bytes",
                          (unsigned long long)used, (unsigned long long)g->options.shared_bytes);
    }
    const uint64_t seen = gr_cas_relaxed_gpu_u64(&g->shared_used, used, used + rounded);
    if (seen == used) {
      break;
    }
    used = seen;
  }
  *host = g->shared + used;
  *device = g->shared_device + used;
  return 0;
}

void grosr_shared_reset(struct grosr *g)
{
  gr_store_relaxed_gpu_u64(&g->shared_used, 0u);
}
