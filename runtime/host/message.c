/* message.c - the host sends and receives messages of channels (grosr/channel.h).
 *
 * Each is a task of the microkernel's own in the capability's context, which parks at the channel
 * as any other; the calling thread waits for its ticket. The message lies meanwhile in one of 64
 * cells of shared memory: a bit each in a word, taken and given back by compare-and-swap.
 *
 * Next: ../device/channel_then.h (gr_channel_host). */
#include <errno.h>
#include <string.h>

#include "host/grosr_private.h"
#include "include/grosr/channel.h"

static_assert(GR_HOST_MESSAGES == 64u, "a bit of one word each");

/* 64: all are taken. */
static uint32_t cell_take(struct grosr *g)
{
  uint64_t seen = gr_load_relaxed_gpu_u64(&g->cells_taken);
  while (seen != ~0ull) {
    const uint64_t bit = ~seen & (seen + 1u);
    const uint64_t before = gr_cas_acquire_gpu_u64(&g->cells_taken, seen, seen | bit);
    if (before == seen) {
      return (uint32_t)__builtin_ctzll(bit);
    }
    seen = before;
  }
  return GR_HOST_MESSAGES;
}

static void cell_give(struct grosr *g, uint32_t cell)
{
  uint64_t seen = gr_load_relaxed_gpu_u64(&g->cells_taken), before = seen;
  do {
    seen = before;
    before = gr_cas_release_gpu_u64(&g->cells_taken, seen, seen & ~(1ull << cell));
  } while (before != seen);
}

/* What a task answered, with a sentence if that is a failure. */
static int64_t told(int32_t status, const struct grosr_task *task)
{
  const bool is_send = task->op == GR_OP_SEND;
  switch (status) {
  case GR_E_AGAIN:
    return gr_error_set(-EAGAIN, is_send ? "the channel is full; give a timeout, or receive first"
                                         : "the channel is empty; give a timeout, or send first");
  case GR_E_TIMEOUT:
    return gr_error_set(-ETIMEDOUT, is_send ? "the channel stayed full; nothing was sent"
                                            : "the channel stayed empty; nothing was received");
  case GR_E_PIPE:
    return gr_error_set(-EPIPE, is_send ? "the channel was closed; nothing was sent"
                                        : "the channel was closed, and all of it was received");
  case GR_E_STALE:
    return gr_error_set(-ESTALE, "the capability was revoked meanwhile; ask whoever granted it for "
                                 "another");
  case GR_E_BUSY:
    return gr_error_set(-EBUSY, "the channel is for one at a time on this side, and another is "
                                "there; open it for many");
  case GR_E_NOMEM:
    return gr_error_set(-EAGAIN, "%u tasks wait already; try again", GR_WAIT_SLOTS);
  case GR_E_CANCELED:
    return gr_error_set(-ECANCELED, "context %u of the capability was killed", task->context);
  default:
    return gr_error_set(status, "the device refused it");
  }
}

/* Waits for the task that has the message in a cell. False: it is not over, the cell not ours. */
static bool await(struct grosr *g, grosr_ticket ticket, uint64_t timeout_ns, int64_t *result)
{
  const uint64_t patience_ns = g->options.op_ns_max; /* beside what the task itself may wait */
  const bool is_bounded = timeout_ns < GROSR_FOREVER - patience_ns;
  int32_t status = 0;
  const int error =
      grosr_wait(g, ticket, is_bounded ? timeout_ns + patience_ns : GROSR_FOREVER, &status);
  *result = error < 0 ? error : status;
  return error == 0;
}

/* Runs the task; the message is in, or comes into, `cell`. */
static bool transfer(struct grosr *g, struct grosr_task *task, uint32_t cell, int64_t *result)
{
  grosr_ticket ticket = 0;
  task->arg[1] = g->cells_device + (uint64_t)cell * GR_MESSAGE_BYTES_MAX;
  const int error = gr_internal_submit(g, task, g->options.op_ns_max, &ticket);
  if (error < 0) {
    *result = error;
    return true;
  }
  if (!await(g, ticket, task->arg[3], result)) {
    return false;
  }
  *result = *result < 0 ? told((int32_t)*result, task) : *result;
  return true;
}

static int64_t send_or_receive(struct grosr *g, struct grosr_task *task, const void *from, void *to)
{
  const bool is_send = task->op == GR_OP_SEND;
  struct gr_channel_facts facts;
  int64_t result = gr_channel_facts(g, (uint32_t)task->arg[0],
                                    is_send ? GR_RIGHT_SEND : GR_RIGHT_RECEIVE, &facts);
  if (result < 0) {
    return result;
  }
  if (is_send && task->arg[2] > facts.message_bytes) {
    return gr_error_set(-EMSGSIZE, "a message of %llu bytes; the channel's are at most %u: open it "
                                   "with more message_bytes, or send the address",
                        (unsigned long long)task->arg[2], facts.message_bytes);
  }
  if (!is_send && task->arg[2] < facts.message_bytes) {
    return gr_error_set(-EMSGSIZE, "room for %llu bytes; the channel's messages have up to %u",
                        (unsigned long long)task->arg[2], facts.message_bytes);
  }
  const uint32_t cell = cell_take(g);
  if (cell == GR_HOST_MESSAGES) {
    return gr_error_set(-EAGAIN, "%u threads send or receive already; try again", GR_HOST_MESSAGES);
  }
  unsigned char *bytes = g->cells + (uint64_t)cell * GR_MESSAGE_BYTES_MAX;
  task->context = facts.context;
  task->arg[2] = is_send ? task->arg[2] : facts.message_bytes;
  if (is_send) {
    memcpy(bytes, from, task->arg[2]);
  }
  if (!transfer(g, task, cell, &result)) {
    return result; /* its task may use the cell yet: it is never dealt out again */
  }
  if (!is_send && result > 0) {
    memcpy(to, bytes, (size_t)result);
  }
  cell_give(g, cell);
  return result;
}

int grosr_channel_send(struct grosr *g, uint32_t capability, const void *message, size_t bytes,
                       uint64_t timeout_ns)
{
  struct grosr_task task = {.op = GR_OP_SEND, .arg = {capability, 0, bytes, timeout_ns}};
  if (g == NULL || (message == NULL && bytes != 0)) {
    return gr_error_set(-EINVAL, "grosr_channel_send: the device or the message is a null pointer");
  }
  const int64_t sent = send_or_receive(g, &task, message, NULL);
  return sent < 0 ? (int)sent : 0;
}

int64_t grosr_channel_receive(struct grosr *g, uint32_t capability, void *buffer, size_t bytes,
                              uint64_t timeout_ns)
{
  struct grosr_task task = {.op = GR_OP_RECEIVE, .arg = {capability, 0, bytes, timeout_ns}};
  if (g == NULL || buffer == NULL) {
    return gr_error_set(-EINVAL,
                        "grosr_channel_receive: the device or the buffer is a null pointer");
  }
  return send_or_receive(g, &task, NULL, buffer);
}
