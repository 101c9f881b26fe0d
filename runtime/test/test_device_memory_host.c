/* test_device_memory_host.c - the host's part of the device's memory: for contexts it allocates,
 * copies, limits, resets and counts, and tells who leaks and who misuses it. Next: test_sim.c. */
#include "test_tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <grosr/memory.h>

static int32_t run_op(struct tool *tool, const char *op, uint32_t context, const uint64_t *args)
{
  struct grosr_task task = tool_task(tool, op, args[0], args[1]);
  task.context = context;
  task.arg[2] = args[2];
  task.arg[3] = args[3];
  return tool_run(tool, &task);
}

/* So many of `op`'s own objects; their addresses are in words. */
static void op_keeps(struct tool *tool, const char *op, uint32_t context, uint64_t device,
                     uint64_t bytes, uint64_t count)
{
  const uint64_t args[4] = {device, bytes, count, 0};
  CHECK_EQ(tool, run_op(tool, op, context, args), count);
}
static int32_t op_frees(struct tool *tool, uint32_t context, uint64_t address)
{
  const uint64_t args[4] = {0, address, 0, 0};
  return run_op(tool, "let_go", context, args);
}
static void op_pokes(struct tool *tool, uint32_t context, uint64_t address, uint64_t bytes,
                     uint64_t value)
{
  const uint64_t args[4] = {0, address, bytes, value};
  CHECK_EQ(tool, run_op(tool, "poke", context, args), 0);
}
#define SAYS(tool, text) CHECK(tool, strstr(grosr_last_error(), text) != NULL)

/* ---- objects ---- */

static void host_and_ops_share_objects(struct tool *tool)
{
  static const uint64_t sizes[] = {1, 16, 100, 4096, 65472, 65473, 300001};
  static unsigned char in[300001], out[300001];
  uint64_t device, object = 0, have = 0;
  for (size_t i = 0; i < sizeof in; i++) {
    in[i] = (unsigned char)(i * 7u + i / 251u);
  }
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    uint64_t sum = 0;
    for (uint64_t k = 0; k < sizes[i]; k++) {
      sum += in[k];
    }
    CHECK_EQ(tool, grosr_memory_alloc(tool->g, 0, sizes[i], 0, &object), 0);
    CHECK_EQ(tool, object % 16u, 0);
    CHECK_EQ(tool, grosr_memory_size(tool->g, 0, object, &have), 0);
    CHECK(tool, have >= sizes[i]);
    CHECK_EQ(tool, grosr_memory_write(tool->g, 0, object, 0, in, sizes[i]), 0);
    const uint64_t args[4] = {device, object, sizes[i], 0};
    CHECK_EQ(tool, run_op(tool, "total", 0, args), 0);
    CHECK_EQ(tool, words[0], sum);
    memset(out, 0, sizeof out);
    CHECK_EQ(tool, grosr_memory_read(tool->g, 0, object, 0, out, sizes[i]), 0);
    CHECK(tool, memcmp(in, out, sizes[i]) == 0 && out[sizes[i] % sizeof out] == 0);
    CHECK_EQ(tool, grosr_memory_read(tool->g, 0, object, sizes[i] / 3u, out, sizes[i] / 2u), 0);
    CHECK(tool, memcmp(in + sizes[i] / 3u, out, sizes[i] / 2u) == 0);
    CHECK_EQ(tool, op_frees(tool, 0, object), 0); /* by an op of the context */
  }
  op_keeps(tool, "keep", 0, device, 500, 3);
  for (uint32_t i = 0; i < 3u; i++) {
    CHECK_EQ(tool, grosr_memory_free(tool->g, 0, words[i]), 0);
  }
  CHECK_EQ(tool, grosr_memory_errors(tool->g, NULL, 0), 0);
  tool_close(tool, 0);
}

