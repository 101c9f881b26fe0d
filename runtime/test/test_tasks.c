/* test_tasks.c - bad tasks and tickets, full rings, waits with a deadline. Next: test_trouble.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "test_steps.h"
#include "test_tool.h"
#include "port/port.h"

static void small(struct grosr_options *options)
{
  options->ingress_slots = 64;
  options->completion_slots = 128;
  options->runq_slots = 64;
  options->teams = 1;
}

Test(tasks, arguments_that_do_not_fit_are_refused)
{
  struct grosr_task task, before;
  unsigned char bytes[64] = {1, 2, 3};
  memset(&task, 0x5a, sizeof task);
  before = task;
  cr_assert_eq(grosr_task_init(&task, 0, 0, bytes, 33), -E2BIG);
  cr_assert_eq(grosr_task_init(&task, 0, 0, NULL, 8), -EINVAL);
  cr_assert_eq(grosr_task_init(NULL, 0, 0, bytes, 8), -EINVAL);
  cr_assert_eq(memcmp(&task, &before, sizeof task), 0);
  cr_assert_eq(grosr_task_init(&task, 3, 2, bytes, 32), 0);
  cr_assert_eq(memcmp(task.arg, bytes, 32), 0);
  cr_assert_eq(grosr_task_init(&task, 3, 2, bytes, 3), 0);
  cr_assert_eq(task.arg[0], 0x030201);
  cr_assert_eq(task.arg[1], 0);
  cr_assert_eq(grosr_task_init(&task, 3, 2, NULL, 0), 0);
}

Test(tasks, one_bad_task_refuses_the_call)
{
  struct grosr *g = device_open(NULL);
  struct grosr_task tasks[3];
  struct grosr_stats stats;
  grosr_ticket ticket = 4711;
  for (int i = 0; i < 3; i++) {
    tasks[i] = device_task(g, "answer", 0);
  }
  const uint32_t bad_ops[] = {64, 0xff00, 0xff01, 65536, UINT32_MAX};
  for (size_t i = 0; i < 5; i++) {
    tasks[2].op = bad_ops[i];
    cr_assert_eq(grosr_submit_many(g, tasks, 3, 0, NULL), -EINVAL);
    cr_assert_eq(grosr_submit(g, &tasks[2], &ticket), -EINVAL);
  }
  tasks[2].op = tasks[0].op;
  const uint32_t bad_contexts[] = {1, 63, 64, 256, UINT32_MAX};
  for (size_t i = 0; i < 5; i++) {
    tasks[2].context = bad_contexts[i];
    cr_assert_eq(grosr_submit_many(g, tasks, 3, 0, NULL), -EINVAL);
  }
  cr_assert_eq(ticket, 4711);
  cr_assert_eq(grosr_stats(g, &stats), 0);
  cr_assert_eq(stats.accepted, 0);
  cr_assert_eq(grosr_close(g), 0);
}

Test(tasks, bad_and_stale_tickets)
{
  struct grosr *g = device_open(NULL);
  const struct grosr_task task = device_task(g, "answer", 12);
  int32_t result = 99;
  grosr_ticket ticket;
  cr_assert_eq(grosr_submit(g, &task, &ticket), 0);
  const grosr_ticket bad[] = {
      0,     UINT64_MAX,         ticket + 1u, ticket + (1ull << 32), ticket | 1ull << 63,
      65536, 1ull << 32 | 70000u};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    cr_assert_eq(grosr_wait(g, bad[i], 1000000, &result), -ESTALE, "bad ticket %zu", i);
    cr_assert_eq(grosr_cancel(g, bad[i]), -ESTALE);
  }
  cr_assert_eq(result, 99);
  cr_assert_eq(grosr_wait(g, ticket, GROSR_FOREVER, &result), 0);
  cr_assert_eq(result, 12);
  cr_assert_eq(grosr_wait(g, ticket, GROSR_FOREVER, &result), -ESTALE);
  cr_assert_eq(grosr_cancel(g, ticket), -ESTALE);
  cr_assert_eq(grosr_close(g), 0);
}

/* A device of one team that is held until gate[0] is set; the ring is filled behind it. */
static uint64_t *held(struct grosr *g, grosr_ticket *ticket)
{
  void *host;
  uint64_t device;
  cr_assert_eq(grosr_shared_take(g, 64, &host, &device), 0);
  struct grosr_task hold = device_task(g, "hold", device);
  hold.arg[1] = TOOL_WAIT_NS;
  cr_assert_eq(grosr_submit(g, &hold, ticket), 0);
  cr_assert_eq(grosr_wait_signal(g, (uint64_t *)host + 1, 1, TOOL_WAIT_NS), 0);
  return host;
}

