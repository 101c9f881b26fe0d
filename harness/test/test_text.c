/* test_text.c - lists, numbers and durations as people type them. Next: test_sweep.c */
#include <criterion/criterion.h>
#include <errno.h>

#include "text.h"

Test(text, whole_numbers_in_both_forms)
{
  uint64_t value = 7;
  cr_assert_eq(hx_text_parse_u64("0", &value), 0);
  cr_assert_eq(value, 0);
  cr_assert_eq(hx_text_parse_u64("1e6", &value), 0);
  cr_assert_eq(value, 1000000);
  cr_assert_eq(hx_text_parse_u64("18446744073709551615", &value), 0);
  cr_assert_eq(value, UINT64_MAX);
  cr_assert_eq(hx_text_parse_u64("0e999999", &value), 0);
  cr_assert_eq(value, 0);
}

Test(text, what_is_no_number_leaves_the_value_alone)
{
  static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "1.5", "0x10", "e3", "1e", "1e3x"};
  uint64_t value = 7;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    cr_assert_eq(hx_text_parse_u64(bad[i], &value), -EINVAL, "'%s'", bad[i]);
  cr_assert_eq(hx_text_parse_u64("18446744073709551616", &value), -ERANGE);
  cr_assert_eq(hx_text_parse_u64("1e20", &value), -ERANGE);
  cr_assert_eq(value, 7);
}

Test(text, a_list_holds_whole_names_only)
{
  cr_assert(hx_text_lists("tasks,window", "window"));
  cr_assert_not(hx_text_lists("tasks,window", "win"));
  cr_assert_not(hx_text_lists("tasks,window", "dow"));
  cr_assert_not(hx_text_lists("", "tasks"));
  cr_assert_not(hx_text_lists("tasks", ""));
}

Test(text, split_refuses_empty_items)
{
  struct hx_text_list list;
  cr_assert_eq(hx_text_split("a:b", ':', &list), 0);
  cr_assert_eq(list.count, 2);
  cr_assert_str_eq(list.item[1], "b");
  hx_text_list_fini(&list);
  cr_assert_eq(hx_text_split("", ':', &list), 0);
  cr_assert_eq(list.count, 0);
  hx_text_list_fini(&list);
  cr_assert_eq(hx_text_split("a::b", ':', &list), -EINVAL);
  cr_assert_eq(hx_text_split("a:", ':', &list), -EINVAL);
}

Test(text, durations)
{
  uint64_t ns = 0;
  cr_assert_eq(hx_text_parse_duration_ns("8m", &ns), 0);
  cr_assert_eq(ns, 480000000000u);
  cr_assert_eq(hx_text_parse_duration_ns("90", &ns), 0);
  cr_assert_eq(ns, 90000000000u);
  cr_assert_eq(hx_text_parse_duration_ns("1000h", &ns), 0);
  cr_assert_eq(hx_text_parse_duration_ns("1001h", &ns), -EINVAL);
  cr_assert_eq(hx_text_parse_duration_ns("8 m", &ns), -EINVAL);
  cr_assert_eq(hx_text_parse_duration_ns("m", &ns), -EINVAL);
}

Test(text, plain_text_is_one_line_of_ascii)
{
  char text[] = "a\nb\tc\x01\xc3\xa9";
  hx_text_make_plain(text);
  cr_assert_str_eq(text, "a b c???");
}
