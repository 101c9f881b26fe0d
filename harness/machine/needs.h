/* needs.h - the programs, libraries and permissions that GROSR can use: there or not, and what for.
 *
 * Looks at $PATH, asks the dynamic loader, reads limits; starts nothing and changes nothing.
 * Called by cmd_doctor.c. Next: needs.c */
#pragma once
#ifndef HX_PRIVATE
#error "needs.h is private to harness/: include hx.h"
#endif
#include <stdbool.h>
#include <stddef.h>

#define HX_NEEDS_MAX 24u

struct hx_need {
  char name[24];
  const char *what_for;
  const char *remedy; /* if it is missing */
  bool is_there;
  bool is_optional; /* only for what `what_for` says */
  char value[160];  /* where, or which version */
};

/* Fills at most HX_NEEDS_MAX; how many. `path` is $PATH; tests give their own. */
size_t hx_needs_look(struct hx_need *needs, const char *root, const char *path);