static void alignment_and_map(struct tool *tool)
{
  uint64_t object = 0;
  void *host = NULL;
  tool_open(tool);
  for (uint64_t align = 1; align <= 1u << 20; align *= 4u) {
    CHECK_EQ(tool, grosr_memory_alloc(tool->g, 0, 100, align, &object), 0);
    CHECK_EQ(tool, grosr_memory_free(tool->g, 0, object), 0);
  }
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, 0, 1000, 256, &object), 0);
  if (tool->is_cuda) {
    CHECK_EQ(tool, grosr_memory_map(tool->g, 0, object, &host), -ENOTSUP);
    SAYS(tool, "grosr_memory_read");
  } else {
    CHECK_EQ(tool, grosr_memory_map(tool->g, 0, object, &host), 0);
    CHECK_EQ(tool, (uintptr_t)host % 256u, 0);
    op_pokes(tool, 0, object, 1000, 0x5a);
    CHECK(tool, host != NULL && ((unsigned char *)host)[999] == 0x5a);
    CHECK_EQ(tool, grosr_memory_map(tool->g, 0, object + 16u, &host), -EFAULT);
  }
  CHECK_EQ(tool, grosr_memory_free(tool->g, 0, object), 0);
  tool_close(tool, 0);
}

static void bad_input_is_refused_with_a_sentence(struct tool *tool)
{
  uint64_t object = 0, outside = 0;
  unsigned char byte = 0;
  uint32_t context = 0;
  tool_open(tool);
  struct grosr *g = tool->g;
  CHECK_EQ(tool, grosr_context_open(g, &context), 0);
  CHECK_EQ(tool, grosr_memory_alloc(g, 0, 0, 0, &object), -EINVAL); /* size 0 */
  SAYS(tool, "1 byte or more");
  CHECK_EQ(tool, grosr_memory_alloc(g, 0, UINT64_MAX, 0, &object), -ENOMEM); /* above the arena */
  CHECK_EQ(tool, grosr_memory_alloc(g, 0, 1ull << 32, 0, &object), -ENOMEM);
  SAYS(tool, "memory_bytes");
  CHECK_EQ(tool, grosr_memory_alloc(g, 0, 16, 24, &object), -EINVAL); /* no power of two */
  SAYS(tool, "power of two");
  CHECK_EQ(tool, grosr_memory_alloc(g, 0, 16, 1ull << 40, &object), -EINVAL);
  CHECK_EQ(tool, grosr_memory_alloc(g, 63, 16, 0, &object), -EINVAL);
  SAYS(tool, "not open");
  CHECK_EQ(tool, grosr_memory_alloc(NULL, 0, 16, 0, &object), -EINVAL);
  CHECK_EQ(tool, grosr_memory_alloc(g, 0, 16, 0, NULL), -EINVAL);
  CHECK_EQ(tool, object, 0);
  CHECK_EQ(tool, grosr_memory_free(g, 0, 0), 0); /* free of NULL */
  CHECK_EQ(tool, op_frees(tool, 0, 0), 0);
  CHECK_EQ(tool, grosr_memory_alloc(g, 0, 100, 0, &object), 0);
  CHECK_EQ(tool, grosr_memory_write(g, 0, object, 0, &byte, 1ull << 20), -ERANGE);
  SAYS(tool, "within the object");
  CHECK_EQ(tool, grosr_memory_read(g, 0, object, 113, &byte, 1), -ERANGE);
  CHECK_EQ(tool, grosr_memory_read(g, 0, object, UINT64_MAX, &byte, 2), -ERANGE);
  CHECK_EQ(tool, grosr_memory_write(g, 0, object + 16u, 0, &byte, 1), -EFAULT);
  CHECK_EQ(tool, grosr_memory_write(g, context, object, 0, &byte, 1), -EFAULT); /* not theirs */
  SAYS(tool, "no live object");
  CHECK_EQ(tool, grosr_memory_read(g, 0, (uint64_t)(uintptr_t)&outside, 0, &byte, 1), -EFAULT);
  CHECK_EQ(tool, grosr_memory_write(g, 0, object, 0, NULL, 1), -EINVAL);
  CHECK_EQ(tool, grosr_memory_read(g, 0, object, 0, NULL, 1), -EINVAL);
  CHECK_EQ(tool, grosr_memory_read(g, 0, object, 0, NULL, 0), 0);
  CHECK_EQ(tool, grosr_memory_free(g, context, object), -EFAULT); /* foreign */
  CHECK_EQ(tool, grosr_memory_free(g, 0, object + 16u), -EINVAL); /* interior */
  SAYS(tool, "inside of an object");
  CHECK_EQ(tool, grosr_memory_free(g, 0, object), 0);
  CHECK_EQ(tool, grosr_memory_free(g, 0, object), -ESTALE); /* double */
  SAYS(tool, "free already");
  CHECK_EQ(tool, grosr_memory_read(g, 0, object, 0, &byte, 1), -EFAULT);
  CHECK_EQ(tool, grosr_memory_quota(g, 63, 0), -EINVAL);
  CHECK_EQ(tool, grosr_memory_reset(g, 63), -EINVAL);
  CHECK_EQ(tool, grosr_memory_stats(g, 0, NULL), -EINVAL);
  CHECK_EQ(tool, grosr_memory_live(g, 0, NULL, 1), -EINVAL);
  CHECK_EQ(tool, grosr_memory_errors(g, NULL, 1), -EINVAL);
  struct grosr_memory_error e[8];
  CHECK_EQ(tool, grosr_memory_errors(g, e, 8), 3);
  CHECK(tool, e[0].fault == GROSR_MEMORY_FOREIGN && e[0].context == context);
  CHECK(tool, e[1].fault == GROSR_MEMORY_INTERIOR && e[1].address == object + 16u);
  CHECK(tool, e[2].fault == GROSR_MEMORY_DOUBLE && strcmp(e[2].name, "the host") == 0);
  CHECK_EQ(tool, grosr_context_kill(g, context), 0);
  CHECK_EQ(tool, grosr_memory_alloc(g, context, 16, 0, &object), -ECANCELED);
  CHECK_EQ(tool, grosr_wait_all(g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_context_close(g, context), 0);
  tool_close(tool, 0);
}

/* ---- arenas ---- */

static void memory_that_is_gone_is_said_to_be(struct tool *tool)
{
  uint64_t device;
  uint32_t context = 0;
  tool->options.memory_bytes = 1u << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 4096, &device);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
  uint64_t count = 0, object = 0;
  while (count < 4096u && grosr_memory_alloc(tool->g, 0, 8192, 0, &words[count]) == 0) {
    count++;
  }
  CHECK(tool, count >= 124u && count <= 128u);
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, context, 8192, 0, &object), -ENOMEM);
  const uint64_t args[4] = {device + 8u * count, 8192, 1, 0};
  CHECK_EQ(tool, run_op(tool, "keep", 0, args), -ENOMEM);
  while (count-- != 0) {
    CHECK_EQ(tool, grosr_memory_free(tool->g, 0, words[count]), 0);
  }
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, context, 900000, 0, &object), 0); /* and is back */
  CHECK_EQ(tool, grosr_memory_free(tool->g, context, object), 0);
  CHECK_EQ(tool, grosr_memory_errors(tool->g, NULL, 0), 0);
  tool_close(tool, 0);
}

