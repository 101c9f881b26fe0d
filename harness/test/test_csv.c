/* test_csv.c - quoting, numbers, and rows that are whole or not there. Next: test_run.c */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "csv.h"

static char path[] = "/tmp/hx_csv_XXXXXX";

static void open_fresh(struct hx_csv *csv)
{
  const int fd = mkstemp(path);
  cr_assert_geq(fd, 0);
  close(fd);
  unlink(path);
  cr_assert_eq(hx_csv_open(csv, path), 0);
}

static void expect_file(const char *wanted)
{
  char text[4096] = "";
  FILE *file = fopen(path, "r");
  text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
  fclose(file);
  unlink(path);
  cr_assert_str_eq(text, wanted);
}

Test(csv, cells_are_quoted_as_rfc_4180_says)
{
  struct hx_csv csv;
  open_fresh(&csv);
  hx_csv_cell(&csv, "plain");
  hx_csv_cell(&csv, "a,b");
  hx_csv_cell(&csv, "say \"no\"");
  hx_csv_cell(&csv, "\"");
  hx_csv_cell(&csv, "two\nlines");
  hx_csv_cell(&csv, "");
  hx_csv_cell(&csv, NULL);
  hx_csv_cell(&csv, " ");
  hx_csv_end_row(&csv);
  cr_assert_eq(hx_csv_flush(&csv), 0);
  cr_assert_eq(hx_csv_close(&csv), 0);
  expect_file("plain,\"a,b\",\"say \"\"no\"\"\",\"\"\"\",\"two\nlines\",,, \n");
}

Test(csv, an_empty_first_cell_keeps_its_place)
{
  struct hx_csv csv;
  open_fresh(&csv);
  hx_csv_cell(&csv, NULL);
  hx_csv_count(&csv, UINT64_MAX);
  hx_csv_end_row(&csv);
  cr_assert_eq(hx_csv_flush(&csv), 0);
  hx_csv_close(&csv);
  expect_file(",18446744073709551615\n");
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

Test(csv, an_existing_file_is_never_written_to)
{
  struct hx_csv csv;
  struct hx_csv second;
  open_fresh(&csv);
  cr_assert_eq(hx_csv_open(&second, path), -EEXIST);
  hx_csv_close(&csv);
  unlink(path);
}

/* The file-size limit makes write() take only a part of the second flush, as a full disk does. */
Test(csv, a_row_that_does_not_fit_leaves_no_part_of_itself)
{
  struct hx_csv csv;
  struct rlimit limit;
  open_fresh(&csv);
  signal(SIGXFSZ, SIG_IGN);
  cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = 16;
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  hx_csv_cell(&csv, "0123456789");
  hx_csv_end_row(&csv);
  cr_assert_eq(hx_csv_flush(&csv), 0);
  hx_csv_cell(&csv, "0123456789");
  hx_csv_end_row(&csv);
  cr_assert_eq(hx_csv_flush(&csv), -EFBIG);
  limit.rlim_cur = limit.rlim_max;
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  hx_csv_close(&csv);
  expect_file("0123456789\n");
}
