/* api.c - grosr_open and grosr_close: the handle's life (grosr.h).
 *
 * Opening is a list of steps, each undone by grosr_end in reverse: options are checked before
 * anything is started, memory is reserved before the microkernel is launched, the watchdog comes
 * last.
 *
 * Next: memory_map.c, launch.c, then context.c for tenants and submit.c for tasks. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/top.h"
#include "host/trace.h"

#define SECONDS_NS   1000000000ull
#define SHARED_BYTES 1048576u
#define KERNELS_NS   200000000u /* for launched kernels to see that they are to end */

void grosr_options_init(struct grosr_options *options)
{
  memset(options, 0, sizeof *options);
  options->device = "auto";
  options->teams = GROSR_AUTO;
  options->idle_mode = GROSR_IDLE_BALANCED;
  options->relay_idle = GROSR_IDLE_BALANCED;
}

/* ---- options ---- */

static int power_check(const char *name, uint32_t value, uint32_t least, uint32_t most)
{
  if (value < least || value > most || (value & (value - 1u)) != 0) {
    return gr_error_set(-EINVAL, "%s is %u; use a power of two from %u to %u", name, value, least,
                        most);
  }
  return 0;
}

/* GROSR_FOREVER among them: a deadline that is added to a clock must not wrap around. */
static uint64_t time_resolve(uint64_t ns)
{
  ns = ns != 0 ? ns : 10u * SECONDS_NS;
  return ns < UINT64_MAX / 4u ? ns : UINT64_MAX / 4u;
}

static void options_resolve(struct grosr_options *o)
{
  o->device = o->device != NULL ? o->device : "auto";
  o->op_ns_max = time_resolve(o->op_ns_max);
  o->boot_ns_max = time_resolve(o->boot_ns_max);
  o->close_ns_max = time_resolve(o->close_ns_max);
  o->ingress_slots = o->ingress_slots != 0 ? o->ingress_slots : GR_INGRESS_SLOTS;
  o->completion_slots = o->completion_slots != 0 ? o->completion_slots : GR_COMPLETION_SLOTS;
  o->runq_slots = o->runq_slots != 0 ? o->runq_slots : GR_RUNQ_SLOTS;
  o->join_slots = o->join_slots != 0 ? o->join_slots : GR_JOIN_SLOTS;
  o->channel_bytes = o->channel_bytes != 0 ? o->channel_bytes : GR_CHANNEL_BYTES;
  o->graph_nodes = o->graph_nodes != 0 ? o->graph_nodes : GR_GRAPH_NODES;
  o->scratch_bytes = o->scratch_bytes != 0 ? o->scratch_bytes : GR_SCRATCH_BYTES;
  o->memory_bytes = o->memory_bytes != 0 ? o->memory_bytes : GR_MEMORY_BYTES;
  o->shared_bytes = o->shared_bytes != 0 ? o->shared_bytes : SHARED_BYTES;
}

