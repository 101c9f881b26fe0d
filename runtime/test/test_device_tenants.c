/* test_device_tenants.c - what a context's settings promise: refused or kept, paused, killed, held
 * to a quota, not starved, under every policy. Next: test_device_rest.c. */
#include "test_tool.h"
#include "host/grosr_private.h"

#include <errno.h>
#include <string.h>

#define IN_FLIGHT 10000
#define EACH      200

#define POLICY_NAME(name) #name,
static const char *const policies[GR_POLICY_COUNT] = {GR_POLICIES(POLICY_NAME)};

static uint32_t open_context(struct tool *tool)
{
  uint32_t context = 0;
  CHECK_EQ(tool, grosr_context_open(tool->g, &context), 0);
  return context;
}

/* Sets it, and waits until that is in force: a pause is when it returns. */
static void set_now(struct tool *tool, uint32_t context, const struct grosr_tenant *tenant)
{
  CHECK_EQ(tool, grosr_context_set(tool->g, context, tenant), 0);
  CHECK_EQ(tool, grosr_context_pause(tool->g, context), 0);
  CHECK_EQ(tool, grosr_context_resume(tool->g, context), 0);
}

static bool is_same(const struct grosr_tenant *a, const struct grosr_tenant *b)
{
  return a->weight == b->weight && a->priority == b->priority && a->quota == b->quota &&
         a->slice_ns == b->slice_ns;
}

static void settings_are_read_back(struct tool *tool)
{
  const struct grosr_tenant set = {1024, 3, 7, 250000};
  struct grosr_tenant usual;
  struct grosr_context_stats stats;
  tool_open(tool);
  const uint32_t context = open_context(tool);
  grosr_tenant_init(&usual);
  CHECK_EQ(tool, grosr_context_get(tool->g, context, &stats), 0);
  CHECK(tool, is_same(&stats.tenant, &usual));
  CHECK(tool, stats.is_paused == 0 && stats.is_killed == 0 && stats.served == 0);
  CHECK_EQ(tool, grosr_context_set(tool->g, context, &set), 0);
  CHECK_EQ(tool, grosr_context_get(tool->g, context, &stats), 0);
  CHECK(tool, is_same(&stats.tenant, &set));
  CHECK_EQ(tool, grosr_context_pause(tool->g, context), 0);
  CHECK_EQ(tool, grosr_context_get(tool->g, context, &stats), 0);
  CHECK(tool, stats.is_paused == 1 && stats.tenant.weight == 1024);
  CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
  CHECK_EQ(tool, open_context(tool), context); /* and the next one has the usual settings */
  CHECK_EQ(tool, grosr_context_get(tool->g, context, &stats), 0);
  CHECK(tool, is_same(&stats.tenant, &usual) && stats.is_paused == 0);
  tool_close(tool, 0);
}

/* The answer is `wanted`, and the sentence has `word`. */
static void refused(struct tool *tool, int is, int wanted, const char *word)
{
  CHECK_EQ(tool, is, wanted);
  CHECK(tool, strstr(grosr_last_error(), word) != NULL);
}

static void bad_settings_are_refused(struct tool *tool)
{
  struct grosr_tenant usual, bad;
  struct grosr_context_stats stats;
  tool_open(tool);
  struct grosr *g = tool->g;
  const uint32_t context = open_context(tool);
  grosr_tenant_init(&usual);
  bad = usual;
  bad.weight = 0;
  refused(tool, grosr_context_set(g, context, &bad), -EINVAL, "weight is 0");
  bad.weight = 1025;
  refused(tool, grosr_context_set(g, context, &bad), -EINVAL, "use 1 to 1024");
  bad = usual;
  bad.priority = 4;
  refused(tool, grosr_context_set(g, context, &bad), -EINVAL, "priority is 4");
  bad = usual;
  bad.quota = 0;
  refused(tool, grosr_context_set(g, context, &bad), -EINVAL, "quota of 0");
  refused(tool, grosr_context_set(g, context, NULL), -EINVAL, "null");
  refused(tool, grosr_context_set(NULL, context, &usual), -EINVAL, "not open");
  refused(tool, grosr_context_set(g, context + 1u, &usual), -EINVAL, "not open");
  refused(tool, grosr_context_set(g, 64, &usual), -EINVAL, "not open");
  refused(tool, grosr_context_pause(g, 64), -EINVAL, "not open");
  refused(tool, grosr_context_resume(g, context + 1u), -EINVAL, "not open");
  refused(tool, grosr_context_kill(g, UINT32_MAX), -EINVAL, "not open");
  refused(tool, grosr_context_kill(g, 0), -EINVAL, "system's");
  refused(tool, grosr_context_get(g, context + 1u, &stats), -EINVAL, "not open");
  refused(tool, grosr_context_get(g, context, NULL), -EINVAL, "null");
  refused(tool, grosr_policy_set(g, (enum grosr_policy)GR_POLICY_COUNT), -EINVAL, "policy");
  refused(tool, grosr_policy_set(NULL, GROSR_POLICY_FIFO), -EINVAL, "no device");
  CHECK_EQ(tool, grosr_context_get(g, context, &stats), 0); /* nothing half done */
  CHECK(tool, is_same(&stats.tenant, &usual));
  tool_close(tool, 0);
}

