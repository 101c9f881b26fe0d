/* csv_table.c - see csv_table.h. Next: compare_print.h */
#include "csv_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int load(const char *path, char **text, size_t *bytes, struct hx_why *why)
{
  struct stat state;
  FILE *file = fopen(path, "rb");
  if (file == NULL || fstat(fileno(file), &state) < 0) {
    const int error = errno;
    if (file != NULL)
      fclose(file);
    return hx_refuse(why, -error, "cannot read %s: %s", path, strerror(error));
  }
  *bytes = (size_t)state.st_size;
  *text = malloc(*bytes + 1);
  const bool whole = *text != NULL && fread(*text, 1, *bytes, file) == *bytes;
  fclose(file);
  if (!whole) {
    free(*text);
    return hx_refuse(why, -EIO, "cannot read all of %s; is there memory for it?", path);
  }
  (*text)[*bytes] = '\0';
  return 0;
}

/* One cell at `at`, unquoted in place. Returns what follows it: ',', '\n', or 0 for a broken cell;
 * `at` moves behind that. */
static char take_cell(char **at, char **cell)
{
  char *from = *at;
  char *to = from;
  *cell = to;
  if (*from == '"') {
    for (from++; *from != '\0' && (*from != '"' || from[1] == '"'); from++) {
      from += *from == '"';
      *to++ = *from;
    }
    if (*from != '"')
      return '\0';
    from++;
  } else {
    while (*from != ',' && *from != '\n' && *from != '\0')
      *to++ = *from++;
  }
  if (to > *cell && to[-1] == '\r' && *from == '\n')
    to--;
  from += *from == '\r' && from[1] == '\n';
  const char after = *from;
  *to = '\0';
  *at = from + 1;
  return after == ',' || after == '\n' ? after : '\0';
}

static size_t count_cells(const char *text)
{
  size_t count = 1;
  for (; *text != '\0'; text++)
    count += *text == ',' || *text == '\n';
  return count;
}

int hx_csv_table_read(struct hx_csv_table *table, const char *path, struct hx_why *why)
{
  struct hx_csv_table mine = {0};
  size_t bytes = 0;
  size_t cells = 0;
  int result = load(path, &mine.text, &bytes, why);
  if (result < 0)
    return result;
  if (bytes == 0 || mine.text[bytes - 1] != '\n')
    result = hx_refuse(why, -EBADMSG,
                       "%s is cut short: its last row has no end; resume or repeat the run", path);
  mine.cell = result == 0 ? malloc(count_cells(mine.text) * sizeof(*mine.cell)) : NULL;
  if (result == 0 && mine.cell == NULL)
    result = hx_refuse(why, -ENOMEM, "out of memory for %s", path);
  for (char *at = mine.text; result == 0 && at < mine.text + bytes;) {
    const size_t row_first = cells;
    char after = ',';
    while (after == ',')
      after = take_cell(&at, &mine.cell[cells++]);
    if (mine.row_count++ == 0)
      mine.column_count = cells;
    if (after == '\0' || cells - row_first != mine.column_count)
      result = hx_refuse(why, -EBADMSG,
                         "%s, row %zu has %zu cells, not %zu: it is cut short or was edited; "
                         "repeat the run",
                         path, mine.row_count, cells - row_first, mine.column_count);
  }
  if (result < 0)
    hx_csv_table_fini(&mine);
  else
    *table = mine;
  return result;
}

void hx_csv_table_fini(struct hx_csv_table *table)
{
  free(table->text);
  free(table->cell);
  *table = (struct hx_csv_table){0};
}

int hx_csv_table_column(const struct hx_csv_table *table, const char *name)
{
  for (size_t i = 0; i < table->column_count; i++) {
    if (strcmp(table->cell[i], name) == 0)
      return (int)i;
  }
  return -ENOENT;
}

const char *hx_csv_table_at(const struct hx_csv_table *table, size_t row, size_t column)
{
  return table->cell[row * table->column_count + column];
}

const char *hx_csv_table_cell(const struct hx_csv_table *table, size_t row, const char *name)
{
  const int column = hx_csv_table_column(table, name);
  return column < 0 ? NULL : hx_csv_table_at(table, row, (size_t)column);
}
