/* test_csv.c - quoting and numbers. Next: test_store.c */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"

static void expect_text(struct hx_csv *csv, const char *wanted)
{
  char *text = NULL;
  size_t bytes = 0;
  cr_assert_eq(hx_csv_take(csv, &text, &bytes), 0);
  cr_assert_eq(bytes, strlen(wanted));
  cr_assert(memcmp(text, wanted, bytes) == 0, "%.*s", (int)bytes, text);
  cr_assert_null(csv->text);
  free(text);
}

Test(csv, cells_are_quoted_as_rfc_4180_says)
{
  struct hx_csv csv = {0};
  hx_csv_cell(&csv, "plain");
  hx_csv_cell(&csv, "a,b");
  hx_csv_cell(&csv, "say \"no\"");
  hx_csv_cell(&csv, "\"");
  hx_csv_cell(&csv, "two\nlines");
  hx_csv_cell(&csv, "");
  hx_csv_cell(&csv, NULL);
  hx_csv_cell(&csv, " ");
  hx_csv_end_row(&csv);
  expect_text(&csv, "plain,\"a,b\",\"say \"\"no\"\"\",\"\"\"\",\"two\nlines\",,, \n");
}

Test(csv, an_empty_first_cell_keeps_its_place)
{
  struct hx_csv csv = {0};
  hx_csv_cell(&csv, NULL);
  hx_csv_count(&csv, UINT64_MAX);
  hx_csv_end_row(&csv);
  expect_text(&csv, ",18446744073709551615\n");
}

Test(csv, numbers_read_back_the_same_and_are_never_nan)
{
  static const double numbers[] = {0.0,    0.1,  1.0 / 3.0, 123456789.123456789,
                                   1e-320, -2.5, 1e300,     0.1 + 0.2};
  char text[HX_NUMBER_BYTES];
  for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
    hx_csv_format(numbers[i], text);
    cr_assert(strtod(text, NULL) == numbers[i], "%s", text);
  }
  hx_csv_format(0.1, text);
  cr_assert_str_eq(text, "0.1");
  hx_csv_format(NAN, text);
  cr_assert_str_eq(text, "");
  hx_csv_format(-INFINITY, text);
  cr_assert_str_eq(text, "");
}
