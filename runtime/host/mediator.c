/* mediator.c - the thread that answers what ops ask of the host (shared/relay.h).
 *
 *   look at the rings of all contexts that were granted something, each from its head on
 *   copy a line, check and carry it out (relay.h), write its answer
 *   answers to calls that are continued go in together, as tasks, through ingress
 *   nothing anywhere: spin, yield, sleep (options.relay_idle)
 *
 * A call is answered in any case: if it may not be carried out, by why. What finds no room in the
 * ingress ring is kept and tried again; there is room for all, as a context has so many records.
 *
 * Started and ended by relay.c. Next: relay_check.c. */
#include "host/mediator.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#define SPIN_BALANCED_NS 50000u
#define SPIN_QUIET_NS    2000u
#define YIELD_SPINS      64u
#define SLEEP_NS         100000000u
#define NAP_NS           20000u /* where no team can wake a thread of the host */
#define NAP_NS_MAX       500000u
#define TURN_CALLS       256u /* of a context, then the others: one without end holds up nobody */

static bool line_read(const struct gr_line *line, uint32_t tag, struct gr_call *call)
{
  struct gr_chunk chunk[4];
  for (uint32_t c = 0; c < 4u; c++) {
    if (!gr_chunk_try_load_acquire_sys(&line->chunk[c], tag, &chunk[c])) {
      return false;
    }
  }
  *call = (struct gr_call){.address = chunk[0].arg,
                           .offset = chunk[1].arg,
                           .bytes = chunk[2].arg,
                           .mode = chunk[3].arg,
                           .kind = (uint16_t)chunk[0].head,
                           .flags = (uint8_t)(chunk[0].head >> 24),
                           .handle = chunk[1].head,
                           .record = chunk[2].head & (GR_CALLS_MAX - 1u),
                           .sequence = chunk[3].head};
  return true;
}

/* Whether a batch stands ready: as many as are wanted, or one that has waited for long enough. */
static bool batch_is_due(struct gr_mediator *self, uint32_t context)
{
  const uint32_t wanted = self->g->options.relay_batch;
  struct gr_relay_wire *wire = &self->wire[context];
  struct gr_call call;
  uint32_t pos = self->head[context], ready = 0;
  while (ready < wanted && line_read(&wire->line[pos & (GR_CALLS_MAX - 1u)],
                                     GR_LAP_TAG(pos, GR_CALLS_SHIFT), &call)) {
    pos++;
    ready++;
  }
  if (ready == 0 || ready == wanted) {
    self->since_ns[context] = 0;
    return ready == wanted;
  }
  const uint64_t now_ns = gr_clock_ns();
  if (self->since_ns[context] == 0) {
    self->since_ns[context] = now_ns;
  }
  return now_ns - self->since_ns[context] >= self->g->options.relay_batch_ns;
}

static void count_add(gr_au64 *count, uint64_t more)
{
  gr_store_relaxed_gpu_u64(count, gr_load_own_u64(count) + more);
}

static void answer(struct gr_mediator *self, uint32_t context, const struct gr_call *call,
                   int64_t result)
{
  if ((call->flags & GR_CALL_CONTINUED) != 0u) {
    struct grosr_task *task = &self->owed[self->owes++];
    memset(task, 0, sizeof *task);
    task->op = GR_OP_CALLED;
    task->context = context;
    task->arg[0] = call->record;
    task->arg[1] = (uint64_t)result;
    count_add(&self->count.continued, 1u);
    return;
  }
  struct gr_chunk chunk;
  chunk.arg = (uint64_t)result;
  chunk.head = 0;
  chunk.tag = call->sequence;
  gr_chunk_store_release_sys(&self->wire[context].answer[call->record], &chunk);
}

/* What is owed goes in, as far as there is room. */
static void owed_submit(struct gr_mediator *self)
{
  uint32_t left = 0;
  for (uint32_t i = 0; i < self->owes; i++) {
    if (gr_answer_submit(self->g, &self->owed[i]) == -EAGAIN) { /* else the device has failed */
      self->owed[left++] = self->owed[i];
    }
  }
  self->owes = left;
}

/* The next call of a context, if there is one. */
static bool call_take(struct gr_mediator *self, uint32_t context, struct gr_call *call)
{
  const uint32_t pos = self->head[context];
  const struct gr_line *line = &self->wire[context].line[pos & (GR_CALLS_MAX - 1u)];
  if (!line_read(line, GR_LAP_TAG(pos, GR_CALLS_SHIFT), call)) {
    return false;
  }
  self->head[context] = pos + 1u;
  call->context = (uint8_t)context;
  return true;
}

/* What a call will write, another core has: it comes while the call before is carried out. */
static void call_prefetch(struct gr_mediator *self, const struct gr_relay_context *of,
                          const struct gr_call *call)
{
  unsigned char *memory =
      call->kind == GR_CALL_READ ? gr_relay_memory(of, call->address, call->bytes) : NULL;
  __builtin_prefetch(&self->wire[call->context].answer[call->record], 1);
  if (memory != NULL) {
    __builtin_prefetch(memory, 1);
  }
}

