/* beside.c - see beside.h. Next: cmd_report.c */
#include "beside.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool hx_beside(const char *name, char *path, size_t path_bytes)
{
  static const char *const base[] = {"/../..", "/../../..", "/../share/grosr"};
  char self[4096] = "";
  const ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
  char *slash = bytes > 0 ? strrchr(self, '/') : NULL;
  if (slash != NULL)
    *slash = '\0';
  for (size_t i = 0; slash != NULL && i < sizeof(base) / sizeof(base[0]); i++) {
    snprintf(path, path_bytes, "%s%s/%s", self, base[i], name);
    if (access(path, R_OK) == 0)
      return true;
  }
  snprintf(path, path_bytes, "%s", name);
  if (access(path, R_OK) == 0)
    return true;
  path[0] = '\0';
  return false;
}