static void a_quota_is_the_contexts_own(struct tool *tool)
{
  uint64_t device, object = 0, other = 0;
  uint32_t context = 0;
  struct grosr_memory_stats stats;
  tool_open(tool);
  tool_words(tool, 64, &device);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
  CHECK_EQ(tool, grosr_memory_quota(tool->g, context, 10u * 4096u + 5u), 0);
  CHECK_EQ(tool, grosr_memory_stats(tool->g, context, &stats), 0);
  CHECK_EQ(tool, stats.quota_pages, 10);
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, context, 11u * 4096u, 0, &object), -EDQUOT);
  SAYS(tool, "quota");
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, context, 10u * 4096u, 0, &object), 0);
  const uint64_t args[4] = {device, 100, 1, 0};
  CHECK_EQ(tool, run_op(tool, "keep", context, args), -EDQUOT);
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, 0, 100000, 0, &other), 0);
  CHECK_EQ(tool, grosr_memory_quota(tool->g, context, 4096), 0); /* below what it has: that stays */
  CHECK_EQ(tool, grosr_memory_free(tool->g, context, object), 0);
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, context, 8193, 0, &object), -EDQUOT);
  CHECK_EQ(tool, grosr_memory_quota(tool->g, context, GROSR_FOREVER), 0);
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, context, 1u << 20, 0, &object), 0);
  CHECK_EQ(tool, grosr_memory_quota(tool->g, context, 0), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0); /* the next has no quota, and all */
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, context, 60u << 20, 0, &object), 0);
  tool_close(tool, 0);
}

