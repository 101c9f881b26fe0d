/* csv.c - see csv.h. Next: result.c */
#include "csv.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_bytes(struct hx_csv *csv, const char *bytes, size_t count)
{
  if (csv->text_bytes + count > csv->text_capacity) {
    const size_t capacity = 2 * (csv->text_bytes + count) + 256;
    char *text = realloc(csv->text, capacity);
    if (text == NULL) {
      csv->out_of_memory = true;
      return;
    }
    csv->text = text;
    csv->text_capacity = capacity;
  }
  if (count > 0) { /* an empty cell may be the first: there is no text yet */
    memcpy(csv->text + csv->text_bytes, bytes, count);
  }
  csv->text_bytes += count;
}

void hx_csv_cell(struct hx_csv *csv, const char *text)
{
  const char *cell = text == NULL ? "" : text;
  if (csv->row_open)
    add_bytes(csv, ",", 1);
  csv->row_open = true;
  if (cell[strcspn(cell, ",\"\r\n")] == '\0') {
    add_bytes(csv, cell, strlen(cell));
    return;
  }
  add_bytes(csv, "\"", 1);
  while (*cell != '\0') {
    const size_t plain = strcspn(cell, "\"");
    add_bytes(csv, cell, plain);
    cell += plain;
    if (*cell == '"') {
      add_bytes(csv, "\"\"", 2);
      cell++;
    }
  }
  add_bytes(csv, "\"", 1);
}

void hx_csv_format(double value, char text[HX_NUMBER_BYTES])
{
  text[0] = '\0';
  if (!isfinite(value))
    return;
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, HX_NUMBER_BYTES, "%.*g", digits, value);
    if (strtod(text, NULL) == value)
      return;
  }
}

void hx_csv_number(struct hx_csv *csv, double value)
{
  char text[HX_NUMBER_BYTES];
  hx_csv_format(value, text);
  hx_csv_cell(csv, text);
}

void hx_csv_count(struct hx_csv *csv, uint64_t value)
{
  char text[HX_NUMBER_BYTES];
  snprintf(text, sizeof(text), "%" PRIu64, value);
  hx_csv_cell(csv, text);
}

void hx_csv_end_row(struct hx_csv *csv)
{
  add_bytes(csv, "\n", 1);
  csv->row_open = false;
  csv->row_count++;
}

int hx_csv_take(struct hx_csv *csv, char **text, size_t *bytes)
{
  const int result = csv->out_of_memory ? -ENOMEM : 0;
  *text = result == 0 ? csv->text : NULL;
  *bytes = result == 0 ? csv->text_bytes : 0;
  if (result < 0)
    free(csv->text);
  *csv = (struct hx_csv){0};
  return result;
}