Test(tasks, full_ring_says_again_or_waits, .timeout = 30)
{
  struct grosr *g = device_open(small);
  const struct grosr_task task = device_task(g, "answer", 3);
  struct grosr_task many[200];
  grosr_ticket hold, tickets[200];
  uint64_t *gate = held(g, &hold);
  int count = 0;
  for (int i = 0; i < 200; i++) {
    many[i] = task;
  }
  while (grosr_submit(g, &task, &tickets[count]) == 0) {
    cr_assert_lt(++count, 65);
  }
  cr_assert_geq(count, 63);
  cr_assert_eq(grosr_submit(g, &task, NULL), -EAGAIN);
  cr_assert_eq(grosr_submit_many(g, many, 10, 0, NULL), -EAGAIN);
  const uint64_t since_ns = tool_now_ns();
  cr_assert_eq(grosr_submit_many(g, many, 10, 20000000, NULL), -EAGAIN);
  cr_assert_geq(tool_now_ns() - since_ns, 20000000);
  cr_assert_lt(tool_now_ns() - since_ns, 2000000000);
  gr_store_release_sys_u64((gr_au64 *)&gate[0], 1);
  cr_assert_eq(grosr_submit_many(g, many, 200, TOOL_WAIT_NS, NULL), 200); /* waits for room */
  cr_assert_eq(grosr_wait_many(g, tickets, (size_t)count, TOOL_WAIT_NS, NULL), count);
  cr_assert_eq(grosr_wait(g, hold, TOOL_WAIT_NS, NULL), 0);
  cr_assert_eq(grosr_close(g), 0);
}

Test(tasks, ticket_table_may_be_full, .timeout = 30)
{
  struct grosr *g = device_open(small);
  const struct grosr_task task = device_task(g, "answer", 3);
  grosr_ticket tickets[128], one;
  for (int i = 0; i < 128; i++) {
    cr_assert_eq(grosr_submit_many(g, &task, 1, TOOL_WAIT_NS, &tickets[i]), 1);
    cr_assert_eq(grosr_wait_all(g, TOOL_WAIT_NS), 0);
  }
  cr_assert_eq(grosr_submit(g, &task, &one), -EAGAIN);
  cr_assert_eq(grosr_submit(g, &task, NULL), 0); /* without a ticket there is room */
  cr_assert_eq(grosr_wait(g, tickets[77], TOOL_WAIT_NS, NULL), 0);
  cr_assert_eq(grosr_submit(g, &task, &one), 0);
  cr_assert_eq((uint32_t)one, (uint32_t)tickets[77]);
  cr_assert_eq(grosr_close(g), 128); /* never waited for */
}

Test(tasks, waits_have_deadlines, .timeout = 30)
{
  struct grosr *g = device_open(small);
  const struct grosr_task task = device_task(g, "answer", 3);
  grosr_ticket tickets[2];
  int32_t results[2] = {7, 7};
  uint64_t *gate = held(g, &tickets[0]);
  cr_assert_eq(grosr_submit(g, &task, &tickets[1]), 0);
  cr_assert_eq(grosr_wait(g, tickets[0], 0, results), -ETIMEDOUT);
  uint64_t since_ns = tool_now_ns();
  cr_assert_eq(grosr_wait(g, tickets[0], 5000000, results), -ETIMEDOUT);
  cr_assert_eq(grosr_wait_many(g, tickets, 2, 5000000, results), -ETIMEDOUT);
  cr_assert_eq(grosr_wait_all(g, 5000000), -ETIMEDOUT);
  cr_assert_eq(grosr_wait_signal(g, gate + 2, 1, 5000000), -ETIMEDOUT);
  since_ns = tool_now_ns() - since_ns;
  cr_assert(since_ns >= 20000000 && since_ns < 2000000000);
  cr_assert_eq(results[0], 7);
  gr_store_release_sys_u64((gr_au64 *)&gate[0], 1);
  cr_assert_eq(grosr_wait_many(g, tickets, 2, UINT64_MAX - 5u, results), 2); /* no overflow */
  cr_assert_eq(results[1], 3);
  cr_assert_eq(grosr_close(g), 0);
}
