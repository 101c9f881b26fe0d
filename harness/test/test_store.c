/* test_store.c - files that are whole or not there. Next: test_run.c */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"

static char folder[] = "/tmp/hx_store_XXXXXX";
static char path[64];

static void begin(void)
{
  cr_assert_not_null(mkdtemp(folder));
  snprintf(path, sizeof(path), "%s/file", folder);
}

static void end(void)
{
  char command[96];
  snprintf(command, sizeof(command), "rm -r '%s'", folder);
  cr_assert_eq(system(command), 0);
}

TestSuite(store, .init = begin, .fini = end);

static void expect_file(const char *wanted)
{
  size_t bytes = 0;
  char *text = hx_store_read(path, &bytes);
  cr_assert_not_null(text);
  cr_assert_eq(bytes, strlen(wanted));
  cr_assert_str_eq(text, wanted);
  free(text);
}

/* The file-size limit makes write() take only a part, as a full disk does. */
Test(store, a_disk_that_is_full_leaves_the_file_before_and_nothing_else)
{
  struct rlimit limit;
  cr_assert_eq(hx_store_write(path, "before", 6), 0);
  signal(SIGXFSZ, SIG_IGN);
  cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = 4;
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  cr_assert_eq(hx_store_write(path, "after it", 8), -EFBIG);
  limit.rlim_cur = limit.rlim_max;
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  expect_file("before");
  hx_store_sweep(folder);
  cr_assert_eq(unlink(path), 0);
  cr_assert_eq(rmdir(folder), 0); /* empty */
  cr_assert_eq(mkdir(folder, 0700), 0);
}

Test(store, what_a_killed_writer_left_is_swept)
{
  char left[96];
  snprintf(left, sizeof(left), "%s.123" HX_STORE_NEW, path);
  cr_assert_eq(hx_store_write(left, "half a ro", 9), 0);
  cr_assert_eq(hx_store_write(path, "whole", 5), 0);
  hx_store_sweep(folder);
  cr_assert_neq(access(left, F_OK), 0);
  expect_file("whole");
}

Test(store, json_that_is_cut_off_is_refused_with_what_to_do)
{
  struct hx_why why;
  int error = 0;
  cr_assert_eq(hx_store_write(path, "{\"id\": 3", 8), 0);
  cr_assert_null(hx_store_load(path, &error, &why));
  cr_assert_eq(error, -EBADMSG);
  cr_assert_not_null(strstr(why.text, "remove it and run again"), "%s", why.text);
  cr_assert_eq(unlink(path), 0);
  cr_assert_null(hx_store_load(path, &error, &why));
  cr_assert_eq(error, -ENOENT);
}
