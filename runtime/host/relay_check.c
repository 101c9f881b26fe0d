/* relay_check.c - may this context make this call, of memory that is its own? (relay.h)
 *
 * Called by gr_relay_carry_out and by the mediator's thread before it hands a call to any other way
 * of carrying it out. Every number in a call is an op's word and may be anything: lengths are
 * compared so that no sum can overflow, and nothing is allocated by one. What a handle stands for
 * is not looked at here, so a call that passes may still be answered -EBADF.
 *
 * Next: relay_handle.c. */
#include <errno.h>
#include <stddef.h>

#include "host/relay.h"

#define MODES                                                                                      \
  ((uint64_t)(GR_OPEN_ACCESS | GR_OPEN_CREATE | GR_OPEN_EXCL | GR_OPEN_TRUNCATE | GR_OPEN_APPEND))
static_assert(GR_CALL_KINDS <= 64, "a context's grants are a bit per kind in one word");

unsigned char *gr_relay_memory(const struct gr_relay_context *context, uint64_t address,
                               uint64_t bytes)
{
  for (uint32_t i = 0; i < context->regions && i < GR_RELAY_REGIONS; i++) {
    const struct gr_relay_region *region = &context->region[i];
    const uint64_t at = address - region->device; /* wraps below it: hence the first test */
    if (address >= region->device && at <= region->bytes && bytes <= region->bytes - at) {
      return region->host + at;
    }
  }
  return NULL;
}

static int memory_check(const struct gr_relay_context *context, uint64_t address, uint64_t bytes)
{
  /* As in POSIX: nothing, from nowhere, is fine. */
  return bytes == 0 || gr_relay_memory(context, address, bytes) != NULL ? 0 : -EFAULT;
}

static int path_check(const struct gr_relay_context *context, const struct gr_call *call)
{
  if (call->bytes == 0 || call->bytes >= GR_RELAY_PATH) {
    return -EINVAL;
  }
  return memory_check(context, call->address, call->bytes);
}

static int mode_check(uint64_t mode)
{
  const uint64_t access = mode & GR_OPEN_ACCESS;
  if ((mode & ~MODES) != 0 || access == GR_OPEN_ACCESS) {
    return -EINVAL;
  }
  /* POSIX says of neither what it does, and Linux truncates a file that is opened to be read. */
  if (((mode & GR_OPEN_EXCL) != 0 && (mode & GR_OPEN_CREATE) == 0) ||
      ((mode & GR_OPEN_TRUNCATE) != 0 && access == GR_OPEN_READ)) {
    return -EINVAL;
  }
  return 0;
}

int gr_relay_check(const struct gr_relay_context *context, const struct gr_call *call)
{
  if (call->kind >= GR_CALL_KINDS) {
    return -ENOSYS;
  }
  if ((context->calls >> call->kind & 1u) == 0) {
    return -EPERM;
  }
  /* Modes of what has none are refused as well: they may mean something one day. */
  if ((call->flags & ~GR_CALL_CONTINUED) != 0 ||
      (call->kind == GR_CALL_OPEN ? mode_check(call->mode) != 0 : call->mode != 0)) {
    return -EINVAL;
  }
  switch (call->kind) {
  case GR_CALL_OPEN:
  case GR_CALL_UNLINK:
    return path_check(context, call);
  case GR_CALL_READ:
  case GR_CALL_WRITE:
    if (call->offset > INT64_MAX || call->bytes > GR_RELAY_BYTES) {
      return -EINVAL;
    }
    return memory_check(context, call->address, call->bytes);
  case GR_CALL_LOG:
    return call->bytes > GR_RELAY_BYTES ? -EINVAL
                                        : memory_check(context, call->address, call->bytes);
  case GR_CALL_STAT:
    return memory_check(context, call->address, sizeof(struct gr_call_stat));
  case GR_CALL_TRUNCATE:
    return call->offset > INT64_MAX ? -EINVAL : 0;
  default: /* no more than a handle, or nothing */
    return 0;
  }
}
