/* memory.c - the host allocates, frees and copies on behalf of contexts (grosr/memory.h).
 *
 * Each request is a task of the microkernel's own of context 0; its words and what is copied lie in
 * one stage of shared memory, under memory_lock. A request that was not over in time keeps the
 * stage: the next one waits for it first.
 *
 * Next: memory_arena.c, ../device/memory_op.h (who carries it out). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/grosr_private.h"
#include "include/grosr/memory.h"
#include "shared/memory_op.h"

#define LOCK_NS 3000000000ull

static_assert(GROSR_MEMORY_CANARY == GR_DEBUG_CANARY && GROSR_MEMORY_POISON == GR_DEBUG_POISON &&
                  GROSR_MEMORY_QUARANTINE == GR_DEBUG_QUARANTINE &&
                  GROSR_MEMORY_TRACE == GR_DEBUG_TRACE && GROSR_MEMORY_ALL == GR_DEBUG_ALL,
              "memory.h has the flags of shared/memory.h");

/* ---- options ---- */

int gr_memory_options(struct grosr_options *options)
{
  static const char *const names[] = {"canary", "poison", "quarantine", "trace", "all"};
  static const uint32_t flags[] = {GROSR_MEMORY_CANARY, GROSR_MEMORY_POISON,
                                   GROSR_MEMORY_QUARANTINE, GROSR_MEMORY_TRACE, GROSR_MEMORY_ALL};
  const char *at = getenv("GROSR_MEMORY_DEBUG");
  while (at != NULL && *at != '\0') {
    const size_t bytes = strcspn(at, ",");
    size_t i = 0;
    while (i < 5u && (strlen(names[i]) != bytes || memcmp(names[i], at, bytes) != 0)) {
      i++;
    }
    if (i == 5u) {
      return gr_error_set(-EINVAL,
                          "GROSR_MEMORY_DEBUG has '%.*s'; use canary, poison, quarantine, "
                          "trace, with commas between them, or all",
                          (int)bytes, at);
    }
    options->memory_debug |= flags[i];
    at += bytes + (at[bytes] == ',' ? 1u : 0u);
  }
  return 0;
}

/* ---- requests ---- */

int gr_memory_check(const struct grosr *g, uint32_t context)
{
  if (g == NULL || context >= GR_CONTEXTS_MAX ||
      (gr_load_relaxed_gpu_u64(&g->contexts) >> context & 1u) == 0) {
    return gr_error_set(-EINVAL,
                        g == NULL ? "the device is a null pointer"
                                  : "context %u is not open; use 0 or one from "
                                    "grosr_context_open",
                        context);
  }
  return 0;
}

/* The stage is ours. */
static int stage_lock(struct grosr *g)
{
  if (!gr_mutex_lock(&g->memory_lock, gr_clock_ns() + LOCK_NS)) {
    return gr_error_set(-EBUSY,
                        "another thread's request for memory is not over, or it was stopped "
                        "while it asked");
  }
  if (g->memory_ticket != 0 && grosr_wait(g, g->memory_ticket, 0, NULL) == -ETIMEDOUT) {
    gr_mutex_unlock(&g->memory_lock);
    return gr_error_set(-EBUSY, "an earlier request for memory is not over: no team was free for "
                                "it; grosr_black_box shows what they do");
  }
  g->memory_ticket = 0;
  return 0;
}

/* Under the lock. `request` and *status are what the device answers. */
static int request_run(struct grosr *g, struct gr_memory_request *request, int32_t *status)
{
  struct grosr_task task = {.op = GR_OP_MEMORY, .arg = {g->memory_stage_device, 0, 0, 0}};
  grosr_ticket ticket = 0;
  memcpy(g->memory_stage, request, sizeof *request);
  int error = gr_internal_submit(g, &task, g->options.op_ns_max, &ticket);
  if (error < 0) {
    return error;
  }
  error = grosr_wait(g, ticket, g->options.op_ns_max, status);
  if (error < 0) {
    g->memory_ticket = ticket; /* its task may use the stage yet */
    return error;
  }
  memcpy(request, g->memory_stage, sizeof *request);
  return 0;
}

/* What an allocation was answered. */
static int told_alloc(int32_t status, const struct gr_memory_request *r)
{
  const unsigned long long bytes = r->bytes;
  switch (status) {
  case GR_E_NOMEM:
    return gr_error_set(-ENOMEM,
                        "no room for %llu bytes; free some, or open with more memory_bytes", bytes);
  case GR_E_DQUOT:
    return gr_error_set(-EDQUOT,
                        "%llu bytes more are above context %u's quota; free some of it, or "
                        "raise it with grosr_memory_quota",
                        bytes, r->context);
  case GR_E_AGAIN:
    return gr_error_set(-EAGAIN, "teams move memory about and did not get on; try again");
  default:
    return gr_error_set(status,
                        "%llu bytes aligned to %llu; use 1 byte or more, and 0 or a power "
                        "of two up to all memory",
                        bytes, (unsigned long long)r->align);
  }
}

/* What any request was answered: 0, or -errno with a sentence. */
static int told(int32_t status, const struct gr_memory_request *r)
{
  const unsigned long long address = r->address;
  if (status == GR_OK) {
    return 0;
  }
  if (r->wish == GR_WISH_ALLOC) {
    return told_alloc(status, r);
  }
  if (status == GR_E_INVAL && r->wish != GR_WISH_FREE) {
    return gr_error_set(-ERANGE, "%llu bytes from %llu on are not all within the object at %#llx",
                        (unsigned long long)r->bytes, (unsigned long long)r->offset, address);
  }
  if (status == GR_E_INVAL) {
    return gr_error_set(-EINVAL,
                        "%#llx is inside of an object, or where none begins; nothing was "
                        "freed",
                        address);
  }
  if (status == GR_E_STALE) {
    return gr_error_set(-ESTALE, "what was at %#llx is free already; nothing was done", address);
  }
  if (r->wish == GR_WISH_FREE && r->bytes != 0) {
    return gr_error_set(-EFAULT,
                        "the %llu bytes at %#llx were written to past their end; they were "
                        "freed",
                        (unsigned long long)r->bytes, address);
  }
  return gr_error_set(status,
                      "no live object of context %u begins at %#llx, or its end was written "
                      "over; grosr_memory_errors has more of a free",
                      r->context, address);
}

