/* top_read.c - see top_read.h. What is read was written by another process: nothing of it is
 * believed before it was checked. Next: cmd_top.c */
#include "top_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_MAX (1u << 20)
#define HINT                                                                                      \
  "start it with GROSR_TOP=1 in its environment, or open the device with options.top"

/* ---- finding ---- */

struct search {
  unsigned pid, number; /* asked for; 0: any */
  unsigned found_pid, found_number;
  unsigned processes;
  char names[256];
  char path[HX_TOP_PATH_BYTES];
};

static bool is_gone(unsigned pid)
{
  return kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static void look_at(struct search *search, const char *folder, const char *name)
{
  char path[HX_TOP_PATH_BYTES];
  unsigned pid = 0, number = 0;
  int end = 0;
  if (sscanf(name, "grosr-%u-%u.top%n", &pid, &number, &end) != 2 || end == 0 ||
      name[end] != '\0' || pid == 0)
    return;
  snprintf(path, sizeof(path), "%.400s/%.80s", folder, name);
  if (is_gone(pid)) {
    unlink(path);
    return;
  }
  if ((search->pid != 0 && pid != search->pid) || (search->number != 0 && number != search->number))
    return;
  if (pid != search->found_pid) {
    const size_t used = strlen(search->names);
    search->processes++;
    snprintf(search->names + used, sizeof(search->names) - used, " %u", pid);
  }
  if (pid != search->found_pid || number > search->found_number) {
    search->found_pid = pid;
    search->found_number = number;
    memcpy(search->path, path, sizeof(path));
  }
}

static void look_in(struct search *search, const char *folder)
{
  DIR *directory = opendir(folder);
  for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;)
    look_at(search, folder, entry->d_name);
  if (directory != NULL)
    closedir(directory);
}

int hx_top_find(const char *folder, unsigned pid, unsigned number, char path[HX_TOP_PATH_BYTES],
                struct hx_why *why)
{
  struct search search = {.pid = pid, .number = number};
  const char *asked = folder != NULL ? folder : getenv("GROSR_TOP");
  if (asked != NULL && asked[0] == '/') {
    look_in(&search, asked);
  } else {
    look_in(&search, "/dev/shm");
    if (search.processes == 0)
      look_in(&search, "/tmp");
  }
  if (search.processes == 0 && pid != 0)
    return hx_refuse(why, -ESRCH,
                     is_gone(pid) ? "there is no process %u; `grosr top` alone finds those that "
                                    "publish"
                                  : "process %u publishes nothing; " HINT,
                     pid);
  if (search.processes == 0)
    return hx_refuse(why, -ENOENT, "no process publishes what its device does; " HINT);
  if (search.processes > 1)
    return hx_refuse(why, -E2BIG, "several processes publish; name one of%s", search.names);
  memcpy(path, search.path, HX_TOP_PATH_BYTES);
  return 0;
}

/* ---- reading ---- */

static int check(const struct grosr_top *frame, size_t bytes, const char *path, struct hx_why *why)
{
  if (bytes < sizeof(frame->magic) + 2 * sizeof(uint32_t) || frame->magic != GROSR_TOP_MAGIC)
    return hx_refuse(why, -EINVAL, "%s was not written by libgrosr; remove it", path);
  if (frame->version != GROSR_TOP_VERSION)
    return hx_refuse(why, -EPROTO,
                     "%s is of version %u, this grosr reads %u; use the grosr that was built with "
                     "that program's libgrosr",
                     path, frame->version, GROSR_TOP_VERSION);
  if (bytes < sizeof(*frame) || frame->bytes != bytes || frame->ops > 4096 ||
      frame->teams > 65536 ||
      bytes != sizeof(*frame) + frame->ops * GROSR_TOP_NAME_BYTES +
                   frame->teams * sizeof(struct grosr_top_team))
    return hx_refuse(why, -EPROTO, "%s is not whole; remove it, and start the program again", path);
  return 0;
}

static void make_plain(struct grosr_top *frame)
{
  char *name = (char *)(frame + 1);
  frame->device[GROSR_TOP_NAME_BYTES - 1] = frame->image[GROSR_TOP_NAME_BYTES - 1] = '\0';
  hx_text_make_plain(frame->device);
  hx_text_make_plain(frame->image);
  for (unsigned i = 0; i < frame->ops; i++, name += GROSR_TOP_NAME_BYTES) {
    name[GROSR_TOP_NAME_BYTES - 1] = '\0';
    hx_text_make_plain(name);
  }
}

struct grosr_top *hx_top_read(const char *path, struct hx_why *why)
{
  struct stat is;
  const int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0 || fstat(file, &is) < 0) {
    hx_refuse(why, -errno,
              errno == ENOENT ? "the device of %s was closed (%s)" : "cannot read %s: %s", path,
              strerror(errno));
    if (file >= 0)
      close(file);
    return NULL;
  }
  struct grosr_top *frame = NULL;
  ssize_t got = -1;
  const uid_t we = geteuid();
  if (!S_ISREG(is.st_mode) || (is.st_uid != we && we != 0) || is.st_size > BYTES_MAX) {
    hx_refuse(why, -EPERM, "%s is another user's, or no frame of libgrosr; it is not read", path);
  } else {
    frame = calloc(1, BYTES_MAX + sizeof(*frame));
    got = frame == NULL ? -1 : read(file, frame, BYTES_MAX);
    if (got < 0)
      hx_refuse(why, -EIO, "cannot read %s: %s", path, strerror(errno));
  }
  close(file);
  if (got < 0 || check(frame, (size_t)got, path, why) < 0) {
    free(frame);
    return NULL;
  }
  make_plain(frame);
  return frame;
}

const char *hx_top_op(const struct grosr_top *frame, unsigned op)
{
  return op < frame->ops ? (const char *)(frame + 1) + (size_t)op * GROSR_TOP_NAME_BYTES
                         : "(internal)";
}

const struct grosr_top_team *hx_top_team(const struct grosr_top *frame, unsigned team)
{
  const char *first = (const char *)(frame + 1) + (size_t)frame->ops * GROSR_TOP_NAME_BYTES;
  return (const struct grosr_top_team *)(const void *)first + team;
}