static void reset_and_close_give_all_back(struct tool *tool)
{
  uint64_t device, object = 0;
  uint32_t context = 0;
  struct grosr_memory_stats stats;
  tool->options.memory_bytes = 4u << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 1000, &device);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
  for (uint32_t round = 0; round < 5u; round++) {
    op_keeps(tool, "keep", context, device, 1000, 900);
    object = words[7];
    CHECK_EQ(tool, grosr_memory_alloc(tool->g, context, 2u << 20, 0, &words[0]), 0);
    CHECK_EQ(tool, grosr_memory_reset(tool->g, context), 0);
    CHECK_EQ(tool, grosr_memory_stats(tool->g, context, &stats), 0);
    CHECK(tool, stats.pages == 0 && stats.live_bytes == 0 && stats.resets == round + 1u);
    CHECK(tool, stats.stale_pages != 0);
  }
  CHECK_EQ(tool, op_frees(tool, context, object), -EFAULT); /* of before the reset */
  struct grosr_task hold = tool_task(tool, "hold", device, TOOL_WAIT_NS);
  hold.context = context;
  words[0] = words[1] = 0;
  const grosr_ticket ticket = tool_submit(tool, &hold);
  if (tool->workers > 1u) {
    CHECK_EQ(tool, grosr_wait_signal(tool->g, &words[1], 1, TOOL_WAIT_NS), 0);
  }
  CHECK_EQ(tool, grosr_memory_reset(tool->g, context), -EBUSY); /* it might have something */
  SAYS(tool, "grosr_wait_all");
  __sync_synchronize();
  *(volatile uint64_t *)&words[0] = 1;
  CHECK_EQ(tool, tool_wait(tool, ticket), 0);
  CHECK_EQ(tool, grosr_memory_reset(tool->g, context), 0);
  op_keeps(tool, "keep", context, device, 1000, 900);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, 0, 4u << 20, 0, &object), 0); /* all of it */
  CHECK_EQ(tool, grosr_memory_free(tool->g, 0, object), 0);
  tool_close(tool, 0);
}

/* What a context left behind in memory is nothing that another sees, not even one that has its
 * number. */
static void the_next_tenant_finds_nothing(struct tool *tool)
{
  uint64_t device, object = 0;
  uint32_t context = 0;
  tool->options.memory_bytes = 1u << 20;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  for (uint32_t round = 0; round < 4u; round++) {
    CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
    CHECK_EQ(tool, grosr_memory_alloc(tool->g, context, 1u << 20, 0, &object), 0);
    const uint64_t args[4] = {device, object, 1u << 20, 0};
    CHECK_EQ(tool, run_op(tool, "total", context, args), 0);
    CHECK_EQ(tool, words[0], 0);
    op_pokes(tool, context, object, 1u << 20, 0xa5);
    if (round % 2u == 0) {
      CHECK_EQ(tool, grosr_memory_free(tool->g, context, object), 0);
    }
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
  }
  tool_close(tool, 0);
}

/* ---- counting ---- */

static void counts_are_exact_when_teams_rest(struct tool *tool)
{
  uint64_t device;
  struct grosr_memory_stats stats;
  struct grosr_memory_live live[4];
  tool_open(tool);
  uint64_t *words = tool_words(tool, 1000, &device);
  CHECK_EQ(tool, grosr_memory_stats(tool->g, GROSR_AUTO, &stats), 0);
  CHECK_EQ(tool, stats.capacity_bytes, 64u << 20);
  CHECK(tool, stats.free_pages == 16384u && stats.largest_pages == 16384u && stats.pages == 0);
  op_keeps(tool, "keep", 0, device, 100, 1000);
  for (uint32_t i = 0; i < 1000u; i += 2u) {
    CHECK_EQ(tool, op_frees(tool, 0, words[i]), 0);
  }
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, 0, 100000, 0, &words[0]), 0);
  CHECK_EQ(tool, grosr_memory_trim(tool->g), 0);
  CHECK_EQ(tool, grosr_memory_stats(tool->g, 0, &stats), 0);
  CHECK_EQ(tool, stats.live_slots, 500);
  CHECK_EQ(tool, stats.live_bytes, 500u * 112u + 25u * 4096u);
  CHECK(tool, stats.runs == 1u && stats.run_pages == 25u && stats.slots >= 500u);
  CHECK_EQ(tool, stats.free_pages + stats.pages, 16384);
  CHECK_EQ(tool, grosr_memory_live(tool->g, 0, live, 4), 1);
  CHECK(tool, live[0].count == 501u && live[0].op == GROSR_AUTO && live[0].context == 0);
  for (uint32_t i = 1; i < 1000u; i += 2u) {
    CHECK_EQ(tool, op_frees(tool, 0, words[i]), 0);
  }
  CHECK_EQ(tool, grosr_memory_free(tool->g, 0, words[0]), 0);
  CHECK_EQ(tool, grosr_memory_trim(tool->g), 0);
  CHECK_EQ(tool, grosr_memory_live(tool->g, GROSR_AUTO, live, 4), 0);
  tool_close(tool, 0);
}

