/* look.c - see look.h; control groups are in look_cgroup.c, JSON in look_json.c.
 * Next: look_cgroup.c */
#include "look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "hx.h"
#include "root_file.h"

#define ADDR_NO_RANDOMIZE 0x0040000u /* of personality(2) */
#define CPU               "sys/devices/system/cpu"

/* Calls of this walk the CPUs of a list one by one; start with *at = the list, *last < *cpu. */
static bool next_cpu(const char **at, unsigned *cpu, unsigned *last)
{
  if (*cpu < *last) {
    (*cpu)++;
    return true;
  }
  return hx_root_next_range(at, cpu, last);
}

static bool list_has(const char *list, unsigned wanted)
{
  unsigned first = 0, last = 0;
  while (hx_root_next_range(&list, &first, &last)) {
    if (wanted >= first && wanted <= last)
      return true;
  }
  return false;
}

static void look_at_cpus(struct hx_look *look, const char *root)
{
  const char *at = look->cpus;
  unsigned cpu = 0, last = 0;
  if (!hx_root_field(root, "proc/self/status", "Cpus_allowed_list", look->cpus, sizeof(look->cpus)))
    return;
  hx_root_line(root, look->isolated, sizeof(look->isolated), CPU "/isolated");
  while (next_cpu(&at, &cpu, &last)) {
    look->cpu_count++;
    look->isolated_count += list_has(look->isolated, cpu);
  }
}

/* All governors of our CPUs, each once, in the order in which they were met. */
static void look_at_governor(struct hx_look *look, const char *root)
{
  const char *at = look->cpus;
  unsigned cpu = 0, last = 0;
  while (next_cpu(&at, &cpu, &last)) {
    char name[24];
    const size_t used = strlen(look->governor);
    if (!hx_root_line(root, name, sizeof(name), CPU "/cpu%u/cpufreq/scaling_governor", cpu) ||
        strstr(look->governor, name) != NULL)
      continue;
    snprintf(look->governor + used, sizeof(look->governor) - used, "%s%s", used > 0 ? "," : "",
             name);
  }
}

static void look_at_turbo(struct hx_look *look, const char *root)
{
  uint64_t value = 0;
  look->turbo = -1;
  if (hx_root_u64(root, &value, CPU "/intel_pstate/no_turbo")) {
    look->turbo = value == 0;
    look->turbo_is_intel = true;
  } else if (hx_root_u64(root, &value, CPU "/cpufreq/boost")) {
    look->turbo = value != 0;
  }
}

static void look_at_settings(struct hx_look *look, const char *root)
{
  char line[128];
  uint64_t value = 0;
  look->smt = hx_root_u64(root, &value, CPU "/smt/active") ? value != 0 : -1;
  if (hx_root_line(root, line, sizeof(line), "sys/kernel/mm/transparent_hugepage/enabled") &&
      strchr(line, '[') != NULL)
    sscanf(strchr(line, '['), "[%15[a-z]", look->hugepages);
  look->aslr = hx_root_u64(root, &value, "proc/sys/kernel/randomize_va_space") ? (int)value : -1;
  look->aslr_off_here = hx_root_line(root, line, sizeof(line), "proc/self/personality") &&
                        (strtoul(line, NULL, 16) & ADDR_NO_RANDOMIZE) != 0;
}

static void look_at_housing(struct hx_look *look, const char *root)
{
  char flags[8192];
  char line[96];
  look->is_virtual = (hx_root_field(root, "proc/cpuinfo", "flags", flags, sizeof(flags)) &&
                      strstr(flags, " hypervisor") != NULL) ||
                     hx_root_line(root, line, sizeof(line), "sys/hypervisor/type");
  if (!hx_root_line(root, look->machine, sizeof(look->machine), "sys/class/dmi/id/product_name"))
    hx_root_line(root, look->machine, sizeof(look->machine), "sys/hypervisor/type");
  if (hx_root_line(root, line, sizeof(line), "run/systemd/container"))
    snprintf(look->container, sizeof(look->container), "%.40s", line);
  else if (hx_root_exists(root, ".dockerenv"))
    strcpy(look->container, "docker");
  else if (hx_root_exists(root, "run/.containerenv"))
    strcpy(look->container, "podman");
}