static int options_check(const struct grosr_options *o)
{
  if (o->image == NULL) {
    return gr_error_set(-EINVAL, "no image; set options.image to one made by GR_IMAGE");
  }
  if (o->image->abi != GR_ABI_VERSION) {
    return gr_error_set(-ENOEXEC,
                        "image '%s' was built for ABI %u, this library has %u; build the image "
                        "again with this library's headers",
                        o->image->name, o->image->abi, GR_ABI_VERSION);
  }
  if (o->image->op_count == 0 || o->image->op_count > GR_OPS_MAX) {
    return gr_error_set(-EINVAL, "image '%s' has %u ops; use 1 to %u", o->image->name,
                        o->image->op_count, GR_OPS_MAX);
  }
  if ((unsigned)o->placement > GROSR_PLACE_SPREAD || (unsigned)o->idle_mode > GROSR_IDLE_QUIET ||
      o->ingress_team > 2u || (unsigned)o->policy >= GR_POLICY_COUNT ||
      (unsigned)o->relay_idle > GROSR_IDLE_QUIET || o->relay > 1u ||
      (unsigned)o->relay_confine > GROSR_CONFINE_NEVER) {
    return gr_error_set(-EINVAL, "placement, idle_mode, ingress_team, policy, relay, relay_idle or "
                                 "relay_confine is not one of grosr.h's values");
  }
  if (o->relay_batch > GR_CALLS_MAX) {
    return gr_error_set(-EINVAL, "relay_batch is %u; at most %u", o->relay_batch, GR_CALLS_MAX);
  }
  int error =
      power_check("ingress_slots", o->ingress_slots, GR_INGRESS_SLOTS_MIN, GR_INGRESS_SLOTS_MAX);
  if (error == 0) {
    error = power_check("completion_slots", o->completion_slots, GR_COMPLETION_SLOTS_MIN,
                        GR_COMPLETION_SLOTS_MAX);
  }
  if (error == 0) {
    error = power_check("runq_slots", o->runq_slots, GR_RUNQ_SLOTS_MIN, GR_RUNQ_SLOTS_MAX);
  }
  if (error == 0 && (o->join_slots < GR_JOIN_SLOTS_MIN || o->join_slots > GR_JOIN_SLOTS_MAX)) {
    error = gr_error_set(-EINVAL, "join_slots is %u; use %u to %u", o->join_slots,
                         GR_JOIN_SLOTS_MIN, GR_JOIN_SLOTS_MAX);
  }
  if (error == 0 && (o->graph_nodes < GR_GRAPH_NODES_MIN || o->graph_nodes > GR_GRAPH_NODES_MAX)) {
    error = gr_error_set(-EINVAL, "graph_nodes is %u; use %u to %u", o->graph_nodes,
                         GR_GRAPH_NODES_MIN, GR_GRAPH_NODES_MAX);
  }
  if (error == 0 &&
      (o->channel_bytes < GR_CHANNEL_BYTES_MIN || o->channel_bytes > GR_CHANNEL_BYTES_MAX)) {
    error = gr_error_set(-EINVAL, "channel_bytes is %u; use %u to %u", o->channel_bytes,
                         GR_CHANNEL_BYTES_MIN, GR_CHANNEL_BYTES_MAX);
  }
  if (error == 0 &&
      (o->memory_bytes < GR_MEMORY_BYTES_MIN || o->memory_bytes > GR_MEMORY_BYTES_MAX ||
       o->memory_bytes % GR_PAGE_BYTES != 0)) {
    error = gr_error_set(-EINVAL, "memory_bytes is %llu; use a multiple of %u from %llu to %llu",
                         (unsigned long long)o->memory_bytes, GR_PAGE_BYTES,
                         (unsigned long long)GR_MEMORY_BYTES_MIN,
                         (unsigned long long)GR_MEMORY_BYTES_MAX);
  }
  if (error == 0 && o->trace_events != 0) {
    error = power_check("trace_events", o->trace_events, GR_TRACE_EVENTS_MIN, GR_TRACE_EVENTS_MAX);
  }
  if (error == 0 && o->memory_debug > GR_DEBUG_ALL) {
    error = gr_error_set(-EINVAL, "memory_debug is %u; use some of GROSR_MEMORY_CANARY, _POISON, "
                                  "_QUARANTINE and _TRACE", o->memory_debug);
  }
  if (error == 0 && o->scratch_bytes > GR_SCRATCH_BYTES_MAX) {
    error = gr_error_set(-EINVAL, "scratch_bytes is %u; at most %u", o->scratch_bytes,
                         GR_SCRATCH_BYTES_MAX);
  }
  return error;
}

/* ---- which device ---- */

/* "auto": the first backend that has a device and, if an image is named, code for it. */
static const struct gr_backend_ops *device_choose(const struct grosr_image *image)
{
  for (size_t i = 0; gr_backends[i] != NULL; i++) {
    const bool has_code = !gr_backends[i]->needs_fatbin || image == NULL || image->fatbin != NULL;
    if (has_code && gr_backends[i]->probe(-1) == 0) {
      return gr_backends[i];
    }
  }
  return gr_backends[0]; /* its open says what is missing */
}

