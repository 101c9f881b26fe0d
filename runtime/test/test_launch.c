/* test_launch.c - launches as the host sees them: what is refused and why; and the lists of
 * launches, step by step. Next: test_ingress.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include <grosr/launch.h>

#include "device/kernel.h"
#include "test_steps.h"

GROSR_IMAGE(launch_test);
GROSR_KERNELS(test);

static struct grosr *opened(const struct grosr_kernels *kernels)
{
  struct grosr_options options;
  struct grosr *g = NULL;
  grosr_options_init(&options);
  options.device = "cpu";
  options.image = &grosr_image_launch_test;
  options.teams = 1;
  options.kernels = kernels;
  cr_assert_eq(grosr_open(&options, &g), 0, "%s", grosr_last_error());
  return g;
}

static void refused(struct grosr *g, const struct grosr_launch *launch, int error, const char *why)
{
  grosr_ticket ticket = 77;
  cr_expect_eq(grosr_launch(g, launch, &ticket), error, "%s", grosr_last_error());
  cr_expect(strstr(grosr_last_error(), why) != NULL, "%s", grosr_last_error());
  cr_expect_eq(ticket, 77);
}

Test(launch, what_cannot_be_launched_is_refused_with_its_reason, .timeout = 20)
{
  struct grosr *g = opened(&grosr_kernels_test);
  struct grosr_launch good = {.grid = 1};
  struct grosr_launch launch = good;
  uint32_t kernel = 5;
  launch.kernel = 40;
  refused(g, &launch, -ENOENT, "none with number 40");
  launch = good;
  launch.mode = (enum grosr_launch_mode)5;
  refused(g, &launch, -EINVAL, "mode 5");
  launch = good;
  launch.grid = 0;
  refused(g, &launch, -EINVAL, "a grid of 0 blocks");
  launch.grid = 0x80000000u;
  refused(g, &launch, -EINVAL, "use 1 to 2147483647");
  launch = good;
  launch.block = 33;
  refused(g, &launch, -EINVAL, "32, 64, ... up to 64");
  launch.block = 96;
  refused(g, &launch, -EINVAL, "blocks of 96 lanes");
  launch.block = 32;
  launch.mode = GROSR_LAUNCH_GRAPH;
  refused(g, &launch, -EINVAL, "a graph's shape is fixed");
  launch = good;
  launch.context = 9;
  refused(g, &launch, -EINVAL, "context 9 is not open");
  refused(NULL, &launch, -EINVAL, "null pointer");
  refused(g, NULL, -EINVAL, "null pointer");
  cr_expect_eq(grosr_kernel(g, "nothing", &kernel), -ENOENT);
  cr_expect(strstr(grosr_last_error(), "mark fails rounds") != NULL, "%s", grosr_last_error());
  cr_expect_eq(grosr_kernel(g, NULL, &kernel), -EINVAL);
  cr_expect_eq(kernel, 5);
  cr_expect_eq(grosr_close(g), 0);
}

Test(launch, without_kernels_there_is_nothing_to_launch, .timeout = 20)
{
  struct grosr *g = opened(NULL);
  const struct grosr_launch launch = {.grid = 1};
  uint32_t kernel, fan;
  refused(g, &launch, -ENOENT, "options.kernels");
  cr_expect_eq(grosr_kernel(g, "mark", &kernel), -ENOENT);
  cr_assert_eq(grosr_op(g, "alone", &fan), 0);
  grosr_ticket ticket;
  const struct grosr_task task = {.op = fan}; /* its launch ends as unknown, and nobody waits */
  cr_assert_eq(grosr_submit(g, &task, &ticket), 0);
  int32_t result = 1;
  cr_expect_eq(grosr_wait(g, ticket, GROSR_FOREVER, &result), 0);
  cr_expect_eq(result, 0);
  cr_expect_eq(grosr_wait_all(g, 5000000000ull), 0);
  struct grosr_stats stats;
  cr_expect_eq(grosr_stats(g, &stats), 0);
  cr_expect_eq(stats.failed, 1);
  cr_expect_eq(grosr_close(g), 0);
}

static int32_t never(const struct gr_grid *grid)
{
  (void)grid;
  return 0;
}

Test(launch, kernels_that_do_not_fit_are_refused_at_open, .timeout = 20)
{
  const struct grosr_kernel odd[] = {{"odd", 48, never}};
  struct grosr_kernels kernels = {GR_ABI_VERSION, 1, "odd", odd, NULL, NULL};
  struct grosr_options options;
  struct grosr *g = NULL;
  grosr_options_init(&options);
  options.device = "cpu";
  options.image = &grosr_image_launch_test;
  options.kernels = &kernels;
  cr_expect_eq(grosr_open(&options, &g), -EINVAL);
  cr_expect(strstr(grosr_last_error(), "48 lanes") != NULL, "%s", grosr_last_error());
  kernels.count = GR_KERNELS_MAX + 1u;
  cr_expect_eq(grosr_open(&options, &g), -EINVAL);
  kernels.count = 0;
  cr_expect_eq(grosr_open(&options, &g), -EINVAL);
  kernels.abi++;
  cr_expect_eq(grosr_open(&options, &g), -ENOEXEC);
  cr_expect_null(g);
}

/* Oldest first, all at once, and again after that. */
Test(launch, the_launcher_takes_in_the_order_of_asking)
{
  static struct gr_launched launched[4];
  struct gr_launcher launcher = {.launched = launched};
  cr_expect_eq(gr_launcher_take(&launcher, 0), 0);
  for (uint32_t lap = 0; lap < 2u; lap++) {
    for (uint32_t i = 0; i < 4u; i++) {
      gr_launched_put(&launcher, &launcher.asked[0], 3u - i);
    }
    uint32_t next = gr_launcher_take(&launcher, 0);
    for (uint32_t i = 0; i < 4u; i++) {
      cr_assert_eq(next, 4u - i);
      next = launched[next - 1u].next;
    }
    cr_expect_eq(next, 0);
    cr_expect_eq(gr_launcher_take(&launcher, 0), 0);
  }
}
