/* provenance.c - see provenance.h; the machine's facts are in machine.c. Next: machine.c */
#include "provenance.h"

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hx.h"
#include "hx_build.h"
#include "pin.h"
#include "sha256.h"
#include "timer.h"

extern char **environ;

int hx_provenance_check_build(const char *optimization, const char *sanitize, struct hx_why *why)
{
  if (strcmp(optimization, "0") == 0 || strcmp(optimization, "g") == 0 ||
      strcmp(optimization, "plain") == 0)
    return hx_refuse(why, -EPERM,
                     "this build is not optimised (optimization=%s); configure one "
                     "with `meson setup --buildtype=debugoptimized` and run that",
                     optimization);
  if (strcmp(sanitize, "none") != 0 && sanitize[0] != '\0')
    return hx_refuse(why, -EPERM,
                     "this build has the sanitizer %s; configure one with "
                     "`meson setup -Db_sanitize=none` and run that",
                     sanitize);
  return 0;
}

int hx_provenance_check_this_build(struct hx_why *why)
{
  return hx_provenance_check_build(HX_BUILD_OPTIMIZATION, HX_BUILD_SANITIZE, why);
}

/* Hashes the shared libraries of this project that the binary has loaded; others are the system's
 * and are named by version elsewhere. */
static int add_library(struct dl_phdr_info *info, size_t bytes, void *context)
{
  char hash[HX_SHA256_TEXT_BYTES];
  const char *slash = strrchr(info->dlpi_name, '/');
  const char *name = slash != NULL ? slash + 1 : info->dlpi_name;
  (void)bytes;
  if (strncmp(name, "libgrosr", 8) == 0 && hx_sha256_file(info->dlpi_name, hash) == 0)
    json_object_set_new(context, name, json_string(hash));
  return 0;
}

static json_t *git(void)
{
  static const char suffix[] = "-dirty";
  const size_t bytes = strlen(hx_git_describe);
  const size_t suffix_bytes = sizeof(suffix) - 1;
  const bool dirty =
      bytes > suffix_bytes && strcmp(hx_git_describe + bytes - suffix_bytes, suffix) == 0;
  if (strcmp(hx_git_describe, "unknown") == 0)
    return json_pack("{s:n, s:n}", "sha", "dirty");
  return json_pack("{s:s%, s:b}", "sha", hx_git_describe, dirty ? bytes - suffix_bytes : bytes,
                   "dirty", (int)dirty);
}

json_t *hx_provenance_build(void)
{
  char hash[HX_SHA256_TEXT_BYTES] = "";
  json_t *libraries = json_object();
  hx_sha256_file("/proc/self/exe", hash);
  dl_iterate_phdr(add_library, libraries);
  return json_pack(
      "{s:s, s:o, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o?}",
      "version", HX_BUILD_VERSION, "git", git(), "binary_sha256", hash, "libraries", libraries,
      "compiler", HX_BUILD_COMPILER, "compiler_says", __VERSION__, "linker", HX_BUILD_LINKER,
      "buildtype", HX_BUILD_TYPE, "optimization", HX_BUILD_OPTIMIZATION, "sanitize",
      HX_BUILD_SANITIZE, "ndebug", HX_BUILD_NDEBUG, "lto", HX_BUILD_LTO, "c_args", HX_BUILD_C_ARGS,
      "link_args", HX_BUILD_LINK_ARGS, "host", HX_BUILD_HOST, "meson_options",
      json_loads(HX_BUILD_OPTIONS, 0, NULL));
}

/* OMP_NUM_THREADS and its like change results; a name with one of these words holds a path. */
static bool is_wanted(const char *variable)
{
  static const char *const prefix[] = {"GROSR_", "OMP_",    "GOMP_",  "KMP_",
                                       "CUDA_",  "NVIDIA_", "POCL_",  "OCL_",
                                       "HWLOC_", "MALLOC_", "GLIBC_", "SLURM_CPU"};
  static const char *const path[] = {"PATH", "DIR", "HOME", "FILE", "CACHE"};
  const size_t name_bytes = strcspn(variable, "=");
  bool wanted = false;
  for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++)
    wanted = wanted || strncmp(variable, prefix[i], strlen(prefix[i])) == 0;
  for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++)
    wanted = wanted && memmem(variable, name_bytes, path[i], strlen(path[i])) == NULL;
  return wanted;
}

/* An argument without the folders of --out=, which are this machine's affair, as argv[0]'s are. */
static json_t *argument(const char *text, const char *before)
{
  const bool is_whole = strncmp(text, "--out=", 6) == 0;
  const char *slash = strrchr(text, '/');
  while (slash != NULL && slash > text && slash[1] == '\0') /* "dir/" is "dir" */
    slash = memrchr(text, '/', (size_t)(slash - text));
  if (slash == NULL || (!is_whole && before != NULL && strcmp(before, "--out") != 0))
    return json_string(text);
  return json_sprintf("%s%s", is_whole ? "--out=" : "", slash + 1);
}

json_t *hx_provenance_process(int argc, char **argv)
{
  json_t *command = json_array();
  json_t *environment = json_object();
  char cpus[256];
  for (int i = 0; i < argc; i++)
    json_array_append_new(command, argument(argv[i], i > 0 ? argv[i - 1] : NULL));
  for (char **at = environ; *at != NULL; at++) {
    const size_t name_bytes = strcspn(*at, "=");
    char name[64];
    if (!is_wanted(*at) || (*at)[name_bytes] != '=' || name_bytes >= sizeof(name))
      continue;
    snprintf(name, sizeof(name), "%.*s", (int)name_bytes, *at);
    json_object_set_new(environment, name, json_string(*at + name_bytes + 1));
  }
  hx_pin_allowed_text(cpus, sizeof(cpus));
  return json_pack("{s:o, s:o, s:s, s:i, s:b}", "command", command, "environment", environment,
                   "allowed_cpus", cpus, "allowed_cores", (int)hx_core_count(), "ld_preload",
                   (int)(getenv("LD_PRELOAD") != NULL));
}

json_t *hx_provenance_clock(void)
{
  const int cpu[2] = {hx_pin_core_cpu(0), hx_pin_core_cpu(1)};
  struct hx_timer timer;
  hx_timer_calibrate(&timer, hx_now_ns, cpu);
  return hx_timer_json(&timer, "/");
}
