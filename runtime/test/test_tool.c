/* test_tool.c - see test_tool.h. Next: test_device_lanes.c. */
#include "test_tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"

struct shape {
  uint32_t teams;
  uint32_t ingress_team;
};

uint64_t tool_now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void tool_nap_ns(uint64_t ns)
{
  const struct timespec time = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
  nanosleep(&time, NULL);
}

uint64_t tool_random(uint64_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

uint64_t tool_resident_bytes(void)
{
  unsigned long total = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file != NULL) {
    if (fscanf(file, "%lu %lu", &total, &resident) != 2) {
      resident = 0;
    }
    fclose(file);
  }
  return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

unsigned tool_proc_count(const char *name)
{
  char path[64];
  snprintf(path, sizeof path, "/proc/self/%s", name);
  const int count = folder_entries(path);
  return count > 0 ? (unsigned)count : 0;
}

void tool_black_box(struct grosr *g)
{
  char text[4096] = "";
  if (g != NULL) {
    grosr_black_box(g, text, sizeof text);
    fputs(text, stdout);
  }
  fflush(stdout);
}

bool tool_check(struct tool *tool, bool holds, const char *text, const char *file, int line)
{
  tool->checks++;
  if (!holds) {
    tool->failures++;
    printf("FAILED %s: %s (%s:%d); last error: %s\n", tool->name, text, file, line,
           grosr_last_error());
    tool_black_box(tool->g);
  }
  return holds;
}

bool tool_equal(struct tool *tool, int64_t is, int64_t wanted, const char *text, int line)
{
  char both[256];
  snprintf(both, sizeof both, "%s, where it is %lld and not %lld", text, (long long)is,
           (long long)wanted);
  return tool_check(tool, is == wanted, both, tool->name, line);
}

/* ---- device and tasks ---- */

void tool_open(struct tool *tool)
{
  const int error = grosr_open(&tool->options, &tool->g);
  if (error == -ENODEV) {
    printf("skipped: %s\n", grosr_last_error());
    exit(TOOL_SKIP);
  }
  if (error < 0) {
    printf("FAILED %s: grosr_open: %s\n", tool->name, grosr_last_error());
    exit(1);
  }
}

struct grosr_stats tool_stats(struct tool *tool)
{
  struct grosr_stats stats;
  memset(&stats, 0, sizeof stats);
  CHECK_EQ(tool, grosr_stats(tool->g, &stats), 0);
  return stats;
}

void tool_close(struct tool *tool, int unwaited)
{
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  const struct grosr_stats stats = tool_stats(tool);
  CHECK_EQ(tool, stats.completed, stats.accepted + stats.submitted);
  CHECK(tool, stats.from_mailbox + stats.from_queue + stats.from_ingress <= stats.completed);
  CHECK(tool, stats.cancelled <= stats.failed && stats.failed <= stats.completed);
  CHECK_EQ(tool, stats.unwaited, unwaited);
  if (stats.submitted == 0u) {
    CHECK_EQ(tool, stats.from_mailbox + stats.from_queue + stats.from_ingress, stats.completed);
  }
  struct grosr *g = tool->g;
  tool->g = NULL;
  CHECK_EQ(tool, grosr_close(g), unwaited);
}

uint64_t *tool_words(struct tool *tool, size_t count, uint64_t *device)
{
  void *host = NULL;
  if (grosr_shared_take(tool->g, count * sizeof(uint64_t), &host, device) < 0) {
    printf("FAILED %s: %s\n", tool->name, grosr_last_error());
    exit(1);
  }
  memset(host, 0, count * sizeof(uint64_t));
  return host;
}

struct grosr_task tool_task(const struct tool *tool, const char *op, uint64_t arg0, uint64_t arg1)
{
  struct grosr_task task;
  const uint64_t args[GROSR_ARG_WORDS] = {arg0, arg1, 0, 0};
  uint32_t id = 0;
  if (grosr_op(tool->g, op, &id) < 0 || grosr_task_init(&task, id, 0, args, sizeof args) < 0) {
    printf("FAILED %s: %s\n", tool->name, grosr_last_error());
    exit(1);
  }
  return task;
}

grosr_ticket tool_submit(struct tool *tool, const struct grosr_task *task)
{
  grosr_ticket ticket = 0;
  CHECK_EQ(tool, grosr_submit_many(tool->g, task, 1, TOOL_WAIT_NS, &ticket), 1);
  return ticket;
}

int32_t tool_wait(struct tool *tool, grosr_ticket ticket)
{
  int32_t result = INT32_MIN;
  CHECK_EQ(tool, grosr_wait(tool->g, ticket, TOOL_WAIT_NS, &result), 0);
  return result;
}

int32_t tool_run(struct tool *tool, const struct grosr_task *task)
{
  return tool_wait(tool, tool_submit(tool, task));
}

/* ---- shapes and cases ---- */

static unsigned run_shape(struct tool *tool, const struct shape *shape,
                          const struct tool_case *cases)
{
  const struct grosr_options options = tool->options;
  unsigned failures = 0;
  for (; cases->name != NULL; cases++) {
    tool->options = options;
    tool->options.teams = tool->teams = shape->teams;
    tool->options.ingress_team = shape->ingress_team;
    tool->workers = shape->ingress_team == 1u ? shape->teams - 1u : shape->teams;
    tool->name = cases->name;
    tool->checks = tool->failures = 0;
    cases->run(tool);
    printf("%s %s [%s, %u teams of %u, %s]: %u checks\n", tool->failures ? "FAILED" : "ok",
           cases->name, tool->options.device, shape->teams, tool->lanes,
           shape->ingress_team == 1u ? "ingress reserved" : "ingress shared", tool->checks);
    fflush(stdout);
    failures += tool->failures;
    tool->options = options;
  }
  return failures;
}

int tool_main(int argc, char **argv, const struct tool_case *cases)
{
  static const struct shape shapes[] = {{1, 2}, {2, 2}, {4, 2}, {2, 1}, {4, 1}};
  struct tool tool;
  unsigned failures = 0;
  memset(&tool, 0, sizeof tool);
  grosr_options_init(&tool.options);
  tool.options.device = argc > 1 ? argv[1] : "cpu";
  tool.options.image = &grosr_image_test;
  tool.is_cuda = strncmp(tool.options.device, "cuda", 4) == 0;
  tool.lanes = argc > 2 ? (uint32_t)atoi(argv[2]) : tool.is_cuda ? 32u : 1u;
  tool.options.lanes = tool.lanes;
  tool.options.scratch_bytes = 16384;
  if (grosr_device_probe(tool.options.device) == -ENODEV) {
    printf("skipped: %s\n", grosr_last_error());
    return TOOL_SKIP;
  }
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    failures += run_shape(&tool, &shapes[i], cases);
  }
  return failures != 0 ? 1 : 0;
}
