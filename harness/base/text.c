/* text.c - see text.h. No state; every function may be called from any thread. Next: args.c */
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HX_HOURS_MAX 1000u /* a run that asks for more has a typing error in it */

int hx_refuse(struct hx_why *why, int error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(why->text, sizeof(why->text), format, arguments);
  va_end(arguments);
  return error;
}

bool hx_text_lists(const char *list, const char *name)
{
  const size_t bytes = strlen(name);
  const char *at = list;
  while (at != NULL && *at != '\0') {
    const size_t item_bytes = strcspn(at, ",");
    if (item_bytes == bytes && strncmp(at, name, bytes) == 0)
      return true;
    at += item_bytes;
    at += *at == ',';
  }
  return false;
}

int hx_text_split(const char *text, char separator, struct hx_text_list *out)
{
  struct hx_text_list list = {0};
  size_t items_max = 1;
  for (const char *at = text; *at != '\0'; at++)
    items_max += *at == separator;

  list.storage = strdup(text);
  list.item = calloc(items_max, sizeof(*list.item));
  if (list.storage == NULL || list.item == NULL) {
    hx_text_list_fini(&list);
    return -ENOMEM;
  }
  char *rest = text[0] == '\0' ? NULL : list.storage;
  while (rest != NULL) {
    char *item = rest;
    rest = strchr(item, separator);
    if (rest != NULL)
      *rest++ = '\0';
    if (*item == '\0') {
      hx_text_list_fini(&list);
      return -EINVAL;
    }
    list.item[list.count++] = item;
  }
  *out = list;
  return 0;
}

void hx_text_list_fini(struct hx_text_list *list)
{
  free(list->item);
  free(list->storage);
  *list = (struct hx_text_list){0};
}

/* Reads decimal digits at *at and moves it behind them. */
static int parse_digits(const char **at, uint64_t *out)
{
  uint64_t value = 0;
  if (**at < '0' || **at > '9')
    return -EINVAL;
  while (**at >= '0' && **at <= '9') {
    if (__builtin_mul_overflow(value, 10u, &value) ||
        __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
      return -ERANGE;
    (*at)++;
  }
  *out = value;
  return 0;
}

int hx_text_parse_u64(const char *text, uint64_t *out)
{
  const char *at = text;
  uint64_t value = 0;
  uint64_t exponent = 0;
  int result = parse_digits(&at, &value);
  if (result == 0 && *at == 'e') {
    at++;
    result = parse_digits(&at, &exponent);
  }
  if (result < 0)
    return result;
  if (*at != '\0')
    return -EINVAL;
  for (; exponent > 0 && value != 0; exponent--) {
    if (__builtin_mul_overflow(value, 10u, &value))
      return -ERANGE;
  }
  *out = value;
  return 0;
}

int hx_text_parse_duration_ns(const char *text, uint64_t *out)
{
  const char *at = text;
  uint64_t value = 0;
  uint64_t seconds_each = 1;
  if (parse_digits(&at, &value) < 0)
    return -EINVAL;
  if (*at == 'm' || *at == 'h')
    seconds_each = *at == 'm' ? 60 : 3600;
  if (*at == 's' || *at == 'm' || *at == 'h')
    at++;
  if (*at != '\0' || value > HX_HOURS_MAX * 3600u / seconds_each)
    return -EINVAL;
  *out = value * seconds_each * 1000000000u;
  return 0;
}

bool hx_text_is_name(const char *text)
{
  if (text[0] < 'a' || text[0] > 'z')
    return false;
  return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

void hx_text_make_plain(char *text)
{
  for (char *at = text; *at != '\0'; at++) {
    if (*at == '\n' || *at == '\r' || *at == '\t')
      *at = ' ';
    else if (*at < ' ' || *at > '~')
      *at = '?';
  }
}