int gr_memory_ask(struct grosr *g, struct gr_memory_request *request)
{
  int32_t status = 0;
  int error = gr_memory_check(g, request->context);
  if (error == 0) {
    error = stage_lock(g);
  }
  if (error < 0) {
    return error;
  }
  error = request_run(g, request, &status);
  gr_mutex_unlock(&g->memory_lock);
  return error < 0 ? error : told(status, request);
}

/* ---- objects ---- */

int grosr_memory_alloc(struct grosr *g, uint32_t context, uint64_t bytes, uint64_t align,
                       uint64_t *address)
{
  struct gr_memory_request request = {
      .wish = GR_WISH_ALLOC, .context = context, .bytes = bytes, .align = align};
  if (address == NULL) {
    return gr_error_set(-EINVAL, "grosr_memory_alloc: a null pointer");
  }
  int error = gr_memory_check(g, context);
  if (error == 0 && (gr_load_relaxed_gpu_u64(&g->contexts_killed) >> context & 1u) != 0) {
    error = gr_error_set(-ECANCELED, "context %u was killed; close it and open another", context);
  }
  error = error < 0 ? error : gr_memory_ask(g, &request);
  if (error == 0) {
    *address = request.address;
  }
  return error;
}

int grosr_memory_free(struct grosr *g, uint32_t context, uint64_t address)
{
  struct gr_memory_request request = {.wish = GR_WISH_FREE, .context = context, .address = address};
  return address == 0 ? gr_memory_check(g, context) : gr_memory_ask(g, &request);
}

int grosr_memory_size(struct grosr *g, uint32_t context, uint64_t address, uint64_t *bytes)
{
  struct gr_memory_request request = {.wish = GR_WISH_SIZE, .context = context, .address = address};
  if (bytes == NULL) {
    return gr_error_set(-EINVAL, "grosr_memory_size: a null pointer");
  }
  const int error = gr_memory_ask(g, &request);
  if (error == 0) {
    *bytes = request.bytes;
  }
  return error;
}

int grosr_memory_map(struct grosr *g, uint32_t context, uint64_t address, void **host)
{
  uint64_t bytes = 0;
  if (host == NULL) {
    return gr_error_set(-EINVAL, "grosr_memory_map: a null pointer");
  }
  int error = gr_memory_check(g, context);
  if (error == 0 && g->memory_host == NULL) {
    error = gr_error_set(-ENOTSUP,
                         "the memory of %s is its own; copy with grosr_memory_read and "
                         "_write, or share some with grosr_shared_take",
                         g->facts.name);
  }
  error = error < 0 ? error : grosr_memory_size(g, context, address, &bytes);
  if (error == 0) {
    *host = g->memory_host + (address - (uint64_t)(uintptr_t)g->template.memory.base);
  }
  return error;
}

/* One after the other; each looks anew whether the object is there. The first asks for all of it,
 * with nothing to copy. */
static int copy(struct grosr *g, const struct gr_memory_request *all, const unsigned char *from,
                unsigned char *to)
{
  struct gr_memory_request whole = *all;
  uint64_t have = 0;
  int error = grosr_memory_size(g, all->context, all->address, &have);
  if (error == 0 && (all->offset > have || all->bytes > have - all->offset)) {
    error = told(GR_E_INVAL, &whole);
  }
  for (uint64_t done = 0; error == 0 && done < all->bytes;) {
    const uint64_t left = all->bytes - done;
    int32_t status = 0;
    whole.bytes = left < GR_MEMORY_PIECE_BYTES ? left : GR_MEMORY_PIECE_BYTES;
    whole.offset = all->offset + done;
    error = stage_lock(g);
    if (error < 0) {
      break;
    }
    unsigned char *stage = g->memory_stage + sizeof whole;
    if (from != NULL) {
      memcpy(stage, from + done, whole.bytes);
    }
    error = request_run(g, &whole, &status);
    if (error == 0 && status == GR_OK && to != NULL) {
      memcpy(to + done, stage, whole.bytes);
    }
    gr_mutex_unlock(&g->memory_lock);
    error = error < 0 ? error : told(status, &whole);
    done += whole.bytes;
  }
  return error;
}

int grosr_memory_write(struct grosr *g, uint32_t context, uint64_t address, uint64_t offset,
                       const void *from, uint64_t bytes)
{
  const struct gr_memory_request request = {.wish = GR_WISH_WRITE,
                                            .context = context,
                                            .address = address,
                                            .bytes = bytes,
                                            .offset = offset};
  return from == NULL && bytes != 0
             ? gr_error_set(-EINVAL, "grosr_memory_write: `from` is a null pointer")
             : copy(g, &request, from, NULL);
}

int grosr_memory_read(struct grosr *g, uint32_t context, uint64_t address, uint64_t offset,
                      void *to, uint64_t bytes)
{
  const struct gr_memory_request request = {.wish = GR_WISH_READ,
                                            .context = context,
                                            .address = address,
                                            .bytes = bytes,
                                            .offset = offset};
  return to == NULL && bytes != 0
             ? gr_error_set(-EINVAL, "grosr_memory_read: `to` is a null pointer")
             : copy(g, &request, NULL, to);
}
