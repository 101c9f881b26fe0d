/* test_open.c - options and devices that grosr_open refuses, and what it says; bad input to every
 * other function of grosr.h. Next: test_tasks.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test_steps.h"

static struct grosr_options good(void)
{
  struct grosr_options options;
  grosr_options_init(&options);
  options.device = "cpu";
  options.image = &grosr_image_test;
  options.teams = 2;
  return options;
}

/* Refused, with one sentence, and the out pointer untouched. */
static void refused(const struct grosr_options *options, int wanted)
{
  struct grosr *g = (struct grosr *)(uintptr_t)0x4711;
  cr_assert_eq(grosr_open(options, &g), wanted, "%s", grosr_last_error());
  cr_assert_eq((uintptr_t)g, 0x4711);
  cr_assert_gt(strlen(grosr_last_error()), 10);
  cr_assert_null(strchr(grosr_last_error(), '\n'));
}

Test(open, refuses_options_out_of_range)
{
  struct grosr_options o = good();
  refused(NULL, -EINVAL);
  cr_assert_eq(grosr_open(&o, NULL), -EINVAL);
#define REFUSED(field, value)                                                                      \
  o = good();                                                                                      \
  o.field = (value);                                                                               \
  refused(&o, -EINVAL);
  REFUSED(teams, 0)
  REFUSED(teams, 2049)
  REFUSED(lanes, 2)
  REFUSED(lanes, 1025)
  REFUSED(ingress_team, 3)
  REFUSED(placement, (enum grosr_placement)3)
  REFUSED(idle_mode, (enum grosr_idle_mode)3)
  REFUSED(ingress_slots, 63)
  REFUSED(ingress_slots, 96)
  REFUSED(ingress_slots, 131072)
  REFUSED(completion_slots, 32)
  REFUSED(completion_slots, 1000)
  REFUSED(completion_slots, 2097152)
  REFUSED(runq_slots, 65)
  REFUSED(runq_slots, 131072)
  REFUSED(join_slots, 15)
  REFUSED(join_slots, 1048577)
  REFUSED(scratch_bytes, 65537)
  REFUSED(image, NULL)
  REFUSED(device, "cuda:x")
  REFUSED(device, "cuda:-1")
  REFUSED(device, "cuda:1x")
  REFUSED(device, "cpu:0")
  REFUSED(device, "gpu")
  REFUSED(device, "")
  o = good();
  o.teams = 1;
  o.ingress_team = 1;
  refused(&o, -EINVAL); /* leaves no team for work */
  o = good();
  o.shared_bytes = UINT64_MAX;
  refused(&o, -ENOMEM);
}

Test(open, refuses_images_it_does_not_understand)
{
  struct grosr_options o = good();
  struct grosr_image image = grosr_image_test;
  o.image = &image;
  image.abi++;
  refused(&o, -ENOEXEC);
  image.abi--;
  image.op_count = 0;
  refused(&o, -EINVAL);
  image.op_count = 65;
  refused(&o, -EINVAL);
}

Test(open, cuda_without_a_driver_is_one_line)
{
  struct grosr_options o = good();
  o.device = "cuda";
  if (grosr_device_probe("cuda") == 0) {
    cr_skip_test("there is a GPU");
  }
  o.lanes = 32;
  refused(&o, -ENODEV);
  o.device = "cuda:7";
  refused(&o, -ENODEV);
  cr_assert_eq(grosr_device_probe("cuda:0"), -ENODEV);
}

Test(open, probe_knows_the_devices)
{
  cr_assert_eq(grosr_device_probe("cpu"), 0);
  cr_assert_eq(grosr_device_probe("auto"), 0);
  cr_assert_eq(grosr_device_probe(NULL), 0);
  cr_assert_lt(grosr_device_probe("gpu"), 0);
}

Test(open, times_without_limit_are_no_overflow, .timeout = 20)
{
  struct grosr_options o = good();
  struct grosr *g = NULL;
  o.boot_ns_max = o.close_ns_max = o.op_ns_max = GROSR_FOREVER;
  cr_assert_eq(grosr_open(&o, &g), 0, "%s", grosr_last_error());
  cr_assert_eq(grosr_close(g), 0, "%s", grosr_last_error());
}

