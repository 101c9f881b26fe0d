/* cmd.h - the commands of `grosr`, a file each: harness/commands/cmd_<name>.c.
 *
 * argv[0] is "grosr NAME"; the answer is the exit status. Each parses its own options by argp and
 * answers --help. A new command: its function here, its line in main.c, its file in ../meson.build.
 *
 * Next: cmd_run.c */
#pragma once
#ifndef HX_PRIVATE
#error "cmd.h is private to harness/: include hx.h"
#endif

int hx_cmd_run(int argc, char **argv);
int hx_cmd_plan(int argc, char **argv);
int hx_cmd_list(int argc, char **argv);
int hx_cmd_merge(int argc, char **argv);
int hx_cmd_verify(int argc, char **argv);
int hx_cmd_compare(int argc, char **argv);
int hx_cmd_duel(int argc, char **argv);
int hx_cmd_calibrate(int argc, char **argv);
/* 0: every claim that can be tested is held; 1: some is not; 2: refused; 4: the harness failed. */
int hx_cmd_claims(int argc, char **argv);
int hx_cmd_report(int argc, char **argv);
int hx_cmd_doctor(int argc, char **argv);
int hx_cmd_sim(int argc, char **argv);
int hx_cmd_trace(int argc, char **argv);
int hx_cmd_top(int argc, char **argv);

/* "5" or "5%" to 0.05, above 0 and up to 10. 0 or -EINVAL. */
int hx_cmd_percent(const char *text, double *out);
