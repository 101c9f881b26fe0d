/* test_device_launch.c - tasks that launch kernels: every mode, many at once, too many, failures,
 * cancels, rounds, rest, and a device that is closed under them. Next: test_launch.c. */
#include "test_tool.h"

#include <errno.h>
#include <string.h>

#include <grosr/launch.h>

#include "port/port.h"
#include "shared/limits.h"

GROSR_IMAGE(launch_test);
GROSR_KERNELS(test);

#define MODES 5u

static void open_with_kernels(struct tool *tool)
{
  tool->options.image = &grosr_image_launch_test;
  tool->options.kernels = &grosr_kernels_test;
  tool_open(tool);
}

static struct grosr_launch launch_of(struct tool *tool, const char *kernel, uint64_t device,
                                     uint64_t arg1)
{
  struct grosr_launch launch = {.grid = 1, .arg = {device, arg1}};
  CHECK_EQ(tool, grosr_kernel(tool->g, kernel, &launch.kernel), 0);
  return launch;
}

static grosr_ticket launch(struct tool *tool, const struct grosr_launch *launch)
{
  grosr_ticket ticket = 0;
  CHECK_EQ(tool, grosr_launch(tool->g, launch, &ticket), 0);
  return ticket;
}

static void wait_until(struct tool *tool, const uint64_t *word)
{
  const uint64_t deadline_ns = tool_now_ns() + TOOL_WAIT_NS;
  uint64_t seen = 0;
  while (seen == 0 && tool_now_ns() < deadline_ns) {
    tool_nap_ns(10000);
    seen = gr_load_acquire_sys_u64((const gr_au64 *)word);
  }
  CHECK(tool, seen != 0);
}

static void every_mode_runs_the_whole_grid_once(struct tool *tool)
{
  static const uint32_t grids[] = {1, 3, 1000};
  uint64_t device;
  open_with_kernels(tool);
  uint64_t *words = tool_words(tool, 1001, &device);
  for (uint32_t mode = 0; mode < MODES; mode++) {
    for (uint32_t i = 0; i < 3u; i++) {
      memset(words, 0, 1001 * sizeof *words);
      struct grosr_launch want = launch_of(tool, "mark", device, 0);
      want.mode = (enum grosr_launch_mode)mode;
      want.grid = grids[i];
      CHECK_EQ(tool, tool_wait(tool, launch(tool, &want)), 0);
      for (uint32_t word = 0; word < 1001u; word++) {
        CHECK_EQ(tool, words[word], word < grids[i] ? 1 : 0);
      }
    }
    memset(words, 0, 3 * sizeof *words);
    struct grosr_launch sum = launch_of(tool, "sums", device, 1000);
    sum.mode = (enum grosr_launch_mode)mode;
    sum.grid = 2;
    sum.block = mode <= GROSR_LAUNCH_TAIL ? 128 : 0;
    CHECK_EQ(tool, tool_wait(tool, launch(tool, &sum)), 0);
    CHECK(tool, words[0] == 499500u && words[1] == 499500u && words[2] == 0u);
  }
  tool_close(tool, 0);
}

/* As many as there are records, and more: who finds none is told so, and tries again. */
static void many_at_once(struct tool *tool)
{
  enum { MANY = 2000 };
  static grosr_ticket tickets[MANY];
  uint64_t device, refused = 0;
  tool->options.shared_bytes = 1u << 20;
  open_with_kernels(tool);
  uint64_t *words = tool_words(tool, MANY, &device);
  struct grosr_launch want = launch_of(tool, "mark", device, 0);
  for (uint32_t i = 0; i < MANY; i++) {
    want.arg[1] = i;
    want.mode = (enum grosr_launch_mode)(i % MODES);
    while (grosr_launch(tool->g, &want, &tickets[i]) == -EAGAIN) {
      tool_nap_ns(10000);
    }
  }
  for (uint32_t i = 0; i < MANY; i++) {
    int32_t result = tool_wait(tool, tickets[i]);
    want.arg[1] = i;
    want.mode = (enum grosr_launch_mode)(i % MODES);
    for (; result == -EAGAIN; refused++) {
      tool_nap_ns(1000);
      result = tool_wait(tool, launch(tool, &want));
    }
    CHECK_EQ(tool, result, 0);
  }
  for (uint32_t i = 0; i < MANY; i++) {
    CHECK_EQ(tool, words[i], 1);
  }
  printf("     %llu were told to try again\n", (unsigned long long)refused);
  tool_close(tool, 0);
}

