/* machine_more.c - the machine's facts, continued: network, Slurm job, topology as XML.
 *
 * Part of provenance.h. Next: run_json.c */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pin.h"
#include "provenance.h"
#include "root_file.h"
#include "sha256.h"

#define NET "sys/class/net"
#define IB  "sys/class/infiniband"

/* An interface that has a device behind it; bridges and tunnels have none. */
static json_t *interface(const char *root, const char *name)
{
  char text[64];
  json_t *object = json_pack("{s:s}", "name", name);
  /* -1 and an error both mean that the driver does not say; a cable that is out gives no speed. */
  if (hx_root_line(root, text, sizeof(text), NET "/%.64s/speed", name) && atoll(text) > 0)
    json_object_set_new(object, "mbit_s", json_integer(atoll(text)));
  if (hx_root_line(root, text, sizeof(text), NET "/%.64s/operstate", name))
    json_object_set_new(object, "state", json_string(text));
  if (hx_root_line(root, text, sizeof(text), NET "/%.64s/mtu", name))
    json_object_set_new(object, "mtu", json_integer(atoll(text)));
  return object;
}

static json_t *infiniband(const char *root, const char *name)
{
  char text[64];
  json_t *object = json_pack("{s:s}", "name", name);
  if (hx_root_line(root, text, sizeof(text), IB "/%.64s/ports/1/rate", name))
    json_object_set_new(object, "rate", json_string(text)); /* "400 Gb/sec (4X NDR)" */
  if (hx_root_line(root, text, sizeof(text), IB "/%.64s/ports/1/state", name))
    json_object_set_new(object, "state", json_string(text));
  return object;
}

static int by_name(const void *left, const void *right)
{
  const char *const *a = left, *const *b = right;
  return strcmp(*a, *b);
}

/* Calls `one` for each entry of a folder, sorted, so that run.json does not depend on the order in
 * which a kernel lists them. */
static void each_entry(json_t *array, const char *root, const char *folder,
                       json_t *(*one)(const char *root, const char *name))
{
  char path[HX_ROOT_PATH_BYTES];
  char *name[64];
  size_t count = 0;
  struct dirent *entry = NULL;
  snprintf(path, sizeof(path), "%s/%s", root, folder);
  DIR *dir = opendir(path);
  while (dir != NULL && count < 64 && (entry = readdir(dir)) != NULL) {
    if (entry->d_name[0] != '.' && hx_root_exists(root, "%s/%.64s/device", folder, entry->d_name) &&
        (name[count] = strdup(entry->d_name)) != NULL)
      count++;
  }
  if (dir != NULL)
    closedir(dir);
  qsort(name, count, sizeof(name[0]), by_name);
  for (size_t i = 0; i < count; i++) {
    json_array_append_new(array, one(root, name[i]));
    free(name[i]);
  }
}

json_t *hx_provenance_network(const char *root)
{
  json_t *array = json_array();
  each_entry(array, root, NET, interface);
  each_entry(array, root, IB, infiniband);
  return array;
}

json_t *hx_provenance_slurm(void)
{
  static const char *const wanted[] = {
      "SLURM_CLUSTER_NAME",   "SLURM_JOB_ID",        "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID",
      "SLURM_ARRAY_TASK_MAX", "SLURM_JOB_PARTITION", "SLURM_JOB_NODELIST", "SLURM_JOB_NUM_NODES",
      "SLURM_NODEID",         "SLURMD_NODENAME",     "SLURM_NTASKS",       "SLURM_PROCID",
      "SLURM_CPUS_PER_TASK",  "SLURM_GPUS_ON_NODE",  "SLURM_MEM_PER_NODE", "SLURM_RESTART_COUNT",
      "SLURM_CPU_BIND",       "SLURM_STEP_ID"};
  json_t *object = json_object();
  for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
    const char *value = getenv(wanted[i]);
    if (value != NULL && value[0] != '\0')
      json_object_set_new(object, wanted[i], json_string(value));
  }
  return object;
}

static int sync_file(const char *path)
{
  int result = 0;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  if (fsync(fd) < 0)
    result = -errno;
  close(fd);
  return result;
}

static int export_topology(const char *path, const char *temporary, char hash[HX_SHA256_TEXT_BYTES])
{
  int result = hx_pin_export(temporary);
  if (result == 0)
    result = sync_file(temporary);
  if (result == 0)
    result = hx_sha256_file(temporary, hash);
  if (result == 0 && rename(temporary, path) < 0)
    result = -errno;
  if (result < 0)
    unlink(temporary);
  return result;
}

json_t *hx_provenance_topology(const char *folder)
{
  static const char name[] = "topology.xml";
  char hash[HX_SHA256_TEXT_BYTES] = "";
  char *path = NULL;
  char *temporary = NULL;
  int result = -ENOMEM;
  if (asprintf(&path, "%s/%s", folder, name) < 0)
    path = NULL;
  if (path != NULL && asprintf(&temporary, "%s.new", path) < 0)
    temporary = NULL;
  if (temporary != NULL)
    result = export_topology(path, temporary, hash);
  free(temporary);
  free(path);
  return result == 0 ? json_pack("{s:s, s:s}", "file", name, "sha256", hash)
                     : json_pack("{s:s}", "missing", strerror(-result));
}
