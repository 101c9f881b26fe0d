/* nearest.h - the names that are nearest to one that was mistyped, for the sentence that refuses.
 *
 * Distance is the number of letters to insert, drop or change (Levenshtein). A name that holds the
 * wish, or is held by it, counts as near. At most HX_NEAREST_MOST names, nearest first.
 *
 * Called by whatever takes names from people. No state.
 *
 * Next: text.h */
#pragma once
#ifndef HX_PRIVATE
#error "nearest.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

#define HX_NEAREST_MOST 4u

/* Writes the nearest names, separated by ", ", or "" if none is near. */
void hx_nearest(const char *wish, const char *const *name, size_t count, char *text,
                size_t text_bytes);

/* The same for the files of a folder. */
void hx_nearest_files(const char *wish, const char *folder, char *text, size_t text_bytes);
