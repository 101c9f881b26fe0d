/* data_csv.h - reads a CSV file row by row: RFC 4180, plain or packed by gzip.
 *
 * The other half of csv.h. Cells may be quoted, and then hold commas, line breaks and doubled
 * quotes; rows end in LF or CRLF. The first row is the header and is read by open.
 * Refused, with a sentence that names file, row and remedy: an empty file, a last row that does not
 * end (the file was cut off), a row with more or fewer cells than the header, a quote inside a
 * plain cell, a zero byte, a damaged .gz.
 *
 * Called by data_points.c, data_samples.c and claims_file.c. One thread; the cells of a row are
 * valid until the next row is read.
 *
 * Next: data_points.c */
#pragma once
#ifndef HX_PRIVATE
#error "data_csv.h is private to harness/: include hx.h"
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct hx_data_csv {
  char *path;
  void *file; /* a gzFile */
  char *header_text;
  char **header; /* the columns' names */
  size_t column_count;
  char **cell;  /* of the row read last; column_count of them */
  uint64_t row; /* number of the row read last; the header is 1 */

  char *text; /* the current row, its cells each ended by a zero byte */
  size_t text_bytes, text_capacity;
  size_t *start; /* where each cell begins in text */
  size_t cell_count, cell_capacity;
  char *block; /* read ahead */
  size_t block_at, block_bytes;
};

/* 0; -ENOENT or another negative errno, and a sentence. On failure nothing is to be closed. */
int hx_data_csv_open(struct hx_data_csv *csv, const char *path, struct hx_why *why);
void hx_data_csv_close(struct hx_data_csv *csv);

/* 1: the next row is in csv->cell. 0: no more rows. Negative: refused. */
int hx_data_csv_next(struct hx_data_csv *csv, struct hx_why *why);

/* The column's index, or -1. */
int hx_data_csv_column(const struct hx_data_csv *csv, const char *name);
