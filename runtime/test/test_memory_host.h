/* test_memory_host.h - what the device tests of the host's part of memory share. Next:
 * test_device_memory_host.c. */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <grosr/memory.h>

#include "test_tool.h"

static inline int32_t run_op(struct tool *tool, const char *op, uint32_t context,
                             const uint64_t *args)
{
  struct grosr_task task = tool_task(tool, op, args[0], args[1]);
  task.context = context;
  task.arg[2] = args[2];
  task.arg[3] = args[3];
  return tool_run(tool, &task);
}

/* So many of `op`'s own objects; their addresses are in words. */
static inline void op_keeps(struct tool *tool, const char *op, uint32_t context, uint64_t device,
                            uint64_t bytes, uint64_t count)
{
  const uint64_t args[4] = {device, bytes, count, 0};
  CHECK_EQ(tool, run_op(tool, op, context, args), count);
}
static inline int32_t op_frees(struct tool *tool, uint32_t context, uint64_t address)
{
  const uint64_t args[4] = {0, address, 0, 0};
  return run_op(tool, "let_go", context, args);
}
static inline void op_pokes(struct tool *tool, uint32_t context, uint64_t address, uint64_t bytes,
                            uint64_t value)
{
  const uint64_t args[4] = {0, address, bytes, value};
  CHECK_EQ(tool, run_op(tool, "poke", context, args), 0);
}
#define SAYS(tool, text) CHECK(tool, strstr(grosr_last_error(), text) != NULL)