static void paused_waits_and_resumed_runs(struct tool *tool)
{
  uint64_t device;
  grosr_ticket tickets[EACH], other;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  const uint32_t context = open_context(tool);
  struct grosr_task task = tool_task(tool, "count", device, 1);
  for (int round = 0; round < 3; round++) {
    CHECK_EQ(tool, grosr_context_pause(tool->g, context), 0);
    task.context = context;
    for (int i = 0; i < EACH; i++) {
      tickets[i] = tool_submit(tool, &task);
    }
    task.context = 0;
    other = tool_submit(tool, &task);
    CHECK_EQ(tool, tool_wait(tool, other), 0); /* who is not paused does not wait behind it */
    CHECK_EQ(tool, gr_load_relaxed_sys_u64((const gr_au64 *)&words[1]), (EACH + 1) * round + 1);
    CHECK_EQ(tool, grosr_wait(tool->g, tickets[0], 1000000, NULL), -ETIMEDOUT);
    CHECK_EQ(tool, grosr_context_resume(tool->g, context), 0);
    CHECK_EQ(tool, grosr_wait_many(tool->g, tickets, EACH, TOOL_WAIT_NS, NULL), EACH);
    CHECK_EQ(tool, words[1], (EACH + 1) * (round + 1));
  }
  CHECK_EQ(tool, grosr_context_pause(tool->g, context), 0);
  task.context = context;
  CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
  CHECK_EQ(tool, grosr_context_resume(tool->g, context), 0);
  tool_close(tool, 0);
}

/* What a device that is closed finds paused, it ends. */
static void a_paused_context_does_not_hold_up_closing(struct tool *tool)
{
  uint64_t device;
  tool_open(tool);
  tool_words(tool, 16, &device);
  const uint32_t context = open_context(tool);
  CHECK_EQ(tool, grosr_context_pause(tool->g, context), 0);
  struct grosr_task task = tool_task(tool, "count", device, 1);
  task.context = context;
  const grosr_ticket ticket = tool_submit(tool, &task);
  CHECK(tool, ticket != 0);
  const uint64_t before_ns = tool_now_ns();
  CHECK_EQ(tool, grosr_close(tool->g), 1);
  CHECK(tool, tool_now_ns() - before_ns < 5000000000u);
  tool->g = NULL;
}

