/* cmd_claims.h - the commands `grosr claims` and `grosr report`, as main.c's table has them.
 *
 * Each prints for people and returns the exit status. Next: cmd_claims.c, cmd_report.c */
#pragma once
#ifndef HX_PRIVATE
#error "cmd_claims.h is private to harness/: include hx.h"
#endif

/* 0: every claim that can be tested is held; 1: some is not; 2: refused; 4: the harness failed. */
int hx_cmd_claims(int argc, char **argv);

/* 0: written; 2: refused; 4: the harness failed. */
int hx_cmd_report(int argc, char **argv);
