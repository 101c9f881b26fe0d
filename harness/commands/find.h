/* find.h - which experiment binaries there are: exp<N>_<name>, executable, in one folder. Beside
 * it lies exp<N>_<name>-sim, which is the same experiment on device sim, not one of its own.
 *
 * The folder is $GROSR_EXPERIMENTS_DIR if set; else, seen from where `grosr` itself lies, the first
 * of ../experiments (build tree), ../libexec/grosr (installed, bundle) that is there.
 *
 * Called by main.c. Next: child.h */
#pragma once
#ifndef HX_PRIVATE
#error "find.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

#include "text.h"

struct hx_found {
  char *folder;
  char **name; /* sorted by number, then name */
  size_t count;
};

int hx_find_all(struct hx_found *found, struct hx_why *why);
int hx_find_in(struct hx_found *found, const char *folder, struct hx_why *why); /* only there */
void hx_find_fini(struct hx_found *found);

/* The path of its binary for --device, allocated: of <name>-sim for sim, else of <name>; NULL and a
 * sentence. */
char *hx_find_binary(const struct hx_found *found, size_t index, const char *device,
                     struct hx_why *why);

/* "exp1", "1" or "exp1_launch_latency" to an index, or negative errno and a sentence. */
int hx_find_one(const struct hx_found *found, const char *wish, struct hx_why *why);
