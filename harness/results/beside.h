/* beside.h - where files that belong to the program lie: results/paper, plots/plot.
 *
 * Looked for, seen from the program itself: the root of the build tree's source or of a bundle
 * (../..), ../../.. (a build folder one deeper), ../share/grosr (installed); then the working
 * folder. Called by cmd_claims.c and cmd_report.c. No state.
 *
 * Next: cmd_report.c */
#pragma once
#ifndef HX_PRIVATE
#error "beside.h is private to harness/: include hx.h"
#endif
#include <stdbool.h>
#include <stddef.h>

/* Writes the path of `name` ("plots/plot"). False: it is nowhere, and path is "". */
bool hx_beside(const char *name, char *path, size_t path_bytes);
