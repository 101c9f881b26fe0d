/* cmd_sim.c - `grosr sim`: the simulator, a program of its own (runtime/sim/main.c). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "hx.h"

/* Becomes grosr-sim, which lies beside this program or in the build tree. */
int hx_cmd_sim(int argc, char **argv)
{
  static const char *const beside[] = {"/grosr-sim", "/../runtime/sim/grosr-sim"};
  char path[4096];
  (void)argc;
  for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
    const ssize_t bytes = readlink("/proc/self/exe", path, sizeof(path) - 64);
    if (bytes <= 0)
      break;
    path[bytes] = '\0';
    char *slash = strrchr(path, '/');
    strcpy(slash != NULL ? slash : path, beside[i]);
    execv(path, argv);
  }
  fprintf(stderr, "grosr: there is no grosr-sim beside this program; build it (a build with "
                  "ThreadSanitizer has none)\n");
  return HX_EXIT_HARNESS;
}
