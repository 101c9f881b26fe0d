/* test_tool.h - what the plain test programs share: a device in several shapes, tasks, checks.
 *
 * A program has a table of cases; tool_main runs each of them in every shape that its device has
 * and returns 0, 1 (a check failed) or 77 (the device is not there: a skip). A case sets what it
 * wants in tool->options, calls tool_open, and ends with tool_close. A check that fails prints
 * itself and the black box, and the case goes on; what would make no sense after a failure is a
 * tool_need.
 *
 *   usage: test_device_x [cpu | cuda | cuda:N] [lanes]
 *
 * Next: test_tool.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <grosr/grosr.h>

#define TOOL_WAIT_NS 20000000000ull /* longer than any test may take: a lost wake-up is found */
#define TOOL_SKIP    77

struct tool {
  struct grosr_options options; /* device and shape; a case adds its own */
  struct grosr *g;
  uint32_t teams;
  uint32_t workers; /* teams that run tasks */
  uint32_t lanes;
  bool is_cuda;
  const char *name; /* of the case */
  unsigned checks;
  unsigned failures;
};

struct tool_case {
  const char *name;
  void (*run)(struct tool *tool);
};

GROSR_IMAGE(test);

/* Runs cases[0] ... (a null name ends them). */
int tool_main(int argc, char **argv, const struct tool_case *cases);

void tool_open(struct tool *tool);
/* Checks that all is done, that the counts agree, and that the device closes with `unwaited`. */
void tool_close(struct tool *tool, int unwaited);

/* Words of shared memory, and their device address. */
uint64_t *tool_words(struct tool *tool, size_t count, uint64_t *device);
/* A task of context 0; arguments as named. */
struct grosr_task tool_task(const struct tool *tool, const char *op, uint64_t arg0, uint64_t arg1);
grosr_ticket tool_submit(struct tool *tool, const struct grosr_task *task);
/* The task's result; a failed wait is a failed check. */
int32_t tool_wait(struct tool *tool, grosr_ticket ticket);
int32_t tool_run(struct tool *tool, const struct grosr_task *task);
struct grosr_stats tool_stats(struct tool *tool);

bool tool_check(struct tool *tool, bool holds, const char *text, const char *file, int line);
#define CHECK(tool, condition) tool_check((tool), (condition), #condition, __FILE__, __LINE__)
/* Both values are printed if they differ. */
bool tool_equal(struct tool *tool, int64_t is, int64_t wanted, const char *text, int line);
#define CHECK_EQ(tool, is, wanted)                                                                 \
  tool_equal((tool), (int64_t)(is), (int64_t)(wanted), #is " == " #wanted, __LINE__)

uint64_t tool_now_ns(void);
void tool_nap_ns(uint64_t ns);
/* A small generator of its own, so that a run can be repeated: xorshift64. `state` is not 0. */
uint64_t tool_random(uint64_t *state);
/* Resident memory of this process. */
uint64_t tool_resident_bytes(void);
/* Entries of /proc/self/NAME, e.g. "task" or "fd". */
unsigned tool_proc_count(const char *name);
void tool_black_box(struct grosr *g);