/* Ten thousand in flight, and teams in the middle of one that looks: one completion each. */
static void kill_ends_all_once(struct tool *tool)
{
  static grosr_ticket tickets[IN_FLIGHT];
  uint64_t device, ran = 0;
  grosr_ticket holds[8];
  struct grosr_context_stats stats;
  tool->options.runq_slots = tool->options.ingress_slots = 32768;
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  const uint32_t context = open_context(tool);
  const bool is_seen = tool->teams > 1u; /* else the only team reads the order after the op */
  const bool is_one_free = tool->workers == tool->teams && is_seen; /* for the duty */
  const uint32_t held = tool->workers - (is_one_free ? 1u : 0u);
  struct grosr_task hold = tool_task(tool, "hold", device, TOOL_WAIT_NS);
  hold.context = context;
  hold.arg[2] = 1; /* looks whether it was cancelled */
  for (uint32_t i = 0; i < held; i++) {
    holds[i] = tool_submit(tool, &hold);
  }
  CHECK_EQ(tool, grosr_wait_signal(tool->g, words + 1, held, TOOL_WAIT_NS), 0);
  struct grosr_task task = tool_task(tool, "count", device, 2);
  task.context = context;
  for (int i = 0; i < IN_FLIGHT; i++) {
    CHECK_EQ(tool, grosr_submit(tool->g, &task, &tickets[i]), 0);
  }
  CHECK_EQ(tool, grosr_context_kill(tool->g, context), 0);
  CHECK_EQ(tool, grosr_context_kill(tool->g, context), 0); /* it is dead already */
  refused(tool, grosr_submit(tool->g, &task, NULL), -ECANCELED, "was killed");
  refused(tool, grosr_context_resume(tool->g, context), -ECANCELED, "was killed");
  if (!is_seen) {
    gr_store_release_sys_u64((gr_au64 *)&words[0], 1u);
  }
  for (uint32_t i = 0; i < held; i++) {
    CHECK_EQ(tool, tool_wait(tool, holds[i]), is_seen ? -ECANCELED : 0);
  }
  for (int i = 0; i < IN_FLIGHT; i++) {
    int32_t result = 0, again;
    const int error = grosr_wait(tool->g, tickets[i], TOOL_WAIT_NS, &result);
    const int second = grosr_wait(tool->g, tickets[i], 0, &again);
    if (error != 0 || second != -ESTALE || (result != 0 && result != -ECANCELED)) {
      CHECK_EQ(tool, error, 0); /* once for all of them */
      CHECK_EQ(tool, result, -ECANCELED);
      break;
    }
    ran += result == 0 ? 1u : 0u;
  }
  CHECK_EQ(tool, words[2], ran);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, grosr_context_get(tool->g, context, &stats), 0);
  CHECK(tool, stats.is_killed == 1 && stats.running == 0 && stats.waiting == 0);
  CHECK_EQ(tool, tool_stats(tool).cancelled, IN_FLIGHT - ran); /* those that ran are not of it */
  CHECK_EQ(tool, grosr_context_close(tool->g, context), 0);
  CHECK_EQ(tool, open_context(tool), context); /* its number is good for another, at once */
  CHECK_EQ(tool, grosr_submit(tool->g, &task, &tickets[0]), 0);
  CHECK_EQ(tool, tool_wait(tool, tickets[0]), 0);
  tool_close(tool, 0);
}

/* One tenant always has as much in flight as it may; another's tasks get through meanwhile. */
static void flood_starves_nobody(struct tool *tool)
{
  for (uint32_t policy = 0; policy < GR_POLICY_COUNT; policy++) {
    uint64_t device;
    grosr_ticket tickets[10];
    struct grosr_stats stats;
    tool->options.policy = (enum grosr_policy)policy;
    tool_open(tool);
    uint64_t *words = tool_words(tool, 64, &device);
    const uint32_t a = open_context(tool), b = open_context(tool);
    struct grosr_task flood = tool_task(tool, "spin", device, 5000);
    struct grosr_task task = tool_task(tool, "spin", device + 256, 40000); /* longer, too */
    flood.context = a;
    task.context = b;
    while (grosr_submit(tool->g, &flood, NULL) == 0) {
    }
    for (int i = 0; i < 10; i++) {
      tickets[i] = tool_submit(tool, &task);
    }
    const uint64_t end_ns = tool_now_ns() + TOOL_WAIT_NS;
    const gr_au64 *done = (const gr_au64 *)&words[32];
    while (gr_load_acquire_sys_u64(done) < 10u && tool_now_ns() < end_ns) {
      grosr_submit(tool->g, &flood, NULL);
    }
    CHECK_EQ(tool, grosr_wait_many(tool->g, tickets, 10, TOOL_WAIT_NS, NULL), 10);
    CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
    stats = tool_stats(tool);
    CHECK_EQ(tool, stats.mispicks, 0);
    CHECK_EQ(tool, words[0] + 10u, stats.accepted);
    printf("     %s: %llu of the flood\n", policies[policy], (unsigned long long)words[0]);
    tool_close(tool, 0);
  }
}

static void a_quota_holds(struct tool *tool)
{
  struct grosr_tenant tenant;
  uint64_t device;
  uint32_t context[3];
  tool_open(tool);
  uint64_t *words = tool_words(tool, 64, &device);
  grosr_tenant_init(&tenant);
  for (uint32_t i = 0; i < 3; i++) {
    context[i] = open_context(tool);
    tenant.quota = i + 1u;
    set_now(tool, context[i], &tenant);
  }
  for (int k = 0; k < EACH; k++) {
    for (uint32_t i = 0; i < 3; i++) {
      struct grosr_task task = tool_task(tool, "gauge", device + 128u * i, 20000);
      task.context = context[i];
      CHECK_EQ(tool, grosr_submit_many(tool->g, &task, 1, TOOL_WAIT_NS, NULL), 1);
    }
  }
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  for (uint32_t i = 0; i < 3; i++) {
    CHECK_EQ(tool, words[16u * i], 0);
    CHECK(tool, words[16u * i + 1u] <= i + 1u && words[16u * i + 1u] >= 1u);
    CHECK_EQ(tool, words[16u * i + 2u], EACH);
  }
  printf("     at once: %llu, %llu, %llu\n", (unsigned long long)words[1],
         (unsigned long long)words[17], (unsigned long long)words[33]);
  tool_close(tool, 0);
}

