/* cmd_list.c - `grosr list`: the experiments, their variants and factors. Next: list.c */
#include <stdio.h>

#include "cmd.h"
#include "find.h"
#include "hx.h"
#include "list.h"

int hx_cmd_list(int argc, char **argv)
{
  struct hx_found found;
  struct hx_why why;
  int code = HX_EXIT_OK;
  if (argc > 1) {
    fprintf(stderr, "%s: list takes nothing more; see `grosr --help`\n", argv[0]);
    return HX_EXIT_USAGE;
  }
  if (hx_find_all(&found, &why) < 0) {
    fprintf(stderr, "grosr: %s\n", why.text);
    return HX_EXIT_USAGE;
  }
  for (size_t i = 0; i < found.count; i++) {
    if (hx_list_one(found.folder, found.name[i]) < 0) {
      fprintf(stderr, "grosr: %s does not describe itself; build it again\n", found.name[i]);
      code = HX_EXIT_HARNESS;
    }
  }
  hx_find_fini(&found);
  return code;
}
