/* csv_table.h - a whole CSV file in memory, its cells by column name. Reads what csv.h writes.
 *
 * RFC 4180 with LF or CR LF. Refused with a sentence: a file that is not there or empty, a last row
 * without its end (a write was cut short), a row with more or fewer cells than the first.
 * One thread. Next: compare_print.h */
#pragma once
#ifndef HX_PRIVATE
#error "csv_table.h is private to harness/: include hx.h"
#endif
#include "text.h"

struct hx_csv_table {
  char *text;
  char **cell; /* row by row, the first is the header */
  size_t column_count;
  size_t row_count; /* with the header */
};

int hx_csv_table_read(struct hx_csv_table *table, const char *path, struct hx_why *why);
void hx_csv_table_fini(struct hx_csv_table *table);

/* Its number, or -ENOENT. */
int hx_csv_table_column(const struct hx_csv_table *table, const char *name);

/* NULL: there is no such column. Row 0 is the header. */
const char *hx_csv_table_cell(const struct hx_csv_table *table, size_t row, const char *name);
const char *hx_csv_table_at(const struct hx_csv_table *table, size_t row, size_t column);