/* Splits "cuda:1" into its backend and index (-1: any). */
static int device_parse(const char *device, const struct grosr_image *image,
                        const struct gr_backend_ops **ops, int *index)
{
  const size_t bytes = strcspn(device, ":");
  char *end = NULL;
  unsigned long number = 0;
  *index = -1;
  if (strcmp(device, "auto") == 0) {
    *ops = device_choose(image);
    return 0;
  }
  if (device[bytes] == ':' && device[bytes + 1] >= '0' && device[bytes + 1] <= '9') {
    number = strtoul(device + bytes + 1, &end, 10);
  }
  const bool is_numbered = end != NULL && *end == '\0' && number <= INT_MAX;
  for (size_t i = 0; gr_backends[i] != NULL; i++) {
    const bool is_named =
        strlen(gr_backends[i]->name) == bytes && memcmp(gr_backends[i]->name, device, bytes) == 0;
    if (is_named && (device[bytes] == '\0' || (is_numbered && gr_backends[i]->is_numbered))) {
      *ops = gr_backends[i];
      *index = is_numbered ? (int)number : -1;
      return 0;
    }
  }
  return gr_error_set(-EINVAL, "no device '%s'; use auto, %s", device, gr_backends_text);
}

int grosr_device_probe(const char *device)
{
  const struct gr_backend_ops *ops;
  int index;
  const int error = device_parse(device != NULL ? device : "auto", NULL, &ops, &index);
  return error < 0 ? error : ops->probe(index);
}

/* ---- open ---- */

/* Decides what the device's facts leave open, and refuses what does not fit. */
static int shape_resolve(struct grosr *g)
{
  struct grosr_options *o = &g->options;
  o->teams = o->teams != GROSR_AUTO ? o->teams : g->facts.teams_default;
  o->lanes = o->lanes != 0 ? o->lanes : g->facts.lanes_default;
  if (o->teams == 0 || o->teams > GR_TEAMS_MAX) {
    return gr_error_set(-EINVAL,
                        "%u teams; use 1 to %u, or GROSR_AUTO (grosr_options_init sets it) for "
                        "as many as suit the device",
                        o->teams, GR_TEAMS_MAX);
  }
  const bool is_reserved = o->ingress_team == 1u ||
                           (o->ingress_team == 0u && o->teams >= g->facts.reserved_ingress_from);
  if (is_reserved && o->teams < 2u) {
    return gr_error_set(-EINVAL,
                        "a team reserved for ingress leaves none for work; use 2 teams or more");
  }
  g->reserved_ingress = is_reserved ? 1u : 0u;
  return g->backend_ops->fits(g->backend, o->teams, o->lanes, o->scratch_bytes);
}

/* Undoes what has been done, last first; what was never done is null. */
static void grosr_end(struct grosr *g)
{
  gr_watchdog_end(g);
  gr_top_close(g);
  gr_trace_close(g);
  if (g->backend != NULL) {
    g->backend_ops->close(g->backend);
  }
  if (g->topology != NULL) {
    gr_topology_unbind_submitter(g->topology);
    gr_topology_close(g->topology);
  }
  free(g->slot_state);
  gr_mutex_fini(&g->launch_lock);
  gr_mutex_fini(&g->context_lock);
  gr_mutex_fini(&g->graph_lock);
  gr_mutex_fini(&g->channel_lock);
  gr_mutex_fini(&g->memory_lock);
  gr_relay_fini(g);
  free(g->channels);
  free(g->graph_range);
  free(g);
}

/* Who looks at a device that runs: the trace's clock, grosr top, the watchdog. */
static int lookers_begin(struct grosr *g)
{
  gr_trace_booted(g);
  const int error = gr_top_open(g);
  return error == 0 ? gr_watchdog_start(g) : error;
}

static int grosr_begin(struct grosr *g, int index)
{
  int error = gr_topology_open(g->options.placement, &g->topology);
  if (error == 0) {
    error = g->backend_ops->open(&g->options, index, g->topology, &g->facts, &g->backend);
  }
  if (error == 0) {
    error = shape_resolve(g);
  }
  if (error == 0) {
    gr_topology_plan(g->topology, g->backend_ops->teams_are_threads ? g->options.teams : 0u);
    gr_topology_bind_submitter(g->topology);
    error = gr_memory_map_build(g);
  }
  if (error == 0) {
    error = gr_kernels_open(g);
  }
  if (error == 0) {
    error = gr_launch(g);
    if (error < 0) {
      g->backend_ops->kill(g->backend);
    }
  }
  if (error == 0) {
    error = lookers_begin(g);
    error = error == 0 ? gr_kernels_start(g) : error;
    error = error == 0 ? gr_relay_start(g) : error;
    if (error < 0) {
      char why[512]; /* what is said of the end is not the reason */
      snprintf(why, sizeof why, "%s", grosr_last_error());
      gr_stop(g);
      gr_kernels_end(g, 0);
      gr_error_set(error, "%s", why);
    }
  }
  return error;
}

