/* relay_path.c - paths of a context, beneath its root and nowhere else (relay.h).
 *
 * Called by the mediator's thread alone. The kernel walks the path, by openat2(2): it refuses what
 * leads out of the root (-EXDEV), symbolic links of any kind (-ELOOP) and other file systems
 * (-EXDEV), and does so while it walks, so nobody can change a folder between a check and its use.
 * Where there is no openat2 there are no paths: -ENOSYS, and no second, weaker way.
 *
 * An op can make regular files only, so whatever else lies beneath the root was put there by the
 * host. It is opened without waiting (a FIFO), looked at, and closed again.
 *
 * Next: relay_file.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/relay.h"

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)
#define TRIES   16u /* -EAGAIN: somebody renamed on the way, and the kernel cannot tell whither */

/* A descriptor, or -errno. */
static int beneath_open(const struct gr_relay_context *context, const char *path, uint64_t flags)
{
  struct open_how how = {.flags = flags | O_CLOEXEC,
                         .mode = (flags & O_CREAT) != 0 ? S_IRUSR | S_IWUSR : 0,
                         .resolve = BENEATH};
  if (context->root < 0) {
    return -EACCES;
  }
  for (uint32_t tries = 1;; tries++) {
    const long fd = syscall(SYS_openat2, context->root, path, &how, sizeof how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries == TRIES) {
      return fd >= 0 ? (int)fd : -errno;
    }
  }
}

static uint64_t flags_of(uint32_t mode)
{
  static const uint64_t access[] = {O_RDONLY, O_WRONLY, O_RDWR};
  uint64_t flags = access[mode & GR_OPEN_ACCESS];
  flags |= (mode & GR_OPEN_CREATE) != 0 ? O_CREAT : 0;
  flags |= (mode & GR_OPEN_EXCL) != 0 ? O_EXCL : 0;
  flags |= (mode & GR_OPEN_TRUNCATE) != 0 ? O_TRUNC : 0;
  flags |= (mode & GR_OPEN_APPEND) != 0 ? O_APPEND : 0;
  return flags;
}

int gr_relay_path_open(const struct gr_relay_context *context, const char *path, uint32_t mode)
{
  const uint32_t access = mode & GR_OPEN_ACCESS;
  struct stat stat;
  if (access == GR_OPEN_ACCESS) {
    return -EINVAL;
  }
  if (!context->may_write &&
      (access != GR_OPEN_READ || (mode & (GR_OPEN_CREATE | GR_OPEN_TRUNCATE)) != 0)) {
    return -EROFS;
  }
  const int fd = beneath_open(context, path, flags_of(mode) | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    return fd == -ENXIO ? -EACCES : fd; /* sockets, and FIFOs that nobody reads */
  }
  int error = fstat(fd, &stat) == 0 ? 0 : -errno;
  if (error == 0 && !S_ISREG(stat.st_mode) && !(S_ISDIR(stat.st_mode) && access == GR_OPEN_READ)) {
    error = -EACCES;
  }
  /* O_NONBLOCK was for what is not a regular file; some file systems heed it for those as well. */
  if (error == 0 && fcntl(fd, F_SETFL, (mode & GR_OPEN_APPEND) != 0 ? O_APPEND : 0) != 0) {
    error = -errno;
  }
  if (error < 0) {
    (void)close(fd);
    return error;
  }
  return fd;
}

/* The last component goes to the kernel as it is, with any slashes behind it: unlinkat(2) follows
 * no link there, and refuses folders, "." and "..". */
int gr_relay_path_unlink(const struct gr_relay_context *context, const char *path)
{
  char folder[GR_RELAY_PATH] = ".";
  size_t bytes = strnlen(path, GR_RELAY_PATH), last;
  if (bytes == 0 || bytes == GR_RELAY_PATH) {
    return -EINVAL;
  }
  if (!context->may_write) {
    return -EROFS;
  }
  if (path[0] == '/') {
    return -EXDEV; /* as openat2 says; "/" would leave no last component */
  }
  while (path[bytes - 1u] == '/') {
    bytes--;
  }
  for (last = bytes; last > 0 && path[last - 1u] != '/';) {
    last--;
  }
  if (last > 0) {
    memcpy(folder, path, last);
    folder[last] = 0;
  }
  const int fd = beneath_open(context, folder, O_PATH | O_DIRECTORY);
  if (fd < 0) {
    return fd;
  }
  int error = -EINTR;
  for (uint32_t tries = 0; error == -EINTR && tries < TRIES; tries++) {
    error = unlinkat(fd, path + last, 0) == 0 ? 0 : -errno;
  }
  (void)close(fd);
  return error;
}
