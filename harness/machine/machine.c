/* machine.c - the machine's facts for run.json: from /proc, /sys, uname, libc and hwloc.
 *
 * Part of provenance.h. A file that is not there (containers, other kernels) gives no key.
 *
 * Next: machine_more.c */
#include <dirent.h>
#include <gnu/libc-version.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "pin.h"
#include "provenance.h"

#define LINE_BYTES 512u

/* The first line of a file without its end; false if it cannot be read or is empty. */
static bool read_line(const char *path, char line[LINE_BYTES])
{
  FILE *file = fopen(path, "re");
  line[0] = '\0';
  if (file == NULL)
    return false;
  if (fgets(line, LINE_BYTES, file) == NULL)
    line[0] = '\0';
  fclose(file);
  line[strcspn(line, "\n")] = '\0';
  return line[0] != '\0';
}

static void add_line(json_t *object, const char *key, const char *path)
{
  char line[LINE_BYTES];
  if (read_line(path, line))
    json_object_set_new(object, key, json_string(line));
}

/* "name<blanks>separator value" of the first line that begins with name. */
static void add_field(json_t *object, const char *key, const char *path, const char *name)
{
  char line[LINE_BYTES];
  const size_t name_bytes = strlen(name);
  FILE *file = fopen(path, "re");
  while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
    if (strncmp(line, name, name_bytes) != 0)
      continue;
    char *value = line + name_bytes;
    value += strspn(value, " \t:=\"");
    value[strcspn(value, "\"\n")] = '\0';
    json_object_set_new(object, key, json_string(value));
    break;
  }
  if (file != NULL)
    fclose(file);
}

static json_t *mitigations(void)
{
  static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
  json_t *object = json_object();
  struct dirent *entry = NULL;
  DIR *dir = opendir(folder);
  while (dir != NULL && (entry = readdir(dir)) != NULL) {
    char path[LINE_BYTES];
    if (entry->d_name[0] == '.')
      continue;
    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
    add_line(object, entry->d_name, path);
  }
  if (dir != NULL)
    closedir(dir);
  return object;
}

static json_t *cpu(void)
{
  static const char cpuinfo[] = "/proc/cpuinfo";
  json_t *object = json_object();
  add_field(object, "model", cpuinfo, "model name");
  add_field(object, "vendor", cpuinfo, "vendor_id");
  add_field(object, "microcode", cpuinfo, "microcode");
  add_line(object, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  add_line(object, "frequency_driver", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver");
  add_line(object, "smt", "/sys/devices/system/cpu/smt/control");
  add_line(object, "no_turbo", "/sys/devices/system/cpu/intel_pstate/no_turbo");
  add_line(object, "boost", "/sys/devices/system/cpu/cpufreq/boost");
  add_line(object, "isolated", "/sys/devices/system/cpu/isolated");
  add_line(object, "nohz_full", "/sys/devices/system/cpu/nohz_full");
  add_line(object, "idle_driver", "/sys/devices/system/cpu/cpuidle/current_driver");
  add_line(object, "idle_governor", "/sys/devices/system/cpu/cpuidle/current_governor_ro");
  json_object_set_new(object, "online", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
  json_object_set_new(object, "mitigations", mitigations());
  return object;
}

static json_t *memory(void)
{
  json_t *object = json_object();
  add_field(object, "total", "/proc/meminfo", "MemTotal");
  add_field(object, "available", "/proc/meminfo", "MemAvailable");
  add_field(object, "swap", "/proc/meminfo", "SwapTotal");
  add_line(object, "transparent_hugepage", "/sys/kernel/mm/transparent_hugepage/enabled");
  add_line(object, "cgroup_limit", "/sys/fs/cgroup/memory.max");
  return object;
}

json_t *hx_provenance_machine(void)
{
  struct utsname name = {0};
  char hwloc[32];
  const unsigned version = hwloc_get_api_version();
  struct hx_pin_counts count;
  json_t *object = json_object();
  hx_pin_machine(&count);
  uname(&name);
  name.nodename[strcspn(name.nodename, ".")] = '\0';
  snprintf(hwloc, sizeof(hwloc), "%u.%u.%u", version >> 16, version >> 8 & 0xffu, version & 0xffu);
  json_object_set_new(object, "host", json_string(name.nodename));
  json_object_set_new(object, "kernel", json_sprintf("%s %s", name.sysname, name.release));
  json_object_set_new(object, "kernel_build", json_string(name.version));
  json_object_set_new(object, "architecture", json_string(name.machine));
  json_object_set_new(object, "libc", json_sprintf("glibc %s", gnu_get_libc_version()));
  json_object_set_new(object, "hwloc_api", json_string(hwloc));
  json_object_set_new(object, "cpu", cpu());
  json_object_set_new(object, "topology",
                      json_pack("{s:i, s:i, s:i, s:i}", "packages", count.packages, "numa_nodes",
                                count.nodes, "cores", count.cores, "threads", count.threads));
  json_object_set_new(object, "memory", memory());
  json_object_set_new(object, "network", hx_provenance_network("/"));
  add_field(object, "system", "/etc/os-release", "PRETTY_NAME");
  add_line(object, "clocksource",
           "/sys/devices/system/clocksource/clocksource0/current_clocksource");
  add_line(object, "cgroup_cpu", "/sys/fs/cgroup/cpu.max");
  add_line(object, "machine_model", "/sys/class/dmi/id/product_name");
  return object;
}

json_t *hx_provenance_load(void)
{
  double load[3] = {-1.0, -1.0, -1.0};
  struct rusage usage = {0};
  json_t *object = json_object();
  if (getloadavg(load, 3) == 3)
    json_object_set_new(object, "load_average", json_pack("[f, f, f]", load[0], load[1], load[2]));
  getrusage(RUSAGE_SELF, &usage);
  json_object_set_new(object, "switches_voluntary", json_integer(usage.ru_nvcsw));
  json_object_set_new(object, "switches_involuntary", json_integer(usage.ru_nivcsw));
  json_object_set_new(object, "faults_major", json_integer(usage.ru_majflt));
  json_object_set_new(object, "resident_kib_max", json_integer(usage.ru_maxrss));
  add_field(object, "clock_mhz", "/proc/cpuinfo", "cpu MHz");
  add_field(object, "memory_available", "/proc/meminfo", "MemAvailable");
  return object;
}
