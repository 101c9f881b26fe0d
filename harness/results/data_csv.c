/* data_csv.c - see data_csv.h. zlib reads plain files as they are. Next: data_points.c */
#include "data_csv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BLOCK_BYTES 65536u
#define END         (-1)
#define BROKEN      (-2)

/* The next byte, END, or BROKEN (read error, or damaged gzip data). */
static int next_byte(struct hx_data_csv *csv)
{
  if (csv->block_at == csv->block_bytes) {
    const int got = gzread(csv->file, csv->block, BLOCK_BYTES);
    int error = Z_OK;
    gzerror(csv->file, &error); /* a .gz that was cut off ends in Z_BUF_ERROR */
    if (got < 0 || (got == 0 && error != Z_OK))
      return BROKEN;
    if (got == 0)
      return END;
    csv->block_at = 0;
    csv->block_bytes = (size_t)got;
  }
  return (unsigned char)csv->block[csv->block_at++];
}

static int add_byte(struct hx_data_csv *csv, int byte)
{
  if (csv->text_bytes == csv->text_capacity) {
    const size_t capacity = 2 * csv->text_capacity + 256;
    char *text = realloc(csv->text, capacity);
    if (text == NULL)
      return -ENOMEM;
    csv->text = text;
    csv->text_capacity = capacity;
  }
  csv->text[csv->text_bytes++] = (char)byte;
  return 0;
}

static int begin_cell(struct hx_data_csv *csv)
{
  if (csv->cell_count == csv->cell_capacity) {
    const size_t capacity = 2 * csv->cell_capacity + 16;
    size_t *start = realloc(csv->start, capacity * sizeof(*start));
    if (start == NULL)
      return -ENOMEM;
    csv->start = start;
    csv->cell_capacity = capacity;
  }
  csv->start[csv->cell_count++] = csv->text_bytes;
  return 0;
}

static int refuse_row(const struct hx_data_csv *csv, struct hx_why *why, const char *what)
{
  return hx_refuse(why, -EBADMSG,
                   "%s, row %" PRIu64 ": %s; restore the file from where it was made, or run the "
                   "experiment again",
                   csv->path, csv->row, what);
}

/* Where in a cell the reader is. */
enum place { PLACE_START, PLACE_PLAIN, PLACE_QUOTED, PLACE_AFTER_QUOTE };

/* Takes one byte of a row. 0: go on; 1: the row has ended; -EBADMSG: a quote is wrong. */
static int take_byte(struct hx_data_csv *csv, enum place *place, int byte)
{
  int result = 0;
  if (*place == PLACE_QUOTED) {
    if (byte != '"')
      return add_byte(csv, byte);
    *place = PLACE_AFTER_QUOTE;
    return 0;
  }
  if (byte == '"' && *place != PLACE_PLAIN) {
    const bool doubled = *place == PLACE_AFTER_QUOTE;
    *place = PLACE_QUOTED;
    return doubled ? add_byte(csv, byte) : 0;
  }
  if (byte == ',' || byte == '\n') {
    result = add_byte(csv, '\0');
    *place = PLACE_START;
    if (result == 0 && byte == ',')
      return begin_cell(csv);
    return result == 0 ? 1 : result;
  }
  if (byte == '"' || *place == PLACE_AFTER_QUOTE)
    return -EBADMSG;
  *place = PLACE_PLAIN;
  return add_byte(csv, byte);
}

/* Reads one row into text and start. 1, 0 at the end of the file, or refused. */
static int read_row(struct hx_data_csv *csv, struct hx_why *why)
{
  enum place place = PLACE_START;
  bool empty = true;
  int result = 0;
  csv->text_bytes = 0;
  csv->cell_count = 0;
  csv->row++;
  if (begin_cell(csv) < 0)
    return hx_refuse(why, -ENOMEM, "out of memory while reading %s", csv->path);
  while (result == 0) {
    int byte = next_byte(csv);
    if (byte == END && empty)
      return 0;
    if (byte == END)
      return refuse_row(csv, why, "the last row does not end, so the file was cut off");
    if (byte == BROKEN)
      return refuse_row(csv, why, "the file cannot be read to its end (damaged, or cut off)");
    if (byte == '\0')
      return refuse_row(csv, why, "there is a zero byte, so this is no CSV");
    empty = false;
    if (byte == '\r' && place != PLACE_QUOTED) {
      byte = next_byte(csv);
      if (byte != '\n')
        return refuse_row(csv, why, "there is a CR outside quotes that ends no row");
    }
    result = take_byte(csv, &place, byte);
  }
  if (result == -EBADMSG)
    return refuse_row(csv, why, "there is a quote in the middle of a cell");
  if (result < 0)
    return hx_refuse(why, -ENOMEM, "out of memory while reading %s", csv->path);
  return 1;
}

static int read_header(struct hx_data_csv *csv, struct hx_why *why)
{
  const int result = read_row(csv, why);
  if (result < 0)
    return result;
  if (result == 0)
    return hx_refuse(why, -EBADMSG, "%s is empty; run the experiment again", csv->path);
  csv->column_count = csv->cell_count;
  csv->header_text = malloc(csv->text_bytes);
  csv->header = calloc(csv->column_count, sizeof(*csv->header));
  csv->cell = calloc(csv->column_count, sizeof(*csv->cell));
  if (csv->header_text == NULL || csv->header == NULL || csv->cell == NULL)
    return hx_refuse(why, -ENOMEM, "out of memory while reading %s", csv->path);
  memcpy(csv->header_text, csv->text, csv->text_bytes);
  for (size_t i = 0; i < csv->column_count; i++)
    csv->header[i] = csv->header_text + csv->start[i];
  return 0;
}

int hx_data_csv_open(struct hx_data_csv *csv, const char *path, struct hx_why *why)
{
  int result = 0;
  *csv = (struct hx_data_csv){0};
  errno = 0;
  csv->file = gzopen(path, "rbe");
  if (csv->file == NULL) {
    result = errno != 0 ? -errno : -ENOMEM;
    return hx_refuse(why, result, "cannot open %s: %s", path, strerror(-result));
  }
  csv->path = strdup(path);
  csv->block = malloc(BLOCK_BYTES);
  if (csv->path == NULL || csv->block == NULL)
    result = hx_refuse(why, -ENOMEM, "out of memory while reading %s", path);
  else
    result = read_header(csv, why);
  if (result < 0)
    hx_data_csv_close(csv);
  return result;
}

void hx_data_csv_close(struct hx_data_csv *csv)
{
  if (csv->file != NULL)
    gzclose(csv->file);
  free(csv->path);
  free(csv->header_text);
  free(csv->header);
  free(csv->cell);
  free(csv->text);
  free(csv->start);
  free(csv->block);
  *csv = (struct hx_data_csv){0};
}

int hx_data_csv_next(struct hx_data_csv *csv, struct hx_why *why)
{
  const int result = read_row(csv, why);
  if (result <= 0)
    return result;
  if (csv->cell_count != csv->column_count)
    return hx_refuse(why, -EBADMSG,
                     "%s, row %" PRIu64 " has %zu cells, not %zu as the header; the file was cut "
                     "off or edited: restore it, or run the experiment again",
                     csv->path, csv->row, csv->cell_count, csv->column_count);
  for (size_t i = 0; i < csv->cell_count; i++)
    csv->cell[i] = csv->text + csv->start[i];
  return 1;
}

int hx_data_csv_column(const struct hx_data_csv *csv, const char *name)
{
  for (size_t i = 0; i < csv->column_count; i++) {
    if (strcmp(csv->header[i], name) == 0)
      return (int)i;
  }
  return -1;
}
