/* crowd.c - see crowd.h. Next: cmd_doctor.c */
#include "crowd.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "root_file.h"
#include "text.h"

static int by_pid(const void *left, const void *right)
{
  const struct hx_crowd_one *a = left, *b = right;
  return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static int by_ticks(const void *left, const void *right)
{
  const struct hx_crowd_one *a = left, *b = right;
  return a->ticks > b->ticks ? -1 : a->ticks < b->ticks ? 1 : by_pid(left, right);
}

/* "7 (a name) R ...", fields 14 and 15 are user and system ticks. */
static bool read_one(const char *root, unsigned pid, struct hx_crowd_one *one)
{
  char line[1024];
  unsigned long long user = 0, system = 0;
  if (!hx_root_line(root, line, sizeof(line), "proc/%u/stat", pid))
    return false;
  const char *name = strchr(line, '(');
  char *end = strrchr(line, ')');
  if (name == NULL || end == NULL ||
      sscanf(end, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
    return false;
  *end = '\0';
  *one = (struct hx_crowd_one){.pid = pid, .ticks = user + system};
  snprintf(one->name, sizeof(one->name), "%.19s", name + 1);
  hx_text_make_plain(one->name);
  return true;
}

int hx_crowd_scan(struct hx_crowd *crowd, const char *root)
{
  char path[HX_ROOT_PATH_BYTES];
  struct dirent *entry = NULL;
  *crowd = (struct hx_crowd){0};
  snprintf(path, sizeof(path), "%s/proc", root);
  DIR *dir = opendir(path);
  if (dir == NULL)
    return -errno;
  crowd->one = calloc(HX_CROWD_MAX, sizeof(*crowd->one));
  while (crowd->one != NULL && crowd->count < HX_CROWD_MAX && (entry = readdir(dir)) != NULL) {
    const unsigned pid = (unsigned)strtoul(entry->d_name, NULL, 10);
    if (pid != 0 && pid != (unsigned)getpid() && read_one(root, pid, &crowd->one[crowd->count]))
      crowd->count++;
  }
  closedir(dir);
  if (crowd->one == NULL)
    return -ENOMEM;
  qsort(crowd->one, crowd->count, sizeof(*crowd->one), by_pid);
  return 0;
}

void hx_crowd_differ(const struct hx_crowd *before, struct hx_crowd *now)
{
  for (size_t i = 0; i < now->count; i++) {
    struct hx_crowd_one *one = &now->one[i];
    const struct hx_crowd_one *old =
        before->count == 0 ? NULL : bsearch(one, before->one, before->count, sizeof(*one), by_pid);
    /* One that was not there before may have used its ticks before the first scan, too. */
    one->ticks = old != NULL && one->ticks >= old->ticks ? one->ticks - old->ticks : 0;
  }
  qsort(now->one, now->count, sizeof(*now->one), by_ticks);
}

void hx_crowd_fini(struct hx_crowd *crowd)
{
  free(crowd->one);
  *crowd = (struct hx_crowd){0};
}
