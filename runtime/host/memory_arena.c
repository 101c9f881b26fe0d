/* memory_arena.c - the host limits, resets, trims and ends the arenas of contexts (grosr/memory.h).
 *
 * All but looking is asked of the device (memory.c). Called by users, and by context.c and api.c
 * when a context or the device is closed. Next: memory_stats.c. */
#include <errno.h>
#include <stdlib.h>

#include "host/grosr_private.h"
#include "include/grosr/memory.h"
#include "shared/memory_op.h"

#define QUIET_NS 20000000u  /* for what has just ended to be counted */
#define TRIM_NS  200000000u /* for teams to look */

int grosr_memory_quota(struct grosr *g, uint32_t context, uint64_t bytes)
{
  struct gr_memory_request request = {.wish = GR_WISH_QUOTA,
                                      .context = context,
                                      .bytes = bytes == GROSR_FOREVER ? UINT64_MAX
                                                                      : bytes >> GR_PAGE_SHIFT};
  return gr_memory_ask(g, &request);
}

/* Until no team has slots of this context (GROSR_AUTO: of any) at hand. */
static int teams_await(struct grosr *g, uint32_t context)
{
  const struct gr_memory *m = &g->template.memory;
  const uint32_t teams = g->options.teams;
  const uint64_t at = (uint64_t)(uintptr_t)&m->held[(uint64_t)teams * GR_CLASSES];
  struct gr_patience patience = gr_patience_begin(g, TRIM_NS);
  uint64_t *keys = calloc(teams, sizeof *keys);
  int error = keys != NULL ? 0 : gr_error_set(-ENOMEM, "no memory to look at %u teams", teams);
  uint32_t left = 1;
  while (error == 0 && left != 0) {
    error = g->backend_ops->read(g->backend, at, keys, teams * sizeof *keys);
    left = 0;
    for (uint32_t i = 0; error == 0 && i < teams; i++) {
      const uint64_t owner = GR_KEY_OWNER(keys[i]);
      left +=
          keys[i] != 0 && (context == GROSR_AUTO || GR_OWNER_CONTEXT(owner) == context) ? 1u : 0u;
    }
    if (error == 0 && left != 0) {
      error = gr_patience_turn(&patience);
    }
  }
  free(keys);
  return error != -ETIMEDOUT ? error
                             : gr_error_set(-ETIMEDOUT,
                                            "%u teams are in the middle of an op; they "
                                            "give back when it ends",
                                            left);
}

/* The context's quarantine is emptied, and whoever looks gives back. */
static int trim(struct grosr *g, uint32_t context)
{
  struct gr_memory_request request = {.wish = GR_WISH_TRIM, .context = context};
  return gr_memory_ask(g, &request);
}

int grosr_memory_trim(struct grosr *g)
{
  int error = gr_memory_check(g, 0);
  const uint64_t open = error < 0 ? 0 : gr_load_relaxed_gpu_u64(&g->contexts);
  for (uint32_t i = 0; error == 0 && i < GR_CONTEXTS_MAX; i++) {
    if ((open >> i & 1u) != 0 && (i == 0 || g->template.memory.quarantine != NULL)) {
      error = trim(g, i);
    }
  }
  return error < 0 ? error : teams_await(g, GROSR_AUTO);
}

/* Nothing of the context runs. Afterwards no team has slots of it at hand, nor is just giving them
 * back: after a reset it would put them into what has become of their block. */
static int quiet(struct grosr *g, uint32_t context)
{
  int error = trim(g, context);
  error = error < 0 ? error : teams_await(g, context);
  return error != -ETIMEDOUT ? error
                             : gr_error_set(-EBUSY,
                                            "a team has memory of context %u at hand and does not "
                                            "get on; try again",
                                            context);
}

int grosr_memory_reset(struct grosr *g, uint32_t context)
{
  struct gr_memory_request request = {.wish = GR_WISH_RESET, .context = context};
  int error = gr_memory_check(g, context);
  if (error < 0) {
    return error;
  }
  if (grosr_wait_all(g, QUIET_NS) < 0) {
    return gr_error_set(-EBUSY,
                        "tasks are queued or run, in context %u or another; grosr_wait_all, "
                        "then reset its memory",
                        context);
  }
  error = quiet(g, context);
  return error < 0 ? error : gr_memory_ask(g, &request);
}

int gr_memory_context_end(struct grosr *g, uint32_t context)
{
  struct gr_memory_request request = {.wish = GR_WISH_CLOSE, .context = context};
  struct gr_arena arena;
  uint64_t users = 0;
  const uint64_t at = (uint64_t)(uintptr_t)&g->template.memory.arena[context];
  int error = g->backend_ops->read(g->backend, at, &arena, offsetof(struct gr_arena, top));
  if (error == 0) {
    error = g->backend_ops->read(g->backend, (uint64_t)(uintptr_t)&g->dev->memory.users, &users,
                                 sizeof users);
  }
  if (error < 0 || ((users >> context & 1u) == 0 && arena.quota.v == UINT64_MAX)) {
    return error; /* it never had any */
  }
  error = quiet(g, context);
  if (error == 0 && g->options.memory_leaked != NULL) {
    gr_memory_leaks_tell(g, context);
  }
  return error < 0 ? error : gr_memory_ask(g, &request);
}

void gr_memory_device_end(struct grosr *g)
{
  if (g->options.memory_leaked != NULL) {
    gr_memory_leaks_tell(g, GROSR_AUTO);
  }
}
