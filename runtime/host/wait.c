/* wait.c - completions come out: the waiting thread polls its task's own completion word.
 *
 * A completion is written by the device into host memory with release (boundary.h, I4), so a waiter
 * needs no lock and no other thread. How it polls is its *patience*: it spins (the answer is
 * usually less than a microsecond away), then yields, then naps, unless idle_mode is latency.
 *
 * Next: api.c (cancel, contexts), or stats.c (what wait_all sums up). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/trace.h"

#define SPINS_PER_LOOK 256u   /* polls between two looks at the clock: about a microsecond */
#define YIELD_AFTER_NS 20000u /* a waiter that spins keeps a core */
#define NAP_AFTER_NS   200000u
#define NAP_NS         50000u

struct gr_patience gr_patience_begin(struct grosr *g, uint64_t timeout_ns)
{
  struct gr_patience patience = {g, UINT64_MAX, 0, 0};
  if (timeout_ns == 0) {
    patience.deadline_ns = 0;
  } else if (timeout_ns != GROSR_FOREVER) {
    patience.since_ns = gr_clock_ns();
    patience.deadline_ns = patience.since_ns + timeout_ns;
    if (patience.deadline_ns < timeout_ns) {
      patience.deadline_ns = UINT64_MAX;
    }
  }
  return patience;
}

static int patience_look(struct gr_patience *patience)
{
  const struct grosr *g = patience->g;
  const uint64_t now_ns = gr_clock_ns();
  if (patience->since_ns == 0) {
    patience->since_ns = now_ns;
  }
  const uint32_t health = gr_load_relaxed_gpu_u32(&g->health);
  if (health == GR_HEALTH_FAILED) {
    return gr_error_set(-EIO, "the device has failed; grosr_black_box says where, then close it");
  }
  if (health == GR_HEALTH_STUCK) {
    return gr_error_set(-ETIMEDOUT,
                        "an op runs longer than op_ns_max; grosr_black_box says which, then "
                        "close the device");
  }
  if (now_ns >= patience->deadline_ns) {
    return gr_error_set(-ETIMEDOUT, "not done in time; the ticket stays good");
  }
  const uint64_t waited_ns = now_ns - patience->since_ns;
  if (waited_ns > NAP_AFTER_NS && g->options.idle_mode != GROSR_IDLE_LATENCY) {
    gr_nap(NAP_NS);
  } else if (waited_ns > YIELD_AFTER_NS || g->template.crowded != 0u) {
    gr_yield();
  }
  return 0;
}

int gr_patience_turn(struct gr_patience *patience)
{
  patience->spins++;
  if (patience->deadline_ns == 0) {
    return gr_error_set(-ETIMEDOUT, "not done yet, and no time was given");
  }
  if (patience->spins % SPINS_PER_LOOK != 0 && patience->g->template.crowded == 0u) {
    return 0;
  }
  return patience_look(patience);
}

/* Whether the ticket's task is done; if so its word. */
static bool is_done(const struct grosr *g, uint32_t slot, uint32_t generation, uint64_t *word)
{
  *word = gr_load_acquire_sys_u64(&g->completion[slot]);
  return GR_COMPLETION_GENERATION(*word) == generation;
}

static int ticket_check(const struct grosr *g, grosr_ticket ticket)
{
  const uint32_t slot = (uint32_t)ticket;
  const uint32_t generation = (uint32_t)(ticket >> 32);
  if (slot >= g->options.completion_slots || generation >> 31 != 0u ||
      gr_load_relaxed_gpu_u32(&g->slot_state[slot]) != (generation << 1 | 1u)) {
    return gr_error_set(-ESTALE,
                        "no such ticket, or it was waited for already; a ticket is good for "
                        "one wait");
  }
  return 0;
}

/* Waits for one ticket and gives its slot back. */
static int wait_one(struct grosr *g, grosr_ticket ticket, struct gr_patience *patience,
                    int32_t *result)
{
  const uint32_t slot = (uint32_t)ticket;
  const uint32_t generation = (uint32_t)(ticket >> 32);
  uint64_t word = 0;
  int error = ticket_check(g, ticket);
  bool waits = false;
  while (error == 0 && !is_done(g, slot, generation, &word)) {
    if (g->trace != NULL && !waits) {
      waits = true;
      gr_trace_waits(g, ticket);
    }
    error = gr_patience_turn(patience);
  }
  if (waits) {
    gr_trace_waited(g, ticket, error);
  }
  if (error < 0) {
    return error;
  }
  gr_store_release_gpu_u32(&g->slot_state[slot], generation << 1);
  if (result != NULL) {
    *result = GR_COMPLETION_RESULT(word);
  }
  return 0;
}

