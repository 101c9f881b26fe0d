/* near.h - "did you mean": the names nearest to one that does not exist.
 *
 * Called where a name is refused. No state.
 *
 * Next: text.h */
#pragma once
#ifndef HX_PRIVATE
#error "near.h is private to harness/: include hx.h"
#endif
#include <stddef.h>

/* `names` ends with NULL. Writes ", did you mean a or b?" of those at most a third of whose letters
 * differ (Levenshtein distance), or "" if there is none. */
void hx_near(const char *name, const char *const *names, char *text, size_t text_bytes);
