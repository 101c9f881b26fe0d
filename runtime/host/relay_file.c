/* relay_file.c - carries out calls, each by one plain system call (relay.h).
 *
 * Called by the mediator's thread alone, which waits meanwhile: for what a disk takes long for
 * there are other ways. The call is a private copy already; what it points to is not, and an op may
 * change it at any time. So a path is copied once before anything looks at it, and bytes that are
 * read or written are looked at by nobody here.
 *
 * A short result is an answer, as in POSIX, and is not made longer. A system call that a signal cut
 * off before it did anything is made again, a bounded number of times.
 *
 * Next: mediator.c. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/relay.h"

#define TRIES     16u
#define LOG_BYTES 4096u /* of one call: a line or a page of text, and no flood */

/* Through volatile: each byte is read once, so what is checked is what is used. */
static int path_copy(const struct gr_relay_context *context, const struct gr_call *call,
                     char path[GR_RELAY_PATH])
{
  const volatile unsigned char *from = gr_relay_memory(context, call->address, call->bytes);
  for (uint64_t i = 0; i < call->bytes; i++) {
    path[i] = (char)from[i];
  }
  path[call->bytes] = 0;
  return memchr(path, 0, call->bytes) == NULL ? 0 : -EINVAL;
}

static int64_t path_call(struct gr_relay_context *context, const struct gr_call *call)
{
  char path[GR_RELAY_PATH];
  const uint32_t mode = (uint32_t)call->mode;
  const int error = path_copy(context, call, path);
  if (error < 0) {
    return error;
  }
  if (call->kind == GR_CALL_UNLINK) {
    return gr_relay_path_unlink(context, path);
  }
  if (!gr_relay_handle_has_room(context)) {
    return -EMFILE; /* before a file is made or truncated that nobody can then have */
  }
  const int fd = gr_relay_path_open(context, path, mode);
  return fd < 0 ? fd : gr_relay_handle_open(context, fd, mode);
}

static int64_t stat_call(int fd, unsigned char *to)
{
  struct gr_call_stat answer = {0};
  struct stat stat;
  if (fstat(fd, &stat) != 0) {
    return -errno;
  }
  answer.bytes = (uint64_t)stat.st_size;
  if (stat.st_mtim.tv_sec >= 0) { /* before 1970: 0 */
    answer.modified_ns =
        (uint64_t)stat.st_mtim.tv_sec * 1000000000u + (uint64_t)stat.st_mtim.tv_nsec;
  }
  answer.inode = stat.st_ino;
  answer.kind = S_ISREG(stat.st_mode)   ? GR_STAT_FILE
                : S_ISDIR(stat.st_mode) ? GR_STAT_FOLDER
                                        : GR_STAT_OTHER;
  answer.links = (uint32_t)stat.st_nlink;
  memcpy(to, &answer, sizeof answer);
  return 0;
}

/* `memory` is NULL if there are no bytes. */
static int64_t handle_try(const struct gr_relay_handle *handle, const struct gr_call *call,
                          unsigned char *memory)
{
  switch (call->kind) {
  case GR_CALL_READ:
    return pread(handle->fd, memory, call->bytes, (off_t)call->offset);
  case GR_CALL_WRITE: /* O_APPEND: Linux writes at the end, whatever the offset */
    return pwrite(handle->fd, memory, call->bytes, (off_t)call->offset);
  case GR_CALL_TRUNCATE:
    return ftruncate(handle->fd, (off_t)call->offset);
  default: /* GR_CALL_SYNC; what is open to be read may be a folder, whose names are synced */
    return handle->access == GR_OPEN_READ ? fsync(handle->fd) : fdatasync(handle->fd);
  }
}

static int64_t handle_call(struct gr_relay_context *context, struct gr_relay_handle *handle,
                           const struct gr_call *call)
{
  unsigned char *memory =
      call->bytes != 0 ? gr_relay_memory(context, call->address, call->bytes) : NULL;
  int64_t result = -EINTR;
  for (uint32_t tries = 0; result == -EINTR && tries < TRIES; tries++) {
    result = handle_try(handle, call, memory);
    result = result < 0 ? -errno : result;
  }
  if (result > 0) {
    context->count.bytes_read += call->kind == GR_CALL_READ ? (uint64_t)result : 0;
    context->count.bytes_written += call->kind == GR_CALL_WRITE ? (uint64_t)result : 0;
  }
  if (call->kind == GR_CALL_SYNC && handle->sticky != 0) {
    result = handle->sticky; /* it came first */
    handle->sticky = 0;
  }
  return result;
}

/* Text beyond LOG_BYTES is cut off. */
static int64_t log_call(struct gr_relay_context *context, const struct gr_call *call)
{
  const uint64_t bytes = call->bytes < LOG_BYTES ? call->bytes : LOG_BYTES;
  uint64_t done = 0;
  int error = 0;
  if (context->log < 0) {
    context->count.logs_dropped++;
    return (int64_t)bytes;
  }
  const unsigned char *text = gr_relay_memory(context, call->address, call->bytes);
  for (uint32_t tries = 0; done < bytes && tries < TRIES; tries++) {
    const ssize_t wrote = write(context->log, text + done, bytes - done);
    error = wrote < 0 ? -errno : 0;
    done += wrote > 0 ? (uint64_t)wrote : 0;
    if (error < 0 && error != -EINTR) {
      break;
    }
  }
  return done > 0 ? (int64_t)done : error;
}

int64_t gr_relay_carry_out(struct gr_relay_context *context, const struct gr_call *call)
{
  const int error = gr_relay_check(context, call);
  context->count.calls++;
  if (error < 0) {
    context->count.refused++;
    return error;
  }
  switch (call->kind) {
  case GR_CALL_NULL:
    return 0;
  case GR_CALL_OPEN:
  case GR_CALL_UNLINK:
    return path_call(context, call);
  case GR_CALL_LOG:
    return log_call(context, call);
  case GR_CALL_CLOSE:
    return gr_relay_handle_close(context, call->handle);
  default: /* of a handle */
    break;
  }
  struct gr_relay_handle *handle = gr_relay_handle_find(context, call->handle);
  if (handle == NULL || (call->kind == GR_CALL_READ && handle->access == GR_OPEN_WRITE) ||
      (call->kind == GR_CALL_WRITE && handle->access == GR_OPEN_READ)) {
    return -EBADF;
  }
  if (call->kind == GR_CALL_STAT) {
    return stat_call(handle->fd,
                     gr_relay_memory(context, call->address, sizeof(struct gr_call_stat)));
  }
  return handle_call(context, handle, call);
}
