/* memory_op.h - carries out what the host asks of the device's memory (shared/memory_op.h).
 *
 * Each request is a task of context 0; while it is carried out, the team's task seems to be of the
 * context that it is about, so that gr_alloc and gr_free do for the host what they do for an op.
 *
 * Called by the leading warp, converged, unless it says one lane. Next: task_life.h. */
#pragma once

#include "device/alloc.h"
#include "shared/memory_op.h"

/* The whole warp. Words where both are aligned to them. */
GR_DEV void gr_warp_copy(void *to, const void *from, uint64_t bytes)
{
  uint64_t done = 0u;
  if ((((uintptr_t)to | (uintptr_t)from) & 7u) == 0u) {
    for (uint64_t i = gr_warp_lane(); i < bytes / 8u; i += gr_warp_lanes()) {
      ((uint64_t *)to)[i] = ((const uint64_t *)from)[i];
    }
    done = bytes & ~(uint64_t)7u;
  }
  for (uint64_t i = done + gr_warp_lane(); i < bytes; i += gr_warp_lanes()) {
    ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
  }
}

/* One lane. As gr_alloc_bytes; and 0 of a slot that is in its block, which has no mark. */
GR_DEV uint64_t gr_memory_have(struct gr_team *team, const void *p)
{
  struct gr_memory *m = &team->dev->memory;
  struct gr_object object = {0};
  const uint64_t have = gr_alloc_bytes(team, p);
  const uint64_t offset = (uint64_t)((const unsigned char *)p - m->base);
  return have != 0u && gr_object_at(team, offset, &object) == GR_MEMORY_FINE &&
                 (object.slots == 0u || !gr_slots_are_in_block(m, object.slots))
             ? have
             : 0u;
}

/* One lane. Where a copy goes from or to; NULL: not all of it is within a live object. */
GR_DEV unsigned char *gr_memory_range(struct gr_team *team, const struct gr_memory_request *request,
                                      int32_t *status)
{
  unsigned char *p = (unsigned char *)(uintptr_t)request->address;
  const uint64_t have = gr_memory_have(team, p);
  *status = have == 0u                                                          ? GR_E_FAULT
            : request->offset > have || request->bytes > have - request->offset ? GR_E_INVAL
                                                                                : GR_OK;
  return *status == GR_OK ? p + request->offset : NULL;
}

/* One lane. What needs no other lanes. */
GR_DEV int32_t gr_memory_wish(struct gr_team *team, struct gr_memory_request *request)
{
  struct gr_memory *m = &team->dev->memory;
  struct gr_arena *arena = &m->arena[request->context];
  void *p = (void *)(uintptr_t)request->address;
  switch (request->wish) {
  case GR_WISH_ALLOC:
    p = gr_alloc_aligned(team, request->bytes, request->align != 0u ? request->align : 1u);
    gr_arg_ptr(team, 0, struct gr_memory_request)->address = (uint64_t)(uintptr_t)p; /* anew */
    return p != NULL ? GR_OK : gr_alloc_why(team);
  case GR_WISH_FREE:
    request->bytes = gr_alloc_bytes(team, p);
    return gr_free_other(team, p); /* gr_free, without what is quick about it */
  case GR_WISH_SIZE:
    request->bytes = gr_memory_have(team, p);
    return request->bytes != 0u ? GR_OK : GR_E_FAULT;
  case GR_WISH_QUOTA:
    gr_store_relaxed_gpu_u64(&arena->quota, request->bytes);
    return GR_OK;
  case GR_WISH_CLOSE:
    gr_store_relaxed_gpu_u64(&arena->quota, UINT64_MAX);
    gr_add_relaxed_gpu_u32(&arena->tenants, 1u);
    return gr_arena_reset(team, request->context);
  case GR_WISH_RESET:
    return gr_arena_reset(team, request->context);
  case GR_WISH_TRIM:
    gr_quarantine_flush(team);
    gr_add_relaxed_gpu_u32(&m->pressure, 1u);
    return GR_OK;
  default:
    return GR_E_NOENT;
  }
}

/* One lane. The task at hand is of the request's context: `own`, which is free to be used by a task
 * that is `own` itself or lies in `stage`. */
GR_DEV void gr_memory_become(struct gr_team *team, uint32_t context)
{
  if (team->task != &team->own) {
    team->own = *team->task;
  }
  team->own.context = (uint8_t)context;
  team->task = &team->own;
  gr_heap_begin(team, context);
}

/* One lane. What was answered is in slot[1]; where a copy goes from or to, in slot[0]. Keeps the
 * team alone while it calls, as that goes deep and a GPU's registers are few. */
GR_DEV void gr_memory_lead(struct gr_team *team)
{
  struct gr_memory_request *request = gr_arg_ptr(team, 0, struct gr_memory_request);
  unsigned char *at = NULL;
  int32_t status = GR_OK;
  gr_memory_become(team, request->context);
  if (request->wish == GR_WISH_READ || request->wish == GR_WISH_WRITE) {
    at = gr_memory_range(team, request, &status);
  } else {
    status = gr_memory_wish(team, request);
  }
  team->own.context = 0u; /* which requests are of */
  team->slot[0] = (uint64_t)(uintptr_t)at;
  team->slot[1] = (uint64_t)(uint32_t)status;
}

/* Leading warp. team->task is GR_OP_MEMORY. It is dispatched as ops are (image.h): it calls as deep
 * as they do, and below gr_task_internal a GPU's registers would not suffice. */
GR_DEV_APART int32_t gr_memory_serve(struct gr_team *team)
{
  if (gr_warp_lane() == 0u) {
    gr_memory_lead(team);
  }
  gr_warp_barrier();
  struct gr_memory_request *request = gr_arg_ptr(team, 0, struct gr_memory_request);
  unsigned char *const behind = (unsigned char *)(request + 1);
  unsigned char *const at = (unsigned char *)(uintptr_t)team->slot[0];
  const int32_t status = (int32_t)(uint32_t)team->slot[1];
  if (at != NULL) {
    const bool is_read = request->wish == GR_WISH_READ;
    gr_warp_copy(is_read ? behind : at, is_read ? at : behind, request->bytes);
  }
  gr_warp_barrier(); /* before who tells the host that it is done, and before slot is used again */
  return status;
}
