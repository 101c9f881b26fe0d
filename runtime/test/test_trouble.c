/* test_trouble.c - ops that never return, asserts that fail: the watchdog, the black box, and a
 * process that goes on afterwards. Next: stress_tasks.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "test_steps.h"
#include "test_tool.h"

static void impatient(struct grosr_options *options)
{
  options->op_ns_max = 50000000;
}

static void *words(struct grosr *g, uint64_t *device)
{
  void *host;
  cr_assert_eq(grosr_shared_take(g, 64, &host, device), 0);
  return host;
}

/* Threads of this process, once those that have just been joined are gone from /proc. */
static unsigned threads_settled(unsigned wanted)
{
  unsigned threads = tool_proc_count("task");
  for (int i = 0; i < 200 && threads > wanted; i++) {
    tool_nap_ns(5000000);
    threads = tool_proc_count("task");
  }
  return threads;
}

static void one_stuck_device(void)
{
  char text[4096];
  uint64_t device;
  grosr_ticket ticket;
  int32_t result = 5;
  struct grosr *g = device_open(impatient);
  (void)words(g, &device);
  const struct grosr_task task = device_task(g, "stuck", device);
  const struct grosr_task answer = device_task(g, "answer", 5);
  cr_assert_eq(grosr_submit(g, &task, &ticket), 0);
  const uint64_t since_ns = tool_now_ns();
  cr_assert_eq(grosr_wait(g, ticket, TOOL_WAIT_NS, &result), -ETIMEDOUT);
  cr_assert_lt(tool_now_ns() - since_ns, 5000000000);
  cr_assert_not_null(strstr(grosr_last_error(), "op_ns_max"), "%s", grosr_last_error());
  grosr_black_box(g, text, sizeof text);
  cr_assert_not_null(strstr(text, "RUNNING 'stuck'"), "%s", text);
  cr_assert_not_null(strstr(text, "stuck;"), "%s", text);
  cr_assert_eq(grosr_submit(g, &answer, NULL), -EIO);
  cr_assert_eq(grosr_wait_all(g, TOOL_WAIT_NS), -ETIMEDOUT);
  cr_assert_eq(result, 5);
  cr_assert_eq(grosr_close(g), -ETIMEDOUT);
}

Test(trouble, op_that_never_returns_and_ten_devices_after_it, .timeout = 60)
{
#if defined(__SANITIZE_ADDRESS__)
  cr_skip_test("AddressSanitizer takes the unwinding of a cancelled thread for an overflow");
#endif
  unsigned threads = 0, files = 0;
  uint64_t resident = 0;
  for (int i = 0; i < 10; i++) {
    one_stuck_device();
    struct grosr *g = device_open(NULL);
    const struct grosr_task task = device_task(g, "answer", 21);
    grosr_ticket ticket;
    int32_t result = 0;
    cr_assert_eq(grosr_submit(g, &task, &ticket), 0);
    cr_assert_eq(grosr_wait(g, ticket, TOOL_WAIT_NS, &result), 0);
    cr_assert_eq(result, 21);
    cr_assert_eq(grosr_close(g), 0);
    if (i == 0) { /* what is taken once, and kept, is taken now */
      threads = tool_proc_count("task");
      files = tool_proc_count("fd");
      resident = tool_resident_bytes();
    }
  }
  cr_assert_leq(threads_settled(threads), threads);
  cr_assert_eq(tool_proc_count("fd"), files);
  cr_assert_lt(tool_resident_bytes(), resident + (8u << 20));
}

Test(trouble, failed_assert_is_told, .timeout = 30)
{
  char text[4096];
  grosr_ticket ticket;
  struct grosr *g = device_open(NULL);
  const struct grosr_task right = device_task(g, "insist", 1);
  const struct grosr_task wrong = device_task(g, "insist", 0);
  cr_assert_eq(grosr_submit(g, &right, &ticket), 0);
  cr_assert_eq(grosr_wait(g, ticket, TOOL_WAIT_NS, NULL), 0);
  cr_assert_eq(grosr_submit(g, &wrong, &ticket), 0);
  cr_assert_eq(grosr_wait(g, ticket, TOOL_WAIT_NS, NULL), -EIO);
  grosr_black_box(g, text, sizeof text);
  cr_assert_not_null(strstr(text, "fault: assert failed in an op of the image line"), "%s", text);
  cr_assert_not_null(strstr(text, "'insist'"), "%s", text);
  cr_assert_eq(grosr_submit(g, &right, NULL), -EIO);
  cr_assert_eq(grosr_wait_all(g, TOOL_WAIT_NS), -EIO);
  cr_assert_eq(grosr_close(g), -EIO);
  g = device_open(NULL);
  cr_assert_eq(grosr_close(g), 0);
}

static void leaves_early(struct grosr_options *options)
{
  options->op_ns_max = 100000000;
  options->idle_exit_ns = 100000;
  options->teams = 1;
}

/* What was found: each launch counts its tasks from 1, so the first task of every launch looked to
 * the watchdog like one task that ran all the time. */
Test(trouble, first_tasks_of_many_launches_are_not_one_that_is_stuck, .timeout = 60)
{
  struct grosr *g = device_open(leaves_early);
  uint64_t device;
  (void)words(g, &device);
  struct grosr_task task = device_task(g, "spin", device);
  task.arg[1] = 24000000;
  for (int i = 0; i < 20; i++) {
    grosr_ticket ticket;
    cr_assert_eq(grosr_submit(g, &task, &ticket), 0);
    cr_assert_eq(grosr_wait(g, ticket, TOOL_WAIT_NS, NULL), 0, "%s", grosr_last_error());
    tool_nap_ns(1000000);
  }
  cr_assert_eq(grosr_close(g), 0);
}

Test(trouble, errors_have_names)
{
  cr_assert_gt(strlen(grosr_strerror(-EAGAIN)), 3);
  cr_assert_gt(strlen(grosr_strerror(0)), 3);
  cr_assert_gt(strlen(grosr_strerror(-99999)), 3);
  cr_assert_gt(strlen(grosr_strerror(INT32_MIN)), 3);
  cr_assert_not_null(grosr_last_error());
}