int grosr_wait(struct grosr *g, grosr_ticket ticket, uint64_t timeout_ns, int32_t *result)
{
  if (g == NULL) {
    return gr_error_set(-EINVAL, "grosr_wait: the device is a null pointer");
  }
  struct gr_patience patience = gr_patience_begin(g, timeout_ns);
  return wait_one(g, ticket, &patience, result);
}

int64_t grosr_wait_many(struct grosr *g, const grosr_ticket *tickets, size_t count,
                        uint64_t timeout_ns, int32_t *results)
{
  if (g == NULL || (tickets == NULL && count != 0)) {
    return gr_error_set(-EINVAL, "grosr_wait_many: the device or the tickets are a null pointer");
  }
  struct gr_patience patience = gr_patience_begin(g, timeout_ns);
  for (size_t i = 0; i < count; i++) {
    const int error = wait_one(g, tickets[i], &patience, results != NULL ? &results[i] : NULL);
    if (error < 0) {
      return i != 0 ? (int64_t)i : error;
    }
  }
  return (int64_t)count;
}

/* Whether all that was accepted is done. `completed` of all teams is read before `submitted` and
 * `accepted`: tasks are counted as submitted before they can run, so equal sums mean that at a
 * moment between the two readings nothing was in flight. */
static int all_done(struct grosr *g, struct gr_team_record *records, bool *done)
{
  uint64_t completed = 0, submitted = 0;
  int error = gr_records_read(g, records);
  for (uint32_t i = 0; error == 0 && i < g->options.teams; i++) {
    completed += records[i].completed.v;
  }
  if (error == 0) {
    error = gr_records_read(g, records);
  }
  for (uint32_t i = 0; error == 0 && i < g->options.teams; i++) {
    submitted += records[i].submitted.v;
  }
  *done = completed == submitted + gr_load_relaxed_gpu_u64(&g->accepted);
  return error;
}

int grosr_wait_all(struct grosr *g, uint64_t timeout_ns)
{
  if (g == NULL) {
    return gr_error_set(-EINVAL, "grosr_wait_all: the device is a null pointer");
  }
  struct gr_team_record *records = gr_records_alloc(g);
  if (records == NULL) {
    return -ENOMEM;
  }
  struct gr_patience patience = gr_patience_begin(g, timeout_ns);
  bool done = false;
  int error = all_done(g, records, &done);
  const bool waits = error == 0 && !done && g->trace != NULL;
  if (waits) {
    gr_trace_waits(g, 0);
  }
  while (error == 0 && !done) {
    error = gr_patience_turn(&patience);
    if (error == 0) {
      error = all_done(g, records, &done);
    }
  }
  if (waits) {
    gr_trace_waited(g, 0, error);
  }
  free(records);
  return error;
}

int grosr_wait_signal(struct grosr *g, const void *host, uint64_t value, uint64_t timeout_ns)
{
  if (g == NULL || host == NULL || (uintptr_t)host % sizeof(uint64_t) != 0) {
    return gr_error_set(-EINVAL,
                        "grosr_wait_signal: a null pointer, or a word that is not aligned to "
                        "8 bytes");
  }
  struct gr_patience patience = gr_patience_begin(g, timeout_ns);
  int error = 0;
  while (error == 0 && gr_load_acquire_sys_u64((const gr_au64 *)host) < value) {
    error = gr_patience_turn(&patience);
  }
  return error;
}

int grosr_cancel(struct grosr *g, grosr_ticket ticket)
{
  if (g == NULL) {
    return gr_error_set(-EINVAL, "grosr_cancel: the device is a null pointer");
  }
  const uint32_t slot = (uint32_t)ticket;
  const uint32_t generation = (uint32_t)(ticket >> 32);
  uint64_t word;
  const int error = ticket_check(g, ticket);
  if (error < 0) {
    return error;
  }
  if (is_done(g, slot, generation, &word)) {
    return gr_error_set(-ESTALE, "the task is done already; wait for its ticket");
  }
  return gr_control_send(g, GR_CTL_CANCEL, slot, generation);
}
