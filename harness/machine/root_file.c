/* root_file.c - see root_file.h. Next: look.c */
#include "root_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool path_of(const char *root, char path[HX_ROOT_PATH_BYTES], const char *format,
                    va_list arguments)
{
  const int root_bytes = snprintf(path, HX_ROOT_PATH_BYTES, "%s/", root);
  if (root_bytes < 0 || (size_t)root_bytes >= HX_ROOT_PATH_BYTES)
    return false;
  const size_t left = HX_ROOT_PATH_BYTES - (size_t)root_bytes;
  const int bytes = vsnprintf(path + root_bytes, left, format, arguments);
  return bytes >= 0 && (size_t)bytes < left;
}

static bool read_line(const char *path, char *line, size_t line_bytes)
{
  FILE *file = fopen(path, "re");
  line[0] = '\0';
  if (file == NULL)
    return false;
  if (fgets(line, (int)line_bytes, file) == NULL)
    line[0] = '\0';
  fclose(file);
  line[strcspn(line, "\n")] = '\0';
  return line[0] != '\0';
}

bool hx_root_line(const char *root, char *line, size_t line_bytes, const char *format, ...)
{
  char path[HX_ROOT_PATH_BYTES];
  va_list arguments;
  va_start(arguments, format);
  const bool fits = path_of(root, path, format, arguments);
  va_end(arguments);
  line[0] = '\0';
  return fits && read_line(path, line, line_bytes);
}

/* Decimal digits, then nothing or a blank. */
static bool parse(const char *text, uint64_t *value)
{
  char *end = NULL;
  if (text[0] < '0' || text[0] > '9')
    return false;
  *value = strtoull(text, &end, 10);
  return *end == '\0' || *end == ' ' || *end == '\t';
}

bool hx_root_u64(const char *root, uint64_t *value, const char *format, ...)
{
  char path[HX_ROOT_PATH_BYTES];
  char line[64];
  va_list arguments;
  va_start(arguments, format);
  const bool fits = path_of(root, path, format, arguments);
  va_end(arguments);
  return fits && read_line(path, line, sizeof(line)) && parse(line, value);
}

bool hx_root_field(const char *root, const char *path, const char *name, char *value,
                   size_t value_bytes)
{
  char full[HX_ROOT_PATH_BYTES];
  char *line = NULL;
  size_t capacity = 0;
  const size_t name_bytes = strlen(name);
  value[0] = '\0';
  snprintf(full, sizeof(full), "%s/%s", root, path);
  FILE *file = fopen(full, "re");
  while (file != NULL && getline(&line, &capacity, file) > 0) {
    const char *rest = line + name_bytes;
    if (strncmp(line, name, name_bytes) != 0 || strchr(" \t:=", rest[0]) == NULL)
      continue;
    rest += strspn(rest, " \t:=\"");
    snprintf(value, value_bytes, "%.*s", (int)strcspn(rest, "\"\n"), rest);
    break;
  }
  free(line);
  if (file != NULL)
    fclose(file);
  return value[0] != '\0';
}

bool hx_root_field_u64(const char *root, const char *path, const char *name, uint64_t *value)
{
  char text[64];
  return hx_root_field(root, path, name, text, sizeof(text)) && parse(text, value);
}

bool hx_root_exists(const char *root, const char *format, ...)
{
  char path[HX_ROOT_PATH_BYTES];
  va_list arguments;
  va_start(arguments, format);
  const bool fits = path_of(root, path, format, arguments);
  va_end(arguments);
  return fits && access(path, F_OK) == 0;
}

bool hx_root_next_range(const char **at, unsigned *first, unsigned *last)
{
  char *end = NULL;
  while (**at == ',' || **at == ' ')
    (*at)++;
  if (**at < '0' || **at > '9')
    return false;
  *first = (unsigned)strtoul(*at, &end, 10);
  *last = *first;
  if (*end == '-')
    *last = (unsigned)strtoul(end + 1, &end, 10);
  *at = end;
  return *last >= *first;
}
