/* test_channel.h - what tests of channels share: the op that does anything with one
 * (test_channel_ops.h). Next: test_device_channel.c. */
#pragma once

#include "test_tool.h"

#include <grosr/channel.h>

enum { CHANNEL_COUNT = 0, CHANNEL_SUM = 1, CHANNEL_WRONG = 2, CHANNEL_PIPES = 3 };
enum { TRY_SEND = 0, TRY_RECEIVE = 1, SEND_THEN = 2, RECEIVE_THEN = 3, CLOSE = 4 };

/* 8 bytes at words[0]; what comes of waiting, which has no end, is in words[at] to words[at+2]. */
static inline struct grosr_task wish(const struct tool *tool, uint64_t device, uint64_t at,
                                     uint32_t capability, uint64_t what)
{
  struct grosr_task task = tool_task(tool, "transfer", device, at << 32 | capability);
  task.arg[2] = what << 24 | 8u;
  task.arg[3] = UINT64_MAX;
  return task;
}
