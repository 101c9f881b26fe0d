/* nearest.c - see nearest.h. Next: text.h */
#include "nearest.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 63u /* longer names are compared by their beginning */

static size_t least(size_t a, size_t b)
{
  return a < b ? a : b;
}

static size_t distance(const char *a, const char *b)
{
  size_t row[NAME_BYTES_MAX + 1];
  const size_t a_bytes = least(strlen(a), NAME_BYTES_MAX);
  const size_t b_bytes = least(strlen(b), NAME_BYTES_MAX);
  if (strstr(a, b) != NULL || strstr(b, a) != NULL)
    return 1;
  for (size_t k = 0; k <= b_bytes; k++)
    row[k] = k;
  for (size_t i = 1; i <= a_bytes; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t k = 1; k <= b_bytes; k++) {
      const size_t changed = diagonal + (a[i - 1] != b[k - 1]);
      diagonal = row[k];
      row[k] = least(changed, least(row[k], row[k - 1]) + 1);
    }
  }
  return row[b_bytes];
}

void hx_nearest(const char *wish, const char *const *name, size_t count, char *text,
                size_t text_bytes)
{
  const size_t far = strlen(wish) / 2 + 2; /* half of it may be wrong */
  size_t written = 0;
  size_t said = 0;
  text[0] = '\0';
  for (size_t near = 0; near < far && said < HX_NEAREST_MOST && wish[0] != '\0'; near++) {
    for (size_t i = 0; i < count && said < HX_NEAREST_MOST; i++) {
      if (name[i][0] == '\0' || distance(wish, name[i]) != near || written >= text_bytes)
        continue;
      written += (size_t)snprintf(text + written, text_bytes - written, "%s%s",
                                  said > 0 ? ", " : "", name[i]);
      said++;
    }
  }
}

static int is_shown(const struct dirent *entry)
{
  return entry->d_name[0] != '.';
}

void hx_nearest_files(const char *wish, const char *folder, char *text, size_t text_bytes)
{
  struct dirent **entry = NULL;
  text[0] = '\0';
  const int count = scandir(folder, &entry, is_shown, alphasort);
  if (count < 0)
    return;
  const char **name = calloc((size_t)count + 1, sizeof(*name));
  for (int i = 0; i < count && name != NULL; i++)
    name[i] = entry[i]->d_name;
  if (name != NULL)
    hx_nearest(wish, name, (size_t)count, text, text_bytes);
  for (int i = 0; i < count; i++)
    free(entry[i]);
  free(entry);
  free(name);
}
