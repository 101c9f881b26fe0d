/* root_file.h - reading the small files of /proc and /sys, below a root that a test may replace.
 *
 * `root` is "/" but in tests, where it is a folder with fake proc/ and sys/; paths are written
 * without the first slash. A file that is not there, cannot be read or is empty gives false and an
 * empty text: what cannot be seen is missing, never zero.
 *
 * Called by look.c, timer.c, machine_more.c and cmd_doctor.c. No state.
 *
 * Next: look.h */
#pragma once
#ifndef HX_PRIVATE
#error "root_file.h is private to harness/: include hx.h"
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HX_ROOT_PATH_BYTES 768u

/* The first line, without its end. */
bool hx_root_line(const char *root, char *line, size_t line_bytes, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A whole number on the first line; digits only. */
bool hx_root_u64(const char *root, uint64_t *value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What follows the name on the first line that begins with it, without blanks, ':', '=', quotes. */
bool hx_root_field(const char *root, const char *path, const char *name, char *value,
                   size_t value_bytes);
bool hx_root_field_u64(const char *root, const char *path, const char *name, uint64_t *value);

bool hx_root_exists(const char *root, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "0-3,8": calls of this walk its ranges. False at the end. */
bool hx_root_next_range(const char **at, unsigned *first, unsigned *last);
