/* cmd_plan.c - `grosr plan EXP...`: every point that `grosr run` with the same arguments would
 * measure, in its order, with its id and how long it may take; nothing is run and nothing made.
 *
 * It is `grosr run --dry-run` under a name of its own: the experiments themselves expand their
 * tables (describe.c).
 *
 * Next: cmd_run.c */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "hx.h"

int hx_cmd_plan(int argc, char **argv)
{
  static char dry_run[] = "--dry-run";
  char **more = calloc((size_t)argc + 2, sizeof(*more));
  if (more == NULL)
    return HX_EXIT_HARNESS;
  memcpy(more, argv, (size_t)argc * sizeof(*more));
  more[argc] = dry_run;
  const int code = hx_cmd_run(argc + 1, more);
  free(more);
  return code;
}