Test(open, every_function_refuses_null)
{
  struct grosr *g = device_open(NULL);
  struct grosr_task task = device_task(g, "answer", 1);
  struct grosr_stats stats;
  struct grosr_info info;
  uint64_t device;
  uint32_t number = 4711;
  void *host;
  cr_assert_eq(grosr_close(NULL), -EINVAL);
  cr_assert_eq(grosr_context_open(NULL, &number), -EINVAL);
  cr_assert_eq(grosr_context_open(g, NULL), -EINVAL);
  cr_assert_eq(grosr_context_close(NULL, 1), -EINVAL);
  cr_assert_eq(grosr_context_close(g, 64), -EINVAL);
  cr_assert_eq(grosr_context_close(g, UINT32_MAX), -EINVAL);
  cr_assert_eq(grosr_context_close(g, 5), -EINVAL);
  cr_assert_eq(grosr_op(NULL, "answer", &number), -EINVAL);
  cr_assert_eq(grosr_op(g, NULL, &number), -EINVAL);
  cr_assert_eq(grosr_op(g, "answer", NULL), -EINVAL);
  cr_assert_eq(grosr_op(g, "anser", &number), -ENOENT);
  cr_assert_eq(number, 4711);
  cr_assert_not_null(strstr(grosr_last_error(), "answer"));
  cr_assert_eq(grosr_submit(NULL, &task, NULL), -EINVAL);
  cr_assert_eq(grosr_submit(g, NULL, NULL), -EINVAL);
  cr_assert_eq(grosr_submit_many(NULL, &task, 1, 0, NULL), -EINVAL);
  cr_assert_eq(grosr_submit_many(g, NULL, 1, 0, NULL), -EINVAL);
  cr_assert_eq(grosr_submit_many(g, NULL, 0, 0, NULL), 0);
  cr_assert_eq(grosr_wait(NULL, 1, 0, NULL), -EINVAL);
  cr_assert_eq(grosr_wait_many(NULL, NULL, 0, 0, NULL), -EINVAL);
  cr_assert_eq(grosr_wait_many(g, NULL, 1, 0, NULL), -EINVAL);
  cr_assert_eq(grosr_wait_many(g, NULL, 0, 0, NULL), 0);
  cr_assert_eq(grosr_wait_all(NULL, 0), -EINVAL);
  cr_assert_eq(grosr_cancel(NULL, 0), -EINVAL);
  cr_assert_eq(grosr_wait_signal(NULL, &device, 0, 0), -EINVAL);
  cr_assert_eq(grosr_wait_signal(g, NULL, 0, 0), -EINVAL);
  cr_assert_eq(grosr_wait_signal(g, (char *)&device + 4, 0, 0), -EINVAL);
  cr_assert_eq(grosr_shared_take(NULL, 8, &host, &device), -EINVAL);
  cr_assert_eq(grosr_shared_take(g, 0, &host, &device), -EINVAL);
  cr_assert_eq(grosr_shared_take(g, 8, NULL, &device), -EINVAL);
  cr_assert_eq(grosr_shared_take(g, 8, &host, NULL), -EINVAL);
  cr_assert_eq(grosr_stats(NULL, &stats), -EINVAL);
  cr_assert_eq(grosr_stats(g, NULL), -EINVAL);
  cr_assert_eq(grosr_info(NULL, &info), -EINVAL);
  cr_assert_eq(grosr_info(g, NULL), -EINVAL);
  cr_assert_eq(grosr_black_box(NULL, NULL, 0), -EINVAL);
  cr_assert_eq(grosr_black_box(g, NULL, 5), -EINVAL);
  cr_assert_eq(grosr_incarnation(NULL), 0);
  cr_assert_eq(grosr_close(g), 0);
}

Test(open, shared_memory_has_an_end)
{
  struct grosr *g = device_open(NULL);
  void *a = NULL, *b = NULL;
  uint64_t at = 0, next = 0;
  cr_assert_eq(grosr_shared_take(g, 1, &a, &at), 0);
  cr_assert_eq(grosr_shared_take(g, 129, &b, &next), 0);
  cr_assert_eq(next - at, 128);
  cr_assert_eq(at % 128u, 0);
  cr_assert_eq(grosr_shared_take(g, 1u << 20, &a, &at), -ENOMEM);
  cr_assert_eq(grosr_shared_take(g, UINT64_MAX, &a, &at), -ENOMEM);
  cr_assert_eq(grosr_shared_take(g, UINT64_MAX - 200u, &a, &at), -ENOMEM);
  grosr_shared_reset(g);
  cr_assert_eq(grosr_shared_take(g, 1u << 20, &a, &at), 0);
  cr_assert_eq(grosr_shared_take(g, 1, &a, &at), -ENOMEM);
  cr_assert_eq(grosr_close(g), 0);
}

Test(open, several_devices_at_once)
{
  struct grosr *g[3];
  for (uint64_t i = 0; i < 3; i++) {
    g[i] = device_open(NULL);
  }
  for (uint64_t i = 0; i < 3; i++) {
    struct grosr_task task = device_task(g[i], "answer", i + 1u);
    grosr_ticket ticket;
    int32_t result = 0;
    cr_assert_eq(grosr_submit(g[i], &task, &ticket), 0);
    cr_assert_eq(grosr_wait(g[i], ticket, GROSR_FOREVER, &result), 0);
    cr_assert_eq(result, i + 1u);
  }
  for (uint64_t i = 0; i < 3; i++) {
    cr_assert_eq(grosr_close(g[i]), 0);
  }
}
