/* test_top.c - a device publishes frames for `grosr top`, and takes them back. What is shown of
 * them: ../../harness/test/test_top.c. Next: stress_tasks.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <grosr/top.h>

#include "test_steps.h"
#include "test_tool.h"

static char folder[] = "/tmp/grosr-test-XXXXXX";
static char path[96];

static void make_folder(void)
{
  cr_assert_not_null(mkdtemp(folder));
  setenv("GROSR_TOP", folder, 1);
  snprintf(path, sizeof path, "%s/grosr-%d-1.top", folder, (int)getpid());
}

static void drop_folder(void)
{
  rmdir(folder);
}

TestSuite(top, .init = make_folder, .fini = drop_folder, .timeout = 60);

static struct grosr_top *frame_read(size_t *bytes)
{
  static char text[65536];
  FILE *file = fopen(path, "rb");
  cr_assert_not_null(file, "%s is not there", path);
  *bytes = fread(text, 1, sizeof text, file);
  fclose(file);
  return (struct grosr_top *)(void *)text;
}

static void two_teams(struct grosr_options *options)
{
  options->teams = 2;
}

Test(top, frames_come_while_the_device_is_open)
{
  struct grosr *g = device_open(two_teams);
  struct grosr_tenant tenant;
  uint32_t context = 0;
  size_t bytes;
  struct grosr_top *frame = NULL;
  const struct grosr_task task = device_task(g, "answer", 0);
  cr_assert_eq(grosr_context_open(g, &context), 0);
  grosr_tenant_init(&tenant);
  tenant.weight = 7;
  cr_assert_eq(grosr_context_set(g, context, &tenant), 0);
  for (int i = 0; i < 10; i++) {
    cr_assert_eq(grosr_submit(g, &task, NULL), 0);
  }
  for (int i = 0; i < 100 && (frame == NULL || frame->completed < 10u); i++) {
    tool_nap_ns(50000000);
    frame = frame_read(&bytes); /* whole at any time */
    cr_assert_eq(frame->magic, GROSR_TOP_MAGIC);
    cr_assert_eq(frame->bytes, bytes);
  }
  const struct grosr_top_team *team =
      (const void *)((const char *)(frame + 1) + frame->ops * GROSR_TOP_NAME_BYTES);
  cr_assert_eq(frame->completed, 10);
  cr_assert_eq(frame->accepted, 10);
  cr_assert_eq(frame->ring, 0);
  cr_assert_eq(frame->teams, 2);
  cr_assert_eq(team[0].completed + team[1].completed, 10);
  cr_assert_eq(frame->context[context].state, GROSR_TOP_OPEN);
  cr_assert_eq(frame->context[context].weight, 7);
  cr_assert_eq(frame->context[context + 1u].state, 0);
  cr_assert_eq(grosr_close(g), 0);
  cr_assert_neq(access(path, F_OK), 0);
}

Test(top, a_folder_that_is_not_there_is_refused)
{
  struct grosr_options options;
  struct grosr *g = NULL;
  setenv("GROSR_TOP", "/nothing/here", 1);
  grosr_options_init(&options);
  options.device = "cpu";
  options.image = &grosr_image_test;
  cr_assert_eq(grosr_open(&options, &g), -EIO);
  cr_assert_not_null(strstr(grosr_last_error(), "set GROSR_TOP to a folder of yours"), "%s",
                     grosr_last_error());
}
