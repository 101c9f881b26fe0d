/* test_device_memory_misuse.c - what is live is counted, what was never freed is told, and what was
 * done wrong is named. Next: test_sim.c. */
#include "test_memory_host.h"

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
  static const struct tool_case cases[] = {CASE(counts_are_exact_when_teams_rest),
                                           CASE(leaks_are_told_by_op_at_the_end_of_a_context),
                                           CASE(leaks_are_counted_without_tracing),
                                           CASE(misuse_is_caught_and_named),
                                           CASE(many_lanes_and_teams_allocate),
                                           CASE(the_environment_turns_debugging_on),
                                           {NULL, NULL}};
#undef CASE
  return tool_main(argc, argv, cases);
}
