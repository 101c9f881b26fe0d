/* store.c - see store.h. Next: plan.c */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *hx_store_path(const char *folder, const char *name)
{
  char *path = NULL;
  return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static int write_all(int fd, const char *bytes, size_t count)
{
  while (count > 0) {
    const ssize_t wrote = write(fd, bytes, count);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote < 0)
      return -errno;
    bytes += wrote;
    count -= (size_t)wrote;
  }
  return 0;
}

/* The new name itself is on disk only when its folder is. */
static void sync_folder(const char *path)
{
  char *folder = strdup(path);
  char *slash = folder != NULL ? strrchr(folder, '/') : NULL;
  if (slash != NULL) {
    *slash = '\0';
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
      fsync(fd);
      close(fd);
    }
  }
  free(folder);
}

int hx_store_write(const char *path, const void *bytes, size_t count)
{
  char *temporary = NULL;
  if (asprintf(&temporary, "%s.%ld" HX_STORE_NEW, path, (long)getpid()) < 0)
    return -ENOMEM;
  const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  int result = fd < 0 ? -errno : write_all(fd, bytes, count);
  if (result == 0 && fsync(fd) < 0)
    result = -errno;
  if (fd >= 0 && close(fd) < 0 && result == 0)
    result = -errno;
  if (result == 0 && rename(temporary, path) < 0)
    result = -errno;
  if (result < 0)
    unlink(temporary);
  else
    sync_folder(path);
  free(temporary);
  return result;
}

int hx_store_json(const char *path, const json_t *root)
{
  char *text = json_dumps(root, JSON_INDENT(1));
  char *line = text != NULL ? realloc(text, strlen(text) + 2) : NULL;
  if (line == NULL) {
    free(text);
    return -ENOMEM;
  }
  strcat(line, "\n");
  const int result = hx_store_write(path, line, strlen(line));
  free(line);
  return result;
}

char *hx_store_read(const char *path, size_t *count)
{
  struct stat state;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  char *bytes = fstat(fd, &state) == 0 ? malloc((size_t)state.st_size + 1) : NULL;
  size_t used = 0;
  while (bytes != NULL && used < (size_t)state.st_size) {
    const ssize_t got = read(fd, bytes + used, (size_t)state.st_size - used);
    if (got <= 0)
      break;
    used += (size_t)got;
  }
  close(fd);
  if (bytes != NULL)
    bytes[used] = '\0';
  if (count != NULL)
    *count = used;
  return bytes;
}

json_t *hx_store_load(const char *path, int *error, struct hx_why *why)
{
  json_error_t where;
  size_t count = 0;
  char *text = hx_store_read(path, &count);
  if (text == NULL) {
    const int number = -errno;
    hx_refuse(why, number, "cannot read %s: %s", path, strerror(errno));
    if (error != NULL)
      *error = number;
    return NULL;
  }
  json_t *root = json_loadb(text, count, JSON_REJECT_DUPLICATES, &where);
  if (root == NULL)
    hx_refuse(why, -EBADMSG, "%s is not whole: line %d: %s; remove it and run again", path,
              where.line, where.text);
  if (error != NULL)
    *error = root != NULL ? 0 : -EBADMSG;
  free(text);
  return root;
}

void hx_store_sweep(const char *folder)
{
  DIR *directory = opendir(folder);
  const size_t tail = strlen(HX_STORE_NEW);
  for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
    const size_t bytes = strlen(entry->d_name);
    char *path = bytes > tail && strcmp(entry->d_name + bytes - tail, HX_STORE_NEW) == 0
                     ? hx_store_path(folder, entry->d_name)
                     : NULL;
    if (path != NULL)
      unlink(path);
    free(path);
  }
  if (directory != NULL)
    closedir(directory);
}
