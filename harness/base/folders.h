/* folders.h - the experiments' folders of a run: the one that is named, or those just below it.
 *
 * Called by the commands that read runs. No state.
 *
 * Next: folder.h */
#pragma once
#ifndef HX_PRIVATE
#error "folders.h is private to harness/: include hx.h"
#endif
#include "text.h"

struct hx_folders {
  char **path; /* sorted by name */
  size_t count;
};

/* Folders that hold `file`. 0; -ENOENT and a sentence: there is none. */
int hx_folders_find(const char *path, const char *file, struct hx_folders *out, struct hx_why *why);
void hx_folders_fini(struct hx_folders *folders);
