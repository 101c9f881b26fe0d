/* relay_handle.c - a context, and its handles (relay.h).
 *
 * Called by the mediator's thread alone. A handle is generation << 16 | index into the table of the
 * context that made the call, so no number means another context's file. Generations are
 * 1..0x7fff: a handle is never 0 and is positive as an int32. They go on whenever a handle is
 * closed, so an old handle is refused; but for one that was kept while the same index was closed
 * 32767 times, and that means a file of the same context.
 *
 * Next: relay_path.c. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host/relay.h"

#define GENERATION_MAX 0x7fffu
static_assert(GR_RELAY_HANDLES <= 0x10000u, "an index is 16 bits of a handle");

void gr_relay_context_init(struct gr_relay_context *context)
{
  memset(context, 0, sizeof *context);
  context->root = -1;
  context->log = -1;
  context->handles_max = (int32_t)GR_RELAY_HANDLES;
  for (uint32_t i = 0; i < GR_RELAY_HANDLES; i++) {
    context->handle[i].fd = -1;
    context->handle[i].generation = 1;
  }
}

/* Of an entry that is open. The descriptor is gone whatever close(2) says, so it is not tried
 * again: by then the number may be another thread's. */
static int entry_close(struct gr_relay_handle *entry)
{
  const int error = close(entry->fd) == 0 || errno == EINTR ? 0 : -errno;
  const int told = entry->sticky != 0 ? entry->sticky : error;
  entry->fd = -1;
  entry->generation =
      entry->generation < GENERATION_MAX ? (uint16_t)(entry->generation + 1u) : (uint16_t)1u;
  entry->sticky = 0;
  return told;
}

void gr_relay_context_fini(struct gr_relay_context *context)
{
  for (uint32_t i = 0; i < GR_RELAY_HANDLES; i++) {
    if (context->handle[i].fd >= 0) {
      (void)entry_close(&context->handle[i]); /* nobody is left to be told */
    }
  }
  if (context->root >= 0) {
    (void)close(context->root);
  }
  gr_relay_context_init(context);
}

/* The first entry that is free, below the context's limit; GR_RELAY_HANDLES: there is none. */
static uint32_t free_find(const struct gr_relay_context *context)
{
  for (uint32_t i = 0; i < GR_RELAY_HANDLES && (int64_t)i < context->handles_max; i++) {
    if (context->handle[i].fd < 0) {
      return i;
    }
  }
  return GR_RELAY_HANDLES;
}

bool gr_relay_handle_has_room(const struct gr_relay_context *context)
{
  return free_find(context) != GR_RELAY_HANDLES;
}

int gr_relay_handle_open(struct gr_relay_context *context, int fd, uint32_t mode)
{
  const uint32_t index = free_find(context);
  if (index == GR_RELAY_HANDLES) {
    (void)close(fd);
    return -EMFILE;
  }
  struct gr_relay_handle *entry = &context->handle[index];
  entry->fd = fd;
  entry->access = (uint8_t)(mode & GR_OPEN_ACCESS);
  entry->is_append = (mode & GR_OPEN_APPEND) != 0;
  entry->sticky = 0;
  return (int)((uint32_t)entry->generation << 16 | index);
}

struct gr_relay_handle *gr_relay_handle_find(struct gr_relay_context *context, uint32_t handle)
{
  const uint32_t index = handle & 0xffffu;
  if (index >= GR_RELAY_HANDLES || context->handle[index].fd < 0 ||
      context->handle[index].generation != handle >> 16) {
    return NULL;
  }
  return &context->handle[index];
}

int gr_relay_handle_close(struct gr_relay_context *context, uint32_t handle)
{
  struct gr_relay_handle *entry = gr_relay_handle_find(context, handle);
  return entry != NULL ? entry_close(entry) : -EBADF;
}
