/* test_event.h - what the tests of events share: an event, who waits for it, who signals it
 * (test_event_ops.h). Next: test_device_event.c. */
#pragma once

#include "test_tool.h"

#include <errno.h>
#include <string.h>

#include <grosr/event.h>

enum { SIGNALLED = 0, ARRIVED = 1, EARLY = 2, WORDS = 4 }; /* test_event_ops.h */
enum { EVENTS = 255, WAITS = 4096 };                       /* all that there are */

static inline uint32_t event_open(struct tool *tool)
{
  uint32_t event = 0;
  CHECK_EQ(tool, grosr_event_open(tool->g, &event), 0);
  return event;
}

static inline void close_event(struct tool *tool, uint32_t event)
{
  CHECK_EQ(tool, grosr_event_close(tool->g, event), 0);
}

static inline uint32_t value_of(struct tool *tool, uint32_t event)
{
  uint32_t value = ~0u;
  CHECK_EQ(tool, grosr_event_value(tool->g, event, &value), 0);
  return value;
}

/* An `arrive` of the host's, or the reason for which it was refused. */
static inline int64_t wait_for(struct tool *tool, uint64_t words, uint32_t event, uint32_t value,
                               grosr_ticket *ticket)
{
  const struct grosr_task task = tool_task(tool, "arrive", words, value);
  const uint64_t end_ns = tool_now_ns() + TOOL_WAIT_NS;
  int error;
  do {
    error = grosr_submit_after(tool->g, &task, event, value, ticket);
  } while (error == -EAGAIN && tool_now_ns() < end_ns);
  return error;
}

/* `many` tasks that an op submits; its answer. */
static inline int32_t ops_wait_for(struct tool *tool, uint64_t words, const uint32_t at[2],
                                   uint64_t many)
{
  struct grosr_task task = tool_task(tool, "after", words, at[0]);
  task.arg[2] = at[1];
  task.arg[3] = many;
  return tool_run(tool, &task);
}

static inline int32_t op_signals(struct tool *tool, uint64_t words, uint32_t event, uint32_t count)
{
  struct grosr_task task = tool_task(tool, "signal", words, event);
  task.arg[2] = count;
  return tool_run(tool, &task);
}

static inline bool is_done(struct tool *tool, grosr_ticket ticket)
{
  int32_t result;
  const int error = grosr_wait(tool->g, ticket, 0, &result);
  CHECK(tool, error == 0 || error == -ETIMEDOUT);
  return error == 0;
}

static inline void check_sentence(struct tool *tool, int64_t is, int64_t wanted, const char *words)
{
  CHECK_EQ(tool, is, wanted);
  CHECK(tool, strstr(grosr_last_error(), words) != NULL);
}