struct told {
  struct grosr_memory_live live[8];
  uint32_t count;
};
static void leaked(void *argument, const struct grosr_memory_live *live)
{
  struct told *told = argument;
  if (told->count < 8u) {
    told->live[told->count] = *live;
  }
  told->count++;
}

static void leaks_are_told_by_op_at_the_end_of_a_context(struct tool *tool)
{
  struct told told = {.count = 0};
  uint64_t device, object = 0;
  uint32_t context = 0;
  tool->options.memory_debug = GROSR_MEMORY_TRACE;
  tool->options.memory_leaked = leaked;
  tool->options.memory_leaked_argument = &told;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 64, &device);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
  op_keeps(tool, "keep", context, device, 1000, 3);
  op_keeps(tool, "forget", context, device + 64u, 20, 5);
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, context, 30000, 0, &object), 0);
  CHECK_EQ(tool, op_frees(tool, context, words[1]), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
  CHECK_EQ(tool, told.count, 3);
  CHECK(tool, told.live[0].bytes == 30000u && strcmp(told.live[0].name, "the host") == 0);
  CHECK(tool, told.live[1].count == 2u && told.live[1].bytes == 2000u);
  CHECK(tool, strcmp(told.live[1].name, "keep") == 0 && told.live[1].context == context);
  CHECK(tool, told.live[2].count == 5u && told.live[2].bytes == 100u);
  CHECK(tool, strcmp(told.live[2].name, "forget") == 0);
  told.count = 0;
  op_keeps(tool, "keep", 0, device, 77, 2);
  tool_close(tool, 0);
  CHECK_EQ(tool, told.count, 1);
  CHECK(tool, told.live[0].count == 2u && told.live[0].bytes == 154u);
}

static void leaks_are_counted_without_tracing(struct tool *tool)
{
  struct told told = {.count = 0};
  uint64_t device;
  uint32_t context = 0;
  tool->options.memory_leaked = leaked;
  tool->options.memory_leaked_argument = &told;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 64, &device);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
  op_keeps(tool, "keep", context, device, 100, 10);
  CHECK_EQ(tool, op_frees(tool, context, words[3]), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
  CHECK_EQ(tool, told.count, 1);
  CHECK(tool, told.live[0].count == 9u && told.live[0].bytes == 9u * 112u);
  CHECK_EQ(tool, told.live[0].op, GROSR_AUTO);
  tool_close(tool, 0);
  CHECK_EQ(tool, told.count, 1);
}

/* ---- misuse ---- */

static void misuse_is_caught_and_named(struct tool *tool)
{
  struct grosr_memory_error e[8];
  struct grosr_memory_live live[2];
  uint64_t device;
  uint32_t context = 0;
  tool->options.memory_debug = GROSR_MEMORY_ALL;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 64, &device);
  CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
  op_keeps(tool, "keep", context, device, 50, 8);
  op_pokes(tool, context, words[0] + 50u, 1, 0); /* past the end */
  CHECK_EQ(tool, grosr_memory_live(tool->g, context, live, 2), 1);
  CHECK(tool, live[0].overrun == 1u && live[0].count == 8u); /* before it is freed */
  CHECK_EQ(tool, op_frees(tool, context, words[0]), -EFAULT);
  CHECK_EQ(tool, op_frees(tool, context, words[1]), 0);
  CHECK_EQ(tool, op_frees(tool, context, words[1]), -ESTALE);       /* double */
  CHECK_EQ(tool, op_frees(tool, 0, words[2]), -EFAULT);             /* foreign */
  CHECK_EQ(tool, op_frees(tool, context, words[3] + 16u), -EINVAL); /* interior */
  op_pokes(tool, context, words[4], 82, 0);                         /* canary and trailer */
  CHECK_EQ(tool, grosr_memory_free(tool->g, context, words[4]), -EFAULT);
  op_pokes(tool, context, words[1] + 20u, 1, 0); /* after its free */
  CHECK_EQ(tool, grosr_memory_trim(tool->g), 0); /* which makes it be looked at */
  CHECK_EQ(tool, grosr_memory_errors(tool->g, e, 8), 6);
  static const enum grosr_memory_fault faults[] = {GROSR_MEMORY_OVERRUN, GROSR_MEMORY_DOUBLE,
                                                   GROSR_MEMORY_FOREIGN, GROSR_MEMORY_INTERIOR,
                                                   GROSR_MEMORY_OVERRUN, GROSR_MEMORY_WRITTEN};
  const uint64_t at[] = {words[0], words[1], words[2], words[3] + 16u, words[4], words[1]};
  for (uint32_t i = 0; i < 6u; i++) {
    CHECK_EQ(tool, e[i].fault, faults[i]);
    CHECK_EQ(tool, e[i].address, at[i]);
    CHECK_EQ(tool, e[i].context, i == 2u ? 0u : context);
    CHECK(tool, strcmp(e[i].name, i < 4u ? "let_go" : "the host") == 0);
    CHECK(tool, strncmp(e[i].sentence, e[i].name, strlen(e[i].name)) == 0);
  }
  CHECK(tool, strstr(e[0].sentence, "past the end of") != NULL);
  CHECK_EQ(tool, grosr_memory_free(tool->g, context, words[5]), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
  tool_close(tool, 0);
}

