/* needs.c - see needs.h. Next: cmd_doctor.c */
#include "needs.h"

#include <dlfcn.h>
#include <hwloc.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "nvml.h"
#include "root_file.h"

/* Programs; several names of one are separated by '|', the first that is there counts. */
static const struct {
  const char *names;
  const char *what_for;
  const char *remedy;
} programs[] = {
    {"gnuplot", "figures (grosr report)", "sudo apt-get install gnuplot-nox"},
    {"nvcc|/usr/local/cuda/bin/nvcc", "building the images for a GPU",
     "install the CUDA toolkit 12.8 or newer, put its bin/ into PATH, and run meson setup again"},
    {"meson", "building from source", "sudo apt-get install meson ninja-build"},
    {"cpupower", "setting the governor", "sudo apt-get install linux-cpupower"},
    {"chromium|chromium-browser|google-chrome", "testing the report in a browser",
     "sudo apt-get install chromium"},
    {"sbatch", "grosr run --executor slurm",
     "on a cluster: module load slurm; to try it here: "
     "sudo apt-get install slurm-wlm munge"},
    {"reframe", "running an exported plan (--export reframe)", "pip install reframe-hpc"},
    {"jube|jube-run", "running an exported plan (--export jube)",
     "pip install jube from https://www.fz-juelich.de/jsc/jube"}};

static bool find_in_path(const char *name, size_t name_bytes, const char *path, char *out,
                         size_t out_bytes)
{
  for (const char *at = path; name[0] != '/' && at != NULL && *at != '\0';) {
    const size_t bytes = strcspn(at, ":");
    if (bytes > 0 && /* an empty one is the working folder: not where programs are looked for */
        snprintf(out, out_bytes, "%.*s/%.*s", (int)bytes, at, (int)name_bytes, name) <
            (int)out_bytes &&
        access(out, X_OK) == 0)
      return true;
    at += bytes;
    at += *at == ':';
  }
  snprintf(out, out_bytes, "%.*s", (int)name_bytes, name);
  return name[0] == '/' && access(out, X_OK) == 0;
}

static void look_for_program(struct hx_need *need, const char *names, const char *path)
{
  for (const char *at = names; !need->is_there && *at != '\0';) {
    const size_t bytes = strcspn(at, "|");
    need->is_there = find_in_path(at, bytes, path, need->value, sizeof(need->value));
    at += bytes;
    at += *at == '|';
  }
  snprintf(need->name, sizeof(need->name), "%.*s", (int)strcspn(names, "|"), names);
  if (!need->is_there)
    need->value[0] = '\0';
}

static bool has_library(const char *name)
{
  void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
  if (library != NULL)
    dlclose(library);
  return library != NULL;
}

static size_t look_for_libraries(struct hx_need *needs)
{
  const unsigned version = hwloc_get_api_version();
  struct hx_need *need = needs;
  *need = (struct hx_need){
      "hwloc", "pinning, topology", "sudo apt-get install libhwloc-dev", version >= 0x20100, false,
      ""};
  snprintf(need->value, sizeof(need->value), "API %u.%u", version >> 16, version >> 8 & 0xffu);
  need++;
  *need++ = (struct hx_need){"libcuda.so.1",
                             "running on a GPU",
                             "install the NVIDIA driver (it is not part of the toolkit)",
                             has_library("libcuda.so.1"),
                             true,
                             ""};
  *need++ = (struct hx_need){HX_NVML_LIBRARY,
                             "knowing the GPU's clocks and heat",
                             "install the NVIDIA driver; in containers "
                             "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
                             has_library(HX_NVML_LIBRARY),
                             true,
                             ""};
  return (size_t)(need - needs);
}

/* GROSR locks no memory by itself, but NVIDIA's driver refuses to pin host memory under some
 * containers' limits, and perf needs its own; so both are told, and neither is asked for. */
static size_t look_at_permissions(struct hx_need *needs, const char *root)
{
  struct rlimit limit = {0};
  uint64_t paranoid = 0;
  char line[32];
  struct hx_need *need = needs;
  getrlimit(RLIMIT_MEMLOCK, &limit);
  *need = (struct hx_need){"memlock",
                           "pinning host memory in some containers",
                           "ulimit -l unlimited",
                           limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= 1u << 26,
                           true,
                           ""};
  if (limit.rlim_cur == RLIM_INFINITY)
    snprintf(need->value, sizeof(need->value), "unlimited");
  else
    snprintf(need->value, sizeof(need->value), "%" PRIu64 " KiB", (uint64_t)limit.rlim_cur / 1024u);
  need++;
  if (hx_root_line(root, line, sizeof(line), "proc/sys/kernel/perf_event_paranoid")) {
    const bool is_low =
        line[0] == '-' ||
        (hx_root_u64(root, &paranoid, "proc/sys/kernel/perf_event_paranoid") && paranoid <= 2);
    *need = (struct hx_need){"perf_event_paranoid",
                             "perf stat beside a run (GROSR uses none)",
                             "sudo sysctl kernel.perf_event_paranoid=2",
                             is_low,
                             true,
                             ""};
    snprintf(need->value, sizeof(need->value), "%s", line);
    need++;
  }
  *need = (struct hx_need){
      "root", "the commands above that say sudo", "ask who runs the machine", geteuid() == 0, true,
      ""};
  snprintf(need->value, sizeof(need->value), "%s", geteuid() == 0 ? "yes" : "");
  return (size_t)(need + 1 - needs);
}

size_t hx_needs_look(struct hx_need *needs, const char *root, const char *path)
{
  size_t count = look_for_libraries(needs);
  for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
    needs[count] = (struct hx_need){"", programs[i].what_for, programs[i].remedy, false, true, ""};
    look_for_program(&needs[count++], programs[i].names, path != NULL ? path : "");
  }
  return count + look_at_permissions(needs + count, root);
}
