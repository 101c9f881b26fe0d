/* cmd.h - the commands of `grosr` that have a file of their own, cmd_<name>.c.
 *
 * Each is called once by main.c with its own arguments, argv[0] being "grosr <name>", and returns
 * the exit status. Next: cmd_compare.c */
#pragma once
#ifndef HX_PRIVATE
#error "cmd.h is private to harness/: include hx.h"
#endif

int hx_cmd_compare(int argc, char **argv);
int hx_cmd_duel(int argc, char **argv);
int hx_cmd_calibrate(int argc, char **argv);

/* "5" or "5%" to 0.05, above 0 and up to 10. 0 or -EINVAL. */
int hx_cmd_percent(const char *text, double *out);