static void many_lanes_and_teams_allocate(struct tool *tool)
{
  for (uint32_t debug = 0; debug <= GROSR_MEMORY_ALL; debug += GROSR_MEMORY_ALL) {
    uint64_t device;
    tool->options.memory_debug = debug;
    tool_open(tool);
    uint64_t *words = tool_words(tool, 8, &device);
    for (uint32_t i = 0; i < 24u; i++) {
      struct grosr_task task = tool_task(tool, "crowd", device, i + 1u);
      task.arg[2] = 30;
      CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
    }
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    CHECK_EQ(tool, words[0], 0);
    CHECK_EQ(tool, grosr_memory_errors(tool->g, NULL, 0), 0);
    CHECK_EQ(tool, grosr_memory_trim(tool->g), 0);
    CHECK_EQ(tool, grosr_memory_live(tool->g, GROSR_AUTO, NULL, 0), 0);
    tool_close(tool, 0);
  }
}

static void the_environment_turns_debugging_on(struct tool *tool)
{
  uint64_t object = 0, have = 0;
  setenv("GROSR_MEMORY_DEBUG", "canary,trace", 1);
  tool_open(tool);
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, 0, 33, 0, &object), 0);
  CHECK_EQ(tool, grosr_memory_size(tool->g, 0, object, &have), 0);
  CHECK_EQ(tool, have, 33);
  CHECK_EQ(tool, grosr_memory_free(tool->g, 0, object), 0);
  tool_close(tool, 0);
  setenv("GROSR_MEMORY_DEBUG", "canary,tracer", 1);
  struct grosr *g = NULL;
  CHECK_EQ(tool, grosr_open(&tool->options, &g), -EINVAL);
  SAYS(tool, "'tracer'");
  unsetenv("GROSR_MEMORY_DEBUG");
  tool->options.memory_debug = 16;
  CHECK_EQ(tool, grosr_open(&tool->options, &g), -EINVAL);
  SAYS(tool, "GROSR_MEMORY_CANARY");
}

int main(int argc, char **argv)
{
#define CASE(name)                                                                                 \
  {                                                                                                \
#name, name                                                                                    \
  }
  static const struct tool_case cases[] = {CASE(host_and_ops_share_objects),
                                           CASE(alignment_and_map),
                                           CASE(bad_input_is_refused_with_a_sentence),
                                           CASE(memory_that_is_gone_is_said_to_be),
                                           CASE(a_quota_is_the_contexts_own),
                                           CASE(reset_and_close_give_all_back),
                                           CASE(the_next_tenant_finds_nothing),
                                           CASE(counts_are_exact_when_teams_rest),
                                           CASE(leaks_are_told_by_op_at_the_end_of_a_context),
                                           CASE(leaks_are_counted_without_tracing),
                                           CASE(misuse_is_caught_and_named),
                                           CASE(many_lanes_and_teams_allocate),
                                           CASE(the_environment_turns_debugging_on),
                                           {NULL, NULL}};
#undef CASE
  return tool_main(argc, argv, cases);
}