static void no_more_than_there_are_records(struct tool *tool)
{
  enum { MORE = 5 };
  static grosr_ticket tickets[GR_LAUNCHES_MAX + MORE];
  uint64_t device;
  uint32_t told = 0, good = 0;
  open_with_kernels(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  const struct grosr_launch first = launch_of(tool, "waits", device, 0);
  struct grosr_launch behind = launch_of(tool, "waits", device, 0);
  behind.mode = GROSR_LAUNCH_TAIL; /* none of them ends before the first one does */
  tickets[0] = launch(tool, &first);
  wait_until(tool, &words[1]);
  for (uint32_t i = 1; i < GR_LAUNCHES_MAX + MORE; i++) {
    tickets[i] = launch(tool, &behind);
  }
  tool_nap_ns(50000000);
  gr_store_release_sys_u64((gr_au64 *)&words[0], 1);
  for (uint32_t i = 0; i < GR_LAUNCHES_MAX + MORE; i++) {
    const int32_t result = tool_wait(tool, tickets[i]);
    told += result == -EAGAIN ? 1u : 0u;
    good += result == 0 ? 1u : 0u;
  }
  CHECK_EQ(tool, good, GR_LAUNCHES_MAX);
  CHECK_EQ(tool, told, MORE);
  tool_close(tool, 0);
}

static void what_fails_is_told(struct tool *tool)
{
  uint64_t device;
  open_with_kernels(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  for (uint32_t mode = 0; mode < MODES; mode++) {
    struct grosr_launch want = launch_of(tool, "fails", device, 2);
    want.mode = (enum grosr_launch_mode)mode;
    want.grid = 5;
    CHECK_EQ(tool, tool_wait(tool, launch(tool, &want)), -7);
    want.grid = 2;
    CHECK_EQ(tool, tool_wait(tool, launch(tool, &want)), 0);
  }
  CHECK(tool, words[0] >= MODES * 5u);
  /* What only the device can see: an op names a kernel that there is not. */
  struct grosr_task task = tool_task(tool, "fan", device, 0);
  task.arg[2] = 2;
  task.arg[3] = 99;
  CHECK_EQ(tool, tool_run(tool, &task), -ENOENT);
  task.arg[3] = 77u << 8;
  CHECK_EQ(tool, tool_run(tool, &task), -EINVAL);
  tool_close(tool, 0);
}

static void rounds_follow_each_other(struct tool *tool)
{
  uint64_t device;
  open_with_kernels(tool);
  uint64_t *words = tool_words(tool, 64, &device);
  struct grosr_launch want = launch_of(tool, "rounds", device, 10);
  want.mode = GROSR_LAUNCH_SELF;
  want.grid = 40;
  CHECK_EQ(tool, tool_wait(tool, launch(tool, &want)), 0);
  for (uint32_t i = 0; i < 64u; i++) {
    CHECK_EQ(tool, words[i], i < 40u ? 10 : 0);
  }
  memset(words, 0, 64 * sizeof *words);
  want.mode = GROSR_LAUNCH_SIBLING; /* only SELF is run again */
  CHECK_EQ(tool, tool_wait(tool, launch(tool, &want)), 0);
  CHECK_EQ(tool, words[0], 1);
  tool_close(tool, 0);
}

/* An op's launches are tasks like others: counted, forked, joined; and no team is held by them. */
static void ops_launch(struct tool *tool)
{
  uint64_t device;
  open_with_kernels(tool);
  uint64_t *words = tool_words(tool, 64, &device);
  for (uint32_t mode = 0; mode < MODES; mode++) {
    struct grosr_task task = tool_task(tool, "fan", device, 8u * mode);
    uint32_t kernel = 9;
    CHECK_EQ(tool, grosr_kernel(tool->g, "mark", &kernel), 0);
    task.arg[2] = 8;
    task.arg[3] = (uint64_t)mode << 8 | kernel;
    CHECK_EQ(tool, tool_run(tool, &task), 8);
  }
  memset(words, 0, 8 * sizeof *words);
  const struct grosr_launch waits = launch_of(tool, "waits", device, 0);
  grosr_ticket ticket = launch(tool, &waits);
  wait_until(tool, &words[1]);
  const struct grosr_task count = tool_task(tool, "count", device, 2);
  for (int i = 0; i < 100; i++) { /* whatever number of teams there are */
    CHECK_EQ(tool, tool_run(tool, &count), 0);
  }
  CHECK_EQ(tool, words[2], 100);
  struct grosr_task alone = tool_task(tool, "alone", device, 3);
  uint32_t kernel = 9;
  CHECK_EQ(tool, grosr_kernel(tool->g, "mark", &kernel), 0);
  alone.arg[2] = kernel;
  CHECK_EQ(tool, tool_run(tool, &alone), 0);
  gr_store_release_sys_u64((gr_au64 *)&words[0], 1);
  CHECK_EQ(tool, tool_wait(tool, ticket), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, words[3], 1);
  tool_close(tool, 0);
}

static void cancelled_or_killed_it_ends(struct tool *tool)
{
  uint64_t device;
  uint32_t context = 0;
  open_with_kernels(tool);
  uint64_t *words = tool_words(tool, 64, &device);
  struct grosr_launch waits = launch_of(tool, "waits", device, 0);
  struct grosr_launch mark = launch_of(tool, "mark", device, 8);
  mark.mode = GROSR_LAUNCH_TAIL;
  const grosr_ticket runs = launch(tool, &waits);
  wait_until(tool, &words[1]);
  const grosr_ticket behind = launch(tool, &mark);
  CHECK_EQ(tool, grosr_cancel(tool->g, behind), 0);
  CHECK_EQ(tool, grosr_cancel(tool->g, runs), 0);
  CHECK_EQ(tool, tool_wait(tool, runs), -ECANCELED);
  CHECK_EQ(tool, tool_wait(tool, behind), -ECANCELED);
  CHECK_EQ(tool, words[8], 0);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
  words[1] = 0;
  waits.context = context;
  const grosr_ticket killed = launch(tool, &waits);
  wait_until(tool, &words[1]);
  CHECK_EQ(tool, grosr_context_kill(tool->g, context), 0);
  CHECK_EQ(tool, tool_wait(tool, killed), -ECANCELED);
  CHECK_EQ(tool, grosr_launch(tool->g, &waits, NULL), -ECANCELED);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
  tool_close(tool, 0);
}

/* Idle for long while a kernel runs: asleep or not, the end is seen (K3, K4). */
static void ends_are_seen_by_who_sleeps(struct tool *tool)
{
  for (int mode = GROSR_IDLE_LATENCY; mode <= GROSR_IDLE_QUIET; mode++) {
    uint64_t device, random = 88172645463325252ull;
    tool->options.idle_mode = (enum grosr_idle_mode)mode;
    tool->options.idle_exit_ns = tool->is_cuda ? 0 : 300000;
    open_with_kernels(tool);
    tool_words(tool, 8, &device);
    for (int i = 0; i < 40; i++) {
      struct grosr_launch insists =
          launch_of(tool, "insists", device, tool_random(&random) % 1000000u);
      CHECK_EQ(tool, tool_wait(tool, launch(tool, &insists)), 0);
    }
    tool_close(tool, 0);
  }
}

static void closing_ends_what_is_out(struct tool *tool)
{
  static const char *const names[] = {"waits", "insists"};
  for (int i = 0; i < (tool->is_cuda ? 1 : 2); i++) { /* insists: by force */
    const unsigned threads = tool_proc_count("task");
    uint64_t device;
    tool->options.close_ns_max = 50000000;
    open_with_kernels(tool);
    uint64_t *words = tool_words(tool, 8, &device);
    struct grosr_launch waits = launch_of(tool, names[i], device, 60000000000ull);
    launch(tool, &waits);
    launch(tool, &waits);
    while (i == 0 && gr_load_acquire_sys_u64((const gr_au64 *)&words[1]) == 0) {
      tool_nap_ns(10000);
    }
    CHECK_EQ(tool, grosr_close(tool->g), -ETIMEDOUT);
    CHECK(tool, tool->is_cuda || tool_proc_count("task") == threads);
  }
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"every_mode_runs_the_whole_grid_once", every_mode_runs_the_whole_grid_once},
      {"many_at_once", many_at_once},
      {"no_more_than_there_are_records", no_more_than_there_are_records},
      {"what_fails_is_told", what_fails_is_told},
      {"rounds_follow_each_other", rounds_follow_each_other},
      {"ops_launch", ops_launch},
      {"cancelled_or_killed_it_ends", cancelled_or_killed_it_ends},
      {"ends_are_seen_by_who_sleeps", ends_are_seen_by_who_sleeps},
      {"closing_ends_what_is_out", closing_ends_what_is_out},
      {NULL, NULL}};
  return tool_main(argc, argv, cases);
}
