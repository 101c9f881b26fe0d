/* look_cgroup.c - what the control groups let this process have. Part of look.h.
 *
 *   proc/self/cgroup            "0::/user.slice/x"          version 2
 *                               "4:cpu,cpuacct:/docker/x"   version 1, a hierarchy for each
 *   sys/fs/cgroup/<path>        cpu.max, cpu.stat, memory.max                     version 2
 *   sys/fs/cgroup/unified/...   the same, on systems that have both
 *   sys/fs/cgroup/cpu/<path>    cpu.cfs_quota_us, cpu.cfs_period_us, cpu.stat     version 1
 *   sys/fs/cgroup/memory/<path> memory.limit_in_bytes                             version 1
 *
 * A limit of any group up to the root binds: the tightest counts, and throttling of all is added.
 * In a container the path may be one of outside; then only the root is there to be read.
 *
 * Next: look_json.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "look.h"
#include "root_file.h"

#define NO_LIMIT_BYTES (UINT64_C(1) << 60) /* version 1 writes 2^63 less a page for "none" */

/* The path of `controller` ("cpu"; "" for version 2) in proc/self/cgroup. */
static bool find_path(const char *root, const char *controller, char *path, size_t path_bytes)
{
  char name[HX_ROOT_PATH_BYTES];
  char line[HX_ROOT_PATH_BYTES];
  bool found = false;
  snprintf(name, sizeof(name), "%s/proc/self/cgroup", root);
  FILE *file = fopen(name, "re");
  while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
    char *list = strchr(line, ':');
    char *at = list != NULL ? strchr(list + 1, ':') : NULL;
    if (at == NULL)
      continue;
    *at++ = '\0';
    at[strcspn(at, "\n")] = '\0';
    found = controller[0] == '\0' && list[1] == '\0';
    for (char *item = strtok(list + 1, ","); item != NULL; item = strtok(NULL, ","))
      found = found || (controller[0] != '\0' && strcmp(item, controller) == 0);
    if (found)
      snprintf(path, path_bytes, "%s", strcmp(at, "/") == 0 ? "" : at);
  }
  if (file != NULL)
    fclose(file);
  return found;
}

static void take_quota(struct hx_cgroup *cgroup, double quota_us, double period_us)
{
  if (quota_us > 0.0 && period_us > 0.0 &&
      (cgroup->cpus <= 0.0 || quota_us / period_us < cgroup->cpus))
    cgroup->cpus = quota_us / period_us;
}

static void take_memory(struct hx_cgroup *cgroup, uint64_t bytes)
{
  if (bytes < NO_LIMIT_BYTES && (cgroup->memory_bytes == 0 || bytes < cgroup->memory_bytes))
    cgroup->memory_bytes = bytes;
}

static void take_throttled(struct hx_cgroup *cgroup, const char *root, const char *folder)
{
  char path[HX_ROOT_PATH_BYTES];
  uint64_t count = 0, time = 0;
  if (snprintf(path, sizeof(path), "%s/cpu.stat", folder) >= (int)sizeof(path) ||
      !hx_root_field_u64(root, path, "nr_throttled", &count))
    return;
  if (cgroup->throttled == HX_UNSEEN)
    cgroup->throttled = 0;
  cgroup->throttled += count;
  if (hx_root_field_u64(root, path, "throttled_usec", &time))
    cgroup->throttled_us += time;
  else if (hx_root_field_u64(root, path, "throttled_time", &time)) /* version 1: nanoseconds */
    cgroup->throttled_us += time / 1000u;
}

static void take_folder(struct hx_cgroup *cgroup, const char *root, const char *folder)
{
  char line[128];
  double quota_us = 0.0, period_us = 0.0;
  uint64_t bytes = 0;
  if (hx_root_line(root, line, sizeof(line), "%s/cpu.max", folder)) {
    cgroup->cpus = cgroup->cpus < 0.0 ? 0.0 : cgroup->cpus;
    if (sscanf(line, "%lf %lf", &quota_us, &period_us) == 2) /* not for "max 100000" */
      take_quota(cgroup, quota_us, period_us);
  }
  if (hx_root_line(root, line, sizeof(line), "%s/cpu.cfs_quota_us", folder)) {
    cgroup->cpus = cgroup->cpus < 0.0 ? 0.0 : cgroup->cpus;
    quota_us = atof(line); /* -1: none */
    if (hx_root_line(root, line, sizeof(line), "%s/cpu.cfs_period_us", folder))
      take_quota(cgroup, quota_us, atof(line));
  }
  if (hx_root_u64(root, &bytes, "%s/memory.max", folder) ||
      hx_root_u64(root, &bytes, "%s/memory.limit_in_bytes", folder))
    take_memory(cgroup, bytes);
  take_throttled(cgroup, root, folder);
}

/* The group, and each that holds it, up to the hierarchy's root. */
static bool walk(struct hx_cgroup *cgroup, const char *root, const char *mount,
                 const char *controller)
{
  char folder[HX_ROOT_PATH_BYTES];
  char path[HX_ROOT_PATH_BYTES / 2];
  const size_t mount_bytes = strlen(mount);
  if (!find_path(root, controller, path, sizeof(path)) || !hx_root_exists(root, "%s", mount))
    return false;
  snprintf(folder, sizeof(folder), "%s%s", mount, path);
  for (;;) {
    take_folder(cgroup, root, folder);
    char *slash = strrchr(folder, '/');
    if (slash == NULL || slash < folder + mount_bytes)
      return true;
    *slash = '\0';
  }
}

void hx_look_cgroup(struct hx_cgroup *cgroup, const char *root)
{
  *cgroup = (struct hx_cgroup){.cpus = -1.0, .throttled = HX_UNSEEN};
  if (hx_root_exists(root, "sys/fs/cgroup/cgroup.controllers")) {
    cgroup->version = walk(cgroup, root, "sys/fs/cgroup", "") ? 2 : 0;
    return;
  }
  const bool cpu = walk(cgroup, root, "sys/fs/cgroup/cpu", "cpu");
  const bool memory = walk(cgroup, root, "sys/fs/cgroup/memory", "memory");
  const bool unified = walk(cgroup, root, "sys/fs/cgroup/unified", "");
  cgroup->version = cpu || memory ? 1 : unified ? 2 : 0;
}