static void the_policy_changes_under_load(struct tool *tool)
{
  static grosr_ticket tickets[4 * EACH];
  uint64_t device, seed = 4711;
  uint32_t context[4];
  tool_open(tool);
  uint64_t *words = tool_words(tool, 16, &device);
  for (uint32_t i = 0; i < 4; i++) {
    context[i] = open_context(tool);
  }
  for (int i = 0; i < 4 * EACH; i++) {
    struct grosr_task task = tool_task(tool, "spin", device, tool_random(&seed) % 8000u);
    task.context = context[tool_random(&seed) % 4u];
    tickets[i] = tool_submit(tool, &task);
    if (i % 8 == 0) {
      const enum grosr_policy policy = (enum grosr_policy)(tool_random(&seed) % GR_POLICY_COUNT);
      CHECK_EQ(tool, grosr_policy_set(tool->g, policy), 0);
    }
  }
  CHECK_EQ(tool, grosr_wait_many(tool->g, tickets, 4 * EACH, TOOL_WAIT_NS, NULL), 4 * EACH);
  CHECK_EQ(tool, words[0], 4 * EACH);
  CHECK_EQ(tool, tool_stats(tool).mispicks, 0);
  tool_close(tool, 0);
}

/* A policy that never names a context with work: each answer is another's, and the host is told. */
static void a_policy_without_sense_is_told_of(struct tool *tool)
{
  uint64_t device;
  uint32_t context[2];
  enum grosr_policy policy;
  tool_open(tool);
  if (tool->is_cuda) { /* elsewhere dev is not ours to write */
    tool_close(tool, 0);
    return;
  }
  uint64_t *words = tool_words(tool, 16, &device);
  context[0] = open_context(tool);
  context[1] = open_context(tool);
  CHECK_EQ(tool, grosr_policy_set(tool->g, GROSR_POLICY_WEIGHTED), 0);
  CHECK_EQ(tool, grosr_context_pause(tool->g, context[0]), 0); /* now the device knows, and all */
  CHECK_EQ(tool, grosr_context_pause(tool->g, context[1]), 0); /* that comes has to be picked */
  CHECK_EQ(tool, grosr_policy_get(tool->g, &policy), 0);
  CHECK_EQ(tool, policy, GROSR_POLICY_WEIGHTED);
  gr_store_relaxed_gpu_u32(&tool->g->dev->policy, GR_POLICY_COUNT);
  struct grosr_task task = tool_task(tool, "count", device, 1);
  for (int i = 0; i < EACH; i++) {
    task.context = context[i % 2];
    CHECK_EQ(tool, grosr_submit(tool->g, &task, NULL), 0);
  }
  CHECK_EQ(tool, grosr_context_resume(tool->g, context[0]), 0);
  CHECK_EQ(tool, grosr_context_resume(tool->g, context[1]), 0);
  CHECK_EQ(tool, grosr_wait_all(tool->g, TOOL_WAIT_NS), 0);
  CHECK_EQ(tool, words[1], EACH);
  CHECK(tool, tool_stats(tool).mispicks >= EACH);
  refused(tool, grosr_policy_get(tool->g, &policy), -EPROTO, "without work");
  refused(tool, grosr_policy_get(tool->g, NULL), -EINVAL, "null");
  tool_close(tool, 0);
}

int main(int argc, char **argv)
{
  static const struct tool_case cases[] = {
      {"settings_are_read_back", settings_are_read_back},
      {"bad_settings_are_refused", bad_settings_are_refused},
      {"paused_waits_and_resumed_runs", paused_waits_and_resumed_runs},
      {"a_paused_context_does_not_hold_up_closing", a_paused_context_does_not_hold_up_closing},
      {"kill_ends_all_once", kill_ends_all_once},
      {"flood_starves_nobody", flood_starves_nobody},
      {"a_quota_holds", a_quota_holds},
      {"the_policy_changes_under_load", the_policy_changes_under_load},
      {"a_policy_without_sense_is_told_of", a_policy_without_sense_is_told_of},
      {NULL, NULL},
  };
  return tool_main(argc, argv, cases);
}