static void look_at_memory(struct hx_look *look, const char *root)
{
  static const char meminfo[] = "proc/meminfo";
  uint64_t free_kib = 0, in = 0, out = 0;
  char line[128];
  look->memory_kib = look->memory_available_kib = HX_UNSEEN;
  look->swap_kib = look->swap_used_kib = look->swapped_pages = HX_UNSEEN;
  look->memory_stall_us = HX_UNSEEN;
  hx_root_field_u64(root, meminfo, "MemTotal", &look->memory_kib);
  hx_root_field_u64(root, meminfo, "MemAvailable", &look->memory_available_kib);
  if (hx_root_field_u64(root, meminfo, "SwapTotal", &look->swap_kib) &&
      hx_root_field_u64(root, meminfo, "SwapFree", &free_kib))
    look->swap_used_kib = look->swap_kib - free_kib;
  if (hx_root_field_u64(root, "proc/vmstat", "pswpin", &in) &&
      hx_root_field_u64(root, "proc/vmstat", "pswpout", &out))
    look->swapped_pages = in + out;
  if (hx_root_line(root, line, sizeof(line), "proc/pressure/memory") &&
      strstr(line, "total=") != NULL)
    look->memory_stall_us = strtoull(strstr(line, "total=") + strlen("total="), NULL, 10);
}

int hx_look_runnable(const char *root)
{
  char line[128];
  int runnable = 0;
  if (!hx_root_line(root, line, sizeof(line), "proc/loadavg") ||
      sscanf(line, "%*f %*f %*f %d/", &runnable) != 1)
    return -1;
  return runnable > 0 ? runnable - 1 : 0; /* the one that reads this is running */
}

static void look_at_load(struct hx_look *look, const char *root)
{
  char line[128];
  look->load1 = hx_root_line(root, line, sizeof(line), "proc/loadavg") ? atof(line) : -1.0;
  look->runnable_others = hx_look_runnable(root);
}

/* proc/stat, "cpu3 user nice system idle iowait irq softirq steal ...", of our CPUs. */
static void look_at_ticks(struct hx_look *look, const char *root)
{
  char path[HX_ROOT_PATH_BYTES];
  char line[512];
  look->ticks_total = look->ticks_busy = look->ticks_stolen = HX_UNSEEN;
  snprintf(path, sizeof(path), "%s/proc/stat", root);
  FILE *file = fopen(path, "re");
  while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
    unsigned cpu = 0;
    unsigned long long t[8] = {0};
    if (sscanf(line, "cpu%u %llu %llu %llu %llu %llu %llu %llu %llu", &cpu, &t[0], &t[1], &t[2],
               &t[3], &t[4], &t[5], &t[6], &t[7]) != 9 ||
        !list_has(look->cpus, cpu))
      continue;
    if (look->ticks_total == HX_UNSEEN)
      look->ticks_total = look->ticks_busy = look->ticks_stolen = 0;
    const uint64_t busy = t[0] + t[1] + t[2] + t[5] + t[6];
    look->ticks_busy += busy;
    look->ticks_stolen += t[7];
    look->ticks_total += busy + t[3] + t[4] + t[7];
  }
  if (file != NULL)
    fclose(file);
}

static void look_at_ourselves(struct hx_look *look, const char *root)
{
  struct rusage self = {0}, children = {0};
  char line[1024];
  unsigned long long own[4] = {0};
  look->ticks_own = HX_UNSEEN;
  /* The name may have blanks and parentheses in it: fields are counted from the last ')'. */
  if (hx_root_line(root, line, sizeof(line), "proc/self/stat") && strrchr(line, ')') != NULL &&
      sscanf(strrchr(line, ')'),
             ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu", &own[0], &own[1],
             &own[2], &own[3]) == 4)
    look->ticks_own = own[0] + own[1] + own[2] + own[3];
  getrusage(RUSAGE_SELF, &self);
  getrusage(RUSAGE_CHILDREN, &children);
  look->switches_forced = (uint64_t)self.ru_nivcsw + (uint64_t)children.ru_nivcsw;
}

static void look_at_heat(struct hx_look *look, const char *root)
{
  const char *at = look->cpus;
  unsigned cpu = 0, last = 0;
  look->throttle_events = HX_UNSEEN;
  while (next_cpu(&at, &cpu, &last)) {
    static const char *const counter[] = {"core", "package"};
    for (unsigned i = 0; i < 2; i++) {
      uint64_t count = 0;
      if (!hx_root_u64(root, &count, CPU "/cpu%u/thermal_throttle/%s_throttle_count", cpu,
                       counter[i]))
        continue;
      look->throttle_events = look->throttle_events == HX_UNSEEN ? 0 : look->throttle_events;
      look->throttle_events += count;
    }
  }
}

void hx_look_take(struct hx_look *look, const char *root)
{
  *look = (struct hx_look){0};
  look_at_cpus(look, root);
  look_at_governor(look, root);
  look_at_turbo(look, root);
  look_at_settings(look, root);
  look_at_housing(look, root);
  hx_look_cgroup(&look->cgroup, root);
  look_at_memory(look, root);
  look_at_load(look, root);
  look_at_heat(look, root);
  look_at_ourselves(look, root); /* these last: counters that belong to one moment */
  look_at_ticks(look, root);
  look->time_ns = hx_now_ns();
}
