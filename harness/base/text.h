/* text.h - small text helpers of the harness: refusals, lists, whole numbers.
 *
 * A refusal is one sentence that says what is wrong and what to do. Library code never prints: it
 * writes the sentence into a struct hx_why and returns a negative errno; hx_main.c and main.c
 * print.
 *
 * Next: args.h */
#pragma once
#ifndef HX_PRIVATE
#error "text.h is private to harness/: include hx.h"
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HX_WHY_BYTES 640u /* a sentence with a list of names in it; longer ones are cut */

struct hx_why {
  char text[HX_WHY_BYTES];
};

/* Writes the sentence and returns `error`, so that a caller can `return hx_refuse(...)`. */
int hx_refuse(struct hx_why *why, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Is `name` one of the items of a list separated by commas? */
bool hx_text_lists(const char *list, const char *name);

/* A list cut into its items: `item[i]` points into `storage`. Released by hx_text_list_fini(). */
struct hx_text_list {
  char *storage;
  char **item;
  size_t count;
};

/* 0, -ENOMEM, or -EINVAL for an empty item. An empty text gives no item. */
int hx_text_split(const char *text, char separator, struct hx_text_list *out);
void hx_text_list_fini(struct hx_text_list *list);

/* Digits, or digits 'e' digits ("1e6"). 0, -EINVAL, or -ERANGE beyond 64 bits. */
int hx_text_parse_u64(const char *text, uint64_t *out);

/* "90", "90s", "8m", "2h" to nanoseconds, at most 1000 hours. 0 or -EINVAL. */
int hx_text_parse_duration_ns(const char *text, uint64_t *out);

/* A name as the tables have them: lower-case letters, digits, '_', starting with a letter. */
bool hx_text_is_name(const char *text);

/* Makes any text one line of printable ASCII in place, so that CSV and JSON both take it. */
void hx_text_make_plain(char *text);