int grosr_open(const struct grosr_options *options, struct grosr **out)
{
  const struct gr_backend_ops *ops;
  int index;
  if (options == NULL || out == NULL) {
    return gr_error_set(-EINVAL, "grosr_open: a null pointer");
  }
  struct grosr_options resolved = *options;
  options_resolve(&resolved);
  int error = gr_trace_options(&resolved);
  if (error == 0) {
    error = gr_memory_options(&resolved);
  }
  if (error == 0) {
    error = options_check(&resolved);
  }
  if (error == 0) {
    error = device_parse(resolved.device, resolved.image, &ops, &index);
  }
  struct grosr *g = NULL;
  if (error == 0) {
    g = aligned_alloc(GR_LINE_BYTES,
                      (sizeof *g + GR_LINE_BYTES - 1u) & ~(size_t)(GR_LINE_BYTES - 1));
    error = g != NULL ? 0 : gr_error_set(-ENOMEM, "no memory for a device handle");
  }
  if (error < 0) {
    return error;
  }
  memset(g, 0, sizeof *g);
  g->options = resolved;
  g->image = resolved.image;
  g->backend_ops = ops;
  gr_contexts_init(g);
  gr_mutex_init(&g->launch_lock);
  gr_mutex_init(&g->context_lock);
  gr_mutex_init(&g->graph_lock);
  gr_mutex_init(&g->channel_lock);
  gr_mutex_init(&g->memory_lock);
  error = grosr_begin(g, index);
  if (error < 0) {
    grosr_end(g);
    return error;
  }
  *out = g;
  return 0;
}

/* ---- close ---- */

/* Tasks that never ended get their completion here; returns how many tickets nobody waited for. */
static int tickets_settle(struct grosr *g)
{
  int unwaited = 0;
  for (uint32_t slot = 0; slot < g->options.completion_slots; slot++) {
    const uint32_t state = gr_load_relaxed_gpu_u32(&g->slot_state[slot]);
    if ((state & 1u) != 0u) {
      unwaited++;
      const uint64_t word = gr_load_relaxed_sys_u64(&g->completion[slot]);
      if (GR_COMPLETION_GENERATION(word) != state >> 1) {
        gr_store_relaxed_sys_u64(&g->completion[slot],
                                 GR_COMPLETION_WORD(state >> 1, GR_E_CANCELED));
      }
    }
  }
  return unwaited;
}

int grosr_close(struct grosr *g)
{
  if (g == NULL) {
    return gr_error_set(-EINVAL, "grosr_close: a null pointer");
  }
  gr_trace_closing(g); /* while tasks are still accepted */
  gr_health_raise(g, GR_HEALTH_CLOSING);
  gr_contexts_end_paused(g);
  const int drained = grosr_wait_all(g, g->options.close_ns_max);
  const int stopped = gr_stop(g);
  const int launched = gr_kernels_end(g, drained < 0 ? KERNELS_NS : g->options.close_ns_max);
  const int relayed = gr_relay_end(g);
  gr_watchdog_end(g);
  const int unwaited = tickets_settle(g);
  const int saved = gr_trace_save_asked(g);
  if (stopped == 0) {
    gr_memory_device_end(g);
  }
  grosr_end(g);
  return stopped < 0    ? stopped
         : launched < 0 ? launched
         : relayed < 0  ? relayed
         : drained < 0  ? drained
         : saved < 0    ? saved
                        : unwaited;
}

/* ---- ops ---- */

int grosr_op(const struct grosr *g, const char *name, uint32_t *op)
{
  char names[256] = "";
  size_t used = 0;
  if (g == NULL || name == NULL || op == NULL) {
    return gr_error_set(-EINVAL, "grosr_op: a null pointer");
  }
  for (uint32_t i = 0; i < g->image->op_count; i++) {
    if (strcmp(g->image->op_names[i], name) == 0) {
      *op = i;
      return 0;
    }
    if (used < sizeof names) {
      used += (size_t)snprintf(names + used, sizeof names - used, " %s", g->image->op_names[i]);
    }
  }
  return gr_error_set(-ENOENT, "image '%s' has no op '%s'; it has:%s", g->image->name, name, names);
}
