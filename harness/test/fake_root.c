/* fake_root.c - see fake_root.h. Next: test_environment.c */
#include "fake_root.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CPU "sys/devices/system/cpu"

void fake_root_write(const struct fake_root *root, const char *path, const char *format, ...)
{
  char full[512];
  va_list arguments;
  snprintf(full, sizeof(full), "%s/%s", root->path, path);
  for (char *slash = strchr(full + strlen(root->path) + 1, '/'); slash != NULL;
       slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(full, 0777);
    *slash = '/';
  }
  FILE *file = fopen(full, "w");
  cr_assert_not_null(file, "%s", full);
  va_start(arguments, format);
  vfprintf(file, format, arguments);
  va_end(arguments);
  fclose(file);
}

void fake_root_remove(const struct fake_root *root, const char *path)
{
  char full[512];
  snprintf(full, sizeof(full), "%s/%s", root->path, path);
  cr_assert_eq(unlink(full), 0, "%s", full);
}

void fake_root_ticks(const struct fake_root *root, unsigned busy, unsigned idle, unsigned steal,
                     unsigned own)
{
  char text[1024];
  int used = snprintf(text, sizeof(text), "cpu  1 2 3 4 5 6 7 8 0 0\n");
  for (unsigned i = 0; i < 4; i++)
    used += snprintf(text + used, sizeof(text) - (size_t)used, "cpu%u %u 0 0 %u 0 0 0 %u 0 0\n", i,
                     busy, idle, steal);
  fake_root_write(root, "proc/stat", "%s", text);
  fake_root_write(root, "proc/self/stat",
                  "7 (a) b) c) R 1 1 1 0 -1 4194304 99 0 0 0 %u 0 0 0 20 0 1 0 100 1 1 1\n", own);
}

void fake_root_open(struct fake_root *root)
{
  const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
  snprintf(root->path, sizeof(root->path), "%.40s/fake_root_XXXXXX", base);
  cr_assert_not_null(mkdtemp(root->path));
  fake_root_write(root, "proc/self/status",
                  "Name:\tx\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n");
  fake_root_write(root, "proc/cpuinfo",
                  "processor\t: 0\nflags\t\t: fpu constant_tsc nonstop_tsc\n");
  fake_root_write(root, "proc/loadavg", "0.10 0.20 0.30 1/100 1234\n");
  fake_root_write(root, "proc/meminfo",
                  "MemTotal: 16000000 kB\nMemAvailable: 15000000 kB\nSwapTotal: 1000 kB\n"
                  "SwapFree: 900 kB\n");
  fake_root_write(root, "proc/vmstat", "nr_free_pages 1\npswpin 10\npswpout 20\n");
  fake_root_write(root, "proc/pressure/memory",
                  "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n");
  fake_root_write(root, "proc/sys/kernel/randomize_va_space", "2\n");
  fake_root_write(root, "proc/self/personality", "00000000\n");
  fake_root_write(root, "proc/self/cgroup", "0::/user.slice/job\n");
  fake_root_write(root, CPU "/isolated", "2-3\n");
  fake_root_write(root, CPU "/smt/active", "0\n");
  fake_root_write(root, CPU "/intel_pstate/no_turbo", "1\n");
  for (unsigned i = 0; i < 4; i++) {
    char path[96];
    snprintf(path, sizeof(path), CPU "/cpu%u/cpufreq/scaling_governor", i);
    fake_root_write(root, path, "performance\n");
    snprintf(path, sizeof(path), CPU "/cpu%u/thermal_throttle/core_throttle_count", i);
    fake_root_write(root, path, "5\n");
  }
  fake_root_write(root, "sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  fake_root_write(root, "sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  fake_root_write(root, "sys/fs/cgroup/user.slice/job/cpu.max", "max 100000\n");
  fake_root_write(root, "sys/fs/cgroup/user.slice/job/cpu.stat",
                  "usage_usec 1\nnr_throttled 0\nthrottled_usec 0\n");
  fake_root_write(root, "sys/class/dmi/id/product_name", "Fake 9000\n");
  fake_root_ticks(root, 100, 1000, 0, 50);
}

static int remove_one(const char *path, const struct stat *state, int type, struct FTW *ftw)
{
  (void)state;
  (void)type;
  (void)ftw;
  return remove(path);
}

void fake_root_close(struct fake_root *root)
{
  nftw(root->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
