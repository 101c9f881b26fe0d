/* scenario_relay.c - lives of a device with a mediator (shared/relay.h): lanes that wait for their
 * answers, tasks that are continued, few records, contexts with and without grants, some killed.
 *
 * An answer that reaches another lane than the one that asked is found by its value: calls that are
 * granted and such that are not take turns. A record that is not given back, or twice, is found at
 * the end (R1).
 *
 * Next: scenario_tenants.c. */
#include <grosr/relay.h>

#include "host/grosr_private.h"
#include "shared/relay.h"
#include "sim/scenario.h"

GROSR_IMAGE(sim);

#define TASKS 5u

static uint64_t dice(uint64_t sides)
{
  return gr_sim_random() % sides;
}

static struct grosr *open_device(void)
{
  struct grosr *g;
  struct grosr_options o;
  grosr_options_init(&o);
  o.device = "sim";
  o.image = &grosr_image_sim;
  o.teams = 1u + (uint32_t)dice(3);
  o.lanes = dice(2) == 0 ? 4u : 1u;
  o.idle_mode = (enum grosr_idle_mode)dice(3);
  o.idle_exit_ns = dice(3) == 0 ? 2000u + dice(200000) : 0u;
  o.runq_slots = o.completion_slots = o.ingress_slots = 64u;
  o.join_slots = 16u;
  o.shared_bytes = 4096u;
  o.memory_bytes = GR_MEMORY_BYTES_MIN;
  o.relay = 1u;
  /* One that spins for ever takes most of the steps, and so of the time that a wake-up may take. */
  o.relay_idle = (enum grosr_idle_mode)(1u + dice(2));
  o.relay_batch = dice(3) == 0 ? 2u + (uint32_t)dice(3) : 0u;
  o.relay_batch_ns = dice(100000);
  if (grosr_open(&o, &g) < 0) {
    gr_sim_fail("grosr_open: %s", grosr_last_error());
  }
  return g;
}

static void grant(struct grosr *g, uint32_t context)
{
  struct grosr_grant to;
  grosr_grant_init(&to);
  to.calls = GROSR_CALL_NULL;
  gr_sim_expect(grosr_relay_grant(g, context, &to) == 0);
}

/* All records are free: nobody asks any more. */
__attribute__((no_sanitize("thread"))) static void check_records(const struct grosr *g)
{
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    const struct gr_relay_ring *ring = &g->dev->relay->ring[i];
    uint32_t free = 0;
    for (uint32_t word = 0; word < GR_CALLS_MAX / 64u; word++) {
      free += gr_bits_count_u64(ring->free[word].v);
    }
    if (free != GR_CALLS_OUT) {
      gr_sim_fail("context %u: %u records are free of %u", i, free, GR_CALLS_OUT);
    }
  }
}

void gr_scenario_relay(void *argument)
{
  (void)argument;
  uint32_t op = 0, contexts[2] = {0, 0};
  uint64_t device;
  void *words;
  struct grosr *g = open_device();
  bool is_killed = false;
  gr_invariants_watch(g);
  gr_sim_expect(grosr_shared_take(g, 2048u, &words, &device) == 0);
  gr_sim_expect(grosr_op(g, "asks", &op) == 0);
  grant(g, 0);
  if (dice(2) == 0) {
    gr_sim_expect(grosr_context_open(g, &contexts[1]) == 0);
    if (dice(2) == 0) {
      grant(g, contexts[1]);
    }
  }
  const uint32_t count = 1u + (uint32_t)dice(TASKS);
  for (uint32_t i = 0; i < count; i++) {
    struct grosr_task task = {op, contexts[dice(2)], {device, 2u * i, 1u + dice(3), 0}, 0};
    if (!is_killed || task.context == 0) {
      gr_sim_expect(grosr_submit_many(g, &task, 1u, GROSR_FOREVER, NULL) == 1);
    }
    if (contexts[1] != 0 && dice(6) == 0) {
      is_killed = grosr_context_kill(g, contexts[1]) == 0;
    }
    if (dice(6) == 0) {
      gr_nap(dice(400000));
    }
  }
  gr_sim_expect(grosr_wait_all(g, GROSR_FOREVER) == 0);
  check_records(g);
  if (contexts[1] != 0) {
    const int closed = grosr_context_close(g, contexts[1]);
    if (closed < 0) {
      gr_sim_fail("grosr_context_close: %s", grosr_last_error());
    }
  }
  gr_sim_expect(grosr_close(g) == 0);
  gr_invariants_watch(NULL);
}
