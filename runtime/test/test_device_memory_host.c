/* test_device_memory_host.c - the host's part of the device's memory: for contexts it allocates,
 * copies, limits and resets. Next: test_device_memory_misuse.c. */
#include <pthread.h>

#include "port/port.h"

#include "test_memory_host.h"

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
  CHECK_EQ(tool, grosr_memory_read(g, 0, object + 33u * 112u, 0, &byte, 1), -EFAULT); /* virgin */
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

/* What is allocated stays while the microkernel rests. */
static void objects_outlive_a_rest(struct tool *tool)
{
  uint64_t object = 0, number = 7, got = 0;
  tool->options.idle_exit_ns = 1000000u;
  tool_open(tool);
  CHECK_EQ(tool, grosr_memory_alloc(tool->g, 0, 8, 0, &object), 0);
  for (uint32_t i = 0; i < 4u; i++, number++) {
    CHECK_EQ(tool, grosr_memory_write(tool->g, 0, object, 0, &number, 8), 0);
    tool_nap_ns(10000000u);
    CHECK_EQ(tool, grosr_memory_read(tool->g, 0, object, 0, &got, 8), 0);
    CHECK_EQ(tool, got, number);
    CHECK_EQ(tool, grosr_memory_trim(tool->g), 0);
  }
  CHECK_EQ(tool, grosr_memory_free(tool->g, 0, object), 0);
  tool_close(tool, 0);
}

struct user {
  struct tool *tool;
  uint64_t seed, wrong;
};
static void *user_main(void *argument)
{
  struct user *user = argument;
  struct grosr *g = user->tool->g;
  for (uint32_t i = 0; i < 40u; i++) {
    uint64_t object = 0, in[40], out[40] = {0};
    const uint64_t bytes = 1u + tool_random(&user->seed) % sizeof in;
    for (uint32_t k = 0; k < 40u; k++) {
      in[k] = tool_random(&user->seed);
    }
    user->wrong += grosr_memory_alloc(g, 0, bytes, 0, &object) != 0 ? 1u : 0u;
    user->wrong += grosr_memory_write(g, 0, object, 0, in, bytes) != 0 ? 1u : 0u;
    user->wrong += grosr_memory_read(g, 0, object, 0, out, bytes) != 0 ? 1u : 0u;
    user->wrong += memcmp(in, out, bytes) != 0 ? 1u : 0u;
    user->wrong += grosr_memory_free(g, 0, object) != 0 ? 1u : 0u;
  }
  return NULL;
}

static void threads_ask_while_ops_allocate(struct tool *tool)
{
  pthread_t thread[4];
  struct user user[4];
  uint64_t device;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 8, &device);
  for (uint32_t i = 0; i < 4u; i++) {
    user[i] = (struct user){tool, i + 1u, 0};
    CHECK_EQ(tool, pthread_create(&thread[i], NULL, user_main, &user[i]), 0);
  }
  for (uint32_t i = 0; i < 40u; i++) {
    struct grosr_task task = tool_task(tool, "crowd", device, i + 1u);
    task.arg[2] = 10;
    CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
  }
  for (uint32_t i = 0; i < 4u; i++) {
    pthread_join(thread[i], NULL);
    CHECK_EQ(tool, user[i].wrong, 0);
  }
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, words[0], 0);
  CHECK_EQ(tool, grosr_memory_trim(tool->g), 0);
  CHECK_EQ(tool, grosr_memory_live(tool->g, GROSR_AUTO, NULL, 0), 0);
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
  uint64_t args[4] = {device + 8u * count, 8192, 1, 0};
  int32_t got = run_op(tool, "keep", 0, args);
  for (; got == 1 && count < 4095u; got = run_op(tool, "keep", 0, args)) {
    args[0] = device + 8u * ++count; /* a team gave back what it had at hand */
  }
  CHECK_EQ(tool, got, -ENOMEM);
  while (count-- != 0) {
    CHECK_EQ(tool, grosr_memory_free(tool->g, 0, words[count]), 0);
  }
  const uint64_t end_ns = tool_now_ns() + TOOL_WAIT_NS; /* and is back, once teams let go of it */
  int is_back = -ENOMEM;
  while (is_back == -ENOMEM && tool_now_ns() < end_ns) {
    is_back = grosr_memory_alloc(tool->g, context, 900000, 0, &object);
  }
  CHECK_EQ(tool, is_back, 0);
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
    CHECK(tool, stats.stale_pages != 0 && stats.reserve_ns != 0);
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
  gr_store_release_sys_u64((gr_au64 *)&words[0], 1u);
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

int main(int argc, char **argv)
{
#define CASE(name)                                                                                 \
  {                                                                                                \
#name, name                                                                                    \
  }
  static const struct tool_case cases[] = {CASE(host_and_ops_share_objects),
                                           CASE(alignment_and_map),
                                           CASE(objects_outlive_a_rest),
                                           CASE(threads_ask_while_ops_allocate),
                                           CASE(bad_input_is_refused_with_a_sentence),
                                           CASE(memory_that_is_gone_is_said_to_be),
                                           CASE(a_quota_is_the_contexts_own),
                                           CASE(reset_and_close_give_all_back),
                                           CASE(the_next_tenant_finds_nothing),
                                           {NULL, NULL}};
#undef CASE
  return tool_main(argc, argv, cases);
}
