/* near.c - see near.h. Next: text.c */
#include "near.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 63u

static size_t least(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* Wagner and Fischer, one row at a time. */
static size_t distance(const char *a, const char *b)
{
  size_t row[NAME_MAX_BYTES + 1];
  const size_t bytes = least(strlen(b), NAME_MAX_BYTES);
  for (size_t k = 0; k <= bytes; k++)
    row[k] = k;
  for (size_t i = 0; a[i] != '\0'; i++) {
    size_t corner = row[0];
    row[0] = i + 1;
    for (size_t k = 1; k <= bytes; k++) {
      const size_t same = corner + (a[i] == b[k - 1] ? 0 : 1);
      corner = row[k];
      row[k] = least(same, least(row[k], row[k - 1]) + 1);
    }
  }
  return row[bytes];
}

void hx_near(const char *name, const char *const *names, char *text, size_t text_bytes)
{
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; names[i] != NULL && used < text_bytes; i++) {
    const size_t bytes = strlen(name);
    const bool begins = bytes >= 2 && strncmp(names[i], name, bytes) == 0;
    if (begins || distance(name, names[i]) * 3 <= least(bytes, strlen(names[i])) + 2)
      used += (size_t)snprintf(text + used, text_bytes - used, "%s%s",
                               used == 0 ? ", did you mean " : " or ", names[i]);
  }
  if (used > 0 && used < text_bytes)
    snprintf(text + used, text_bytes - used, "?");
}
