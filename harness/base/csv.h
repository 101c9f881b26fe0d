/* csv.h - the text of a CSV file, made cell by cell.
 *
 * Quoting is RFC 4180: a cell with comma, quote, CR or LF is quoted, quotes are doubled. Rows end
 * in LF. An empty cell means missing; a number that is not finite is written as an empty cell.
 *
 * Called by result.c. One thread.
 *
 * Next: result.h */
#pragma once
#ifndef HX_PRIVATE
#error "csv.h is private to harness/: include hx.h"
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HX_NUMBER_BYTES 32u /* a double in its shortest form that reads back the same */

/* Starts as {0}. */
struct hx_csv {
  char *text;
  size_t text_bytes;
  size_t text_capacity;
  uint64_t row_count; /* header included */
  bool row_open;      /* the current row has a cell */
  bool out_of_memory; /* reported by hx_csv_take() */
};

void hx_csv_cell(struct hx_csv *csv, const char *text); /* NULL is an empty cell */
void hx_csv_number(struct hx_csv *csv, double value);
void hx_csv_count(struct hx_csv *csv, uint64_t value);
void hx_csv_end_row(struct hx_csv *csv);

/* Hands the text over, to be freed; `csv` is empty again. 0 or -ENOMEM. */
int hx_csv_take(struct hx_csv *csv, char **text, size_t *bytes);

/* The shortest decimal text that reads back as the same double; "" if it is not finite. */
void hx_csv_format(double value, char text[HX_NUMBER_BYTES]);
