/* folder.c - see folder.h. Next: result.c */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "run_json.h"

void hx_folder_run_id(char run_id[HX_RUN_ID_BYTES])
{
  struct utsname name = {0};
  char time_text[32];
  uname(&name);
  name.nodename[strcspn(name.nodename, ".")] = '\0';
  hx_run_json_time_text(time_text, sizeof(time_text));
  snprintf(run_id, HX_RUN_ID_BYTES, "%s-%.48s", time_text, name.nodename);
}

char *hx_folder_path(const char *out, const char *run_id, const char *experiment)
{
  char *path = NULL;
  const int bytes = out != NULL ? asprintf(&path, "%s/%s", out, experiment)
                                : asprintf(&path, "results/runs/%s/%s", run_id, experiment);
  return bytes < 0 ? NULL : path;
}

static int refuse(struct hx_why *why, const char *path, int error)
{
  return hx_refuse(why, -error, "cannot write results to %s: %s; choose another --out", path,
                   strerror(error));
}

static bool holds(const char *path, const char *name)
{
  char *file = NULL;
  const bool holds = asprintf(&file, "%s/%s", path, name) >= 0 && access(file, F_OK) == 0;
  free(file);
  return holds;
}

int hx_folder_check(const char *path, struct hx_why *why)
{
  static const char *const file[] = {"samples.csv", "points.csv", "run.json"};
  struct stat state;
  char *parent = NULL;
  int result = 0;
  const bool has_plan = holds(path, "plan.json"); /* plan.h says whether it is ours */
  for (size_t i = 0; i < sizeof(file) / sizeof(file[0]) && !has_plan; i++) {
    if (holds(path, file[i]))
      return hx_refuse(why, -EEXIST, "%s already holds results; choose another --out or remove it",
                       path);
  }
  /* Walk up to the first part of the path that is there; it must be a folder we may write to. */
  parent = strdup(path);
  if (parent == NULL)
    return refuse(why, path, ENOMEM);
  while (stat(parent, &state) < 0 && errno == ENOENT) {
    char *slash = strrchr(parent, '/');
    if (slash == parent)
      slash[1] = '\0';
    else if (slash != NULL)
      *slash = '\0';
    else
      strcpy(parent, "."); /* shorter than any name that was not found */
  }
  if (stat(parent, &state) < 0)
    result = refuse(why, path, errno);
  else if (!S_ISDIR(state.st_mode))
    result = refuse(why, path, ENOTDIR);
  else if (access(parent, W_OK | X_OK) < 0)
    result = refuse(why, path, errno);
  free(parent);
  return result;
}

int hx_folder_make(const char *path, struct hx_why *why)
{
  char *copy = strdup(path);
  int result = 0;
  if (copy == NULL)
    return refuse(why, path, ENOMEM);
  for (char *at = copy + 1; result == 0; at++) {
    const char saved = *at;
    if (saved != '/' && saved != '\0')
      continue;
    *at = '\0';
    if (mkdir(copy, 0777) < 0 && errno != EEXIST)
      result = refuse(why, path, errno);
    *at = saved;
    if (saved == '\0')
      break;
  }
  free(copy);
  return result;
}

int hx_folder_lock(const char *path, struct hx_why *why)
{
  char *name = NULL;
  if (asprintf(&name, "%s/lock", path) < 0)
    return refuse(why, path, ENOMEM);
  const int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666); /* kept until the process ends */
  const int error = fd < 0 ? errno : 0;
  free(name);
  if (error != 0)
    return refuse(why, path, error);
  return flock(fd, LOCK_EX | LOCK_NB) == 0
             ? 0
             : hx_refuse(why, -EBUSY,
                         "another run is writing to %s; wait for it, or choose another "
                         "--out",
                         path);
}