/* A turn of one context: its calls that stand ready, and no more than answers may be owed for. */
static uint32_t context_step(struct gr_mediator *self, uint32_t context)
{
  struct gr_relay_context *of = self->context[context];
  const uint64_t refused = of->count.refused;
  struct gr_call call, next;
  uint32_t done = 0;
  if (self->g->options.relay_batch > 1u && !batch_is_due(self, context)) {
    return 0;
  }
  bool is_there = self->owes < GR_MEDIATOR_OWED && call_take(self, context, &call);
  while (is_there) {
    is_there = done + 1u < TURN_CALLS && self->owes + 1u < GR_MEDIATOR_OWED &&
               call_take(self, context, &next);
    if (is_there) {
      call_prefetch(self, of, &next);
    }
    answer(self, context, &call, gr_relay_carry_out(of, &call));
    done++;
    if (is_there) {
      call = next;
    }
  }
  self->since_ns[context] = 0;
  if (done != 0) {
    count_add(&self->count.calls, done);
    count_add(&self->count.batches, 1u);
    count_add(&self->count.refused, of->count.refused - refused);
  }
  return done;
}

/* One look at everything. */
static bool mediator_step(struct gr_mediator *self)
{
  uint32_t done = 0;
  for (uint64_t left = gr_load_acquire_gpu_u64(&self->granted); left != 0; left &= left - 1u) {
    done += context_step(self, gr_bits_lowest_u64(left));
  }
  if (self->owes != 0) {
    owed_submit(self);
  }
  const uint32_t drop = gr_load_acquire_gpu_u32(&self->drop);
  if (drop != 0) {
    gr_relay_context_fini(self->context[drop - 1u]);
    gr_store_release_gpu_u32(&self->drop, 0u);
  }
  return done != 0 || self->owes != 0 || drop != 0;
}

/* Until a team wakes it, or for a while; not if something has come meanwhile. */
static void mediator_sleep(struct gr_mediator *self, uint64_t *nap_ns)
{
  count_add(&self->count.sleeps, 1u);
  if (!self->g->backend_ops->host_can_wake) {
    gr_nap(*nap_ns);
    *nap_ns = *nap_ns < NAP_NS_MAX ? 2u * *nap_ns : NAP_NS_MAX;
    return;
  }
  gr_store_relaxed_gpu_u32(&self->relay->asleep, 1u);
  gr_fence_sleeper();
  if (!mediator_step(self) && gr_load_relaxed_gpu_u32(&self->stop) == 0u) {
    gr_sleep(&self->relay->asleep, self->waits_for_batch ? NAP_NS : SLEEP_NS);
  } else {
    gr_store_relaxed_gpu_u32(&self->relay->asleep, 0u);
  }
}

static bool has_waiting(const struct gr_mediator *self)
{
  for (uint32_t i = 0; i < GR_CONTEXTS_MAX; i++) {
    if (self->since_ns[i] != 0) {
      return true;
    }
  }
  return false;
}

/* What a call does wrong is its answer, and not a signal that ends the process: a log pipe that
 * nobody reads, a file beyond the limit. */
static void signals_block(void)
{
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  sigaddset(&signals, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

void *gr_mediator_main(void *argument)
{
  struct gr_mediator *self = argument;
  const enum grosr_idle_mode mode = self->g->options.relay_idle;
  const uint64_t spin_ns = mode == GROSR_IDLE_QUIET ? SPIN_QUIET_NS : SPIN_BALANCED_NS;
  uint64_t idle_ns = 0, nap_ns = NAP_NS;
  gr_topology_bind_watchdog(self->g->topology);
  signals_block();
  if (pthread_getcpuclockid(pthread_self(), &self->cpu_clock) == 0) {
    gr_store_release_gpu_u32(&self->has_clock, 1u);
  }
  const int error = self->g->options.relay_confine == GROSR_CONFINE_NEVER ? -ECANCELED
                                                                          : gr_relay_confine();
  gr_store_release_gpu_u32(&self->confined, error == 0 ? GR_CONFINED : (uint32_t)error);
  for (uint32_t spins = 0; gr_load_relaxed_gpu_u32(&self->stop) == 0u; spins++) {
    if (mediator_step(self)) {
      idle_ns = 0;
      nap_ns = NAP_NS;
      continue;
    }
    gr_pause();
    if (spins % YIELD_SPINS != 0) {
      continue;
    }
    gr_yield();
    const uint64_t now_ns = gr_clock_ns();
    idle_ns = idle_ns != 0 ? idle_ns : now_ns;
    if (mode != GROSR_IDLE_LATENCY && now_ns - idle_ns > spin_ns) {
      self->waits_for_batch = has_waiting(self);
      mediator_sleep(self, &nap_ns);
    }
  }
  gr_store_release_gpu_u32(&self->gone, 1u);
  return NULL;
}
