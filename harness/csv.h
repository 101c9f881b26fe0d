/* csv.h - a CSV file that only grows by whole rows.
 *
 * Cells are collected in memory; hx_csv_flush() appends all finished rows by one write(). If the
 * disk takes only part of them, the file is cut back to its last whole row. A process that is
 * killed therefore leaves whole rows (a machine that loses power may not).
 * Quoting is RFC 4180: a cell with comma, quote, CR or LF is quoted, quotes are doubled. Rows end
 * in LF. An empty cell means missing; a number that is not finite is written as an empty cell.
 *
 * Called by result.c between points. One thread.
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

struct hx_csv {
  int fd;
  uint64_t file_bytes; /* of whole rows on disk */
  uint64_t row_count;  /* on disk and collected, header included */
  char *text;          /* collected */
  size_t text_bytes;
  size_t text_capacity;
  bool row_open;      /* the current row has a cell */
  bool out_of_memory; /* reported by the next flush */
};

/* Creates the file. -EEXIST: it is there already; other negative errno from open(). */
int hx_csv_open(struct hx_csv *csv, const char *path);

void hx_csv_cell(struct hx_csv *csv, const char *text); /* NULL is an empty cell */
void hx_csv_number(struct hx_csv *csv, double value);
void hx_csv_count(struct hx_csv *csv, uint64_t value);
void hx_csv_end_row(struct hx_csv *csv);

/* 0, or negative errno; then nothing of the collected rows is in the file. */
int hx_csv_flush(struct hx_csv *csv);

/* Rows not flushed are lost. */
int hx_csv_close(struct hx_csv *csv);

/* The shortest decimal text that reads back as the same double; "" if it is not finite. */
void hx_csv_format(double value, char text[HX_NUMBER_BYTES]);
